//! The table beside the shapes, row by row: a dBASE file.
//!
//! Source: dBASE III and `FoxPro` table file structures, as ESRI's description of 1998 refers to them.

use std::collections::HashSet;
use std::io::{BufReader, Read};

use encoding_rs::Encoding;

use crate::Error;
use crate::io::bytes::{f64_le, i32_le, u16_le, u32_le};
use crate::io::encoding::{Evidence, decode};
use crate::io::source::fill;
use crate::json_text::{push_number, push_text};

/// Bytes asked of the system at a time.
const BUFFER: usize = 1 << 18;
/// Length of the head, and of what says of a column what it is.
const HEAD: usize = 32;
const COLUMN: usize = 32;
/// Bytes of a name, and from how many on it may have been cut.
const NAME: usize = 11;
const LONG_NAME: usize = 10;
/// The Julian day of the first of January of the year 1, less one.
const JULIAN_EPOCH: i64 = 1_721_425;

/// A column.
#[derive(Debug)]
struct Column {
    /// Its name as stored.
    name: Vec<u8>,
    kind: u8,
    /// Where its values stand in a row.
    from: usize,
    length: usize,
    /// The name as a key of JSON, with a colon behind it.
    key: Vec<u8>,
}

/// What the head of a table says.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) rows: u64,
    pub(super) language_driver: u8,
    head_length: usize,
    row_length: usize,
    columns: Vec<Column>,
    encoding: &'static Encoding,
}

/// Rows of a table, one after another.
pub(super) struct Rows {
    name: Box<str>,
    input: BufReader<Box<dyn Read + Send>>,
    promised: u64,
    pub(super) count: u64,
    row: Vec<u8>,
}

fn fault(name: &str, reason: impl Into<Box<str>>) -> Error {
    Error::Table { file: name.into(), reason: reason.into() }
}

impl Layout {
    /// Reads the head of a table.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Table`] where it does not hold together.
    pub(super) fn read(name: &str, input: &mut dyn Read) -> Result<Self, Error> {
        let io = |error| Error::io("read", name, error);
        let mut head = [0; HEAD];
        let len = fill(input, &mut head).map_err(io)?;
        let (Some(rows), Some(head_length), Some(row_length), HEAD) =
            (u32_le(&head, 4), u16_le(&head, 8), u16_le(&head, 10), len)
        else {
            return Err(fault(name, format!("it ends after {len} bytes, expected the head of a table")));
        };
        let (head_length, row_length) = (usize::from(head_length), usize::from(row_length));
        let mut list = vec![0; head_length.saturating_sub(HEAD)];
        let len = fill(input, &mut list).map_err(io)?;
        if len < list.len() {
            return Err(fault(name, "it ends within its head, expected the list of its columns"));
        }
        let mut columns = Vec::new();
        let mut from = 1;
        for entry in list.chunks_exact(COLUMN).take_while(|entry| entry.first() != Some(&0x0d)) {
            let name = entry.iter().take(NAME).copied().take_while(|&byte| byte != 0).collect();
            let [kind, length] = [11, 16].map(|at| entry.get(at).copied().unwrap_or(0));
            let length = usize::from(length);
            columns.push(Column { name, kind, from, length, key: Vec::new() });
            from += length;
        }
        if from > row_length {
            return Err(fault(
                name,
                format!(
                    "its columns are {from} bytes wide with the mark of deletion, but it says that a row has {row_length}"
                ),
            ));
        }
        Ok(Self {
            rows: rows.into(),
            language_driver: head[29],
            head_length,
            row_length,
            columns,
            encoding: encoding_rs::UTF_8,
        })
    }

    pub(super) fn encoding_name(&self) -> &'static str {
        self.encoding.name()
    }

    /// Shows names and texts to whoever looks for the encoding.
    ///
    /// # Errors
    /// As [`Rows::next`].
    pub(super) fn show(&self, rows: &mut Rows, evidence: &mut Evidence) -> Result<(), Error> {
        for column in &self.columns {
            evidence.add(&column.name, column.name.len() >= LONG_NAME);
        }
        while rows.next()? {
            // One look at the whole row says that most have nothing to show.
            if rows.row.is_ascii() {
                continue;
            }
            for column in self.columns.iter().filter(|column| column.is_text()) {
                let (text, cut) = column.text(&rows.row);
                evidence.add(text, cut);
            }
        }
        Ok(())
    }

    /// Names its columns; no two alike.
    pub(super) fn name_columns(&mut self, encoding: &'static Encoding) {
        self.encoding = encoding;
        let mut taken = HashSet::new();
        for (i, column) in self.columns.iter_mut().enumerate() {
            let (name, _) = decode(encoding, &column.name, column.name.len() >= LONG_NAME);
            let name = match name.trim() {
                "" => format!("column_{}", i + 1),
                name => name.to_owned(),
            };
            let mut own = name.clone();
            let mut number = 0;
            while !taken.insert(own.clone()) {
                number += 1;
                own = format!("{name}_{number}");
            }
            push_text(&mut column.key, &*own);
            column.key.push(b':');
        }
    }
}

