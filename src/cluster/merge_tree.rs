use crate::adjacency::Graph;
use crate::error::ParamError;
use crate::parcel::ParcelIdx;
use crate::union_find::UnionFind;

/// A site over a range of gaps: from the gap at which it comes to be to the one at which it joins another site.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct TreeSite {
    /// The gap from which on it is a site, m: its parcels reach the minimum area, or two sites have joined to make it.
    pub birth_m: f64,
    /// The gap at which it joins another site, m; none where that does not happen up to the widest gap.
    pub death_m: Option<f64>,
    /// The site it becomes part of then, by position.
    pub parent: Option<u32>,
    /// Net area when it comes to be, m².
    pub birth_area_m2: f64,
    /// Net area at its end, m², with the small parcels that joined in between.
    pub area_m2: f64,
    /// Low parcels at its end.
    pub parcels: u32,
}

/// Which sites merge at which gap.
///
/// A *site* is a group of low parcels that are linked by gaps of at most g and have the minimum area together. As g grows, groups grow.
/// Parcels and groups below the minimum that join a site make it grow; where sites join, they end and a larger one begins. A site
/// that lasts over a wide range of gaps does not hang on the choice of the rule: its *persistence* is `death − birth`, m.
///
/// # Source
/// Single linkage as a merge tree (Gower and Ross 1969), condensed by a least size as in Campello, Moulavi and Sander 2013.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeTree {
    sites: Vec<TreeSite>,
    widest_m: f64,
    /// For each parcel the first site it belongs to and the gap from which it does.
    entry: Vec<Option<(u32, f64)>>,
}

impl MergeTree {
    /// Builds the tree of low parcels by the links of `graph` up to `widest_m`. Only links between low parcels count.
    ///
    /// # Errors
    /// [`ParamError`] for a minimum or a gap that is negative or not finite, or columns of another length than the graph.
    ///
    /// # Complexity
    /// O(n + m log m) for m links between low parcels.
    ///
    /// ```
    /// use geo::{MultiPolygon, Rect, coord};
    /// use landuse::adjacency::within_gap;
    /// use landuse::cluster::MergeTree;
    /// use landuse::{Parcel, ParcelIdx, ParcelSet};
    /// let block = |x: f64| {
    ///     let land = Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + 100.0, y: 100.0 });
    ///     Parcel::new(x.to_string(), MultiPolygon::new(vec![land.to_polygon()]))
    /// };
    /// // Three blocks of one hectare, 4 m and 12 m apart.
    /// let parcels = ParcelSet::local([block(0.0), block(104.0), block(216.0)]);
    /// let graph = within_gap(&parcels, 30.0)?;
    /// let tree = MergeTree::new(parcels.area_m2(), &[true; 3], &graph, 10_000.0, 30.0)?;
    /// let first = tree.site_of(ParcelIdx(0), 10.0).ok_or("no site")?;
    /// assert_eq!((first.birth_m, first.death_m, first.parcels), (4.0, Some(12.0), 2));
    /// assert_eq!(tree.persistence_m(first), 8.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(
        area_m2: &[f64],
        low: &[bool],
        graph: &Graph,
        min_area_m2: f64,
        widest_m: f64,
    ) -> Result<Self, ParamError> {
        let len = graph.len();
        for (name, found) in [("area_m2", area_m2.len()), ("low", low.len())] {
            if found != len {
                return Err(ParamError::new(name, found, &format!("one entry for each of {len} parcels")));
            }
        }
        for (name, value) in [("min_area_m2", min_area_m2), ("widest_m", widest_m)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(ParamError::new(name, value, "a finite number of at least 0"));
            }
        }
        let mut links: Vec<(f64, u32, u32)> = (graph.links().iter())
            .filter(|l| l.gap_m <= widest_m && low[l.a.index()] && low[l.b.index()])
            .map(|l| (l.gap_m, l.a.0, l.b.0))
            .collect();
        links.sort_unstable_by(|p, q| p.0.total_cmp(&q.0).then((p.1, p.2).cmp(&(q.1, q.2))));

        let mut growth = Growth {
            parts: UnionFind::new(len),
            area_m2: area_m2.to_vec(),
            parcels: vec![1; len],
            site: vec![None; len],
            next: (0..len as u32).collect(),
            sites: Vec::new(),
            entry: vec![None; len],
        };
        // All that touches is one from the start, and so are single parcels: the gap of 0 comes first, with or without links.
        let contacts = links.partition_point(|link| link.0 <= 0.0);
        let (touching, apart) = links.split_at(contacts);
        let everyone = (0..len as u32).filter(|&i| low[i as usize]);
        growth.step(0.0, touching, everyone, min_area_m2);
        for batch in apart.chunk_by(|p, q| p.0 == q.0) {
            growth.step(batch[0].0, batch, batch.iter().map(|link| link.1), min_area_m2);
        }
        let Growth { sites, entry, .. } = growth;
        Ok(Self { sites, widest_m, entry })
    }

    /// All sites, by birth.
    pub fn sites(&self) -> &[TreeSite] {
        &self.sites
    }

    /// The site that a parcel belongs to at a gap; none where it belongs to none.
    pub fn site_of(&self, parcel: ParcelIdx, gap_m: f64) -> Option<&TreeSite> {
        let (first, since_m) = (*self.entry.get(parcel.index())?)?;
        if since_m > gap_m {
            return None;
        }
        let mut site = &self.sites[first as usize];
        while let Some(parent) = site.parent.filter(|_| site.death_m.is_some_and(|death| death <= gap_m)) {
            site = &self.sites[parent as usize];
        }
        Some(site)
    }

    /// Width of the range of gaps over which a site lasts, m; up to the widest gap where it does not end before.
    pub fn persistence_m(&self, site: &TreeSite) -> f64 {
        site.death_m.unwrap_or(self.widest_m) - site.birth_m
    }
}

