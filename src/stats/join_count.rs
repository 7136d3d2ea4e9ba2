use std::borrow::Cow;
use std::collections::HashMap;

use super::{Reference, Undefined, Weights};
use crate::parcel::Column;

/// How often neighbours share a mark: "black" is marked (low-efficiency, say), "white" is not.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct JoinCounts {
    /// Joins of two black observations: `BB = ½ Σ w_ij x_i x_j`.
    pub black_black: f64,
    /// Joins of a black and a white one: `BW = ½ Σ w_ij (x_i − x_j)²`.
    pub black_white: f64,
    /// Joins of two white ones; `BB + BW + WW = S0/2`.
    pub white_white: f64,
    /// BB where every arrangement of the marks is equally likely; `None` where it cannot vary.
    pub black_black_reference: Option<Reference>,
    /// BW likewise.
    pub black_white_reference: Option<Reference>,
    /// WW likewise.
    pub white_white_reference: Option<Reference>,
}

/// For each observation how many of its neighbours are black like itself, with an exact p-value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LocalJoinCounts {
    /// Black neighbours of a black observation, 0 for a white one; unknown where the mark is.
    pub count: Column<u32>,
    /// Probability of at least as many; unknown for white observations, islands and unknown marks.
    pub p: Column<f64>,
}

/// The marks as given, the known ones, and the weights among these.
struct Marks<'w> {
    given: Vec<Option<bool>>,
    black: Vec<bool>,
    weights: Cow<'w, Weights>,
}

impl<'w> Marks<'w> {
    fn new<T: Into<Option<bool>>>(
        black: impl IntoIterator<Item = T>,
        weights: &'w Weights,
    ) -> Result<Self, Undefined> {
        let given: Vec<Option<bool>> = black.into_iter().map(Into::into).collect();
        if given.len() != weights.len() {
            return Err(Undefined::Length { given: given.len(), observations: weights.len() });
        }
        let (black, weights) = weights.known(&given);
        Ok(Self { given, black, weights })
    }
}

/// Global join counts with their moments under randomisation (sampling without replacement). Unknown marks are left out with
/// their links. Weights are usually binary; a join counted in both directions counts once.
///
/// # Errors
/// [`Undefined`] with fewer than three known marks or without links, or where marks and observations differ in number.
///
/// # Complexity
/// O(n + m log k).
///
/// # Source
/// Cliff and Ord (1981), Spatial Processes, 11-20.
///
/// ```
/// use landuse::stats::{Contiguity, Weights, join_counts};
/// let grid = Weights::lattice(4, 4, Contiguity::Rook)?;
/// let joins = join_counts((0..16).map(|i| i >= 8), &grid)?;
/// assert_eq!((joins.black_black, joins.black_white, joins.white_white), (10.0, 4.0, 10.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn join_counts<T: Into<Option<bool>>>(
    black: impl IntoIterator<Item = T>,
    weights: &Weights,
) -> Result<JoinCounts, Undefined> {
    let Marks { black, weights, .. } = Marks::new(black, weights)?;
    if black.len() < 3 {
        return Err(Undefined::TooFew { known: black.len(), needed: 3 });
    }
    let sums = weights.sums();
    let (s0, s1, s2) = (sums.s0, sums.s1, sums.s2);
    if weights.links() == 0 || s0 == 0.0 {
        return Err(Undefined::NoLinks);
    }
    let (mut both, mut one) = (0.0, 0.0);
    for (i, &own) in black.iter().enumerate() {
        for (j, weight) in weights.row(i) {
            match (own, black[j as usize]) {
                (true, true) => both += weight / 2.0,
                (true, false) | (false, true) => one += weight / 2.0,
                (false, false) => {}
            }
        }
    }
    let n = black.len() as f64;
    let blacks = black.iter().filter(|&&b| b).count() as f64;
    let whites = n - blacks;
    // x (x − 1) … (x − order + 1) / (n (n − 1) … (n − order + 1)), 0 where n is too small to draw so many.
    let falling = |x: f64, order: u32| (0..order).map(|t| x - f64::from(t)).product::<f64>();
    let share = |top: f64, order: u32| if top == 0.0 { 0.0 } else { top / falling(n, order) };
    let same = |observed: f64, count: f64| {
        let expectation = s0 / 2.0 * share(falling(count, 2), 2);
        let square = (s1 * share(falling(count, 2), 2)
            + (s2 - 2.0 * s1) * share(falling(count, 3), 3)
            + (s0 * s0 + s1 - s2) * share(falling(count, 4), 4))
            / 4.0;
        Reference::new(observed, expectation, square - expectation * expectation)
    };
    let expectation = s0 * share(blacks * whites, 2);
    let square = (2.0 * s1 * share(blacks * whites, 2)
        + (s2 - 2.0 * s1) * share(blacks * whites * (n - 2.0), 3)
        + 4.0 * (s0 * s0 + s1 - s2) * share(falling(blacks, 2) * falling(whites, 2), 4))
        / 4.0;
    let neither = s0 / 2.0 - both - one;
    Ok(JoinCounts {
        black_black: both,
        black_white: one,
        white_white: neither,
        black_black_reference: same(both, blacks),
        black_white_reference: Reference::new(one, expectation, square - expectation * expectation),
        white_white_reference: same(neither, whites),
    })
}

