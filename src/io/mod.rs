//! Files in and out: GeoJSON into columns, layers and tables out, each output whole or not there at all.

mod geometry;
mod json;
mod load;
mod read;
pub mod schema;
mod source;
mod splice;
mod walk;
mod write;

pub use load::{Loaded, Loader, infer};
pub use read::{Layer, OnBadFeature, PropertyFault, ReadOptions, ReadReport, Samples, read, sample};
pub use source::Source;
pub use splice::splice;
pub use write::{FeatureWriter, OutputDir, OutputFile, Rounding, push_number, push_text};
