//! 简体中文.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};

use super::{Turn, VerdictWords, WhyUnused};
use crate::efficiency::{Basis, Direction, FieldCheck, Grade, Reason, Remark, StockClass};
use crate::report::words::{LONG, figure, percent};

/// The phrases of verdicts.
pub(super) const WORDS: VerdictWords = VerdictWords {
    space: "",
    colon: "：",
    semicolon: "；",
    stop: "。",
    or: "，或",
    class,
    lead: |of| class(of).to_owned(),
    found,
    turn,
    around_turn,
    appraised,
    remark,
    unused,
    checked,
    check_confirms: "与计算结果一致。",
    check_wins: "以核查结果为准，计算结果为：",
};

fn class(class: StockClass) -> &'static str {
    match class {
        StockClass::ApprovedNotSupplied => "批而未供土地",
        StockClass::Idle => "闲置土地",
        StockClass::Vacant => "空闲土地",
        StockClass::Low => "低效用地",
        StockClass::SuspectedLow => "疑似低效用地",
        StockClass::NotLow => "不属低效用地",
        StockClass::Unknown => "暂无法认定",
    }
}

fn found(reason: &Reason<'_>, text: &mut String) -> fmt::Result {
    let metric = reason.metric;
    let Some(value) = reason.value else {
        return match reason.basis {
            Basis::Condition => write!(text, "是否符合“{metric}”不详"),
            _ => write!(text, "“{metric}”数值缺失"),
        };
    };
    if reason.basis == Basis::Condition {
        let holds = if value == 0.0 { "不符合" } else { "符合" };
        return write!(text, "{holds}“{metric}”");
    }
    write!(text, "“{metric}”为 {}", figure(value))?;
    let (Some(threshold), Some(margin)) = (reason.threshold, reason.margin) else {
        return text.write_str("，已知样本过少，无法排序");
    };
    let higher = reason.direction == Direction::HigherIsBetter;
    let (threshold, distance) = (figure(threshold), figure(margin.abs()));
    match reason.worst_share.map(percent) {
        None => write!(text, "，标准 {threshold}")?,
        Some(share) => {
            let end = if higher { "最低" } else { "最高" };
            write!(text, "，{end} {share} 的界限为 {threshold}")?;
        }
    }
    match margin.total_cmp(&0.0) {
        Ordering::Equal => text.push_str("，恰在界限"),
        Ordering::Less if higher => write!(text, "，差 {distance}")?,
        Ordering::Less => write!(text, "，超 {distance}")?,
        Ordering::Greater => write!(text, "，余量 {distance}")?,
    }
    reason.percentile.map_or(Ok(()), |percentile| {
        write!(text, "，优于 {} 的同类地块", percent((percentile * 100.0).round() / 100.0))
    })
}

fn turn(reason: &Reason<'_>, alone: bool, text: &mut String) -> fmt::Result {
    let name = reason.metric;
    // 较长的表达式不重复。
    let (open, metric, close) =
        if alone && name.len() > LONG { ("", "该值", "") } else { ("“", name, "”") };
    match (reason.basis, reason.threshold, reason.low) {
        (Basis::Condition, _, Some(true)) => write!(text, "不再符合“{name}”"),
        (Basis::Condition, _, Some(false)) => write!(text, "符合“{name}”"),
        (Basis::Condition, _, None) => write!(text, "查明是否符合“{name}”"),
        (_, Some(threshold), Some(low)) => {
            let turned = match (low, reason.direction) {
                (true, Direction::HigherIsBetter) => "达到",
                (true, Direction::LowerIsBetter) => "降至",
                (false, Direction::HigherIsBetter) => "低于",
                (false, Direction::LowerIsBetter) => "高于",
            };
            write!(text, "{open}{metric}{close}{turned} {}", figure(threshold))
        }
        _ if !alone => write!(text, "补充{open}{metric}{close}的数据"),
        _ if reason.value.is_none() => text.write_str("补充该数据"),
        _ => text.write_str("补充样本"),
    }
}

fn around_turn(turn: Turn) -> (&'static str, &'static str) {
    match turn {
        Turn::Passes => ("如", "，则不再认定为低效。"),
        Turn::PassesBySeveral => ("任何单项改变均不足以改变结论。", ""),
        Turn::Fails => ("如", "，则认定为低效。"),
        Turn::FailsByNone => ("任何单项改变均不会使其成为低效用地。", ""),
        Turn::Decided => ("如", "，即可认定。"),
    }
}

fn appraised(name: &str, version: &str, score: Option<&str>, grade: Option<Grade>) -> String {
    let got = match (score, grade) {
        (Some(score), Some(grade)) => format!("得分 {score}，{grade} 类"),
        (Some(score), None) => format!("得分 {score}"),
        (None, _) => "无得分".into(),
    };
    format!("按 {name} {version} 评价：{got}。")
}

fn remark(remark: &Remark<'_>) -> String {
    match *remark {
        Remark::NotAppraised(when) => format!("符合“{when}”，不参加评价。"),
        Remark::Missing(key) => format!("缺少指标 {key} 的数据。"),
        Remark::Adjusted(points) => format!("加减分 {}。", figure(points)),
        Remark::Rank { group, rank, of } => format!("在 {group} 组 {of} 户中列第 {rank} 名。"),
        Remark::Next { grade, from } => format!("达到 {} 分可评为 {grade}。", figure(from)),
        Remark::Limited { when, from, to } => format!("按名次为 {from}，因符合“{when}”，评为 {to}。"),
        Remark::Exit(when) => format!("列入退出名单：符合“{when}”且名次靠后。"),
    }
}

fn unused(why: WhyUnused<'_>) -> String {
    let why = match why {
        WhyUnused::Condition(condition) => return format!("符合“{condition}”。{UNRANKED}"),
        WhyUnused::NotSupplied => "已批准为建设用地，尚未供应；供应后即不再属于此类",
        WhyUnused::NotStarted => "超过约定动工日期满一年未动工；动工后即不再属于此类",
        WhyUnused::Suspended => {
            "已动工，但开发面积不足三分之一或投资不足四分之一，且中止建设满一年；复工后即不再属于此类"
        }
    };
    format!("{why}。{UNRANKED}")
}

const UNRANKED: &str = "单列一类，不参与排名。";

fn checked(check: &FieldCheck) -> String {
    format!("{} 实地核查：{}（{}）。", check.date, class(check.status), check.reason)
}
