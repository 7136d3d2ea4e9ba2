//! Lambert's azimuthal equal-area projection of an ellipsoid, in closed form.

use super::{Ellipsoid, Projection};
use crate::geometry::Coord;

/// Terms of the power series in e²: e²⁹ is below 1e-19.
const TERMS: usize = 9;

/// Differences from the centre (radians) for which sine and cosine are taken from short polynomials: 8.6 degrees.
const NEAR: f64 = 0.15;

/// Coordinates that are moved together where all of them are near: the same arithmetic, side by side.
const LANES: usize = 16;

/// Terms of the series of arc tangent and arc sine, which hold to the last digits up to [`NEAR`].
const ARC_TERMS: usize = 10;
/// Σ (−1)ⁿ·zⁿ/(2n+1): arctan t = t · this at z = t².
const ARC_TANGENT: [f64; ARC_TERMS] = [
    1.0,
    -1.0 / 3.0,
    1.0 / 5.0,
    -1.0 / 7.0,
    1.0 / 9.0,
    -1.0 / 11.0,
    1.0 / 13.0,
    -1.0 / 15.0,
    1.0 / 17.0,
    -1.0 / 19.0,
];
/// Σ (2n)!/(4ⁿ·n!²·(2n+1))·zⁿ: arcsin t = t · this at z = t².
const ARC_SINE: [f64; ARC_TERMS] = [
    1.0,
    1.0 / 6.0,
    3.0 / 40.0,
    5.0 / 112.0,
    35.0 / 1152.0,
    63.0 / 2816.0,
    231.0 / 13_312.0,
    143.0 / 10_240.0,
    6435.0 / 557_056.0,
    12_155.0 / 1_245_184.0,
];

/// Lambert's azimuthal equal-area projection centred on a place, metres, no false origin.
///
/// With w = sin²φ the authalic latitude β needs no inverse trigonometry: `q = (1 − e²)·sin φ·P(w)`,
/// `P(w) = Σ (2k+2)/(2k+1)·(e²w)ᵏ`, `sin β = q/q(90°)`, and `cos β = cos φ·C(w)` where C² is the polynomial
/// `(1 − sin²β)/(1 − w)`, whose division is exact. Both keep full relative accuracy up to the poles. The way back is the reverted
/// series, `sin φ = sin β·R(sin²β)`. Near the centre angles are taken as differences from it, by short polynomials.
///
/// Source: J. P. Snyder (1987), Map Projections: A Working Manual, USGS Professional Paper 1395, p. 187, equations 24-17 to
/// 24-20 and 3-12. The polynomials replace equations 3-16 and 3-11.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Laea {
    lon_0_deg: f64,
    lat_0_deg: f64,
    /// P(w)/P(1): sin β = sin φ · this.
    sine: [f64; TERMS],
    /// C(w): cos β = cos φ · this.
    cosine: [f64; TERMS],
    /// R: sin φ = sin β · this at sin²β.
    reverse: [f64; TERMS],
    /// Greatest sin²(c/2) of a place, c its angle from the centre, at which differences of longitude and latitude are near.
    near_square: f64,
    /// sin φ₀ and cos φ₀.
    sin_0: f64,
    cos_0: f64,
    /// sin β₀ and cos β₀.
    sin_beta_0: f64,
    cos_beta_0: f64,
    /// Snyder's Rq and D.
    rq: f64,
    d: f64,
}

fn horner<const N: usize>(coefficients: &[f64; N], w: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * w + c)
}

/// sin x and cos x for |x| ≤ [`NEAR`], exact to the last digits (next terms x¹³/13! and x¹⁴/14!).
fn near_sin_cos(x: f64) -> (f64, f64) {
    let z = x * x;
    let sine = x + x
        * z
        * (-1.0 / 6.0 + z * (1.0 / 120.0 + z * (-1.0 / 5040.0 + z * (1.0 / 362_880.0 - z / 39_916_800.0))));
    let cosine = 1.0
        + z * (-0.5
            + z * (1.0 / 24.0
                + z * (-1.0 / 720.0 + z * (1.0 / 40_320.0 + z * (-1.0 / 3_628_800.0 + z / 479_001_600.0)))));
    (sine, cosine)
}

