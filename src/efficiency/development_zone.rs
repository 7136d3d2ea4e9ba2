//! Intensive land-use evaluation of development zones (开发区土地集约利用评价, TD/T 1029).
//!
//! The text of the standard was not readable; formulas are those of working software (`zone-front-end`, `zone-system`), checked for sense, and its
//! aggregation is general practice (general knowledge). Weights and ideal values are set by the evaluating authority and are data here. A published
//! critique holds that the indicator set is incomplete and several formulas need correction (`zone-critique`): treat results accordingly.

use std::fmt;

use serde::Serialize;

use crate::error::Error;
use crate::error::nearest;
use crate::parcel::Column;
use crate::zoning::config::{Keys, Source, list, number};

/// What is known of a zone, in the symbols of the standard. Areas in ha, money in 10k yuan, floor area and footprint in ha too.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ZoneFigures {
    /// The whole zone, ha.
    pub total_ha: Option<f64>,
    /// A: built urban construction land, ha.
    pub built_ha: Option<f64>,
    /// A1: residential part of it, ha.
    pub residential_ha: Option<f64>,
    /// A2: industrial, mining and storage part of it, ha.
    pub industrial_ha: Option<f64>,
    /// B: not yet built, ha.
    pub unbuilt_ha: Option<f64>,
    /// B21: part of B that is ready for supply, ha.
    pub ready_ha: Option<f64>,
    /// C: cannot be built, ha.
    pub unbuildable_ha: Option<f64>,
    /// D: supplied, ha.
    pub supplied_ha: Option<f64>,
    /// D22: supplied, expired and not disposed of, ha.
    pub expired_ha: Option<f64>,
    /// G: idle, ha.
    pub idle_ha: Option<f64>,
    /// H: high-tech land, ha.
    pub high_tech_ha: Option<f64>,
    /// Floor area on A, ha.
    pub floor_ha: Option<f64>,
    /// Building footprint on A, ha.
    pub footprint_ha: Option<f64>,
    /// Floor area on A2, ha.
    pub industrial_floor_ha: Option<f64>,
    /// Buildings, structures and open yards on A2, ha.
    pub industrial_covered_ha: Option<f64>,
    /// Fixed-asset investment of industry, 10k yuan.
    pub investment: Option<f64>,
    /// Tax of industry, 10k yuan.
    pub industrial_tax: Option<f64>,
    /// Tax of the secondary and tertiary sectors, 10k yuan.
    pub tax: Option<f64>,
    /// Permanent population.
    pub population: Option<f64>,
    /// Revenue of high-tech firms, 10k yuan.
    pub high_tech_revenue: Option<f64>,
}

/// An indicator of the evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneIndicator {
    /// 土地开发率 `(A + B21) / (A + B)`.
    DevelopmentRate,
    /// 土地供应率 `D / (A + B21)`.
    SupplyRate,
    /// 土地建成率 `A / D`.
    BuiltRate,
    /// 工业用地率 `A2 / A`.
    IndustrialShare,
    /// 综合容积率 floor area / A.
    Far,
    /// 建筑密度 footprint / A.
    Coverage,
    /// 工业用地综合容积率 floor area on A2 / A2.
    IndustrialFar,
    /// 工业用地建筑系数 (buildings + structures + open yards on A2) / A2.
    IndustrialCoefficient,
    /// 工业用地固定资产投入强度 investment / A2, 10k yuan/ha.
    InvestmentIntensity,
    /// 工业用地地均税收 industrial tax / A2, 10k yuan/ha.
    IndustrialTax,
    /// 综合地均税收 tax of secondary and tertiary sectors / A, 10k yuan/ha. One version of the software divides by A2: not followed, as
    /// the tax is not that of industry.
    Tax,
    /// 人口密度 permanent population / A, persons/ha.
    PopulationDensity,
    /// 土地闲置率 `G / D`; lower is better.
    IdleRate,
    /// 高新技术产业用地产出强度 high-tech revenue / H, 10k yuan/ha (general knowledge).
    HighTechOutput,
}

impl ZoneIndicator {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::DevelopmentRate,
        Self::SupplyRate,
        Self::BuiltRate,
        Self::IndustrialShare,
        Self::Far,
        Self::Coverage,
        Self::IndustrialFar,
        Self::IndustrialCoefficient,
        Self::InvestmentIntensity,
        Self::IndustrialTax,
        Self::Tax,
        Self::PopulationDensity,
        Self::IdleRate,
        Self::HighTechOutput,
    ];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DevelopmentRate => "development_rate",
            Self::SupplyRate => "supply_rate",
            Self::BuiltRate => "built_rate",
            Self::IndustrialShare => "industrial_share",
            Self::Far => "far",
            Self::Coverage => "coverage",
            Self::IndustrialFar => "industrial_far",
            Self::IndustrialCoefficient => "industrial_coefficient",
            Self::InvestmentIntensity => "investment_intensity",
            Self::IndustrialTax => "industrial_tax",
            Self::Tax => "tax",
            Self::PopulationDensity => "population_density",
            Self::IdleRate => "idle_rate",
            Self::HighTechOutput => "high_tech_output",
        }
    }
}

