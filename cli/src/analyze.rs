//! `landuse analyze`: from parcels to tables, layers and a map.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use landuse::adjacency::{self, Barriers};
use landuse::analysis::{DensityOptions, Layers, Options};
use landuse::cluster::RegionOptions;
use landuse::control::{ControlLines, Permits, ReviewOptions, SurveyError};
use landuse::efficiency::{Appraisal, EfficiencyOptions, Rule};
use landuse::intensity::{CellShape, Nature, ReserveOptions, UnitLimit, WarningLine};
use landuse::io::schema::Schema;
use landuse::io::{OutputDir, OutputFile, Source, infer};
use landuse::report::{self, OutputLayer, Summary};
use landuse::sensitivity::SweepOptions;
use landuse::zoning::SmallClass;
use landuse::{Analysis, Error, ParcelSet};

use crate::appraise::GradingArguments;
use crate::joins::{self, JoinArguments};
use crate::layers::{ParcelArguments, read_with};
use crate::manifest::{Clock, Input, Manifest, id_property, take};
use crate::{Progress, say};

/// From parcels to tables, layers and a map.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Arguments {
    #[command(flatten)]
    parcels: ParcelArguments,

    /// Folder for the outputs.
    #[arg(long, value_name = "DIR", required_unless_present = "dry_run")]
    out: Option<PathBuf>,

    /// Replace the outputs of an earlier run.
    #[arg(long)]
    overwrite: bool,

    /// Say how each property is understood, print a schema file to edit, and stop.
    #[arg(long)]
    dry_run: bool,

    /// Control lines as GeoJSON with the properties id, name, tier and effect (`exclude`, `confine`, `reserve`).
    #[arg(long, value_name = "FILE")]
    control_lines: Vec<PathBuf>,

    /// Study units as GeoJSON with the properties id and name.
    #[arg(long, value_name = "FILE")]
    districts: Option<PathBuf>,

    /// Cells as study units: `grid:500` squares or `hex:250` hexagons of that side in m; districts then bound the study area.
    #[arg(long, value_name = "grid:M|hex:M", value_parser = cells)]
    units: Option<(CellShape, f64)>,

    /// Adds a gradient: the ledger by distance from the lines that exclude construction, in bands that end at these distances, m,
    /// such as `100,500,1000`.
    #[arg(long, value_name = "M,M,…", value_delimiter = ',', requires = "control_lines")]
    bands: Vec<f64>,

    /// Land that cannot be built on for other reasons, such as water, as GeoJSON.
    #[arg(long, value_name = "FILE")]
    unsuitable: Vec<PathBuf>,

    #[command(flatten)]
    joins: JoinArguments,

    /// Field checks (CSV: `parcel`, `status`, `reason`, `date`): they win over what is computed, and the output says so.
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

    /// Low is a score in this lowest share of the candidates.
    #[arg(long, value_name = "SHARE", default_value_t = 0.2)]
    low_quantile: f64,

    /// Parcels up to this far apart are neighbours, m.
    #[arg(long, value_name = "M", default_value_t = 15.0)]
    gap: f64,

    /// Who else counts as a neighbour: `gap:M`, `edge`, `corner`, `knn:K` or `band:M` (the last two by centres, for statistics alone); by
    /// default parcels within `--gap`.
    #[arg(long, value_name = "RULE")]
    adjacency: Option<adjacency::Rule>,

    /// Lines or areas that cut neighbours across a gap off from each other, such as railways and rivers, as GeoJSON.
    #[arg(long, value_name = "FILE")]
    barriers: Vec<PathBuf>,

    /// Areas where barriers can be crossed: bridges, underpasses, as GeoJSON.
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

    /// Least net area of a site, m².
    #[arg(long, value_name = "M2", default_value_t = 10_000.0)]
    min_cluster_area: f64,

    /// Draws behind each permutation test.
    #[arg(long, value_name = "N", default_value_t = 9_999)]
    permutations: u32,

    /// Significance level of the local statistics.
    #[arg(long, value_name = "P", default_value_t = 0.05)]
    alpha: f64,

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

    /// Use that land inside lines with the effect `reserve` is kept for, by class.
    #[arg(long, value_name = "CLASS", value_delimiter = ',', default_value = "industrial")]
    reserve_class: Vec<SmallClass>,

    /// Least share of that use; a line may carry `min_share` itself.
    #[arg(long, value_name = "SHARE", default_value_t = 0.6)]
    reserve_share: f64,

    /// What may stand inside control lines: a file (TOML), or `shenzhen_basic_ecological`.
    #[arg(long, value_name = "FILE|NAME", requires = "control_lines")]
    permits: Option<PathBuf>,

    /// Stated error of parcel borders, m.
    #[arg(long, value_name = "M", default_value_t = 0.5)]
    parcel_error: f64,

    /// Stated error of control lines, m.
    #[arg(long, value_name = "M", default_value_t = 0.5)]
    line_error: f64,

    /// Take parcels with floor area as construction land where neither a flag nor a code tells.
    #[arg(long)]
    floor_area_counts: bool,

    /// Sweeps score threshold, gap, lines and warning line, and says what they decide: per parcel, site and unit. With `=FILE`,
    /// over the settings of that file (TOML: `worst_shares`, `threshold_factors`, `gaps_m`, `buffers_m`, `warning_lines`).
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    #[expect(clippy::option_option, reason = "absent, bare, or with a file")]
    sensitivity: Option<Option<PathBuf>>,

    /// Draws the ledger too: intensity by unit on a map, bars against limits, the gradient.
    #[arg(long)]
    charts: bool,

    /// Seed of all random draws.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Write no map.
    #[arg(long)]
    no_map: bool,

    /// Title of the map.
    #[arg(long, value_name = "TEXT", default_value = "Low-efficiency land")]
    title: String,
}

