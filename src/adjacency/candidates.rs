//! All pairs of near envelopes by a sweep along strips.

use std::cmp::Ordering;
use std::sync::atomic::{self, AtomicU64};

use crate::geometry::Envelope;
use crate::parallel;
use crate::parcel::ParcelIdx;
use crate::rows::Rows;

/// Envelopes whose pairs are put in order at a time.
const BLOCK: usize = 1_024;

/// Runs at most that strips are put into, and as many for large envelopes.
const MOST_RUNS: usize = 512;

/// All unordered pairs `(a, b)`, `a < b`, of envelopes that are at most `gap_m` apart along both axes, ascending.
///
/// Positions are those of the slice. Touching envelopes are 0 apart. An empty envelope or one with NaN is in no pair; a
/// negative or NaN gap gives none.
///
/// # Panics
/// From 4,294,967,296 envelopes on.
///
/// # Complexity
/// O(n log n + pairs) time for envelopes of similar size, 24 bytes per pair and 50 per envelope, on all threads. The largest
/// hundredth is handled apart, each against the strips it crosses.
///
/// ```
/// use landuse::{adjacency::candidate_pairs, geometry::Envelope, parcel::ParcelIdx};
/// let boxes = [0.0, 12.0, 40.0].map(|x| Envelope { min: [x, 0.0], max: [x + 10.0, 10.0] });
/// assert_eq!(candidate_pairs(&boxes, 2.0), [(ParcelIdx(0), ParcelIdx(1))]);
/// ```
pub fn candidate_pairs(envelopes: &[Envelope], gap_m: f64) -> Vec<(ParcelIdx, ParcelIdx)> {
    let Some(candidates) = Candidates::new(envelopes, gap_m, |_| true, u64::MAX) else { return Vec::new() };
    parallel::gather(candidates.blocks(), 1, &|blocks, pairs| {
        blocks.for_each(|i| pairs.append(&mut candidates.block(i)));
    })
}

/// All pairs of near envelopes, to be taken block by block: of each block those whose lower position lies in it, ascending.
pub(super) struct Candidates {
    /// The pairs of some strips, or of some large envelopes, by block.
    runs: Vec<Rows<Pair>>,
    blocks: usize,
}

impl Candidates {
    /// As [`candidate_pairs`], of those envelopes that take part; none where there are more than `limit`, which is noticed
    /// before many more are in memory.
    pub(super) fn new(
        envelopes: &[Envelope],
        gap_m: f64,
        takes_part: impl Fn(usize) -> bool + Sync,
        limit: u64,
    ) -> Option<Self> {
        assert!(u32::try_from(envelopes.len()).is_ok(), "more than {} envelopes", u32::MAX);
        let blocks = envelopes.len().div_ceil(BLOCK);
        if gap_m.is_nan() || gap_m < 0.0 {
            return Some(Self { runs: Vec::new(), blocks });
        }
        let usual = usual_size(envelopes);
        let [regular, large] = [false, true].map(|large| {
            let is_member = |&i: &usize| {
                takes_part(i) && !envelopes[i].is_empty() && (size(&envelopes[i]) > usual) == large
            };
            parallel::gather(envelopes.len(), 4096, &|run, members| {
                members.extend(run.filter(is_member).map(|i| i as u32));
            })
        });
        let strips = Strips::new(envelopes, &regular, gap_m);
        let mut large: Vec<Item> = large.into_iter().map(|i| Item::new(envelopes, i)).collect();
        large.sort_unstable_by(Item::by_lower_x);
        let found = AtomicU64::new(0);
        let run = |find: &dyn Fn(&mut Found<'_>)| {
            let mut pairs = Found { pairs: Vec::new(), counted: 0, all: &found, limit };
            find(&mut pairs);
            if pairs.is_over() {
                pairs.pairs.clear();
            }
            Rows::new(blocks, (0, 0), pairs.pairs.iter().map(|&(a, b)| (a as usize / BLOCK, (a, b))))
        };
        // Runs of about equally many strips, or large envelopes.
        let in_runs =
            |runs: &mut Vec<Rows<Pair>>, len: usize, find: &(dyn Fn(usize, &mut Found<'_>) + Sync)| {
                let per_run = len.div_ceil(MOST_RUNS).max(1);
                parallel::extend(runs, len.div_ceil(per_run), 1, &|number| {
                    let some = number * per_run..len.min((number + 1) * per_run);
                    run(&|pairs| some.clone().for_each(|i| find(i, pairs)))
                });
            };
        let mut runs = Vec::new();
        in_runs(&mut runs, strips.len(), &|strip, pairs| strips.pairs(strip, pairs));
        in_runs(&mut runs, large.len(), &|i, pairs| strips.partners(&large[i], pairs));
        runs.push(run(&|pairs| scan_all(&large, gap_m, pairs)));
        (found.into_inner() <= limit).then_some(Self { runs, blocks })
    }

    /// How many blocks there are.
    pub(super) fn blocks(&self) -> usize {
        self.blocks
    }

    /// The pairs of block `i`, ascending: each parcel's few are sorted.
    pub(super) fn block(&self, i: usize) -> Vec<(ParcelIdx, ParcelIdx)> {
        let found = self.runs.iter().flat_map(|run| run.row(i));
        let pairs = found.map(|&(a, b)| (a as usize - i * BLOCK, (ParcelIdx(a), ParcelIdx(b))));
        let mut rows = Rows::new(BLOCK, (ParcelIdx(0), ParcelIdx(0)), pairs);
        (0..BLOCK).for_each(|row| rows.row_mut(row).sort_unstable());
        rows.into_items()
    }
}

/// Two positions, the lower first.
type Pair = (u32, u32);

/// The pairs one run has found, and how many all have.
struct Found<'a> {
    pairs: Vec<Pair>,
    /// How many of them `all` counts already.
    counted: usize,
    all: &'a AtomicU64,
    limit: u64,
}

