use serde::Serialize;

use super::{Direction, Measures, Rule, peer_percentile, quantile};
use crate::error::{Error, ParamError};
use crate::parcel::{CategoryColumn, Column, ParcelIdx};
use crate::warning::{Warning, WarningKind};

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

impl Basis {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Quantile => "quantile",
            Self::Condition => "condition",
        }
    }
}

/// One test of a rule over all parcels.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The test in words.
    pub rule: Box<str>,
    /// The expression behind the values.
    pub metric: Box<str>,
    /// Share of the candidates that a quantile marks.
    pub worst_share: Option<f64>,
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
    /// Where each candidate stands among its peers ([`peer_percentile`]); unknown until [`Assessment::rank_among`], and for a condition.
    pub percentiles: Column<f64>,
}

impl Test {
    /// Whether the test marks a parcel as low; none where the value or the threshold is unknown.
    pub fn is_low(&self, parcel: ParcelIdx) -> Option<bool> {
        let value = self.values.get(parcel.index())?;
        match (self.basis, self.direction) {
            (Basis::Condition, _) => Some(value != 0.0),
            (_, direction) => Some(direction.is_worse(value, self.threshold?)),
        }
    }
}

impl Test {
    /// The threshold that marks the worst `share` of the known candidates, and how many of them there are; none where they are too
    /// few to rank.
    fn quantile(&self, share: f64, candidates: &[bool]) -> (Option<f64>, usize) {
        let known = self.values.iter().zip(candidates).filter_map(|(value, &is)| value.filter(|_| is));
        let mut known: Vec<f64> = known.collect();
        let p = match self.direction {
            Direction::HigherIsBetter => share,
            Direction::LowerIsBetter => 1.0 - share,
        };
        let threshold = if known.len() < MIN_RANKED { None } else { quantile(&mut known, p) };
        (threshold, known.len())
    }
}

/// Why a parcel got its verdict: one test, its value, the threshold, the distance between the two, and whether it decides.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reason<'a> {
    /// The test in words.
    pub rule: &'a str,
    /// The expression behind the value.
    pub metric: &'a str,
    /// What the threshold rests on.
    pub basis: Basis,
    /// Which end is good.
    pub direction: Direction,
    /// Share of the candidates that a quantile marks.
    pub worst_share: Option<f64>,
    /// Whether it marks the parcel as low.
    pub low: Option<bool>,
    /// The parcel's value.
    pub value: Option<f64>,
    /// The threshold.
    pub threshold: Option<f64>,
    /// How far the value is on the good side of the threshold; negative on the bad side.
    pub margin: Option<f64>,
    /// Share of its peers the parcel is better than, those equal to it counted half.
    pub percentile: Option<f64>,
    /// Whether the verdict would be another, were the outcome of this test alone the opposite (or, where it is unknown, known).
    pub turns: bool,
}

/// A rule judged over a set of parcels.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// One verdict per parcel.
    pub verdicts: Vec<Verdict>,
    /// The tests of the rule, in the order they stand in it.
    pub tests: Vec<Test>,
    /// What a reader should know: ties at a threshold, groups too small to rank.
    pub warnings: Vec<Warning>,
    shape: Shape,
    candidates: Vec<bool>,
    /// Verdicts that a field check settled, whatever the threshold.
    settled: Vec<(ParcelIdx, Verdict)>,
}

/// Another threshold for a rule of a single test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Setting {
    /// The share of the candidates that a quantile marks, from 0 to 1.
    WorstShare(f64),
    /// A multiple of an absolute standard.
    StandardFactor(f64),
}

/// What a rule finds at another [`Setting`].
#[derive(Debug, Clone, PartialEq)]
pub struct AtSetting {
    /// The threshold, in the unit of the values.
    pub threshold: f64,
    /// One verdict per parcel, field checks included.
    pub verdicts: Vec<Verdict>,
}

