//! `FlatGeobuf`: a head, an index that is passed over, features one after another.
//!
//! Source: the specification and schemas (`header.fbs`, `feature.fbs`) of FlatGeobuf 3.

mod buffer;
mod feature;

use std::io::Read;
use std::sync::Arc;

use buffer::Table;
use feature::Column;

use super::Source;
use super::source::{Origin, fill};
use super::transcode::{About, Counting, FeatureDecoder, FeatureFile, Settled, StoredFiles, Wanted};
use crate::Error;
use crate::crs::SourceCrs;
use crate::warning::WarningKind;

/// How a file begins: the name, the version, the name again, a patch that does not matter.
const MAGIC: [u8; 7] = *b"fgb\x03fgb";
/// The most that a head may take.
const MOST_HEAD: u32 = 64 << 20;
/// Bytes of an entry of the index.
const ENTRY: u64 = 40;

/// A file whose head was read.
#[derive(Debug)]
struct FlatGeobuf {
    origin: Origin,
    columns: Arc<[Column]>,
    /// What all geometries are; 0 where each says it.
    kind: u8,
    /// Bytes before the first feature.
    start: u64,
    /// How many features the head says there are; none where it does not.
    features: Option<u64>,
    about: About,
}

/// Reads the head of a file.
///
/// # Errors
/// [`Error::Io`]; [`Error::File`] where it does not hold together.
pub(super) fn open(source: &Source) -> Result<Arc<dyn FeatureFile>, Error> {
    let origin = source.origin().clone();
    let fault = |reason: &str| Error::File { file: origin.name().into(), reason: reason.into() };
    let failed = |error| Error::io("read", origin.path(), error);
    let mut raw = origin.open()?;
    let mut start = [0; 12];
    let len = fill(&mut raw, &mut start).map_err(failed)?;
    if len < start.len() {
        return Err(fault("it ends in its head, expected a FlatGeobuf file"));
    }
    if !start.starts_with(&MAGIC) {
        return Err(fault(&format!("it is a FlatGeobuf file of version {}, expected version 3", start[3])));
    }
    let size = u32::from_le_bytes([start[8], start[9], start[10], start[11]]);
    if size > MOST_HEAD {
        return Err(fault(&format!("its head says that it has {size} bytes, expected at most {MOST_HEAD}")));
    }
    let mut head = Vec::new();
    raw.take(size.into()).read_to_end(&mut head).map_err(failed)?;
    if head.len() < size as usize {
        return Err(fault(&format!("its head ends behind {} bytes, expected {size}", head.len())));
    }
    let broken = || fault("its head does not hold together");
    let table = Table::root(&head).ok_or_else(broken)?;
    let columns = feature::columns(&table, 7).ok_or_else(broken)?;
    let features = table.long(8).filter(|count| *count > 0);
    let node = u64::from(table.short(9).unwrap_or(16));
    let index = index_bytes(features.unwrap_or(0), node).ok_or_else(broken)?;
    let kind = table.byte(2).unwrap_or(0);
    let mut about = About::default();
    about.settled.push(Settled::new("format", "FlatGeobuf", ""));
    if let Some(crs) = table.table(10) {
        coordinate_system(&crs, &mut about);
    }
    let start = 12 + u64::from(size) + index;
    Ok(Arc::new(FlatGeobuf { origin, columns: columns.into(), kind, start, features, about }))
}

/// Bytes of the index of so many features; none where there are more than any file holds.
fn index_bytes(features: u64, node: u64) -> Option<u64> {
    if features == 0 || node < 2 {
        return Some(0);
    }
    let (mut level, mut entries) = (features, features);
    while level > 1 {
        level = level.div_ceil(node);
        entries = entries.checked_add(level)?;
    }
    // One feature has an entry of its own above it.
    entries.checked_add(u64::from(features == 1))?.checked_mul(ENTRY)
}

