//! How large land is once its gaps are closed, without drawing it.
//!
//! A disc rolls around the land. The way of its centre is the land's boundary moved outwards: edges moved aside and arcs around
//! convex corners, less what lies within the disc's reach of any other edge. Where that way turns a corner, the disc rests
//! against the land in two places, and its own arc between them bounds a filled bay. Area and perimeter are sums over those
//! edges and arcs, each cut alone: no polygon is built.

use std::f64::consts::{PI, TAU};

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::array::ring_area;
use super::{Coord, Envelope, MultiPolygonRef, boolean};
use crate::error::ParamError;
use crate::parallel;

/// Size of land with its gaps closed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ClosedSize {
    /// Area, m², remaining holes taken out.
    pub area_m2: f64,
    /// Length of all boundaries, those of remaining holes included, m.
    pub perimeter_m: f64,
}

/// Size of land with the gaps that a disc of radius `distance_m` cannot enter: of what [`boolean::closing`] draws, with true
/// arcs in place of chords.
///
/// `land` has to be valid, with the land to the left of every ring, as [`boolean::dissolve`] returns it.
///
/// # Errors
/// [`ParamError`] where `distance_m` is not from 0 to 1,000,000 m.
///
/// # Complexity
/// O(n log n + m) for n positions and m pairs of edges not farther apart than twice the distance. Where the disc rests
/// against three places at once to within a millimetre, it may not be told how they join: then the closing is drawn after all.
///
/// # Source
/// Serra 1982, *Image Analysis and Mathematical Morphology*: closing by a disc. Areas by Green's theorem.
///
/// ```
/// use landuse::geometry::{MultiPolygonArray, closing::closed_size};
/// let mut blocks = MultiPolygonArray::new();
/// for x in [0.0, 110.0] {
///     blocks.push_ring([[x, 0.0], [x + 100.0, 0.0], [x + 100.0, 50.0], [x, 50.0], [x, 0.0]]);
///     blocks.end_polygon();
/// }
/// blocks.end_geometry();
/// // The street of 10 m by 50 m between them is filled, but for a segment of the disc at both of its ends.
/// let (radius, half_street) = (8.0_f64, 5.0_f64);
/// let arc = 2.0 * radius * (half_street / radius).asin();
/// let segment = radius * arc / 2.0 - half_street * (radius * radius - half_street * half_street).sqrt();
/// let closed = closed_size(blocks.get(0), radius)?;
/// assert!((closed.area_m2 - (10_500.0 - 2.0 * segment)).abs() < 1e-6);
/// assert!((closed.perimeter_m - (500.0 + 2.0 * arc)).abs() < 1e-6);
/// # Ok::<(), landuse::ParamError>(())
/// ```
pub fn closed_size(land: MultiPolygonRef<'_>, distance_m: f64) -> Result<ClosedSize, ParamError> {
    boolean::check_distance(distance_m)?;
    let size = match rolled(land, distance_m) {
        Some(size) => size,
        None => drawn(&boolean::closing(&[land], distance_m)?.iter()),
    };
    // Rounding takes no land.
    Ok(ClosedSize { area_m2: size.area_m2.max(land.signed_area()), ..size })
}

fn drawn<'a>(parts: &(impl Iterator<Item = MultiPolygonRef<'a>> + Clone)) -> ClosedSize {
    let rings = || parts.clone().flat_map(|part| part.rings());
    let length = |edge: &[Coord]| (edge[1][0] - edge[0][0]).hypot(edge[1][1] - edge[0][1]);
    let perimeter_m = rings().flat_map(|ring| ring.windows(2)).map(length).sum();
    ClosedSize { area_m2: rings().map(ring_area).sum(), perimeter_m }
}

/// Ends of the way that lie this close are one corner of it, m: where it bends by little, they are found no better.
const SAME_PLACE_M: f64 = 1e-3;
/// Pieces of the way below this are none, m.
const NO_LENGTH_M: f64 = 1e-7;
/// Edges across a gap are met where they lie farther than the radius by no more than this, m: a street exactly as wide as the
/// disc is closed whatever the last digits say.
const TIE_M: f64 = 1e-9;
/// Turns of the way below this angle are rounding.
const STRAIGHT_RAD: f64 = 1e-6;

