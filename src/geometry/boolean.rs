//! Union, intersection, difference and closing of polygons: use these where polygons are wanted. Where an area is all that
//! is asked, [`PairMeasure::overlap_area`](super::distance::PairMeasure::overlap_area) is cheaper and not rounded.
//!
//! # Input
//! Valid multipolygons ([`find_fault`](super::validity::find_fault) is none), exteriors counter-clockwise and interiors
//! clockwise, as a [`ParcelSet`](crate::ParcelSet) holds them. Geometries may overlap each other.
//!
//! # Output
//! One geometry per call, of the same kind: closed rings, exterior first, interiors connected. Without polygons where
//! nothing is left. The same input gives the same bytes.
//!
//! # The grid
//! The engine (`i_overlay`) works on integers. The grid they stand for is the spacing of `f64` at the largest coordinate
//! of the operation's input: `2^(e - 53)` m, `e` the least integer with `|x|, |y| < 2^e`. That is 7e-12 m within 65 km of the
//! origin, as in the default plane, and 1e-9 m at northings of 4,000 km. So integers and floats stand for the same
//! points: coordinates of at least half that size pass unchanged, all others, and new vertices where edges cross, move by less
//! than the grid, and a valid integer result stays valid. Relative errors of areas stay below 1e-9 for anything
//! wider than a millimetre.

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::mesh::float::style::LineJoin;
use i_overlay::mesh::int::outline::offset::IntOutlineOffset;
use i_overlay::mesh::int::style::IntOutlineStyle;
use rstar::{AABB, RTree};

use super::engine::{Grid, Shapes, Straight, engine, operate};
use super::near::near;
use super::validity::sound;
use super::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef, strips};
use crate::error::ParamError;
use crate::parallel;

/// The land that lies in any of the geometries.
///
/// # Complexity
/// O((n + k) log n) for n positions and k places where edges cross.
///
/// ```
/// use landuse::geometry::{MultiPolygonArray, boolean};
/// let mut squares = MultiPolygonArray::new();
/// for x in [0.0, 1.0] {
///     squares.push_ring([[x, 0.0], [x + 2.0, 0.0], [x + 2.0, 2.0], [x, 2.0], [x, 0.0]]);
///     squares.end_polygon();
///     squares.end_geometry();
/// }
/// let (a, b) = (squares.get(0), squares.get(1));
/// assert_eq!(boolean::union(&[a, b]).get(0).signed_area(), 6.0);
/// assert_eq!(boolean::intersection(&a, &b).get(0).signed_area(), 2.0);
/// assert_eq!(boolean::difference(&a, &[b]).get(0).signed_area(), 2.0);
/// ```
pub fn union(geometries: &[MultiPolygonRef<'_>]) -> MultiPolygonArray {
    unite(geometries.iter().flat_map(MultiPolygonRef::rings))
}

fn unite<'a>(rings: impl Iterator<Item = &'a [Coord]> + Clone) -> MultiPolygonArray {
    combine(rings, std::iter::empty(), OverlayRule::Subject)
}

/// One operation on oriented rings, on the grid that fits them.
fn combine<'a>(
    subject: impl Iterator<Item = &'a [Coord]> + Clone,
    clip: impl Iterator<Item = &'a [Coord]> + Clone,
    rule: OverlayRule,
) -> MultiPolygonArray {
    let grid = Grid::of(subject.clone().chain(clip.clone()), 0.0);
    sound(operate(grid, subject, clip, rule, FillRule::NonZero, Straight::Drop))
}

/// The land that lies in both geometries.
///
/// # Complexity
/// As [`union`], where of the larger geometry only the positions near the smaller one count.
pub fn intersection(a: &MultiPolygonRef<'_>, b: &MultiPolygonRef<'_>) -> MultiPolygonArray {
    let (small, large) = if a.coords().len() <= b.coords().len() { (a, b) } else { (b, a) };
    intersection_near(small, &near(large.rings(), &small.envelope()))
}

