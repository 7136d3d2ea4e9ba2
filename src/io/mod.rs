//! Files in and out: GeoJSON into columns, layers and tables out, each output whole or not there at all.

mod columns;
mod format;
mod geojson;
mod inspect;
mod layer;
mod load;
pub mod schema;
mod source;
mod table;
mod value;
mod write;

pub use format::{FeatureSource, FileFormat};
pub use geojson::{FoundFeature, GeoJsonText, append_properties, find_features, inspect, read};
pub use inspect::PropertySummary;
pub use layer::{AbsentProperty, Layer, OnBadFeature, PropertyFault, ReadOptions, ReadReport};
pub use load::{Loaded, Loader, infer};
pub use source::Source;
pub use table::{NumberFormat, Table, Unreadable};
pub(crate) use write::push_json;
pub use write::{FeatureWriter, OutputDir, OutputFile, Rounding, push_count, push_number, push_text};
