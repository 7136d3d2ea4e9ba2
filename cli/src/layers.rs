//! Arguments that say what the layers are, and how they are read. Shared by the commands.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use clap::Args;
use landuse::analysis::{InputOptions, InputsBuilder, Records};
use landuse::io::schema::Schema;
use landuse::io::{OnBadFeature, Source};
use landuse::{Error, Inputs, report};

use crate::output::file_id;

/// What `parse` makes of a file of text, told its name for its faults.
pub(crate) fn read_with<T>(
    path: &Path,
    parse: impl FnOnce(&str, &str) -> Result<T, Error>,
) -> Result<T, Error> {
    if path.as_os_str() == "-" {
        take_stream(path)?;
        let text = std::io::read_to_string(std::io::stdin().lock());
        return parse(&text.map_err(|e| Error::io("read", STANDARD_INPUT, e))?, STANDARD_INPUT);
    }
    if is_stream(path) {
        take_stream(path)?;
    }
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, e))?;
    parse(&text, &path.display().to_string())
}

/// Which parcels, and how to understand them.
#[derive(Debug, Args)]
pub(crate) struct ParcelArguments {
    /// Parcels, as every layer: GeoJSON, plain or gzip, a Shapefile (a folder with one, a .shp, a .zip), a GeoPackage
    /// (`city.gpkg#parcels` names a layer of it), FlatGeobuf, CSV with well-known text, with `--features full` GeoParquet (a file, a folder of
    /// parts) and Arrow IPC; `-` reads standard input.
    pub(crate) parcels: PathBuf,

    /// Layer of parcels in a GeoPackage, by default the only one of polygons, or sheet of a workbook.
    #[arg(long, value_name = "NAME")]
    layer: Option<String>,

    /// Which property is what, in which unit, under which land-use scheme (TOML).
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    pub(crate) schema: Option<PathBuf>,

    /// A built-in schema instead: `generated`, `pluto`, `dltb`, `massachusetts`, `regrid` or `chinese`. Without either it is inferred.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Coordinate system of all layers where the files do not tell, such as EPSG:4547; `local` for metres of no known place.
    #[arg(long, value_name = "CRS")]
    source_crs: Option<String>,

    /// Encoding of texts in all Shapefiles and CSV files, such as GBK, Big5, windows-1252; what each states and its texts bear out by default.
    #[arg(long, value_name = "NAME")]
    encoding: Option<String>,

    /// Plane to compute in: `auto`, the default, is the equal-area plane around the data, `laea:22.7,114.3` the same around that
    /// latitude and longitude (what an earlier run's manifest names), EPSG:4547 the named system.
    #[arg(long, value_name = "CRS")]
    crs: Option<String>,

    /// What to do with a feature that cannot be used; put it aside by default.
    #[arg(long, value_enum)]
    on_bad_feature: Option<BadFeature>,

    /// What becomes of records of one boundary, such as flats: one parcel by default.
    #[arg(long, value_enum)]
    records: Option<RecordsAre>,

    /// Number of threads; all cores by default. No figure depends on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum BadFeature {
    /// Put it aside and go on.
    Quarantine,
    /// Stop at the first.
    Stop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum RecordsAre {
    /// They are one parcel, whose amounts are theirs together.
    OneParcel,
    /// Each is scored and judged by itself.
    JudgedAlone,
}

impl ParcelArguments {
    /// A layer of parcels, understood as the command line says.
    pub(crate) fn open(&self, path: &Path) -> Result<InputsBuilder, Error> {
        let layer = Inputs::open(self.source(path)?);
        Ok(match (&self.schema, &self.profile) {
            (Some(path), _) => {
                let (schema, schemes) = read_with(path, Schema::from_toml)?;
                layer.schema(schema).schemes(schemes)
            }
            (None, Some(name)) => layer.profile(name),
            (None, None) => layer,
        })
    }

    /// A file of parcels; a layer that its path names comes before that of the argument.
    fn source(&self, path: &Path) -> Result<Source, Error> {
        layer_of(path, self.layer.as_deref())
    }

