//! Rings cut to a window: those positions that matter for what happens in it.

use std::ops::Range;

use super::predicates::side;
use super::{Coord, Envelope, MultiPolygonRef};

/// Positions, or boxes, that one box of an index holds.
const FAN: usize = 16;

/// Rings that wind around each point of `window` as often as `rings` do, with the least of their positions.
///
/// A run of positions beyond one side of the window is replaced by its ends: the half-plane beyond that side is convex, so
/// that the straight line between them winds around the same points of the window. Edges that reach the window
/// are left as they are, to the last bit.
pub(super) fn near<'r>(rings: impl Iterator<Item = &'r [Coord]>, window: &Envelope) -> Vec<Vec<Coord>> {
    let shortened = rings.filter_map(|ring| {
        let mut short = Shortened::new(window);
        ring.iter().for_each(|&c| short.push(c));
        short.finish()
    });
    shortened.collect()
}

/// The sides of a window that all of a box lies beyond.
fn beyond(window: &Envelope, low: Coord, high: Coord) -> u8 {
    u8::from(high[0] < window.min[0])
        | u8::from(low[0] > window.max[0]) << 1
        | u8::from(high[1] < window.min[1]) << 2
        | u8::from(low[1] > window.max[1]) << 3
}

/// One ring on its way to its shortest form.
struct Shortened<'w> {
    window: &'w Envelope,
    coords: Vec<Coord>,
    /// The sides that all positions of the run at the end of `coords` lie beyond.
    common: u8,
    /// How many of them stand there: at most its ends.
    kept: u8,
}

impl<'w> Shortened<'w> {
    fn new(window: &'w Envelope) -> Self {
        Self { window, coords: Vec::new(), common: 0, kept: 0 }
    }

    fn push(&mut self, c: Coord) {
        let code = beyond(self.window, c, c);
        if self.kept == 2 && self.common & code != 0 {
            self.common &= code;
            self.coords.pop();
        } else {
            let with_last = self.coords.last().map_or(0, |&last| beyond(self.window, last, last) & code);
            (self.common, self.kept) = if with_last == 0 { (code, 1) } else { (with_last, 2) };
        }
        self.coords.push(c);
    }

    /// Takes positions that end in `last` and fill `envelope` at once, where they only carry on the run; the same as to push each.
    fn skip(&mut self, envelope: &Envelope, last: Coord) -> bool {
        let common = self.common & beyond(self.window, envelope.min, envelope.max);
        let carries_on = self.kept == 2 && common != 0;
        if carries_on {
            self.common = common;
            self.coords.pop();
            self.coords.push(last);
        }
        carries_on
    }

    /// None where nothing of an area is left.
    fn finish(self) -> Option<Vec<Coord>> {
        (self.coords.len() >= 4).then_some(self.coords)
    }
}

/// Boxes in layers: the first around items in a row, each further one around boxes of the layer before.
#[derive(Debug, Clone)]
struct Layers(Vec<Vec<Envelope>>);

impl Layers {
    fn new(first: Vec<Envelope>) -> Self {
        let mut layers = vec![first];
        while let Some(last) = layers.last().filter(|last| last.len() > 1) {
            let join = |boxes: &[Envelope]| boxes.iter().fold(Envelope::EMPTY, |all, one| all.join(one));
            layers.push(last.chunks(FAN).map(join).collect());
        }
        Self(layers)
    }

    /// Shows `visit` the boxes from the widest down, in order, each with the positions of the boxes of the first layer that it
    /// holds. Where it answers `false`, what the box holds is passed over.
    fn walk(&self, mut visit: impl FnMut(&Envelope, Range<usize>) -> bool) {
        if let Some(top) = self.0.last() {
            self.walk_layer(self.0.len() - 1, 0..top.len(), &mut visit);
        }
    }

    fn walk_layer(
        &self,
        layer: usize,
        range: Range<usize>,
        visit: &mut impl FnMut(&Envelope, Range<usize>) -> bool,
    ) {
        let holds = FAN.pow(layer as u32);
        for i in range {
            let items = i * holds..((i + 1) * holds).min(self.0[0].len());
            if visit(&self.0[layer][i], items) && layer > 0 {
                let below = i * FAN..((i + 1) * FAN).min(self.0[layer - 1].len());
                self.walk_layer(layer - 1, below, visit);
            }
        }
    }
}

/// A large geometry that is cut to many windows, each in O(log v + positions near it) for `v` positions.
#[derive(Debug, Clone)]
pub(crate) struct RingIndex<'a> {
    geometry: MultiPolygonRef<'a>,
    rings: Vec<IndexedRing<'a>>,
    of_rings: Layers,
}

#[derive(Debug, Clone)]
struct IndexedRing<'a> {
    coords: &'a [Coord],
    /// Each box of the first layer is around [`FAN`] positions.
    layers: Layers,
}

