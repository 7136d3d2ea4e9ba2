use std::iter::repeat;

use serde::Serialize;

use super::account::{Account, Totals, Unparcelled, WarningLine};
use super::density::{Built, Columns};
use super::limits::unit_id;
use super::{Bands, Carried, Limit, UnitLimit};
use crate::control::Exclusion;
use crate::error::{Error, ParamError};
use crate::geometry::EnvelopeIndex;
use crate::geometry::distance::Shape;
use crate::geometry::partition::Partition;
use crate::geometry::prepared::PreparedArea;
use crate::geometry::{MultiPolygonArray, MultiPolygonRef, boolean};
use crate::land::LandStatus;
use crate::parallel;
use crate::parcel::{Column, ParcelIdx, ParcelSet};
use crate::sum::AreaSum;
use crate::warning::{Warning, WarningKind};

/// Shares of a parcel below this part of its area are rounding, not land.
const ROUNDING: f64 = 1e-9;

/// What the units of a ledger are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StudyArea {
    /// Polygons given by the caller; their land may hold no parcel.
    Districts,
    /// The parcels' `district` attribute; the land is that of the parcels.
    DistrictAttribute,
    /// All parcels as one unit.
    Parcels,
    /// Cells of a grid; their land may hold no parcel.
    Grid,
    /// Bands of distance from the lines.
    Bands,
}

/// The units of a ledger.
#[derive(Debug, Clone)]
pub enum StudyUnits<'a> {
    /// Polygons that do not overlap.
    Districts(&'a ParcelSet),
    /// The parcels' `district` attribute.
    Attribute,
    /// All parcels as one unit.
    Whole,
    /// Cells that do not overlap, as [`grid`](super::grid) makes them.
    Grid(&'a ParcelSet),
    /// Bands of distance from the lines. With districts their land is the study area, and what lies in none is left out; else the
    /// land is that of the parcels.
    Bands(&'a Bands, Option<&'a ParcelSet>),
}

/// What a ledger is made of.
#[derive(Debug)]
pub struct LedgerInput<'a> {
    /// The parcels.
    pub set: &'a ParcelSet,
    /// What each parcel counts as.
    pub status: &'a [LandStatus],
    /// Which part of each parcel counts where parcels overlap.
    pub partition: &'a Partition,
    /// The union of the lines that exclude construction, and each parcel's overlap with it, m². None where no line is given:
    /// then nothing that depends on lines is known.
    pub exclusion: Option<(&'a Exclusion, &'a [f64])>,
    /// Disjoint polygons of land that cannot be built on for other reasons (water, steep slopes).
    pub unsuitable: Option<&'a MultiPolygonArray>,
    /// The units.
    pub units: StudyUnits<'a>,
    /// The warning line of all units, and of the whole.
    pub warning_line: Option<WarningLine>,
    /// Limits of single units. Where every unit has one and there is no warning line, their sum is the limit of the whole.
    pub limits: &'a [UnitLimit],
    /// Residents of each parcel. Districts that have a number `population` of their own are counted by it.
    pub population: Option<&'a Column<f64>>,
    /// Further columns to be carried.
    pub carried: &'a [Carried],
    /// What land in no parcel counts as.
    pub unparcelled: Unparcelled,
}

impl<'a> LedgerInput<'a> {
    /// Land alone: no lines, no limits, nothing carried.
    pub fn new(
        set: &'a ParcelSet,
        status: &'a [LandStatus],
        partition: &'a Partition,
        units: StudyUnits<'a>,
    ) -> Self {
        Self {
            set,
            status,
            partition,
            exclusion: None,
            unsuitable: None,
            units,
            warning_line: None,
            limits: &[],
            population: None,
            carried: &[],
            unparcelled: Unparcelled::default(),
        }
    }
}

/// Balances of all units, and of the whole study area.
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    /// What the units are.
    pub study_area: StudyArea,
    /// The whole study area: with district polygons, all of them together and nothing else.
    pub total: Account,
    /// One balance per unit, by id; what lies in no unit stands last.
    pub units: Vec<Account>,
    /// What a reader should know.
    pub warnings: Vec<Warning>,
    /// Construction land by (unit, parcel).
    construction: Vec<Share>,
}

