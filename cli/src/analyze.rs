//! `landuse analyze`: from parcels to tables, layers and a map.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use landuse::adjacency;
use landuse::analysis::{CheckSource, DensityOptions, InputsBuilder, LayerSource, Progress};
use landuse::cluster::RegionOptions;
use landuse::control::Permits;
use landuse::efficiency::{Appraisal, EfficiencyOptions, Rule};
use landuse::intensity::{Cells, UnitLimit, Unparcelled, WarningLine};
use landuse::report::{self, Format, OutputLayer, PageInput, Summary};
use landuse::sensitivity::SweepOptions;
use landuse::zoning::SmallClass;
use landuse::{Analysis, Error, Inputs, Language, Options, ParamError};

use crate::appraise::GradingArguments;
use crate::joins::{self, JoinArguments};
use crate::layers::{ParcelArguments, read_with, source};
use crate::manifest::{Clock, Manifest};
use crate::output::{OutputDir, OutputFile, PAGE, names};
use crate::{Terminal, next, say};

/// From parcels to tables, layers and a map.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) parcels: ParcelArguments,

    /// Folder for the outputs.
    #[arg(long, value_name = "DIR", required_unless_present = "dry_run")]
    out: Option<PathBuf>,

    /// Forms of the layers: `geojson` (with tables as CSV), `gpkg` (all in `landuse.gpkg`, coloured in QGIS), `geoparquet` (a `.parquet` for
    /// each), `xlsx` (sites, districts, ledger, lines and warnings in `landuse.xlsx`), or several; the last two with `--features full`.
    /// `--report` and `landuse explain` need the first.
    #[arg(long, value_name = "FORM,…", value_delimiter = ',', value_enum, default_value = "geojson")]
    format: Vec<Form>,

    /// Layers and tables to write, in every form: `parcels`, `clusters`, `districts`, `control_lines`, `inside_lines`, `encroachments`,
    /// `intensity`, `gradient`, `withdrawals`; by default all there are. What was rejected, summary and manifest are always written.
    #[arg(long, value_name = "LAYER,…", value_delimiter = ',', conflicts_with = "report")]
    outputs: Vec<OutputLayer>,

    /// Leave the tests of each parcel and the verdicts in words out of `parcels.geojson`, where they are the longest columns; the card of
    /// `landuse explain` then has neither.
    #[arg(long)]
    no_reasons: bool,

    /// How tables are written as CSV: `plain`, or `spreadsheet` with a byte-order mark and an apostrophe before texts that a spreadsheet
    /// would take for formulas.
    #[arg(long, value_name = "KIND", value_enum, default_value_t = Csv::Plain)]
    csv: Csv,

    /// Replace the outputs of an earlier run.
    #[arg(long)]
    overwrite: bool,

    /// Say how each property is understood, print a schema file to edit, and stop.
    #[arg(long)]
    dry_run: bool,

    /// All settings in a file (TOML, or the manifest of an earlier run); what the command line says besides comes before it.
    #[arg(long, value_name = "FILE")]
    options: Option<PathBuf>,

    /// Control lines with the properties id, name, tier and effect (`exclude`, `confine`, `reserve`).
    #[arg(long, value_name = "FILE")]
    control_lines: Vec<PathBuf>,

    /// Which of the control lines are taken, as a condition over their properties, such as `tier == "core"`.
    #[arg(long, value_name = "EXPR", requires = "control_lines")]
    lines_where: Option<String>,

    /// Study units with the properties id and name.
    #[arg(long, value_name = "FILE")]
    districts: Option<PathBuf>,

    /// Which of the study units are taken, as a condition over their properties.
    #[arg(long, value_name = "EXPR", requires = "districts")]
    districts_where: Option<String>,

    /// Cells as study units: `grid:500` squares or `hex:250` hexagons of that side in m; districts then bound the study area.
    #[arg(long, value_name = "grid:M|hex:M")]
    units: Option<Cells>,

    /// Adds a gradient: the ledger by distance from the lines that exclude construction, in bands that end at these distances, m,
    /// such as `100,500,1000`.
    #[arg(long, value_name = "M,M,…", value_delimiter = ',', requires = "control_lines")]
    bands: Vec<f64>,

    /// Land that cannot be built on for other reasons, such as water.
    #[arg(long, value_name = "FILE")]
    unsuitable: Vec<PathBuf>,

    #[command(flatten)]
    joins: JoinArguments,

    /// Field checks (a table: `parcel`, `status`, `reason`, `date`): they win over what is computed, and the output says so.
    #[arg(long, value_name = "FILE")]
    overrides: Option<PathBuf>,

    /// A rule pack of the appraisal (TOML, or a built-in one such as `huangyan-2022`), or candidates, score and rule in a file (TOML)
    /// instead of the options below.
    #[arg(long, value_name = "FILE|NAME", conflicts_with_all = ["score", "low_below", "low_quantile"])]
    rules: Option<PathBuf>,

    #[command(flatten)]
    grading: GradingArguments,

    /// Column whose values are peer groups for percentiles: `district`, `class` or a column of texts; by default all candidates are
    /// peers.
    #[arg(long, value_name = "COLUMN")]
    peers: Option<String>,

    /// Who is judged, as a condition; by default current industrial and logistics land.
    #[arg(long = "where", value_name = "EXPR")]
    candidates: Option<String>,

    /// Score of a parcel, as an expression; by default tax, output or floor area per area of land, whichever is known.
    #[arg(long, value_name = "EXPR")]
    score: Option<String>,

    /// Low is a score below this.
    #[arg(long, value_name = "X", allow_negative_numbers = true, conflicts_with = "low_quantile")]
    low_below: Option<f64>,

    /// Low is a score in this lowest share of the candidates; 0.2 by default.
    #[arg(long, value_name = "SHARE")]
    low_quantile: Option<f64>,

    /// Parcels up to this far apart are neighbours, m; 15 by default.
    #[arg(long, value_name = "M")]
    gap: Option<f64>,

    /// Who else counts as a neighbour: `gap:M`, `edge`, `corner`, `knn:K` or `band:M` (the last two by centres, for statistics alone); by
    /// default parcels within `--gap`.
    #[arg(long, value_name = "RULE")]
    adjacency: Option<adjacency::Rule>,

    /// Lines or areas that cut neighbours across a gap off from each other, such as railways and rivers.
    #[arg(long, value_name = "FILE")]
    barriers: Vec<PathBuf>,

    /// Areas where barriers can be crossed: bridges, underpasses.
    #[arg(long, value_name = "FILE", requires = "barriers")]
    lanes: Vec<PathBuf>,

    /// Column that names the owner, for the owners of each site; by default `owner`, where there is one.
    #[arg(long, value_name = "COLUMN")]
    owner: Option<String>,

    /// Density clusters of low parcels (DBSCAN on the gaps between polygons): greatest gap in m, least area around a core in m².
    #[arg(long, value_name = "M,M2", value_parser = two_numbers)]
    density: Option<(f64, f64)>,

    /// Divide low parcels into as many contiguous regions as possible (max-p): least area of each in m², and greatest span in m.
    #[arg(long, value_name = "M2[,M]", value_parser = one_or_two_numbers)]
    regions: Option<(f64, Option<f64>)>,

    /// Write the graph of neighbours as `neighbours.gal`.
    #[arg(long)]
    gal: bool,

    /// Least net area of a site, m²; 10,000 by default.
    #[arg(long, value_name = "M2")]
    min_cluster_area: Option<f64>,

    /// Draws behind each permutation test: 9,999 by default for local statistics; for the sizes of sites 999, or 199 from
    /// 200,000 judged parcels on.
    #[arg(long, value_name = "N")]
    permutations: Option<u32>,

    /// Significance level of the local statistics; 0.05 by default.
    #[arg(long, value_name = "P")]
    alpha: Option<f64>,

    /// Share of construction land that should not be passed, such as 0.30.
    #[arg(long, value_name = "SHARE", requires = "warning_source")]
    warning_line: Option<f64>,

    /// Who set the warning line.
    #[arg(long, value_name = "TEXT")]
    warning_source: Option<String>,

    /// Limits of single districts (TOML), before the warning line; districts may also carry `warning_line` or `quota_ha` themselves.
    #[arg(long, value_name = "FILE")]
    quotas: Option<PathBuf>,

    /// Floor area ratio at which headroom under a limit is built on.
    #[arg(long, value_name = "FAR")]
    headroom_far: Option<f64>,

    /// Construction land that is added a year, as a share of today's, such as 0.02: gives the years until a limit is passed.
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true)]
    growth: Option<f64>,

    /// Residents of a parcel, as an expression; districts may carry `population` themselves.
    #[arg(long, value_name = "EXPR")]
    population: Option<String>,

    /// An amount to add up per unit, as an expression, such as `tax_yuan`: split by area where a border splits a parcel.
    #[arg(long, value_name = "EXPR")]
    sum: Vec<String>,

    /// A level to average per unit by area, as an expression, such as `allowed_far`.
    #[arg(long, value_name = "EXPR")]
    mean: Vec<String>,

    /// Use that land inside lines with the effect `reserve` is kept for, by class; industrial by default.
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    reserve_class: Vec<SmallClass>,

    /// Least share of that use; a line may carry `min_share` itself. 0.6 by default.
    #[arg(long, value_name = "SHARE")]
    reserve_share: Option<f64>,

    /// What may stand inside control lines: a file (TOML), or `shenzhen_basic_ecological`.
    #[arg(long, value_name = "FILE|NAME", requires = "control_lines")]
    permits: Option<PathBuf>,

    /// Stated error of parcel borders, m; 0.5 by default.
    #[arg(long, value_name = "M", requires = "control_lines")]
    parcel_error: Option<f64>,

    /// Stated error of control lines, m; 0.5 by default.
    #[arg(long, value_name = "M", requires = "control_lines")]
    line_error: Option<f64>,

    /// Take parcels with floor area as construction land where neither a flag nor a code tells.
    #[arg(long)]
    floor_area_counts: bool,

    /// What land of a study unit in no parcel, streets mostly, counts as in the interval of intensity: `construction`, `other` or
    /// `unknown`, the default.
    #[arg(long, value_name = "KIND")]
    unparcelled: Option<Unparcelled>,

    /// Sweeps score threshold, gap, lines and warning line, and says what they decide: per parcel, site and unit. With `=FILE`,
    /// over the settings of that file (TOML: `worst_shares`, `threshold_factors`, `gaps_m`, `buffers_m`, `warning_lines`).
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "absent, bare, or with a file")]
    sensitivity: Option<Option<PathBuf>>,

    /// Draws the ledger too, also where no map is asked for: intensity by unit on a map, bars against limits, the gradient.
    #[arg(long)]
    charts: bool,

    /// Writes `report.html` too: one page to hand in, that opens without a network.
    #[arg(long)]
    report: bool,

    /// Language of the terminal, the page and the workbook: `en` or `zh`.
    #[arg(long, value_name = "LANG", default_value = "en", value_parser = crate::report::language)]
    lang: Language,

    /// Seed of all random draws; 0 by default.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Draw no map of the parcels.
    #[arg(long)]
    no_map: bool,

    /// Paper that maps are drawn for, across.
    #[arg(long, value_name = "PAPER")]
    page: Option<Page>,

    /// Dots per inch of maps, 50 to 600; 205 by default.
    #[arg(long, value_name = "DPI", value_parser = clap::value_parser!(u32).range(50..=600))]
    dpi: Option<u32>,

    /// Title of the map.
    #[arg(long, value_name = "TEXT", default_value = "Low-efficiency land")]
    title: String,
}

