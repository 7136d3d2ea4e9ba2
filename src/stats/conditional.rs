//! Ranks of spatial lags among lags of values drawn from elsewhere: the engine of conditional permutation tests.
//!
//! The value of observation `i` stays; its `k_i` neighbours get values drawn without replacement from the others, R times.
//! How often the drawn lag is at least, and at most, the lag observed is all that local Moran, Gi and Gi* need.
//!
//! *Shared draws.* One table of R rows of `K + 1` distinct positions serves all observations. Observation `i` reads the first
//! `k_i` columns; a row that names `i` there uses its last column, the spare, instead. That is an exactly uniform
//! conditional sample: a row is a uniform ordered sample of distinct positions, and with `i` replaced by the spare, or absent
//! from the start, what is left is a uniform sample of the others. With equal weights a lag depends on a sum, the R sums of the
//! first `k` columns are sorted once for each distinct `k`, and a rank is a binary search and a few corrections.

use serde::{Deserialize, Serialize};

use super::Weights;
use super::rng::Rng;
use crate::parallel;
use crate::progress::Watch;
use crate::rows::Rows;

/// Where the draws of a conditional permutation test come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// One table of draws for all observations: each has an exactly uniform conditional sample, and the errors of all move
    /// together. Observations with so many neighbours that a wider table would not pay are drawn for afresh.
    #[default]
    Shared,
    /// Draws of its own for each observation: errors are independent; time grows with n × R × k.
    Fresh,
}

/// How many drawn lags are at least, and at most, the lag observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Rank {
    pub(super) at_least: u32,
    pub(super) at_most: u32,
}

/// What is drawn for every observation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draws {
    pub(super) permutations: u32,
    pub(super) seed: u64,
    pub(super) scheme: Scheme,
}

/// Bits of an inverted entry that hold the row; the rest hold the column.
const ROW_BITS: u32 = 25;
/// More permutations than any test needs, and than an inverted entry can hold.
pub(super) const MAX_PERMUTATIONS: u32 = (1 << ROW_BITS) - 1;
/// Widest row of the table without its spare: what the column's bits can hold.
const MAX_TABLED: usize = 127;
/// Rows of the table that lie together, column by column.
const BLOCK: usize = 1024;
/// Observations that one task takes at least.
const GRAIN: usize = 1024;

const TABLE: u64 = 1;
const FRESH: u64 = 2;

/// Ranks for weights that are equal within each row: `sums[i]` is the sum of `values` over the neighbours of `i`.
///
/// # Complexity
/// Shared: O(R·K + d·R log R + n log R) for `d` distinct numbers of neighbours up to `K`, and O(R·k) for each hub beyond;
/// 8 bytes × R·K + 24 × R + 16 × n. Fresh: O(R·Σk).
pub(super) fn of_sums(
    weights: &Weights,
    values: &[i64],
    sums: &[i64],
    draws: Draws,
    watch: &Watch<'_>,
) -> Vec<Rank> {
    let n = weights.len();
    let tabled = tabled(weights, draws);
    let mut ranks = vec![Rank::default(); n];
    let total: i128 = values.iter().map(|&v| i128::from(v)).sum();
    let beyond: Vec<u32> = (0..n as u32).filter(|&i| weights.degree(i as usize) > tabled).collect();
    let fresh: Vec<Rank> = parallel::map_init(beyond.len(), 1, Sampler::default, |sampler, i| {
        fresh_sums(sampler, weights, values, sums, total, draws, beyond[i] as usize)
    });
    for (&i, rank) in beyond.iter().zip(fresh) {
        ranks[i as usize] = rank;
    }
    if tabled == 0 {
        return ranks;
    }

    let order = by_degree(weights, tabled);
    let table = Table::draw(n, tabled + 1, draws);
    let inverted = Inverted::new(&table, n);
    let rows = table.rows;
    let mut spare = vec![0; rows];
    table.add_column(tabled, values, &mut spare);
    let mut drawn = vec![0; rows];
    let mut sorted = Vec::with_capacity(rows);
    let mut grouped = vec![Rank::default(); order.items().len()];
    watch.begin(tabled);
    for k in 1..=tabled {
        if !watch.block() {
            break;
        }
        table.add_column(k - 1, values, &mut drawn);
        let group = order.range(k);
        if group.is_empty() {
            continue;
        }
        sorted.clear();
        sorted.extend(drawn.iter().map(|&sum| parallel::ordered_int(sum)));
        parallel::sort(&mut sorted);
        let rank_of = |i: usize| {
            let own = sums[i];
            let key = parallel::ordered_int(own);
            let below = sorted.partition_point(|&sum| sum < key);
            let ties = if sorted.get(below) == Some(&key) {
                sorted[below..].partition_point(|&sum| sum == key)
            } else {
                0
            };
            let mut rank = Rank { at_least: (rows - below) as u32, at_most: (below + ties) as u32 };
            for row in inverted.rows(i, k) {
                let old = drawn[row];
                let new = old - values[i] + spare[row];
                rank.at_least = rank.at_least + u32::from(new >= own) - u32::from(old >= own);
                rank.at_most = rank.at_most + u32::from(new <= own) - u32::from(old <= own);
            }
            rank
        };
        let own = order.row(k);
        parallel::chunks(&mut grouped[group], GRAIN, &|number, ranks| {
            for (rank, &i) in ranks.iter_mut().zip(&own[number * GRAIN..]) {
                *rank = rank_of(i as usize);
            }
        });
    }
    for (&i, rank) in order.items().iter().zip(grouped) {
        ranks[i as usize] = rank;
    }
    ranks
}

