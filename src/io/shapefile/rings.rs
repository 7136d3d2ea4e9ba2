//! From rings in any order and orientation to polygons: which ring is a hole of which.

use std::ops::Range;

use crate::geometry::{Coord, Envelope, EnvelopeIndex};

/// Rings from which an index is worth its making.
const MANY: usize = 32;

/// A ring among the positions of a shape, and whether it runs against the clock.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    pub(super) coords: Range<usize>,
    pub(super) against_clock: bool,
}

/// Groups rings into polygons: a ring inside an odd number of others is a hole of the smallest that holds it, all others are shells.
/// Each polygon is its shell and its holes, in the order of the file.
pub(super) fn polygons(coords: &[Coord], parts: &[Range<usize>]) -> Vec<Vec<Ring>> {
    let ring = |part: &Range<usize>| {
        let area = doubled_area(&coords[part.clone()]);
        (Ring { coords: part.clone(), against_clock: area > 0.0 }, area.abs())
    };
    if let [one] = parts {
        return vec![vec![ring(one).0]];
    }
    let (rings, areas): (Vec<Ring>, Vec<f64>) = parts.iter().map(ring).unzip();
    let positions = |i: usize| &coords[parts[i].clone()];
    let envelope = |i: usize| {
        let ring = positions(i);
        // What is no number holds nothing and is in nothing.
        let finite = ring.iter().flatten().all(|x| x.is_finite());
        if finite { Envelope::of(ring.iter().copied()) } else { Envelope::EMPTY }
    };
    let boxes: Vec<Envelope> = (0..rings.len()).map(envelope).collect();
    let index = (rings.len() >= MANY).then(|| EnvelopeIndex::new(&boxes));
    // How many rings hold each, and the smallest of them.
    let holders: Vec<(usize, Option<usize>)> = (0..rings.len())
        .map(|i| {
            let holds = |&other: &usize| {
                other != i
                    && areas[other] > areas[i]
                    && boxes[other].contains(&boxes[i])
                    && is_inside(positions(i), positions(other))
            };
            let found: Vec<usize> = match &index {
                Some(index) => index.candidates(boxes[i]).map(|other| other as usize).filter(holds).collect(),
                None => (0..rings.len()).filter(holds).collect(),
            };
            let smallest =
                found.iter().copied().min_by(|&a, &b| areas[a].total_cmp(&areas[b]).then(a.cmp(&b)));
            (found.len(), smallest)
        })
        .collect();
    let mut place = vec![usize::MAX; rings.len()];
    let mut found: Vec<Vec<Ring>> = Vec::new();
    for (i, ring) in rings.iter().enumerate().filter(|&(i, _)| holders[i].0.is_multiple_of(2)) {
        place[i] = found.len();
        found.push(vec![ring.clone()]);
    }
    for (i, ring) in rings.into_iter().enumerate().filter(|&(i, _)| !holders[i].0.is_multiple_of(2)) {
        // The smallest holder of a hole is a shell, unless rings cross; then it stands for itself.
        match holders[i].1.and_then(|shell| found.get_mut(place[shell])) {
            Some(polygon) => polygon.push(ring),
            None => found.push(vec![ring]),
        }
    }
    found
}

/// Twice the area of a ring, positive against the clock; measured from its first position, so that no digits are lost.
fn doubled_area(ring: &[Coord]) -> f64 {
    let Some(&[x, y]) = ring.first() else { return 0.0 };
    ring.windows(2)
        .map(|pair| match *pair {
            [a, b] => (a[0] - x) * (b[1] - y) - (b[0] - x) * (a[1] - y),
            _ => 0.0,
        })
        .sum()
}

/// Whether a ring lies in another: told by the first of its positions, else of the middles of its edges, that is not on the boundary.
fn is_inside(ring: &[Coord], other: &[Coord]) -> bool {
    let middles = ring.windows(2).filter_map(|pair| match *pair {
        [a, b] => Some([f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]),
        _ => None,
    });
    ring.iter().copied().chain(middles).find_map(|at| side(at, other)).unwrap_or(false)
}

