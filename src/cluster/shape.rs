//! The shape of a site, how the land of all sites is broken up, and who owns it.

use std::collections::HashMap;
use std::f64::consts::PI;

use geo::{ConvexHull, MultiPoint};
use serde::Serialize;

use crate::error::ParamError;
use crate::geometry::array::ring_area;
use crate::geometry::closing::closed_size;
use crate::geometry::{Coord, MultiPolygonRef};
use crate::parcel::{CategoryColumn, ParcelIdx, ParcelSet};
use crate::random::Random;

/// Measures of the shape of one outline. All but the lengths and the area are ratios, free of scale, position and turn.
///
/// Parts of an outline are measured together: areas and perimeters add up, hull, circle and rectangle go around all of them.
/// Interior rings take their area out and count in the perimeter, so that a hole makes a shape less compact.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[non_exhaustive]
pub struct Shape {
    /// Area, m², holes taken out.
    pub area_m2: f64,
    /// Length of all rings, interior ones included, m.
    pub perimeter_m: f64,
    /// Greatest distance between two of its points, m.
    pub span_m: f64,
    /// Polsby-Popper score or isoperimetric quotient, `4π·A / P²`: 1 for a circle, π/4 for a square.
    pub polsby_popper: f64,
    /// Shape index, `P / (2·√(π·A))`: 1 for a circle, more for anything else; the inverse root of the Polsby-Popper score.
    pub shape_index: f64,
    /// Area over that of the convex hull: 1 where nothing is notched.
    pub hull_ratio: f64,
    /// Area over that of the least circle around it (Reock score): 1 for a circle, 2/π for a square.
    pub circle_ratio: f64,
    /// Shorter over longer side of the least rectangle, by area and in any direction, around it: 1 for a square, near 0 for a
    /// strip.
    pub elongation: f64,
}

impl Shape {
    /// Measures an outline; none where it has no area.
    ///
    /// # Complexity
    /// O(v log v) for v positions; of the h corners of the hull, the circle in expected O(h), span and rectangle in
    /// O(h²).
    ///
    /// # Source
    /// Polsby and Popper 1991; Reock 1961; `McGarigal` and Marks 1995 for the shape index. The least circle by Welzl 1991, the
    /// least rectangle has a side along the hull (Freeman and Shapira 1975).
    ///
    /// ```
    /// use landuse::cluster::Shape;
    /// use landuse::geometry::MultiPolygonArray;
    /// let mut array = MultiPolygonArray::new();
    /// array.push_ring([[0.0, 0.0], [40.0, 0.0], [40.0, 10.0], [0.0, 10.0], [0.0, 0.0]]);
    /// array.end_polygon();
    /// array.end_geometry();
    /// let shape = Shape::of(array.get(0)).ok_or("no area")?;
    /// assert!((shape.polsby_popper - 0.502_655).abs() < 1e-6);
    /// assert_eq!((shape.elongation, shape.hull_ratio), (0.25, 1.0));
    /// # Ok::<(), &str>(())
    /// ```
    pub fn of(outline: MultiPolygonRef<'_>) -> Option<Self> {
        let area_m2 = outline.signed_area();
        Self::closed(outline, area_m2, outline.rings().map(length).sum())
    }

    /// Measures an outline whose roads and gaps up to `gap_m` are closed, as those of sites are; none where it has no area.
    ///
    /// # Errors
    /// [`ParamError`] where the gap is not from 0 to 2,000,000 m.
    ///
    /// # Complexity
    /// As [`of`](Self::of), and [`closed_size`].
    pub fn over_gaps(outline: MultiPolygonRef<'_>, gap_m: f64) -> Result<Option<Self>, ParamError> {
        let closed = closed_size(outline, gap_m / 2.0)?;
        Ok(Self::closed(outline, closed.area_m2, closed.perimeter_m))
    }

