//! Files in and out: GeoJSON into columns, layers and tables out, each output whole or not there at all.

mod find;
mod geometry;
mod json;
mod lines;
mod load;
mod places;
mod read;
pub mod schema;
mod source;
mod splice;
mod table;
mod walk;
#[cfg(test)]
mod walk_tests;
mod write;

pub use find::{FoundFeature, find_features};
pub use load::{Loaded, Loader, infer};
pub use read::{Layer, OnBadFeature, PropertyFault, ReadOptions, ReadReport, Samples, read, sample};
pub use source::Source;
pub use splice::splice;
pub use table::Table;
pub(crate) use write::push_json;
pub use write::{FeatureWriter, OutputDir, OutputFile, Rounding, push_count, push_number, push_text};
