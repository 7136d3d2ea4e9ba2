//! Which format a file has, told by its content, and what a format has to do to be read.

use std::path::Path;
use std::sync::Arc;

use super::geojson::GeoJsonSource;
use super::schema::Schema;
use super::source::{Origin, fill};
use super::transcode::FeatureFile;
use super::{FoundLines, Layer, PropertySummary, ReadOptions, Source};
use crate::Error;

/// Where features come from, whatever the format. A format is one implementation: everything behind it sees a [`Layer`].
pub trait FeatureSource {
    /// What messages call it.
    fn name(&self) -> String;

    /// What each property is, told by all of its values: what [`Schema::infer`] goes by.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read, others where it is not of its format.
    fn inspect(&self) -> Result<Vec<PropertySummary>, Error>;

    /// [`inspect`](Self::inspect), with the distinct values of every property where the source can tell them.
    ///
    /// # Errors
    /// As [`inspect`](Self::inspect).
    fn inspect_values(&self) -> Result<Vec<PropertySummary>, Error> {
        self.inspect()
    }

    /// All features as columns, as a schema says. A feature that cannot be used is put aside with its position and the reason, a value
    /// that the schema cannot read is unknown and counted.
    ///
    /// # Errors
    /// As [`inspect`](Self::inspect); [`Error::Feature`] for the first unusable feature where the options say stop.
    fn read(&self, schema: &Schema, options: &ReadOptions) -> Result<Layer, Error>;

    /// The lines among the features (`LineString`, `MultiLineString`), closed ones as they are; geometries of other kinds are passed
    /// over.
    ///
    /// # Errors
    /// As [`inspect`](Self::inspect), and where a line cannot be read.
    fn lines(&self) -> Result<FoundLines, Error>;
}

/// The formats that this build reads.
const READ_HERE: &str = match (cfg!(feature = "shapefile"), cfg!(feature = "gpkg")) {
    (true, true) => "GeoJSON, a Shapefile or a GeoPackage",
    (true, false) => "GeoJSON or a Shapefile",
    (false, true) => "GeoJSON or a GeoPackage",
    (false, false) => "GeoJSON",
};

/// A format that files are told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileFormat {
    /// `GeoJSON`: a collection, a feature, a geometry, or features one after another.
    GeoJson,
    /// `Shapefile`: the part with geometries, `.shp`.
    Shapefile,
    /// `GeoPackage`, or another `SQLite` database.
    GeoPackage,
    /// `GeoParquet`, or another Parquet file.
    GeoParquet,
    /// `FlatGeobuf`.
    FlatGeobuf,
    /// A zip archive.
    Zip,
    /// A folder, which may hold a `Shapefile`.
    Folder,
    /// A file geodatabase of Esri.
    Geodatabase,
    /// None of these.
    Other,
}

impl FileFormat {
    /// The format of a text, by how it begins.
    ///
    /// ```
    /// use landuse::io::FileFormat;
    /// assert_eq!(FileFormat::of_start(b" {\"type\""), FileFormat::GeoJson);
    /// assert_eq!(FileFormat::of_start(b"SQLite format 3\0"), FileFormat::GeoPackage);
    /// ```
    pub fn of_start(start: &[u8]) -> Self {
        const MAGIC: [(&[u8], FileFormat); 5] = [
            (b"\x00\x00\x27\x0a", FileFormat::Shapefile),
            (b"SQLite format 3\0", FileFormat::GeoPackage),
            (b"PAR1", FileFormat::GeoParquet),
            (b"fgb", FileFormat::FlatGeobuf),
            (b"PK\x03\x04", FileFormat::Zip),
        ];
        if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| start.starts_with(magic)) {
            return *format;
        }
        let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
        let first = text.iter().find(|&&byte| !byte.is_ascii_whitespace() && byte != 0x1e);
        if first == Some(&b'{') { Self::GeoJson } else { Self::Other }
    }

    /// The format of a source, plain or gzip, by how it begins.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read.
    pub fn of(source: &Source) -> Result<Self, Error> {
        let mut start = vec![0; 4_096];
        if let Some(folder) = Self::of_folder(source.origin()) {
            return Ok(folder);
        }
        let len = source.open_stored(false)?.read(&mut start)?;
        Ok(Self::of_start(&start[..len]))
    }

    /// The format of a folder, or of a file in a geodatabase.
    fn of_folder(origin: &Origin) -> Option<Self> {
        let Origin::File(path) = origin else { return None };
        if is_geodatabase(path) || path.parent().is_some_and(is_geodatabase) {
            return Some(Self::Geodatabase);
        }
        path.is_dir().then_some(Self::Folder)
    }

    fn name(self) -> &'static str {
        match self {
            Self::GeoJson => "GeoJSON",
            Self::Shapefile => "a Shapefile",
            Self::GeoPackage => "a GeoPackage",
            Self::GeoParquet => "a Parquet file",
            Self::FlatGeobuf => "a FlatGeobuf file",
            Self::Zip => "a zip archive",
            Self::Folder => "a folder",
            Self::Geodatabase => "a file geodatabase",
            Self::Other => "another format",
        }
    }
}

