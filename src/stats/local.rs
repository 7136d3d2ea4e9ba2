use serde::{Deserialize, Serialize};

use super::conditional::{self, Draws, MAX_PERMUTATIONS, Rank, Scheme};
use super::fixed::Fixed;
use super::{FalseDiscovery, Observations, Undefined, false_discovery};
use crate::error::ParamError;
use crate::parallel;
use crate::parcel::Column;
use crate::progress::Watch;

/// Which departures from chance a permutation test looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Alternative {
    /// Either: `min(1, 2·(min(M≥, M≤) + 1)/(R + 1))`.
    #[default]
    TwoSided,
    /// Large values of the statistic: `(M≥ + 1)/(R + 1)`. Alike neighbours for local Moran, hot spots for Gi and Gi*.
    Greater,
    /// Small values of the statistic: `(M≤ + 1)/(R + 1)`. Unlike neighbours for local Moran, cold spots for Gi and Gi*.
    Less,
}

/// What the second moment of local Moran is divided by; the two differ by the factor (n−1)/n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Divisor {
    /// `I_i = (n−1) z_i Σ_j w_ij z_j / Σ z²`, as PySAL and GeoDa have it.
    #[default]
    NMinusOne,
    /// `I_i = n z_i Σ_j w_ij z_j / Σ z²`, as Anselin (1995) and spdep have it.
    N,
}

/// How to test local statistics.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct LocalOptions {
    /// Draws for each observation, R; with 0 there are no p-values. At most 33,554,431.
    ///
    /// Default: [`DEFAULT_PERMUTATIONS`](Self::DEFAULT_PERMUTATIONS).
    pub permutations: u32,
    /// Fixes the draws; an analysis gives its own.
    ///
    /// Default: 0.
    #[serde(skip)]
    pub seed: u64,
    /// Which departures count.
    ///
    /// Default: [`Alternative::TwoSided`].
    pub alternative: Alternative,
    /// A result is significant where its p is at most this; above 0, below 1.
    ///
    /// Default: [`DEFAULT_ALPHA`](Self::DEFAULT_ALPHA).
    pub alpha: f64,
    /// Where the draws come from.
    ///
    /// Default: [`Scheme::Shared`].
    pub scheme: Scheme,
    /// What the second moment of local Moran is divided by. No p-value depends on it.
    ///
    /// Default: [`Divisor::NMinusOne`].
    pub divisor: Divisor,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            permutations: Self::DEFAULT_PERMUTATIONS,
            seed: 0,
            alternative: Alternative::default(),
            alpha: Self::DEFAULT_ALPHA,
            scheme: Scheme::default(),
            divisor: Divisor::default(),
        }
    }
}

impl LocalOptions {
    /// Errors of shared draws move together, so there are more of them than the customary 999.
    pub const DEFAULT_PERMUTATIONS: u32 = 9_999;
    /// The customary level.
    pub const DEFAULT_ALPHA: f64 = 0.05;

    pub(crate) fn check(&self) -> Result<(), ParamError> {
        if self.permutations > MAX_PERMUTATIONS {
            let expected = format!("at most {MAX_PERMUTATIONS}");
            return Err(ParamError::new("permutations", self.permutations, &expected));
        }
        if !(self.alpha > 0.0 && self.alpha < 1.0) {
            return Err(ParamError::new("alpha", self.alpha, "a share above 0 and below 1"));
        }
        Ok(())
    }

    /// Sets the number of draws.
    #[must_use]
    pub fn with_permutations(self, permutations: u32) -> Self {
        Self { permutations, ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets which departures count.
    #[must_use]
    pub fn with_alternative(self, alternative: Alternative) -> Self {
        Self { alternative, ..self }
    }

    /// Sets the level of significance.
    #[must_use]
    pub fn with_alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// Sets where the draws come from.
    #[must_use]
    pub fn with_scheme(self, scheme: Scheme) -> Self {
        Self { scheme, ..self }
    }

    /// Sets the divisor of local Moran.
    #[must_use]
    pub fn with_divisor(self, divisor: Divisor) -> Self {
        Self { divisor, ..self }
    }
}

/// An observation and its neighbours against the mean. A deviation of 0 counts as low.
///
/// With land efficiency as the value, `LL` is a cluster of low efficiency, `LH` a low island beside high ones (infill), `HL` a
/// good firm in a bad area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Quadrant {
    /// High among high.
    Hh,
    /// Low among high.
    Lh,
    /// Low among low.
    Ll,
    /// High among low.
    Hl,
}

impl Quadrant {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hh => "HH",
            Self::Lh => "LH",
            Self::Ll => "LL",
            Self::Hl => "HL",
        }
    }
}

