//! Which polygons can be measured, why others cannot, and what can be mended.
//!
//! Valid means what OGC Simple Features (06-103r4, 6.1.11 and 6.1.14) asks of a multipolygon, except that winding is no
//! fault. Every verdict is exact: orientation is decided by predicates that do not round.

use std::fmt;
use std::ops::Range;

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay_rule::OverlayRule;

use super::array::ring_area;
use super::engine::{Grid, Mender, Straight, operate};
use super::predicates::{Location, leads_left, locate, side};
use super::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef};
use crate::error::Limits;
use crate::parallel;
use crate::rows::Rows;
use crate::union_find::UnionFind;

/// Coordinates beyond this many metres are no place on a planet, and products of them would overflow.
const FARTHEST_M: f64 = 1e15;

/// Least area that is land, m²: what is below is rounding.
const LEAST_AREA_M2: f64 = 1e-6;

/// Why a multipolygon is not valid. `at` is a place on the fault, in the coordinates of the geometry.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// There is no polygon, or one of them has no positions.
    Empty,
    /// A coordinate is not a finite number, or farther than 1e15 m from the origin.
    NotFinite,
    /// A ring has fewer than four positions.
    TooFewPositions {
        /// How many it has.
        found: usize,
        /// Its first position.
        at: Coord,
    },
    /// The last position of a ring is not the first one.
    NotClosed {
        /// The last position.
        at: Coord,
    },
    /// All positions of a ring lie on one line.
    ZeroArea {
        /// Its first position.
        at: Coord,
    },
    /// A ring crosses or runs along itself.
    SelfIntersection {
        /// Where.
        at: Coord,
    },
    /// A ring touches itself at a point.
    SelfTouch {
        /// Where.
        at: Coord,
    },
    /// Two rings of one polygon cross or share an edge.
    RingsCross {
        /// Where.
        at: Coord,
    },
    /// A hole lies outside the exterior of its polygon.
    HoleOutsideShell {
        /// A position of the hole.
        at: Coord,
    },
    /// A hole lies inside another hole.
    NestedHoles {
        /// A position of the inner one.
        at: Coord,
    },
    /// Rings that touch each other cut the interior of a polygon in two.
    DisconnectedInterior {
        /// Where two of them touch.
        at: Coord,
    },
    /// Two polygons of the multipolygon overlap or share an edge.
    PartsOverlap {
        /// Where.
        at: Coord,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words(self.at(), 3))
    }
}

impl Fault {
    /// A place on the fault; none where there is none.
    pub fn at(&self) -> Option<Coord> {
        match *self {
            Self::Empty | Self::NotFinite => None,
            Self::TooFewPositions { at, .. }
            | Self::NotClosed { at }
            | Self::ZeroArea { at }
            | Self::SelfIntersection { at }
            | Self::SelfTouch { at }
            | Self::RingsCross { at }
            | Self::HoleOutsideShell { at }
            | Self::NestedHoles { at }
            | Self::DisconnectedInterior { at }
            | Self::PartsOverlap { at } => Some(at),
        }
    }

    /// The fault in words, at a place that may be in other coordinates than the geometry's.
    pub(crate) fn words(&self, at: Option<Coord>, decimals: usize) -> String {
        let what = match *self {
            Self::Empty => "a polygon without positions",
            Self::NotFinite => "a coordinate that is not a finite number of metres",
            Self::TooFewPositions { found, .. } => {
                &format!("a ring of {found} positions, expected at least 4,")
            }
            Self::NotClosed { .. } => "a ring that is not closed",
            Self::ZeroArea { .. } => "a ring without area",
            Self::SelfIntersection { .. } => "ring self-intersection",
            Self::SelfTouch { .. } => "a ring that touches itself",
            Self::RingsCross { .. } => "rings that cross or share an edge",
            Self::HoleOutsideShell { .. } => "a hole outside its exterior",
            Self::NestedHoles { .. } => "a hole inside another hole",
            Self::DisconnectedInterior { .. } => "an interior cut in two by touching rings",
            Self::PartsOverlap { .. } => "polygons that overlap or share an edge",
        };
        match at {
            Some([x, y]) => format!("{what} at ({x:.decimals$}, {y:.decimals$})"),
            None => what.to_owned(),
        }
    }
}

/// The first fault of a multipolygon, or none where it is valid in the OGC sense: every ring closed, of at least four
/// positions, with an area, neither crossing nor touching itself; rings of a polygon meet at single points only; holes lie in
/// the exterior and not in each other; the interior hangs together; polygons share no area and no edge. Winding is no fault,
/// nor are repeated positions. Unlike OGC, an empty polygon is one.
///
/// # Complexity
/// A single ring of up to 40 edges: O(n²) box comparisons without allocation, well below a microsecond. Otherwise
/// O(n log n) time and O(n) memory, as long as boxes of edges meet few others; from tens of thousands of edges on all threads.
///
/// ```
/// use landuse::geometry::{MultiPolygonArray, validity::{Fault, find_fault}};
/// let mut bow_tie = MultiPolygonArray::new();
/// bow_tie.push_ring([[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0], [0.0, 0.0]]);
/// bow_tie.end_polygon();
/// bow_tie.end_geometry();
/// let fault = find_fault(&bow_tie.get(0)).unwrap();
/// assert_eq!(fault, Fault::SelfIntersection { at: [1.0, 1.0] });
/// assert_eq!(fault.to_string(), "ring self-intersection at (1.000, 1.000)");
/// ```
pub fn find_fault(geometry: &MultiPolygonRef<'_>) -> Option<Fault> {
    let mut rings = geometry.rings();
    if geometry.polygons().len() == 1
        && let (Some(ring), None) = (rings.next(), rings.next())
        && is_small_and_simple(ring)
    {
        return None;
    }
    match Outline::of(geometry) {
        Ok(outline) => outline.find_fault().err(),
        Err(fault) => Some(fault),
    }
}

/// Whether a coordinate can be computed with.
fn is_usable(c: Coord) -> bool {
    // A comparison with NaN is false.
    c[0].abs() <= FARTHEST_M && c[1].abs() <= FARTHEST_M
}

