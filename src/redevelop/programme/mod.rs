//! What to build when: projects chosen over years, within budget, caps and fairness, with an upper bound on what any choice is worth.

mod diagnosis;
mod model;
mod options;
mod search;
mod solver;

use serde::Serialize;

pub use options::{
    CostRates, Decant, DistrictShare, Objective, ProgrammeOptions, Projects, Required, Supply,
};

use self::model::{Model, ModelInput, Row};
use self::solver::Answer;
use super::assembly::Assemblies;
use super::capacity::{Capacity, Figures};
use crate::Analysis;
use crate::error::{Error, ParamError};
use crate::sum;

/// Variables up to which the solver is asked for whole projects.
const MOST_WHOLE: usize = 5_000;
/// Variables up to which it is asked for a relaxation.
const MOST_RELAXED: usize = 40_000;

/// A rule that rows of a programme come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rule {
    /// A project is begun once at most.
    Once,
    /// Of projects in conflict one is begun at most.
    Conflict,
    /// A project is begun.
    Required,
    /// Floor delivered in a year.
    Supply,
    /// Cost of a year, or up to it.
    Budget,
    /// Floor demolished in a year.
    Demolition,
    /// Floor demolished in all.
    DemolishedShare,
    /// Floor built over floor demolished.
    BuildRatio,
    /// Room for displaced production.
    Decant,
    /// Shares of districts.
    District,
}

impl Rule {
    const ALL: [Self; 10] = [
        Self::Once,
        Self::Conflict,
        Self::Required,
        Self::Supply,
        Self::Budget,
        Self::Demolition,
        Self::DemolishedShare,
        Self::BuildRatio,
        Self::Decant,
        Self::District,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Once => "one start per project",
            Self::Conflict => "the conflicts of projects",
            Self::Required => "the required projects",
            Self::Supply => "the targets of earlier years",
            Self::Budget => "the budget",
            Self::Demolition => "the yearly cap on demolition",
            Self::DemolishedShare => "the cap on the demolished share",
            Self::BuildRatio => "the cap on the build ratio",
            Self::Decant => "the room for displaced production",
            Self::District => "the shares of districts",
        }
    }
}

/// Something that can be built in a year.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Project {
    /// Its name: the number of a site, the rank of an assembly, the id of a parcel alone.
    pub name: Box<str>,
    /// Its study unit, as a position in the ledger.
    pub unit: Option<u32>,
    /// What it adds to the objective, before discount.
    pub value: f64,
    /// Floor that counts as supply, m².
    pub supply_m2: f64,
    /// Floor built, m².
    pub built_m2: f64,
    /// Floor demolished, m².
    pub demolished_m2: f64,
    /// Its cost, in the unit of the budget.
    pub cost: f64,
    /// Its land inside the lines that exclude construction, m².
    pub lines_m2: f64,
    /// That as a share of all its land.
    pub line_share: f64,
}

impl Project {
    /// One of which nothing but its name is known.
    pub fn new(name: impl Into<Box<str>>) -> Self {
        Self {
            name: name.into(),
            unit: None,
            value: 0.0,
            supply_m2: 0.0,
            built_m2: 0.0,
            demolished_m2: 0.0,
            cost: 0.0,
            lines_m2: 0.0,
            line_share: 0.0,
        }
    }

