//! The per-mu performance appraisal of industrial firms (亩均论英雄): score, rank and grade by a published rule pack.

mod grade;
mod needs;
mod pack;
mod score;

use serde::{Deserialize, Serialize};

pub use grade::{Cuts, Grade, Grading, Rounding, Ties, repeated};
pub use needs::{NeededColumn, StatedColumn};
pub use score::{Appraised, ItemScore, Remark, Standing};

const MAX_GROUPS: usize = 200;
const MAX_CONDITIONS: usize = 200;

/// A rule pack of the per-mu appraisal: `score = Σ weight · value / benchmark + adjustments`, then grades by rank.
///
/// It is read from TOML ([`from_toml`](Self::from_toml), annotated template in `data/rules/template.toml`) or
/// [built in](Self::builtin), and valid once it exists. Rows may be firms, as the rules mean them, or parcels: the appraisal
/// only asks for numbers and conditions per row.
///
/// # Source
/// Form and coefficients: published results of Huangyan District 2021 and 2022 (`huangyan-2022`, `huangyan-2021`), rules of Linhai 2014 (`linhai-2014`), min-max form
/// of Jingde (`jingde`). Caps, the policy for negative values and the rounding of grade boundaries are named in no text read (general knowledge):
/// they are keys of the pack. `docs/references.md` explains the references.
///
/// ```
/// use landuse::efficiency::Appraisal;
/// use landuse::expr::ColumnTable;
///
/// let pack = Appraisal::builtin("huangyan-2022")?;
/// let firms = ColumnTable::new(1)
///     .flag("above_scale", [Some(true)])?
///     .number("tax_per_mu", [Some(12.0)])?
///     .number("value_added_per_mu", [Some(150.0)])?
///     .number("value_added_per_energy", [Some(2.0)])?
///     .number("value_added_per_emission", [Some(2500.0)])?
///     .number("productivity", [Some(20.0)])?
///     .number("rd_share", [Some(0.02)])?;
/// let found = pack.run(firms.len(), &firms)?;
/// assert_eq!(found.score.get(0).map(|score| format!("{score:.4}")).as_deref(), Some("74.5394"));
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Appraisal {
    name: Box<str>,
    version: Box<str>,
    source: Box<str>,
    evidence: Box<str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: Box<str>,
    #[serde(rename = "group")]
    groups: Vec<Group>,
    not_appraised: Vec<Box<str>>,
    #[serde(rename = "limit")]
    limits: Vec<Limit>,
    #[serde(rename = "adjustment")]
    adjustments: Vec<Adjustment>,
    exit: Option<Exit>,
    #[serde(rename = "column", skip_serializing_if = "Vec::is_empty")]
    columns: Vec<StatedColumn>,
}

/// As [`from_toml`](Appraisal::from_toml) reads it, within another file.
impl<'de> Deserialize<'de> for Appraisal {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        // One reader with all its checks, whichever file a pack stands in.
        let text = toml::to_string(&toml::Table::deserialize(from)?).map_err(D::Error::custom)?;
        Self::from_toml(&text, "the rule pack in it").map_err(D::Error::custom)
    }
}

impl Appraisal {
    /// Name of the pack.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version of the rules, mostly a year.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Who published the rules.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How sure the figures are.
    pub fn evidence(&self) -> &str {
        &self.evidence
    }

    /// What a reader should know beside; may be empty.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The groups, in the order rows are offered to them.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The expressions that appraising evaluates.
    pub fn expressions(&self) -> Vec<&str> {
        let mut found = self.conditions();
        found.extend(self.groups.iter().flat_map(Group::expressions));
        found
    }

    /// Those that are evaluated whichever groups have rows.
    fn conditions(&self) -> Vec<&str> {
        let mut found: Vec<&str> = self.not_appraised.iter().map(|condition| &**condition).collect();
        found.extend(self.limits.iter().map(|limit| &*limit.when));
        found.extend(self.adjustments.iter().map(|adjustment| &*adjustment.metric));
        found.extend(self.exit.iter().map(|exit| &*exit.when));
        found.extend(self.groups.iter().filter_map(|group| group.when.as_deref()));
        found
    }

    /// The same rules with every group graded by `grading`: the packs of districts whose grade shares are not published have none.
    ///
    /// # Errors
    /// [`ParamError`](crate::ParamError) where the cuts are no rising shares from 0 to 1.
    pub fn with_grading(mut self, grading: Grading) -> Result<Self, crate::Error> {
        grading.check()?;
        for group in &mut self.groups {
            group.grading = Some(grading);
        }
        Ok(self)
    }
}

