//! Files in and out: GeoJSON and tables into columns, layers out to any writer.

#[cfg(feature = "arrow")]
mod arrow;
#[cfg(any(feature = "shapefile", feature = "xlsx"))]
#[cfg_attr(not(feature = "shapefile"), expect(dead_code, reason = "Shapefiles take all of it"))]
mod bytes;
#[cfg(feature = "parquet")]
mod columnar;
mod columns;
mod contents;
#[cfg(feature = "encodings")]
mod encoding;
mod flatgeobuf;
mod format;
mod geojson;
#[cfg(feature = "gpkg")]
mod gpkg;
mod inspect;
mod layer;
mod load;
#[cfg(any(feature = "gpkg", feature = "parquet"))]
mod row_thread;
pub mod schema;
#[cfg(feature = "shapefile")]
mod shapefile;
mod source;
mod table;
mod text_encoding;
mod transcode;
mod value;
mod values;
mod wkb;
mod wkt_geometry;
mod wkt_table;
#[cfg(feature = "xlsx")]
mod workbook;
mod write;
#[cfg(any(feature = "shapefile", feature = "xlsx"))]
mod zip;

#[cfg(feature = "arrow")]
pub use arrow::ArrowFeatures;
pub use contents::{
    CodeRow, CodeTable, Contents, ContentsOptions, MissingTarget, NearName, PropertyContents, ValueKind,
};
#[cfg(feature = "encodings")]
pub(crate) use encoding::check_encoding;
pub(crate) use format::features_of;
pub use format::{FeatureSource, FileFormat};
pub use geojson::{FoundFeature, FoundLines, GeoJsonText, append_properties, find_features, inspect, read};
pub use inspect::PropertySummary;
pub use layer::{AbsentProperty, Layer, OnBadFeature, PropertyFault, ReadOptions, ReadReport};
pub use load::{Loaded, Loader, infer, infer_features};
pub use source::Source;
pub use table::{NumberFormat, Table, Unreadable};
pub use transcode::Settled;
pub use write::{FeatureWriter, Rounding};
pub(crate) use write::{crs_member, write_runs};

pub use crate::json_text::{push_count, push_number, push_text, to_json};
pub(crate) use columns::OWN_ID;
