//! `landuse schema`: what is in a file, and a schema file to begin with.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use landuse::io::{Contents, ContentsOptions};
use landuse::{Error, report};

use crate::layers::layer_of;
use crate::next;
use crate::say;

/// What is in a file: properties with types, ranges and values, land-use codes with their areas, what is missing; and a schema file to
/// edit, with a table to fill in where no built-in scheme fits the codes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Parcels, in any format that `analyze` takes; `-` reads standard input.
    pub(crate) parcels: PathBuf,

    /// Layer in a `GeoPackage`; by default the only one of polygons.
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,

    /// File for the schema; without it the schema is printed, with what is in the file as comments.
    #[arg(long, value_name = "FILE.toml")]
    out: Option<PathBuf>,

    /// Replace the file.
    #[arg(long, requires = "out")]
    overwrite: bool,

    /// The property that holds land-use codes; by default the one that a profile knows, or whose name says so.
    #[arg(long, value_name = "PROPERTY")]
    codes: Option<String>,

    /// The property that names the codes; by default the one whose values go with them.
    #[arg(long, value_name = "PROPERTY")]
    labels: Option<String>,

    /// Coordinate system where the file does not tell, such as EPSG:4547.
    #[arg(long, value_name = "CRS")]
    source_crs: Option<String>,

    /// Encoding of texts, such as GBK; what the file states and its texts bear out by default.
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    let source = layer_of(&arguments.parcels, arguments.layer.as_deref())?;
    let mut options = ContentsOptions::default();
    options.codes = arguments.codes.as_deref().map(Into::into);
    options.labels = arguments.labels.as_deref().map(Into::into);
    options.source_crs = arguments.source_crs.as_deref().map(str::parse).transpose()?;
    let contents = Contents::of(&source.encoding(arguments.encoding.as_deref()), &options)?;
    let schema = report::schema_file(&contents);
    let Some(path) = &arguments.out else {
        say(&schema);
        return Ok(ExitCode::SUCCESS);
    };
    write(path, &schema, arguments.overwrite)?;
    say(&report::contents(&contents));
    say(&next::after_schema(&arguments.parcels, path, &contents));
    Ok(ExitCode::SUCCESS)
}

/// Writes a file that was not there, unless it may be replaced.
fn write(path: &Path, text: &str, overwrite: bool) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.write(true);
    if overwrite {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let fault = |error: std::io::Error| {
        let there = "it is there already, and `--overwrite` replaces it";
        let is_there = error.kind() == ErrorKind::AlreadyExists;
        Error::io("write", path, if is_there { std::io::Error::new(error.kind(), there) } else { error })
    };
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(fault)
}
