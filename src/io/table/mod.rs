use std::collections::HashMap;

mod csv;
mod number_format;

pub(super) use csv::Records;
pub use number_format::NumberFormat;

use serde::Serialize;

use super::columns::OWN_ID;
use super::format::FileFormat;
use super::geojson::{Fault, Json, Scanner, read_value, syntax};
use super::inspect::says_unknown;
use super::layer::BLOCK;
use super::schema::{Scalar, Target, plain_name};
use super::source::Source;
use super::text_encoding::whole_text;
use super::transcode::Settled;
use super::value::Value;
use crate::Error;
use crate::error::FeaturePos;
use crate::parcel::{Column, TextColumn};
use crate::warning::WarningKind;

/// Columns that a table may have.
const MAX_COLUMNS: usize = 10_000;

/// A table of things that are no parcels, firms or field checks: named columns of text, whatever the file.
///
/// A workbook (XLSX, feature `xlsx`) gives its only sheet with cells, or the one that the source names; the first row of several cells is its
/// header. A file that begins with a brace is read as GeoJSON: each feature's properties are a row (its own id is `$id`), its geometry is not
/// looked at. Any other is CSV (RFC 4180): a header, then records; the separator is whichever of comma, semicolon and tab the
/// header has most of; fields in quotes may hold separators and line ends; texts are UTF-8, UTF-16 with its mark, or (feature `encodings`)
/// what the source names, else Chinese in GB18030 where they are that beyond doubt. Cells are trimmed; an empty one, or one that says so
/// (`NA`, `null`, `-`, `无` …), is unknown. Whether a comma or a point stands before decimals is decided once for a CSV file, by all of
/// its numbers ([`NumberFormat`]).
///
/// ```
/// use landuse::io::{Source, Table};
/// let text = "firm;parcel;tax\nF1;\"A;1\";1,200.5\nF2;B;n/a\n";
/// let table = Table::read(&Source::bytes("firms.csv", text.as_bytes()))?;
/// assert_eq!((table.len(), table.text("parcel").and_then(|column| column.get(0))), (2, Some("A;1")));
/// let tax = table.numbers("tax").ok_or("no numbers")?;
/// assert_eq!((tax.get(0), tax.get(1)), (Some(1200.5), None));
/// assert!(table.numbers("parcel").is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    file: Box<str>,
    names: Vec<Box<str>>,
    /// Position of each name.
    positions: HashMap<Box<str>, usize>,
    columns: Vec<TextColumn>,
    number_format: NumberFormat,
    rows: usize,
    hash: String,
    bytes: u64,
    settled: Vec<Settled>,
    warnings: Vec<WarningKind>,
}

/// Cells of a column of numbers that are no numbers, and so unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unreadable {
    /// The column.
    pub column: Box<str>,
    /// How many there are.
    pub count: usize,
    /// Known cells of the column, these among them.
    pub known: usize,
    /// The first of them: its row, counted from 0 behind the header.
    pub first: FeaturePos,
    /// What it says.
    pub found: Box<str>,
}

impl Table {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read; [`Error::Syntax`] for text that is not UTF-8, GeoJSON that is broken, a quote that is not
    /// closed, or a record with more or fewer fields than the header; [`Error::NumberFormat`] where its numbers can be read in two ways;
    /// [`Error::Table`] for a file without header or with a name twice; [`Error::TooLarge`] for more than 10,000 columns.
    ///
    /// # Complexity
    /// O(bytes); the text is in memory twice.
    pub fn read(source: &Source) -> Result<Self, Error> {
        Self::read_as(source, None)
    }

    /// As [`read`](Self::read), its numbers in the given format.
    ///
    /// # Errors
    /// As [`read`](Self::read), but [`Error::NumberFormat`].
    pub fn read_as(source: &Source, format: Option<NumberFormat>) -> Result<Self, Error> {
        let found = FileFormat::of(source)?;
        #[cfg(feature = "xlsx")]
        if found == FileFormat::Workbook {
            return Self::from_workbook(source, format);
        }
        if matches!(found, FileFormat::Workbook | FileFormat::OldWorkbook) {
            let expected = if cfg!(feature = "xlsx") { "CSV or XLSX" } else { "CSV" };
            let reason = format!("found {}, expected a table as {expected}", found.name()).into();
            return Err(Error::Table { file: source.name().into(), reason });
        }
        // A table is read as one, whatever its columns hold.
        let is_table = source.feature_file()?.is_some_and(|file| file.is_table());
        let mut input = if is_table { source.open_stored(true)? } else { source.open_text()? };
        let text = input.rest()?;
        let (file, hash, bytes): (Box<str>, _, _) = (source.name().into(), input.hash(), text.len() as u64);
        let start = text.iter().position(|b| !b.is_ascii_whitespace() && !b"\xef\xbb\xbf\x1e".contains(b));
        let mut table = if start.is_some_and(|at| text[at] == b'{') {
            Self::from_geojson(source)?
        } else {
            let (text, encoding) = whole_text(source, text)?;
            let mut table = Self::from_csv(text.strip_prefix('\u{feff}').unwrap_or(&text), &file, format)?;
            table.settled = encoding.settled.into_iter().collect();
            table.warnings = encoding.warning.into_iter().collect();
            table
        };
        (table.file, table.hash, table.bytes) = (file, hash, bytes);
        Ok(table)
    }

