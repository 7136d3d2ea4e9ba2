//! The engine of boolean operations, `i_overlay`, on a grid of whole numbers.

use std::collections::HashMap;

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::core::solver::Solver;
use i_overlay::i_float::int::point::IntPoint;

use super::{Coord, MultiPolygonArray};

pub(super) type Shapes = Vec<Vec<Vec<IntPoint<i64>>>>;

/// The integer grid of one operation. See [`boolean`](super::boolean).
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) per_m: f64,
    pub(super) m: f64,
}

impl Grid {
    /// The grid for coordinates of at most `largest_m`.
    pub(super) fn for_size(largest_m: f64) -> Self {
        const MANTISSA: i32 = 53;
        // Exponent e with largest < 2^e; the clamp keeps both scales normal numbers.
        let exponent = ((largest_m.to_bits() >> 52) as i32 - 1022).clamp(-400, 400);
        let power = |n: i32| f64::from_bits(((1023 + n) as u64) << 52);
        Self { per_m: power(MANTISSA - exponent), m: power(exponent - MANTISSA) }
    }

    /// The grid with its spacing doubled so often.
    pub(super) fn coarser(self, doubled: i32) -> Self {
        let times = 2.0_f64.powi(doubled);
        Self { per_m: self.per_m / times, m: self.m * times }
    }

    pub(super) fn of<'a>(rings: impl Iterator<Item = &'a [Coord]>, margin_m: f64) -> Self {
        let largest = rings.flatten().fold(0.0_f64, |m, c| m.max(c[0].abs()).max(c[1].abs()));
        Self::for_size(largest + margin_m)
    }

    pub(super) fn snap(self, c: Coord) -> IntPoint<i64> {
        let [x, y] = c.map(|v| (v * self.per_m).round_ties_even() as i64);
        IntPoint::new(x, y)
    }

    pub(super) fn unsnap(self, p: IntPoint<i64>) -> Coord {
        [p.x as f64 * self.m, p.y as f64 * self.m]
    }

    /// Shapes of the engine as one geometry.
    pub(super) fn collect(self, shapes: &Shapes) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for shape in shapes {
            for ring in shape {
                array.push_ring(ring.iter().chain(ring.first()).map(|&p| self.unsnap(p)));
            }
            array.end_polygon();
        }
        array.end_geometry();
        array
    }
}

/// Which vertices on straight edges a result keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Straight {
    Drop,
    Keep,
}

pub(super) fn engine(straight: Straight, capacity: usize) -> Overlay<i64> {
    let keep = straight == Straight::Keep;
    let options = IntOverlayOptions {
        preserve_input_collinear: keep,
        preserve_output_collinear: keep,
        ogc: true,
        ..IntOverlayOptions::default()
    };
    Overlay::new_custom(capacity, options, Solver::AUTO)
}

/// One operation on closed rings, on a given grid.
pub(super) fn operate<'a>(
    grid: Grid,
    subject: impl Iterator<Item = &'a [Coord]>,
    clip: impl Iterator<Item = &'a [Coord]>,
    rule: OverlayRule,
    fill: FillRule,
    straight: Straight,
) -> MultiPolygonArray {
    let mut engine = engine(straight, 0);
    let mut add = |ring: &[Coord], role| {
        // The engine closes paths itself.
        engine.add_path_iter(ring.iter().skip(1).map(|&c| grid.snap(c)), role);
    };
    subject.for_each(|ring| add(ring, ShapeType::Subject));
    clip.for_each(|ring| add(ring, ShapeType::Clip));
    grid.collect(&engine.overlay(rule, fill))
}

/// Boolean operations for repair: all on one grid, which fits `originals`, keeping every vertex.
#[derive(Debug)]
pub(super) struct Mender<'a> {
    grid: Grid,
    originals: &'a [Coord],
}

impl<'a> Mender<'a> {
    pub(super) fn new(originals: &'a [Coord]) -> Self {
        Self { grid: Grid::of(std::iter::once(originals), 0.0), originals }
    }

    fn operate<'r>(
        &self,
        subject: impl Iterator<Item = &'r [Coord]>,
        clip: impl Iterator<Item = &'r [Coord]>,
        rule: OverlayRule,
        fill: FillRule,
    ) -> MultiPolygonArray {
        operate(self.grid, subject, clip, rule, fill, Straight::Keep)
    }

    /// What one ring covers by an odd winding; by any winding where that is nothing. The ring may be open.
    pub(super) fn wound_area(&self, ring: &[Coord]) -> MultiPolygonArray {
        let closed: Vec<Coord> = ring.iter().chain(ring.first()).copied().collect();
        let by =
            |fill| self.operate(std::iter::once(&closed[..]), std::iter::empty(), OverlayRule::Subject, fill);
        let odd = by(FillRule::EvenOdd);
        if odd.coords().is_empty() { by(FillRule::NonZero) } else { odd }
    }

    pub(super) fn unite<'r>(&self, rings: impl Iterator<Item = &'r [Coord]>) -> MultiPolygonArray {
        self.operate(rings, std::iter::empty(), OverlayRule::Subject, FillRule::NonZero)
    }

    pub(super) fn subtract<'r>(
        &self,
        from: impl Iterator<Item = &'r [Coord]>,
        without: impl Iterator<Item = &'r [Coord]>,
    ) -> MultiPolygonArray {
        self.operate(from, without, OverlayRule::Difference, FillRule::NonZero)
    }

    /// Vertices of `rounded` that were positions of the originals, as they were before they were rounded to the grid.
    pub(super) fn restore(&self, rounded: &MultiPolygonArray) -> MultiPolygonArray {
        let key = |c: Coord| {
            let p = self.grid.snap(c);
            (p.x, p.y)
        };
        let mut before = HashMap::with_capacity(self.originals.len());
        for &c in self.originals {
            before.entry(key(c)).or_insert(c);
        }
        let mut restored = rounded.clone();
        for c in restored.coords_mut() {
            if let Some(&original) = before.get(&key(*c)) {
                *c = original;
            }
        }
        restored
    }
}
