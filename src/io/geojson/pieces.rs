//! Blocks cut into pieces that several threads read.

use std::ops::Range;

use super::json::{Fault, Json};
use crate::Error;
use crate::parallel;

/// Text one thread reads at a time.
pub(super) const PIECE: usize = 1 << 18;

/// A part of the text that holds whole features.
#[derive(Debug)]
pub(in crate::io) struct Block {
    /// The text; UTF-8 is not checked yet.
    pub(in crate::io) text: Vec<u8>,
    /// Byte offset of the block in the whole text.
    pub(in crate::io) base: u64,
    pub(super) cut: Cut,
}

/// How a block is cut into features.
#[derive(Debug)]
pub(super) enum Cut {
    /// Each of them was found.
    Found(Vec<Range<usize>>),
    /// Where pieces seem to begin, the first one surely; the phase before that; whether the text ends with the block.
    Guessed { starts: Vec<usize>, phase: Phase, last: bool },
}

/// Which part of the document comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Before the first feature.
    Head,
    /// In an array `features`.
    Features(Slot),
    /// In features one after another without an array around them.
    Sequence,
    /// Behind the array `features`.
    Tail,
    Done,
}

/// What may follow in the array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    ElementOrEnd,
    Element,
    CommaOrEnd,
}

/// Why a piece could not be read.
pub(super) enum Stop {
    /// The text is not what is allowed.
    Fault(Error),
    /// The block may be cut at the wrong place.
    Doubt,
}

/// What was made of a block.
pub(super) struct Parsed<P> {
    pub(super) text: Vec<u8>,
    /// Where the text stands in the whole.
    pub(super) base: u64,
    /// Position of its first feature in the file.
    pub(super) row: u64,
    pub(super) pieces: Vec<Made<P>>,
}

/// What was made of a piece.
pub(super) struct Made<P> {
    /// Where the piece stands in the text of its block.
    pub(super) range: Range<usize>,
    /// How many features it has.
    pub(super) features: u64,
    pub(super) of: P,
}

/// Features that stand one after another, for one thread to read.
pub(super) struct Piece<'a> {
    file: &'a str,
    /// Byte offset of `text` in the whole.
    base: u64,
    text: &'a str,
    /// Where the next feature begins.
    at: usize,
    features: u64,
    way: Way<'a>,
}

/// How the features of a piece are found.
enum Way<'a> {
    /// They were: here, `shift` bytes further on, the first at this row.
    Found { spans: &'a [Range<usize>], shift: usize, row: u64 },
    /// One behind the other, with commas in an array and nothing in a sequence, up to the end of the text or of the array.
    Guessed { sequence: bool, last: bool, done: bool },
}

impl Block {
    /// The features that were found; none where they are guessed.
    pub(in crate::io) fn spans(&self) -> &[Range<usize>] {
        match &self.cut {
            Cut::Found(spans) => spans,
            Cut::Guessed { .. } => &[],
        }
    }

    /// The text up to the last feature that was found, and where it stands in the whole.
    ///
    /// # Errors
    /// [`Error::Syntax`] where it is not UTF-8.
    pub(in crate::io) fn found_text(&self, file: &str) -> Result<(&str, u64), Error> {
        let end = self.spans().last().map_or(0, |span| span.end);
        let text = std::str::from_utf8(&self.text[..end]);
        text.map(|text| (text, self.base)).map_err(|error| not_utf8(file, self.base, error))
    }