/// None where there is nothing to roll around, or where the pieces of the way do not join two by two.
fn rolled(land: MultiPolygonRef<'_>, radius: f64) -> Option<ClosedSize> {
    let disc = Disc::around(land, radius)?;
    let pieces: Vec<Piece> = parallel::gather(disc.ways.len(), 64, &|ways, pieces| {
        pieces.extend(ways.flat_map(|way| disc.free_pieces(way)));
    });
    let rests = disc.rests(&pieces)?;

    let (mut twice_area, mut perimeter_m, mut gap) = (0.0, 0.0, [0.0; 2]);
    for piece in &pieces {
        if let Way::Beside(edge) = disc.ways[piece.way] {
            let [from, to] =
                [piece.from, piece.to].map(|at| moved(disc.edges[edge].start, disc.edges[edge].along, at));
            twice_area += cross(from, to);
            perimeter_m += piece.to - piece.from;
            gap = moved(gap, minus(to, from), 1.0);
        }
    }
    for (i, rest) in rests.iter().enumerate() {
        for [from, to] in disc.bare_arcs(i, &rests, &pieces) {
            let [start, end] = [from, to].map(|at| rest.touch(radius, at));
            // ∫ x dy - y dx along a clockwise arc: along its chord, less what lies between the two.
            twice_area += cross(start, end) - radius * radius * beyond_sine(to - from);
            perimeter_m += radius * (to - from);
            gap = moved(gap, minus(end, start), 1.0);
        }
    }
    let area_m2 = twice_area / 2.0;
    let is_sound = gap[0].hypot(gap[1]) < 10.0 * SAME_PLACE_M && area_m2 >= land.signed_area() * (1.0 - 1e-6);
    is_sound.then_some(ClosedSize { area_m2, perimeter_m })
}

/// `angle - sin(angle)` without loss of digits where the angle is small.
fn beyond_sine(angle: f64) -> f64 {
    if angle > 0.1 {
        return angle - angle.sin();
    }
    let square = angle * angle;
    angle * square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0 * (1.0 - square / 72.0)))
}

/// An edge of the land, which lies to its left.
#[derive(Debug, Clone, Copy)]
struct Edge {
    start: Coord,
    end: Coord,
    along: Coord,
    length: f64,
}

impl Edge {
    fn new(start: Coord, end: Coord) -> Option<Self> {
        let way = minus(end, start);
        let length = way[0].hypot(way[1]);
        (length > 0.0).then(|| Self { start, end, along: [way[0] / length, way[1] / length], length })
    }

    /// Away from the land.
    fn outward(&self) -> Coord {
        [self.along[1], -self.along[0]]
    }

    fn distance(&self, p: Coord) -> f64 {
        let from = minus(p, self.start);
        let at = dot(from, self.along);
        if at <= 0.0 {
            from[0].hypot(from[1])
        } else if at >= self.length {
            minus(p, self.end)[0].hypot(minus(p, self.end)[1])
        } else {
            cross(self.along, from).abs()
        }
    }
}

/// A part of the way of the disc's centre if nothing else were there.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// Along an edge, at the radius from it.
    Beside(usize),
    /// Counter-clockwise around the corner between two edges, from an angle on and by so much.
    Around { before: usize, after: usize, from: f64, by: f64 },
}

/// A piece of a way where the disc meets nothing else: lengths along an edge, or angles from the first one on.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Position among the ways.
    way: usize,
    from: f64,
    to: f64,
}

/// Where the way turns: the disc rests against the land at both ends of an arc that runs clockwise, from an angle and by so much.
#[derive(Debug, Clone, Copy)]
struct Rest {
    centre: Coord,
    from: f64,
    by: f64,
}

impl Rest {
    /// The place of the arc that lies so far from its first angle.
    fn touch(&self, radius: f64, at: f64) -> Coord {
        moved(self.centre, direction(self.from - at), radius)
    }
}

