//! Reasons as sentences for people.

use std::cmp::Ordering;

use super::{Appraised, Assessment, Basis, Direction, Reason, Remark};
use crate::language::Language;
use crate::parcel::ParcelIdx;
use crate::units::people_number;

/// Expressions longer than this are not said twice in a sentence.
const LONG: usize = 24;

impl Reason<'_> {
    /// Says what the test found, without a verdict: value, threshold, margin and place among its peers.
    fn clause(&self, language: Language, text: &mut String) {
        let metric = self.metric;
        let english = language == Language::English;
        let Some(value) = self.value else {
            return text.extend(match (self.basis, english) {
                (Basis::Condition, true) => ["whether `", metric, "` holds is not known"],
                (Basis::Condition, false) => ["是否符合“", metric, "”不详"],
                (_, true) => ["the value of `", metric, "` is not known"],
                (_, false) => ["“", metric, "”数值缺失"],
            });
        };
        if self.basis == Basis::Condition {
            return text.extend(match (value != 0.0, english) {
                (true, true) => ["`", metric, "` holds"],
                (false, true) => ["`", metric, "` does not hold"],
                (true, false) => ["符合“", metric, "”"],
                (false, false) => ["不符合“", metric, "”"],
            });
        }
        let value = &*figure(value);
        let (Some(threshold), Some(margin)) = (self.threshold, self.margin) else {
            return text.extend(if english {
                ["`", metric, "` is ", value, ", but too few values are known to rank it"]
            } else {
                ["“", metric, "”为 ", value, "，已知样本过少，无法排序"]
            });
        };
        let higher = self.direction == Direction::HigherIsBetter;
        let (threshold, distance) = (&*figure(threshold), &*figure(margin.abs()));
        match (english, self.worst_share.map(percent)) {
            (true, None) => text.extend(["`", metric, "` is ", value, " against a standard of ", threshold]),
            (true, Some(share)) => {
                let end = if higher { ", where the lowest " } else { ", where the highest " };
                text.extend(["`", metric, "` is ", value, " against ", threshold, end, &share, " ends"]);
            }
            (false, None) => text.extend(["“", metric, "”为 ", value, "，标准 ", threshold]),
            (false, Some(share)) => {
                let end = if higher { "，最低 " } else { "，最高 " };
                text.extend(["“", metric, "”为 ", value, end, &share, " 的界限为 ", threshold]);
            }
        }
        text.extend(match (english, margin.total_cmp(&0.0), higher) {
            (true, Ordering::Equal, _) => [", exactly at it", "", ""],
            (true, Ordering::Less, true) => [", ", distance, " short"],
            (true, Ordering::Less, false) => [", ", distance, " too much"],
            (true, Ordering::Greater, _) => [", ", distance, " to spare"],
            (false, Ordering::Equal, _) => ["，恰在界限", "", ""],
            (false, Ordering::Less, true) => ["，差 ", distance, ""],
            (false, Ordering::Less, false) => ["，超 ", distance, ""],
            (false, Ordering::Greater, _) => ["，余量 ", distance, ""],
        });
        if let Some(percentile) = self.percentile {
            let share = &*percent((percentile * 100.0).round() / 100.0);
            text.extend(if english {
                [", better than ", share, " of its peers"]
            } else {
                ["，优于 ", share, " 的同类地块"]
            });
        }
    }

    /// Says what would turn the outcome of the test. `alone`: the sentence speaks of no other test, so that a long expression need not be
    /// said twice.
    fn turn(&self, language: Language, alone: bool, text: &mut String) {
        let english = language == Language::English;
        let metric = match (alone && self.metric.len() > LONG, english) {
            (false, true) => ["`", self.metric, "`"],
            (false, false) => ["“", self.metric, "”"],
            (true, true) => ["this value", "", ""],
            (true, false) => ["该值", "", ""],
        };
        let passes = self.low == Some(true);
        match (self.basis, self.threshold) {
            (Basis::Condition, _) => text.extend(match (self.low, english) {
                (Some(true), true) => ["`", self.metric, "` no longer held"],
                (Some(false), true) => ["`", self.metric, "` held"],
                (None, true) => ["it were known whether `", self.metric, "` holds"],
                (Some(true), false) => ["不再符合“", self.metric, "”"],
                (Some(false), false) => ["符合“", self.metric, "”"],
                (None, false) => ["查明是否符合“", self.metric, "”"],
            }),
            (_, Some(threshold)) if self.low.is_some() => {
                let turned = match (english, passes, self.direction) {
                    (true, true, Direction::HigherIsBetter) => " reached ",
                    (true, true, Direction::LowerIsBetter) => " fell to ",
                    (true, false, Direction::HigherIsBetter) => " fell below ",
                    (true, false, Direction::LowerIsBetter) => " rose above ",
                    (false, true, Direction::HigherIsBetter) => "达到 ",
                    (false, true, Direction::LowerIsBetter) => "降至 ",
                    (false, false, Direction::HigherIsBetter) => "低于 ",
                    (false, false, Direction::LowerIsBetter) => "高于 ",
                };
                text.extend(metric);
                text.extend([turned, &figure(threshold)]);
            }
            _ => match (alone, self.value, english) {
                (true, None, true) => text.push_str("its value were known"),
                (true, None, false) => text.push_str("补充该数据"),
                (true, Some(_), true) => text.push_str("more values were known"),
                (true, Some(_), false) => text.push_str("补充样本"),
                (false, _, true) => {
                    text.push_str("more were known of ");
                    text.extend(metric);
                }
                (false, _, false) => {
                    text.push_str("补充");
                    text.extend(metric);
                    text.push_str("的数据");
                }
            },
        }
    }
}

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
        let computed = self.computed(parcel)?;
        let reasons = self.reasons(parcel);
        let english = language == Language::English;
        let low: Vec<&Reason<'_>> = reasons.iter().filter(|reason| reason.low == Some(true)).collect();
        let unknown = || reasons.iter().filter(|reason| reason.low.is_none());
        let turning = || reasons.iter().filter(|reason| reason.turns);
        let named: Vec<&Reason<'_>> = match computed {
            Some(true) => low.clone(),
            // Every test that passes helps; those that alone hold the verdict are enough to name.
            Some(false) if turning().next().is_some() => turning().collect(),
            Some(false) => reasons.iter().filter(|reason| reason.low == Some(false)).collect(),
            None => unknown().collect(),
        };
        let suspected = low.iter().all(|reason| reason.basis == Basis::Quantile);
        let lead = match (computed, english) {
            (Some(true), true) if suspected => "Suspected low-efficiency",
            (Some(true), false) if suspected => "疑似低效用地",
            (Some(true), true) => "Low-efficiency",
            (Some(true), false) => "低效用地",
            (Some(false), true) => "Not low-efficiency",
            (Some(false), false) => "不属低效用地",
            (None, true) => "Not decided",
            (None, false) => "暂无法认定",
        };
        let mut text = String::with_capacity(256);
        text.push_str(lead);
        text.push_str(if english { ": " } else { "：" });
        for (i, reason) in named.iter().enumerate() {
            if i > 0 {
                text.push_str(if english { "; " } else { "；" });
            }
            reason.clause(language, &mut text);
        }
        text.push_str(if english { ". " } else { "。" });
        let turns = turning().next().is_some();
        let (before, behind) = match (english, computed, turns) {
            (true, Some(true), true) => ("It would pass if ", "."),
            (true, Some(true), false) => {
                ("No single one of these decides: it would pass only if several turned.", "")
            }
            (true, Some(false), true) => ("It would be low if ", "."),
            (true, Some(false), false) => ("No single change would make it low.", ""),
            (true, None, _) => ("It could be decided if ", "."),
            (false, Some(true), true) => ("如", "，则不再认定为低效。"),
            (false, Some(true), false) => ("任何单项改变均不足以改变结论。", ""),
            (false, Some(false), true) => ("如", "，则认定为低效。"),
            (false, Some(false), false) => ("任何单项改变均不会使其成为低效用地。", ""),
            (false, None, _) => ("如", "，即可认定。"),
        };
        text.push_str(before);
        for (i, reason) in turning().enumerate() {
            if i > 0 {
                text.push_str(if english { ", or if " } else { "，或" });
            }
            reason.turn(language, reasons.len() == 1, &mut text);
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
        let english = language == Language::English;
        let (name, version) = (self.pack().name(), self.pack().version());
        let grade = self.grades.get(row).copied().flatten();
        let mut text = match (self.score.get(row).map(figure), grade, english) {
            (Some(score), Some(grade), true) => {
                format!("Appraised by {name} {version}: {score} points, grade {grade}.")
            }
            (Some(score), None, true) => format!("Appraised by {name} {version}: {score} points."),
            (None, _, true) => format!("Appraised by {name} {version}: no score."),
            (Some(score), Some(grade), false) => {
                format!("按 {name} {version} 评价：得分 {score}，{grade} 类。")
            }
            (Some(score), None, false) => format!("按 {name} {version} 评价：得分 {score}。"),
            (None, _, false) => format!("按 {name} {version} 评价：无得分。"),
        };
        for remark in self.remarks(row) {
            if english {
                text.push(' ');
            }
            text.push_str(&remark.sentence(language));
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
        let english = language == Language::English;
        match *self {
            Self::NotAppraised(when) if english => format!("Not appraised, as `{when}` holds."),
            Self::NotAppraised(when) => format!("符合“{when}”，不参加评价。"),
            Self::Missing(key) if english => format!("The value of {key} is missing."),
            Self::Missing(key) => format!("缺少指标 {key} 的数据。"),
            Self::Adjusted(points) if english => format!("Adjusted by {} points.", figure(points)),
            Self::Adjusted(points) => format!("加减分 {}。", figure(points)),
            Self::Rank { group, rank, of } if english => format!("Rank {rank} of {of} in {group}."),
            Self::Rank { group, rank, of } => format!("在 {group} 组 {of} 户中列第 {rank} 名。"),
            Self::Next { grade, from } if english => format!("{grade} begins at {} points.", figure(from)),
            Self::Next { grade, from } => format!("达到 {} 分可评为 {grade}。", figure(from)),
            Self::Limited { when, from, to } if english => {
                format!("Its rank gives {from}, but `{when}` holds: graded {to}.")
            }
            Self::Limited { when, from, to } => format!("按名次为 {from}，因符合“{when}”，评为 {to}。"),
            Self::Exit(when) if english => {
                format!("To leave: `{when}` holds and its rank is among the lowest.")
            }
            Self::Exit(when) => format!("列入退出名单：符合“{when}”且名次靠后。"),
        }
    }
}

/// A share for people.
fn percent(share: f64) -> String {
    let mut text = figure(share * 100.0);
    text.push('%');
    text
}

/// Six significant digits for people, without noughts at the end.
fn figure(value: f64) -> String {
    let magnitude = if value == 0.0 { 0.0 } else { value.abs().log10().floor() };
    let mut text = people_number(value, (5.0 - magnitude).clamp(0.0, 12.0) as usize);
    if text.contains('.') {
        let kept = text.trim_end_matches('0').trim_end_matches('.').len();
        text.truncate(kept);
    }
    text
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
