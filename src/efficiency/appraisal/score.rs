use serde::Serialize;

use super::{Adjustment, Appraisal, Form, Grade, Group, Indicator, Missing, Negative};
use crate::efficiency::Measures;
use crate::error::Error;
use crate::expr::same_length;
use crate::parallel;
use crate::parcel::Column;
use crate::warning::{Warning, WarningKind};

const NONE: u8 = u8::MAX;
const UNSURE: u8 = u8::MAX - 1;

/// Where a row stands in the appraisal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It has a score and a rank.
    Scored,
    /// Too little is known of it for a score.
    Unknown,
    /// A value below 0 makes it unfit for a score.
    Rejected,
    /// A condition exempts it: grade T.
    NotAppraised,
    /// No group takes it.
    NoGroup,
    /// What decides on its group is not known.
    GroupUnknown,
}

impl Standing {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scored => "scored",
            Self::Unknown => "unknown",
            Self::Rejected => "rejected",
            Self::NotAppraised => "not_appraised",
            Self::NoGroup => "no_group",
            Self::GroupUnknown => "group_unknown",
        }
    }
}

/// One item of a row's score.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ItemScore<'a> {
    /// Short name of the indicator.
    pub key: &'a str,
    /// Name for people.
    pub name: &'a str,
    /// The row's value, where known.
    pub value: Option<f64>,
    /// Points it earned, or was given where the value is missing; none where it counts nothing or is left out.
    pub points: Option<f64>,
    /// Points at the benchmark.
    pub weight: f64,
}

/// What decided on a row beside its items.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Remark<'a> {
    /// It is not appraised, as this condition holds.
    NotAppraised(&'a str),
    /// The value of this item is missing.
    Missing(&'a str),
    /// Points that adjustments moved the score by.
    Adjusted(f64),
    /// Its place in the group.
    Rank {
        /// Key of the group.
        group: &'a str,
        /// Rank from 1; equal scores share the best.
        rank: u32,
        /// Rows ranked.
        of: u32,
    },
    /// The better grade that is nearest by rank, and the score it begins at, the others unchanged.
    Next {
        /// The grade.
        grade: Grade,
        /// The least score that was ranked so.
        from: f64,
    },
    /// A veto or a protection changed the grade.
    Limited {
        /// The condition that holds.
        when: &'a str,
        /// The grade its rank gave.
        from: Grade,
        /// The grade it has.
        to: Grade,
    },
    /// It is marked for exit: below the standard and low in rank.
    Exit(&'a str),
}

/// What an [`Appraisal`] found: columns aligned with the rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Appraised {
    /// Where each row stands.
    pub standing: Vec<Standing>,
    /// The score; unknown where there is none.
    pub score: Column<f64>,
    /// The least the score can be, were all missing values known and at least 0.
    pub lowest: Column<f64>,
    /// The most the score can be, were all missing values known; infinite where a missing item has no cap.
    pub highest: Column<f64>,
    /// Rank in the group from 1; equal scores share the best.
    pub rank: Column<u32>,
    /// The grade; none without score or without grading.
    pub grades: Vec<Option<Grade>>,
    /// Whether the row is marked for exit; unknown for all where the pack has no such rule.
    pub exit: Column<bool>,
    /// What a reader should know.
    pub warnings: Vec<Warning>,
    pack: Appraisal,
    groups: Vec<u8>,
    exempt: Vec<u8>,
    /// Which limit changed the grade, and the grade before.
    limited: Vec<(u8, Option<Grade>)>,
    adjusted: Column<f64>,
    /// One column per place in a group's list of indicators.
    values: Vec<Column<f64>>,
    points: Vec<Column<f64>>,
    ranked: Vec<u32>,
    /// Per group the least score that each grade was given by rank.
    begins: Vec<[Option<f64>; 4]>,
}

impl Appraised {
    /// The rules.
    pub fn pack(&self) -> &Appraisal {
        &self.pack
    }

    /// How many rows got `grade`.
    pub fn count(&self, grade: Grade) -> usize {
        self.grades.iter().filter(|&&own| own == Some(grade)).count()
    }

    /// The group of a row.
    pub fn group(&self, row: usize) -> Option<&Group> {
        self.pack.groups.get(usize::from(*self.groups.get(row)?))
    }

    /// The items of a row's score, in the order of its group; none for rows that are not appraised.
    pub fn items(&self, row: usize) -> impl Iterator<Item = ItemScore<'_>> {
        let appraised = self.exempt.get(row).is_some_and(|&exempt| exempt == NONE);
        let indicators = self.group(row).filter(|_| appraised).map_or(&[][..], |group| &group.indicators);
        indicators.iter().zip(self.values.iter().zip(&self.points)).map(
            move |(indicator, (value, points))| ItemScore {
                key: &indicator.key,
                name: &indicator.name,
                value: value.get(row),
                points: points.get(row),
                weight: indicator.weight,
            },
        )
    }

    /// The next better grade by rank and the score it begins at; none for the best, without grading, or where no row has a better one.
    fn next_grade(&self, row: usize) -> Option<(Grade, f64)> {
        let own = self.limited.get(row)?.1.or(self.grades[row])?;
        let begins = self.begins.get(usize::from(self.groups[row]))?;
        let better =
            [Grade::C, Grade::B, Grade::A].into_iter().filter(|&grade| grade < own && own != Grade::T);
        better.map(|grade| Some((grade, begins[grade as usize]?))).find(Option::is_some)?
    }

    /// What decided on a row beside its items.
    pub fn remarks(&self, row: usize) -> Vec<Remark<'_>> {
        let mut found = Vec::new();
        if let Some(when) = self.exempt.get(row).and_then(|&i| self.pack.not_appraised.get(usize::from(i))) {
            found.push(Remark::NotAppraised(when));
        }
        found.extend(
            self.items(row).filter(|item| item.value.is_none()).map(|item| Remark::Missing(item.key)),
        );
        if let Some(points) = self.adjusted.get(row).filter(|&points| points != 0.0) {
            found.push(Remark::Adjusted(points));
        }
        if let (Some(rank), Some(group)) = (self.rank.get(row), self.group(row)) {
            let of = self.ranked[usize::from(self.groups[row])];
            found.push(Remark::Rank { group: &group.key, rank, of });
        }
        if let Some((grade, from)) = self.next_grade(row) {
            found.push(Remark::Next { grade, from });
        }
        if let Some(&(i, Some(from))) = self.limited.get(row)
            && let (Some(limit), Some(to)) = (self.pack.limits.get(usize::from(i)), self.grades[row])
        {
            found.push(Remark::Limited { when: &limit.when, from, to });
        }
        if let (Some(true), Some(exit)) = (self.exit.get(row), &self.pack.exit) {
            found.push(Remark::Exit(&exit.when));
        }
        found
    }
}

