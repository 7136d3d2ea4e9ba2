//! Files in and out: GeoJSON and tables into columns, layers out to any writer.

mod columns;
#[cfg(feature = "shapefile")]
mod encoding;
mod format;
mod geojson;
#[cfg(feature = "gpkg")]
mod gpkg;
mod inspect;
mod layer;
mod load;
pub mod schema;
#[cfg(feature = "shapefile")]
mod shapefile;
mod source;
mod table;
mod transcode;
mod value;
#[cfg(feature = "gpkg")]
mod wkb;
mod wkt_geometry;
mod wkt_table;
mod write;

#[cfg(feature = "shapefile")]
pub(crate) use encoding::check_encoding;
pub use format::{FeatureSource, FileFormat};
pub use geojson::{FoundFeature, GeoJsonText, append_properties, find_features, inspect, read};
pub use inspect::PropertySummary;
pub use layer::{AbsentProperty, Layer, OnBadFeature, PropertyFault, ReadOptions, ReadReport};
pub use load::{Loaded, Loader, infer};
pub use source::Source;
pub use table::{NumberFormat, Table, Unreadable};
pub use transcode::Settled;
pub use write::{FeatureWriter, Rounding};
pub(crate) use write::{crs_member, write_runs};

pub use crate::json_text::{push_count, push_number, push_text, to_json};
pub(crate) use columns::OWN_ID;
