#![doc = include_str!("../README.md")]

pub mod adjacency;
pub mod analysis;
pub mod audit;
pub mod cluster;
mod column;
pub mod control;
pub mod crs;
pub mod efficiency;
pub mod error;
pub mod expr;
pub mod generate;
pub mod geometry;
pub mod intensity;
pub mod io;
pub mod join;
mod json_text;
pub mod land;
mod language;
mod parallel;
pub mod parcel;
mod progress;
mod random;
pub mod redevelop;
pub mod report;
mod rows;
pub mod sensitivity;
pub mod stats;
mod sum;
mod text_form;
mod union_find;
pub mod units;
pub mod warning;
pub mod zoning;

pub use analysis::{Analysis, Inputs, Options};
pub use error::{Error, ParamError};
pub use language::Language;
pub use parcel::{Parcel, ParcelIdx, ParcelIndex, ParcelRef, ParcelSet};
pub use warning::Warning;

/// The code of the guide, which the tests of the documentation run.
#[cfg(doctest)]
#[doc = include_str!("../docs/guide/src/embedders.md")]
struct Guide;