/// All outputs a run may write.
const OUTPUTS: [&str; 20] = [
    "summary.json",
    "parcels.geojson",
    "clusters.geojson",
    "districts.geojson",
    "inside_lines.geojson",
    "encroachments.geojson",
    "intensity.csv",
    "gradient.csv",
    "withdrawals.csv",
    "rejected.geojson",
    "map.png",
    "intensity.png",
    "limits.png",
    "gradient.png",
    "manifest.json",
    "map_statistics.png",
    "neighbours.gal",
    joins::OUTPUTS[0],
    joins::OUTPUTS[1],
    joins::OUTPUTS[2],
];

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    arguments.parcels.start_threads()?;
    let source = arguments.parcels.source()?;
    if arguments.dry_run {
        return dry_run(arguments, &source);
    }
    let Some(dir) = &arguments.out else { return Ok(ExitCode::from(2)) };
    let out = OutputDir::create(dir, &OUTPUTS, arguments.overwrite)?;
    let progress = Progress::new();
    let mut clock = Clock::start();

    progress.step("reading");
    let rules = rules(arguments)?;
    let Read { mut layers, mut inputs, mut notes, id_property } = load(arguments, &source, &rules)?;
    let joins = arguments.joins.join(&arguments.parcels, &mut layers.parcels, &mut inputs, &mut notes)?;
    clock.lap("read");
    let mut options = options(arguments, rules);
    options.field_checks = joins::field_checks(arguments.overrides.as_ref(), &mut inputs)?;
    options.review = review(arguments)?;
    options.sensitivity = arguments.sensitivity.as_ref().map(|file| sweep(file.as_deref())).transpose()?;
    options.limits = limits(arguments, &layers)?;
    options.barriers = barriers(arguments, &layers.parcels, &mut inputs, &mut notes)?;
    let mut analysis = Analysis::run(layers, options, |stage| {
        let name = format!("{stage:?}").to_lowercase();
        progress.step(&name);
        clock.enter(name);
    })?;
    clock.leave();
    analysis.warnings.splice(0..0, notes.drain(..));

    progress.step("writing");
    let write_figures = || -> Result<Summary, Error> {
        let summary = Summary::of(&analysis);
        out.write("summary.json", |file| file.write(summary.to_json().as_bytes()))?;
        for which in OutputLayer::ALL {
            let layer = analysis.layer(which);
            if layer.is_available() {
                out.write(&format!("{}.geojson", which.name()), |file| layer.write(file))?;
            }
        }
        let tables = [
            ("intensity.csv", Some(report::intensity_csv(&analysis.ledger))),
            ("gradient.csv", analysis.gradient.as_ref().map(report::intensity_csv)),
            (
                "withdrawals.csv",
                (!analysis.outlooks().is_empty()).then(|| report::withdrawals_csv(&analysis)),
            ),
        ];
        for (name, text) in tables {
            text.map_or(Ok(()), |text| out.write(name, |file| file.write(text.as_bytes())))?;
        }
        Ok(summary)
    };
    let write_parcels = || -> Result<(), Error> {
        let mut accepted = out.file("parcels.geojson")?;
        let rejected = !analysis.parcels().rejected().is_empty();
        let mut rejected = rejected.then(|| out.file("rejected.geojson")).transpose()?;
        report::write_parcels(&analysis, &source, &mut accepted, rejected.as_mut())?;
        accepted.finish()?;
        rejected.map_or(Ok(()), OutputFile::finish)
    };
    let (written, summary) = rayon::join(write_parcels, write_figures);
    written?;
    let summary = summary?;
    joins.write(&out)?;
    if arguments.gal {
        out.write("neighbours.gal", |file| report::write_graph(&analysis, file))?;
    }
    clock.lap("write");
    if !arguments.no_map {
        progress.step("drawing the map");
        draw(arguments, &analysis, &out)?;
        clock.lap("map");
    }
    Manifest::new(inputs, id_property, &[analysis.parcels()], clock).write(&out)?;
    out.commit()?;

    drop(progress);
    say(&report::text(&analysis, &summary));
    Ok(ExitCode::SUCCESS)
}