/// Sizes of paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Page {
    A4,
    A3,
}

/// A form in which layers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// GeoJSON for layers, CSV for tables.
    Geojson,
    /// One GeoPackage with all of them.
    #[cfg(feature = "gpkg")]
    Gpkg,
    /// GeoParquet, a file for each of them.
    #[cfg(feature = "parquet")]
    Geoparquet,
    /// One workbook with sites, districts, ledger, lines and warnings.
    #[cfg(feature = "xlsx")]
    Xlsx,
}

/// How tables are written as CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Csv {
    Plain,
    Spreadsheet,
}

impl From<Csv> for Format {
    fn from(csv: Csv) -> Self {
        match csv {
            Csv::Plain => Self::Csv,
            Csv::Spreadsheet => Self::SpreadsheetCsv,
        }
    }
}

/// Layers and tables, how they are written, and the ending of their files.
const LAYERS: [(OutputLayer, Format, &str); 8] = [
    (OutputLayer::Sites, Format::GeoJson, "geojson"),
    (OutputLayer::Districts, Format::GeoJson, "geojson"),
    (OutputLayer::ControlLines, Format::GeoJson, "geojson"),
    (OutputLayer::InsideLines, Format::GeoJson, "geojson"),
    (OutputLayer::Encroachments, Format::GeoJson, "geojson"),
    (OutputLayer::Intensity, Format::Csv, "csv"),
    (OutputLayer::Gradient, Format::Csv, "csv"),
    (OutputLayer::Withdrawals, Format::Csv, "csv"),
];

