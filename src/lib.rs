//! Land-parcel analysis: low-efficiency clusters and development intensity against ecological control lines.

pub mod adjacency;
pub mod analysis;
pub mod cluster;
pub mod control;
pub mod crs;
pub mod efficiency;
pub mod error;
pub mod generate;
pub mod geometry;
pub mod index;
pub mod intensity;
pub mod io;
pub mod parcel;
mod random;
pub mod report;
pub mod stats;
pub mod units;
pub mod zoning;

pub use analysis::Analysis;
pub use error::{Error, ParamError};
pub use parcel::{Parcel, ParcelIdx, ParcelRef, ParcelSet};