/// As [`intersection`] with a geometry of which the rings [`near`] the smaller one are known.
pub(super) fn intersection_near(small: &MultiPolygonRef<'_>, near: &[Vec<Coord>]) -> MultiPolygonArray {
    combine(small.rings(), near.iter().map(Vec::as_slice), OverlayRule::Intersect)
}

/// The land of `from` that lies in none of `without`.
///
/// # Complexity
/// As [`union`], where of `without` only the positions near `from` count.
pub fn difference(from: &MultiPolygonRef<'_>, without: &[MultiPolygonRef<'_>]) -> MultiPolygonArray {
    difference_near(from, &near(without.iter().flat_map(MultiPolygonRef::rings), &from.envelope()))
}

/// As [`difference`] with land of which the rings [`near`] the geometry are known.
pub(super) fn difference_near(from: &MultiPolygonRef<'_>, near: &[Vec<Coord>]) -> MultiPolygonArray {
    combine(from.rings(), near.iter().map(Vec::as_slice), OverlayRule::Difference)
}

/// The land that lies in any geometry of a column: as [`union`], for many geometries that are mostly apart.
///
/// Polygons whose boxes meet no other are copied as they are; each group of those that meet is united on its own,
/// in parallel. A group of more than 262,144 positions is cut into strips from south to north that are united in parallel and sewn
/// together again; where the sides of a cut do not agree to the last crossing, it is united at once. Polygons come in the order of the
/// first member of their group.
///
/// # Complexity
/// O((n + k) log n) time for n positions and k crossings; beside input and output, memory
/// in proportion to the groups or strips that are united at a time.
///
/// ```
/// use landuse::geometry::{MultiPolygonArray, boolean};
/// let mut squares = MultiPolygonArray::new();
/// for x in [0.0, 1.0, 10.0] {
///     squares.push_ring([[x, 0.0], [x + 2.0, 0.0], [x + 2.0, 2.0], [x, 2.0], [x, 0.0]]);
///     squares.end_polygon();
///     squares.end_geometry();
/// }
/// let land = boolean::dissolve(&squares);
/// assert_eq!((land.len(), land.get(0).polygons().len()), (1, 2));
/// assert_eq!(land.get(0).signed_area(), 10.0);
/// ```
pub fn dissolve(array: &MultiPolygonArray) -> MultiPolygonArray {
    dissolve_all(array.iter())
}

/// As [`dissolve`], of geometries wherever they stand.
pub(crate) fn dissolve_all<'a>(geometries: impl Iterator<Item = MultiPolygonRef<'a>>) -> MultiPolygonArray {
    let polygons: Vec<_> = geometries.flat_map(|geometry| geometry.parts()).collect();
    let exterior = |polygon: &MultiPolygonRef<'_>| Envelope::of(polygon.rings().take(1).flatten().copied());
    let envelopes: Vec<Envelope> = parallel::collect(polygons.len(), 64, &|i| exterior(&polygons[i]));
    let groups = groups_that_meet(&envelopes);
    let united: Vec<_> = parallel::collect(groups.len(), 1, &|i| {
        let members: Vec<_> = groups[i].iter().map(|&i| polygons[i as usize]).collect();
        (members[0], (members.len() > 1).then(|| unite_group(&members)))
    });
    let of = |group: &(MultiPolygonRef<'_>, Option<MultiPolygonArray>)| match group {
        (alone, None) => alone.coords().len(),
        (_, Some(union)) => union.coords().len(),
    };
    let mut land = MultiPolygonArray::with_capacity(1, united.iter().map(of).sum());
    for (alone, union) in united {
        for polygon in union.as_ref().map_or(alone, |union| union.get(0)).polygons() {
            polygon.rings().for_each(|ring| land.push_ring(ring.iter().copied()));
            land.end_polygon();
        }
    }
    land.end_geometry();
    land
}

/// Positions that are united at a time; twice as many are cut.
const STRIP: usize = 1 << 17;

