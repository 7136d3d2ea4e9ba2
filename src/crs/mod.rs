//! From degrees to metres: reference systems, projection engines, and the doctor that finds what is wrong with coordinates.
//!
//! Use [`doctor::examine`] first, on raw coordinates: it says which system they are in or refuses. Then
//! [`WorkingPlane::new`] moves them into metres. **Axis order is always x = east, y = north**, in and out, for every
//! system, whatever order its authority defines.
//!
//! Two engines stand behind the trait [`Projection`]: one all in Rust by default (own closed form for the centred
//! equal-area plane, proj4rs for every named system), and the C library PROJ behind the feature `proj`, which takes over
//! only what the first cannot do: shifts of datum, WKT, systems without a PROJ string. Neither touches GCJ-02 or BD-09.

mod definition;
pub mod doctor;
pub mod ellipsoid;
mod engine;
#[cfg(feature = "proj")]
mod engine_proj;
mod laea;
mod plane;

use std::fmt;

pub use definition::{SourceCrs, WorkingCrs};
pub use ellipsoid::Ellipsoid;
#[cfg(feature = "proj")]
pub use engine_proj::ProjEngine;
pub use plane::WorkingPlane;

use crate::geometry::Coord;

/// A map between longitude/latitude (degrees, x east, y north) or other source coordinates and a plane in metres.
pub trait Projection: fmt::Debug + Send + Sync {
    /// Moves source coordinates into the plane, in place. A coordinate that cannot be projected becomes NaN.
    fn forward(&self, coords: &mut [Coord]);
    /// Moves plane coordinates back, in place. A coordinate that cannot be projected becomes NaN.
    fn inverse(&self, coords: &mut [Coord]);
}

/// What areas in a working plane are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AreaKind {
    /// Areas on the ellipsoid, kept by an equal-area projection.
    EqualArea,
    /// Areas in a plane that does not keep them exactly.
    Planar,
}

/// Why coordinates cannot be used as they are.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CrsError {
    /// No engine knows the system.
    #[error("unknown coordinate reference system `{0}`{hint}", hint = unknown_hint())]
    Unknown(Box<str>),
    /// Source and working system stand on different datums, and no engine at hand computes the shift.
    #[error("`{from}` to `{to}` needs a shift of datum, which {engine}", engine = shift_hint())]
    DatumShift {
        /// The system coordinates are in.
        from: Box<str>,
        /// The system they should go to.
        to: Box<str>,
    },
    /// The system cannot serve for this.
    #[error("`{crs}` cannot be used: {reason}")]
    Unfit {
        /// The system.
        crs: Box<str>,
        /// Why, and what to do.
        reason: Box<str>,
    },
    /// The data lie where the system has no place.
    #[error("x {} to {}, y {} to {} is no place in `{crs}`", min[0], max[0], min[1], max[1])]
    Extent {
        /// The system coordinates are said to be in.
        crs: Box<str>,
        /// Least x and y of the data.
        min: Coord,
        /// Greatest x and y of the data.
        max: Coord,
    },
    /// Coordinates contradict what is said of them, or can be read in several ways. Nothing is guessed.
    #[error("{reason}; {}", doctor::how_to_say(readings))]
    Unsettled {
        /// What is wrong.
        reason: Box<str>,
        /// Readings that are plausible, most plausible first.
        readings: Box<[doctor::Reading]>,
    },
}

fn unknown_hint() -> &'static str {
    if cfg!(feature = "proj") {
        ""
    } else {
        " to the default engine; the feature `proj` knows more systems, and WKT"
    }
}

fn shift_hint() -> &'static str {
    if cfg!(feature = "proj") {
        "PROJ can only approximate with the grids that are installed"
    } else {
        "the default engine does not compute; build with the feature `proj`, or use `--crs auto` with all layers on one datum"
    }
}
