//! How two polygons lie to each other: overlap, shared edge, shared corner, or a gap of so many metres.

use std::collections::HashMap;

use serde::Serialize;

use super::near::RingBoxes;
use super::trapezoid::{self, Clipper, Edge, Piece};
use super::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef};

/// Boundaries that are no farther apart than this touch, m.
pub const SNAP_M: f64 = 1e-3;

/// Parcels overlap where their interiors share more than this, m². Less is noise of digitising.
pub const OVERLAP_TOLERANCE_M2: f64 = 0.01;

/// A stretch within [`SNAP_M`] of edges that otherwise part counts as shared from this length on, m. Below it, two edges
/// that meet at an angle would share the first millimetres.
const MIN_PARTIAL_RUN_M: f64 = 0.1;

/// Pairs of edges from which sorting them is cheaper than looking at all pairs.
const SWEEP_FROM_PAIRS: usize = 1_024;

/// Pairs of positions from which a pair of polygons is measured by sorted edges from the start.
const GENERAL_FROM_PAIRS: usize = 4_096;

/// Positions from which a polygon of a column is cut to the neighbourhood of the other before it is measured: a street or a
/// river has thousands of positions and thousands of neighbours, each of which sees few of them.
const CUT_FROM_COORDS: usize = 128;

/// Why two parcels are neighbours. The first that holds, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Contact {
    /// Their interiors share land.
    Overlap,
    /// Their boundaries run together over some length.
    Edge,
    /// Their boundaries meet at single points only.
    Corner,
    /// They are apart.
    Gap,
}

/// How two polygons lie to each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Why they are neighbours.
    pub contact: Contact,
    /// Distance between the two, m; 0 unless the contact is [`Contact::Gap`].
    pub gap_m: f64,
    /// Length over which the boundaries run together, m, at a tolerance of [`SNAP_M`]; vertices need not match.
    pub shared_m: f64,
    /// Area that the interiors share, m²; 0 unless the contact is [`Contact::Overlap`].
    pub overlap_m2: f64,
}

impl Measured {
    fn gap(gap_m: f64) -> Self {
        Self { contact: Contact::Gap, gap_m, shared_m: 0.0, overlap_m2: 0.0 }
    }

    /// Where the boundaries touch, or one polygon stands in the other.
    fn touching(shared_m: f64, overlap_m2: f64) -> Self {
        let contact = if overlap_m2 > 0.0 {
            Contact::Overlap
        } else if shared_m > 0.0 {
            Contact::Edge
        } else {
            Contact::Corner
        };
        Self { contact, gap_m: 0.0, shared_m, overlap_m2 }
    }
}

/// A multipolygon with the box around it, which costs a walk over its coordinates if it is not at hand.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    /// The multipolygon: valid, exteriors counter-clockwise, interiors clockwise.
    pub geometry: MultiPolygonRef<'a>,
    /// The least box around it.
    pub envelope: Envelope,
}

impl<'a> From<MultiPolygonRef<'a>> for Shape<'a> {
    fn from(geometry: MultiPolygonRef<'a>) -> Self {
        Self { geometry, envelope: geometry.envelope() }
    }
}

/// How `a` and `b` lie to each other; none where they are farther apart than `within_m`.
///
/// * overlap: their interiors share more than [`OVERLAP_TOLERANCE_M2`], by exact area. One inside the other overlaps; one
///   in a hole of the other does not.
/// * edge: the boundaries run together, within [`SNAP_M`], over more than a point.
/// * corner: they come within [`SNAP_M`] of each other, or overlap by less than the tolerance.
/// * gap: anything else, with the least distance between the boundaries.
///
/// Both must be valid, exteriors counter-clockwise, interiors clockwise. Contacts are reported for any `within_m` of at
/// least 0. For many pairs use a [`PairMeasure`], which keeps its memory.
///
/// # Complexity
/// Only edges near the other polygon's box are compared: all pairs of them where they are few, else by a sorted sweep.
///
/// ```
/// use landuse::geometry::{MultiPolygonArray, distance::{Contact, measure}};
/// let mut array = MultiPolygonArray::new();
/// for x in [0.0, 10.0, 25.0] {
///     array.push_ring([[x, 0.0], [x + 10.0, 0.0], [x + 10.0, 10.0], [x, 10.0], [x, 0.0]]);
///     array.end_polygon();
///     array.end_geometry();
/// }
/// let [a, b, c] = [0, 1, 2].map(|i| array.get(i));
/// let beside = measure(a, b, 8.0).ok_or("apart")?;
/// assert_eq!((beside.contact, beside.shared_m), (Contact::Edge, 10.0));
/// let across = measure(b, c, 8.0).ok_or("apart")?;
/// assert_eq!((across.contact, across.gap_m), (Contact::Gap, 5.0));
/// assert_eq!(measure(a, c, 8.0), None);
/// # Ok::<(), &str>(())
/// ```
pub fn measure(a: MultiPolygonRef<'_>, b: MultiPolygonRef<'_>, within_m: f64) -> Option<Measured> {
    PairMeasure::new().measure(a.into(), b.into(), within_m)
}

