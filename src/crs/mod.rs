//! From degrees to metres: reference systems, projection engines, and the doctor that finds what is wrong with coordinates.

use std::fmt;

use rayon::prelude::*;

use crate::geometry::Coord;

/// Coordinates one thread moves at a time.
const CHUNK: usize = 16_384;

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

/// The plane that everything is computed in, and the way there and back.
#[derive(Debug)]
pub struct WorkingPlane {
    source: Box<str>,
    definition: Box<str>,
    area: AreaKind,
    projection: Option<Box<dyn Projection>>,
}

impl WorkingPlane {
    /// The plane of coordinates that are metres already: nothing is moved.
    pub fn local() -> Self {
        Self { source: "local".into(), definition: "local".into(), area: AreaKind::Planar, projection: None }
    }

    /// The source system, as named by the data or the caller.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The working system, in words that identify it.
    pub fn definition(&self) -> &str {
        &self.definition
    }

    /// What areas in this plane are.
    pub fn area(&self) -> AreaKind {
        self.area
    }

    /// Moves source coordinates into the plane, in place, on all threads. What cannot be projected becomes NaN.
    pub fn forward(&self, coords: &mut [Coord]) {
        if let Some(projection) = &self.projection {
            coords.par_chunks_mut(CHUNK).for_each(|chunk| projection.forward(chunk));
        }
    }

    /// Moves plane coordinates back to the source system, in place, on all threads.
    pub fn inverse(&self, coords: &mut [Coord]) {
        if let Some(projection) = &self.projection {
            coords.par_chunks_mut(CHUNK).for_each(|chunk| projection.inverse(chunk));
        }
    }
}

/// Why coordinates cannot be used as they are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrsError {
    /// No engine knows the system.
    #[error("unknown coordinate reference system `{0}`")]
    Unknown(Box<str>),
}
