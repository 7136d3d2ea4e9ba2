//! From text to features: blocks of text, cut so that several threads can read them.
//!
//! A block is first cut by *guess*: wherever it looks as if a feature begins, judged by how the first one does. Whoever reads
//! a piece must come upon its end between two features, in JSON without a fault; then the guess was right, and nobody has
//! looked at the text before. At the first doubt the block is taken back and the scan goes on *strictly*: one thread finds
//! each feature, between features by reading JSON, inside a feature by following braces and quotes. Every cut is then at the
//! end of a feature by construction, and every fault is reported from there.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem::{self, Finder};

use super::json::{Fault, Json, found_at, object_end};
use super::pieces::{Block, Cut, PIECE, Parsed, Phase, Piece, Slot, Stop};
use crate::Error;
use crate::io::Source;
use crate::io::source::Input;
use crate::io::transcode::{About, Wanted};
use crate::parallel;
use crate::warning::WarningKind;

/// Text read first to find where the features are.
const HEAD: usize = 1 << 16;

/// The geometry types of GeoJSON.
pub(in crate::io) const GEOMETRIES: [&str; 7] =
    ["Polygon", "MultiPolygon", "GeometryCollection", "Point", "MultiPoint", "LineString", "MultiLineString"];

/// Finds the features of one source.
pub(in crate::io) struct Scanner {
    name: Box<str>,
    input: Input,
    block: usize,
    text: Vec<u8>,
    /// How much of `text` was read; what is behind is room.
    len: usize,
    /// What of `text` has been walked.
    pos: usize,
    /// Offset of `text` in the whole.
    base: u64,
    rows: u64,
    eof: bool,
    phase: Phase,
    guess: Guess,
    spare: Vec<Vec<u8>>,
    members: Members,
}

/// Whether blocks are cut by guess.
enum Guess {
    /// Not any more.
    Off,
    /// As soon as the first feature shows how one begins.
    Soon,
    /// Features begin like this.
    Like(Box<Finder<'static>>),
}

/// What the document says of itself beside its features.
#[derive(Debug, Default)]
struct Members {
    kind: Option<String>,
    crs: Option<String>,
}

/// Whether a part of the document could be walked over; else where not, and why not.
type Walked = Result<(), (usize, String)>;

/// Why a part of the document could not be walked over.
enum Halt {
    Json(Fault),
    At(usize, String),
    /// Not a fault: the features begin here.
    Features(usize),
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Json(fault)
    }
}

impl Scanner {
    pub(in crate::io) fn open(source: &Source, block: usize) -> Result<Self, Error> {
        Ok(Self::through(source, source.open_text()?, block))
    }

    /// Opens a source of which only properties are looked at, and whose text need not be hashed.
    pub(in crate::io) fn properties(source: &Source, block: usize) -> Result<Self, Error> {
        Ok(Self::through(source, source.open_unhashed(Wanted::Properties)?, block))
    }

    fn through(source: &Source, input: Input, block: usize) -> Self {
        Self {
            name: source.name().into(),
            input,
            block,
            text: Vec::new(),
            len: 0,
            pos: 0,
            base: 0,
            rows: 0,
            eof: false,
            phase: Phase::Head,
            guess: Guess::Soon,
            spare: Vec::new(),
            members: Members::default(),
        }
    }

    pub(in crate::io) fn name(&self) -> &str {
        &self.name
    }

    /// The same without guesses.
    pub(in crate::io) fn strict(mut self) -> Self {
        self.guess = Guess::Off;
        self
    }

    /// How many features were read.
    pub(in crate::io) fn rows(&self) -> u64 {
        self.rows
    }

    /// How much text was read so far.
    pub(in crate::io) fn bytes(&self) -> u64 {
        self.base + self.len as u64
    }

    pub(in crate::io) fn hash(&self) -> String {
        self.input.hash()
    }

    /// What is known of a file of another format before its features are read.
    pub(in crate::io) fn about(&self) -> Option<&About> {
        self.input.about()
    }

    /// What was noticed while text was made of features.
    pub(in crate::io) fn warnings(&self) -> Vec<WarningKind> {
        self.input.warnings()
    }

    /// Reads what is left of the source, and compares its hash with `hash`.
    ///
    /// # Errors
    /// [`Error::Changed`] where it is another; [`Error::Io`].
    pub(in crate::io) fn expect_hash(&mut self, hash: &str) -> Result<(), Error> {
        self.input.expect_hash(hash)
    }