/// Local join counts: black neighbours of each black observation. Links count once each, whatever they weigh.
///
/// Holding observation `i` black and placing the other `B − 1` black marks at random among `n − 1` places, the number that falls
/// on its `k_i` neighbours is hypergeometric; `p` is the exact probability of at least the number observed. No draw is needed.
///
/// # Errors
/// [`Undefined::Length`] where marks and observations differ in number.
///
/// # Complexity
/// O(n + m), and O(k) for each distinct pair of `k_i` and count.
///
/// # Source
/// Anselin and Li (2019), Operational local join count statistics for cluster detection, J. Geogr. Syst. 21, 189-210.
///
/// ```
/// use landuse::stats::{Contiguity, Weights, local_join_counts};
/// let row = Weights::lattice(1, 5, Contiguity::Rook)?;
/// let local = local_join_counts([true, true, true, false, false], &row)?;
/// assert_eq!((local.count.get(1), local.count.get(4)), (Some(2), Some(0)));
/// // Two marks on four places, both beside observation 1: one arrangement of six.
/// assert!((local.p.get(1).unwrap() - 1.0 / 6.0).abs() < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn local_join_counts<T: Into<Option<bool>>>(
    black: impl IntoIterator<Item = T>,
    weights: &Weights,
) -> Result<LocalJoinCounts, Undefined> {
    let Marks { given, black, weights } = Marks::new(black, weights)?;
    let others = black.len().saturating_sub(1);
    let marked = black.iter().filter(|&&b| b).count().saturating_sub(1);
    let mut tails = HashMap::new();
    let (mut count, mut p) = (Column::new(), Column::new());
    let mut at = 0..black.len();
    for mark in given {
        let dense = if mark.is_some() { at.next() } else { None };
        let found = dense.filter(|&i| black[i]).map(|i| {
            let row = weights.neighbours(i);
            (row.len(), row.iter().filter(|&&j| black[j as usize]).count())
        });
        count.push(mark.map(|_| found.map_or(0, |(_, beside)| beside as u32)));
        let tested = found.filter(|&(degree, _)| degree > 0);
        p.push(tested.map(|key| *tails.entry(key).or_insert_with(|| tail(others, marked, key.0, key.1))));
    }
    Ok(LocalJoinCounts { count, p })
}

