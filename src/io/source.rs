use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use flate2::read::MultiGzDecoder;

use super::format::feature_file;
use super::transcode::{About, FeatureFile, Settled, StoredFiles, Transcoder, Wanted};
use crate::Error;
use crate::warning::WarningKind;

/// Bytes asked of the system at a time where a decoder stands between.
const GZIP_BUFFER: usize = 1 << 18;
/// Decompressed text is limited to this many times what is stored …
const GROWTH: u64 = 100;
/// … and may always be this large.
const ALWAYS_ALLOWED: u64 = 256 << 20;

/// Where text comes from. It can be read more than once: layers are written by reading the parcels again.
///
/// Features of a format other than `GeoJSON` are given as a text of `GeoJSON` that is made while it is read.
#[derive(Debug, Clone)]
pub struct Source {
    origin: Origin,
    max_decompressed_bytes: Option<u64>,
    encoding: Option<Box<str>>,
    layer: Option<Box<str>>,
    /// The features of another format, once it is known whether it is one.
    file: Arc<OnceLock<Option<Arc<dyn FeatureFile>>>>,
}

/// Where bytes are stored.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    File(PathBuf),
    Bytes { name: Box<str>, bytes: Arc<[u8]> },
}

/// Bytes of which any part can be read.
pub(super) trait ReadSeek: Read + Seek + Send {}

impl<R: Read + Seek + Send> ReadSeek for R {}

impl Origin {
    /// What messages call it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Bytes { name, .. } => name.to_string(),
        }
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Bytes { name, .. } => Path::new(&**name),
        }
    }

    pub(super) fn open(&self) -> Result<Box<dyn ReadSeek>, Error> {
        Ok(match self {
            Self::File(path) => Box::new(File::open(path).map_err(|error| Error::io("open", path, error))?),
            Self::Bytes { bytes, .. } => Box::new(Cursor::new(Arc::clone(bytes))),
        })
    }
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
        Self { origin, max_decompressed_bytes: None, encoding: None, layer: None, file: Arc::default() }
    }

    /// Sets the encoding of texts in files that may be of any, such as the tables of Shapefiles and CSV: `UTF-8`, `GBK`, `Big5`, `windows-1252` …
    /// Default: what the file says, as far as its texts bear it out, else what they are by themselves.
    #[must_use]
    pub fn encoding(self, name: Option<&str>) -> Self {
        let encoding = name.map(Into::into);
        let file = if encoding == self.encoding { self.file } else { Arc::default() };
        Self { encoding, file, ..self }
    }

    /// Names the layer that is meant, in a file that has several, such as a `GeoPackage`, or the sheet of a workbook. Default: the only one,
    /// or the only one of polygons, or with cells.
    #[must_use]
    pub fn layer(self, name: Option<&str>) -> Self {
        let layer = name.map(Into::into);
        let file = if layer == self.layer { self.file } else { Arc::default() };
        Self { layer, file, ..self }
    }

    /// Sets how large the text of a gzip file may be, in bytes. Default: 256 MiB, or 100 times what is stored if that is more.
    #[must_use]
    pub fn max_decompressed_bytes(self, bytes: u64) -> Self {
        Self { max_decompressed_bytes: Some(bytes), file: Arc::default(), ..self }
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

    /// What messages call it; a layer that was named stands behind `#`.
    pub fn name(&self) -> String {
        let file = self.origin.name();
        self.layer.as_ref().map_or_else(|| file.clone(), |layer| format!("{file}#{layer}"))
    }

    /// Questions that the file leaves open, such as the encoding of its texts, and how they were settled; none for `GeoJSON`.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read, others where it is not clear what to read.
    pub fn settled(&self) -> Result<Vec<Settled>, Error> {
        Ok(self.feature_file()?.map_or_else(Vec::new, |file| file.about().settled.clone()))
    }

    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(super) fn asked_layer(&self) -> Option<&str> {
        self.layer.as_deref()
    }

    #[cfg(feature = "encodings")]
    pub(super) fn asked_encoding(&self) -> Option<&str> {
        self.encoding.as_deref()
    }

    /// The most that decompressed bytes may be where `stored` bytes hold them.
    #[cfg(any(feature = "shapefile", feature = "xlsx"))]
    pub(super) fn decompressed_limit(&self, stored: u64) -> u64 {
        self.max_decompressed_bytes.unwrap_or_else(|| ALWAYS_ALLOWED.max(GROWTH.saturating_mul(stored)))
    }

    /// The features of a format other than `GeoJSON`, if it is of one.
    pub(super) fn feature_file(&self) -> Result<Option<Arc<dyn FeatureFile>>, Error> {
        if let Some(known) = self.file.get() {
            return Ok(known.clone());
        }
        let found = feature_file(self)?;
        Ok(self.file.get_or_init(|| found).clone())
    }

    pub(super) fn open_text(&self) -> Result<Input, Error> {
        self.opened(true, Wanted::Features)
    }

    /// Opens it without a hash of what is read.
    pub(super) fn open_unhashed(&self, wanted: Wanted) -> Result<Input, Error> {
        self.opened(false, wanted)
    }

    fn opened(&self, hashing: bool, wanted: Wanted) -> Result<Input, Error> {
        let Some(file) = self.feature_file()? else { return self.open_stored(hashing) };
        let stored = StoredFiles::new(hashing);
        let text = Text::Made(Transcoder::open(file, &stored, wanted)?);
        Ok(Input { path: self.origin.path().to_owned(), text, stored, bytes: 0, limit: Limit::None })
    }

    /// Opens what is stored, decompressed, as it is.
    pub(super) fn open_stored(&self, hashing: bool) -> Result<Input, Error> {
        let path = self.origin.path().to_owned();
        let stored = StoredFiles::new(hashing);
        let mut raw = stored.through(self.origin.open()?);
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
        Ok(Input { path, text: Text::Stored(reader), stored, bytes: 0, limit })
    }
}