impl Column {
    /// Whether its values are characters, and not numbers or flags in characters.
    fn is_text(&self) -> bool {
        !matches!(
            self.kind,
            b'N' | b'F'
                | b'L'
                | b'D'
                | b'I'
                | b'+'
                | b'B'
                | b'O'
                | b'T'
                | b'@'
                | b'Y'
                | b'M'
                | b'G'
                | b'P'
                | b'W'
                | b'Q'
                | b'V'
                | b'0'
        )
    }

    fn bytes<'r>(&self, row: &'r [u8]) -> &'r [u8] {
        row.get(self.from..self.from + self.length).unwrap_or_default()
    }

    /// Its text without the blanks behind it, and whether it may have been cut.
    fn text<'r>(&self, row: &'r [u8]) -> (&'r [u8], bool) {
        let bytes = self.bytes(row);
        let end = bytes.iter().rposition(|&byte| byte != b' ' && byte != 0).map_or(0, |last| last + 1);
        let text = bytes.get(..end).unwrap_or_default();
        (text, end == bytes.len())
    }

    /// Adds its value; whether all of it could be decoded.
    fn push(&self, out: &mut Vec<u8>, row: &[u8], encoding: &'static Encoding) -> bool {
        let bytes = self.bytes(row);
        let plain = bytes.trim_ascii();
        let null = |out: &mut Vec<u8>| out.extend_from_slice(b"null");
        match self.kind {
            b'N' | b'F' => push_decimal_text(out, plain),
            b'L' => match plain {
                b"T" | b"t" | b"Y" | b"y" => out.extend_from_slice(b"true"),
                b"F" | b"f" | b"N" | b"n" => out.extend_from_slice(b"false"),
                _ => null(out),
            },
            b'D' => push_date(out, plain),
            b'I' | b'+' => push_number(out, i32_le(bytes, 0).map(f64::from)),
            b'B' | b'O' if self.length == 8 => push_number(out, f64_le(bytes, 0)),
            b'Y' => {
                let units = u32_le(bytes, 0).zip(i32_le(bytes, 4));
                push_number(
                    out,
                    units.map(|(low, high)| (i64::from(high) << 32 | i64::from(low)) as f64 / 10_000.0),
                );
            }
            b'T' | b'@' => push_moment(out, bytes),
            _ if !self.is_text() => null(out),
            _ => {
                let (text, cut) = self.text(row);
                if text.is_empty() {
                    null(out);
                    return true;
                }
                let (text, whole) = decode(encoding, text, cut);
                push_text(out, &*text);
                return whole;
            }
        }
        true
    }
}

/// Adds a number that stands in digits: as written where that is a number in JSON, `null` for blanks and stars, what is no number as a
/// text.
fn push_decimal_text(out: &mut Vec<u8>, digits: &[u8]) {
    let digits = match digits.iter().position(|&byte| byte == 0) {
        Some(end) => digits[..end].trim_ascii_end(),
        None => digits,
    };
    if digits.is_empty() || digits.iter().all(|&byte| byte == b'*' || byte == b'?') {
        return out.extend_from_slice(b"null");
    }
    if is_json_number(digits) {
        return out.extend_from_slice(digits);
    }
    let text = String::from_utf8_lossy(digits);
    match text.parse::<f64>() {
        Ok(number) => push_number(out, number),
        Err(_) => push_text(out, &*text),
    }
}

/// Whether a text is a number as JSON writes them.
fn is_json_number(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with(b"0")) {
        return false;
    }
    let mut rest = &rest[whole..];
    if let [b'.', behind @ ..] = rest {
        let decimals = digits(behind);
        if decimals == 0 {
            return false;
        }
        rest = &behind[decimals..];
    }
    if let [b'e' | b'E', behind @ ..] = rest {
        let behind = behind.strip_prefix(b"+").or_else(|| behind.strip_prefix(b"-")).unwrap_or(behind);
        let exponent = digits(behind);
        return exponent > 0 && exponent == behind.len();
    }
    rest.is_empty()
}