/// Rows appraised by the same indicators and ranked among each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// Short name.
    pub key: Box<str>,
    /// Name for people.
    pub name: Box<str>,
    /// Condition for belonging here; none takes every row left.
    pub when: Option<Box<str>>,
    /// The items of the score; their weights sum to 100.
    pub indicators: Vec<Indicator>,
    /// How ranks become grades; none where the source does not say.
    pub grading: Option<Grading>,
}

impl Group {
    /// The metrics of its indicators and the conditions of their benchmarks.
    fn expressions(&self) -> Vec<&str> {
        let mut found = Vec::new();
        for indicator in &self.indicators {
            found.push(&*indicator.metric);
            if let Form::Ratio { special, .. } = &indicator.form {
                found.extend(special.iter().map(|benchmark| &*benchmark.when));
            }
        }
        found
    }
}

/// One item of the score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Indicator {
    /// Short name.
    pub key: Box<str>,
    /// Name for people.
    pub name: Box<str>,
    /// Expression for the value.
    pub metric: Box<str>,
    /// Unit of the value, for people.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub unit: Box<str>,
    /// Points at the benchmark.
    pub weight: f64,
    /// From value to points.
    #[serde(flatten)]
    pub form: Form,
    /// What a value below 0 counts as.
    pub negative: Negative,
    /// What a value that is not known counts as.
    pub missing: Missing,
}

/// How a value becomes points.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "form", rename_all = "snake_case")]
pub enum Form {
    /// `weight · min(value / benchmark, cap_multiple)` (Zhejiang, Jiangsu).
    Ratio {
        /// Value that earns the weight.
        benchmark: f64,
        /// Other benchmarks, by sector or any condition; the first that holds counts.
        #[serde(rename = "benchmarks")]
        special: Vec<Benchmark>,
        /// Greatest ratio that counts.
        cap_multiple: Option<f64>,
    },
    /// `weight · (floor + (100 − floor) · (value − min) / (max − min)) / 100` over the group (Jingde: floor 20). Where all values
    /// are equal, each earns the weight.
    MinMax {
        /// Points out of 100 for the least value.
        floor: f64,
    },
}

/// A benchmark for rows of which a condition holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Benchmark {
    /// The condition.
    pub when: Box<str>,
    /// The benchmark.
    #[serde(rename = "benchmark")]
    pub value: f64,
}

/// What a value below 0 counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Negative {
    /// As 0.
    #[default]
    Zero,
    /// As it is: the item takes points away.
    Keep,
    /// As unfit: the row gets no score.
    Reject,
}

/// What an unknown value counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// As unknown: the row gets no score, only bounds of it.
    #[default]
    Unknown,
    /// As the mean points of the item among appraised rows of the group (Huangyan, for emissions).
    ItemMean,
    /// As no points.
    Zero,
    /// As left out: the other items are scaled up to the whole weight.
    Reweigh,
}

/// Points added or taken per unit of a metric.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Adjustment {
    /// Short name.
    pub key: Box<str>,
    /// Expression for the value.
    pub metric: Box<str>,
    /// Points per unit; negative takes away.
    pub points: f64,
    /// Most points it can move the score by, up or down.
    pub limit: Option<f64>,
    /// Whether an unknown value counts as 0 instead of leaving the score unknown.
    #[serde(rename = "missing", serialize_with = "missing_name")]
    pub missing_is_zero: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn missing_name<S: serde::Serializer>(zero: &bool, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(if *zero { "zero" } else { "unknown" })
}

impl Adjustment {
    fn points(&self, value: f64) -> f64 {
        let limit = self.limit.unwrap_or(f64::INFINITY);
        (self.points * value).clamp(-limit, limit)
    }
}

/// A bound on the grade of rows of which a condition holds: a veto (`at_best`) or a protection (`at_worst`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limit {
    /// The condition.
    pub when: Box<str>,
    /// Best grade such a row can have.
    pub at_best: Option<Grade>,
    /// Worst grade such a row can have.
    pub at_worst: Option<Grade>,
}

/// Rows marked for exit: below a standard *and* low in rank, as Kunshan does it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exit {
    /// The standard that is missed, as a condition.
    pub when: Box<str>,
    /// Share of the group, from the last rank up.
    pub lowest_share: f64,
}
