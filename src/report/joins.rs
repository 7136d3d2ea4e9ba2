use std::collections::BTreeMap;

use super::csv::push_field;
use crate::ParcelSet;
use crate::efficiency::{Appraised, Grade, Language, RowOutcome, ordered_sum};
use crate::io::push_number;
use crate::join::{Buildings, FirmColumn, Firms, FirmsOnParcels};
use crate::parcel::Column;

/// Rows of fields as CSV (RFC 4180, `\n` ends a line); unknown is empty.
struct Rows {
    text: Vec<u8>,
    first: bool,
}

impl Rows {
    fn new(header: &[&str]) -> Self {
        let mut rows = Self { text: Vec::new(), first: true };
        header.iter().for_each(|name| rows.word(Some(name)));
        rows.end();
        rows
    }

    fn next(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.text.push(b',');
        }
    }

    fn word(&mut self, word: Option<&str>) {
        self.next();
        word.into_iter().for_each(|word| push_field(&mut self.text, word));
    }

    fn number(&mut self, number: Option<f64>) {
        self.next();
        if number.is_some_and(f64::is_finite) {
            push_number(&mut self.text, number);
            if self.text.ends_with(b".0") {
                self.text.truncate(self.text.len() - 2);
            }
        }
    }

    fn end(&mut self) {
        self.text.push(b'\n');
        self.first = true;
    }

    fn finish(self) -> String {
        String::from_utf8(self.text).unwrap_or_default()
    }
}

/// The join of firms as a table: one row per firm and parcel, matched or with the reason why not (`outcome`), the size it was split by, its
/// share of the firm, and that share of each amount. What was matched sums to the columns of the parcels.
///
/// # Complexity
/// O(rows · amounts).
pub fn firms_csv(firms: &Firms, joined: &FirmsOnParcels) -> String {
    let amounts: Vec<(&str, &Column<f64>)> = firms
        .known()
        .filter_map(|(name, column)| match column {
            FirmColumn::Number(values) => Some((name, values)),
            _ => None,
        })
        .collect();
    let mut header = vec!["firm", "parcel", "outcome", "size", "share"];
    header.extend(amounts.iter().map(|(name, _)| *name));
    let mut rows = Rows::new(&header);
    let given = firms.rows();
    for (i, row) in joined.allocation.rows().iter().enumerate() {
        rows.word(given.firm.get(i));
        rows.word(given.parcel.get(i));
        rows.word(Some(row.outcome.name()));
        rows.number(given.size.get(i));
        rows.number(row.share);
        for (_, values) in &amounts {
            let amount = row.firm.and_then(|firm| values.get(firm as usize));
            rows.number(amount.zip(row.share).map(|(amount, share)| amount * share));
        }
        rows.end();
    }
    rows.finish()
}

/// The join of buildings as a table: one row per building and parcel it stands on, with the ground they share, the share of the building
/// and that share of its floor area; one row without parcel for each building on none. `building` is its id, `row` its position in
/// the file.
///
/// # Complexity
/// O(buildings + pieces).
pub fn buildings_csv(parcels: &ParcelSet, buildings: &ParcelSet, joined: &Buildings) -> String {
    let mut rows =
        Rows::new(&["building", "row", "parcel", "outcome", "overlap_m2", "share", "floor_area_m2"]);
    let mut pieces = joined.pieces.iter().peekable();
    for building in buildings.iter() {
        let row = f64::from(buildings.source_row()[building.idx().index()]);
        let floor_area = joined.floor_area_m2.get(building.idx().index());
        let mut any = false;
        while let Some(piece) = pieces.next_if(|piece| piece.building == building.idx()) {
            any = true;
            rows.word(building.id());
            rows.number(Some(row));
            rows.word(parcels.get(piece.parcel).id());
            rows.word(Some(RowOutcome::Matched.name()));
            rows.number(Some(piece.overlap_m2));
            rows.number(Some(piece.share));
            rows.number(floor_area.map(|m2| m2 * piece.share));
            rows.end();
        }
        if !any {
            rows.word(building.id());
            rows.number(Some(row));
            rows.word(None);
            rows.word(Some("on_no_parcel"));
            rows.number(Some(0.0));
            rows.number(None);
            rows.number(floor_area);
            rows.end();
        }
    }
    for rejected in buildings.rejected() {
        rows.word(rejected.at.id.as_deref());
        rows.number(Some(f64::from(rejected.at.row)));
        rows.word(None);
        rows.word(Some(&rejected.reason));
        (0..3).for_each(|_| rows.number(None));
        rows.end();
    }
    rows.finish()
}