/// Distance from a point to a multipolygon, m: 0 inside it and on its boundary, infinite where it has no coordinates.
///
/// ```
/// use landuse::geometry::{MultiPolygonArray, distance::to_point};
/// let mut array = MultiPolygonArray::new();
/// array.push_ring([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0], [0.0, 0.0]]);
/// array.end_polygon();
/// array.end_geometry();
/// assert_eq!(to_point(array.get(0), [13.0, 14.0]), 5.0);
/// assert_eq!(to_point(array.get(0), [1.0, 1.0]), 0.0);
/// ```
pub fn to_point(geometry: MultiPolygonRef<'_>, point: Coord) -> f64 {
    if surrounds(geometry, point) {
        return 0.0;
    }
    let edges = geometry.rings().flat_map(|ring| ring.windows(2));
    edges
        .map(|edge| Segment::new(edge[0], edge[1], point).squared_distance(0.0, 0.0))
        .fold(f64::INFINITY, f64::min)
        .sqrt()
}

/// Whether a point lies inside; on the boundary either answer may come.
fn surrounds(geometry: MultiPolygonRef<'_>, [x, y]: Coord) -> bool {
    let mut inside = false;
    for ring in geometry.rings() {
        for edge in ring.windows(2) {
            let [[x0, y0], [x1, y1]] = [edge[0], edge[1]];
            if (y0 > y) != (y1 > y) && ((x1 - x0) * (y - y0) > (x - x0) * (y1 - y0)) == (y1 > y0) {
                inside = !inside;
            }
        }
    }
    inside
}

/// The shapes of a column, made ready to be measured against each other many times.
#[derive(Debug)]
pub(crate) struct Shapes<'a> {
    geometry: &'a MultiPolygonArray,
    envelopes: &'a [Envelope],
    /// Boxes over the rings of those of many positions.
    long: HashMap<usize, RingBoxes>,
}

impl<'a> Shapes<'a> {
    /// Of a column and the box around each of its geometries.
    pub(crate) fn new(geometry: &'a MultiPolygonArray, envelopes: &'a [Envelope]) -> Self {
        let is_long = |i: &usize| geometry.get(*i).coords().len() >= CUT_FROM_COORDS;
        let boxes = |i: usize| (i, RingBoxes::new(geometry.get(i)));
        Self { geometry, envelopes, long: (0..geometry.len()).filter(is_long).map(boxes).collect() }
    }

    fn get(&self, i: usize) -> Shape<'a> {
        Shape { geometry: self.geometry.get(i), envelope: self.envelopes[i] }
    }

    /// What matters of shape `i` in a window, if it has many positions: it winds around each point of the window as often, and
    /// its edges there are the same.
    fn cut<'c>(&self, i: usize, window: &Envelope, cut: &'c mut MultiPolygonArray) -> Option<Shape<'c>> {
        let boxes = self.long.get(&i)?;
        cut.clear();
        boxes.each_near(self.geometry.get(i), window, |ring| {
            cut.push_ring(ring.iter().copied());
            cut.end_polygon();
        });
        cut.end_geometry();
        Some(Shape { geometry: cut.get(0), envelope: self.envelopes[i] })
    }
}

/// How two shapes of one boundary lie to each other, without a look at their edges; none where they differ, if only in the
/// position their rings begin at.
fn of_same_boundary(a: &Shape<'_>, b: &Shape<'_>) -> Option<Measured> {
    if a.envelope != b.envelope || a.geometry.coords() != b.geometry.coords() {
        return None;
    }
    if !a.geometry.rings().map(<[_]>::len).eq(b.geometry.rings().map(<[_]>::len)) {
        return None;
    }
    let overlap_m2 = a.geometry.signed_area();
    let length = |edge: Edge| (edge.to[0] - edge.from[0]).hypot(edge.to[1] - edge.from[1]);
    let shared_m = trapezoid::edges(a.geometry).map(length).sum();
    (overlap_m2 > OVERLAP_TOLERANCE_M2).then(|| Measured::touching(shared_m, overlap_m2))
}

/// Measures pairs of polygons, keeping its memory from one to the next.
#[derive(Debug, Default)]
pub struct PairMeasure {
    near: NearEdges,
    cuts: [MultiPolygonArray; 2],
    a: Vec<Segment>,
    b: Vec<Segment>,
    pieces_a: Vec<Piece>,
    pieces_b: Vec<Piece>,
}

impl PairMeasure {
    /// One without memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`measure`].
    pub fn measure(&mut self, a: Shape<'_>, b: Shape<'_>, within_m: f64) -> Option<Measured> {
        let reach = within_m.max(SNAP_M);
        let apart = squared_gap(&a.envelope, b.envelope.min, b.envelope.max);
        // An empty box is infinitely far away.
        if apart > loose(reach * reach) {
            return None;
        }
        if let Some(found) = of_same_boundary(&a, &b) {
            return Some(found);
        }
        if is_long(&a, &b) {
            return self.measure_long([a, b], [a, b], within_m);
        }
        if apart <= SNAP_M * SNAP_M {
            match self.near.touch(&a, &b) {
                Touch::Clean { shared_m } => return Some(Measured::touching(shared_m, 0.0)),
                Touch::Intricate => return self.measure_long([a, b], [a, b], within_m),
                Touch::None => {
                    if has_part_inside(&a, &b) || has_part_inside(&b, &a) {
                        return Some(Measured::touching(0.0, self.overlap(a, b)));
                    }
                }
            }
        }
        let gap_m = self.near.squared_distance(&a, &b, reach)?.sqrt();
        (gap_m <= within_m).then(|| Measured::gap(gap_m))
    }

