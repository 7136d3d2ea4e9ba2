//! Local metres to longitude and latitude, and their text.

use crate::json_text::push_fixed;

/// Longitude and latitude in units of 1e-8 degree (about 1 mm): what the files hold.
pub(super) type Position = [i64; 2];

/// Centre of the city, degrees.
pub(super) const CENTRE: [f64; 2] = [114.35, 22.70];

// Sine and cosine of the centre's latitude, WGS 84 semi-major axis and squared eccentricity. Written out, so that no
// result depends on the mathematical library of the system.
const SIN: f64 = 0.385_906_042_324_318_63;
const COS: f64 = 0.922_538_089_456_246_4;
const A_M: f64 = 6_378_137.0;
const E2: f64 = 0.006_694_379_990_141_316;
const DEGREES: f64 = 57.295_779_513_082_32;

/// The inverse of a sinusoidal projection about the centre: it keeps areas, and shapes to 1e-3 at 20 km.
pub(super) fn to_degrees([x, y]: [f64; 2]) -> Position {
    let q = 1.0 - E2 * SIN * SIN;
    let meridian = A_M * (1.0 - E2) / (q * q.sqrt());
    let t = y / meridian;
    // The meridian radius grows with latitude: second-order inverse of the arc.
    let d = t - 1.5 * E2 * SIN * COS / q * t * t;
    let (normal, cos) = parallel(d);
    let (lon, lat) = (CENTRE[0] + x / (normal * cos) * DEGREES, CENTRE[1] + d * DEGREES);
    [(lon * 1e8).round() as i64, (lat * 1e8).round() as i64]
}

/// Local metres of a position, as exact as [`to_degrees`] within 50 km.
pub(super) fn to_metres([lon, lat]: Position) -> [f64; 2] {
    let q = 1.0 - E2 * SIN * SIN;
    let meridian = A_M * (1.0 - E2) / (q * q.sqrt());
    let d = (lat as f64 * 1e-8 - CENTRE[1]) / DEGREES;
    let bend = 1.5 * E2 * SIN * COS / q;
    let (normal, cos) = parallel(d);
    [(lon as f64 * 1e-8 - CENTRE[0]) / DEGREES * normal * cos, meridian * (d + bend * d * d)]
}

/// Radius of curvature across the meridian, m, and cosine of the latitude, so many radians north of the centre.
fn parallel(d: f64) -> (f64, f64) {
    let (sin_d, cos_d) = (d - d * d * d / 6.0, 1.0 - d * d / 2.0 + d * d * d * d / 24.0);
    let sin = SIN * cos_d + COS * sin_d;
    (A_M / (1.0 - E2 * sin * sin).sqrt(), COS * cos_d - SIN * sin_d)
}

/// Writes a position as a JSON array.
pub(super) fn push_position(out: &mut Vec<u8>, [lon, lat]: Position) {
    out.push(b'[');
    push_fixed(out, lon, 8);
    out.push(b',');
    push_fixed(out, lat, 8);
    out.push(b']');
}

/// Writes a ring as a JSON array, as it is: closing it is the caller's.
pub(super) fn push_ring(out: &mut Vec<u8>, ring: &[Position]) {
    out.push(b'[');
    for (i, &position) in ring.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_position(out, position);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_and_scale() {
        let latitude = CENTRE[1] / DEGREES;
        assert!((latitude.sin() - SIN).abs() < 1e-15 && (latitude.cos() - COS).abs() < 1e-15);
        assert_eq!(to_degrees([0.0, 0.0]), [11_435_000_000, 2_270_000_000]);
        // WGS 84 at 22.7°: a degree of latitude is 110 738 m, of longitude 102 752 m (within 5 m).
        let [lon, lat] = to_degrees([1027.52, 1107.38]);
        assert!((lon - 11_436_000_000).abs() < 4_000, "{lon}");
        assert!((lat - 2_271_000_000).abs() < 4_000, "{lat}");
    }

    #[test]
    fn metres_and_back() {
        for [x, y] in [[0.0, 0.0], [25_000.0, -20_000.0], [-31_000.0, 23_000.0]] {
            let [a, b] = to_metres(to_degrees([x, y]));
            assert!((a - x).abs() < 0.05 && (b - y).abs() < 0.05, "{a} {b}");
        }
    }
}
