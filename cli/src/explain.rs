//! `landuse explain`: the card of one parcel or firm, from its verdict back to its inputs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use landuse::Error;
use landuse::io::{FoundFeature, Source, Table, find_features};
use serde_json::{Map, Value};

use crate::say;

/// The card of one parcel or firm: from its verdict back to its inputs.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder that `landuse analyze` or `landuse appraise` wrote.
    dir: PathBuf,

    /// Id of the parcel.
    #[arg(long, value_name = "ID", required_unless_present = "firm", conflicts_with = "firm")]
    parcel: Option<String>,

    /// Id of a firm that `landuse appraise` graded.
    #[arg(long, value_name = "ID")]
    firm: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let (dir, none) = (&arguments.dir, String::new());
    let card = match (&arguments.parcel, &arguments.firm) {
        (Some(id), _) if dir.join("parcels.geojson").exists() => parcel(dir, id)?,
        (Some(id), _) if dir.join("appraisal.csv").exists() => appraised_parcel(dir, id)?,
        (None, Some(id)) if dir.join("appraisal.csv").exists() => firm(dir, id)?,
        (parcel, firm) => {
            let (what, id) = match (parcel, firm) {
                (Some(id), _) => ("output of `landuse analyze` or `landuse appraise` with the parcel", id),
                (None, firm) => {
                    ("output of `landuse appraise` with the firm", firm.as_ref().unwrap_or(&none))
                }
            };
            return Err(not_found(dir, what, id));
        }
    };
    say(&card);
    Ok(ExitCode::SUCCESS)
}

fn not_found(place: &Path, what: &'static str, id: &str) -> Error {
    Error::NotFound { place: place.display().to_string().into(), what, id: id.into() }
}

/// A JSON file of the folder.
fn json(dir: &Path, name: &str) -> Result<Value, Error> {
    let path = dir.join(name);
    let text = std::fs::read(&path).map_err(|error| Error::io("read", &path, error))?;
    serde_json::from_slice(&text).map_err(|error| Error::Config {
        file: path.display().to_string().into(),
        reason: error.to_string().into(),
    })
}

/// A value in words; a dash for unknown.
fn words(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".into(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => {
            let value = number.as_f64().unwrap_or(f64::NAN);
            let text = number.to_string();
            if value.fract() == 0.0 {
                text.trim_end_matches(".0").to_owned()
            } else if text.len() <= 12 {
                text
            } else {
                format!("{value:.6}")
            }
        }
        Some(other) => other.to_string(),
    }
}

/// A section: a title and lines of name and value.
fn section(card: &mut String, title: &str, rows: &[(String, String)]) {
    if rows.is_empty() {
        return;
    }
    card.push_str(&format!("\n{title}\n"));
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in rows {
        let blanks = " ".repeat(width - name.chars().count());
        card.push_str(&format!("  {name}{blanks}  {value}\n"));
    }
}

/// Members of an object under the names people know them by.
fn picked(object: &Map<String, Value>, names: &[(&str, &str)]) -> Vec<(String, String)> {
    names
        .iter()
        .filter(|(key, _)| object.get(*key).is_some_and(|value| !value.is_null() && value != ""))
        .map(|(key, name)| ((*name).to_owned(), words(object.get(*key))))
        .collect()
}