/// Ranks for general weights: `lags[i] = Σ_j w_ij values[j]`. Drawn lags within `slack · Σ_j |w_ij|` of the lag observed are ties.
///
/// # Complexity
/// O(R·Σk) either way; shared draws cost a multiplication and an addition each, fresh ones a random number.
pub(super) fn of_lags(
    weights: &Weights,
    values: &[f64],
    lags: &[f64],
    slack: f64,
    draws: Draws,
) -> Vec<Rank> {
    let tabled = tabled(weights, draws);
    let table = Table::draw(weights.len(), tabled + 1, draws);
    let inverted = Inverted::new(&table, weights.len());
    let looked_up: Vec<f64> =
        parallel::map(table.positions.len(), 4096, |i| values[table.positions[i] as usize]);
    parallel::map_init(
        weights.len(),
        16,
        || (Sampler::default(), vec![0.0; BLOCK]),
        |(sampler, drawn), i| {
            let own = weights.explicit(i).unwrap_or_default();
            let slack = slack * own.iter().map(|weight| weight.abs()).sum::<f64>();
            let (low, high) = (lags[i] - slack, lags[i] + slack);
            let k = own.len();
            if k == 0 {
                return Rank::default();
            }
            let mut rank = Rank::default();
            if k > tabled {
                let mut rng = Rng::stream(draws.seed, FRESH, i as u64);
                sampler.prepare(k);
                for _ in 0..draws.permutations {
                    let positions = sampler.draw(&mut rng, weights.len(), k, i);
                    let lag: f64 = positions.iter().zip(own).map(|(&at, w)| w * values[at as usize]).sum();
                    rank.at_least += u32::from(lag >= low);
                    rank.at_most += u32::from(lag <= high);
                }
                return rank;
            }
            for (block, looked_up) in looked_up.chunks(BLOCK * table.width).enumerate() {
                let height = table.height(block);
                let drawn = &mut drawn[..height];
                drawn.fill(0.0);
                for (column, weight) in looked_up.chunks_exact(height).zip(own) {
                    drawn.iter_mut().zip(column).for_each(|(lag, value)| *lag += weight * value);
                }
                rank.at_least += drawn.iter().map(|&lag| u32::from(lag >= low)).sum::<u32>();
                rank.at_most += drawn.iter().map(|&lag| u32::from(lag <= high)).sum::<u32>();
            }
            for row in inverted.rows(i, k) {
                let value = |column| {
                    let at = table.get(row, column) as usize;
                    values[at]
                };
                let (mut old, mut new) = (0.0, 0.0);
                for (column, weight) in own.iter().enumerate() {
                    old += weight * value(column);
                    let itself = table.get(row, column) as usize == i;
                    new += weight * value(if itself { tabled } else { column });
                }
                rank.at_least = rank.at_least + u32::from(new >= low) - u32::from(old >= low);
                rank.at_most = rank.at_most + u32::from(new <= high) - u32::from(old <= high);
            }
            rank
        },
    )
}

/// Ranks of one observation among draws of its own, from the stream (seed, i).
fn fresh_sums(
    sampler: &mut Sampler,
    weights: &Weights,
    values: &[i64],
    sums: &[i64],
    total: i128,
    draws: Draws,
    i: usize,
) -> Rank {
    let (n, k) = (weights.len(), weights.degree(i));
    // Drawing those left out is the same, and shorter where most are neighbours.
    let complement = 2 * k > n - 1;
    let size = if complement { n - 1 - k } else { k };
    let others = total - i128::from(values[i]);
    let own = if complement { (others - i128::from(sums[i])) as i64 } else { sums[i] };
    let mut rng = Rng::stream(draws.seed, FRESH, i as u64);
    sampler.prepare(size);
    let mut rank = Rank::default();
    for _ in 0..draws.permutations {
        let drawn: i64 = sampler.draw(&mut rng, n, size, i).iter().map(|&at| values[at as usize]).sum();
        rank.at_least += u32::from(drawn >= own);
        rank.at_most += u32::from(drawn <= own);
    }
    if complement { Rank { at_least: rank.at_most, at_most: rank.at_least } } else { rank }
}

