//! From degrees to metres: reference systems, projection engines, and which system coordinates are in.
//!
//! Use [`identify::identify`] first, on raw coordinates: it says which system they are in or refuses. Then
//! [`WorkingPlane::new`] moves them into metres. **Axis order is always x = east, y = north**, in and out, for every
//! system, whatever order its authority defines.
//!
//! Two engines stand behind the trait [`Projection`]: one all in Rust by default (own closed form for the centred
//! equal-area plane, proj4rs for every named system), and the C library PROJ behind the feature `proj`, which takes over
//! only what the first cannot do: shifts of datum, WKT, systems without a PROJ string. Neither touches GCJ-02 or BD-09.

mod antimeridian;
mod definition;
pub mod ellipsoid;
mod engine;
#[cfg(feature = "proj")]
mod engine_proj;
mod fit;
pub mod identify;
mod laea;
mod plane;
mod proj_text;
#[cfg(feature = "arrow")]
pub(crate) mod projjson;
mod spread;
mod wkt;

use std::fmt;

pub use crate::error::{CrsError, Reading};
pub(crate) use antimeridian::cut_there;
pub use definition::{SourceCrs, WorkingCrs};
pub use ellipsoid::Ellipsoid;
#[cfg(feature = "proj")]
pub use engine_proj::ProjEngine;
pub use fit::Bend;
pub(crate) use fit::around_a_pole;
pub use plane::WorkingPlane;
pub(crate) use spread::is_nowhere;
pub use spread::{FARTHEST_M, Spread, Stray};

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