impl Appraisal {
    /// Appraises `len` rows: score, bounds, rank, grade and the reasons for them.
    ///
    /// Ranks are within the group, over rows with a score. Item means and extremes are taken over the appraised rows of the group
    /// in an order of values, so that the order of rows has no say in any figure. A vetoed row keeps its rank: nobody moves up for it.
    ///
    /// # Arguments
    /// * `measures`: gives `len` values for each metric and condition of the pack; metrics of a group without rows are not asked for.
    ///
    /// # Errors
    /// Whatever evaluating an expression gives; [`Error::Param`] where a column has another length.
    ///
    /// # Complexity
    /// O(n · indicators + n · log n); memory of two columns per indicator.
    pub fn run(&self, len: usize, measures: &(impl Measures + Sync)) -> Result<Appraised, Error> {
        let source = Checked { measures, len };
        if measures.check(&self.conditions()).is_err() {
            // Which groups have rows is not known, so all that is missing anywhere is told.
            measures.check(&self.expressions())?;
        }
        let groups = first_that_holds(&source, self.groups.iter().map(|group| group.when.as_deref()), len)?;
        let exempt_or_unsure =
            first_that_holds(&source, self.not_appraised.iter().map(|when| Some(&**when)), len)?;
        let mut warnings = Vec::new();
        let rows_of =
            |flags: &[u8], what: u8| flags.iter().fold(0, |rows, &flag| rows + usize::from(flag == what));
        told(&mut warnings, rows_of(&groups, UNSURE), |rows| WarningKind::GroupUnknown { rows });
        told(&mut warnings, rows_of(&groups, NONE), |rows| WarningKind::NoGroup { rows });
        let unsure = rows_of(&exempt_or_unsure, UNSURE);
        told(&mut warnings, unsure, |rows| WarningKind::ExemptionUnknown { rows });
        let exempt: Vec<u8> = exempt_or_unsure.iter().map(|&i| if i == UNSURE { NONE } else { i }).collect();
        let mut work = Work::new(&groups, &exempt);
        let slots = self.groups.iter().map(|group| group.indicators.len()).max().unwrap_or(0);
        let mut values = vec![Sparse::new(len); slots];
        let mut points = vec![Sparse::new(len); slots];
        let members: Vec<Vec<u32>> = (0..self.groups.len())
            .map(|g| {
                let fits = |&row: &usize| usize::from(groups[row]) == g && exempt[row] == NONE;
                (0..len).filter(fits).map(|row| row as u32).collect()
            })
            .collect();
        let with_rows = || self.groups.iter().zip(&members).filter(|(_, members)| !members.is_empty());
        measures.check(&with_rows().flat_map(|(group, _)| group.expressions()).collect::<Vec<_>>())?;
        for (group, members) in with_rows() {
            let indicators = &group.indicators;
            let items =
                parallel::collect(indicators.len(), 1, &|i| Item::of(&source, &indicators[i], members));
            let items = items.into_iter().collect::<Result<Vec<_>, _>>()?;
            work.add(&items, members);
            let columns = values.iter_mut().zip(&mut points).zip(items).collect();
            parallel::consume(columns, |((values, points), item)| item.scatter(members, values, points));
        }
        let mut adjusted = vec![0.0; len];
        for adjustment in &self.adjustments {
            work.adjust(&source, adjustment, &mut adjusted)?;
        }
        let standing = |what| work.standing.iter().filter(|&&own| own == what).count();
        told(&mut warnings, standing(Standing::Unknown), |rows| WarningKind::ScoreUnknown { rows });
        told(&mut warnings, standing(Standing::Rejected), |rows| WarningKind::ScoreRefused { rows });

        let mut places = Ranking {
            rank: vec![0; len],
            grades: exempt.iter().map(|&exempt| (exempt != NONE).then_some(Grade::T)).collect(),
            exit: vec![None; len],
            ranked: Vec::new(),
            begins: Vec::new(),
        };
        let missed = self.exit.as_ref().map(|exit| source.holds(&exit.when)).transpose()?;
        for (g, (group, members)) in self.groups.iter().zip(&members).enumerate() {
            let exempt = (0..len).filter(|&row| usize::from(groups[row]) == g && exempt[row] != NONE).count();
            let lowest_share = self.exit.as_ref().map(|exit| exit.lowest_share);
            places.rank_group(group, members, &work, exempt, lowest_share.zip(missed.as_ref()));
        }
        let limited = self.limit_grades(&source, &mut places.grades, &mut warnings)?;
        let scored = |row: usize| work.standing[row] == Standing::Scored;
        let bounded = |row: usize| matches!(work.standing[row], Standing::Scored | Standing::Unknown);
        let keep = |values: &[f64], fits: &(dyn Fn(usize) -> bool + Sync)| -> Column<f64> {
            values.iter().enumerate().map(|(row, &value)| fits(row).then_some(value)).collect()
        };
        let ((score, adjusted), (lowest, highest)) = parallel::join(
            || (keep(&work.total, &scored), keep(&adjusted, &scored)),
            || (keep(&work.lowest, &bounded), keep(&work.highest, &bounded)),
        );
        Ok(Appraised {
            score,
            lowest,
            highest,
            rank: places.rank.iter().map(|&rank| (rank > 0).then_some(rank)).collect(),
            grades: places.grades,
            exit: places.exit.into_iter().collect(),
            warnings,
            pack: self.clone(),
            groups,
            exempt,
            limited,
            adjusted,
            values: parallel::consume(values, Sparse::column),
            points: parallel::consume(points, Sparse::column),
            ranked: places.ranked,
            begins: places.begins,
            standing: work.standing,
        })
    }

