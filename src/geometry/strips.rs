//! The union of very many edges: cut into strips from south to north, each united on its own, and sewn together along the cuts.
//!
//! No position lies on a cut, so that no edge runs along it: the land of both strips meets it in the same intervals, but for
//! rounding. Interval by interval the chains of one strip go on in the next, until they close. Where the two sides do not agree,
//! there is no answer.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::ShapeType;
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;

use super::array::ring_area;
use super::engine::{Grid, Shapes, Straight, engine};
use super::near::RingBoxes;
use super::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef};
use crate::parallel;
use crate::random::key;
use crate::union_find::UnionFind;

type Point = IntPoint<i64>;

/// Where cuts lie between the positions below and above them: first here, and there where the sides do not agree. No halves or
/// thirds, where edges of lattices like to cross.
const FRACTIONS: [f64; 2] = [0.381_966, 0.723_607];
/// Least distance between positions for a cut to lie between them, in units of the grid.
const LEAST_GAP: i64 = 16;
/// How far both sides of a cut may find the end of an interval apart, in units of the grid: a flat edge that is split beside the cut
/// moves its crossing along it.
const SEAM_SLACK: i64 = 1 << 12;
/// How far the strips' outer sides lie beyond the land, in units of the grid.
const MARGIN: i64 = 1 << 10;

