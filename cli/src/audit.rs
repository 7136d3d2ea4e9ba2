//! `landuse audit`: two dates compared.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use landuse::audit::{Audit, AuditOptions, Year};
use landuse::control::{ControlLines, Exclusion};
use landuse::io::schema::Schema;
use landuse::io::{OutputDir, Source, infer};
use landuse::land::land_status;
use landuse::parcel::NamedTexts;
use landuse::report::{self, AuditSummary};
use landuse::zoning::Schemes;
use landuse::{Error, ParcelSet};

use crate::layers::{ParcelArguments, source};
use crate::manifest::{Clock, Manifest, id_property, take};
use crate::{Progress, say};

/// Compares two dates: what became of parcels, what changed inside the lines, why intensity changed.
#[derive(Debug, Args)]
#[command(mut_arg("parcels", |argument| argument.value_name("NEW").help("Parcels at the later date")))]
pub(crate) struct Arguments {
    /// Parcels at the earlier date.
    #[arg(value_name = "OLD")]
    old: PathBuf,

    #[command(flatten)]
    parcels: ParcelArguments,

    /// Folder for the outputs.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Replace the outputs of an earlier run.
    #[arg(long)]
    overwrite: bool,

    /// Control lines at the later date, and at the earlier one too unless it has its own.
    #[arg(long, value_name = "FILE")]
    control_lines: Vec<PathBuf>,

    /// Control lines at the earlier date.
    #[arg(long, value_name = "FILE", requires = "control_lines")]
    old_control_lines: Vec<PathBuf>,

    /// Study units at the later date, and at the earlier one too unless it has its own.
    #[arg(long, value_name = "FILE")]
    districts: Option<PathBuf>,

    /// Study units at the earlier date; they match by id.
    #[arg(long, value_name = "FILE", requires = "districts")]
    old_districts: Option<PathBuf>,

    /// Property whose changes are tabled by area, such as a zone; by default the class of current use.
    #[arg(long, value_name = "PROPERTY")]
    label: Option<String>,

    /// Parcels belong together where they share at least this part of the smaller one.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1)]
    min_share: f64,

    /// A parcel is the same where it shares at least this part of both.
    #[arg(long, value_name = "SHARE", default_value_t = 0.98)]
    same_share: f64,

    /// Construction inside the lines of a parcel that changes by no more than this is no change, m².
    #[arg(long, value_name = "M2", default_value_t = 10.0)]
    least_change: f64,

    /// Take parcels with floor area as construction land where neither a flag nor a code tells.
    #[arg(long)]
    floor_area_counts: bool,
}

/// All outputs a run may write.
const OUTPUTS: [&str; 5] =
    ["audit.json", "changes.geojson", "inside_changes.geojson", "manifest.json", "matches.csv"];

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    arguments.parcels.start_threads()?;
    let out = OutputDir::create(&arguments.out, &OUTPUTS, arguments.overwrite)?;
    let progress = Progress::new();
    let mut clock = Clock::start();
    progress.step("reading");
    let (mut inputs, mut notes) = (Vec::new(), Vec::new());
    let mut take = |loaded, role: &str, file: &Source| take(loaded, role, file, &mut inputs, &mut notes);
    let label: Vec<&str> = arguments.label.as_deref().into_iter().collect();
    let (new_file, old_file) = (arguments.parcels.source()?, source(&arguments.old)?);
    let (schema, schemes) = arguments.parcels.schema(&new_file, &label)?;
    let id_property = id_property(&schema);
    let new_set = take(arguments.parcels.loader(schema)?.load(&new_file)?, "new parcels", &new_file);
    let (schema, old_schemes) = arguments.parcels.schema(&old_file, &label)?;
    let loaded = arguments.parcels.loader(schema)?.load_beside(&old_file, &new_set)?;
    let old_set = take(loaded, "old parcels", &old_file);

    let layer = Schema::layer()?;
    let mut beside = |role: &str, paths: &[PathBuf]| -> Result<Option<ParcelSet>, Error> {
        let mut sets = Vec::new();
        for path in paths {
            let file = source(path)?;
            let properties = infer(&file)?.decisions;
            let schema = layer.fit(properties.iter().map(|decision| &*decision.property));
            let loader = arguments.parcels.layer_loader(schema)?;
            sets.push(take(loader.load_beside(&file, &new_set)?, role, &file));
        }
        Ok(ParcelSet::merged(sets))
    };
    let lines = beside("control lines", &arguments.control_lines)?;
    let old_lines = beside("old control lines", &arguments.old_control_lines)?;
    let districts = beside("districts", arguments.districts.as_slice())?;
    let old_districts = beside("old districts", arguments.old_districts.as_slice())?;

    clock.lap("read");
    progress.step("measuring");
    let excluded = |layer: Option<ParcelSet>| -> Result<Option<Arc<Exclusion>>, Error> {
        let lines = layer.map(ControlLines::new).transpose()?;
        Ok(lines.map(|lines| Arc::new(Exclusion::new(lines.excluded()))))
    };
    let (lines, old_lines) = (excluded(lines)?, excluded(old_lines)?);
    let year = |set: ParcelSet, schemes: &Schemes, lines: Option<&_>, districts: Option<&_>| {
        let status = land_status(&set, schemes, arguments.floor_area_counts);
        let label = labels(&set, schemes, arguments.label.as_deref());
        Year::new(set, status, label, lines, districts)
    };
    let old = year(
        old_set,
        &old_schemes,
        old_lines.as_ref().or(lines.as_ref()),
        old_districts.as_ref().or(districts.as_ref()),
    )?;
    let new = year(new_set, &schemes, lines.as_ref(), districts.as_ref())?;
    clock.lap("measure");
    progress.step("comparing");
    let options = AuditOptions {
        min_share: arguments.min_share,
        same_share: arguments.same_share,
        least_change_m2: arguments.least_change,
    };
    let audit = Audit::compare(&old, &new, &options)?;
    clock.lap("compare");
    progress.step("writing");
    let summary = AuditSummary::of(&audit, &old, &new, &notes);
    out.write("audit.json", |file| file.write(summary.to_json().as_bytes()))?;
    out.write("matches.csv", |file| file.write(report::matches_csv(&audit, &old, &new).as_bytes()))?;
    out.write("changes.geojson", |file| report::write_changes(&audit, &old, &new, file))?;
    out.write("inside_changes.geojson", |file| report::write_inside_changes(&audit, &old, &new, file))?;
    clock.lap("write");
    Manifest::new(inputs, id_property, &[&new.set, &old.set], clock).write(&out)?;
    out.commit()?;
    drop(progress);
    say(&summary.text());
    Ok(ExitCode::SUCCESS)
}

/// What each parcel is called: by a property, else by the class of its current use.
fn labels(set: &ParcelSet, schemes: &Schemes, property: Option<&str>) -> NamedTexts {
    let attributes = set.attributes();
    if let Some(name) = property {
        let own = attributes.texts.get(name).cloned();
        return own.unwrap_or_else(|| {
            let mut texts = NamedTexts::new();
            let numbers = attributes.numbers.get(name);
            for i in 0..set.len() {
                let value = numbers.and_then(|numbers| numbers.values.get(i)).map(|value| value.to_string());
                texts.push(value.as_deref());
            }
            texts
        });
    }
    let uses = schemes.resolve_column(&attributes.current_use);
    let mut texts = NamedTexts::new();
    for i in 0..set.len() {
        texts.push(uses.of(attributes.current_use.key(i)).map(|land| land.class.name()));
    }
    texts
}