impl Ledger {
    /// Computes the balances.
    ///
    /// Each parcel's exclusive part is split by the units that share it; land in no district gets a row of its own that does
    /// not enter the total. Sums run in canonical order.
    ///
    /// # Errors
    /// [`ParamError`] for a warning line outside (0, 1] or columns of another length than the set; [`Error::UnitsOverlap`] where
    /// districts overlap by more than a sliver.
    ///
    /// # Complexity
    /// O(m log m) to prepare m vertices of districts and lines, about O(vertices) per parcel that lies in one district, and
    /// one boolean operation for each that crosses both a district's border and a line.
    pub fn compute(input: &LedgerInput<'_>) -> Result<Self, Error> {
        let LedgerInput { set, status, exclusion, warning_line, .. } = input;
        if let Some(line) = warning_line {
            line.check()?;
        }
        let mut lengths = vec![("status", status.len())];
        lengths.extend(exclusion.map(|(_, of)| ("exclusion", of.len())));
        lengths.extend(input.population.map(|of| ("population", of.len())));
        lengths.extend(input.carried.iter().map(|carried| (&*carried.name, carried.values.len())));
        for (name, found) in lengths {
            if found != set.len() {
                let expected = format!("one entry for each of {} parcels", set.len());
                return Err(ParamError::new(name, found, &expected).into());
            }
        }
        if let StudyUnits::Districts(units) | StudyUnits::Grid(units) | StudyUnits::Bands(_, Some(units)) =
            &input.units
        {
            set.plane().check_same(units.plane(), "study units")?;
        }
        let blocked = exclusion.zip(input.unsuitable).map(|((exclusion, _), unsuitable)| {
            let mut both = exclusion.dissolved().clone();
            both.append(unsuitable);
            Exclusion::new(boolean::dissolve(&both))
        });
        let layers = Layers { input, blocked: blocked.as_ref() };
        let mut warnings = Vec::new();
        let (study_area, drawn) = match input.units {
            StudyUnits::Districts(districts) => {
                (StudyArea::Districts, layers.by_districts(districts, &mut warnings)?)
            }
            StudyUnits::Grid(cells) => (StudyArea::Grid, layers.by_districts(cells, &mut warnings)?),
            StudyUnits::Attribute => (StudyArea::DistrictAttribute, layers.by_attribute()),
            StudyUnits::Whole => (StudyArea::Parcels, layers.whole()),
            StudyUnits::Bands(bands, districts) => (StudyArea::Bands, layers.by_bands(bands, districts)?),
        };
        let Divided { mut ids, mut tallies, mut shares, own, rest_is_outside, people } = drawn;
        let outside = ids.iter().position(Option::is_none);
        let counts = |unit: usize| !rest_is_outside || Some(unit) != outside;
        let columns = Columns { set, status, population: input.population, carried: input.carried };
        let shapes = Shapes { counted: &shares, own: &own, partition: input.partition };
        let (built, built_total) = stand_on(&columns, &shapes, ids.len(), counts);
        shares.retain(|share| status[share.parcel as usize] == LandStatus::Construction && share.area > 0.0);
        let key = |share: &Share| u64::from(share.unit) << 32 | u64::from(share.parcel);
        let mut order: Vec<u128> =
            shares.iter().zip(0..).map(|(share, i)| parallel::placed(key(share), i)).collect();
        parallel::sort_wide(&mut order);
        let shares: Vec<Share> = order.into_iter().map(|placed| shares[placed as u32 as usize]).collect();
        let mut total = Tally::default();
        (0..ids.len()).filter(|&unit| counts(unit)).for_each(|unit| total.add(&tallies[unit]));
        if let Some(last) = outside
            && tallies[last].is_zero()
        {
            tallies.truncate(last);
            ids.truncate(last);
        }
        let limits = Limits::new(input, &ids, &tallies)?;
        let account = |id: Option<Box<str>>, tally: &Tally, built: &Built, people: Option<f64>, limit| {
            let mut account = Account::compute(id, &tally.totals(layers.known(), input.unparcelled), limit);
            account.density = built.density(&columns, account.land_m2, account.construction_m2, people);
            account
        };
        // Residents of all units are known where those of each are.
        let all_people = people.iter().copied().sum::<Option<f64>>().filter(|_| !people.is_empty());
        let units = ids.iter().zip(&tallies).enumerate().map(|(unit, (id, tally))| {
            let own = people.get(unit).copied().flatten();
            account(id.clone(), tally, &built[unit], own, limits.of(id.as_deref()))
        });
        let ledger = Self {
            study_area,
            units: units.collect(),
            total: account(Some("all".into()), &total, &built_total, all_people, limits.of_all()),
            warnings,
            construction: shares,
        };
        Ok(ledger.with_diagnostics())
    }