/// Accepts the common case without allocation: one ring of few edges. `false` means nothing but "look closer".
fn is_small_and_simple(ring: &[Coord]) -> bool {
    const EDGES: usize = 40;
    let (Some(&first), Some(&last)) = (ring.first(), ring.last()) else { return false };
    if ring.len() < 4 || ring.len() > EDGES + 1 || first != last {
        return false;
    }
    let mut points = [[0.0; 2]; EDGES + 2];
    let mut n = 0;
    for &c in ring {
        if !is_usable(c) {
            return false;
        }
        if n == 0 || points[n - 1] != c {
            points[n] = c;
            n += 1;
        }
    }
    // The last point repeats the first: n - 1 edges.
    let edges = n - 1;
    if edges < 3 {
        return false;
    }
    points[n] = points[1];
    let mut boxes = [[0.0; 4]; EDGES];
    for (i, slot) in boxes[..edges].iter_mut().enumerate() {
        let (a, b) = (points[i], points[i + 1]);
        if turns_back(a, b, points[i + 2]) {
            return false;
        }
        *slot = [a[0].min(b[0]), a[0].max(b[0]), a[1].min(b[1]), a[1].max(b[1])];
    }
    for i in 0..edges - 2 {
        let own = boxes[i];
        let end = if i == 0 { edges - 1 } else { edges };
        for j in i + 2..end {
            let other = &boxes[j];
            let meet = own[0] <= other[1] && other[0] <= own[1] && own[2] <= other[3] && other[2] <= own[3];
            if meet && edges_meet([points[i], points[i + 1]], [points[j], points[j + 1]]) {
                return false;
            }
        }
    }
    true
}

/// Whether the path from `a` over `b` to `c` runs back along itself.
fn turns_back(a: Coord, b: Coord, c: Coord) -> bool {
    let onward = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]);
    // For a true fold every term is negative or zero, so that rounding cannot turn the sign.
    onward <= 0.0 && side(a, b, c) == 0.0
}

/// Whether two edges whose boxes meet share a point.
fn edges_meet(s: [Coord; 2], t: [Coord; 2]) -> bool {
    let apart = |a: f64, b: f64| (a > 0.0 && b > 0.0) || (a < 0.0 && b < 0.0);
    !apart(side(s[0], s[1], t[0]), side(s[0], s[1], t[1]))
        && !apart(side(t[0], t[1], s[0]), side(t[0], t[1], s[1]))
}

/// How two edges meet.
enum Meeting {
    /// Their interiors cross, or they run along each other.
    Through(Coord),
    /// An end of one lies on the other.
    Touch(Coord),
}

/// How two edges meet whose boxes meet; none where they do not.
fn meeting(s: [Coord; 2], t: [Coord; 2]) -> Option<Meeting> {
    let (t0, t1) = (side(s[0], s[1], t[0]), side(s[0], s[1], t[1]));
    if t0 == 0.0 && t1 == 0.0 {
        let axis = usize::from(s[0][0] == s[1][0]);
        let ordered = |e: [Coord; 2]| if e[0][axis] <= e[1][axis] { e } else { [e[1], e[0]] };
        let (s, t) = (ordered(s), ordered(t));
        let from = if s[0][axis] >= t[0][axis] { s[0] } else { t[0] };
        let to = if s[1][axis] <= t[1][axis] { s[1] } else { t[1] };
        return if from[axis] < to[axis] {
            Some(Meeting::Through(from))
        } else {
            (from[axis] == to[axis]).then_some(Meeting::Touch(from))
        };
    }
    let apart = |a: f64, b: f64| (a > 0.0 && b > 0.0) || (a < 0.0 && b < 0.0);
    if apart(t0, t1) {
        return None;
    }
    let (s0, s1) = (side(t[0], t[1], s[0]), side(t[0], t[1], s[1]));
    if apart(s0, s1) {
        return None;
    }
    Some(if t0 == 0.0 {
        Meeting::Touch(t[0])
    } else if t1 == 0.0 {
        Meeting::Touch(t[1])
    } else if s0 == 0.0 {
        Meeting::Touch(s[0])
    } else if s1 == 0.0 {
        Meeting::Touch(s[1])
    } else {
        let share = t0 / (t0 - t1);
        Meeting::Through([t[0][0] + share * (t[1][0] - t[0][0]), t[0][1] + share * (t[1][1] - t[0][1])])
    })
}

/// A point at which two different rings touch, with the edges they touch by.
#[derive(Clone, Copy)]
struct Touch {
    rings: [u32; 2],
    edges: [u32; 2],
    at: Coord,
}

/// All rings of a multipolygon without repeated positions. Edge `i` runs from point `i` to the next one of its ring.
struct Outline {
    points: Vec<Coord>,
    /// Start of each ring in `points`; one more than there are rings.
    starts: Vec<u32>,
    ring_of: Vec<u32>,
    polygon_of_ring: Vec<u32>,
    /// Start of each polygon in rings; one more than there are polygons.
    polygons: Vec<u32>,
}

impl Outline {
    /// Takes the rings apart. Fails at a ring that cannot be one on its own.
    fn of(geometry: &MultiPolygonRef<'_>) -> Result<Self, Fault> {
        if geometry.coords().is_empty() {
            return Err(Fault::Empty);
        }
        if !geometry.coords().iter().all(|&c| is_usable(c)) {
            return Err(Fault::NotFinite);
        }
        let n = geometry.coords().len();
        let mut outline = Self {
            points: Vec::with_capacity(n),
            starts: vec![0],
            ring_of: Vec::with_capacity(n),
            polygon_of_ring: Vec::new(),
            polygons: vec![0],
        };
        for polygon in geometry.polygons() {
            if polygon.rings().next().is_none_or(<[Coord]>::is_empty) {
                return Err(Fault::Empty);
            }
            for ring in polygon.rings() {
                outline.add(ring)?;
            }
            outline.polygons.push(outline.starts.len() as u32 - 1);
        }
        Ok(outline)
    }

    fn add(&mut self, ring: &[Coord]) -> Result<(), Fault> {
        let Some((&first, &last)) = ring.first().zip(ring.last()) else { return Err(Fault::Empty) };
        if first != last {
            return Err(Fault::NotClosed { at: last });
        }
        if ring.len() < 4 {
            return Err(Fault::TooFewPositions { found: ring.len(), at: first });
        }
        let start = self.points.len();
        for edge in ring.windows(2) {
            if edge[0] != edge[1] {
                self.points.push(edge[0]);
            }
        }
        let points = &self.points[start..];
        if points.len() < 3 || points.iter().all(|&p| side(points[0], points[1], p) == 0.0) {
            return Err(Fault::ZeroArea { at: first });
        }
        self.ring_of.resize(self.points.len(), self.polygon_of_ring.len() as u32);
        self.polygon_of_ring.push(self.polygons.len() as u32 - 1);
        self.starts.push(self.points.len() as u32);
        Ok(())
    }

    fn ring(&self, r: u32) -> Range<usize> {
        self.starts[r as usize] as usize..self.starts[r as usize + 1] as usize
    }

    fn after(&self, i: u32) -> u32 {
        let ring = self.ring(self.ring_of[i as usize]);
        if i as usize + 1 == ring.end { ring.start as u32 } else { i + 1 }
    }

    fn before(&self, i: u32) -> u32 {
        let ring = self.ring(self.ring_of[i as usize]);
        if i as usize == ring.start { ring.end as u32 - 1 } else { i - 1 }
    }