    /// Bounds grades by vetoes and protections: which limit changed each, and the grade before.
    fn limit_grades<M: Measures + Sync>(
        &self,
        source: &Checked<'_, M>,
        grades: &mut [Option<Grade>],
        warnings: &mut Vec<Warning>,
    ) -> Result<Vec<(u8, Option<Grade>)>, Error> {
        let mut limited = vec![(NONE, None); grades.len()];
        // Protections first, so that a veto has the last word.
        let order = (0..self.limits.len()).filter(|&i| self.limits[i].at_worst.is_some());
        let order = order.chain((0..self.limits.len()).filter(|&i| self.limits[i].at_best.is_some()));
        for i in order {
            let limit = &self.limits[i];
            let mut unsure = 0;
            for (row, flag) in source.holds(&limit.when)?.iter().enumerate() {
                let Some(grade) = grades[row].filter(|&grade| grade != Grade::T) else { continue };
                let bounded =
                    grade.max(limit.at_best.unwrap_or(Grade::A)).min(limit.at_worst.unwrap_or(Grade::D));
                match flag {
                    Some(true) if bounded != grade => {
                        let from = limited[row].1.unwrap_or(grade);
                        limited[row] = (i as u8, Some(from));
                        grades[row] = Some(bounded);
                    }
                    None if bounded != grade => unsure += 1,
                    _ => {}
                }
            }
            let condition = || limit.when.clone();
            told(warnings, unsure, |rows| WarningKind::LimitUnknown { condition: condition(), rows });
        }
        Ok(limited)
    }
}