impl Found<'_> {
    /// Pairs that are counted at a time.
    const STEP: usize = 4_096;

    fn push(&mut self, pair: Pair) {
        self.pairs.push(pair);
    }

    /// Whether a run should stop, as there are too many already.
    fn is_full(&mut self) -> bool {
        self.pairs.len() - self.counted >= Self::STEP && self.is_over()
    }

    /// Whether all that are found are too many.
    fn is_over(&mut self) -> bool {
        let new = (self.pairs.len() - self.counted) as u64;
        self.counted = self.pairs.len();
        self.all.fetch_add(new, atomic::Ordering::Relaxed) + new > self.limit
    }
}

#[derive(Debug, Clone, Copy)]
struct Item {
    low: [f64; 2],
    high: [f64; 2],
    position: u32,
}

impl Item {
    fn new(envelopes: &[Envelope], position: u32) -> Self {
        let Envelope { min, max } = envelopes[position as usize];
        Self { low: min, high: max, position }
    }

    fn by_lower_x(a: &Self, b: &Self) -> Ordering {
        a.low[0].total_cmp(&b.low[0]).then(a.position.cmp(&b.position))
    }

    fn pair(&self, other: &Self) -> Pair {
        (self.position.min(other.position), self.position.max(other.position))
    }

    fn is_level_with(&self, other: &Self, gap: f64) -> bool {
        other.low[1] - self.high[1] <= gap && self.low[1] - other.high[1] <= gap
    }
}

fn size(envelope: &Envelope) -> f64 {
    envelope.width().max(envelope.height())
}

/// A size that about one in a hundred exceeds: those are looked up apart, so that they widen no window.
fn usual_size(envelopes: &[Envelope]) -> f64 {
    let step = envelopes.len().div_ceil(1 << 14).max(1);
    let mut sizes: Vec<f64> = envelopes.iter().step_by(step).map(size).collect();
    let place = sizes.len().saturating_sub(1) * 99 / 100;
    if sizes.is_empty() { 0.0 } else { *sizes.select_nth_unstable_by(place, f64::total_cmp).1 }
}

/// Adds the pairs among items by lower x.
fn scan_all(items: &[Item], gap: f64, pairs: &mut Found<'_>) {
    for (i, item) in items.iter().enumerate() {
        scan(item, &items[i + 1..], gap, pairs);
        if pairs.is_full() {
            return;
        }
    }
}

