//! From text to features: blocks of text, each with the exact place of every feature in it.
//!
//! The walk is sequential and cheap: between features it reads JSON, inside a feature it only follows braces and quotes.
//! Every cut is therefore at the end of a feature by construction; whether the feature itself is JSON is the question of
//! whoever reads it, and both readers here check it strictly.

use std::borrow::Cow;
use std::ops::Range;

use super::json::{Fault, Json, found_at, object_end};
use super::source::{Input, Source};
use crate::Error;

/// Text read at a time. Two or three blocks are in memory at once.
pub(super) const BLOCK: usize = 8 << 20;
/// Text read first to find where the features are.
const HEAD: usize = 1 << 16;

/// The geometry types of GeoJSON.
pub(super) const GEOMETRIES: [&str; 7] =
    ["Polygon", "MultiPolygon", "GeometryCollection", "Point", "MultiPoint", "LineString", "MultiLineString"];

/// A piece of the text that holds whole features.
#[derive(Debug)]
pub(super) struct Block {
    /// The text; UTF-8 is not checked yet.
    pub(super) text: Vec<u8>,
    /// Byte offset of the piece in the whole text.
    pub(super) base: u64,
    /// Position of its first feature in the file.
    pub(super) row: u64,
    /// Where each feature stands in the text.
    pub(super) spans: Vec<Range<usize>>,
}

/// Where the walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
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
enum Slot {
    ElementOrEnd,
    Element,
    CommaOrEnd,
}

/// A walk through one source.
pub(super) struct Walk {
    name: Box<str>,
    input: Input,
    block: usize,
    text: Vec<u8>,
    /// What of `text` has been walked.
    pos: usize,
    /// Offset of `text` in the whole.
    base: u64,
    rows: u64,
    eof: bool,
    phase: Phase,
    spare: Vec<Vec<u8>>,
    members: Members,
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
enum Stop {
    Json(Fault),
    At(usize, String),
    /// Not a fault: the features begin here.
    Features(usize),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Json(fault)
    }
}

impl Walk {
    pub(super) fn open(source: &Source, block: usize) -> Result<Self, Error> {
        Ok(Self {
            name: source.name().into(),
            input: source.open()?,
            block,
            text: Vec::new(),
            pos: 0,
            base: 0,
            rows: 0,
            eof: false,
            phase: Phase::Head,
            spare: Vec::new(),
            members: Members::default(),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// How many features were found so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// How much text was read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.base + self.text.len() as u64
    }

    pub(super) fn hash(&self) -> String {
        self.input.hash()
    }

    /// The member `crs` as written, once it was met.
    pub(super) fn crs(&self) -> Option<&str> {
        self.members.crs.as_deref()
    }

    /// Takes back the text of a block that is no longer needed.
    pub(super) fn recycle(&mut self, mut text: Vec<u8>) {
        text.clear();
        self.spare.push(text);
    }

    /// The next block with at least one feature; none at the end of a document that is whole.
    pub(super) fn next(&mut self) -> Result<Option<Block>, Error> {
        loop {
            match self.phase {
                Phase::Head => self.retry(HEAD, Self::head)?,
                Phase::Tail => self.retry(HEAD, Self::tail)?,
                Phase::Done => return Ok(None),
                Phase::Features(_) | Phase::Sequence => {
                    if let Some(block) = self.features()? {
                        return Ok(Some(block));
                    }
                }
            }
        }
    }

    fn fill(&mut self, len: usize) -> Result<(), Error> {
        if !self.eof && self.text.len() < len {
            let wanted = len - self.text.len();
            self.eof = self.input.read(wanted, &mut self.text)? < wanted;
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
            let (valid, broken) = match std::str::from_utf8(&bytes) {
                Ok(text) => (text, false),
                Err(error) => {
                    let valid = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
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
                Err((at, _)) if at >= end && !self.eof => wanted = self.text.len() * 2,
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
                    Stop::Features(json.pos())
                } else {
                    Stop::At(at, format!("`features` is {}, expected an array", json.found()))
                });
            }
            members.take(json, &key)
        });
        self.members = members;
        let kind = self.members.kind.as_deref();
        match walked {
            Err(Stop::Features(at)) => {
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
        let mut walk = || -> Result<(), Stop> {
            loop {
                match json.token() {
                    Some(b',') => json.expect(b',', "`,`")?,
                    Some(b'}') => break json.expect(b'}', "`}`").map_err(Stop::from),
                    _ => return Err(json.fault("`,` or `}` behind `features`").into()),
                }
                json.token();
                let at = json.pos();
                let key = json.string()?.text();
                json.expect(b':', "`:`")?;
                json.token();
                if key == "features" {
                    return Err(Stop::Features(at));
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

    /// Finds features up to the end of a block. None where there are no more: the phase has moved on.
    fn features(&mut self) -> Result<Option<Block>, Error> {
        let mut wanted = self.block;
        let mut spans = Vec::new();
        loop {
            self.fill(wanted)?;
            let more = self.scan(&mut spans)?;
            if !spans.is_empty() {
                let mut rest = self.spare.pop().unwrap_or_default();
                rest.extend_from_slice(&self.text[self.pos..]);
                let text = std::mem::replace(&mut self.text, rest);
                let block = Block { text, base: self.base, row: self.rows, spans };
                self.base += self.pos as u64;
                self.pos = 0;
                self.rows += block.spans.len() as u64;
                return Ok(Some(block));
            }
            if !more {
                return Ok(None);
            }
            // A feature larger than the block: only here is more than a block in memory.
            wanted = self.text.len() * 2;
        }
    }

    /// Collects the features in memory and moves behind them. Whether more text may hold more.
    fn scan(&mut self, spans: &mut Vec<Range<usize>>) -> Result<bool, Error> {
        loop {
            let sequence = self.phase == Phase::Sequence;
            let blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\n' | b'\r') || sequence && *b == 0x1e;
            self.pos += self.text[self.pos..].iter().take_while(|b| blank(b)).count();
            let Some(&byte) = self.text.get(self.pos) else {
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
                    let Some(end) = object_end(&self.text, self.pos) else {
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
        let bytes = &self.text[self.pos..];
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
            return Err(self.syntax(self.text.len(), reason));
        }
        Ok(true)
    }

    fn unexpected(&self, expected: &str) -> Error {
        let rest = &self.text[self.pos..self.text.len().min(self.pos + 8)];
        let found = found_at(&String::from_utf8_lossy(rest), 0);
        self.syntax(self.pos, format!("found {found}, expected {expected}"))
    }
}

impl Members {
    /// Moves over the value of a member and keeps it if it says something of the document.
    fn take(&mut self, json: &mut Json<'_>, key: &str) -> Result<(), Stop> {
        let at = json.pos();
        match key {
            "type" if json.token() == Some(b'"') => self.kind = Some(json.string()?.text().into_owned()),
            "type" => {
                json.skip()?;
                return Err(Stop::At(at, format!("`type` is {}, expected a text", json.since(at))));
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

impl Stop {
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
pub(super) fn crs_name(member: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(member).ok()?;
    let properties = value.get("properties")?;
    match (properties.get("name"), properties.get("code")) {
        (Some(name), _) => name.as_str().map(Into::into),
        (None, Some(code)) => Some(format!("EPSG:{code}")),
        (None, None) => None,
    }
}
