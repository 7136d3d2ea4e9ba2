//! Questions about points and lines that are answered exactly, whatever the coordinates.

use geo::algorithm::kernels::{Kernel, Orientation, RobustKernel};

use super::Coord;

/// Which side of the line from `a` to `b` the point `c` lies on: positive left, negative right, 0 on the line. The sign is
/// exact (Shewchuk 1997: a filter, then expansion arithmetic where the filter cannot tell); the size means nothing.
#[inline]
pub(crate) fn side(a: Coord, b: Coord, c: Coord) -> f64 {
    // (3 + 16 eps) eps with eps = 2^-53 is 3.3306e-16; a little more covers the product below.
    const FILTER: f64 = 3.3307e-16;
    let left = (a[0] - c[0]) * (b[1] - c[1]);
    let right = (a[1] - c[1]) * (b[0] - c[0]);
    let determinant = left - right;
    if determinant.abs() >= FILTER * (left.abs() + right.abs()) { determinant } else { exact_side(a, b, c) }
}

#[cold]
fn exact_side(a: Coord, b: Coord, c: Coord) -> f64 {
    let [a, b, c] = [a, b, c].map(|p| geo::Coord { x: p[0], y: p[1] });
    match <RobustKernel as Kernel<f64>>::orient2d(a, b, c) {
        Orientation::CounterClockwise => 1.0,
        Orientation::Clockwise => -1.0,
        Orientation::Collinear => 0.0,
    }
}

/// Where a point lies in respect of a ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Location {
    Inside,
    Boundary,
    Outside,
}

/// Where `p` lies in respect of the ring that `edges` make. Edges that do not reach the height of `p` may be left out.
/// Exact; the winding does not matter.
pub(crate) fn locate(p: Coord, edges: impl IntoIterator<Item = [Coord; 2]>) -> Location {
    let mut inside = false;
    for [a, b] in edges {
        if a == p || b == p {
            return Location::Boundary;
        }
        if a[0] < p[0] && b[0] < p[0] {
            continue;
        }
        if (a[1] > p[1]) == (b[1] > p[1]) {
            let level = a[1] == p[1] && b[1] == p[1];
            if level && a[0].min(b[0]) <= p[0] && p[0] <= a[0].max(b[0]) {
                return Location::Boundary;
            }
            continue;
        }
        let at = side(a, b, p);
        if at == 0.0 {
            return Location::Boundary;
        }
        inside ^= (at > 0.0) == (b[1] > a[1]);
    }
    if inside { Location::Inside } else { Location::Outside }
}

/// Whether the direction from `at` to `to` leads to the left of the path `before` → `at` → `after`. The direction must run
/// along neither arm of the path, and the path must not turn back on itself.
pub(crate) fn leads_left(before: Coord, at: Coord, after: Coord, to: Coord) -> bool {
    let turn = side(before, at, after);
    let (first, second) = (side(before, at, to), side(at, after, to));
    if turn > 0.0 {
        first > 0.0 && second > 0.0
    } else if turn < 0.0 {
        !(first < 0.0 && second < 0.0)
    } else {
        second > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn side_is_exact_next_to_a_line() {
        let (a, b) = ([12.0, 12.0], [24.0, 24.0]);
        for i in -3..=3_i32 {
            for j in -3..=3_i32 {
                let ulp = f64::EPSILON / 2.0;
                let c = [0.5 + f64::from(i) * ulp, 0.5 + f64::from(j) * ulp];
                let expected = c[1].total_cmp(&c[0]) as i8;
                assert_eq!(side(a, b, c).partial_cmp(&0.0).unwrap() as i8, expected, "{c:?}");
            }
        }
    }

    #[test]
    fn a_point_is_inside_outside_or_on_the_boundary() {
        let ring = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [2.0, 2.0], [0.0, 4.0], [0.0, 0.0]];
        let at = |p| locate(p, ring.windows(2).map(|e| [e[0], e[1]]));
        assert_eq!(at([1.0, 2.0]), Location::Inside);
        assert_eq!(at([2.0, 2.0]), Location::Boundary);
        assert_eq!(at([3.0, 3.0]), Location::Boundary);
        assert_eq!(at([2.0, 0.0]), Location::Boundary);
        assert_eq!(at([0.0, 1.0]), Location::Boundary);
        assert_eq!(at([2.0, 2.1]), Location::Outside);
        assert_eq!(at([-1.0, 0.0]), Location::Outside);
        assert_eq!(at([-1.0, 2.0]), Location::Outside);
        assert_eq!(at([5.0, 0.0]), Location::Outside);
    }
}
