//! Record batches, of Parquet and of Arrow IPC (streams and files).

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::convert::fb_to_schema;
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::root_as_message;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, LogicalType};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::messages;
use crate::Error;
use crate::io::source::{Origin, fill};

/// Rows of a batch at the most …
pub(super) const ROWS: usize = 8_192;
/// … and bytes of it, about.
const BYTES: i64 = 16 << 20;
/// Rows that any file may say it has; more than these have a byte each at the least.
pub(super) const ROWS_ALWAYS: u64 = 1_000_000;
/// What stands before the length of each message.
const CONTINUATION: [u8; 4] = [0xff; 4];
/// How a file of Arrow IPC begins and ends, and the most that stands between that and its first message.
const MAGIC: &[u8] = b"ARROW1";
const MOST_PADDING: usize = 512;

/// What a file of batches is stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Container {
    Parquet,
    Ipc,
}

/// What a column is by the format's own mark for geometries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Marked {
    pub(super) crs: Option<String>,
    pub(super) spherical: bool,
}

/// What a file says before its rows.
pub(super) struct Head {
    pub(super) schema: SchemaRef,
    pub(super) metadata: HashMap<String, String>,
    /// The columns that Parquet marks as geometries.
    pub(super) marked: Vec<Option<Marked>>,
    reader: Reader,
}

enum Reader {
    Parquet { metadata: ArrowReaderMetadata, chunks: Chunks },
    Ipc(Ipc),
}

/// Batches of a file, one after another.
pub(super) enum Batches {
    Parquet(ParquetRecordBatchReader),
    Ipc { reader: Ipc, columns: Vec<usize> },
}

impl Head {
    /// Opens a file.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::File`] for what does not hold together or is not read here.
    pub(super) fn open(origin: &Origin, container: Container) -> Result<Self, Error> {
        let fault = |reason: String| Error::File { file: origin.name().into(), reason: reason.into() };
        if container == Container::Ipc {
            let mut reader = Ipc::open(origin)?;
            let schema = reader.schema().map_err(fault)?;
            let (metadata, marked) = (schema.metadata().clone(), vec![None; schema.fields().len()]);
            return Ok(Self { schema, metadata, marked, reader: Reader::Ipc(reader) });
        }
        let chunks = Chunks::open(origin)?;
        let broken =
            |error: ParquetError| fault(format!("it does not hold together as Parquet: {}", words(&error)));
        // The schema that a writer leaves for readers of Arrow says more of types; it is believed where it is whole.
        let bare = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let bare = ArrowReaderMetadata::load(&chunks, bare).map_err(broken)?;
        let pairs = bare.metadata().file_metadata().key_value_metadata().into_iter().flatten();
        let carried =
            pairs.clone().filter(|pair| pair.key == "ARROW:schema").filter_map(|pair| pair.value.as_deref());
        let metadata = if carried.clone().count() > 0 && carried.clone().all(super::schema::is_carried) {
            let whole = Arc::clone(bare.metadata());
            ArrowReaderMetadata::try_new(whole, ArrowReaderOptions::new()).unwrap_or(bare)
        } else {
            bare
        };
        let file = metadata.metadata().file_metadata();
        let rows: i64 = metadata.metadata().row_groups().iter().map(|group| group.num_rows().max(0)).sum();
        if rows.unsigned_abs() > ROWS_ALWAYS.max(chunks.len()) {
            return Err(fault(format!(
                "it says that it has {rows} rows, but has {} bytes for them",
                chunks.len()
            )));
        }
        for group in metadata.metadata().row_groups() {
            for column in group.columns() {
                let name = match column.compression() {
                    Compression::BROTLI(_) => "Brotli",
                    Compression::LZO => "LZO",
                    _ => continue,
                };
                return Err(fault(format!(
                    "its column `{}` is compressed by {name}, which is not read here, expected Zstandard, Snappy, gzip, LZ4 or none",
                    column.column_path().string()
                )));
            }
        }
        let marked = (file.schema_descr().root_schema().get_fields().iter())
            .map(|field| match field.get_basic_info().logical_type_ref() {
                Some(LogicalType::Geometry(kind)) => Some(Marked { crs: kind.crs.clone(), spherical: false }),
                Some(LogicalType::Geography(kind)) => Some(Marked { crs: kind.crs.clone(), spherical: true }),
                _ => None,
            })
            .collect();
        let pairs = file.key_value_metadata().into_iter().flatten();
        let pairs = pairs.filter_map(|pair| Some((pair.key.clone(), pair.value.clone()?)));
        Ok(Self {
            schema: Arc::clone(metadata.schema()),
            metadata: pairs.collect(),
            marked,
            reader: Reader::Parquet { metadata, chunks },
        })
    }

