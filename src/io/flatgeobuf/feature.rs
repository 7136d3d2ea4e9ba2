//! Features of a `FlatGeobuf` as `GeoJSON`.

use super::buffer::Table;
use crate::io::geojson::push_unreadable;
use crate::io::transcode::Wanted;
use crate::io::wkb;
use crate::json_text::{push_number, push_text};

/// A column: its name as the key of a member, and the type of its values.
#[derive(Debug, Clone)]
pub(super) struct Column {
    key: Box<[u8]>,
    kind: u8,
}

/// What was noticed of a feature.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    pub(super) dropped: u64,
    pub(super) broken: u64,
}

/// The columns that a field of a table lists; none where they do not hold together.
pub(super) fn columns(table: &Table<'_>, field: usize) -> Option<Vec<Column>> {
    if !table.has(field) {
        return Some(Vec::new());
    }
    let column = |column: Table<'_>| {
        let mut key = Vec::new();
        push_text(&mut key, column.text(0)?);
        key.push(b':');
        Some(Column { key: key.into(), kind: column.byte(1).unwrap_or(0) })
    };
    table.tables(field)?.into_iter().map(column).collect()
}

/// Adds a feature.
///
/// # Errors
/// What does not hold together, in words.
pub(super) fn push(
    text: &mut Vec<u8>,
    bytes: &[u8],
    columns_of_file: &[Column],
    kind: u8,
    wanted: Wanted,
) -> Result<Noticed, &'static str> {
    const BROKEN: &str = "it does not hold together";
    let mut noticed = Noticed::default();
    let feature = Table::root(bytes).ok_or(BROKEN)?;
    let own = columns(&feature, 2).ok_or(BROKEN)?;
    let columns = if own.is_empty() { columns_of_file } else { &own };
    let mut values: Vec<&[u8]> = vec![&[]; columns.len()];
    if feature.has(1) {
        let mut rest = feature.list(1, 1).ok_or(BROKEN)?;
        while let Some((at, behind)) = rest.split_first_chunk::<2>() {
            let at = usize::from(u16::from_le_bytes(*at));
            let column = columns.get(at).ok_or("it has a value of a column that is not there")?;
            let (value, behind) = split(column.kind, behind).ok_or("its values end too early")?;
            values[at] = value;
            rest = behind;
        }
    }
    text.extend_from_slice(b"{\"type\":\"Feature\",\"properties\":{");
    for (i, (column, value)) in columns.iter().zip(values).enumerate() {
        if i > 0 {
            text.push(b',');
        }
        text.extend_from_slice(&column.key);
        noticed.broken += push_value(text, column.kind, value);
    }
    text.extend_from_slice(b"},\"geometry\":");
    if feature.has(0) && wanted == Wanted::Features {
        let geometry = feature.table(0).ok_or(BROKEN)?;
        noticed.dropped = push_shape(text, &geometry, kind);
    } else {
        text.extend_from_slice(b"null");
    }
    text.push(b'}');
    Ok(noticed)
}

/// A value of a type, and what stands behind it.
fn split(kind: u8, rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = match kind {
        0..=2 => 1,
        3 | 4 => 2,
        5 | 6 | 9 => 4,
        7 | 8 | 10 => 8,
        _ => {
            let (len, behind) = rest.split_first_chunk::<4>()?;
            let (value, behind) = behind.split_at_checked(u32::from_le_bytes(*len) as usize)?;
            // An empty text is known, but says nothing.
            return Some((value, behind));
        }
    };
    rest.split_at_checked(len)
}

/// Adds a value as JSON; how many texts of it are not in UTF-8.
fn push_value(text: &mut Vec<u8>, kind: u8, value: &[u8]) -> u64 {
    macro_rules! number {
        ($kind:ty) => {
            value.first_chunk().map(|bytes| <$kind>::from_le_bytes(*bytes))
        };
    }
    macro_rules! whole {
        ($kind:ty) => {
            if let Some(number) = number!($kind) {
                text.extend_from_slice(number.to_string().as_bytes());
                return 0;
            }
        };
    }
    match kind {
        _ if value.is_empty() => {}
        0 => whole!(i8),
        1 => whole!(u8),
        2 => {
            text.extend_from_slice(if value == [0] { b"false" } else { b"true" });
            return 0;
        }
        3 => whole!(i16),
        4 => whole!(u16),
        5 => whole!(i32),
        6 => whole!(u32),
        7 => whole!(i64),
        8 => whole!(u64),
        9 => {
            push_number(text, number!(f32).map(f64::from));
            return 0;
        }
        10 => {
            push_number(text, number!(f64));
            return 0;
        }
        11..=13 => {
            let known = String::from_utf8_lossy(value);
            let broken = u64::from(matches!(known, std::borrow::Cow::Owned(_)));
            if kind == 12 && serde_json::from_str::<serde_json::Value>(&known).is_ok() {
                text.extend_from_slice(known.as_bytes());
            } else {
                push_text(text, &*known);
            }
            return broken;
        }
        _ => {}
    }
    text.extend_from_slice(b"null");
    0
}

