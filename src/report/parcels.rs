use std::io::Write;

use super::columns::{Found, Group, MemberOrder, Rows, Table, computed, computed_without_reasons};
use crate::io::{GeoJsonText, append_properties};
use crate::{Analysis, Error};

/// Writes the parcels to `accepted`, and the features that were rejected, where there are any, to `rejected`.
///
/// Each feature of `text`, which the parcels were read from, is copied byte for byte in the input's order, and the computed
/// columns (`lu_…`) of [`OutputLayer::Parcels`](super::OutputLayer::Parcels) are appended to its own properties. Unknown is `null`.
///
/// # Errors
/// [`Error::Write`]; [`Error::Io`] where the text cannot be read again, [`Error::Changed`] where it is another by now.
pub fn write_parcels<W: Write + Send>(
    analysis: &Analysis,
    text: &GeoJsonText,
    accepted: W,
    rejected: Option<W>,
) -> Result<(), Error> {
    write(analysis, text, computed(), accepted, rejected)
}

/// [`write_parcels`] without the tests of each parcel (`lu_reasons`) and the verdicts in words (`lu_sentence_en`, `lu_sentence_zh`), which are
/// the longest columns. The card of a parcel then has neither.
///
/// # Errors
/// As [`write_parcels`].
pub fn write_parcels_without_reasons<W: Write + Send>(
    analysis: &Analysis,
    text: &GeoJsonText,
    accepted: W,
    rejected: Option<W>,
) -> Result<(), Error> {
    write(analysis, text, computed_without_reasons(), accepted, rejected)
}

fn write<'a, W: Write + Send>(
    analysis: &'a Analysis,
    text: &GeoJsonText,
    columns: Vec<Group<Found<'a>>>,
    accepted: W,
    rejected: Option<W>,
) -> Result<(), Error> {
    let set = analysis.parcels();
    let records = set.record_counts().records;
    let row_of = |record: usize| set.record(record).source_row() as usize;
    let rows = (0..records).map(row_of).max().map_or(0, |row| row + 1);
    let mut record_of_row = vec![u32::MAX; rows];
    for record in 0..records {
        record_of_row[row_of(record)] = record as u32;
    }
    let table = Table::new(Found(analysis), columns, MemberOrder::AsListed);
    let append = |row: u32, text: &mut Vec<u8>| {
        if let Some(&record) = record_of_row.get(row as usize).filter(|&&record| record != u32::MAX) {
            table.push_members(record as usize, text);
        }
    };
    append_properties(text, accepted, rejected, set.rejected(), append).map(drop)
}

/// Writes the graph of neighbours as GAL, as other tools read it. Parcels go by their ids where all have one of their own without
/// white space, else by their position in the input; the first line names the property of the ids, or `row`.
///
/// # Errors
/// [`Error::Write`].
pub fn write_graph(analysis: &Analysis, mut out: impl Write) -> Result<(), Error> {
    let set = analysis.parcels();
    let weights = crate::stats::Weights::from_graph(analysis.graph());
    let ids: Option<Vec<String>> = set.attributes().id.iter().map(|id| id.map(str::to_owned)).collect();
    let rows = || set.source_row().iter().map(ToString::to_string).collect::<Vec<_>>();
    let plain = |key: &&str| !key.starts_with('$') && !key.contains(char::is_whitespace);
    let key = analysis.inputs().id_property().filter(plain).unwrap_or("id");
    let text = match ids.map(|ids| weights.write_gal("parcels", key, &ids)) {
        Some(Ok(text)) => text,
        _ => weights.write_gal("parcels", "row", &rows())?,
    };
    out.write_all(text.as_bytes()).map_err(Error::Write)
}
