//! What a statistic would be without spatial pattern: expectation, variance, and the normal approximation.

use serde::Serialize;

/// Expectation and variance of a statistic under a null hypothesis, and where the value observed stands.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reference {
    /// Expectation of the statistic.
    pub expectation: f64,
    /// Variance of the statistic, above 0.
    pub variance: f64,
    /// `(observed − expectation) / √variance`.
    pub z: f64,
}

impl Reference {
    /// `None` where the statistic cannot vary, or its variance is lost in rounding.
    pub(super) fn new(observed: f64, expectation: f64, variance: f64) -> Option<Self> {
        // The variance is a difference of terms of the size of the squared expectation.
        let varies = variance.is_finite() && variance > 1e-11 * expectation * expectation;
        varies.then(|| Self { expectation, variance, z: (observed - expectation) / variance.sqrt() })
    }

    /// Probability of a value at least as large, by the normal approximation.
    pub fn p_greater(&self) -> f64 {
        upper_tail(self.z)
    }

    /// Probability of a value at least as small, by the normal approximation.
    pub fn p_less(&self) -> f64 {
        upper_tail(-self.z)
    }

    /// Probability of a value at least as far from the expectation, by the normal approximation.
    pub fn p_two_sided(&self) -> f64 {
        2.0 * upper_tail(self.z.abs())
    }
}

/// Probability that a standard normal variable exceeds `z`; relative error below 1e-12 in the tail.
///
/// Near 0 by the series of the distribution function, in the tail by Laplace's continued fraction (Abramowitz and Stegun 1964,
/// 26.2.11 and 26.2.14).
pub(super) fn upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - upper_tail(-z);
    }
    let density = (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if z < 2.5 {
        let (mut term, mut sum, mut odd) = (z, z, 1.0);
        while term > sum * 1e-17 {
            odd += 2.0;
            term *= z * z / odd;
            sum += term;
        }
        return 0.5 - density * sum;
    }
    let fraction = (1..=150).rev().fold(z, |below, step| z + f64::from(step) / below);
    density / fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_tail() {
        // scipy.stats.norm.sf
        let known = [
            (0.0, 0.5),
            (0.1, 0.460_172_162_722_971),
            (1.0, 0.158_655_253_931_457_05),
            (1.959_963_984_540_054, 0.025),
            (2.499_999, 0.006_209_682_854_098_537),
            (2.5, 0.006_209_665_325_776_132),
            (4.0, 3.167_124_183_311_986e-5),
            (8.0, 6.220_960_574_271_786e-16),
            (-1.0, 0.841_344_746_068_542_9),
        ];
        for (z, p) in known {
            assert!((upper_tail(z) / p - 1.0).abs() < 1e-11, "{z}: {} {p}", upper_tail(z));
        }
    }
}
