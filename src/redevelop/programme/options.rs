use serde::{Deserialize, Serialize};

use crate::error::ParamError;

/// What a programme must do, and what it may cost. A list per year has one entry for each year, or a single one for all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ProgrammeOptions {
    /// Projects to choose from. Default: the sites.
    pub projects: Projects,
    /// How many years it runs. Default: 5.
    pub years: usize,
    /// What is made the most of. Default: uplift.
    pub objective: Objective,
    /// Yearly discount of what is delivered later. Default: 0.
    pub discount: f64,
    /// Years from the start of a project to its floor: what starts in year t is delivered in year t + lag. Default: 0.
    pub lag_years: usize,
    /// Least floor delivered each year, m². Default: none.
    pub supply_m2: Vec<f64>,
    /// Which floor counts as supply. A target that does not say which one means two very different things. Default: gross.
    pub supply: Supply,
    /// Most cost of the projects that start in a year. Default: none.
    pub budget: Vec<f64>,
    /// Whether what a year leaves of its budget may be spent later. Default: no.
    pub carry_over: bool,
    /// What a project costs, in the unit of the budget.
    pub cost: CostRates,
    /// Most floor demolished in a year, m². Default: none.
    pub max_demolished_m2: Vec<f64>,
    /// Most floor demolished in all years, as a share of the floor of the city. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_demolished_share: Option<f64>,
    /// Most floor built over floor demolished, by all projects together. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_build_ratio: Option<f64>,
    /// Displaced production has to fit in what has been delivered. Default: not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decant: Option<Decant>,
    /// Shares of districts in the supply. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub districts: Vec<DistrictShare>,
    /// Projects that are not begun, by name: the number of a site or the rank of an assembly.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Box<str>>,
    /// Projects with more than this share of their land inside the lines that exclude construction are not begun. Default: clipped alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_line_share: Option<f64>,
    /// Projects that are begun.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub require: Vec<Required>,
    /// Projects of which at most one is begun.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Vec<Box<str>>>,
    /// Relative gap to the bound that is good enough, 0 for a proof. Default: 0.
    pub gap: f64,
    /// Most branches that are looked at. Default: 2,000.
    pub max_branches: u64,
}

impl Default for ProgrammeOptions {
    fn default() -> Self {
        Self {
            projects: Projects::Sites,
            years: 5,
            objective: Objective::Uplift,
            discount: 0.0,
            lag_years: 0,
            supply_m2: Vec::new(),
            supply: Supply::Gross,
            budget: Vec::new(),
            carry_over: false,
            cost: CostRates::default(),
            max_demolished_m2: Vec::new(),
            max_demolished_share: None,
            max_build_ratio: None,
            decant: None,
            districts: Vec::new(),
            exclude: Vec::new(),
            max_line_share: None,
            require: Vec::new(),
            conflicts: Vec::new(),
            gap: 0.0,
            max_branches: 2_000,
        }
    }
}

/// What a programme chooses from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Projects {
    /// Low-efficiency sites, and parcels alone.
    #[default]
    Sites,
    /// The assemblies that are described; those that share a parcel exclude each other.
    Assemblies,
}

/// What a programme makes the most of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Objective {
    /// Floor gained; a project that loses floor counts against it.
    Uplift,
    /// Floor built.
    Gross,
    /// Land released at constant floor.
    LandReleased,
    /// Output gained at constant output per floor.
    OutputUplift,
}

/// Which floor counts as supply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Supply {
    /// Floor built, the old one not taken off.
    Gross,
    /// Floor gained.
    Net,
}

/// Cost of a project per m².
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CostRates {
    /// Per m² of new floor.
    pub per_new_floor: f64,
    /// Per m² of demolished floor.
    pub per_demolished_floor: f64,
    /// Per m² of land.
    pub per_land: f64,
}

/// Room for what is displaced: up to every year, displaced floor is at most the room there is at first and the floor that has been delivered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Decant {
    /// Room that stands empty at first, m².
    pub vacant_m2: f64,
    /// Share of the demolished floor whose users need room. Default: 1.
    pub share: f64,
}

impl Default for Decant {
    fn default() -> Self {
        Self { vacant_m2: 0.0, share: 1.0 }
    }
}

