//! Scenarios: differences to a base, run side by side and compared.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Assemblies, Capacity, Programme, ProgrammeInput, Projects, RedevelopOptions};
use crate::efficiency::Verdict;
use crate::error::{Error, ParamError, nearest};
use crate::parcel::{Parcel, ParcelIdx, ParcelSet};
use crate::sum;
use crate::zoning::{LandUseCode, config};
use crate::{Analysis, Inputs, Options};

/// What a scenario changes of a base: options of the analysis, the plan, attributes of parcels, and which lines hold.
///
/// In a file (TOML) `[analysis]` and `[plan]` hold the keys that differ, as they stand in the files of either; `[[edit]]` names a parcel with
/// `set` and `unset`; `[lines]` has `without`, the ids of lines that do not hold.
///
/// ```
/// use landuse::redevelop::Scenario;
/// let text = r#"
///     name = "denser"
///     [analysis.sites]
///     gap_m = 25.0
///     [plan.capacity]
///     far = [{ value = 3.5 }]
///     [lines]
///     without = ["L2"]
///     [[edit]]
///     parcel = "A-104"
///     set = { floor_area_m2 = 0.0, owner = "city" }
///     unset = ["height_m"]
/// "#;
/// assert_eq!(Scenario::from_toml(text, "denser.toml")?.name(), "denser");
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    name: Box<str>,
    #[serde(skip)]
    file: Box<str>,
    #[serde(default)]
    analysis: toml::Table,
    #[serde(default)]
    plan: toml::Table,
    #[serde(default)]
    lines: Lines,
    #[serde(default)]
    edit: Vec<Edit>,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lines {
    #[serde(default)]
    without: Vec<Box<str>>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    parcel: Box<str>,
    #[serde(default)]
    set: toml::Table,
    #[serde(default)]
    unset: Vec<Box<str>>,
}

/// What a plan comes to on an analysis.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// Name of the scenario.
    pub name: Box<str>,
    /// The analysis it rests on.
    pub analysis: Analysis,
    /// What was asked.
    pub plan: RedevelopOptions,
    /// What sites could become.
    pub capacity: Capacity,
    /// What can be assembled; none where it was not asked.
    pub assemblies: Option<Assemblies>,
    /// What is built when; none where it was not asked, or cannot be.
    pub programme: Option<Programme>,
    /// Why there is no programme, in words.
    pub infeasible: Option<Box<str>>,
}

/// What scenarios are weighed by.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Weighed {
    /// Floor that is delivered, of a programme; else all new floor, gross, m².
    pub supply_m2: f64,
    /// Cost of the programme; none without one.
    pub cost: Option<f64>,
    /// Land inside the lines that exclude construction and is given back: that of all projects that are begun, else of all sites, m².
    pub ecological_m2: f64,
}

impl Weighed {
    /// Whether it is at least as good in everything and better in something: more supply, less cost, more land given back.
    pub fn dominates(&self, other: &Self) -> bool {
        let cost = |own: &Self| own.cost.unwrap_or(0.0);
        let no_worse = self.supply_m2 >= other.supply_m2
            && cost(self) <= cost(other)
            && self.ecological_m2 >= other.ecological_m2;
        no_worse && self != other
    }
}

/// Which of some are on the Pareto front: none other dominates them. Those without anything to weigh are not.
pub fn pareto_front(all: &[Option<Weighed>]) -> Vec<bool> {
    let beaten = |own: &Weighed| all.iter().flatten().any(|other| other.dominates(own));
    all.iter().map(|own| own.as_ref().is_some_and(|own| !beaten(own))).collect()
}

impl Outcome {
    /// What a plan comes to.
    ///
    /// # Errors
    /// As [`Capacity::of`], [`Assemblies::find`] and [`Programme::choose`]; targets that cannot be met are no error here, but
    /// [`infeasible`](Self::infeasible).
    pub fn of(name: impl Into<Box<str>>, analysis: Analysis, plan: RedevelopOptions) -> Result<Self, Error> {
        let capacity = Capacity::of(&analysis, &plan.capacity)?;
        let assemblies =
            plan.assembly.as_ref().map(|wanted| Assemblies::find(&analysis, wanted, &plan.capacity));
        let assemblies = assemblies.transpose()?;
        let (mut programme, mut infeasible) = (None, None);
        if let Some(wanted) = &plan.programme {
            let input = match (&assemblies, wanted.projects) {
                (Some(found), Projects::Assemblies) => {
                    ProgrammeInput::of_assemblies(&analysis, found, wanted)
                }
                _ => ProgrammeInput::of_sites(&analysis, &capacity, wanted),
            };
            match Programme::choose(&input, wanted) {
                Ok(found) => programme = Some(found),
                Err(Error::Infeasible { reason, .. }) => infeasible = Some(reason),
                Err(other) => return Err(other),
            }
        }
        Ok(Self { name: name.into(), analysis, plan, capacity, assemblies, programme, infeasible })
    }