/// Whether an observation can be tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its value is known, and that of a neighbour.
    Linked,
    /// Its value is known, but it has no neighbour with a known value. It counts in the mean and in the draws.
    Island,
    /// Its value is unknown; its links are dropped.
    Unknown,
}

/// How many observations there are in each quadrant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub struct QuadrantCounts {
    /// High among high.
    pub hh: u32,
    /// Low among high.
    pub lh: u32,
    /// Low among low.
    pub ll: u32,
    /// High among low.
    pub hl: u32,
}

/// Local Moran in figures; what was not tested is `None`, not 0.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LocalMoranSummary {
    /// Draws for each observation.
    pub permutations: u32,
    /// Global Moran's I.
    pub global_i: Option<f64>,
    /// Observations with `p ≤ alpha`.
    pub significant: Option<QuadrantCounts>,
    /// Observations that survive at a false-discovery rate of `alpha`.
    pub significant_fdr: Option<QuadrantCounts>,
}

/// Getis-Ord Gi* in figures; what was not tested is `None`, not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct GetisOrdSummary {
    /// Observations with Gi* z above 0 and `p ≤ alpha`.
    pub hot: Option<u32>,
    /// Observations with Gi* z below 0 and `p ≤ alpha`.
    pub cold: Option<u32>,
    /// Hot ones that survive at a false-discovery rate of `alpha`.
    pub hot_fdr: Option<u32>,
    /// Cold ones likewise.
    pub cold_fdr: Option<u32>,
}

/// Local statistics as columns aligned with the values given; `None` for islands and unknown values.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LocalResults {
    /// Why all columns are empty, where they are.
    pub undefined: Option<Undefined>,
    /// Whether each observation can be tested.
    pub standing: Vec<Standing>,
    /// Local Moran `I_i`.
    pub moran: Column<f64>,
    /// Where each observation stands in the Moran scatter plot.
    pub quadrant: Vec<Option<Quadrant>>,
    /// Permutation p of local Moran.
    pub moran_p: Column<f64>,
    /// Which observations' local Moran survives at a false-discovery rate of `alpha`.
    pub moran_fdr: FalseDiscovery,
    /// Gi as a z-score: the lag without the observation itself. `None` too where the lag cannot vary: all other values
    /// are equal, or all others are neighbours.
    pub gi_z: Column<f64>,
    /// Gi* as a z-score: the lag with the observation itself. `None` too where all others are neighbours.
    pub gi_star_z: Column<f64>,
    /// Permutation p of Gi, and of Gi*: the observation's own value is not drawn, so both have the same rank.
    pub g_p: Column<f64>,
    /// Which observations' Gi and Gi* survive at a false-discovery rate of `alpha`.
    pub g_fdr: FalseDiscovery,
    /// Sums closer than this, in the unit of the values, may count as ties: values are added as integers of this unit.
    /// Decimals of up to nine places are held exactly where their digits leave room for the sums. For general weights, the
    /// share of `Σ_j |w_ij| · max |z|` within which lags are ties.
    pub resolution: Option<f64>,
    /// Local Moran in figures.
    pub local_moran: LocalMoranSummary,
    /// Gi* in figures.
    pub getis_ord: GetisOrdSummary,
}

/// Lags of general weights closer than this share of the largest possible are ties: a few thousand roundings.
const TIE_SHARE: f64 = 1e-12;

/// What is found for one known observation; `NaN` where there is nothing.
#[derive(Clone, Copy)]
struct Row {
    moran: f64,
    quadrant: Quadrant,
    gi_z: f64,
    gi_star_z: f64,
    moran_p: f64,
    g_p: f64,
}