    fn with_diagnostics(mut self) -> Self {
        /// Units of which each is told.
        const TOLD: usize = 20;
        let of = |account: &Account| {
            let name = account.id.as_deref().unwrap_or("outside all districts").to_owned();
            let diagnostics = account.diagnostics().into_iter().map(WarningKind::from);
            diagnostics.map(move |kind| Warning::from(kind).of(&*name))
        };
        let mut found: Vec<Warning> = self.units.iter().flat_map(of).collect();
        let more = found.len().saturating_sub(TOLD);
        found.truncate(TOLD);
        if more > 0 {
            found.push(WarningKind::MoreBuiltBeyond { count: more }.into());
        }
        found.extend(of(&self.total));
        self.warnings.extend(found);
        self
    }

    /// Construction land of each parcel in unit `unit` of [`units`](Self::units), m², in canonical order.
    ///
    /// # Complexity
    /// O(log n) to find the unit.
    pub fn construction_in(&self, unit: usize) -> Vec<(ParcelIdx, f64)> {
        let first = self.construction.partition_point(|share| (share.unit as usize) < unit);
        let of_unit = self.construction[first..].iter().take_while(|share| share.unit as usize == unit);
        of_unit.map(|share| (ParcelIdx(share.parcel), share.area)).collect()
    }

    /// Construction land of each parcel in the study area, m², in canonical order: in all units together.
    ///
    /// # Complexity
    /// O(n log n).
    pub fn construction_in_all(&self) -> Vec<(ParcelIdx, f64)> {
        let outside = if matches!(self.study_area, StudyArea::DistrictAttribute | StudyArea::Parcels) {
            None
        } else {
            self.units.iter().position(|unit| unit.id.is_none())
        };
        let counted = self.construction.iter().filter(|share| Some(share.unit as usize) != outside);
        let mut areas: Vec<(ParcelIdx, f64)> =
            counted.map(|share| (ParcelIdx(share.parcel), share.area)).collect();
        // Shares of one parcel stand in order of unit, so that their sum does not depend on anything else.
        areas.sort_by_key(|(parcel, _)| *parcel);
        areas.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            kept.1 += if same { next.1 } else { 0.0 };
            same
        });
        areas
    }

    /// The greatest relative residual of any balance of any unit: |parts − land| / land.
    pub fn residual(&self) -> f64 {
        (self.units.iter().chain([&self.total])).map(Account::residual).fold(0.0, f64::max)
    }
}

/// Shares of parcels in units, parcel by parcel: of the part that counts, and of its own shape where that is more.
struct Shapes<'a> {
    counted: &'a [Share],
    own: &'a [Share],
    partition: &'a Partition,
}

impl Shapes<'_> {
    /// What of a parcel counts in a unit, m².
    fn counted_m2(&self, parcel: u32, unit: u32) -> f64 {
        let first = self.counted.partition_point(|share| share.parcel < parcel);
        let of_parcel = self.counted[first..].iter().take_while(|share| share.parcel == parcel);
        of_parcel.filter(|share| share.unit == unit).map(|share| share.area).sum()
    }
}

/// Sums of what stands in each unit, and in all that count. Amounts go by a parcel's own shape, land by the part that counts.
fn stand_on(
    columns: &Columns<'_>,
    shapes: &Shapes<'_>,
    units: usize,
    counts: impl Fn(usize) -> bool,
) -> (Vec<Built>, Built) {
    let mut built = vec![Built::new(columns); units];
    let mut total = Built::new(columns);
    let of_parcel = |a: &Share, b: &Share| a.parcel == b.parcel;
    let replaced = |shares: &&[Share]| shapes.partition.is_replaced(shares[0].parcel as usize);
    let whole = shapes.counted.chunk_by(of_parcel).filter(|shares| !replaced(shares));
    let cut = shapes.own.chunk_by(of_parcel);
    for (shares, is_whole) in whole.zip(repeat(true)).chain(cut.zip(repeat(false))) {
        let parcel = shares[0].parcel;
        let i = parcel as usize;
        let whole: f64 = shares.iter().map(|share| share.area).sum();
        if whole <= 0.0 {
            continue;
        }
        for share in shares {
            let land = if is_whole { share.area } else { shapes.counted_m2(parcel, share.unit) };
            built[share.unit as usize].add(columns, i, land, share.area / whole);
            built[share.unit as usize].count(columns, i);
        }
        if shares.iter().any(|share| counts(share.unit as usize) && share.area > 0.0) {
            total.count(columns, i);
        }
    }
    (0..units).filter(|&unit| counts(unit)).for_each(|unit| total.merge(&built[unit]));
    (built, total)
}

