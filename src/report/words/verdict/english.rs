//! English.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};

use super::{Turn, VerdictWords, WhyUnused};
use crate::efficiency::{Basis, Direction, FieldCheck, Grade, Reason, Remark, StockClass};
use crate::report::words::{LONG, figure, percent};

/// The phrases of verdicts.
pub(super) const WORDS: VerdictWords = VerdictWords {
    space: " ",
    colon: ": ",
    semicolon: "; ",
    stop: ".",
    or: ", or if ",
    class,
    lead,
    found,
    turn,
    around_turn,
    appraised,
    remark,
    unused,
    checked,
    check_confirms: "It confirms what was computed.",
    check_wins: "It wins over what was computed: ",
};

fn class(class: StockClass) -> &'static str {
    match class {
        StockClass::ApprovedNotSupplied => "approved, not supplied",
        StockClass::Idle => "idle land",
        StockClass::Vacant => "vacant land",
        StockClass::Low => "low-efficiency",
        StockClass::SuspectedLow => "suspected low-efficiency",
        StockClass::NotLow => "not low-efficiency",
        StockClass::Unknown => "not decided",
    }
}

fn lead(of: StockClass) -> String {
    let mut words = class(of).to_owned();
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

fn found(reason: &Reason<'_>, text: &mut String) -> fmt::Result {
    let metric = reason.metric;
    let Some(value) = reason.value else {
        return match reason.basis {
            Basis::Condition => write!(text, "whether `{metric}` holds is not known"),
            _ => write!(text, "the value of `{metric}` is not known"),
        };
    };
    if reason.basis == Basis::Condition {
        let holds = if value == 0.0 { "does not hold" } else { "holds" };
        return write!(text, "`{metric}` {holds}");
    }
    write!(text, "`{metric}` is {}", figure(value))?;
    let (Some(threshold), Some(margin)) = (reason.threshold, reason.margin) else {
        return text.write_str(", but too few values are known to rank it");
    };
    let higher = reason.direction == Direction::HigherIsBetter;
    let (threshold, distance) = (figure(threshold), figure(margin.abs()));
    match reason.worst_share.map(percent) {
        None => write!(text, " against a standard of {threshold}")?,
        Some(share) => {
            let end = if higher { "lowest" } else { "highest" };
            write!(text, " against {threshold}, where the {end} {share} ends")?;
        }
    }
    match margin.total_cmp(&0.0) {
        Ordering::Equal => text.push_str(", exactly at it"),
        Ordering::Less if higher => write!(text, ", {distance} short")?,
        Ordering::Less => write!(text, ", {distance} too much")?,
        Ordering::Greater => write!(text, ", {distance} to spare")?,
    }
    reason.percentile.map_or(Ok(()), |percentile| {
        write!(text, ", better than {} of its peers", percent((percentile * 100.0).round() / 100.0))
    })
}

fn turn(reason: &Reason<'_>, alone: bool, text: &mut String) -> fmt::Result {
    let name = reason.metric;
    // A long expression is not said twice.
    let (quote, metric) = if alone && name.len() > LONG { ("", "this value") } else { ("`", name) };
    match (reason.basis, reason.threshold, reason.low) {
        (Basis::Condition, _, Some(true)) => write!(text, "`{name}` no longer held"),
        (Basis::Condition, _, Some(false)) => write!(text, "`{name}` held"),
        (Basis::Condition, _, None) => write!(text, "it were known whether `{name}` holds"),
        (_, Some(threshold), Some(low)) => {
            let turned = match (low, reason.direction) {
                (true, Direction::HigherIsBetter) => "reached",
                (true, Direction::LowerIsBetter) => "fell to",
                (false, Direction::HigherIsBetter) => "fell below",
                (false, Direction::LowerIsBetter) => "rose above",
            };
            write!(text, "{quote}{metric}{quote} {turned} {}", figure(threshold))
        }
        _ if !alone => write!(text, "more were known of {quote}{metric}{quote}"),
        _ if reason.value.is_none() => text.write_str("its value were known"),
        _ => text.write_str("more values were known"),
    }
}

fn around_turn(turn: Turn) -> (&'static str, &'static str) {
    match turn {
        Turn::Passes => ("It would pass if ", "."),
        Turn::PassesBySeveral => {
            ("No single one of these decides: it would pass only if several turned.", "")
        }
        Turn::Fails => ("It would be low if ", "."),
        Turn::FailsByNone => ("No single change would make it low.", ""),
        Turn::Decided => ("It could be decided if ", "."),
    }
}

fn appraised(name: &str, version: &str, score: Option<&str>, grade: Option<Grade>) -> String {
    let got = match (score, grade) {
        (Some(score), Some(grade)) => format!("{score} points, grade {grade}"),
        (Some(score), None) => format!("{score} points"),
        (None, _) => "no score".into(),
    };
    format!("Appraised by {name} {version}: {got}.")
}

fn remark(remark: &Remark<'_>) -> String {
    match *remark {
        Remark::NotAppraised(when) => format!("Not appraised, as `{when}` holds."),
        Remark::Missing(key) => format!("The value of {key} is missing."),
        Remark::Adjusted(points) => format!("Adjusted by {} points.", figure(points)),
        Remark::Rank { group, rank, of } => format!("Rank {rank} of {of} in {group}."),
        Remark::Next { grade, from } => format!("{grade} begins at {} points.", figure(from)),
        Remark::Limited { when, from, to } => {
            format!("Its rank gives {from}, but `{when}` holds: graded {to}.")
        }
        Remark::Exit(when) => format!("To leave: `{when}` holds and its rank is among the lowest."),
    }
}

fn unused(why: WhyUnused<'_>) -> String {
    let why = match why {
        WhyUnused::Condition(condition) => return format!("`{condition}` holds. {UNRANKED}"),
        WhyUnused::NotSupplied => "approved for construction and supplied to nobody; supply would end it",
        WhyUnused::NotStarted => {
            "building has not started a full year after the agreed start; a start would end it"
        }
        WhyUnused::Suspended => {
            "started, but less than a third built or a quarter invested, and suspended for a full year; work going on would \
             end it"
        }
    };
    format!("{why}. {UNRANKED}")
}

const UNRANKED: &str = "It is a class of its own and not ranked.";

fn checked(check: &FieldCheck) -> String {
    format!("Field check of {}: {} ({}).", check.date, class(check.status), check.reason)
}
