use std::borrow::Cow;

use super::{Reference, Weights};
use crate::error::ParamError;

/// Why a statistic has no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Undefined {
    /// Too few values are known.
    #[error("only {known} values are known, at least {needed} are needed")]
    TooFew {
        /// How many are known.
        known: usize,
        /// How many the statistic needs.
        needed: usize,
    },
    /// All known values are equal.
    #[error("all known values are equal")]
    NoVariance,
    /// No two observations with a known value are linked, or their weights sum to 0.
    #[error("no known values are linked")]
    NoLinks,
    /// Values and weights differ in number.
    #[error("{given} values are given for {observations} observations")]
    Length {
        /// How many values were given.
        given: usize,
        /// How many observations the weights have.
        observations: usize,
    },
    /// A value is negative, and the statistic needs a natural zero.
    #[error("a value is negative, and the statistic needs a natural zero")]
    Negative,
    /// All products of two values are 0.
    #[error("at most one value differs from zero")]
    NoProducts,
}

/// Values and the weights among them, checked once for all statistics. Unknown values are left out together with their links.
///
/// No statistic here has a unit; adding a constant to all values changes none but [`general_g`](Self::general_g), multiplying
/// them by a positive one changes none.
///
/// ```
/// use landuse::stats::{Contiguity, Observations, Weights};
/// let grid = Weights::lattice(3, 3, Contiguity::Rook)?.row_standardised();
/// let moran = Observations::new([1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 3.0, 6.0, 9.0], &grid)?.moran()?;
/// assert!((moran.i - 0.512_821).abs() < 1e-6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Observations<'w> {
    /// Weights among the known values.
    pub(super) weights: Cow<'w, Weights>,
    /// The known values, in order.
    pub(super) values: Vec<f64>,
    /// Deviations from the mean.
    pub(super) deviations: Vec<f64>,
    /// Sum of the squared deviations.
    pub(super) squares: f64,
    /// Which of the values given are known.
    pub(super) known: Vec<bool>,
    /// What the values were multiplied by to keep their powers in range: a power of two.
    pub(super) scale: f64,
}

/// Global Moran's I.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Moran {
    /// `I = n/S0 · Σ_i z_i Σ_j w_ij z_j / Σ z²`.
    pub i: f64,
    /// Where the values are draws from a normal distribution.
    pub normality: Option<Reference>,
    /// Where every arrangement of the values is equally likely; `None` below four values.
    pub randomisation: Option<Reference>,
}

/// Geary's C: below 1 where neighbours are alike.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Geary {
    /// `C = (n−1)/(2 S0) · Σ_ij w_ij (y_i − y_j)² / Σ z²`.
    pub c: f64,
    /// Where the values are draws from a normal distribution.
    pub normality: Option<Reference>,
    /// Where every arrangement of the values is equally likely; `None` below four values.
    pub randomisation: Option<Reference>,
}

/// Getis and Ord's General G: large where high values stand together, small where low ones do.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct GeneralG {
    /// `G = Σ_{i≠j} w_ij y_i y_j / Σ_{i≠j} y_i y_j`.
    pub g: f64,
    /// Where every arrangement of the values is equally likely; `None` below four values.
    pub randomisation: Option<Reference>,
}

impl<'w> Observations<'w> {
    /// One value for each observation of `weights`, numbers or `Option`s of them, in the order of the weights.
    ///
    /// # Errors
    /// [`ParamError`] where there are more or fewer values than observations, or a known value is not finite.
    ///
    /// # Complexity
    /// O(n); the weights are copied where a value is unknown.
    pub fn new<T: Into<Option<f64>>>(
        values: impl IntoIterator<Item = T>,
        weights: &'w Weights,
    ) -> Result<Self, ParamError> {
        let values: Vec<Option<f64>> = values.into_iter().map(Into::into).collect();
        if values.len() != weights.len() {
            let expected = format!("one for each of the {} observations of the weights", weights.len());
            return Err(ParamError::new("values", values.len(), &expected));
        }
        let wrong = |value: &Option<f64>| value.is_some_and(|value| !value.is_finite());
        if let Some(at) = values.iter().position(wrong) {
            let found = values[at].unwrap_or_default();
            return Err(ParamError::new(
                &format!("values[{at}]"),
                found,
                "a finite number, or none where unknown",
            ));
        }
        let known = values.iter().map(Option::is_some).collect();
        let (mut values, weights) = weights.known(&values);
        let largest = values.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
        // Fourth powers are formed below; a power of two changes no digit.
        let extreme = largest > 0.0 && !(1e-60..1e60).contains(&largest);
        let scale = if extreme { 2f64.powi(-(largest.log2() as i32).clamp(-1000, 1000)) } else { 1.0 };
        for value in &mut values {
            *value *= scale;
        }
        let mean = total(values.iter().copied()) / values.len() as f64;
        let deviations: Vec<f64> = values.iter().map(|value| value - mean).collect();
        let squares = total(deviations.iter().map(|z| z * z));
        Ok(Self { weights, values, deviations, squares, known, scale })
    }

