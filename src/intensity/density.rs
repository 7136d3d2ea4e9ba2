use serde::Serialize;

use super::Spacematrix;
use crate::land::LandStatus;
use crate::parcel::{Column, ParcelIdx, ParcelSet};
use crate::sum::ExactSum;

/// How a column behaves where a parcel is split by the border of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// An amount, such as tax, jobs or residents: split by area, and added up.
    Extensive,
    /// A level, such as a price per m² or an allowed floor area ratio: the same on both sides, and averaged by area.
    Intensive,
}

/// A column that a ledger carries beside land.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    /// What it is called.
    pub name: Box<str>,
    /// How it behaves where parcels are split.
    pub nature: Nature,
    /// One value per parcel.
    pub values: Column<f64>,
}

/// A carried column in one unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnitAmount {
    /// What it is called.
    pub name: Box<str>,
    /// How it was put together.
    pub nature: Nature,
    /// The sum of what is known, or its mean by area; none where nothing is.
    pub value: Option<f64>,
    /// Parcels in the unit whose value is not known.
    pub unknown: usize,
}

/// What stands on the land of a unit, and for how many people.
///
/// Floor area, footprints and residents are those of parcels, split by the area of their own shape where a border splits a parcel,
/// also where their land counts for others that overlap it. Sums are of what is known, in part too where several records lie on a
/// parcel; the number of parcels in the unit of which it is not stands beside each.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Density {
    /// Gross floor area, m².
    pub floor_area_m2: Option<f64>,
    /// Parcels whose floor area is not known.
    pub floor_area_unknown: usize,
    /// Gross floor area ratio: floor area over all land, roads included. A lower bound where any is unknown.
    pub gross_far: Option<f64>,
    /// Net floor area ratio: floor area on construction land over that land, where floor area is known.
    pub net_far: Option<f64>,
    /// Ground that buildings stand on, m².
    pub footprint_m2: Option<f64>,
    /// Parcels whose footprint is not known.
    pub footprint_unknown: usize,
    /// Coverage: footprint over all land.
    pub coverage: Option<f64>,
    /// Construction land of which both floor area and footprint are known, m²: the base of the four measures below.
    pub spacematrix_base_m2: Option<f64>,
    /// Floor space index on that base: see [`Spacematrix`].
    pub fsi: Option<f64>,
    /// Ground space index.
    pub gsi: Option<f64>,
    /// Open space ratio.
    pub osr: Option<f64>,
    /// Mean number of floors.
    pub l: Option<f64>,
    /// Residents: the unit's own figure where it has one, else the sum over parcels.
    pub population: Option<f64>,
    /// Land per resident, m².
    pub land_per_person_m2: Option<f64>,
    /// Construction land per resident, m².
    pub construction_per_person_m2: Option<f64>,
    /// The carried columns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amounts: Vec<UnitAmount>,
}

/// A sum of what is known.
#[derive(Debug, Clone, Default)]
struct Sum {
    value: ExactSum,
    weight: ExactSum,
    is_known: bool,
    /// Parcels of which it is not known.
    unknown: usize,
}

impl Sum {
    /// Adds a level, or an amount on so much land.
    fn add(&mut self, value: Option<f64>, weight: f64) {
        self.add_amount(value);
        if value.is_some() {
            self.weight.add(weight);
        }
    }

    fn add_amount(&mut self, value: Option<f64>) {
        if let Some(value) = value {
            self.value.add(value);
            self.is_known = true;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.value += &other.value;
        self.weight += &other.weight;
        self.is_known |= other.is_known;
    }

    fn total(&self) -> Option<f64> {
        self.is_known.then(|| self.value.get())
    }
}

/// Sums of what stands in one unit.
#[derive(Debug, Clone, Default)]
pub(super) struct Built {
    floor: Sum,
    foot: Sum,
    people: Sum,
    /// Floor area on construction land where it is known, and that land.
    net: Sum,
    /// Floor area, footprint and land where both are known of construction land.
    both: [ExactSum; 3],
    carried: Vec<Sum>,
}

/// The columns a ledger carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) set: &'a ParcelSet,
    pub(super) status: &'a [LandStatus],
    pub(super) population: Option<&'a Column<f64>>,
    pub(super) carried: &'a [Carried],
}

impl Built {
    pub(super) fn new(columns: &Columns<'_>) -> Self {
        Self { carried: vec![Sum::default(); columns.carried.len()], ..Self::default() }
    }

