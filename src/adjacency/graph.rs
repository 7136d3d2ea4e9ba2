use serde::Serialize;

use crate::geometry::distance::Contact;
use crate::parcel::ParcelIdx;

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
    /// Start of each parcel's row in `neighbours`; one more than there are parcels.
    offsets: Vec<u32>,
    /// Neighbours of each parcel, ascending.
    neighbours: Vec<ParcelIdx>,
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
        // How many neighbours of each parcel are lower, and the end of each row.
        let (mut lower, mut offsets) = (vec![0u32; len], vec![0u32; len + 1]);
        let (mut is_sorted, mut before) = (true, (ParcelIdx(0), ParcelIdx(0)));
        for link in &links {
            is_sorted &= before <= (link.a, link.b);
            before = (link.a, link.b);
            lower[link.b.index()] += 1;
            offsets[link.a.index() + 1] += 1;
        }
        if !is_sorted {
            links.sort_unstable_by_key(|link| (link.a, link.b));
        }
        for i in 0..len {
            offsets[i + 1] += offsets[i] + lower[i];
        }
        // Lower neighbours first, then higher ones: each row comes out ascending without a sort.
        let mut next_lower = offsets.clone();
        let mut next_higher: Vec<u32> =
            lower.iter().zip(&offsets).map(|(lower, start)| start + lower).collect();
        let mut neighbours = vec![ParcelIdx(0); links.len() * 2];
        let mut put = |next: &mut u32, neighbour: ParcelIdx| {
            neighbours[*next as usize] = neighbour;
            *next += 1;
        };
        for link in &links {
            put(&mut next_lower[link.b.index()], link.a);
            put(&mut next_higher[link.a.index()], link.b);
        }
        Self { links, offsets, neighbours }
    }

    /// How many parcels there are.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
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
        &self.neighbours[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }

    /// How many parcels have no neighbour.
    pub fn isolates(&self) -> usize {
        self.offsets.windows(2).filter(|row| row[0] == row[1]).count()
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
        let mut parent: Vec<u32> = (0..self.len() as u32).collect();
        for link in &self.links {
            let (a, b) = (root(&mut parent, link.a.0), root(&mut parent, link.b.0));
            // The smaller root wins, so that a root is its component's smallest member.
            parent[a.max(b) as usize] = a.min(b);
        }
        let mut count = 0;
        let mut labels = vec![0; self.len()];
        for i in 0..self.len() as u32 {
            let top = root(&mut parent, i);
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

fn root(parent: &mut [u32], mut i: u32) -> u32 {
    while parent[i as usize] != i {
        parent[i as usize] = parent[parent[i as usize] as usize];
        i = parent[i as usize];
    }
    i
}

/// Which component each parcel belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Components {
    /// Label of each parcel, from 0, in order of the components' smallest members.
    pub labels: Vec<u32>,
    /// How many components there are, single parcels included.
    pub count: u32,
}
