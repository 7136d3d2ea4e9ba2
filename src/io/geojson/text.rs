use std::sync::Arc;

use super::spans::Spans;
use crate::io::Source;

/// The text that features were read from, and where they stand in it: what [`append_properties`](super::append_properties) writes again.
///
/// Cheap to clone. Two are equal where their texts have one hash.
#[derive(Debug, Clone)]
pub struct GeoJsonText {
    source: Source,
    /// Hash of the text as it was read; empty where nobody has read it.
    hash: Box<str>,
    /// Where its features stand, if each is plain.
    spans: Option<Arc<Spans>>,
}

impl GeoJsonText {
    pub(super) fn of(source: Source, hash: String, spans: Option<Spans>) -> Self {
        Self { source, hash: hash.into(), spans: spans.map(Arc::new) }
    }

    /// A text that nobody has read yet: its features are found while it is written, and nothing says whether it changes.
    pub fn unread(source: Source) -> Self {
        Self::of(source, String::new(), None)
    }

    /// Where the text comes from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Hash of the text as it was read, `algorithm:hex`; none where nobody has read it.
    pub fn hash(&self) -> Option<&str> {
        Some(&*self.hash).filter(|hash| !hash.is_empty())
    }

    pub(super) fn spans(&self) -> Option<&Spans> {
        self.spans.as_deref()
    }
}

impl PartialEq for GeoJsonText {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}