    /// A sheet of a workbook. Its numbers have a decimal point, whatever separates records.
    #[cfg(feature = "xlsx")]
    fn from_workbook(source: &Source, format: Option<NumberFormat>) -> Result<Self, Error> {
        let sheet = crate::io::workbook::sheet(source)?;
        let mut stored = source.open_stored(true)?;
        let bytes = stored.rest()?.len() as u64;
        let file: Box<str> = source.name().into();
        let text = String::from_utf8_lossy(&sheet.text);
        let format = format.unwrap_or(NumberFormat::DecimalPoint);
        let mut table = Self::from_csv(&text, &file, Some(format))?;
        (table.file, table.hash, table.bytes) = (file, stored.hash(), bytes);
        table.settled = sheet.settled;
        Ok(table)
    }

    /// Questions that the file left open, such as the encoding of its texts, and how they were settled.
    pub fn settled(&self) -> &[Settled] {
        &self.settled
    }

    /// What a reader should know of how it was read.
    pub(crate) fn warnings(&self) -> &[WarningKind] {
        &self.warnings
    }

    /// Adds a column to be filled; its position.
    fn add_column(&mut self, name: &str, column: TextColumn) -> Result<usize, Error> {
        let position = self.columns.len();
        if position == MAX_COLUMNS {
            let found = position as u64 + 1;
            return Err(Error::TooLarge { what: "columns", found, limit: MAX_COLUMNS as u64 });
        }
        self.names.push(name.into());
        self.columns.push(column);
        self.positions.insert(name.into(), position);
        Ok(position)
    }

