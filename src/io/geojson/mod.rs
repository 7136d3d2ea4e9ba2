//! GeoJSON in and out.

mod append;
mod find;
mod geometry;
mod inspect;
mod json;
mod lines;
mod number;
mod pieces;
mod read;
mod scan;
#[cfg(test)]
mod scan_tests;
mod source;
mod spans;
mod text;

pub use append::append_properties;
pub use find::{FoundFeature, find_features};
pub use inspect::inspect;
pub use read::read;
pub use text::GeoJsonText;

pub(super) use geometry::push_unreadable;
#[cfg(feature = "parquet")]
pub(super) use geometry::take_geometry;
#[cfg(feature = "arrow")]
pub(super) use geometry::{EMPTY, Geometry, Kind, NO_EXTERIOR, Tally};
use inspect::look;
pub(super) use json::{Fault, Json};
pub use lines::FoundLines;
pub(super) use lines::read_lines;
pub(super) use read::{read_value, syntax};
pub(super) use scan::Scanner;
pub(super) use source::GeoJsonSource;