    /// Measures an outline whose gaps are closed, by its size then. A closing reaches nowhere beyond the hull: hull, circle and
    /// rectangle are those of the outline itself.
    pub(super) fn closed(outline: MultiPolygonRef<'_>, area_m2: f64, perimeter_m: f64) -> Option<Self> {
        let coords = outline.coords();
        let origin = *coords.first()?;
        // Relative to the first vertex, so that coordinates of millions of metres lose no digits.
        let points: MultiPoint<f64> = coords.iter().map(|c| (c[0] - origin[0], c[1] - origin[1])).collect();
        let hull: Vec<Coord> = points.convex_hull().exterior().coords().map(|c| [c.x, c.y]).collect();
        let hull_m2 = ring_area(&hull).abs();
        if !(area_m2 > 0.0 && hull_m2 > 0.0) {
            return None;
        }
        let corners = &hull[..hull.len() - 1];
        let span_m = corners
            .iter()
            .enumerate()
            .flat_map(|(i, &a)| corners[i + 1..].iter().map(move |&b| distance(a, b)))
            .fold(0.0, f64::max);
        let [short, long] = least_rectangle(&hull);
        let radius = least_circle(corners);
        let polsby_popper = 4.0 * PI * area_m2 / (perimeter_m * perimeter_m);
        Some(Self {
            area_m2,
            perimeter_m,
            span_m,
            polsby_popper,
            shape_index: perimeter_m / (2.0 * (PI * area_m2).sqrt()),
            hull_ratio: (area_m2 / hull_m2).min(1.0),
            circle_ratio: area_m2 / (PI * radius * radius),
            elongation: short / long,
        })
    }
}

fn distance(a: Coord, b: Coord) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

fn length(ring: &[Coord]) -> f64 {
    ring.windows(2).map(|edge| distance(edge[0], edge[1])).sum()
}

/// Sides of the least rectangle by area around a closed convex ring, the shorter first.
fn least_rectangle(hull: &[Coord]) -> [f64; 2] {
    let mut best = [0.0, f64::INFINITY];
    let mut least = f64::INFINITY;
    for edge in hull.windows(2) {
        let length = distance(edge[0], edge[1]);
        if length == 0.0 {
            continue;
        }
        let along = [(edge[1][0] - edge[0][0]) / length, (edge[1][1] - edge[0][1]) / length];
        let spread = |direction: Coord| {
            let reach = hull.iter().map(|p| p[0] * direction[0] + p[1] * direction[1]);
            let (low, high) =
                reach.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), r| (low.min(r), high.max(r)));
            high - low
        };
        let sides = [spread(along), spread([-along[1], along[0]])];
        // Rectangles that differ by rounding only: the first edge wins.
        if sides[0] * sides[1] < least * (1.0 - 1e-12) {
            least = sides[0] * sides[1];
            best = [sides[0].min(sides[1]), sides[0].max(sides[1])];
        }
    }
    best
}

/// Radius of the least circle around points.
fn least_circle(points: &[Coord]) -> f64 {
    /// A circle as center and radius.
    type Circle = (Coord, f64);
    let holds = |circle: &Circle, p: Coord| distance(circle.0, p) <= circle.1 * (1.0 + 1e-12);
    let of_two = |a: Coord, b: Coord| -> Circle {
        ([f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])], distance(a, b) / 2.0)
    };
    let of_three = |a: Coord, b: Coord, c: Coord| -> Circle {
        let (bx, by, cx, cy) = (b[0] - a[0], b[1] - a[1], c[0] - a[0], c[1] - a[1]);
        let twice = 2.0 * (bx * cy - by * cx);
        if twice == 0.0 {
            // On one line: the two farthest apart.
            let pairs = [of_two(a, b), of_two(a, c), of_two(b, c)];
            return pairs.into_iter().fold(pairs[0], |far, next| if next.1 > far.1 { next } else { far });
        }
        let (b2, c2) = (bx * bx + by * by, cx * cx + cy * cy);
        let (x, y) = ((cy * b2 - by * c2) / twice, (bx * c2 - cx * b2) / twice);
        ([a[0] + x, a[1] + y], x.hypot(y))
    };
    // In random order the expected time is linear; the seed is fixed, so that the result is.
    let mut points = points.to_vec();
    Random::new(0).shuffle(&mut points);
    let mut circle: Circle = (points.first().copied().unwrap_or([0.0; 2]), 0.0);
    for i in 1..points.len() {
        if holds(&circle, points[i]) {
            continue;
        }
        circle = (points[i], 0.0);
        for j in 0..i {
            if holds(&circle, points[j]) {
                continue;
            }
            circle = of_two(points[i], points[j]);
            for k in 0..j {
                if !holds(&circle, points[k]) {
                    circle = of_three(points[i], points[j], points[k]);
                }
            }
        }
    }
    circle.1
}