/// The groups at one gap. Sizes and sites stand at roots.
struct Growth {
    parts: UnionFind,
    area_m2: Vec<f64>,
    parcels: Vec<u32>,
    site: Vec<Option<u32>>,
    /// Members of each group without a site, as a ring.
    next: Vec<u32>,
    sites: Vec<TreeSite>,
    entry: Vec<Option<(u32, f64)>>,
}

impl Growth {
    /// Adds the links of one gap, then looks at the groups of `touched` parcels.
    fn step(
        &mut self,
        gap_m: f64,
        links: &[(f64, u32, u32)],
        touched: impl Iterator<Item = u32>,
        min_area_m2: f64,
    ) {
        // Sites that come together at this gap: (root at the end, site).
        let mut met: Vec<(u32, u32)> = Vec::new();
        for &(_, a, b) in links {
            let Some([low, high]) = self.parts.join(a, b) else { continue };
            let (l, h) = (low as usize, high as usize);
            self.area_m2[l] += self.area_m2[h];
            self.parcels[l] += self.parcels[h];
            match (self.site[l], self.site[h]) {
                (Some(_), Some(other)) => met.push((low, other)),
                (None, Some(other)) => {
                    self.enter(low, other, gap_m);
                    self.site[l] = Some(other);
                }
                (Some(own), None) => self.enter(high, own, gap_m),
                (None, None) => self.next.swap(l, h),
            }
        }
        for (root, _) in &mut met {
            *root = self.parts.root(*root);
        }
        met.sort_unstable();
        met.dedup();
        for group in met.chunk_by(|p, q| p.0 == q.0) {
            let root = group[0].0 as usize;
            let born = self.born(gap_m, root);
            let own = self.site[root].replace(born);
            for ended in group.iter().map(|&(_, site)| site).chain(own) {
                self.sites[ended as usize].death_m = Some(gap_m);
                self.sites[ended as usize].parent = Some(born);
            }
        }
        for i in touched {
            let root = self.parts.root(i);
            let at = root as usize;
            match self.site[at] {
                None if self.area_m2[at] >= min_area_m2 => {
                    let born = self.born(gap_m, at);
                    self.enter(root, born, gap_m);
                    self.site[at] = Some(born);
                }
                Some(site) => {
                    let (area_m2, parcels) = (self.area_m2[at], self.parcels[at]);
                    let site = &mut self.sites[site as usize];
                    (site.area_m2, site.parcels) = (area_m2, parcels);
                }
                None => {}
            }
        }
    }

    fn born(&mut self, gap_m: f64, root: usize) -> u32 {
        let area_m2 = self.area_m2[root];
        self.sites.push(TreeSite {
            birth_m: gap_m,
            death_m: None,
            parent: None,
            birth_area_m2: area_m2,
            area_m2,
            parcels: self.parcels[root],
        });
        self.sites.len() as u32 - 1
    }

    /// All members of the ring that `start` is in belong to the site from this gap on.
    fn enter(&mut self, start: u32, site: u32, gap_m: f64) {
        let mut member = start;
        loop {
            self.entry[member as usize] = Some((site, gap_m));
            member = self.next[member as usize];
            if member == start {
                return;
            }
        }
    }
}
