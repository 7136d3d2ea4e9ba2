//! What to type next: after an error that another command helps with, and where a run could not judge.

use std::borrow::Cow;
use std::path::Path;

use landuse::io::Contents;
use landuse::warning::WarningKind;
use landuse::{Analysis, Error};

/// What to type after a schema file was written.
pub(crate) fn after_schema(parcels: &Path, schema: &Path, contents: &Contents) -> String {
    let (parcels, schema) = (typed(parcels), typed(schema));
    let mut text = String::from("\nNext\n");
    if contents.codes.iter().any(|table| table.scheme.is_none()) {
        text.push_str(&format!(
            "  give the codes in {schema} a class, and say which are construction land, then\n"
        ));
    }
    text.push_str(&format!("  landuse analyze {parcels} --schema {schema} --out out\n"));
    if contents.codes.is_empty() {
        text.push_str(&format!(
            "  landuse schema {parcels} --codes PROPERTY --labels PROPERTY --out {schema} --overwrite\n      \
             where a property holds land-use codes, and another their names: no name here says so\n"
        ));
    }
    text
}

/// What to type where a run judged nothing, or knew nobody's use; empty where it judged.
pub(crate) fn after_run(analysis: &Analysis, asked: &Asked<'_>, out: &Path) -> String {
    let warnings = analysis.efficiency().warnings.iter().map(landuse::Warning::kind);
    let (mut unjudged, mut use_unknown, mut few) = (false, false, false);
    for kind in warnings {
        unjudged |= matches!(kind, WarningKind::NothingJudged);
        use_unknown |= matches!(kind, WarningKind::AllAreCandidates);
        few |= matches!(kind, WarningKind::TooFewToRank { .. });
    }
    let Some(parcels) = asked.parcels.filter(|_| unjudged || use_unknown || few).map(typed) else {
        return String::new();
    };
    let schema = asked.schema.map(typed);
    let read_by = schema.as_ref().map_or_else(String::new, |schema| format!(" --schema {schema}"));
    let again = format!("landuse analyze {parcels}{read_by} --out {} --overwrite", typed(out));
    let mut text = String::from("\nNext\n");
    let mut line = |command: &str, why: &str| text.push_str(&format!("  {command}\n      {why}\n"));
    match &schema {
        Some(schema) if use_unknown => line(
            &again,
            &format!(
                "once the current use and its scheme in {schema} say which land is industrial or logistics"
            ),
        ),
        None if use_unknown => line(
            &format!("landuse schema {parcels} --out schema.toml"),
            "writes which property is what, with a table of all land-use codes to fill in: `--schema schema.toml` reads it",
        ),
        _ => {}
    }
    if unjudged {
        let score = possible_score(analysis);
        line(
            &format!("{again} --score '{}'", score.as_deref().unwrap_or("COLUMN / area_m2")),
            "judges by a score: any property of numbers may stand in it, `area_m2` is the land",
        );
        if !use_unknown {
            line(
                &format!("landuse schema {parcels}"),
                "shows the properties there are, with types and values",
            );
        }
    }
    if few {
        line(
            &format!("{again} … --low-below X"),
            "judges by a standard, which few candidates can be held to as well as many; `--where` takes more of them",
        );
    }
    text
}

/// A score that the columns at hand could make.
fn possible_score(analysis: &Analysis) -> Option<String> {
    let numbers = &analysis.parcels().attributes().numbers;
    let known = |name: &str| numbers.get(name).is_some_and(|column| column.values.known() > 0);
    if known("improvement_value") && known("land_value") {
        return Some("improvement_value / land_value".into());
    }
    let amount = numbers.iter().find(|(name, column)| column.adds_up && known(name));
    amount.map(|(name, _)| {
        let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if plain { format!("{name} / area_m2") } else { format!("`{name}` / area_m2") }
    })
}

/// What a command was asked, as far as a next one depends on it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked<'a> {
    pub(crate) parcels: Option<&'a Path>,
    pub(crate) schema: Option<&'a Path>,
    pub(crate) rules: Option<&'a Path>,
}

/// What to type after an error; none where nothing helps.
pub(crate) fn after_error(error: &Error, asked: &Asked<'_>) -> Option<String> {
    let parcels = asked.parcels.map_or(Cow::Borrowed("PARCELS"), typed);
    match error {
        Error::Crs(_) => Some(
            "`--source-crs` says which system the files are in, `--crs` which plane to compute in".to_owned(),
        ),
        Error::Encoding { .. } => {
            Some("`--encoding` says which encoding the texts of all Shapefiles are in".to_owned())
        }
        Error::Config { file, .. }
            if asked.schema.is_some_and(|path| path.display().to_string() == **file) =>
        {
            Some(format!(
                "next: `landuse schema {parcels} --out new.toml` writes a schema of this file that loads"
            ))
        }
        Error::Param(fault) if fault.name() == "pack" => {
            Some("next: `landuse rules` lists the packs that are built in".to_owned())
        }
        Error::Param(fault)
            if matches!(fault.name(), "column" | "columns" | "expression" | "peers" | "range") =>
        {
            let rules = asked.rules.filter(|_| matches!(fault.name(), "column" | "columns"));
            let needs =
                rules.map(|rules| format!("next: `landuse rules {}` says what the pack needs", typed(rules)));
            let there = asked.parcels.map(|_| {
                format!(
                    "next: `landuse schema {parcels}` shows the properties there are, their types and values"
                )
            });
            let both: Vec<String> = needs.into_iter().chain(there).collect();
            (!both.is_empty()).then(|| both.join("\n"))
        }
        _ => None,
    }
}

/// A path as a shell takes it.
pub(crate) fn typed(path: &Path) -> Cow<'_, str> {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''")).into()
}