    fn edge(&self, i: u32) -> [Coord; 2] {
        [self.points[i as usize], self.points[self.after(i) as usize]]
    }

    /// The points before and after `at`, which lies on edge `i`, along its ring.
    fn arms(&self, i: u32, at: Coord) -> [Coord; 2] {
        let [a, b] = self.edge(i);
        if at == a {
            [self.points[self.before(i) as usize], b]
        } else if at == b {
            [a, self.points[self.after(self.after(i)) as usize]]
        } else {
            [a, b]
        }
    }

    fn find_fault(&self) -> Result<(), Fault> {
        let touches = self.touches()?;
        let mut rings = Rings::new(self);
        for polygon in self.polygons.windows(2) {
            let (shell, holes) = (polygon[0], polygon[0] + 1..polygon[1]);
            for hole in holes.clone() {
                if !rings.is_inside(hole, shell) {
                    return Err(Fault::HoleOutsideShell { at: rings.first(hole) });
                }
            }
            let holes: Vec<u32> = holes.collect();
            rings.each_close_pair(&holes, |rings, a, b| {
                if rings.is_inside(a, b) {
                    Err(Fault::NestedHoles { at: rings.first(a) })
                } else if rings.is_inside(b, a) {
                    Err(Fault::NestedHoles { at: rings.first(b) })
                } else {
                    Ok(())
                }
            })?;
        }
        let shells = &self.polygons[..self.polygons.len() - 1];
        rings.each_close_pair(shells, |rings, a, b| {
            for (inner, outer) in [(a, b), (b, a)] {
                if rings.is_inside(inner, outer) {
                    let polygon = self.polygon_of_ring[outer as usize] as usize;
                    let mut holes = outer + 1..self.polygons[polygon + 1];
                    if !holes.any(|hole| rings.is_inside(inner, hole)) {
                        return Err(Fault::PartsOverlap { at: rings.first(inner) });
                    }
                }
            }
            Ok(())
        })?;
        self.check_connected(&touches)
    }

    /// Points at which different rings touch without crossing. Fails where rings cross, run along each other, or touch
    /// themselves.
    fn touches(&self) -> Result<Vec<Touch>, Fault> {
        let mut touches = self.of_close_edges(|s, t| {
            let rings = [self.ring_of[s as usize], self.ring_of[t as usize]];
            if rings[0] == rings[1] {
                for (first, second) in [(s, t), (t, s)] {
                    if self.after(first) == second {
                        let ([a, b], [_, c]) = (self.edge(first), self.edge(second));
                        let fault = Fault::SelfIntersection { at: b };
                        return if turns_back(a, b, c) { Err(fault) } else { Ok(None) };
                    }
                }
            }
            match meeting(self.edge(s), self.edge(t)) {
                None => Ok(None),
                Some(Meeting::Through(at)) => Err(self.crossing(rings, at)),
                Some(Meeting::Touch(at)) if rings[0] == rings[1] => {
                    let ([a, b], [c, d]) = (self.arms(s, at), self.arms(t, at));
                    // Two arms that leave in one direction are found as edges along each other elsewhere.
                    let crosses = leads_left(a, at, b, c) != leads_left(a, at, b, d);
                    Err(if crosses { Fault::SelfIntersection { at } } else { Fault::SelfTouch { at } })
                }
                Some(Meeting::Touch(at)) => {
                    let swap = usize::from(rings[0] > rings[1]);
                    Ok(Some(Touch {
                        rings: [rings[swap], rings[1 - swap]],
                        edges: [[s, t][swap], [s, t][1 - swap]],
                        // -0.0 and 0.0 are one place: adding 0.0 makes them one number.
                        at: at.map(|v| v + 0.0),
                    }))
                }
            }
        })?;
        touches.sort_by(|a, b| {
            let by_place = a.at[0].total_cmp(&b.at[0]).then(a.at[1].total_cmp(&b.at[1]));
            a.rings.cmp(&b.rings).then(by_place).then(a.edges.cmp(&b.edges))
        });
        touches.dedup_by(|a, b| a.rings == b.rings && a.at == b.at);
        for touch in &touches {
            let [[before, after], [c, d]] = touch.edges.map(|edge| self.arms(edge, touch.at));
            if leads_left(before, touch.at, after, c) != leads_left(before, touch.at, after, d) {
                return Err(self.crossing(touch.rings, touch.at));
            }
        }
        Ok(touches)
    }

    fn crossing(&self, rings: [u32; 2], at: Coord) -> Fault {
        if rings[0] == rings[1] {
            Fault::SelfIntersection { at }
        } else if self.polygon_of_ring[rings[0] as usize] == self.polygon_of_ring[rings[1] as usize] {
            Fault::RingsCross { at }
        } else {
            Fault::PartsOverlap { at }
        }
    }

    /// Rings and the points they touch at make a graph; a cycle in it encloses a part of the interior.
    fn check_connected(&self, touches: &[Touch]) -> Result<(), Fault> {
        let mut incidences: Vec<(Coord, u32)> = touches
            .iter()
            .filter(|t| {
                self.polygon_of_ring[t.rings[0] as usize] == self.polygon_of_ring[t.rings[1] as usize]
            })
            .flat_map(|t| t.rings.map(|ring| (t.at, ring)))
            .collect();
        let polygon = |ring: u32| self.polygon_of_ring[ring as usize];
        incidences.sort_by(|(p, a), (q, b)| {
            let by_place = p[0].total_cmp(&q[0]).then(p[1].total_cmp(&q[1]));
            polygon(*a).cmp(&polygon(*b)).then(by_place).then(a.cmp(b))
        });
        incidences.dedup();
        let mut joined = UnionFind::new(self.polygon_of_ring.len());
        for same_place in incidences.chunk_by(|(p, a), (q, b)| p == q && polygon(*a) == polygon(*b)) {
            let (at, hub) = same_place[0];
            for &(_, ring) in &same_place[1..] {
                if joined.join(hub, ring).is_none() {
                    return Err(Fault::DisconnectedInterior { at });
                }
            }
        }
        Ok(())
    }