/// Adds a geometry; how many ordinates were left out. One that cannot be read is a fault of its feature alone.
fn push_shape(text: &mut Vec<u8>, geometry: &Table<'_>, kind: u8) -> u64 {
    let start = text.len();
    let mut wkb = Vec::new();
    let mut dropped = 0;
    let made = put(&mut wkb, geometry, kind, 0, &mut dropped).and_then(|()| wkb::push_geometry(text, &wkb));
    match made {
        Ok(made) if !made.is_empty => return dropped,
        Ok(_) => {
            text.truncate(start);
            text.extend_from_slice(b"null");
        }
        Err(reason) => {
            text.truncate(start);
            push_unreadable(text, &reason);
        }
    }
    0
}

/// Adds a geometry as well-known binary, whose kinds have the same numbers.
fn put(
    wkb: &mut Vec<u8>,
    geometry: &Table<'_>,
    kind: u8,
    depth: usize,
    dropped: &mut u64,
) -> Result<(), String> {
    const BROKEN: &str = "the geometry does not hold together";
    if depth > 8 {
        return Err("the geometry has collections in each other, expected at most 8".into());
    }
    let kind = if kind == 0 { geometry.byte(6).unwrap_or(0) } else { kind };
    let head = |wkb: &mut Vec<u8>, kind: u8, count: Option<usize>| {
        wkb.push(1);
        wkb.extend_from_slice(&u32::from(kind).to_le_bytes());
        if let Some(count) = count {
            wkb.extend_from_slice(&(count as u32).to_le_bytes());
        }
    };
    let list = |field: usize, size: usize| {
        let list = if geometry.has(field) { geometry.list(field, size) } else { Some(&[][..]) };
        list.ok_or_else(|| BROKEN.to_owned())
    };
    let positions = list(1, 8)?;
    if positions.len() % 16 != 0 {
        return Err("the geometry has a first ordinate without a second".into());
    }
    let more = (2..=5).filter(|field| geometry.has(*field)).count();
    *dropped += (positions.len() / 16 * more) as u64;
    // Where each ring or line ends, counted in positions.
    let runs = || -> Result<Vec<&[u8]>, String> {
        let ends = list(0, 4)?;
        let mut runs = Vec::new();
        let mut from = 0;
        for end in ends.chunks_exact(4) {
            let end = u32::from_le_bytes(end.try_into().unwrap_or_default()) as usize * 16;
            runs.push(positions.get(from..end).ok_or_else(|| BROKEN.to_owned())?);
            from = end;
        }
        if runs.is_empty() && !positions.is_empty() {
            runs.push(positions);
        }
        Ok(runs)
    };
    match kind {
        1 => {
            head(wkb, 1, None);
            match positions.get(..16) {
                Some(position) => wkb.extend_from_slice(position),
                None => [f64::NAN; 2].iter().for_each(|x| wkb.extend_from_slice(&x.to_le_bytes())),
            }
        }
        2 => {
            head(wkb, 2, Some(positions.len() / 16));
            wkb.extend_from_slice(positions);
        }
        // A triangle is stored as a polygon.
        3 | 17 => {
            let rings = runs()?;
            head(wkb, 3, Some(rings.len()));
            for ring in rings {
                wkb.extend_from_slice(&((ring.len() / 16) as u32).to_le_bytes());
                wkb.extend_from_slice(ring);
            }
        }
        4 => {
            head(wkb, 4, Some(positions.len() / 16));
            for position in positions.chunks_exact(16) {
                head(wkb, 1, None);
                wkb.extend_from_slice(position);
            }
        }
        5 => {
            let lines = runs()?;
            head(wkb, 5, Some(lines.len()));
            for line in lines {
                head(wkb, 2, Some(line.len() / 16));
                wkb.extend_from_slice(line);
            }
        }
        6 | 7 => {
            let parts = if geometry.has(7) { geometry.tables(7) } else { Some(Vec::new()) };
            let parts = parts.ok_or_else(|| BROKEN.to_owned())?;
            head(wkb, kind, Some(parts.len()));
            for part in &parts {
                put(wkb, part, if kind == 6 { 3 } else { 0 }, depth + 1, dropped)?;
            }
        }
        // What it is called, and that it is not read, is known of well-known binary.
        other => head(wkb, other, Some(0)),
    }
    Ok(())
}
