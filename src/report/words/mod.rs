//! Sentences for people in other languages than English, one file each; English stands beside the types.

mod chinese;
#[cfg(feature = "xlsx")]
mod headings;
mod page;
mod terminal;
mod verdict;

use crate::language::Language;
use crate::units::people_number;
use crate::warning::Warning;

#[cfg(feature = "xlsx")]
pub(super) use headings::{heading, sheet, unit, yes_or_no};
pub(super) use page::PageWords;
pub(super) use terminal::TerminalWords;
pub(super) use verdict::{Turn, VerdictWords, WhyUnused};

/// What an input was read as, in words.
pub(super) fn role(name: &str, language: Language) -> &str {
    match language {
        Language::English => name,
        Language::Chinese => chinese::known_name(name),
    }
}

impl Warning {
    /// The warning in words.
    pub fn text(&self, language: Language) -> String {
        match language {
            Language::English => self.to_string(),
            Language::Chinese => chinese::warning(self),
        }
    }
}

/// Expressions longer than this are not said twice in a sentence.
const LONG: usize = 24;

/// A share for people.
fn percent(share: f64) -> String {
    figure(share * 100.0) + "%"
}

/// Six significant digits for people, without noughts at the end.
pub(super) fn figure(value: f64) -> String {
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
    use crate::warning::WarningKind;

    #[test]
    fn every_warning_has_a_sentence_in_every_language() {
        let has_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for kind in WarningKind::examples() {
            let name = kind.name();
            let warning = Warning::from(kind).of("parcels").dated("old");
            let [english, chinese] = [Language::English, Language::Chinese].map(|l| warning.text(l));
            assert!(english.starts_with("old parcels: ") && !has_chinese(&english), "{name}: {english}");
            let sentence = chinese.strip_prefix("旧地块：");
            assert!(sentence.is_some_and(has_chinese), "{name}: {chinese}");
            assert!(!chinese.contains(['{', '}']) && !chinese.ends_with('。'), "{name}: {chinese}");
        }
    }
}