impl fmt::Display for ZoneIndicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a zone mainly is, which decides on its indicators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ZoneType {
    /// `A2/A > 30 %` and `A1/A < 25 %`.
    IndustryLed,
    /// `A2/A ≤ 30 %` and `A1/A ≥ 25 %`.
    CityIntegrated,
    /// Neither: the two conditions do not cover everything.
    Other,
}

/// Land a zone could still win, in ha of equivalent land.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ZonePotential {
    /// Expansion: `total − D − C`.
    pub expansion_ha: Option<f64>,
    /// Structure: `A · (ideal industrial share − A2/A)`, at least 0.
    pub structural_ha: Option<f64>,
    /// Intensity: `A2 · (ideal FAR − FAR) / ideal FAR`, at least 0: land saved at constant floor area.
    pub intensity_ha: Option<f64>,
    /// Management: idle land and supplied land that expired, `G + D22` (D22: general knowledge).
    pub management_ha: Option<f64>,
}

impl ZoneFigures {
    /// The value of an indicator; none where a part of it is not known or it divides by 0.
    ///
    /// ```
    /// use landuse::efficiency::{ZoneFigures, ZoneIndicator};
    /// let zone = ZoneFigures { built_ha: Some(80.0), unbuilt_ha: Some(20.0), ready_ha: Some(13.0), ..Default::default() };
    /// assert_eq!(zone.indicator(ZoneIndicator::DevelopmentRate), Some(0.93));
    /// assert_eq!(zone.indicator(ZoneIndicator::Far), None);
    /// ```
    pub fn indicator(&self, indicator: ZoneIndicator) -> Option<f64> {
        let ready = || Some(self.built_ha? + self.ready_ha?);
        let (above, below) = match indicator {
            ZoneIndicator::DevelopmentRate => (ready()?, self.built_ha? + self.unbuilt_ha?),
            ZoneIndicator::SupplyRate => (self.supplied_ha?, ready()?),
            ZoneIndicator::BuiltRate => (self.built_ha?, self.supplied_ha?),
            ZoneIndicator::IndustrialShare => (self.industrial_ha?, self.built_ha?),
            ZoneIndicator::Far => (self.floor_ha?, self.built_ha?),
            ZoneIndicator::Coverage => (self.footprint_ha?, self.built_ha?),
            ZoneIndicator::IndustrialFar => (self.industrial_floor_ha?, self.industrial_ha?),
            ZoneIndicator::IndustrialCoefficient => (self.industrial_covered_ha?, self.industrial_ha?),
            ZoneIndicator::InvestmentIntensity => (self.investment?, self.industrial_ha?),
            ZoneIndicator::IndustrialTax => (self.industrial_tax?, self.industrial_ha?),
            ZoneIndicator::Tax => (self.tax?, self.built_ha?),
            ZoneIndicator::PopulationDensity => (self.population?, self.built_ha?),
            ZoneIndicator::IdleRate => (self.idle_ha?, self.supplied_ha?),
            ZoneIndicator::HighTechOutput => (self.high_tech_revenue?, self.high_tech_ha?),
        };
        (below > 0.0).then_some(above / below).filter(|value| value.is_finite())
    }

    /// What the zone mainly is; none where industrial, residential or built land is not known.
    pub fn zone_type(&self) -> Option<ZoneType> {
        let built = self.built_ha.filter(|&ha| ha > 0.0)?;
        let (industrial, residential) = (self.industrial_ha? / built, self.residential_ha? / built);
        Some(match (industrial > 0.30, residential < 0.25) {
            (true, true) => ZoneType::IndustryLed,
            (false, false) => ZoneType::CityIntegrated,
            _ => ZoneType::Other,
        })
    }

