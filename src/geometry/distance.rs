//! How two polygons lie to each other: overlap, shared edge, shared corner, or a gap of so many metres.

use serde::Serialize;

use super::trapezoid::{self, Clipper, Edge, Piece};
use super::{Coord, Envelope, MultiPolygonRef};

/// Boundaries that are no farther apart than this touch, m.
pub const SNAP_M: f64 = 1e-3;

/// Parcels overlap where their interiors share more than this, m². Less is noise of digitising.
pub const OVERLAP_TOLERANCE_M2: f64 = 0.01;

/// A stretch within [`SNAP_M`] of edges that otherwise part counts as shared from this length on, m. Below it, two edges
/// that meet at an angle would share the first millimetres.
const MIN_PARTIAL_RUN_M: f64 = 0.1;

/// Pairs of edges from which sorting them is cheaper than looking at all pairs.
const SWEEP_FROM_PAIRS: usize = 1_024;

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
/// least 0. For many pairs use a [`Gauge`], which keeps its memory.
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
    Gauge::new().measure(a.into(), b.into(), within_m)
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

/// Measures pairs of polygons, keeping its memory from one to the next.
#[derive(Debug, Default)]
pub struct Gauge {
    a: Vec<Segment>,
    b: Vec<Segment>,
    pieces_a: Vec<Piece>,
    pieces_b: Vec<Piece>,
}

impl Gauge {
    /// A gauge without memory yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`measure`].
    pub fn measure(&mut self, a: Shape<'_>, b: Shape<'_>, within_m: f64) -> Option<Measured> {
        let reach = within_m.max(SNAP_M);
        if !a.envelope.grown(reach).intersects(&b.envelope) {
            return None;
        }
        self.gather(&a, &b, reach);
        let at_most = self.bound(reach);
        self.narrow(at_most);
        let squared = self.nearest(at_most);
        if squared.is_some_and(|squared| squared <= SNAP_M * SNAP_M) {
            self.narrow(SNAP_M);
            let shared_m = self.shared_length();
            let contact = match shared_m {
                _ if self.overlaps(a, b) => Contact::Overlap,
                run if run > 0.0 => Contact::Edge,
                _ => Contact::Corner,
            };
            return Some(Measured { contact, gap_m: 0.0, shared_m });
        }
        // The boundaries keep apart: the interiors share land only where one polygon stands in the other.
        if has_part_inside(&a, &b) || has_part_inside(&b, &a) {
            let contact = if self.overlaps(a, b) { Contact::Overlap } else { Contact::Corner };
            return Some(Measured { contact, gap_m: 0.0, shared_m: 0.0 });
        }
        let gap_m = squared?.sqrt();
        (gap_m <= within_m).then_some(Measured { contact: Contact::Gap, gap_m, shared_m: 0.0 })
    }

    /// Area that the interiors share, m², exact but for rounding.
    ///
    /// # Complexity
    /// O(edges of both), and the pairs of those edges that lie above each other in the box that both share.
    pub fn overlap_area(&mut self, a: Shape<'_>, b: Shape<'_>) -> f64 {
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

    fn overlaps(&mut self, a: Shape<'_>, b: Shape<'_>) -> bool {
        // The box that both share bounds the land they share: most neighbours need no sum.
        let window = common(&a.envelope, &b.envelope);
        window.width() * window.height() > OVERLAP_TOLERANCE_M2
            && self.overlap_area(a, b) > OVERLAP_TOLERANCE_M2
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
