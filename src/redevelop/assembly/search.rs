//! Every connected set of parcels within limits, each once.
//!
//! A set is found from its first parcel by adding neighbours of higher position, as Wernicke's enumeration of connected subgraphs does. What
//! breaks a limit that more parcels cannot mend ends its branch.

use super::options::AssemblyOptions;
use crate::geometry::Coord;
use crate::rows::Rows;
use crate::sum::AreaSum;

/// What is known of a parcel that may be assembled.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    pub(super) area: AreaSum,
    /// Boundary that borders no other parcel, m.
    pub(super) open_m: f64,
    /// Its owner as a number; none where it is not known.
    pub(super) owner: Option<u32>,
    pub(super) low: bool,
    /// Whether each share's condition holds.
    pub(super) shares: Vec<bool>,
    /// Floor gained on it alone, m².
    pub(super) uplift_m2: Option<f64>,
    /// Corners of its convex hull.
    pub(super) corners: Vec<Coord>,
}

/// Parcels that may be assembled, and who is whose neighbour.
pub(super) struct Field<'a> {
    pub(super) plots: &'a [Plot],
    pub(super) neighbours: &'a Rows<u32>,
    pub(super) options: &'a AssemblyOptions,
}

/// Figures of a set that grow with each parcel.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) area: AreaSum,
    pub(super) span_m: f64,
    pub(super) owners: Vec<u32>,
    pub(super) owners_unknown: usize,
}

impl Tally {
    pub(super) fn owners(&self) -> usize {
        self.owners.len() + self.owners_unknown
    }
}

/// What the search from one first parcel found.
#[derive(Debug, Default)]
pub(super) struct FromSeed {
    /// Sets that pass all but the compactness, ascending.
    pub(super) sets: Vec<Vec<u32>>,
    /// Whether more sets than the limit were to be looked at.
    pub(super) cut: bool,
}

/// Greatest distance between two corners of different plots, or of one.
pub(super) fn reach(a: &[Coord], b: &[Coord]) -> f64 {
    let squared = |p: &Coord, q: &Coord| (p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]);
    let mut most: f64 = 0.0;
    for p in a {
        for q in b {
            most = most.max(squared(p, q));
        }
    }
    most.sqrt()
}

impl Field<'_> {
    /// A set with one more plot; none where that breaks a limit that no further plot mends.
    pub(super) fn with(&self, set: &[u32], tally: &Tally, plot: u32) -> Option<Tally> {
        let options = self.options;
        if set.len() >= options.max_parcels {
            return None;
        }
        let own = &self.plots[plot as usize];
        let mut more = tally.clone();
        more.area += own.area;
        if options.max_area_m2.is_some_and(|most| more.area.m2() > most) {
            return None;
        }
        match own.owner {
            None => more.owners_unknown += 1,
            Some(owner) => {
                if let Err(at) = more.owners.binary_search(&owner) {
                    more.owners.insert(at, owner);
                }
            }
        }
        if options.max_owners.is_some_and(|most| more.owners() > most) {
            return None;
        }
        if let Some(most) = options.max_span_m {
            let others = set.iter().map(|&other| &self.plots[other as usize]).chain([own]);
            let farthest = others.map(|other| reach(&other.corners, &own.corners)).fold(0.0, f64::max);
            more.span_m = more.span_m.max(farthest);
            if more.span_m > most {
                return None;
            }
        }
        Some(more)
    }

    /// Whether a set meets the limits that more parcels can mend.
    pub(super) fn passes(&self, set: &[u32], tally: &Tally) -> bool {
        let options = self.options;
        let plots = || set.iter().map(|&plot| &self.plots[plot as usize]);
        let area_m2 = tally.area.m2();
        let holds = |least: f64, is: &dyn Fn(&Plot) -> bool| {
            least == 0.0
                || plots().filter(|plot| is(plot)).map(|plot| plot.area.m2()).collect::<AreaSum>().m2()
                    >= least * area_m2
        };
        area_m2 >= options.min_area_m2
            && plots().map(|plot| plot.open_m).sum::<f64>() >= options.min_frontage_m
            && holds(options.min_low_share, &|plot| plot.low)
            && options.shares.iter().enumerate().all(|(at, share)| holds(share.min, &|plot| plot.shares[at]))
    }

    /// Every set whose first parcel is `seed`.
    pub(super) fn starting_at(&self, seed: u32) -> FromSeed {
        let mut found = FromSeed::default();
        let Some(tally) = self.with(&[], &Tally::default(), seed) else { return found };
        let later: Vec<u32> =
            self.neighbours.row(seed as usize).iter().copied().filter(|&plot| plot > seed).collect();
        let mut seen = vec![seed];
        seen.extend(&later);
        let mut visits = 0;
        self.extend(&mut vec![seed], &tally, later, &seen, &mut visits, &mut found);
        if found.cut {
            self.grow(seed, tally, &mut found);
        }
        found
    }

    /// Takes up a set, then all that come of it by one of `next` and its new neighbours. `seen` are the set, its neighbours, and what was left
    /// out before.
    fn extend(
        &self,
        set: &mut Vec<u32>,
        tally: &Tally,
        mut next: Vec<u32>,
        seen: &[u32],
        visits: &mut usize,
        found: &mut FromSeed,
    ) {
        if *visits >= self.options.max_visits {
            found.cut = true;
            return;
        }
        *visits += 1;
        if self.passes(set, tally) {
            let mut members = set.clone();
            members.sort_unstable();
            found.sets.push(members);
        }
        while let Some(plot) = next.pop() {
            let Some(more) = self.with(set, tally, plot) else { continue };
            let mut further = next.clone();
            let mut seen_now = seen.to_vec();
            for &neighbour in self.neighbours.row(plot as usize) {
                if neighbour > set[0] && !seen_now.contains(&neighbour) {
                    further.push(neighbour);
                    seen_now.push(neighbour);
                }
            }
            set.push(plot);
            self.extend(set, &more, further, &seen_now, visits, found);
            set.pop();
            if found.cut {
                return;
            }
        }
    }

    /// Grows one set from a seed over neighbours of any position: each time the one that brings no new owner, then the one that lies closest.
    fn grow(&self, seed: u32, mut tally: Tally, found: &mut FromSeed) {
        let mut set = vec![seed];
        loop {
            let mut around: Vec<u32> =
                set.iter().flat_map(|&plot| self.neighbours.row(plot as usize)).copied().collect();
            around.sort_unstable();
            around.dedup();
            let choice = around
                .into_iter()
                .filter(|plot| !set.contains(plot))
                .filter_map(|plot| Some((plot, self.with(&set, &tally, plot)?)))
                .map(|(plot, more)| {
                    let own = &self.plots[plot as usize].corners;
                    let far = |&other: &u32| reach(&self.plots[other as usize].corners, own);
                    let span_m = set.iter().map(far).fold(0.0, f64::max);
                    (more.owners(), span_m, plot, more)
                })
                .min_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
            let Some((_, _, plot, more)) = choice else { return };
            set.push(plot);
            tally = more;
            if self.passes(&set, &tally) {
                let mut members = set.clone();
                members.sort_unstable();
                if !found.sets.contains(&members) {
                    found.sets.push(members);
                }
            }
        }
    }
}