    /// Land the zone could still win against an ideal industrial share and an ideal industrial floor area ratio above 0.
    ///
    /// # Source
    /// `zone-system`.
    pub fn potential(&self, ideal_industrial_share: f64, ideal_far: f64) -> ZonePotential {
        let intensity = || {
            let far = self.indicator(ZoneIndicator::IndustrialFar)?;
            (ideal_far > 0.0).then_some((self.industrial_ha? * (ideal_far - far) / ideal_far).max(0.0))
        };
        let difference = |a: Option<f64>, b: Option<f64>, c: Option<f64>| Some(a? - b? - c?);
        let structural = || {
            let share = self.indicator(ZoneIndicator::IndustrialShare)?;
            Some((self.built_ha? * (ideal_industrial_share - share)).max(0.0))
        };
        ZonePotential {
            expansion_ha: difference(self.total_ha, self.supplied_ha, self.unbuildable_ha),
            structural_ha: structural(),
            intensity_ha: intensity(),
            management_ha: self.idle_ha.zip(self.expired_ha).map(|(idle, expired)| idle + expired),
        }
    }
}

/// The ideal value of an indicator, and so how it is standardised to 0 to 100 points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ideal {
    /// More is better: `100 · x / t`.
    AtLeast(f64),
    /// Less is better: `100 · t / x`; 100 at 0.
    AtMost(f64),
    /// A rate that should be 0: `100 · (1 − x)`.
    Zero,
    /// Best within: `100 · x / low` below, `100 · high / x` above.
    Between(f64, f64),
}

impl Ideal {
    /// Points for a value, 0 to 100, or beyond 100 without `cap`.
    pub fn points(self, value: f64, cap: bool) -> f64 {
        let points = match self {
            Self::AtLeast(ideal) => 100.0 * value / ideal,
            Self::AtMost(ideal) => {
                if value > 0.0 {
                    100.0 * ideal / value
                } else {
                    100.0
                }
            }
            Self::Zero => 100.0 * (1.0 - value),
            Self::Between(low, _) if value < low => 100.0 * value / low,
            Self::Between(_, high) if value > high => 100.0 * high / value,
            Self::Between(..) => 100.0,
        };
        let points = points.max(0.0);
        if cap { points.min(100.0) } else { points }
    }
}

/// Goals, sub-goals and indicators with their weights and ideal values: user data, valid once it exists.
///
/// ```
/// use landuse::efficiency::{ZoneFigures, ZoneStandard};
/// let standard = ZoneStandard::from_toml(r#"
///     name = "example"
///     source = "made up"
///     [[goal]]
///     key = "status"
///     weight = 1
///     [[goal.sub]]
///     key = "intensity"
///     weight = 1
///     indicators = [
///         { key = "far", weight = 0.6, at_least = 1.2 },
///         { key = "idle_rate", weight = 0.4, zero = true },
///     ]
/// "#, "example.toml")?;
/// let zone = ZoneFigures {
///     built_ha: Some(100.0), floor_ha: Some(60.0), supplied_ha: Some(100.0), idle_ha: Some(10.0), ..Default::default()
/// };
/// assert_eq!(standard.score(&zone).0, Some(0.6 * 50.0 + 0.4 * 90.0));
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneStandard {
    /// Name of the standard.
    pub name: Box<str>,
    /// Who set the weights and ideal values.
    pub source: Box<str>,
    cap: bool,
    parts: Vec<ZonePart>,
}

/// One indicator of a [`ZoneStandard`], with the product of its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct ZonePart {
    /// Key of the goal.
    pub goal: Box<str>,
    /// Key of the sub-goal.
    pub sub: Box<str>,
    /// The indicator.
    pub indicator: ZoneIndicator,
    /// Product of the weights of goal, sub-goal and indicator.
    pub weight: f64,
    /// Its ideal value.
    pub ideal: Ideal,
}

