//! Weights taken from the data themselves, and the distance to the best.

use super::Direction;
use crate::error::{Error, ParamError};
use crate::expr::same_length;
use crate::parcel::Column;
use crate::sum;

/// What [`entropy_topsis`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct EntropyTopsis {
    /// Entropy of each indicator, 0 to 1; 1 where it does not tell rows apart.
    pub entropy: Vec<f64>,
    /// Weight of each indicator; they sum to 1.
    pub weights: Vec<f64>,
    /// Closeness of each row to the best, 0 to 1; unknown where an indicator of the row is, or all rows are alike.
    pub closeness: Column<f64>,
    /// Rows with all indicators known: those that weights and extremes were taken of.
    pub complete: usize,
}

/// Entropy weights and TOPSIS: ranks rows by several indicators without weights given from outside.
///
/// `n = (x − min)/(max − min)`, reversed where lower is better; `p = n / Σ n`; `e = −1/ln m · Σ p ln p` with `0 ln 0 = 0`;
/// `w = (1 − e)/Σ(1 − e)`; `v = w·n`; `d⁺`, `d⁻` Euclidean distances to the greatest and least `v` of each indicator;
/// closeness `d⁻/(d⁺ + d⁻)`. Sums run over the `m` rows whose indicators are all known.
///
/// A constant indicator has entropy 1 and weight 0; where all are constant, weights are equal and no row has a closeness.
///
/// When not to use it: weights move with the set of rows, so results of two years or two towns do not compare. Where a rule pack
/// or a standard exists, use that.
///
/// # Errors
/// [`ParamError`] without indicators or with another number of directions; [`Error::Param`] where columns differ in length.
///
/// # Complexity
/// O(n · log n) per indicator; one column of memory per indicator.
///
/// # Source
/// Formulas as in general use (general knowledge), applied to parcels in Sustainability 2019, 11(21), 6149 (`topsis-2019`). Golden values were computed
/// independently.
///
/// ```
/// use landuse::efficiency::{Direction::{HigherIsBetter, LowerIsBetter}, entropy_topsis};
/// use landuse::parcel::Column;
/// let column = |values: [f64; 4]| -> Column<f64> { values.into_iter().map(Some).collect() };
/// let columns = [column([10., 20., 30., 25.]), column([100., 80., 60., 90.]), column([5., 3., 1., 4.])];
/// let found = entropy_topsis(&columns, &[HigherIsBetter, HigherIsBetter, LowerIsBetter])?;
/// let closeness: Vec<String> = found.closeness.iter().flatten().map(|c| format!("{c:.6}")).collect();
/// assert_eq!(closeness, ["0.376150", "0.500000", "0.623850", "0.513305"]);
/// # Ok::<(), landuse::Error>(())
/// ```
pub fn entropy_topsis(columns: &[Column<f64>], directions: &[Direction]) -> Result<EntropyTopsis, Error> {
    let rows = columns.first().map_or(0, Column::len);
    if columns.is_empty() || directions.len() != columns.len() {
        let expected = format!("one direction per indicator ({}), at least one", columns.len());
        return Err(ParamError::new("directions", directions.len(), &expected).into());
    }
    for column in columns {
        same_length("indicator", column.len(), rows)?;
    }
    let value = |column: &Column<f64>, row| column.get(row).filter(|value: &f64| value.is_finite());
    let complete: Vec<usize> =
        (0..rows).filter(|&row| columns.iter().all(|column| value(column, row).is_some())).collect();
    let m = complete.len();
    let mut normal: Vec<Vec<f64>> = Vec::with_capacity(columns.len());
    let mut entropy = Vec::with_capacity(columns.len());
    for (column, direction) in columns.iter().zip(directions) {
        let known: Vec<f64> = complete.iter().filter_map(|&row| value(column, row)).collect();
        let (min, max) = known
            .iter()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), &value| (min.min(value), max.max(value)));
        if m < 2 || max <= min {
            entropy.push(1.0);
            normal.push(vec![0.0; m]);
            continue;
        }
        let place = |value: &f64| match direction {
            Direction::HigherIsBetter => (value - min) / (max - min),
            Direction::LowerIsBetter => (max - value) / (max - min),
        };
        let own: Vec<f64> = known.iter().map(place).collect();
        let sum = sum::exact(own.iter().copied());
        let terms = own.iter().map(|n| n / sum).filter(|&p| p > 0.0).map(|p| p * p.ln());
        entropy.push((-sum::exact(terms) / (m as f64).ln()).clamp(0.0, 1.0));
        normal.push(own);
    }
    let spread: f64 = entropy.iter().map(|e| 1.0 - e).sum();
    let weights: Vec<f64> = entropy
        .iter()
        .map(|e| if spread > 1e-12 { (1.0 - e) / spread } else { 1.0 / columns.len() as f64 })
        .collect();
    let mut closeness = vec![None; rows];
    for (i, &row) in complete.iter().enumerate() {
        let (mut to_best, mut to_worst) = (0.0, 0.0);
        for (own, weight) in normal.iter().zip(&weights) {
            // Normalised extremes are 0 and 1, except for a constant indicator, which tells nothing.
            to_best += (weight * (1.0 - own[i])).powi(2);
            to_worst += (weight * own[i]).powi(2);
        }
        let (to_best, to_worst) = (to_best.sqrt(), to_worst.sqrt());
        if spread > 1e-12 && to_best + to_worst > 0.0 {
            closeness[row] = Some(to_worst / (to_best + to_worst));
        }
    }
    Ok(EntropyTopsis { entropy, weights, closeness: closeness.into_iter().collect(), complete: m })
}