impl Arguments {
    /// What a next command depends on.
    pub(crate) fn asked(&self) -> next::Asked<'_> {
        next::Asked {
            parcels: Some(&self.parcels.parcels),
            schema: self.parcels.schema.as_deref(),
            rules: self.rules.as_deref(),
        }
    }

    /// Whether a layer is to be written, where there is one.
    fn writes(&self, which: OutputLayer) -> bool {
        self.outputs.is_empty() || self.outputs.contains(&which)
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    if arguments.dry_run {
        say(&arguments.parcels.explain(&layers(arguments, &options(arguments)?)?)?);
        return Ok(ExitCode::SUCCESS);
    }
    let Some(dir) = &arguments.out else { return Ok(ExitCode::from(2)) };
    let texts = arguments.format.contains(&Form::Geojson);
    if arguments.report && !texts {
        let expected = "`geojson` among them, which `--report` is made of";
        return Err(ParamError::new("--format", "without it", expected).into());
    }
    let out = OutputDir::create(dir, &names::ANALYZE, arguments.overwrite)?;
    let options = options(arguments)?;
    let layers = layers(arguments, &options)?;
    let terminal = Terminal::new();
    let mut clock = Clock::start();

    terminal.step("reading");
    let inputs = layers.load()?;
    clock.lap("read");
    let analysis = run_watched(&inputs, options, &terminal, &mut clock)?;

    terminal.step("writing");
    arguments.outputs.iter().try_for_each(|&which| analysis.layer(which).check())?;
    let (written, summary) = rayon::join(
        || write_parcels(arguments, &analysis, &out),
        || write_figures(arguments, &analysis, &out),
    );
    written?;
    let summary = summary?;
    #[cfg(feature = "gpkg")]
    if arguments.format.contains(&Form::Gpkg) {
        let layers: Vec<_> = OutputLayer::ALL.into_iter().filter(|&which| arguments.writes(which)).collect();
        out.write_at("landuse.gpkg", |path| report::write_geopackage_of(&analysis, &layers, path))?;
    }
    #[cfg(feature = "parquet")]
    if arguments.format.contains(&Form::Geoparquet) {
        write_geoparquet(arguments, &analysis, &out)?;
    }
    #[cfg(feature = "xlsx")]
    if arguments.format.contains(&Form::Xlsx) {
        out.write("landuse.xlsx", |file| report::write_workbook(&analysis, arguments.lang, file))?;
    }
    joins::write(&inputs, &out, arguments.csv.into())?;
    if arguments.gal {
        out.write("neighbours.gal", |file| report::write_graph(&analysis, file))?;
    }
    clock.lap("write");
    if !arguments.no_map || arguments.charts {
        terminal.step("drawing");
        draw(arguments, &analysis, &out)?;
        clock.lap("map");
    }
    let manifest = Manifest::of_analysis(&analysis, clock);
    if arguments.report {
        terminal.step("writing the page");
        let text = serde_json::to_vec(&manifest).unwrap_or_default();
        let input = PageInput::read(out.staging(), Some(&text))?;
        out.put(PAGE, report::page(&input, arguments.lang).as_bytes())?;
    }
    out.commit(manifest)?;

    drop(terminal);
    say(&report::text(&analysis, &summary, arguments.lang));
    say(&next::after_run(&analysis, &arguments.asked(), dir));
    Ok(ExitCode::SUCCESS)
}

