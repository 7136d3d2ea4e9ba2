//! Tables and names as people read them on a terminal and on maps.

use super::form::fill;
use crate::Analysis;
use crate::parcel::ParcelIdx;

pub(super) fn percent(ratio: f64) -> String {
    format!("{:.1}%", ratio * 100.0)
}

/// A parcel's id, else `feature` with its row in the file.
pub(super) fn name(analysis: &Analysis, parcel: ParcelIdx, feature: &str) -> String {
    let parcel = analysis.parcels().get(parcel);
    let row = || analysis.parcels().source_row()[parcel.idx().index()].to_string();
    parcel.id().map_or_else(|| fill(feature, &[("row", &row())]), Into::into)
}

/// A table of nothing but its heading: the names of the columns, set apart by bars.
pub(super) fn headed(columns: &str) -> Vec<Vec<String>> {
    vec![columns.split('|').map(str::to_owned).collect()]
}

/// Rows as text: columns padded to their widest cell, numbers to the right.
pub(super) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &[String], column: usize| row.get(column).map_or(0, |text| display_width(text));
    let widths: Vec<usize> =
        (0..columns).map(|c| rows.iter().map(|row| cell(row, c)).max().unwrap_or(0)).collect();
    let numeric: Vec<bool> = (0..columns)
        .map(|c| {
            let mut texts = rows.iter().skip(1).filter_map(|row| row.get(c)).peekable();
            texts.peek().is_some()
                && texts.all(|text| text == "-" || text.starts_with(|c: char| c.is_ascii_digit() || c == '-'))
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, value) in row.iter().enumerate() {
            let padding = " ".repeat(widths[column] - display_width(value));
            line.push_str("  ");
            let sides = if numeric[column] { [&padding, value] } else { [value, &padding] };
            sides.iter().for_each(|side| line.push_str(side));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Columns a text takes on a terminal: two for East Asian wide characters.
fn display_width(text: &str) -> usize {
    let wide = |c: char| matches!(c as u32, 0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x20000..=0x3FFFD);
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up_under_wide_characters() {
        let rows =
            [["unit", "ha"], ["坪山区", "1.5"], ["A", "12.0"]].map(|row| row.map(String::from).to_vec());
        assert_eq!(table(&rows), "  unit      ha\n  坪山区   1.5\n  A       12.0\n");
    }
}