/// A source being read: text, decompressed.
pub(super) struct Input {
    path: PathBuf,
    text: Text,
    stored: StoredFiles,
    /// Bytes of text so far.
    bytes: u64,
    /// How much text there may be.
    limit: Limit,
}

/// Where text comes from.
enum Text {
    /// It is stored as it is.
    Stored(Box<dyn Read + Send>),
    /// It is made of features.
    Made(Transcoder),
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

impl Input {
    /// Fills `room` as far as there is text, and returns how far: less than all is the end.
    pub(super) fn read(&mut self, room: &mut [u8]) -> Result<usize, Error> {
        let filled = match &mut self.text {
            Text::Stored(reader) => {
                fill(reader, room).map_err(|error| Error::io("read", &self.path, error))?
            }
            Text::Made(features) => features.read(room)?,
        };
        self.bytes += filled as u64;
        let limit = match self.limit {
            Limit::None => None,
            Limit::ByGrowth => Some(ALWAYS_ALLOWED.max(GROWTH * self.stored.bytes())),
            Limit::Bytes(bytes) => Some(bytes),
        };
        if let Some(limit) = limit.filter(|&limit| self.bytes > limit) {
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

    /// Hash of the bytes as stored, before any decompression, with the name of the algorithm; of all files that were read for it.
    pub(super) fn hash(&self) -> String {
        self.stored.hash()
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

    /// What is known of a file of another format before its features are read.
    pub(super) fn about(&self) -> Option<&About> {
        match &self.text {
            Text::Stored(_) => None,
            Text::Made(features) => Some(features.about()),
        }
    }

    /// What was noticed while text was made of features.
    pub(super) fn warnings(&self) -> Vec<WarningKind> {
        match &self.text {
            Text::Stored(_) => Vec::new(),
            Text::Made(features) => features.warnings(),
        }
    }
}

/// Fills `room` as far as the reader goes.
pub(super) fn fill(reader: &mut dyn Read, room: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < room.len() {
        match reader.read(&mut room[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