    pub(super) fn read<P: Send>(
        &self,
        file: &str,
        row: u64,
        read: &(impl Fn(&mut Piece<'_>) -> Result<P, Stop> + Sync),
    ) -> Result<Vec<Made<P>>, Stop> {
        let pieces: Vec<(Range<usize>, Way<'_>)> = match &self.cut {
            Cut::Found(spans) => (runs(spans).into_iter())
                .map(|run| {
                    let (spans, row) = (&spans[run.clone()], row + run.start as u64);
                    let range = spans[0].start..spans[spans.len() - 1].end;
                    (range.clone(), Way::Found { spans, shift: range.start, row })
                })
                .collect(),
            Cut::Guessed { starts, phase, last } => {
                let ends = starts[1..].iter().copied().chain([self.text.len()]);
                let way = |end: usize| Way::Guessed {
                    sequence: *phase == Phase::Sequence,
                    last: *last && end == self.text.len(),
                    done: false,
                };
                starts.iter().zip(ends).map(|(&start, end)| (start..end, way(end))).collect()
            }
        };
        let made = parallel::consume(pieces, |(mut range, way)| {
            let base = self.base + range.start as u64;
            let guessed = matches!(way, Way::Guessed { .. });
            let text = std::str::from_utf8(&self.text[range.clone()]).map_err(|error| {
                if guessed { Stop::Doubt } else { Stop::Fault(not_utf8(file, base, error)) }
            })?;
            let mut piece = Piece { file, base, text, at: 0, features: 0, way };
            let made = read(&mut piece)?;
            match piece.way {
                Way::Guessed { done: false, .. } => return Err(Stop::Doubt),
                Way::Guessed { last: true, .. } => range.end = range.start + piece.at,
                _ => {}
            }
            Ok(Made { range, features: piece.features, of: made })
        });
        made.into_iter().collect()
    }
}

impl<'a> Piece<'a> {
    /// Bytes of text.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Position of its first feature in the file, where that is known.
    pub(super) fn row(&self) -> Option<u64> {
        match self.way {
            Way::Found { row, .. } => Some(row),
            Way::Guessed { .. } => None,
        }
    }

    /// Reads the next feature: `read` gets a cursor on it and has to move it behind, checking the syntax. None behind the last.
    pub(super) fn feature<T>(
        &mut self,
        read: impl FnOnce(&mut Json<'a>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Stop> {
        match &mut self.way {
            Way::Found { spans, shift, .. } => {
                let Some((span, more)) = spans.split_first() else { return Ok(None) };
                *spans = more;
                let text = &self.text[..span.end - *shift];
                let mut json = Json::at(text, span.start - *shift);
                let made = read(&mut json).and_then(|made| {
                    if json.at_end() { Ok(made) } else { Err(json.fault("the end of the feature")) }
                });
                self.features += 1;
                made.map(Some).map_err(|fault| {
                    let (offset, reason) = (self.base + fault.at as u64, fault.describe(text).into());
                    Stop::Fault(Error::Syntax { file: self.file.into(), offset, reason })
                })
            }
            Way::Guessed { done: true, .. } => Ok(None),
            Way::Guessed { sequence, last, done } => {
                let mut json = Json::at(self.text, self.at);
                if *sequence && json.token() != Some(b'{') {
                    return Err(Stop::Doubt);
                }
                let made = read(&mut json).map_err(|_| Stop::Doubt)?;
                self.features += 1;
                if *sequence {
                    while json.take(0x1e) {}
                    *done = json.at_end();
                } else if *last && json.take(b']') {
                    *done = true;
                } else {
                    json.expect(b',', "").map_err(|_| Stop::Doubt)?;
                    *done = json.at_end();
                    if *done && *last {
                        return Err(Stop::Doubt);
                    }
                }
                self.at = json.pos();
                Ok(Some(made))
            }
        }
    }
}

/// Cuts the features of a block into runs of about equal text.
fn runs(spans: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut first = 0;
    for (i, span) in spans.iter().enumerate() {
        if span.end - spans[first].start >= PIECE {
            runs.push(first..i + 1);
            first = i + 1;
        }
    }
    if first < spans.len() {
        runs.push(first..spans.len());
    }
    runs
}

fn not_utf8(file: &str, base: u64, error: std::str::Utf8Error) -> Error {
    Error::Syntax {
        file: file.into(),
        offset: base + error.valid_up_to() as u64,
        reason: "found bytes that are not UTF-8, expected UTF-8 text".into(),
    }
}
