//! Values as scaled integers, so that equal sums are equal in every order of addition.

/// Values in units of `resolution`, such that no sum over `terms` of them overflows.
#[derive(Debug)]
pub(super) struct Fixed {
    pub(super) values: Vec<i64>,
    /// One unit; the rounding is half of it, or nothing where the values are decimals.
    pub(super) resolution: f64,
}

/// Sums stay below this, a factor of two inside `i64`.
const LIMIT: f64 = (1u64 << 62) as f64;
/// Up to here every integer is an `f64`.
const EXACT: f64 = (1u64 << 53) as f64;
/// Decimals that are tried before a power of two.
const DECIMALS: i32 = 9;

impl Fixed {
    /// The coarsest power of ten that holds every value exactly; else the finest power of two that leaves room for the sums.
    pub(super) fn new(values: &[f64], terms: usize) -> Self {
        let largest = values.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
        for decimals in 0..=DECIMALS {
            let scale = 10f64.powi(decimals);
            if largest * scale > EXACT.min(LIMIT / terms as f64) {
                break;
            }
            if values.iter().all(|value| (value * scale).round() / scale == *value) {
                let values = values.iter().map(|value| (value * scale).round() as i64).collect();
                return Self { values, resolution: 1.0 / scale };
            }
        }
        let room = LIMIT.log2() - (terms as f64).log2() - largest.log2();
        let exponent = room.floor().clamp(-1000.0, 1000.0) as i32 - 1;
        let scale = 2f64.powi(exponent);
        let values = values.iter().map(|value| (value * scale).round() as i64).collect();
        Self { values, resolution: 1.0 / scale }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_add_as_decimals() {
        let fixed = Fixed::new(&[0.1, 0.2, 0.15, -3.25], 4);
        assert_eq!((fixed.values, fixed.resolution), (vec![10, 20, 15, -325], 0.01));
    }

    #[test]
    fn other_values_keep_all_their_digits_near_the_largest() {
        let values = [std::f64::consts::PI, 1.0 / 3.0, -std::f64::consts::E];
        let fixed = Fixed::new(&values, 32);
        for (whole, value) in fixed.values.iter().zip(values) {
            assert_eq!(*whole as f64 * fixed.resolution, value);
        }
        assert!(fixed.values.iter().all(|v| v.checked_mul(32).is_some()));
    }

    #[test]
    fn no_size_overflows() {
        for size in [1e60, 1.1e-60, 123_456_789.123_456_7, 0.0] {
            for terms in [1i64, 100, 1 << 30] {
                let fixed = Fixed::new(&[size, -size, size / 3.0], terms as usize);
                assert!(fixed.values[0].checked_mul(terms).is_some(), "{size} {terms}");
                assert!(size == 0.0 || fixed.values[0] > 1 << 20, "{size} {terms}");
            }
        }
    }
}