    /// The batches, with the columns at these positions, which ascend.
    ///
    /// # Errors
    /// What does not hold together, in words.
    pub(super) fn batches(self, columns: &[usize]) -> Result<Batches, String> {
        match self.reader {
            Reader::Ipc(reader) => Ok(Batches::Ipc { reader, columns: columns.to_vec() }),
            Reader::Parquet { metadata, chunks } => {
                let rows = batch_rows(&metadata);
                let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(chunks, metadata);
                let mask = ProjectionMask::roots(builder.parquet_schema(), columns.iter().copied());
                let reader = builder.with_projection(mask).with_batch_size(rows).build();
                reader.map(Batches::Parquet).map_err(|error| words(&error))
            }
        }
    }
}

/// Rows of a batch that has about as many bytes as are wanted.
fn batch_rows(metadata: &ArrowReaderMetadata) -> usize {
    let groups = metadata.metadata().row_groups().iter();
    let per_row = groups.map(|group| group.total_byte_size() / group.num_rows().max(1)).max().unwrap_or(0);
    ((BYTES / per_row.max(1)) as usize).clamp(1, ROWS)
}

/// An error of the crate without what only programmers need.
fn words(error: &ParquetError) -> String {
    let text = error.to_string();
    text.split_once(": ").map_or(text.clone(), |(_, reason)| reason.to_owned())
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, String>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Parquet(reader) => Some(reader.next()?.map_err(|error| error.to_string())),
            Self::Ipc { reader, columns } => match reader.next_batch().transpose()? {
                Ok(batch) => Some(batch.project(columns).map_err(|error| error.to_string())),
                Err(reason) => Some(Err(reason)),
            },
        }
    }
}

/// The bytes of a file, any part of which can be asked for: never more than there are.
enum Chunks {
    File(File, u64),
    Bytes(Bytes),
}

impl Chunks {
    fn open(origin: &Origin) -> Result<Self, Error> {
        Ok(match origin {
            Origin::File(path) => {
                let file = File::open(path).map_err(|error| Error::io("open", path, error))?;
                let about = file.metadata().map_err(|error| Error::io("look at", path, error))?;
                Self::File(file, about.len())
            }
            Origin::Bytes { bytes, .. } => Self::Bytes(Bytes::from_owner(Arc::clone(bytes))),
        })
    }
}

impl Length for Chunks {
    fn len(&self) -> u64 {
        match self {
            Self::File(_, len) => *len,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }
}

impl ChunkReader for Chunks {
    type T = Box<dyn Read + Send>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        match self {
            Self::File(file, _) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(start))?;
                Ok(Box::new(BufReader::new(file)))
            }
            Self::Bytes(bytes) => {
                let start = usize::try_from(start).unwrap_or(usize::MAX).min(bytes.len());
                Ok(Box::new(std::io::Cursor::new(bytes.slice(start..))))
            }
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let end = start.checked_add(length as u64).filter(|end| *end <= self.len());
        let Some(end) = end else {
            return Err(ParquetError::EOF(format!(
                "it ends at byte {}, expected {length} bytes from byte {start} on",
                self.len()
            )));
        };
        match self {
            Self::Bytes(bytes) => Ok(bytes.slice(start as usize..end as usize)),
            Self::File(..) => {
                let mut room = vec![0; length];
                self.get_read(start)?.read_exact(&mut room)?;
                Ok(room.into())
            }
        }
    }
}

/// Messages of Arrow IPC, each read no further than it reaches.
pub(super) struct Ipc {
    raw: Box<dyn Read + Send>,
    decoder: StreamDecoder,
    /// What the decoder knows only once it has seen what is behind it.
    schema: Option<SchemaRef>,
    /// Whether a last message has to say that it is the last.
    needs_end: bool,
    /// Messages so far.
    messages: u64,
    done: bool,
    waiting: Option<RecordBatch>,
}