/// Adds the pairs of `item` with those of `ahead` (by lower x, none of them lower) that it reaches.
fn scan(item: &Item, ahead: &[Item], gap: f64, pairs: &mut Found<'_>) {
    for other in ahead {
        if other.low[0] - item.high[0] > gap {
            break;
        }
        if item.is_level_with(other, gap) {
            pairs.push(item.pair(other));
        }
    }
}

/// Envelopes of similar size by the strip their lower side lies in, and by lower x within it. A strip is so high that
/// partners lie in the same or the next one.
struct Strips {
    rows: Vec<Vec<Item>>,
    base: f64,
    height: f64,
    widest: f64,
    gap: f64,
}

impl Strips {
    fn new(envelopes: &[Envelope], members: &[u32], gap: f64) -> Self {
        let wider = |[base, top, tallest, widest]: [f64; 4], [low, high, height, width]: [f64; 4]| {
            [base.min(low), top.max(high), tallest.max(height), widest.max(width)]
        };
        let start = [f64::INFINITY, f64::NEG_INFINITY, 0.0, 0.0];
        let of_runs: Vec<[f64; 4]> = parallel::gather(members.len(), 4096, &|run, of_runs| {
            let sides = members[run].iter().map(|&i| {
                let envelope = &envelopes[i as usize];
                [envelope.min[1], envelope.min[1], envelope.height(), envelope.width()]
            });
            of_runs.push(sides.fold(start, wider));
        });
        let [base, top, tallest, widest] = of_runs.into_iter().fold(start, wider);
        // Rounding must not push a partner past the next strip; and there are never more strips than envelopes.
        let least = (top - base).max(0.0) / members.len().max(1) as f64;
        let height = ((tallest + gap) * (1.0 + 1e-9)).max(least).max(f64::MIN_POSITIVE);
        let mut strips = Self { rows: Vec::new(), base, height, widest, gap };
        let strip_of: Vec<u32> = parallel::map(members.len(), 4096, |i| {
            strips.strip(envelopes[members[i] as usize].min[1]) as u32
        });
        let count = strip_of.iter().max().map_or(0, |&last| last as usize + 1);
        let mut rows: Vec<Vec<u32>> = vec![Vec::new(); count];
        for (&position, strip) in members.iter().zip(strip_of) {
            rows[strip as usize].push(position);
        }
        strips.rows = parallel::collect(rows.len(), 1, &|strip| {
            let mut items: Vec<Item> = rows[strip].iter().map(|&i| Item::new(envelopes, i)).collect();
            items.sort_unstable_by(Item::by_lower_x);
            items
        });
        strips
    }

    fn strip(&self, y: f64) -> usize {
        ((y - self.base) / self.height) as usize
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn items(&self, strip: usize) -> &[Item] {
        self.rows.get(strip).map_or(&[], Vec::as_slice)
    }

    /// Adds the pairs within one strip, and of it with the next.
    fn pairs(&self, strip: usize, pairs: &mut Found<'_>) {
        let (here, above) = (self.items(strip), self.items(strip + 1));
        scan_all(here, self.gap, pairs);
        let (mut i, mut j) = (0, 0);
        while i < here.len() && j < above.len() && !pairs.is_full() {
            if here[i].low[0] <= above[j].low[0] {
                scan(&here[i], &above[j..], self.gap, pairs);
                i += 1;
            } else {
                scan(&above[j], &here[i..], self.gap, pairs);
                j += 1;
            }
        }
    }

    /// Adds the pairs of an envelope that stands in no strip.
    fn partners(&self, item: &Item, pairs: &mut Found<'_>) {
        let first = self.strip(item.low[1] - self.gap - self.height);
        // One strip more on either side than needed, for rounding.
        let last = self.strip(item.high[1] + self.gap).saturating_add(1);
        for strip in first.saturating_sub(1)..=last.min(self.len()) {
            let items = self.items(strip);
            let reach = (self.widest + self.gap) * (1.0 + 1e-9);
            let from = items.partition_point(|other| other.low[0] < item.low[0] - reach);
            for other in &items[from..] {
                if other.low[0] - item.high[0] > self.gap {
                    break;
                }
                if item.low[0] - other.high[0] <= self.gap && item.is_level_with(other, self.gap) {
                    pairs.push(item.pair(other));
                }
            }
        }
    }
}
