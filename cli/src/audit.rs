//! `landuse audit`: two dates compared.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use landuse::analysis::InputsBuilder;
use landuse::audit::{Audit, AuditOptions, Year};
use landuse::control::Exclusion;
use landuse::land::land_status;
use landuse::parcel::NamedTexts;
use landuse::report::{AuditLayer, AuditSummary, Format};
use landuse::zoning::Schemes;
use landuse::{Error, Inputs, Options, ParcelSet, Warning};

use crate::layers::{ParcelArguments, source};
use crate::manifest::{Clock, Manifest};
use crate::output::{OutputDir, names};
use crate::{Terminal, say};

/// Compares two dates: what became of parcels, what changed inside the lines, why intensity changed.
#[derive(Debug, Args)]
#[command(mut_arg("parcels", |argument| argument.value_name("NEW").help("Parcels at the later date")))]
pub(crate) struct Arguments {
    /// Parcels at the earlier date.
    #[arg(value_name = "OLD")]
    old: PathBuf,

    #[command(flatten)]
    pub(crate) parcels: ParcelArguments,

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

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let out = OutputDir::create(&arguments.out, &names::AUDIT, arguments.overwrite)?;
    let terminal = Terminal::new();
    let mut clock = Clock::start();
    terminal.step("reading");
    let new = date(
        arguments,
        arguments.parcels.open(&arguments.parcels.parcels)?,
        "new",
        &arguments.control_lines,
        arguments.districts.as_deref(),
    )?;
    let new = new.load()?;
    let old = arguments.parcels.open(&arguments.old)?.in_plane_of(new.parcels());
    let own_lines = &arguments.old_control_lines;
    let old = date(arguments, old, "old", own_lines, arguments.old_districts.as_deref())?.load()?;
    clock.lap("read");

    terminal.step("measuring");
    let excluded =
        |inputs: &Inputs| inputs.control_lines().map(|lines| Arc::new(Exclusion::new(lines.excluded())));
    let lines = excluded(&new);
    let old_lines = excluded(&old).or_else(|| lines.clone());
    let old_districts = old.districts().or(new.districts());
    let id_property = new.id_property().map(Into::into);
    let files = new.files().iter().chain(old.files()).cloned().collect();
    let notes: Vec<Warning> = new.warnings().iter().chain(old.warnings()).cloned().collect();
    let year = |inputs: &Inputs, lines: Option<&_>, districts: Option<&_>| {
        let (set, schemes) = (inputs.parcels(), inputs.schemes());
        let status = land_status(set, schemes, arguments.floor_area_counts);
        let label = labels(set, schemes, arguments.label.as_deref());
        Year::new(ParcelSet::clone(set), status, label, lines, districts)
    };
    let old = year(&old, old_lines.as_ref(), old_districts)?;
    let new = year(&new, lines.as_ref(), new.districts())?;
    clock.lap("measure");
    terminal.step("comparing");
    let options = AuditOptions {
        min_share: arguments.min_share,
        same_share: arguments.same_share,
        least_change_m2: arguments.least_change,
    };
    let audit = Audit::compare(&old, &new, &options)?;
    clock.lap("compare");
    terminal.step("writing");
    let summary = AuditSummary::of(&audit, &old, &new, &notes);
    out.put("audit.json", summary.to_json().as_bytes())?;
    for which in AuditLayer::ALL {
        let layer = audit.layer(which, &old, &new);
        let (format, ending) =
            if layer.has_geometry() { (Format::GeoJson, "geojson") } else { (Format::Csv, "csv") };
        out.write(&format!("{}.{ending}", layer.name()), |file| layer.write(format, file))?;
    }
    clock.lap("write");
    out.commit(Manifest::new(files, id_property, &[&new.set, &old.set], clock))?;
    drop(terminal);
    say(&summary.text());
    Ok(ExitCode::SUCCESS)
}

/// One of the two dates, with its own lines and districts.
fn date(
    arguments: &Arguments,
    layers: InputsBuilder,
    name: &str,
    lines: &[PathBuf],
    districts: Option<&Path>,
) -> Result<InputsBuilder, Error> {
    let mut options = Options::default();
    arguments.parcels.set(&mut options.input)?;
    let mut layers = layers.options(&options)?.called(name).columns(arguments.label.as_deref());
    for path in lines {
        layers = layers.control_lines(source(path)?);
    }
    if let Some(path) = districts {
        layers = layers.districts(source(path)?);
    }
    Ok(layers)
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