/// Whether a position lies inside a ring; none on its boundary.
fn side([x, y]: Coord, ring: &[Coord]) -> Option<bool> {
    let mut inside = false;
    for pair in ring.windows(2) {
        let &[a, b] = pair else { continue };
        let turn = (b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1]);
        let within = x >= a[0].min(b[0]) && x <= a[0].max(b[0]) && y >= a[1].min(b[1]) && y <= a[1].max(b[1]);
        if turn == 0.0 && within {
            return None;
        }
        if (a[1] > y) != (b[1] > y) && (turn > 0.0) == (b[1] > a[1]) {
            inside = !inside;
        }
    }
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: f64, y: f64, side: f64) -> Vec<Coord> {
        vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    }

    fn grouped(rings: &[Vec<Coord>]) -> Vec<Vec<usize>> {
        let mut coords = Vec::new();
        let mut parts = Vec::new();
        for ring in rings {
            parts.push(coords.len()..coords.len() + ring.len());
            coords.extend_from_slice(ring);
        }
        let number = |ring: &Ring| parts.iter().position(|part| *part == ring.coords).unwrap();
        polygons(&coords, &parts).iter().map(|polygon| polygon.iter().map(number).collect()).collect()
    }

    #[test]
    fn holes_go_to_the_ring_that_holds_them() {
        let shells = [square(0.0, 0.0, 10.0), square(20.0, 0.0, 10.0)];
        let holes = [square(22.0, 2.0, 2.0), square(2.0, 2.0, 6.0)];
        let island = square(4.0, 4.0, 1.0);
        let [a, b] = shells;
        let [in_b, in_a] = holes;
        let expected = vec![vec![0, 3], vec![1, 2], vec![4]];
        assert_eq!(grouped(&[a.clone(), b.clone(), in_b.clone(), in_a.clone(), island.clone()]), expected);
        // Orientation says nothing.
        let turned = |mut ring: Vec<Coord>| {
            ring.reverse();
            ring
        };
        assert_eq!(grouped(&[turned(a), b, turned(in_b), in_a, turned(island)]), expected);
    }

    #[test]
    fn rings_that_touch_are_told_apart() {
        // A hole that touches its shell at a corner, and a neighbour that touches from outside.
        let rings = [square(0.0, 0.0, 10.0), square(0.0, 0.0, 3.0), square(10.0, 10.0, 3.0)];
        assert_eq!(grouped(&rings), [vec![0, 1], vec![2]]);
        // Two rings of one boundary are two shells.
        assert_eq!(grouped(&[square(0.0, 0.0, 1.0), square(0.0, 0.0, 1.0)]), [vec![0], vec![1]]);
    }

    #[test]
    fn many_rings_are_grouped_as_few_are() {
        let mut rings = vec![square(-1.0, -1.0, 1_000.0)];
        rings.extend((0..200).map(|i| square(f64::from(i % 20) * 4.0, f64::from(i / 20) * 4.0, 3.0)));
        rings.extend(
            (0..200).map(|i| square(f64::from(i % 20) * 4.0 + 1.0, f64::from(i / 20) * 4.0 + 1.0, 1.0)),
        );
        let found = grouped(&rings);
        assert_eq!(found.len(), 201);
        assert_eq!(found[0].len(), 201);
        assert!(found[1..].iter().all(|polygon| polygon.len() == 1));
    }

    #[test]
    fn odd_rings_do_no_harm() {
        assert_eq!(polygons(&[], &[]).len(), 0);
        let nan = vec![[f64::NAN, 0.0], [1.0, f64::NAN]];
        assert_eq!(grouped(&[nan, square(0.0, 0.0, 1.0), vec![[0.0, 0.0]]]).len(), 3);
    }
}
