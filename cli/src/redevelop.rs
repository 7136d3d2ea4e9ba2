//! `landuse redevelop`: from the sites of an analysis to what they could become.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use landuse::analysis::InputFile;
use landuse::redevelop::{Differences, FarSource, Outcome, Projects, RedevelopOptions, Scenario};
use landuse::report::{self, CapacityLayer, Format, RedevelopSummary};
use landuse::{Analysis, Error, ParamError};
use serde::Deserialize;

use crate::analyze;
use crate::layers::read_with;
use crate::manifest::{Clock, Manifest};
use crate::output::{MANIFEST, OutputDir, check_no_run, names};
use crate::{Terminal, say};

/// What the low-efficiency sites of an analysis could become: floor gained and built, land lost to lines and setbacks, what fits; which
/// parcels can be assembled, and what to build when.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Folder that `landuse analyze` wrote: its manifest names inputs and options, and the analysis is run again in memory. Paths of
    /// inputs are taken from where that run was started, so start from there.
    dir: PathBuf,

    /// Folder for the outputs.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Replace the outputs of an earlier run.
    #[arg(long)]
    overwrite: bool,

    /// What is asked, in a file (TOML); what the command line says besides comes before it.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,

    /// Target floor area ratio of every site; by default `allowed_far`, what the plan allows.
    #[arg(long, value_name = "FAR")]
    far: Option<f64>,

    /// Which parcels are redeveloped, as a condition; by default the low ones of sites.
    #[arg(long = "where", value_name = "EXPR")]
    parcels: Option<String>,

    /// Share of the usable land that is handed over for public use.
    #[arg(long, value_name = "SHARE")]
    dedicated: Option<f64>,

    /// Land nearer than this to the lines that exclude construction is not usable, m.
    #[arg(long, value_name = "M")]
    line_setback: Option<f64>,

    /// Buildings keep this far from the boundary of their site, m.
    #[arg(long, value_name = "M")]
    boundary_setback: Option<f64>,

    /// A scenario: differences to the plan and to the options of the analysis (TOML). Several are run side by side and held against the base.
    #[arg(long, value_name = "FILE")]
    scenario: Vec<PathBuf>,

    /// Write no map of the programme.
    #[arg(long)]
    no_map: bool,

    /// Title of that map.
    #[arg(long, value_name = "TEXT", default_value = "Programme of redevelopment")]
    title: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let options = options(arguments)?;
    let scenarios = scenarios(arguments, &options)?;
    let earlier = Earlier::read(&arguments.dir)?;
    let out = OutputDir::create(&arguments.out, &names::REDEVELOP, arguments.overwrite)?;
    let terminal = Terminal::new();
    let mut clock = Clock::start();
    let mut columns = options.columns()?;
    for scenario in &scenarios {
        columns.extend(scenario.columns(&earlier.options, &options)?);
    }
    let analysis = earlier.repeat(columns, &terminal, &mut clock)?;
    terminal.step("redevelopment");
    let base = Outcome::of("base", analysis, options)?;
    if let Some(reason) = base.infeasible.as_ref().filter(|_| scenarios.is_empty()) {
        return Err(Error::Infeasible { year: None, rule: "", reason: reason.clone() });
    }
    clock.lap("redevelopment");
    terminal.step("writing");
    let summary = write_base(&base, &out, arguments)?;
    clock.lap("write");
    let mut text = summary.text();
    if !scenarios.is_empty() {
        terminal.step("scenarios");
        let run = |scenario: &Scenario| scenario.run(&base.analysis, &base.plan);
        let outcomes = scenarios.iter().map(run).collect::<Result<Vec<_>, Error>>()?;
        let differences: Vec<_> = outcomes.iter().map(|own| Differences::between(&base, own)).collect();
        for layer in report::scenario_layers(&base, &outcomes, &differences) {
            out.write(&format!("{}.csv", layer.name()), |file| layer.write(Format::Csv, file))?;
        }
        text.push_str(&report::scenario_text(&base, &outcomes));
        clock.lap("scenarios");
    }
    out.commit(Manifest::of_analysis(&base.analysis, clock).with_plan(base.plan))?;
    drop(terminal);
    say(&text);
    Ok(ExitCode::SUCCESS)
}

