//! Which geometries of a column have the same boundary.

use std::collections::HashMap;

use super::{Coord, Envelope, MultiPolygonArray, MultiPolygonRef, PolygonRef};
use crate::parallel;
use crate::union_find::UnionFind;

/// How far apart vertices of the same boundary may lie, and how far a vertex may lie from the chord of its neighbours and be
/// none, m.
const SAME_M: f64 = 1e-3;

/// For each geometry the first one of its boundary, itself included; none where all boundaries differ.
///
/// Two boundaries are the same where their polygons and holes, in any order, are equal cyclic sequences of vertices, each within
/// 1 mm, with or without the vertices that lie within 1 mm of the chord of their neighbours. Geometries belong together where a
/// chain of such pairs joins them. Rings are closed and oriented.
///
/// # Complexity
/// O(n log n), and O(v log v) in vertices of those whose envelopes begin in one place.
pub(crate) fn same_boundaries(array: &MultiPolygonArray, envelopes: &[Envelope]) -> Option<Vec<u32>> {
    let near = beginning_together(envelopes);
    let runs: Vec<&[u128]> = near.chunk_by(|a, b| a >> 32 == b >> 32).filter(|run| run.len() > 1).collect();
    let pairs = parallel::gather(runs.len(), 16, &|range, pairs| {
        for run in &runs[range] {
            let members: Vec<u32> = run.iter().map(|placed| *placed as u32).collect();
            same_among(array, envelopes, &members, pairs);
        }
    });
    if pairs.is_empty() {
        return None;
    }
    let mut groups = UnionFind::new(array.len());
    for [a, b] in pairs {
        groups.join(a, b);
    }
    Some((0..array.len() as u32).map(|i| groups.root(i)).collect())
}

/// Positions with the place where their envelopes begin, in order of place. Where that is near the border of a place they stand
/// in the next one too, so that what begins within twice the tolerance has a place in common.
fn beginning_together(envelopes: &[Envelope]) -> Vec<u128> {
    const PLACE_M: f64 = 1.0 / 8.0;
    let places = |x: f64| [-2.0, 2.0].map(|step| ((x + step * SAME_M) / PLACE_M).floor() as i64);
    let mut near = parallel::gather(envelopes.len(), 4096, &|run, near| {
        for i in run.filter(|&i| !envelopes[i].is_empty()) {
            let [xs, ys] = envelopes[i].min.map(places);
            for x in xs.into_iter().take(1 + usize::from(xs[0] != xs[1])) {
                for y in ys.into_iter().take(1 + usize::from(ys[0] != ys[1])) {
                    // Two places of one number only cost a comparison.
                    let key = (x as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ y as u64;
                    near.push(parallel::placed(key, i as u32));
                }
            }
        }
    });
    parallel::sort_wide(&mut near);
    near
}

/// Adds pairs that join all of `members` that have the same boundary.
fn same_among(array: &MultiPolygonArray, envelopes: &[Envelope], members: &[u32], pairs: &mut Vec<[u32; 2]>) {
    let alike = |a: u32, b: u32| {
        let [a, b] = [a, b].map(|i| &envelopes[i as usize]);
        let corners = [(a.min, b.min), (a.max, b.max)];
        corners.iter().all(|(a, b)| (0..2).all(|axis| (a[axis] - b[axis]).abs() <= 2.0 * SAME_M))
    };
    if let &[a, b] = members
        && !alike(a, b)
    {
        return;
    }
    let first = first_of_same(array, members);
    pairs.extend(members.iter().map(|&i| [first[&i], i]).filter(|[a, b]| a != b));
    let mut distinct: Vec<u32> = members.iter().copied().filter(|i| first[i] == *i).collect();
    distinct.sort_unstable_by(|&a, &b| envelopes[a as usize].min[0].total_cmp(&envelopes[b as usize].min[0]));
    for (at, &a) in distinct.iter().enumerate() {
        let end = envelopes[a as usize].min[0] + 2.0 * SAME_M;
        let next = distinct[at + 1..].iter().take_while(|&&b| envelopes[b as usize].min[0] <= end);
        let same = |&b: &u32| alike(a, b) && is_same(array.get(a as usize), array.get(b as usize));
        pairs.extend(next.copied().filter(same).map(|b| [a, b]));
    }
}

/// Whether two geometries have the same boundary.
fn is_same(a: MultiPolygonRef<'_>, b: MultiPolygonRef<'_>) -> bool {
    let same = |a: &PolygonRef<'_>, b: &PolygonRef<'_>| {
        let (a, b): (Vec<_>, Vec<_>) = (a.rings().collect(), b.rings().collect());
        is_same_ring(a[0], b[0]) && match_all(&a[1..], &b[1..], |a, b| is_same_ring(a, b))
    };
    match_all(&a.polygons().collect::<Vec<_>>(), &b.polygons().collect::<Vec<_>>(), same)
}

/// Whether each of `a` has one of `b` to itself.
fn match_all<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> bool {
    let mut free: Vec<&T> = b.iter().collect();
    a.len() == b.len()
        && a.iter().all(|a| {
            let found = free.iter().position(|b| same(a, b));
            found.map(|at| free.swap_remove(at)).is_some()
        })
}

fn is_same_ring(a: &[Coord], b: &[Coord]) -> bool {
    let (a, b) = (&a[..a.len().saturating_sub(1)], &b[..b.len().saturating_sub(1)]);
    is_same_cycle(a, b) || is_same_cycle(&without_straight(a), &without_straight(b))
}

/// Whether two cycles of vertices are the same from some vertex on, each within the tolerance.
fn is_same_cycle(a: &[Coord], b: &[Coord]) -> bool {
    let near = |a: &Coord, b: &Coord| (a[0] - b[0]).hypot(a[1] - b[1]) <= SAME_M;
    let from = |start: usize| a.iter().zip(b[start..].iter().chain(&b[..start])).all(|(a, b)| near(a, b));
    a.len() == b.len() && (0..b.len()).any(|start| near(&a[0], &b[start]) && from(start))
}

/// A cycle less the vertices that lie within the tolerance of the chord of their neighbours, one after the other from its least
/// vertex on until none is left.
fn without_straight(cycle: &[Coord]) -> Vec<Coord> {
    let mut kept = cycle.to_vec();
    let least = (0..kept.len()).min_by(|&a, &b| {
        let [a, b] = [kept[a], kept[b]];
        a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]))
    });
    kept.rotate_left(least.unwrap_or(0));
    loop {
        let len = kept.len();
        let mut next: Vec<Coord> = Vec::with_capacity(len);
        for at in 0..len {
            let before = next.last().copied().unwrap_or(kept[len - 1]);
            if distance_to_chord(kept[at], before, kept[(at + 1) % len]) > SAME_M {
                next.push(kept[at]);
            }
        }
        if next.len() == len || next.len() < 3 {
            return kept;
        }
        kept = next;
    }
}