    /// The member `crs` as written, once it was met.
    pub(in crate::io) fn crs(&self) -> Option<&str> {
        self.members.crs.as_deref()
    }

    /// Walks up to the first feature: what the document says of itself before it is known then.
    pub(in crate::io) fn enter(&mut self) -> Result<(), Error> {
        while self.phase == Phase::Head {
            self.retry(HEAD, Self::head)?;
        }
        Ok(())
    }

    /// Reads all features on all threads: `read` makes something of a piece; `take` gets what was made of a block, block after
    /// block, and gives back the text once it needs it no more.
    ///
    /// # Errors
    /// The first fault in the text, [`Error::Io`], [`Error::TooLarge`], or what `take` fails with.
    pub(super) fn run<P: Send>(
        &mut self,
        read: impl Fn(&mut Piece<'_>) -> Result<P, Stop> + Sync,
        mut take: impl FnMut(Parsed<P>) -> Result<Vec<u8>, Error> + Send,
    ) -> Result<(), Error> {
        let name = self.name.clone();
        let mut parsed: Option<Parsed<P>> = None;
        let mut block = self.next()?;
        while let Some(current) = block {
            let (row, last) = (self.rows, matches!(current.cut, Cut::Guessed { last: true, .. }));
            let before = parsed.take();
            let work =
                || parallel::join(|| current.read(&name, row, &read), || before.map(&mut take).transpose());
            let (next, (pieces, taken)) =
                if last { (Ok(None), work()) } else { parallel::join(|| self.next(), work) };
            self.spare.extend(taken?);
            let pieces = match pieces {
                Ok(pieces) => pieces,
                Err(Stop::Fault(error)) => return Err(error),
                Err(Stop::Doubt) => {
                    self.take_back(current, next?);
                    block = self.next()?;
                    continue;
                }
            };
            self.rows += pieces.iter().map(|piece| piece.features).sum::<u64>();
            if self.rows > u32::MAX.into() {
                return Err(Error::TooLarge { what: "features", found: self.rows, limit: u32::MAX.into() });
            }
            if last {
                self.resume(&current, pieces.last().map_or(0, |piece| piece.range.end));
            }
            block = if last { self.next()? } else { next? };
            parsed = Some(Parsed { text: current.text, base: current.base, row, pieces });
        }
        parsed.map(take).transpose().map(drop)
    }

    /// Goes on strictly from the start of a block that was not as it seemed; `next` is the one behind it.
    fn take_back(&mut self, block: Block, next: Option<Block>) {
        for Block { mut text, base, cut } in next.into_iter().chain([block]) {
            text.extend_from_slice(&self.text[..self.len]);
            (self.len, self.text, self.base) = (text.len(), text, base);
            if let Cut::Guessed { starts, phase, .. } = cut {
                self.pos = starts.first().copied().unwrap_or(0);
                self.phase = phase;
            }
        }
        self.guess = Guess::Off;
    }

    /// Goes on behind the last feature of the last block.
    fn resume(&mut self, block: &Block, end: usize) {
        self.text = block.text[end..].to_vec();
        (self.len, self.pos, self.base) = (self.text.len(), 0, block.base + end as u64);
        self.phase = if self.phase == Phase::Sequence { Phase::Done } else { Phase::Tail };
    }

    /// Takes back the text of a block that is no longer needed.
    pub(in crate::io) fn recycle(&mut self, text: Vec<u8>) {
        self.spare.push(text);
    }

    /// The next block with at least one feature; none at the end of a document that is whole.
    pub(in crate::io) fn next(&mut self) -> Result<Option<Block>, Error> {
        loop {
            match self.phase {
                Phase::Head => self.retry(HEAD, Self::head)?,
                Phase::Tail => self.retry(HEAD, Self::tail)?,
                Phase::Done => return Ok(None),
                Phase::Features(_) | Phase::Sequence => {
                    if let Some(block) = self.guess()? {
                        return Ok(Some(block));
                    }
                    if let Some(block) = self.features()? {
                        return Ok(Some(block));
                    }
                }
            }
        }
    }

    fn fill(&mut self, len: usize) -> Result<(), Error> {
        if !self.eof && self.len < len {
            if self.text.len() < len {
                self.text.resize(len, 0);
            }
            self.len += self.input.read(&mut self.text[self.len..len])?;
            self.eof = self.len < len;
        }
        Ok(())
    }

    fn syntax(&self, at: usize, reason: impl Into<Box<str>>) -> Error {
        Error::Syntax { file: self.name.clone(), offset: self.base + at as u64, reason: reason.into() }
    }

    /// Walks a part of the document; where the text in memory ends too early, again with twice as much of it.
    fn retry(&mut self, first: usize, part: fn(&mut Self, &str) -> Walked) -> Result<(), Error> {
        let mut wanted = self.pos + first;
        loop {
            self.fill(wanted)?;
            let bytes = std::mem::take(&mut self.text);
            let read = &bytes[..self.len];
            let (valid, broken) = match std::str::from_utf8(read) {
                Ok(text) => (text, false),
                Err(error) => {
                    let valid = std::str::from_utf8(&read[..error.valid_up_to()]).unwrap_or_default();
                    (valid, error.error_len().is_some() || self.eof)
                }
            };
            let end = valid.len();
            let outcome = part(self, valid);
            self.text = bytes;
            match outcome {
                Ok(()) => return Ok(()),
                Err((at, _)) if at >= end && broken => {
                    return Err(self.syntax(at, "found bytes that are not UTF-8, expected UTF-8 text"));
                }
                Err((at, _)) if at >= end && !self.eof => wanted = self.len * 2,
                Err((at, reason)) => return Err(self.syntax(at, reason)),
            }
        }
    }

    /// Everything before the first feature.
    fn head(&mut self, text: &str) -> Walked {
        let start = if self.base == 0 && text.starts_with('\u{feff}') { 3 } else { 0 };
        let mut json = Json::at(text, start);
        while json.take(0x1e) {}
        match json.token() {
            Some(b'{') => {}
            None => return Err((json.pos(), "found no text, expected GeoJSON".into())),
            Some(_) => {
                return Err((json.pos(), format!("found {}, expected a GeoJSON object", json.found())));
            }
        }
        let start = json.pos();
        let mut members = Members::default();
        let walked = json.object(|json, key| {
            let key = key.text();
            let at = json.pos();
            if key == "features" && members.kind.as_deref().is_none_or(|kind| kind == "FeatureCollection") {
                return Err(if json.take(b'[') {
                    Halt::Features(json.pos())
                } else {
                    Halt::At(at, format!("`features` is {}, expected an array", json.found()))
                });
            }
            members.take(json, &key)
        });
        self.members = members;
        let kind = self.members.kind.as_deref();
        match walked {
            Err(Halt::Features(at)) => {
                self.pos = at;
                self.phase = Phase::Features(Slot::ElementOrEnd);
                Ok(())
            }
            Err(stop) => Err(stop.explain(json)),
            Ok(()) if kind.is_some_and(|kind| kind == "Feature" || GEOMETRIES.contains(&kind)) => {
                self.pos = start;
                self.phase = Phase::Sequence;
                Ok(())
            }
            Ok(()) if kind == Some("FeatureCollection") => {
                Err((start, "a FeatureCollection without `features`, expected an array `features`".into()))
            }
            Ok(()) => Err((start, wrong_kind(kind))),
        }
    }

    /// Everything behind the last feature of an array.
    fn tail(&mut self, text: &str) -> Walked {
        let mut json = Json::at(text, self.pos);
        let mut members = Members { kind: self.members.kind.clone(), crs: self.members.crs.clone() };
        let mut walk = || -> Result<(), Halt> {
            loop {
                match json.token() {
                    Some(b',') => json.expect(b',', "`,`")?,
                    Some(b'}') => break json.expect(b'}', "`}`").map_err(Halt::from),
                    _ => return Err(json.fault("`,` or `}` behind `features`").into()),
                }
                json.token();
                let at = json.pos();
                let key = json.string()?.text();
                json.expect(b':', "`:`")?;
                json.token();
                if key == "features" {
                    return Err(Halt::Features(at));
                }
                members.take(&mut json, &key)?;
            }
        };
        let walked = walk();
        walked.map_err(|stop| stop.explain(json))?;
        if !json.at_end() {
            return Err((
                json.pos(),
                format!("found {} behind the document, expected its end", json.found()),
            ));
        }
        if !self.eof {
            return Err((text.len(), String::new()));
        }
        self.members = members;
        if self.members.kind.as_deref() != Some("FeatureCollection") {
            return Err((json.pos(), wrong_kind(self.members.kind.as_deref())));
        }
        self.pos = json.pos();
        self.phase = Phase::Done;
        Ok(())
    }

    /// The next block as it seems to be cut; none where there is nothing to go by.
    fn guess(&mut self) -> Result<Option<Block>, Error> {
        if matches!(self.guess, Guess::Off) {
            return Ok(None);
        }
        self.fill(self.block)?;
        let guess = self.cut();
        if guess.is_none() {
            self.guess = Guess::Off;
        }
        Ok(guess.map(|(starts, end)| {
            let cut = Cut::Guessed { starts, phase: self.phase, last: end == self.len && self.eof };
            if self.phase != Phase::Sequence {
                self.phase = Phase::Features(Slot::Element);
            }
            self.hand_over(end, cut)
        }))
    }

    /// Where pieces seem to begin, and where the last feature seems to that may not be whole.
    fn cut(&mut self) -> Option<(Vec<usize>, usize)> {
        let text = &self.text[..self.len];
        let sequence = self.phase == Phase::Sequence;
        let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r') || sequence && *b == 0x1e;
        let start = self.pos + text[self.pos..].iter().take_while(|b| blank(b)).count();
        if let Guess::Soon = self.guess {
            self.guess = Guess::Like(Box::new(beginning(&text[start..])?));
        }
        let Guess::Like(beginning) = &self.guess else { return None };
        if !text[start..].starts_with(beginning.needle()) {
            return None;
        }
        let between = if sequence { b'}' } else { b',' };
        let begins = |at: usize| text[..at].iter().rev().find(|b| !blank(b)) == Some(&between);
        let end = if self.eof {
            text.len()
        } else {
            let mut end = text.len();
            loop {
                end = start + 1 + memmem::rfind(&text[start + 1..end], beginning.needle())?;
                if begins(end) {
                    break end;
                }
            }
        };
        let mut starts = vec![start];
        let mut at = start;
        loop {
            at += PIECE.min(self.block / 8).max(1);
            while let Some(offset) = text[..end].get(at..).and_then(|rest| beginning.find(rest)) {
                at += offset;
                if begins(at) {
                    break;
                }
                at += 1;
            }
            if text[..end].get(at..).is_none_or(|rest| !rest.starts_with(beginning.needle())) {
                return Some((starts, end));
            }
            starts.push(at);
        }
    }

    /// Gives away the text up to `end` and keeps the rest.
    fn hand_over(&mut self, end: usize, cut: Cut) -> Block {
        let rest = &self.text[end..self.len];
        let mut room = self.spare.pop().unwrap_or_default();
        if room.len() < rest.len() {
            room.resize(rest.len(), 0);
        }
        room[..rest.len()].copy_from_slice(rest);
        self.len = rest.len();
        let mut text = std::mem::replace(&mut self.text, room);
        text.truncate(end);
        let block = Block { text, base: self.base, cut };
        self.base += end as u64;
        self.pos = 0;
        block
    }

    /// Finds features up to the end of a block. None where there are no more: the phase has moved on.
    fn features(&mut self) -> Result<Option<Block>, Error> {
        let mut wanted = self.block;
        let mut spans = Vec::new();
        loop {
            self.fill(wanted)?;
            let more = self.scan(&mut spans)?;
            if !spans.is_empty() {
                return Ok(Some(self.hand_over(self.pos, Cut::Found(spans))));
            }
            if !more {
                return Ok(None);
            }
            // A feature larger than the block: only here is more than a block in memory.
            wanted = self.len * 2;
        }
    }

    /// Collects the features in memory and moves behind them. Whether more text may hold more.
    fn scan(&mut self, spans: &mut Vec<Range<usize>>) -> Result<bool, Error> {
        loop {
            let sequence = self.phase == Phase::Sequence;
            let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r') || sequence && *b == 0x1e;
            let text = &self.text[..self.len];
            self.pos += text[self.pos..].iter().take_while(|b| blank(b)).count();
            let Some(&byte) = text.get(self.pos) else {
                if self.eof && sequence {
                    self.phase = Phase::Done;
                    return Ok(false);
                }
                return self.more("`]` at the end of `features`");
            };
            match (self.phase, byte) {
                (Phase::Features(Slot::CommaOrEnd), b',') => {
                    self.phase = Phase::Features(Slot::Element);
                    self.pos += 1;
                    continue;
                }
                (Phase::Features(Slot::CommaOrEnd | Slot::ElementOrEnd), b']') => {
                    self.phase = Phase::Tail;
                    self.pos += 1;
                    return Ok(false);
                }
                (Phase::Features(Slot::CommaOrEnd), _) => {
                    return Err(self.unexpected("`,` or `]` behind a feature"));
                }
                (_, b'{') => {
                    let Some(end) = object_end(text, self.pos) else {
                        return self.more("`}` at the end of a feature");
                    };
                    spans.push(self.pos..end);
                    self.pos = end;
                }
                (Phase::Sequence, _) => return Err(self.unexpected("a feature or the end of the text")),
                _ => {
                    let Some(end) = self.other_element()? else { return self.more("a feature") };
                    spans.push(self.pos..end);
                    self.pos = end;
                }
            }
            if !sequence {
                self.phase = Phase::Features(Slot::CommaOrEnd);
            }
        }
    }

    /// End of an element that is no object and so no feature; none where more text is needed to tell.
    fn other_element(&self) -> Result<Option<usize>, Error> {
        let bytes = &self.text[self.pos..self.len];
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
        };
        let mut json = Json::new(text);
        match json.skip() {
            Ok(()) if json.pos() < text.len() || self.eof => Ok(Some(self.pos + json.pos())),
            Err(fault) if fault.at < text.len() || self.eof => {
                Err(self.syntax(self.pos + fault.at, fault.describe(text)))
            }
            _ => Ok(None),
        }
    }