impl Laea {
    pub(super) fn new(ellipsoid: Ellipsoid, lon_0_deg: f64, lat_0_deg: f64) -> Self {
        let e2 = ellipsoid.eccentricity_squared();
        let mut p = [0.0; TERMS];
        let mut power = 1.0;
        for (k, term) in p.iter_mut().enumerate() {
            *term = (2 * k + 2) as f64 / (2 * k + 1) as f64 * power;
            power *= e2;
        }
        let p1 = horner(&p, 1.0);
        let sine = p.map(|term| term / p1);
        let cosine = square_root(&cosine_squared(&sine));

        let (sin_0, cos_0) = lat_0_deg.to_radians().sin_cos();
        let w = sin_0 * sin_0;
        let root = horner(&cosine, w);
        // q(90°) = (1 − e²)·P(1); Rq = a·√(q(90°)/2).
        let rq = ellipsoid.semi_major_m() * ((1.0 - e2) * p1 / 2.0).sqrt();
        let (sin_beta_0, cos_beta_0) = (sin_0 * horner(&sine, w), cos_0 * root);
        // sin c ≤ NEAR'·cos(|β₀| + c) keeps the tangent of the longitude below NEAR', and c itself that of the latitude.
        let reach = 0.9 * NEAR;
        let angle = (reach * cos_beta_0 / (1.0 + reach * sin_beta_0.abs())).atan();
        Self {
            lon_0_deg,
            lat_0_deg,
            sine,
            cosine,
            reverse: reverted(&sine),
            near_square: (angle / 2.0).sin().powi(2),
            sin_0,
            cos_0,
            sin_beta_0,
            cos_beta_0,
            rq,
            // D = a·m₁/(Rq·cos β₀) with cos φ₀ cancelled, which leaves it finite at the poles.
            d: ellipsoid.semi_major_m() / (rq * (1.0 - e2 * w).sqrt() * root),
        }
    }

    fn is_near(&self, [lon, lat]: Coord) -> bool {
        const NEAR_DEG: f64 = NEAR * (180.0 / std::f64::consts::PI);
        (lon - self.lon_0_deg).abs() <= NEAR_DEG
            && (lat - self.lat_0_deg).abs() <= NEAR_DEG
            && lat.abs() <= 90.0
            && lon.abs() <= 360.0
    }

    fn project(&self, [lon, lat]: Coord) -> Coord {
        if self.is_near([lon, lat]) {
            return self.project_near([lon, lat]);
        }
        if !(lat.abs() <= 90.0 && lon.abs() <= 360.0) {
            return [f64::NAN; 2];
        }
        let mut turn = lon - self.lon_0_deg;
        if turn.abs() > 180.0 {
            turn -= 360.0 * (turn / 360.0).round();
        }
        let (lambda, delta) = (turn.to_radians(), (lat - self.lat_0_deg).to_radians());
        if lambda.abs() <= NEAR && delta.abs() <= NEAR {
            self.place(near_sin_cos(lambda), self.near_latitude(delta))
        } else {
            self.place(lambda.sin_cos(), lat.to_radians().sin_cos())
        }
    }

    /// [`project`](Self::project) where the place is near, without a branch.
    #[inline]
    fn project_near(&self, [lon, lat]: Coord) -> Coord {
        let (lambda, delta) = ((lon - self.lon_0_deg).to_radians(), (lat - self.lat_0_deg).to_radians());
        self.place(near_sin_cos(lambda), self.near_latitude(delta))
    }

    /// Sine and cosine of a latitude that is `delta` north of the centre.
    #[inline]
    fn near_latitude(&self, delta: f64) -> (f64, f64) {
        let (sin_delta, cos_delta) = near_sin_cos(delta);
        (self.sin_0 * cos_delta + self.cos_0 * sin_delta, self.cos_0 * cos_delta - self.sin_0 * sin_delta)
    }

