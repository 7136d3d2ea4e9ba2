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
pub mod land;
pub mod parcel;
mod progress;
mod random;
pub mod report;
pub mod sensitivity;
pub mod stats;
mod text_form;
mod union_find;
pub mod units;
pub mod zoning;

pub use analysis::{Analysis, Inputs, Options};
pub use error::{Error, ParamError};
pub use parcel::{Parcel, ParcelIdx, ParcelIndex, ParcelRef, ParcelSet};

/// Sets the number of threads that all stages share; without a call, one per core. No figure depends on it.
///
/// # Errors
/// [`ParamError`] where threads have been started already.
pub fn use_threads(threads: usize) -> Result<(), Error> {
    let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    built.map_err(|_| ParamError::new("threads", threads, "a number set before the first stage runs").into())
}

/// The number of threads that all stages share.
pub fn threads() -> usize {
    rayon::current_num_threads()
}
