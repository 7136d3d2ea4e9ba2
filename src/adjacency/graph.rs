use serde::Serialize;

use crate::geometry::distance::Contact;
use crate::parcel::ParcelIdx;
use crate::rows::Rows;
use crate::union_find::UnionFind;

/// An unordered pair of neighbours, `a < b`, with the reason.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Link {
    /// The parcel of lower position.
    pub a: ParcelIdx,
    /// The parcel of higher position.
    pub b: ParcelIdx,
    /// Why they are neighbours.
    pub contact: Contact,
    /// Distance between the two, m; 0 unless the contact is [`Contact::Gap`].
    pub gap_m: f64,
    /// Length over which the boundaries run together, m.
    pub shared_m: f64,
}

/// Neighbours of every parcel of a set: an undirected graph in compressed rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    links: Vec<Link>,
    /// Neighbours of each parcel, ascending.
    neighbours: Rows<ParcelIdx>,
}

impl Graph {
    /// A graph over `len` parcels. Links may come in any order; they are kept sorted by (a, b).
    ///
    /// # Panics
    /// Where a link names a parcel that is not below `len`.
    ///
    /// # Complexity
    /// O(n + m) where the links come sorted, O(n + m log m) otherwise.
    pub fn new(len: usize, mut links: Vec<Link>) -> Self {
        if !links.is_sorted_by_key(|link| (link.a, link.b)) {
            links.sort_unstable_by_key(|link| (link.a, link.b));
        }
        // Links in which a parcel is the higher come before those in which it is the lower: rows come out ascending.
        let ends = links.iter().flat_map(|link| [(link.b.index(), link.a), (link.a.index(), link.b)]);
        let neighbours = Rows::new(len, ParcelIdx(0), ends);
        Self { links, neighbours }
    }

    /// How many parcels there are.
    pub fn len(&self) -> usize {
        self.neighbours.len()
    }

    /// Whether there is no parcel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All links, by (a, b).
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Neighbours of a parcel, ascending.
    ///
    /// # Panics
    /// Where `parcel` is not of this graph, as a slice does.
    pub fn neighbours(&self, parcel: ParcelIdx) -> &[ParcelIdx] {
        let i = parcel.index();
        self.neighbours.row(i)
    }

    /// How many parcels have no neighbour.
    pub fn isolates(&self) -> usize {
        (0..self.len()).filter(|&i| self.neighbours.row(i).is_empty()).count()
    }

    /// The same parcels with only those links that `keep` accepts.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&Link) -> bool) -> Self {
        Self::new(self.len(), self.links.iter().copied().filter(keep).collect())
    }

    /// Connected components by union-find, labelled in order of their smallest member.
    ///
    /// # Complexity
    /// O(n + m α(n)).
    pub fn components(&self) -> Components {
        let mut parts = UnionFind::new(self.len());
        for link in &self.links {
            parts.join(link.a.0, link.b.0);
        }
        let mut count = 0;
        let mut labels = vec![0; self.len()];
        for i in 0..self.len() as u32 {
            let top = parts.root(i);
            labels[i as usize] = if top == i {
                count += 1;
                count - 1
            } else {
                labels[top as usize]
            };
        }
        Components { labels, count }
    }
}

/// Which component each parcel belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Components {
    /// Label of each parcel, from 0, in order of the components' smallest members.
    pub labels: Vec<u32>,
    /// How many components there are, single parcels included.
    pub count: u32,
}
