use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::expr::Expr;
use crate::parcel::{Column, ParcelSet};
use crate::zoning::Schemes;
use crate::zoning::config::list;

/// Which end of a metric is the good one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better: output, tax, floor area.
    #[default]
    HigherIsBetter,
    /// Less is better: energy, emissions, idle share.
    LowerIsBetter,
}

/// What makes a parcel low-efficiency.
///
/// In a file, each test is a table with the keys of its variant, and no others:
///
/// ```
/// use landuse::efficiency::Rule;
/// let rule: Rule = toml::from_str(r#"
///     any = [
///         { metric = "far", worse_than = 0.8 },
///         { at_least = 2, of = [
///             { metric = "tax_yuan / area_m2", worst_share = 0.2 },
///             { metric = "energy_tce / output_yuan", worst_share = 0.2, direction = "lower_is_better" },
///             { holds = "year_built < 1990" },
///         ] },
///     ]
/// "#).unwrap();
/// assert_eq!(rule.to_string(), "far < 0.8 or at least 2 of (lowest 20% of tax_yuan / area_m2, \
///     highest 20% of energy_tce / output_yuan, year_built < 1990)");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, try_from = "Keys")]
#[non_exhaustive]
pub enum Rule {
    /// An absolute standard: the metric is strictly worse than it.
    Standard {
        /// Expression for the value.
        metric: Box<str>,
        /// The standard, in the unit of the metric.
        worse_than: f64,
        /// Which end is good.
        direction: Direction,
    },
    /// A relative test: the metric is strictly worse than its quantile among known candidates.
    Quantile {
        /// Expression for the value.
        metric: Box<str>,
        /// Probability of the quantile, counted from the worse end: 0.2 for the worst fifth.
        worst_share: f64,
        /// Which end is good.
        direction: Direction,
    },
    /// Any condition in the expression language.
    Holds {
        /// Expression that is true, false or unknown.
        holds: Box<str>,
    },
    /// At least one of the rules.
    Any {
        /// The rules.
        any: Vec<Rule>,
    },
    /// Every one of the rules.
    All {
        /// The rules.
        all: Vec<Rule>,
    },
    /// At least so many of the rules.
    AtLeast {
        /// How many.
        at_least: usize,
        /// The rules.
        of: Vec<Rule>,
    },
}

/// All keys that a test may have, before it is known which kind it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    metric: Option<Box<str>>,
    direction: Option<Direction>,
    worse_than: Option<f64>,
    worst_share: Option<f64>,
    holds: Option<Box<str>>,
    any: Option<Vec<Rule>>,
    all: Option<Vec<Rule>>,
    at_least: Option<usize>,
    of: Option<Vec<Rule>>,
}

impl TryFrom<Keys> for Rule {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        let Keys { metric, direction, worse_than, worst_share, holds, any, all, at_least, of } = keys;
        let kinds = [
            ("worse_than", worse_than.is_some()),
            ("worst_share", worst_share.is_some()),
            ("holds", holds.is_some()),
            ("any", any.is_some()),
            ("all", all.is_some()),
            ("at_least", at_least.is_some()),
        ];
        let given: Vec<&str> = kinds.iter().filter(|kind| kind.1).map(|kind| kind.0).collect();
        let [kind] = given[..] else {
            let known = list(&kinds.map(|kind| kind.0));
            let found = if given.is_empty() { "none".into() } else { list(&given) };
            return Err(format!("a test has exactly one of {known}, found {found}"));
        };
        let measured = worse_than.is_some() || worst_share.is_some();
        let beside = [
            ("metric", metric.is_some(), measured),
            ("direction", direction.is_some(), measured),
            ("of", of.is_some(), at_least.is_some()),
        ];
        if let Some((key, ..)) = beside.iter().find(|(_, given, fits)| *given && !fits) {
            return Err(format!("a test by `{kind}` has no `{key}`"));
        }
        let missing = |key: &str| format!("a test by `{kind}` has a `{key}` too");
        let direction = direction.unwrap_or_default();
        let metric = metric.ok_or_else(|| missing("metric"));
        Ok(match (worse_than, worst_share, holds, any, all, at_least) {
            (Some(worse_than), ..) => Self::Standard { metric: metric?, worse_than, direction },
            (_, Some(worst_share), ..) => Self::Quantile { metric: metric?, worst_share, direction },
            (_, _, Some(holds), ..) => Self::Holds { holds },
            (_, _, _, Some(any), ..) => Self::Any { any },
            (_, _, _, _, Some(all), _) => Self::All { all },
            (.., at_least) => {
                Self::AtLeast { at_least: at_least.unwrap_or_default(), of: of.ok_or_else(|| missing("of"))? }
            }
        })
    }
}