/// Says how each property is understood.
fn dry_run(arguments: &Arguments, source: &Source) -> Result<ExitCode, Error> {
    say(&arguments.parcels.explain(source)?);
    Ok(ExitCode::SUCCESS)
}

/// Every layer, and what was noticed while they were read.
struct Read {
    layers: Layers,
    inputs: Vec<Input>,
    notes: Vec<String>,
    id_property: Option<String>,
}

/// Reads every layer into the plane of the parcels.
fn load(arguments: &Arguments, source: &Source, rules: &EfficiencyOptions) -> Result<Read, Error> {
    let columns: Vec<String> = rules.columns()?.iter().map(|name| format!("`{name}`")).collect();
    let mut named: Vec<&str> = columns.iter().map(String::as_str).collect();
    let owner = format!("`{}`", arguments.owner.as_deref().unwrap_or("owner"));
    named.push(&owner);
    let carried = arguments.sum.iter().chain(&arguments.mean).chain(&arguments.population);
    named.extend(carried.map(String::as_str));
    let (schema, schemes) = arguments.parcels.schema(source, &named)?;
    let id_property = id_property(&schema);
    let loaded = arguments.parcels.loader(schema)?.load(source)?;
    let mut inputs = Vec::new();
    let mut notes = Vec::new();
    let parcels = take(loaded, "parcels", source, &mut inputs, &mut notes);
    let schema = Schema::layer()?;
    let mut beside = |role: &str, paths: &[PathBuf]| -> Result<Option<ParcelSet>, Error> {
        let mut tables = Vec::new();
        for path in paths {
            let source = crate::layers::source(path)?;
            let properties = infer(&source)?.decisions;
            let schema = schema.fit(properties.iter().map(|decision| &*decision.property));
            let loader = arguments.parcels.layer_loader(schema)?;
            tables.push(take(loader.load_beside(&source, &parcels)?, role, &source, &mut inputs, &mut notes));
        }
        Ok(ParcelSet::merged(tables))
    };
    let lines = beside("control lines", &arguments.control_lines)?;
    let districts = beside("districts", arguments.districts.as_slice())?;
    let unsuitable = beside("unsuitable land", &arguments.unsuitable)?;
    let lines = lines.map(ControlLines::new).transpose()?;
    let layers = Layers { parcels, schemes, lines, districts, unsuitable };
    Ok(Read { layers, inputs, notes, id_property })
}

