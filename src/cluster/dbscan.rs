use crate::adjacency::{Graph, Link};
use crate::error::ParamError;
use crate::union_find::UnionFind;

/// Clusters by density: groups of parcels with much land of their kind around them.
///
/// Where connected components let a thin string of small parcels tie two sites together, density asks more: a parcel is a *core*
/// where the land within `eps_m` of it, its own included, reaches a minimum. Cores within `eps_m` of each other are one cluster;
/// other parcels within `eps_m` of a core are its border, and the rest is noise.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Dbscan {
    /// Cluster of each parcel, from 0 in order of the clusters' smallest cores; none for noise and for those left out.
    pub labels: Vec<Option<u32>>,
    /// Whether each parcel is a core.
    pub core: Vec<bool>,
    /// How many clusters there are.
    pub clusters: u32,
}

impl Dbscan {
    /// Clusters the parcels that `takes_part` marks, by the gaps between polygons.
    ///
    /// Core: `Σ w_j ≥ min_weight` over the parcels `j` that take part and are no farther than `eps_m`, the parcel itself included;
    /// with areas as weights, m². A border parcel joins the nearest core, of equally near ones that of the lowest label: no order of
    /// the data decides. With `min_weight` 0 clusters are the connected components.
    ///
    /// # Arguments
    /// * `graph`: neighbours by gap, at least `eps_m` wide.
    /// * `weights`: one per parcel, finite, of at least 0; areas in m² or 1 to count parcels.
    ///
    /// # Errors
    /// [`ParamError`] for a distance, weight or minimum that is negative or not finite, or columns of another length than the graph.
    ///
    /// # Complexity
    /// O(n + links α(n)), 17 bytes per parcel. Weights are added in order of position.
    ///
    /// # Source
    /// Ester, Kriegel, Sander and Xu 1996; weights as in scikit-learn's `sample_weight`.
    ///
    /// ```
    /// use geo::{MultiPolygon, Rect, coord};
    /// use landuse::adjacency::within_gap;
    /// use landuse::cluster::Dbscan;
    /// use landuse::{Parcel, ParcelSet};
    /// let strip = |x: f64, width: f64| {
    ///     let land = Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + width, y: 10.0 });
    ///     Parcel::new(x.to_string(), MultiPolygon::new(vec![land.to_polygon()]))
    /// };
    /// // Two sites of 1,000 m² with a kiosk of 10 m² between them.
    /// let parcels = ParcelSet::local([strip(0.0, 100.0), strip(105.0, 1.0), strip(111.0, 100.0)]);
    /// let graph = within_gap(&parcels, 6.0)?;
    /// let all = [true; 3];
    /// assert_eq!(Dbscan::find(&graph, &all, parcels.area_m2(), 6.0, 0.0)?.clusters, 1);
    /// let dense = Dbscan::find(&graph, &all, parcels.area_m2(), 6.0, 1_000.0)?;
    /// assert_eq!(dense.clusters, 1); // the kiosk has 2,010 m² around it, and ties
    /// let graph = within_gap(&parcels, 4.0)?;
    /// assert_eq!(Dbscan::find(&graph, &all, parcels.area_m2(), 4.0, 1_000.0)?.clusters, 2);
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn find(
        graph: &Graph,
        takes_part: &[bool],
        weights: &[f64],
        eps_m: f64,
        min_weight: f64,
    ) -> Result<Self, ParamError> {
        let len = graph.len();
        for (name, found) in [("takes_part", takes_part.len()), ("weights", weights.len())] {
            if found != len {
                return Err(ParamError::new(name, found, &format!("one entry for each of {len} parcels")));
            }
        }
        let amount = |value: f64| value.is_finite() && value >= 0.0;
        for (name, value) in [("eps_m", eps_m), ("min_weight", min_weight)] {
            if !amount(value) {
                return Err(ParamError::new(name, value, "a finite number of at least 0"));
            }
        }
        if let Some(&value) = weights.iter().find(|&&weight| !amount(weight)) {
            return Err(ParamError::new("weights", value, "finite numbers of at least 0"));
        }
        let counts =
            |link: &&Link| takes_part[link.a.index()] && takes_part[link.b.index()] && link.gap_m <= eps_m;
        let near = || graph.links().iter().filter(counts).map(|l| (l.a.0, l.b.0, l.gap_m));

        // Links come by (a, b): each parcel's neighbours are added in ascending order.
        let mut around: Vec<f64> = weights.to_vec();
        for (a, b, _) in near() {
            around[a as usize] += weights[b as usize];
            around[b as usize] += weights[a as usize];
        }
        let core: Vec<bool> = (0..len).map(|i| takes_part[i] && around[i] >= min_weight).collect();
        drop(around);
        let is_core = |i: u32| core[i as usize];
        let mut parts = UnionFind::new(len);
        for (a, b, _) in near().filter(|&(a, b, _)| is_core(a) && is_core(b)) {
            parts.join(a, b);
        }
        let mut labels: Vec<Option<u32>> = vec![None; len];
        let mut clusters = 0;
        for i in (0..len as u32).filter(|&i| is_core(i)) {
            // The root is the smallest member, so it has its label already.
            let root = parts.root(i);
            labels[i as usize] = if root == i {
                clusters += 1;
                Some(clusters - 1)
            } else {
                labels[root as usize]
            };
        }
        let mut nearest = vec![f64::INFINITY; len];
        for (a, b, gap_m) in near() {
            for (border, other) in [(a, b), (b, a)] {
                if is_core(border) || !is_core(other) {
                    continue;
                }
                let (label, at) = (labels[other as usize], border as usize);
                if gap_m < nearest[at] || (gap_m == nearest[at] && label < labels[at]) {
                    nearest[at] = gap_m;
                    labels[at] = label;
                }
            }
        }
        Ok(Self { labels, core, clusters })
    }
}