/// The card of a parcel that was analysed.
fn parcel(dir: &Path, id: &str) -> Result<String, Error> {
    let manifest = json(dir, "manifest.json")?;
    let summary = json(dir, "summary.json")?;
    let property = manifest["id_property"].as_str().unwrap_or("id");
    let found = find_features(&Source::file(dir.join("parcels.geojson")), property, id)?;
    if found.is_empty() {
        let what = if property == "$id" { "parcel whose feature has the id" } else { "parcel of the id" };
        return Err(not_found(&dir.join("parcels.geojson"), what, id));
    }
    let mut card = String::new();
    if found.len() > 1 {
        card.push_str(&format!("{} parcels have the id `{id}`: each has a card\n\n", found.len()));
    }
    for FoundFeature { row, properties } in &found {
        card.push_str(&format!("Parcel {id} (feature {row})\n"));
        verdict(&mut card, properties);
        appraisal(&mut card, properties, &summary["efficiency"]["appraisal"]);
        for (file, title) in
            [("firms.csv", "Firms that stand here"), ("buildings.csv", "Buildings that stand here")]
        {
            // Tables of joins name the parcel, of which this may be one record.
            let parcel = properties.get("lu_parcel").and_then(Value::as_str).unwrap_or(id);
            joined(&mut card, &dir.join(file), title, "parcel", parcel)?;
        }
        let place = [
            ("lu_parcel", "parcel"),
            ("lu_records", "records on it"),
            ("lu_area_m2", "area, m²"),
            ("lu_class", "class of the current use"),
            ("lu_status", "counts as"),
            ("lu_site", "in low-efficiency site"),
            ("lu_moran_quadrant", "local Moran, quadrant"),
            ("lu_moran_p", "local Moran, p"),
            ("lu_gi_star_z", "Gi*, z"),
            ("lu_relation", "to lines that exclude construction"),
            ("lu_control_share", "share inside them"),
        ];
        section(&mut card, "Where it stands", &picked(properties, &place));
        let recorded: Vec<(String, String)> = properties
            .iter()
            .filter(|(name, _)| !name.starts_with("lu_"))
            .map(|(name, value)| (name.clone(), words(Some(value))))
            .collect();
        section(&mut card, "As recorded in the input", &recorded);
    }
    let efficiency = &summary["efficiency"];
    let rule = ["score", "direction", "rule", "basis", "threshold", "candidates", "known", "low_count"];
    let rule = rule.map(|key| (key, key));
    section(
        &mut card,
        "The rule, over all parcels",
        &picked(efficiency.as_object().unwrap_or(&Map::new()), &rule),
    );
    let inputs: Vec<(String, String)> = manifest["inputs"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|input| {
            (words(input.get("role")), format!("{} ({})", words(input.get("name")), words(input.get("hash"))))
        })
        .collect();
    section(&mut card, "Files it comes from", &inputs);
    Ok(card)
}

/// Verdict, sentences, field check and tests.
fn verdict(card: &mut String, properties: &Map<String, Value>) {
    let text = |key: &str| properties.get(key).filter(|value| !value.is_null());
    card.push_str(&format!("  verdict {}; class {}\n", words(text("lu_verdict")), words(text("lu_stock"))));
    if !properties.contains_key("lu_reasons") {
        card.push_str("  tests and sentences were left out of this run (`--no-reasons`)\n");
    }
    for key in ["lu_sentence_en", "lu_sentence_zh"] {
        if let Some(sentence) = text(key) {
            card.push_str(&format!("  {}\n", words(Some(sentence))));
        }
    }
    if let Some(Value::Object(check)) = text("lu_field_check") {
        let names = ["status", "date", "reason", "instead_of"].map(|key| (key, key));
        section(card, "Field check: it wins", &picked(check, &names));
    }
    for (i, reason) in text("lu_reasons").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let Some(reason) = reason.as_object() else { continue };
        let names = [
            ("rule", "rule"),
            ("basis", "rests on"),
            ("value", "value"),
            ("threshold", "threshold"),
            ("margin", "margin"),
            ("percentile", "better than this share of its peers"),
            ("low", "marks it low"),
            ("turns", "its opposite alone turns the verdict"),
        ];
        section(card, &format!("Test {}", i + 1), &picked(reason, &names));
    }
}

/// Items of the score, and whose rules they are.
fn appraisal(card: &mut String, properties: &Map<String, Value>, pack: &Value) {
    let Some(items) = properties.get("lu_items").and_then(Value::as_array) else { return };
    let mut rows: Vec<(String, String)> = items
        .iter()
        .map(|item| {
            let part = |key: &str| words(item.get(key));
            (part("key"), format!("value {}, points {} of {}", part("value"), part("points"), part("weight")))
        })
        .collect();
    let names = [("lu_score", "score"), ("lu_grade", "grade"), ("lu_rank", "rank")];
    rows.extend(picked(properties, &names));
    if let Some(pack) = pack.as_object() {
        let names = ["name", "version", "source", "evidence", "note"].map(|key| (key, key));
        rows.extend(picked(pack, &names).into_iter().map(|(name, value)| (format!("pack: {name}"), value)));
    }
    section(card, "Appraisal", &rows);
}

