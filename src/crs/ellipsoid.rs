//! Reference ellipsoids, and the area the national land survey takes on them.
//!
//! Use this for the survey's own figure (椭球面积), which is compared with registers. Everything else is computed in the
//! working plane, where areas already are the ellipsoid's.

use geo::{Distance, Geodesic, InterpolatePoint, Point};

use crate::geometry::{Coord, MultiPolygonRef};

/// Edges are never cut finer than this many pieces, so that a nonsensical length cannot stall the machine.
const MAX_PIECES: f64 = 100_000.0;

/// An ellipsoid of revolution.
///
/// ```
/// use landuse::crs::Ellipsoid;
/// assert!((Ellipsoid::CGCS2000.semi_minor_m() - 6_356_752.314_14).abs() < 1e-5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ellipsoid {
    semi_major_m: f64,
    eccentricity_squared: f64,
}

impl Ellipsoid {
    /// China Geodetic Coordinate System 2000: a = 6378137 m, 1/f = 298.257222101.
    pub const CGCS2000: Self = Self::from_inverse_flattening(6_378_137.0, 298.257_222_101);
    /// World Geodetic System 1984: a = 6378137 m, 1/f = 298.257223563.
    pub const WGS84: Self = Self::from_inverse_flattening(6_378_137.0, 298.257_223_563);

    const fn from_inverse_flattening(semi_major_m: f64, inverse_flattening: f64) -> Self {
        let flattening = 1.0 / inverse_flattening;
        Self { semi_major_m, eccentricity_squared: flattening * (2.0 - flattening) }
    }

    /// An ellipsoid of both half axes, metres; `None` unless `0 < b <= a`, both finite, and `b/a > 0.99`, which is where
    /// the series of this module hold.
    pub(super) fn from_axes(semi_major_m: f64, semi_minor_m: f64) -> Option<Self> {
        let ratio = semi_minor_m / semi_major_m;
        let fits = semi_major_m.is_finite() && semi_major_m > 0.0 && ratio > 0.99 && ratio <= 1.0;
        fits.then_some(Self { semi_major_m, eccentricity_squared: 1.0 - ratio * ratio })
    }

    /// Half the greater axis `a`, metres.
    pub fn semi_major_m(&self) -> f64 {
        self.semi_major_m
    }

    /// Half the lesser axis `b = a·√(1 − e²)`, metres.
    pub fn semi_minor_m(&self) -> f64 {
        self.semi_major_m * (1.0 - self.eccentricity_squared).sqrt()
    }

    /// First eccentricity squared, `e² = (a² − b²)/a²`.
    pub fn eccentricity_squared(&self) -> f64 {
        self.eccentricity_squared
    }

    /// The survey formula's coefficients A to E.
    fn survey_coefficients(&self) -> [f64; 5] {
        let e2 = self.eccentricity_squared;
        let (e4, e6, e8) = (e2 * e2, e2 * e2 * e2, e2 * e2 * e2 * e2);
        [
            1.0 + 3.0 / 6.0 * e2 + 30.0 / 80.0 * e4 + 35.0 / 112.0 * e6 + 630.0 / 2304.0 * e8,
            1.0 / 6.0 * e2 + 15.0 / 80.0 * e4 + 21.0 / 112.0 * e6 + 420.0 / 2304.0 * e8,
            3.0 / 80.0 * e4 + 7.0 / 112.0 * e6 + 180.0 / 2304.0 * e8,
            1.0 / 112.0 * e6 + 45.0 / 2304.0 * e8,
            5.0 / 2304.0 * e8,
        ]
    }
}

/// How an edge between two vertices runs, where it is cut into pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EdgePath {
    /// The shortest line on the ellipsoid.
    Geodesic,
    /// A straight line between longitude/latitude pairs, as RFC 7946 reads GeoJSON.
    LonLat,
}

