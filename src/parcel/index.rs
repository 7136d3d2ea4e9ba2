//! Trees of envelopes for questions about a few places: what lies in a window, at a point, nearest to a point.
//!
//! An envelope gives candidates, never answers; [`ParcelIndex`] looks at the boundaries themselves where it answers.
//! When not to use it: all pairs of neighbours of a set come twenty times faster from
//! [`candidate_pairs`](crate::adjacency::candidate_pairs).

use std::sync::Arc;

use crate::geometry::{Coord, Envelope, EnvelopeIndex, MultiPolygonArray, distance};
use crate::parcel::{ParcelIdx, ParcelSet};

/// An R-tree over the parcels of a set, which it shares: a program keeps one and asks it from any thread.
///
/// ```
/// use geo::{MultiPolygon, Rect, coord};
/// use landuse::{Parcel, ParcelIndex, ParcelSet};
/// let square = |id: &str, x: f64| {
///     let land = Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + 10.0, y: 10.0 });
///     Parcel::new(id, MultiPolygon::new(vec![land.to_polygon()]))
/// };
/// let parcels = ParcelSet::local([square("A", 0.0), square("B", 10.0), square("C", 30.0)]);
/// let index = ParcelIndex::new(parcels);
/// let at = index.at([15.0, 5.0]).first().copied().ok_or("nobody's land")?;
/// assert_eq!(index.parcels().get(at).id(), Some("B"));
/// assert_eq!(index.with_id("C").len(), 1);
/// let nearest = index.nearest([27.0, 5.0], 2);
/// assert_eq!(nearest.iter().map(|(_, distance_m)| *distance_m).collect::<Vec<_>>(), [3.0, 7.0]);
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone)]
pub struct ParcelIndex {
    set: Arc<ParcelSet>,
    envelopes: EnvelopeIndex,
    /// Positions of records in order of id; those without one are left out.
    by_id: Vec<u32>,
}

impl ParcelIndex {
    /// Loads all parcels of a set at once. Time and memory as [`EnvelopeIndex::new`].
    pub fn new(set: impl Into<Arc<ParcelSet>>) -> Self {
        let set = set.into();
        let id = |&record: &u32| set.record(record as usize).id();
        let records = set.record_counts().records as u32;
        let mut by_id: Vec<u32> = (0..records).filter(|record| id(record).is_some()).collect();
        by_id.sort_by_key(id);
        Self { envelopes: EnvelopeIndex::new(set.envelopes()), by_id, set }
    }

    /// The parcels.
    pub fn parcels(&self) -> &Arc<ParcelSet> {
        &self.set
    }

    /// All parcels whose envelope meets `window`, ascending; touching counts.
    pub fn window(&self, window: Envelope) -> Vec<ParcelIdx> {
        let mut found: Vec<ParcelIdx> = self.candidates(window).collect();
        found.sort_unstable();
        found
    }

    /// All parcels that share land or boundary with an area in the same plane, ascending, at the tolerance
    /// [`SNAP_M`](distance::SNAP_M).
    pub fn polygon(&self, area: &geo::MultiPolygon<f64>) -> Vec<ParcelIdx> {
        let (mut given, mut shape) = (MultiPolygonArray::new(), MultiPolygonArray::new());
        given.push_geo(area);
        shape.push_oriented(given.get(0));
        let area = shape.get(0);
        let near = |idx: &ParcelIdx| {
            let measured = distance::measure(area, self.set.get(*idx).geometry(), distance::SNAP_M);
            measured.is_some()
        };
        let mut found: Vec<ParcelIdx> =
            self.candidates(area.envelope().grown(distance::SNAP_M)).filter(near).collect();
        found.sort_unstable();
        found
    }

    /// All parcels of this id, or with a record of it, ascending: ids need not be unique.
    pub fn with_id(&self, id: &str) -> Vec<ParcelIdx> {
        let of = |&record: &u32| self.set.record(record as usize).id();
        let start = self.by_id.partition_point(|record| of(record) < Some(id));
        let records = self.by_id[start..].iter().take_while(|record| of(record) == Some(id));
        let mut found: Vec<ParcelIdx> =
            records.map(|&record| self.set.record(record as usize).parcel()).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    fn candidates(&self, window: Envelope) -> impl Iterator<Item = ParcelIdx> + '_ {
        self.envelopes.candidates(window).map(ParcelIdx)
    }

    /// All parcels that hold `point`, ascending. A point on a boundary belongs to every parcel it bounds, at the tolerance
    /// [`SNAP_M`](distance::SNAP_M).
    pub fn at(&self, point: Coord) -> Vec<ParcelIdx> {
        let window = Envelope { min: point, max: point }.grown(distance::SNAP_M);
        let mut found: Vec<ParcelIdx> =
            self.candidates(window).filter(|&idx| self.distance(idx, point) <= distance::SNAP_M).collect();
        found.sort_unstable();
        found
    }

    /// The `k` parcels nearest to `point` with their distances in metres, by (distance, position); 0 inside a parcel. Fewer
    /// where the set holds fewer.
    pub fn nearest(&self, point: Coord, k: usize) -> Vec<(ParcelIdx, f64)> {
        if !(point[0].is_finite() && point[1].is_finite()) {
            return Vec::new();
        }
        let mut best: Vec<(ParcelIdx, f64)> = Vec::with_capacity(k.min(self.set.len()) + 1);
        for (position, at_least) in self.envelopes.by_distance(point) {
            // An envelope is never farther away than what it holds, so nothing nearer can follow. Ties still may.
            if best.len() == k && best.last().is_none_or(|&(_, farthest)| at_least > farthest) {
                break;
            }
            let idx = ParcelIdx(position);
            let found = (idx, self.distance(idx, point));
            let place = best.partition_point(|b| b.1.total_cmp(&found.1).then(b.0.cmp(&found.0)).is_lt());
            best.insert(place, found);
            best.truncate(k);
        }
        best
    }

    fn distance(&self, idx: ParcelIdx, point: Coord) -> f64 {
        distance::to_point(self.set.get(idx).geometry(), point)
    }
}
