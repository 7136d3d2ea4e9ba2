use rayon::prelude::*;
use serde::Serialize;

use super::LandStatus;
use super::account::{Account, Totals, WarningLine};
use crate::control::Exclusion;
use crate::error::{Error, ParamError};
use crate::geometry::partition::Partition;
use crate::geometry::prepared::PreparedArea;
use crate::geometry::{MultiPolygonArray, MultiPolygonRef, boolean};
use crate::index::EnvelopeIndex;
use crate::parcel::{ParcelIdx, ParcelSet};

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
    /// The warning line.
    pub warning_line: Option<WarningLine>,
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
    pub warnings: Vec<String>,
    /// Construction land by (unit, parcel).
    construction: Vec<Share>,
}

impl Ledger {
    /// Draws up the balances.
    ///
    /// Each parcel's exclusive part is split by the units that share it; land in no district gets a row of its own that does
    /// not enter the total. Sums run in canonical order.
    ///
    /// # Errors
    /// [`ParamError`] for a warning line outside (0, 1] or columns of another length than the set; [`Error::Data`] where
    /// districts overlap by more than a sliver.
    ///
    /// # Complexity
    /// O(m log m) to prepare m vertices of districts and lines, about O(vertices) per parcel that lies in one district, and
    /// one boolean operation for each that crosses both a district's border and a line.
    pub fn draw_up(input: &LedgerInput<'_>) -> Result<Self, Error> {
        let LedgerInput { set, status, exclusion, warning_line, .. } = input;
        if let Some(line) = warning_line {
            line.check()?;
        }
        let lengths =
            [("status", status.len()), ("exclusion", exclusion.map_or(set.len(), |(_, of)| of.len()))];
        for (name, found) in lengths {
            if found != set.len() {
                let expected = format!("one entry for each of {} parcels", set.len());
                return Err(ParamError::new(name, found, &expected).into());
            }
        }
        let blocked = exclusion.zip(input.unsuitable).map(|((exclusion, _), unsuitable)| {
            let mut both = exclusion.dissolved().clone();
            both.append(unsuitable);
            Exclusion::new(boolean::dissolve(&both))
        });
        let layers = Layers { input, blocked: blocked.as_ref() };
        let mut warnings = Vec::new();
        let (study_area, Drawn { ids, mut tallies, mut shares }) = match input.units {
            StudyUnits::Districts(districts) => {
                (StudyArea::Districts, layers.by_districts(districts, &mut warnings)?)
            }
            StudyUnits::Attribute => (StudyArea::DistrictAttribute, layers.by_attribute()),
            StudyUnits::Whole => (StudyArea::Parcels, layers.whole()),
        };
        shares.retain(|share| status[share.parcel as usize] == LandStatus::Construction && share.area > 0.0);
        shares.sort_unstable_by_key(|share| (share.unit, share.parcel));
        let mut total = Tally::default();
        for (id, tally) in ids.iter().zip(&tallies) {
            if id.is_some() || study_area != StudyArea::Districts {
                total.add(tally);
            }
        }
        if let Some(last) = ids.iter().position(Option::is_none)
            && tallies[last].is_zero()
        {
            tallies.truncate(last);
        }
        let account = |id: Option<Box<str>>, tally: &Tally| {
            Account::draw_up(id, &tally.totals(layers.known()), warning_line.as_ref())
        };
        let ledger = Self {
            study_area,
            total: account(Some("all".into()), &total),
            units: ids.into_iter().zip(&tallies).map(|(id, tally)| account(id, tally)).collect(),
            warnings,
            construction: shares,
        };
        Ok(ledger.with_diagnostics())
    }