fn coordinate_system(crs: &Table<'_>, about: &mut About) {
    let code = crs.int(1).filter(|code| *code > 0).map(|code| code.to_string());
    let code = code.or_else(|| crs.text(5).map(str::to_owned));
    let named = code.map(|code| format!("{}:{code}", crs.text(0).unwrap_or("EPSG")));
    let wkt = crs.text(4);
    let known = named.as_deref().into_iter().chain(wkt).find_map(|text| text.parse::<SourceCrs>().ok());
    let said = named.or_else(|| crs.text(2).map(str::to_owned)).or_else(|| wkt.map(str::to_owned));
    let Some(said) = said else { return };
    let said: String = said.chars().take(80).collect();
    if let Some(crs) = known {
        about.take_crs(&crs, format!("the file says `{said}`"));
    } else {
        let reason = format!("the file says `{said}`, which is not understood");
        about.settled.push(Settled::new("crs", "not known", reason));
        about.unread_crs = Some(said.into());
    }
}

impl FeatureFile for FlatGeobuf {
    fn about(&self) -> &About {
        &self.about
    }

    fn decode(&self, stored: &StoredFiles, wanted: Wanted) -> Result<Box<dyn FeatureDecoder>, Error> {
        let mut input = stored.through(self.origin.open()?);
        let name: Box<str> = self.origin.name().into();
        let passed = std::io::copy(&mut input.by_ref().take(self.start), &mut std::io::sink())
            .map_err(|error| Error::io("read", self.origin.path(), error))?;
        if passed < self.start {
            let reason =
                format!("it ends behind {passed} bytes, expected its features from byte {} on", self.start);
            return Err(Error::File { file: name, reason: reason.into() });
        }
        Ok(Box::new(Decoder {
            name,
            input: std::io::BufReader::with_capacity(1 << 16, input),
            columns: Arc::clone(&self.columns),
            kind: self.kind,
            wanted,
            expected: self.features,
            features: 0,
            dropped: 0,
            broken: 0,
        }))
    }
}

struct Decoder {
    name: Box<str>,
    input: std::io::BufReader<Counting>,
    columns: Arc<[Column]>,
    kind: u8,
    wanted: Wanted,
    expected: Option<u64>,
    features: u64,
    /// Ordinates beyond the second that were left out.
    dropped: u64,
    /// Texts that are not in UTF-8.
    broken: u64,
}

impl Decoder {
    fn fault(&self, reason: impl Into<Box<str>>) -> Error {
        Error::Record { file: self.name.clone(), record: self.features + 1, reason: reason.into() }
    }
}

impl FeatureDecoder for Decoder {
    fn next(&mut self, text: &mut Vec<u8>) -> Result<bool, Error> {
        let failed = |error| Error::io("read", &*self.name, error);
        let mut size = [0; 4];
        match fill(&mut self.input, &mut size).map_err(failed)? {
            0 if self.expected.is_some_and(|expected| self.features < expected) => {
                let expected = self.expected.unwrap_or_default();
                return Err(self.fault(format!("the file ends before it, expected {expected} features")));
            }
            0 => return Ok(false),
            4 => {}
            _ => return Err(self.fault("the file ends in its length")),
        }
        let size = u32::from_le_bytes(size);
        let mut bytes = Vec::new();
        self.input.by_ref().take(size.into()).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() < size as usize {
            return Err(self.fault(format!("it ends behind {} bytes, expected {size}", bytes.len())));
        }
        let made = feature::push(text, &bytes, &self.columns, self.kind, self.wanted);
        let made = made.map_err(|reason| self.fault(reason))?;
        self.dropped += made.dropped;
        self.broken += made.broken;
        self.features += 1;
        Ok(true)
    }

    fn noticed(&self) -> Vec<WarningKind> {
        let dropped = (self.dropped > 0).then_some(WarningKind::OrdinatesDropped { count: self.dropped });
        let broken = self.broken;
        let broken =
            (broken > 0).then(|| WarningKind::TextsNotDecoded { count: broken, encoding: "UTF-8".into() });
        dropped.into_iter().chain(broken).collect()
    }
}