    /// A project by the figures of its land. What is not known of it adds nothing.
    fn of(name: Box<str>, unit: Option<u32>, figures: &Figures, options: &ProgrammeOptions) -> Self {
        let built_m2 = figures.gross_new_floor_m2.unwrap_or(0.0);
        let demolished_m2 = figures.floor_m2.unwrap_or(0.0);
        let uplift_m2 = figures.uplift_m2.unwrap_or(0.0);
        let land_m2 = figures.land.site_m2;
        let rates = options.cost;
        Self {
            name,
            unit,
            value: match options.objective {
                Objective::Uplift => uplift_m2,
                Objective::Gross => built_m2,
                Objective::LandReleased => figures.land_released_m2.unwrap_or(0.0),
                Objective::OutputUplift => figures.output_uplift.unwrap_or(0.0),
            },
            supply_m2: if options.supply == Supply::Gross { built_m2 } else { uplift_m2 },
            built_m2,
            demolished_m2,
            cost: sum::exact([
                rates.per_new_floor * built_m2,
                rates.per_demolished_floor * demolished_m2,
                rates.per_land * land_m2,
            ]),
            lines_m2: figures.land.lines_m2,
            line_share: if land_m2 > 0.0 { figures.land.lines_m2 / land_m2 } else { 0.0 },
        }
    }
}

/// How sure it is that no programme is worth more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Proof {
    /// No programme is worth more.
    Optimal,
    /// None is worth more than the bound.
    WithinGap,
}

/// One year of a programme.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProgrammeYear {
    /// The year, from 1.
    pub year: usize,
    /// Projects that start.
    pub started: usize,
    /// Projects that are delivered.
    pub delivered: usize,
    /// Floor delivered that counts as supply, m².
    pub supply_m2: f64,
    /// Least supply asked for, m².
    pub target_m2: Option<f64>,
    /// Cost of what starts.
    pub cost: f64,
    /// What may be spent, with what earlier years left where it is carried over.
    pub budget: Option<f64>,
    /// Floor demolished, m².
    pub demolished_m2: f64,
    /// Displaced floor up to this year that needs room, m².
    pub displaced_m2: Option<f64>,
    /// Room for it, m².
    pub room_m2: Option<f64>,
}

/// A study unit in a programme.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProgrammeDistrict {
    /// Its id; none for projects in no unit.
    pub unit: Option<Box<str>>,
    /// Projects of it that start.
    pub started: usize,
    /// Supply of all its projects, m².
    pub potential_m2: f64,
    /// Supply that is delivered, m².
    pub supply_m2: f64,
    /// That as a share of all.
    pub share: Option<f64>,
}

/// A programme, and what no programme is worth more than.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Programme {
    /// What could be chosen.
    #[serde(skip)]
    pub projects: Vec<Project>,
    /// The year each starts in, from 1; none for one that is not begun.
    #[serde(skip)]
    pub starts: Vec<Option<u32>>,
    /// What it is worth: the discounted objective.
    pub value: f64,
    /// No programme is worth more.
    pub bound: f64,
    /// `(bound − value) / |bound|`; 0 where both are nought.
    pub gap: f64,
    /// How sure that is.
    pub proof: Proof,
    /// Branches the solver looked at.
    pub branches: u64,
    /// Its years.
    pub years: Vec<ProgrammeYear>,
    /// Its study units.
    pub districts: Vec<ProgrammeDistrict>,
    /// Gini index of delivered over possible supply of the districts: 0 where all have the same share; none without supply.
    pub gini: Option<f64>,
}

/// What a programme is made of, beside its options.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ProgrammeInput {
    /// What can be chosen, with names of their own.
    pub projects: Vec<Project>,
    /// Sets of projects, by position, of which at most one is begun.
    pub conflicts: Vec<Vec<u32>>,
    /// Ids of the study units that [`Project::unit`] counts in.
    pub units: Vec<Option<Box<str>>>,
    /// Floor area of the city, m².
    pub existing_floor_m2: Option<f64>,
}

impl ProgrammeInput {
    /// Projects of what sites could become.
    pub fn of_sites(analysis: &Analysis, capacity: &Capacity, options: &ProgrammeOptions) -> Self {
        let name = |site: &super::SiteCapacity| -> Box<str> {
            if let Some(number) = site.site {
                return number.to_string().into();
            }
            let parcel = capacity.parcels[site.members[0] as usize].parcel;
            let set = analysis.parcels();
            match set.get(parcel).id() {
                Some(id) => id.into(),
                None => format!("feature {}", set.source_row()[parcel.index()]).into(),
            }
        };
        let projects = capacity.sites.iter();
        let projects = projects.map(|site| Project::of(name(site), site.unit, &site.figures, options));
        Self { projects: projects.collect(), conflicts: Vec::new(), ..Self::of_city(analysis) }
    }

