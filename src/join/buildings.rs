use serde::{Deserialize, Serialize};

use super::{Filled, overlay};
use crate::control::OVERLAP_TOLERANCE_M2;
use crate::error::{Error, ParamError};
use crate::geometry::EnvelopeIndex;
use crate::geometry::distance::PairMeasure;
use crate::parallel;
use crate::parcel::{Column, NamedNumbers, ParcelIdx, ParcelSet};
use crate::sum;

/// How buildings are brought onto parcels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct BuildingOptions {
    /// Height of a storey where a building's floors are not known but its height is, m. Default: 3.5.
    pub storey_height_m: f64,
    /// Least share of its ground a building has on a parcel to count for the parcel's floors and height; a tower that laps over a border by
    /// its survey error is not the neighbour's. Default: 0.1.
    pub least_share: f64,
    /// Whether the file holds every building there is, so that a parcel without one has a floor area of 0. Default: no, it is unknown.
    pub complete: bool,
}

impl Default for BuildingOptions {
    fn default() -> Self {
        Self { storey_height_m: 3.5, least_share: 0.1, complete: false }
    }
}

/// The part of a building that stands on one parcel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BuildingPiece {
    /// Position of the building in its set.
    pub building: ParcelIdx,
    /// The parcel.
    pub parcel: ParcelIdx,
    /// Ground they share, m².
    pub overlap_m2: f64,
    /// Share of the building that is counted here.
    pub share: f64,
}

/// What became of buildings joined to parcels.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct BuildingReport {
    /// Buildings that could be measured.
    pub buildings: usize,
    /// Features that are no polygon, or could not be measured.
    pub rejected: usize,
    /// Buildings on one parcel, but for at most a thousandth of their ground.
    pub on_one_parcel: usize,
    /// Buildings on several parcels, or partly on none.
    pub spread: usize,
    /// Buildings on no parcel.
    pub on_no_parcel: usize,
    /// Their ground, m².
    pub ground_m2: f64,
    /// Part of it on parcels, m².
    pub ground_on_parcels_m2: f64,
    /// Floor area of those it is known of, m².
    pub floor_area_m2: f64,
    /// Part of it on parcels, m².
    pub floor_area_on_parcels_m2: f64,
    /// Buildings whose floor area is read from their height and the height of a storey.
    pub floors_from_height: usize,
    /// Buildings without floor area, floors and height: the floor area of their parcels is unknown.
    pub floor_area_unknown: usize,
    /// Parcels without any building.
    pub parcels_without_building: usize,
    /// Parcels whose buildings overlap each other so that their ground is more than the parcel: cut to it.
    pub parcels_overfull: usize,
    /// What happened to the columns of the parcels.
    pub columns: Vec<Filled>,
}

/// Buildings joined to parcels by overlap.
#[derive(Debug, Clone, PartialEq)]
pub struct Buildings {
    /// Parts on parcels, by (building, parcel).
    pub pieces: Vec<BuildingPiece>,
    /// Floor area of each building, m².
    pub floor_area_m2: Column<f64>,
    /// What became of them.
    pub report: BuildingReport,
}