/// The largest number of neighbours that reads the table: where a wider one costs more draws than it spares.
fn tabled(weights: &Weights, draws: Draws) -> usize {
    if draws.permutations == 0 || draws.scheme == Scheme::Fresh {
        return 0;
    }
    let mut counts = [0u64; MAX_TABLED + 1];
    for i in 0..weights.len() {
        if let Some(count) = counts.get_mut(weights.degree(i)) {
            *count += 1;
        }
    }
    // An inverted entry is addressed by 32 bits.
    let widest = MAX_TABLED.min((u32::MAX / draws.permutations) as usize);
    let (mut best, mut best_gain) = (0, 0);
    let mut spared = 0;
    for (k, &count) in counts.iter().enumerate().take(widest + 1) {
        spared += count * k as u64;
        // A tabled cell is drawn, inverted and summed: about two draws.
        let gain = spared.saturating_sub(2 * (k as u64 + 1));
        if count > 0 && gain > best_gain {
            (best, best_gain) = (k, gain);
        }
    }
    best
}

/// Observations with 1 to `tabled` neighbours, by number of neighbours.
fn by_degree(weights: &Weights, tabled: usize) -> Rows<u32> {
    let all = (0..weights.len() as u32).map(|i| (weights.degree(i as usize), i));
    Rows::new(tabled + 1, 0, all.filter(|(degree, _)| (1..=tabled).contains(degree)))
}

/// R rows of `width` distinct positions below n, in blocks of rows, each block column by column.
struct Table {
    rows: usize,
    width: usize,
    positions: Vec<u32>,
}

impl Table {
    fn draw(n: usize, width: usize, draws: Draws) -> Self {
        // Without a tabled row there is nothing but spares, and no one reads them.
        let rows = if width > 1 { draws.permutations as usize } else { 0 };
        let mut positions = vec![0; rows * width];
        parallel::chunks(&mut positions, BLOCK * width, &|block, chunk| {
            let height = chunk.len() / width;
            let mut row = [0; MAX_TABLED + 1];
            for r in 0..height {
                let mut rng = Rng::stream(draws.seed, TABLE, (block * BLOCK + r) as u64);
                for column in 0..width {
                    row[column] = loop {
                        let at = rng.below(n as u32);
                        if !row[..column].contains(&at) {
                            break at;
                        }
                    };
                    chunk[column * height + r] = row[column];
                }
            }
        });
        Self { rows, width, positions }
    }

    fn height(&self, block: usize) -> usize {
        BLOCK.min(self.rows - block * BLOCK)
    }

    fn column(&self, block: usize, column: usize) -> &[u32] {
        let height = self.height(block);
        let start = block * BLOCK * self.width + column * height;
        &self.positions[start..start + height]
    }

    fn get(&self, row: usize, column: usize) -> u32 {
        self.column(row / BLOCK, column)[row % BLOCK]
    }

    fn add_column(&self, column: usize, values: &[i64], sums: &mut [i64]) {
        parallel::chunks(sums, BLOCK, &|block, sums| {
            let positions = self.column(block, column);
            sums.iter_mut().zip(positions).for_each(|(sum, &at)| *sum += values[at as usize]);
        });
    }
}

/// For each position the rows of the table that name it, and in which column; spares left out. Column above, row below;
/// ascending for each position.
struct Inverted(Rows<u32>);

impl Inverted {
    fn new(table: &Table, n: usize) -> Self {
        let blocks = table.rows.div_ceil(BLOCK);
        let cells =
            (0..table.width - 1).flat_map(move |column| (0..blocks).map(move |block| (column, block)));
        let entries = cells.flat_map(|(column, block)| {
            let first = (column as u32) << ROW_BITS | (block * BLOCK) as u32;
            table.column(block, column).iter().zip(first..).map(|(&at, entry)| (at as usize, entry))
        });
        Self(Rows::new(n, 0, entries))
    }

    /// Rows that name `position` in one of their first `k` columns.
    fn rows(&self, position: usize, k: usize) -> impl Iterator<Item = usize> + '_ {
        (self.0.row(position).iter())
            .take_while(move |&&entry| ((entry >> ROW_BITS) as usize) < k)
            .map(|entry| (entry & MAX_PERMUTATIONS) as usize)
    }
}