    /// What `visit` says of each pair of edges whose boxes meet, until it fails.
    fn of_close_edges<T: Send>(
        &self,
        visit: impl Fn(u32, u32) -> Result<Option<T>, Fault> + Sync,
    ) -> Result<Vec<T>, Fault> {
        /// Edges from which on several threads look at them.
        const MANY: usize = 1 << 15;
        let boxes = self.boxes(0..self.points.len());
        let stack = Stack::over(&boxes, 0);
        let of_strips = |strips: Range<u32>| -> Result<Vec<T>, Fault> {
            let mut found = Vec::new();
            let mut own: Vec<(f64, u32)> = Vec::new();
            for strip in strips {
                own.clear();
                own.extend(stack.edges_of(strip).iter().map(|&i| (boxes[i as usize].min[0], i)));
                own.sort_unstable_by(|(x, s), (y, t)| x.total_cmp(y).then(s.cmp(t)));
                for (position, &(_, s)) in own.iter().enumerate() {
                    let own_box = &boxes[s as usize];
                    for &(_, t) in own[position + 1..].iter().take_while(|(x, _)| *x <= own_box.max[0]) {
                        let other = &boxes[t as usize];
                        let meet = own_box.min[1] <= other.max[1] && other.min[1] <= own_box.max[1];
                        // A pair may share several strips; the first one counts.
                        if meet && strip == stack.strips.at(own_box.min[1].max(other.min[1])) {
                            found.extend(visit(s.min(t), s.max(t))?);
                        }
                    }
                }
            }
            Ok(found)
        };
        let count = stack.strips.count;
        if boxes.len() < MANY {
            return of_strips(0..count);
        }
        let run = (u64::from(count) * MANY as u64 / boxes.len() as u64).max(1) as u32;
        // Each run's own answer is kept, so that the first fault is the same on any number of threads.
        let runs: Vec<Result<Vec<T>, Fault>> = parallel::collect(count.div_ceil(run) as usize, 1, &|i| {
            let i = i as u32;
            of_strips(i * run..count.min((i + 1) * run))
        });
        let mut found = Vec::new();
        for run in runs {
            found.extend(run?);
        }
        Ok(found)
    }

    /// The boxes of the edges from `points` of whole rings.
    fn boxes(&self, points: Range<usize>) -> Vec<Envelope> {
        let first = self.ring_of[points.start] as usize;
        let rings = self.starts[first..].windows(2).take_while(|ring| (ring[0] as usize) < points.end);
        let mut boxes = Vec::with_capacity(points.len());
        for ring in rings {
            let ring = &self.points[ring[0] as usize..ring[1] as usize];
            let next = ring[1..].iter().chain(ring.first());
            boxes.extend(ring.iter().zip(next).map(|(&a, &b)| Envelope::of([a, b])));
        }
        boxes
    }
}

/// Horizontal strips of equal height, so many that a box lies in two of them on average.
struct Strips {
    low: f64,
    per_m: f64,
    count: u32,
}

impl Strips {
    fn over(boxes: &[Envelope]) -> Self {
        const FEWEST: usize = 128;
        let extent = boxes.iter().fold(Envelope::EMPTY, |all, e| all.join(e));
        let sum: f64 = boxes.iter().map(Envelope::height).sum();
        let count = if boxes.len() < FEWEST || sum <= 0.0 {
            1.0
        } else {
            (extent.height() / sum * boxes.len() as f64).clamp(1.0, boxes.len() as f64).floor()
        };
        let per_m = if extent.height() > 0.0 { count / extent.height() } else { 0.0 };
        Self { low: extent.min[1], per_m, count: count as u32 }
    }

    fn at(&self, y: f64) -> u32 {
        (((y - self.low) * self.per_m) as u32).min(self.count - 1)
    }

    fn of(&self, envelope: &Envelope) -> std::ops::RangeInclusive<u32> {
        self.at(envelope.min[1])..=self.at(envelope.max[1])
    }
}

/// Rings that neither cross nor touch themselves, to be asked which lies in which.
struct Rings<'a> {
    outline: &'a Outline,
    envelopes: Vec<Envelope>,
    /// Built at the first question to a large ring.
    stacks: Vec<Option<Stack>>,
}

/// Edges by strips: those a horizontal line may meet are together, ascending.
struct Stack {
    strips: Strips,
    edges: Rows<u32>,
}

impl Stack {
    fn of(outline: &Outline, ring: u32) -> Self {
        let range = outline.ring(ring);
        let first = range.start as u32;
        Self::over(&outline.boxes(range), first)
    }

    /// Edges with these boxes, the first of which has the number `first`.
    fn over(boxes: &[Envelope], first: u32) -> Self {
        let strips = Strips::over(boxes);
        let edges = boxes.iter().zip(first..);
        let edges = edges.flat_map(|(envelope, i)| strips.of(envelope).map(move |strip| (strip as usize, i)));
        let edges = Rows::new(strips.count as usize, 0, edges);
        Self { strips, edges }
    }

    fn edges_at(&self, y: f64) -> &[u32] {
        self.edges_of(self.strips.at(y))
    }

    fn edges_of(&self, strip: u32) -> &[u32] {
        self.edges.row(strip as usize)
    }
}

impl<'a> Rings<'a> {
    fn new(outline: &'a Outline) -> Self {
        let count = outline.polygon_of_ring.len() as u32;
        Self {
            outline,
            envelopes: (0..count)
                .map(|r| Envelope::of(outline.points[outline.ring(r)].iter().copied()))
                .collect(),
            stacks: (0..count).map(|_| None).collect(),
        }
    }

    fn first(&self, ring: u32) -> Coord {
        self.outline.points[self.outline.ring(ring).start]
    }

    /// Whether the area within `inner` lies in the area within `outer`, of two rings that do not cross.
    fn is_inside(&mut self, inner: u32, outer: u32) -> bool {
        if !self.envelopes[outer as usize].contains(&self.envelopes[inner as usize]) {
            return false;
        }
        let outline = self.outline;
        let stack = self.stacks[outer as usize].get_or_insert_with(|| Stack::of(outline, outer));
        let first = outline.ring(inner).start as u32;
        let [p, next] = outline.edge(first);
        let near = stack.edges_at(p[1]);
        match locate(p, near.iter().map(|&i| outline.edge(i))) {
            Location::Inside => true,
            Location::Outside => false,
            Location::Boundary => near.iter().find(|&&i| is_on(p, outline.edge(i))).is_some_and(|&i| {
                let [before, after] = outline.arms(i, p);
                leads_left(before, p, after, next) == outline.is_counter_clockwise(outer)
            }),
        }
    }

    /// Calls `check` for each pair of `rings` whose boxes meet, until it fails.
    fn each_close_pair(
        &mut self,
        rings: &[u32],
        mut check: impl FnMut(&mut Self, u32, u32) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut by_x = rings.to_vec();
        let envelope = |rings: &Self, r: u32| rings.envelopes[r as usize];
        by_x.sort_by(|&a, &b| envelope(self, a).min[0].total_cmp(&envelope(self, b).min[0]).then(a.cmp(&b)));
        for (position, &a) in by_x.iter().enumerate() {
            for &b in &by_x[position + 1..] {
                let (own, other) = (envelope(self, a), envelope(self, b));
                if other.min[0] > own.max[0] {
                    break;
                }
                if own.intersects(&other) {
                    check(self, a, b)?;
                }
            }
        }
        Ok(())
    }
}

