//! Rows of a layer as `GeoJSON` features.

use std::borrow::Cow;

use rusqlite::types::ValueRef;

use super::database::Database;
use super::layers::LayerTable;
use crate::Error;
use crate::io::geojson::push_unreadable;
use crate::io::row_thread::{Message, Outlet, TextBatch, read_unchanged};
use crate::io::source::Origin;
use crate::io::transcode::{StoredFiles, Wanted};
use crate::io::wkb;
use crate::json_text::{push_number, push_text};

/// Text that is handed on at a time.
const BATCH: usize = 1 << 18;

/// Reads all rows of a layer, then, where it is wanted, the bytes of the whole file for their hash. Stops early where nobody listens.
pub(super) fn read(
    origin: &Origin,
    layer: &LayerTable,
    wanted: Wanted,
    stored: &StoredFiles,
    to: &Outlet<TextBatch>,
) -> Result<(), Error> {
    let rows = || read_rows(&Database::open(origin)?, layer, wanted, to);
    read_unchanged(origin, stored, rows).map(drop)
}

/// Reads rows in the order of their numbers; false where nobody listens any more.
fn read_rows(
    file: &Database,
    layer: &LayerTable,
    wanted: Wanted,
    to: &Outlet<TextBatch>,
) -> Result<bool, Error> {
    let geometry = layer.geometry.as_ref().filter(|_| wanted == Wanted::Features);
    let names = layer.key.iter().chain(layer.columns.iter().map(|column| &column.name));
    let mut wanted: Vec<String> =
        names.chain(geometry.map(|geometry| &geometry.column)).map(|name| quoted(name)).collect();
    if wanted.is_empty() {
        wanted.push("NULL".into());
    }
    let order = layer.key.as_ref().map_or_else(String::new, |key| format!(" ORDER BY {}", quoted(key)));
    let query = format!("SELECT {} FROM {}{order}", wanted.join(", "), quoted(&layer.name));
    let keys: Vec<Vec<u8>> = layer
        .columns
        .iter()
        .map(|column| {
            let mut key = Vec::new();
            push_text(&mut key, &*column.name);
            key.push(b':');
            key
        })
        .collect();
    let broken = |error: rusqlite::Error| file.broken(&error);
    let mut statement = file.connection.prepare(&query).map_err(broken)?;
    let mut rows = statement.query([]).map_err(broken)?;
    let mut batch = TextBatch::default();
    while let Some(row) = rows.next().map_err(broken)? {
        let mut at = 0;
        let mut value = || {
            at += 1;
            row.get_ref(at - 1).map_err(broken)
        };
        let text = &mut batch.text;
        text.extend_from_slice(b"{\"type\":\"Feature\",");
        if layer.key.is_some()
            && let ValueRef::Integer(number) = value()?
        {
            text.extend_from_slice(b"\"id\":");
            push_integer(text, number);
            text.push(b',');
        }
        text.extend_from_slice(b"\"properties\":{");
        for (i, (column, key)) in layer.columns.iter().zip(&keys).enumerate() {
            if i > 0 {
                text.push(b',');
            }
            text.extend_from_slice(key);
            batch.broken += push_value(text, value()?, column.is_flag);
        }
        text.extend_from_slice(b"},\"geometry\":");
        match geometry {
            Some(_) => batch.dropped += push_shape(text, value()?),
            None => text.extend_from_slice(b"null"),
        }
        text.push(b'}');
        batch.ends.push(batch.text.len());
        if batch.text.len() >= BATCH && to.send(Ok(Message::Rows(std::mem::take(&mut batch)))).is_err() {
            return Ok(false);
        }
    }
    Ok(to.send(Ok(Message::Rows(batch))).is_ok())
}

/// A name of a table or column as SQL takes it, whatever is in it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn push_integer(text: &mut Vec<u8>, number: i64) {
    text.extend_from_slice(number.to_string().as_bytes());
}

/// Adds a value as JSON; how many texts of it are not in UTF-8.
fn push_value(text: &mut Vec<u8>, value: ValueRef<'_>, is_flag: bool) -> u64 {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => text.extend_from_slice(b"null"),
        ValueRef::Integer(0) if is_flag => text.extend_from_slice(b"false"),
        ValueRef::Integer(1) if is_flag => text.extend_from_slice(b"true"),
        ValueRef::Integer(number) => push_integer(text, number),
        ValueRef::Real(number) => push_number(text, number),
        ValueRef::Text(bytes) => {
            let value = String::from_utf8_lossy(bytes);
            push_text(text, &*value);
            return u64::from(matches!(value, Cow::Owned(_)));
        }
    }
    0
}

/// Adds a geometry; how many ordinates were left out. One that cannot be read is a fault of its feature alone.
fn push_shape(text: &mut Vec<u8>, value: ValueRef<'_>) -> u64 {
    let start = text.len();
    let made = match value {
        ValueRef::Null => {
            text.extend_from_slice(b"null");
            return 0;
        }
        ValueRef::Blob(blob) => inner(blob).and_then(|wkb| match wkb {
            Some(wkb) => wkb::push_geometry(text, wkb).map(Some),
            None => Ok(None),
        }),
        other => Err(format!("the geometry is of the type {}, expected a blob", other.data_type())),
    };
    let (written, dropped): (&[u8], u64) = match &made {
        Ok(Some(made)) if !made.is_empty => return made.dropped,
        Ok(_) => (b"null", 0),
        Err(_) => (b"", 0),
    };
    text.truncate(start);
    text.extend_from_slice(written);
    if let Err(reason) = made {
        push_unreadable(text, &reason);
    }
    dropped
}

/// The well-known binary in the value of a geometry; none where that says that it is empty.
fn inner(blob: &[u8]) -> Result<Option<&[u8]>, String> {
    let &[b'G', b'P', _, flags, _, _, _, _, ref rest @ ..] = blob else {
        return Err(
            "the geometry is no geometry of a GeoPackage, expected a blob that begins with `GP`".into()
        );
    };
    if flags >> 5 & 1 == 1 {
        return Err(
            "the geometry is of a kind that another program adds to GeoPackages, expected well-known binary"
                .into(),
        );
    }
    let envelope = match flags >> 1 & 0b111 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        other => return Err(format!("the geometry has an envelope of the kind {other}, expected 0 to 4")),
    };
    if flags >> 4 & 1 == 1 {
        return Ok(None);
    }
    let wkb = rest.get(envelope..).ok_or("the geometry ends in its envelope, expected more bytes")?;
    Ok(Some(wkb))
}
