//! What the rows have to have for a pack to appraise them.

use serde::Serialize;

use super::{Adjustment, Appraisal, Exit, Form, Group, Limit};
use crate::error::Error;
use crate::expr::{Asked, Expr};

/// What a pack says of a column that its expressions name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StatedColumn {
    /// Its name.
    pub name: Box<str>,
    /// Unit of its values, for people; empty where there is none.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub unit: Box<str>,
    /// What it says.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub meaning: Box<str>,
    /// Where its definition comes from; empty where that is the pack's own source.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub source: Box<str>,
}

/// A column that a pack needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NeededColumn {
    /// Its name.
    pub name: Box<str>,
    /// What it has to hold.
    pub asked: Asked,
    /// Unit of its values: as the pack states it, else that of the indicator that is the column itself; may be empty.
    pub unit: Box<str>,
    /// What it says, as the pack states it; may be empty.
    pub meaning: Box<str>,
    /// Where its definition comes from.
    pub source: Box<str>,
    /// The tests that use it, each in a few words.
    pub used: Vec<Box<str>>,
}

impl Appraisal {
    /// The columns that its expressions name, in the order of the pack, each with its unit and the tests that use it.
    ///
    /// # Errors
    /// [`ParamError`](crate::ParamError) for an expression that cannot be read, with the position.
    ///
    /// # Complexity
    /// O(columns · uses).
    ///
    /// ```
    /// use landuse::efficiency::Appraisal;
    /// use landuse::expr::Asked;
    /// let needs = Appraisal::builtin("huangyan-2022")?.needs()?;
    /// assert_eq!((&*needs[0].name, needs[0].asked), ("above_scale", Asked::Flag));
    /// assert_eq!((&*needs[1].name, &*needs[1].unit, needs[1].used.len()), ("tax_per_mu", "10k yuan/mu", 2));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn needs(&self) -> Result<Vec<NeededColumn>, Error> {
        let mut found: Vec<NeededColumn> = Vec::new();
        for (expression, whole, used) in self.uses() {
            for (name, asked) in Expr::parse(expression)?.asked(whole) {
                let at = found.iter().position(|own| *own.name == *name).unwrap_or_else(|| {
                    found.push(self.needed(name, asked));
                    found.len() - 1
                });
                let own = &mut found[at];
                if own.asked == Asked::Any {
                    own.asked = asked;
                }
                if own.used.last() != Some(&used) {
                    own.used.push(used.clone());
                }
            }
        }
        Ok(found)
    }

    fn needed(&self, name: &str, asked: Asked) -> NeededColumn {
        let stated = self.columns.iter().find(|own| *own.name == *name);
        let text = |of: fn(&StatedColumn) -> &str| stated.map(of).filter(|text| !text.is_empty());
        let indicators = self.groups.iter().flat_map(|group| &group.indicators);
        let unit = || {
            let own = indicators.clone().find(|own| own.metric.trim() == name && !own.unit.is_empty());
            own.map_or("", |own| &*own.unit)
        };
        let label = || indicators.clone().find(|own| own.metric.trim() == name).map_or("", |own| &*own.name);
        NeededColumn {
            name: name.into(),
            asked,
            unit: text(|own| &own.unit).unwrap_or_else(unit).into(),
            meaning: text(|own| &own.meaning).unwrap_or_else(label).into(),
            source: text(|own| &own.source).unwrap_or(&self.evidence).into(),
            used: Vec::new(),
        }
    }

    /// Every expression, with what it has to be and the test it belongs to.
    fn uses(&self) -> Vec<(&str, Asked, Box<str>)> {
        let mut found = Vec::new();
        for condition in &self.not_appraised {
            found.push((&**condition, Asked::Flag, "who is not appraised".into()));
        }
        for Group { key, when, indicators, .. } in &self.groups {
            if let Some(when) = when {
                found.push((&**when, Asked::Flag, format!("group {key}").into()));
            }
            for indicator in indicators {
                let used: Box<str> = format!("{key}: {}, weight {}", indicator.key, indicator.weight).into();
                found.push((&*indicator.metric, Asked::Number, used));
                if let Form::Ratio { special, .. } = &indicator.form {
                    let used: Box<str> = format!("{key}: benchmark of {}", indicator.key).into();
                    found.extend(special.iter().map(|own| (&*own.when, Asked::Flag, used.clone())));
                }
            }
        }
        for Adjustment { key, metric, points, .. } in &self.adjustments {
            found.push((&**metric, Asked::Number, format!("adjustment {key}, {points} points each").into()));
        }
        for Limit { when, at_best, at_worst } in &self.limits {
            let bound = match (at_best, at_worst) {
                (Some(grade), _) => format!("at best {grade}"),
                (_, Some(grade)) => format!("at worst {grade}"),
                (None, None) => String::new(),
            };
            found.push((&**when, Asked::Flag, bound.into()));
        }
        if let Some(Exit { when, .. }) = &self.exit {
            found.push((&**when, Asked::Flag, "who is told to leave".into()));
        }
        found
    }
}