/// A disc on its way around land.
struct Disc {
    radius: f64,
    /// Around the middle of the land, so that large coordinates lose no digits.
    edges: Vec<Edge>,
    ways: Vec<Way>,
    /// The way that goes on where each ends.
    next: Vec<usize>,
    /// The way beside each edge.
    way_of_edge: Vec<usize>,
    near: RTree<GeomWithData<Rectangle<Coord>, usize>>,
}

impl Disc {
    fn around(land: MultiPolygonRef<'_>, radius: f64) -> Option<Self> {
        let envelope = land.envelope();
        if radius <= 0.0 || envelope.is_empty() {
            return None;
        }
        let middle = envelope.center();
        let mut edges: Vec<Edge> = Vec::with_capacity(land.coords().len());
        let mut ways = Vec::with_capacity(2 * land.coords().len());
        let mut next = Vec::with_capacity(ways.capacity());
        let mut way_of_edge = Vec::with_capacity(edges.capacity());
        for ring in land.rings() {
            let (first, first_way) = (edges.len(), ways.len());
            edges.extend(ring.windows(2).filter_map(|e| Edge::new(minus(e[0], middle), minus(e[1], middle))));
            for before in first..edges.len() {
                let after = if before + 1 == edges.len() { first } else { before + 1 };
                let (by, outward) = (turn(edges[before].along, edges[after].along), edges[before].outward());
                way_of_edge.push(ways.len());
                ways.push(Way::Beside(before));
                if by > 0.0 {
                    ways.push(Way::Around { before, after, from: outward[1].atan2(outward[0]), by });
                }
            }
            next.extend(first_way + 1..ways.len());
            next.extend((ways.len() > first_way).then_some(first_way));
        }
        let boxes = edges.iter().map(|edge| Rectangle::from_corners(edge.start, edge.end));
        let near = RTree::bulk_load(boxes.zip(0..).map(|(b, i)| GeomWithData::new(b, i)).collect());
        Some(Self { radius, edges, ways, next, way_of_edge, near })
    }

    /// Where the centre is on a way, and in which direction it touches the land.
    fn place(&self, way: usize, at: f64) -> (Coord, Coord) {
        let (touched, outward) = match self.ways[way] {
            Way::Beside(edge) => {
                (moved(self.edges[edge].start, self.edges[edge].along, at), self.edges[edge].outward())
            }
            Way::Around { before, from, .. } => (self.edges[before].end, direction(from + at)),
        };
        (moved(touched, outward, self.radius), outward.map(|v| -v))
    }

    /// Where a way ends, as a length along its edge or an angle.
    fn end(&self, way: usize) -> f64 {
        match self.ways[way] {
            Way::Beside(edge) => self.edges[edge].length,
            Way::Around { by, .. } => by,
        }
    }

