//! Whether sites are larger than chance would make them.

use serde::{Deserialize, Serialize};

use super::input::SiteInput;
use super::sites::Sites;
use crate::error::ParamError;
use crate::parallel;
use crate::parcel::{Column, ParcelIdx};
use crate::progress::Watch;
use crate::random::{self, Random};
use crate::union_find::UnionFind;

/// Judged parcels from which fewer draws are made unless a number is given.
const MANY_JUDGED: usize = 200_000;
/// Sets these draws apart from others of the same seed.
const PURPOSE: u64 = 0x5349_5445;
/// Units of area that sums are formed in, per m²: whole numbers, so that ties are ties in any order.
const PER_M2: f64 = 1e4;

/// How many draws are made, and from which seed.
#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq, Default)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SignificanceOptions {
    /// Number of draws. Default: 999 for fewer than 200,000 judged parcels, 199 from there on.
    pub draws: Option<usize>,
    /// Seed of the draws; an analysis gives its own. Default: 0.
    #[serde(skip)]
    pub seed: u64,
}

/// How each site's size compares with the largest that chance makes.
///
/// The question it answers for a planner: *if just as many parcels were low, but scattered at random over those that were
/// judged, how often would the largest group be as large as this site?* A p of 0.01 says: in one of a hundred random cities.
/// Such a site is no accident of many low parcels in a dense fabric; there is something about the place. A large p does not say
/// that the site is not there or not worth renewing: its parcels are low and lie together, which is all that a site is. Where
/// most parcels are low, chance makes one huge group, and no site stands out. Comparing each site with the *largest* group of a
/// draw allows for there being many sites: the chance that any p is at most 0.05 without spatial pattern is 0.05.
///
/// # Formula
/// In each of R draws, as many of the judged parcels as are low are chosen at random, all choices alike; the links and areas stay.
/// `p = (M + 1) / (R + 1)`, where M counts the draws whose largest connected component has at least the site's area, or at least its
/// number of low parcels. Of a site with bridging parcels its largest part without them is compared, as draws bridge nothing.
///
/// # Source
/// Permutation p-values as in Phipson and Smyth 2010; the distribution of the maximum as in Westfall and Young 1993.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Significance {
    /// Number of draws, R.
    pub draws: usize,
    /// Parcels among which verdicts were shuffled.
    pub judged: usize,
    /// One per site: p of its net area.
    pub p_area: Vec<f64>,
    /// One per site: p of its number of low parcels.
    pub p_parcels: Vec<f64>,
    /// One per draw, ascending: area of the largest component, m².
    pub largest_area_m2: Vec<f64>,
    /// One per draw, ascending: most low parcels in a component.
    pub largest_parcels: Vec<u32>,
}

impl Significance {
    /// Compares sites with draws over the same `input` that they were found in. `judged` marks the parcels whose verdict is
    /// known, low ones included: verdicts are shuffled among them.
    ///
    /// # Errors
    /// [`ParamError`] for no draw at all, a column of another length than the set, or a low parcel that was not judged.
    ///
    /// # Complexity
    /// O(R · (judged / 64 + low parcels and their links)) on all threads, 20 bytes per judged parcel and thread, and 4 per link.
    /// The result does not depend on the number of threads.
    ///
    /// ```
    /// use geo::{MultiPolygon, Rect, coord};
    /// use landuse::adjacency::within_gap;
    /// use landuse::cluster::{Significance, SignificanceOptions, SiteInput, SiteOptions, Sites};
    /// use landuse::{Parcel, ParcelSet};
    /// let square = |i: u32| {
    ///     let (x, y) = (f64::from(i % 20) * 10.0, f64::from(i / 20) * 10.0);
    ///     let land = Rect::new(coord! { x: x, y: y }, coord! { x: x + 10.0, y: y + 10.0 });
    ///     Parcel::new(i.to_string(), MultiPolygon::new(vec![land.to_polygon()]))
    /// };
    /// let parcels = ParcelSet::local((0..400).map(square));
    /// // Of 400 parcels the 36 in one corner are low.
    /// let low: Vec<bool> = parcels.envelopes().iter().map(|e| e.max[0].max(e.max[1]) < 65.0).collect();
    /// let graph = within_gap(&parcels, 5.0)?;
    /// let input = SiteInput::new(&parcels, &low, &graph);
    /// let mut options = SiteOptions::default();
    /// options.min_area_m2 = 1_000.0;
    /// let sites = Sites::find_in(&input, &options)?;
    /// let found = Significance::of(&sites, &input, &[true; 400], &SignificanceOptions::default())?;
    /// assert_eq!((found.draws, &found.p_area[..]), (999, &[0.001][..]));
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn of(
        sites: &Sites,
        input: &SiteInput<'_>,
        judged: &[bool],
        options: &SignificanceOptions,
    ) -> Result<Self, ParamError> {
        Self::watched(sites, input, judged, options, &Watch::nobody())
    }

