use super::columns::{self, Entry, Group};
use crate::warning::{KINDS, KindEntry};

const HEAD: &str = "# Data dictionary\n\n\
    Every column of every layer and table, made from the tables in `src/report/columns/`; \
    `LANDUSE_REWRITE=1 cargo test --test it dictionary` writes this page anew.\n\n\
    Unknown is null in GeoJSON and Arrow, empty in CSV, and never 0. Units stand in the names, `_m2` for square metres and `_m` for metres; \
    1 stands for ratios. Nested values are lists or objects in GeoJSON, and JSON in CSV and Arrow. Features of GeoJSON layers hold \
    their members in order of name, those of `parcels` in the order below.\n";

/// The data dictionary in Markdown: every column of every layer and table, with type, unit, meaning, presence and source.
///
/// ```
/// let page = landuse::report::data_dictionary();
/// assert!(page.contains("| `net_area_m2` | number | m² | Land of its low parcels; land under two of them counts once. |"));
/// ```
pub fn data_dictionary() -> String {
    let mut page = String::from(HEAD);
    let parcels = "What the parcels came with, as it was understood. A layer that is written from GeoJSON text keeps the properties of the input \
        instead, byte for byte.";
    section(&mut page, "parcels: recorded", parcels, &columns::recorded());
    section(&mut page, "parcels: computed", "What was computed of each parcel.", &columns::computed());
    section(&mut page, "clusters", "Low-efficiency sites, dissolved.", &columns::sites());
    let units = "Study units that have a shape (`districts`), all units, what lies in none and the whole (`intensity`), and the same land by \
        distance from the lines (`gradient`).";
    section(&mut page, "districts, intensity, gradient", units, &columns::units());
    let lines = "Control lines that were given, whole; what stands inside each is in `summary.json`.";
    section(&mut page, "control_lines", lines, &columns::control_lines());
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
    let parcels = "Parcels that `landuse redevelop` builds anew, each by itself.";
    section(&mut page, "capacity_parcels", parcels, &columns::capacity_parcels());
    let sites = "Sites built anew as one, and parcels alone that belong to none.";
    section(&mut page, "capacity_sites", sites, &columns::capacity_sites());
    let units = "Sums over the sites of each study unit, and of all.";
    section(&mut page, "capacity_units", units, &columns::capacity_units());
    let assemblies = "Contiguous sets of parcels that meet the limits of an assembly, the best first.";
    section(&mut page, "assemblies", assemblies, &columns::assemblies());
    let holdouts = "Owners beside assemblies who have no part in them.";
    section(&mut page, "holdouts", holdouts, &columns::holdouts());
    #[cfg(feature = "programme")]
    {
        let projects = "Projects that a programme chooses from.";
        section(&mut page, "programme", projects, &columns::projects());
        section(&mut page, "programme_years", "Years of a programme.", &columns::programme_years());
        let outcomes = "A base and its scenarios, and which of them are on the Pareto front.";
        section(&mut page, "scenarios", outcomes, &columns::scenarios());
        let parcels = "Parcels that are another in a scenario than in the base.";
        section(&mut page, "scenario_parcels", parcels, &columns::scenario_parcels());
        let sites = "Sites of scenarios beside those of the base, then those that are gone.";
        section(&mut page, "scenario_sites", sites, &columns::scenario_sites());
        section(&mut page, "scenario_units", "Study units of scenarios.", &columns::scenario_units());
        section(&mut page, "scenario_lines", "Control lines of scenarios.", &columns::scenario_lines());
    }
    page
}

fn section<C>(page: &mut String, title: &str, what: &str, groups: &[Group<C>]) {
    page.push_str(&format!("\n## {title}\n\n{what}\n\n"));
    page.push_str("| column | type | unit | meaning | there | source |\n|---|---|---|---|---|---|\n");
    for group in groups {
        for entry in &group.entries {
            let Entry { name, unit, meaning, .. } = entry;
            let (kind, presence, source) = (entry.kind().name(), group.presence, group.source);
            page.push_str(&format!("| `{name}` | {kind} | {unit} | {meaning} | {presence} | `{source}` |\n"));
            for field in entry.members() {
                let (kind, unit, meaning) = (field.kind.name(), field.unit, field.meaning);
                page.push_str(&format!(
                    "| `{name}` · `{}` | {kind} | {unit} | {meaning} | | |\n",
                    field.name
                ));
            }
        }
    }
}

const WARNINGS_HEAD: &str = "# Warnings\n\n\
    Every kind of warning, made from the table in `src/warning.rs`; `LANDUSE_REWRITE=1 cargo test --test it dictionary` writes this page \
    anew.\n\n\
    Each is an object in `warnings` of `summary.json`, `audit.json` and `appraisal.json`: `kind`, `subject`, `figure` (null where there is none) \
    and `text`, in `summary.json` the Chinese `text_zh` too, and in `audit.json` the `date`, `old` or `new`, where it is about one of them. In the library it is a `Warning` with a text in every \
    language. The text names the layer in front where there is one, as in `control lines: …`. A subject in italics is used where no layer, \
    study unit or rule is named.\n\n\
    | kind | meaning | subject | figure | text |\n|---|---|---|---|---|\n";

/// The list of warnings in Markdown: every kind with its meaning, subject, figure and English text.
///
/// ```
/// assert!(landuse::report::warning_dictionary().contains("| `boundaries_repaired` |"));
/// ```
pub fn warning_dictionary() -> String {
    let mut page = String::from(WARNINGS_HEAD);
    for KindEntry { name, meaning, subject, figure, english } in KINDS {
        let meaning = meaning.trim();
        let subject = subject
            .strip_prefix('"')
            .and_then(|usual| usual.strip_suffix('"'))
            .map_or_else(|| format!("`{subject}`"), |usual| format!("*{usual}*"));
        let figure = if *figure == "none" { String::new() } else { format!("`{figure}`") };
        page.push_str(&format!("| `{name}` | {meaning} | {subject} | {figure} | {english} |\n"));
    }
    page
}
