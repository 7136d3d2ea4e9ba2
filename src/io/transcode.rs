//! Features of other formats as `GeoJSON` text, made while it is read: whoever reads text reads them, with the same faults, the same
//! columns and the same way to write them again, in bounded memory.

use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use super::schema::Schema;
use super::write::crs_member;
use super::{Layer, PropertySummary, ReadOptions};
use crate::Error;
use crate::geometry::Coord;
use crate::json_text::{push_json, push_number};
use crate::warning::WarningKind;

/// Text made at a time.
const CHUNK: usize = 1 << 16;

/// Adds a position as `GeoJSON`; what is no number is `null`, which is a fault of its feature alone.
pub(super) fn push_position(text: &mut Vec<u8>, [x, y]: Coord) {
    text.push(b'[');
    push_number(text, x);
    text.push(b',');
    push_number(text, y);
    text.push(b']');
}

/// Adds a position whose ordinates are finite.
///
/// # Errors
/// What was found instead.
pub(super) fn push_finite_position(text: &mut Vec<u8>, [x, y]: Coord) -> Result<(), String> {
    if !(x.is_finite() && y.is_finite()) {
        return Err(format!("the geometry has the coordinate {x}, {y}, expected finite numbers"));
    }
    push_position(text, [x, y]);
    Ok(())
}

/// What is wanted of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All.
    Features,
    /// Their properties: geometries may be null.
    Properties,
}

/// A question that a file leaves open, and how it was settled before anything was read.
///
/// ```
/// # #[cfg(feature = "shapefile")]
/// # fn main() -> Result<(), landuse::Error> {
/// use landuse::io::Source;
/// // A Shapefile without shapes.
/// let mut shp = vec![0; 100];
/// shp[..4].copy_from_slice(&9994i32.to_be_bytes());
/// shp[24..28].copy_from_slice(&50i32.to_be_bytes());
/// shp[28..32].copy_from_slice(&1000i32.to_le_bytes());
/// shp[32] = 5;
/// let settled = Source::bytes("parcels.shp", shp).settled()?;
/// assert_eq!(settled[0].to_string(), "format: Shapefile of polygons");
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "shapefile"))]
/// # fn main() {}
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Settled {
    /// What was asked: `format`, `encoding`, `crs` …
    pub question: &'static str,
    /// What was taken.
    pub answer: Box<str>,
    /// Why; empty where nothing else was possible.
    pub reason: Box<str>,
}

impl Settled {
    pub(super) fn new(
        question: &'static str,
        answer: impl Into<Box<str>>,
        reason: impl Into<Box<str>>,
    ) -> Self {
        Self { question, answer: answer.into(), reason: reason.into() }
    }
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { question, answer, reason } = self;
        write!(f, "{question}: {answer}")?;
        if reason.is_empty() { Ok(()) } else { write!(f, " ({reason})") }
    }
}

/// What is known of a file before its features are read.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    /// Questions it leaves open.
    pub(super) settled: Vec<Settled>,
    /// What its reader should know.
    pub(super) warnings: Vec<WarningKind>,
    /// The system of its coordinates, in a form that [`SourceCrs`](crate::crs::SourceCrs) reads.
    pub(super) crs: Option<Box<str>>,
    /// What the file calls the system, where that could not be understood.
    pub(super) unread_crs: Option<Box<str>>,
}

/// Longitude and latitude on WGS 84.
const LONGITUDE_LATITUDE: &str = "urn:ogc:def:crs:OGC:1.3:CRS84";

impl About {
    /// Takes a system as that of the coordinates.
    pub(super) fn take_crs(&mut self, crs: &crate::crs::SourceCrs, reason: impl Into<Box<str>>) {
        let name = crs.to_string();
        self.settled.push(Settled::new("crs", &*name, reason));
        // Degrees on WGS 84 have a name that says which ordinate comes first.
        self.crs = Some(if name == "EPSG:4326" { LONGITUDE_LATITUDE.into() } else { name.into() });
    }
}

/// A file of features in a format of its own: found and understood, its features not read yet.
pub(super) trait FeatureFile: fmt::Debug + Send + Sync {
    /// What is known of it.
    fn about(&self) -> &About;

    /// Whether it is a text of records, which can be read as a table too.
    fn is_table(&self) -> bool {
        false
    }

    /// Its features as columns, where it has columns itself, so that no text has to be made between.
    fn columns(&self) -> Option<&dyn ColumnFile> {
        None
    }

    /// Begins to read its features. All bytes of all its files pass through `stored`.
    ///
    /// # Errors
    /// [`Error::Io`] and those of the format.
    fn decode(&self, stored: &StoredFiles, wanted: Wanted) -> Result<Box<dyn FeatureDecoder>, Error>;
}

/// A file of columns. What it gives is what its features as text would.
pub(super) trait ColumnFile {
    /// As [`inspect`](super::inspect).
    ///
    /// # Errors
    /// [`Error::Io`] and those of the format.
    fn inspect(&self) -> Result<Vec<PropertySummary>, Error>;

