//! The encoding of a text of records: what the caller says, a mark at its start, or what its bytes are by themselves.

use std::io::Read;

use super::Source;
use super::transcode::Settled;
use crate::Error;
use crate::warning::WarningKind;

#[cfg(feature = "encodings")]
mod decoded {
    use std::io::{self, Read};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use encoding_rs::{Decoder, DecoderResult, Encoding};

    /// Bytes that are decoded at a time.
    const BLOCK: usize = 1 << 16;

    /// What a reader gives, in UTF-8; what cannot be read is replaced and counted.
    pub(super) struct Utf8<R> {
        raw: R,
        decoder: Decoder,
        bytes: Vec<u8>,
        text: Vec<u8>,
        /// How much of `text` was handed on.
        at: usize,
        done: bool,
        replaced: Arc<AtomicU64>,
    }

    impl<R: Read> Utf8<R> {
        pub(super) fn new(raw: R, encoding: &'static Encoding, replaced: Arc<AtomicU64>) -> Self {
            let decoder = encoding.new_decoder_with_bom_removal();
            Self { raw, decoder, bytes: vec![0; BLOCK], text: Vec::new(), at: 0, done: false, replaced }
        }

        fn make(&mut self) -> io::Result<()> {
            let count = self.raw.read(&mut self.bytes)?;
            self.done = count == 0;
            let mut rest = self.bytes.get(..count).unwrap_or_default();
            let mut room = vec![0; count * 3 + 16];
            self.text.clear();
            self.at = 0;
            loop {
                let (result, read, written) =
                    self.decoder.decode_to_utf8_without_replacement(rest, &mut room, self.done);
                self.text.extend_from_slice(room.get(..written).unwrap_or_default());
                rest = rest.get(read..).unwrap_or_default();
                match result {
                    DecoderResult::InputEmpty => return Ok(()),
                    DecoderResult::OutputFull => {}
                    DecoderResult::Malformed(..) => {
                        self.text.extend_from_slice("\u{fffd}".as_bytes());
                        self.replaced.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        }
    }

    impl<R: Read> Read for Utf8<R> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            while self.at == self.text.len() {
                if self.done {
                    return Ok(0);
                }
                self.make()?;
            }
            let text = self.text.get(self.at..).unwrap_or_default();
            let count = text.len().min(room.len());
            room[..count].copy_from_slice(&text[..count]);
            self.at += count;
            Ok(count)
        }
    }
}

/// What was taken for the encoding of a text.
#[derive(Debug, Clone, Default)]
pub(super) struct TextEncoding {
    /// None where it is UTF-8 as it stands.
    #[cfg(feature = "encodings")]
    encoding: Option<&'static encoding_rs::Encoding>,
    pub(super) settled: Option<Settled>,
    pub(super) warning: Option<WarningKind>,
}

#[cfg(feature = "encodings")]
impl TextEncoding {
    /// Decides by the start of a text, or by the whole.
    ///
    /// # Errors
    /// [`Error::Encoding`] where nothing tells; [`Error::Param`] for a name of no encoding.
    pub(super) fn of(source: &Source, text: &[u8], is_whole: bool) -> Result<Self, Error> {
        use super::encoding::{Stated, asked, decide};
        let taken = |encoding: &'static encoding_rs::Encoding, name: &str, reason: &str, warning| Self {
            encoding: Some(encoding).filter(|encoding| *encoding != encoding_rs::UTF_8),
            settled: Some(Settled::new("encoding", name, reason)),
            warning,
        };
        if let Some(encoding) = source.asked_encoding().map(asked).transpose()? {
            return Ok(taken(encoding, encoding.name(), "the caller says so", None));
        }
        match encoding_rs::Encoding::for_bom(text) {
            Some((encoding, _)) if encoding == encoding_rs::UTF_8 => return Ok(Self::default()),
            Some((encoding, _)) => {
                return Ok(taken(encoding, encoding.name(), "a mark at its start says so", None));
            }
            None => {}
        }
        // What holds noughts is no text.
        if text.contains(&0) {
            return Ok(Self::default());
        }
        // The last letter of a start may be cut.
        if std::str::from_utf8(text)
            .map_or_else(|error| !is_whole && text.len() - error.valid_up_to() < 4, |_| true)
        {
            return Ok(Self::default());
        }
        let stated = Stated::default();
        let mut evidence = stated.evidence();
        let mut lines = text.split(|byte| *byte == b'\n').peekable();
        while let Some(line) = lines.next() {
            evidence.add(line, !is_whole && lines.peek().is_none());
        }
        let decision = decide(None, &stated, &evidence)
            .map_err(|reason| Error::Encoding { file: source.name().into(), reason: reason.into() })?;
        Ok(taken(decision.encoding, decision.name, &decision.reason, decision.warning))
    }

    /// What a reader gives, in UTF-8, and how many characters could not be read so far.
    pub(super) fn through(&self, raw: impl Read + Send + 'static) -> (Box<dyn Read + Send>, Replaced) {
        let replaced = Replaced::default();
        let Some(encoding) = self.encoding else { return (Box::new(raw), replaced) };
        let count = std::sync::Arc::clone(&replaced.count);
        let name = encoding.name();
        (Box::new(decoded::Utf8::new(raw, encoding, count)), Replaced { name, ..replaced })
    }
}

#[cfg(not(feature = "encodings"))]
impl TextEncoding {
    #[expect(clippy::unnecessary_wraps, reason = "with the feature `encodings` nothing may tell")]
    pub(super) fn of(_: &Source, _: &[u8], _: bool) -> Result<Self, Error> {
        Ok(Self::default())
    }

    #[expect(clippy::unused_self, reason = "with the feature `encodings` it is one of many")]
    pub(super) fn through(&self, raw: impl Read + Send + 'static) -> (Box<dyn Read + Send>, Replaced) {
        (Box::new(raw), Replaced::default())
    }
}

/// Characters that could not be read.
#[derive(Debug, Clone, Default)]
pub(super) struct Replaced {
    count: std::sync::Arc<std::sync::atomic::AtomicU64>,
    name: &'static str,
}

impl Replaced {
    pub(super) fn warning(&self) -> Option<WarningKind> {
        let count = self.count.load(std::sync::atomic::Ordering::Relaxed);
        (count > 0).then(|| WarningKind::TextsNotDecoded { count, encoding: self.name.into() })
    }
}

/// A whole text in UTF-8.
///
/// # Errors
/// As [`TextEncoding::of`]; [`Error::Syntax`] for bytes that are not in the encoding that was taken.
pub(super) fn whole_text(source: &Source, bytes: Vec<u8>) -> Result<(String, TextEncoding), Error> {
    let taken = TextEncoding::of(source, &bytes, true)?;
    let (mut reader, replaced) = taken.through(std::io::Cursor::new(bytes));
    let mut text = Vec::new();
    reader.read_to_end(&mut text).map_err(|error| Error::io("read", source.name(), error))?;
    let mut taken = taken;
    taken.warning = taken.warning.or_else(|| replaced.warning());
    let text = String::from_utf8(text).map_err(|error| Error::Syntax {
        file: source.name().into(),
        offset: error.utf8_error().valid_up_to() as u64,
        reason: "found bytes that are not UTF-8, expected UTF-8 text".into(),
    })?;
    Ok((text, taken))
}