    /// What it is weighed by; none where its targets cannot be met.
    pub fn weighed(&self) -> Option<Weighed> {
        if self.infeasible.is_some() {
            return None;
        }
        let Some(programme) = &self.programme else {
            let figures = &self.capacity.total.figures;
            return Some(Weighed {
                supply_m2: figures.gross_new_floor_m2.unwrap_or(0.0),
                cost: None,
                ecological_m2: figures.land.lines_m2,
            });
        };
        let begun = || {
            let starts = programme.projects.iter().zip(&programme.starts);
            starts.filter(|(_, start)| start.is_some()).map(|(project, _)| project)
        };
        Some(Weighed {
            supply_m2: sum::exact(begun().map(|project| project.supply_m2)),
            cost: Some(sum::exact(begun().map(|project| project.cost))),
            ecological_m2: sum::area_m2(begun().map(|project| project.lines_m2)),
        })
    }

    /// Gross new floor of each parcel that is redeveloped, and its site.
    fn by_parcel(&self) -> BTreeMap<ParcelIdx, (Option<f64>, Option<u32>)> {
        let parcels = self.capacity.parcels.iter();
        parcels.map(|own| (own.parcel, (own.figures.gross_new_floor_m2, own.site))).collect()
    }
}

/// A parcel that is another in a scenario than in the base.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ParcelDifference {
    /// The parcel: positions are those of both.
    pub parcel: ParcelIdx,
    /// Verdict in the base and in the scenario.
    pub verdict: [Verdict; 2],
    /// Number of its site in either.
    pub site: [Option<u32>; 2],
    /// Gross new floor on it alone in either, m²; none where it is not redeveloped.
    pub gross_m2: [Option<f64>; 2],
}

/// A site of a scenario beside those of the base.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SiteDifference {
    /// Its number in the base and in the scenario: that of the base which shares most parcels with it. None on one side where it is new or gone.
    pub site: [Option<u32>; 2],
    /// Parcels that both have.
    pub shared: usize,
    /// Parcels that only the scenario's has.
    pub added: usize,
    /// Parcels that only the base's has.
    pub removed: usize,
    /// Gross new floor in either, m².
    pub gross_m2: [Option<f64>; 2],
}

/// Figures of a study unit or of a line in the base and in a scenario.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AmountDifference {
    /// Id of the unit or line.
    pub id: Box<str>,
    /// Redeveloped land in either, m²: usable land of a unit, land inside a line.
    pub land_m2: [Option<f64>; 2],
    /// Gross new floor in either, m²; none for lines.
    pub gross_m2: [Option<f64>; 2],
}

/// A scenario held against its base.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Differences {
    /// Parcels that differ, in canonical order.
    pub parcels: Vec<ParcelDifference>,
    /// Sites by number, then those of the base that are gone.
    pub sites: Vec<SiteDifference>,
    /// Study units that either has.
    pub units: Vec<AmountDifference>,
    /// Lines that hold in either.
    pub lines: Vec<AmountDifference>,
}