    /// Those parts of a way where the disc meets no other edge.
    fn free_pieces(&self, way: usize) -> Vec<Piece> {
        let end = self.end(way);
        let scale = if matches!(self.ways[way], Way::Beside(_)) { 1.0 } else { self.radius };
        let mut taken = Vec::new();
        let mut cuts = Vec::new();
        for edge in self.edges_near(self.ways[way]) {
            cuts.clear();
            cuts.extend([0.0, end]);
            self.cuts(way, edge, |at| cuts.extend((0.0 < at && at < end).then_some(at)));
            cuts.sort_unstable_by(f64::total_cmp);
            for part in cuts.windows(2) {
                let (centre, inward) = self.place(way, f64::midpoint(part[0], part[1]));
                let tie = if dot(inward, edge.outward()) > 0.0 { TIE_M } else { 0.0 };
                if edge.distance(centre) < self.radius + tie {
                    taken.push([part[0], part[1]]);
                }
            }
        }
        taken.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]));
        taken.push([end, end]);
        let mut pieces = Vec::new();
        let mut from = 0.0;
        for [start, stop] in taken {
            if (start - from) * scale > NO_LENGTH_M {
                pieces.push(Piece { way, from, to: start });
            }
            from = stop.max(from);
        }
        pieces
    }

    /// Edges that the disc may meet on a way, but for those that the way belongs to.
    fn edges_near(&self, way: Way) -> impl Iterator<Item = &Edge> {
        let (own, reach) = match way {
            Way::Beside(i) => {
                let edge = &self.edges[i];
                ([i, i], Envelope::of([edge.start, edge.end].map(|c| moved(c, edge.outward(), self.radius))))
            }
            Way::Around { before, after, .. } => {
                ([before, after], Envelope::of([self.edges[before].end]).grown(self.radius))
            }
        };
        let reach = reach.grown(self.radius);
        let found = self.near.locate_in_envelope_intersecting(AABB::from_corners(reach.min, reach.max));
        found.filter(move |found| !own.contains(&found.data)).map(|found| &self.edges[found.data]).filter(
            move |edge| match way {
                // What lies behind an edge is not in the way beside it.
                Way::Beside(i) => {
                    let ahead = |c| dot(minus(c, self.edges[i].start), self.edges[i].outward()) > 0.0;
                    ahead(edge.start) || ahead(edge.end)
                }
                Way::Around { before, .. } => edge.distance(self.edges[before].end) < 2.0 * self.radius,
            },
        )
    }

    /// Where on a way the centre comes to lie, or may, at the radius from an edge.
    fn cuts(&self, way: usize, edge: &Edge, mut cut: impl FnMut(f64)) {
        let r = self.radius;
        match self.ways[way] {
            Way::Beside(i) => {
                let along = self.edges[i].along;
                let (origin, _) = self.place(way, 0.0);
                for corner in [edge.start, edge.end] {
                    let from = minus(origin, corner);
                    let middle = -dot(along, from);
                    let half = (r * r - cross(along, from).powi(2)).max(0.0).sqrt();
                    [middle - half, middle + half].into_iter().for_each(&mut cut);
                }
                let (slope, height) =
                    (cross(edge.along, along), cross(edge.along, minus(origin, edge.start)));
                [(r - height) / slope, (-r - height) / slope].into_iter().for_each(&mut cut);
            }
            Way::Around { before, from, .. } => {
                let corner = self.edges[before].end;
                let mut cut_at = |angle: f64| cut((angle - from).rem_euclid(TAU));
                for other in [edge.start, edge.end] {
                    let to = minus(other, corner);
                    // Of circles that do not cross this is not a number, which no range contains.
                    let (middle, half) = (to[1].atan2(to[0]), (to[0].hypot(to[1]) / (2.0 * r)).acos());
                    [middle - half, middle + half].into_iter().for_each(&mut cut_at);
                }
                let (base, height) =
                    (edge.along[1].atan2(edge.along[0]), cross(edge.along, minus(corner, edge.start)));
                for rise in [r - height, -r - height] {
                    let angle = (rise / r).asin();
                    [base + angle, base + PI - angle].into_iter().for_each(&mut cut_at);
                }
            }
        }
    }

    /// Where pieces of the way meet at a corner. None where the end of a piece has no start of another at its place.
    fn rests(&self, pieces: &[Piece]) -> Option<Vec<Rest>> {
        let mut starts_whole = vec![false; self.ways.len()];
        let mut ends_whole = vec![false; self.ways.len()];
        for piece in pieces {
            starts_whole[piece.way] |= piece.from == 0.0;
            ends_whole[self.next[piece.way]] |= piece.to == self.end(piece.way);
        }
        // Whole ends join the way that goes on there, which is straight; what is cut off meets another cut.
        let cut_starts = pieces.iter().filter(|p| p.from > 0.0 || !ends_whole[p.way]);
        let cut_ends = pieces.iter().filter(|p| p.to < self.end(p.way) || !starts_whole[self.next[p.way]]);
        let mut starts: Vec<(Coord, Coord)> = cut_starts.map(|p| self.place(p.way, p.from)).collect();
        starts.sort_unstable_by(|a, b| a.0[0].total_cmp(&b.0[0]));
        let mut used = vec![false; starts.len()];
        let mut rests = Vec::new();
        for piece in cut_ends {
            let (centre, inward) = self.place(piece.way, piece.to);
            let first = starts.partition_point(|s| s.0[0] < centre[0] - SAME_PLACE_M);
            let apart = |i: usize| minus(starts[i].0, centre)[0].hypot(minus(starts[i].0, centre)[1]);
            let next = (first..starts.len())
                .take_while(|&i| starts[i].0[0] <= centre[0] + SAME_PLACE_M)
                .filter(|&i| !used[i] && apart(i) <= SAME_PLACE_M)
                .min_by(|&a, &b| apart(a).total_cmp(&apart(b)))?;
            used[next] = true;
            let by = -turn(inward, starts[next].1);
            if by > STRAIGHT_RAD {
                rests.push(Rest { centre, from: inward[1].atan2(inward[0]), by });
            } else if by < -STRAIGHT_RAD {
                return None;
            }
        }
        rests.sort_unstable_by(|a, b| {
            a.centre[0].total_cmp(&b.centre[0]).then(a.centre[1].total_cmp(&b.centre[1]))
        });
        Some(rests)
    }

    /// Those parts of the arc of a rest, from its first angle on, that the disc does not sweep over from elsewhere: through a
    /// gap that it cannot pass it may reach over from both sides.
    fn bare_arcs(&self, rest: usize, rests: &[Rest], pieces: &[Piece]) -> Vec<[f64; 2]> {
        let (r, at) = (self.radius, &rests[rest]);
        let first = rests.partition_point(|other| other.centre[0] <= at.centre[0] - 2.0 * r);
        let mut cuts = vec![0.0, at.by];
        let mut is_alone = true;
        for (i, other) in rests.iter().enumerate().skip(first) {
            let to = minus(other.centre, at.centre);
            if to[0] >= 2.0 * r {
                break;
            }
            let apart = to[0].hypot(to[1]);
            if i != rest && apart < 2.0 * r {
                is_alone = false;
                let (middle, half) = (to[1].atan2(to[0]), (apart / (2.0 * r)).acos());
                let angles = [middle - half, middle + half].map(|angle| (at.from - angle).rem_euclid(TAU));
                cuts.extend(angles.into_iter().filter(|&angle| angle < at.by));
            }
        }
        if is_alone {
            return vec![[0.0, at.by]];
        }
        cuts.sort_unstable_by(f64::total_cmp);
        let swept = |p: Coord| {
            let first = rests.partition_point(|other| other.centre[0] <= p[0] - r);
            let mut close = (first..rests.len()).take_while(|&i| rests[i].centre[0] < p[0] + r);
            let in_disc = |i: usize| {
                let from = minus(p, rests[i].centre);
                i != rest && from[0].hypot(from[1]) < r
            };
            close.any(in_disc) || self.fits_or_passes(p, pieces)
        };
        let parts = cuts.windows(2).map(|part| [part[0], part[1]]);
        parts.filter(|&[from, to]| !swept(at.touch(r, f64::midpoint(from, to)))).collect()
    }

    /// Whether the disc can have its centre at a place that is not land, or sweeps over it on its way.
    fn fits_or_passes(&self, p: Coord, pieces: &[Piece]) -> bool {
        let reach = AABB::from_corners(p.map(|v| v - self.radius), p.map(|v| v + self.radius));
        let mut fits = true;
        for found in self.near.locate_in_envelope_intersecting(reach) {
            fits &= self.edges[found.data].distance(p) >= self.radius;
            // An edge's way, and that around its end if there is one.
            let first = pieces.partition_point(|piece| piece.way < self.way_of_edge[found.data]);
            let mut own = pieces[first..].iter().take_while(|piece| self.edge_of(piece.way) == found.data);
            if own.any(|piece| self.sweeps(piece, p)) {
                return true;
            }
        }
        fits
    }

    /// The edge that a way lies beside, or at whose end it turns.
    fn edge_of(&self, way: usize) -> usize {
        match self.ways[way] {
            Way::Beside(edge) | Way::Around { before: edge, .. } => edge,
        }
    }

    /// Whether a place lies between a piece of the way and the land that the disc touches from there.
    fn sweeps(&self, piece: &Piece, p: Coord) -> bool {
        match self.ways[piece.way] {
            Way::Beside(edge) => {
                let edge = &self.edges[edge];
                let from = minus(p, edge.start);
                let (at, height) = (dot(from, edge.along), dot(from, edge.outward()));
                piece.from < at && at < piece.to && 0.0 < height && height < self.radius
            }
            Way::Around { before, from, .. } => {
                let out = minus(p, self.edges[before].end);
                let angle = turn(direction(from + piece.from), out);
                0.0 < angle && angle < piece.to - piece.from && out[0].hypot(out[1]) < self.radius
            }
        }
    }
}

