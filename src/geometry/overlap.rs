//! How much land two polygons share, without building the shared polygon.

use super::{Coord, Envelope, MultiPolygonRef};

/// Part of an edge within the window of two geometries, in metres from the window's lower left corner. Runs from left to right;
/// flat where it was above the window.
#[derive(Debug, Clone, Copy)]
struct Roof {
    left: Coord,
    right: Coord,
    /// 1 where land lies below the edge, -1 where it lies above.
    sign: f64,
}

impl Roof {
    fn height_at(&self, x: f64) -> f64 {
        if x <= self.left[0] {
            return self.left[1];
        }
        if x >= self.right[0] {
            return self.right[1];
        }
        let share = (x - self.left[0]) / (self.right[0] - self.left[0]);
        self.left[1] + share * (self.right[1] - self.left[1])
    }
}

/// Area that two multipolygons share, square of the coordinates' unit. Valid input with exteriors counter-clockwise
/// and interiors clockwise, as a [`ParcelSet`](crate::ParcelSet) holds it. Exact but for the rounding of sums: about 1e-15
/// of the area of the common window per pair of edges, of either sign, so that a result near 0 may be negative.
///
/// The sum over all pairs of an edge of each, signed by their directions, of the area below both: `Σ s_e s_f ∫ min(e, f) dx`.
/// Whatever lies below the land is counted as often with either sign. No topology is built, hence edges that coincide
/// or touch are no special case.
///
/// # Complexity
/// O(n + m + n' m') time for n and m edges, n' and m' of them over the common window of the two boxes; no memory kept.
///
/// ```
/// use landuse::geometry::{MultiPolygonArray, overlap::overlap_area};
/// let mut squares = MultiPolygonArray::new();
/// for [x, y] in [[0.0, 0.0], [3.0, 2.0]] {
///     squares.push_ring([[x, y], [x + 4.0, y], [x + 4.0, y + 4.0], [x, y + 4.0], [x, y]]);
///     squares.end_polygon();
///     squares.end_geometry();
/// }
/// assert_eq!(overlap_area(&squares.get(0), &squares.get(1)), 2.0);
/// ```
pub fn overlap_area(a: &MultiPolygonRef<'_>, b: &MultiPolygonRef<'_>) -> f64 {
    let (a_box, b_box) = (a.envelope(), b.envelope());
    let window = Envelope {
        min: [a_box.min[0].max(b_box.min[0]), a_box.min[1].max(b_box.min[1])],
        max: [a_box.max[0].min(b_box.max[0]), a_box.max[1].min(b_box.max[1])],
    };
    if window.width() == 0.0 || window.height() == 0.0 {
        return 0.0;
    }
    let (mut a_roofs, mut b_roofs) = (roofs(a, &window), roofs(b, &window));
    if a_roofs.len() > b_roofs.len() {
        std::mem::swap(&mut a_roofs, &mut b_roofs);
    }
    // Sorted by their left ends, so that the inner loop may stop.
    b_roofs.sort_by(|e, f| e.left[0].total_cmp(&f.left[0]));
    let below_both = |e: &Roof| -> f64 {
        b_roofs.iter().take_while(|f| f.left[0] < e.right[0]).map(|f| f.sign * area_below(e, f)).sum()
    };
    a_roofs.iter().map(|e| e.sign * below_both(e)).sum()
}

/// Area below both edges and above the window's lower side, over their common stretch.
fn area_below(e: &Roof, f: &Roof) -> f64 {
    let (left, right) = (e.left[0].max(f.left[0]), e.right[0].min(f.right[0]));
    if left >= right {
        return 0.0;
    }
    let (e_left, e_right) = (e.height_at(left), e.height_at(right));
    let (f_left, f_right) = (f.height_at(left), f.height_at(right));
    let (over_left, over_right) = (e_left - f_left, e_right - f_right);
    let mean = if over_left <= 0.0 && over_right <= 0.0 {
        f64::midpoint(e_left, e_right)
    } else if over_left >= 0.0 && over_right >= 0.0 {
        f64::midpoint(f_left, f_right)
    } else {
        // They cross: from the area below e, the triangle by which it is the higher one is taken off.
        let over = over_left.max(over_right);
        f64::midpoint(e_left, e_right) - over * over / (2.0 * (over_left - over_right).abs())
    };
    mean * (right - left)
}

