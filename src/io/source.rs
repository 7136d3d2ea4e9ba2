use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::read::MultiGzDecoder;
use xxhash_rust::xxh3::Xxh3;

use crate::Error;

/// Bytes asked of the system at a time where a decoder stands between.
const GZIP_BUFFER: usize = 1 << 18;
/// Decompressed text is limited to this many times what is stored …
const GROWTH: u64 = 100;
/// … and may always be this large.
const ALWAYS_ALLOWED: u64 = 256 << 20;

/// Where text comes from. It can be read more than once: layers are written by reading the parcels again.
#[derive(Debug, Clone)]
pub struct Source {
    origin: Origin,
    max_decompressed_bytes: Option<u64>,
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

    /// A file as [`file`](Self::file), or all that comes through a pipe, kept in memory: it comes only once.
    ///
    /// # Errors
    /// [`Error::Io`] where it is not there, or a pipe cannot be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let about = fs::metadata(&path).map_err(|error| Error::io("open", &path, error))?;
        if about.is_file() || about.is_dir() {
            return Ok(Self::file(path));
        }
        let pipe = File::open(&path).map_err(|error| Error::io("open", &path, error))?;
        Self::spool(&path.display().to_string(), pipe)
    }

    /// Bytes in memory, plain or gzip.
    pub fn bytes(name: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self::of(Origin::Bytes { name: name.into(), bytes: bytes.into() })
    }

    fn of(origin: Origin) -> Self {
        Self { origin, max_decompressed_bytes: None }
    }

    /// Sets how large the text of a gzip file may be, in bytes. Default: 256 MiB, or 100 times what is stored if that is more.
    #[must_use]
    pub fn max_decompressed_bytes(mut self, bytes: u64) -> Self {
        self.max_decompressed_bytes = Some(bytes);
        self
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

    pub(super) fn open_text(&self) -> Result<Input, Error> {
        self.opened(Some(Xxh3::new()))
    }

    /// Opens it without a hash of what is read.
    pub(super) fn open_unhashed(&self) -> Result<Input, Error> {
        self.opened(None)
    }

    fn opened(&self, hash: Option<Xxh3>) -> Result<Input, Error> {
        let (path, raw): (PathBuf, Box<dyn Read + Send>) = match &self.origin {
            Origin::File(path) => {
                (path.clone(), Box::new(File::open(path).map_err(|error| Error::io("open", path, error))?))
            }
            Origin::Bytes { name, bytes } => {
                (Path::new(&**name).into(), Box::new(Cursor::new(Arc::clone(bytes))))
            }
        };
        let stored = Arc::new(Mutex::new(Stored { hash, bytes: 0 }));
        let mut raw = Counting { raw, stored: Arc::clone(&stored) };
        let mut start = Vec::new();
        raw.by_ref().take(2).read_to_end(&mut start).map_err(|error| Error::io("read", &path, error))?;
        let gzip = start == [0x1f, 0x8b];
        let whole = Cursor::new(start).chain(raw);
        let reader: Box<dyn Read + Send> = if gzip {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(GZIP_BUFFER, whole)))
        } else {
            Box::new(whole)
        };
        let limit = match (gzip, self.max_decompressed_bytes) {
            (false, _) => Limit::None,
            (true, None) => Limit::ByGrowth,
            (true, Some(bytes)) => Limit::Bytes(bytes),
        };
        Ok(Input { path, reader, stored, text: 0, limit })
    }
}

/// A source being read: text, decompressed.
pub(super) struct Input {
    path: PathBuf,
    reader: Box<dyn Read + Send>,
    stored: Arc<Mutex<Stored>>,
    /// Bytes of text so far.
    text: u64,
    /// How much text there may be.
    limit: Limit,
}

/// How much text a source may give.
#[derive(Debug, Clone, Copy)]
enum Limit {
    /// It is stored as it is.
    None,
    /// By what is stored of it.
    ByGrowth,
    /// As the caller said.
    Bytes(u64),
}

/// What was read of the bytes as stored.
struct Stored {
    hash: Option<Xxh3>,
    bytes: u64,
}

impl Input {
    /// Fills `room` as far as there is text, and returns how far: less than all is the end.
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
        self.text += filled as u64;
        let limit = match self.limit {
            Limit::None => None,
            Limit::ByGrowth => Some(ALWAYS_ALLOWED.max(GROWTH * self.stored().bytes)),
            Limit::Bytes(bytes) => Some(bytes),
        };
        if let Some(limit) = limit.filter(|&limit| self.text > limit) {
            return Err(Error::Decompressed { file: self.name(), limit });
        }
        Ok(filled)
    }

    /// All text that is left.
    pub(super) fn rest(&mut self) -> Result<Vec<u8>, Error> {
        let mut text = Vec::new();
        let mut filled = 0;
        loop {
            text.resize((text.len() * 2).max(1 << 16), 0);
            filled += self.read(&mut text[filled..])?;
            if filled < text.len() {
                text.truncate(filled);
                return Ok(text);
            }
        }
    }

    /// Hash of the bytes as stored, before any decompression, with the name of the algorithm.
    pub(super) fn hash(&self) -> String {
        let digest = self.stored().hash.as_ref().map_or(0, Xxh3::digest128);
        format!("xxh3-128:{digest:032x}")
    }

    /// Reads what is left, and compares the hash of the whole with `hash`.
    pub(super) fn expect_hash(&mut self, hash: &str) -> Result<(), Error> {
        let mut room = vec![0; 1 << 16];
        while self.read(&mut room)? > 0 {}
        if self.hash() == hash { Ok(()) } else { Err(Error::Changed { file: self.name() }) }
    }

    fn name(&self) -> Box<str> {
        self.path.display().to_string().into()
    }

    fn stored(&self) -> MutexGuard<'_, Stored> {
        self.stored.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts and hashes what passes through.
struct Counting {
    raw: Box<dyn Read + Send>,
    stored: Arc<Mutex<Stored>>,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.raw.read(buffer)?;
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        stored.bytes += count as u64;
        if let Some(hash) = &mut stored.hash {
            hash.update(&buffer[..count]);
        }
        Ok(count)
    }
}
