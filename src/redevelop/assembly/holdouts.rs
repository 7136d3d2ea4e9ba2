//! Who holds out beside an assembly, and what one more owner would open.

use std::collections::BTreeMap;

use super::search::Field;
use super::span_m;
use crate::parcel::ParcelIdx;
use crate::sum::{self, AreaSum};

/// An owner beside an assembly who has no part in it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct HoldOut {
    /// His parcels that would come in with him, ascending: connected with the assembly over land of his alone, as many as area and span
    /// leave room for. The number of parcels of an assembly does not limit them.
    pub parcels: Vec<ParcelIdx>,
    /// Whether the owner is known; each parcel without one stands for an owner of its own.
    pub owner_known: bool,
    /// Land that he would open, m².
    pub area_m2: f64,
    /// Floor gained on it, as far as it is known, m².
    pub uplift_m2: Option<f64>,
}

/// The owners beside `members`, the most land first; equal ones by their parcels.
pub(super) fn of(field: &Field<'_>, members: &[u32], eligible: &[ParcelIdx]) -> Vec<HoldOut> {
    let own: Vec<Option<u32>> = members.iter().map(|&member| field.plots[member as usize].owner).collect();
    let mut beside: BTreeMap<(Option<u32>, u32), Vec<u32>> = BTreeMap::new();
    for &member in members {
        for &other in field.neighbours.row(member as usize) {
            let owner = field.plots[other as usize].owner;
            if members.contains(&other) || (owner.is_some() && own.contains(&owner)) {
                continue;
            }
            let key = (owner, if owner.is_some() { 0 } else { other });
            beside.entry(key).or_default().push(other);
        }
    }
    let most_m2 = field.options.max_area_m2.unwrap_or(f64::INFINITY);
    let most_m = field.options.max_span_m.unwrap_or(f64::INFINITY);
    let area =
        |plots: &[u32]| plots.iter().map(|&plot| field.plots[plot as usize].area.m2()).collect::<AreaSum>();
    let mut found: Vec<HoldOut> = beside
        .into_iter()
        .filter_map(|((owner, _), mut next)| {
            let mut all = members.to_vec();
            let mut opened: Vec<u32> = Vec::new();
            next.sort_unstable();
            next.dedup();
            let mut seen = next.clone();
            let mut at = 0;
            while let Some(&plot) = next.get(at) {
                at += 1;
                all.push(plot);
                let fits =
                    area(&all).m2() <= most_m2 && (most_m.is_infinite() || span_m(field, &all) <= most_m);
                if !fits {
                    all.pop();
                    continue;
                }
                opened.push(plot);
                for &further in field.neighbours.row(plot as usize) {
                    let same = owner.is_some() && field.plots[further as usize].owner == owner;
                    if same && !seen.contains(&further) {
                        seen.push(further);
                        next.push(further);
                    }
                }
            }
            opened.sort_unstable();
            let known: Vec<f64> =
                opened.iter().filter_map(|&plot| field.plots[plot as usize].uplift_m2).collect();
            (!opened.is_empty()).then(|| HoldOut {
                parcels: opened.iter().map(|&plot| eligible[plot as usize]).collect(),
                owner_known: owner.is_some(),
                area_m2: area(&opened).m2(),
                uplift_m2: (!known.is_empty()).then(|| sum::exact(known)),
            })
        })
        .collect();
    found.sort_by(|a, b| b.area_m2.total_cmp(&a.area_m2).then_with(|| a.parcels.cmp(&b.parcels)));
    found
}
