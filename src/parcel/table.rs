use serde::Serialize;

use super::Attributes;
use crate::error::FeaturePos;
use crate::geometry::MultiPolygonArray;

/// Features as they were read: geometries in the file's own coordinates, attributes beside them, nothing validated and
/// nothing projected. There is no area here; [`ParcelSet::new`](crate::ParcelSet::new) is the only way on.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FeatureTable {
    /// One geometry per feature, rings exactly as given.
    pub geometry: MultiPolygonArray,
    /// One row per feature.
    pub attributes: Attributes,
    /// Position of each feature in the file, from 0.
    pub source_row: Vec<u32>,
    /// Features that could not be taken.
    pub rejected: Vec<Rejected>,
}

impl FeatureTable {
    /// How many features were taken.
    pub fn len(&self) -> usize {
        self.source_row.len()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A feature that cannot be used, with its position and the reason. It is kept, never dropped in silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Which feature.
    #[serde(flatten)]
    pub at: FeaturePos,
    /// What is wrong with it and what was expected.
    pub reason: Box<str>,
}