    /// Projects of the assemblies that are described: those that share a parcel exclude each other.
    pub fn of_assemblies(analysis: &Analysis, assemblies: &Assemblies, options: &ProgrammeOptions) -> Self {
        let described = assemblies.described.iter().zip(1..);
        let projects = described.map(|(own, rank): (_, u32)| {
            Project::of(rank.to_string().into(), own.unit, &own.figures, options)
        });
        let mut of_parcel = std::collections::BTreeMap::<_, Vec<u32>>::new();
        for (assembly, at) in assemblies.found.iter().take(assemblies.described.len()).zip(0..) {
            assembly.parcels.iter().for_each(|parcel| of_parcel.entry(parcel).or_default().push(at));
        }
        let mut conflicts: Vec<Vec<u32>> = of_parcel.into_values().filter(|set| set.len() > 1).collect();
        conflicts.sort_unstable();
        conflicts.dedup();
        Self { projects: projects.collect(), conflicts, ..Self::of_city(analysis) }
    }

    fn of_city(analysis: &Analysis) -> Self {
        let ledger = analysis.ledger();
        Self {
            projects: Vec::new(),
            conflicts: Vec::new(),
            units: ledger.units.iter().map(|unit| unit.id.clone()).collect(),
            existing_floor_m2: ledger.total.density.floor_area_m2,
        }
    }
}

