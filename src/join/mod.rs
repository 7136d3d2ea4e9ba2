//! What other files know of the parcels, brought into their columns: firms that stand on them, buildings, and what could not be joined.
//!
//! Joins change columns and nothing else: no parcel is added, moved or lost. Whatever is not joined is kept with the reason. A joined
//! value takes the place of the parcel's own; where the join gives none, the parcel's own stays.

mod buildings;
mod firms;

use serde::Serialize;

pub use buildings::{BuildingOptions, BuildingPiece, BuildingReport, Buildings};
pub use firms::{Contradiction, FirmColumn, FirmReport, Firms, FirmsOnParcels};

use crate::parcel::Column;

/// What a join did to one column of the parcels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Filled {
    /// The column.
    pub column: Box<str>,
    /// Parcels that have a joined value.
    pub joined: usize,
    /// Of these, parcels whose own value was another and gave way.
    pub replaced: usize,
    /// Parcels that keep their own value, as the join gives none.
    pub kept: usize,
}

/// Lays `joined` over `own`.
fn overlay(column: &str, own: &mut Column<f64>, joined: &Column<f64>) -> Filled {
    let mut filled = Filled { column: column.into(), ..Filled::default() };
    let merged = (0..joined.len()).map(|i| {
        let (old, new) = (own.get(i), joined.get(i));
        filled.joined += usize::from(new.is_some());
        filled.replaced += usize::from(new.is_some() && old.is_some() && old != new);
        filled.kept += usize::from(new.is_none() && old.is_some());
        new.or(old)
    });
    let merged = merged.collect();
    *own = merged;
    filled
}