impl ZoneStandard {
    /// Reads a standard: `name`, `source`, optional `cap` (default true: no indicator earns more than 100), and `[[goal]]` with
    /// `[[goal.sub]]` with `indicators`, each with a `weight` and one of `at_least`, `at_most`, `between = [low, high]`, `zero = true`.
    /// An annotated example is `data/rules/development-zone.toml`.
    ///
    /// # Errors
    /// [`Error::Config`] with file, line, key, value and what was expected; also where weights of a level do not sum to 1 within 1e-9.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Error> {
        let source = Source { file, text };
        let table = source.parse()?;
        let root = Keys { source, table: &table, at: 0 }.only(&["name", "source", "cap", "goal"])?;
        let mut parts = Vec::new();
        let mut goal_weights = Vec::new();
        for goal in root.tables("goal")? {
            let goal = goal.only(&["key", "weight", "sub"])?;
            let goal_weight = weight(goal)?;
            goal_weights.push(goal_weight);
            let mut sub_weights = Vec::new();
            for sub in goal.tables("sub")? {
                let sub = sub.only(&["key", "weight", "indicators"])?;
                let sub_weight = weight(sub)?;
                sub_weights.push(sub_weight);
                let mut own_weights = Vec::new();
                for own in sub.tables("indicators")? {
                    let own = own.only(&["key", "weight", "at_least", "at_most", "between", "zero"])?;
                    let own_weight = weight(own)?;
                    own_weights.push(own_weight);
                    parts.push(ZonePart {
                        goal: goal.require_text("key")?.into(),
                        sub: sub.require_text("key")?.into(),
                        indicator: indicator(own)?,
                        weight: goal_weight * sub_weight * own_weight,
                        ideal: ideal(own)?,
                    });
                }
                one(sub, "indicators", &own_weights)?;
            }
            one(goal, "sub", &sub_weights)?;
        }
        one(root, "goal", &goal_weights)?;
        Ok(Self {
            name: root.require_text("name")?.into(),
            source: root.require_text("source")?.into(),
            cap: root.flag("cap")?.unwrap_or(true),
            parts,
        })
    }

    /// The indicators, in the order of the file.
    pub fn parts(&self) -> &[ZonePart] {
        &self.parts
    }

    /// `Σ weight · points` over the indicators, and the points of each; no score where one indicator has no value.
    pub fn score(&self, zone: &ZoneFigures) -> (Option<f64>, Vec<Option<f64>>) {
        let points: Vec<Option<f64>> = self
            .parts
            .iter()
            .map(|part| zone.indicator(part.indicator).map(|value| part.ideal.points(value, self.cap)))
            .collect();
        let score = self.parts.iter().zip(&points).map(|(part, points)| Some(part.weight * (*points)?)).sum();
        (score, points)
    }

    /// [`score`](Self::score) of many zones.
    pub fn scores(&self, zones: &[ZoneFigures]) -> Column<f64> {
        zones.iter().map(|zone| self.score(zone).0).collect()
    }
}

fn weight(keys: Keys<'_, '_>) -> Result<f64, Error> {
    let value = keys.get("weight").ok_or_else(|| keys.missing("weight"))?;
    let fits = number(value.get_ref()).filter(|weight| (0.0..=1.0).contains(weight));
    fits.ok_or_else(|| keys.wrong("weight", value, "a share from 0 to 1"))
}

/// Holds that the weights of a level sum to 1.
fn one(keys: Keys<'_, '_>, level: &str, weights: &[f64]) -> Result<(), Error> {
    let sum: f64 = weights.iter().sum();
    if weights.is_empty() {
        return Err(keys.missing(level));
    }
    if (sum - 1.0).abs() > 1e-9 {
        return Err(keys.source.fault(keys.at, format!("the weights of `{level}` sum to {sum}, expected 1")));
    }
    Ok(())
}

fn indicator(keys: Keys<'_, '_>) -> Result<ZoneIndicator, Error> {
    let name = keys.require_text("key")?;
    let names = ZoneIndicator::ALL.map(ZoneIndicator::name);
    ZoneIndicator::ALL.into_iter().find(|indicator| indicator.name() == name).ok_or_else(|| {
        let hint = nearest(name, names).map_or_else(
            || format!("expected one of {}", list(&names)),
            |near| format!("did you mean `{near}`?"),
        );
        keys.source.fault(keys.at, format!("unknown indicator `{name}`, {hint}"))
    })
}

fn ideal(keys: Keys<'_, '_>) -> Result<Ideal, Error> {
    let positive = |key: &str| -> Result<Option<f64>, Error> {
        let Some(value) = keys.get(key) else { return Ok(None) };
        let fits = number(value.get_ref()).filter(|&ideal| ideal > 0.0).map(Some);
        fits.ok_or_else(|| keys.wrong(key, value, "a finite number above 0"))
    };
    let between = match keys.get("between") {
        None => None,
        Some(value) => {
            let numbers: Vec<f64> =
                keys.array("between")?.iter().filter_map(|item| number(item.get_ref())).collect();
            match numbers[..] {
                [low, high] if 0.0 < low && low <= high => Some(Ideal::Between(low, high)),
                _ => return Err(keys.wrong("between", value, "two numbers above 0, the lower one first")),
            }
        }
    };
    let found = [
        positive("at_least")?.map(Ideal::AtLeast),
        positive("at_most")?.map(Ideal::AtMost),
        between,
        keys.flag("zero")?.filter(|&zero| zero).map(|_| Ideal::Zero),
    ];
    match found.into_iter().flatten().collect::<Vec<_>>()[..] {
        [ideal] => Ok(ideal),
        _ => Err(keys.source.fault(
            keys.at,
            "an indicator has exactly one of `at_least`, `at_most`, `between`, `zero = true`",
        )),
    }
}
