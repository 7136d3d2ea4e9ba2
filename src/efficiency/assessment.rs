use serde::Serialize;

use super::{Direction, Measures, Rule, quantile};
use crate::error::{Error, ParamError};
use crate::parcel::{Column, ParcelIdx};

/// What a rule says of one parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// It is not judged: no candidate.
    NotCandidate,
    /// Too little is known of it, or of its peers, to say.
    Unknown,
    /// It is low-efficiency.
    Low,
    /// It is not.
    NotLow,
}

impl Verdict {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotCandidate => "not_candidate",
            Self::Unknown => "unknown",
            Self::Low => "low",
            Self::NotLow => "not_low",
        }
    }
}

/// What a threshold rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// An absolute standard.
    Standard,
    /// A quantile among candidates: suspicion only.
    Quantile,
    /// A condition without threshold.
    Condition,
}

/// One test of a rule over all parcels.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The test in words.
    pub rule: Box<str>,
    /// What the threshold rests on.
    pub basis: Basis,
    /// Which end is good.
    pub direction: Direction,
    /// The threshold in the unit of the values. None for a condition, or where too few candidates are known to rank.
    pub threshold: Option<f64>,
    /// Candidates exactly at the threshold: they pass.
    pub at_threshold: usize,
    /// The tested value of every parcel, candidate or not; 1 and 0 for a condition.
    pub values: Column<f64>,
}

impl Test {
    /// Whether the test marks a parcel as low; none where the value or the threshold is unknown.
    pub fn is_low(&self, parcel: ParcelIdx) -> Option<bool> {
        let value = self.values.get(parcel.index())?;
        match (self.basis, self.direction) {
            (Basis::Condition, _) => Some(value != 0.0),
            (_, Direction::HigherIsBetter) => Some(value < self.threshold?),
            (_, Direction::LowerIsBetter) => Some(value > self.threshold?),
        }
    }
}

/// Why a parcel got its verdict: one test, its value, the threshold, and the distance between the two.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason<'a> {
    /// The test in words.
    pub rule: &'a str,
    /// Whether it marks the parcel as low.
    pub low: Option<bool>,
    /// The parcel's value.
    pub value: Option<f64>,
    /// The threshold.
    pub threshold: Option<f64>,
    /// How far the value is on the good side of the threshold; negative on the bad side.
    pub margin: Option<f64>,
}

/// A rule judged over a set of parcels.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// One verdict per parcel.
    pub verdicts: Vec<Verdict>,
    /// The tests of the rule, in the order they stand in it.
    pub tests: Vec<Test>,
    /// What a reader should know: ties at a threshold, groups too small to rank.
    pub warnings: Vec<String>,
}

/// Fewer known candidates than this are not ranked.
pub const MIN_RANKED: usize = 30;

impl Assessment {
    /// Judges `rule` over the parcels that `candidates` marks; `candidates` has one entry per parcel.
    ///
    /// Quantiles are of type 7 among candidates with a known value, low is strictly worse than the quantile, and fewer than
    /// [`MIN_RANKED`] known candidates are not ranked. `any`, `all` and `at_least` follow Kleene's logic: an unknown test
    /// matters only where it could turn the verdict.
    ///
    /// # Errors
    /// [`ParamError`] for a share outside 0 to 1, a standard that is not finite or a list without rules; whatever evaluating
    /// an expression gives.
    ///
    /// # Complexity
    /// O(n · tests) expected.
    ///
    /// ```
    /// use landuse::efficiency::{Assessment, Rule, Verdict};
    /// use landuse::parcel::Column;
    ///
    /// let far = |_: &str| -> Column<f64> { [Some(0.4), Some(1.2), None, Some(0.3)].into_iter().collect() };
    /// let rule = Rule::Standard { metric: "far".into(), worse_than: 0.8, direction: Default::default() };
    /// let found = Assessment::judge(&rule, &[true, true, true, false], &far)?;
    /// use Verdict::*;
    /// assert_eq!(found.verdicts, [Low, NotLow, Unknown, NotCandidate]);
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn judge(rule: &Rule, candidates: &[bool], measures: &impl Measures) -> Result<Self, Error> {
        let mut assessment = Self { verdicts: Vec::new(), tests: Vec::new(), warnings: Vec::new() };
        let low = assessment.evaluate(rule, candidates, measures)?;
        assessment.verdicts = candidates
            .iter()
            .zip(low)
            .map(|(candidate, low)| match (candidate, low) {
                (false, _) => Verdict::NotCandidate,
                (true, None) => Verdict::Unknown,
                (true, Some(true)) => Verdict::Low,
                (true, Some(false)) => Verdict::NotLow,
            })
            .collect();
        Ok(assessment)
    }