impl Differences {
    /// Holds a scenario against its base, whose parcels have the same positions.
    ///
    /// # Complexity
    /// O(n) in parcels and overlaps with lines.
    pub fn between(base: &Outcome, scenario: &Outcome) -> Self {
        let (before, after) = (base.by_parcel(), scenario.by_parcel());
        let none = (None, None);
        let len = base.analysis.parcels().len().min(scenario.analysis.parcels().len()) as u32;
        let parcels = (0..len).map(ParcelIdx).filter_map(|parcel| {
            let [(gross_a, site_a), (gross_b, site_b)] =
                [&before, &after].map(|of| of.get(&parcel).copied().unwrap_or(none));
            let verdict = [&base.analysis, &scenario.analysis].map(|of| of.verdict(parcel));
            let differs =
                verdict[0] != verdict[1] || site_a.is_some() != site_b.is_some() || gross_a != gross_b;
            let own =
                ParcelDifference { parcel, verdict, site: [site_a, site_b], gross_m2: [gross_a, gross_b] };
            differs.then_some(own)
        });
        Self {
            parcels: parcels.collect(),
            sites: sites(base, scenario),
            units: units(base, scenario),
            lines: lines(base, scenario),
        }
    }
}

fn sites(base: &Outcome, scenario: &Outcome) -> Vec<SiteDifference> {
    let members = |of: &Outcome, at: usize| -> Vec<ParcelIdx> {
        of.capacity.sites[at].members.iter().map(|&own| of.capacity.parcels[own as usize].parcel).collect()
    };
    let mut site_of: BTreeMap<ParcelIdx, usize> = BTreeMap::new();
    for at in 0..base.capacity.sites.len() {
        for parcel in members(base, at) {
            site_of.insert(parcel, at);
        }
    }
    let mut met = vec![false; base.capacity.sites.len()];
    let mut found = Vec::new();
    for (at, site) in scenario.capacity.sites.iter().enumerate() {
        let own = members(scenario, at);
        let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
        for before in own.iter().filter_map(|parcel| site_of.get(parcel)) {
            *shared.entry(*before).or_default() += 1;
            met[*before] = true;
        }
        let most = shared.into_iter().max_by_key(|&(before, count)| (count, std::cmp::Reverse(before)));
        let before = most.map(|(before, _)| &base.capacity.sites[before]);
        let count = most.map_or(0, |(_, count)| count);
        found.push(SiteDifference {
            site: [before.and_then(|before| before.site), site.site],
            shared: count,
            added: own.len() - count,
            removed: before.map_or(0, |before| before.members.len() - count),
            gross_m2: [
                before.and_then(|before| before.figures.gross_new_floor_m2),
                site.figures.gross_new_floor_m2,
            ],
        });
    }
    let gone =
        base.capacity.sites.iter().zip(&met).filter(|(_, met)| !**met).map(|(before, _)| SiteDifference {
            site: [before.site, None],
            shared: 0,
            added: 0,
            removed: before.members.len(),
            gross_m2: [before.figures.gross_new_floor_m2, None],
        });
    found.extend(gone);
    found
}

fn units(base: &Outcome, scenario: &Outcome) -> Vec<AmountDifference> {
    let mut rows: BTreeMap<Box<str>, AmountDifference> = BTreeMap::new();
    for (side, of) in [base, scenario].into_iter().enumerate() {
        for unit in of.capacity.units.iter().chain([&of.capacity.total]) {
            let id: Box<str> = unit.id.clone().unwrap_or_else(|| "(no unit)".into());
            let row = rows.entry(id.clone()).or_insert_with(|| AmountDifference {
                id,
                land_m2: [None; 2],
                gross_m2: [None; 2],
            });
            row.land_m2[side] = Some(unit.figures.land.usable_m2);
            row.gross_m2[side] = unit.figures.gross_new_floor_m2;
        }
    }
    rows.into_values().collect()
}

fn lines(base: &Outcome, scenario: &Outcome) -> Vec<AmountDifference> {
    let mut rows: BTreeMap<Box<str>, [Option<f64>; 2]> = BTreeMap::new();
    for (side, of) in [base, scenario].into_iter().enumerate() {
        let chosen = of.by_parcel();
        let (Some(lines), Some(overlay)) = (of.analysis.inputs().control_lines(), of.analysis.overlay())
        else {
            continue;
        };
        let mut inside: BTreeMap<Box<str>, sum::AreaSum> =
            lines.iter().map(|line| (line.id().into(), sum::AreaSum::default())).collect();
        let ids: Vec<Box<str>> = lines.iter().map(|line| line.id().into()).collect();
        for overlap in overlay.overlaps.iter().filter(|overlap| chosen.contains_key(&overlap.parcel)) {
            inside.entry(ids[overlap.line as usize].clone()).or_default().add(overlap.area_m2);
        }
        for (id, area) in inside {
            rows.entry(id).or_default()[side] = Some(area.m2());
        }
    }
    let row = |(id, land_m2)| AmountDifference { id, land_m2, gross_m2: [None; 2] };
    rows.into_iter().map(row).collect()
}

