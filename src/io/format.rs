//! Which format a file has, told by its content, and what a format has to do to be read.

use super::geojson::GeoJsonSource;
use super::schema::Schema;
use super::{Layer, PropertySummary, ReadOptions, Source};
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

    /// All features as columns, as a schema says. A feature that cannot be used is put aside with its position and the reason, a value
    /// that the schema cannot read is unknown and counted.
    ///
    /// # Errors
    /// As [`inspect`](Self::inspect); [`Error::Feature`] for the first unusable feature where the options say stop.
    fn read(&self, schema: &Schema, options: &ReadOptions) -> Result<Layer, Error>;
}

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
        let len = source.open_unhashed()?.read(&mut start)?;
        Ok(Self::of_start(&start[..len]))
    }

    fn name(self) -> &'static str {
        match self {
            Self::GeoJson => "GeoJSON",
            Self::Shapefile => "a Shapefile",
            Self::GeoPackage => "a GeoPackage",
            Self::GeoParquet => "a Parquet file",
            Self::FlatGeobuf => "a FlatGeobuf file",
            Self::Zip => "a zip archive",
            Self::Other => "another format",
        }
    }
}

/// The features of a file, in whichever format it is.
///
/// # Errors
/// [`Error::Io`] where it cannot be read, [`Error::Format`] where it is of a format that is not read here. What is none of the formats
/// known is read as `GeoJSON`, and its faults are those of that.
pub(super) fn features_of(source: &Source) -> Result<Box<dyn FeatureSource>, Error> {
    match FileFormat::of(source)? {
        FileFormat::GeoJson | FileFormat::Other => Ok(Box::new(GeoJsonSource(source.clone()))),
        other => Err(Error::Format { file: source.name().into(), found: other.name(), expected: "GeoJSON" }),
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
        let error = features_of(&Source::bytes("parcels.gpkg", &b"SQLite format 3\0"[..])).map(drop);
        assert_eq!(
            error.map_err(|error| error.to_string()),
            Err("parcels.gpkg: found a GeoPackage, expected GeoJSON".into())
        );
    }
}