/// Draws distinct positions; its memory is reused from draw to draw.
#[derive(Debug, Default)]
struct Sampler {
    drawn: Vec<u32>,
    /// Hash set of positions, each with the draw it belongs to: (draw << 32) | position. Empty where draws are small.
    slots: Vec<u64>,
    draw: u64,
}

impl Sampler {
    /// Up to here looking through the positions drawn is faster than hashing.
    const SCANNED: usize = 24;

    /// Room for draws of `k` positions.
    fn prepare(&mut self, k: usize) {
        self.slots.clear();
        self.draw = 0;
        if k > Self::SCANNED {
            self.slots.resize((4 * k).next_power_of_two(), 0);
        }
    }

    /// `k` distinct positions below `n`, uniform and in random order, none of them `except`.
    fn draw(&mut self, rng: &mut Rng, n: usize, k: usize, except: usize) -> &[u32] {
        self.drawn.clear();
        self.draw += 1;
        while self.drawn.len() < k {
            let at = rng.below(n as u32 - 1);
            let at = at + u32::from(at as usize >= except);
            if self.is_new(at) {
                self.drawn.push(at);
            }
        }
        &self.drawn
    }

    fn is_new(&mut self, at: u32) -> bool {
        if self.slots.is_empty() {
            return !self.drawn.contains(&at);
        }
        let entry = self.draw << 32 | u64::from(at);
        let mask = self.slots.len() - 1;
        let mut slot = at.wrapping_mul(0x9E37_79B1) as usize >> 3 & mask;
        loop {
            let found = self.slots[slot];
            if found == entry {
                return false;
            }
            if found >> 32 != self.draw {
                self.slots[slot] = entry;
                return true;
            }
            slot = (slot + 1) & mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: Draws = Draws { permutations: 3000, seed: 11, scheme: Scheme::Shared };

    #[test]
    fn rows_are_distinct_and_uniform() {
        let table = Table::draw(6, 4, DRAWS);
        let mut counts = std::collections::BTreeMap::new();
        for row in 0..table.rows {
            let row: Vec<u32> = (0..4).map(|column| table.get(row, column)).collect();
            assert!((1..4).all(|c| !row[..c].contains(&row[c])), "{row:?}");
            *counts.entry(row).or_insert(0u32) += 1;
        }
        // 360 ordered samples of 4 out of 6.
        let expected = 3000.0 / 360.0;
        let chi_square: f64 = 360.0f64
            .mul_add(expected, counts.values().map(|&c| f64::from(c).powi(2) / expected).sum::<f64>())
            - 2.0 * 3000.0;
        assert!((chi_square - 359.0).abs() < 4.0 * (2.0 * 359.0f64).sqrt(), "{chi_square}");
    }

    #[test]
    fn inverted_lists_find_every_row() {
        let table = Table::draw(40, 8, DRAWS);
        let inverted = Inverted::new(&table, 40);
        for (position, k) in [(0, 7), (17, 3), (39, 1)] {
            let mut found: Vec<usize> = inverted.rows(position, k).collect();
            found.sort_unstable();
            let named = |&row: &usize| (0..k).any(|column| table.get(row, column) as usize == position);
            assert_eq!(found, (0..3000).filter(named).collect::<Vec<_>>());
        }
    }

    #[test]
    fn samples_are_distinct_without_the_excluded() {
        let mut sampler = Sampler::default();
        for (n, k) in [(5, 4), (30, 29), (100, 60), (1000, 300)] {
            sampler.prepare(k);
            let mut rng = Rng::stream(1, 2, 3);
            for _ in 0..50 {
                let mut drawn = sampler.draw(&mut rng, n, k, 3).to_vec();
                drawn.sort_unstable();
                assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]));
                assert!(drawn.len() == k && !drawn.contains(&3) && drawn[k - 1] < n as u32);
            }
        }
    }

    #[test]
    fn the_table_is_as_wide_as_pays() {
        let ring = |n: usize| -> Vec<Vec<u32>> {
            (0..n).map(|i| vec![((i + 1) % n) as u32, ((i + n - 1) % n) as u32]).collect()
        };
        let mut rows = ring(500);
        rows[0] = (1..120).collect();
        assert_eq!(tabled(&Weights::from_neighbours(&rows).unwrap(), DRAWS), 2);
        for row in &mut rows[..3] {
            *row = (200..300).collect();
        }
        assert_eq!(tabled(&Weights::from_neighbours(&rows).unwrap(), DRAWS), 100);
        let fresh = Draws { scheme: Scheme::Fresh, ..DRAWS };
        assert_eq!(tabled(&Weights::from_neighbours(&rows).unwrap(), fresh), 0);
    }
}