/// Share of a district in all supply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistrictShare {
    /// Id of the study unit.
    pub unit: Box<str>,
    /// Least share.
    #[serde(default)]
    pub min: f64,
    /// Greatest share.
    #[serde(default = "one")]
    pub max: f64,
}

fn one() -> f64 {
    1.0
}

/// A project that is begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Required {
    /// Its name.
    pub project: Box<str>,
    /// The year it starts in, from 1; any where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<usize>,
}

/// Longest programme, years.
const MOST_YEARS: usize = 50;

impl ProgrammeOptions {
    pub(in super::super) fn check(&self) -> Result<(), ParamError> {
        let fault = |name: &str, value: &dyn std::fmt::Display, expected: &str| {
            Err(ParamError::new(&format!("programme.{name}"), value, expected))
        };
        if !(1..=MOST_YEARS).contains(&self.years) {
            return fault("years", &self.years, &format!("a number from 1 to {MOST_YEARS}"));
        }
        if self.lag_years >= self.years {
            let expected = format!("less than the {} years of the programme", self.years);
            return fault("lag_years", &self.lag_years, &expected);
        }
        let lists = [
            ("supply_m2", &self.supply_m2),
            ("budget", &self.budget),
            ("max_demolished_m2", &self.max_demolished_m2),
        ];
        for (name, list) in lists {
            if !(list.len() <= 1 || list.len() == self.years) {
                let expected = format!("one entry, or one for each of {} years", self.years);
                return fault(name, &format!("a list of {}", list.len()), &expected);
            }
            if let Some(amount) = list.iter().find(|amount| !(amount.is_finite() && **amount >= 0.0)) {
                return fault(name, amount, "finite amounts of at least 0");
            }
        }
        if self.budget.is_empty() && self.carry_over {
            return fault("carry_over", &true, "a budget to carry over");
        }
        let amounts = [
            ("cost.per_new_floor", self.cost.per_new_floor),
            ("cost.per_demolished_floor", self.cost.per_demolished_floor),
            ("cost.per_land", self.cost.per_land),
            ("decant.vacant_m2", self.decant.map_or(0.0, |decant| decant.vacant_m2)),
            ("decant.share", self.decant.map_or(0.0, |decant| decant.share)),
            ("discount", self.discount),
            ("gap", self.gap),
        ];
        for (name, amount) in amounts {
            if !(amount.is_finite() && amount >= 0.0) {
                return fault(name, &amount, "a finite number of at least 0");
            }
        }
        let costs = self.cost.per_new_floor + self.cost.per_demolished_floor + self.cost.per_land;
        if !self.budget.is_empty() && costs == 0.0 {
            return fault(
                "cost",
                &"nothing",
                "a cost per m² of floor or land, for the budget to be spent on",
            );
        }
        let caps =
            [("max_demolished_share", self.max_demolished_share), ("max_line_share", self.max_line_share)];
        for (name, share) in caps {
            if let Some(share) = share.filter(|share| !(0.0..=1.0).contains(share)) {
                return fault(name, &share, "a share from 0 to 1");
            }
        }
        if let Some(ratio) = self.max_build_ratio.filter(|ratio| !(ratio.is_finite() && *ratio > 0.0)) {
            return fault("max_build_ratio", &ratio, "a finite ratio above 0");
        }
        for DistrictShare { unit, min, max } in &self.districts {
            if !(0.0 <= *min && min <= max && *max <= 1.0) {
                let found = format!("from {min} to {max} for `{unit}`");
                return fault("districts", &found, "shares from 0 to 1, the least not above the greatest");
            }
        }
        let least: f64 = self.districts.iter().map(|district| district.min).sum();
        if least > 1.0 + 1e-9 {
            return fault("districts", &format!("least shares of {least} together"), "at most 1 together");
        }
        for Required { project, year } in &self.require {
            if let Some(year) = year.filter(|year| !(1..=self.years).contains(year)) {
                let found = format!("project `{project}` in year {year}");
                return fault("require", &found, &format!("a year from 1 to {}", self.years));
            }
            if self.exclude.contains(project) {
                let found = format!("project `{project}`, which `exclude` has too");
                return fault("require", &found, "projects that are not excluded");
            }
        }
        Ok(())
    }

    /// The amount of a year from 0; none where the list is empty.
    pub(super) fn of_year(list: &[f64], year: usize) -> Option<f64> {
        if list.len() == 1 { list.first().copied() } else { list.get(year).copied() }
    }
}