/// How the outcomes of tests are joined.
#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Test(usize),
    AtLeast(usize, Vec<Shape>),
}

impl Shape {
    /// Whether the rule marks a parcel, in Kleene's logic.
    fn low(&self, outcomes: &[Option<bool>]) -> Option<bool> {
        match self {
            Self::Test(test) => outcomes[*test],
            Self::AtLeast(needed, parts) => {
                let (mut low, mut unknown) = (0, 0);
                for part in parts {
                    match part.low(outcomes) {
                        Some(true) => low += 1,
                        Some(false) => {}
                        None => unknown += 1,
                    }
                }
                at_least(*needed, low, unknown)
            }
        }
    }
}

fn verdict(candidate: bool, low: Option<bool>) -> Verdict {
    match (candidate, low) {
        (false, _) => Verdict::NotCandidate,
        (true, None) => Verdict::Unknown,
        (true, Some(true)) => Verdict::Low,
        (true, Some(false)) => Verdict::NotLow,
    }
}

fn at_least(needed: usize, low: usize, unknown: usize) -> Option<bool> {
    match needed {
        needed if low >= needed => Some(true),
        needed if low + unknown < needed => Some(false),
        _ => None,
    }
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
    /// let rule = Rule::Standard { metric: Some("far".into()), worse_than: 0.8, direction: Default::default() };
    /// let found = Assessment::judge(&rule, &[true, true, true, false], &far)?;
    /// use Verdict::*;
    /// assert_eq!(found.verdicts, [Low, NotLow, Unknown, NotCandidate]);
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn judge(rule: &Rule, candidates: &[bool], measures: &impl Measures) -> Result<Self, Error> {
        let mut assessment = Self {
            verdicts: Vec::new(),
            tests: Vec::new(),
            warnings: Vec::new(),
            shape: Shape::AtLeast(1, Vec::new()),
            candidates: candidates.to_vec(),
            settled: Vec::new(),
        };
        let (low, shape) = assessment.evaluate(rule, candidates, measures)?;
        assessment.shape = shape;
        assessment.verdicts =
            candidates.iter().zip(low).map(|(&candidate, low)| verdict(candidate, low)).collect();
        Ok(assessment)
    }

    /// Lays the verdict of a field check over the computed one.
    pub(super) fn settle(&mut self, parcel: ParcelIdx, verdict: Verdict) {
        self.verdicts[parcel.index()] = verdict;
        self.settled.push((parcel, verdict));
    }

    /// The threshold and the verdicts at another setting, as a run with it would find them, field checks included; none where the
    /// rule has not one test of that kind, or too few candidates are known to rank.
    ///
    /// # Complexity
    /// O(n) expected.
    ///
    /// ```
    /// use landuse::parcel::Column;
    /// use landuse::efficiency::{Assessment, Rule, Setting};
    ///
    /// let score = |_: &str| -> Column<f64> { (0..41).map(|i| Some(f64::from(i))).collect() };
    /// let rule = Rule::Quantile { metric: Some("score".into()), worst_share: 0.2, direction: Default::default() };
    /// let found = Assessment::judge(&rule, &[true; 41], &score)?;
    /// assert_eq!(found.at(Setting::WorstShare(0.5)).map(|at| at.threshold), Some(20.0));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn at(&self, setting: Setting) -> Option<AtSetting> {
        let [test] = &self.tests[..] else { return None };
        let threshold = match (test.basis, setting) {
            (Basis::Quantile, Setting::WorstShare(share)) => test.quantile(share, &self.candidates).0?,
            (Basis::Standard, Setting::StandardFactor(factor)) => test.threshold? * factor,
            _ => return None,
        };
        let low = |i: usize| test.values.get(i).map(|value| test.direction.is_worse(value, threshold));
        let mut verdicts: Vec<Verdict> =
            self.candidates.iter().enumerate().map(|(i, &is)| verdict(is, low(i))).collect();
        for &(parcel, verdict) in &self.settled {
            verdicts[parcel.index()] = verdict;
        }
        Some(AtSetting { threshold, verdicts })
    }

    /// The setting at which the verdict on each parcel tips, for a rule of a single test: for a quantile the worst share above which it is
    /// low; for a standard its own value. Unknown for what is no candidate, what no value is known of, and what a field check settled.
    ///
    /// # Complexity
    /// O(n · log n).
    pub fn tipping_points(&self) -> Column<f64> {
        let [test] = &self.tests[..] else { return Column::unknown(self.verdicts.len()) };
        let value = |i: usize| test.values.get(i).filter(|_| self.candidates[i]);
        let mut points: Vec<Option<f64>> = match test.basis {
            Basis::Condition => vec![None; self.verdicts.len()],
            Basis::Standard => (0..self.verdicts.len()).map(value).collect(),
            Basis::Quantile => {
                let sign = if test.direction == Direction::HigherIsBetter { 1.0 } else { -1.0 };
                let worse_first = |i: usize| value(i).map(|value| sign * value);
                let mut known: Vec<f64> = (0..self.verdicts.len()).filter_map(worse_first).collect();
                known.sort_unstable_by(f64::total_cmp);
                let last = known.len().saturating_sub(1).max(1) as f64;
                let share = |own: f64| (known.partition_point(|other| *other <= own) - 1) as f64 / last;
                (0..self.verdicts.len()).map(|i| worse_first(i).map(share)).collect()
            }
        };
        for (parcel, _) in &self.settled {
            points[parcel.index()] = None;
        }
        points.into_iter().collect()
    }

    /// Nobody is judged: room for what field checks find.
    pub(crate) fn of_nobody(len: usize) -> Self {
        Self {
            verdicts: vec![Verdict::NotCandidate; len],
            tests: Vec::new(),
            warnings: Vec::new(),
            shape: Shape::AtLeast(1, Vec::new()),
            candidates: vec![false; len],
            settled: Vec::new(),
        }
    }

    /// Whether every test that marks a parcel low is a quantile.
    pub(crate) fn is_suspicion(&self, parcel: ParcelIdx) -> bool {
        self.tests.iter().all(|test| test.basis == Basis::Quantile || test.is_low(parcel) != Some(true))
    }

    /// Ranks the candidates among their peers, by each test that has numbers: what [`Reason::percentile`] then says.
    ///
    /// # Arguments
    /// * `peers`: the group each parcel is compared within, such as its sector or district; groups of fewer than [`MIN_RANKED`] known
    ///   values are not ranked. Parcels that are no candidates are nobody's peers.
    ///
    /// # Errors
    /// [`Error::Param`] where a column has another length.
    ///
    /// # Complexity
    /// O(n · log n · tests).
    pub fn rank_among(&mut self, peers: &CategoryColumn<Box<str>>) -> Result<(), Error> {
        for test in self.tests.iter_mut().filter(|test| test.basis != Basis::Condition) {
            let known: Column<f64> =
                test.values.iter().zip(&self.candidates).map(|(value, &is)| value.filter(|_| is)).collect();
            test.percentiles = peer_percentile(&known, peers, test.direction, MIN_RANKED)?;
        }
        Ok(())
    }

    /// The tests behind a parcel's verdict, in the order of the rule.
    pub fn reasons(&self, parcel: ParcelIdx) -> Vec<Reason<'_>> {
        let mut outcomes: Vec<Option<bool>> = self.tests.iter().map(|test| test.is_low(parcel)).collect();
        let verdict = self.shape.low(&outcomes);
        let mut reasons = Vec::with_capacity(self.tests.len());
        for (i, test) in self.tests.iter().enumerate() {
            let low = outcomes[i];
            let mut turns = false;
            for outcome in [true, false].into_iter().filter(|&outcome| low != Some(outcome)) {
                outcomes[i] = Some(outcome);
                turns |= self.shape.low(&outcomes) != verdict;
            }
            outcomes[i] = low;
            let value = test.values.get(parcel.index());
            reasons.push(Reason {
                rule: &test.rule,
                metric: &test.metric,
                basis: test.basis,
                direction: test.direction,
                worst_share: test.worst_share,
                low,
                value,
                threshold: test.threshold,
                margin: value.zip(test.threshold).map(|(value, threshold)| match test.direction {
                    Direction::HigherIsBetter => value - threshold,
                    Direction::LowerIsBetter => threshold - value,
                }),
                percentile: test.percentiles.get(parcel.index()),
                turns,
            });
        }
        reasons
    }

    /// What the rule itself says of a candidate, whatever a field check made of the verdict: low, not low, or unknown; none for others.
    pub fn computed(&self, parcel: ParcelIdx) -> Option<Option<bool>> {
        let candidate = self.candidates.get(parcel.index()).copied().unwrap_or(false);
        candidate.then(|| {
            let outcomes: Vec<Option<bool>> = self.tests.iter().map(|test| test.is_low(parcel)).collect();
            self.shape.low(&outcomes)
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
    ) -> Result<(Vec<Option<bool>>, Shape), Error> {
        let named = |metric: &Option<Box<str>>| {
            metric
                .clone()
                .ok_or_else(|| ParamError::new("metric", "missing", "an expression: there is no score"))
        };
        let (metric, basis, direction, values) = match rule {
            Rule::Standard { metric, direction, .. } => {
                let metric = named(metric)?;
                let values = measures.numbers(&metric)?;
                (metric, Basis::Standard, *direction, values)
            }
            Rule::Quantile { metric, direction, .. } => {
                let metric = named(metric)?;
                let values = measures.numbers(&metric)?;
                (metric, Basis::Quantile, *direction, values)
            }
            Rule::Holds { holds } => {
                (holds.clone(), Basis::Condition, Direction::LowerIsBetter, flags(&measures.holds(holds)?))
            }
            Rule::Grade { grade_in } => {
                let held = measures.graded(grade_in)?;
                (rule.to_string().into(), Basis::Condition, Direction::LowerIsBetter, flags(&held))
            }
            Rule::Any { any } => return self.join(any, 1, "any", candidates, measures),
            Rule::All { all } => return self.join(all, all.len(), "all", candidates, measures),
            Rule::AtLeast { at_least, of } => return self.join(of, *at_least, "of", candidates, measures),
        };
        let mut test = Test {
            rule: rule.to_string().into(),
            metric,
            worst_share: None,
            basis,
            direction,
            threshold: None,
            at_threshold: 0,
            percentiles: Column::unknown(values.len()),
            values,
        };
        match rule {
            Rule::Standard { worse_than, .. } => {
                if !worse_than.is_finite() {
                    return Err(ParamError::new("worse_than", worse_than, "a finite number").into());
                }
                test.threshold = Some(*worse_than);
            }
            Rule::Quantile { worst_share, .. } => {
                if !(0.0..=1.0).contains(worst_share) {
                    return Err(ParamError::new("worst_share", worst_share, "a share from 0 to 1").into());
                }
                test.worst_share = Some(*worst_share);
                let (threshold, known) = test.quantile(*worst_share, candidates);
                test.threshold = threshold;
                if threshold.is_none() {
                    let few = WarningKind::TooFewToRank { known, least: MIN_RANKED };
                    self.warnings.push(Warning::from(few).of(&*test.rule));
                }
            }
            _ => {}
        }
        test.at_threshold = test.threshold.map_or(0, |threshold| {
            let is_tie = |(value, is): &(Option<f64>, &bool)| **is && *value == Some(threshold);
            test.values.iter().zip(candidates).filter(is_tie).count()
        });
        if basis == Basis::Quantile && test.at_threshold > 1 {
            let ties = WarningKind::TiesAtThreshold { count: test.at_threshold };
            self.warnings.push(Warning::from(ties).of(&*test.rule));
        }
        let low = (0..candidates.len() as u32).map(|i| test.is_low(ParcelIdx(i))).collect();
        self.tests.push(test);
        Ok((low, Shape::Test(self.tests.len() - 1)))
    }

    /// At least `needed` of `rules`, in Kleene's logic.
    fn join(
        &mut self,
        rules: &[Rule],
        needed: usize,
        name: &str,
        candidates: &[bool],
        measures: &impl Measures,
    ) -> Result<(Vec<Option<bool>>, Shape), Error> {
        if rules.is_empty() {
            return Err(ParamError::new(name, "an empty list", "at least one rule").into());
        }
        if !(1..=rules.len()).contains(&needed) {
            let expected = format!("1 to {}, as there are that many rules", rules.len());
            return Err(ParamError::new("at_least", needed, &expected).into());
        }
        let mut low = vec![0; candidates.len()];
        let mut unknown = vec![0; candidates.len()];
        let mut parts = Vec::with_capacity(rules.len());
        for rule in rules {
            let (flags, part) = self.evaluate(rule, candidates, measures)?;
            parts.push(part);
            for (i, flag) in flags.into_iter().enumerate() {
                low[i] += usize::from(flag == Some(true));
                unknown[i] += usize::from(flag.is_none());
            }
        }
        let low = low.iter().zip(&unknown).map(|(&low, &unknown)| at_least(needed, low, unknown)).collect();
        Ok((low, Shape::AtLeast(needed, parts)))
    }
}

/// Truths as 1 and 0.
fn flags(truths: &Column<bool>) -> Column<f64> {
    truths.iter().map(|truth| truth.map(|truth| f64::from(u8::from(truth)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard(metric: &str, worse_than: f64) -> Rule {
        Rule::Standard { metric: Some(metric.into()), worse_than, direction: Direction::HigherIsBetter }
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
        let rule = Rule::Quantile {
            metric: Some("x".into()),
            worst_share: 0.5,
            direction: Direction::HigherIsBetter,
        };
        let found = Assessment::judge(&rule, &[true; 40], &values).unwrap();
        assert_eq!(found.tests[0].threshold, Some(1.5));
        assert_eq!(found.count(Verdict::Low), 20);
        let rule = Rule::Quantile {
            metric: Some("x".into()),
            worst_share: 0.3,
            direction: Direction::HigherIsBetter,
        };
        let found = Assessment::judge(&rule, &[true; 40], &values).unwrap();
        assert_eq!((found.tests[0].threshold, found.tests[0].at_threshold), (Some(1.0), 10));
        assert_eq!((found.count(Verdict::Low), found.warnings.len()), (10, 1));
    }

    #[test]
    fn few_candidates_are_not_ranked() {
        let rule = Rule::Quantile {
            metric: Some("a".into()),
            worst_share: 0.2,
            direction: Direction::HigherIsBetter,
        };
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
            Rule::Standard { metric: Some("a".into()), worse_than: 1.0, direction: Direction::LowerIsBetter };
        let found = Assessment::judge(&rule, &[true; 3], &measures(3)).unwrap();
        assert_eq!(found.verdicts, [Verdict::NotLow, Verdict::NotLow, Verdict::Low]);
        assert_eq!(found.reasons(ParcelIdx(2))[0].margin, Some(-1.0));
    }

    #[test]
    fn wrong_parameters_are_named() {
        let rule = Rule::Quantile {
            metric: Some("a".into()),
            worst_share: f64::NAN,
            direction: Direction::HigherIsBetter,
        };
        assert!(
            Assessment::judge(&rule, &[true], &measures(1)).unwrap_err().to_string().contains("worst_share")
        );
        assert!(Assessment::judge(&Rule::Any { any: vec![] }, &[true], &measures(1)).is_err());
    }
}