    /// What is in the file and how each property is understood, as a schema file to edit; one that was named is printed as it is.
    pub(crate) fn explain(&self, layers: &InputsBuilder) -> Result<String, Error> {
        let Some(contents) = layers.contents()? else { return Ok(String::new()) };
        let Some(path) = &self.schema else { return Ok(report::schema_file(&contents)) };
        // What came through a pipe has been taken from it.
        if is_stream(path) || path.as_os_str() == "-" {
            return Ok(report::schema_file(&contents));
        }
        let mut head = String::new();
        for line in report::contents(&contents).lines() {
            head.push_str(&format!("# {line}\n"));
        }
        read_with(path, |text, _| Ok(head + "\n" + text))
    }

    /// Lays what the command line says over the options.
    pub(crate) fn set(&self, options: &mut InputOptions) -> Result<(), Error> {
        if let Some(crs) = &self.source_crs {
            options.source_crs = Some(crs.parse()?);
        }
        if let Some(encoding) = &self.encoding {
            options.encoding = Some(encoding.as_str().into());
        }
        if let Some(crs) = &self.crs {
            options.crs = crs.parse()?;
        }
        match self.on_bad_feature {
            Some(BadFeature::Quarantine) => options.on_bad_feature = OnBadFeature::Quarantine,
            Some(BadFeature::Stop) => options.on_bad_feature = OnBadFeature::Stop,
            None => {}
        }
        match self.records {
            Some(RecordsAre::OneParcel) => options.records = Records::OneParcel,
            Some(RecordsAre::JudgedAlone) => options.records = Records::JudgedAlone,
            None => {}
        }
        Ok(())
    }
}

/// What messages call standard input.
const STANDARD_INPUT: &str = "standard input";

/// A path without the layer that is named behind its last `#`, where it is a file without it alone.
pub(crate) fn file_and_layer(path: &Path) -> (PathBuf, Option<String>) {
    let split = || {
        let (file, layer) = path.to_str()?.rsplit_once('#')?;
        (!path.exists() && Path::new(file).exists()).then(|| (file.into(), Some(layer.to_owned())))
    };
    split().unwrap_or_else(|| (path.to_owned(), None))
}

/// A file, or what comes only once: standard input, a pipe, a device. That is read here, whole. `city.gpkg#parcels` names a layer.
pub(crate) fn source(path: &Path) -> Result<Source, Error> {
    layer_of(path, None)
}

pub(crate) fn layer_of(path: &Path, default: Option<&str>) -> Result<Source, Error> {
    let (path, layer) = file_and_layer(path);
    Ok(whole_file(&path)?.layer(layer.as_deref().or(default)))
}

fn whole_file(path: &Path) -> Result<Source, Error> {
    if path.as_os_str() == "-" {
        take_stream(path)?;
        return Source::spool(STANDARD_INPUT, std::io::stdin().lock());
    }
    if is_stream(path) {
        take_stream(path)?;
    }
    Source::open(path)
}

fn is_stream(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Notes that a stream is read.
///
/// # Errors
/// [`Error::Io`] where it was read before in this run: it is empty then, and a named pipe would wait for ever.
fn take_stream(path: &Path) -> Result<(), Error> {
    /// Whether it is standard input, else device and inode.
    type Taken = (bool, Option<(u64, u64)>);
    static TAKEN: Mutex<Vec<Taken>> = Mutex::new(Vec::new());
    let is_standard = path.as_os_str() == "-";
    let place = if is_standard { Path::new("/dev/stdin") } else { path };
    let id = std::fs::metadata(place).ok().and_then(|metadata| file_id(&metadata));
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if taken.iter().any(|&(standard, other)| (is_standard && standard) || (id.is_some() && other == id)) {
        let reason = "it comes only once and was read already, expected one input from it";
        let name = if is_standard { Path::new(STANDARD_INPUT) } else { path };
        return Err(Error::io("read", name, std::io::Error::new(std::io::ErrorKind::InvalidInput, reason)));
    }
    taken.push((is_standard, id));
    Ok(())
}