/// Adds a warning about rows, where there are any.
fn told(warnings: &mut Vec<Warning>, rows: usize, kind: impl FnOnce(usize) -> WarningKind) {
    if rows > 0 {
        warnings.push(kind(rows).into());
    }
}

/// Measures whose columns have the right length.
struct Checked<'m, M> {
    measures: &'m M,
    len: usize,
}

impl<M: Measures + Sync> Checked<'_, M> {
    fn numbers(&self, expression: &str) -> Result<Column<f64>, Error> {
        let found = self.measures.numbers(expression)?;
        same_length(expression, found.len(), self.len)?;
        Ok(found)
    }

    fn holds(&self, expression: &str) -> Result<Column<bool>, Error> {
        let found = self.measures.holds(expression)?;
        same_length(expression, found.len(), self.len)?;
        Ok(found)
    }
}

/// Position of the first condition that holds, per row; `UNSURE` where an unknown one stands before it.
fn first_that_holds<'c, M: Measures + Sync>(
    source: &Checked<'_, M>,
    conditions: impl Iterator<Item = Option<&'c str>>,
    len: usize,
) -> Result<Vec<u8>, Error> {
    let mut found = vec![NONE; len];
    for (i, condition) in conditions.enumerate() {
        let Some(condition) = condition else {
            found.iter_mut().filter(|own| **own == NONE).for_each(|own| *own = i as u8);
            continue;
        };
        for (own, flag) in found.iter_mut().zip(source.holds(condition)?.iter()) {
            match flag {
                Some(true) if *own == NONE => *own = i as u8,
                None if *own == NONE => *own = UNSURE,
                _ => {}
            }
        }
    }
    Ok(found)
}

/// A column filled in any order.
#[derive(Debug, Clone)]
struct Sparse(Vec<f64>);

impl Sparse {
    fn new(len: usize) -> Self {
        Self(vec![f64::NAN; len])
    }

    fn column(self) -> Column<f64> {
        self.0.into_iter().map(|value| (!value.is_nan()).then_some(value)).collect()
    }
}

/// Scores while they are summed.
struct Work {
    standing: Vec<Standing>,
    total: Vec<f64>,
    lowest: Vec<f64>,
    highest: Vec<f64>,
}

/// One item over the members of a group, in their order; not a number where it is not known.
struct Item {
    values: Vec<f64>,
    points: Vec<f64>,
    /// Members whose value is unfit.
    rejected: Vec<u32>,
    weight: f64,
    /// What a missing item counts as, and the points it is given.
    missing: Missing,
    given: Option<f64>,
    /// Least and most points it can earn.
    bounds: (f64, f64),
}

/// What the items of one member come to.
struct RowSum {
    total: f64,
    lowest: f64,
    highest: f64,
    unknown: bool,
}