/// Candidates, score and rule as far as the command line or the rules file says.
fn rules(arguments: &Arguments) -> Result<EfficiencyOptions, Error> {
    let mut rules = match &arguments.rules {
        Some(path) => match path.to_str() {
            Some(name) if path.extension().is_none() && !path.exists() => {
                let mut rules = EfficiencyOptions::default();
                rules.appraisal = Some(Appraisal::builtin(name)?);
                rules
            }
            _ => read_with(path, EfficiencyOptions::from_toml)?,
        },
        None => EfficiencyOptions::default(),
    };
    if let Some(pack) = rules.appraisal.take() {
        rules.appraisal = Some(arguments.grading.apply(pack)?);
    }
    rules.low_grades = arguments.grading.low_grades()?;
    if let Some(candidates) = &arguments.candidates {
        rules.candidates = Some(candidates.as_str().into());
    }
    if let Some(peers) = &arguments.peers {
        rules.peers = Some(peers.as_str().into());
    }
    if arguments.rules.is_none() {
        rules.score = arguments.score.as_deref().map(Into::into);
        rules.low = Some(match arguments.low_below {
            Some(standard) => Rule::worse_than(standard),
            None => Rule::worst_share(arguments.low_quantile),
        });
    }
    Ok(rules)
}

fn options(arguments: &Arguments, efficiency: EfficiencyOptions) -> Options {
    let mut options = Options::default();
    options.efficiency = efficiency;
    options.sites.gap_m = arguments.gap;
    options.sites.min_area_m2 = arguments.min_cluster_area;
    options.local = options
        .local
        .with_permutations(arguments.permutations)
        .with_alpha(arguments.alpha)
        .with_seed(arguments.seed);
    options.warning_line = arguments.warning_line.map(|share| WarningLine {
        share,
        source: arguments.warning_source.as_deref().unwrap_or_default().into(),
    });
    options.floor_area_counts = arguments.floor_area_counts;
    options.grid = arguments.units;
    options.bands_m.clone_from(&arguments.bands);
    options.headroom_far = arguments.headroom_far;
    options.growth_ratio_per_year = arguments.growth;
    options.population = arguments.population.as_deref().map(Into::into);
    let natures = [(&arguments.sum, Nature::Extensive), (&arguments.mean, Nature::Intensive)];
    let carried =
        natures.into_iter().flat_map(|(of, nature)| of.iter().map(move |of| (of.as_str().into(), nature)));
    options.carried = carried.collect();
    options.reserve =
        ReserveOptions { classes: arguments.reserve_class.clone(), min_share: arguments.reserve_share };
    options.adjacency = arguments.adjacency;
    options.owner = arguments.owner.as_deref().map(Into::into);
    options.density = arguments.density.map(|(eps_m, min_area_m2)| DensityOptions { eps_m, min_area_m2 });
    options.regions = arguments.regions.map(|(min_area_m2, max_span_m)| {
        let mut regions = RegionOptions::default();
        regions.min_weight = min_area_m2;
        regions.max_span_m = max_span_m;
        regions.seed = arguments.seed;
        regions
    });
    options
}

/// Limits of single units: those of the file, and for all others those that districts carry.
fn limits(arguments: &Arguments, layers: &Layers) -> Result<Vec<UnitLimit>, Error> {
    let mut limits = match &arguments.quotas {
        None => Vec::new(),
        Some(path) => read_with(path, UnitLimit::from_toml)?,
    };
    if let Some(districts) = layers.districts.as_ref().filter(|_| arguments.units.is_none()) {
        let source = arguments.warning_source.as_deref().unwrap_or("property of the district");
        let own = UnitLimit::of_districts(districts, source)?;
        let given: Vec<_> = own.into_iter().filter(|own| limits.iter().all(|l| l.unit != own.unit)).collect();
        limits.extend(given);
    }
    Ok(limits)
}