/// The edges over the window, clipped to it: parts below it bound nothing and are left out, parts above become flat.
fn roofs(geometry: &MultiPolygonRef<'_>, window: &Envelope) -> Vec<Roof> {
    let (width, height) = (window.width(), window.height());
    let mut roofs = Vec::new();
    for edge in geometry.rings().flat_map(|ring| ring.windows(2)) {
        // Ordered before anything is computed: an edge two geometries share gives the same numbers in both.
        let (sign, p, q) =
            if edge[0][0] < edge[1][0] { (-1.0, edge[0], edge[1]) } else { (1.0, edge[1], edge[0]) };
        let outside = p[0] >= window.max[0] || q[0] <= window.min[0] || p[0] == q[0];
        if outside || (p[1] <= window.min[1] && q[1] <= window.min[1]) {
            continue;
        }
        let (p, q) =
            ([p[0] - window.min[0], p[1] - window.min[1]], [q[0] - window.min[0], q[1] - window.min[1]]);
        let whole = Roof { left: p, right: q, sign };
        let at_height = |y: f64| p[0] + (y - p[1]) / (q[1] - p[1]) * (q[0] - p[0]);
        // Cut where the edge enters and leaves the window's band of heights.
        let mut cuts = [p[0].max(0.0), q[0].min(width), f64::NAN, f64::NAN];
        let end = cuts[1];
        let mut count = 1;
        let (low, high) = (p[1].min(q[1]), p[1].max(q[1]));
        let mut levels = [0.0, height];
        if q[1] < p[1] {
            levels.reverse();
        }
        for level in levels {
            if low < level && level < high {
                let x = at_height(level);
                if x > cuts[count - 1] && x < end {
                    cuts[count] = x;
                    count += 1;
                }
            }
        }
        cuts[count] = end;
        for stretch in cuts[..=count].windows(2) {
            let [left, right] = [stretch[0], stretch[1]];
            let heights = [left, right].map(|x| whole.height_at(x));
            let middle = f64::midpoint(heights[0], heights[1]);
            let heights = if middle <= 0.0 {
                continue;
            } else if middle >= height {
                [height; 2]
            } else {
                heights.map(|y| y.clamp(0.0, height))
            };
            roofs.push(Roof { left: [left, heights[0]], right: [right, heights[1]], sign });
        }
    }
    roofs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{MultiPolygonArray, boolean, validity};

    /// A fraction that reduces itself; denominators stay small for small integer coordinates.
    #[derive(Clone, Copy, PartialEq, Debug)]
    struct Exact(i128, i128);

    fn exact(n: i128, d: i128) -> Exact {
        let (mut a, mut b) = (n.abs(), d.abs());
        while b != 0 {
            (a, b) = (b, a % b);
        }
        let sign = if d < 0 { -1 } else { 1 };
        Exact(sign * n / a.max(1), sign * d / a.max(1))
    }

    impl Exact {
        fn add(self, o: Self) -> Self {
            exact(self.0 * o.1 + o.0 * self.1, self.1 * o.1)
        }
        fn sub(self, o: Self) -> Self {
            self.add(Self(-o.0, o.1))
        }
        fn mul(self, o: Self) -> Self {
            exact(self.0 * o.0, self.1 * o.1)
        }
        fn div(self, o: Self) -> Self {
            exact(self.0 * o.1, self.1 * o.0)
        }
        fn less(self, o: Self) -> bool {
            self.0 * o.1 < o.0 * self.1
        }
        fn to_f64(self) -> f64 {
            self.0 as f64 / self.1 as f64
        }
    }

    type Point = [Exact; 2];

    fn cross(o: Point, a: Point, b: Point) -> Exact {
        let d = |p: Point, axis: usize| p[axis].sub(o[axis]);
        d(a, 0).mul(d(b, 1)).sub(d(a, 1).mul(d(b, 0)))
    }

    /// Area that two triangles share, by clipping one with the half-planes of the other in fractions.
    fn exact_triangle_overlap(a: [Point; 3], b: [Point; 3]) -> Exact {
        let zero = Exact(0, 1);
        let mut kept: Vec<Point> = a.to_vec();
        for i in 0..3 {
            let (from, to) = (b[i], b[(i + 1) % 3]);
            let mut next = Vec::new();
            for j in 0..kept.len() {
                let (p, q) = (kept[j], kept[(j + 1) % kept.len()]);
                let (s, t) = (cross(from, to, p), cross(from, to, q));
                if !s.less(zero) {
                    next.push(p);
                }
                if (s.less(zero) && zero.less(t)) || (t.less(zero) && zero.less(s)) {
                    let share = s.div(s.sub(t));
                    next.push([0, 1].map(|k| p[k].add(share.mul(q[k].sub(p[k])))));
                }
            }
            kept = next;
        }
        let mut twice = zero;
        for i in 2..kept.len() {
            twice = twice.add(cross(kept[0], kept[i - 1], kept[i]));
        }
        twice.div(Exact(2, 1))
    }

    struct Draw(u64);

    impl Draw {
        fn below(&mut self, n: u64) -> i32 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 33) % n) as i32
        }
    }

    fn array(rings: &[Vec<[f64; 2]>]) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for ring in rings {
            array.push_ring(ring.iter().chain(ring.first()).copied());
            array.end_polygon();
            array.end_geometry();
        }
        let mut oriented = MultiPolygonArray::new();
        for geometry in array.iter() {
            oriented.push_oriented(geometry);
        }
        oriented
    }

    #[test]
    fn triangles_agree_with_exact_fractions() {
        let mut draw = Draw(1);
        let mut positive = 0;
        for _ in 0..20_000 {
            let mut triangle = || loop {
                let t = [(); 3].map(|()| [draw.below(7), draw.below(7)]);
                let turn =
                    (t[1][0] - t[0][0]) * (t[2][1] - t[0][1]) - (t[1][1] - t[0][1]) * (t[2][0] - t[0][0]);
                match turn {
                    0 => {}
                    1.. => return t,
                    _ => return [t[0], t[2], t[1]],
                }
            };
            let (a, b) = (triangle(), triangle());
            let fractions = |t: [[i32; 2]; 3]| t.map(|p| p.map(|v| Exact(v.into(), 1)));
            let expected = exact_triangle_overlap(fractions(a), fractions(b)).to_f64();
            let pair = array(&[a, b].map(|t| t.map(|p| p.map(f64::from)).to_vec()));
            let found = overlap_area(&pair.get(0), &pair.get(1));
            assert!((found - expected).abs() < 1e-12, "{a:?} {b:?}: {found} instead of {expected}");
            assert!((overlap_area(&pair.get(1), &pair.get(0)) - expected).abs() < 1e-12);
            positive += usize::from(expected > 0.0);
        }
        assert!(positive > 5_000, "{positive} pairs with an overlap");
    }

    #[test]
    fn stars_with_holes_agree_with_the_boolean_operation() {
        let mut draw = Draw(2);
        for _ in 0..300 {
            let mut star = |n: u32| {
                let (x, y) = (500_000.0 + f64::from(draw.below(60)), 4_000_000.0 + f64::from(draw.below(60)));
                let radii: Vec<f64> = (0..n).map(|_| 10.0 + f64::from(draw.below(1_000)) / 30.0).collect();
                let ring = |share: f64| -> Vec<[f64; 2]> {
                    let at = |i: u32| {
                        let angle = f64::from(i % n) / f64::from(n) * std::f64::consts::TAU;
                        let radius = radii[(i % n) as usize] * share;
                        [x + radius * angle.cos(), y + radius * angle.sin()]
                    };
                    (0..=n).map(at).collect()
                };
                let mut array = MultiPolygonArray::new();
                array.push_ring(ring(1.0));
                array.push_ring(ring(0.5).into_iter().rev());
                array.end_polygon();
                array.end_geometry();
                array
            };
            let (a, b) = (star(12), star(40));
            assert_eq!(validity::find_fault(&a.get(0)), None);
            let expected = boolean::intersection(&a.get(0), &b.get(0)).get(0).signed_area();
            let found = overlap_area(&a.get(0), &b.get(0));
            // The grid at 4,000 km is 1e-9 m; boundaries are some hundred metres long.
            assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
        }
    }

    #[test]
    fn neighbours_that_share_an_edge_share_no_land() {
        let pair = array(&[
            vec![[0.1, 0.1], [7.3, 0.2], [7.9, 9.7], [0.3, 9.1]],
            vec![[7.3, 0.2], [15.2, 0.4], [14.9, 9.3], [7.9, 9.7]],
        ]);
        assert!(overlap_area(&pair.get(0), &pair.get(1)).abs() < 1e-13);
        let own = pair.get(0).signed_area();
        assert!((overlap_area(&pair.get(0), &pair.get(0)) - own).abs() < 1e-12);
        let far = array(&[vec![[50.0, 0.0], [51.0, 0.0], [50.0, 1.0]]]);
        assert_eq!(overlap_area(&pair.get(0), &far.get(0)), 0.0);
        assert_eq!(
            overlap_area(
                &pair.get(0),
                &MultiPolygonArray::from_iter([&geo::MultiPolygon::new(vec![])]).get(0)
            ),
            0.0
        );
    }
}
