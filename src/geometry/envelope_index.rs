use rstar::{AABB, PointDistance, RTree, RTreeObject};

use super::{Coord, Envelope};

/// An R-tree over any envelopes: lines, districts, parcels.
///
/// Empty envelopes and those with NaN are left out: nothing is found in them.
///
/// ```
/// use landuse::geometry::{Envelope, EnvelopeIndex};
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
