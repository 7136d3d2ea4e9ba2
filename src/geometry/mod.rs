//! The plane: polygons as flat arrays, and the kernels that measure them.
//!
//! Everything here works on coordinates in metres and knows nothing of parcels, files or land use.

pub mod array;
pub mod boolean;
pub mod closing;
pub mod distance;
mod engine;
mod envelope;
mod envelope_index;
pub mod hilbert;
mod near;
pub mod partition;
mod predicates;
pub mod prepared;
pub(crate) mod same;
mod strips;
mod trapezoid;
pub mod validity;

pub use array::{MultiPolygonArray, MultiPolygonRef, PolygonRef};
pub use envelope::Envelope;
pub use envelope_index::EnvelopeIndex;

/// A position in the plane, metres: x east, y north.
pub type Coord = [f64; 2];