/// Area on the ellipsoid by the formula of the national land survey (椭球面积), as it stands: no edge is cut.
///
/// For each edge the trapezoid between the edge and a reference meridian:
///
/// ```text
/// S = 2·b²·ΔL·[A·sin(ΔB/2)·cos Bm − B·sin(3ΔB/2)·cos 3Bm + C·sin(5ΔB/2)·cos 5Bm − D·sin(7ΔB/2)·cos 7Bm + E·sin(9ΔB/2)·cos 9Bm]
/// ΔL = (L₁+L₂)/2 − L₀, ΔB = B₂ − B₁, Bm = (B₁+B₂)/2
/// ```
///
/// A to E are series in e² up to e⁸. A ring's area is the sum's absolute value; holes are taken out.
///
/// # Arguments
/// * `polygons`: longitude and latitude, degrees; closed rings, the first of each polygon its exterior. The direction of
///   rings and the vertex they start at do not matter, nor does L₀, which is the ring's first longitude here.
///
/// # Returns
/// Square metres. Along parallels and meridians it is exact to 1e-11; a slanted edge of 3 km is 7e-5 away from the
/// geodesic. [`survey_area_densified_m2`] cuts edges first. NaN where a coordinate is NaN. Rings must not cross the
/// antimeridian.
///
/// # Complexity
/// O(vertices), no allocation.
///
/// # Source
/// Technical rules for area computation in the national land surveys of China; coefficients as in survey software.
///
/// ```
/// use landuse::crs::{Ellipsoid, ellipsoid::survey_area_m2};
/// use landuse::geometry::MultiPolygonArray;
///
/// let mut array = MultiPolygonArray::new();
/// array.push_ring([[114.05, 22.54], [114.06, 22.54], [114.06, 22.55], [114.05, 22.55], [114.05, 22.54]]);
/// array.end_polygon();
/// array.end_geometry();
/// let area_m2 = survey_area_m2(&array.get(0), Ellipsoid::CGCS2000);
/// assert!((area_m2 - 1_139_080.475_799).abs() < 1e-4);
/// ```
pub fn survey_area_m2(polygons: &MultiPolygonRef<'_>, ellipsoid: Ellipsoid) -> f64 {
    let formula = SurveyFormula::new(ellipsoid);
    area(polygons, |ring| {
        let origin = ring.first().map_or(0.0, |c| c[0]);
        formula.ring(ring, origin)
    })
}

/// [`survey_area_m2`] after every edge is cut into equal pieces of at most `max_edge_m` metres along `path`.
///
/// At 100 m or less the result on [`EdgePath::Geodesic`] is the geodesic polygon's area to 1e-7. A length that is not
/// positive cuts nothing; no edge is cut into more than 100,000 pieces.
///
/// # Complexity
/// O(length of all edges / `max_edge_m`), no allocation.
pub fn survey_area_densified_m2(
    polygons: &MultiPolygonRef<'_>,
    ellipsoid: Ellipsoid,
    max_edge_m: f64,
    path: EdgePath,
) -> f64 {
    let formula = SurveyFormula::new(ellipsoid);
    area(polygons, |ring| {
        let origin = ring.first().map_or(0.0, |c| c[0]);
        ring.windows(2).map(|edge| formula.cut_edge(edge[0], edge[1], origin, max_edge_m, path)).sum()
    })
}

/// Exterior less holes, each ring by its absolute area.
fn area(polygons: &MultiPolygonRef<'_>, ring_area: impl Fn(&[Coord]) -> f64) -> f64 {
    polygons
        .polygons()
        .map(|polygon| {
            let mut rings = polygon.rings().map(|ring| ring_area(ring).abs());
            rings.next().map_or(0.0, |exterior| exterior - rings.sum::<f64>())
        })
        .sum()
}

struct SurveyFormula {
    twice_b2: f64,
    coefficients: [f64; 5],
}

impl SurveyFormula {
    fn new(ellipsoid: Ellipsoid) -> Self {
        let b = ellipsoid.semi_minor_m();
        Self { twice_b2: 2.0 * b * b, coefficients: ellipsoid.survey_coefficients() }
    }

    fn ring(&self, ring: &[Coord], origin_deg: f64) -> f64 {
        ring.windows(2).map(|edge| self.edge(edge[0], edge[1], origin_deg)).sum()
    }

