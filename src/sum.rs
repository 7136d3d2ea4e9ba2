//! Sums that do not depend on the order of what is added.

/// A sum of areas: each is rounded once to 2⁻²⁰ m², about a square millimetre, and added exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct AreaSum(i128);

impl AreaSum {
    const UNITS_PER_M2: f64 = 1_048_576.0;

    pub(crate) fn of(area_m2: f64) -> Self {
        Self((area_m2 * Self::UNITS_PER_M2).round() as i128)
    }

    /// Adds an area.
    pub(crate) fn add(&mut self, area_m2: f64) {
        *self += Self::of(area_m2);
    }

    /// The sum, m².
    pub(crate) fn m2(self) -> f64 {
        self.0 as f64 / Self::UNITS_PER_M2
    }
}

impl std::ops::AddAssign for AreaSum {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl std::ops::Sub for AreaSum {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl FromIterator<f64> for AreaSum {
    fn from_iter<I: IntoIterator<Item = f64>>(areas_m2: I) -> Self {
        let mut sum = Self::default();
        areas_m2.into_iter().for_each(|area| sum.add(area));
        sum
    }
}

/// The sum of areas, m².
pub(crate) fn area_m2(areas_m2: impl IntoIterator<Item = f64>) -> f64 {
    areas_m2.into_iter().collect::<AreaSum>().m2()
}

/// An exact sum of numbers, rounded once when it is asked for: whole multiples of powers of two, in a bin for each 32 exponents.
///
/// # Source
/// Neal 2015, "Fast exact summation using small and large superaccumulators", arXiv:1505.05571, with bins so wide that none carries
/// over within 2⁴³ numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExactSum {
    /// Bin b counts in 2^(32·b − 1075); the first that is held, and those from there on.
    first: i32,
    bins: Vec<i128>,
    /// What is not finite is added apart.
    special: f64,
}

impl ExactSum {
    /// Adds a number.
    pub(crate) fn add(&mut self, number: f64) {
        const FRACTION: u32 = f64::MANTISSA_DIGITS - 1;
        if !number.is_finite() {
            self.special += number;
            return;
        }
        if number == 0.0 {
            return;
        }
        let bits = number.to_bits();
        let fraction = bits & ((1 << FRACTION) - 1);
        let exponent = (bits >> FRACTION & 0x7ff) as i32;
        let mantissa = fraction | u64::from(exponent > 0) << FRACTION;
        let exponent = exponent.max(1);
        let multiple = i128::from(mantissa) << (exponent % 32);
        *self.bin(exponent / 32) += if number < 0.0 { -multiple } else { multiple };
    }

    fn bin(&mut self, bin: i32) -> &mut i128 {
        if self.bins.is_empty() {
            self.first = bin;
        }
        if bin < self.first {
            self.bins.splice(..0, std::iter::repeat_n(0, (self.first - bin) as usize));
            self.first = bin;
        }
        let place = (bin - self.first) as usize;
        if place >= self.bins.len() {
            self.bins.resize(place + 1, 0);
        }
        &mut self.bins[place]
    }

    /// The sum, rounded to the nearest number.
    pub(crate) fn get(&self) -> f64 {
        if self.special != 0.0 || self.special.is_nan() {
            return self.special;
        }
        let mut parts = Expansion::default();
        for (&bin, i) in self.bins.iter().zip(self.first..) {
            let sign = bin.signum() as f64;
            // Pieces of 43 bits are numbers without rounding.
            for shift in [0, 43, 86] {
                let piece = (bin.unsigned_abs() >> shift & ((1 << 43) - 1)) as f64;
                let exponent = 32 * i - 1075 + shift;
                let half = exponent / 2;
                parts.add(sign * piece * 2_f64.powi(half) * 2_f64.powi(exponent - half));
            }
        }
        parts.round()
    }
}

impl std::ops::AddAssign<&Self> for ExactSum {
    fn add_assign(&mut self, other: &Self) {
        self.special += other.special;
        for (&of_other, bin) in other.bins.iter().zip(other.first..) {
            if of_other != 0 {
                *self.bin(bin) += of_other;
            }
        }
    }
}

/// Partial sums that do not overlap, ascending.
///
/// # Source
/// Shewchuk 1997, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric Predicates".
#[derive(Debug, Default)]
struct Expansion {
    parts: Vec<f64>,
}

impl Expansion {
    fn add(&mut self, mut x: f64) {
        let mut kept = 0;
        for i in 0..self.parts.len() {
            let mut y = self.parts[i];
            if x.abs() < y.abs() {
                (x, y) = (y, x);
            }
            let high = x + y;
            let low = y - (high - x);
            if low != 0.0 {
                self.parts[kept] = low;
                kept += 1;
            }
            x = high;
        }
        self.parts.truncate(kept);
        self.parts.push(x);
    }

