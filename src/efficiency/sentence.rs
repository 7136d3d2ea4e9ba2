//! Reasons as sentences for people.

use super::{Reason, Remark};
use crate::units::people_number;

/// A language of sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// 简体中文.
    Chinese,
}

impl Reason<'_> {
    /// One sentence: the rule, the value, the threshold, the margin, and what would turn the test.
    ///
    /// ```
    /// use landuse::efficiency::{Language, Reason};
    /// let reason =
    ///     Reason { rule: "far < 0.8", low: Some(true), value: Some(0.5), threshold: Some(0.8), margin: Some(-0.3) };
    /// assert_eq!(
    ///     reason.sentence(Language::English),
    ///     "Low by `far < 0.8`: 0.5 against 0.8, 0.3 short; from 0.8 on it would pass."
    /// );
    /// assert_eq!(reason.sentence(Language::Chinese), "按“far < 0.8”判为低效:实际值 0.5,标准 0.8,差 0.3;达到 0.8 即可通过。");
    /// ```
    pub fn sentence(&self, language: Language) -> String {
        let rule = self.rule;
        let (Some(low), Some(value)) = (self.low, self.value) else {
            let what = match (language, self.value) {
                (Language::English, None) => "its value is not known; a value would settle it",
                (Language::English, _) => "too few values are known to rank; more of them would settle it",
                (Language::Chinese, None) => "数值缺失;补充数据后可判定",
                (Language::Chinese, _) => "已知样本过少,无法排序;补充数据后可判定",
            };
            return match language {
                Language::English => format!("Not judged by `{rule}`: {what}."),
                Language::Chinese => format!("按“{rule}”无法判定:{what}。"),
            };
        };
        let (Some(threshold), Some(margin)) = (self.threshold, self.margin) else {
            return match (language, low) {
                (Language::English, true) => format!("Low, as `{rule}` holds; it would pass if it did not."),
                (Language::English, false) => {
                    format!("Passes, as `{rule}` does not hold; it would be low if it did.")
                }
                (Language::Chinese, true) => format!("符合条件“{rule}”,判为低效;不再符合即可通过。"),
                (Language::Chinese, false) => format!("不符合条件“{rule}”,通过;一旦符合即判为低效。"),
            };
        };
        // The margin is value − threshold where more is better, the opposite where less is; at the threshold it does not tell.
        let more_is_better = (value > threshold) == (margin > 0.0);
        let at_threshold = value == threshold;
        let [value, threshold, distance] = [value, threshold, margin.abs()].map(figure);
        if at_threshold {
            return match language {
                Language::English => {
                    format!(
                        "Passes `{rule}`: {value}, exactly at the threshold; anything worse would be low."
                    )
                }
                Language::Chinese => format!("按“{rule}”通过:实际值 {value},恰为标准;再差即判为低效。"),
            };
        }
        match (language, low, more_is_better) {
            (Language::English, true, true) => format!(
                "Low by `{rule}`: {value} against {threshold}, {distance} short; from {threshold} on it would pass."
            ),
            (Language::English, true, false) => format!(
                "Low by `{rule}`: {value} against {threshold}, {distance} too much; down to {threshold} it would pass."
            ),
            (Language::English, false, true) => format!(
                "Passes `{rule}`: {value} against {threshold}, {distance} to spare; below {threshold} it would be low."
            ),
            (Language::English, false, false) => format!(
                "Passes `{rule}`: {value} against {threshold}, {distance} to spare; above {threshold} it would be low."
            ),
            (Language::Chinese, true, true) => format!(
                "按“{rule}”判为低效:实际值 {value},标准 {threshold},差 {distance};达到 {threshold} 即可通过。"
            ),
            (Language::Chinese, true, false) => format!(
                "按“{rule}”判为低效:实际值 {value},标准 {threshold},超 {distance};降至 {threshold} 即可通过。"
            ),
            (Language::Chinese, false, true) => format!(
                "按“{rule}”通过:实际值 {value},标准 {threshold},余量 {distance};低于 {threshold} 则判为低效。"
            ),
            (Language::Chinese, false, false) => format!(
                "按“{rule}”通过:实际值 {value},标准 {threshold},余量 {distance};高于 {threshold} 则判为低效。"
            ),
        }
    }
}