/// What limits which unit.
struct Limits<'a> {
    line: Option<(Limit, &'a str)>,
    own: std::collections::HashMap<&'a str, (Limit, &'a str)>,
    sum: Option<Limit>,
}

impl<'a> Limits<'a> {
    fn new(input: &'a LedgerInput<'_>, ids: &[Option<Box<str>>], tallies: &[Tally]) -> Result<Self, Error> {
        let line = input.warning_line.as_ref().map(|line| (Limit::Share(line.share), &*line.source));
        let mut own = std::collections::HashMap::new();
        for UnitLimit { unit, limit, source } in input.limits {
            limit.area_m2(1.0)?;
            if !ids.iter().flatten().any(|id| id == unit) {
                return Err(Error::NotFound { place: "limits".into(), what: "unit", id: unit.clone() });
            }
            if own.insert(&**unit, (*limit, &**source)).is_some() {
                return Err(ParamError::new("limits", format!("two of unit `{unit}`"), "one of each").into());
            }
        }
        let areas = ids.iter().zip(tallies).filter_map(|(id, tally)| Some((id.as_deref()?, tally)));
        let areas = areas.map(|(id, tally)| own.get(id)?.0.area_m2(tally.land.m2()).ok());
        let sum = if own.is_empty() { None } else { areas.sum::<Option<f64>>().map(Limit::AreaM2) };
        Ok(Self { line, own, sum })
    }

    fn of(&self, id: Option<&str>) -> Option<(Limit, &'a str)> {
        id.and_then(|id| self.own.get(id).copied()).or(self.line)
    }

    fn of_all(&self) -> Option<(Limit, &'a str)> {
        self.line.or(self.sum.map(|sum| (sum, "the sum of the units' limits")))
    }
}

/// Sums of one unit, m².
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    land: AreaSum,
    control: AreaSum,
    blocked: AreaSum,
    construction: AreaSum,
    construction_inside: AreaSum,
    construction_unsuitable: AreaSum,
    other: AreaSum,
    other_inside: AreaSum,
    other_unsuitable: AreaSum,
    unknown_unsuitable: AreaSum,
    unknown: AreaSum,
    unknown_inside: AreaSum,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.land += other.land;
        self.control += other.control;
        self.blocked += other.blocked;
        self.construction += other.construction;
        self.construction_inside += other.construction_inside;
        self.construction_unsuitable += other.construction_unsuitable;
        self.other_unsuitable += other.other_unsuitable;
        self.unknown_unsuitable += other.unknown_unsuitable;
        self.other += other.other;
        self.other_inside += other.other_inside;
        self.unknown += other.unknown;
        self.unknown_inside += other.unknown_inside;
    }

    fn is_zero(&self) -> bool {
        self.land <= AreaSum::default()
    }

    /// Adds a parcel's share; its land too where the unit is made of its parcels.
    fn add_share(&mut self, share: &Share, status: LandStatus, makes_land: bool) {
        match status {
            LandStatus::Construction => {
                self.construction.add(share.area);
                self.construction_inside.add(share.inside);
                self.construction_unsuitable.add(share.blocked - share.inside);
            }
            LandStatus::Unknown => {
                self.unknown.add(share.area);
                self.unknown_inside.add(share.inside);
                self.unknown_unsuitable.add(share.blocked - share.inside);
            }
            LandStatus::Other => {
                self.other.add(share.area);
                self.other_inside.add(share.inside);
                self.other_unsuitable.add(share.blocked - share.inside);
            }
        }
        if makes_land {
            self.land.add(share.area);
            self.control.add(share.inside);
            self.blocked.add(share.blocked);
        }
    }

    /// What the account is computed from.
    fn totals(&self, lines_known: bool, unparcelled: Unparcelled) -> Totals {
        let known = |sum: AreaSum| lines_known.then(|| sum.m2());
        Totals {
            land_m2: self.land.m2(),
            construction_m2: self.construction.m2(),
            other_m2: self.other.m2(),
            unknown_m2: self.unknown.m2(),
            control_m2: known(self.control),
            developable_m2: known(self.land - self.blocked),
            construction_inside_m2: known(self.construction_inside),
            other_inside_m2: known(self.other_inside),
            unknown_inside_m2: known(self.unknown_inside),
            construction_unsuitable_m2: known(self.construction_unsuitable),
            other_unsuitable_m2: known(self.other_unsuitable),
            unknown_unsuitable_m2: known(self.unknown_unsuitable),
            unparcelled,
        }
    }
}