    /// As [`measure`], of two shapes of a column.
    pub(crate) fn measure_of(
        &mut self,
        shapes: &Shapes<'_>,
        [i, j]: [usize; 2],
        within_m: f64,
    ) -> Option<Measured> {
        let (a, b) = (shapes.get(i), shapes.get(j));
        if shapes.long.is_empty() || !is_long(&a, &b) {
            return self.measure(a, b, within_m);
        }
        let reach = within_m.max(SNAP_M);
        if squared_gap(&a.envelope, b.envelope.min, b.envelope.max) > loose(reach * reach) {
            return None;
        }
        if let Some(found) = of_same_boundary(&a, &b) {
            return Some(found);
        }
        let [mut cut_a, mut cut_b] = std::mem::take(&mut self.cuts);
        let near_a = shapes.cut(i, &b.envelope.grown(reach), &mut cut_a).unwrap_or(a);
        let near_b = shapes.cut(j, &a.envelope.grown(reach), &mut cut_b).unwrap_or(b);
        let found = self.measure_long([a, b], [near_a, near_b], within_m);
        self.cuts = [cut_a, cut_b];
        found
    }

    /// As [`measure`], for polygons of many vertices and for boundaries that touch in any way: of each polygon all of it, and
    /// what matters of it near the other.
    fn measure_long(
        &mut self,
        [a, b]: [Shape<'_>; 2],
        near: [Shape<'_>; 2],
        within_m: f64,
    ) -> Option<Measured> {
        let reach = within_m.max(SNAP_M);
        let [near_a, near_b] = near;
        self.gather(&near_a, &near_b, reach);
        let at_most = self.bound(reach);
        self.narrow(at_most);
        let squared = self.nearest(at_most);
        if squared.is_some_and(|squared| squared <= SNAP_M * SNAP_M) {
            self.narrow(SNAP_M);
            let shared_m = self.shared_length();
            return Some(Measured::touching(shared_m, self.overlap(near_a, near_b)));
        }
        // The boundaries keep apart: the interiors share land only where one polygon stands in the other.
        if has_part_inside(&a, &near_b) || has_part_inside(&b, &near_a) {
            return Some(Measured::touching(0.0, self.overlap(near_a, near_b)));
        }
        let gap_m = squared?.sqrt();
        (gap_m <= within_m).then(|| Measured::gap(gap_m))
    }

    /// Area that the interiors share, m², exact but for rounding.
    ///
    /// # Complexity
    /// O(edges of both), and the pairs of those edges that lie above each other in the box that both share.
    pub fn overlap_area(&mut self, a: Shape<'_>, b: Shape<'_>) -> f64 {
        // Always the same way round, so that rounding does not tell which one came first.
        let (a, b) = if b.geometry.coords() < a.geometry.coords() { (b, a) } else { (a, b) };
        let window = common(&a.envelope, &b.envelope);
        if window.width() * window.height() <= 0.0 {
            return 0.0;
        }
        // Pairs are formed of edges above each other: a tall window is laid on its side, where fewer are. A mirrored
        // boundary runs the other way round, so its edges are turned.
        let tall = window.height() > window.width();
        let lay = |[x, y]: Coord| [y, x];
        let clipper = if tall {
            Clipper::new(&Envelope { min: lay(window.min), max: lay(window.max) })
        } else {
            Clipper::new(&window)
        };
        for (shape, pieces) in [(a, &mut self.pieces_a), (b, &mut self.pieces_b)] {
            pieces.clear();
            for edge in trapezoid::edges(shape.geometry) {
                let laid = Edge { from: lay(edge.to), to: lay(edge.from) };
                clipper.clip(if tall { &laid } else { &edge }, pieces);
            }
            if pieces.is_empty() {
                return 0.0;
            }
        }
        trapezoid::shared_area(&mut self.pieces_a, &mut self.pieces_b).max(0.0)
    }

    /// Area that the interiors share, 0 where it is within the tolerance.
    fn overlap(&mut self, a: Shape<'_>, b: Shape<'_>) -> f64 {
        // The box that both share bounds the land they share: many neighbours need no sum.
        let window = common(&a.envelope, &b.envelope);
        if window.width() * window.height() <= OVERLAP_TOLERANCE_M2 {
            return 0.0;
        }
        let area = self.overlap_area(a, b);
        if area > OVERLAP_TOLERANCE_M2 { area } else { 0.0 }
    }

    /// Collects the edges of each that come near the other's box, in coordinates relative to a point between them.
    fn gather(&mut self, a: &Shape<'_>, b: &Shape<'_>, reach: f64) {
        let (near_a, near_b) = (a.envelope.grown(reach), b.envelope.grown(reach));
        let origin = [near_a.min[0].max(near_b.min[0]), near_a.min[1].max(near_b.min[1])];
        gather(a.geometry, &near_b, origin, &mut self.a);
        gather(b.geometry, &near_a, origin, &mut self.b);
        if self.a.len() * self.b.len() >= SWEEP_FROM_PAIRS {
            let width = near_a.max[0].min(near_b.max[0]) - origin[0];
            let height = near_a.max[1].min(near_b.max[1]) - origin[1];
            for segments in [&mut self.a, &mut self.b] {
                // The sweep runs along the longer side; distances do not change under a swap of the axes.
                if height > width {
                    segments.iter_mut().for_each(Segment::swap_axes);
                }
                segments.sort_unstable_by(|s, t| {
                    s.low[0].total_cmp(&t.low[0]).then(s.low[1].total_cmp(&t.low[1]))
                });
            }
        }
    }

    /// A distance that the boundaries do not exceed, or `reach` if they may: that of one promising vertex.
    fn bound(&self, reach: f64) -> f64 {
        let box_b = enclosing(&self.b);
        let from_box = |s: &&Segment| box_b.squared_distance(s.from, s.from);
        let vertex = self.a.iter().min_by(|s, t| from_box(s).total_cmp(&from_box(t))).map(|s| s.from);
        let Some([x, y]) = vertex else { return reach };
        let squared = self.b.iter().map(|t| t.squared_distance(x, y)).fold(f64::INFINITY, f64::min);
        // A little more than the root, so that rounding does not shut out the pair that it was found at.
        (squared.sqrt() * (1.0 + 1e-9)).clamp(SNAP_M, reach)
    }

    /// Drops edges that are farther than `reach` from the box around the other's.
    fn narrow(&mut self, reach: f64) {
        let (box_a, box_b) = (enclosing(&self.a), enclosing(&self.b));
        self.a.retain(|s| box_b.squared_distance(s.low, s.high) <= reach * reach);
        self.b.retain(|t| box_a.squared_distance(t.low, t.high) <= reach * reach);
    }

    /// Square of the least distance between the collected edges, where it is at most `reach`. Once it is known that they
    /// touch, any distance within the tolerance will do.
    fn nearest(&self, reach: f64) -> Option<f64> {
        let mut best = reach * reach;
        let mut found = None;
        visit_near(&self.a, &self.b, reach, |s, t| {
            let (beside, above) = s.box_gaps(t);
            if beside * beside + above * above <= best {
                let squared = if beside == 0.0 && above == 0.0 && s.crosses(t) {
                    0.0
                } else {
                    t.squared_distance(s.from[0], s.from[1]).min(s.squared_distance(t.from[0], t.from[1]))
                };
                if squared <= best {
                    best = squared;
                    found = Some(squared);
                }
            }
            let settled = found.is_some_and(|squared| squared <= SNAP_M * SNAP_M);
            if settled { None } else { Some(best) }
        });
        found
    }

    /// Length over which the collected edges run together.
    fn shared_length(&self) -> f64 {
        let mut length = 0.0;
        visit_near(&self.a, &self.b, SNAP_M, |s, t| {
            let (beside, above) = s.box_gaps(t);
            if beside <= SNAP_M && above <= SNAP_M {
                length += s.run_beside(t);
            }
            Some(SNAP_M * SNAP_M)
        });
        length
    }
}

/// The edges of two polygons of few vertices that lie near each other.
#[derive(Debug, Default)]
struct NearEdges {
    a: Vec<RingEdge>,
    b: Vec<RingEdge>,
}

/// An edge as it stands in the ring.
#[derive(Debug, Clone, Copy)]
struct RingEdge {
    from: Coord,
    to: Coord,
}

/// How two boundaries touch.
enum Touch {
    /// They do not.
    None,
    /// They share one run of whole edges, or one vertex, and the interiors share nothing.
    Clean { shared_m: f64 },
    /// In any other way.
    Intricate,
}

impl NearEdges {
    /// Square of the least distance between the boundaries of polygons whose boundaries do not touch, where it is at most
    /// `reach`, m.
    ///
    /// The least distance is found at a vertex: to another vertex, or to an edge that it stands square to. Differences of
    /// coordinates are exact to their last digit, so that no pair of edges depends on which polygon comes first.
    fn squared_distance(&mut self, a: &Shape<'_>, b: &Shape<'_>, reach: f64) -> Option<f64> {
        let mut best = loose(reach * reach);
        // The distance between a vertex near the other's box and the one nearest to it shuts out most edges.
        let first = nearest_by(a.geometry.coords(), |c| squared_gap(&b.envelope, c, c))?;
        let second = nearest_by(b.geometry.coords(), |c| squared(first, c))?;
        best = lesser(best, squared(first, second));
        let limit = loose(best);
        let ours = collect(a.geometry, &b.envelope, limit, &mut self.a);
        let theirs = collect(b.geometry, &a.envelope, limit, &mut self.b);
        for s in ours {
            for t in theirs {
                let between = [t.from[0] - s.from[0], t.from[1] - s.from[1]];
                best = lesser(best, between[0] * between[0] + between[1] * between[1]);
                best = t.closer_square([-between[0], -between[1]], best);
                best = s.closer_square(between, best);
            }
        }
        Some(best)
    }

    /// How the boundaries touch, by the vertices that both share.
    ///
    /// Polygons of one ring each that share a single run of whole edges, turned against each other, and meet nowhere else
    /// within [`SNAP_M`]: what is left of each boundary is one piece that does not meet the other boundary. If it leaves
    /// the other's box, it lies outside, and the interiors share nothing.
    fn touch(&mut self, a: &Shape<'_>, b: &Shape<'_>) -> Touch {
        const NEAR: f64 = SNAP_M * SNAP_M;
        let ours = collect(a.geometry, &b.envelope, NEAR, &mut self.a);
        let theirs = collect(b.geometry, &a.envelope, NEAR, &mut self.b);
        let (mut vertices, mut runs, mut shared_m) = (0, 0, 0.0);
        for s in ours {
            for t in theirs {
                if !s.comes_near(t) || s.from == s.to || t.from == t.to {
                    continue;
                }
                let starts = s.from == t.from;
                vertices += usize::from(starts);
                let clean = match (starts, s.to == t.to, s.from == t.to, s.to == t.from) {
                    (false, false, true, true) => {
                        runs += 1;
                        shared_m += s.length2().sqrt();
                        true
                    }
                    (false, false, false, false) => s.keeps_off(t),
                    (true, false, false, false) => s.parts_from(t, s.along(), t.along()),
                    (false, true, false, false) => s.parts_from(t, back(s.along()), back(t.along())),
                    (false, false, true, false) => s.parts_from(t, s.along(), back(t.along())),
                    (false, false, false, true) => s.parts_from(t, back(s.along()), t.along()),
                    _ => false,
                };
                if !clean {
                    return Touch::Intricate;
                }
            }
        }
        if vertices == 0 {
            return Touch::None;
        }
        let one_ring = a.geometry.rings().len() == 1 && b.geometry.rings().len() == 1;
        let both_leave = !a.envelope.contains(&b.envelope) && !b.envelope.contains(&a.envelope);
        if one_ring && both_leave && vertices == runs + 1 {
            Touch::Clean { shared_m }
        } else {
            Touch::Intricate
        }
    }
}

impl RingEdge {
    const NONE: Self = Self { from: [0.0; 2], to: [0.0; 2] };

    fn along(&self) -> Coord {
        [self.to[0] - self.from[0], self.to[1] - self.from[1]]
    }

    /// length²
    fn length2(&self) -> f64 {
        squared(self.from, self.to)
    }

    /// `best`, or the square of the distance from a point, given relative to the edge's start, if that is less and the
    /// point stands square to the edge.
    fn closer_square(&self, [x, y]: Coord, best: f64) -> f64 {
        let [u, v] = self.along();
        let length2 = u * u + v * v;
        let (ahead, aside) = (x * u + y * v, y * u - x * v);
        if ahead > 0.0 && ahead < length2 && aside * aside < best * length2 {
            aside * aside / length2
        } else {
            best
        }
    }

    /// Whether the boxes come within [`SNAP_M`] of each other.
    fn comes_near(&self, other: &Self) -> bool {
        let gap = |k: usize| {
            let low = greater(lesser(self.from[k], self.to[k]), lesser(other.from[k], other.to[k]));
            low - lesser(greater(self.from[k], self.to[k]), greater(other.from[k], other.to[k]))
        };
        greater(gap(0), gap(1)) <= SNAP_M
    }

    /// Whether the edges surely keep more than [`SNAP_M`] apart.
    fn keeps_off(&self, other: &Self) -> bool {
        let is_beyond = |edge: &Self, p: Coord, q: Coord| {
            let along = edge.along();
            let side = |c: Coord| (c[1] - edge.from[1]) * along[0] - (c[0] - edge.from[0]) * along[1];
            let (one, two) = (side(p), side(q));
            let least = one.abs().min(two.abs());
            one * two > 0.0 && least * least > loose(SNAP_M * SNAP_M) * edge.length2()
        };
        is_beyond(self, other.from, other.to) || is_beyond(other, self.from, self.to)
    }

    /// Whether two edges that share one end, `u` and `v` as seen from it, surely part at once: no run of
    /// [`MIN_PARTIAL_RUN_M`] lies within [`SNAP_M`] of both, and they meet nowhere else.
    fn parts_from(&self, other: &Self, u: Coord, v: Coord) -> bool {
        const LEAST_SLOPE: f64 = 2.0 * SNAP_M / MIN_PARTIAL_RUN_M;
        let along = u[0] * v[0] + u[1] * v[1];
        let across = (u[0] * v[1] - u[1] * v[0]).abs();
        along <= 0.0
            || (across >= LEAST_SLOPE * along
                && across * across > loose(SNAP_M * SNAP_M) * self.length2().max(other.length2()))
    }
}

/// Whether two polygons have too many positions to look at all pairs of their edges.
fn is_long(a: &Shape<'_>, b: &Shape<'_>) -> bool {
    a.geometry.coords().len() * b.geometry.coords().len() >= GENERAL_FROM_PAIRS
}

fn back(along: Coord) -> Coord {
    [-along[0], -along[1]]
}

fn squared(p: Coord, q: Coord) -> f64 {
    let (dx, dy) = (q[0] - p[0], q[1] - p[1]);
    dx * dx + dy * dy
}

/// A little more, so that rounding shuts nothing out.
fn loose(squared: f64) -> f64 {
    squared * (1.0 + 1e-9)
}

/// Square of the clear distance from a box to that from `low` to `high`; 0 where they meet.
fn squared_gap(envelope: &Envelope, low: Coord, high: Coord) -> f64 {
    let gap = |k: usize| greater(greater(low[k] - envelope.max[k], envelope.min[k] - high[k]), 0.0);
    let (dx, dy) = (gap(0), gap(1));
    dx * dx + dy * dy
}

/// The greater of two numbers: one instruction, where `f64::max` looks for NaN, of which no polygon has any.
fn greater(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

fn nearest_by(coords: &[Coord], distance: impl Fn(Coord) -> f64) -> Option<Coord> {
    let (mut best, mut nearest) = (f64::INFINITY, 0);
    for (i, &coord) in coords.iter().enumerate() {
        let found = distance(coord);
        // Selected, not branched on: which vertex is nearest cannot be foretold.
        nearest = if found < best { i } else { nearest };
        best = lesser(best, found);
    }
    coords.get(nearest).copied()
}

/// The edges whose box is no farther from `envelope` than the root of `limit`; one without length where a position repeats.
fn collect<'e>(
    geometry: MultiPolygonRef<'_>,
    envelope: &Envelope,
    limit: f64,
    edges: &'e mut Vec<RingEdge>,
) -> &'e [RingEdge] {
    let mut count = 0;
    for ring in geometry.rings() {
        let Some((&first, rest)) = ring.split_first() else { continue };
        if edges.len() < count + rest.len() {
            edges.resize(count + rest.len(), RingEdge::NONE);
        }
        let mut from = first;
        for &to in rest {
            let low = [lesser(from[0], to[0]), lesser(from[1], to[1])];
            let high = [greater(from[0], to[0]), greater(from[1], to[1])];
            let near = squared_gap(envelope, low, high) <= limit;
            // Written in any case, kept if it counts: whether an edge is near cannot be foretold either.
            let edge = &mut edges[count];
            (edge.from, edge.to) = (from, to);
            count += usize::from(near);
            from = to;
        }
    }
    &edges[..count]
}

/// The box that both boxes share; an inverted one where they share none.
fn common(a: &Envelope, b: &Envelope) -> Envelope {
    Envelope {
        min: [a.min[0].max(b.min[0]), a.min[1].max(b.min[1])],
        max: [a.max[0].min(b.max[0]), a.max[1].min(b.max[1])],
    }
}

/// Whether a polygon of `part` stands inside `whole`, given that the boundaries keep apart.
fn has_part_inside(part: &Shape<'_>, whole: &Shape<'_>) -> bool {
    if !whole.envelope.intersects(&part.envelope) {
        return false;
    }
    let mut polygons = part.geometry.polygons();
    if polygons.len() == 1 && !whole.envelope.contains(&part.envelope) {
        return false;
    }
    polygons.any(|polygon| {
        let vertex = polygon.rings().next().and_then(|exterior| exterior.first());
        vertex.is_some_and(|&at| {
            whole.envelope.contains(&Envelope { min: at, max: at }) && surrounds(whole.geometry, at)
        })
    })
}

/// A box in the coordinates of collected edges.
struct Extent {
    low: Coord,
    high: Coord,
}

fn enclosing(segments: &[Segment]) -> Extent {
    let nothing = Extent { low: [f64::INFINITY; 2], high: [f64::NEG_INFINITY; 2] };
    segments.iter().fold(nothing, |all, s| Extent {
        low: [all.low[0].min(s.low[0]), all.low[1].min(s.low[1])],
        high: [all.high[0].max(s.high[0]), all.high[1].max(s.high[1])],
    })
}

impl Extent {
    /// Square of the clear distance to the box from `low` to `high`; 0 where they meet.
    fn squared_distance(&self, low: Coord, high: Coord) -> f64 {
        let [dx, dy] = [0, 1].map(|k| (low[k] - self.high[k]).max(self.low[k] - high[k]).max(0.0));
        dx * dx + dy * dy
    }
}

fn gather(geometry: MultiPolygonRef<'_>, near: &Envelope, origin: Coord, segments: &mut Vec<Segment>) {
    segments.clear();
    for ring in geometry.rings() {
        for edge in ring.windows(2) {
            let [from, to] = [edge[0], edge[1]];
            let apart = from[0].min(to[0]) > near.max[0]
                || from[0].max(to[0]) < near.min[0]
                || from[1].min(to[1]) > near.max[1]
                || from[1].max(to[1]) < near.min[1];
            if !apart && from != to {
                segments.push(Segment::new(from, to, origin));
            }
        }
    }
}

/// Shows `visit` every pair whose boxes may be within reach of each other; it returns the square of the reach from then on,
/// or none to stop. Long lists must be sorted by their lower x.
fn visit_near(
    a: &[Segment],
    b: &[Segment],
    reach: f64,
    mut visit: impl FnMut(&Segment, &Segment) -> Option<f64>,
) {
    if a.len() * b.len() < SWEEP_FROM_PAIRS {
        for s in a {
            for t in b {
                if visit(s, t).is_none() {
                    return;
                }
            }
        }
        return;
    }
    let (mut i, mut j, mut squared) = (0, 0, reach * reach);
    while i < a.len() && j < b.len() {
        let a_first = a[i].low[0] <= b[j].low[0];
        let (one, others) = if a_first { (&a[i], &b[j..]) } else { (&b[j], &a[i..]) };
        for other in others {
            let beside = other.low[0] - one.high[0];
            if beside > 0.0 && beside * beside > squared {
                break;
            }
            let (s, t) = if a_first { (one, other) } else { (other, one) };
            match visit(s, t) {
                Some(reach) => squared = reach,
                None => return,
            }
        }
        if a_first {
            i += 1;
        } else {
            j += 1;
        }
    }
}

/// An edge in coordinates relative to a point near it, with its box.
#[derive(Debug, Clone, Copy)]
struct Segment {
    from: Coord,
    along: Coord,
    low: Coord,
    high: Coord,
    /// 1 / length²; 0 for a point.
    inverse: f64,
}

impl Segment {
    fn new(from: Coord, to: Coord, origin: Coord) -> Self {
        let from = [from[0] - origin[0], from[1] - origin[1]];
        let to = [to[0] - origin[0], to[1] - origin[1]];
        let along = [to[0] - from[0], to[1] - from[1]];
        let squared = along[0] * along[0] + along[1] * along[1];
        Self {
            from,
            along,
            low: [from[0].min(to[0]), from[1].min(to[1])],
            high: [from[0].max(to[0]), from[1].max(to[1])],
            inverse: if squared > 0.0 { 1.0 / squared } else { 0.0 },
        }
    }