impl Programme {
    /// Chooses projects over years.
    ///
    /// With `x` 1 where project c starts in year t, the sum of `value · (1 + discount)^−(t + lag)` is made the most of, t from 0, subject to the
    /// rules of the options. A dive along relaxations, changed while exchanges help, is what the solver starts from; up to 5,000
    /// variables it looks for the best whole choice by branch and bound, within [`ProgrammeOptions::max_branches`]. Beyond,
    /// the bound is that of the relaxation, and beyond 40,000 that of the projects alone. Every choice is checked against all rows before it is
    /// returned. Nothing hangs on time or threads.
    ///
    /// # Errors
    /// [`Error::Infeasible`] where the targets cannot be met, with the year and the rule that bind; [`Error::Param`] for options out of
    /// range, names that no project or unit has, rules that contradict each other, and where there is no project.
    ///
    /// # Complexity
    /// That of the simplex algorithm and of branch and bound: exponential at worst, bounded by the branches.
    ///
    /// # Source
    /// Set packing with budgets; the land-acquisition models of Wright, `ReVelle` and Cohon 1983 are its kin.
    ///
    /// ```
    /// use landuse::redevelop::{Programme, ProgrammeInput, ProgrammeOptions, Project};
    /// let project = |name: &str, floor_m2: f64, cost: f64| {
    ///     let mut project = Project::new(name);
    ///     (project.value, project.supply_m2, project.built_m2, project.cost) = (floor_m2, floor_m2, floor_m2, cost);
    ///     project
    /// };
    /// let mut input = ProgrammeInput::default();
    /// input.projects = vec![project("a", 60.0, 30.0), project("b", 50.0, 20.0), project("c", 40.0, 20.0)];
    /// let mut options = ProgrammeOptions::default();
    /// (options.years, options.budget, options.cost.per_land) = (1, vec![40.0], 1.0);
    /// let programme = Programme::choose(&input, &options)?;
    /// assert_eq!((programme.value, programme.bound), (90.0, 90.0));
    /// assert_eq!(programme.starts, [None, Some(1), Some(1)]);
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn choose(input: &ProgrammeInput, options: &ProgrammeOptions) -> Result<Self, Error> {
        options.check()?;
        let ProgrammeInput { projects, conflicts, units, existing_floor_m2 } = input;
        if projects.is_empty() {
            return Err(ParamError::new("programme.projects", "none", "at least one site or assembly").into());
        }
        let model = Model::new(&ModelInput {
            projects,
            conflicts,
            units,
            existing_floor_m2: *existing_floor_m2,
            options,
        })?;
        let rows: Vec<&Row> = model.rows.iter().collect();
        let most = loose_bound(&model);
        let variables = model.open.iter().filter(|&&open| open).count();
        let relaxed = if variables <= MOST_RELAXED {
            match solver::relaxed(&model, &model.value, &rows)? {
                Some(found) => Some(found),
                None => return Err(diagnosis::why(&model, options.max_branches)?),
            }
        } else {
            None
        };
        let (mut bound, parts) = match relaxed {
            // The solver keeps rows to 1e-7: so much a bound may be too low.
            Some((worth, parts)) => ((worth + 1e-6 * worth.abs()).min(most), parts),
            None => (most, vec![0.0; model.value.len()]),
        };
        let dived = if variables <= MOST_WHOLE { solver::dive(&model, &rows, parts.clone())? } else { None };
        let mut starts = search::search(&model, &parts, dived);
        let (mut proved, mut branches) = (false, 0);
        if variables <= MOST_WHOLE {
            match solver::whole(&model, &rows, starts.as_deref(), options.gap, options.max_branches)? {
                Answer::Impossible if starts.is_none() => {
                    return Err(diagnosis::why(&model, options.max_branches)?);
                }
                Answer::Impossible => {}
                Answer::Unsettled { bound: own, branches: looked_at } => {
                    branches = looked_at;
                    bound = own.map_or(bound, |own| bound.min(own + 1e-6 * own.abs()));
                }
                Answer::Found { chosen, worth, bound: own, proved: is_best, branches: looked_at } => {
                    branches = looked_at;
                    let found = of_variables(&model, &chosen);
                    let own_worth = model.worth(&found);
                    // What holds only within the solver's tolerance does not hold.
                    if model.holds(&found) {
                        proved = is_best;
                        bound = bound.min(own + 1e-6 * own.abs());
                        if starts.as_ref().is_none_or(|known| own_worth >= model.worth(known)) {
                            starts = Some(found);
                        }
                    } else {
                        bound = bound.min(own.max(worth) * (1.0 + 1e-6 * own.signum()));
                    }
                }
            }
        }
        let Some(starts) = starts else { return Err(diagnosis::why(&model, options.max_branches)?) };
        let value = model.worth(&starts);
        let bound = if proved { value } else { bound.max(value) };
        let proof = if bound == value { Proof::Optimal } else { Proof::WithinGap };
        let gap = if bound == value { 0.0 } else { (bound - value) / bound.abs() };
        Ok(Self::told(input, options, &model, starts, [value, bound, gap], proof, branches))
    }

    fn told(
        input: &ProgrammeInput,
        options: &ProgrammeOptions,
        model: &Model,
        starts: Vec<Option<u32>>,
        [value, bound, gap]: [f64; 3],
        proof: Proof,
        branches: u64,
    ) -> Self {
        let years = years(input, options, &starts);
        let (districts, gini) = districts(input, &starts);
        let starts = starts.into_iter().map(|start| start.map(|year| year + 1)).collect();
        debug_assert_eq!(model.projects, input.projects.len(), "a project for each start");
        Self {
            projects: input.projects.clone(),
            starts,
            value,
            bound,
            gap,
            proof,
            branches,
            years,
            districts,
            gini,
        }
    }

    /// How many projects start.
    pub fn started(&self) -> usize {
        self.starts.iter().flatten().count()
    }
}

/// What no choice is worth more than: every project in its best year.
fn loose_bound(model: &Model) -> f64 {
    let best = |project: usize| {
        let years = (0..model.years).map(|year| model.variable(project, year));
        years
            .filter(|&variable| model.open[variable])
            .map(|variable| model.value[variable])
            .fold(0.0, f64::max)
    };
    sum::exact((0..model.projects).map(best))
}

