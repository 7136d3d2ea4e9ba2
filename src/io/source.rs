use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;
use xxhash_rust::xxh3::Xxh3;

use super::places::Places;
use crate::Error;

/// Bytes asked of the system at a time where a decoder stands between.
const GZIP_BUFFER: usize = 1 << 18;

/// Where text comes from. It can be read more than once: layers are written by reading the parcels again.
#[derive(Debug, Clone)]
pub struct Source {
    origin: Origin,
    /// Where its features stand, once they were read.
    places: Arc<Mutex<Option<Arc<Places>>>>,
}

#[derive(Debug, Clone)]
enum Origin {
    File(PathBuf),
    Bytes { name: Box<str>, bytes: Arc<[u8]> },
}

impl Source {
    /// A file, plain or gzip.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::of(Origin::File(path.into()))
    }

    /// Bytes in memory, plain or gzip.
    pub fn bytes(name: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self::of(Origin::Bytes { name: name.into(), bytes: bytes.into() })
    }

    fn of(origin: Origin) -> Self {
        Self { origin, places: Arc::default() }
    }

    /// All that a reader gives, kept in memory: what comes through a pipe comes only once.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read.
    pub fn spool(name: &str, mut reader: impl Read) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|error| Error::io("read", name, error))?;
        Ok(Self::bytes(name, bytes))
    }

    /// What messages call it.
    pub fn name(&self) -> String {
        match &self.origin {
            Origin::File(path) => path.display().to_string(),
            Origin::Bytes { name, .. } => name.to_string(),
        }
    }

    /// Where its features stood when they were last read, if each was plain.
    pub(super) fn places(&self) -> Option<Arc<Places>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_places(&self, places: Option<Places>) {
        *self.places.lock().unwrap_or_else(PoisonError::into_inner) = places.map(Arc::new);
    }

    pub(super) fn open(&self) -> Result<Input, Error> {
        self.opened(true)
    }

    /// Opens it without a hash of what is read.
    pub(super) fn open_again(&self) -> Result<Input, Error> {
        self.opened(false)
    }

    fn opened(&self, hashed: bool) -> Result<Input, Error> {
        let (path, raw): (PathBuf, Box<dyn Read + Send>) = match &self.origin {
            Origin::File(path) => {
                (path.clone(), Box::new(File::open(path).map_err(|error| Error::io("open", path, error))?))
            }
            Origin::Bytes { name, bytes } => {
                (Path::new(&**name).into(), Box::new(Cursor::new(Arc::clone(bytes))))
            }
        };
        let hash = Arc::new(Mutex::new(Xxh3::new()));
        let mut raw: Box<dyn Read + Send> =
            if hashed { Box::new(Hashing { raw, hash: Arc::clone(&hash) }) } else { raw };
        let mut start = Vec::new();
        raw.by_ref().take(2).read_to_end(&mut start).map_err(|error| Error::io("read", &path, error))?;
        let gzip = start == [0x1f, 0x8b];
        let whole = Cursor::new(start).chain(raw);
        let reader: Box<dyn Read + Send> = if gzip {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(GZIP_BUFFER, whole)))
        } else {
            Box::new(whole)
        };
        Ok(Input { path, reader, hash })
    }
}

/// A source being read: text, decompressed.
pub(super) struct Input {
    path: PathBuf,
    reader: Box<dyn Read + Send>,
    hash: Arc<Mutex<Xxh3>>,
}

impl Input {
    /// Fills `room` as far as there is text; how far is told, and less than all is the end.
    pub(super) fn read(&mut self, room: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < room.len() {
            match self.reader.read(&mut room[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::io("read", &self.path, error)),
            }
        }
        Ok(filled)
    }

    /// All text that is left.
    pub(super) fn rest(&mut self) -> Result<Vec<u8>, Error> {
        let mut text = Vec::new();
        self.reader.read_to_end(&mut text).map_err(|error| Error::io("read", &self.path, error))?;
        Ok(text)
    }

    /// Hash of the bytes as stored, before any decompression, with the name of the algorithm.
    pub(super) fn hash(&self) -> String {
        let hash = self.hash.lock().unwrap_or_else(PoisonError::into_inner);
        format!("xxh3-128:{:032x}", hash.digest128())
    }
}

/// Hashes what passes through.
struct Hashing {
    raw: Box<dyn Read + Send>,
    hash: Arc<Mutex<Xxh3>>,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.raw.read(buffer)?;
        self.hash.lock().unwrap_or_else(PoisonError::into_inner).update(&buffer[..count]);
        Ok(count)
    }
}