/// Probability of at least `found` marked among `drawn` out of `total`, of which `marked` are marked.
fn tail(total: usize, marked: usize, drawn: usize, found: usize) -> f64 {
    let most = drawn.min(marked);
    let least = (drawn + marked).saturating_sub(total);
    if found <= least {
        return 1.0;
    }
    let (n, m, k) = (total as f64, marked as f64, drawn as f64);
    // P(found) = Π of `drawn` fractions × C(drawn, found); factors taken in turn so that neither over- nor underflows early.
    let mut probability = 1.0;
    let mut choose = 0;
    for t in 0..drawn {
        let places = n - t as f64;
        probability *=
            if t < found { (m - t as f64) / places } else { (n - m - (t - found) as f64) / places };
        while choose < found && (probability < 1.0 || t + 1 == drawn) {
            choose += 1;
            probability *= (k - (found - choose) as f64) / choose as f64;
        }
    }
    let mut sum = 0.0;
    for x in found..=most {
        sum += probability;
        let x = x as f64;
        probability *= (m - x) * (k - x) / ((x + 1.0) * (n - m - k + x + 1.0));
    }
    f64::min(sum, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Contiguity;

    #[test]
    fn moments_are_those_of_all_arrangements() {
        let one_way: Vec<Vec<(u32, f64)>> =
            (0..8).map(|i| vec![((i + 1) % 8, 1.0 + f64::from(i)), ((i + 3) % 8, 0.5)]).collect();
        for weights in [
            Weights::lattice(2, 4, Contiguity::Rook).unwrap(),
            Weights::lattice(2, 4, Contiguity::Queen).unwrap().row_standardised(),
            Weights::from_weighted(&one_way).unwrap(),
        ] {
            let of = |marks: u32| join_counts((0..8).map(|i| marks >> i & 1 == 1), &weights).unwrap();
            for blacks in 2..=6 {
                let all: Vec<JoinCounts> = (0..256u32).filter(|m| m.count_ones() == blacks).map(of).collect();
                let check = |value: fn(&JoinCounts) -> f64, reference: Option<Reference>| {
                    let reference = reference.unwrap();
                    let mean = all.iter().map(value).sum::<f64>() / all.len() as f64;
                    let variance =
                        all.iter().map(|j| (value(j) - mean).powi(2)).sum::<f64>() / all.len() as f64;
                    assert!((reference.expectation - mean).abs() < 1e-12);
                    assert!((reference.variance / variance - 1.0).abs() < 1e-9, "{reference:?} {variance}");
                };
                check(|j| j.black_black, all[0].black_black_reference);
                check(|j| j.black_white, all[0].black_white_reference);
                check(|j| j.white_white, all[0].white_white_reference);
            }
        }
    }

    #[test]
    fn tails_are_those_of_counting() {
        let choose = |n: u32, k: u32| (0..k).fold(1.0, |c, t| c * f64::from(n - t) / f64::from(t + 1));
        for (total, marked, drawn) in
            [(10, 4, 3), (12, 9, 7), (40, 1, 6), (30, 15, 29), (9, 0, 4), (60, 30, 25)]
        {
            let ways = |x: u32| {
                let rest = drawn - x;
                if x > marked || rest > total - marked {
                    0.0
                } else {
                    choose(marked, x) * choose(total - marked, rest)
                }
            };
            for found in 0..=drawn.min(marked) {
                let expected = (found..=drawn).map(ways).sum::<f64>() / choose(total, drawn);
                let p = tail(total as usize, marked as usize, drawn as usize, found as usize);
                assert!(
                    (p - expected).abs() < 1e-12 * expected.max(1e-3),
                    "{total} {marked} {drawn} {found}: {p} {expected}"
                );
            }
        }
        // scipy.stats.hypergeom(10**6, 3 * 10**5, 500).sf(199)
        assert!((tail(1_000_000, 300_000, 500, 200) / 1.223_986_449_294_25e-6 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn unknown_marks_go_with_their_links() {
        let row = Weights::lattice(1, 5, Contiguity::Rook).unwrap();
        let marks = [Some(true), Some(true), None, Some(true), Some(false)];
        let local = local_join_counts(marks, &row).unwrap();
        assert_eq!(local.count.iter().collect::<Vec<_>>(), [Some(1), Some(1), None, Some(0), Some(0)]);
        assert!((local.p.get(0).unwrap() - 2.0 / 3.0).abs() < 1e-15);
        assert_eq!((local.p.get(2), local.p.get(3), local.p.get(4)), (None, Some(1.0), None));
        assert_eq!(join_counts(marks, &row).unwrap().black_black, 1.0);
        assert_eq!(join_counts([None::<bool>; 5], &row), Err(Undefined::TooFew { known: 0, needed: 3 }));
        assert!(join_counts([true], &row).is_err());
    }
}