/// Writes what a plan comes to: figures, layers, and pictures of its programme.
fn write_base(base: &Outcome, out: &OutputDir, arguments: &Arguments) -> Result<RedevelopSummary, Error> {
    let Outcome { analysis, capacity, assemblies, programme, .. } = base;
    let mut summary = RedevelopSummary::of(analysis, capacity);
    for which in CapacityLayer::ALL {
        let layer = capacity.layer(which, analysis);
        let (format, ending) =
            if layer.has_geometry() { (Format::GeoJson, "geojson") } else { (Format::Csv, "csv") };
        out.write(&format!("{}.{ending}", layer.name()), |file| layer.write(format, file))?;
    }
    if let Some(found) = assemblies {
        summary = summary.with_assemblies(found);
        out.write("assemblies.geojson", |file| {
            report::assemblies_layer(found, analysis).write(Format::GeoJson, file)
        })?;
        out.write("holdouts.csv", |file| report::holdouts_layer(found, analysis).write(Format::Csv, file))?;
    }
    if let (Some(chosen), Some(wanted)) = (programme, &base.plan.programme) {
        summary = summary.with_programme(chosen.clone());
        let of_sites;
        let assembled = assemblies.as_ref().filter(|_| wanted.projects == Projects::Assemblies);
        let outlines = if let Some(found) = assembled {
            &found.outlines
        } else {
            of_sites = capacity.outlines(analysis);
            &of_sites
        };
        out.write("programme.geojson", |file| {
            report::programme_layer(chosen, outlines, analysis, wanted).write(Format::GeoJson, file)
        })?;
        out.write("programme_years.csv", |file| {
            report::programme_years_layer(chosen).write(Format::Csv, file)
        })?;
        #[cfg(feature = "map")]
        if !arguments.no_map {
            let title = &arguments.title;
            let notes = [format!("Drawn by landuse {}.", env!("CARGO_PKG_VERSION"))];
            let picture = report::phased_map(analysis, chosen, outlines, title, &notes)?;
            out.put("programme.png", &picture.encode_png()?)?;
            if let Some(picture) = report::supply_chart(chosen, &format!("{title}: supply"), &notes) {
                out.put("supply.png", &picture?.encode_png()?)?;
            }
        }
        #[cfg(not(feature = "map"))]
        let _ = arguments;
    }
    out.put("redevelop.json", summary.to_json().as_bytes())?;
    Ok(summary)
}

/// The scenarios of the command line, each with a name of its own.
fn scenarios(arguments: &Arguments, plan: &RedevelopOptions) -> Result<Vec<Scenario>, Error> {
    let mut found: Vec<Scenario> = Vec::new();
    for path in &arguments.scenario {
        let scenario = read_with(path, Scenario::from_toml)?;
        scenario.plan(plan)?;
        if scenario.name() == "base" || found.iter().any(|other| other.name() == scenario.name()) {
            let expected = "a name that is not `base`, nor that of another scenario";
            return Err(ParamError::new("name", scenario.name(), expected).into());
        }
        found.push(scenario);
    }
    Ok(found)
}

/// The plan's file, changed by what the command line says.
fn options(arguments: &Arguments) -> Result<RedevelopOptions, Error> {
    let mut options = match &arguments.plan {
        Some(path) => read_with(path, RedevelopOptions::from_toml)?,
        None => RedevelopOptions::default(),
    };
    let capacity = &mut options.capacity;
    if let Some(far) = arguments.far {
        capacity.far = vec![FarSource::Value(far)];
    }
    if let Some(condition) = &arguments.parcels {
        capacity.parcels = Some(condition.as_str().into());
    }
    for (option, argument) in [
        (&mut capacity.dedicated_share, arguments.dedicated),
        (&mut capacity.line_setback_m, arguments.line_setback),
        (&mut capacity.boundary_setback_m, arguments.boundary_setback),
    ] {
        if let Some(value) = argument {
            *option = value;
        }
    }
    options.check()?;
    Ok(options)
}

/// What a manifest says of the run that wrote it.
#[derive(Debug, Deserialize)]
struct Listing {
    command: Vec<String>,
    inputs: Vec<ListedInput>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct ListedInput {
    name: String,
    role: String,
    hash: String,
}

/// An analysis that was run before.
struct Earlier {
    arguments: Box<analyze::Arguments>,
    options: landuse::Options,
    inputs: Vec<ListedInput>,
}

impl Earlier {
    fn read(dir: &Path) -> Result<Self, Error> {
        check_no_run(dir)?;
        let path = dir.join(MANIFEST);
        let file = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|error| Error::io("read", &path, error))?;
        let fault = |reason: String| Error::Config { file: file.as_str().into(), reason: reason.into() };
        let Listing { command, inputs } =
            serde_json::from_str(&text).map_err(|error| fault(error.to_string()))?;
        let wrong = || fault("expected the manifest of a folder that `landuse analyze` wrote".into());
        let arguments = crate::analyze_arguments(&command).ok_or_else(wrong)?;
        let options = landuse::Options::from_toml(&text, &file)?;
        Ok(Self { arguments, options, inputs })
    }

    /// Runs it again.
    fn repeat(
        self,
        columns: Vec<Box<str>>,
        terminal: &Terminal,
        clock: &mut Clock,
    ) -> Result<Analysis, Error> {
        terminal.step("reading");
        let layers = analyze::layers(&self.arguments, &self.options)?.columns(columns);
        let inputs = layers.load()?;
        let is_same = |(now, before): (&InputFile, &ListedInput)| now.hash == before.hash;
        let pairs = || inputs.files().iter().zip(&self.inputs);
        if let Some((now, _)) = pairs().find(|&pair| !is_same(pair)) {
            return Err(Error::Changed { file: now.name.as_str().into() });
        }
        clock.lap("read");
        analyze::run_watched(&inputs, self.options, terminal, clock)
    }
}
