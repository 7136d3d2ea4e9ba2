//! Parcels that are not low and join parts of a site.

use super::input::{SiteInput, SiteOptions};
use crate::parcel::ParcelIdx;
use crate::union_find::UnionFind;

/// Admits bridges, each as [`Sites::find_in`](super::Sites::find_in) tells, and joins the parts.
pub(super) fn admit(input: &SiteInput<'_>, options: &SiteOptions, parts: &mut UnionFind) -> Vec<ParcelIdx> {
    let area_m2 = input.set.area_m2();
    let len = input.set.len();
    // Land of each part at its root: low, and bridging.
    let mut low_m2 = vec![0.0; len];
    let mut bridge_m2 = vec![0.0; len];
    for i in (0..len).filter(|&i| input.low[i]) {
        low_m2[parts.root(i as u32) as usize] += area_m2[i];
    }
    let mut roots = Vec::new();
    let gather = |parcel: ParcelIdx, parts: &mut UnionFind, roots: &mut Vec<u32>| {
        roots.clear();
        let beside = input.graph.neighbours(parcel).iter();
        let beside = beside.filter(|n| input.low[n.index()] && input.compatible(options, parcel, **n));
        roots.extend(beside.map(|n| parts.root(n.0)));
        roots.sort_unstable();
        roots.dedup();
    };
    let mut offers: Vec<(f64, ParcelIdx)> = Vec::new();
    for i in (0..len).filter(|&i| !input.low[i] && input.may_bridge.is_none_or(|may| may[i])) {
        let parcel = ParcelIdx(i as u32);
        gather(parcel, parts, &mut roots);
        if roots.len() > 1 {
            let joined: f64 = roots.iter().map(|&root| low_m2[root as usize]).sum();
            offers.push((area_m2[i] / joined, parcel));
        }
    }
    // Stable: equal ratios stay in order of position.
    offers.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut admitted = Vec::new();
    for (_, parcel) in offers {
        gather(parcel, parts, &mut roots);
        let low: f64 = roots.iter().map(|&root| low_m2[root as usize]).sum();
        let bridging =
            area_m2[parcel.index()] + roots.iter().map(|&root| bridge_m2[root as usize]).sum::<f64>();
        if roots.len() < 2 || bridging > options.max_bridge_share * (low + bridging) {
            continue;
        }
        for &root in &roots {
            parts.join(parcel.0, root);
        }
        let root = parts.root(parcel.0) as usize;
        low_m2[root] = low;
        bridge_m2[root] = bridging;
        admitted.push(parcel);
    }
    admitted
}
