//! `landuse appraise`: firms by a rule pack, from one table.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use landuse::efficiency::{Appraisal, Appraised, Cuts, Grade, Grading, Measures};
use landuse::expr::ColumnTable;
use landuse::io::to_json;
use landuse::join::Firms;
use landuse::parcel::Column;
use landuse::report::{self, AppraisalSummary, Format};
use landuse::{Error, ParamError};
use serde::Serialize;

use crate::analyze::Csv;
use crate::joins::{Basis, table};
use crate::manifest::{Clock, Manifest, command_line};
use crate::output::{OutputDir, names};
use crate::rules::pack;
use crate::say;

/// Scores, ranks and grades firms by a rule pack, and says what stands on each parcel.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Firms (CSV, a workbook, or properties of features): `firm`, `parcel`, and the columns the rules name. A firm on several
    /// parcels has several rows.
    table: PathBuf,

    /// The rule pack: a file (TOML), or a built-in one: `huangyan-2021`, `huangyan-2022`, `linhai-2014`.
    #[arg(long, value_name = "FILE|NAME")]
    pub(crate) rules: PathBuf,

    /// A column to compute before the rules look: `tax_per_mu=tax/land_mu`, a column or the quotient of two.
    #[arg(long = "column", value_name = "NAME=EXPR")]
    columns: Vec<String>,

    /// What belongs to a row, the firm on that parcel, and not to the firm: land (`land_m2` or `land_mu`), floor area or jobs.
    #[arg(long, value_name = "BASIS", value_enum, default_value_t = Basis::Land)]
    firms_by: Basis,

    #[command(flatten)]
    grading: GradingArguments,

    /// How tables are written: `plain`, or `spreadsheet` with a byte-order mark and an apostrophe before texts that a spreadsheet would take
    /// for formulas.
    #[arg(long, value_name = "KIND", value_enum, default_value_t = Csv::Plain)]
    csv: Csv,

    /// Folder for the outputs: `appraisal.csv`, `appraisal.json`, `manifest.json` and, where parcels are named, `parcels.csv`.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Replace the outputs of an earlier run.
    #[arg(long)]
    overwrite: bool,
}

/// How ranks become grades, where the pack does not say.
#[derive(Debug, Args)]
pub(crate) struct GradingArguments {
    /// Where the grades A, B and C end, as shares of the ranking, for packs without grades or instead of theirs: `0.2,0.6,0.95`.
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    cuts: Vec<f64>,

    /// Grades that are low-efficiency; D by default.
    #[arg(long, value_name = "GRADES", value_delimiter = ',')]
    low_grades: Vec<String>,
}

impl GradingArguments {
    /// The pack with other grades, where the command line says so.
    pub(crate) fn apply(&self, pack: Appraisal) -> Result<Appraisal, Error> {
        match self.cuts[..] {
            [a, b, c] => pack.with_grading(Grading::new(Cuts { a, b, c })),
            [] => Ok(pack),
            _ => Err(ParamError::new("cuts", self.cuts.len(), "three shares, where A, B and C end").into()),
        }
    }

    /// The grades that are low-efficiency; none where the command line does not say.
    pub(crate) fn low_grades(&self) -> Result<Option<Vec<Grade>>, Error> {
        if self.low_grades.is_empty() {
            return Ok(None);
        }
        let grade = |name: &String| {
            let found = [Grade::A, Grade::B, Grade::C, Grade::D].into_iter().find(|g| g.to_string() == *name);
            found.ok_or_else(|| ParamError::new("low-grades", name, "grades among A, B, C and D").into())
        };
        self.low_grades.iter().map(grade).collect::<Result<_, _>>().map(Some)
    }
}

/// `appraisal.json`.
#[derive(Debug, Serialize)]
struct Report {
    #[serde(flatten)]
    summary: AppraisalSummary,
    groups: Vec<GroupReport>,
    firms: usize,
    contradictions: Vec<landuse::join::Contradiction>,
    warnings: Vec<landuse::Warning>,
    inputs: Vec<landuse::analysis::InputFile>,
    command: Vec<String>,
}

/// The rules of one group, and the grades in it.
#[derive(Debug, Serialize)]
struct GroupReport {
    key: String,
    name: String,
    rows: usize,
    grades: BTreeMap<String, usize>,
    indicators: Vec<IndicatorReport>,
}