    /// How many values are known.
    pub fn known(&self) -> usize {
        self.values.len()
    }

    pub(super) fn defined(&self, needed: usize) -> Result<(), Undefined> {
        let known = self.known();
        if known < needed {
            return Err(Undefined::TooFew { known, needed });
        }
        if self.values.iter().all(|&value| value == self.values[0]) || self.squares == 0.0 {
            return Err(Undefined::NoVariance);
        }
        if self.weights.links() == 0 || self.weights.s0() == 0.0 {
            return Err(Undefined::NoLinks);
        }
        Ok(())
    }

    /// Global Moran's I with its moments under normality and under randomisation.
    ///
    /// Islands count among the n values, as in PySAL. One-sided and two-sided p by the normal approximation come with each
    /// [`Reference`].
    ///
    /// # Errors
    /// [`Undefined`] with fewer than three known values, without variance or without links.
    ///
    /// # Complexity
    /// O(n + m log k).
    ///
    /// # Source
    /// Moran (1950), Notes on continuous stochastic phenomena, Biometrika 37, 17-23; moments of Cliff and Ord (1981), Spatial
    /// Processes, 44-46.
    pub fn moran(&self) -> Result<Moran, Undefined> {
        self.defined(3)?;
        let n = self.known() as f64;
        let sums = self.weights.sums();
        let (s0, s1, s2) = (sums.s0, sums.s1, sums.s2);
        let i = self.global_i(&self.weights.lag(&self.deviations));
        let expectation = -1.0 / (n - 1.0);
        let square = expectation * expectation;
        let normal = (n * n * s1 - n * s2 + 3.0 * s0 * s0) / (s0 * s0 * (n * n - 1.0)) - square;
        let random = (n * ((n * n - 3.0 * n + 3.0) * s1 - n * s2 + 3.0 * s0 * s0)
            - self.kurtosis() * ((n * n - n) * s1 - 2.0 * n * s2 + 6.0 * s0 * s0))
            / ((n - 1.0) * (n - 2.0) * (n - 3.0) * s0 * s0)
            - square;
        Ok(Moran {
            i,
            normality: Reference::new(i, expectation, normal),
            randomisation: Reference::new(i, expectation, random).filter(|_| n > 3.0),
        })
    }

    pub(super) fn global_i(&self, lags: &[f64]) -> f64 {
        let products = total(self.deviations.iter().zip(lags).map(|(z, lag)| z * lag));
        self.known() as f64 / self.weights.s0() * products / self.squares
    }

    /// Geary's C with its moments under normality and under randomisation. Positive autocorrelation is a *negative* z.
    ///
    /// # Errors
    /// [`Undefined`] with fewer than three known values, without variance or without links.
    ///
    /// # Complexity
    /// O(n + m log k).
    ///
    /// # Source
    /// Geary (1954), The contiguity ratio and statistical mapping, The Incorporated Statistician 5, 115-145; moments of Cliff
    /// and Ord (1981).
    pub fn geary(&self) -> Result<Geary, Undefined> {
        self.defined(3)?;
        let n = self.known() as f64;
        let sums = self.weights.sums();
        let (s0, s1, s2) = (sums.s0, sums.s1, sums.s2);
        let z = &self.deviations;
        let contrast =
            total((0..z.len()).map(|i| {
                self.weights.row(i).map(|(j, weight)| weight * (z[i] - z[j as usize]).powi(2)).sum()
            }));
        let c = (n - 1.0) * contrast / (2.0 * s0 * self.squares);
        let normal = ((2.0 * s1 + s2) * (n - 1.0) - 4.0 * s0 * s0) / (2.0 * (n + 1.0) * s0 * s0);
        let k = self.kurtosis();
        let random = ((n - 1.0) * s1 * (n * n - 3.0 * n + 3.0 - (n - 1.0) * k)
            - 0.25 * (n - 1.0) * s2 * (n * n + 3.0 * n - 6.0 - (n * n - n + 2.0) * k)
            + s0 * s0 * (n * n - 3.0 - (n - 1.0).powi(2) * k))
            / (n * (n - 2.0) * (n - 3.0) * s0 * s0);
        Ok(Geary {
            c,
            normality: Reference::new(c, 1.0, normal),
            randomisation: Reference::new(c, 1.0, random).filter(|_| n > 3.0),
        })
    }