impl Remark<'_> {
    /// One sentence on what decided in an appraisal.
    ///
    /// ```
    /// use landuse::efficiency::{Grade, Language, Remark};
    /// let remark = Remark::Limited { when: "accident", from: Grade::A, to: Grade::C };
    /// assert_eq!(remark.sentence(Language::English), "Its rank gives A, but `accident` holds: graded C.");
    /// assert_eq!(remark.sentence(Language::Chinese), "按名次为 A,因符合“accident”,评为 C。");
    /// ```
    pub fn sentence(&self, language: Language) -> String {
        let english = language == Language::English;
        match *self {
            Self::NotAppraised(when) if english => format!("Not appraised, as `{when}` holds."),
            Self::NotAppraised(when) => format!("符合“{when}”,不参加评价。"),
            Self::Missing(key) if english => format!("The value of {key} is missing."),
            Self::Missing(key) => format!("缺少指标 {key} 的数据。"),
            Self::Adjusted(points) if english => format!("Adjusted by {} points.", figure(points)),
            Self::Adjusted(points) => format!("加减分 {}。", figure(points)),
            Self::Rank { group, rank, of } if english => format!("Rank {rank} of {of} in {group}."),
            Self::Rank { group, rank, of } => format!("在 {group} 组 {of} 户中列第 {rank} 名。"),
            Self::Limited { when, from, to } if english => {
                format!("Its rank gives {from}, but `{when}` holds: graded {to}.")
            }
            Self::Limited { when, from, to } => format!("按名次为 {from},因符合“{when}”,评为 {to}。"),
            Self::Exit(when) if english => {
                format!("To leave: `{when}` holds and its rank is among the lowest.")
            }
            Self::Exit(when) => format!("列入退出名单:符合“{when}”且名次靠后。"),
        }
    }
}

/// Six significant digits for people, without noughts at the end.
fn figure(value: f64) -> String {
    let magnitude = if value == 0.0 { 0.0 } else { value.abs().log10().floor() };
    let text = people_number(value, (5.0 - magnitude).clamp(0.0, 12.0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(
        low: Option<bool>,
        value: Option<f64>,
        threshold: Option<f64>,
        margin: Option<f64>,
    ) -> Reason<'static> {
        Reason { rule: "r", low, value, threshold, margin }
    }

    #[test]
    fn each_case_has_its_sentence() {
        let english = |r: Reason<'_>| r.sentence(Language::English);
        let energy = reason(Some(true), Some(3.0), Some(2.5), Some(-0.5));
        assert_eq!(english(energy), "Low by `r`: 3 against 2.5, 0.5 too much; down to 2.5 it would pass.");
        let fine = reason(Some(false), Some(2.0), Some(2.5), Some(0.5));
        assert_eq!(english(fine), "Passes `r`: 2 against 2.5, 0.5 to spare; above 2.5 it would be low.");
        let tie = reason(Some(false), Some(12_345.0), Some(12_345.0), Some(0.0));
        assert_eq!(
            english(tie),
            "Passes `r`: 12,345, exactly at the threshold; anything worse would be low."
        );
        assert_eq!(
            [0.0, -0.000_031_4, 0.1 + 0.2, 1_234_567.8].map(figure),
            ["0", "-0.0000314", "0.3", "1,234,568"]
        );
        let old = reason(Some(true), Some(1.0), None, None);
        assert_eq!(english(old), "Low, as `r` holds; it would pass if it did not.");
        let unknown = reason(None, None, Some(1.0), None);
        assert_eq!(english(unknown), "Not judged by `r`: its value is not known; a value would settle it.");
        let few = reason(None, Some(1.0), None, None);
        assert_eq!(few.sentence(Language::Chinese), "按“r”无法判定:已知样本过少,无法排序;补充数据后可判定。");
    }
}
