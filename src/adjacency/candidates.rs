//! All pairs of near envelopes by a sweep along strips.

use rayon::prelude::*;

use crate::geometry::Envelope;
use crate::parcel::ParcelIdx;

/// All unordered pairs `(a, b)`, `a < b`, of envelopes that are at most `gap_m` apart along both axes, ascending.
///
/// Positions are those of the slice. Touching envelopes are 0 apart. An empty envelope or one with NaN is in no pair; a
/// negative or NaN gap gives none.
///
/// # Panics
/// From 4,294,967,296 envelopes on.
///
/// # Complexity
/// O(n log n + pairs) time for envelopes of similar size, 8 bytes per pair, on all threads. The largest hundredth
/// is handled apart, each against the strips it crosses.
///
/// ```
/// use landuse::{adjacency::candidate_pairs, geometry::Envelope, parcel::ParcelIdx};
/// let boxes = [0.0, 12.0, 40.0].map(|x| Envelope { min: [x, 0.0], max: [x + 10.0, 10.0] });
/// assert_eq!(candidate_pairs(&boxes, 2.0), [(ParcelIdx(0), ParcelIdx(1))]);
/// ```
pub fn candidate_pairs(envelopes: &[Envelope], gap_m: f64) -> Vec<(ParcelIdx, ParcelIdx)> {
    candidates_of(envelopes.iter().zip(0..), envelopes.len(), gap_m)
}

/// As [`candidate_pairs`] for some envelopes out of `len`, each with its position.
pub(super) fn candidates_of<'a>(
    envelopes: impl Iterator<Item = (&'a Envelope, u32)>,
    len: usize,
    gap_m: f64,
) -> Vec<(ParcelIdx, ParcelIdx)> {
    assert!(u32::try_from(len).is_ok(), "more than {} envelopes", u32::MAX);
    if gap_m.is_nan() || gap_m < 0.0 {
        return Vec::new();
    }
    let boxes: Vec<Item> = envelopes
        .filter(|(envelope, _)| !envelope.is_empty())
        .map(|(envelope, position)| Item { low: envelope.min, high: envelope.max, position, strip: 0 })
        .collect();
    let (regular, large) = by_size(boxes);
    let strips = Strips::new(regular, gap_m);
    let mut found: Vec<Vec<(u32, u32)>> =
        (0..strips.len()).into_par_iter().with_min_len(4).map(|strip| strips.pairs(strip)).collect();
    found.push(large.par_iter().flat_map_iter(|item| strips.partners(item)).collect());
    found.push(pairs_by_sweep(large, gap_m));
    ascending(&found, len)
}

#[derive(Debug, Clone, Copy)]
struct Item {
    low: [f64; 2],
    high: [f64; 2],
    position: u32,
    /// Number of the strip that the lower side lies in, once it is known.
    strip: u32,
}

impl Item {
    fn size(&self) -> f64 {
        (self.high[0] - self.low[0]).max(self.high[1] - self.low[1])
    }

    fn pair(&self, other: &Self) -> (u32, u32) {
        (self.position.min(other.position), self.position.max(other.position))
    }

    fn is_level_with(&self, other: &Self, gap: f64) -> bool {
        other.low[1] - self.high[1] <= gap && self.low[1] - other.high[1] <= gap
    }
}

/// The many of similar size, and the large ones, at most one in a hundred: looked up apart, they widen no window.
fn by_size(mut boxes: Vec<Item>) -> (Vec<Item>, Vec<Item>) {
    let mut sizes: Vec<f64> = boxes.iter().map(Item::size).collect();
    if sizes.is_empty() {
        return (boxes, Vec::new());
    }
    let place = (sizes.len() - 1) * 99 / 100;
    let (_, usual, _) = sizes.select_nth_unstable_by(place, f64::total_cmp);
    let limit = *usual;
    drop(sizes);
    let large = boxes.extract_if(.., |item| item.size() > limit).collect();
    (boxes, large)
}

/// Pairs among envelopes sorted by their lower x, by a scan ahead of each.
fn pairs_by_sweep(mut items: Vec<Item>, gap: f64) -> Vec<(u32, u32)> {
    items.sort_unstable_by(|a, b| a.low[0].total_cmp(&b.low[0]).then(a.position.cmp(&b.position)));
    let mut pairs = Vec::new();
    for (i, item) in items.iter().enumerate() {
        scan(item, &items[i + 1..], gap, &mut pairs);
    }
    pairs
}