    /// As [`read`](fn@super::read), without its text.
    ///
    /// # Errors
    /// [`Error::Io`] and those of the format; as [`read`](fn@super::read).
    fn read(&self, schema: &Schema, options: &ReadOptions) -> Result<Layer, Error>;
}

/// Features, decoded one after another.
pub(super) trait FeatureDecoder: Send {
    /// Adds the next feature as `GeoJSON`, an object of `type`, `properties` and `geometry`; false behind the last one, once all bytes
    /// of all files were read.
    ///
    /// # Errors
    /// [`Error::Io`], or what does not hold together in the file.
    fn next(&mut self, text: &mut Vec<u8>) -> Result<bool, Error>;

    /// What was noticed so far.
    fn noticed(&self) -> Vec<WarningKind> {
        Vec::new()
    }
}

/// A collection of `GeoJSON`, made of features while it is read.
pub(super) struct Transcoder {
    file: Arc<dyn FeatureFile>,
    decoder: Box<dyn FeatureDecoder>,
    text: Vec<u8>,
    /// How much of `text` was read.
    at: usize,
    features: u64,
    done: bool,
}

impl Transcoder {
    pub(super) fn open(
        file: Arc<dyn FeatureFile>,
        stored: &StoredFiles,
        wanted: Wanted,
    ) -> Result<Self, Error> {
        let decoder = file.decode(stored, wanted)?;
        let mut text = b"{\"type\":\"FeatureCollection\",".to_vec();
        if let Some(name) = &file.about().crs {
            text.extend_from_slice(b"\"crs\":");
            push_json(&mut text, &crs_member(name));
            text.push(b',');
        }
        text.extend_from_slice(b"\"features\":[");
        Ok(Self { file, decoder, text, at: 0, features: 0, done: false })
    }

    pub(super) fn about(&self) -> &About {
        self.file.about()
    }

    /// What was noticed before and while its features were read.
    pub(super) fn warnings(&self) -> Vec<WarningKind> {
        let mut all = self.about().warnings.clone();
        all.extend(self.decoder.noticed());
        all
    }

    /// Fills `room` as far as there is text, and returns how far.
    pub(super) fn read(&mut self, room: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < room.len() {
            if self.at == self.text.len() {
                if self.done {
                    break;
                }
                self.make()?;
            }
            let (text, free) = (&self.text[self.at..], &mut room[filled..]);
            let count = text.len().min(free.len());
            free[..count].copy_from_slice(&text[..count]);
            self.at += count;
            filled += count;
        }
        Ok(filled)
    }

    fn make(&mut self) -> Result<(), Error> {
        self.text.clear();
        self.at = 0;
        while self.text.len() < CHUNK {
            let start = self.text.len();
            self.text.extend_from_slice(if self.features > 0 { b",\n" } else { b"\n" });
            if !self.decoder.next(&mut self.text)? {
                self.text.truncate(start);
                self.text.extend_from_slice(b"\n]}\n");
                self.done = true;
                return Ok(());
            }
            self.features += 1;
        }
        Ok(())
    }
}

/// The files that text comes from, as stored: each is counted and hashed while it is read.
#[derive(Clone)]
pub(super) struct StoredFiles(Arc<Mutex<Stored>>);

struct Stored {
    hashing: bool,
    hashes: Vec<Xxh3>,
    bytes: u64,
}

impl StoredFiles {
    pub(super) fn new(hashing: bool) -> Self {
        Self(Arc::new(Mutex::new(Stored { hashing, hashes: Vec::new(), bytes: 0 })))
    }

    /// One more file.
    pub(super) fn through(&self, raw: impl Read + Send + 'static) -> Counting {
        let mut stored = self.lock();
        stored.hashes.push(Xxh3::new());
        let file = stored.hashes.len() - 1;
        Counting { raw: Box::new(raw), file, stored: self.clone() }
    }

    /// Whether anybody will ask for the hash.
    #[cfg(any(feature = "gpkg", feature = "parquet", feature = "shapefile"))]
    pub(super) fn hashing(&self) -> bool {
        self.lock().hashing
    }

    /// Bytes read so far.
    pub(super) fn bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// Hash of what was read, with the name of the algorithm: that of the one file, or of the hashes of several.
    pub(super) fn hash(&self) -> String {
        let stored = self.lock();
        let digest = match &stored.hashes[..] {
            _ if !stored.hashing => 0,
            [one] => one.digest128(),
            several => {
                let mut all = Xxh3::new();
                several.iter().for_each(|one| all.update(&one.digest128().to_le_bytes()));
                all.digest128()
            }
        };
        format!("xxh3-128:{digest:032x}")
    }

    fn lock(&self) -> MutexGuard<'_, Stored> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts and hashes what passes through.
pub(super) struct Counting {
    raw: Box<dyn Read + Send>,
    file: usize,
    stored: StoredFiles,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.raw.read(buffer)?;
        let mut stored = self.stored.lock();
        stored.bytes += count as u64;
        if stored.hashing
            && let Some(hash) = stored.hashes.get_mut(self.file)
        {
            hash.update(&buffer[..count]);
        }
        Ok(count)
    }
}