    fn with_diagnostics(mut self) -> Self {
        for account in self.units.iter().chain([&self.total]) {
            let name = account.id.as_deref().unwrap_or("outside all districts");
            for diagnostic in account.diagnostics() {
                self.warnings.push(format!("{name}: {diagnostic}"));
            }
        }
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

    /// The greatest relative residual of any balance of any unit: |parts − land| / land.
    pub fn residual(&self) -> f64 {
        (self.units.iter().chain([&self.total])).map(Account::residual).fold(0.0, f64::max)
    }
}

/// Sums of one unit, m².
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    land: f64,
    control: f64,
    blocked: f64,
    construction: f64,
    construction_inside: f64,
    other: f64,
    unknown: f64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.land += other.land;
        self.control += other.control;
        self.blocked += other.blocked;
        self.construction += other.construction;
        self.construction_inside += other.construction_inside;
        self.other += other.other;
        self.unknown += other.unknown;
    }

    fn is_zero(&self) -> bool {
        self.land <= 0.0
    }

    /// Adds a parcel's share; its land too where the unit is made of its parcels.
    fn add_share(&mut self, share: &Share, status: LandStatus, makes_land: bool) {
        match status {
            LandStatus::Construction => {
                self.construction += share.area;
                self.construction_inside += share.inside;
            }
            LandStatus::Unknown => self.unknown += share.area,
            LandStatus::Other => self.other += share.area,
        }
        if makes_land {
            self.land += share.area;
            self.control += share.inside;
            self.blocked += share.blocked;
        }
    }

    /// What the account is drawn up from.
    fn totals(&self, lines_known: bool) -> Totals {
        let known = |value: f64| lines_known.then_some(value);
        Totals {
            land_m2: self.land,
            construction_m2: self.construction,
            other_m2: self.other,
            unknown_m2: self.unknown,
            control_m2: known(self.control),
            developable_m2: known(self.land - self.blocked),
            construction_inside_m2: known(self.construction_inside),
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
struct Drawn {
    ids: Vec<Option<Box<str>>>,
    tallies: Vec<Tally>,
    shares: Vec<Share>,
}

impl Layers<'_> {
    fn known(&self) -> bool {
        self.input.exclusion.is_some()
    }

    /// The counted part of a parcel, all of it in one unit.
    fn whole_share(&self, parcel: u32) -> Share {
        let i = parcel as usize;
        let LedgerInput { set, partition, exclusion, .. } = self.input;
        let land = partition.get(set.geometry(), i);
        let area = partition.area_m2()[i];
        let replaced = partition.is_replaced(i);
        let inside = match exclusion {
            None => 0.0,
            Some((_, of_parcel)) if !replaced => of_parcel[i],
            Some((exclusion, _)) => exclusion.overlap_m2(land).clamp(0.0, area),
        };
        let blocked = self.blocked.map_or(inside, |blocked| blocked.overlap_m2(land).clamp(inside, area));
        Share { parcel, unit: 0, area, inside, blocked }
    }

    fn shares(&self) -> Vec<Share> {
        (0..self.input.set.len() as u32)
            .into_par_iter()
            .with_min_len(256)
            .map(|i| self.whole_share(i))
            .collect()
    }

    fn whole(&self) -> Drawn {
        let mut tally = Tally::default();
        let shares = self.shares();
        for share in &shares {
            tally.add_share(share, self.input.status[share.parcel as usize], true);
        }
        Drawn { ids: vec![Some("all".into())], tallies: vec![tally], shares }
    }

    fn by_attribute(&self) -> Drawn {
        let names = &self.input.set.attributes().district;
        let mut order: Vec<u32> = (0..names.distinct().len() as u32).collect();
        order.sort_by_key(|&key| &names.distinct()[key as usize]);
        let mut unit_of_key = vec![0; order.len()];
        for (unit, &key) in order.iter().enumerate() {
            unit_of_key[key as usize] = unit;
        }
        let mut tallies = vec![Tally::default(); order.len() + 1];
        let mut shares = self.shares();
        for share in &mut shares {
            let i = share.parcel as usize;
            let unit = names.key(i).map_or(order.len(), |key| unit_of_key[key as usize]);
            share.unit = unit as u32;
            tallies[unit].add_share(share, self.input.status[i], true);
        }
        let ids =
            order.iter().map(|&key| Some(names.distinct()[key as usize].clone())).chain([None]).collect();
        Drawn { ids, tallies, shares }
    }

    fn by_districts(&self, districts: &ParcelSet, warnings: &mut Vec<String>) -> Result<Drawn, Error> {
        let units = Districts::new(districts, warnings)?;
        let shares: Vec<Share> = (0..self.input.set.len() as u32)
            .into_par_iter()
            .with_min_len(256)
            .flat_map_iter(|parcel| self.split(parcel, &units))
            .collect();
        let mut tallies: Vec<Tally> = (0..units.len())
            .into_par_iter()
            .map(|unit| {
                let land = units.land(unit);
                let area = land.signed_area();
                let control = self.input.exclusion.map_or(0.0, |(exclusion, _)| exclusion.overlap_m2(land));
                let control = control.clamp(0.0, area);
                let blocked = self.blocked.map_or(control, |b| b.overlap_m2(land).clamp(control, area));
                Tally { land: area, control, blocked, ..Tally::default() }
            })
            .collect();
        let outside = tallies.len();
        tallies.push(Tally::default());
        for share in &shares {
            let unit = share.unit as usize;
            tallies[unit].add_share(share, self.input.status[share.parcel as usize], unit == outside);
        }
        Ok(Drawn { ids: units.ids.iter().cloned().map(Some).chain([None]).collect(), tallies, shares })
    }

    /// A parcel's shares in the districts it meets, and what is left in none.
    fn split(&self, parcel: u32, units: &Districts) -> Vec<Share> {
        let whole = self.whole_share(parcel);
        let land = self.input.partition.get(self.input.set.geometry(), parcel as usize);
        let rounding = ROUNDING * whole.area;
        let mut rest = Share { unit: units.len() as u32, ..whole };
        let mut shares = Vec::new();
        for unit in units.index.candidates(land.envelope()) {
            let area = units.prepared[unit as usize].overlap_area(land);
            if area <= rounding {
                continue;
            }
            if area >= whole.area - rounding {
                return vec![Share { unit, ..whole }];
            }
            let mut piece = None;
            let mut part_of = |layer: Option<&Exclusion>, of_whole: f64| match layer {
                _ if of_whole <= rounding => 0.0,
                _ if of_whole >= whole.area - rounding => area,
                None => 0.0,
                Some(layer) => {
                    let piece =
                        piece.get_or_insert_with(|| boolean::intersection(&land, &units.land(unit as usize)));
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
        shares
    }
}

/// Districts as disjoint polygons, by id.
struct Districts {
    ids: Vec<Box<str>>,
    /// One multipolygon per district, overlapping slivers given to the first.
    land: MultiPolygonArray,
    prepared: Vec<PreparedArea>,
    index: EnvelopeIndex,
}

/// Id of study unit `i`: its own, else its text `name`, else its position in the file.
pub fn unit_id(districts: &ParcelSet, i: usize) -> Box<str> {
    let attributes = districts.attributes();
    let name = || attributes.texts.get("name")?.get(i).map(|name| &**name);
    match attributes.id.get(i).or_else(name) {
        Some(id) => id.into(),
        None => districts.source_row()[i].to_string().into(),
    }
}

/// Districts may overlap by this share of the smaller one: the slivers of separate digitising.
const DISTRICT_SLIVER: f64 = 1e-3;

impl Districts {
    fn new(set: &ParcelSet, warnings: &mut Vec<String>) -> Result<Self, Error> {
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
                let (a, b) = (&ids[a as usize], &ids[b as usize]);
                let message =
                    format!("districts `{a}` and `{b}` overlap by {overlap_m2:.1} m², expected none");
                return Err(Error::Data(message.into()));
            }
            sliver_m2 += overlap_m2;
        }
        if !pairs.is_empty() {
            let count = pairs.len();
            warnings.push(format!(
                "{count} pairs of districts overlap in slivers ({sliver_m2:.1} m² in all), counted for the first by id"
            ));
        }
        let pairs: Vec<[u32; 2]> = pairs.iter().map(|&(a, b, _)| [a, b]).collect();
        let partition = Partition::new(&given, &pairs, &vec![0; given.len()]);
        let mut land = MultiPolygonArray::new();
        for i in 0..given.len() {
            land.push(partition.get(&given, i));
        }
        let prepared = (0..land.len()).map(|i| PreparedArea::new(&land.take(&[i as u32]))).collect();
        let envelopes: Vec<_> = land.iter().map(|unit| unit.envelope()).collect();
        Ok(Self { ids, index: EnvelopeIndex::new(&envelopes), land, prepared })
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
    let mut pairs = Vec::new();
    for a in 0..array.len() {
        let near: Vec<usize> =
            (a + 1..array.len()).filter(|&b| envelopes[a].intersects(&envelopes[b])).collect();
        if near.is_empty() {
            continue;
        }
        let prepared = PreparedArea::new(&array.take(&[a as u32]));
        for b in near {
            let overlap_m2 = prepared.overlap_area(array.get(b));
            if overlap_m2 > crate::control::OVERLAP_TOLERANCE_M2 {
                pairs.push((a as u32, b as u32, overlap_m2));
            }
        }
    }
    pairs
}