    fn from_geojson(source: &Source) -> Result<Self, Error> {
        let mut scanner = Scanner::open(source, BLOCK)?.strict();
        let mut table = Self::default();
        let mut fault = None;
        while let Some(block) = scanner.next()? {
            let (text, base) = block.found_text(scanner.name())?;
            for span in block.spans() {
                let row = table.rows;
                table.rows += 1;
                let mut add = |name: &str, value: &Value<'_>| {
                    let known = table.positions.get(name).copied();
                    let i = match known
                        .map_or_else(|| table.add_column(name, (0..row).map(|_| None).collect()), Ok)
                    {
                        Ok(i) => i,
                        Err(error) => return fault = Some(error),
                    };
                    // A name that stands twice in an object: the first counts.
                    if table.columns[i].len() == row {
                        match value.scalar(&Target::Id) {
                            Scalar::Null => table.columns[i].push(None),
                            Scalar::Bool(flag) => {
                                table.columns[i].push(Some(if flag { "true" } else { "false" }));
                            }
                            Scalar::Number(x) => table.columns[i].push(Some(&x.to_string())),
                            Scalar::Text(text) | Scalar::Nested(text) => table.columns[i].push(cell(text)),
                        }
                    }
                };
                let mut json = Json::at(text, span.start);
                if json.token() == Some(b'{') {
                    let walked = json.object(|json, key| {
                        match &*key.text() {
                            "id" => add(OWN_ID, &read_value(json)?),
                            "properties" if json.token() == Some(b'{') => json.object(|json, key| {
                                add(&key.text(), &read_value(json)?);
                                Ok::<(), Fault>(())
                            })?,
                            _ => json.skip()?,
                        }
                        Ok(())
                    });
                    walked.map_err(|fault| syntax(scanner.name(), base, text, fault))?;
                }
                if let Some(error) = fault.take() {
                    return Err(error);
                }
                for column in table.columns.iter_mut().filter(|column| column.len() == row) {
                    column.push(None);
                }
            }
        }
        Ok(table)
    }

    fn from_csv(text: &str, file: &str, format: Option<NumberFormat>) -> Result<Self, Error> {
        let mut records = Records::new(text);
        let fault = |offset: usize, reason: String| Error::Syntax {
            file: file.into(),
            offset: offset as u64,
            reason: reason.into(),
        };
        let Some((_, header)) = records.next_record().map_err(|(at, reason)| fault(at, reason))? else {
            let reason = "found no text, expected a header and records".into();
            return Err(Error::Table { file: file.into(), reason });
        };
        let mut table = Self::default();
        for name in header.iter().map(|name| name.trim()) {
            if table.positions.contains_key(name) {
                let reason = format!("the column `{name}` stands twice").into();
                return Err(Error::Table { file: file.into(), reason });
            }
            table.add_column(name, TextColumn::new())?;
        }
        while let Some((at, record)) = records.next_record().map_err(|(at, reason)| fault(at, reason))? {
            if record.len() != table.names.len() {
                let (found, expected) = (record.len(), table.names.len());
                let row = table.rows + 1;
                return Err(fault(
                    at,
                    format!("record {row} has {found} fields, expected {expected} as in the header"),
                ));
            }
            for (column, field) in table.columns.iter_mut().zip(&record) {
                column.push(cell(field));
            }
            table.rows += 1;
        }
        let columns: Vec<(&str, &TextColumn)> = table.names().zip(&table.columns).collect();
        table.number_format =
            format.map_or_else(|| NumberFormat::of(&columns, records.separator, file), Ok)?;
        Ok(table)
    }

    /// The file as messages call it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Hash of the file as stored, with the name of the algorithm.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Size of its text.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Names of the columns as in the file.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// The first of `names` that the table has, as it writes it; case, blanks, hyphens and underscores aside.
    pub fn find(&self, names: &[&str]) -> Option<&str> {
        let own = |name: &&str| self.names().find(|own| plain_name(own) == plain_name(name));
        names.iter().find_map(own)
    }

    /// The column of exactly this name.
    pub fn text(&self, name: &str) -> Option<&TextColumn> {
        self.columns.get(*self.positions.get(name)?)
    }

    /// How its numbers are written.
    pub fn number_format(&self) -> NumberFormat {
        self.number_format
    }

    /// The column as numbers, those of its cells unknown that say another thing ([`unreadable`](Self::unreadable) counts them); none
    /// where there is no such column, or no more of its known cells are numbers than are not.
    pub fn numbers(&self, name: &str) -> Option<Column<f64>> {
        let column = self.text(name)?;
        let read = |cell: Option<&str>| cell.and_then(|cell| self.number_format.number(cell));
        let values: Column<f64> = column.iter().map(read).collect();
        (values.known() * 2 > column.known()).then_some(values)
    }

    /// The known cells of a column of numbers that are none; nothing where all are, or it is no column of numbers.
    pub fn unreadable(&self, name: &str) -> Option<Unreadable> {
        let (column, numbers) = (self.text(name)?, self.numbers(name)?);
        let mut others =
            (0..self.rows).filter(|&row| numbers.get(row).is_none() && column.get(row).is_some());
        let first = others.next()?;
        Some(Unreadable {
            column: name.into(),
            count: others.count() + 1,
            known: column.known(),
            first: FeaturePos { row: first as u32, id: None },
            found: column.get(first).unwrap_or_default().into(),
        })
    }

    /// The column as flags (`true`, `yes`, `y`, `是` and their opposites; 1 and 0 are numbers); none as for [`numbers`](Self::numbers).
    pub fn flags(&self, name: &str) -> Option<Column<bool>> {
        let flag = |cell: &str| match cell.to_lowercase().as_str() {
            "true" | "yes" | "y" | "是" => Ok(true),
            "false" | "no" | "n" | "否" => Ok(false),
            _ => Err(()),
        };
        let mut values = Column::new();
        for cell in self.text(name)?.iter() {
            values.push(cell.map(flag).transpose().ok()?);
        }
        (values.known() > 0).then_some(values)
    }
}

