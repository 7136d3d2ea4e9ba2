//! What was found as one workbook: sites, districts, the ledger, control lines, warnings, as tables to work on.

use std::borrow::Cow;
use std::io::Write;

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::balance::unit_names;
use super::columns::{Cell, ColumnKind};
use super::layer::{Layer, OutputLayer};
use super::summary::{Line, Summary};
use super::words::{PageWords, heading, sheet, unit, yes_or_no};
use crate::language::Language;
use crate::{Analysis, Error};

/// Rows of a sheet beside its heading.
const MOST_ROWS: usize = 1_048_575;
/// Characters of a cell.
const MOST_CHARS: usize = 32_767;
/// Points of a row of headings: three lines.
const HEAD_HEIGHT: f64 = 46.0;
/// m² of a hectare, and of a mu.
const HA: f64 = 10_000.0;
const MU: f64 = 2_000.0 / 3.0;

/// Writes a workbook (XLSX) with the sheets `sites`, `districts` and `lines` (where there are any), `ledger` and `warnings`: the columns of
/// these layers, hectares and mu beside each area in m², names beside ids, under headings in a language that stay while rows move. Texts are
/// texts: none is taken for a formula. The same analysis gives the same bytes.
///
/// ```no_run
/// # fn show(analysis: &landuse::Analysis) -> Result<(), landuse::Error> {
/// let file = std::fs::File::create("landuse.xlsx").map_err(landuse::Error::Write)?;
/// landuse::report::write_workbook(analysis, landuse::Language::Chinese, file)?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Write`]; [`Error::TooLarge`] where a layer has more rows than a sheet takes, 1,048,575.
///
/// # Complexity
/// O(cells); the workbook is in memory until it is written.
///
/// # Source
/// ECMA-376 (Office Open XML); the mu is 2,000/3 m².
pub fn write_workbook(analysis: &Analysis, language: Language, mut out: impl Write) -> Result<(), Error> {
    let mut workbook = Workbook::new();
    let created = ExcelDateTime::from_ymd(2000, 1, 1).map_err(failed)?;
    let version = format!("landuse {}", env!("CARGO_PKG_VERSION"));
    workbook.set_properties(&DocProperties::new().set_author(&version).set_creation_datetime(&created));
    let names = unit_names(analysis);
    let of_layer = |which| Table::of(&analysis.layer(which));
    let mut ledger = of_layer(OutputLayer::Intensity);
    ledger.add_names(|id| names.get(id).map(|name| (*name).to_owned()));
    let districts = analysis.layer(OutputLayer::Districts);
    let sheets = [
        ("sites", Some(of_layer(OutputLayer::Sites))),
        ("districts", districts.is_available().then(|| Table::of(&districts))),
        ("ledger", Some(ledger)),
        (
            "lines",
            analysis.inputs().control_lines().map(|_| Table::of_lines(&Summary::of(analysis).control_lines)),
        ),
        ("warnings", Some(Table::of_warnings(analysis, language))),
    ];
    for (name, table) in sheets {
        if let Some(table) = table {
            let worksheet = workbook.add_worksheet().set_name(sheet(name, language)).map_err(failed)?;
            table.write(worksheet, language)?;
        }
    }
    let bytes = workbook.save_to_buffer().map_err(failed)?;
    out.write_all(&bytes).and_then(|()| out.flush()).map_err(Error::Write)
}

fn failed(error: XlsxError) -> Error {
    Error::Write(std::io::Error::other(error))
}

/// A column of a sheet.
struct Column {
    name: String,
    unit: String,
    kind: ColumnKind,
}

impl Column {
    fn new(name: &str, unit: &str, kind: ColumnKind) -> Self {
        Self { name: name.into(), unit: unit.into(), kind }
    }
}

/// The rows of a sheet.
struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell<'static>>>,
}

impl Table {
    /// The flat columns of a layer.
    fn of(layer: &Layer<'_>) -> Self {
        let at = layer.rows().flat();
        let columns = at.iter().map(|&at| &layer.columns()[at]);
        let columns = columns.map(|column| Column::new(&column.name, &column.unit, column.kind)).collect();
        let cell = |at: usize, row: usize| owned(layer.rows().cell(at, layer.item(row)));
        let rows = (0..layer.len()).map(|row| at.iter().map(|&at| cell(at, row)).collect()).collect();
        Self { columns, rows }
    }

