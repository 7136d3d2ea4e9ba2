//! Sentences for people in other languages than English, one file each; English stands beside the types.

mod chinese;
mod page;

use crate::language::Language;
use crate::warning::Warning;

pub(super) use page::PageWords;

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
