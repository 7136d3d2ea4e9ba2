use geo::CoordsIter;
use serde::Serialize;

use super::{Attributes, Parcel};
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
    /// Parcels as a table, in their order; what no longer fits is among the rejected.
    pub fn from_parcels(parcels: impl IntoIterator<Item = Parcel>) -> Self {
        let mut table = Self::default();
        for (row, parcel) in (0..u32::MAX).zip(parcels) {
            if table.geometry.fits(parcel.geometry.coords_count()) {
                table.push(&parcel, row);
            } else {
                let at = FeaturePos { row, id: parcel.id.as_deref().map(Into::into) };
                let reason = "there are more coordinates than a set can hold".into();
                table.rejected.push(Rejected { at, reason });
            }
        }
        table
    }

    /// Adds a parcel at the end, as the feature at `row` of its file.
    pub fn push(&mut self, parcel: &Parcel, row: u32) {
        self.geometry.push_geo(&parcel.geometry);
        self.attributes.push(parcel);
        self.source_row.push(row);
    }

    /// Takes features out and puts them among the rejected; `strays` are their positions here, in order, and the reasons.
    pub(crate) fn put_aside(&mut self, strays: Vec<(u32, Box<str>)>) {
        if strays.is_empty() {
            return;
        }
        let mut out = strays.iter().map(|stray| stray.0).peekable();
        let kept: Vec<u32> = (0..self.len() as u32).filter(|&i| out.next_if_eq(&i).is_none()).collect();
        for (i, reason) in strays {
            let id = self.attributes.id.get(i as usize).map(Into::into);
            self.rejected.push(Rejected { at: FeaturePos { row: self.source_row[i as usize], id }, reason });
        }
        self.geometry = self.geometry.take(&kept);
        self.attributes = self.attributes.take(&kept);
        self.source_row = kept.iter().map(|&i| self.source_row[i as usize]).collect();
    }

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