fn distance_to_chord(point: Coord, from: Coord, to: Coord) -> f64 {
    let [along, beside] = [to, point].map(|p| [p[0] - from[0], p[1] - from[1]]);
    let length2 = along[0] * along[0] + along[1] * along[1];
    let foot = (along[0] * beside[0] + along[1] * beside[1]) / length2;
    let foot = if length2 > 0.0 { foot.clamp(0.0, 1.0) } else { 0.0 };
    (beside[0] - foot * along[0]).hypot(beside[1] - foot * along[1])
}

/// For each of `members`, positions in `array`, the first of them that has the same boundary: equal cyclic sequences of
/// positions, to the last bit, polygons and holes in any order.
///
/// # Complexity
/// O(v log v) for the v positions of the members, and as much memory.
pub(super) fn first_of_same(array: &MultiPolygonArray, members: &[u32]) -> HashMap<u32, u32> {
    let mut first: HashMap<Box<[u64]>, u32> = HashMap::with_capacity(members.len());
    members.iter().map(|&i| (i, *first.entry(boundary(array.get(i as usize))).or_insert(i))).collect()
}

/// The boundary as one sequence of numbers that is the same wherever its rings begin and in whichever order they come.
fn boundary(geometry: MultiPolygonRef<'_>) -> Box<[u64]> {
    let mut polygons: Vec<Vec<Vec<[u64; 2]>>> = geometry
        .polygons()
        .map(|polygon| {
            let mut rings: Vec<Vec<[u64; 2]>> = polygon.rings().map(from_least).collect();
            if let Some(holes) = rings.get_mut(1..) {
                holes.sort_unstable();
            }
            rings
        })
        .collect();
    polygons.sort_unstable();
    let mut sequence = vec![polygons.len() as u64];
    for polygon in &polygons {
        sequence.push(polygon.len() as u64);
        for ring in polygon {
            sequence.push(ring.len() as u64);
            sequence.extend(ring.as_flattened());
        }
    }
    sequence.into()
}

