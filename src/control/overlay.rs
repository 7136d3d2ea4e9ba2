use rayon::prelude::*;
use serde::Serialize;

use super::ControlLines;
use crate::geometry::{MultiPolygonArray, MultiPolygonRef, prepared::PreparedArea};
use crate::index::EnvelopeIndex;
use crate::parcel::{ParcelIdx, ParcelSet};

/// Overlaps up to this area are none: two layers never meet to the last square decimetre.
pub const OVERLAP_TOLERANCE_M2: f64 = 0.01;

/// A parcel with at least this share of its area inside a line is inside.
pub const INSIDE_SHARE: f64 = 1.0 - 1e-6;

/// How a parcel lies to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// It shares at most [`OVERLAP_TOLERANCE_M2`] with it.
    Outside,
    /// Neither outside nor inside.
    Partial,
    /// At least [`INSIDE_SHARE`] of it lies inside.
    Inside,
}

impl Relation {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Outside => "outside",
            Self::Partial => "partial",
            Self::Inside => "inside",
        }
    }

    /// The relation of a parcel of `area_m2` of which `overlap_m2` lies inside.
    ///
    /// ```
    /// use landuse::control::Relation;
    /// assert_eq!(Relation::of(0.01, 500.0), Relation::Outside);
    /// assert_eq!(Relation::of(250.0, 500.0), Relation::Partial);
    /// assert_eq!(Relation::of(500.0, 500.0), Relation::Inside);
    /// ```
    pub fn of(overlap_m2: f64, area_m2: f64) -> Self {
        if overlap_m2 <= OVERLAP_TOLERANCE_M2 {
            Self::Outside
        } else if overlap_m2 >= INSIDE_SHARE * area_m2 {
            Self::Inside
        } else {
            Self::Partial
        }
    }
}

/// What one line takes of one parcel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LineOverlap {
    /// Position of the line.
    pub line: u32,
    /// The parcel.
    pub parcel: ParcelIdx,
    /// Area of the parcel inside the line, m².
    pub area_m2: f64,
    /// How the parcel lies to the line: never [`Relation::Outside`].
    pub relation: Relation,
}

/// The union of the lines that exclude construction, ready to be measured against.
#[derive(Debug)]
pub struct Exclusion {
    dissolved: MultiPolygonArray,
    prepared: PreparedArea,
}

impl Exclusion {
    /// Prepares disjoint polygons, such as [`ControlLines::excluded`] gives.
    pub fn new(dissolved: MultiPolygonArray) -> Self {
        Self { prepared: PreparedArea::new(&dissolved), dissolved }
    }

    /// Area of `land` inside the union, m².
    pub fn overlap_m2(&self, land: MultiPolygonRef<'_>) -> f64 {
        self.prepared.overlap_area(land)
    }

    /// The union itself.
    pub fn dissolved(&self) -> &MultiPolygonArray {
        &self.dissolved
    }
}

/// What control lines take of parcels.
#[derive(Debug)]
pub struct Overlay {
    /// Pairs of line and parcel that share land, by (line, parcel).
    pub overlaps: Vec<LineOverlap>,
    /// The union of the lines that exclude construction.
    pub exclusion: Exclusion,
    /// Area of each parcel inside that union, m².
    pub excluded_m2: Vec<f64>,
    /// How each parcel lies to that union.
    pub relation: Vec<Relation>,
}

impl Overlay {
    /// Measures every parcel against every line and against the union of those that exclude construction.
    ///
    /// Areas are exact up to rounding: at most 1e-9 of the parcel's area.
    ///
    /// # Complexity
    /// O(m log m) to prepare m line vertices, then about O(vertices of the parcel) per parcel away from the lines and
    /// O(its vertices times the line's edges near it) along them. Lines are prepared one after the other.
    pub fn new(set: &ParcelSet, lines: &ControlLines) -> Self {
        let candidates = candidates(set, lines);
        let mut overlaps = Vec::new();
        for line in lines.iter() {
            let own = &candidates[line.position()];
            if own.is_empty() {
                continue;
            }
            let mut alone = MultiPolygonArray::new();
            alone.push(line.geometry());
            let prepared = PreparedArea::new(&alone);
            overlaps.par_extend(own.par_iter().with_min_len(256).filter_map(|&parcel| {
                let land = set.get(parcel);
                let area_m2 = prepared.overlap_area(land.geometry()).clamp(0.0, land.area_m2());
                let relation = Relation::of(area_m2, land.area_m2());
                let line = line.position() as u32;
                (relation != Relation::Outside).then_some(LineOverlap { line, parcel, area_m2, relation })
            }));
        }
        let exclusion = Exclusion::new(lines.excluded());
        let excluded_m2: Vec<f64> = (0..set.len() as u32)
            .into_par_iter()
            .with_min_len(256)
            .map(|i| {
                let land = set.get(ParcelIdx(i));
                exclusion.overlap_m2(land.geometry()).clamp(0.0, land.area_m2())
            })
            .collect();
        let relation = excluded_m2.iter().zip(set.area_m2()).map(|(&o, &a)| Relation::of(o, a)).collect();
        Self { overlaps, exclusion, excluded_m2, relation }
    }
}

/// For each line the parcels whose box meets its box, ascending.
fn candidates(set: &ParcelSet, lines: &ControlLines) -> Vec<Vec<ParcelIdx>> {
    let index = EnvelopeIndex::new(lines.features().envelopes());
    let mut candidates = vec![Vec::new(); lines.len()];
    for (i, envelope) in set.envelopes().iter().enumerate() {
        for line in index.candidates(*envelope) {
            candidates[line as usize].push(ParcelIdx(i as u32));
        }
    }
    candidates
}