    fn more(&self, expected: &str) -> Result<bool, Error> {
        if self.eof {
            let reason = format!("found the end of the text, expected {expected}");
            return Err(self.syntax(self.len, reason));
        }
        Ok(true)
    }

    fn unexpected(&self, expected: &str) -> Error {
        let rest = &self.text[self.pos..self.len.min(self.pos + 8)];
        let found = found_at(&String::from_utf8_lossy(rest), 0);
        self.syntax(self.pos, format!("found {found}, expected {expected}"))
    }
}

/// How a feature begins: its brace and its first key, with the value where that says that it is a feature.
fn beginning(text: &[u8]) -> Option<Finder<'static>> {
    let head = &text[..text.len().min(256)];
    let head = head.utf8_chunks().next()?.valid();
    let mut json = Json::new(head);
    json.expect(b'{', "").ok()?;
    json.token();
    json.string().ok()?;
    json.expect(b':', "").ok()?;
    let mut value = json;
    if value.token() == Some(b'"') && value.string().ok()?.raw() == "Feature" {
        json = value;
    }
    Some(Finder::new(&head.as_bytes()[..json.pos()]).into_owned())
}

impl Members {
    /// Moves over the value of a member and keeps it if it says something of the document.
    fn take(&mut self, json: &mut Json<'_>, key: &str) -> Result<(), Halt> {
        let at = json.pos();
        match key {
            "type" if json.token() == Some(b'"') => self.kind = Some(json.string()?.text().into_owned()),
            "type" => {
                json.skip()?;
                return Err(Halt::At(at, format!("`type` is {}, expected a text", json.since(at))));
            }
            "crs" => {
                json.skip()?;
                self.crs = Some(json.since(at).to_owned()).filter(|crs| crs != "null");
            }
            _ => json.skip()?,
        }
        Ok(())
    }
}

impl Halt {
    fn explain(self, json: Json<'_>) -> (usize, String) {
        match self {
            Self::Json(fault) => (fault.at, json.describe(fault)),
            Self::At(at, reason) => (at, reason),
            Self::Features(at) => (at, "found `features` twice, expected it once".into()),
        }
    }
}

fn wrong_kind(kind: Option<&str>) -> String {
    let found = kind.map_or(Cow::Borrowed("found no `type`"), |kind| format!("`type` is `{kind}`").into());
    format!("{found}, expected `FeatureCollection`, `Feature` or a type of geometry")
}

/// The name of a coordinate reference system in a member `crs` of GeoJSON 2008.
pub(in crate::io) fn crs_name(member: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(member).ok()?;
    let properties = value.get("properties")?;
    match (properties.get("name"), properties.get("code")) {
        (Some(name), _) => name.as_str().map(Into::into),
        (None, Some(code)) => Some(format!("EPSG:{code}")),
        (None, None) => None,
    }
}