/// Pairs of `item` with those of `ahead` (by lower x, none of them lower) that it reaches.
fn scan(item: &Item, ahead: &[Item], gap: f64, pairs: &mut Vec<(u32, u32)>) {
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
    items: Vec<Item>,
    /// Start of each strip in `items`; one more than there are strips.
    starts: Vec<u32>,
    base: f64,
    height: f64,
    widest: f64,
    gap: f64,
}

impl Strips {
    fn new(mut items: Vec<Item>, gap: f64) -> Self {
        let fold = |value: fn(&Item) -> f64, pick: fn(f64, f64) -> f64, start: f64| {
            items.iter().map(value).fold(start, pick)
        };
        let base = fold(|i| i.low[1], f64::min, f64::INFINITY);
        let top = fold(|i| i.low[1], f64::max, f64::NEG_INFINITY);
        let tallest = fold(|i| i.high[1] - i.low[1], f64::max, 0.0);
        let widest = fold(|i| i.high[0] - i.low[0], f64::max, 0.0);
        // Rounding must not push a partner past the next strip; and there are never more strips than envelopes.
        let least = (top - base).max(0.0) / items.len().max(1) as f64;
        let height = ((tallest + gap) * (1.0 + 1e-9)).max(least).max(f64::MIN_POSITIVE);
        let mut strips = Self { items: Vec::new(), starts: vec![0], base, height, widest, gap };
        for item in &mut items {
            item.strip = strips.strip(item.low[1]) as u32;
        }
        // There are few strips: their items are put side by side without a comparison, and only those are sorted.
        let count = items.iter().map(|item| item.strip as usize + 1).max().unwrap_or(0);
        strips.starts.resize(count + 1, 0);
        for item in &items {
            strips.starts[item.strip as usize + 1] += 1;
        }
        for strip in 0..count {
            strips.starts[strip + 1] += strips.starts[strip];
        }
        let mut next = strips.starts.clone();
        strips.items.clone_from(&items);
        for item in items {
            let place = &mut next[item.strip as usize];
            strips.items[*place as usize] = item;
            *place += 1;
        }
        strips.items.par_chunk_by_mut(|a, b| a.strip == b.strip).for_each(|strip| {
            strip.sort_unstable_by(|a, b| a.low[0].total_cmp(&b.low[0]).then(a.position.cmp(&b.position)));
        });
        strips
    }

    fn strip(&self, y: f64) -> usize {
        ((y - self.base) / self.height) as usize
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }

    fn items(&self, strip: usize) -> &[Item] {
        match self.starts.get(strip..strip + 2) {
            Some(&[start, end]) => &self.items[start as usize..end as usize],
            _ => &[],
        }
    }

    /// Pairs within one strip, and of it with the next.
    fn pairs(&self, strip: usize) -> Vec<(u32, u32)> {
        let (here, above) = (self.items(strip), self.items(strip + 1));
        let mut pairs = Vec::with_capacity(4 * here.len());
        for (i, item) in here.iter().enumerate() {
            scan(item, &here[i + 1..], self.gap, &mut pairs);
        }
        let (mut i, mut j) = (0, 0);
        while i < here.len() && j < above.len() {
            if here[i].low[0] <= above[j].low[0] {
                scan(&here[i], &above[j..], self.gap, &mut pairs);
                i += 1;
            } else {
                scan(&above[j], &here[i..], self.gap, &mut pairs);
                j += 1;
            }
        }
        pairs
    }

    /// Pairs of an envelope that stands in no strip.
    fn partners(&self, item: &Item) -> Vec<(u32, u32)> {
        let mut pairs = Vec::new();
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
        pairs
    }
}

/// All pairs by (a, b): counted by `a`, put in place, and each short row sorted.
fn ascending(found: &[Vec<(u32, u32)>], len: usize) -> Vec<(ParcelIdx, ParcelIdx)> {
    let total = found.iter().map(Vec::len).sum();
    let mut starts = vec![0usize; len + 1];
    for &(a, _) in found.iter().flatten() {
        starts[a as usize + 1] += 1;
    }
    for i in 0..len {
        starts[i + 1] += starts[i];
    }
    let mut next = starts.clone();
    let mut pairs = vec![(ParcelIdx(0), ParcelIdx(0)); total];
    for &(a, b) in found.iter().flatten() {
        let place = &mut next[a as usize];
        pairs[*place] = (ParcelIdx(a), ParcelIdx(b));
        *place += 1;
    }
    for row in starts.windows(2) {
        pairs[row[0]..row[1]].sort_unstable();
    }
    pairs
}
