use super::form::Form;
use super::words::{PageWords, TerminalWords};
use crate::language::Language;

/// How the terminal speaks: figures and words of one language.
#[derive(Clone, Copy)]
pub(super) struct Voice {
    pub(super) form: Form,
    pub(super) words: &'static TerminalWords,
}

impl Voice {
    pub(super) const fn of(language: Language) -> Self {
        Self { form: Form(PageWords::of(language)), words: TerminalWords::of(language) }
    }

    pub(super) fn percent(self, share: f64) -> String {
        self.form.percent(Some(share))
    }
}

/// A heading behind an empty line.
pub(super) fn push_head(text: &mut String, head: &str) {
    text.push_str(&format!("\n{head}\n"));
}