impl Outline {
    /// Which way a simple ring runs, by the turn at its lowest point of those farthest left.
    fn is_counter_clockwise(&self, ring: u32) -> bool {
        let by_place = |&a: &usize, &b: &usize| {
            let (p, q) = (self.points[a], self.points[b]);
            p[0].total_cmp(&q[0]).then(p[1].total_cmp(&q[1]))
        };
        self.ring(ring).min_by(by_place).is_some_and(|lowest| {
            let at = self.points[lowest];
            let [before, after] = self.arms(lowest as u32, at);
            side(before, at, after) > 0.0
        })
    }
}

fn is_on(p: Coord, [a, b]: [Coord; 2]) -> bool {
    Envelope::of([a, b]).contains(&Envelope::of([p])) && side(a, b, p) == 0.0
}

/// A valid geometry in place of an invalid one.
#[derive(Debug, Clone, PartialEq)]
pub struct RepairedGeometry {
    /// Exactly one geometry, valid, exteriors counter-clockwise, interiors clockwise.
    pub geometry: MultiPolygonArray,
    /// Polygons that vanished: of the given ones, those without any area.
    pub parts_dropped: u32,
}

/// The polygons that rings make up which neither cross nor touch themselves: exteriors counter-clockwise, each hole in
/// the smallest exterior around it. None where rings cross, or a hole lies in no exterior.
pub(super) fn reassembled(geometry: &MultiPolygonRef<'_>) -> Option<MultiPolygonArray> {
    let outline = Outline::of(geometry).ok()?;
    outline.touches().ok()?;
    let given: Vec<&[Coord]> = geometry.rings().collect();
    let areas: Vec<f64> = given.iter().map(|ring| ring_area(ring)).collect();
    let mut rings = Rings::new(&outline);
    let (exteriors, holes): (Vec<u32>, Vec<u32>) =
        (0..given.len() as u32).partition(|&ring| areas[ring as usize] > 0.0);
    let mut holes_of: Vec<Vec<u32>> = vec![Vec::new(); given.len()];
    for hole in holes {
        let around = exteriors.iter().copied().filter(|&exterior| rings.is_inside(hole, exterior));
        let least = around.min_by(|&a, &b| areas[a as usize].total_cmp(&areas[b as usize]))?;
        holes_of[least as usize].push(hole);
    }
    let mut assembled = MultiPolygonArray::with_capacity(1, geometry.coords().len());
    for exterior in exteriors {
        for ring in std::iter::once(&exterior).chain(&holes_of[exterior as usize]) {
            assembled.push_ring(given[*ring as usize].iter().copied());
        }
        assembled.end_polygon();
    }
    assembled.end_geometry();
    Some(assembled)
}

/// A result of the engine, mended where it is not valid: once in some tens of thousands of operations a hole is filed under the
/// wrong exterior, or rings touch in a way that they must not.
pub(super) fn sound(found: MultiPolygonArray) -> MultiPolygonArray {
    if found.coords().is_empty() || find_fault(&found.get(0)).is_none() {
        return found;
    }
    mend(&found.get(0)).unwrap_or(found)
}

/// Areas may change by this part where an invalid result is mended.
const MENDED_AREA: f64 = 1e-9;

/// The same land, valid: its rings put together anew, or united on ever coarser grids. None where its area would change.
pub(super) fn mend(found: &MultiPolygonRef<'_>) -> Option<MultiPolygonArray> {
    /// The coarsest grid is so many times doubled.
    const DOUBLED: i32 = 12;
    let area = found.signed_area();
    let is_sound = |mended: &MultiPolygonArray| {
        let changed = mended.get(0).signed_area() - area;
        changed.abs() <= MENDED_AREA * area && find_fault(&mended.get(0)).is_none()
    };
    if let Some(mended) = reassembled(found).filter(is_sound) {
        return Some(mended);
    }
    let grid = Grid::of(found.rings(), 0.0);
    let none = std::iter::empty;
    let united = (0..=DOUBLED).flat_map(|doubled| {
        let unite = move |straight| {
            let grid = grid.coarser(doubled);
            operate(grid, found.rings(), none(), OverlayRule::Subject, FillRule::Positive, straight)
        };
        [Straight::Drop, Straight::Keep].map(unite)
    });
    united.flat_map(|united| [reassembled(&united.get(0)), Some(united)].into_iter().flatten()).find(is_sound)
}

/// Whether the edges of some rings cross each other more than `limit` times; rings need not be closed.
///
/// # Complexity
/// O(n log n) time for n edges, as long as their boxes meet few others, and O(limit) more.
pub(super) fn cross_more_often<'a>(rings: impl Iterator<Item = &'a [Coord]>, limit: u64) -> bool {
    let mut edges: Vec<[Coord; 2]> = Vec::new();
    for ring in rings {
        edges.extend(ring.windows(2).map(|edge| [edge[0], edge[1]]));
        edges.extend(ring.last().zip(ring.first()).map(|(&last, &first)| [last, first]));
    }
    edges.retain(|edge| edge[0] != edge[1] && edge.iter().all(|&c| is_usable(c)));
    let count = edges.len() as u64;
    if count * count.saturating_sub(1) / 2 <= limit {
        return false;
    }
    let boxes: Vec<Envelope> = edges.iter().map(|&edge| Envelope::of(edge)).collect();
    let stack = Stack::over(&boxes, 0);
    let mut crossings = 0;
    let opposite = |a: f64, b: f64| (a > 0.0 && b < 0.0) || (a < 0.0 && b > 0.0);
    for strip in 0..stack.strips.count {
        let mut own = stack.edges_of(strip).to_vec();
        own.sort_unstable_by(|&s, &t| boxes[s as usize].min[0].total_cmp(&boxes[t as usize].min[0]));
        for (position, &s) in own.iter().enumerate() {
            let (box_s, [a, b]) = (&boxes[s as usize], edges[s as usize]);
            for &t in own[position + 1..].iter().take_while(|&&t| boxes[t as usize].min[0] <= box_s.max[0]) {
                let (box_t, [c, d]) = (&boxes[t as usize], edges[t as usize]);
                let meet = box_s.min[1] <= box_t.max[1] && box_t.min[1] <= box_s.max[1];
                // A pair may share several strips; the first one counts.
                let counts = meet && strip == stack.strips.at(box_s.min[1].max(box_t.min[1]));
                if counts && opposite(side(a, b, c), side(a, b, d)) && opposite(side(c, d, a), side(c, d, b))
                {
                    crossings += 1;
                    if crossings > limit {
                        return true;
                    }
                }
            }
        }
    }
    false
}

/// Whether the edges of a multipolygon cross each other more often than [`repair`] takes on.
pub fn is_beyond_repair(geometry: &MultiPolygonRef<'_>) -> bool {
    cross_more_often(geometry.rings(), Limits::DEFAULT_CROSSINGS)
}

