//! All tests of the library's public surface, one module per theme. One binary, so that they are linked once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where it does not hold, and says what it skipped"
)]

mod analysis;
mod architecture;
#[cfg(feature = "arrow")]
mod arrow;
mod audit;
mod cluster;
mod conformance;
mod crs;
mod efficiency;
mod faults;
#[cfg(feature = "shapefile")]
mod formats;
mod formats_csv;
mod formats_fgb;
#[cfg(feature = "gpkg")]
mod formats_gpkg;
#[cfg(feature = "parquet")]
mod formats_parquet;
#[cfg(feature = "xlsx")]
mod formats_xlsx;
mod generate;
mod geos;
mod io;
mod kernels;
mod layers;
mod ledger;
#[cfg(feature = "map")]
mod map;
mod page;
mod plane;
mod records;
mod redevelop;
mod schema;
mod sensitivity;
mod stats;
mod support;