/// Rows of a table whose column is `id`: a line for each.
fn joined(card: &mut String, path: &Path, title: &str, column: &str, id: &str) -> Result<(), Error> {
    let rows: Vec<(String, String)> = rows(path, column, id)?
        .into_iter()
        .map(|mut cells| {
            let (_, name) = if cells.is_empty() { Default::default() } else { cells.remove(0) };
            let cells: Vec<String> =
                cells.into_iter().map(|(name, value)| format!("{name} {value}")).collect();
            (name, cells.join(", "))
        })
        .collect();
    section(card, &format!("{title} ({})", rows.len()), &rows);
    Ok(())
}

/// The known cells of each row of a table whose column is `id`; none where there is no such table.
fn rows(path: &Path, column: &str, id: &str) -> Result<Vec<Vec<(String, String)>>, Error> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let table = Table::read(&Source::file(path))?;
    let Some(ids) = table.text(column) else { return Ok(Vec::new()) };
    let cells = |row: usize| {
        let names = table.names().filter(|name| *name != column);
        names.filter_map(|name| Some((name.to_owned(), table.text(name)?.get(row)?.to_owned()))).collect()
    };
    Ok((0..table.len()).filter(|&row| ids.get(row) == Some(id)).map(cells).collect())
}

/// What a firm got in an appraisal; nothing where it is not in the table.
fn appraised(card: &mut String, dir: &Path, firm: &str) -> Result<(), Error> {
    for cells in rows(&dir.join("appraisal.csv"), "firm", firm)? {
        section(card, &format!("Firm {firm}"), &cells);
    }
    Ok(())
}

/// The card of a parcel in an appraisal of firms: what stands on it.
fn appraised_parcel(dir: &Path, id: &str) -> Result<String, Error> {
    let path = dir.join("parcels.csv");
    if !path.exists() {
        return Err(not_found(dir, "appraised table that names parcels, such as", id));
    }
    let table = Table::read(&Source::file(&path))?;
    let row = table.text("parcel").and_then(|ids| (0..table.len()).find(|&row| ids.get(row) == Some(id)));
    let Some(row) = row else {
        return Err(not_found(&path, "firm on the parcel", id));
    };
    let mut card = format!("Parcel {id}\n");
    for cells in rows(&path, "parcel", id)? {
        section(&mut card, "What stands on it", &cells);
    }
    let standing = table.text("standing").and_then(|firms| firms.get(row)).unwrap_or_default();
    for name in standing.split(';').filter_map(|firm| firm.rsplit_once(':').map(|(name, _)| name)) {
        appraised(&mut card, dir, name)?;
    }
    provenance(&mut card, dir)?;
    Ok(card)
}

/// The card of a firm.
fn firm(dir: &Path, id: &str) -> Result<String, Error> {
    let mut card = String::new();
    appraised(&mut card, dir, id)?;
    if card.is_empty() {
        return Err(not_found(&dir.join("appraisal.csv"), "firm", id));
    }
    provenance(&mut card, dir)?;
    Ok(card)
}

/// Whose rules an appraisal follows, and the files it was made from.
fn provenance(card: &mut String, dir: &Path) -> Result<(), Error> {
    let report = json(dir, "appraisal.json")?;
    let names = ["name", "version", "source", "evidence", "note"].map(|key| (key, key));
    let mut rows = picked(report.as_object().unwrap_or(&Map::new()), &names);
    for input in report["inputs"].as_array().into_iter().flatten() {
        rows.push((
            words(input.get("role")),
            format!("{} ({})", words(input.get("name")), words(input.get("hash"))),
        ));
    }
    section(card, "Rules and files", &rows);
    Ok(())
}
