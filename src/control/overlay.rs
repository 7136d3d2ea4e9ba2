use std::ops::Range;

use serde::Serialize;

use super::{ControlLines, Effect};
use crate::error::Error;
use crate::geometry::EnvelopeIndex;
use crate::geometry::distance::Shape;
use crate::geometry::prepared::{PreparedArea, PreparedLand};
use crate::geometry::{MultiPolygonArray, MultiPolygonRef};
use crate::parallel;
use crate::parcel::{ParcelIdx, ParcelRef, ParcelSet};
use crate::progress::Watch;
use crate::rows::Rows;

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
    prepared: PreparedArea,
    /// The polygons as they were given, where they are not one geometry.
    apart: Option<MultiPolygonArray>,
}

impl Exclusion {
    /// Prepares disjoint polygons, such as [`ControlLines::excluded`] gives.
    pub fn new(dissolved: MultiPolygonArray) -> Self {
        if dissolved.len() == 1 {
            Self { prepared: PreparedArea::of_one(dissolved), apart: None }
        } else {
            Self { prepared: PreparedArea::new(&dissolved), apart: Some(dissolved) }
        }
    }

    /// Area of `land` inside the union, m².
    pub fn overlap_m2<'p>(&self, land: impl Into<Shape<'p>>) -> f64 {
        self.prepared.overlap_area(land)
    }

    /// The part of `land` inside the union, as one geometry, in O(log m) for m vertices of the union and what those near `land` take.
    pub fn intersection(&self, land: &MultiPolygonRef<'_>) -> MultiPolygonArray {
        self.prepared.intersection(land)
    }

    /// The union itself.
    pub fn dissolved(&self) -> &MultiPolygonArray {
        self.apart.as_ref().unwrap_or_else(|| self.prepared.land())
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
    /// # Errors
    /// [`Error::Planes`] where the lines lie in another plane.
    ///
    /// # Complexity
    /// O(m) to prepare m line vertices and O(m log m) to dissolve those that exclude, then about O(1) per parcel and line away from the
    /// line's boundary, and along it as [`PreparedArea`] says. On all threads.
    pub fn new(set: &ParcelSet, lines: &ControlLines) -> Result<Self, Error> {
        Self::watched(set, lines, &Watch::nobody())
    }

    /// As [`new`](Self::new), while somebody watches.
    pub(crate) fn watched(set: &ParcelSet, lines: &ControlLines, watch: &Watch<'_>) -> Result<Self, Error> {
        set.plane().check_same(lines.features().plane(), "control lines")?;
        let union = lines.excluded();
        let prepare = |i: usize| PreparedLand::new(lines.line(i).geometry());
        let (exclusion, prepared): (_, Vec<PreparedLand<'_>>) =
            parallel::join(|| Exclusion::new(union), || parallel::collect(lines.len(), 1, &prepare));
        let index = EnvelopeIndex::new(lines.features().envelopes());
        let scene = Scene { set, lines, prepared: &prepared, index: &index, exclusion: &exclusion };
        let count = set.len().div_ceil(BLOCK);
        watch.begin(count);
        let blocks: Vec<Block> = parallel::collect(count, 1, &|number| {
            if !watch.block() {
                return Block::default();
            }
            Block::measure(&scene, number * BLOCK..set.len().min((number + 1) * BLOCK))
        });
        watch.check()?;
        drop(prepared);
        let mut excluded_m2 = Vec::with_capacity(set.len());
        blocks.iter().for_each(|block| excluded_m2.extend_from_slice(&block.excluded_m2));
        let nothing =
            LineOverlap { line: 0, parcel: ParcelIdx(0), area_m2: 0.0, relation: Relation::Outside };
        let overlaps = blocks.iter().flat_map(|block| &block.overlaps).map(|&o| (o.line as usize, o));
        let overlaps = Rows::new(lines.len(), nothing, overlaps).into_items();
        let relation = excluded_m2.iter().zip(set.area_m2()).map(|(&o, &a)| Relation::of(o, a)).collect();
        Ok(Self { overlaps, exclusion, excluded_m2, relation })
    }
}

/// Parcels that one thread measures at a time.
const BLOCK: usize = 4_096;

/// What parcels are measured against.
struct Scene<'a> {
    set: &'a ParcelSet,
    lines: &'a ControlLines,
    prepared: &'a [PreparedLand<'a>],
    index: &'a EnvelopeIndex,
    exclusion: &'a Exclusion,
}

/// What some parcels in a row share with lines, by (parcel, line).
#[derive(Default)]
struct Block {
    overlaps: Vec<LineOverlap>,
    excluded_m2: Vec<f64>,
}

impl Block {
    fn measure(scene: &Scene<'_>, parcels: Range<usize>) -> Self {
        let mut block = Self {
            overlaps: Vec::with_capacity(parcels.len()),
            excluded_m2: Vec::with_capacity(parcels.len()),
        };
        let mut near = Vec::new();
        for parcel in parcels {
            let land = scene.set.get(ParcelIdx(parcel as u32));
            near.clear();
            near.extend(scene.index.candidates(land.envelope()));
            near.sort_unstable();
            block.push(scene, land, &near);
        }
        block
    }

    fn push(&mut self, scene: &Scene<'_>, parcel: ParcelRef<'_>, near: &[u32]) {
        let whole_m2 = parcel.area_m2();
        let shape = || Shape { geometry: parcel.geometry(), envelope: parcel.envelope() };
        // How many lines exclude part of the parcel, and the most that one of them does.
        let (mut parts, mut most_m2) = (0, 0.0_f64);
        for &line in near {
            let prepared = &scene.prepared[line as usize];
            let area_m2 = match prepared.is_whole(&parcel.envelope()) {
                Some(inside) => {
                    if inside {
                        whole_m2
                    } else {
                        0.0
                    }
                }
                None => prepared.overlap_area(shape()).clamp(0.0, whole_m2),
            };
            if area_m2 > 0.0 && scene.lines.line(line as usize).effect() == Effect::Exclude {
                parts += 1;
                most_m2 = most_m2.max(area_m2);
            }
            let relation = Relation::of(area_m2, whole_m2);
            if relation != Relation::Outside {
                self.overlaps.push(LineOverlap { line, parcel: parcel.idx(), area_m2, relation });
            }
        }
        // Only where several lines take parts may their union take less than their sum.
        let several = parts > 1 && most_m2 < whole_m2;
        let excluded_m2 =
            if several { scene.exclusion.overlap_m2(shape()).clamp(0.0, whole_m2) } else { most_m2 };
        self.excluded_m2.push(excluded_m2);
    }
}