/// Part of a parcel in one unit, m².
#[derive(Debug, Clone, Copy, PartialEq)]
struct Share {
    parcel: u32,
    unit: u32,
    area: f64,
    inside: f64,
    blocked: f64,
}

/// Everything that parcels are measured against.
struct Layers<'a> {
    input: &'a LedgerInput<'a>,
    /// Excluded and unsuitable land together.
    blocked: Option<&'a Exclusion>,
}

/// Units by id, what each holds, and which parcels that comes from.
struct Divided {
    ids: Vec<Option<Box<str>>>,
    tallies: Vec<Tally>,
    /// Parcel by parcel.
    shares: Vec<Share>,
    /// The same by the own shape of each parcel of which only a part counts.
    own: Vec<Share>,
    /// Whether what lies in no unit lies outside the study area too.
    rest_is_outside: bool,
    /// Residents that units state themselves; empty where none can.
    people: Vec<Option<f64>>,
}

impl Divided {
    fn of_parcels(
        ids: Vec<Option<Box<str>>>,
        tallies: Vec<Tally>,
        shares: Vec<Share>,
        own: Vec<Share>,
    ) -> Self {
        Self { ids, tallies, shares, own, rest_is_outside: false, people: Vec::new() }
    }
}

/// Which shape of a parcel is shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shaped {
    /// The part that counts.
    Counted,
    /// All of it.
    Own,
}