    /// The tests behind a parcel's verdict, in the order of the rule.
    pub fn reasons(&self, parcel: ParcelIdx) -> impl Iterator<Item = Reason<'_>> {
        self.tests.iter().map(move |test| {
            let value = test.values.get(parcel.index());
            let margin = value.zip(test.threshold).map(|(value, threshold)| match test.direction {
                Direction::HigherIsBetter => value - threshold,
                Direction::LowerIsBetter => threshold - value,
            });
            Reason { rule: &test.rule, low: test.is_low(parcel), value, threshold: test.threshold, margin }
        })
    }

    /// How many parcels got `verdict`.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.verdicts.iter().filter(|&&v| v == verdict).count()
    }

    /// One flag per parcel: set where the verdict is [`Verdict::Low`].
    pub fn low(&self) -> Vec<bool> {
        self.verdicts.iter().map(|&v| v == Verdict::Low).collect()
    }

    fn evaluate(
        &mut self,
        rule: &Rule,
        candidates: &[bool],
        measures: &impl Measures,
    ) -> Result<Vec<Option<bool>>, Error> {
        let test = match rule {
            Rule::Standard { metric, worse_than, direction } => {
                if !worse_than.is_finite() {
                    return Err(ParamError::new("worse_than", worse_than, "a finite number").into());
                }
                let values = measures.numbers(metric)?;
                (Basis::Standard, *direction, Some(*worse_than), values)
            }
            Rule::Quantile { metric, worst_share, direction } => {
                if !(0.0..=1.0).contains(worst_share) {
                    return Err(ParamError::new("worst_share", worst_share, "a share from 0 to 1").into());
                }
                let values = measures.numbers(metric)?;
                let mut known: Vec<f64> =
                    values.iter().zip(candidates).filter_map(|(value, &is)| value.filter(|_| is)).collect();
                let p = match direction {
                    Direction::HigherIsBetter => *worst_share,
                    Direction::LowerIsBetter => 1.0 - worst_share,
                };
                let threshold = if known.len() < MIN_RANKED { None } else { quantile(&mut known, p) };
                if threshold.is_none() {
                    let known = known.len();
                    self.warnings.push(format!(
                        "{rule}: {known} known candidates are too few to rank (at least {MIN_RANKED})"
                    ));
                }
                (Basis::Quantile, *direction, threshold, values)
            }
            Rule::Holds { holds } => {
                let flags = measures.holds(holds)?;
                let values = flags.iter().map(|flag| flag.map(|flag| f64::from(u8::from(flag)))).collect();
                (Basis::Condition, Direction::LowerIsBetter, None, values)
            }
            Rule::Any { any } => return self.join(any, 1, "any", candidates, measures),
            Rule::All { all } => return self.join(all, all.len(), "all", candidates, measures),
            Rule::AtLeast { at_least, of } => return self.join(of, *at_least, "of", candidates, measures),
        };
        let (basis, direction, threshold, values) = test;
        let at_threshold = threshold.map_or(0, |threshold| {
            let is_tie = |(value, is): &(Option<f64>, &bool)| **is && *value == Some(threshold);
            values.iter().zip(candidates).filter(is_tie).count()
        });
        if basis == Basis::Quantile && at_threshold > 1 {
            self.warnings
                .push(format!("{rule}: {at_threshold} candidates stand exactly at the threshold and pass"));
        }
        let test = Test { rule: rule.to_string().into(), basis, direction, threshold, at_threshold, values };
        let low = (0..candidates.len() as u32).map(|i| test.is_low(ParcelIdx(i))).collect();
        self.tests.push(test);
        Ok(low)
    }

    /// At least `needed` of `rules`, in Kleene's logic.
    fn join(
        &mut self,
        rules: &[Rule],
        needed: usize,
        name: &str,
        candidates: &[bool],
        measures: &impl Measures,
    ) -> Result<Vec<Option<bool>>, Error> {
        if rules.is_empty() {
            return Err(ParamError::new(name, "an empty list", "at least one rule").into());
        }
        if !(1..=rules.len()).contains(&needed) {
            let expected = format!("1 to {}, as there are that many rules", rules.len());
            return Err(ParamError::new("at_least", needed, &expected).into());
        }
        let mut low = vec![0; candidates.len()];
        let mut unknown = vec![0; candidates.len()];
        for rule in rules {
            for (i, flag) in self.evaluate(rule, candidates, measures)?.into_iter().enumerate() {
                low[i] += usize::from(flag == Some(true));
                unknown[i] += usize::from(flag.is_none());
            }
        }
        Ok(low
            .iter()
            .zip(&unknown)
            .map(|(&low, &unknown)| match needed {
                needed if low >= needed => Some(true),
                needed if low + unknown < needed => Some(false),
                _ => None,
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard(metric: &str, worse_than: f64) -> Rule {
        Rule::Standard { metric: metric.into(), worse_than, direction: Direction::HigherIsBetter }
    }

    /// Column `a` holds 0, 1, 2 …; column `b` is unknown for even parcels and -1 for odd ones.
    fn measures(n: usize) -> impl Fn(&str) -> Column<f64> {
        move |metric: &str| {
            (0..n)
                .map(|i| if metric == "a" { Some(i as f64) } else { (i % 2 == 1).then_some(-1.0) })
                .collect()
        }
    }

    #[test]
    fn quantiles_are_strict_and_count_their_ties() {
        let values = |_: &str| -> Column<f64> { (0..40).map(|i| Some(f64::from(i / 10))).collect() };
        let rule =
            Rule::Quantile { metric: "x".into(), worst_share: 0.5, direction: Direction::HigherIsBetter };
        let found = Assessment::judge(&rule, &[true; 40], &values).unwrap();
        assert_eq!(found.tests[0].threshold, Some(1.5));
        assert_eq!(found.count(Verdict::Low), 20);
        let rule =
            Rule::Quantile { metric: "x".into(), worst_share: 0.3, direction: Direction::HigherIsBetter };
        let found = Assessment::judge(&rule, &[true; 40], &values).unwrap();
        assert_eq!((found.tests[0].threshold, found.tests[0].at_threshold), (Some(1.0), 10));
        assert_eq!((found.count(Verdict::Low), found.warnings.len()), (10, 1));
    }

    #[test]
    fn few_candidates_are_not_ranked() {
        let rule =
            Rule::Quantile { metric: "a".into(), worst_share: 0.2, direction: Direction::HigherIsBetter };
        let found = Assessment::judge(&rule, &[true; 29], &measures(29)).unwrap();
        assert_eq!(found.count(Verdict::Unknown), 29);
        assert_eq!(found.warnings.len(), 1);
    }

    #[test]
    fn unknown_matters_only_where_it_could_turn_the_verdict() {
        let any = Rule::Any { any: vec![standard("a", 1.0), standard("b", 0.0)] };
        let found = Assessment::judge(&any, &[true; 4], &measures(4)).unwrap();
        assert_eq!(found.verdicts, [Verdict::Low, Verdict::Low, Verdict::Unknown, Verdict::Low]);
        let all = Rule::All { all: vec![standard("a", 1.0), standard("b", 0.0)] };
        let found = Assessment::judge(&all, &[true; 4], &measures(4)).unwrap();
        assert_eq!(found.verdicts, [Verdict::Unknown, Verdict::NotLow, Verdict::NotLow, Verdict::NotLow]);
    }

    #[test]
    fn lower_is_better_turns_test_and_margin() {
        let rule =
            Rule::Standard { metric: "a".into(), worse_than: 1.0, direction: Direction::LowerIsBetter };
        let found = Assessment::judge(&rule, &[true; 3], &measures(3)).unwrap();
        assert_eq!(found.verdicts, [Verdict::NotLow, Verdict::NotLow, Verdict::Low]);
        assert_eq!(found.reasons(ParcelIdx(2)).next().and_then(|r| r.margin), Some(-1.0));
    }

    #[test]
    fn wrong_parameters_are_named() {
        let rule = Rule::Quantile {
            metric: "a".into(),
            worst_share: f64::NAN,
            direction: Direction::HigherIsBetter,
        };
        assert!(
            Assessment::judge(&rule, &[true], &measures(1)).unwrap_err().to_string().contains("worst_share")
        );
        assert!(Assessment::judge(&Rule::Any { any: vec![] }, &[true], &measures(1)).is_err());
    }
}
