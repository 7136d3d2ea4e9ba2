//! Where features begin and end in a text: found while it is read, so that it is written again without being parsed again.

use crate::Error;
use crate::io::Source;
use crate::io::source::Input;

/// Features of a text of which each is an object of type `Feature` with one object of properties, none of them of an earlier run.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Spans {
    features: Vec<Span>,
    /// End of the last feature.
    end: u64,
    /// The member `crs` as written, and whether it stands before the features.
    pub(super) crs: Option<String>,
    pub(super) early_crs: bool,
}

/// One feature, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    /// From the end of the feature before.
    gap: u32,
    /// From its start to the brace that closes its properties.
    head: u32,
    /// From there to its end.
    tail: u32,
}

/// A feature in some text: its start, the brace that closes its properties, its end.
pub(super) type FeatureSpan = [usize; 3];

/// A text and its features.
pub(super) type SpanBlock = (Vec<u8>, Vec<FeatureSpan>);

impl Spans {
    /// Adds the features of a text that begins `base` bytes into the whole; none where one stands too far from the one before.
    pub(super) fn extend(&mut self, base: u64, features: &[FeatureSpan]) -> Option<()> {
        self.features.reserve(features.len());
        for &[start, brace, end] in features {
            let gap = u32::try_from((base + start as u64).checked_sub(self.end)?).ok()?;
            let [head, tail] = [brace - start, end - brace].map(u32::try_from);
            self.features.push(Span { gap, head: head.ok()?, tail: tail.ok()? });
            self.end = base + end as u64;
        }
        Some(())
    }
}

/// Reads a text again, in blocks of whole features.
pub(super) struct SpanReader<'a> {
    name: String,
    input: Input,
    rest: &'a [Span],
    block: usize,
    text: Vec<u8>,
    /// How much of `text` was read.
    len: usize,
    eof: bool,
}

impl<'a> SpanReader<'a> {
    pub(super) fn open(source: &Source, spans: &'a Spans, block: usize) -> Result<Self, Error> {
        let input = source.open_text()?;
        Ok(Self {
            name: source.name(),
            input,
            rest: &spans.features,
            block,
            text: Vec::new(),
            len: 0,
            eof: false,
        })
    }

    /// The next block, and its features; none behind the last one. `room` is a text that is no longer needed.
    ///
    /// # Errors
    /// [`Error::Io`] where reading fails; [`Error::Changed`] where the features are not where they were.
    pub(super) fn next(&mut self, mut room: Vec<u8>) -> Result<Option<SpanBlock>, Error> {
        let Some(first) = self.rest.first() else { return Ok(None) };
        let place = |from: usize, span: &Span| {
            let start = from + span.gap as usize;
            [start, start + span.head as usize, start + span.head as usize + span.tail as usize]
        };
        let wanted = self.block.max(place(0, first)[2]);
        if !self.eof && self.len < wanted {
            if self.text.len() < wanted {
                self.text.resize(wanted, 0);
            }
            self.len += self.input.read(&mut self.text[self.len..wanted])?;
            self.eof = self.len < wanted;
        }
        let text = &self.text[..self.len];
        let mut features = Vec::new();
        let mut at = 0;
        while let Some((span, rest)) = self.rest.split_first() {
            let [start, brace, end] = place(at, span);
            if end > text.len() {
                break;
            }
            let found = [start, brace, end - 1].map(|at| text[at]);
            if found != *b"{}}" {
                return Err(self.changed());
            }
            features.push([start, brace, end]);
            (self.rest, at) = (rest, end);
        }
        if features.is_empty() {
            return Err(self.changed());
        }
        let left = &text[at..];
        if room.len() < left.len() {
            room.resize(left.len(), 0);
        }
        room[..left.len()].copy_from_slice(left);
        self.len = left.len();
        Ok(Some((std::mem::replace(&mut self.text, room), features)))
    }

    fn changed(&self) -> Error {
        Error::Changed { file: self.name.as_str().into() }
    }

    /// Reads what is left of the source, and compares its hash with the one it had.
    ///
    /// # Errors
    /// [`Error::Changed`] where it is another; [`Error::Io`].
    pub(super) fn expect_hash(&mut self, hash: &str) -> Result<(), Error> {
        self.input.expect_hash(hash)
    }
}
