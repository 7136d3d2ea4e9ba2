use serde::Serialize;

use super::{Observations, Reference, Undefined, Weights, join_counts};

/// A global statistic beside what it would be if every arrangement of the values were equally likely.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GlobalStatistic {
    /// As observed.
    pub value: f64,
    /// Its expectation; unknown where the statistic cannot vary, like the others.
    pub expectation: Option<f64>,
    /// `(value − expectation) / √variance`.
    pub z: Option<f64>,
    /// Probability of a value at least as far from the expectation, by the normal approximation.
    pub p: Option<f64>,
}

impl GlobalStatistic {
    fn new(value: f64, reference: Option<Reference>) -> Self {
        Self {
            value,
            expectation: reference.map(|of| of.expectation),
            z: reference.map(|of| of.z),
            p: reference.map(|of| of.p_two_sided()),
        }
    }
}

/// Whether alike values stand together, over a whole city. What is not defined is none: all values equal, none linked, values below 0
/// for General G.
///
/// # Formula
/// Moran's I and Geary's C on row-standardised weights, General G and joins on binary ones, as esda has them by default or as it asks for
/// them; moments under randomisation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GlobalStatistics {
    /// Moran's I: above its expectation where neighbours are alike.
    pub moran: Option<GlobalStatistic>,
    /// Geary's C: below 1 where neighbours are alike.
    pub geary: Option<GlobalStatistic>,
    /// Getis and Ord's General G: large where high values stand together, small where low ones do.
    pub general_g: Option<GlobalStatistic>,
    /// Joins of two marked observations, here low-efficiency ones.
    pub joins_low_low: Option<GlobalStatistic>,
    /// Joins of a marked observation and one that is not.
    pub joins_low_other: Option<GlobalStatistic>,
}

impl GlobalStatistics {
    /// The statistics of `values`, and the joins of `marks`, both in the order of `weights`, which count each link of one observation
    /// with another.
    ///
    /// # Errors
    /// [`ParamError`](crate::ParamError) where there are more or fewer values than observations, or a known value is not finite.
    ///
    /// # Complexity
    /// O(n + m) for m links.
    ///
    /// ```
    /// use landuse::stats::{Contiguity, GlobalStatistics, Weights};
    /// let grid = Weights::lattice(4, 4, Contiguity::Rook)?;
    /// let values: Vec<Option<f64>> = (0..16).map(|i| Some(f64::from(i))).collect();
    /// let marks: Vec<Option<bool>> = (0..16).map(|i| Some(i >= 8)).collect();
    /// let found = GlobalStatistics::new(&values, &marks, &grid)?;
    /// assert!(found.moran.is_some_and(|i| i.value > 0.5 && i.p < Some(0.01)));
    /// assert_eq!(found.joins_low_low.map(|joins| joins.value), Some(10.0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        values: &[Option<f64>],
        marks: &[Option<bool>],
        weights: &Weights,
    ) -> Result<Self, crate::ParamError> {
        let standardised = weights.clone().row_standardised();
        let rows = Observations::new(values.iter().copied(), &standardised)?;
        let binary = Observations::new(values.iter().copied(), weights)?;
        let joins: Result<_, Undefined> = join_counts(marks.iter().copied(), weights);
        let joins = joins.ok();
        let of = GlobalStatistic::new;
        Ok(Self {
            moran: rows.moran().ok().map(|found| of(found.i, found.randomisation)),
            geary: rows.geary().ok().map(|found| of(found.c, found.randomisation)),
            general_g: binary.general_g().ok().map(|found| of(found.g, found.randomisation)),
            joins_low_low: joins.as_ref().map(|found| of(found.black_black, found.black_black_reference)),
            joins_low_other: joins.as_ref().map(|found| of(found.black_white, found.black_white_reference)),
        })
    }
}