impl Rule {
    /// The expressions for numbers, then those for conditions, that judging this rule evaluates.
    pub fn expressions(&self) -> Vec<&str> {
        match self {
            Self::Standard { metric, .. } | Self::Quantile { metric, .. } => vec![metric],
            Self::Holds { holds } => vec![holds],
            Self::Any { any: of } | Self::All { all: of } | Self::AtLeast { of, .. } => {
                of.iter().flat_map(Self::expressions).collect()
            }
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, rules: &[Self], separator: &str| {
            for (i, rule) in rules.iter().enumerate() {
                if i > 0 {
                    f.write_str(separator)?;
                }
                match rule {
                    Self::Any { any: of } | Self::All { all: of } if of.len() > 1 => write!(f, "({rule})")?,
                    _ => write!(f, "{rule}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::Standard { metric, worse_than, direction } => {
                let sign = if *direction == Direction::HigherIsBetter { '<' } else { '>' };
                write!(f, "{metric} {sign} {worse_than}")
            }
            Self::Quantile { metric, worst_share, direction } => {
                let end = if *direction == Direction::HigherIsBetter { "lowest" } else { "highest" };
                write!(f, "{end} {}% of {metric}", worst_share * 100.0)
            }
            Self::Holds { holds } => f.write_str(holds),
            Self::Any { any } => list(f, any, " or "),
            Self::All { all } => list(f, all, " and "),
            Self::AtLeast { at_least, of } => {
                write!(f, "at least {at_least} of (")?;
                list(f, of, ", ")?;
                f.write_str(")")
            }
        }
    }
}

/// Where a rule gets its values from: expressions evaluated over parcels, one value each.
pub trait Measures {
    /// The number an expression gives for every parcel.
    ///
    /// # Errors
    /// Whatever is wrong with the expression: syntax, an unknown name, a kind that does not fit.
    fn numbers(&self, expression: &str) -> Result<Column<f64>, Error>;

    /// Whether a condition holds for every parcel.
    ///
    /// # Errors
    /// Whatever is wrong with the expression: syntax, an unknown name, a kind that does not fit.
    fn holds(&self, expression: &str) -> Result<Column<bool>, Error>;
}

/// Expressions over the columns of parcels, in the [language](crate::expr) of conditions.
#[derive(Debug, Clone, Copy)]
pub struct ParcelMeasures<'a> {
    /// The parcels.
    pub set: &'a ParcelSet,
    /// What land-use codes mean.
    pub schemes: &'a Schemes,
}

impl Measures for ParcelMeasures<'_> {
    fn numbers(&self, expression: &str) -> Result<Column<f64>, Error> {
        Expr::parse(expression)?.numbers(self.set, self.schemes)
    }

    fn holds(&self, expression: &str) -> Result<Column<bool>, Error> {
        Expr::parse(expression)?.conditions(self.set, self.schemes)
    }
}

/// A function of the expression gives numbers; a condition holds where its number is not 0.
impl<F: Fn(&str) -> Column<f64>> Measures for F {
    fn numbers(&self, expression: &str) -> Result<Column<f64>, Error> {
        Ok(self(expression))
    }

    fn holds(&self, expression: &str) -> Result<Column<bool>, Error> {
        Ok(self(expression).iter().map(|value| value.map(|value| value != 0.0)).collect())
    }
}