impl Layers<'_> {
    fn known(&self) -> bool {
        self.input.exclusion.is_some()
    }

    fn land(&self, i: usize, shaped: Shaped) -> MultiPolygonRef<'_> {
        let whole = self.input.set.geometry();
        if shaped == Shaped::Own { whole.get(i) } else { self.input.partition.get(whole, i) }
    }

    /// A parcel, all of it in one unit.
    fn whole_share(&self, parcel: u32, shaped: Shaped) -> Share {
        let i = parcel as usize;
        let LedgerInput { set, partition, exclusion, .. } = self.input;
        let land = self.land(i, shaped);
        let is_own = shaped == Shaped::Own || !partition.is_replaced(i);
        let area = if is_own { set.area_m2()[i] } else { partition.area_m2()[i] };
        let inside = match exclusion {
            None => 0.0,
            Some((_, of_parcel)) if is_own => of_parcel[i],
            Some((exclusion, _)) => exclusion.overlap_m2(land).clamp(0.0, area),
        };
        let blocked = self.blocked.map_or(inside, |blocked| blocked.overlap_m2(land).clamp(inside, area));
        Share { parcel, unit: 0, area, inside, blocked }
    }

    /// The shares that `add` adds for each parcel, and those by its own shape where only a part counts.
    fn shares(&self, add: &(dyn Fn(u32, Shaped, &mut Vec<Share>) + Sync)) -> [Vec<Share>; 2] {
        let replaced = self.input.partition.replaced();
        let counted = parallel::gather(self.input.set.len(), 256, &|run, shares| {
            shares.reserve(run.len());
            run.for_each(|i| add(i as u32, Shaped::Counted, shares));
        });
        let own = parallel::gather(replaced.len(), 16, &|run, shares| {
            run.for_each(|i| add(replaced[i], Shaped::Own, shares));
        });
        [counted, own]
    }

    fn whole(&self) -> Divided {
        let mut tally = Tally::default();
        let [shares, own] =
            self.shares(&|parcel, shaped, shares| shares.push(self.whole_share(parcel, shaped)));
        for share in &shares {
            tally.add_share(share, self.input.status[share.parcel as usize], true);
        }
        Divided::of_parcels(vec![Some("all".into())], vec![tally], shares, own)
    }

    fn by_attribute(&self) -> Divided {
        let names = &self.input.set.attributes().district;
        let mut order: Vec<u32> = (0..names.distinct().len() as u32).collect();
        order.sort_by_key(|&key| &names.distinct()[key as usize]);
        let mut unit_of_key = vec![0; order.len()];
        for (unit, &key) in order.iter().enumerate() {
            unit_of_key[key as usize] = unit;
        }
        let mut tallies = vec![Tally::default(); order.len() + 1];
        let [shares, own] = self.shares(&|parcel, shaped, shares| {
            let unit = names.key(parcel as usize).map_or(order.len(), |key| unit_of_key[key as usize]);
            shares.push(Share { unit: unit as u32, ..self.whole_share(parcel, shaped) });
        });
        for share in &shares {
            let status = self.input.status[share.parcel as usize];
            tallies[share.unit as usize].add_share(share, status, true);
        }
        let ids =
            order.iter().map(|&key| Some(names.distinct()[key as usize].clone())).chain([None]).collect();
        Divided::of_parcels(ids, tallies, shares, own)
    }

    /// Bands are nested areas: a parcel's land in one is what the wider area holds of it more than the narrower. With districts,
    /// what lies outside them all stands in a row of its own.
    fn by_bands(&self, bands: &Bands, districts: Option<&ParcelSet>) -> Result<Divided, Error> {
        let Some((exclusion, _)) = self.input.exclusion else {
            return Err(
                ParamError::new("bands", "given without lines", "lines that exclude construction").into()
            );
        };
        let names = bands.names();
        let outside = names.len() as u32;
        let study = districts.map(|districts| Exclusion::new(boolean::dissolve(districts.geometry())));
        let nested = Nested::new(bands, self.blocked);
        let split = |parcel: u32, land: MultiPolygonRef<'_>, area: f64, inside: f64, blocked: f64| {
            nested.split(land, &Share { parcel, unit: 0, area, inside, blocked })
        };
        let of_parcel = |parcel: u32, shaped: Shaped| -> Vec<Share> {
            let whole = self.whole_share(parcel, shaped);
            let land = self.land(parcel as usize, shaped);
            let rounding = ROUNDING * whole.area;
            let in_study = study.as_ref().map_or(whole.area, |study| study.overlap_m2(land));
            if in_study >= whole.area - rounding {
                return split(parcel, land, whole.area, whole.inside, whole.blocked);
            }
            let Some(study) = study.as_ref().filter(|_| in_study > rounding) else {
                return vec![Share { unit: outside, ..whole }];
            };
            let piece = study.intersection(&land);
            let (piece, in_study) = (piece.get(0), in_study.clamp(0.0, whole.area));
            let inside = exclusion.overlap_m2(piece).clamp(0.0, in_study.min(whole.inside));
            let blocked = self.blocked.map_or(inside, |blocked| blocked.overlap_m2(piece));
            let blocked = blocked.clamp(inside, in_study.min(whole.blocked).max(inside));
            let mut shares = split(parcel, piece, in_study, inside, blocked);
            let area = whole.area - in_study;
            let inside = (whole.inside - inside).clamp(0.0, area);
            let blocked = (whole.blocked - blocked).clamp(inside, area);
            shares.push(Share { parcel, unit: outside, area, inside, blocked });
            shares
        };
        let [shares, own] =
            self.shares(&|parcel, shaped, shares| shares.append(&mut of_parcel(parcel, shaped)));
        let mut tallies = vec![Tally::default(); names.len() + 1];
        if let Some(study) = &study {
            let land = study.dissolved();
            let lands: Vec<Vec<Share>> = parallel::collect(land.len(), 1, &|i| {
                let land = land.get(i);
                let area = land.signed_area();
                let inside = exclusion.overlap_m2(land).clamp(0.0, area);
                let blocked = self.blocked.map_or(inside, |b| b.overlap_m2(land).clamp(inside, area));
                split(0, land, area, inside, blocked)
            });
            for share in lands.into_iter().flatten() {
                let tally = &mut tallies[share.unit as usize];
                tally.land.add(share.area);
                tally.control.add(share.inside);
                tally.blocked.add(share.blocked);
            }
        }
        for share in &shares {
            let makes_land = study.is_none() || share.unit == outside;
            let status = self.input.status[share.parcel as usize];
            tallies[share.unit as usize].add_share(share, status, makes_land);
        }
        let ids = names.into_iter().map(Some).chain([None]).collect();
        Ok(Divided { ids, tallies, shares, own, rest_is_outside: true, people: Vec::new() })
    }

    fn by_districts(&self, districts: &ParcelSet, warnings: &mut Vec<Warning>) -> Result<Divided, Error> {
        let units = Districts::new(districts, warnings)?;
        let [shares, own] = self.shares(&|parcel, shaped, shares| self.split(parcel, shaped, &units, shares));
        let mut tallies: Vec<Tally> = parallel::collect(units.len(), 1, &|unit| {
            let land = units.land(unit);
            let area = land.signed_area();
            let control = self.input.exclusion.map_or(0.0, |(exclusion, _)| exclusion.overlap_m2(land));
            let control = control.clamp(0.0, area);
            let blocked = self.blocked.map_or(control, |b| b.overlap_m2(land).clamp(control, area));
            let [land, control, blocked] = [area, control, blocked].map(AreaSum::of);
            Tally { land, control, blocked, ..Tally::default() }
        });
        let outside = tallies.len();
        tallies.push(Tally::default());
        for share in &shares {
            let unit = share.unit as usize;
            tallies[unit].add_share(share, self.input.status[share.parcel as usize], unit == outside);
        }
        Ok(Divided {
            ids: units.ids.iter().cloned().map(Some).chain([None]).collect(),
            tallies,
            shares,
            own,
            rest_is_outside: true,
            people: units.people,
        })
    }

    /// Adds a parcel's shares in the districts it meets, and what is left in none.
    fn split(&self, parcel: u32, shaped: Shaped, units: &Districts, shares: &mut Vec<Share>) {
        let whole = self.whole_share(parcel, shaped);
        let land = self.land(parcel as usize, shaped);
        let rounding = ROUNDING * whole.area;
        let mut rest = Share { unit: units.len() as u32, ..whole };
        let envelope = land.envelope();
        let first = shares.len();
        for unit in units.index.candidates(envelope) {
            let area = units.prepared[unit as usize].overlap_area(Shape { geometry: land, envelope });
            if area <= rounding {
                continue;
            }
            if area >= whole.area - rounding {
                shares.truncate(first);
                shares.push(Share { unit, ..whole });
                return;
            }
            let mut piece = None;
            let mut part_of = |layer: Option<&Exclusion>, of_whole: f64| match layer {
                _ if of_whole <= rounding => 0.0,
                _ if of_whole >= whole.area - rounding => area,
                None => 0.0,
                Some(layer) => {
                    let piece =
                        piece.get_or_insert_with(|| units.prepared[unit as usize].intersection(&land));
                    piece.iter().map(|part| layer.overlap_m2(part)).sum::<f64>().clamp(0.0, area)
                }
            };
            let inside = part_of(self.input.exclusion.map(|(exclusion, _)| exclusion), whole.inside);
            let blocked = match self.blocked {
                None => inside,
                Some(layer) => part_of(Some(layer), whole.blocked).max(inside),
            };
            rest.area -= area;
            rest.inside -= inside;
            rest.blocked -= blocked;
            shares.push(Share { parcel, unit, area, inside, blocked });
        }
        if rest.area > rounding {
            rest.inside = rest.inside.clamp(0.0, rest.area);
            rest.blocked = rest.blocked.clamp(rest.inside, rest.area);
            shares.push(rest);
        }
    }
}

