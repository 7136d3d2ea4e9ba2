//! Sheets of workbooks (XLSX) as texts of records.

use std::io::{Read, Seek};
use std::sync::Arc;

use calamine::{DataRef, Reader, SheetType, Xlsx, XlsxError};

use super::source::{Origin, Source};
use super::transcode::Settled;
use super::zip;
use crate::Error;

/// Rows from the top among which the header is looked for.
const HEADER_ROWS: usize = 20;

/// A sheet as a text of records with a header, separated by commas.
#[derive(Debug, Clone)]
pub(super) struct SheetText {
    pub(super) text: Arc<[u8]>,
    pub(super) settled: Vec<Settled>,
}

/// The sheet that a source asks for, or the only one that has cells.
///
/// # Errors
/// [`Error::Io`]; [`Error::File`] where it does not hold together; [`Error::WhichLayer`] where several sheets have cells;
/// [`Error::Decompressed`] where it is larger than allowed.
pub(super) fn sheet(source: &Source) -> Result<SheetText, Error> {
    let origin = source.origin();
    let limit = check(source, origin)?;
    let broken = |error: XlsxError| Error::File {
        file: origin.name().into(),
        reason: format!("it does not hold together as a workbook: {error}").into(),
    };
    let mut book = Xlsx::new(origin.open()?).map_err(broken)?;
    // Sheets of charts have no cells.
    let sheets = book.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let names: Vec<String> = sheets.map(|sheet| sheet.name.clone()).collect();
    let which = |reason: String| Error::WhichLayer {
        file: origin.name().into(),
        reason: reason.into(),
        layers: names.iter().map(|name| name.as_str().into()).collect(),
    };
    let (name, reason) = match source.asked_layer() {
        Some(asked) if names.iter().any(|name| name == asked) => (asked.to_owned(), "it was asked for"),
        Some(asked) => return Err(which(format!("the sheet `{asked}` is asked for, which is not there"))),
        None => {
            let mut filled = Vec::new();
            for name in &names {
                if has_cells(&mut book, name).map_err(broken)? {
                    filled.push(name.clone());
                }
            }
            match &filled[..] {
                [only] => (only.clone(), if names.len() > 1 { "the only sheet with cells" } else { "" }),
                [] => {
                    let reason = "its sheets are empty, expected a header and records".into();
                    return Err(Error::Table { file: origin.name().into(), reason });
                }
                several => return Err(which(format!("{} sheets have cells", several.len()))),
            }
        }
    };
    let mut settled =
        vec![Settled::new("format", "workbook (XLSX)", ""), Settled::new("sheet", &*name, reason)];
    let mut rows = Rows { cells: Vec::new(), text: Vec::new(), header: None, left_out: 0 };
    let mut cells = book.worksheet_cells_reader(&name).map_err(broken)?;
    let mut row = 0;
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let (at, column) = cell.get_position();
        if at != row {
            rows.end(row);
            row = at;
        }
        let value = shown(cell.get_value());
        if !value.is_empty() {
            rows.cells.push((column, value));
        }
        if rows.text.len() as u64 > limit {
            return Err(Error::Decompressed { file: origin.name().into(), limit });
        }
    }
    rows.end(row);
    let text = rows.finish();
    if let Some(at) = rows.header_row().filter(|at| *at > 0) {
        settled.push(Settled::new("header", format!("row {}", at + 1), "the first row of several cells"));
    }
    if rows.left_out > 0 {
        let reason = format!("{} cells stand in columns without a heading", rows.left_out);
        settled.push(Settled::new("columns", "those with a heading", reason));
    }
    Ok(SheetText { text: text.into(), settled })
}