#[derive(Debug, Serialize)]
struct IndicatorReport {
    key: String,
    name: String,
    metric: String,
    unit: String,
    weight: f64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let out = OutputDir::create(&arguments.out, &names::APPRAISE, arguments.overwrite)?;
    let mut clock = Clock::start();
    let pack = arguments.grading.apply(pack(&arguments.rules)?)?;
    let low = arguments.grading.low_grades()?.unwrap_or_else(|| vec![Grade::D]);
    let mut inputs = Vec::new();
    let table = table(&arguments.table, "firms", &mut inputs)?;
    let firms = Firms::from_table(&table, arguments.firms_by.into())?;
    let mut columns = firms.columns()?;
    for column in &arguments.columns {
        columns = computed(columns, column)?;
    }
    let found = pack.run(firms.len(), &columns)?;
    clock.lap("appraise");
    let scored = report::appraisal_layer(firms.ids(), &found);
    let csv: Format = arguments.csv.into();
    out.write("appraisal.csv", |file| scored.write(csv, file))?;
    if firms.name_parcels() {
        let parcels = report::appraised_parcels_layer(&firms, &found, &low);
        out.write("parcels.csv", |file| parcels.write(csv, file))?;
    }
    let report = Report::new(&firms, &found, inputs.clone());
    out.put("appraisal.json", to_json(&report).as_bytes())?;
    clock.lap("write");
    out.commit(Manifest::new(inputs, None, &[], clock))?;
    say(&report.words());
    Ok(ExitCode::SUCCESS)
}

/// Adds a column that the command line defines.
fn computed(columns: ColumnTable, definition: &str) -> Result<ColumnTable, Error> {
    let Some((name, expression)) = definition.split_once('=') else {
        return Err(ParamError::new("column", definition, "NAME=EXPR").into());
    };
    let values: Column<f64> = columns.numbers(expression.trim())?;
    columns.number(name.trim(), values.iter())
}

impl Report {
    fn new(firms: &Firms, found: &Appraised, inputs: Vec<landuse::analysis::InputFile>) -> Self {
        let groups = found.pack().groups().iter().map(|group| {
            let mut own = GroupReport {
                key: group.key.to_string(),
                name: group.name.to_string(),
                rows: 0,
                grades: BTreeMap::new(),
                indicators: Vec::new(),
            };
            for row in (0..firms.len()).filter(|&row| found.group(row).is_some_and(|g| g.key == group.key)) {
                own.rows += 1;
                if let Some(grade) = found.grades[row] {
                    *own.grades.entry(grade.to_string()).or_default() += 1;
                }
            }
            own.indicators = group
                .indicators
                .iter()
                .map(|indicator| IndicatorReport {
                    key: indicator.key.to_string(),
                    name: indicator.name.to_string(),
                    metric: indicator.metric.to_string(),
                    unit: indicator.unit.to_string(),
                    weight: indicator.weight,
                })
                .collect();
            own
        });
        Self {
            summary: AppraisalSummary::of(found),
            groups: groups.collect(),
            firms: firms.len(),
            contradictions: firms.contradictions().to_vec(),
            warnings: found.warnings.clone(),
            inputs,
            command: command_line(),
        }
    }

    fn words(&self) -> String {
        let AppraisalSummary { name, version, source, evidence, scored, exits, .. } = &self.summary;
        let mut text = format!("{name} {version}: {source}\n  evidence: {evidence}\n");
        text.push_str(&format!("{} firms, {scored} with a score, {exits} marked for exit\n", self.firms));
        for GroupReport { key, name, rows, grades, .. } in &self.groups {
            let grades: Vec<String> = grades.iter().map(|(grade, rows)| format!("{grade} {rows}")).collect();
            let grades = if grades.is_empty() { "no grades".to_owned() } else { grades.join(", ") };
            text.push_str(&format!("  {key} ({name}): {rows} firms; {grades}\n"));
        }
        let contradictions = self.contradictions.iter().map(|c| {
            format!("firm `{}` says both {} and {} of `{}`: unknown", c.firm, c.first, c.other, c.column)
        });
        for warning in self.warnings.iter().map(ToString::to_string).chain(contradictions) {
            text.push_str(&format!("  - {warning}\n"));
        }
        text
    }
}