/// Bands as nested areas.
struct Nested<'a> {
    bands: &'a Bands,
    /// Blocked land within each reach; without unsuitable land it is the lines alone, inside all of them.
    blocked: Option<Vec<Exclusion>>,
}

impl<'a> Nested<'a> {
    fn new(bands: &'a Bands, blocked: Option<&Exclusion>) -> Self {
        let blocked = blocked.map(|blocked| {
            let near = |reach: &Exclusion| {
                let (all, reach) = (blocked.dissolved(), reach.dissolved());
                let none = all.is_empty() || reach.is_empty();
                let both = || boolean::intersection(&all.get(0), &reach.get(0));
                Exclusion::new(if none { MultiPolygonArray::new() } else { both() })
            };
            bands.reaches().iter().map(near).collect()
        });
        Self { bands, blocked }
    }

    /// The bands' shares of `land`, of which `whole` is known.
    fn split(&self, land: MultiPolygonRef<'_>, whole: &Share) -> Vec<Share> {
        let mut shares = vec![];
        let mut push = |unit: usize, area: f64, inside: f64, blocked: f64| {
            if area > 0.0 {
                let blocked = blocked.clamp(inside, area);
                shares.push(Share { unit: unit as u32, area, inside, blocked, ..*whole });
            }
        };
        push(0, whole.inside, whole.inside, whole.inside);
        let (mut reached, mut blocked) = (whole.inside, whole.inside);
        let most_blocked = whole.blocked.max(whole.inside);
        for (k, reach) in self.bands.reaches().iter().enumerate() {
            if reached >= whole.area {
                break;
            }
            let now = reach.overlap_m2(land).clamp(reached, whole.area);
            let now_blocked = self
                .blocked
                .as_ref()
                .map_or(blocked, |of_reach| of_reach[k].overlap_m2(land).clamp(blocked, most_blocked));
            push(k + 1, now - reached, 0.0, now_blocked - blocked);
            (reached, blocked) = (now, now_blocked);
        }
        push(self.bands.reaches().len() + 1, whole.area - reached, 0.0, most_blocked - blocked);
        shares
    }
}

