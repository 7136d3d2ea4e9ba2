use std::fmt;

use serde::{Deserialize, Serialize};

use super::Grade;
use crate::column::Column;
use crate::error::{Error, ParamError};
use crate::expr::{ColumnTable, Expr, check};
use crate::parcel::ParcelColumns;
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

impl Direction {
    /// Whether a value is strictly worse than a threshold.
    pub(super) fn is_worse(self, value: f64, threshold: f64) -> bool {
        match self {
            Self::HigherIsBetter => value < threshold,
            Self::LowerIsBetter => value > threshold,
        }
    }
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
#[serde(try_from = "Keys", into = "Keys")]
#[non_exhaustive]
pub enum Rule {
    /// An absolute standard: the metric is strictly worse than it.
    Standard {
        /// Expression for the value; none is the score.
        metric: Option<Box<str>>,
        /// The standard, in the unit of the metric.
        worse_than: f64,
        /// Which end is good; that of the score where the metric is the score.
        direction: Direction,
    },
    /// A relative test: the metric is strictly worse than its quantile among known candidates.
    Quantile {
        /// Expression for the value; none is the score.
        metric: Option<Box<str>>,
        /// Probability of the quantile, counted from the worse end: 0.2 for the worst fifth.
        worst_share: f64,
        /// Which end is good; that of the score where the metric is the score.
        direction: Direction,
    },
    /// Any condition in the expression language.
    Holds {
        /// Expression that is true, false or unknown.
        holds: Box<str>,
    },
    /// The grade by a rule pack is one of these.
    Grade {
        /// The grades that are low.
        grade_in: Vec<Grade>,
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
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    metric: Option<Box<str>>,
    direction: Option<Direction>,
    worse_than: Option<f64>,
    worst_share: Option<f64>,
    holds: Option<Box<str>>,
    grade_in: Option<Vec<Grade>>,
    any: Option<Vec<Rule>>,
    all: Option<Vec<Rule>>,
    at_least: Option<usize>,
    of: Option<Vec<Rule>>,
}

impl From<Rule> for Keys {
    fn from(rule: Rule) -> Self {
        let keys = Self::default();
        match rule {
            Rule::Standard { metric, worse_than, direction } => {
                let direction = metric.is_some().then_some(direction);
                Self { metric, direction, worse_than: Some(worse_than), ..keys }
            }
            Rule::Quantile { metric, worst_share, direction } => {
                let direction = metric.is_some().then_some(direction);
                Self { metric, direction, worst_share: Some(worst_share), ..keys }
            }
            Rule::Holds { holds } => Self { holds: Some(holds), ..keys },
            Rule::Grade { grade_in } => Self { grade_in: Some(grade_in), ..keys },
            Rule::Any { any } => Self { any: Some(any), ..keys },
            Rule::All { all } => Self { all: Some(all), ..keys },
            Rule::AtLeast { at_least, of } => Self { at_least: Some(at_least), of: Some(of), ..keys },
        }
    }
}

impl TryFrom<Keys> for Rule {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        let Keys { metric, direction, worse_than, worst_share, holds, grade_in, any, all, at_least, of } =
            keys;
        let kinds = [
            ("worse_than", worse_than.is_some()),
            ("worst_share", worst_share.is_some()),
            ("holds", holds.is_some()),
            ("grade_in", grade_in.is_some()),
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
        if metric.is_none() && direction.is_some() {
            return Err("a test without `metric` is of the score and has its `direction`".into());
        }
        let direction = direction.unwrap_or_default();
        let rule = match (worse_than, worst_share, holds, grade_in, any, all) {
            (Some(worse_than), ..) => Self::Standard { metric, worse_than, direction },
            (_, Some(worst_share), ..) => Self::Quantile { metric, worst_share, direction },
            (_, _, Some(holds), ..) => Self::Holds { holds },
            (_, _, _, Some(grade_in), ..) => Self::Grade { grade_in },
            (_, _, _, _, Some(any), _) => Self::Any { any },
            (.., Some(all)) => Self::All { all },
            _ => {
                let of = of.ok_or("a test by `at_least` has a list `of` tests too")?;
                Self::AtLeast { at_least: at_least.unwrap_or_default(), of }
            }
        };
        Ok(rule)
    }
}

impl Rule {
    /// The worst share of the candidates by the score, from 0 to 1.
    pub fn worst_share(share: f64) -> Self {
        Self::Quantile { metric: None, worst_share: share, direction: Direction::default() }
    }