/// Runs all stages, told on the terminal and timed one by one.
pub(crate) fn run_watched(
    inputs: &Inputs,
    options: Options,
    terminal: &Terminal,
    clock: &mut Clock,
) -> Result<Analysis, Error> {
    let mut stage = None;
    let analysis = Analysis::new(inputs, options)
        .observe(|Progress { stage: now, done_ratio, .. }| {
            if stage.replace(now) != Some(now) {
                clock.enter(now.name().into());
            }
            terminal.share(now.name(), done_ratio);
            ControlFlow::Continue(())
        })
        .run()?;
    clock.leave();
    Ok(analysis)
}

/// Writes the parcels where they are wanted as text, and those that could not be used in any case.
fn write_parcels(arguments: &Arguments, analysis: &Analysis, out: &OutputDir) -> Result<(), Error> {
    let wanted = arguments.format.contains(&Form::Geojson) && arguments.writes(OutputLayer::Parcels);
    let Some(text) = analysis.inputs().parcel_text() else {
        if !wanted {
            return Ok(());
        }
        let layer = analysis.layer(OutputLayer::Parcels);
        return out.write("parcels.geojson", |file| layer.write(Format::GeoJson, file));
    };
    let rejected = !analysis.parcels().rejected().is_empty();
    if !wanted {
        return if rejected {
            out.write("rejected.geojson", |file| {
                let accepted: Box<dyn Write + Send> = Box::new(std::io::sink());
                report::write_parcels(analysis, text, accepted, Some(Box::new(file)))
            })
        } else {
            Ok(())
        };
    }
    let mut accepted = out.file("parcels.geojson")?;
    let mut rejected = rejected.then(|| out.file("rejected.geojson")).transpose()?;
    let write =
        if arguments.no_reasons { report::write_parcels_without_reasons } else { report::write_parcels };
    write(analysis, text, &mut accepted, rejected.as_mut())
        .map_err(|error| accepted.named(error))
        .map_err(|error| rejected.iter().fold(error, |error, file| file.named(error)))?;
    accepted.finish()?;
    rejected.map_or(Ok(()), OutputFile::finish)
}