/// How land is broken up into patches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Fragmentation {
    /// How many patches there are.
    pub patches: usize,
    /// Their land in all, m².
    pub area_m2: f64,
    /// Mean area of a patch, m²; none without patches.
    pub mean_area_m2: Option<f64>,
    /// Area of the largest patch over that of the landscape, 0 to 1; none for a landscape without area.
    pub largest_patch_index: Option<f64>,
    /// Effective mesh size, m²: `Σ aᵢ² / A`, the mean area of the patch that a random place of the landscape lies in, 0 where
    /// it lies in none. None for a landscape without area.
    pub effective_mesh_m2: Option<f64>,
}

impl Fragmentation {
    /// Measures patches of these areas in a landscape of `landscape_m2`, their own sum or the wider land that they are part of.
    ///
    /// # Complexity
    /// O(patches).
    ///
    /// # Source
    /// Jaeger 2000 for the mesh size; `McGarigal` and Marks 1995 for the largest-patch index, there in percent.
    ///
    /// ```
    /// use landuse::cluster::Fragmentation;
    /// let land = Fragmentation::of(&[30_000.0, 10_000.0], 50_000.0);
    /// assert_eq!(land.effective_mesh_m2, Some(20_000.0));
    /// assert_eq!((land.largest_patch_index, land.mean_area_m2), (Some(0.6), Some(20_000.0)));
    /// ```
    pub fn of(areas_m2: &[f64], landscape_m2: f64) -> Self {
        let area_m2: f64 = areas_m2.iter().sum();
        let of_landscape = |value: f64| (landscape_m2 > 0.0).then(|| value / landscape_m2);
        Self {
            patches: areas_m2.len(),
            area_m2,
            mean_area_m2: (!areas_m2.is_empty()).then(|| area_m2 / areas_m2.len() as f64),
            largest_patch_index: of_landscape(areas_m2.iter().copied().fold(0.0, f64::max)),
            effective_mesh_m2: of_landscape(areas_m2.iter().map(|a| a * a).sum()),
        }
    }
}

/// How land is spread over owners: the fewer, the easier to assemble.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Ownership {
    /// Owners that are known.
    pub owners: usize,
    /// Herfindahl-Hirschman index, `Σ sₖ²` over the owners' shares of the land whose owner is known: 1 for one owner, 1/k for k
    /// equal ones. None where no owner is known.
    pub hhi: Option<f64>,
    /// Share of the largest owner in that land; none where no owner is known.
    pub largest_share: Option<f64>,
    /// Share of all land whose owner is known, 0 to 1; none without land.
    pub known_share: Option<f64>,
}

