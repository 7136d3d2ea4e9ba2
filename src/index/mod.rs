//! Trees of envelopes for questions about a few places: what lies in a window, at a point, nearest to a point.
//!
//! An envelope gives candidates, never answers; [`ParcelIndex`] looks at the boundaries themselves where it answers.
//! When not to use it: all pairs of neighbours of a set come twenty times faster from
//! [`candidate_pairs`](crate::adjacency::candidate_pairs).

use rstar::{AABB, PointDistance, RTree, RTreeObject};

use crate::geometry::{Coord, Envelope, distance};
use crate::parcel::{ParcelIdx, ParcelSet};

/// An R-tree over any envelopes: lines, districts, parcels.
///
/// Empty envelopes and those with NaN are left out: nothing is found in them.
///
/// ```
/// use landuse::{geometry::Envelope, index::EnvelopeIndex};
/// let boxes = [0.0, 20.0, 40.0].map(|x| Envelope { min: [x, 0.0], max: [x + 10.0, 10.0] });
/// let index = EnvelopeIndex::new(&boxes);
/// let mut found: Vec<u32> = index.candidates(boxes[1].grown(10.0)).collect();
/// found.sort_unstable();
/// assert_eq!(found, [0, 1, 2]);
/// ```
#[derive(Debug, Clone)]
pub struct EnvelopeIndex {
    tree: RTree<Entry>,
}

impl EnvelopeIndex {
    /// Loads all envelopes at once.
    ///
    /// # Panics
    /// From 4,294,967,296 envelopes on.
    ///
    /// # Complexity
    /// O(n log n) time, about 100 bytes per envelope.
    pub fn new(envelopes: &[Envelope]) -> Self {
        assert!(u32::try_from(envelopes.len()).is_ok(), "more than {} envelopes", u32::MAX);
        let entries = envelopes.iter().zip(0u32..).filter(|(envelope, _)| !envelope.is_empty());
        let tree =
            RTree::bulk_load(entries.map(|(&envelope, position)| Entry { envelope, position }).collect());
        Self { tree }
    }

    /// How many envelopes can be found.
    pub fn len(&self) -> usize {
        self.tree.size()
    }

    /// Whether nothing can be found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Positions of all envelopes that meet `window`; touching counts. The order is that of the tree: the same for the same
    /// envelopes, but not ascending.
    pub fn candidates(&self, window: Envelope) -> impl Iterator<Item = u32> + '_ {
        // An inverted window would be an assertion inside the tree's own box.
        let tree = (!window.is_empty()).then_some(&self.tree);
        let window = AABB::from_corners(window.min, window.max);
        tree.into_iter()
            .flat_map(move |tree| tree.locate_in_envelope_intersecting(window))
            .map(|e| e.position)
    }

    /// Positions with the distance from `point` to their envelope, nearest first.
    pub(crate) fn by_distance(&self, point: Coord) -> impl Iterator<Item = (u32, f64)> + '_ {
        self.tree
            .nearest_neighbor_iter_with_distance_2(point)
            .map(|(entry, squared)| (entry.position, squared.sqrt()))
    }
}

/// An R-tree over the parcels of a set.
///
/// ```
/// use geo::{MultiPolygon, Rect, coord};
/// use landuse::{Parcel, ParcelSet, index::ParcelIndex};
/// let square = |id: &str, x: f64| {
///     let land = Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + 10.0, y: 10.0 });
///     Parcel::new(id, MultiPolygon::new(vec![land.to_polygon()]))
/// };
/// let parcels: ParcelSet = [square("A", 0.0), square("B", 10.0), square("C", 30.0)].into_iter().collect();
/// let index = ParcelIndex::new(&parcels);
/// let at = index.locate([15.0, 5.0]).first().copied().ok_or("nobody's land")?;
/// assert_eq!(parcels.get(at).id(), Some("B"));
/// let nearest = index.nearest([27.0, 5.0], 2);
/// assert_eq!(nearest.iter().map(|(_, distance_m)| *distance_m).collect::<Vec<_>>(), [3.0, 7.0]);
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone)]
pub struct ParcelIndex<'a> {
    set: &'a ParcelSet,
    envelopes: EnvelopeIndex,
}

impl<'a> ParcelIndex<'a> {
    /// Loads all parcels of a set at once. Time and memory as [`EnvelopeIndex::new`].
    pub fn new(set: &'a ParcelSet) -> Self {
        Self { set, envelopes: EnvelopeIndex::new(set.envelopes()) }
    }

    /// All parcels whose envelope meets `window`; touching counts. The order is that of the tree: the same for the same set,
    /// but not ascending.
    pub fn candidates(&self, window: Envelope) -> impl Iterator<Item = ParcelIdx> + '_ {
        self.envelopes.candidates(window).map(ParcelIdx)
    }

    /// All parcels that hold `point`, ascending. A point on a boundary belongs to every parcel it bounds, at the tolerance
    /// [`SNAP_M`](distance::SNAP_M).
    pub fn locate(&self, point: Coord) -> Vec<ParcelIdx> {
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

#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    envelope: Envelope,
    position: u32,
}

impl RTreeObject for Entry {
    type Envelope = AABB<Coord>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.envelope.min, self.envelope.max)
    }
}

impl PointDistance for Entry {
    fn distance_2(&self, point: &Coord) -> f64 {
        let Envelope { min, max } = self.envelope;
        let [dx, dy] = [0, 1].map(|axis| (min[axis] - point[axis]).max(point[axis] - max[axis]).max(0.0));
        dx * dx + dy * dy
    }
}
