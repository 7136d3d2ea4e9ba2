use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::MultiGzDecoder;
use xxhash_rust::xxh3::Xxh3;

use crate::Error;

/// Bytes asked of the system at a time where a decoder stands between.
const GZIP_BUFFER: usize = 1 << 18;

/// Where text comes from. It can be read more than once: layers are written by reading the parcels again.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Source {
    /// A file, plain or gzip.
    File(PathBuf),
    /// Bytes in memory, plain or gzip.
    Bytes {
        /// What messages call them.
        name: Box<str>,
        /// The bytes.
        bytes: Arc<[u8]>,
    },
}

impl Source {
    /// A file, plain or gzip.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::File(path.into())
    }

    /// Bytes in memory, plain or gzip.
    pub fn bytes(name: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self::Bytes { name: name.into(), bytes: bytes.into() }
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
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Bytes { name, .. } => name.to_string(),
        }
    }

    pub(super) fn open(&self) -> Result<Input, Error> {
        let (path, raw): (PathBuf, Box<dyn Read + Send>) = match self {
            Self::File(path) => {
                (path.clone(), Box::new(File::open(path).map_err(|error| Error::io("open", path, error))?))
            }
            Self::Bytes { name, bytes } => {
                (Path::new(&**name).into(), Box::new(Cursor::new(Arc::clone(bytes))))
            }
        };
        let hash = Arc::new(Mutex::new(Xxh3::new()));
        let mut raw = Hashing { raw, hash: Arc::clone(&hash) };
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
