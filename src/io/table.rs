use std::collections::HashMap;

use super::columns::OWN_ID;
use super::geojson::{Fault, Json, Scanner, read_value, syntax};
use super::inspect::says_unknown;
use super::layer::BLOCK;
use super::schema::{Scalar, Target, as_number, plain_name};
use super::source::Source;
use super::value::Value;
use crate::Error;
use crate::parcel::{Column, TextColumn};

/// A table of things that are no parcels, firms or field checks: named columns of text, whatever the file.
///
/// A file that begins with a brace is read as GeoJSON: each feature's properties are a row (its own id is `$id`), its geometry is not
/// looked at. Any other is CSV (RFC 4180): a header, then records; the separator is whichever of comma, semicolon and tab the
/// header has most of; fields in quotes may hold separators and line ends. Cells are trimmed; an empty one, or one that says so
/// (`NA`, `null`, `-`, `无` …), is unknown.
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
    columns: Vec<TextColumn>,
    rows: usize,
    hash: String,
    bytes: u64,
}

impl Table {
    /// Reads a whole file.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read; [`Error::Syntax`] for text that is not UTF-8, GeoJSON that is broken, a quote that is not
    /// closed, or a record with more or fewer fields than the header; [`Error::Data`] for a file without header or with a name twice.
    ///
    /// # Complexity
    /// O(bytes); the text is in memory twice.
    pub fn read(source: &Source) -> Result<Self, Error> {
        let mut input = source.open_text()?;
        let text = input.rest()?;
        let (file, hash, bytes): (Box<str>, _, _) = (source.name().into(), input.hash(), text.len() as u64);
        let start = text.iter().position(|b| !b.is_ascii_whitespace() && !b"\xef\xbb\xbf\x1e".contains(b));
        let mut table = if start.is_some_and(|at| text[at] == b'{') {
            Self::from_geojson(source)?
        } else {
            let text = std::str::from_utf8(&text).map_err(|error| Error::Syntax {
                file: file.clone(),
                offset: error.valid_up_to() as u64,
                reason: "found bytes that are not UTF-8, expected UTF-8 text".into(),
            })?;
            Self::from_csv(text.strip_prefix('\u{feff}').unwrap_or(text), &file)?
        };
        for (i, name) in table.names.iter().enumerate() {
            if table.names[..i].contains(name) {
                return Err(Error::Data(format!("{file}: the column `{name}` stands twice").into()));
            }
        }
        (table.file, table.hash, table.bytes) = (file, hash, bytes);
        Ok(table)
    }

    fn from_geojson(source: &Source) -> Result<Self, Error> {
        let mut scanner = Scanner::open(source, BLOCK)?.strict();
        let mut table = Self::default();
        let mut positions: HashMap<String, usize> = HashMap::new();
        while let Some(block) = scanner.next()? {
            let (text, base) = block.found_text(scanner.name())?;
            for span in block.spans() {
                let row = table.rows;
                table.rows += 1;
                let mut add = |name: &str, value: &Value<'_>| {
                    let i = *positions.entry(name.to_owned()).or_insert_with(|| {
                        table.names.push(name.into());
                        table.columns.push((0..row).map(|_| None).collect());
                        table.names.len() - 1
                    });
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
                for column in table.columns.iter_mut().filter(|column| column.len() == row) {
                    column.push(None);
                }
            }
        }
        Ok(table)
    }

    fn from_csv(text: &str, file: &str) -> Result<Self, Error> {
        let mut records = Records { text, pos: 0, separator: ',' };
        let fault = |offset: usize, reason: String| Error::Syntax {
            file: file.into(),
            offset: offset as u64,
            reason: reason.into(),
        };
        records.separator = records.guess();
        let Some((_, header)) = records.next_record().map_err(|(at, reason)| fault(at, reason))? else {
            return Err(Error::Data(format!("{file}: found no text, expected a header and records").into()));
        };
        let names: Vec<Box<str>> = header.iter().map(|name| name.trim().into()).collect();
        let mut table = Self { columns: vec![TextColumn::new(); names.len()], names, ..Self::default() };
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
        let position = self.names.iter().position(|own| **own == *name)?;
        self.columns.get(position)
    }

    /// The column as numbers; none where there is no such column, where nothing in it is known, or where a known cell is no number.
    pub fn numbers(&self, name: &str) -> Option<Column<f64>> {
        let mut values = Column::new();
        for cell in self.text(name)?.iter() {
            values.push(cell.map(|cell| as_number(Scalar::Text(cell)).ok_or(())).transpose().ok()?);
        }
        (values.known() > 0).then_some(values)
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

/// Where a record begins, and its fields.
type Record = (usize, Vec<String>);

/// Records of a CSV text.
struct Records<'t> {
    text: &'t str,
    pos: usize,
    separator: char,
}

impl Records<'_> {
    /// The separator that the first line has most of, outside of quotes; a comma at a tie.
    fn guess(&self) -> char {
        let mut counts = [(',', 0), (';', 0), ('\t', 0)];
        let mut quoted = false;
        for letter in self.text.trim_start().chars() {
            match letter {
                '"' => quoted = !quoted,
                '\n' | '\r' if !quoted => break,
                _ if !quoted => {
                    counts.iter_mut().filter(|(own, _)| *own == letter).for_each(|(_, n)| *n += 1);
                }
                _ => {}
            }
        }
        counts.iter().rev().max_by_key(|(_, count)| *count).map_or(',', |(separator, _)| *separator)
    }

    /// The next record that is no blank line, with where it begins.
    fn next_record(&mut self) -> Result<Option<Record>, (usize, String)> {
        loop {
            let start = self.pos;
            let rest = self.text[start..].trim_start_matches(['\r', '\n']);
            if rest.trim().is_empty() {
                return Ok(None);
            }
            self.pos = self.text.len() - rest.len();
            let (at, record) = (self.pos, self.record()?);
            if record.iter().any(|field| !field.trim().is_empty()) {
                return Ok(Some((at, record)));
            }
        }
    }

    fn record(&mut self) -> Result<Vec<String>, (usize, String)> {
        let mut fields = Vec::new();
        loop {
            let rest = &self.text[self.pos..];
            let blank = rest.len() - rest.trim_start_matches(' ').len();
            let end_of = |c: char| c == self.separator || matches!(c, '\n' | '\r');
            if rest[blank..].starts_with('"') {
                let opened = self.pos + blank;
                let mut field = String::new();
                let mut at = opened + 1;
                loop {
                    let Some(quote) = self.text[at..].find('"') else {
                        return Err((opened, "found a quote that is not closed, expected another".into()));
                    };
                    field.push_str(&self.text[at..at + quote]);
                    at += quote + 1;
                    if !self.text[at..].starts_with('"') {
                        break;
                    }
                    field.push('"');
                    at += 1;
                }
                at += self.text[at..].len() - self.text[at..].trim_start_matches(' ').len();
                let next = self.text[at..].chars().next();
                if !next.is_none_or(end_of) {
                    return Err((at, "found text behind a closing quote, expected a separator".into()));
                }
                fields.push(field);
                self.pos = at;
            } else {
                let end = rest.find(end_of).unwrap_or(rest.len());
                fields.push(rest[..end].to_owned());
                self.pos += end;
            }
            match self.text[self.pos..].chars().next() {
                Some(c) if c == self.separator => self.pos += c.len_utf8(),
                Some('\r') if self.text[self.pos..].starts_with("\r\n") => {
                    self.pos += 2;
                    return Ok(fields);
                }
                Some(_) => {
                    self.pos += 1;
                    return Ok(fields);
                }
                None => return Ok(fields),
            }
        }
    }
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
