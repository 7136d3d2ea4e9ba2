//! Which geometries of a column have the same boundary.

use std::collections::HashMap;

use super::{Coord, MultiPolygonArray, MultiPolygonRef};

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
