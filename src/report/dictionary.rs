//! The data dictionary, made of the tables of columns.

use std::fmt::Write as _;

use super::columns::{self, Entry, Group};

const HEAD: &str = "# Data dictionary\n\n\
    Every column of every layer and table, made from the tables in `src/report/columns/`; \
    `LANDUSE_REWRITE=1 cargo test --lib dictionary` writes this page anew.\n\n\
    Unknown is null in GeoJSON and Arrow, empty in CSV, and never 0. Units stand in the names, `_m2` for square metres and `_m` for metres; \
    1 stands for ratios. Nested values are lists or objects in GeoJSON, and JSON in CSV and Arrow. Features of GeoJSON layers hold \
    their members in order of name, those of `parcels` in the order below.\n";

fn page() -> String {
    let mut page = String::from(HEAD);
    let parcels = "What the parcels came with, as it was understood. A layer that is written from GeoJSON text keeps the properties of the input \
        instead, byte for byte.";
    section(&mut page, "parcels: recorded", parcels, &columns::recorded());
    section(&mut page, "parcels: computed", "What was computed of each parcel.", &columns::computed());
    section(&mut page, "clusters", "Low-efficiency sites, dissolved.", &columns::sites());
    let units = "Study units that have a shape (`districts`), all units, what lies in none and the whole (`intensity`), and the same land by \
        distance from the lines (`gradient`).";
    section(&mut page, "districts, intensity, gradient", units, &columns::units());
    let inside = "Parcels that are, or may be, construction land and share land with a line that excludes it. Inside is not illegal.";
    section(&mut page, "inside_lines", inside, &columns::inside_lines());
    let certain = "The certain part of construction land inside each such line, permitted or not.";
    section(&mut page, "encroachments", certain, &columns::encroachments());
    let withdrawals = "The fewest parcels whose withdrawal brings each unit back within its limit.";
    section(&mut page, "withdrawals", withdrawals, &columns::withdrawals());
    section(&mut page, "firms", "One row per firm and parcel.", &columns::firms());
    let buildings =
        "One row per building and parcel it stands on, one without parcel for each building on none.";
    section(&mut page, "buildings", buildings, &columns::buildings());
    section(&mut page, "appraisal", "One row per firm of `landuse appraise`.", &columns::appraisal());
    let parcels = "One row per parcel that firms of `landuse appraise` name.";
    section(&mut page, "appraisal: parcels", parcels, &columns::appraised_parcels());
    let changes = "Parcels of both dates of `landuse audit`, and the land inside the lines of those where construction there changed.";
    section(&mut page, "changes, inside_changes", changes, &columns::changes());
    section(&mut page, "matches", "Parcels of both dates that share land.", &columns::matches());
    page
}

fn section<C>(page: &mut String, title: &str, what: &str, groups: &[Group<C>]) {
    write!(page, "\n## {title}\n\n{what}\n\n| column | type | unit | meaning | there | source |\n|---|---|---|---|---|---|\n").unwrap();
    for group in groups {
        for entry in &group.entries {
            let Entry { name, unit, meaning, .. } = entry;
            let (kind, presence, source) = (entry.kind().name(), group.presence, group.source);
            writeln!(page, "| `{name}` | {kind} | {unit} | {meaning} | {presence} | `{source}` |").unwrap();
            for field in entry.members() {
                let (kind, unit, meaning) = (field.kind.name(), field.unit, field.meaning);
                writeln!(page, "| `{name}` · `{}` | {kind} | {unit} | {meaning} | | |", field.name).unwrap();
            }
        }
    }
}

#[test]
fn the_page_says_what_the_tables_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/data-dictionary.md");
    let page = page();
    if std::env::var_os("LANDUSE_REWRITE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "{path} is not current: run LANDUSE_REWRITE=1 cargo test --lib dictionary");
}

#[test]
fn every_entry_is_a_sentence_under_a_name_of_its_own() {
    fn check<C>(groups: &[Group<C>]) {
        let mut names = std::collections::BTreeSet::new();
        for entry in groups.iter().flat_map(|group| &group.entries) {
            assert!(names.insert(entry.name), "`{}` stands twice", entry.name);
            assert!(
                entry.meaning.ends_with('.') && !entry.meaning.contains('|'),
                "{}: {}",
                entry.name,
                entry.meaning
            );
            let unit =
                [("_m2", "m²"), ("_m", "m")].into_iter().find(|(ending, _)| entry.name.ends_with(ending));
            assert!(
                unit.is_none_or(|(_, unit)| entry.unit == unit),
                "`{}` is in `{}`",
                entry.name,
                entry.unit
            );
        }
    }
    let mut parcels = columns::recorded();
    parcels.extend(columns::computed());
    check(&parcels);
    check(&columns::sites());
    check(&columns::units());
    check(&columns::inside_lines());
    check(&columns::encroachments());
    check(&columns::withdrawals());
    check(&columns::firms());
    check(&columns::buildings());
    check(&columns::appraisal());
    check(&columns::appraised_parcels());
    check(&columns::changes());
    check(&columns::matches());
}