/// The union of valid, oriented geometries, polygons by their first position from west to east, in strips of about so many
/// positions. None where there is nothing to cut, or cuts cannot be sewn.
pub(super) fn unite(
    geometries: &[MultiPolygonRef<'_>],
    grid: Grid,
    strip_positions: usize,
) -> Option<MultiPolygonArray> {
    let boxes: Vec<RingBoxes> = parallel::collect(geometries.len(), 1, &|i| RingBoxes::new(geometries[i]));
    let places = places(geometries, grid, strip_positions);
    FRACTIONS.iter().find_map(|fraction| {
        let cut = |[below, above]: &[i64; 2]| below + ((above - below) as f64 * fraction) as i64;
        let cuts: Vec<i64> = places.iter().map(cut).collect();
        let strips = strips(geometries, &boxes, grid, &cuts)?;
        Sewn::new(strips)?.collect(grid)
    })
}

/// Between which positions cuts may lie so that about so many are between two cuts; ascending.
fn places(geometries: &[MultiPolygonRef<'_>], grid: Grid, strip_positions: usize) -> Vec<[i64; 2]> {
    /// Positions looked at for each cut.
    const SAMPLE: usize = 64;
    let coords = || geometries.iter().flat_map(MultiPolygonRef::coords);
    let positions: usize = geometries.iter().map(|geometry| geometry.coords().len()).sum();
    let every = (strip_positions / SAMPLE).max(1);
    let mut sample: Vec<f64> = coords().step_by(every).map(|c| c[1]).collect();
    sample.sort_unstable_by(f64::total_cmp);
    let count = positions / strip_positions;
    let mut below: Vec<f64> =
        (1..=count).filter_map(|i| sample.get(i * sample.len() / (count + 1)).copied()).collect();
    below.dedup();
    let nearest_above = |run: &[Coord]| {
        let mut nearest = vec![f64::INFINITY; below.len()];
        // Positions in a row mostly lie between the same two.
        let (mut before, mut from, mut to) = (0, f64::INFINITY, f64::INFINITY);
        for &[_, y] in run {
            if !(from < y && y <= to) {
                before = below.partition_point(|&low| low < y);
                from = before.checked_sub(1).map_or(f64::NEG_INFINITY, |i| below[i]);
                to = below.get(before).copied().unwrap_or(f64::INFINITY);
            }
            if let Some(above) = before.checked_sub(1).and_then(|i| nearest.get_mut(i)) {
                *above = above.min(y);
            }
        }
        nearest
    };
    let runs: Vec<&[Coord]> =
        geometries.iter().flat_map(|geometry| geometry.coords().chunks(1 << 16)).collect();
    let above = parallel::collect(runs.len(), 1, &|i| nearest_above(runs[i]))
        .into_iter()
        .reduce(|a, b| a.into_iter().zip(b).map(|(a, b)| a.min(b)).collect())
        .unwrap_or_default();
    let gaps = below.iter().zip(above).filter(|(_, above)| above.is_finite());
    let gaps = gaps.map(|(&below, above)| [below, above].map(|y| grid.snap([0.0, y]).y));
    gaps.filter(|[below, above]| above - below >= LEAST_GAP).collect()
}

/// The land of one strip.
#[derive(Default)]
struct Strip {
    points: Vec<Point>,
    chains: Vec<Chain>,
    /// Where land meets the lower and the upper cut, from west to east.
    seams: [Vec<Seam>; 2],
    pieces: u32,
    /// Points that chains pass more than once, all together.
    touching: Vec<Point>,
}

/// Part of the boundary, with the land on its left.
struct Chain {
    points: Range<usize>,
    /// The connected land it bounds within the strip.
    piece: u32,
    /// Whether it is a whole ring; else it begins and ends on cuts.
    closed: bool,
}

/// An interval of a cut in which it runs through land.
struct Seam {
    low: i64,
    high: i64,
    /// The chain that ends where the ring comes to the cut.
    before: u32,
    /// The chain that begins where the ring leaves it.
    after: u32,
}

fn strips(
    geometries: &[MultiPolygonRef<'_>],
    boxes: &[RingBoxes],
    grid: Grid,
    cuts: &[i64],
) -> Option<Vec<Strip>> {
    if cuts.is_empty() {
        return None;
    }
    let bounds = boxes.iter().fold(Envelope::EMPTY, |all, one| all.join(&one.envelope()));
    let (mut min, mut max) = (grid.snap(bounds.min), grid.snap(bounds.max));
    (min.x, min.y, max.x, max.y) = (min.x - MARGIN, min.y - MARGIN, max.x + MARGIN, max.y + MARGIN);
    let strips = parallel::collect(cuts.len() + 1, 1, &|i| {
        let bottom = if i == 0 { min.y } else { cuts[i - 1] };
        let top = cuts.get(i).copied().unwrap_or(max.y);
        let window = Envelope {
            min: grid.unsnap(IntPoint::new(min.x, bottom)),
            max: grid.unsnap(IntPoint::new(max.x, top)),
        };
        let mut engine = engine(Straight::Drop, 0);
        for (&geometry, boxes) in geometries.iter().zip(boxes) {
            boxes.each_near(geometry, &window, |ring| {
                // Whether a shortened ring is closed twice over does not matter to the engine.
                engine.add_path_iter(ring.iter().map(|&c| grid.snap(c)), ShapeType::Subject);
            });
        }
        let corners = [(min.x, bottom), (max.x, bottom), (max.x, top), (min.x, top)];
        engine.add_path_iter(corners.into_iter().map(|(x, y)| IntPoint::new(x, y)), ShapeType::Clip);
        let shapes = engine.overlay(OverlayRule::Intersect, FillRule::NonZero);
        drop(engine);
        Strip::new(&shapes, [bottom, top])
    });
    strips.into_iter().collect()
}

impl Strip {
    fn new(shapes: &Shapes, sides: [i64; 2]) -> Option<Self> {
        let mut strip = Self { pieces: shapes.len() as u32, ..Self::default() };
        strip.points.reserve(shapes.iter().flatten().map(Vec::len).sum());
        for (piece, shape) in shapes.iter().enumerate() {
            for ring in shape {
                strip.add(ring, piece as u32, sides)?;
            }
        }
        strip.seams.iter_mut().for_each(|seams| seams.sort_unstable_by_key(|seam| seam.low));
        strip.touching = strip.repeated();
        Some(strip)
    }

    /// Points inside the strip that open chains pass more than once.
    fn repeated(&self) -> Vec<Point> {
        let open = self.chains.iter().filter(|chain| !chain.closed);
        let inner =
            || open.clone().flat_map(|chain| &self.points[chain.points.start + 1..chain.points.end - 1]);
        // Most points are told to be the only ones by a bit each of a table: those whose bit is set already are looked at closer.
        let bits = (self.points.len() * 8).next_power_of_two().max(64);
        let place = |p: &Point| key([p.x as u64, p.y as u64]) as usize & (bits - 1);
        let (mut once, mut more) = (vec![0_u64; bits / 64], vec![0_u64; bits / 64]);
        for at in inner().map(place) {
            let bit = 1 << (at % 64);
            more[at / 64] |= once[at / 64] & bit;
            once[at / 64] |= bit;
        }
        let mut doubtful: Vec<Point> = inner()
            .filter(|p| {
                let at = place(p);
                more[at / 64] >> (at % 64) & 1 == 1
            })
            .copied()
            .collect();
        doubtful.sort_unstable();
        doubtful.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect()
    }

    /// Cuts a ring where it runs along a side. None for one that does nothing else.
    fn add(&mut self, ring: &[Point], piece: u32, sides: [i64; 2]) -> Option<()> {
        let at = |i: usize| ring[if i < ring.len() { i } else { (i - ring.len()) % ring.len() }];
        let side = |i: usize| sides.iter().position(|&y| at(i).y == y && at(i + 1).y == y);
        let start = self.points.len();
        if (0..ring.len()).all(|i| side(i).is_none()) {
            self.points.extend_from_slice(ring);
            self.chains.push(Chain { points: start..self.points.len(), piece, closed: true });
            return Some(());
        }
        let first = (0..ring.len()).find(|&i| side(i).is_some() && side(i + 1).is_none())? + 1;
        let first_chain = self.chains.len() as u32;
        let mut i = first;
        while i < first + ring.len() {
            let start = self.points.len();
            self.points.push(at(i));
            while side(i).is_none() {
                i += 1;
                self.points.push(at(i));
            }
            let before = self.chains.len() as u32;
            self.chains.push(Chain { points: start..self.points.len(), piece, closed: false });
            let (from, along) = (at(i), side(i)?);
            while side(i) == Some(along) {
                i += 1;
            }
            let (low, high) = (from.x.min(at(i).x), from.x.max(at(i).x));
            let after = if i < first + ring.len() { before + 1 } else { first_chain };
            self.seams[along].push(Seam { low, high, before, after });
        }
        Some(())
    }
}

/// Strips with their chains joined to rings, and their pieces to polygons.
struct Sewn {
    strips: Vec<Strip>,
    /// Of each strip, how many chains and pieces come before its own.
    before: Vec<[u32; 2]>,
    /// The chain that goes on where one ends.
    next: Vec<u32>,
    faces: UnionFind,
}

impl Sewn {
    fn new(strips: Vec<Strip>) -> Option<Self> {
        let mut before = Vec::with_capacity(strips.len());
        let (mut chains, mut pieces) = (0, 0);
        for strip in &strips {
            before.push([chains, pieces]);
            chains += strip.chains.len() as u32;
            pieces += strip.pieces;
        }
        // A closed chain goes on in itself.
        let mut next: Vec<u32> = (0..chains).collect();
        let mut faces = UnionFind::new(pieces as usize);
        for (i, pair) in strips.windows(2).enumerate() {
            let [south, north] = [&pair[0], &pair[1]];
            let [below, above] = [&south.seams[1], &north.seams[0]];
            let near = |a: i64, b: i64| (a - b).abs() <= SEAM_SLACK;
            let agree = |(a, b): (&Seam, &Seam)| near(a.low, b.low) && near(a.high, b.high);
            if below.len() != above.len() || !below.iter().zip(above).all(agree) {
                return None;
            }
            let [[first_south, pieces_south], [first_north, pieces_north]] = [before[i], before[i + 1]];
            for (b, a) in below.iter().zip(above) {
                next[(first_south + b.before) as usize] = first_north + a.after;
                next[(first_north + a.before) as usize] = first_south + b.after;
                let (piece, other) =
                    (south.chains[b.before as usize].piece, north.chains[a.before as usize].piece);
                faces.join(pieces_south + piece, pieces_north + other);
            }
        }
        Some(Self { strips, before, next, faces })
    }

    /// The polygons. None where rings do not add up to polygons of one exterior each.
    fn collect(mut self, grid: Grid) -> Option<MultiPolygonArray> {
        let rings = self.rings();
        let touching: HashSet<Point> =
            self.strips.iter().flat_map(|strip| strip.touching.iter().copied()).collect();
        let sewing = &self;
        let mut loops: Vec<Loop> = parallel::gather(rings.len(), 1, &|run, loops| {
            for (face, chains) in &rings[run] {
                loops.extend(
                    sewing.loops(chains, &touching).iter().map(|points| Loop::new(*face, points, grid)),
                );
            }
        });
        drop(self.strips);
        // Each polygon's exterior first, polygons by it.
        let mut rank: HashMap<u32, [Coord; 2]> = HashMap::new();
        for exterior in loops.iter().filter(|ring| ring.exterior) {
            if rank.insert(exterior.face, exterior.start()).is_some() {
                return None;
            }
        }
        if loops.iter().any(|ring| !rank.contains_key(&ring.face)) {
            return None;
        }
        let key =
            |ring: &Loop| (rank.get(&ring.face).copied().unwrap_or_default(), !ring.exterior, ring.start());
        loops.sort_by(|a, b| key(a).partial_cmp(&key(b)).unwrap_or(std::cmp::Ordering::Equal));
        let positions = loops.iter().map(|ring| ring.coords.len() + 1).sum();
        let mut land = MultiPolygonArray::with_capacity(1, positions);
        let mut face = loops.first()?.face;
        for ring in loops {
            if ring.face != face {
                land.end_polygon();
                face = ring.face;
            }
            land.push_ring(ring.coords.iter().chain(ring.coords.first()).copied());
        }
        land.end_polygon();
        land.end_geometry();
        Some(land)
    }

    /// Each ring's face and chains.
    fn rings(&mut self) -> Vec<(u32, Vec<u32>)> {
        let mut seen = vec![false; self.next.len()];
        let mut rings = Vec::new();
        for first in 0..self.next.len() as u32 {
            let mut chains = Vec::new();
            let mut chain = first;
            while !std::mem::replace(&mut seen[chain as usize], true) {
                chains.push(chain);
                chain = self.next[chain as usize];
            }
            if !chains.is_empty() {
                let (strip, chain) = self.chain(first);
                let piece = self.before[strip][1] + chain.piece;
                rings.push((self.faces.root(piece), chains));
            }
        }
        rings
    }

    fn chain(&self, i: u32) -> (usize, &Chain) {
        let strip = self.before.partition_point(|before| before[0] <= i) - 1;
        (strip, &self.strips[strip].chains[(i - self.before[strip][0]) as usize])
    }

    /// The chains of a ring as one, with its points on cuts left out again, and cut in two where it touches itself.
    fn loops(&self, chains: &[u32], touching: &HashSet<Point>) -> Vec<Vec<Point>> {
        let mut ring: Vec<Point> = Vec::new();
        let mut touches = false;
        for &i in chains {
            let (strip, chain) = self.chain(i);
            let points = &self.strips[strip].points[chain.points.clone()];
            touches |= !chain.closed && !self.strips[strip].touching.is_empty();
            ring.extend_from_slice(points);
            if !chain.closed {
                // The next chain begins where this one ends.
                ring.pop();
            }
        }
        if let [first, ..] = chains
            && !self.chain(*first).1.closed
        {
            self.drop_cuts(&mut ring, chains);
        }
        if touches { part_where_it_touches(ring, touching) } else { vec![ring] }
    }

    /// Takes out the first point of each chain where the ring runs straight on there.
    fn drop_cuts(&self, ring: &mut Vec<Point>, chains: &[u32]) {
        let mut first = vec![false; ring.len()];
        let mut position = 0;
        for &i in chains {
            first[position] = true;
            position += self.chain(i).1.points.len() - 1;
        }
        let n = ring.len();
        let mut kept: Vec<Point> = Vec::with_capacity(n);
        // From a position that is no cut, if there is one, so that each cut has the last one kept before it.
        let start = first.iter().position(|&cut| !cut).unwrap_or(0);
        for k in 0..n {
            let i = (start + k) % n;
            let straight =
                first[i] && kept.last().is_some_and(|&a| is_straight(a, ring[i], ring[(i + 1) % n]));
            if !straight {
                kept.push(ring[i]);
            }
        }
        *ring = kept;
    }
}

/// Whether `p` lies on the way from `a` to `b` but for rounding.
fn is_straight(a: Point, p: Point, b: Point) -> bool {
    let [(px, py), (bx, by)] = [p, b].map(|c| (i128::from(c.x - a.x), i128::from(c.y - a.y)));
    let (cross, length) = ((bx * py - by * px) as f64, (bx as f64).hypot(by as f64));
    cross.abs() <= 2.0 * length
}

/// Simple rings instead of one that passes some of `touching` more than once.
fn part_where_it_touches(ring: Vec<Point>, touching: &HashSet<Point>) -> Vec<Vec<Point>> {
    let mut loops = Vec::new();
    let mut open: Vec<Point> = Vec::with_capacity(ring.len());
    let mut passed: HashMap<Point, usize> = HashMap::new();
    for point in ring {
        if touching.contains(&point) {
            if let Some(&at) = passed.get(&point) {
                let closed = open.split_off(at);
                for inner in &closed {
                    passed.remove(inner);
                }
                loops.push(closed);
            }
            passed.insert(point, open.len());
        }
        open.push(point);
    }
    loops.push(open);
    loops
}

/// A ring without its closing position, from its westernmost position on.
struct Loop {
    face: u32,
    exterior: bool,
    coords: Vec<Coord>,
}

impl Loop {
    fn new(face: u32, points: &[Point], grid: Grid) -> Self {
        let west = (0..points.len()).min_by_key(|&i| points[i]).unwrap_or(0);
        let turned = points[west..].iter().chain(&points[..west]);
        let mut coords: Vec<Coord> = turned.chain(points.get(west)).map(|&p| grid.unsnap(p)).collect();
        let exterior = ring_area(&coords) > 0.0;
        coords.pop();
        Self { face, exterior, coords }
    }

    fn start(&self) -> [Coord; 2] {
        [0, 1].map(|i| self.coords.get(i).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::boolean;
    use crate::geometry::validity::find_fault;
    use crate::random::Random;

    fn grid(array: &MultiPolygonArray) -> Grid {
        Grid::of(array.iter().flat_map(|geometry| geometry.rings()), 0.0)
    }

    fn all_at_once(array: &MultiPolygonArray) -> MultiPolygonArray {
        boolean::union(&array.iter().collect::<Vec<_>>())
    }

    fn push(array: &mut MultiPolygonArray, rings: &[Vec<Coord>]) {
        let mut polygon = MultiPolygonArray::new();
        for ring in rings {
            polygon.push_ring(ring.iter().chain(ring.first()).copied());
        }
        polygon.end_polygon();
        polygon.end_geometry();
        array.push_oriented(polygon.get(0));
    }

    fn star(random: &mut Random, center: Coord, radius: f64, points: usize) -> Vec<Coord> {
        let at = |i: usize| {
            let angle = i as f64 / points as f64 * std::f64::consts::TAU;
            let radius = radius * random.between(0.5, 1.0);
            [center[0] + radius * angle.cos(), center[1] + radius * angle.sin()]
        };
        (0..points).map(at).collect()
    }

    fn rectangle([x, y]: Coord, [width, height]: Coord) -> Vec<Coord> {
        vec![[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    }

    /// Stars with holes, and rectangles on a lattice, so that many share edges, corners or parts of sides.
    fn scene(random: &mut Random, offset: f64, lattice: bool) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for _ in 0..2 + random.below(30) {
            let place = [random.between(0.0, 100.0), random.between(0.0, 100.0)];
            if lattice {
                let [x, y, width, height] = [0; 4].map(|_| 1.0 + random.below(12) as f64);
                let outer = rectangle([x + offset, y + offset], [width + 2.0, height + 2.0]);
                let inner = rectangle([x + offset + 1.0, y + offset + 1.0], [width, height]);
                let rings = if random.chance(0.4) { vec![outer, inner] } else { vec![outer] };
                push(&mut array, &rings);
            } else {
                let center = place.map(|v| v + offset);
                let points = 8 + random.below(60);
                let outer = star(random, center, 30.0, points);
                let inner = star(random, center, 12.0, 7);
                push(&mut array, &[outer, inner]);
            }
        }
        array
    }

    fn agree(array: &MultiPolygonArray, strip_positions: usize) -> bool {
        let geometries: Vec<_> = array.iter().collect();
        let Some(sewn) = unite(&geometries, grid(array), strip_positions) else { return false };
        let whole = all_at_once(array);
        assert_eq!(sewn.len(), 1);
        let (sewn, whole) = (sewn.get(0), whole.get(0));
        assert_eq!(find_fault(&sewn), None);
        assert_eq!(sewn.polygons().len(), whole.polygons().len());
        assert_eq!(sewn.rings().len(), whole.rings().len());
        let area = whole.signed_area();
        assert!((sewn.signed_area() / area - 1.0).abs() < 1e-12, "{} instead of {area}", sewn.signed_area());
        for (a, b) in [(sewn, whole), (whole, sewn)] {
            let apart = boolean::difference(&a, &[b]).get(0).signed_area();
            assert!(apart < 1e-9 * area, "{apart} of {area}");
        }
        true
    }

    #[test]
    fn strips_are_the_union_of_everything_at_once() {
        let mut random = Random::new(key([5, 12]));
        let (mut sewn, rounds) = (0, 120);
        for round in 0..rounds {
            let offset = [0.0, 4.3e6][round % 2];
            let array = scene(&mut random, offset, round % 4 < 2);
            sewn += usize::from(agree(&array, [10, 30, 100][round % 3]));
        }
        assert!(sewn > rounds * 9 / 10, "{sewn} of {rounds}");
    }

    /// Fields of land that meet at corners only, in rows, so that a ring sewn from several strips passes them twice.
    #[test]
    fn rings_that_touch_themselves_are_parted() {
        let mut random = Random::new(key([9]));
        for round in 0..20 {
            let mut board = MultiPolygonArray::new();
            for i in 0..12 {
                for j in 0..12 {
                    if random.chance(0.6) {
                        push(&mut board, &[rectangle([f64::from(i), f64::from(j)], [1.0, 1.0])]);
                    }
                }
            }
            assert!(agree(&board, 40), "round {round}");
        }
    }

    #[test]
    fn an_edge_through_many_strips_comes_back_whole() {
        let mut array = MultiPolygonArray::new();
        let needles: Vec<Coord> =
            (0..200).map(|i| [f64::from(i), if i % 2 == 0 { 0.1 } else { 1e3 - f64::from(i) }]).collect();
        push(&mut array, &[needles.into_iter().chain([[199.0, -7.3], [0.0, -5.1]]).collect()]);
        push(&mut array, &[rectangle([300.25, 0.1], [3.3, 997.7])]);
        push(&mut array, &[rectangle([301.5, 0.2], [3.3, 5.0])]);
        assert!(agree(&array, 20));
        let geometries: Vec<_> = array.iter().collect();
        let sewn = unite(&geometries, grid(&array), 20).unwrap();
        assert_eq!(sewn.coords().len(), all_at_once(&array).coords().len());
    }

    #[test]
    fn nothing_to_cut_is_no_answer() {
        assert_eq!(unite(&[], grid(&MultiPolygonArray::new()), 10), None);
        let mut flat = MultiPolygonArray::new();
        push(&mut flat, &[rectangle([0.0, 0.0], [1.0, 1e-15])]);
        assert_eq!(unite(&[flat.get(0)], grid(&flat), 1), None);
    }
}
