//! The words of verdicts: one table per language. What is said is settled in `report::sentence` and `report::verdict`.

mod chinese;
mod english;

use std::fmt;

use crate::efficiency::{FieldCheck, Grade, Reason, Remark, StockClass};
use crate::language::Language;

/// Why land is unused.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) enum WhyUnused<'a> {
    /// By a condition of the user's.
    Condition(&'a str),
    /// Approved and supplied to nobody.
    NotSupplied,
    /// Building has not started in time.
    NotStarted,
    /// Building has stopped.
    Suspended,
}

/// What turns a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Turn {
    /// It would not be low any more.
    Passes,
    /// Only several tests together would make it pass.
    PassesBySeveral,
    /// It would be low.
    Fails,
    /// Nothing alone makes it low.
    FailsByNone,
    /// It could be decided.
    Decided,
}

/// Every phrase of a verdict in one language.
pub(in crate::report) struct VerdictWords {
    /// Between sentences.
    pub(in crate::report) space: &'static str,
    /// Between a lead and what it leads.
    pub(in crate::report) colon: &'static str,
    /// Between what tests found.
    pub(in crate::report) semicolon: &'static str,
    /// Behind a sentence.
    pub(in crate::report) stop: &'static str,
    /// Between what would turn a verdict.
    pub(in crate::report) or: &'static str,
    /// The name of a class, in the middle of a sentence.
    pub(in crate::report) class: fn(StockClass) -> &'static str,
    /// The same at its beginning.
    pub(in crate::report) lead: fn(StockClass) -> String,
    /// What a test found: value, threshold, margin and place among its peers.
    pub(in crate::report) found: fn(&Reason<'_>, &mut String) -> fmt::Result,
    /// What would turn the outcome of a test, and whether the sentence speaks of no other.
    pub(in crate::report) turn: fn(&Reason<'_>, bool, &mut String) -> fmt::Result,
    /// What stands around that.
    pub(in crate::report) around_turn: fn(Turn) -> (&'static str, &'static str),
    /// That a row was appraised by a pack of this name and version, with its score and grade.
    pub(in crate::report) appraised: fn(&str, &str, Option<&str>, Option<Grade>) -> String,
    /// What decided in an appraisal.
    pub(in crate::report) remark: fn(&Remark<'_>) -> String,
    /// Why land is unused, as a sentence behind its class.
    pub(in crate::report) unused: fn(WhyUnused<'_>) -> String,
    /// That land was checked in the field.
    pub(in crate::report) checked: fn(&FieldCheck) -> String,
    /// That the check confirms what was computed.
    pub(in crate::report) check_confirms: &'static str,
    /// That the check wins over what was computed, which follows.
    pub(in crate::report) check_wins: &'static str,
}

impl VerdictWords {
    pub(in crate::report) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::WORDS,
            Language::Chinese => &chinese::WORDS,
        }
    }
}