impl Ownership {
    /// Measures the land of `members` by a column of owners; equal texts are one owner.
    ///
    /// # Panics
    /// Where `owner` is shorter than a position in `members`.
    ///
    /// # Complexity
    /// O(members).
    ///
    /// # Source
    /// Hirschman 1964 on the origin of the index.
    ///
    /// ```
    /// use landuse::cluster::Ownership;
    /// # use landuse::{Parcel, ParcelIdx, ParcelSet};
    /// # use landuse::parcel::CategoryColumn;
    /// # use geo::{MultiPolygon, Rect, coord};
    /// # let square = |i: u32| {
    /// #     let x = f64::from(i) * 10.0;
    /// #     let land = Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + 10.0, y: 10.0 });
    /// #     Parcel::new(&i.to_string(), MultiPolygon::new(vec![land.to_polygon()]))
    /// # };
    /// let parcels = ParcelSet::local((0..4).map(square)); // four equal squares
    /// let mut owner = CategoryColumn::<Box<str>>::new();
    /// for name in [Some("village"), Some("village"), Some("Li"), None] {
    ///     owner.push(name);
    /// }
    /// let members: Vec<ParcelIdx> = (0..4).map(ParcelIdx).collect();
    /// let land = Ownership::of(&parcels, &members, &owner);
    /// assert_eq!((land.owners, land.known_share), (2, Some(0.75)));
    /// assert!((land.hhi.unwrap_or(0.0) - 5.0 / 9.0).abs() < 1e-12);
    /// ```
    pub fn of(set: &ParcelSet, members: &[ParcelIdx], owner: &CategoryColumn<Box<str>>) -> Self {
        let mut position: HashMap<u32, usize> = HashMap::new();
        let mut land: Vec<f64> = Vec::new();
        let mut all = 0.0;
        for member in members {
            let area = set.area_m2()[member.index()];
            all += area;
            if let Some(key) = owner.key(member.index()) {
                // In order of first appearance, so that sums are the same on every run.
                let at = *position.entry(key).or_insert_with(|| {
                    land.push(0.0);
                    land.len() - 1
                });
                land[at] += area;
            }
        }
        let known: f64 = land.iter().sum();
        let share = |part: f64| (known > 0.0).then(|| part / known);
        Self {
            owners: land.len(),
            hhi: (known > 0.0).then(|| land.iter().map(|a| (a / known).powi(2)).sum()),
            largest_share: share(land.iter().copied().fold(0.0, f64::max)),
            known_share: (all > 0.0).then(|| known / all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::MultiPolygonArray;

    fn shape(polygons: &[&[&[Coord]]]) -> Shape {
        let mut array = MultiPolygonArray::new();
        for polygon in polygons {
            for ring in *polygon {
                array.push_ring(ring.iter().copied().chain([ring[0]]).map(|c| [c[0] + 4e5, c[1] + 3e6]));
            }
            array.end_polygon();
        }
        array.end_geometry();
        let mut oriented = MultiPolygonArray::new();
        oriented.push_oriented(array.get(0));
        Shape::of(oriented.get(0)).unwrap()
    }

    #[test]
    fn closed_forms() {
        let square = shape(&[&[&[[0.0, 0.0], [7.0, 0.0], [7.0, 7.0], [0.0, 7.0]]]]);
        assert!((square.polsby_popper - PI / 4.0).abs() < 1e-12);
        assert!((square.circle_ratio - 2.0 / PI).abs() < 1e-12);
        assert!((square.shape_index - 2.0 / PI.sqrt()).abs() < 1e-12);
        assert_eq!((square.elongation, square.hull_ratio), (1.0, 1.0));
        let circle: Vec<Coord> = (0..720)
            .map(|k| f64::from(k) * PI / 360.0)
            .map(|angle| [50.0 * angle.cos(), 50.0 * angle.sin()])
            .collect();
        let circle = shape(&[&[&circle]]);
        assert!((circle.polsby_popper - 1.0).abs() < 1e-4 && (circle.circle_ratio - 1.0).abs() < 1e-4);
        assert!((circle.span_m - 100.0).abs() < 1e-6);
    }

    /// shapely 2.2.0 with GEOS 3.14.1: `p.area`, `p.length`, the farthest pair of `p.convex_hull`, `4 pi A / P^2`,
    /// `P / (2 sqrt(pi A))`, `A / p.convex_hull.area`, `A / (pi r^2)` with `shapely.minimum_bounding_radius(p)`, and the ratio of
    /// the sides of `p.minimum_rotated_rectangle`, for the polygons below.
    #[test]
    fn agrees_with_shapely() {
        let hook: &[&[Coord]] =
            &[&[[0.0, 0.0], [60.0, 0.0], [60.0, 20.0], [20.0, 20.0], [20.0, 50.0], [0.0, 50.0]]];
        let holed: &[&[Coord]] = &[
            &[[0.0, 0.0], [50.0, 10.0], [45.0, 60.0], [5.0, 40.0]],
            &[[15.0, 20.0], [30.0, 22.0], [28.0, 35.0], [16.0, 33.0]],
        ];
        let (one, other): (&[&[Coord]], &[&[Coord]]) = (
            &[&[[0.0, 0.0], [30.0, 0.0], [25.0, 18.0], [3.0, 22.0]]],
            &[&[[42.0, 5.0], [70.0, 12.0], [55.0, 40.0]]],
        );
        let blunt: &[&[Coord]] = &[&[[0.0, 0.0], [100.0, 0.0], [50.0, 12.0]]];
        let known = [
            (
                shape(&[hook]),
                [
                    1_800.0,
                    220.0,
                    78.102_496_759_066_54,
                    0.467_344_361_691_043_6,
                    1.462_788_361_471_92,
                    0.75,
                    0.375_710_029_593_982_53,
                    0.833_333_333_333_333_4,
                ],
            ),
            (
                shape(&[holed]),
                [
                    1_848.5,
                    239.761_843_792_410_02,
                    75.0,
                    0.404_081_697_096_558_6,
                    1.573_132_886_971_532_6,
                    0.912_839_506_172_839_5,
                    0.418_414_808_612_079_7,
                    0.894_736_842_105_263_2,
                ],
            ),
            (
                shape(&[one, other]),
                [
                    962.5,
                    191.208_633_911_491_57,
                    71.021_123_618_258_81,
                    0.330_822_930_820_811_66,
                    1.738_610_097_488_124,
                    0.536_211_699_164_345_4,
                    0.238_429_738_409_315_64,
                    0.441_576_086_956_521_56,
                ],
            ),
            (
                shape(&[blunt]),
                [
                    600.0,
                    202.839_681_057_459_53,
                    100.0,
                    0.183_254_765_170_221_05,
                    2.335_997_436_199_465,
                    1.0,
                    0.076_394_372_684_109_76,
                    0.12,
                ],
            ),
        ];
        for (s, expected) in known {
            let found = [
                s.area_m2,
                s.perimeter_m,
                s.span_m,
                s.polsby_popper,
                s.shape_index,
                s.hull_ratio,
                s.circle_ratio,
                s.elongation,
            ];
            for (found, expected) in found.into_iter().zip(expected) {
                assert!((found / expected - 1.0).abs() < 1e-9, "{s:?}: {found} {expected}");
            }
        }
    }

    #[test]
    fn a_hole_lengthens_the_boundary() {
        let whole = shape(&[&[&[[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]]]]);
        let holed = shape(&[&[
            &[[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [0.0, 9.0]],
            &[[3.0, 3.0], [6.0, 3.0], [6.0, 6.0], [3.0, 6.0]],
        ]]);
        assert_eq!((whole.perimeter_m, holed.perimeter_m), (36.0, 48.0));
        assert!((holed.polsby_popper - 4.0 * PI * 72.0 / (48.0 * 48.0)).abs() < 1e-12);
    }

    #[test]
    fn circles_hold_all_points_and_rest_on_two() {
        let mut random = Random::new(5);
        for count in [2, 3, 5, 30] {
            for _ in 0..200 {
                let points: Vec<Coord> =
                    (0..count).map(|_| [random.below(9) as f64, random.below(9) as f64]).collect();
                // Every circle on two or three of the points that holds all: the least is the answer.
                let mut best = f64::INFINITY;
                let mut offer = |center: Coord, radius: f64| {
                    if points.iter().all(|&p| distance(center, p) <= radius + 1e-9) {
                        best = best.min(radius);
                    }
                };
                for &a in &points {
                    for &b in &points {
                        offer([f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])], distance(a, b) / 2.0);
                        for &c in points.iter().take(if count > 10 { 0 } else { count }) {
                            let d = 2.0 * ((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]));
                            if d != 0.0 {
                                let sq = |p: Coord| p[0] * p[0] + p[1] * p[1];
                                let x =
                                    (sq(a) * (b[1] - c[1]) + sq(b) * (c[1] - a[1]) + sq(c) * (a[1] - b[1]))
                                        / d;
                                let y =
                                    (sq(a) * (c[0] - b[0]) + sq(b) * (a[0] - c[0]) + sq(c) * (b[0] - a[0]))
                                        / d;
                                offer([x, y], distance([x, y], a));
                            }
                        }
                    }
                }
                let found = least_circle(&points);
                assert!(count > 10 || (found - best).abs() < 1e-9, "{points:?}: {found} {best}");
                assert!(found <= best + 1e-9, "{points:?}: {found} {best}");
            }
        }
    }
}