    /// General G with its moments under randomisation. Values need a natural zero; weights are usually binary.
    ///
    /// # Errors
    /// [`Undefined`] with fewer than three known values, without variance or links, where a value is negative, or where fewer
    /// than two are above 0.
    ///
    /// # Complexity
    /// O(n + m log k).
    ///
    /// # Source
    /// Getis and Ord (1992), The analysis of spatial association by use of distance statistics, Geographical Analysis 24,
    /// 189-206.
    pub fn general_g(&self) -> Result<GeneralG, Undefined> {
        self.defined(3)?;
        let y = &self.values;
        if y.iter().any(|&value| value < 0.0) {
            return Err(Undefined::Negative);
        }
        if y.iter().filter(|&&value| value > 0.0).count() < 2 {
            return Err(Undefined::NoProducts);
        }
        let n = self.known() as f64;
        let sums = self.weights.sums();
        let (s0, s1, s2) = (sums.s0, sums.s1, sums.s2);
        let power = |exponent| total(y.iter().map(|value| value.powi(exponent)));
        let (m1, m2, m3, m4) = (power(1), power(2), power(3), power(4));
        let products = m1 * m1 - m2;
        let lags = self.weights.lag(y);
        let g = total(y.iter().zip(&lags).map(|(value, lag)| value * lag)) / products;
        let expectation = s0 / (n * (n - 1.0));
        let b0 = (n * n - 3.0 * n + 3.0) * s1 - n * s2 + 3.0 * s0 * s0;
        let b1 = -((n * n - n) * s1 - 2.0 * n * s2 + 6.0 * s0 * s0);
        let b2 = -(2.0 * n * s1 - (n + 3.0) * s2 + 6.0 * s0 * s0);
        let b3 = 4.0 * (n - 1.0) * s1 - 2.0 * (n + 1.0) * s2 + 8.0 * s0 * s0;
        let b4 = s1 - s2 + s0 * s0;
        let square = (b0 * m2 * m2 + b1 * m4 + b2 * m1 * m1 * m2 + b3 * m1 * m3 + b4 * m1.powi(4))
            / (products * products * n * (n - 1.0) * (n - 2.0) * (n - 3.0));
        let variance = square - expectation * expectation;
        Ok(GeneralG { g, randomisation: Reference::new(g, expectation, variance).filter(|_| n > 3.0) })
    }

    /// Fourth moment over the square of the second, both about the mean and divided by n.
    fn kurtosis(&self) -> f64 {
        let fourth = total(self.deviations.iter().map(|z| z.powi(4)));
        self.known() as f64 * fourth / (self.squares * self.squares)
    }
}

