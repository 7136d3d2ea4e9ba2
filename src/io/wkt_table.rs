//! CSV with a column of geometries as well-known text.

use std::io::{Cursor, Read};
use std::sync::Arc;

use super::Source;
use super::source::{Origin, fill};
use super::table::Records;
use super::text_encoding::{Replaced, TextEncoding};
use super::transcode::{About, FeatureDecoder, FeatureFile, Settled, StoredFiles, Wanted};
use super::wkt_geometry::{push_geometry, srid_of};
use crate::Error;
use crate::crs::SourceCrs;
use crate::json_text::push_text;
use crate::warning::WarningKind;

/// Text that is looked at to tell the format.
const START: usize = 1 << 18;
/// Text that is read at a time.
const BLOCK: usize = 1 << 20;
/// Names of the column of geometries, in lower case.
const NAMES: [&str; 6] = ["wkt", "geom", "geometry", "the_geom", "wkt_geom", "geom_wkt"];

/// A CSV file whose head was read.
#[derive(Debug)]
struct WktTable {
    origin: Origin,
    /// The file that the text was made of, if it is another.
    stored: Option<Origin>,
    encoding: TextEncoding,
    columns: Arc<[Box<str>]>,
    /// Which of them holds the geometries.
    shape: usize,
    separator: char,
    about: About,
}

/// A table with a column of geometries; none where a source is none, such as a table of firms.
///
/// # Errors
/// [`Error::Io`] where it cannot be read; [`Error::Encoding`] where nothing tells the encoding of its texts.
pub(super) fn open(source: &Source) -> Result<Option<Arc<dyn FeatureFile>>, Error> {
    let origin = source.origin();
    let mut start = vec![0; START];
    let len =
        fill(&mut origin.open()?, &mut start).map_err(|error| Error::io("read", origin.path(), error))?;
    start.truncate(len);
    let encoding = TextEncoding::of(source, &start, false);
    let (mut decoded, _) = match &encoding {
        Ok(encoding) => encoding.through(Cursor::new(start)),
        // Letters that nobody can tell do not hide a geometry.
        Err(_) => TextEncoding::default().through(Cursor::new(start)),
    };
    let mut text = Vec::new();
    decoded.read_to_end(&mut text).map_err(|error| Error::io("read", origin.path(), error))?;
    let text = String::from_utf8_lossy(&text);
    let text = text.trim_end_matches('\u{fffd}');
    let Some(found) = Found::of(text) else { return Ok(None) };
    let encoding = encoding?;
    let mut about =
        About { settled: vec![Settled::new("format", "CSV with well-known text", "")], ..About::default() };
    about.settled.extend(encoding.settled.clone());
    about.warnings.extend(encoding.warning.clone());
    Ok(Some(Arc::new(found.table(origin.clone(), None, encoding, about))))
}

/// A sheet of a workbook with a column of geometries; none where it has none.
///
/// # Errors
/// Those of [`sheet`](super::workbook::sheet).
#[cfg(feature = "xlsx")]
pub(super) fn open_sheet(source: &Source) -> Result<Option<Arc<dyn FeatureFile>>, Error> {
    let sheet = super::workbook::sheet(source)?;
    let Some(found) = std::str::from_utf8(&sheet.text).ok().and_then(Found::of) else { return Ok(None) };
    let about = About { settled: sheet.settled, ..About::default() };
    let text = Origin::Bytes { name: source.origin().name().into(), bytes: sheet.text };
    let stored = Some(source.origin().clone());
    Ok(Some(Arc::new(found.table(text, stored, TextEncoding::default(), about))))
}

/// What the start of a table tells.
struct Found {
    columns: Vec<Box<str>>,
    shape: usize,
    separator: char,
    srid: Option<u32>,
}

impl Found {
    /// None where no column holds geometries.
    fn of(text: &str) -> Option<Self> {
        let mut records = Records::new(text.strip_prefix('\u{feff}').unwrap_or(text));
        let Ok(Some((_, header))) = records.next_record() else { return None };
        // What was cut behind the first record does not matter.
        let Ok(Some((_, first))) = records.next_record() else { return None };
        let columns: Vec<Box<str>> = header.iter().map(|name| name.trim().into()).collect();
        let is_shape = |value: &String| {
            let value = value.trim().to_ascii_uppercase();
            let value = value
                .split_once(';')
                .map_or(&*value, |(srid, rest)| if srid.starts_with("SRID=") { rest } else { "" });
            value.trim_start().starts_with("POLYGON") || value.trim_start().starts_with("MULTIPOLYGON")
        };
        let named = columns.iter().zip(&first).position(|(name, value)| {
            NAMES.iter().any(|own| name.eq_ignore_ascii_case(own))
                && (is_shape(value) || value.trim().is_empty())
        });
        let shape = named.or_else(|| first.iter().position(is_shape))?;
        let srid = first.get(shape).and_then(|value| srid_of(value));
        Some(Self { columns, shape, separator: records.separator, srid })
    }

    fn table(
        self,
        origin: Origin,
        stored: Option<Origin>,
        encoding: TextEncoding,
        mut about: About,
    ) -> WktTable {
        let Self { columns, shape, separator, srid } = self;
        let column = columns.get(shape).map_or("", |name| &**name);
        about.settled.push(Settled::new("geometry", column, "the column of geometries"));
        if let Some(srid) = srid {
            let name = format!("EPSG:{srid}");
            match name.parse::<SourceCrs>() {
                Ok(crs) => {
                    about.settled.push(Settled::new("crs", crs.to_string(), "the geometries say so"));
                    about.crs = Some(crs.to_string().into());
                }
                Err(_) => about.unread_crs = Some(name.into()),
            }
        }
        WktTable { origin, stored, encoding, columns: columns.into(), shape, separator, about }
    }
}

