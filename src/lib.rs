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
mod parallel;
pub mod parcel;
mod progress;
mod random;
pub mod report;
mod rows;
pub mod sensitivity;
pub mod stats;
mod sum;
mod text_form;
mod union_find;
pub mod units;
pub mod zoning;

pub use analysis::{Analysis, Inputs, Options};
pub use error::{Error, ParamError};
pub use parcel::{Parcel, ParcelIdx, ParcelIndex, ParcelRef, ParcelSet};