    fn round(&self) -> f64 {
        let mut parts = self.parts.iter().rev().copied();
        let mut sum = parts.next().unwrap_or(0.0);
        let mut low = 0.0;
        for part in parts.by_ref() {
            let before = sum;
            sum = before + part;
            low = part - (sum - before);
            if low != 0.0 {
                break;
            }
        }
        // Half a unit in the last place is rounded by what comes below it.
        if let Some(next) = parts.next()
            && (low < 0.0 && next < 0.0 || low > 0.0 && next > 0.0)
        {
            let twice = low * 2.0;
            let rounded = sum + twice;
            if twice == rounded - sum {
                sum = rounded;
            }
        }
        sum + 0.0
    }
}

impl FromIterator<f64> for ExactSum {
    fn from_iter<I: IntoIterator<Item = f64>>(numbers: I) -> Self {
        let mut sum = Self::default();
        numbers.into_iter().for_each(|number| sum.add(number));
        sum
    }
}

/// The exact sum of numbers, rounded once: the same bits for any order of them.
pub(crate) fn exact(numbers: impl IntoIterator<Item = f64>) -> f64 {
    numbers.into_iter().collect::<ExactSum>().get()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn sums_are_those_of_whole_numbers() {
        let mut random = Random::new(7);
        for _ in 0..200 {
            // Multiples of 2^-40 below 2^80 in all: an i128 holds their sum.
            let wholes: Vec<i128> = (0..50)
                .map(|_| {
                    let bits = i128::from(random.bits() >> 11) << random.below(24);
                    if random.chance(0.5) { bits } else { -bits }
                })
                .collect();
            let mut numbers: Vec<f64> = wholes.iter().map(|&whole| whole as f64 / 2_f64.powi(40)).collect();
            let expected = wholes.iter().sum::<i128>() as f64 / 2_f64.powi(40);
            assert_eq!(exact(numbers.iter().copied()), expected);
            random.shuffle(&mut numbers);
            let (first, last) = numbers.split_at(20);
            let mut merged: ExactSum = last.iter().copied().collect();
            merged += &first.iter().copied().collect();
            assert_eq!(merged.get(), expected);
            assert_eq!(exact(numbers), expected);
        }
        let smallest = f64::from_bits(1);
        assert_eq!(exact([smallest, 1e300, smallest, -1e300]), 2.0 * smallest);
        assert_eq!(exact([f64::MAX, -smallest, -f64::MAX]), -smallest);
        assert_eq!(exact([1e16, 1.0, 1e-16]), 1e16 + 2.0);
        assert_eq!(exact([1e308, 1e292, -1e308]), 1e292);
        assert!(exact([]).is_sign_positive() && exact([-0.0]).is_sign_positive());
        assert!(exact([f64::INFINITY, 1.0]).is_infinite() && exact([f64::NAN]).is_nan());
    }

    #[test]
    fn areas_add_up_in_any_order() {
        let mut random = Random::new(8);
        let mut areas: Vec<f64> = (0..10_000).map(|_| random.between(-5.0, 1e7)).collect();
        let sum: AreaSum = areas.iter().copied().collect();
        random.shuffle(&mut areas);
        assert_eq!(areas.iter().copied().collect::<AreaSum>(), sum);
        assert!((sum.m2() - exact(areas)).abs() <= 10_000.0 / AreaSum::UNITS_PER_M2);
    }
}
