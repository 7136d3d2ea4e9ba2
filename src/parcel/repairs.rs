use super::Repair;
use crate::sum::AreaSum;
use crate::warning::WarningKind;

/// What repairs made of the land of a layer.
///
/// ```
/// use geo::polygon;
/// use landuse::{Parcel, ParcelSet, parcel::Repairs};
///
/// let bow_tie = polygon![(x: 0., y: 0.), (x: 4., y: 4.), (x: 4., y: 0.), (x: 0., y: 4.)];
/// let set = ParcelSet::local([Parcel::new("a", bow_tie)]);
/// let repairs = Repairs::of(set.repaired());
/// assert_eq!((repairs.count, repairs.added_m2, repairs.taken_m2), (1, 8.0, 0.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Repairs {
    /// Features whose boundary was mended.
    pub count: usize,
    /// Land that some of them have more after repair than by the shoelace formula of the rings as given, m².
    pub added_m2: f64,
    /// Land that others have less, m².
    pub taken_m2: f64,
}

impl Repairs {
    /// The sums over repairs, in any order.
    pub fn of(repairs: &[Repair]) -> Self {
        let (mut added, mut taken) = (AreaSum::default(), AreaSum::default());
        for repair in repairs {
            let before = if repair.area_before_m2.is_nan() { 0.0 } else { repair.area_before_m2 };
            let change = repair.area_after_m2 - before;
            if change > 0.0 { added.add(change) } else { taken.add(-change) }
        }
        Self { count: repairs.len(), added_m2: added.m2(), taken_m2: taken.m2() }
    }
}

impl From<Repairs> for WarningKind {
    fn from(repairs: Repairs) -> Self {
        let Repairs { count, added_m2, taken_m2 } = repairs;
        Self::BoundariesRepaired { count, added_m2, taken_m2 }
    }
}