    /// As [`of`](Self::of), while somebody watches: draws are left out once the work is cancelled.
    pub(crate) fn watched(
        sites: &Sites,
        input: &SiteInput<'_>,
        judged: &[bool],
        options: &SignificanceOptions,
        watch: &Watch<'_>,
    ) -> Result<Self, ParamError> {
        let len = input.set.len();
        if judged.len() != len || input.low.len() != len {
            let found = if judged.len() == len { input.low.len() } else { judged.len() };
            return Err(ParamError::new("judged", found, &format!("one entry for each of {len} parcels")));
        }
        if let Some(i) = (0..len).find(|&i| input.low[i] && !judged[i]) {
            return Err(ParamError::new("judged", format!("false for parcel {i}"), "true, as it is low"));
        }
        let judged: Vec<u32> = (0..len as u32).filter(|&i| judged[i as usize]).collect();
        let draws = options.draws.unwrap_or(if judged.len() < MANY_JUDGED { 999 } else { 199 });
        if draws == 0 {
            return Err(ParamError::new("draws", draws, "at least 1"));
        }
        let fabric = Fabric::new(sites, input, &judged);
        let is_low = |&i: &u32| input.low[judged[i as usize] as usize];
        let low: Vec<u32> = (0..judged.len() as u32).filter(is_low).collect();
        watch.begin(draws);
        let largest: Vec<Largest> = parallel::map_init(
            draws,
            1,
            || (Chosen::new(judged.len()), Forest::new(judged.len())),
            |(chosen, forest), draw| {
                if !watch.block() {
                    return Largest::default();
                }
                let mut random = Random::new(random::key([options.seed, PURPOSE, draw as u64]));
                chosen.draw(&mut random, low.len());
                forest.grow(&fabric, chosen)
            },
        );

        let mut observed = Forest::new(judged.len());
        let mut chosen = Chosen::new(judged.len());
        low.iter().for_each(|&i| chosen.insert(i as usize));
        observed.grow(&fabric, &chosen);
        let mut largest_area: Vec<u64> = largest.iter().map(|l| l.area).collect();
        let mut largest_parcels: Vec<u32> = largest.iter().map(|l| l.parcels).collect();
        largest_area.sort_unstable();
        largest_parcels.sort_unstable();
        let p = |below: usize| (draws - below + 1) as f64 / (draws + 1) as f64;
        let mut p_area = Vec::with_capacity(sites.len());
        let mut p_parcels = Vec::with_capacity(sites.len());
        for site in sites.iter() {
            let own = site.members.iter().fold(Largest::default(), |best, member| {
                // A site is of low parcels, and low parcels were judged.
                let position = judged.partition_point(|&i| i < member.0);
                best.max(observed.component(position as u32))
            });
            p_area.push(p(largest_area.partition_point(|&area| area < own.area)));
            p_parcels.push(p(largest_parcels.partition_point(|&parcels| parcels < own.parcels)));
        }
        Ok(Self {
            draws,
            judged: judged.len(),
            p_area,
            p_parcels,
            largest_area_m2: largest_area.into_iter().map(|area| area as f64 / PER_M2).collect(),
            largest_parcels,
        })
    }

    /// The p of each parcel's site by area, for a column beside the parcels.
    pub fn of_parcels(&self, sites: &Sites) -> Column<f64> {
        sites.of_parcel().iter().map(|site| site.map(|number| self.p_area[number as usize - 1])).collect()
    }
}

/// The judged parcels: their areas, and for each its links to judged ones before it.
struct Fabric {
    area: Vec<u64>,
    starts: Vec<u32>,
    before: Vec<u32>,
}

impl Fabric {
    fn new(sites: &Sites, input: &SiteInput<'_>, judged: &[u32]) -> Self {
        let mut position = vec![u32::MAX; input.set.len()];
        for (at, &i) in judged.iter().enumerate() {
            position[i as usize] = at as u32;
        }
        let mut starts = Vec::with_capacity(judged.len() + 1);
        starts.push(0);
        let mut before = Vec::new();
        for &i in judged {
            let parcel = ParcelIdx(i);
            let lower = input.graph.neighbours(parcel).iter().take_while(|n| n.0 < i);
            let linked = lower.filter(|n| {
                position[n.index()] != u32::MAX && input.compatible(sites.options(), parcel, **n)
            });
            before.extend(linked.map(|n| position[n.index()]));
            starts.push(before.len() as u32);
        }
        let area =
            judged.iter().map(|&i| (input.set.area_m2()[i as usize] * PER_M2).round() as u64).collect();
        Self { area, starts, before }
    }
}

