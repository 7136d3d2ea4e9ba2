//! Lambert's azimuthal equal-area projection of an ellipsoid, in closed form.

use super::{Ellipsoid, Projection};
use crate::geometry::Coord;

/// Terms of the power series in e²: e²⁹ is below 1e-19.
const TERMS: usize = 9;

/// Differences from the centre (radians) for which sine and cosine are taken from short polynomials: 8.6 degrees.
const NEAR: f64 = 0.15;

/// Lambert's azimuthal equal-area projection centred on a place, metres, no false origin.
///
/// With w = sin²φ the authalic latitude β needs no inverse trigonometry: `q = (1 − e²)·sin φ·P(w)`,
/// `P(w) = Σ (2k+2)/(2k+1)·(e²w)ᵏ`, `sin β = q/q(90°)`, and `cos β = cos φ·C(w)` where C² is the polynomial
/// `(1 − sin²β)/(1 − w)`, whose division is exact. Both keep full relative accuracy up to the poles.
///
/// Source: J. P. Snyder (1987), Map Projections: A Working Manual, USGS Professional Paper 1395, p. 187, equations 24-17 to
/// 24-20 and 3-12. The polynomials replace equations 3-16 and 3-11.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Laea {
    lon_0_deg: f64,
    lat_0_deg: f64,
    e2: f64,
    /// P(w)/P(1): sin β = sin φ · this.
    sine: [f64; TERMS],
    /// C(w): cos β = cos φ · this.
    cosine: [f64; TERMS],
    /// P(1), to undo the scaling of `sine`.
    p1: f64,
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

fn horner(coefficients: &[f64; TERMS], w: f64) -> f64 {
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
        Self {
            lon_0_deg,
            lat_0_deg,
            e2,
            sine,
            cosine,
            p1,
            sin_0,
            cos_0,
            sin_beta_0: sin_0 * horner(&sine, w),
            cos_beta_0: cos_0 * root,
            rq,
            // D = a·m₁/(Rq·cos β₀) with cos φ₀ cancelled, which leaves it finite at the poles.
            d: ellipsoid.semi_major_m() / (rq * (1.0 - e2 * w).sqrt() * root),
        }
    }

    fn project(&self, [lon, lat]: Coord) -> Coord {
        if !(lat.abs() <= 90.0 && lon.abs() <= 360.0) {
            return [f64::NAN; 2];
        }
        let mut turn = lon - self.lon_0_deg;
        if turn.abs() > 180.0 {
            turn -= 360.0 * (turn / 360.0).round();
        }
        let (lambda, delta) = (turn.to_radians(), (lat - self.lat_0_deg).to_radians());
        let ((sin_lambda, cos_lambda), (sin_phi, cos_phi)) = if lambda.abs() <= NEAR && delta.abs() <= NEAR {
            let (sin_delta, cos_delta) = near_sin_cos(delta);
            let phi = (
                self.sin_0 * cos_delta + self.cos_0 * sin_delta,
                self.cos_0 * cos_delta - self.sin_0 * sin_delta,
            );
            (near_sin_cos(lambda), phi)
        } else {
            (lambda.sin_cos(), lat.to_radians().sin_cos())
        };
        let w = sin_phi * sin_phi;
        let sin_beta = sin_phi * horner(&self.sine, w);
        let cos_beta = cos_phi * horner(&self.cosine, w);
        let east = cos_beta * sin_lambda;
        let toward = cos_beta * cos_lambda;
        // Zero at the antipode, where no direction is the right one.
        let height = 1.0 + self.sin_beta_0 * sin_beta + self.cos_beta_0 * toward;
        if height < 1e-10 {
            return [f64::NAN; 2];
        }
        let b = self.rq * (2.0 / height).sqrt();
        [b * self.d * east, b / self.d * (self.cos_beta_0 * sin_beta - self.sin_beta_0 * toward)]
    }

    fn unproject(&self, [x, y]: Coord) -> Coord {
        let (x, y) = (x / (self.d * self.rq), y * self.d / self.rq);
        let square = (x * x + y * y) / 4.0;
        // c is the angle from the centre: sin(c)/ρ and cos(c); NaN outside the disk.
        let ratio = (1.0 - square).sqrt();
        let cos_c = 1.0 - 2.0 * square;
        let sin_beta = cos_c * self.sin_beta_0 + y * ratio * self.cos_beta_0;
        let toward = self.cos_beta_0 * cos_c - y * ratio * self.sin_beta_0;
        let east = x * ratio;
        let cos_beta = (east * east + toward * toward).sqrt();
        // Newton on g(s) = s·P(s²) = sin β·P(1), whose slope is 2/(1 − e²s²)².
        let target = sin_beta * self.p1;
        let mut s = sin_beta;
        for _ in 0..3 {
            let slack = 1.0 - self.e2 * s * s;
            s -= (s * horner(&self.sine, s * s) * self.p1 - target) * slack * slack / 2.0;
        }
        let lat = s.atan2(cos_beta / horner(&self.cosine, s * s)).to_degrees();
        let lon = self.lon_0_deg + east.atan2(toward).to_degrees();
        if lat.is_nan() || lon.is_nan() {
            return [f64::NAN; 2];
        }
        [if lon.abs() > 180.0 { lon - 360.0_f64.copysign(lon) } else { lon }, lat]
    }
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

impl Projection for Laea {
    fn forward(&self, coords: &mut [Coord]) {
        for coord in coords {
            *coord = self.project(*coord);
        }
    }

    fn inverse(&self, coords: &mut [Coord]) {
        for coord in coords {
            *coord = self.unproject(*coord);
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