/// Whether a folder is a file geodatabase, by what is in it.
fn is_geodatabase(path: &Path) -> bool {
    let ending =
        |path: &Path, ending: &str| path.extension().is_some_and(|own| own.eq_ignore_ascii_case(ending));
    let Ok(mut files) = path.read_dir() else { return false };
    ending(path, "gdb") || files.any(|file| file.is_ok_and(|file| ending(&file.path(), "gdbtable")))
}

/// The features of a source of a format other than `GeoJSON` that is read here; none for a source of another.
///
/// # Errors
/// [`Error::Io`] where it cannot be read, others where it is of such a format and does not hold together.
pub(super) fn feature_file(source: &Source) -> Result<Option<Arc<dyn FeatureFile>>, Error> {
    let origin = source.origin();
    let format = match FileFormat::of_folder(origin) {
        Some(FileFormat::Geodatabase) => return Err(Error::Geodatabase { path: source.name().into() }),
        Some(folder) => folder,
        None => {
            let mut start = [0; 64];
            let len =
                fill(&mut origin.open()?, &mut start).map_err(|e| Error::io("read", origin.path(), e))?;
            FileFormat::of_start(&start[..len])
        }
    };
    if let Some(layer) = source.asked_layer().filter(|_| format != FileFormat::GeoPackage) {
        let reason = format!("the layer `{layer}` is asked for, but only a GeoPackage has layers by name");
        return Err(Error::File { file: origin.name().into(), reason: reason.into() });
    }
    match format {
        #[cfg(feature = "shapefile")]
        FileFormat::Shapefile | FileFormat::Zip | FileFormat::Folder => {
            super::shapefile::open(source, format).map(Some)
        }
        #[cfg(feature = "gpkg")]
        FileFormat::GeoPackage => super::gpkg::open(source).map(Some),
        FileFormat::Other => super::wkt_table::open(source),
        _ => Ok(None),
    }
}

/// The features of a file, in whichever format it is.
///
/// # Errors
/// [`Error::Io`] where it cannot be read, [`Error::Format`] where it is of a format that is not read here. What is none of the formats
/// known is read as `GeoJSON`, and its faults are those of that.
pub(crate) fn features_of(source: &Source) -> Result<Box<dyn FeatureSource>, Error> {
    // What is of another format and read here gives a text of GeoJSON.
    if source.feature_file()?.is_some() {
        return Ok(Box::new(GeoJsonSource(source.clone())));
    }
    match FileFormat::of(source)? {
        FileFormat::GeoJson | FileFormat::Other => Ok(Box::new(GeoJsonSource(source.clone()))),
        FileFormat::GeoPackage if cfg!(feature = "gpkg") => {
            let reason = "it is a GeoPackage in gzip, expected it unpacked".into();
            Err(Error::File { file: source.name().into(), reason })
        }
        other => Err(Error::Format { file: source.name().into(), found: other.name(), expected: READ_HERE }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_content() {
        for (start, format) in [
            (&b"\x00\x00\x27\x0a\0\0"[..], FileFormat::Shapefile),
            (b"SQLite format 3\0\x10", FileFormat::GeoPackage),
            (b"PAR1\x15", FileFormat::GeoParquet),
            (b"fgb\x03fgb\x00", FileFormat::FlatGeobuf),
            (b"PK\x03\x04", FileFormat::Zip),
            (b"\xef\xbb\xbf \n{", FileFormat::GeoJson),
            (b"\x1e{", FileFormat::GeoJson),
            (b"a,b\n1,2", FileFormat::Other),
            (b"", FileFormat::Other),
        ] {
            assert_eq!(FileFormat::of_start(start), format);
        }
        let error = features_of(&Source::bytes("parcels.parquet", &b"PAR1"[..])).map(drop);
        assert_eq!(
            error.map_err(|error| error.to_string()),
            Err(format!("parcels.parquet: found a Parquet file, expected {READ_HERE}"))
        );
    }
}
