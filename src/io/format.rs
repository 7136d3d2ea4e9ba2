//! Which format a file has, told by its content, and what a format has to do to be read.

use std::path::Path;
use std::sync::{Arc, LazyLock};

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
static READ_HERE: LazyLock<String> = LazyLock::new(|| {
    let all = [
        ("GeoJSON", true),
        ("a Shapefile", cfg!(feature = "shapefile")),
        ("a GeoPackage", cfg!(feature = "gpkg")),
        ("FlatGeobuf", true),
        ("GeoParquet", cfg!(feature = "parquet")),
        ("Arrow IPC", cfg!(feature = "parquet")),
    ];
    let read: Vec<&str> = all.into_iter().filter(|(_, read)| *read).map(|(name, _)| name).collect();
    match read.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
});

/// How the names of the files in a workbook begin; those in an archive of other files do not.
const BOOK_STARTS: [&[u8]; 4] = [b"[Content_Types].xml", b"_rels/", b"xl/", b"docProps/"];

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
    /// Arrow IPC, as a file or a stream; Feather.
    ArrowIpc,
    /// `FlatGeobuf`.
    FlatGeobuf,
    /// A workbook (XLSX), a zip archive of its own kind.
    Workbook,
    /// A workbook of Excel 97 (`.xls`), or another compound file.
    OldWorkbook,
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
        const MAGIC: [(&[u8], FileFormat); 9] = [
            (b"\x00\x00\x27\x0a", FileFormat::Shapefile),
            (b"SQLite format 3\0", FileFormat::GeoPackage),
            (b"PAR1", FileFormat::GeoParquet),
            (b"PARE", FileFormat::GeoParquet),
            (b"ARROW1", FileFormat::ArrowIpc),
            (b"FEA1", FileFormat::ArrowIpc),
            (b"fgb", FileFormat::FlatGeobuf),
            (b"PK\x03\x04", FileFormat::Zip),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileFormat::OldWorkbook),
        ];
        // The name of the first file of an archive stands behind 30 bytes.
        let is_book = |name: &[u8]| BOOK_STARTS.iter().any(|own| name.starts_with(own));
        if start.starts_with(b"PK\x03\x04") && start.get(30..).is_some_and(is_book) {
            return Self::Workbook;
        }
        if let Some((_, format)) = MAGIC.iter().find(|(magic, _)| start.starts_with(magic)) {
            return *format;
        }
        // A message of Arrow: the mark of one that goes on, and the length of its head.
        if let [0xff, 0xff, 0xff, 0xff, size @ ..] = start
            && let Some(&size) = size.first_chunk()
            && matches!(u32::from_le_bytes(size), 8..=0x1000_0000)
        {
            return Self::ArrowIpc;
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

    fn not_read_here(self, source: &Source) -> Error {
        Error::Format { file: source.name().into(), found: self.name(), expected: &READ_HERE }
    }

    /// It was told behind gzip: what has to be read from several places is not unpacked on the way.
    fn in_gzip(self, source: &Source) -> Error {
        let reason = format!("it is {} in gzip, expected it unpacked", self.name()).into();
        Error::File { file: source.name().into(), reason }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::GeoJson => "GeoJSON",
            Self::Shapefile => "a Shapefile",
            Self::GeoPackage => "a GeoPackage",
            Self::GeoParquet => "a Parquet file",
            Self::ArrowIpc => "an Arrow IPC file",
            Self::FlatGeobuf => "a FlatGeobuf file",
            Self::Workbook if cfg!(feature = "xlsx") => {
                "an Excel workbook without a column of well-known text"
            }
            Self::Workbook => "an Excel workbook",
            Self::OldWorkbook => "a workbook of Excel 97 (.xls)",
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
    let has_layers = matches!(format, FileFormat::GeoPackage | FileFormat::Workbook);
    if let Some(layer) = source.asked_layer().filter(|_| !has_layers) {
        let reason = format!(
            "the layer `{layer}` is asked for, but only a GeoPackage or a workbook has layers by name"
        );
        return Err(Error::File { file: origin.name().into(), reason: reason.into() });
    }
    #[cfg(feature = "parquet")]
    if format == FileFormat::Folder
        && let Some(parts) = super::columnar::open_folder(source)?
    {
        return Ok(Some(parts));
    }
    match format {
        #[cfg(feature = "parquet")]
        FileFormat::GeoParquet | FileFormat::ArrowIpc => super::columnar::open(source, format).map(Some),
        #[cfg(feature = "shapefile")]
        FileFormat::Shapefile | FileFormat::Zip | FileFormat::Folder => {
            super::shapefile::open(source, format).map(Some)
        }
        #[cfg(feature = "gpkg")]
        FileFormat::GeoPackage => super::gpkg::open(source).map(Some),
        FileFormat::FlatGeobuf => super::flatgeobuf::open(source).map(Some),
        FileFormat::Other => super::wkt_table::open(source),
        #[cfg(feature = "xlsx")]
        FileFormat::Workbook => super::wkt_table::open_sheet(source),
        FileFormat::GeoJson => Ok(None),
        other => Err(other.not_read_here(source)),
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
        packed @ FileFormat::FlatGeobuf => Err(packed.in_gzip(source)),
        packed @ FileFormat::GeoPackage if cfg!(feature = "gpkg") => Err(packed.in_gzip(source)),
        packed @ (FileFormat::GeoParquet | FileFormat::ArrowIpc) if cfg!(feature = "parquet") => {
            Err(packed.in_gzip(source))
        }
        other => Err(other.not_read_here(source)),
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
            (b"ARROW1\0\0", FileFormat::ArrowIpc),
            (b"\xff\xff\xff\xff\x58\x02\0\0\x10", FileFormat::ArrowIpc),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", FileFormat::Other),
            (b"fgb\x03fgb\x00", FileFormat::FlatGeobuf),
            (b"PK\x03\x04", FileFormat::Zip),
            (
                b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0[Content_Types].xml",
                FileFormat::Workbook,
            ),
            (b"\xef\xbb\xbf \n{", FileFormat::GeoJson),
            (b"\x1e{", FileFormat::GeoJson),
            (b"a,b\n1,2", FileFormat::Other),
            (b"", FileFormat::Other),
        ] {
            assert_eq!(FileFormat::of_start(start), format);
        }
        let error =
            features_of(&Source::bytes("parcels.xls", &b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..])).map(drop);
        assert_eq!(
            error.map_err(|error| error.to_string()),
            Err(format!("parcels.xls: found a workbook of Excel 97 (.xls), expected {}", *READ_HERE))
        );
    }
}