impl Ipc {
    fn open(origin: &Origin) -> Result<Self, Error> {
        let failed = |error| Error::io("read", origin.path(), error);
        let mut raw: Box<dyn Read + Send> = Box::new(BufReader::with_capacity(1 << 16, origin.open()?));
        let mut start = vec![0; 8];
        let len = fill(&mut raw, &mut start).map_err(failed)?;
        start.truncate(len);
        let needs_end = start.starts_with(MAGIC);
        if needs_end {
            // Noughts stand between the mark of a file and its first message.
            start = vec![0; 4];
            let mut passed = 0;
            while start == [0; 4] && passed < MOST_PADDING && fill(&mut raw, &mut start).map_err(failed)? == 4
            {
                passed += 4;
            }
        }
        let raw = Box::new(std::io::Cursor::new(start).chain(raw));
        let decoder = StreamDecoder::new();
        Ok(Self { raw, decoder, schema: None, needs_end, messages: 0, done: false, waiting: None })
    }

    fn fault(&self, reason: &str) -> String {
        format!("message {} of Arrow IPC {reason}", self.messages + 1)
    }

    fn schema(&mut self) -> Result<SchemaRef, String> {
        loop {
            if let Some(schema) = &self.schema {
                return Ok(Arc::clone(schema));
            }
            if self.done {
                return Err("it ends before any schema, expected Arrow IPC".into());
            }
            self.advance()?;
        }
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, String> {
        loop {
            if let Some(batch) = self.waiting.take() {
                return Ok(Some(batch));
            }
            if self.done {
                return Ok(None);
            }
            self.advance()?;
        }
    }

    /// Reads exactly as many bytes, or says that there are not as many. No more is taken of memory than was read.
    fn take(&mut self, len: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let read = self.raw.by_ref().take(len).read_to_end(&mut bytes);
        read.map_err(|error| error.to_string())?;
        if (bytes.len() as u64) < len {
            let found = bytes.len();
            return Err(self.fault(&format!("ends behind {found} bytes, expected {len}")));
        }
        Ok(bytes)
    }

    /// Reads a message and decodes it.
    fn advance(&mut self) -> Result<(), String> {
        let mut head = [0; 4];
        match fill(&mut self.raw, &mut head).map_err(|error| error.to_string())? {
            0 if self.needs_end => {
                return Err(self.fault("is missing, expected one that says it is the last"));
            }
            0 => return self.end(),
            4 => {}
            _ => return Err(self.fault("ends in its length")),
        }
        if head == CONTINUATION {
            let next = self.take(4)?;
            head.copy_from_slice(&next);
        }
        let len = u32::from_le_bytes(head);
        if len == 0 {
            return self.end();
        }
        let about = self.take(u64::from(len))?;
        let message =
            root_as_message(&about).map_err(|_| self.fault("has a head that does not hold together"))?;
        let body_len =
            u64::try_from(message.bodyLength()).map_err(|_| self.fault("has a negative length"))?;
        let body = self.take(body_len)?;
        if let Some(schema) = message.header_as_schema() {
            super::schema::check(schema).map_err(|reason| self.fault(reason))?;
            self.schema = Some(Arc::new(fb_to_schema(schema)));
        }
        messages::check(&message, &body, self.schema.as_deref()).map_err(|reason| self.fault(&reason))?;
        let head = [&CONTINUATION[..], &len.to_le_bytes(), &about].concat();
        self.decode(head)?;
        self.decode(body)?;
        self.messages += 1;
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        self.done = true;
        // The last message waits for what is behind it where it has no body.
        self.decode([CONTINUATION, [0; 4]].concat())
    }

    fn decode(&mut self, bytes: Vec<u8>) -> Result<(), String> {
        let mut buffer = Buffer::from_vec(bytes);
        while !buffer.is_empty() {
            let decoded = self.decoder.decode(&mut buffer);
            if let Some(batch) =
                decoded.map_err(|error| self.fault(&format!("cannot be decoded: {error}")))?
            {
                self.waiting = Some(batch);
            }
        }
        Ok(())
    }
}