/// Adds a date of eight digits as ISO 8601 writes it; `null` for blanks and noughts, what is no date as a text.
fn push_date(out: &mut Vec<u8>, digits: &[u8]) {
    if digits.iter().all(|&byte| byte == b'0' || byte == 0) {
        return out.extend_from_slice(b"null");
    }
    let text = String::from_utf8_lossy(digits);
    let parts = [0..4, 4..6, 6..8].map(|range| text.get(range));
    match parts {
        [Some(year), Some(month), Some(day)]
            if digits.len() == 8
                && digits.iter().all(u8::is_ascii_digit)
                && ("01"..="12").contains(&month)
                && ("01"..="31").contains(&day) =>
        {
            push_text(out, &*format!("{year}-{month}-{day}"));
        }
        _ => push_text(out, &*text),
    }
}

/// Adds a day and milliseconds of it; `null` for noughts.
fn push_moment(out: &mut Vec<u8>, bytes: &[u8]) {
    let (Some(day @ 1..), Some(ms @ 0..86_400_000)) = (i32_le(bytes, 0), i32_le(bytes, 4)) else {
        return out.extend_from_slice(b"null");
    };
    let (year, month, day) = date(i64::from(day) - JULIAN_EPOCH);
    let seconds = ms / 1_000;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    push_text(out, &*format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"));
}

/// Year, month and day, of days counted from the first of January of the year 1, which is 1.
fn date(days: i64) -> (i64, i64, i64) {
    // Years begin with March here, so that leap days stand at their ends.
    let days = days + 305;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (year + era * 400, month + 3);
    if month > 12 { (year + 1, month - 12, day) } else { (year, month, day) }
}

impl Rows {
    /// Begins behind the head, which is read again.
    pub(super) fn open(name: &str, input: Box<dyn Read + Send>, layout: &Layout) -> Result<Self, Error> {
        let mut input = BufReader::with_capacity(BUFFER, input);
        let mut head = vec![0; layout.head_length.max(HEAD)];
        let len = fill(&mut input, &mut head).map_err(|error| Error::io("read", name, error))?;
        if len < head.len() {
            return Err(fault(name, "it ends within its head, expected the list of its columns"));
        }
        Ok(Self {
            name: name.into(),
            input,
            promised: layout.rows,
            count: 0,
            row: vec![0; layout.row_length],
        })
    }

    /// Reads the next row; false behind the last one that the head promises.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Table`] where there are fewer.
    pub(super) fn next(&mut self) -> Result<bool, Error> {
        if self.count == self.promised {
            return Ok(false);
        }
        let len =
            fill(&mut self.input, &mut self.row).map_err(|error| Error::io("read", &*self.name, error))?;
        if len < self.row.len() || self.row.is_empty() {
            let (count, rows) = (self.count, self.promised);
            return Err(fault(
                &self.name,
                format!("its head says that it has {rows} rows, but it ends after {count}"),
            ));
        }
        self.count += 1;
        Ok(true)
    }

    /// Whether the row is marked as deleted.
    pub(super) fn is_deleted(&self) -> bool {
        self.row.first() == Some(&b'*')
    }

    /// Adds the members of an object of its properties; how many texts could not be decoded.
    pub(super) fn push(&self, out: &mut Vec<u8>, layout: &Layout) -> u64 {
        let mut broken = 0;
        for (i, column) in layout.columns.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&column.key);
            broken += u64::from(!column.push(out, &self.row, layout.encoding));
        }
        broken
    }

    /// Reads what stands behind the last row.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        std::io::copy(&mut self.input, &mut std::io::sink())
            .map(drop)
            .map_err(|error| Error::io("read", &*self.name, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_written_or_become_json() {
        for (digits, expected) in [
            ("12", "12"),
            ("-0.50", "-0.50"),
            ("1e5", "1e5"),
            ("1.5E+03", "1.5E+03"),
            ("007", "7.0"),
            (".5", "0.5"),
            ("+3", "3.0"),
            ("4.", "4.0"),
            ("123456789012345678901", "123456789012345678901"),
            ("", "null"),
            ("*****", "null"),
            ("nan", "null"),
            ("12a", "\"12a\""),
            ("1,5", "\"1,5\""),
        ] {
            let mut out = Vec::new();
            push_decimal_text(&mut out, digits.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{digits}");
        }
    }

    #[test]
    fn dates_are_iso_texts() {
        for (digits, expected) in
            [("20240229", "\"2024-02-29\""), ("00000000", "null"), ("", "null"), ("20241301", "\"20241301\"")]
        {
            let mut out = Vec::new();
            push_date(&mut out, digits.as_bytes());
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{digits}");
        }
        // The first of January 2000 is the Julian day 2,451,545.
        let mut moment = 2_451_545i32.to_le_bytes().to_vec();
        moment.extend(43_200_000i32.to_le_bytes());
        let mut out = Vec::new();
        push_moment(&mut out, &moment);
        assert_eq!(out, b"\"2000-01-01T12:00:00\"");
    }
}