impl RowSum {
    fn of(items: &[Item], member: usize) -> Self {
        let mut sum = Self { total: 0.0, lowest: 0.0, highest: 0.0, unknown: false };
        // Weight of the items that are not left out.
        let mut kept = 0.0;
        for item in items {
            let mut own = item.points[member];
            if own.is_nan() {
                sum.lowest += item.bounds.0;
                sum.highest += item.bounds.1;
                match (item.given, item.missing) {
                    (Some(given), _) => own = given,
                    (None, Missing::Reweigh) => continue,
                    (None, _) => {
                        sum.unknown = true;
                        kept += item.weight;
                        continue;
                    }
                }
            } else {
                sum.lowest += own;
                sum.highest += own;
            }
            sum.total += own;
            kept += item.weight;
        }
        if kept > 0.0 {
            // The weight that stayed is scaled up to the whole: 100 for every valid pack.
            sum.total *= 100.0 / kept;
        } else {
            sum.unknown = true;
        }
        sum
    }
}

impl Item {
    fn of<M: Measures + Sync>(
        source: &Checked<'_, M>,
        indicator: &Indicator,
        members: &[u32],
    ) -> Result<Self, Error> {
        let found = source.numbers(&indicator.metric)?;
        let weight = indicator.weight;
        let floored = |value: f64| if indicator.negative == Negative::Keep { value } else { value.max(0.0) };
        let usable = |value: f64| indicator.negative != Negative::Reject || value >= 0.0;
        let value =
            |&row: &u32| found.get(row as usize).filter(|value| value.is_finite()).unwrap_or(f64::NAN);
        let values: Vec<f64> = members.iter().map(value).collect();
        // A value that is not known passes through both tests as it is.
        let kept = |&value: &f64| if value.is_nan() || !usable(value) { f64::NAN } else { floored(value) };
        let mut points: Vec<f64> = values.iter().map(kept).collect();
        let unfit = |(_, value): &(usize, &f64)| !value.is_nan() && !usable(**value);
        let rejected = values.iter().enumerate().filter(unfit).map(|(i, _)| i as u32).collect();
        let bounds = match &indicator.form {
            Form::Ratio { benchmark, special, cap_multiple } => {
                let conditions: Vec<Column<bool>> = special
                    .iter()
                    .map(|benchmark| source.holds(&benchmark.when))
                    .collect::<Result<_, _>>()?;
                let cap = cap_multiple.unwrap_or(f64::INFINITY);
                let own = |row: u32| {
                    for (condition, other) in conditions.iter().zip(special) {
                        match condition.get(row as usize) {
                            Some(false) => {}
                            Some(true) => return other.value,
                            // Without its benchmark known, a value says nothing.
                            None => return f64::NAN,
                        }
                    }
                    *benchmark
                };
                for (points, &row) in points.iter_mut().zip(members) {
                    let ratio = *points / own(row);
                    *points = if ratio.is_nan() { f64::NAN } else { weight * ratio.min(cap) };
                }
                (0.0, weight * cap)
            }
            Form::MinMax { floor } => {
                let known = || points.iter().copied().filter(|value| !value.is_nan());
                let (min, max) =
                    (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
                for points in points.iter_mut().filter(|points| !points.is_nan()) {
                    let place = if max > min { (*points - min) / (max - min) } else { 1.0 };
                    *points = weight * (floor + (100.0 - floor) * place) / 100.0;
                }
                (weight * floor / 100.0, weight)
            }
        };
        let given = match indicator.missing {
            Missing::ItemMean => {
                // Added in an order of values: the order of rows has no say.
                let known = points.iter().filter(|points| !points.is_nan());
                let mut known: Vec<u64> = known.map(|&points| parallel::ordered(points)).collect();
                parallel::sort(&mut known);
                let sum = || known.iter().map(|&points| parallel::from_ordered(points)).sum::<f64>();
                (!known.is_empty()).then(|| sum() / known.len() as f64)
            }
            Missing::Zero => Some(0.0),
            Missing::Unknown | Missing::Reweigh => None,
        };
        Ok(Self { values, points, rejected, weight, missing: indicator.missing, given, bounds })
    }

    /// Puts values and points, given ones included, where the members stand among all rows.
    fn scatter(self, members: &[u32], values: &mut Sparse, points: &mut Sparse) {
        let given = self.given.unwrap_or(f64::NAN);
        for ((&row, value), own) in members.iter().zip(self.values).zip(self.points) {
            values.0[row as usize] = value;
            points.0[row as usize] = if own.is_nan() { given } else { own };
        }
    }
}

impl Work {
    fn new(groups: &[u8], exempt: &[u8]) -> Self {
        let standing = |(&group, &exempt)| match (exempt, group) {
            (NONE, NONE) => Standing::NoGroup,
            (NONE, UNSURE) => Standing::GroupUnknown,
            (NONE, _) => Standing::Scored,
            _ => Standing::NotAppraised,
        };
        let standing = groups.iter().zip(exempt).map(standing).collect();
        let [total, lowest, highest] = [(); 3].map(|()| vec![0.0; groups.len()]);
        Self { standing, total, lowest, highest }
    }