/// Districts as disjoint polygons, by id.
struct Districts {
    ids: Vec<Box<str>>,
    /// Residents as the districts state them; empty where none does.
    people: Vec<Option<f64>>,
    /// One multipolygon per district, overlapping slivers given to the first.
    land: MultiPolygonArray,
    prepared: Vec<PreparedArea>,
    index: EnvelopeIndex,
}

/// Districts may overlap by this share of the smaller one: the slivers of separate digitising.
const DISTRICT_SLIVER: f64 = 1e-3;

impl Districts {
    fn new(set: &ParcelSet, warnings: &mut Vec<Warning>) -> Result<Self, Error> {
        let mut order: Vec<(Box<str>, u32)> = (0..set.len()).map(|i| (unit_id(set, i), i as u32)).collect();
        order.sort();
        let rows: Vec<u32> = order.iter().map(|(_, i)| *i).collect();
        let ids: Vec<Box<str>> = order.into_iter().map(|(id, _)| id).collect();
        let given = set.geometry().take(&rows);

        let pairs = overlapping_pairs(&given);
        let mut sliver_m2 = 0.0;
        for &(a, b, overlap_m2) in &pairs {
            let smaller = given.get(a as usize).signed_area().min(given.get(b as usize).signed_area());
            if overlap_m2 > DISTRICT_SLIVER * smaller {
                let [a, b] = [a, b].map(|i| ids[i as usize].clone());
                return Err(Error::UnitsOverlap { a, b, area_m2: overlap_m2 });
            }
            sliver_m2 += overlap_m2;
        }
        if !pairs.is_empty() {
            let slivers = WarningKind::DistrictSlivers { count: pairs.len(), area_m2: sliver_m2 };
            warnings.push(slivers.into());
        }
        let pairs: Vec<[u32; 2]> = pairs.iter().map(|&(a, b, _)| [a, b]).collect();
        let partition = Partition::new(&given, &pairs, &vec![0; given.len()])?;
        let mut land = MultiPolygonArray::new();
        for i in 0..given.len() {
            land.push(partition.get(&given, i));
        }
        let prepared = parallel::collect(land.len(), 1, &|i| PreparedArea::new(&land.take(&[i as u32])));
        let envelopes: Vec<_> = land.iter().map(|unit| unit.envelope()).collect();
        let stated = set.attributes().numbers.get("population").map(|numbers| &numbers.values);
        let people = stated.map_or_else(Vec::new, |of| rows.iter().map(|&i| of.get(i as usize)).collect());
        Ok(Self { ids, people, index: EnvelopeIndex::new(&envelopes), land, prepared })
    }

    fn len(&self) -> usize {
        self.ids.len()
    }

    fn land(&self, unit: usize) -> MultiPolygonRef<'_> {
        self.land.get(unit)
    }
}

/// Pairs of geometries that share more than the tolerance, with the area they share.
fn overlapping_pairs(array: &MultiPolygonArray) -> Vec<(u32, u32, f64)> {
    let envelopes: Vec<_> = array.iter().map(|geometry| geometry.envelope()).collect();
    let index = EnvelopeIndex::new(&envelopes);
    let of_one = |a: usize| {
        let mut near: Vec<u32> = index.candidates(envelopes[a]).filter(|&b| b as usize > a).collect();
        near.sort_unstable();
        let prepared = (!near.is_empty()).then(|| PreparedArea::new(&array.take(&[a as u32])));
        let overlap = |b: u32| prepared.as_ref().map_or(0.0, |area| area.overlap_area(array.get(b as usize)));
        let shared = near.into_iter().map(|b| (a as u32, b, overlap(b)));
        shared.filter(|pair| pair.2 > crate::control::OVERLAP_TOLERANCE_M2).collect::<Vec<_>>()
    };
    parallel::gather(array.len(), 1, &|run, pairs| pairs.extend(run.flat_map(of_one)))
}