/// The bits of a closed ring's positions from its least one on.
fn from_least(ring: &[Coord]) -> Vec<[u64; 2]> {
    // Adding 0.0 makes -0.0 and 0.0 one number.
    let mut bits: Vec<[u64; 2]> = ring.iter().skip(1).map(|c| c.map(|v| (v + 0.0).to_bits())).collect();
    let least = (0..bits.len()).min_by_key(|&i| bits[i]).unwrap_or(0);
    bits.rotate_left(least);
    bits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// Groups by all pairs.
    fn by_all_pairs(array: &MultiPolygonArray) -> Vec<u32> {
        let mut groups = UnionFind::new(array.len());
        for b in 0..array.len() {
            for a in (0..b).filter(|&a| is_same(array.get(a), array.get(b))) {
                groups.join(a as u32, b as u32);
            }
        }
        (0..array.len() as u32).map(|i| groups.root(i)).collect()
    }

    fn array_of(rings: impl IntoIterator<Item = Vec<Coord>>) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for ring in rings {
            let first = ring[0];
            array.push_ring(ring.into_iter().chain([first]));
            array.end_polygon();
            array.end_geometry();
        }
        array
    }

    fn groups(array: &MultiPolygonArray) -> Option<Vec<u32>> {
        let envelopes: Vec<Envelope> = array.iter().map(|shape| shape.envelope()).collect();
        same_boundaries(array, &envelopes)
    }

    #[test]
    fn boundaries_are_the_same_within_a_millimetre_and_by_chains() {
        let square = |step: f64| vec![[step, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]];
        let array = array_of([square(0.0), square(0.0009), square(0.0018), square(0.004), square(3.0)]);
        assert_eq!(groups(&array), Some(vec![0, 0, 0, 3, 4]));
        // With vertices on its edges, or next to them.
        let mut more = square(0.0);
        more.insert(1, [4.0, 0.0004]);
        more.insert(1, [2.0, -0.0004]);
        more.rotate_left(3);
        assert_eq!(groups(&array_of([square(0.0), more])), Some(vec![0, 0]));
        let mut bent = square(0.0);
        bent.insert(1, [4.0, -0.01]);
        assert_eq!(groups(&array_of([square(0.0), bent])), None);
        assert_eq!(groups(&array_of([square(0.0), vec![[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]]])), None);
    }

    #[test]
    fn groups_are_those_of_all_pairs() {
        let mut random = Random::new(5);
        let mut uniform = |most: f64| random.unit() * most;
        for _ in 0..40 {
            let rings: Vec<Vec<Coord>> = (0..60)
                .map(|_| {
                    let [x, y] = [0.0, 0.0].map(|_: f64| (uniform(3.0)).floor() * 0.125 + uniform(0.0016));
                    let corners = [[x, y], [x + 5.0, y], [x + 5.0, y + 4.0], [x, y + 4.0]];
                    let mut ring: Vec<Coord> =
                        corners.map(|[x, y]| [x + uniform(0.0007), y + uniform(0.0007)]).into();
                    ring.rotate_left(uniform(4.0) as usize);
                    ring
                })
                .collect();
            let array = array_of(rings);
            let expected = by_all_pairs(&array);
            let found = groups(&array).unwrap_or_else(|| (0..60).collect());
            assert_eq!(found, expected);
            assert!(expected.iter().zip(0..).any(|(&root, i)| root != i));
        }
    }

    #[test]
    fn the_same_boundary_may_begin_anywhere() {
        let mut array = MultiPolygonArray::new();
        let square = |x: f64, first: usize| {
            let corners = [[x, 0.0], [x + 9.0, 0.0], [x + 9.0, 9.0], [x, 9.0]];
            (0..=4).map(move |i| corners[(first + i) % 4])
        };
        let hole = |x: f64| [[x, 1.0], [x, 2.0], [x + 1.0, 2.0], [x, 1.0]];
        let mut push = |rings: Vec<Vec<Coord>>| {
            rings.into_iter().for_each(|ring| array.push_ring(ring));
            array.end_polygon();
            array.end_geometry();
        };
        push(vec![square(0.0, 0).collect()]);
        push(vec![square(0.0, 2).collect()]);
        push(vec![square(0.0, 1).collect(), hole(1.0).into(), hole(4.0).into()]);
        push(vec![square(0.0, 3).collect(), hole(4.0).into(), hole(1.0).into()]);
        push(vec![square(1e-9, 0).collect()]);
        let first = first_of_same(&array, &[0, 1, 2, 3, 4]);
        assert_eq!([0, 1, 2, 3, 4].map(|i| first[&i]), [0, 0, 2, 2, 4]);
    }
}