    /// A score strictly worse than a standard.
    pub fn worse_than(standard: f64) -> Self {
        Self::Standard { metric: None, worse_than: standard, direction: Direction::default() }
    }

    /// Whether any test is of the score.
    pub(super) fn needs_score(&self) -> bool {
        match self {
            Self::Standard { metric, .. } | Self::Quantile { metric, .. } => metric.is_none(),
            Self::Holds { .. } | Self::Grade { .. } => false,
            Self::Any { any: of } | Self::All { all: of } | Self::AtLeast { of, .. } => {
                of.iter().any(Self::needs_score)
            }
        }
    }

    /// The same rule with the score named in each test of it.
    pub(super) fn of_score(&self, score: &str, direction: Direction) -> Self {
        let named = |rules: &[Self]| rules.iter().map(|rule| rule.of_score(score, direction)).collect();
        match self {
            Self::Standard { metric: None, worse_than, .. } => {
                Self::Standard { metric: Some(score.into()), worse_than: *worse_than, direction }
            }
            Self::Quantile { metric: None, worst_share, .. } => {
                Self::Quantile { metric: Some(score.into()), worst_share: *worst_share, direction }
            }
            Self::Any { any } => Self::Any { any: named(any) },
            Self::All { all } => Self::All { all: named(all) },
            Self::AtLeast { at_least, of } => Self::AtLeast { at_least: *at_least, of: named(of) },
            own => own.clone(),
        }
    }

    /// The expressions for numbers, then those for conditions, that judging this rule evaluates.
    pub fn expressions(&self) -> Vec<&str> {
        match self {
            Self::Standard { metric, .. } | Self::Quantile { metric, .. } => {
                metric.as_deref().into_iter().collect()
            }
            Self::Holds { holds } => vec![holds],
            Self::Grade { .. } => Vec::new(),
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
        let of = |metric: &Option<Box<str>>| metric.clone().unwrap_or_else(|| "the score".into());
        match self {
            Self::Standard { metric, worse_than, direction } => {
                let metric = of(metric);
                let sign = if *direction == Direction::HigherIsBetter { '<' } else { '>' };
                write!(f, "{metric} {sign} {worse_than}")
            }
            Self::Quantile { metric, worst_share, direction } => {
                let end = if *direction == Direction::HigherIsBetter { "lowest" } else { "highest" };
                write!(f, "{end} {}% of {}", worst_share * 100.0, of(metric))
            }
            Self::Holds { holds } => f.write_str(holds),
            Self::Grade { grade_in } => {
                let grades: Vec<String> = grade_in.iter().map(ToString::to_string).collect();
                write!(f, "grade in ({})", grades.join(", "))
            }
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

    /// Refuses expressions that name what there is none of, all at once; by default nothing is refused before it is evaluated.
    ///
    /// # Errors
    /// Whatever is wrong with an expression, and every unknown name.
    fn check(&self, _expressions: &[&str]) -> Result<(), Error> {
        Ok(())
    }

    /// Whether the grade of every parcel is among these; unknown where it has none.
    ///
    /// # Errors
    /// [`ParamError`] where nothing is graded: by default.
    fn graded(&self, among: &[Grade]) -> Result<Column<bool>, Error> {
        let found = format!("{among:?}");
        Err(ParamError::new("grade_in", found, "a rule pack that grades").into())
    }
}

impl Measures for ParcelColumns<'_> {
    fn numbers(&self, expression: &str) -> Result<Column<f64>, Error> {
        Expr::parse(expression)?.numbers(self)
    }

    fn holds(&self, expression: &str) -> Result<Column<bool>, Error> {
        Expr::parse(expression)?.conditions(self)
    }

    fn check(&self, expressions: &[&str]) -> Result<(), Error> {
        check(expressions.iter().copied(), self)
    }
}

impl Measures for ColumnTable {
    fn numbers(&self, expression: &str) -> Result<Column<f64>, Error> {
        Expr::parse(expression)?.numbers(self)
    }

    fn holds(&self, expression: &str) -> Result<Column<bool>, Error> {
        Expr::parse(expression)?.conditions(self)
    }

    fn check(&self, expressions: &[&str]) -> Result<(), Error> {
        check(expressions.iter().copied(), self)
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
