//! Arguments that say what the layers are, and how they are read. Shared by the commands.

use std::path::{Path, PathBuf};

use clap::Args;
use landuse::Error;
use landuse::crs::{SourceCrs, WorkingCrs};
use landuse::expr::Expr;
use landuse::io::schema::{Field, Schema, Target};
use landuse::io::{Loader, OnBadFeature, ReadOptions, Source, infer};
use landuse::zoning::Schemes;

/// What `parse` makes of a file of text, told its name for its faults.
pub(crate) fn read_with<T>(
    path: &Path,
    parse: impl FnOnce(&str, &str) -> Result<T, Error>,
) -> Result<T, Error> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
    parse(&text, &path.display().to_string())
}

/// Which parcels, and how to understand them.
#[derive(Debug, Args)]
pub(crate) struct ParcelArguments {
    /// Parcels as GeoJSON, plain or gzip; `-` reads standard input.
    pub(crate) parcels: PathBuf,

    /// Which property is what, in which unit, under which land-use scheme (TOML).
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    schema: Option<PathBuf>,

    /// A built-in schema instead: `generated`, `pluto` or `chinese`. Without either it is inferred.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Coordinate system of all layers where the files do not tell, such as EPSG:4547; `local` for metres of no known place.
    #[arg(long, value_name = "CRS")]
    source_crs: Option<String>,

    /// Plane to compute in: `auto` is the equal-area plane around the data, EPSG:4547 the named system.
    #[arg(long, value_name = "CRS", default_value = "auto")]
    crs: String,

    /// What to do with a feature that cannot be used.
    #[arg(long, value_enum, default_value_t = BadFeature::Quarantine)]
    on_bad_feature: BadFeature,

    /// Number of threads; all cores by default. No figure depends on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum BadFeature {
    /// Put it aside and go on.
    Quarantine,
    /// Stop at the first.
    Stop,
}

impl ParcelArguments {
    /// Makes the pool of threads that all stages share.
    pub(crate) fn start_threads(&self) -> Result<(), Error> {
        let Some(threads) = self.threads else { return Ok(()) };
        landuse::use_threads(threads.into())
    }

    pub(crate) fn source(&self) -> Result<Source, Error> {
        source(&self.parcels)
    }

    /// The schema that was named, else the one inferred from the first features; with a column for each property that an
    /// expression names and no field feeds.
    pub(crate) fn schema(&self, source: &Source, expressions: &[&str]) -> Result<(Schema, Schemes), Error> {
        let inference = infer(source)?;
        let (mut schema, schemes) = match (&self.schema, &self.profile) {
            (Some(path), _) => read_with(path, Schema::from_toml)?,
            (None, Some(name)) => {
                let properties = inference.decisions.iter().map(|decision| &*decision.property);
                (Schema::builtin(name)?.fit(properties), Schemes::builtin())
            }
            (None, None) => (inference.schema.clone(), Schemes::builtin()),
        };
        for expression in expressions {
            let expression = Expr::parse(expression)?;
            for name in expression.columns() {
                let targets = [Target::Number(name.into()), Target::Text(name.into())];
                let fed = schema.fields.iter().any(|field| targets.contains(&field.target));
                let decision = inference.decisions.iter().find(|decision| &*decision.property == name);
                if let Some(decision) = decision.filter(|_| !fed && name.parse::<Target>().is_err()) {
                    let [number, text] = targets;
                    schema.fields.push(Field::new(name, if decision.is_numeric() { number } else { text }));
                }
            }
        }
        Ok((schema, schemes))
    }

    /// How each property is understood, as a schema file to edit.
    pub(crate) fn explain(&self, source: &Source) -> Result<String, Error> {
        if self.schema.is_none() && self.profile.is_none() {
            return Ok(infer(source)?.to_toml());
        }
        Ok(self.schema(source, &[])?.0.to_toml())
    }

    /// A loader for parcels.
    pub(crate) fn loader(&self, schema: Schema) -> Result<Loader, Error> {
        self.loader_with(schema, ReadOptions::default())
    }

    /// A loader for lines, districts and other layers beside the parcels.
    pub(crate) fn layer_loader(&self, schema: Schema) -> Result<Loader, Error> {
        self.loader_with(schema, ReadOptions::default().closed_lines_as_polygons(true))
    }

    fn loader_with(&self, schema: Schema, read: ReadOptions) -> Result<Loader, Error> {
        let on_bad_feature = match self.on_bad_feature {
            BadFeature::Quarantine => OnBadFeature::Quarantine,
            BadFeature::Stop => OnBadFeature::Stop,
        };
        Ok(Loader::new(schema)
            .read_options(read.on_bad_feature(on_bad_feature))
            .source_crs(self.source_crs.as_deref().map(str::parse::<SourceCrs>).transpose()?)
            .working_crs(self.crs.parse::<WorkingCrs>()?))
    }
}

/// A file, or standard input.
pub(crate) fn source(path: &Path) -> Result<Source, Error> {
    if path.as_os_str() == "-" {
        Source::spool("standard input", std::io::stdin().lock())
    } else {
        Ok(Source::file(path))
    }
}