/// Unpacks every file of the archive once, to see that none is more than the archive says and all together no more than allowed; that limit.
fn check(source: &Source, origin: &Origin) -> Result<u64, Error> {
    let entries = zip::entries(origin)?;
    let stored: u64 = entries.iter().map(|entry| entry.packed).sum();
    let limit = source.decompressed_limit(stored);
    let size = entries.iter().fold(0u64, |all, entry| all.saturating_add(entry.size));
    if size > limit {
        return Err(Error::Decompressed { file: origin.name().into(), limit });
    }
    for entry in &entries {
        std::io::copy(&mut entry.open(origin)?, &mut std::io::sink())
            .map_err(|error| Error::io("read", origin.path(), error))?;
    }
    Ok(limit)
}

fn has_cells<R: Read + Seek>(book: &mut Xlsx<R>, name: &str) -> Result<bool, XlsxError> {
    let mut cells = book.worksheet_cells_reader(name)?;
    while let Some(cell) = cells.next_cell()? {
        if !shown(cell.get_value()).is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A value as text, as a file of records would have it.
fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Int(number) => number.to_string(),
        // Numbers of parcels and codes are often kept as numbers.
        DataRef::Float(x) if x.fract() == 0.0 && x.abs() < 1e15 => (*x as i64).to_string(),
        DataRef::Float(x) => x.to_string(),
        DataRef::String(text) => text.trim().to_owned(),
        DataRef::SharedString(text) => text.trim().to_owned(),
        DataRef::Bool(flag) => flag.to_string(),
        DataRef::DateTime(moment) => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            if moment.is_duration() {
                return moment.as_f64().to_string();
            }
            match (hour, minute, second) {
                (0, 0, 0) => format!("{year:04}-{month:02}-{day:02}"),
                _ => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"),
            }
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(_) | DataRef::Empty => String::new(),
    }
}

/// Rows, put together cell by cell.
struct Rows {
    /// Cells of the row that is open.
    cells: Vec<(u32, String)>,
    text: Vec<u8>,
    header: Option<Header>,
    /// Cells that stand in a column without a heading.
    left_out: u64,
}

struct Header {
    row: u32,
    /// The columns that have a heading, ascending.
    columns: Vec<u32>,
}

impl Rows {
    fn header_row(&self) -> Option<u32> {
        self.header.as_ref().map(|header| header.row)
    }

    /// Closes the row that is open.
    fn end(&mut self, row: u32) {
        let mut cells = std::mem::take(&mut self.cells);
        if cells.is_empty() {
            return;
        }
        cells.sort_by_key(|cell| cell.0);
        cells.dedup_by_key(|cell| cell.0);
        let Some(header) = &self.header else {
            // A title above the table stands alone in its row.
            if cells.len() > 1 || row as usize >= HEADER_ROWS {
                let columns: Vec<u32> = cells.iter().map(|cell| cell.0).collect();
                self.push(cells.into_iter().map(|cell| cell.1));
                self.header = Some(Header { row, columns });
            }
            return;
        };
        let columns = &header.columns;
        let known = cells.iter().filter(|cell| columns.binary_search(&cell.0).is_ok()).count();
        self.left_out += (cells.len() - known) as u64;
        let mut cells = cells.into_iter().peekable();
        let mut values = Vec::with_capacity(columns.len());
        for column in columns {
            while cells.next_if(|cell| cell.0 < *column).is_some() {}
            values.push(cells.next_if(|cell| cell.0 == *column).map_or_else(String::new, |cell| cell.1));
        }
        if known > 0 {
            self.push(values.into_iter());
        }
    }

    fn push(&mut self, values: impl Iterator<Item = String>) {
        for (i, value) in values.enumerate() {
            if i > 0 {
                self.text.push(b',');
            }
            self.text.push(b'"');
            self.text.extend_from_slice(value.replace('"', "\"\"").as_bytes());
            self.text.push(b'"');
        }
        self.text.push(b'\n');
    }

    fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_workbook_says_so() {
        for bytes in [&b"PK\x03\x04"[..], b"", b"PK\x05\x06"] {
            let error = sheet(&Source::bytes("x.xlsx", bytes)).unwrap_err().to_string();
            assert!(error.starts_with("x.xlsx: "), "{error}");
        }
    }
}