fn write_figures(arguments: &Arguments, analysis: &Analysis, out: &OutputDir) -> Result<Summary, Error> {
    let summary = Summary::of(analysis);
    out.put("summary.json", summary.to_json().as_bytes())?;
    let texts = arguments.format.contains(&Form::Geojson);
    for (which, format, ending) in LAYERS.into_iter().filter(|&(which, ..)| texts && arguments.writes(which))
    {
        let layer = analysis.layer(which);
        let format = if format == Format::Csv { arguments.csv.into() } else { format };
        if layer.is_available() {
            out.write(&format!("{}.{ending}", layer.name()), |file| layer.write(format, file))?;
        }
    }
    Ok(summary)
}

#[cfg(feature = "parquet")]
fn write_geoparquet(arguments: &Arguments, analysis: &Analysis, out: &OutputDir) -> Result<(), Error> {
    for which in OutputLayer::ALL.into_iter().filter(|&which| arguments.writes(which)) {
        let layer = analysis.layer(which);
        if layer.is_available() {
            out.write(&format!("{}.parquet", layer.name()), |file| layer.write(Format::GeoParquet, file))?;
        }
    }
    Ok(())
}

/// Every layer that the command line names.
pub(crate) fn layers(arguments: &Arguments, options: &Options) -> Result<InputsBuilder, Error> {
    let mut layers = arguments.parcels.open(&arguments.parcels.parcels)?.options(options)?;
    for path in &arguments.control_lines {
        layers = layers.control_lines(later(path));
    }
    if let Some(path) = &arguments.districts {
        layers = layers.districts(later(path));
    }
    for path in &arguments.unsuitable {
        layers = layers.unsuitable(later(path));
    }
    for path in &arguments.barriers {
        layers = layers.barriers(later(path));
    }
    for path in &arguments.lanes {
        layers = layers.lanes(later(path));
    }
    if let Some(path) = &arguments.joins.buildings {
        layers = layers.buildings(later(path));
    }
    if let Some(path) = &arguments.joins.firms {
        layers = layers.firms(later(path));
    }
    if let Some(path) = &arguments.overrides {
        layers = layers.field_checks(CheckSource::Table(later(path)));
    }
    Ok(layers)
}