    fn swap_axes(&mut self) {
        for pair in [&mut self.from, &mut self.along, &mut self.low, &mut self.high] {
            pair.swap(0, 1);
        }
    }

    fn to(&self) -> Coord {
        [self.from[0] + self.along[0], self.from[1] + self.along[1]]
    }

    /// Clear width and height between the boxes; 0 where they meet.
    fn box_gaps(&self, other: &Self) -> (f64, f64) {
        let beside = (self.low[0] - other.high[0]).max(other.low[0] - self.high[0]).max(0.0);
        let above = (self.low[1] - other.high[1]).max(other.low[1] - self.high[1]).max(0.0);
        (beside, above)
    }

    fn squared_distance(&self, x: f64, y: f64) -> f64 {
        let (dx, dy) = (x - self.from[0], y - self.from[1]);
        let share = ((dx * self.along[0] + dy * self.along[1]) * self.inverse).clamp(0.0, 1.0);
        let (rx, ry) = (dx - share * self.along[0], dy - share * self.along[1]);
        rx * rx + ry * ry
    }

    /// Twice the area to the left of the edge up to the point: its side by the sign.
    fn side(&self, [x, y]: Coord) -> f64 {
        self.along[0] * (y - self.from[1]) - self.along[1] * (x - self.from[0])
    }