/// What is swept: by a file, else by default.
fn sweep(file: Option<&Path>) -> Result<SweepOptions, Error> {
    file.map_or_else(|| Ok(SweepOptions::default()), |path| read_with(path, SweepOptions::from_toml))
}

/// Reads `grid:500` or `hex:250`.
fn cells(text: &str) -> Result<(CellShape, f64), String> {
    let fault = || format!("`{text}`: expected `grid:` or `hex:` and a length in m, such as grid:500");
    let (shape, side) = text.split_once(':').ok_or_else(fault)?;
    let shape = match shape {
        "grid" => CellShape::Square,
        "hex" => CellShape::Hexagon,
        _ => return Err(fault()),
    };
    let side: f64 = side.trim().parse().map_err(|_| fault())?;
    Ok((shape, side))
}

/// What cuts neighbours off from each other; none where no file was named.
fn barriers(
    arguments: &Arguments,
    parcels: &ParcelSet,
    inputs: &mut Vec<Input>,
    notes: &mut Vec<String>,
) -> Result<Option<Barriers>, Error> {
    if arguments.barriers.is_empty() {
        return Ok(None);
    }
    let loader = arguments.parcels.loader(Schema::layer()?)?;
    let mut areas = |path: &PathBuf, role: &str, notes: &mut Vec<String>| -> Result<_, Error> {
        let source = crate::layers::source(path)?;
        let lines = loader.lines_beside(&source, parcels)?;
        let mut aside = Vec::new();
        let set = take(loader.load_beside(&source, parcels)?, role, &source, inputs, &mut aside);
        // Lines are no faults here.
        if set.rejected().len() > lines.len() {
            notes.append(&mut aside);
        }
        Ok((set, lines))
    };
    let mut barriers = Barriers::new();
    for path in &arguments.barriers {
        let (set, lines) = areas(path, "barriers", notes)?;
        barriers = barriers.lines(&lines)?.areas(set.geometry());
    }
    for path in &arguments.lanes {
        let (set, _) = areas(path, "lanes", notes)?;
        barriers = barriers.lanes(set.geometry());
    }
    Ok(Some(barriers))
}

/// What construction inside lines is tested by.
fn review(arguments: &Arguments) -> Result<Option<ReviewOptions>, Error> {
    if arguments.control_lines.is_empty() {
        return Ok(None);
    }
    let permits = arguments.permits.as_ref().map(|path| match path.to_str() {
        Some(name) if path.extension().is_none() && !path.exists() => Permits::builtin(name),
        _ => read_with(path, Permits::from_toml),
    });
    let survey = SurveyError::new(arguments.parcel_error, arguments.line_error)?;
    Ok(Some(ReviewOptions { permits: permits.transpose()?, survey }))
}

#[cfg(feature = "map")]
fn draw(arguments: &Arguments, analysis: &Analysis, out: &OutputDir) -> Result<(), Error> {
    let notes = [format!("Drawn by landuse {}; seed {}.", env!("CARGO_PKG_VERSION"), arguments.seed)];
    let write = |name: &str, picture: &report::map::Picture| {
        let mut file = out.file(name)?;
        file.write(&picture.encode_png()?)?;
        file.finish()
    };
    let title = &arguments.title;
    write("map.png", &report::picture(analysis, title, &notes)?)?;
    if arguments.charts {
        write(
            "intensity.png",
            &report::intensity_picture(analysis, &format!("{title}: intensity"), &notes)?,
        )?;
        write("limits.png", &report::limit_chart(analysis, &format!("{title}: intensity by unit"), &notes)?)?;
        let gradient = report::gradient_chart(analysis, &format!("{title}: intensity by distance"), &notes);
        if let Some(picture) = gradient {
            write("gradient.png", &picture?)?;
        }
    }
    if let Some(picture) = report::hot_spots(analysis, title, &notes) {
        write("map_statistics.png", &picture?)?;
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