impl FeatureFile for WktTable {
    fn about(&self) -> &About {
        &self.about
    }

    fn is_table(&self) -> bool {
        true
    }

    fn decode(&self, stored: &StoredFiles, wanted: Wanted) -> Result<Box<dyn FeatureDecoder>, Error> {
        let keys = self.columns.iter().map(|name| {
            let mut key = Vec::new();
            push_text(&mut key, &**name);
            key.push(b':');
            key
        });
        let input: Box<dyn Read + Send> = match &self.stored {
            None => Box::new(stored.through(self.origin.open()?)),
            Some(file) => {
                let mut whole = stored.through(file.open()?);
                std::io::copy(&mut whole, &mut std::io::sink())
                    .map_err(|error| Error::io("read", file.path(), error))?;
                Box::new(self.origin.open()?)
            }
        };
        let (input, replaced) = self.encoding.through(input);
        Ok(Box::new(Decoder {
            name: self.origin.name().into(),
            input,
            replaced,
            keys: keys.collect(),
            shape: self.shape,
            separator: self.separator,
            wanted,
            text: Vec::new(),
            base: 0,
            records: Vec::new().into_iter(),
            header: true,
            done: false,
            dropped: 0,
        }))
    }
}

/// Records, one after another.
struct Decoder {
    name: Box<str>,
    input: Box<dyn Read + Send>,
    replaced: Replaced,
    keys: Vec<Vec<u8>>,
    shape: usize,
    separator: char,
    wanted: Wanted,
    /// What was read and begins with a record, and where it stands in the file.
    text: Vec<u8>,
    base: u64,
    records: std::vec::IntoIter<(usize, Vec<String>)>,
    /// Whether the next record is the header.
    header: bool,
    done: bool,
    /// Ordinates beyond the second that were left out.
    dropped: u64,
}

impl Decoder {
    fn fault(&self, at: usize, reason: impl Into<Box<str>>) -> Error {
        Error::Syntax { file: self.name.clone(), offset: self.base + at as u64, reason: reason.into() }
    }

    /// Reads whole records; false at the end.
    fn advance(&mut self) -> Result<bool, Error> {
        if self.done {
            return Ok(false);
        }
        let (mut quoted, mut at, mut end) = (false, 0, None);
        loop {
            for (i, byte) in self.text.iter().enumerate().skip(at) {
                match byte {
                    b'"' => quoted = !quoted,
                    b'\n' if !quoted => end = Some(i + 1),
                    _ => {}
                }
            }
            at = self.text.len();
            if end.is_some_and(|end| end >= BLOCK) {
                break;
            }
            let old = self.text.len();
            self.text.resize(old + BLOCK, 0);
            let room = self.text.get_mut(old..).unwrap_or_default();
            let count = fill(&mut self.input, room).map_err(|error| Error::io("read", &*self.name, error))?;
            self.text.truncate(old + count);
            if count == 0 {
                (self.done, end) = (true, Some(self.text.len()));
                break;
            }
        }
        let rest = self.text.split_off(end.unwrap_or(self.text.len()));
        let whole = std::mem::replace(&mut self.text, rest);
        let reason =
            "found bytes that are not UTF-8, expected UTF-8 text or the right encoding as option `encoding`";
        let text = std::str::from_utf8(&whole).map_err(|error| self.fault(error.valid_up_to(), reason))?;
        let text = if self.base == 0 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
        let mut records = Records::with_separator(text, self.separator);
        let mut found = Vec::new();
        while let Some((at, record)) = records.next_record().map_err(|(at, reason)| self.fault(at, reason))? {
            if std::mem::take(&mut self.header) {
                continue;
            }
            if record.len() != self.keys.len() {
                let (has, expected) = (record.len(), self.keys.len());
                return Err(self.fault(at, format!("found a record of {has} fields, expected {expected}")));
            }
            found.push((at, record));
        }
        self.records = found.into_iter();
        self.base += whole.len() as u64;
        Ok(true)
    }
}

impl FeatureDecoder for Decoder {
    fn next(&mut self, text: &mut Vec<u8>) -> Result<bool, Error> {
        let record = loop {
            match self.records.next() {
                Some((_, record)) => break record,
                None if !self.advance()? => return Ok(false),
                None => {}
            }
        };
        text.extend_from_slice(b"{\"type\":\"Feature\",\"properties\":{");
        let mut is_first = true;
        for (_, (key, value)) in self.keys.iter().zip(&record).enumerate().filter(|(i, _)| *i != self.shape) {
            if !std::mem::take(&mut is_first) {
                text.push(b',');
            }
            text.extend_from_slice(key);
            push_text(text, Some(value.trim()).filter(|value| !value.is_empty()));
        }
        text.extend_from_slice(b"},\"geometry\":");
        match record.get(self.shape).filter(|_| self.wanted == Wanted::Features) {
            Some(value) => self.dropped += push_geometry(text, value),
            None => text.extend_from_slice(b"null"),
        }
        text.push(b'}');
        Ok(true)
    }

    fn noticed(&self) -> Vec<WarningKind> {
        let dropped = (self.dropped > 0).then_some(WarningKind::OrdinatesDropped { count: self.dropped });
        dropped.into_iter().chain(self.replaced.warning()).collect()
    }
}