impl Observations<'_> {
    /// Local Moran, Gi and Gi* of every observation, tested by conditional permutation.
    ///
    /// With `z` the deviations from the mean, `W = Σ_j w_ij`, `Q = Σ_j w_ij²`, and `m`, `s` mean and standard deviation of
    /// the values other than `i`:
    /// * local Moran `I_i = (n−1) z_i Σ_j w_ij z_j / Σ z²` ([`Divisor`]);
    /// * Gi `= (Σ_j w_ij y_j − W m) / (s √(((n−1) Q − W²)/(n−2)))`;
    /// * Gi* `= (Σ_j w_ij y_j − W ȳ) / (S √((n Q − W²)/(n−1)))`, where the sums take in `i` itself, as heavy as the heaviest
    ///   link of its row, and `S` divides by n.
    ///
    /// Gi and Gi* do not depend on the scale of a row, so binary and row-standardised weights give the same z (PySAL uses
    /// the moments of binary weights for both, which does not).
    ///
    /// The test holds the value of `i` and draws those of its neighbours from the other known values without replacement.
    /// M≥ and M≤ count the draws whose lag is at least, and at most, the lag observed; ties count in both. Where `z_i` is 0,
    /// local Moran is 0 whatever is drawn: p is 1. Where all others are neighbours there is one draw only: p is 1.
    /// Significance is `p ≤ alpha`, and again after [`false_discovery`].
    ///
    /// # Errors
    /// [`ParamError`] for options out of range. Values that allow no test are no error: all columns are empty and
    /// [`undefined`](LocalResults::undefined) says why.
    ///
    /// # Complexity
    /// For weights equal within rows O(m + R·K + d·R log R + n log R), with K the number of neighbours up to which draws are
    /// tabled (at most 127) and d how many distinct numbers of neighbours there are, plus O(R·k) for each hub beyond K;
    /// general weights and [`Scheme::Fresh`] O(R·m). Memory O(n + m + R·K).
    ///
    /// # Source
    /// Anselin (1995), Local indicators of spatial association, Geographical Analysis 27, 93-115; Ord and Getis (1995), Local
    /// spatial autocorrelation statistics, Geographical Analysis 27, 286-306. The two-sided p is this library's: twice the
    /// smaller tail.
    ///
    /// ```
    /// use landuse::stats::{Contiguity, LocalOptions, Observations, Quadrant, Weights};
    /// let grid = Weights::lattice(20, 20, Contiguity::Queen)?.row_standardised();
    /// // Low in the first five rows, high elsewhere, and noise.
    /// let values = (0..400).map(|i| f64::from(u8::from(i >= 100)) + f64::from(i * 7919 % 100) / 1000.0);
    /// let local = Observations::new(values, &grid)?.local(&LocalOptions::default().with_seed(1))?;
    /// assert_eq!(local.quadrant[21], Some(Quadrant::Ll));
    /// assert!(local.moran_p.get(21).unwrap() < 0.01 && local.moran_fdr.discovery[21]);
    /// assert!(local.getis_ord.cold.unwrap() > 50);
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn local(&self, options: &LocalOptions) -> Result<LocalResults, ParamError> {
        self.local_watched(options, &Watch::nobody())
    }

    /// As [`local`](Self::local), while somebody watches: ranks are left out once the work is cancelled.
    pub(crate) fn local_watched(
        &self,
        options: &LocalOptions,
        watch: &Watch<'_>,
    ) -> Result<LocalResults, ParamError> {
        options.check()?;
        if let Err(reason) = self.defined(3) {
            // Checks alpha as well.
            let none = false_discovery(self.known.iter().map(|_| None), options.alpha)?;
            return Ok(self.results(options, Err(reason), None, (none.clone(), none)));
        }
        let lags = self.weights.lag(&self.deviations);
        let (rows, resolution) = self.rows(&lags, options, watch);
        let column = |p: fn(&Row) -> f64| {
            let mut rows = rows.iter();
            let known = self.known.iter().map(move |&known| if known { rows.next().map(p) } else { None });
            false_discovery(known.map(|p| p.filter(|p| !p.is_nan())), options.alpha)
        };
        let fdr = (column(|row| row.moran_p)?, column(|row| row.g_p)?);
        let global_i = self.global_i(&lags);
        Ok(self.results(options, Ok((&rows, global_i)), Some(resolution), fdr))
    }

    fn rows(&self, lags: &[f64], options: &LocalOptions, watch: &Watch<'_>) -> (Vec<Row>, f64) {
        let weights = &*self.weights;
        let draws = Draws { permutations: options.permutations, seed: options.seed, scheme: options.scheme };
        let z = &self.deviations;
        let count = self.known();
        if !weights.is_equal() {
            let sign = |x: f64| i8::from(x > 0.0) - i8::from(x < 0.0);
            let largest = z.iter().fold(0.0f64, |largest, z| largest.max(z.abs()));
            let ranks = conditional::of_lags(weights, z, lags, TIE_SHARE * largest, draws);
            let rows =
                self.in_parallel(|i| self.row(i, lags[i], [z[i], lags[i]].map(sign), ranks[i], options));
            return (rows, TIE_SHARE);
        }
        let most = (0..count).map(|i| weights.degree(i)).max().unwrap_or(0);
        let Fixed { values, resolution } = Fixed::new(&self.values, most + 2);
        let sums: Vec<i64> =
            self.in_parallel(|i| weights.neighbours(i).iter().map(|&j| values[j as usize]).sum());
        let total: i128 = values.iter().map(|&value| i128::from(value)).sum();
        let ranks = conditional::of_sums(weights, &values, &sums, draws, watch);
        let sign =
            |sum: i64, terms: usize| (i128::from(sum) * count as i128 - total * terms as i128).signum() as i8;
        let rows = self.in_parallel(|i| {
            let signs = [sign(values[i], 1), sign(sums[i], weights.degree(i))];
            self.row(i, lags[i], signs, ranks[i], options)
        });
        (rows, resolution / self.scale)
    }

    fn in_parallel<T: Send>(&self, f: impl Fn(usize) -> T + Sync) -> Vec<T> {
        parallel::collect(self.known(), 4096, &f)
    }

    /// One observation, given its lag, the signs of its deviation and of its lag, and the rank of the lag.
    fn row(&self, i: usize, lag: f64, signs: [i8; 2], rank: Rank, options: &LocalOptions) -> Row {
        let n = self.known() as f64;
        let (z, degree) = (self.deviations[i], self.weights.degree(i));
        let quadrant = match signs.map(|sign| sign > 0) {
            [true, true] => Quadrant::Hh,
            [false, true] => Quadrant::Lh,
            [false, false] => Quadrant::Ll,
            [true, false] => Quadrant::Hl,
        };
        if degree == 0 {
            return Row {
                moran: f64::NAN,
                quadrant,
                gi_z: f64::NAN,
                gi_star_z: f64::NAN,
                moran_p: f64::NAN,
                g_p: f64::NAN,
            };
        }
        let divisor = match options.divisor {
            Divisor::NMinusOne => n - 1.0,
            Divisor::N => n,
        };
        // A z-score does not depend on the scale of the row: equal weights are taken as 1.
        let k = degree as f64;
        let (sum, w, q, own) = match self.weights.explicit(i) {
            None if self.weights.style() == super::Style::RowStandardised => (lag * k, k, k, 1.0),
            None => (lag, k, k, 1.0),
            Some(row) => {
                let heaviest = row.iter().fold(f64::NEG_INFINITY, |most, &weight| most.max(weight));
                (lag, row.iter().sum(), row.iter().map(|weight| weight * weight).sum(), heaviest)
            }
        };
        // n Q − W² is 0 where every other observation is linked with the same weight, but for rounding.
        let spread = |n: f64, w: f64, q: f64| Some(n * q - w * w).filter(|spread| *spread > 1e-12 * n * q);
        let gi_z = spread(n - 1.0, w, q).zip(self.variance_of_others(i)).map(|(spread, variance)| {
            let mean = -z / (n - 1.0);
            (sum - w * mean) / (variance * spread / (n - 2.0)).sqrt()
        });
        let (w, q) = (w + own, q + own * own);
        let gi_star_z =
            spread(n, w, q).map(|spread| (sum + own * z) / (self.squares / n * spread / (n - 1.0)).sqrt());
        let p = |rank: Rank| {
            let share = |count: u32| (f64::from(count) + 1.0) / (f64::from(options.permutations) + 1.0);
            match options.alternative {
                _ if options.permutations == 0 => f64::NAN,
                Alternative::TwoSided => f64::min(1.0, 2.0 * share(rank.at_least.min(rank.at_most))),
                Alternative::Greater => share(rank.at_least),
                Alternative::Less => share(rank.at_most),
            }
        };
        let of_moran = match signs[0] {
            0 => Rank { at_least: options.permutations, at_most: options.permutations },
            1.. => rank,
            _ => Rank { at_least: rank.at_most, at_most: rank.at_least },
        };
        Row {
            moran: divisor * z * lag / self.squares,
            quadrant,
            gi_z: gi_z.unwrap_or(f64::NAN),
            gi_star_z: gi_star_z.unwrap_or(f64::NAN),
            moran_p: p(of_moran),
            g_p: p(rank),
        }
    }

    /// Variance, divided by their number, of all values but `i`; `None` where they are equal.
    fn variance_of_others(&self, i: usize) -> Option<f64> {
        let others = self.known() as f64 - 1.0;
        let z = self.deviations[i];
        let squares = self.squares - z * z * (others + 1.0) / others;
        if squares > 1e-6 * self.squares {
            return Some(squares / others);
        }
        // One value holds nearly all variance, and there can be but one such: add up the others without cancellation.
        let rest = || self.values.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, value)| *value);
        let first = rest().next()?;
        if rest().all(|value| value == first) {
            return None;
        }
        let mean = super::observations::total(rest()) / others;
        Some(super::observations::total(rest().map(|value| (value - mean).powi(2))) / others)
    }

    /// Spreads what is known over the rows given, and counts.
    fn results(
        &self,
        options: &LocalOptions,
        found: Result<(&[Row], f64), Undefined>,
        resolution: Option<f64>,
        (moran_fdr, g_fdr): (FalseDiscovery, FalseDiscovery),
    ) -> LocalResults {
        let (rows, global_i) = found.map_or((None, None), |(rows, i)| (Some(rows), Some(i)));
        let tested = rows.is_some() && options.permutations > 0;
        let len = self.known.len();
        let mut results = LocalResults {
            undefined: found.err(),
            standing: Vec::with_capacity(len),
            moran: Column::new(),
            quadrant: Vec::with_capacity(len),
            moran_p: Column::new(),
            moran_fdr,
            gi_z: Column::new(),
            gi_star_z: Column::new(),
            g_p: Column::new(),
            g_fdr,
            resolution,
            local_moran: LocalMoranSummary {
                permutations: options.permutations,
                global_i,
                significant: None,
                significant_fdr: None,
            },
            getis_ord: GetisOrdSummary { hot: None, cold: None, hot_fdr: None, cold_fdr: None },
        };
        let mut quadrants = [QuadrantCounts::default(); 2];
        let mut spots = [[0u32; 2]; 2];
        let mut next = 0;
        for (at, &known) in self.known.iter().enumerate() {
            let dense = known.then_some(next);
            next += usize::from(known);
            results.standing.push(match dense {
                None => Standing::Unknown,
                Some(i) if self.weights.degree(i) == 0 => Standing::Island,
                Some(_) => Standing::Linked,
            });
            let row = rows.zip(dense).map(|(rows, i)| rows[i]);
            let value = |of: fn(&Row) -> f64| row.as_ref().map(of).filter(|value| !value.is_nan());
            results.moran.push(value(|row| row.moran));
            results.quadrant.push(row.filter(|row| !row.moran.is_nan()).map(|row| row.quadrant));
            results.moran_p.push(value(|row| row.moran_p));
            results.gi_z.push(value(|row| row.gi_z));
            results.gi_star_z.push(value(|row| row.gi_star_z));
            results.g_p.push(value(|row| row.g_p));
            let Some(row) = row else { continue };
            let moran = [row.moran_p <= options.alpha, results.moran_fdr.discovery[at]];
            let g = [row.g_p <= options.alpha, results.g_fdr.discovery[at]];
            for level in 0..2 {
                if moran[level] {
                    *quadrants[level].of(row.quadrant) += 1;
                }
                if g[level] {
                    spots[level][0] += u32::from(row.gi_star_z > 0.0);
                    spots[level][1] += u32::from(row.gi_star_z < 0.0);
                }
            }
        }
        if tested {
            results.local_moran.significant = Some(quadrants[0]);
            results.local_moran.significant_fdr = Some(quadrants[1]);
            let [[hot, cold], [hot_fdr, cold_fdr]] = spots.map(|pair| pair.map(Some));
            results.getis_ord = GetisOrdSummary { hot, cold, hot_fdr, cold_fdr };
        }
        results
    }
}

impl QuadrantCounts {
    fn of(&mut self, quadrant: Quadrant) -> &mut u32 {
        match quadrant {
            Quadrant::Hh => &mut self.hh,
            Quadrant::Lh => &mut self.lh,
            Quadrant::Ll => &mut self.ll,
            Quadrant::Hl => &mut self.hl,
        }
    }
}

impl LocalResults {
    /// How many observations are islands.
    pub fn islands(&self) -> usize {
        self.standing.iter().filter(|&&standing| standing == Standing::Island).count()
    }

    /// How many values are unknown.
    pub fn unknown(&self) -> usize {
        self.standing.iter().filter(|&&standing| standing == Standing::Unknown).count()
    }
}