/// A side input, opened once the parcels were read.
fn later(path: &Path) -> LayerSource {
    let path = path.to_owned();
    LayerSource::later(move || source(&path))
}

/// The options of the file, changed by what the command line says.
fn options(arguments: &Arguments) -> Result<Options, Error> {
    let mut options = match &arguments.options {
        Some(path) => read_with(path, Options::from_toml)?,
        None => Options::default(),
    };
    arguments.parcels.set(&mut options.input)?;
    arguments.joins.set(&mut options.input);
    set_text(&mut options.input.lines_where, arguments.lines_where.as_deref());
    set_text(&mut options.input.districts_where, arguments.districts_where.as_deref());
    efficiency(arguments, &mut options.efficiency)?;
    set(&mut options.seed, arguments.seed);
    set(&mut options.sites.gap_m, arguments.gap);
    set(&mut options.sites.min_area_m2, arguments.min_cluster_area);
    set(&mut options.statistics.alpha, arguments.alpha);
    if let Some(draws) = arguments.permutations {
        options = options.to_builder().permutations(draws).build()?;
    }
    if let Some(share) = arguments.warning_line {
        let source = arguments.warning_source.as_deref().unwrap_or_default().into();
        options.warning_line = Some(WarningLine { share, source });
    }
    options.floor_area_counts |= arguments.floor_area_counts;
    set(&mut options.unparcelled, arguments.unparcelled);
    options.cells = arguments.units.or(options.cells);
    options.headroom_far = arguments.headroom_far.or(options.headroom_far);
    options.growth_ratio_per_year = arguments.growth.or(options.growth_ratio_per_year);
    options.adjacency = arguments.adjacency.or(options.adjacency);
    set_text(&mut options.population, arguments.population.as_deref());
    set_text(&mut options.owner, arguments.owner.as_deref());
    let texts = |of: &[String]| of.iter().map(|text| text.as_str().into()).collect();
    if !arguments.bands.is_empty() {
        options.bands_m.clone_from(&arguments.bands);
    }
    if !arguments.sum.is_empty() {
        options.sums = texts(&arguments.sum);
    }
    if !arguments.mean.is_empty() {
        options.means = texts(&arguments.mean);
    }
    if !arguments.reserve_class.is_empty() {
        options.reserve.classes.clone_from(&arguments.reserve_class);
    }
    set(&mut options.reserve.min_share, arguments.reserve_share);
    if let Some((eps_m, min_area_m2)) = arguments.density {
        options.density = Some(DensityOptions { eps_m, min_area_m2 });
    }
    if let Some((min_area_m2, max_span_m)) = arguments.regions {
        let mut regions = RegionOptions::default();
        (regions.min_weight, regions.max_span_m) = (min_area_m2, max_span_m);
        options.regions = Some(regions);
    }
    if let Some(path) = &arguments.permits {
        options.review.permits = Some(match path.to_str() {
            Some(name) if path.extension().is_none() && !path.exists() => Permits::builtin(name)?,
            _ => read_with(path, Permits::from_toml)?,
        });
    }
    set(&mut options.review.survey.parcels_m, arguments.parcel_error);
    set(&mut options.review.survey.lines_m, arguments.line_error);
    if let Some(path) = &arguments.quotas {
        options.limits = read_with(path, UnitLimit::from_toml)?;
    }
    if let Some(file) = &arguments.sensitivity {
        let swept = file.as_ref().map(|path| read_with(path, SweepOptions::from_toml)).transpose()?;
        options.sensitivity = Some(swept.or(options.sensitivity).unwrap_or_default());
    }
    options.to_builder().build()
}

