use serde::Serialize;

use super::sites::groups;
use crate::adjacency::{Graph, Link};
use crate::parcel::ParcelIdx;
use crate::sum;
use crate::union_find::UnionFind;

/// Gaps a sweep looks at, m.
pub const SWEEP_GAPS_M: [f64; 6] = [2.0, 5.0, 10.0, 15.0, 20.0, 30.0];

/// What sites would be at one gap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SweepStep {
    /// The gap, m.
    pub gap_m: f64,
    /// Sites of at least the minimum area.
    pub sites: usize,
    /// Low parcels in them.
    pub parcels: usize,
    /// Net area in them, m².
    pub area_m2: f64,
    /// Share of all low land that the largest site holds. Near 1 the gap is so wide that everything is one site.
    pub largest_share: Option<f64>,
}

/// How the sites change with the gap. `area_m2` is the land each parcel [adds](super::net_area_m2); `graph` must hold the links of
/// the widest gap; low parcels alone matter.
///
/// # Complexity
/// O(gaps · (n + links)).
pub fn sweep(
    area_m2: &[f64],
    low: &[bool],
    graph: &Graph,
    gaps_m: &[f64],
    min_area_m2: f64,
) -> Vec<SweepStep> {
    sweep_with(area_m2, low, graph, gaps_m, min_area_m2, |_| {})
}

/// As [`sweep`], and shows the members of each site at each gap to `visit`.
pub(crate) fn sweep_with(
    area_m2: &[f64],
    low: &[bool],
    graph: &Graph,
    gaps_m: &[f64],
    min_area_m2: f64,
    mut visit: impl FnMut(&[ParcelIdx]),
) -> Vec<SweepStep> {
    let area_of = |i: usize| area_m2[i];
    let all = sum::area_m2((0..low.len()).filter(|&i| low[i]).map(area_of));
    gaps_m
        .iter()
        .map(|&gap_m| {
            let mut parts = UnionFind::new(low.len());
            let joins = |link: &&Link| link.gap_m <= gap_m && low[link.a.index()] && low[link.b.index()];
            for link in graph.links().iter().filter(joins) {
                parts.join(link.a.0, link.b.0);
            }
            let groups = groups(low, &mut parts);
            let areas = groups.iter().map(|members| sum::area_m2(members.iter().map(|m| area_of(m.index()))));
            let kept: Vec<(f64, &Vec<ParcelIdx>)> =
                areas.zip(&groups).filter(|(area, _)| *area >= min_area_m2).collect();
            kept.iter().for_each(|(_, members)| visit(members));
            let largest = kept.iter().map(|(area, _)| *area).max_by(f64::total_cmp);
            SweepStep {
                gap_m,
                sites: kept.len(),
                parcels: kept.iter().map(|(_, members)| members.len()).sum(),
                area_m2: sum::area_m2(kept.iter().map(|(area, _)| *area)),
                largest_share: largest.filter(|_| all > 0.0).map(|largest| largest / all),
            }
        })
        .collect()
}