    /// The place of sine and cosine of the longitude from the centre and of the latitude.
    #[inline]
    fn place(&self, (sin_lambda, cos_lambda): (f64, f64), (sin_phi, cos_phi): (f64, f64)) -> Coord {
        let w = sin_phi * sin_phi;
        let sin_beta = sin_phi * horner(&self.sine, w);
        let cos_beta = cos_phi * horner(&self.cosine, w);
        let east = cos_beta * sin_lambda;
        let toward = cos_beta * cos_lambda;
        // Zero at the antipode, where no direction is the right one.
        let height = 1.0 + self.sin_beta_0 * sin_beta + self.cos_beta_0 * toward;
        let b = self.rq * if height < 1e-10 { f64::NAN } else { (2.0 / height).sqrt() };
        [b * self.d * east, b / self.d * (self.cos_beta_0 * sin_beta - self.sin_beta_0 * toward)]
    }

    /// Plane coordinates as fractions of the authalic radius, and sin² of half the angle from the centre.
    #[inline]
    fn scaled(&self, [x, y]: Coord) -> ([f64; 2], f64) {
        let (x, y) = (x / (self.d * self.rq), y * self.d / self.rq);
        ([x, y], (x * x + y * y) / 4.0)
    }

    fn unproject(&self, coord: Coord) -> Coord {
        let (scaled, square) = self.scaled(coord);
        if square <= self.near_square {
            return self.unproject_near(coord);
        }
        let (sin_phi, cos_phi, east, toward) = self.direction(scaled, square);
        let (lat, lambda) = (sin_phi.atan2(cos_phi).to_degrees(), east.atan2(toward).to_degrees());
        if lat.is_nan() || lambda.is_nan() {
            return [f64::NAN; 2];
        }
        [within_a_turn(self.lon_0_deg + lambda), lat]
    }

    /// [`unproject`](Self::unproject) where `square` is at most `near_square`, without a branch.
    #[inline]
    fn unproject_near(&self, coord: Coord) -> Coord {
        let (scaled, square) = self.scaled(coord);
        let (sin_phi, cos_phi, east, toward) = self.direction(scaled, square);
        let sin_delta = sin_phi * self.cos_0 - cos_phi * self.sin_0;
        let delta = sin_delta * horner(&ARC_SINE, sin_delta * sin_delta);
        let tangent = east / toward;
        let lambda = tangent * horner(&ARC_TANGENT, tangent * tangent);
        [within_a_turn(self.lon_0_deg + lambda.to_degrees()), self.lat_0_deg + delta.to_degrees()]
    }

    /// sin φ and cos φ of a place, and the sides of the triangle whose angle is its longitude from the centre.
    #[inline]
    fn direction(&self, [x, y]: [f64; 2], square: f64) -> (f64, f64, f64, f64) {
        // c is the angle from the centre: sin(c)/ρ and cos(c); NaN outside the disk.
        let ratio = (1.0 - square).sqrt();
        let cos_c = 1.0 - 2.0 * square;
        let sin_beta = cos_c * self.sin_beta_0 + y * ratio * self.cos_beta_0;
        let toward = self.cos_beta_0 * cos_c - y * ratio * self.sin_beta_0;
        let east = x * ratio;
        let cos_beta = (east * east + toward * toward).sqrt();
        let sin_phi = sin_beta * horner(&self.reverse, sin_beta * sin_beta);
        (sin_phi, cos_beta / horner(&self.cosine, sin_phi * sin_phi), east, toward)
    }
}

/// A longitude less than a turn away, from −180 to 180.
#[inline]
fn within_a_turn(lon: f64) -> f64 {
    lon - if lon.abs() > 180.0 { 360.0_f64.copysign(lon) } else { 0.0 }
}

/// `(1 − w·S(w)²)/(1 − w)` as a series; S(1) = 1, so that the division leaves nothing.
fn cosine_squared(sine: &[f64; TERMS]) -> [f64; TERMS] {
    let mut quotient = [0.0; TERMS];
    let mut running = 1.0;
    quotient[0] = running;
    for k in 1..TERMS {
        // Coefficient of wᵏ⁻¹ in S².
        let square: f64 = (0..k).map(|i| sine[i] * sine[k - 1 - i]).sum();
        running -= square;
        quotient[k] = running;
    }
    quotient
}