/// Size of the largest component so far.
#[derive(Debug, Clone, Copy, Default)]
struct Largest {
    area: u64,
    parcels: u32,
}

impl Largest {
    fn max(self, other: Self) -> Self {
        Self { area: self.area.max(other.area), parcels: self.parcels.max(other.parcels) }
    }
}

/// Some of the judged parcels: a bit for each, so that a city's stay in the nearest cache.
struct Chosen {
    words: Vec<u64>,
    len: usize,
}

impl Chosen {
    /// None out of `len`.
    fn new(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    fn has(&self, i: usize) -> bool {
        self.words[i / 64] >> (i % 64) & 1 == 1
    }

    fn insert(&mut self, i: usize) {
        self.words[i / 64] |= 1 << (i % 64);
    }

    /// Takes `wanted` of them at random, every choice alike (Floyd: Bentley 1987, Communications of the ACM 30(9)). Of more than
    /// half, those that are left out are drawn.
    fn draw(&mut self, random: &mut Random, wanted: usize) {
        let fewer = wanted.min(self.len - wanted);
        self.words.fill(0);
        for last in self.len - fewer..self.len {
            let i = random.below(last + 1);
            self.insert(if self.has(i) { last } else { i });
        }
        if fewer < wanted {
            self.words.iter_mut().for_each(|word| *word = !*word);
            if let (Some(word), used @ 1..) = (self.words.last_mut(), self.len % 64) {
                *word &= (1 << used) - 1;
            }
        }
    }

    /// Their positions, ascending.
    fn iter(&self) -> impl Iterator<Item = usize> {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            let rest = |&word: &u64| Some(word & (word - 1)).filter(|&rest| rest != 0);
            let first = Some(word).filter(|&word| word != 0);
            std::iter::successors(first, rest).map(move |word| at * 64 + word.trailing_zeros() as usize)
        })
    }
}

/// Components of the chosen parcels, in memory that is used again from draw to draw. What is not chosen holds leavings.
struct Forest {
    parts: UnionFind,
    size: Vec<Largest>,
}

impl Forest {
    fn new(len: usize) -> Self {
        Self { parts: UnionFind::new(len), size: vec![Largest::default(); len] }
    }

    /// Joins the chosen parcels and tells the largest sizes.
    fn grow(&mut self, fabric: &Fabric, chosen: &Chosen) -> Largest {
        let mut largest = Largest::default();
        for i in chosen.iter() {
            let mut own = Largest { area: fabric.area[i], parcels: 1 };
            let mut top = i as u32;
            self.parts.reset(top);
            for &j in &fabric.before[fabric.starts[i] as usize..fabric.starts[i + 1] as usize] {
                if !chosen.has(j as usize) {
                    continue;
                }
                let other = self.parts.root(j);
                if other != top {
                    let size = self.size[other as usize];
                    own.area += size.area;
                    own.parcels += size.parcels;
                    self.parts.join(top, other);
                    top = top.min(other);
                }
            }
            self.size[top as usize] = own;
            largest = largest.max(own);
        }
        largest
    }

    fn component(&mut self, i: u32) -> Largest {
        let top = self.parts.root(i);
        self.size[top as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_alike() {
        for (len, wanted) in [(6, 2), (6, 4), (6, 0), (6, 6), (64, 64), (65, 40)] {
            let mut chosen = Chosen::new(len);
            let mut counts = std::collections::HashMap::new();
            for draw in 0..6_000 {
                chosen.draw(&mut Random::new(random::key([draw])), wanted);
                let list: Vec<usize> = chosen.iter().collect();
                assert_eq!(list.len(), wanted);
                assert!(list.is_sorted() && list.iter().all(|&i| i < len && chosen.has(i)));
                *counts.entry(list).or_insert(0) += 1;
            }
            if len == 6 && (wanted == 2 || wanted == 4) {
                // 15 choices, 400 times each on average: five standard deviations are 97.
                assert_eq!(counts.len(), 15);
                assert!(counts.values().all(|n| (400_i32 - n).abs() < 97), "{counts:?}");
            }
        }
    }
}