    /// Lowers a standing; a rejection has the last word.
    fn mark(&mut self, row: usize, standing: Standing) {
        if self.standing[row] != Standing::Rejected {
            self.standing[row] = standing;
        }
    }

    /// Adds the items of a group's members.
    fn add(&mut self, items: &[Item], members: &[u32]) {
        let sums: Vec<RowSum> = parallel::collect(members.len(), 4096, &|i| RowSum::of(items, i));
        for (sum, &row) in sums.iter().zip(members) {
            let row = row as usize;
            self.total[row] = sum.total;
            self.lowest[row] = sum.lowest;
            self.highest[row] = sum.highest;
            if sum.unknown {
                self.mark(row, Standing::Unknown);
            }
        }
        for rejected in items.iter().flat_map(|item| &item.rejected) {
            self.mark(members[*rejected as usize] as usize, Standing::Rejected);
        }
    }

    fn adjust<M: Measures + Sync>(
        &mut self,
        source: &Checked<'_, M>,
        adjustment: &Adjustment,
        adjusted: &mut [f64],
    ) -> Result<(), Error> {
        let most = adjustment.points(f64::INFINITY);
        for (row, value) in source.numbers(&adjustment.metric)?.iter().enumerate() {
            if !matches!(self.standing[row], Standing::Scored | Standing::Unknown) {
                continue;
            }
            if let Some(value) = value.filter(|value| value.is_finite()) {
                let points = adjustment.points(value);
                adjusted[row] += points;
                self.total[row] += points;
                self.lowest[row] += points;
                self.highest[row] += points;
            } else {
                self.lowest[row] += most.min(0.0);
                self.highest[row] += most.max(0.0);
                if !adjustment.missing_is_zero {
                    self.mark(row, Standing::Unknown);
                }
            }
        }
        Ok(())
    }
}

/// Ranks and what follows from them.
struct Ranking {
    rank: Vec<u32>,
    grades: Vec<Option<Grade>>,
    exit: Vec<Option<bool>>,
    ranked: Vec<u32>,
    begins: Vec<[Option<f64>; 4]>,
}

impl Ranking {
    fn rank_group(
        &mut self,
        group: &Group,
        members: &[u32],
        work: &Work,
        exempt: usize,
        exit: Option<(f64, &Column<bool>)>,
    ) {
        let shown = |row: u32| {
            let score = work.total[row as usize];
            group.grading.map_or(score, |grading| grading.shown(score))
        };
        let scored = members.iter().filter(|&&row| work.standing[row as usize] == Standing::Scored);
        // From the best score down.
        let mut order: Vec<u128> =
            scored.map(|&row| parallel::placed(!parallel::ordered(shown(row)), row)).collect();
        parallel::sort_wide(&mut order);
        let order: Vec<(f64, u32)> = order
            .into_iter()
            .map(|placed| (parallel::from_ordered(!((placed >> 32) as u64)), placed as u32))
            .collect();
        let of = order.len();
        self.ranked.push(of as u32);
        let mut begins = [None; 4];
        let mut start = 0;
        for ties in order.chunk_by(|a, b| a.0 == b.0) {
            let (best, last) = (start + 1, start + ties.len());
            start = last;
            let grade = group.grading.map(|grading| {
                grading.grade(best, last, if grading.count_not_appraised { of + exempt } else { of })
            });
            if let Some(grade) = grade {
                begins[grade as usize] = Some(ties[0].0);
            }
            let rounding = group.grading.map_or_else(Default::default, |grading| grading.rounding);
            for &(_, row) in ties {
                let row = row as usize;
                self.rank[row] = best as u32;
                self.grades[row] = grade;
                self.exit[row] = exit.and_then(|(share, missed)| {
                    let low = best > of - rounding.count(share, of);
                    if low { missed.get(row) } else { Some(false) }
                });
            }
        }
        self.begins.push(begins);
    }
}