/// The series whose square is `series` (which starts with 1).
fn square_root(series: &[f64; TERMS]) -> [f64; TERMS] {
    let mut root = [0.0; TERMS];
    root[0] = 1.0;
    for k in 1..TERMS {
        let cross: f64 = (1..k).map(|i| root[i] * root[k - i]).sum();
        root[k] = (series[k] - cross) / 2.0;
    }
    root
}

fn product(a: &[f64; TERMS], b: &[f64; TERMS]) -> [f64; TERMS] {
    let mut product = [0.0; TERMS];
    for (k, term) in product.iter_mut().enumerate() {
        *term = (0..=k).map(|i| a[i] * b[k - i]).sum();
    }
    product
}

/// R with s = b·R(b²) where b = s·S(s²): the series that solves `R·S(w·R²) = 1`.
fn reverted(sine: &[f64; TERMS]) -> [f64; TERMS] {
    let mut reverse = [0.0; TERMS];
    // Each round settles one more term.
    for _ in 0..=TERMS {
        let square = product(&reverse, &reverse);
        let mut inner = [0.0; TERMS];
        inner[1..].copy_from_slice(&square[..TERMS - 1]);
        let outer = sine.iter().rev().fold([0.0; TERMS], |sum, &c| {
            let mut next = product(&sum, &inner);
            next[0] += c;
            next
        });
        reverse[0] = 1.0 / outer[0];
        for k in 1..TERMS {
            let cross: f64 = (1..=k).map(|i| outer[i] * reverse[k - i]).sum();
            reverse[k] = -cross / outer[0];
        }
    }
    reverse
}

impl Projection for Laea {
    fn forward(&self, coords: &mut [Coord]) {
        for run in coords.chunks_mut(LANES) {
            if run.iter().fold(true, |near, &coord| near & self.is_near(coord)) {
                run.iter_mut().for_each(|coord| *coord = self.project_near(*coord));
            } else {
                run.iter_mut().for_each(|coord| *coord = self.project(*coord));
            }
        }
    }