/// An appraisal as a table: one row per firm with its group, standing, score, bounds, rank, grade and exit, value and points of
/// each item, and the verdict in two languages. Items of groups other than the row's are empty.
///
/// # Complexity
/// O(rows · indicators).
pub fn appraisal_csv(ids: &crate::parcel::TextColumn, found: &Appraised) -> String {
    let mut keys: Vec<&str> = Vec::new();
    for indicator in found.pack().groups().iter().flat_map(|group| &group.indicators) {
        if !keys.contains(&&*indicator.key) {
            keys.push(&indicator.key);
        }
    }
    let names: Vec<[String; 2]> =
        keys.iter().map(|key| [format!("{key}_value"), format!("{key}_points")]).collect();
    let mut header = vec!["firm", "group", "standing", "score", "lowest", "highest", "rank", "grade", "exit"];
    header.extend(names.iter().flatten().map(String::as_str));
    header.extend(["sentence_en", "sentence_zh"]);
    let mut rows = Rows::new(&header);
    for (row, id) in ids.iter().enumerate() {
        rows.word(id);
        rows.word(found.group(row).map(|group| &*group.key));
        rows.word(Some(found.standing[row].name()));
        rows.number(found.score.get(row));
        rows.number(found.lowest.get(row));
        rows.number(found.highest.get(row));
        rows.number(found.rank.get(row).map(f64::from));
        let grade = found.grades[row].map(|grade| grade.to_string());
        rows.word(grade.as_deref());
        rows.word(found.exit.get(row).map(|exit| if exit { "true" } else { "false" }));
        let items: Vec<_> = found.items(row).collect();
        for key in &keys {
            let item = items.iter().find(|item| item.key == *key);
            rows.number(item.and_then(|item| item.value));
            rows.number(item.and_then(|item| item.points));
        }
        for language in [Language::English, Language::Chinese] {
            rows.word(Some(&found.sentence(row, language)));
        }
        rows.end();
    }
    rows.finish()
}

/// What stands on each parcel that firms name: how many firms, the best and the worst of their grades, the share of the parcel's occupied
/// size (in what the rows are measured by) that firms of a `low` grade take, and the firms with their grades. The share is empty where
/// a size or a grade is not known.
///
/// # Complexity
/// O(rows · log rows).
pub fn appraised_parcels_csv(firms: &Firms, found: &Appraised, low: &[Grade]) -> String {
    let at: BTreeMap<&str, usize> =
        firms.ids().iter().enumerate().filter_map(|(row, id)| Some((id?, row))).collect();
    let given = firms.rows();
    let mut parcels: BTreeMap<&str, Vec<(&str, Option<f64>)>> = BTreeMap::new();
    for row in 0..given.firm.len() {
        if let (Some(parcel), Some(firm)) = (given.parcel.get(row), given.firm.get(row)) {
            parcels.entry(parcel).or_default().push((firm, given.size.get(row)));
        }
    }
    let mut rows = Rows::new(&["parcel", "firms", "best_grade", "worst_grade", "low_share", "standing"]);
    for (parcel, mut standing) in parcels {
        standing.sort_unstable_by(|a, b| a.0.cmp(b.0));
        let grade = |firm: &str| at.get(firm).and_then(|&row| found.grades[row]);
        let ranked: Vec<Grade> =
            standing.iter().filter_map(|(firm, _)| grade(firm)).filter(|&grade| grade != Grade::T).collect();
        let sizes = |wanted: &dyn Fn(&str) -> bool| -> Option<f64> {
            let chosen = standing.iter().filter(|(firm, _)| wanted(firm));
            chosen.map(|(_, size)| *size).collect::<Option<Vec<f64>>>().map(ordered_sum)
        };
        let known = standing.iter().all(|(firm, _)| grade(firm).is_some());
        let share = sizes(&|_| true)
            .filter(|&all| known && all > 0.0)
            .zip(sizes(&|firm| grade(firm).is_some_and(|grade| low.contains(&grade))));
        let mut names: Vec<String> = standing
            .iter()
            .map(|(firm, _)| format!("{firm}:{}", grade(firm).map_or("?".into(), |grade| grade.to_string())))
            .collect();
        names.dedup();
        rows.word(Some(parcel));
        rows.number(Some(names.len() as f64));
        rows.word(ranked.iter().min().map(ToString::to_string).as_deref());
        rows.word(ranked.iter().max().map(ToString::to_string).as_deref());
        rows.number(share.map(|(all, low)| low / all));
        rows.word(Some(&names.join(";")));
        rows.end();
    }
    rows.finish()
}