    /// Signed area between the edge and the meridian `origin_deg`.
    fn edge(&self, from: Coord, to: Coord, origin_deg: f64) -> f64 {
        let width = (f64::midpoint(from[0], to[0]) - origin_deg).to_radians();
        let half_height = ((to[1] - from[1]) / 2.0).to_radians();
        let middle = f64::midpoint(from[1], to[1]).to_radians();
        let mut sum = 0.0;
        let mut sign = 1.0;
        for (coefficient, k) in self.coefficients.iter().zip([1.0, 3.0, 5.0, 7.0, 9.0]) {
            sum += sign * coefficient * (k * half_height).sin() * (k * middle).cos();
            sign = -sign;
        }
        self.twice_b2 * width * sum
    }

    fn cut_edge(&self, from: Coord, to: Coord, origin_deg: f64, max_edge_m: f64, path: EdgePath) -> f64 {
        let [start, end] = [from, to].map(|c| Point::new(c[0], c[1]));
        let pieces = (Geodesic.distance(start, end) / max_edge_m).ceil();
        if !(pieces > 1.0 && pieces.is_finite()) {
            return self.edge(from, to, origin_deg);
        }
        let pieces = pieces.min(MAX_PIECES) as u32;
        let mut sum = 0.0;
        let mut last = from;
        for piece in 1..=pieces {
            let ratio = f64::from(piece) / f64::from(pieces);
            let next = match path {
                _ if piece == pieces => to,
                EdgePath::Geodesic => {
                    let point = Geodesic.point_at_ratio_between(start, end, ratio);
                    [point.x(), point.y()]
                }
                EdgePath::LonLat => {
                    [from[0] + (to[0] - from[0]) * ratio, from[1] + (to[1] - from[1]) * ratio]
                }
            };
            sum += self.edge(last, next, origin_deg);
            last = next;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::MultiPolygonArray;

    fn polygon(rings: &[&[Coord]]) -> MultiPolygonArray {
        let mut array = MultiPolygonArray::new();
        for ring in rings {
            array.push_ring(ring.iter().copied().chain(ring.first().copied()));
        }
        array.end_polygon();
        array.end_geometry();
        array
    }

    fn rectangle(west: f64, south: f64, east: f64, north: f64) -> [Coord; 4] {
        [[west, south], [east, south], [east, north], [west, north]]
    }

    const TRIANGLE: [Coord; 3] = [[114.33, 22.68], [114.36, 22.685], [114.345, 22.71]];

    /// Area between two parallels and two meridians, closed form: `b²·Δλ·[t/(1−e²t²)/2 + atanh(e·t)/(2e)]`, t = sin φ.
    fn exact_rectangle(ellipsoid: Ellipsoid, west: f64, south: f64, east: f64, north: f64) -> f64 {
        let e = ellipsoid.eccentricity_squared().sqrt();
        let zone = |lat: f64| {
            let t = lat.to_radians().sin();
            t / (1.0 - e * e * t * t) / 2.0 + (e * t).atanh() / (2.0 * e)
        };
        ellipsoid.semi_minor_m().powi(2) * (east - west).to_radians() * (zone(north) - zone(south))
    }

    #[test]
    fn coefficients_are_those_of_the_survey() {
        // CGCS2000, computed independently with Python's decimal module.
        let golden = [
            1.003_364_089_834_192_7,
            1.124_189_381_927_107_2e-3,
            1.699_459_473_518_853_5e-6,
            2.717_857_845_577_432e-9,
            4.358_419_004_834_252e-12,
        ];
        for (ours, golden) in Ellipsoid::CGCS2000.survey_coefficients().iter().zip(golden) {
            assert!((ours - golden).abs() < 1e-12 * golden, "{ours} {golden}");
        }
    }

    #[test]
    fn rectangles_match_the_golden_and_the_exact_area() {
        // West, south, east, north; survey formula and exact area (m²).
        let golden = [
            ([114.05, 22.54, 114.06, 22.55], 1_139_080.475_799, 1_139_080.475_798),
            ([113.5, 22.0, 114.5, 23.0], 11_394_287_307.823_1, 11_394_287_307.823_3),
            ([102.83, 24.88, 102.84, 24.89], 1_119_274.618_117, 1_119_274.618_117),
            ([121.44, 28.66, 121.45, 28.67], 1_083_381.484_898, 1_083_381.484_903),
        ];
        for ([w, s, e, n], survey, exact) in golden {
            let area = survey_area_m2(&polygon(&[&rectangle(w, s, e, n)]).get(0), Ellipsoid::CGCS2000);
            assert!((area / survey - 1.0).abs() < 1e-11, "{area} {survey}");
            assert!((area / exact - 1.0).abs() < 1e-9, "{area} {exact}");
            let closed = exact_rectangle(Ellipsoid::CGCS2000, w, s, e, n);
            assert!((closed / exact - 1.0).abs() < 1e-9, "{closed} {exact}");
        }
    }

    #[test]
    fn triangle_matches_the_golden_values() {
        // The densified ones were made with each
        // edge into 100 pieces; the longest is 3.2 km, so 33 m.
        let array = polygon(&[&TRIANGLE]);
        let triangle = array.get(0);
        let raw = survey_area_m2(&triangle, Ellipsoid::CGCS2000);
        assert!((raw - 4_693_663.075_7).abs() < 1e-3, "{raw}");
        let geodesic = survey_area_densified_m2(&triangle, Ellipsoid::CGCS2000, 33.0, EdgePath::Geodesic);
        assert!((geodesic - 4_693_999.957_1).abs() < 0.1, "{geodesic}");
        let straight = survey_area_densified_m2(&triangle, Ellipsoid::CGCS2000, 33.0, EdgePath::LonLat);
        assert!((straight - 4_693_812.707).abs() < 0.1, "{straight}");
    }

    #[test]
    fn reference_meridian_direction_and_start_do_not_matter() {
        let formula = SurveyFormula::new(Ellipsoid::CGCS2000);
        let ring: Vec<Coord> = TRIANGLE.iter().copied().chain([TRIANGLE[0]]).collect();
        let here = formula.ring(&ring, 114.33);
        for origin in [0.0, 60.0, 120.0] {
            assert!((formula.ring(&ring, origin) / here - 1.0).abs() < 1e-11);
        }
        let turned: Vec<Coord> = ring.iter().rev().copied().collect();
        assert!((formula.ring(&turned, 114.33) / here + 1.0).abs() < 1e-12);
        let area = |ring: &[Coord]| survey_area_m2(&polygon(&[ring]).get(0), Ellipsoid::CGCS2000);
        let started_later = [TRIANGLE[1], TRIANGLE[2], TRIANGLE[0]];
        assert!((area(&started_later) / area(&TRIANGLE) - 1.0).abs() < 1e-11);
        assert!(area(&[TRIANGLE[2], TRIANGLE[1], TRIANGLE[0]]) > 0.0);
    }

    #[test]
    fn holes_and_parts() {
        let (outer, hole) = (rectangle(114.0, 22.0, 114.1, 22.1), rectangle(114.02, 22.02, 114.03, 22.03));
        let with_hole = survey_area_m2(&polygon(&[&outer, &hole]).get(0), Ellipsoid::WGS84);
        let expected = exact_rectangle(Ellipsoid::WGS84, 114.0, 22.0, 114.1, 22.1)
            - exact_rectangle(Ellipsoid::WGS84, 114.02, 22.02, 114.03, 22.03);
        assert!((with_hole / expected - 1.0).abs() < 1e-10);
        let mut empty = MultiPolygonArray::new();
        empty.end_geometry();
        assert_eq!(survey_area_m2(&empty.get(0), Ellipsoid::WGS84), 0.0);
        // A length that is no length cuts nothing.
        let array = polygon(&[&TRIANGLE]);
        for length in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let area = survey_area_densified_m2(&array.get(0), Ellipsoid::CGCS2000, length, EdgePath::LonLat);
            assert_eq!(area.to_bits(), survey_area_m2(&array.get(0), Ellipsoid::CGCS2000).to_bits());
        }
    }
}
