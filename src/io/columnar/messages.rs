//! Messages of Arrow IPC, looked at before they are decoded: that their buffers lie in their bodies and hold what they say. The decoder of the
//! crate takes that for granted.

use arrow_ipc::{CompressionType, Message, MessageHeader, RecordBatch};
use arrow_schema::{DataType, Schema};

use super::batches::ROWS_ALWAYS;

/// Bytes that any compressed buffer may have, and its growth beyond.
const BUFFER_ALWAYS: i64 = 1 << 26;
const BUFFER_GROWTH: i64 = 1_000;

/// Looks at a message and its body.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn check(message: &Message<'_>, body: &[u8], schema: Option<&Schema>) -> Result<(), String> {
    match message.header_type() {
        MessageHeader::RecordBatch => {
            let batch = message.header_as_record_batch().ok_or("has no head")?;
            let fields = schema.map(|schema| schema.fields().iter().map(|field| field.data_type()));
            let kinds: Vec<&DataType> = fields.ok_or("comes before any schema")?.collect();
            check_batch(batch, body, &kinds)
        }
        MessageHeader::DictionaryBatch => {
            let keyed = message.header_as_dictionary_batch().ok_or("has no head")?;
            let batch = keyed.data().ok_or("has a list of distinct values without any")?;
            let schema = schema.ok_or("comes before any schema")?;
            #[expect(deprecated, reason = "the decoder goes by these numbers")]
            let of = schema.fields_with_dict_id(keyed.id());
            let kind = of.first().and_then(|field| match field.data_type() {
                DataType::Dictionary(_, values) => Some(&**values),
                _ => None,
            });
            check_batch(batch, body, &[kind.ok_or("has distinct values of no column")?])
        }
        _ => Ok(()),
    }
}

fn check_batch(batch: RecordBatch<'_>, body: &[u8], kinds: &[&DataType]) -> Result<(), String> {
    let compressed = batch.compression().map(|of| of.codec());
    let known = [CompressionType::LZ4_FRAME, CompressionType::ZSTD];
    if let Some(codec) = compressed.filter(|codec| !known.contains(codec)) {
        return Err(format!("is compressed by the unknown codec {}", codec.0));
    }
    let rows = batch.length();
    if rows < 0 || rows.unsigned_abs() > ROWS_ALWAYS.max(body.len() as u64 * 8) {
        return Err(format!("says that it has {rows} rows, but has {} bytes for them", body.len()));
    }
    let mut sizes = Vec::new();
    for buffer in batch.buffers().into_iter().flatten() {
        let range = usize::try_from(buffer.offset()).ok().zip(usize::try_from(buffer.length()).ok());
        let range = range.and_then(|(start, len)| Some(start..start.checked_add(len)?));
        let Some(bytes) = range.and_then(|range| body.get(range)) else {
            return Err("has a buffer that reaches beyond its end".into());
        };
        let stored = buffer.length();
        let size = match (compressed, bytes.first_chunk::<8>()) {
            (Some(_), Some(&size)) => match i64::from_le_bytes(size) {
                // It is stored as it is.
                -1 => stored - 8,
                size => size,
            },
            (Some(_), None) if stored > 0 => return Err("has a buffer that ends in its length".into()),
            _ => stored,
        };
        if size < 0 || size > BUFFER_ALWAYS.max(stored.saturating_mul(BUFFER_GROWTH)) {
            return Err(format!("has a buffer of {stored} bytes that says it unpacks to {size}"));
        }
        sizes.push(size as u64);
    }
    let mut nodes = Vec::new();
    for node in batch.nodes().into_iter().flatten() {
        let counts = u64::try_from(node.length()).ok().zip(u64::try_from(node.null_count()).ok());
        nodes
            .push(counts.filter(|(len, unknown)| unknown <= len).ok_or("has a column of a negative length")?);
    }
    let counts = batch.variadicBufferCounts().into_iter().flatten().collect::<Vec<i64>>();
    let mut walk = Walk { nodes: nodes.into_iter(), sizes: sizes.into_iter(), counts: counts.into_iter() };
    for kind in kinds {
        let len = walk.column(kind)?;
        if len != rows.unsigned_abs() {
            return Err(format!("says that it has {rows} rows, but has a column of {len}"));
        }
    }
    Ok(())
}

/// What is left of the columns of a message.
struct Walk {
    /// Length and unknown values of each column.
    nodes: std::vec::IntoIter<(u64, u64)>,
    /// Bytes of each buffer.
    sizes: std::vec::IntoIter<u64>,
    /// Buffers of texts behind each column of views.
    counts: std::vec::IntoIter<i64>,
}

impl Walk {
    /// The next buffer, which needs so many bytes.
    fn buffer(&mut self, needed: Option<u64>) -> Result<(), String> {
        let size = self.sizes.next().ok_or("has fewer buffers than its columns need")?;
        if needed.is_some_and(|needed| size >= needed) {
            Ok(())
        } else {
            Err(format!("has a buffer of {size} bytes that is too short for its column"))
        }
    }

    /// Passes over a column; its length.
    fn column(&mut self, kind: &DataType) -> Result<u64, String> {
        let (len, unknown) = self.nodes.next().ok_or("has fewer columns than its schema")?;
        if *kind == DataType::Null {
            return Ok(len);
        }
        let bits = Some(len.div_ceil(8));
        self.buffer(if unknown > 0 { bits } else { Some(0) })?;
        let offsets = |width: u64| if len == 0 { Some(0) } else { len.checked_add(1)?.checked_mul(width) };
        match kind {
            DataType::Boolean => self.buffer(bits)?,
            DataType::Binary | DataType::Utf8 => {
                self.buffer(offsets(4))?;
                self.buffer(Some(0))?;
            }
            DataType::LargeBinary | DataType::LargeUtf8 => {
                self.buffer(offsets(8))?;
                self.buffer(Some(0))?;
            }
            DataType::BinaryView | DataType::Utf8View => {
                self.buffer(len.checked_mul(16))?;
                let count = self.counts.next().ok_or("does not say how many buffers its texts have")?;
                for _ in 0..count {
                    self.buffer(Some(0))?;
                }
            }
            DataType::List(field) | DataType::Map(field, _) => {
                self.buffer(offsets(4))?;
                self.column(field.data_type())?;
            }
            DataType::LargeList(field) => {
                self.buffer(offsets(8))?;
                self.column(field.data_type())?;
            }
            DataType::FixedSizeList(field, size) => {
                let inner = self.column(field.data_type())?;
                let needed = u64::try_from(*size).ok().and_then(|size| len.checked_mul(size));
                if needed.is_none_or(|needed| inner < needed) {
                    return Err(format!("has lists of {inner} values, expected {size} for each of {len}"));
                }
            }
            DataType::Struct(fields) => {
                for field in fields {
                    let inner = self.column(field.data_type())?;
                    if inner != len {
                        return Err(format!("has objects whose members are {inner}, expected {len}"));
                    }
                }
            }
            DataType::Dictionary(key, _) => {
                let width = key.primitive_width().ok_or("has keys that are no whole numbers")?;
                self.buffer(len.checked_mul(width as u64))?;
            }
            DataType::FixedSizeBinary(width) => {
                self.buffer(u64::try_from(*width).ok().and_then(|width| len.checked_mul(width)))?;
            }
            kind => match kind.primitive_width() {
                Some(width) => self.buffer(len.checked_mul(width as u64))?,
                None => return Err(format!("has a column of the type {kind}, which is not read here")),
            },
        }
        Ok(len)
    }
}
