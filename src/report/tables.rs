//! Layers of what stands beside an analysis: two dates compared, firms and buildings joined, firms appraised.

use std::borrow::Cow;

use super::columns::{
    self, AppraisalRows, AppraisedParcelRows, BuildingRows, Compared, FirmRows, MemberOrder, Table,
};
use super::layer::Layer;
use crate::ParcelSet;
use crate::audit::{Audit, Year};
use crate::efficiency::{Appraised, Grade};
use crate::geometry::MultiPolygonArray;
use crate::join::{Buildings, Firms, FirmsOnParcels};
use crate::parcel::TextColumn;

/// A layer or table that an audit gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuditLayer {
    /// Every parcel of the later date and vanished ones of the earlier, with fate and change inside the lines.
    Changes,
    /// Land inside the lines of parcels where construction there changed.
    InsideChanges,
    /// Which parcels of both dates share land. A table.
    Matches,
}

impl AuditLayer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Changes, Self::InsideChanges, Self::Matches];

    /// Name of its file, without the ending.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::InsideChanges => "inside_changes",
            Self::Matches => "matches",
        }
    }
}

impl Audit {
    /// A layer of what changed between the two dates that were compared.
    ///
    /// # Complexity
    /// O(positions) to gather the geometries.
    pub fn layer<'a>(&'a self, which: AuditLayer, old: &'a Year, new: &'a Year) -> Layer<'a> {
        let compared = Compared { audit: self, old, new };
        // Both dates lie in one plane; what leaves it does so as the later date came in.
        let plane = new.set.plane();
        match which {
            AuditLayer::Changes => {
                let mut shapes = MultiPolygonArray::new();
                for change in &self.parcels {
                    let (year, at) = compared.side(change);
                    shapes.push(year.set.geometry().get(at));
                }
                let table = Table::new(compared, columns::changes(), MemberOrder::ByName);
                Layer::new(which.name(), table, self.parcels.len()).with_shapes(plane, Cow::Owned(shapes))
            }
            AuditLayer::InsideChanges => {
                let shapes = self.changed_shapes(old, new);
                let any = |&i: &usize| shapes.get(i).polygons().len() > 0;
                let rows = (0..shapes.len()).filter(any).map(|i| i as u32).collect();
                let table = Table::new(compared, columns::changes(), MemberOrder::ByName);
                Layer::new(which.name(), table, 0).with_shapes(plane, Cow::Owned(shapes)).of_items(rows)
            }
            AuditLayer::Matches => {
                let table = Table::new(compared, columns::matches(), MemberOrder::ByName);
                Layer::new(which.name(), table, self.pieces.len())
            }
        }
    }
}

/// The join of firms as a table: one row per firm and parcel, matched or with the reason why not.
///
/// # Complexity
/// O(rows · amounts).
pub fn firms_layer<'a>(firms: &'a Firms, joined: &'a FirmsOnParcels) -> Layer<'a> {
    let rows = FirmRows::new(firms, joined);
    let len = rows.len();
    Layer::new("firms", Table::new(rows, columns::firms(), MemberOrder::AsListed), len).with_bare_numbers()
}

/// The join of buildings as a table: one row per building and parcel it stands on, one row without parcel for each building on none.
///
/// # Complexity
/// O(buildings + pieces).
pub fn buildings_layer<'a>(
    parcels: &'a ParcelSet,
    buildings: &'a ParcelSet,
    joined: &Buildings,
) -> Layer<'a> {
    let rows = BuildingRows::new(parcels, buildings, joined);
    let len = rows.len();
    Layer::new("buildings", Table::new(rows, columns::buildings(), MemberOrder::AsListed), len)
        .with_bare_numbers()
}

/// An appraisal as a table: one row per firm with its group, standing, score, bounds, rank and grade, value and points of each item, and
/// the verdict in two languages.
///
/// # Complexity
/// O(rows · indicators).
pub fn appraisal_layer<'a>(ids: &'a TextColumn, found: &'a Appraised) -> Layer<'a> {
    let rows = AppraisalRows::new(ids, found);
    let len = rows.len();
    Layer::new("appraisal", Table::new(rows, columns::appraisal(), MemberOrder::AsListed), len)
        .with_bare_numbers()
}

/// What stands on each parcel that firms name, as a table; `low` are the grades that are low-efficiency.
///
/// # Complexity
/// O(rows · log rows).
pub fn appraised_parcels_layer<'a>(firms: &'a Firms, found: &Appraised, low: &[Grade]) -> Layer<'a> {
    let rows = AppraisedParcelRows::new(firms, found, low);
    let len = rows.len();
    let table = Table::new(rows, columns::appraised_parcels(), MemberOrder::AsListed);
    Layer::new("parcels", table, len).with_bare_numbers()
}