/// Sum with Neumaier's compensation: the last digits do not depend on how many terms there are.
pub(super) fn total(terms: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0f64, 0.0);
    for term in terms {
        let next = sum + term;
        lost += if sum.abs() >= term.abs() { (sum - next) + term } else { (term - next) + sum };
        sum = next;
    }
    sum + lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Contiguity;

    /// Mean and variance of a statistic over all arrangements of the values.
    fn enumerate(values: &[f64], statistic: impl Fn(&[f64]) -> f64) -> (f64, f64) {
        fn visit(values: &mut [f64], fixed: usize, f: &mut impl FnMut(&[f64])) {
            if fixed == values.len() {
                return f(values);
            }
            for i in fixed..values.len() {
                values.swap(fixed, i);
                visit(values, fixed + 1, f);
                values.swap(fixed, i);
            }
        }
        let mut found = Vec::new();
        visit(&mut values.to_vec(), 0, &mut |values| found.push(statistic(values)));
        let mean = found.iter().sum::<f64>() / found.len() as f64;
        (mean, found.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / found.len() as f64)
    }

    #[test]
    fn moments_under_randomisation_are_those_of_all_arrangements() {
        let values = [1.0, 2.5, 4.0, 4.0, 7.0, 11.0, 0.5];
        let one_way: Vec<Vec<(u32, f64)>> =
            (0..7).map(|i| vec![((i + 1) % 7, 1.0 + f64::from(i)), ((i + 3) % 7, 0.5)]).collect();
        let ring: Vec<Vec<u32>> = (0..7).map(|i| vec![(i + 1) % 7, (i + 6) % 7]).collect();
        let mut path = Weights::lattice(1, 7, Contiguity::Rook).unwrap();
        path = path.row_standardised();
        for weights in
            [Weights::from_weighted(&one_way).unwrap(), Weights::from_neighbours(&ring).unwrap(), path]
        {
            let of = |values: &[f64]| Observations::new(values.iter().copied(), &weights).unwrap();
            let near = |reference: Option<Reference>, (mean, variance): (f64, f64)| {
                let reference = reference.unwrap();
                assert!((reference.expectation - mean).abs() < 1e-12, "{reference:?} {mean}");
                assert!((reference.variance / variance - 1.0).abs() < 1e-9, "{reference:?} {variance}");
            };
            near(
                of(&values).moran().unwrap().randomisation,
                enumerate(&values, |v| of(v).moran().unwrap().i),
            );
            near(
                of(&values).geary().unwrap().randomisation,
                enumerate(&values, |v| of(v).geary().unwrap().c),
            );
            near(
                of(&values).general_g().unwrap().randomisation,
                enumerate(&values, |v| of(v).general_g().unwrap().g),
            );
        }
    }

    #[test]
    fn degenerate_values_have_defined_answers() {
        let grid = Weights::lattice(2, 3, Contiguity::Rook).unwrap();
        let of = |values: [Option<f64>; 6]| Observations::new(values, &grid).unwrap();
        assert_eq!(of([None; 6]).moran(), Err(Undefined::TooFew { known: 0, needed: 3 }));
        assert_eq!(of([Some(2.0); 6]).geary(), Err(Undefined::NoVariance));
        let apart = of([Some(1.0), None, Some(2.0), None, Some(4.0), None]);
        assert_eq!(apart.moran(), Err(Undefined::NoLinks));
        let signed = of([Some(1.0), Some(-1.0), Some(0.0), None, Some(4.0), None]);
        assert_eq!(signed.general_g(), Err(Undefined::Negative));
        let lone = of([Some(1.0), Some(0.0), Some(0.0), None, Some(0.0), None]);
        assert_eq!(lone.general_g(), Err(Undefined::NoProducts));
        let full = Weights::lattice(2, 2, Contiguity::Queen).unwrap();
        let complete = Observations::new([1.0, 2.0, 3.0, 5.0], &full).unwrap().moran().unwrap();
        assert_eq!((complete.normality, complete.randomisation), (None, None));
    }

    #[test]
    fn wrong_values_are_named() {
        let grid = Weights::lattice(1, 3, Contiguity::Rook).unwrap();
        let message =
            |values: &[f64]| Observations::new(values.iter().copied(), &grid).unwrap_err().to_string();
        assert_eq!(
            message(&[1.0]),
            "`values` is 1, expected one for each of the 3 observations of the weights"
        );
        assert_eq!(
            message(&[1.0, f64::NAN, 2.0]),
            "`values[1]` is NaN, expected a finite number, or none where unknown"
        );
    }

    #[test]
    fn size_and_origin_do_not_matter() {
        let grid = Weights::lattice(3, 3, Contiguity::Queen).unwrap().row_standardised();
        let values = [1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 3.0, 6.0, 9.0];
        let i = |scale: f64, shift: f64| {
            Observations::new(values.map(|v| v * scale + shift), &grid).unwrap().moran().unwrap().i
        };
        for (scale, shift) in [(1e200, 0.0), (1e-200, 0.0), (2.0, -77.0)] {
            assert!((i(scale, shift) - i(1.0, 0.0)).abs() < 1e-12);
        }
    }
}