    /// Whether each has its ends on both sides of the other. Ends on the other are near by distance already.
    fn crosses(&self, other: &Self) -> bool {
        self.side(other.from) * self.side(other.to()) < 0.0
            && other.side(self.from) * other.side(self.to()) < 0.0
    }

    /// Length over which the two run together.
    fn run_beside(&self, other: &Self) -> f64 {
        // Seen from the longer one, so that the order of the two makes no difference.
        let (long, short) = if self.inverse <= other.inverse { (self, other) } else { (other, self) };
        let length = 1.0 / long.inverse.sqrt();
        let (ux, uy) = (long.along[0] / length, long.along[1] / length);
        let seen = |at: Coord| {
            let (dx, dy) = (at[0] - long.from[0], at[1] - long.from[1]);
            (dx * ux + dy * uy, dy * ux - dx * uy)
        };
        let ((mut t0, mut d0), (mut t1, mut d1)) = (seen(short.from), seen(short.to()));
        if t0 > t1 {
            ((t0, d0), (t1, d1)) = ((t1, d1), (t0, d0));
        }
        let (start, end) = (t0.max(0.0), t1.min(length));
        if end - start <= SNAP_M {
            return 0.0;
        }
        let tilt = (d1 - d0) / (t1 - t0);
        let (at_start, at_end) = (d0 + (start - t0) * tilt, d0 + (end - t0) * tilt);
        if at_start.abs() <= SNAP_M && at_end.abs() <= SNAP_M {
            return end - start;
        }
        let run = if tilt == 0.0 {
            0.0
        } else {
            let within = |offset: f64| (start + (offset - at_start) / tilt).clamp(start, end);
            (within(SNAP_M) - within(-SNAP_M)).abs()
        };
        if run >= MIN_PARTIAL_RUN_M { run } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::MultiPolygonArray;
    use crate::random::{Random, key};

    /// A valid ring counter-clockwise on a grid of 4 m: a triangle, a rectangle, a comb or a rectangle of many vertices.
    fn ring(random: &mut Random) -> Vec<Coord> {
        let mut whole = |below: usize| random.below(below) as f64;
        let ([x, y], [w, h]) = ([whole(5), whole(5)], [1.0 + whole(3), 1.0 + whole(3)]);
        let ring = match whole(4) as u8 {
            0 => vec![[0.0, 0.0], [w, 0.0], [whole(4), h]],
            1 => vec![[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]],
            2 => vec![
                [0.0, 0.0],
                [3.0, 0.0],
                [3.0, h],
                [2.0, h],
                [2.0, h / 2.0],
                [1.0, h / 2.0],
                [1.0, h],
                [0.0, h],
            ],
            _ => {
                let steps = |n: f64| (0..n as u8).map(f64::from);
                let (south, east) = (steps(w).map(|k| [k, 0.0]), steps(h).map(|k| [w, k]));
                let (north, west) = (steps(w).map(|k| [w - k, h]), steps(h).map(|k| [0.0, h - k]));
                south.chain(east).chain(north).chain(west).collect()
            }
        };
        ring.into_iter().map(|c| [4.0 * (x + c[0]), 4.0 * (y + c[1])]).collect()
    }

    #[test]
    fn what_is_measured_at_once_is_what_is_measured_at_length() {
        let mut random = Random::new(key([1]));
        let mut gauge = PairMeasure::new();
        let mut seen = [0; 5];
        for i in 0..60_000 {
            let mut array = MultiPolygonArray::new();
            // Turned, shifted and with vertices that miss each other by 0, 0.1 mm or 3 mm.
            let (sin, cos) = if i % 3 == 0 { (0.0, 1.0) } else { 0.7f64.sin_cos() };
            for _ in 0..2 {
                let noise_m = [0.0, 0.0, 1e-4, 3e-3][random.below(4)];
                let ring = ring(&mut random);
                let mut place = |[x, y]: Coord| {
                    let [dx, dy] = [0, 1].map(|_| noise_m * random.below(3) as f64);
                    [500_000.0 + cos * x - sin * y + dx, 2_500_000.0 + sin * x + cos * y + dy]
                };
                let mut placed: Vec<Coord> = ring.into_iter().map(&mut place).collect();
                placed.push(placed[0]);
                array.push_ring(placed);
                array.end_polygon();
                array.end_geometry();
            }
            let (a, b) = (Shape::from(array.get(0)), Shape::from(array.get(1)));
            for within_m in [0.0, 6.0] {
                let found = gauge.measure(a, b, within_m);
                let near = a.envelope.grown(within_m.max(SNAP_M)).intersects(&b.envelope);
                let expected = if near { gauge.measure_long([a, b], [a, b], within_m) } else { None };
                assert_eq!(found.map(|m| m.contact), expected.map(|m| m.contact), "{array:?} {expected:?}");
                if let (Some(found), Some(expected)) = (found, expected) {
                    assert!((found.gap_m - expected.gap_m).abs() < 1e-12, "{array:?}");
                    assert!((found.shared_m - expected.shared_m).abs() < 1e-8, "{array:?}");
                    // Of one boundary twice the area is added up in another order.
                    assert!((found.overlap_m2 - expected.overlap_m2).abs() <= 1e-9 * expected.overlap_m2);
                }
                seen[found.map_or(4, |m| m.contact as usize)] += 1;
            }
        }
        assert!(seen.iter().all(|&n| n > 2_000), "{seen:?}");
    }

    #[test]
    fn long_shapes_are_measured_by_what_of_them_is_near() {
        let mut random = Random::new(key([2]));
        let mut array = MultiPolygonArray::new();
        let closed = |mut ring: Vec<Coord>| {
            ring.push(ring[0]);
            ring
        };
        // Two bent streets that cross, one with a hole in every tenth stretch, and a shape in many parts.
        for street in 0..2 {
            let side = |k: usize, offset: f64| {
                let (along, bend) = (3.0 * k as f64, 20.0 * (k as f64 / 25.0).sin() + offset);
                if street == 0 { [along, bend] } else { [600.0 + bend, along - 600.0] }
            };
            let mut ring: Vec<Coord> = (0..400).map(|k| side(k, 0.0)).collect();
            ring.extend((0..400).rev().map(|k| side(k, 9.0)));
            if street == 1 {
                ring.reverse();
            }
            array.push_ring(closed(ring));
            for k in (5..400).step_by(10).filter(|_| street == 0) {
                let mut hole = vec![side(k, 4.0), side(k, 6.0), side(k + 1, 6.0), side(k + 1, 4.0)];
                hole.truncate(3 + k % 20 / 10);
                array.push_ring(closed(hole));
            }
            array.end_polygon();
            array.end_geometry();
        }
        for k in 0..60 {
            let (x, y) = (20.0 * f64::from(k), 5.0);
            array.push_ring([[x, y], [x + 4.0, y], [x + 4.0, y + 40.0], [x, y + 40.0], [x, y]]);
            array.end_polygon();
        }
        array.end_geometry();
        for _ in 0..3_000 {
            let [x, y] = [random.below(1_400) as f64 - 100.0, random.below(160) as f64 - 80.0];
            let ring = ring(&mut random).into_iter().map(|c| [x + c[0] / 2.0, y + c[1] / 2.0]).collect();
            array.push_ring(closed(ring));
            array.end_polygon();
            array.end_geometry();
        }
        let envelopes: Vec<Envelope> = array.iter().map(|shape| shape.envelope()).collect();
        let shapes = Shapes::new(&array, &envelopes);
        assert_eq!(shapes.long.len(), 3);
        let mut gauge = PairMeasure::new();
        let mut seen = [0; 5];
        for (i, j) in (0..3).flat_map(|i| (i + 1..array.len()).map(move |j| (i, j))) {
            for within_m in [0.0, 15.0] {
                for [i, j] in [[i, j], [j, i]] {
                    let mut found = gauge.measure_of(&shapes, [i, j], within_m);
                    let expected = gauge.measure(shapes.get(i), shapes.get(j), within_m);
                    if let (Some(found), Some(expected)) = (&mut found, expected) {
                        assert!((found.overlap_m2 - expected.overlap_m2).abs() < 1e-8);
                        found.overlap_m2 = expected.overlap_m2;
                    }
                    assert_eq!(found, expected, "{i} {j}");
                    seen[found.map_or(4, |m| m.contact as usize)] += 1;
                }
            }
        }
        assert!(seen.iter().all(|&n| n > 20), "{seen:?}");
    }

    #[test]
    fn one_boundary_is_measured_as_one_that_begins_elsewhere() {
        let gear = |edges: u32, first: u32| {
            let at = |i: u32| {
                let angle = f64::from((i + first) % edges) / f64::from(edges) * std::f64::consts::TAU;
                let radius = if (i + first).is_multiple_of(2) { 1_000.0 } else { 900.0 };
                [5e5 + radius * angle.cos(), 2.5e6 + radius * angle.sin()]
            };
            let mut array = MultiPolygonArray::new();
            array.push_ring((0..=edges).map(at));
            array.end_polygon();
            array.end_geometry();
            array
        };
        for edges in [6, 40, 2_000] {
            let (given, turned) = (gear(edges, 0), gear(edges, 3));
            let same = measure(given.get(0), given.get(0), 5.0).unwrap();
            let other = measure(given.get(0), turned.get(0), 5.0).unwrap();
            assert_eq!((same.contact, other.contact), (Contact::Overlap, Contact::Overlap));
            assert!((same.overlap_m2 / other.overlap_m2 - 1.0).abs() < 1e-9, "{same:?} {other:?}");
            assert!((same.shared_m / other.shared_m - 1.0).abs() < 1e-9, "{same:?} {other:?}");
        }
        // Each pair of so many would cost all pairs of their edges.
        let (large, mut gauge) = (gear(100_000, 0), PairMeasure::new());
        for _ in 0..100 {
            let found = gauge.measure(large.get(0).into(), large.get(0).into(), 5.0).unwrap();
            assert_eq!(found.overlap_m2, large.get(0).signed_area());
        }
    }
}
