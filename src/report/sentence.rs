//! Verdicts as sentences: what is said of which finding. Its words stand in `words/verdict`.

use super::words::{Turn, VerdictWords, figure};
use crate::efficiency::{Appraised, Assessment, Basis, Reason, Remark, StockClass};
use crate::language::Language;
use crate::parcel::ParcelIdx;

impl Assessment {
    /// The verdict on a candidate in one sentence or two: what it is, by which tests, with value, threshold, margin and place among
    /// its peers, and what would turn it; none for a parcel that is no candidate. A verdict that rests on quantiles alone is a suspicion.
    ///
    /// ```
    /// use landuse::ParcelIdx;
    /// use landuse::efficiency::{Assessment, Language, Rule};
    /// use landuse::parcel::Column;
    ///
    /// let far = |_: &str| -> Column<f64> { [Some(0.5)].into_iter().collect() };
    /// let rule = Rule::Standard { metric: Some("far".into()), worse_than: 0.8, direction: Default::default() };
    /// let found = Assessment::judge(&rule, &[true], &far)?;
    /// assert_eq!(
    ///     found.sentence(ParcelIdx(0), Language::English).as_deref(),
    ///     Some("Low-efficiency: `far` is 0.5 against a standard of 0.8, 0.3 short. It would pass if `far` reached 0.8.")
    /// );
    /// assert_eq!(
    ///     found.sentence(ParcelIdx(0), Language::Chinese).as_deref(),
    ///     Some("低效用地：“far”为 0.5，标准 0.8，差 0.3。如“far”达到 0.8，则不再认定为低效。")
    /// );
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn sentence(&self, parcel: ParcelIdx, language: Language) -> Option<String> {
        let words = VerdictWords::of(language);
        let computed = self.computed(parcel)?;
        let reasons = self.reasons(parcel);
        let with = |low: Option<bool>| reasons.iter().filter(move |reason| reason.low == low);
        let turning: Vec<&Reason<'_>> = reasons.iter().filter(|reason| reason.turns).collect();
        let named: Vec<&Reason<'_>> = match computed {
            // Every test that passes helps; those that alone hold the verdict are enough to name.
            Some(false) if !turning.is_empty() => turning.clone(),
            told => with(told).collect(),
        };
        let class = match computed {
            Some(true) if with(Some(true)).all(|reason| reason.basis == Basis::Quantile) => {
                StockClass::SuspectedLow
            }
            Some(true) => StockClass::Low,
            Some(false) => StockClass::NotLow,
            None => StockClass::Unknown,
        };
        let turn = match (computed, turning.is_empty()) {
            (Some(true), false) => Turn::Passes,
            (Some(true), true) => Turn::PassesBySeveral,
            (Some(false), false) => Turn::Fails,
            (Some(false), true) => Turn::FailsByNone,
            (None, _) => Turn::Decided,
        };
        let mut text = String::with_capacity(256);
        text.push_str(&(words.lead)(class));
        text.push_str(words.colon);
        for (i, reason) in named.into_iter().enumerate() {
            text.push_str(if i > 0 { words.semicolon } else { "" });
            (words.found)(reason, &mut text).ok()?;
        }
        text.push_str(words.stop);
        text.push_str(words.space);
        let (before, behind) = (words.around_turn)(turn);
        text.push_str(before);
        for (i, reason) in turning.into_iter().enumerate() {
            text.push_str(if i > 0 { words.or } else { "" });
            (words.turn)(reason, reasons.len() == 1, &mut text).ok()?;
        }
        text.push_str(behind);
        Some(text)
    }
}

impl Appraised {
    /// What a row got and why: score, grade, rank, and what decided beside its items.
    ///
    /// ```
    /// use landuse::efficiency::{Appraisal, Cuts, Grading, Language};
    /// use landuse::expr::ColumnTable;
    /// let text = "name = 'town'\nversion = '2024'\nsource = 'made up'\nevidence = 'C'\n\
    ///     [[group]]\nkey = 'all'\nindicators = [{ key = 'tax', weight = 100, benchmark = 20 }]\n";
    /// let pack = Appraisal::from_toml(text, "town.toml")?.with_grading(Grading::new(Cuts::HUAIAN))?;
    /// let firms = ColumnTable::new(5).number("tax", [Some(30.0), Some(20.0), Some(10.0), Some(5.0), Some(1.0)])?;
    /// let found = pack.run(5, &firms)?;
    /// assert_eq!(
    ///     found.sentence(2, Language::English),
    ///     "Appraised by town 2024: 50 points, grade B. Rank 3 of 5 in all. A begins at 150 points."
    /// );
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn sentence(&self, row: usize, language: Language) -> String {
        let words = VerdictWords::of(language);
        let grade = self.grades.get(row).copied().flatten();
        let score = self.score.get(row).map(figure);
        let mut text = (words.appraised)(self.pack().name(), self.pack().version(), score.as_deref(), grade);
        for remark in self.remarks(row) {
            text.push_str(words.space);
            text.push_str(&(words.remark)(&remark));
        }
        text
    }
}