impl<'a> RingIndex<'a> {
    pub(crate) fn new(geometry: MultiPolygonRef<'a>) -> Self {
        let rings: Vec<IndexedRing<'a>> = geometry
            .rings()
            .map(|coords| {
                let boxes = coords.chunks(FAN).map(|run| Envelope::of(run.iter().copied())).collect();
                IndexedRing { coords, layers: Layers::new(boxes) }
            })
            .collect();
        let envelopes = rings.iter().map(|ring| Envelope::of(ring.coords.iter().copied())).collect();
        Self { geometry, rings, of_rings: Layers::new(envelopes) }
    }

    pub(crate) fn geometry(&self) -> MultiPolygonRef<'a> {
        self.geometry
    }

    /// As [`near`] of all rings.
    pub(super) fn near(&self, window: &Envelope) -> Vec<Vec<Coord>> {
        let mut found = Vec::new();
        self.of_rings.walk(|envelope, rings| {
            let near = envelope.intersects(window);
            if let (true, [ring]) = (near, &self.rings[rings]) {
                found.extend(ring.near(window));
                return false;
            }
            near
        });
        found
    }

    /// Whether an edge meets the window, its border included.
    pub(crate) fn boundary_meets(&self, window: &Envelope) -> bool {
        // Edges that stand for a run lie beyond one side of the window, and so meet nothing.
        self.near(window).iter().flat_map(|ring| ring.windows(2)).any(|edge| meets(edge[0], edge[1], window))
    }
}

impl IndexedRing<'_> {
    fn near(&self, window: &Envelope) -> Option<Vec<Coord>> {
        let mut short = Shortened::new(window);
        self.layers.walk(|envelope, boxes| {
            let coords = &self.coords[boxes.start * FAN..(boxes.end * FAN).min(self.coords.len())];
            let [.., last] = coords else { return false };
            if short.skip(envelope, *last) {
                return false;
            }
            if boxes.len() == 1 {
                coords.iter().for_each(|&c| short.push(c));
                return false;
            }
            true
        });
        short.finish()
    }
}

/// Whether an edge shares a point with a box. Exact.
fn meets(a: Coord, b: Coord, window: &Envelope) -> bool {
    let (codes, Envelope { min, max }) = ([a, b].map(|c| beyond(window, c, c)), *window);
    if codes[0] & codes[1] != 0 {
        return false;
    }
    let corners = [min, [max[0], min[1]], max, [min[0], max[1]]].map(|corner| side(a, b, corner));
    let apart = corners.iter().all(|&s| s > 0.0) || corners.iter().all(|&s| s < 0.0);
    codes.contains(&0) || !apart
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::MultiPolygonArray;
    use crate::random::{Random, key};

    /// Rings that wander, with vertices on a coarse lattice so that many lie on the sides of windows.
    fn wanderers(random: &mut Random, rings: usize) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for _ in 0..rings {
            let mut at = [random.below(60) as f64, random.below(60) as f64];
            let ring: Vec<Coord> = (0..4 + random.below(2_000))
                .map(|_| {
                    at = at.map(|v| v + random.below(9) as f64 - 4.0);
                    at
                })
                .collect();
            array.push_ring(ring.iter().chain(ring.first()).copied());
            array.end_polygon();
        }
        array.end_geometry();
        array
    }

    #[test]
    fn an_index_cuts_as_a_walk_over_all_positions_does() {
        let mut random = Random::new(key([7]));
        let (mut cut, mut met) = (0, [0; 2]);
        for round in 0..60 {
            let array = wanderers(&mut random, 1 + round % 40);
            let geometry = array.get(0);
            let index = RingIndex::new(geometry);
            for _ in 0..40 {
                let min = [random.below(120) as f64 - 30.0, random.below(120) as f64 - 30.0];
                let window = Envelope { min, max: min.map(|v| v + random.below(20) as f64) };
                let found = index.near(&window);
                assert_eq!(found, near(geometry.rings(), &window), "{window:?}");
                cut += found.iter().map(Vec::len).sum::<usize>();
                let meets = geometry.rings().flat_map(|r| r.windows(2)).any(|e| meets(e[0], e[1], &window));
                assert_eq!(index.boundary_meets(&window), meets);
                met[usize::from(meets)] += 1;
            }
        }
        assert!(cut > 100_000 && met.iter().all(|&n| n > 200), "{cut} positions, {met:?}");
        let nothing = MultiPolygonArray::from_iter([&geo::MultiPolygon::new(vec![])]);
        assert!(!RingIndex::new(nothing.get(0)).boundary_meets(&Envelope { min: [0.0; 2], max: [1.0; 2] }));
    }

    #[test]
    fn an_edge_meets_a_box() {
        let unit = Envelope { min: [0.0; 2], max: [1.0; 2] };
        for (a, b, expected) in [
            ([-1.0, 0.5], [2.0, 0.5], true),
            ([-1.0, 0.5], [0.5, 3.0], false),
            ([-1.0, 0.0], [1.0, 2.0], true), // through a corner
            ([-1.0, 0.1], [0.9, 2.0], false),
            ([0.2, 0.2], [0.8, 0.2], true),
            ([1.0, 1.0], [5.0, 1.0], true),
            ([1.1, -3.0], [1.1, 3.0], false),
        ] {
            assert_eq!(meets(a, b, &unit), expected, "{a:?} {b:?}");
            assert_eq!(meets(b, a, &unit), expected);
        }
    }
}