impl Buildings {
    /// Spreads buildings over the parcels they stand on, and brings `footprint_m2`, `floor_area_m2`, `floors`, `height_m` and the
    /// named column `buildings` (their number) onto the parcels.
    ///
    /// With overlaps `o_p` of a building of ground `b` with parcels `p`, parcel `p` gets the share `o_p / max(b, Σ o_p)` of its floor
    /// area: where parcels overlap nothing is counted twice, and what stands on no parcel stays off. A building's floor area is the
    /// one it has, else ground × floors, else ground × `max(1, ⌊height / storey height⌋)`; a parcel's is unknown where one building's on
    /// it is. Overlaps up to [`OVERLAP_TOLERANCE_M2`] are none. Floors and height of a parcel are the greatest among buildings with
    /// [`least_share`](BuildingOptions::least_share) on it.
    ///
    /// # Arguments
    /// * `buildings`: footprints in the plane of the parcels, with what is known of floors, height and floor area.
    ///
    /// # Errors
    /// [`ParamError`] for a storey height that is not above 0 or a share outside 0 to 1.
    ///
    /// # Complexity
    /// O((n + m) log n + vertices near each other) for n parcels and m buildings; the overlaps on all threads.
    ///
    /// ```
    /// use geo::{Rect, coord};
    /// use landuse::join::{BuildingOptions, Buildings};
    /// use landuse::{Parcel, ParcelSet};
    /// let land = |id: &str, x: f64, width: f64| {
    ///     Parcel::new(id, Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + width, y: 10.0 }).to_polygon())
    /// };
    /// let mut parcels = ParcelSet::local([land("a", 0.0, 50.0), land("b", 50.0, 50.0)]);
    /// let mut hall = land("hall", 40.0, 40.0);            // a quarter of it on a
    /// hall.floors = Some(2.0);
    /// let hall = ParcelSet::local([hall]);
    /// let joined = Buildings::join(&mut parcels, &hall, &BuildingOptions::default())?;
    /// let floor_area = &parcels.attributes().floor_area_m2;
    /// assert_eq!((floor_area.get(0), floor_area.get(1)), (Some(200.0), Some(600.0)));
    /// assert_eq!((joined.report.spread, joined.report.on_no_parcel), (1, 0));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn join(
        parcels: &mut ParcelSet,
        buildings: &ParcelSet,
        options: &BuildingOptions,
    ) -> Result<Self, Error> {
        if !(options.storey_height_m.is_finite() && options.storey_height_m > 0.0) {
            let expected = "a finite height above 0 m";
            return Err(ParamError::new("storey_height_m", options.storey_height_m, expected).into());
        }
        if !(0.0..=1.0).contains(&options.least_share) {
            return Err(ParamError::new("least_share", options.least_share, "a share from 0 to 1").into());
        }
        parcels.plane().check_same(buildings.plane(), "buildings")?;
        let pieces = pieces(parcels, buildings);
        let mut report = BuildingReport {
            buildings: buildings.len(),
            rejected: buildings.rejected().len(),
            ..BuildingReport::default()
        };
        let floor_area_m2 = floor_areas(buildings, options, &mut report);
        count(buildings, &pieces, &floor_area_m2, &mut report);
        let mut joined = Self { pieces, floor_area_m2, report };
        joined.fill(parcels, buildings, options);
        Ok(joined)
    }

    fn fill(&mut self, parcels: &mut ParcelSet, buildings: &ParcelSet, options: &BuildingOptions) {
        let len = parcels.len();
        let mut on: Vec<Vec<&BuildingPiece>> = vec![Vec::new(); len];
        for piece in &self.pieces {
            on[piece.parcel.index()].push(piece);
        }
        let nothing = options.complete.then_some(0.0);
        let known = &buildings.attributes();
        let greatest = |pieces: &[&BuildingPiece], column: &Column<f64>| {
            let counted = pieces.iter().filter(|piece| piece.share >= options.least_share);
            counted.filter_map(|piece| column.get(piece.building.index())).max_by(f64::total_cmp)
        };
        let mut columns = [(); 4].map(|()| Column::new());
        for (parcel, pieces) in on.iter().enumerate() {
            let [footprint, floor_area, floors, height] = &mut columns;
            floors.push(greatest(pieces, &known.floors));
            height.push(greatest(pieces, &known.height_m));
            if pieces.is_empty() {
                footprint.push(nothing);
                floor_area.push(nothing);
                continue;
            }
            let ground = sum::exact(pieces.iter().map(|piece| piece.overlap_m2));
            let area_m2 = parcels.area_m2()[parcel];
            self.report.parcels_overfull += usize::from(ground > area_m2 * (1.0 + 1e-9));
            footprint.push(Some(ground.min(area_m2)));
            let parts = pieces
                .iter()
                .map(|piece| Some(self.floor_area_m2.get(piece.building.index())? * piece.share))
                .collect::<Option<Vec<f64>>>();
            floor_area.push(parts.map(sum::exact));
        }
        self.report.parcels_without_building = on.iter().filter(|pieces| pieces.is_empty()).count();
        let number: Column<f64> = on.iter().map(|pieces| Some(pieces.len() as f64)).collect();
        let attributes = parcels.attributes_mut();
        let fixed = [
            ("footprint_m2", &mut attributes.footprint_m2),
            ("floor_area_m2", &mut attributes.floor_area_m2),
            ("floors", &mut attributes.floors),
            ("height_m", &mut attributes.height_m),
        ];
        for ((name, own), joined) in fixed.into_iter().zip(&columns) {
            self.report.columns.push(overlay(name, own, joined));
        }
        let own = attributes
            .numbers
            .entry("buildings".into())
            .or_insert_with(|| NamedNumbers::unknown("buildings", len));
        self.report.columns.push(overlay("buildings", &mut own.values, &number));
    }
}