impl Scenario {
    /// Reads a scenario from TOML; `file` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Config`] with the line, the key and what was expected.
    pub fn from_toml(text: &str, file: &str) -> Result<Self, Error> {
        let own: Self = config::read(text, file)?;
        if own.name.trim().is_empty() {
            return Err(Error::Config {
                file: file.into(),
                reason: "`name` is empty, expected a name".into(),
            });
        }
        Ok(Self { file: file.into(), ..own })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The plan of a base with what differs.
    ///
    /// # Errors
    /// [`Error::Config`] for a key that is none; as [`RedevelopOptions::check`].
    pub fn plan(&self, base: &RedevelopOptions) -> Result<RedevelopOptions, Error> {
        let plan: RedevelopOptions = self.merged("plan", base, &self.plan)?;
        plan.check()?;
        Ok(plan)
    }

    /// The scenario on the analysis and plan of its base: only the stages that hang on what differs run again.
    ///
    /// # Errors
    /// [`Error::Config`] for options that are none or say how files are read; [`Error::NotFound`] for parcels and lines there are none of;
    /// [`Error::Param`] for attributes that cannot be set; as [`Outcome::of`].
    pub fn run(&self, base: &Analysis, plan: &RedevelopOptions) -> Result<Outcome, Error> {
        let options: Options = self.merged("analysis", base.options(), &self.analysis)?;
        options.check()?;
        if options.input != base.options().input {
            let reason = "`analysis.input` differs, expected options that do not change how files are read";
            return Err(Error::Config { file: self.file.clone(), reason: reason.into() });
        }
        let plan = self.plan(plan)?;
        let mut inputs = base.inputs().clone();
        if !self.edit.is_empty() {
            inputs = inputs.with_attributes(&self.edited(&inputs)?)?;
        }
        if !self.lines.without.is_empty() {
            inputs = inputs.without_lines(&self.lines.without)?;
        }
        let analysis = Analysis::new(&inputs, options).after(base).run()?;
        Outcome::of(self.name.clone(), analysis, plan)
    }

    /// Names of the columns that the scenario looks for: what a reader has to keep of the parcels.
    ///
    /// # Errors
    /// [`Error::Config`] for a key that is none; [`Error::Param`] for an expression that is none.
    pub fn columns(&self, options: &Options, plan: &RedevelopOptions) -> Result<Vec<Box<str>>, Error> {
        let options: Options = self.merged("analysis", options, &self.analysis)?;
        let mut names = options.columns()?;
        names.extend(self.plan(plan)?.columns()?);
        names.extend(self.edit.iter().flat_map(|edit| edit.set.keys().map(|name| name.as_str().into())));
        Ok(names)
    }

    fn merged<T: serde::Serialize + serde::de::DeserializeOwned>(
        &self,
        what: &str,
        base: &T,
        change: &toml::Table,
    ) -> Result<T, Error> {
        let fault = |reason: String| Error::Config {
            file: self.file.clone(),
            reason: format!("`{what}`: {}", reason.trim().replace('\n', "; ")).into(),
        };
        let mut table = toml::Table::try_from(base).map_err(|error| fault(error.to_string()))?;
        merge(&mut table, change);
        table.try_into().map_err(|error: toml::de::Error| fault(error.message().to_owned()))
    }

    fn edited(&self, inputs: &Inputs) -> Result<Vec<(ParcelIdx, Parcel)>, Error> {
        let set = inputs.parcels();
        let mut changed: BTreeMap<ParcelIdx, Parcel> = BTreeMap::new();
        let mut by_id: BTreeMap<&str, Vec<ParcelIdx>> = BTreeMap::new();
        for parcel in set.iter() {
            if let Some(id) = parcel.id().filter(|id| self.edit.iter().any(|edit| *edit.parcel == **id)) {
                by_id.entry(id).or_default().push(parcel.idx());
            }
        }
        for edit in &self.edit {
            let Some(found) = by_id.get(&*edit.parcel) else {
                let (what, id) = ("parcel", edit.parcel.clone());
                return Err(Error::NotFound { place: self.file.clone(), what, id });
            };
            for &idx in found {
                let parcel = changed.entry(idx).or_insert_with(|| set.get(idx).to_parcel());
                for (name, value) in &edit.set {
                    assign(set, parcel, name, Some(value))?;
                }
                for name in &edit.unset {
                    assign(set, parcel, name, None)?;
                }
            }
        }
        Ok(changed.into_iter().collect())
    }
}

/// Lays `change` over a table: tables are merged, all else is replaced.
fn merge(base: &mut toml::Table, change: &toml::Table) {
    for (key, value) in change {
        match (base.get_mut(key), value) {
            (Some(toml::Value::Table(own)), toml::Value::Table(change)) => merge(own, change),
            _ => drop(base.insert(key.clone(), value.clone())),
        }
    }
}

/// Sets an attribute of a parcel by its name, or makes it unknown.
fn assign(
    set: &ParcelSet,
    parcel: &mut Parcel,
    name: &str,
    value: Option<&toml::Value>,
) -> Result<(), ParamError> {
    let wrong = |expected: &str| {
        let found = value.map_or_else(String::new, ToString::to_string);
        Err(ParamError::new(&format!("edit of `{name}`"), found, expected))
    };
    let number = value.and_then(|v| v.as_float().or_else(|| v.as_integer().map(|whole| whole as f64)));
    let text = value.and_then(toml::Value::as_str);
    let attributes = set.attributes();
    let code = |own: &Option<LandUseCode>, column: &crate::parcel::CategoryColumn<LandUseCode>| {
        let scheme = own.as_ref().or_else(|| column.distinct().first());
        text.zip(scheme).map(|(text, like)| LandUseCode::new(&like.scheme, &like.edition, text))
    };
    let finite = number.filter(|number| number.is_finite());
    match name {
        "floor_area_m2" | "footprint_m2" | "floors" | "height_m" | "allowed_far" | "year_built" => {
            if value.is_some() && finite.is_none_or(|number| number < 0.0) {
                return wrong("a finite number of at least 0");
            }
            let own = match name {
                "floor_area_m2" => &mut parcel.floor_area_m2,
                "footprint_m2" => &mut parcel.footprint_m2,
                "floors" => &mut parcel.floors,
                "height_m" => &mut parcel.height_m,
                "allowed_far" => &mut parcel.allowed_far,
                _ => &mut parcel.year_built,
            };
            *own = finite;
        }
        "construction" => {
            let flag = value.and_then(toml::Value::as_bool);
            if value.is_some() && flag.is_none() {
                return wrong("true or false");
            }
            parcel.construction = flag;
        }
        "district" => {
            if value.is_some() && text.is_none() {
                return wrong("a text");
            }
            parcel.district = text.map(Into::into);
        }
        "current_use" | "zoned_use" => {
            let (own, column) = if name == "current_use" {
                (&mut parcel.current_use, &attributes.current_use)
            } else {
                (&mut parcel.zoned_use, &attributes.zoned_use)
            };
            let code = code(own, column);
            if value.is_some() && code.is_none() {
                return wrong("a code of the scheme of the parcels, as a text");
            }
            *own = code;
        }
        _ if attributes.numbers.contains_key(name) => match (value, finite) {
            (None, _) => {
                parcel.numbers.remove(name);
            }
            (_, Some(number)) => {
                parcel.numbers.insert(name.into(), number);
            }
            _ => return wrong("a finite number"),
        },
        _ if attributes.texts.contains_key(name) => match (value, text) {
            (None, _) => {
                parcel.texts.remove(name);
            }
            (_, Some(text)) => {
                parcel.texts.insert(name.into(), text.into());
            }
            _ => return wrong("a text"),
        },
        _ => {
            let names = attributes.numbers.keys().chain(attributes.texts.keys()).map(|name| &**name);
            let own = ["floor_area_m2", "footprint_m2", "floors", "height_m", "allowed_far", "year_built"];
            let own = own.into_iter().chain(["construction", "district", "current_use", "zoned_use"]);
            let near = nearest(name, own.chain(names));
            let near = near.map_or_else(String::new, |near| format!(" (did you mean `{near}`?)"));
            return Err(ParamError::new("edit", name, &format!("an attribute that parcels have{near}")));
        }
    }
    Ok(())
}
