use serde::{Deserialize, Serialize};

use super::Measures;
use crate::error::{Error, ParamError};
use crate::parcel::Column;

/// A weighted sum of ratios to benchmarks: `score = Σ weight · value / benchmark`, each ratio cut at `cap` where one is given.
///
/// It is the form of the per-mu appraisals of Zhejiang and Jiangsu. With weights that sum to 100, a parcel at every benchmark
/// scores 100.
///
/// ```
/// use landuse::efficiency::{Composite, Part};
/// use landuse::parcel::Column;
///
/// let composite = Composite { parts: vec![
///     Part { metric: "tax".into(), weight: 60.0, benchmark: 20.0, cap: None },
///     Part { metric: "output".into(), weight: 40.0, benchmark: 100.0, cap: Some(1.5) },
/// ] };
/// let measures = |metric: &str| -> Column<f64> {
///     [Some(if metric == "tax" { 10.0 } else { 300.0 }), None].into_iter().collect()
/// };
/// let score = composite.score(&measures)?;
/// assert_eq!((score.get(0), score.get(1)), (Some(30.0 + 60.0), None));
/// # Ok::<(), landuse::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Composite {
    /// The summands.
    pub parts: Vec<Part>,
}

/// One summand of a [`Composite`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Expression for the value.
    pub metric: Box<str>,
    /// Points for a parcel at the benchmark.
    pub weight: f64,
    /// Value that earns the whole weight, in the unit of the metric; greater than 0.
    pub benchmark: f64,
    /// Greatest ratio that counts.
    #[serde(default)]
    pub cap: Option<f64>,
}

impl Composite {
    /// The score of every parcel; unknown where any part is.
    ///
    /// # Errors
    /// [`ParamError`] for a benchmark that is not above 0, a weight that is not finite, a cap that is not above 0 or no
    /// part at all; whatever evaluating a metric gives.
    ///
    /// # Complexity
    /// O(n · parts).
    pub fn score(&self, measures: &impl Measures) -> Result<Column<f64>, Error> {
        let positive = |name, value: f64| {
            let fine = value.is_finite() && value > 0.0;
            if fine { Ok(()) } else { Err(ParamError::new(name, value, "a finite number above 0")) }
        };
        let mut sum: Option<Column<f64>> = None;
        for part in &self.parts {
            positive("benchmark", part.benchmark)?;
            part.cap.map_or(Ok(()), |cap| positive("cap", cap))?;
            if !part.weight.is_finite() {
                return Err(ParamError::new("weight", part.weight, "a finite number").into());
            }
            let cap = part.cap.unwrap_or(f64::INFINITY);
            let points = |value: f64| part.weight * (value / part.benchmark).min(cap);
            let values = measures.numbers(&part.metric)?;
            sum = Some(match sum {
                None => values.iter().map(|value| value.map(points)).collect(),
                Some(sum) => {
                    sum.iter().zip(values.iter()).map(|(sum, value)| Some(sum? + points(value?))).collect()
                }
            });
        }
        sum.ok_or_else(|| ParamError::new("parts", 0, "at least one part").into())
    }
}