    /// Adds the name of each unit behind its id, where any has one.
    fn add_names(&mut self, name_of: impl Fn(&str) -> Option<String>) {
        let Some(id) = self.columns.iter().position(|column| column.name == "id") else { return };
        let name = |row: &Vec<Cell<'static>>| match row.get(id) {
            Some(Cell::Text(id)) => name_of(id),
            _ => None,
        };
        let names: Vec<Option<String>> = self.rows.iter().map(name).collect();
        if names.iter().all(Option::is_none) {
            return;
        }
        self.columns.insert(id + 1, Column::new("name", "", ColumnKind::Text));
        for (row, name) in self.rows.iter_mut().zip(names) {
            row.insert(id + 1, name.map_or(Cell::Unknown, |name| Cell::Text(name.into())));
        }
    }

    /// Control lines with what stands inside them.
    fn of_lines(lines: &[Line]) -> Self {
        let area = |name| Column::new(name, "m²", ColumnKind::Number);
        let text = |name| Column::new(name, "", ColumnKind::Text);
        let count = |name| Column::new(name, "", ColumnKind::Count);
        let mut columns = vec![
            text("id"),
            text("effect"),
            text("tier"),
            area("area_m2"),
            area("construction_m2"),
            area("overlap_m2"),
            count("parcels_inside"),
            count("parcels_partial"),
        ];
        let reviewed = lines.iter().any(|line| line.review.is_some());
        if reviewed {
            columns
                .extend(["certain_m2", "possible_m2", "artefact_m2", "exempt_m2", "permitted_m2"].map(area));
            columns.extend(["grandfathered_m2", "encroaching_m2", "unreviewed_m2"].map(area));
        }
        let row = |line: &Line| {
            let mut row = vec![
                Cell::Text(line.id.clone().into()),
                Cell::Text(line.effect.to_string().into()),
                line.tier.clone().map_or(Cell::Unknown, |tier| Cell::Text(tier.into())),
                Cell::Number(line.area_m2),
                Cell::Number(line.construction_m2),
                Cell::Number(line.overlap_m2),
                Cell::Count(line.parcels_inside as u64),
                Cell::Count(line.parcels_partial as u64),
            ];
            if let Some(found) = &line.review {
                row.extend(
                    [
                        found.certain_m2,
                        found.possible_m2,
                        found.artefact_m2,
                        found.exempt_m2,
                        found.permitted_m2,
                        found.grandfathered_m2,
                        found.encroaching_m2,
                        found.unreviewed_m2,
                    ]
                    .map(Cell::Number),
                );
            } else if reviewed {
                row.extend((0..8).map(|_| Cell::Unknown));
            }
            row
        };
        Self { columns, rows: lines.iter().map(row).collect() }
    }

    fn of_warnings(analysis: &Analysis, language: Language) -> Self {
        let columns = vec![
            Column::new("kind", "", ColumnKind::Text),
            Column::new("subject", "", ColumnKind::Text),
            Column::new("figure", "", ColumnKind::Number),
            Column::new("text", "", ColumnKind::Text),
        ];
        let warnings = analysis.warnings();
        let rows = warnings.iter().map(|warning| {
            vec![
                Cell::Text(warning.kind().name().into()),
                Cell::Text(warning.subject().to_owned().into()),
                warning.figure().map_or(Cell::Unknown, Cell::Number),
                Cell::Text(warning.text(language).into()),
            ]
        });
        Self { columns, rows: rows.collect() }
    }

    fn write(&self, sheet: &mut Worksheet, language: Language) -> Result<(), Error> {
        if self.rows.len() > MOST_ROWS {
            let (found, limit) = (self.rows.len() as u64, MOST_ROWS as u64);
            return Err(Error::TooLarge { what: "rows of a sheet", found, limit });
        }
        let head = Format::new()
            .set_bold()
            .set_text_wrap()
            .set_align(FormatAlign::Top)
            .set_background_color(0x00E8_ECEF)
            .set_border_bottom(FormatBorder::Thin);
        let plain_text = Format::new().set_align(FormatAlign::Top);
        sheet.set_row_height(0, HEAD_HEIGHT).map_err(failed)?;
        let mut at: u16 = 0;
        for (i, column) in self.columns.iter().enumerate() {
            let areas: &[(&str, f64, &str)] =
                &[("m²", 1.0, "#,##0"), ("ha", HA, "#,##0.00"), ("mu", MU, "#,##0.0")];
            let plain = [(&*column.unit, 1.0, column.number_format())];
            for &(unit_name, divisor, format) in if column.unit == "m²" { areas } else { &plain } {
                let title = heading(&column.name, language);
                let title = match unit_name {
                    "" | "1" => title,
                    unit_name if language == Language::Chinese => {
                        format!("{title}（{}）", unit(unit_name, language))
                    }
                    unit_name => format!("{title}, {unit_name}"),
                };
                sheet.write_string_with_format(0, at, &title, &head).map_err(failed)?;
                let number = Format::new().set_num_format(format).set_align(FormatAlign::Top);
                for (row, cells) in (1u32..).zip(&self.rows) {
                    let Some(cell) = cells.get(i) else { continue };
                    write_cell(
                        sheet,
                        [row, u32::from(at)],
                        &column.name,
                        cell,
                        divisor,
                        [&number, &plain_text],
                        language,
                    )?;
                }
                sheet.set_column_width(at, column.width(&title)).map_err(failed)?;
                at += 1;
            }
        }
        let named = if self.columns.iter().take(3).any(|column| column.name == "name") { 3 } else { 1 };
        sheet.set_freeze_panes(1, named.min(at)).map_err(failed)?;
        if !self.rows.is_empty() && at > 0 {
            sheet.autofilter(0, 0, self.rows.len() as u32, at - 1).map_err(failed)?;
        }
        Ok(())
    }
}