/// Mends a multipolygon that has a fault; none where nothing with an area above 1e-6 m² is left, none where a coordinate
/// is no number, since a missing corner cannot be guessed, and none where edges cross more than
/// [`Limits::DEFAULT_CROSSINGS`] times.
///
/// Every ring is closed and freed of repeated positions; one that meets itself covers what it winds around an odd number of
/// times, so both lobes of a bow-tie stay (a ring drawn twice, which would vanish, covers what it winds around at all). A
/// polygon is its exterior's area without its holes' areas. A hole that misses its own exterior is one of the smallest other
/// exterior around it; where there is none, it takes nothing away. Polygons that overlap are united. Vertices stay where they are to the last bit unless that would leave a fault; new ones, where edges cross, are
/// rounded to the [grid](super::boolean#the-grid) of boolean operations.
///
/// # Complexity
/// O((n + k) log n) for n positions and k crossings.
pub fn repair(geometry: &MultiPolygonRef<'_>) -> Option<RepairedGeometry> {
    if !geometry.coords().iter().all(|&c| is_usable(c)) || is_beyond_repair(geometry) {
        return None;
    }
    let mender = Mender::new(geometry.coords());
    let parts = resolve(&mender, geometry);
    let is_land = |part: &&MultiPolygonArray| part.get(0).signed_area() > 0.0;
    let parts_dropped = parts.iter().filter(|part| !is_land(part)).count() as u32;
    let parts: Vec<&MultiPolygonArray> = parts.iter().filter(is_land).collect();
    let united = match parts[..] {
        [] => return None,
        [part] => part.clone(),
        _ => mender.unite(parts.iter().flat_map(|part| part.get(0).rings())),
    };
    if united.get(0).signed_area() <= LEAST_AREA_M2 {
        return None;
    }
    // Moving a vertex back by less than the grid may bring about a fault again, if hardly ever.
    let is_valid = |geometry: &MultiPolygonArray| find_fault(&geometry.get(0)).is_none();
    let geometry = [mender.restore(&united), sound(united)].into_iter().find(is_valid)?;
    Some(RepairedGeometry { geometry, parts_dropped })
}

/// The areas of polygons whose rings may run as they like, and may be filed under the wrong polygon.
fn resolve(mender: &Mender<'_>, geometry: &MultiPolygonRef<'_>) -> Vec<MultiPolygonArray> {
    let wound = |ring: Option<&[Coord]>| mender.wound_area(ring.unwrap_or_default());
    let shells: Vec<MultiPolygonArray> =
        geometry.polygons().map(|polygon| wound(polygon.rings().next())).collect();
    let mut holes: Vec<Vec<MultiPolygonArray>> = vec![Vec::new(); shells.len()];
    for (own, polygon) in geometry.polygons().enumerate() {
        for hole in polygon.rings().skip(1).map(|ring| mender.wound_area(ring)) {
            if !hole.coords().is_empty() {
                holes[owner(mender, &hole, own, &shells)].push(hole);
            }
        }
    }
    let resolved = shells.into_iter().zip(holes).map(|(shell, holes)| {
        if holes.is_empty() {
            return shell;
        }
        mender.subtract(shell.get(0).rings(), holes.iter().flat_map(|hole| hole.get(0).rings()))
    });
    resolved.collect()
}