/// A cell without blanks around it; none where it says nothing.
fn cell(text: &str) -> Option<&str> {
    let text = text.trim();
    let known = !text.is_empty() && !says_unknown(text);
    known.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Table, Error> {
        Table::read(&Source::bytes("t", text.as_bytes()))
    }

    #[test]
    fn csv_is_read_as_its_standard_says() {
        let read =
            table("\u{feff}a,\"b \"\"x\"\"\",c\r\n1,\"two\nlines, one comma\",\r\n\r\n\"\", y ,NA").unwrap();
        assert_eq!(read.names().collect::<Vec<_>>(), ["a", "b \"x\"", "c"]);
        assert_eq!(read.len(), 2);
        let column = |name: &str| read.text(name).unwrap().iter().collect::<Vec<_>>();
        assert_eq!(column("a"), [Some("1"), None]);
        assert_eq!(column("b \"x\""), [Some("two\nlines, one comma"), Some("y")]);
        assert_eq!(column("c"), [None, None]);
        assert!(read.numbers("c").is_none() && read.numbers("a").is_some());
        assert_eq!(table("a\tb,c\tx\n1\t2\t3").unwrap().find(&["B_C", "b,c"]), Some("b,c"));
        let flags = table("f\nyes\n否\n无\n").unwrap().flags("f").unwrap();
        assert_eq!(flags.iter().collect::<Vec<_>>(), [Some(true), Some(false), None]);
    }

    #[test]
    fn what_is_no_table_is_told_with_its_place() {
        for (text, expected) in [
            ("", "found no text"),
            ("a,b\n1,2,3\n", "t: record 1 has 3 fields, expected 2 as in the header (at byte 4)"),
            ("a,b\n1,\"2\n", "a quote that is not closed"),
            ("a,b\n\"1\"2,3\n", "behind a closing quote"),
            ("a,a\n1,2\n", "`a` stands twice"),
            ("{\"type\": \"Topology\"}", "Topology"),
        ] {
            let error = table(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(Table::read(&Source::bytes("t", &b"a,b\n\xff,1\n"[..])).is_err());
        let wide = (0..10_001).map(|i| i.to_string()).collect::<Vec<_>>().join(",");
        assert_eq!(table(&wide).unwrap_err().to_string(), "too many columns: 10001, at most 10000");
    }

    #[test]
    fn a_few_cells_that_are_no_numbers_cost_no_column() {
        let read = table("firm,tax\nF,7\nG,about 5\nH,NA\nI,9\n").unwrap();
        let tax = read.numbers("tax").unwrap();
        assert_eq!(tax.iter().collect::<Vec<_>>(), [Some(7.0), None, None, Some(9.0)]);
        let other = read.unreadable("tax").unwrap();
        assert_eq!((other.count, other.known, other.first.row, &*other.found), (1, 3, 1, "about 5"));
        assert!(read.numbers("firm").is_none() && read.unreadable("firm").is_none());
        assert!(table("a\n1\nx\n").unwrap().numbers("a").is_none(), "as many texts as numbers");
    }

    #[test]
    fn numbers_are_written_in_one_way_in_a_file() {
        let euro = table("firm;tax\nF;1,007\nG;1.234,5\n").unwrap();
        assert_eq!(euro.number_format(), NumberFormat::DecimalComma);
        let tax = euro.numbers("tax").unwrap();
        assert_eq!(tax.iter().collect::<Vec<_>>(), [Some(1.007), Some(1234.5)]);
        let both = "firm;tax;jobs\nF;1,5;2.5\n";
        let error = table(both).unwrap_err().to_string();
        let expected = "t: `2.5` in column `jobs` and `1,5` in column `tax` do not say whether the decimal sign is a point or a comma";
        assert!(error.starts_with(expected), "{error}");
        let source = Source::bytes("t", both.as_bytes());
        let told = Table::read_as(&source, Some(NumberFormat::DecimalComma)).unwrap();
        assert_eq!(told.numbers("tax").unwrap().get(0), Some(1.5));
    }

    #[test]
    fn properties_of_features_are_rows() {
        let read = table(
            r#"{"type": "FeatureCollection", "features": [
            {"type": "Feature", "id": 7, "properties": {"firm": "F", "tax": 12.5}, "geometry": null},
            {"type": "Feature", "properties": null, "geometry": null},
            {"type": "Feature", "properties": {"tax": "3", "new": true}, "geometry": {"type": "Point", "coordinates": [1, 2]}}]}"#,
        )
        .unwrap();
        assert_eq!(read.len(), 3);
        let tax = read.numbers("tax").unwrap();
        assert_eq!(tax.iter().collect::<Vec<_>>(), [Some(12.5), None, Some(3.0)]);
        assert_eq!(read.text("$id").unwrap().iter().collect::<Vec<_>>(), [Some("7"), None, None]);
        assert_eq!(read.flags("new").unwrap().get(2), Some(true));
    }
}