/// Candidates, score and rule as far as the command line or the rules file says.
fn efficiency(arguments: &Arguments, options: &mut EfficiencyOptions) -> Result<(), Error> {
    if let Some(path) = &arguments.rules {
        *options = match path.to_str() {
            Some(name) if path.extension().is_none() && !path.exists() => {
                let mut rules = EfficiencyOptions::default();
                rules.appraisal = Some(Appraisal::builtin(name)?);
                rules
            }
            _ => read_with(path, EfficiencyOptions::from_toml)?,
        };
    }
    if let Some(pack) = options.appraisal.take() {
        options.appraisal = Some(arguments.grading.apply(pack)?);
    }
    if let Some(grades) = arguments.grading.low_grades()? {
        options.low_grades = grades;
    }
    set_text(&mut options.candidates, arguments.candidates.as_deref());
    set_text(&mut options.peers, arguments.peers.as_deref());
    set_text(&mut options.score, arguments.score.as_deref());
    if let Some(standard) = arguments.low_below {
        options.low = Some(Rule::worse_than(standard));
    }
    if let Some(share) = arguments.low_quantile {
        options.low = Some(Rule::worst_share(share));
    }
    Ok(())
}

/// Lays what the command line says over an option.
fn set<T>(option: &mut T, argument: Option<T>) {
    if let Some(argument) = argument {
        *option = argument;
    }
}

fn set_text(option: &mut Option<Box<str>>, argument: Option<&str>) {
    if let Some(argument) = argument {
        *option = Some(argument.into());
    }
}

#[cfg(feature = "map")]
fn draw(arguments: &Arguments, analysis: &Analysis, out: &OutputDir) -> Result<(), Error> {
    use landuse::report::map::{Paper, Picture, Sheet};
    use landuse::report::{Frame, LocalMap};

    let seed = analysis.options().seed;
    let notes = [format!("Drawn by landuse {}; seed {seed}.", env!("CARGO_PKG_VERSION"))];
    let write = |name: &str, picture: &Picture| out.put(name, &picture.encode_png()?);
    let title = &arguments.title;
    let sheet = match (arguments.page, arguments.dpi) {
        (None, None) => None,
        (page, dpi) => {
            let paper = if page == Some(Page::A3) { Paper::A3 } else { Paper::A4 };
            Some(Sheet::new(paper, dpi.unwrap_or(Sheet::DEFAULT_DPI))?)
        }
    };
    let frame = |title: String| {
        let frame = Frame::new(title).note(&notes[0]);
        sheet.map_or(frame.clone(), |sheet| frame.sheet(sheet))
    };
    if arguments.charts {
        let intensity = report::intensity_picture(analysis, &frame(format!("{title}: intensity")))?;
        write("intensity.png", &intensity)?;
        write("limits.png", &report::limit_chart(analysis, &format!("{title}: intensity by unit"), &notes)?)?;
        let gradient = report::gradient_chart(analysis, &format!("{title}: intensity by distance"), &notes);
        if let Some(picture) = gradient {
            write("gradient.png", &picture?)?;
        }
    }
    if arguments.no_map {
        return Ok(());
    }
    write("map.png", &report::picture(analysis, &frame(title.clone()))?)?;
    for (which, name) in [(LocalMap::Moran, "map_statistics.png"), (LocalMap::GetisOrd, "map_hot_spots.png")]
    {
        if let Some(picture) = report::hot_spots(analysis, which, &frame(title.clone())) {
            write(name, &picture?)?;
        }
    }
    Ok(())
}

#[cfg(not(feature = "map"))]
fn draw(_: &Arguments, _: &Analysis, _: &OutputDir) -> Result<(), Error> {
    crate::say_aside("note: built without the feature `map`, no map is drawn");
    Ok(())
}

/// One number, or two set apart by a comma.
fn one_or_two_numbers(text: &str) -> Result<(f64, Option<f64>), String> {
    let number = |text: &str| text.trim().parse().map_err(|_| format!("`{text}` is not a number"));
    match text.split_once(',') {
        Some((first, second)) => Ok((number(first)?, Some(number(second)?))),
        None => Ok((number(text)?, None)),
    }
}

fn two_numbers(text: &str) -> Result<(f64, f64), String> {
    let (first, second) = one_or_two_numbers(text)?;
    Ok((first, second.ok_or("expected two numbers set apart by a comma")?))
}