/// Which of some exteriors a hole is one of: its own unless it misses that and lies in others.
fn owner(mender: &Mender<'_>, hole: &MultiPolygonArray, own: usize, shells: &[MultiPolygonArray]) -> usize {
    let area = hole.get(0).signed_area();
    let envelope = hole.get(0).envelope();
    let outside = |shell: usize| {
        let left = mender.subtract(hole.get(0).rings(), shells[shell].get(0).rings());
        left.get(0).signed_area()
    };
    let misses = |shell: usize| outside(shell) >= area * (1.0 - MENDED_AREA);
    if shells.len() == 1 || (shells[own].get(0).envelope().intersects(&envelope) && !misses(own)) {
        return own;
    }
    let around = (0..shells.len()).filter(|&shell| {
        shells[shell].get(0).envelope().contains(&envelope) && outside(shell) <= area * MENDED_AREA
    });
    let size = |shell: usize| shells[shell].get(0).signed_area();
    around.min_by(|&a, &b| size(a).total_cmp(&size(b))).unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use geo::algorithm::Validation;

    use super::*;

    type Rings = Vec<Vec<Coord>>;

    fn multi(polygons: &[Rings]) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for polygon in polygons {
            for ring in polygon {
                array.push_ring(ring.iter().copied());
            }
            array.end_polygon();
        }
        array.end_geometry();
        array
    }

    fn closed(points: &[[i32; 2]]) -> Vec<Coord> {
        points.iter().chain(points.first()).map(|p| p.map(f64::from)).collect()
    }

    fn square(x: i32, y: i32, side: i32) -> Vec<Coord> {
        closed(&[[x, y], [x + side, y], [x + side, y + side], [x, y + side]])
    }

    fn fault(polygons: &[Rings]) -> Option<Fault> {
        find_fault(&multi(polygons).get(0))
    }

    #[test]
    fn a_fault_among_very_many_edges_is_the_same_on_any_number_of_threads() {
        let count = 60_000;
        let at = |i: u32, radius: f64| {
            let angle = f64::from(i) / f64::from(count) * std::f64::consts::TAU;
            [radius * angle.cos(), radius * angle.sin()]
        };
        let jagged = |i: u32| at(i, 1_000.0 + 0.2 * f64::from(i % 7));
        let mut ring: Vec<Coord> = (0..count).map(jagged).collect();
        ring.push(ring[0]);
        assert_eq!(fault(&[vec![ring.clone()]]), None);
        // Two spikes through the other side, far apart: whichever thread is first, one of them is told.
        for i in [1_000, 40_000] {
            let [x, y] = ring[i];
            ring[i] = [-1.01 * x, -1.01 * y];
        }
        let on = |threads: usize| parallel::on_threads(threads, || fault(&[vec![ring.clone()]]));
        let found = on(1);
        assert!(matches!(found, Some(Fault::SelfIntersection { .. })), "{found:?}");
        for threads in [2, 3] {
            assert_eq!(on(threads), found);
        }
    }

    #[test]
    fn each_fault_is_named_with_its_place() {
        let cases: Vec<(Vec<Rings>, Fault)> = vec![
            (vec![], Fault::Empty),
            (vec![vec![square(0, 0, 1)], vec![]], Fault::Empty),
            (vec![vec![vec![[0.0, 0.0], [1.0, 0.0], [f64::NAN, 1.0], [0.0, 0.0]]]], Fault::NotFinite),
            (vec![vec![vec![[0.0, 0.0], [1.0, 0.0], [1e16, 1.0], [0.0, 0.0]]]], Fault::NotFinite),
            (vec![vec![closed(&[[3, 4], [1, 0]])]], Fault::TooFewPositions { found: 3, at: [3.0, 4.0] }),
            (
                vec![vec![vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]]],
                Fault::NotClosed { at: [0.0, 1.0] },
            ),
            (vec![vec![closed(&[[1, 1], [2, 2], [3, 3], [2, 2]])]], Fault::ZeroArea { at: [1.0, 1.0] }),
            (vec![vec![closed(&[[1, 1], [1, 1], [2, 2], [2, 2]])]], Fault::ZeroArea { at: [1.0, 1.0] }),
            (
                vec![vec![closed(&[[0, 0], [4, 4], [4, 0], [0, 4]])]],
                Fault::SelfIntersection { at: [2.0, 2.0] },
            ),
            // A spike.
            (
                vec![vec![closed(&[[0, 0], [4, 0], [4, 4], [4, 9], [4, 4], [0, 4]])]],
                Fault::SelfIntersection { at: [4.0, 4.0] },
            ),
            (
                vec![vec![closed(&[[0, 0], [4, 0], [2, 2], [4, 4], [0, 4], [2, 2]])]],
                Fault::SelfTouch { at: [2.0, 2.0] },
            ),
            (vec![vec![square(0, 0, 4), square(2, 1, 4)]], Fault::RingsCross { at: [2.0, 4.0] }),
            // An edge shared over part of its length.
            (vec![vec![square(0, 0, 4), square(0, 1, 2)]], Fault::RingsCross { at: [0.0, 1.0] }),
            // A hole that leaves through a corner of the exterior.
            (
                vec![vec![square(0, 0, 4), closed(&[[1, 1], [4, 4], [5, 6], [3, 4]])]],
                Fault::RingsCross { at: [3.0, 4.0] },
            ),
            (vec![vec![square(0, 0, 4), square(6, 1, 2)]], Fault::HoleOutsideShell { at: [6.0, 1.0] }),
            (
                vec![vec![square(0, 0, 9), square(1, 1, 6), square(2, 2, 2)]],
                Fault::NestedHoles { at: [2.0, 2.0] },
            ),
            // A hole that touches the exterior twice.
            (
                vec![vec![square(0, 0, 4), closed(&[[2, 0], [3, 2], [2, 4], [1, 2]])]],
                Fault::DisconnectedInterior { at: [2.0, 4.0] },
            ),
            (vec![vec![square(0, 0, 4)], vec![square(1, 1, 2)]], Fault::PartsOverlap { at: [1.0, 1.0] }),
            (vec![vec![square(0, 0, 4)], vec![square(4, 0, 4)]], Fault::PartsOverlap { at: [4.0, 0.0] }),
            (vec![vec![square(0, 0, 4)], vec![square(0, 0, 4)]], Fault::PartsOverlap { at: [0.0, 0.0] }),
            // Inscribed: every corner on the boundary of the other.
            (
                vec![vec![square(0, 0, 4)], vec![closed(&[[2, 0], [4, 2], [2, 4], [0, 2]])]],
                Fault::PartsOverlap { at: [2.0, 0.0] },
            ),
        ];
        for (polygons, expected) in cases {
            let found = fault(&polygons);
            // NaN and the place of ring meetings that show at several points aside, faults are equal.
            assert_eq!(
                found.map(|f| std::mem::discriminant(&f)),
                Some(std::mem::discriminant(&expected)),
                "{polygons:?}: {found:?}"
            );
            assert_eq!(found, Some(expected), "{polygons:?}");
        }
    }

    #[test]
    fn what_touches_at_points_only_is_valid() {
        let valid: Vec<Vec<Rings>> = vec![
            vec![vec![closed(&[[0, 0], [0, 0], [4, 0], [4, 4], [4, 4], [0, 4], [0, 4]])]],
            vec![vec![square(0, 0, 4)], vec![square(4, 4, 4)]],
            // A hole that touches the exterior once, and one that touches the hole.
            vec![vec![square(0, 0, 9), closed(&[[0, 4], [2, 3], [2, 5]]), closed(&[[2, 3], [5, 1], [5, 3]])]],
            // Three holes that meet in one point.
            vec![vec![
                square(0, 0, 9),
                closed(&[[4, 4], [5, 6], [3, 6]]),
                closed(&[[4, 4], [2, 3], [2, 5]]),
                closed(&[[4, 4], [5, 2], [6, 3]]),
            ]],
            // An island in a hole that touches its corners.
            vec![vec![square(0, 0, 9), square(2, 2, 4)], vec![closed(&[[4, 2], [6, 4], [4, 6], [2, 4]])]],
            // Two polygons that touch at two points.
            vec![
                vec![closed(&[[0, 0], [4, 0], [2, 2], [4, 4], [0, 4]])],
                vec![closed(&[[4, 0], [8, 2], [4, 4]])],
            ],
        ];
        for polygons in valid {
            assert_eq!(fault(&polygons), None, "{polygons:?}");
            let mut turned = polygons.clone();
            turned.iter_mut().flatten().for_each(|ring| ring.reverse());
            assert_eq!(fault(&turned), None, "{turned:?}");
        }
    }

    /// A small generator of numbers; enough to scatter points.
    struct Draw(u64);

    impl Draw {
        fn below(&mut self, n: u64) -> i32 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 33) % n) as i32
        }
    }

    #[test]
    fn random_rings_agree_with_another_validator() {
        let mut draw = Draw(7);
        let mut valid = 0;
        for _ in 0..40_000 {
            let n = 3 + draw.below(4);
            let ring = |draw: &mut Draw, n| {
                let points: Vec<[i32; 2]> = (0..n).map(|_| [draw.below(6), draw.below(6)]).collect();
                closed(&points)
            };
            let mut polygons = vec![vec![ring(&mut draw, n)]];
            match draw.below(3) {
                0 => polygons[0].push(ring(&mut draw, 3)),
                1 => polygons.push(vec![ring(&mut draw, 3)]),
                _ => {}
            }
            let array = multi(&polygons);
            // Repeated positions are no fault here and one elsewhere.
            let repeats = polygons.iter().flatten().any(|ring| ring.windows(2).any(|e| e[0] == e[1]));
            let fault = find_fault(&array.get(0));
            // Nor does the other one see that a ring is flat, or that a hole's corner lies on an edge of the exterior.
            let unseen = matches!(fault, Some(Fault::ZeroArea { .. } | Fault::DisconnectedInterior { .. }));
            if !repeats && !unseen {
                assert_eq!(fault.is_none(), array.get(0).to_geo().is_valid(), "{polygons:?}: {fault:?}");
            }
            if fault.is_none() {
                valid += 1;
            } else if let Some(mended) = repair(&array.get(0)) {
                assert_eq!(find_fault(&mended.geometry.get(0)), None, "{polygons:?}");
            }
        }
        assert!(valid > 1_000, "{valid} valid");
    }

    /// A ring of many edges around the origin, with teeth.
    fn gear(edges: u32) -> Vec<Coord> {
        let at = |i: u32| {
            let angle = f64::from(i) / f64::from(edges) * std::f64::consts::TAU;
            let radius = if i.is_multiple_of(2) { 1_000.0 } else { 990.0 };
            [radius * angle.cos(), radius * angle.sin()]
        };
        (0..edges).chain([0]).map(at).collect()
    }

    #[test]
    fn one_fault_in_a_large_ring_is_found() {
        let valid = gear(20_000);
        assert_eq!(fault(&[vec![valid.clone(), square(-100, -100, 200)]]), None);
        for i in [1, 7_777, 19_997] {
            let mut folded = valid.clone();
            folded.swap(i, i + 2);
            assert!(matches!(fault(&[vec![folded]]), Some(Fault::SelfIntersection { .. })), "{i}");
        }
        assert!(matches!(
            fault(&[vec![valid.clone(), square(1_100, 0, 5)]]),
            Some(Fault::HoleOutsideShell { .. })
        ));
        assert!(matches!(fault(&[vec![valid], vec![square(0, 0, 5)]]), Some(Fault::PartsOverlap { .. })));
    }

    #[test]
    fn a_ring_of_very_many_crossings_is_not_mended() {
        let mut draw = Draw(3);
        let scribble: Vec<[i32; 2]> =
            (0..20_000).map(|_| [draw.below(1 << 20), draw.below(1 << 20)]).collect();
        let array = multi(&[vec![closed(&scribble)]]);
        assert!(is_beyond_repair(&array.get(0)));
        assert_eq!(repair(&array.get(0)), None);
        // A comb with as many positions and no crossing, turned so that the boxes of its edges meet.
        let teeth = (0..10_000).flat_map(|i| [[i, i], [i + 900, i - 900]]);
        let comb: Vec<[i32; 2]> = teeth.chain([[20_000, 9_000], [20_000, 20_000], [-20_000, 0]]).collect();
        assert!(!is_beyond_repair(&multi(&[vec![closed(&comb)]]).get(0)));
    }

    /// Crossings counted pair by pair.
    #[test]
    fn crossings_are_counted() {
        let mut draw = Draw(5);
        for round in 0..40 {
            let points: Vec<[i32; 2]> = (0..3 + round).map(|_| [draw.below(40), draw.below(40)]).collect();
            let ring = closed(&points);
            let edges: Vec<[Coord; 2]> =
                ring.windows(2).map(|e| [e[0], e[1]]).filter(|e| e[0] != e[1]).collect();
            let strict = |s: [Coord; 2], t: [Coord; 2]| {
                side(s[0], s[1], t[0]) * side(s[0], s[1], t[1]) < 0.0
                    && side(t[0], t[1], s[0]) * side(t[0], t[1], s[1]) < 0.0
            };
            let pairs = (0..edges.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
            let count = pairs.filter(|&(i, j)| strict(edges[i], edges[j])).count() as u64;
            let more_than = |limit| cross_more_often(std::iter::once(&ring[..]), limit);
            assert!(!more_than(count));
            assert!(count == 0 || more_than(count - 1));
        }
    }

    #[test]
    fn repair_keeps_both_lobes_of_a_bow_tie() {
        let mended = repair(&multi(&[vec![closed(&[[0, 0], [4, 4], [4, 0], [0, 4]])]]).get(0)).unwrap();
        assert_eq!(mended.geometry.get(0).signed_area(), 8.0);
        assert_eq!(mended.geometry.get(0).polygons().len(), 2);
        assert_eq!(mended.parts_dropped, 0);
    }

    #[test]
    fn repair_closes_cuts_spikes_drops_and_unites() {
        let area = |polygons: &[Rings]| {
            repair(&multi(polygons).get(0)).map(|m| (m.geometry.get(0).signed_area(), m.parts_dropped))
        };
        let mut open = square(0, 0, 4);
        open.pop();
        assert_eq!(area(&[vec![open]]), Some((16.0, 0)));
        let spike = closed(&[[0, 0], [4, 0], [4, 4], [4, 9], [4, 4], [0, 4]]);
        assert_eq!(area(&[vec![spike]]), Some((16.0, 0)));
        assert_eq!(area(&[vec![square(0, 0, 4)], vec![square(2, 0, 4)]]), Some((24.0, 0)));
        assert_eq!(area(&[vec![square(0, 0, 4), square(6, 0, 1)]]), Some((16.0, 0)));
        assert_eq!(area(&[vec![square(0, 0, 4), square(3, 1, 2)]]), Some((14.0, 0)));
        assert_eq!(area(&[vec![square(0, 0, 9), square(1, 1, 6), square(2, 2, 2)]]), Some((45.0, 0)));
        // A hole filed under the wrong part, beside an island in it that stays.
        let filed = [vec![square(0, 0, 9)], vec![square(20, 0, 1), square(1, 1, 6)], vec![square(2, 2, 2)]];
        assert_eq!(area(&filed), Some((81.0 - 36.0 + 1.0 + 4.0, 0)));
        let flat = closed(&[[20, 20], [21, 21], [22, 22]]);
        assert_eq!(area(&[vec![square(0, 0, 4), flat.clone()], vec![flat.clone()], vec![]]), Some((16.0, 2)));
        let twice = [square(0, 0, 4), square(0, 0, 4)].concat();
        assert_eq!(area(&[vec![twice]]), Some((16.0, 0)));
        assert_eq!(area(&[vec![flat]]), None);
        assert_eq!(area(&[]), None);
        assert_eq!(area(&[vec![vec![[0.0, 0.0], [f64::NAN, 0.0], [1.0, 1.0], [0.0, 0.0]]]]), None);
        assert_eq!(area(&[vec![square(0, 0, 4).into_iter().map(|c| c.map(|v| v / 5e3)).collect()]]), None);
    }

    #[test]
    fn repair_leaves_other_vertices_where_they_are() {
        // Coordinates with all their digits beside a far larger one, so that the grid is coarser than they are.
        let bow_tie = vec![
            [0.1, 0.2],
            [4.123_456_789_012_3, 4.3],
            [4.000_000_000_000_1, 0.7],
            [0.3, 4_000_000.987_654_321],
            [0.1, 0.2],
        ];
        let array = multi(&[vec![bow_tie.clone()]]);
        let mended = repair(&array.get(0)).unwrap().geometry;
        for corner in &bow_tie {
            assert!(mended.coords().contains(corner), "{corner:?} in {:?}", mended.coords());
        }
        let new = mended.coords().iter().filter(|c| !bow_tie.contains(c)).count();
        assert!(new <= 2, "{new} new positions");
    }
}
