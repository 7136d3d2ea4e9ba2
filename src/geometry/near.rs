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
        short.ring().map(<[Coord]>::to_vec)
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
    fn ring(&self) -> Option<&[Coord]> {
        (self.coords.len() >= 4).then_some(&*self.coords)
    }

    fn clear(&mut self) {
        self.coords.clear();
        (self.common, self.kept) = (0, 0);
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

    fn envelope(&self) -> Envelope {
        self.0.last().and_then(|top| top.first().copied()).unwrap_or(Envelope::EMPTY)
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

/// Boxes over the rings of one geometry, which is given again with each question: cuts it to a window in O(log v + positions near it)
/// for its `v` positions.
#[derive(Debug, Clone)]
pub(super) struct RingBoxes {
    /// Of each ring: each box of the first layer is around [`FAN`] positions.
    rings: Vec<Layers>,
    of_rings: Layers,
}

impl RingBoxes {
    pub(super) fn new(geometry: MultiPolygonRef<'_>) -> Self {
        let boxes = |ring: &[Coord]| ring.chunks(FAN).map(|run| Envelope::of(run.iter().copied())).collect();
        let rings: Vec<Layers> = geometry.rings().map(|ring| Layers::new(boxes(ring))).collect();
        let of_rings = Layers::new(rings.iter().map(Layers::envelope).collect());
        Self { rings, of_rings }
    }

    pub(super) fn envelope(&self) -> Envelope {
        self.of_rings.envelope()
    }

    /// Shows `take` each ring that [`near`] leaves something of, shortened, in order.
    pub(super) fn each_near(
        &self,
        geometry: MultiPolygonRef<'_>,
        window: &Envelope,
        mut take: impl FnMut(&[Coord]),
    ) {
        let mut short = Shortened::new(window);
        self.of_rings.walk(|envelope, rings| {
            let alone = rings.len() == 1;
            let meets = envelope.intersects(window);
            if meets && alone {
                short.clear();
                self.shorten(rings.start, geometry.ring(rings.start), &mut short);
                if let Some(ring) = short.ring() {
                    take(ring);
                }
            }
            meets && !alone
        });
    }

    fn shorten(&self, ring: usize, coords: &[Coord], short: &mut Shortened<'_>) {
        self.rings[ring].walk(|envelope, boxes| {
            let run = &coords[boxes.start * FAN..(boxes.end * FAN).min(coords.len())];
            let [.., last] = run else { return false };
            if short.skip(envelope, *last) {
                return false;
            }
            if boxes.len() == 1 {
                run.iter().for_each(|&c| short.push(c));
                return false;
            }
            true
        });
    }
}

/// Whether an edge shares a point with a box. Exact.
pub(super) fn meets(a: Coord, b: Coord, window: &Envelope) -> bool {
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
            let index = RingBoxes::new(geometry);
            for _ in 0..40 {
                let min = [random.below(120) as f64 - 30.0, random.below(120) as f64 - 30.0];
                let window = Envelope { min, max: min.map(|v| v + random.below(20) as f64) };
                let mut found: Vec<Vec<Coord>> = Vec::new();
                index.each_near(geometry, &window, |ring| found.push(ring.to_vec()));
                assert_eq!(found, near(geometry.rings(), &window), "{window:?}");
                cut += found.iter().map(Vec::len).sum::<usize>();
                let meets = |rings: &mut dyn Iterator<Item = &[Coord]>| {
                    rings.flat_map(|ring| ring.windows(2)).any(|e| meets(e[0], e[1], &window))
                };
                let expected = meets(&mut geometry.rings());
                assert_eq!(meets(&mut found.iter().map(Vec::as_slice)), expected);
                met[usize::from(expected)] += 1;
            }
        }
        assert!(cut > 100_000 && met.iter().all(|&n| n > 200), "{cut} positions, {met:?}");
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