/// The union of geometries that hang together.
fn unite_group(geometries: &[MultiPolygonRef<'_>]) -> MultiPolygonArray {
    let positions: usize = geometries.iter().map(|geometry| geometry.coords().len()).sum();
    let rings = || geometries.iter().flat_map(MultiPolygonRef::rings);
    let strips =
        (positions >= 2 * STRIP).then(|| strips::unite(geometries, Grid::of(rings(), 0.0), STRIP)).flatten();
    strips.map_or_else(|| unite(rings()), sound)
}

/// Positions of boxes in groups that hang together by meeting; ascending, groups by their first member. Empty boxes are
/// left out.
fn groups_that_meet(envelopes: &[Envelope]) -> Vec<Vec<u32>> {
    type Entry = rstar::primitives::GeomWithData<rstar::primitives::Rectangle<Coord>, u32>;
    let entry = |(i, e): (usize, &Envelope)| {
        Entry::new(rstar::primitives::Rectangle::from_corners(e.min, e.max), i as u32)
    };
    let tree =
        RTree::bulk_load(envelopes.iter().enumerate().filter(|(_, e)| !e.is_empty()).map(entry).collect());
    let mut group = vec![u32::MAX; envelopes.len()];
    let mut groups: Vec<Vec<u32>> = Vec::new();
    for first in 0..envelopes.len() {
        if group[first] != u32::MAX || envelopes[first].is_empty() {
            continue;
        }
        let number = groups.len() as u32;
        group[first] = number;
        let mut members = vec![first as u32];
        let mut next = 0;
        while let Some(&member) = members.get(next) {
            let Envelope { min, max } = envelopes[member as usize];
            for found in tree.locate_in_envelope_intersecting(AABB::from_corners(min, max)) {
                if group[found.data as usize] == u32::MAX {
                    group[found.data as usize] = number;
                    members.push(found.data);
                }
            }
            next += 1;
        }
        members.sort_unstable();
        groups.push(members);
    }
    groups
}

/// The geometries with the gaps between them that a disc of radius `distance_m` cannot enter: their union grown by the distance
/// and shrunk by it again (morphological closing). Streets up to twice the distance wide between geometries become land;
/// what was land stays land.
///
/// Corners are joined round, by arcs of steps of 1/8 rad, so that a filled bay's arc lies up to 0.2 % of the distance from
/// the true one: the area is exact but for less than 0.3 % of the discs' sectors at the ends of gaps. Finer arcs cost their
/// number squared in crossings.
///
/// # Errors
/// [`ParamError`] where `distance_m` is not from 0 to 1,000,000 m.
///
/// # Complexity
/// O((n + k) log n) for n positions, arcs included, and k crossings.
///
/// # Source
/// Serra 1982, *Image Analysis and Mathematical Morphology*: closing by a disc.
pub fn closing(geometries: &[MultiPolygonRef<'_>], distance_m: f64) -> Result<MultiPolygonArray, ParamError> {
    check_distance(distance_m)?;
    let rings = || geometries.iter().flat_map(MultiPolygonRef::rings);
    let grid = Grid::of(rings(), 2.0 * distance_m);
    let mut engine = engine(Straight::Drop, rings().map(<[Coord]>::len).sum());
    for ring in rings() {
        engine.add_path_iter(ring.iter().skip(1).map(|&c| grid.snap(c)), ShapeType::Subject);
    }
    let land: Shapes = engine.overlay(OverlayRule::Subject, FillRule::NonZero);
    let closed = moved(&moved(&land, distance_m, grid), -distance_m, grid);
    // Shrinking rounds off what it grew, and a grid for great distances is coarse: what was land is added again as it was.
    let closed = grid.collect(&closed);
    let rings = rings().chain(closed.get(0).rings());
    Ok(unite(rings))
}

pub(super) fn check_distance(distance_m: f64) -> Result<(), ParamError> {
    let is_length = (0.0..=FARTHEST_M).contains(&distance_m);
    is_length
        .then_some(())
        .ok_or_else(|| ParamError::new("distance_m", distance_m, "a length from 0 to 1,000,000 m"))
}

/// Chord over radius of the arcs that round a corner.
const ARC_STEP: f64 = 1.0 / 8.0;
/// Farther than across a province. On the coarse grid that very great distances need, the engine may not end.
const FARTHEST_M: f64 = 1e6;

/// Shapes with their boundary moved outwards by so much, or inwards where it is negative; corners round.
fn moved(shapes: &Shapes, by_m: f64, grid: Grid) -> Shapes {
    let join = (&LineJoin::Round(ARC_STEP)).into();
    let by = (by_m * grid.per_m).round_ties_even() as i64;
    // Construction fails only where a coordinate leaves the range of the integers, which the grid has ruled out.
    shapes
        .outline_custom(&IntOutlineStyle::new(by).line_join(join), IntOverlayOptions::ogc())
        .unwrap_or_default()
}

/// The union of the geometries grown by `distance_m` on all sides, or shrunk where it is negative: all land not farther from
/// them, or inside them at least as far from their border.
///
/// Arcs are those of [`closing`]: their chords lie up to 0.2 % of the distance inside the true circle.
///
/// # Errors
/// [`ParamError`] where `distance_m` is more than 1,000,000 m, or no number.
///
/// # Complexity
/// O((n + k) log n) for n positions, arcs included, and k crossings; a far distance around a wiggly border makes many.
///
/// ```
/// use landuse::geometry::{MultiPolygonArray, boolean};
/// let mut square = MultiPolygonArray::new();
/// square.push_ring([[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0], [0.0, 0.0]]);
/// square.end_polygon();
/// square.end_geometry();
/// let grown = boolean::buffer(&square, 10.0)?.get(0).signed_area();
/// assert!((grown - (10_000.0 + 4_000.0 + 100.0 * std::f64::consts::PI)).abs() < 1.0);
/// let shrunk = boolean::buffer(&square, -10.0)?.get(0).signed_area();
/// assert!((shrunk - 6_400.0).abs() < 1e-6);
/// # Ok::<(), landuse::ParamError>(())
/// ```
pub fn buffer(array: &MultiPolygonArray, distance_m: f64) -> Result<MultiPolygonArray, ParamError> {
    if !(-FARTHEST_M..=FARTHEST_M).contains(&distance_m) {
        return Err(ParamError::new("distance_m", distance_m, "a length of at most 1,000,000 m"));
    }
    let rings = || array.iter().flat_map(|geometry| geometry.rings());
    let grid = Grid::of(rings(), distance_m.abs());
    let mut engine = engine(Straight::Drop, rings().map(<[Coord]>::len).sum());
    for ring in rings() {
        engine.add_path_iter(ring.iter().skip(1).map(|&c| grid.snap(c)), ShapeType::Subject);
    }
    let land: Shapes = engine.overlay(OverlayRule::Subject, FillRule::NonZero);
    Ok(sound(grid.collect(&moved(&land, distance_m, grid))))
}

/// As [`buffer`] outwards, of what a `buffer` has grown already: the edges of its arcs move out and meet again, so that it has no
/// more positions however often it grows. They then lie up to 0.2 % of all distances together on either side of the true circle.
///
/// # Errors
/// [`ParamError`] where `distance_m` is not from 0 to 1,000,000 m.
///
/// # Complexity
/// As [`buffer`], without arcs.
pub fn buffer_again(grown: &MultiPolygonArray, distance_m: f64) -> Result<MultiPolygonArray, ParamError> {
    check_distance(distance_m)?;
    let rings = || grown.iter().flat_map(|geometry| geometry.rings());
    let grid = Grid::of(rings(), 2.0 * distance_m);
    let rings: Vec<Vec<Coord>> = rings().map(|ring| moved_edges(ring, distance_m)).collect();
    let moved = rings.iter().map(Vec::as_slice);
    let none = std::iter::empty();
    Ok(sound(operate(grid, moved, none, OverlayRule::Subject, FillRule::Positive, Straight::Drop)))
}

/// A ring with its edges moved to their right: where it turns left they meet, where it turns right they cross or pass each other,
/// and what they wind around in between does not count.
fn moved_edges(ring: &[Coord], by_m: f64) -> Vec<Coord> {
    let edges = ring.windows(2).filter(|edge| edge[0] != edge[1]);
    let normals: Vec<(Coord, Coord)> = edges
        .map(|edge| {
            let [dx, dy] = [edge[1][0] - edge[0][0], edge[1][1] - edge[0][1]];
            let length = dx.hypot(dy);
            (edge[0], [dy / length, -dx / length])
        })
        .collect();
    let mut moved = Vec::with_capacity(normals.len() + 1);
    let before = normals.iter().cycle().skip(normals.len().saturating_sub(1));
    for (&(_, [ax, ay]), &([x, y], [bx, by])) in before.zip(&normals) {
        let (turn, along) = (ax * by - ay * bx, ax * bx + ay * by);
        let offset = |[nx, ny]: Coord| [x + nx * by_m, y + ny * by_m];
        if turn >= 0.0 && along > 0.0 {
            let times = 1.0 / (1.0 + along);
            moved.push(offset([(ax + bx) * times, (ay + by) * times]));
        } else {
            moved.push(offset([ax, ay]));
            if turn < 0.0 {
                moved.push([x, y]);
            }
            moved.push(offset([bx, by]));
        }
    }
    moved.extend(moved.first().copied());
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::validity::find_fault;
    use crate::random::Random;

    fn array(polygons: &[Vec<Vec<Coord>>]) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for polygon in polygons {
            for ring in polygon {
                array.push_ring(ring.iter().chain(ring.first()).copied());
            }
            array.end_polygon();
            array.end_geometry();
        }
        let mut oriented = MultiPolygonArray::new();
        for geometry in array.iter() {
            oriented.push_oriented(geometry);
        }
        oriented
    }

    fn rectangle(x: f64, y: f64, width: f64, height: f64) -> Vec<Coord> {
        vec![[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    }

    fn star(x: f64, y: f64, radius: f64, points: u32, phase: f64) -> Vec<Coord> {
        let at = |i: u32| {
            let angle = phase + f64::from(i) / f64::from(2 * points) * std::f64::consts::TAU;
            let radius = if i.is_multiple_of(2) { radius } else { radius * 0.6 };
            [x + radius * angle.cos(), y + radius * angle.sin()]
        };
        (0..2 * points).map(at).collect()
    }

    fn area(array: &MultiPolygonArray) -> f64 {
        array.get(0).signed_area()
    }

    #[test]
    fn the_grid_is_the_spacing_of_floats_at_the_largest_coordinate() {
        for size in [1.0, 1.5, 3e4, 65_535.9, 4.2e6, 1e12] {
            let grid = Grid::for_size(size);
            assert_eq!(size + grid.m, size.next_up(), "{size}");
            assert_eq!(grid.unsnap(grid.snap([size, -size])), [size, -size]);
        }
        // Nothing to fit to is no reason to fail.
        assert!(Grid::for_size(0.0).m > 0.0);
    }

    #[test]
    fn parts_of_a_pair_add_up_at_city_coordinates() {
        for offset in [0.0, 5e5, 4.3e6] {
            let pair = array(&[
                vec![star(offset, offset, 40.0, 9, 0.1), star(offset, offset, 10.0, 5, 0.0)],
                vec![star(offset + 25.0, offset - 7.0, 50.0, 11, 0.7)],
            ]);
            let (a, b) = (pair.get(0), pair.get(1));
            let common = intersection(&a, &b);
            let (a_only, b_only) = (difference(&a, &[b]), difference(&b, &[a]));
            let either = union(&[a, b]);
            for result in [&common, &a_only, &b_only, &either] {
                assert_eq!(find_fault(&result.get(0)), None);
                assert_eq!(result.len(), 1);
            }
            let close = |found: f64, expected: f64| {
                assert!((found / expected - 1.0).abs() < 1e-9, "{found} instead of {expected} at {offset}");
            };
            close(area(&common) + area(&a_only), a.signed_area());
            close(area(&common) + area(&b_only), b.signed_area());
            close(area(&common) + area(&a_only) + area(&b_only), area(&either));
        }
    }

    /// A rectangle, or a polygon of three to five corners, on a lattice of 10 m.
    fn on_lattice(random: &mut Random) -> Vec<Coord> {
        let centre = [0; 2].map(|_| random.below(15) as f64 * 10.0);
        let corners = 2 + random.below(4);
        let mut near = || centre.map(|v| v + random.below(16) as f64 * 10.0 - 80.0);
        if corners == 2 {
            let [[x0, y0], [x1, y1]] = [near(), near()];
            rectangle(x0.min(x1), y0.min(y1), (x1 - x0).abs() + 10.0, (y1 - y0).abs() + 10.0)
        } else {
            (0..corners).map(|_| near()).collect()
        }
    }

    /// Groups of shapes on a lattice, as a projection leaves it, that touch, overlap and run along each other: each result is
    /// valid, and its area is that of the engine's rings.
    #[test]
    fn results_are_valid_on_lattices_that_a_projection_bends() {
        // Once written as an invalid polygon.
        let known: [&[[f64; 2]]; 7] = [
            &[[200., 440.], [220., 440.], [220., 460.], [200., 460.]],
            &[[280., 530.], [340., 480.], [220., 420.]],
            &[[300., 550.], [280., 400.], [200., 440.]],
            &[[320., 460.], [360., 460.], [360., 470.], [320., 470.]],
            &[[270., 550.], [280., 530.], [310., 460.], [240., 450.], [290., 490.]],
            &[[240., 530.], [290., 530.], [290., 570.], [240., 570.]],
            &[[250., 520.], [230., 480.], [290., 430.], [300., 520.]],
        ];
        let mut random = Random::new(14);
        for round in 0..12_000 {
            let offset = [-3e4, 0.0, 4.3e6][round % 3];
            let turned = random.unit() * 0.1;
            let place = |&[x, y]: &Coord| {
                let bend = 1e-7 * x * y;
                [
                    offset + x * turned.cos() - y * turned.sin() + bend,
                    offset + x * turned.sin() + y * turned.cos(),
                ]
            };
            let shapes: Vec<Vec<Coord>> = if round % 4 == 0 {
                known.map(<[_]>::to_vec).into()
            } else {
                (0..2 + random.below(8)).map(|_| on_lattice(&mut random)).collect()
            };
            let placed: Vec<Vec<Vec<Coord>>> =
                shapes.iter().map(|shape| vec![shape.iter().map(place).collect()]).collect();
            let shapes = array(&placed);
            let usable: Vec<_> = shapes.iter().filter(|shape| find_fault(shape).is_none()).collect();
            let Some((first, rest)) = usable.split_first() else { continue };
            let rings = || usable.iter().flat_map(MultiPolygonRef::rings);
            let (grid, none) = (Grid::of(rings(), 0.0), std::iter::empty());
            let raw = operate(grid, rings(), none, OverlayRule::Subject, FillRule::NonZero, Straight::Drop);
            let united = union(&usable);
            let left = difference(first, rest);
            let dissolved = dissolve_all(usable.iter().copied());
            for found in [&united, &left, &dissolved] {
                let fault = (!found.coords().is_empty()).then(|| find_fault(&found.get(0))).flatten();
                assert_eq!(fault, None, "round {round}: {:?}", found.coords());
            }
            assert!((area(&united) - area(&raw)).abs() <= 1e-9 * area(&raw), "round {round}");
            assert!((area(&united) - area(&dissolved)).abs() <= 1e-9 * area(&raw), "round {round}");
        }
    }

    #[test]
    fn what_is_invalid_is_mended_with_the_land_it_has() {
        let geometry = |polygons: &[Vec<Vec<Coord>>]| {
            let mut array = MultiPolygonArray::new();
            for polygon in polygons {
                for ring in polygon {
                    array.push_ring(ring.iter().chain(ring.first()).copied());
                }
                array.end_polygon();
            }
            array.end_geometry();
            array
        };
        let hole = |x, y, side| -> Vec<Coord> { rectangle(x, y, side, side).into_iter().rev().collect() };
        let square = |x: f64| rectangle(x, 0.0, 10.0, 10.0);
        let cases = [
            // A hole under the wrong polygon; an island in a hole, and the hole's hole under the outer one.
            geometry(&[vec![square(0.0), hole(22.0, 2.0, 3.0)], vec![square(20.0)]]),
            geometry(&[
                vec![rectangle(0.0, 0.0, 50.0, 50.0), hole(5.0, 5.0, 40.0), hole(12.0, 12.0, 5.0)],
                vec![rectangle(10.0, 10.0, 20.0, 20.0)],
            ]),
            // Polygons that share an edge, a ring that touches itself, a hole along an edge of its exterior.
            geometry(&[vec![square(0.0)], vec![square(10.0)]]),
            geometry(&[vec![vec![[0., 0.], [9., 0.], [5., 5.], [9., 9.], [0., 9.], [5., 5.]]]]),
            geometry(&[vec![square(0.0), hole(4.0, 0.0, 3.0)]]),
        ];
        for case in cases {
            assert!(find_fault(&case.get(0)).is_some(), "{case:?}");
            let mended = sound(case.clone());
            assert_eq!(find_fault(&mended.get(0)), None, "{case:?}");
            assert!((area(&mended) - area(&case)).abs() < 1e-9, "{case:?}");
        }
    }

    #[test]
    fn what_is_far_from_the_window_does_not_matter() {
        // A comb that winds around the small square on all sides, with a hole, against the plain operation on all of it.
        let comb: Vec<Coord> = star(0.0, 0.0, 1_000.0, 3_000, 0.0);
        let pair =
            array(&[vec![rectangle(590.0, 10.0, 300.0, 300.0)], vec![comb, star(300.0, 0.0, 90.0, 50, 0.0)]]);
        let (small, large) = (pair.get(0), pair.get(1));
        let near = near(large.rings(), &small.envelope());
        assert!(near.iter().map(Vec::len).sum::<usize>() < large.coords().len() / 2);
        let whole = |rule| combine(small.rings(), large.rings(), rule);
        let close = |found: &MultiPolygonArray, rule| {
            let expected = area(&whole(rule));
            assert!(expected > 0.0 && (area(found) / expected - 1.0).abs() < 1e-12);
        };
        close(&intersection(&small, &large), OverlayRule::Intersect);
        close(&intersection(&large, &small), OverlayRule::Intersect);
        close(&difference(&small, &[large]), OverlayRule::Difference);
        // A window deep inside, and one in the hole.
        let deep =
            array(&[vec![rectangle(-10.0, -10.0, 20.0, 20.0)], vec![rectangle(295.0, -5.0, 10.0, 10.0)]]);
        assert_eq!(area(&intersection(&deep.get(0), &large)), 400.0);
        assert_eq!(difference(&deep.get(0), &[large]).coords(), &[] as &[Coord]);
        assert_eq!(intersection(&deep.get(1), &large).coords(), &[] as &[Coord]);
        assert_eq!(area(&difference(&deep.get(1), &[large])), 100.0);
    }

    #[test]
    fn dissolve_unites_what_meets_and_copies_the_rest() {
        let alone = star(500.123_456_789, 0.987_654_321, 20.0, 7, 0.3);
        let squares = array(&[
            vec![rectangle(0.0, 0.0, 10.0, 10.0)],
            vec![alone.clone()],
            vec![rectangle(5.0, 5.0, 10.0, 10.0)],
            vec![rectangle(10.0, 0.0, 10.0, 5.0)],
            vec![rectangle(0.0, 100.0, 10.0, 10.0), rectangle(2.0, 102.0, 6.0, 6.0)],
            vec![rectangle(3.0, 103.0, 1.0, 1.0)],
        ]);
        let land = dissolve(&squares);
        assert_eq!(land.len(), 1);
        assert_eq!(find_fault(&land.get(0)), None);
        let expected = 175.0 + 50.0 + array(&[vec![alone.clone()]]).get(0).signed_area() + 64.0 + 1.0;
        assert!((area(&land) - expected).abs() < 1e-9);
        // Copied to the last bit.
        let mut copied = land.get(0).polygons().nth(1).unwrap().rings().next().unwrap().to_vec();
        copied.pop();
        assert_eq!(copied, alone);
        let all: Vec<_> = squares.iter().collect();
        assert!((area(&union(&all)) - area(&land)).abs() < 1e-9);
        assert_eq!(dissolve(&MultiPolygonArray::new()).len(), 1);
    }

    #[test]
    fn dissolve_of_a_tiling_is_its_outline() {
        let mut tiles = Vec::new();
        for i in 0..60 {
            for j in 0..60 {
                tiles.push(vec![rectangle(f64::from(i) * 20.1, f64::from(j) * 30.3, 20.1, 30.3)]);
            }
        }
        let tiles = array(&tiles);
        let land = dissolve(&tiles);
        let sum: f64 = tiles.iter().map(|tile| tile.signed_area()).sum();
        // Neighbours' corners are computed apart and may differ by a rounding: no more than that is lost or left over.
        assert!((area(&land) / sum - 1.0).abs() < 1e-12, "{} instead of {sum}", area(&land));
    }

    #[test]
    fn closing_fills_a_street_up_to_where_a_disc_stops() {
        let pair = array(&[vec![rectangle(0.0, 0.0, 100.0, 50.0)], vec![rectangle(110.0, 0.0, 100.0, 50.0)]]);
        let both = [pair.get(0), pair.get(1)];
        let closed = closing(&both, 8.0).unwrap();
        assert_eq!(find_fault(&closed.get(0)), None);
        // At each end of the street a disc of radius 8 rests on two corners 10 m apart.
        let sector = 64.0 * (5.0_f64 / 8.0).asin();
        let segment = sector - 5.0 * (64.0_f64 - 25.0).sqrt();
        let expected = 10_500.0 - 2.0 * segment;
        assert!(
            (area(&closed) - expected).abs() < 3e-3 * 2.0 * sector,
            "{} instead of {expected}",
            area(&closed)
        );
        // A street wider than the disc stays open.
        assert_eq!(area(&closing(&both, 4.9).unwrap()), 10_000.0);
        assert_eq!(area(&closing(&both, 0.0).unwrap()), 10_000.0);
        assert_eq!(closing(&[], 5.0).unwrap().coords(), &[] as &[Coord]);
        for wrong in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(closing(&both, wrong).is_err());
        }
    }

    /// Areas by shapely 2.2.0 (GEOS 3.14.1): `union_all(parts).buffer(d, quad_segs=2000).buffer(-d, quad_segs=2000).area`.
    #[test]
    fn closing_agrees_with_shapely() {
        let parts = array(&[
            vec![vec![[0.0, 0.0], [40.0, 5.0], [38.0, 30.0], [20.0, 18.0], [3.0, 33.0]]],
            vec![vec![[45.0, 0.0], [80.0, -3.0], [85.0, 28.0], [47.0, 31.0]]],
            vec![
                rectangle(100.0, 0.0, 60.0, 60.0),
                rectangle(110.0, 10.0, 30.0, 12.0),
                rectangle(120.0, 30.0, 30.0, 25.0),
            ],
        ]);
        let parts: Vec<_> = parts.iter().collect();
        for (distance_m, expected) in
            [(3.0, 4_509.351_004_590_577), (7.0, 5_072.828_276_739_861), (12.0, 5_636.167_709_633_216)]
        {
            let closed = closing(&parts, distance_m).unwrap();
            assert_eq!(find_fault(&closed.get(0)), None);
            let off = area(&closed) - expected;
            // The arcs at the ends of these gaps make up less than three whole discs.
            let discs_m2 = 3.0 * std::f64::consts::PI * distance_m * distance_m;
            assert!(off.abs() < 3e-3 * discs_m2, "{distance_m} m: off by {off} m²");
        }
    }
}