    /// Counts parcel `i` where something is not known of it.
    pub(super) fn count(&mut self, columns: &Columns<'_>, i: usize) {
        let attributes = columns.set.attributes();
        let count = |sum: &mut Sum, column: &Column<f64>| sum.unknown += usize::from(column.get(i).is_none());
        count(&mut self.floor, &attributes.floor_area_m2);
        count(&mut self.foot, &attributes.footprint_m2);
        if let Some(population) = columns.population {
            count(&mut self.people, population);
        }
        for (sum, carried) in self.carried.iter_mut().zip(columns.carried) {
            count(sum, &carried.values);
        }
    }

    /// Adds the sums of another unit. A parcel may stand in both: the counts stay.
    pub(super) fn merge(&mut self, other: &Self) {
        self.floor.merge(&other.floor);
        self.foot.merge(&other.foot);
        self.people.merge(&other.people);
        self.net.merge(&other.net);
        for (sum, other) in self.both.iter_mut().zip(&other.both) {
            *sum += other;
        }
        for (sum, other) in self.carried.iter_mut().zip(&other.carried) {
            sum.merge(other);
        }
    }

    /// Adds this part of parcel `i`, of which `area` m² count as land.
    pub(super) fn add(&mut self, columns: &Columns<'_>, i: usize, area: f64, part: f64) {
        let attributes = columns.set.attributes();
        let of = |column: &Column<f64>| column.get(i).map(|value| value * part);
        let (floor, foot) = (of(&attributes.floor_area_m2), of(&attributes.footprint_m2));
        self.floor.add_amount(floor);
        if floor.is_none() {
            let known = columns.set.floor_area_known_m2(ParcelIdx(i as u32));
            self.floor.add_amount(known.map(|value| value * part));
        }
        self.foot.add_amount(foot);
        if columns.status[i] == LandStatus::Construction {
            if floor.is_some() {
                self.net.add(floor, area);
            }
            if let Some((floor, foot)) = floor.zip(foot) {
                for (sum, value) in self.both.iter_mut().zip([floor, foot, area]) {
                    sum.add(value);
                }
            }
        }
        if let Some(population) = columns.population {
            self.people.add_amount(of(population));
        }
        for (sum, carried) in self.carried.iter_mut().zip(columns.carried) {
            let weight = if carried.nature == Nature::Extensive { part } else { area };
            sum.add(carried.values.get(i).map(|value| value * weight), area);
        }
    }

    /// The figures on `land_m2` of land with `construction_m2` of construction land; `population` is the unit's own.
    pub(super) fn density(
        &self,
        columns: &Columns<'_>,
        land_m2: f64,
        construction_m2: f64,
        population: Option<f64>,
    ) -> Density {
        let ratio = |part: Option<f64>, whole: f64| part.filter(|_| whole > 0.0).map(|part| part / whole);
        let per = |people: Option<f64>, land: f64| people.filter(|p| *p > 0.0).map(|people| land / people);
        let [floor, foot, base] = self.both.each_ref().map(ExactSum::get);
        let measures = Spacematrix::of(base, floor, Some(foot)).ok();
        let population = population.or_else(|| self.people.total());
        Density {
            floor_area_m2: self.floor.total(),
            floor_area_unknown: self.floor.unknown,
            gross_far: ratio(self.floor.total(), land_m2),
            net_far: ratio(self.net.total(), self.net.weight.get()),
            footprint_m2: self.foot.total(),
            footprint_unknown: self.foot.unknown,
            coverage: ratio(self.foot.total(), land_m2),
            spacematrix_base_m2: (base > 0.0).then_some(base),
            fsi: measures.map(|m| m.fsi),
            gsi: measures.and_then(|m| m.gsi),
            osr: measures.and_then(|m| m.osr),
            l: measures.and_then(|m| m.l),
            population,
            land_per_person_m2: per(population, land_m2),
            construction_per_person_m2: per(population, construction_m2),
            amounts: (columns.carried.iter().zip(&self.carried))
                .map(|(carried, sum)| UnitAmount {
                    name: carried.name.clone(),
                    nature: carried.nature,
                    value: match carried.nature {
                        Nature::Extensive => sum.total(),
                        Nature::Intensive => ratio(sum.total(), sum.weight.get()),
                    },
                    unknown: sum.unknown,
                })
                .collect(),
        }
    }
}