impl Column {
    fn number_format(&self) -> &'static str {
        match (self.kind, &*self.unit) {
            (ColumnKind::Count, _) => "#,##0",
            (_, "1") => "0.000",
            (_, "m") => "#,##0.0",
            _ => "#,##0.##",
        }
    }

    /// Width in characters.
    fn width(&self, title: &str) -> f64 {
        match (&*self.name, self.kind) {
            ("text", _) => 100.0,
            (_, ColumnKind::Nested) => 40.0,
            (_, ColumnKind::Text) => 16.0,
            _ => (title.chars().map(|c| if c.is_ascii() { 1.0 } else { 2.0 }).sum::<f64>() / 2.0)
                .clamp(12.0, 20.0),
        }
    }
}

fn write_cell(
    sheet: &mut Worksheet,
    [row, column]: [u32; 2],
    name: &str,
    cell: &Cell<'static>,
    divisor: f64,
    [number, plain]: [&Format; 2],
    language: Language,
) -> Result<(), Error> {
    let column = column as u16;
    match cell {
        Cell::Unknown => Ok(()),
        Cell::Number(x) => sheet.write_number_with_format(row, column, x / divisor + 0.0, number).map(drop),
        Cell::Count(count) => sheet.write_number_with_format(row, column, *count as f64, number).map(drop),
        Cell::Flag(flag) => {
            let word = yes_or_no(*flag, language);
            sheet.write_string_with_format(row, column, word, plain).map(drop)
        }
        Cell::Text(text) => {
            let text = value(name, text, language);
            sheet.write_string_with_format(row, column, cut(text), plain).map(drop)
        }
        Cell::Json(json) => sheet.write_string_with_format(row, column, cut(&listed(json)), plain).map(drop),
    }
    .map_err(failed)
}

/// A value that stands for one of few, in words.
fn value<'t>(name: &str, value: &'t str, language: Language) -> &'t str {
    let words = PageWords::of(language);
    match (name, value) {
        ("size", "below1_ha") => words.below1_ha,
        ("size", "from1_to3_ha") => words.from1_to3_ha,
        ("size", "from3_to10_ha") => words.from3_to10_ha,
        ("size", "over10_ha") => words.over10_ha,
        ("status", "not_assessed") => words.not_assessed,
        ("status", "below") => words.below,
        ("status", "exceeded") => words.exceeded,
        ("status", "undetermined") => words.undetermined,
        ("effect", "exclude") => words.exclude,
        ("effect", "confine") => words.confine,
        ("effect", "reserve") => words.reserve,
        ("row", "unit") => words.district,
        ("row", "outside") => words.outside_districts,
        ("row", "total") => words.all,
        _ => value,
    }
}

/// As much of a text as a cell takes.
fn cut(text: &str) -> &str {
    text.char_indices().nth(MOST_CHARS).map_or(text, |(end, _)| &text[..end])
}

/// A list in JSON as people write it, as far as a cell takes it.
fn listed(json: &[u8]) -> String {
    let Ok(items) = serde_json::from_slice::<Vec<Option<String>>>(json) else {
        return String::from_utf8_lossy(json).into_owned();
    };
    let mut text = String::new();
    for (i, item) in items.iter().enumerate() {
        let item = item.as_deref().unwrap_or("?");
        if text.len() + item.len() > MOST_CHARS - 40 {
            text.push_str(&format!(", … +{}", items.len() - i));
            break;
        }
        text.push_str(if i > 0 { ", " } else { "" });
        text.push_str(item);
    }
    text
}

fn owned(cell: Cell<'_>) -> Cell<'static> {
    match cell {
        Cell::Unknown => Cell::Unknown,
        Cell::Number(x) => Cell::Number(x),
        Cell::Count(count) => Cell::Count(count),
        Cell::Flag(flag) => Cell::Flag(flag),
        Cell::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
        Cell::Json(json) => Cell::Json(json),
    }
}