/// Every pair of building and parcel that share ground.
fn pieces(parcels: &ParcelSet, buildings: &ParcelSet) -> Vec<BuildingPiece> {
    let index = EnvelopeIndex::new(parcels.envelopes());
    let of_building = |i: u32| {
        let building = buildings.get(ParcelIdx(i));
        let mut found: Vec<u32> = index.candidates(building.envelope()).collect();
        found.sort_unstable();
        let ground = building.geometry();
        let mut pieces: Vec<BuildingPiece> = found
            .into_iter()
            .map(|parcel| {
                let parcel = ParcelIdx(parcel);
                let overlap_m2 =
                    PairMeasure::new().overlap_area(ground.into(), parcels.get(parcel).geometry().into());
                BuildingPiece { building: ParcelIdx(i), parcel, overlap_m2, share: 0.0 }
            })
            .filter(|piece| piece.overlap_m2 > OVERLAP_TOLERANCE_M2)
            .collect();
        let covered: f64 = pieces.iter().map(|piece| piece.overlap_m2).sum();
        let whole = building.area_m2().max(covered);
        pieces.iter_mut().for_each(|piece| piece.share = piece.overlap_m2 / whole);
        pieces
    };
    parallel::gather(buildings.len(), 64, &|run, pieces| {
        pieces.extend(run.flat_map(|i| of_building(i as u32)));
    })
}

/// The floor area of each building.
fn floor_areas(buildings: &ParcelSet, options: &BuildingOptions, report: &mut BuildingReport) -> Column<f64> {
    let known = buildings.attributes();
    let floor_area = |i: usize| {
        let ground = buildings.area_m2()[i];
        let by_floors = || known.floors.get(i).map(|floors| ground * floors);
        let by_height =
            || known.height_m.get(i).map(|m| ground * (m / options.storey_height_m).floor().max(1.0));
        let direct = known.floor_area_m2.get(i).or_else(by_floors);
        let found = direct.or_else(by_height);
        report.floors_from_height += usize::from(direct.is_none() && found.is_some());
        report.floor_area_unknown += usize::from(found.is_none());
        found
    };
    (0..buildings.len()).map(floor_area).collect()
}

fn count(
    buildings: &ParcelSet,
    pieces: &[BuildingPiece],
    floor_area_m2: &Column<f64>,
    report: &mut BuildingReport,
) {
    let mut on = vec![(0usize, 0.0, 0.0); buildings.len()];
    for piece in pieces {
        let (parcels, share, ground) = &mut on[piece.building.index()];
        *parcels += 1;
        *share += piece.share;
        *ground += piece.share * buildings.area_m2()[piece.building.index()];
    }
    for (i, &(parcels, share, ground)) in on.iter().enumerate() {
        match parcels {
            0 => report.on_no_parcel += 1,
            1 if share >= 0.999 => report.on_one_parcel += 1,
            _ => report.spread += 1,
        }
        report.ground_m2 += buildings.area_m2()[i];
        report.ground_on_parcels_m2 += ground;
        let floor_area = floor_area_m2.get(i).unwrap_or(0.0);
        report.floor_area_m2 += floor_area;
        report.floor_area_on_parcels_m2 += floor_area * share;
    }
}
