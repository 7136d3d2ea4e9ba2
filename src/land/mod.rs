//! What several stages share about the land, made once: what codes of use mean, what each parcel counts as, where parcels
//! overlap and which of them the land counts for.

mod status;

use std::sync::Arc;

pub use status::{LandStatus, land_status};

use crate::error::Error;
use crate::geometry::partition::Partition;
use crate::parcel::{ParcelIdx, ParcelSet};
use crate::sum;
use crate::zoning::{LandUse, ResolvedUses, Schemes};

/// Two parcels that overlap, the lower first, and the area they share, m².
pub type Overlap = (ParcelIdx, ParcelIdx, f64);

/// The land of a set, aligned with its parcels.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Land {
    /// What the codes of current use mean.
    pub current_use: ResolvedUses,
    /// What each parcel counts as.
    pub status: Vec<LandStatus>,
    /// Parcels that overlap.
    pub overlaps: Arc<[Overlap]>,
    /// Which part of each parcel counts where parcels overlap: construction land first, then land whose use is not known.
    pub partition: Partition,
}

impl Land {
    /// The land of `set`, given its `overlaps`, which adjacency finds in one sweep with the links
    /// ([`Adjacency::graph_and_overlaps`](crate::adjacency::Adjacency::graph_and_overlaps)).
    ///
    /// # Errors
    /// As [`Partition::new`].
    ///
    /// # Complexity
    /// O(n), and as [`Partition::new`] in overlaps.
    pub fn new(
        set: &ParcelSet,
        schemes: &Schemes,
        floor_area_counts: bool,
        overlaps: impl Into<Arc<[Overlap]>>,
    ) -> Result<Self, Error> {
        let overlaps = overlaps.into();
        let status = land_status(set, schemes, floor_area_counts);
        let pairs: Vec<[u32; 2]> = overlaps.iter().map(|(a, b, _)| [a.0, b.0]).collect();
        let priority: Vec<u8> = status.iter().map(|&status| status as u8).collect();
        let partition = Partition::new(set.geometry(), &pairs, &priority)?;
        let current_use = schemes.resolve_column(&set.attributes().current_use);
        Ok(Self { current_use, status, overlaps, partition })
    }

    /// Area of the union of some parcels, m²: land under several of them once.
    ///
    /// # Errors
    /// As [`Partition::new`].
    ///
    /// # Complexity
    /// O(n), and as [`Partition::new`] in the overlaps among them.
    pub fn union_area_m2(&self, set: &ParcelSet, among: impl Fn(ParcelIdx) -> bool) -> Result<f64, Error> {
        let all = (0..set.len() as u32).map(ParcelIdx).filter(|&idx| among(idx));
        let sum_m2 = sum::area_m2(all.map(|idx| set.area_m2()[idx.index()]));
        let pairs: Vec<[u32; 2]> = self
            .overlaps
            .iter()
            .filter(|(a, b, _)| among(*a) && among(*b))
            .map(|(a, b, _)| [a.0, b.0])
            .collect();
        let mut members = pairs.concat();
        members.sort_unstable();
        members.dedup();
        let at = |i: u32| members.partition_point(|&own| own < i) as u32;
        let pairs: Vec<[u32; 2]> = pairs.iter().map(|pair| pair.map(at)).collect();
        let parts = Partition::new(&set.geometry().take(&members), &pairs, &vec![0; members.len()])?;
        Ok(sum_m2 - parts.overlap_area_m2())
    }

    /// What the current use of a parcel means; none where no scheme knows it.
    pub fn use_of(&self, set: &ParcelSet, parcel: ParcelIdx) -> Option<&LandUse> {
        self.current_use.of(set.attributes().current_use.key(parcel.index()))
    }
}