    fn inverse(&self, coords: &mut [Coord]) {
        for run in coords.chunks_mut(LANES) {
            if run.iter().fold(true, |near, &coord| near & (self.scaled(coord).1 <= self.near_square)) {
                run.iter_mut().for_each(|coord| *coord = self.unproject_near(*coord));
            } else {
                run.iter_mut().for_each(|coord| *coord = self.unproject(*coord));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::engine::Named;
    use super::*;

    fn grid(lon_0: f64, lat_0: f64, reach: f64) -> Vec<Coord> {
        let steps = -20..=20;
        steps
            .clone()
            .flat_map(|i| steps.clone().map(move |j| (f64::from(i), f64::from(j))))
            .map(|(i, j)| [lon_0 + reach * i / 20.0, (lat_0 + reach * j / 20.0).clamp(-90.0, 90.0)])
            .collect()
    }

    #[test]
    fn agrees_with_the_general_engine_near_and_far() {
        let mut worst = [0.0_f64; 2];
        for (lon_0, lat_0) in [(114.35, 22.7), (-71.1097, 42.3776), (0.0, 0.0), (10.0, -89.0), (30.0, 90.0)] {
            let definition = format!("+proj=laea +lat_0={lat_0} +lon_0={lon_0} +ellps=WGS84");
            let oracle = Named::new(&definition).unwrap();
            let ours = Laea::new(Ellipsoid::WGS84, lon_0, lat_0);
            for reach in [0.5, 5.0, 8.59, 8.6, 60.0] {
                let source = grid(lon_0, lat_0, reach);
                let (mut a, mut b) = (source.clone(), source.clone());
                ours.forward(&mut a);
                oracle.forward(&mut b);
                // Near the poles the oracle subtracts nearly equal numbers; the way back is the test there.
                let comparable = source.iter().map(|c| f64::abs(lat_0) < 80.0 && c[1].abs() < 85.0);
                for ((a, b), _) in a.iter().zip(&b).zip(comparable).filter(|(_, comparable)| *comparable) {
                    let difference = (a[0] - b[0]).hypot(a[1] - b[1]);
                    worst[usize::from(reach > 10.0)] = worst[usize::from(reach > 10.0)].max(difference);
                }
                ours.inverse(&mut a);
                for (back, [lon, lat]) in a.iter().zip(source) {
                    let turn = (back[0] - lon + 540.0).rem_euclid(360.0) - 180.0;
                    assert!((back[1] - lat).abs() < 1e-9, "{back:?} {lon} {lat}");
                    assert!(turn.abs() * lat.to_radians().cos() < 1e-9, "{back:?} {lon} {lat}");
                }
            }
        }
        println!("largest difference from proj4rs: {:.1e} m near, {:.1e} m far", worst[0], worst[1]);
        assert!(worst[0] < 1e-8 && worst[1] < 5e-8);
    }

    #[test]
    fn a_place_is_moved_alike_alone_and_among_others() {
        for (lon_0, lat_0) in [(114.35, 22.7), (-71.1097, 42.3776), (179.99, -60.0), (10.0, 89.9)] {
            let laea = Laea::new(Ellipsoid::WGS84, lon_0, lat_0);
            let mut all: Vec<Coord> = (grid(lon_0, lat_0, 0.4).into_iter())
                .chain(grid(lon_0, lat_0, 9.0))
                .chain([[f64::NAN, lat_0], [lon_0, lat_0]])
                .collect();
            let one_by_one: Vec<Coord> = all.iter().map(|&coord| laea.project(coord)).collect();
            let bits = |coords: &[Coord]| coords.iter().flatten().map(|v| v.to_bits()).collect::<Vec<_>>();
            laea.forward(&mut all);
            assert_eq!(bits(&all), bits(&one_by_one));
            let one_by_one: Vec<Coord> = all.iter().map(|&coord| laea.unproject(coord)).collect();
            laea.inverse(&mut all);
            assert_eq!(bits(&all), bits(&one_by_one));
        }
    }

    #[test]
    fn the_series_back_undoes_the_series_there() {
        // The second is flatter than any in use.
        for (ellipsoid, within) in
            [(Ellipsoid::WGS84, 1e-15), (Ellipsoid::from_axes(1.0, 0.991).unwrap(), 1e-14)]
        {
            let laea = Laea::new(ellipsoid, 0.0, 0.0);
            for step in 0..=1000 {
                let s = f64::from(step) / 1000.0;
                let b = s * horner(&laea.sine, s * s);
                assert!((b * horner(&laea.reverse, b * b) - s).abs() < within, "{s}");
            }
        }
    }

    #[test]
    fn matches_a_published_example() {
        // Snyder (1987), p. 333: Clarke 1866, centre 40° N 100° W, point 30° N 110° W; printed to 0.1 m.
        let clarke = Ellipsoid::from_axes(6_378_206.4, 6_356_583.8).unwrap();
        let [x, y] = Laea::new(clarke, -100.0, 40.0).project([-110.0, 30.0]);
        assert!((x + 965_932.1).abs() < 0.1 && (y + 1_056_814.9).abs() < 0.1, "{x} {y}");
    }

    #[test]
    fn what_cannot_be_projected_becomes_nan() {
        let laea = Laea::new(Ellipsoid::WGS84, 114.35, 22.7);
        let mut coords = [
            [f64::NAN, 22.0],
            [114.0, f64::INFINITY],
            [114.0, 90.1],
            [1e300, 22.0],
            [-65.65, -22.7],
            [f64::NEG_INFINITY, f64::NAN],
        ];
        laea.forward(&mut coords);
        assert!(coords.iter().flatten().all(|v| v.is_nan()), "{coords:?}");
        let mut coords = [[1e300, 0.0], [2e7, 0.0], [f64::NAN, 0.0], [0.0, f64::INFINITY]];
        laea.inverse(&mut coords);
        assert!(coords.iter().flatten().all(|v| v.is_nan()), "{coords:?}");
    }
}
