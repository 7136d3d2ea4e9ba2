use crate::error::ParamError;
use crate::parallel;
use crate::parcel::Column;

/// Which of many tests survive when false discoveries are to be rare among the discoveries.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct FalseDiscovery {
    /// The largest p-value that counts as a discovery may not exceed this; `None` where there is no discovery.
    pub cutoff: Option<f64>,
    /// Whether each test is a discovery, in the order given; a test without p-value never is.
    pub discovery: Vec<bool>,
    /// The rate at which each test would just be a discovery (its q-value, the adjusted p of Benjamini and Hochberg); none without a
    /// p-value.
    pub q: Column<f64>,
    /// How many discoveries there are.
    pub discoveries: usize,
    /// How many tests have a p-value.
    pub tests: usize,
    /// How many have none (islands, unknown values): they count neither as tests nor as discoveries.
    pub excluded: usize,
}

/// Controls the false-discovery rate at `alpha` over all p-values (Benjamini-Hochberg).
///
/// With the `m` known p-values ascending, the cut-off is `i·alpha/m` for the largest `i` with `p_(i) ≤ i·alpha/m`, and every
/// `p` up to it is a discovery; `q_(i)` is the least `m·p_(j)/j` of `j ≥ i`, at most 1. (PySAL's `fdr` asks for `<` and returns `alpha/m` where no `i` qualifies.)
///
/// The guarantee, that on average at most `alpha` of the discoveries are false, holds for independent tests and for
/// positively dependent ones. Neighbours share values, so local tests depend on each other; and p-values from
/// [`Scheme::Shared`](super::Scheme::Shared) draws share their Monte-Carlo error on top, so a poor table moves all of them
/// the same way. That error has a standard deviation of about `√(p(1−p)/R)`: take R large. As no p from R draws is below
/// `1/(R + 1)` (twice that two-sided), nothing can be found before enough tests stand at that minimum.
///
/// # Errors
/// [`ParamError`] where `alpha` is not in (0, 1) or a p-value is not in 0..=1.
///
/// # Complexity
/// O(m log m).
///
/// # Source
/// Benjamini and Hochberg (1995), Controlling the false discovery rate, J. R. Stat. Soc. B 57, 289-300.
///
/// ```
/// use landuse::stats::false_discovery;
/// let found = false_discovery([Some(0.01), None, Some(0.5), Some(0.05), Some(0.02)], 0.08)?;
/// assert_eq!(found.discovery, [true, false, false, true, true]);
/// assert_eq!((found.discoveries, found.tests, found.excluded), (3, 4, 1));
/// assert!((found.cutoff.unwrap() - 0.06).abs() < 1e-15);
/// # Ok::<(), landuse::ParamError>(())
/// ```
pub fn false_discovery(
    p: impl IntoIterator<Item = Option<f64>>,
    alpha: f64,
) -> Result<FalseDiscovery, ParamError> {
    if !(alpha > 0.0 && alpha < 1.0) {
        return Err(ParamError::new("alpha", alpha, "a share above 0 and below 1"));
    }
    let p: Vec<Option<f64>> = p.into_iter().collect();
    if let Some(wrong) = p.iter().flatten().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(ParamError::new("p", wrong, "a probability in 0..=1"));
    }
    let tests = p.iter().flatten().count();
    let bound = |rank: usize| rank as f64 * alpha / tests as f64;
    let mut keyed: Vec<u64> = p.iter().flatten().map(|&p| parallel::ordered(p + 0.0)).collect();
    parallel::sort(&mut keyed);
    let sorted: Vec<f64> = keyed.into_iter().map(parallel::from_ordered).collect();
    let last = (1..=tests).rev().find(|&rank| sorted[rank - 1] <= bound(rank));
    let cutoff = last.map(bound);
    let discovery: Vec<bool> =
        p.iter().map(|p| p.zip(cutoff).is_some_and(|(p, cutoff)| p <= cutoff)).collect();
    let mut adjusted = vec![1.0; tests];
    let mut least = 1.0_f64;
    for rank in (1..=tests).rev() {
        least = least.min(tests as f64 * sorted[rank - 1] / rank as f64);
        adjusted[rank - 1] = least;
    }
    let q_of = |p: f64, found: bool| {
        let q = adjusted[sorted.partition_point(|&own| own < p)];
        // Rounding does not part a test from what was said of it.
        if found { q.min(alpha) } else { q.max(alpha.next_up()) }
    };
    let q = p.iter().zip(&discovery).map(|(&p, &found)| Some(q_of(p?, found))).collect();
    Ok(FalseDiscovery {
        cutoff,
        discovery,
        q,
        discoveries: last.unwrap_or(0),
        tests,
        excluded: p.len() - tests,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_definition_by_counting() {
        let mut state = 1u64;
        for round in 0..200 {
            let p: Vec<Option<f64>> = (0..30)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    let draw = (state >> 40) as f64 / (1u64 << 24) as f64;
                    (draw > 0.1).then_some((draw.powi(1 + round % 4) * 100.0).round() / 100.0)
                })
                .collect();
            let found = false_discovery(p.iter().copied(), 0.2).unwrap();
            let m = p.iter().flatten().count() as f64;
            // A p passes where some threshold t >= p has at least t·m/alpha values up to it.
            let up_to = |t: f64| p.iter().flatten().filter(|&&p| p <= t).count() as f64;
            let passes = |p: f64| {
                (1..=30).map(|i| f64::from(i) * 0.2 / m).any(|t| p <= t && up_to(t) >= t * m / 0.2 - 1e-9)
            };
            let expected: Vec<bool> = p.iter().map(|p| p.is_some_and(passes)).collect();
            assert_eq!(found.discovery, expected);
            assert_eq!(found.discoveries, expected.iter().filter(|&&d| d).count());
            // The q-value of a test is the least rate at which it is a discovery.
            for (i, q) in found.q.iter().enumerate() {
                assert_eq!(q.is_some_and(|q| q <= 0.2), found.discovery[i]);
                let Some(q) = q.filter(|q| *q > 1e-6 && *q < 0.99) else { continue };
                let at = |rate: f64| false_discovery(p.iter().copied(), rate).unwrap().discovery[i];
                assert!(at(q * (1.0 + 1e-9)) && !at(q * (1.0 - 1e-9)), "q {q}");
            }
        }
    }

    #[test]
    fn nothing_to_test_and_wrong_input() {
        let none = false_discovery([None, None], 0.05).unwrap();
        assert_eq!((none.cutoff, none.tests, none.excluded), (None, 0, 2));
        assert_eq!(false_discovery([Some(0.05)], 0.05).unwrap().discoveries, 1);
        assert!(false_discovery([Some(f64::NAN)], 0.05).is_err());
        assert!(false_discovery([Some(0.5)], f64::NAN).is_err());
        assert!(false_discovery([Some(0.5)], 0.0).is_err());
    }
}