fn of_variables(model: &Model, chosen: &[f64]) -> Vec<Option<u32>> {
    let start = |project: usize| {
        (0..model.years).find(|&year| chosen[model.variable(project, year)] > 0.5).map(|year| year as u32)
    };
    (0..model.projects).map(start).collect()
}

fn years(input: &ProgrammeInput, options: &ProgrammeOptions, starts: &[Option<u32>]) -> Vec<ProgrammeYear> {
    let projects =
        || input.projects.iter().zip(starts).filter_map(|(own, start)| Some((own, (*start)? as usize)));
    let sum = |of: fn(&Project) -> f64, is: &dyn Fn(usize) -> bool| {
        sum::exact(projects().filter(|(_, start)| is(*start)).map(|(own, _)| of(own)))
    };
    let lag = options.lag_years;
    let mut carried = 0.0;
    (0..options.years)
        .map(|year| {
            let cost = sum(|own| own.cost, &|start| start == year);
            let budget = ProgrammeOptions::of_year(&options.budget, year).map(|budget| budget + carried);
            if options.carry_over {
                carried = budget.map_or(0.0, |budget| budget - cost);
            }
            let count = |is: &dyn Fn(usize) -> bool| projects().filter(|(_, start)| is(*start)).count();
            let displaced_m2 = options
                .decant
                .map(|decant| decant.share * sum(|own| own.demolished_m2, &|start| start <= year));
            ProgrammeYear {
                year: year + 1,
                started: count(&|start| start == year),
                delivered: count(&|start| start + lag == year),
                supply_m2: sum(|own| own.supply_m2, &|start| start + lag == year),
                target_m2: ProgrammeOptions::of_year(&options.supply_m2, year),
                cost,
                budget,
                demolished_m2: sum(|own| own.demolished_m2, &|start| start == year),
                displaced_m2,
                room_m2: options
                    .decant
                    .map(|decant| decant.vacant_m2 + sum(|own| own.built_m2, &|start| start + lag <= year)),
            }
        })
        .collect()
}

fn districts(input: &ProgrammeInput, starts: &[Option<u32>]) -> (Vec<ProgrammeDistrict>, Option<f64>) {
    let mut units: Vec<Option<u32>> = input.projects.iter().map(|project| project.unit).collect();
    units.sort_unstable();
    units.dedup();
    let all = sum::exact(
        input.projects.iter().zip(starts).filter(|(_, start)| start.is_some()).map(|(own, _)| own.supply_m2),
    );
    let of = |unit: &Option<u32>| {
        let own = || input.projects.iter().zip(starts).filter(|(project, _)| project.unit == *unit);
        let begun = || own().filter(|(_, start)| start.is_some());
        let supply_m2 = sum::exact(begun().map(|(project, _)| project.supply_m2));
        ProgrammeDistrict {
            unit: unit.and_then(|unit| input.units.get(unit as usize).cloned().flatten()),
            started: begun().count(),
            potential_m2: sum::exact(own().map(|(project, _)| project.supply_m2)),
            supply_m2,
            share: (all > 0.0).then(|| supply_m2 / all),
        }
    };
    let districts: Vec<ProgrammeDistrict> = units.iter().map(of).collect();
    let mut ratios: Vec<f64> = districts
        .iter()
        .filter(|district| district.potential_m2 > 0.0)
        .map(|district| district.supply_m2 / district.potential_m2)
        .collect();
    ratios.sort_by(f64::total_cmp);
    let total: f64 = ratios.iter().sum();
    // Σ (2 i − n − 1) · x over n · Σ x, x ascending and i from 1.
    let n = ratios.len() as f64;
    let weighted: f64 = ratios.iter().zip(1..).map(|(x, i)| (2.0 * f64::from(i) - n - 1.0) * x).sum();
    let gini = (total > 0.0).then(|| weighted / (n * total));
    (districts, gini)
}