fn minus(a: Coord, b: Coord) -> Coord {
    [a[0] - b[0], a[1] - b[1]]
}

fn moved(a: Coord, along: Coord, by: f64) -> Coord {
    [a[0] + along[0] * by, a[1] + along[1] * by]
}

fn dot(a: Coord, b: Coord) -> f64 {
    a[0] * b[0] + a[1] * b[1]
}

fn cross(a: Coord, b: Coord) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

/// The angle from one direction to another, counter-clockwise, -π to π.
fn turn(from: Coord, to: Coord) -> f64 {
    cross(from, to).atan2(dot(from, to))
}

fn direction(angle: f64) -> Coord {
    let (sin, cos) = angle.sin_cos();
    [cos, sin]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::MultiPolygonArray;
    use crate::random::Random;

    fn land(rings: &[&[Coord]]) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for ring in rings {
            array.push_ring(ring.iter().copied().chain([ring[0]]).map(|c| [c[0] + 5e5, c[1] + 2.5e6]));
            array.end_polygon();
            array.end_geometry();
        }
        boolean::dissolve(&array)
    }

    fn rectangle(x: f64, y: f64, w: f64, h: f64) -> [Coord; 4] {
        [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]
    }

    #[track_caller]
    fn expect(land: &MultiPolygonArray, radius: f64, area_m2: f64, perimeter_m: f64) {
        let size = rolled(land.get(0), radius).expect("pieces that join");
        assert!((size.area_m2 - area_m2).abs() < 1e-3, "{size:?} {area_m2}");
        assert!((size.perimeter_m - perimeter_m).abs() < 1e-4, "{size:?} {perimeter_m}");
    }

    #[test]
    fn what_has_no_gap_stays() {
        expect(&land(&[&rectangle(0.0, 0.0, 30.0, 20.0)]), 10.0, 600.0, 100.0);
        // Two that lie farther apart than the disc is wide.
        let apart = land(&[&rectangle(0.0, 0.0, 30.0, 20.0), &rectangle(50.1, 0.0, 30.0, 20.0)]);
        expect(&apart, 10.0, 1_200.0, 200.0);
        // Streets exactly as wide as the disc are closed, with a half disc at both ends.
        let tied = land(&[&rectangle(0.0, 0.0, 30.0, 40.0), &rectangle(50.0, 0.0, 30.0, 40.0)]);
        expect(&tied, 10.0, 2.0 * 1_200.0 + 20.0 * 40.0 - PI * 100.0, 200.0 + 20.0 * PI);
    }

    #[test]
    fn a_notch_keeps_what_the_disc_fills() {
        // A right angle between two walls: the disc leaves (1 - π/4) r² of the corner.
        let corner =
            land(&[&[[0.0, 0.0], [60.0, 0.0], [60.0, 20.0], [20.0, 20.0], [20.0, 60.0], [0.0, 60.0]]]);
        let arc = PI / 2.0 * 10.0;
        expect(&corner, 10.0, 2_000.0 + (1.0 - PI / 4.0) * 100.0, 240.0 - 20.0 + arc);
    }

    #[test]
    fn a_yard_is_filled_where_no_disc_fits_in() {
        let yard = |width: f64| {
            let mut array = MultiPolygonArray::new();
            let ring = |r: [Coord; 4]| r.into_iter().chain([r[0]]);
            array.push_ring(ring(rectangle(0.0, 0.0, 60.0, 60.0)));
            let mut hole = rectangle(20.0, 20.0, width, width);
            hole.reverse();
            array.push_ring(ring(hole));
            array.end_polygon();
            array.end_geometry();
            array
        };
        expect(&yard(19.9), 10.0, 3_600.0, 240.0);
        expect(&yard(30.0), 10.0, 3_600.0 - 900.0 + (4.0 - PI) * 100.0, 240.0 + 4.0 * 10.0 + 20.0 * PI);
    }

    /// A disc cannot pass between the wall and the tip, but from both sides it sweeps over the place between them.
    #[test]
    fn arcs_from_both_sides_of_a_neck_end_where_they_meet() {
        let wall = rectangle(-100.0, -20.0, 200.0, 20.0);
        let neck = land(&[&wall, &[[0.0, 14.0], [20.0, 114.0], [-20.0, 114.0]]]);
        let half = (100.0_f64 - 16.0).sqrt();
        let (arc, under) = (10.0 * (half / 10.0).asin(), 2.0 * half);
        let filled = 2.0 * (10.0 * half - under - 10.0 * arc / 2.0);
        let needle = 40.0 + 2.0 * 20.0_f64.hypot(100.0);
        expect(&neck, 10.0, 4_000.0 + 2_000.0 + filled, 440.0 - 2.0 * half + needle + 2.0 * arc);
    }

    /// Scenes of rectangles and triangles turned anyhow, at all distances: the same as drawn, but for the chords.
    #[test]
    fn rolls_as_it_draws() {
        let mut random = Random::new(7);
        for scene in 0..300 {
            let mut array = MultiPolygonArray::new();
            for _ in 0..2 + scene % 9 {
                let centre = [random.unit() * 120.0 + 5e5, random.unit() * 120.0 + 2.5e6];
                let (turned, corners) = (random.unit() * PI, 3 + scene % 4);
                let corner =
                    |k: usize| moved(centre, direction(turned + TAU * k as f64 / corners as f64), 18.0);
                array.push_ring((0..=corners).map(|k| corner(k % corners)));
                array.end_polygon();
                array.end_geometry();
            }
            let land = boolean::dissolve(&array);
            let radius = 1.0 + random.unit() * 30.0;
            let drawn = drawn(&boolean::closing(&[land.get(0)], radius).unwrap().iter());
            let size = rolled(land.get(0), radius).expect("pieces that join");
            // Chords of an eighth of the radius lie within 0.2 % of it of their arcs.
            let bound = 2e-3 * radius * drawn.perimeter_m.min(40.0 * radius) + 1e-3;
            assert!((size.area_m2 - drawn.area_m2).abs() < bound, "{scene} {radius} {size:?} {drawn:?}");
            let longer = size.perimeter_m / drawn.perimeter_m - 1.0;
            assert!(longer.abs() < 5e-3, "{scene} {radius} {size:?} {drawn:?}");
        }
    }

    #[test]
    fn no_radius_takes_land() {
        let mut random = Random::new(19);
        for scene in 0..4 {
            let mut array = MultiPolygonArray::new();
            for _ in 0..3 + scene {
                let centre = [random.unit() * 900.0 + 5e5, random.unit() * 900.0 + 2.5e6];
                let turned = random.unit() * PI;
                array.push_ring(
                    (0..=5).map(|k| moved(centre, direction(turned + TAU * f64::from(k % 5) / 5.0), 90.0)),
                );
                array.end_polygon();
                array.end_geometry();
            }
            let land = boolean::dissolve(&array);
            let land_m2 = land.get(0).signed_area();
            for power in 2..=6 {
                let radius = 10.0_f64.powi(power);
                let closed_m2 = closed_size(land.get(0), radius).unwrap().area_m2;
                assert!(closed_m2 >= land_m2, "{scene} {radius}: {closed_m2} of {land_m2}");
                let drawn_m2 = drawn(&boolean::closing(&[land.get(0)], radius).unwrap().iter()).area_m2;
                assert!(
                    drawn_m2 >= land_m2 * (1.0 - 1e-12),
                    "{scene} {radius}: {drawn_m2} of {land_m2} drawn"
                );
            }
        }
    }

    #[test]
    fn distances_are_lengths() {
        let square = land(&[&rectangle(0.0, 0.0, 10.0, 10.0)]);
        for wrong in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(closed_size(square.get(0), wrong).is_err());
        }
        let unchanged = closed_size(square.get(0), 0.0).unwrap();
        assert!((unchanged.area_m2 - 100.0).abs() < 1e-6 && (unchanged.perimeter_m - 40.0).abs() < 1e-6);
    }
}