impl Remark<'_> {
    /// One sentence on what decided in an appraisal.
    ///
    /// ```
    /// use landuse::efficiency::{Grade, Language, Remark};
    /// let remark = Remark::Limited { when: "accident", from: Grade::A, to: Grade::C };
    /// assert_eq!(remark.sentence(Language::English), "Its rank gives A, but `accident` holds: graded C.");
    /// assert_eq!(remark.sentence(Language::Chinese), "按名次为 A，因符合“accident”，评为 C。");
    /// ```
    pub fn sentence(&self, language: Language) -> String {
        (VerdictWords::of(language).remark)(self)
    }
}

impl StockClass {
    /// Its name for people.
    ///
    /// ```
    /// use landuse::efficiency::{Language, StockClass};
    /// assert_eq!(StockClass::Idle.words(Language::English), "idle land");
    /// assert_eq!(StockClass::Idle.words(Language::Chinese), "闲置土地");
    /// ```
    pub fn words(self, language: Language) -> &'static str {
        (VerdictWords::of(language).class)(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::efficiency::{Measures, Rule};
    use crate::error::Error;
    use crate::parcel::Column;

    /// Energy 3, a flag of each kind, nothing known of `none`.
    struct One;

    impl Measures for One {
        fn numbers(&self, expression: &str) -> Result<Column<f64>, Error> {
            Ok([if expression == "none" { None } else { Some(3.0) }].into_iter().collect())
        }

        fn holds(&self, expression: &str) -> Result<Column<bool>, Error> {
            Ok([if expression == "none" { None } else { Some(expression == "yes") }].into_iter().collect())
        }
    }

    fn sentences(rule: &str) -> [String; 2] {
        let rule: Rule = toml::from_str(rule).unwrap();
        let found = Assessment::judge(&rule, &[true], &One).unwrap();
        [Language::English, Language::Chinese].map(|language| found.sentence(ParcelIdx(0), language).unwrap())
    }

    #[test]
    fn each_case_has_its_sentence() {
        for (rule, english, chinese) in [
            (
                "metric = 'e'\nworse_than = 2.5\ndirection = 'lower_is_better'",
                "Low-efficiency: `e` is 3 against a standard of 2.5, 0.5 too much. It would pass if `e` fell to 2.5.",
                "低效用地：“e”为 3，标准 2.5，超 0.5。如“e”降至 2.5，则不再认定为低效。",
            ),
            (
                "metric = 'e'\nworse_than = 3.0",
                "Not low-efficiency: `e` is 3 against a standard of 3, exactly at it. It would be low if `e` fell below 3.",
                "不属低效用地：“e”为 3，标准 3，恰在界限。如“e”低于 3，则认定为低效。",
            ),
            (
                "holds = 'yes'",
                "Low-efficiency: `yes` holds. It would pass if `yes` no longer held.",
                "低效用地：符合“yes”。如不再符合“yes”，则不再认定为低效。",
            ),
            (
                "any = [{ holds = 'yes' }, { metric = 'e', worse_than = 4.0 }]",
                "Low-efficiency: `yes` holds; `e` is 3 against a standard of 4, 1 short. \
                 No single one of these decides: it would pass only if several turned.",
                "低效用地：符合“yes”；“e”为 3，标准 4，差 1。任何单项改变均不足以改变结论。",
            ),
            (
                "all = [{ holds = 'no' }, { metric = 'e', worse_than = 4.0 }, { holds = 'yes' }]",
                "Not low-efficiency: `no` does not hold. It would be low if `no` held.",
                "不属低效用地：不符合“no”。如符合“no”，则认定为低效。",
            ),
            (
                "all = [{ metric = 'none', worse_than = 4.0 }, { holds = 'yes' }]",
                "Not decided: the value of `none` is not known. It could be decided if more were known of `none`, or if `yes` \
                 no longer held.",
                "暂无法认定：“none”数值缺失。如补充“none”的数据，或不再符合“yes”，即可认定。",
            ),
            (
                "metric = 'e'\nworst_share = 0.2",
                "Not decided: `e` is 3, but too few values are known to rank it. It could be decided if more values were known.",
                "暂无法认定：“e”为 3，已知样本过少，无法排序。如补充样本，即可认定。",
            ),
        ] {
            assert_eq!(sentences(rule), [english, chinese], "{rule}");
        }
        assert_eq!(
            [0.0, -0.000_031_4, 0.1 + 0.2, 1_234_567.8].map(figure),
            ["0", "-0.0000314", "0.3", "1,234,568"]
        );
    }
}
