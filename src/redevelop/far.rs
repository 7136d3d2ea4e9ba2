//! Target floor area ratios: given, read from a column, or found by rules of use and density zone with correction factors.

use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::error::{Error, ParamError};
use crate::expr::Expr;
use crate::parcel::ParcelColumns;

/// Where the target floor area ratio of a parcel comes from. Of several sources the first that knows a parcel's ratio wins.
///
/// In a file each is a table of one key: `{ value = 3.0 }`, `{ expression = "allowed_far" }`, `{ rules = { … } }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FarSource {
    /// The same ratio for all.
    Value(f64),
    /// An expression, such as `allowed_far` for what the plan allows.
    Expression(Box<str>),
    /// Base ratios by use and density zone, with correction factors.
    Rules(FarRules),
}

/// Base floor area ratios by condition, with correction factors: `base · Π (1 + A)` over the names of factors.
///
/// # Source
/// The form is that of Shenzhen's density zones (`shenzhen-density`): capacity by zone and use, corrected by the micro-location (roads, metro,
/// plot size). No table of numbers is built in, as none could be confirmed.
///
/// ```
/// use landuse::redevelop::RedevelopOptions;
/// let text = r#"
///     [[capacity.far]]
///     [capacity.far.rules]
///     source = "an example"
///     base = [
///         { where = "zoned_use == 'M1' and density_zone <= 3", far = 3.5 },
///         { where = "zoned_use == 'M1'", far = 2.0 },
///     ]
///     factors = [
///         { name = "metro", where = "metro_m < 200", add = 0.4 },
///         { name = "metro", where = "metro_m < 500", add = 0.2 },
///         { name = "roads", where = "roads >= 2", add = 0.1 },
///     ]
/// "#;
/// let options = RedevelopOptions::from_toml(text, "plan.toml")?;
/// assert_eq!(options.columns()?.iter().filter(|name| ***name == *"metro_m").count(), 1);
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct FarRules {
    /// Who set them.
    pub source: Box<str>,
    /// Base ratios: the first whose condition holds is taken. A condition that is unknown before that leaves the ratio unknown.
    pub base: Vec<BaseFar>,
    /// Correction factors. Of those of one name the first whose condition holds counts; where none does, the name adds nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub factors: Vec<FarFactor>,
}

/// A base floor area ratio, and where it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaseFar {
    /// Condition on a parcel.
    #[serde(rename = "where")]
    pub condition: Box<str>,
    /// The ratio.
    pub far: f64,
}

/// A correction factor `1 + add`, and where it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FarFactor {
    /// What it stands for, such as `metro`.
    pub name: Box<str>,
    /// Condition on a parcel.
    #[serde(rename = "where")]
    pub condition: Box<str>,
    /// What is added to 1; above −1.
    pub add: f64,
}

impl FarSource {
    pub(super) fn check(&self) -> Result<(), ParamError> {
        let ratio = |far: f64| {
            let is_ratio = far.is_finite() && far >= 0.0;
            let expected = "a finite floor area ratio of at least 0";
            is_ratio.then_some(()).ok_or_else(|| ParamError::new("capacity.far", far, expected))
        };
        match self {
            Self::Value(far) => ratio(*far),
            Self::Expression(_) => Ok(()),
            Self::Rules(FarRules { source, base, factors }) => {
                if source.trim().is_empty() {
                    return Err(ParamError::new("capacity.far.rules.source", "empty", "who set the ratios"));
                }
                if base.is_empty() {
                    let expected = "at least one base ratio";
                    return Err(ParamError::new("capacity.far.rules.base", "empty", expected));
                }
                base.iter().try_for_each(|base| ratio(base.far))?;
                let is_factor = |factor: &&FarFactor| !(factor.add.is_finite() && factor.add > -1.0);
                factors.iter().find(is_factor).map_or(Ok(()), |factor| {
                    let name = format!("capacity.far.rules.factors ({})", factor.name);
                    Err(ParamError::new(&name, factor.add, "a finite number above -1"))
                })
            }
        }
    }

    /// The expressions it asks of a parcel.
    pub(super) fn expressions(&self) -> Vec<&str> {
        match self {
            Self::Value(_) => Vec::new(),
            Self::Expression(expression) => vec![expression],
            Self::Rules(FarRules { base, factors, .. }) => {
                let base = base.iter().map(|base| &*base.condition);
                base.chain(factors.iter().map(|factor| &*factor.condition)).collect()
            }
        }
    }

    fn ratios(&self, columns: &ParcelColumns<'_>) -> Result<Column<f64>, Error> {
        let found = match self {
            Self::Value(far) => return Ok((0..columns.set.len()).map(|_| Some(*far)).collect()),
            Self::Expression(expression) => Expr::parse(expression)?.numbers(columns)?,
            Self::Rules(rules) => rules.ratios(columns)?,
        };
        // A ratio below 0 is no ratio, whatever a column says.
        Ok(found.iter().map(|far| far.filter(|far| *far >= 0.0)).collect())
    }
}

impl FarRules {
    fn ratios(&self, columns: &ParcelColumns<'_>) -> Result<Column<f64>, Error> {
        let conditions = |of: &mut dyn Iterator<Item = &str>| {
            of.map(|text| Expr::parse(text)?.conditions(columns)).collect::<Result<Vec<_>, Error>>()
        };
        let bases = conditions(&mut self.base.iter().map(|base| &*base.condition))?;
        let holds = conditions(&mut self.factors.iter().map(|factor| &*factor.condition))?;
        let mut names: Vec<&str> = self.factors.iter().map(|factor| &*factor.name).collect();
        names.sort_unstable();
        names.dedup();
        // The first of some conditions that holds; unknown where one that cannot be told comes before it.
        let first = |among: &mut dyn Iterator<Item = (usize, Option<bool>)>| -> Option<Option<usize>> {
            for (at, holds) in among {
                match holds {
                    Some(true) => return Some(Some(at)),
                    Some(false) => {}
                    None => return None,
                }
            }
            Some(None)
        };
        let of_row = |row: usize| {
            let base = first(&mut bases.iter().map(|held| held.get(row)).enumerate())??;
            names.iter().try_fold(self.base[base].far, |far, name| {
                let of_name = |(at, _): &(usize, &FarFactor)| &*self.factors[*at].name == *name;
                let factors = self.factors.iter().enumerate().filter(of_name);
                let held = first(&mut factors.map(|(at, _)| (at, holds[at].get(row))))?;
                Some(far * (1.0 + held.map_or(0.0, |at| self.factors[at].add)))
            })
        };
        Ok((0..columns.set.len()).map(of_row).collect())
    }
}

/// Target ratios of all parcels of a set, and which source each comes from.
pub(super) fn targets(
    sources: &[FarSource],
    columns: &ParcelColumns<'_>,
) -> Result<Vec<Option<(f64, u32)>>, Error> {
    let mut found = vec![None; columns.set.len()];
    for (source, at) in sources.iter().zip(0..) {
        let ratios = source.ratios(columns)?;
        for (found, far) in found.iter_mut().zip(ratios.iter()) {
            *found = found.or_else(|| far.map(|far| (far, at)));
        }
    }
    Ok(found)
}
