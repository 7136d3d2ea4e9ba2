//! The plan of a city: its lattice of streets, what each block is for, districts, lines and planted sites.

use super::{CityOptions, Fabric};
use crate::random::{Random, key, unit};

/// Widest street that a planted site crosses, m; the gap rule the truth is meant for is 15 m.
const SITE_STREET_M: f64 = 14.2;
/// Share of the industrial parcels that planted sites take.
const SITE_SHARE: f64 = 0.165;
/// Share of the land that the excluding lines take.
const LINES_SHARE: f64 = 0.5;

/// What a block is mainly for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Residential,
    Commercial,
    Public,
    Industrial,
    Logistics,
    Park,
    Utility,
    Village,
    Farm,
    Forest,
    Water,
    Vacant,
}

impl Class {
    /// Mean parcel of such a block, m².
    fn mean_parcel_m2(self) -> f64 {
        match self {
            Self::Residential => 1_250.0,
            Self::Commercial => 1_500.0,
            Self::Public => 4_500.0,
            Self::Industrial => 3_300.0,
            Self::Logistics => 6_000.0,
            Self::Park | Self::Utility => 5_000.0,
            Self::Village => 320.0,
            Self::Farm => 3_600.0,
            Self::Forest => 8_000.0,
            Self::Water | Self::Vacant => 7_000.0,
        }
    }
}

/// One block between streets.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) class: Class,
    /// Features that stand for it.
    pub(super) features: u32,
    /// Position of its first feature in the file.
    pub(super) first: u32,
    pub(super) district: u16,
    /// Planted site from 1; 0 for none.
    pub(super) site: u32,
    /// 0 in the centre, about 1 at the fringe.
    pub(super) remoteness: f64,
}

/// A set of blocks that becomes polygons of a layer.
#[derive(Debug)]
pub(super) struct Zone {
    pub(super) name: &'static str,
    pub(super) tier: &'static str,
    pub(super) effect: &'static str,
    pub(super) cells: Vec<bool>,
}

/// The whole plan; blocks in rows from south-west.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Widths of the streets along the lattice lines, m.
    pub(super) widths: [Vec<f64>; 2],
    nodes: Vec<[f64; 2]>,
    pub(super) blocks: Vec<Block>,
    pub(super) districts: usize,
    pub(super) zones: Vec<Zone>,
    pub(super) river: usize,
    pub(super) sites: u32,
}

/// Smooth noise in [-1, 1] with cells of size 1.
fn noise(seed: u64, salt: u64, x: f64, y: f64) -> f64 {
    let (fx, fy) = (x.floor(), y.floor());
    let value = |dx: f64, dy: f64| {
        2.0 * unit(key([seed, salt, (fx + dx) as i64 as u64, (fy + dy) as i64 as u64])) - 1.0
    };
    let smooth = |t: f64| t * t * (3.0 - 2.0 * t);
    let (u, v) = (smooth(x - fx), smooth(y - fy));
    let south = value(0.0, 0.0) * (1.0 - u) + value(1.0, 0.0) * u;
    let north = value(0.0, 1.0) * (1.0 - u) + value(1.0, 1.0) * u;
    south * (1.0 - v) + north * v
}

/// What a block inside the ecological lines is for.
fn wild_class(draw: f64, hilly: bool, field: bool) -> Class {
    match draw {
        _ if field => Class::Farm,
        d if d < if hilly { 0.72 } else { 0.32 } => Class::Forest,
        d if d < 0.97 => Class::Farm,
        _ => Class::Water,
    }
}

/// What a block of an industrial quarter is for.
fn works_class(draw: f64) -> Class {
    match draw {
        d if d < 0.88 => Class::Industrial,
        d if d < 0.95 => Class::Logistics,
        d if d < 0.98 => Class::Utility,
        _ => Class::Vacant,
    }
}

/// What any other block of the town is for.
fn town_class(draw: f64, remoteness: f64) -> Class {
    match draw {
        d if d < 0.30 * (1.0 - remoteness).max(0.08) => Class::Commercial,
        d if d > 0.97 => Class::Vacant,
        d if d > 0.94 => Class::Utility,
        d if d > 0.86 => Class::Park,
        d if d > 0.75 => Class::Public,
        _ => Class::Residential,
    }
}

/// Street widths and positions of the lattice lines in one direction.
fn lattice_lines(seed: u64, salt: u64, cells: usize) -> (Vec<f64>, Vec<f64>) {
    let mut random = Random::new(key([seed, salt]));
    let mut position = 0.0;
    let mut positions = Vec::with_capacity(cells + 1);
    let mut widths = Vec::with_capacity(cells + 1);
    for line in 0..=cells {
        // Every range keeps away from 10, 15, 20 and 30 m, even after slivers and rounding.
        let arterial = line == 0 || line == cells || line % 6 == 3;
        let narrow = random.chance(0.5);
        widths.push(match (arterial, narrow) {
            (true, true) => random.between(24.2, 28.8),
            (true, false) => random.between(31.2, 39.8),
            (false, true) => random.between(8.1, 9.6),
            (false, false) => random.between(10.9, 13.9),
        });
        positions.push(position);
        let river = salt == 1 && line == cells * 5 / 8;
        position += match (river, arterial) {
            (true, _) => random.between(112.0, 130.0),
            (false, arterial) => random.between(112.0, 198.0) + if arterial { 20.0 } else { 0.0 },
        };
    }
    let middle = positions[cells] / 2.0;
    for x in &mut positions {
        *x -= middle;
    }
    (positions, widths)
}

impl Plan {
    pub(super) fn new(options: &CityOptions) -> Self {
        let parcels = options.parcels as usize;
        let seed = options.seed;
        let blocks = (parcels / 10).max(9);
        let rows = ((blocks as f64 / 1.3).sqrt().round() as usize).max(3);
        let columns = (blocks / rows).max(3);
        let (xs, across) = lattice_lines(seed, 1, columns);
        let (ys, along) = lattice_lines(seed, 2, rows);
        let mut plan = Self {
            seed,
            columns,
            rows,
            widths: [across, along],
            nodes: Vec::with_capacity((columns + 1) * (rows + 1)),
            blocks: Vec::new(),
            districts: 0,
            zones: Vec::new(),
            river: columns * 5 / 8,
            sites: 0,
        };
        for (j, &y) in ys.iter().enumerate() {
            for (i, &x) in xs.iter().enumerate() {
                plan.nodes.push(plan.bend(i, j, [x, y]));
            }
        }
        plan.lay_out(options.fabric);
        plan.share_out_features(parcels, options.fabric);
        plan.plant_sites();
        plan.draw_districts();
        plan
    }

    /// Moves a node of the straight lattice: wide bends, a little irregularity, and the city's turn against north.
    fn bend(&self, i: usize, j: usize, [x, y]: [f64; 2]) -> [f64; 2] {
        let (u, v) = (x / 155.0, y / 155.0);
        let jitter = |salt| 12.0 * unit(key([self.seed, salt, i as u64, j as u64])) - 6.0;
        let x = x
            + 260.0 * noise(self.seed, 3, u / 24.0, v / 24.0)
            + 60.0 * noise(self.seed, 4, u / 7.0, v / 7.0)
            // The river and all that runs along it swings from side to side.
            + 150.0 * noise(self.seed, 9, 0.5, v / 8.0)
            + jitter(5);
        let y = y
            + 260.0 * noise(self.seed, 6, u / 24.0, v / 24.0)
            + 60.0 * noise(self.seed, 7, u / 7.0, v / 7.0)
            + jitter(8);
        // cos and sin of 12 degrees.
        let (c, s) = (0.978_147_600_733_805_7, 0.207_911_690_817_759_3);
        [x * c - y * s, x * s + y * c]
    }

    /// Position of a node, local metres.
    pub(super) fn node(&self, i: usize, j: usize) -> [f64; 2] {
        self.nodes[j * (self.columns + 1) + i]
    }

    pub(super) fn cell(&self, i: usize, j: usize) -> usize {
        j * self.columns + i
    }

    /// Corners of a block inside its streets, from south-west, counter-clockwise.
    pub(super) fn corners(&self, i: usize, j: usize) -> [[f64; 2]; 4] {
        let nodes = [self.node(i, j), self.node(i + 1, j), self.node(i + 1, j + 1), self.node(i, j + 1)];
        let half = [self.widths[1][j], self.widths[0][i + 1], self.widths[1][j + 1], self.widths[0][i]]
            .map(|w| w / 2.0);
        // Each side moved inwards: a point on it and its direction.
        let side = |k: usize| {
            let (a, b) = (nodes[k], nodes[(k + 1) % 4]);
            let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
            let length = (dx * dx + dy * dy).sqrt();
            ([a[0] - dy / length * half[k], a[1] + dx / length * half[k]], [dx, dy])
        };
        [0, 1, 2, 3].map(|k| {
            let ((p, d), (q, e)) = (side((k + 3) % 4), side(k));
            let t = ((q[0] - p[0]) * e[1] - (q[1] - p[1]) * e[0]) / (d[0] * e[1] - d[1] * e[0]);
            [p[0] + t * d[0], p[1] + t * d[1]]
        })
    }

    /// Area of a block inside its streets, m².
    pub(super) fn block_area_m2(&self, index: usize) -> f64 {
        let [a, b, c, d] = self.corners(index % self.columns, index / self.columns);
        ((c[0] - a[0]) * (d[1] - b[1]) - (c[1] - a[1]) * (d[0] - b[0])) / 2.0
    }

    /// Area of a lattice cell with half of the streets around it, m².
    pub(super) fn cell_area_m2(&self, index: usize) -> f64 {
        let (i, j) = (index % self.columns, index / self.columns);
        let (a, b, c, d) =
            (self.node(i, j), self.node(i + 1, j), self.node(i + 1, j + 1), self.node(i, j + 1));
        ((c[0] - a[0]) * (d[1] - b[1]) - (c[1] - a[1]) * (d[0] - b[0])) / 2.0
    }

    /// The four neighbours of a cell inside the lattice, with the width of the street between.
    pub(super) fn neighbours(&self, index: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let (i, j) = (index % self.columns, index / self.columns);
        [
            (i > 0).then(|| (index - 1, self.widths[0][i])),
            (i + 1 < self.columns).then(|| (index + 1, self.widths[0][i + 1])),
            (j > 0).then(|| (index - self.columns, self.widths[1][j])),
            (j + 1 < self.rows).then(|| (index + self.columns, self.widths[1][j + 1])),
        ]
        .into_iter()
        .flatten()
    }

    /// The cells at most so many columns and rows away, itself left out.
    fn around(&self, index: usize, reach: usize) -> Vec<usize> {
        let (i, j) = (index % self.columns, index / self.columns);
        let mut around = Vec::with_capacity((2 * reach + 1) * (2 * reach + 1));
        for b in j.saturating_sub(reach)..=(j + reach).min(self.rows - 1) {
            for a in i.saturating_sub(reach)..=(i + reach).min(self.columns - 1) {
                if (a, b) != (i, j) {
                    around.push(self.cell(a, b));
                }
            }
        }
        around
    }

    /// Where a block stands: from -1 to 1 across and along the city, and its distance from the middle in that measure.
    fn place(&self, index: usize) -> (f64, f64, f64) {
        let (half_x, half_y) = (self.columns as f64 / 2.0, self.rows as f64 / 2.0);
        let u = ((index % self.columns) as f64 + 0.5 - half_x) / half_x;
        let v = ((index / self.columns) as f64 + 0.5 - half_y) / half_y;
        (u, v, (u * u + v * v).sqrt())
    }

    /// The value from which on the wild field and the river's corridor take the lines' share of the land.
    fn threshold(&self, wild: &[f64], near_river: &dyn Fn(usize) -> bool) -> f64 {
        let (corridor, mut order): (Vec<usize>, Vec<usize>) =
            (0..wild.len()).partition(|&index| near_river(index));
        order.sort_by(|&a, &b| wild[b].total_cmp(&wild[a]).then(a.cmp(&b)));
        let total: f64 = (0..wild.len()).map(|index| self.cell_area_m2(index)).sum();
        let mut area: f64 = corridor.iter().map(|&index| self.cell_area_m2(index)).sum();
        let mut threshold = f64::INFINITY;
        for index in order {
            let cell = self.cell_area_m2(index);
            if area + cell / 2.0 > LINES_SHARE * total {
                break;
            }
            area += cell;
            threshold = wild[index];
        }
        threshold
    }

    /// The blocks of industry, the surest first: the highest of a field that stands in quarters, midway between centre and fringe.
    fn works(&self, ecological: &[bool]) -> Vec<usize> {
        let field = |index: usize| {
            let (u, v, r) = self.place(index);
            noise(self.seed, 14, u * 2.3 + 7.0, v * 2.3) + 0.45 * noise(self.seed, 15, u * 6.0, v * 6.0)
                - (r - 0.6).abs() * 0.7
        };
        let mut towns: Vec<(f64, usize)> = (0..ecological.len())
            .filter(|&index| !ecological[index] && index % self.columns != self.river)
            .map(|index| (field(index), index))
            .collect();
        towns.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        // Even the smallest city has a block of industry.
        towns.iter().take((towns.len() * 38 / 100).max(1)).map(|&(_, index)| index).collect()
    }

    /// Decides where the lines run and what each block is for.
    fn lay_out(&mut self, fabric: Fabric) {
        let count = self.columns * self.rows;
        // Hills and fringe: the field that the ecological lines follow.
        let wild: Vec<f64> = (0..count)
            .map(|index| {
                let (u, v, r) = self.place(index);
                r + 0.55 * noise(self.seed, 10, u * 1.7, v * 1.7)
                    + 0.2 * noise(self.seed, 11, u * 5.0, v * 5.0)
            })
            .collect();
        let corridor = usize::from(self.columns >= 24);
        let near_river = |index: usize| (index % self.columns).abs_diff(self.river) <= corridor;
        let threshold = self.threshold(&wild, &near_river);
        let level = |from: f64| -> Vec<bool> { wild.iter().map(|&value| value >= from).collect() };
        let mut ecological = level(threshold);
        self.fill_pinches(&mut ecological);
        // Villages: some stand in holes of the lines, some inside them.
        let mut village = vec![false; count];
        let mut hole = vec![false; count];
        for index in 0..count {
            let draw = unit(key([self.seed, 12, index as u64]));
            let around = self.around(index, 1);
            if ecological[index] && draw < 0.05 && !near_river(index) {
                village[index] = true;
                hole[index] = draw < 0.03
                    && around.len() == 8
                    && around.iter().all(|&near| ecological[near] && !hole[near]);
            }
        }
        let without_holes =
            |cells: &[bool]| -> Vec<bool> { cells.iter().zip(&hole).map(|(&c, &h)| c && !h).collect() };
        let mut core = level(threshold + 0.22);
        self.fill_pinches(&mut core);
        // The buffer reaches a little into the core, so that the two overlap and dissolving them matters.
        let mut buffer: Vec<bool> =
            wild.iter().map(|&value| value >= threshold && value < threshold + 0.30).collect();
        self.fill_pinches(&mut buffer);
        // Filling may put back a hole's block: holes are taken out last and keep a full ring of neighbours.
        let mut fields: Vec<bool> = (0..count)
            .map(|index| {
                let (u, v, _) = self.place(index);
                ecological[index] && noise(self.seed, 13, u * 3.0, v * 3.0) > 0.25
            })
            .collect();
        self.fill_pinches(&mut fields);
        let mut urban: Vec<bool> = ecological.iter().map(|&inside| !inside).collect();
        self.fill_pinches(&mut urban);

        let quarters = self.works(&ecological);
        let mut works = vec![false; count];
        for &index in &quarters {
            works[index] = true;
        }
        for index in 0..count {
            let (_, _, r) = self.place(index);
            let mut random = Random::new(key([self.seed, 16, index as u64]));
            let draw = random.unit();
            let class = if index % self.columns == self.river {
                Class::Water
            } else if quarters.first() == Some(&index) {
                Class::Industrial
            } else if near_river(index) && draw < 0.55 {
                Class::Park
            } else if village[index] {
                Class::Village
            } else if ecological[index] {
                wild_class(draw, wild[index] > threshold + 0.15, fields[index])
            } else if works[index] {
                works_class(draw)
            } else {
                town_class(draw, r)
            };
            let old_town = fabric == Fabric::Clustered && r < 0.3 && class != Class::Water;
            self.blocks.push(Block {
                class: if old_town { Class::Residential } else { class },
                features: 1,
                first: 0,
                district: 0,
                site: 0,
                remoteness: r,
            });
        }
        let mut reserve: Vec<bool> = works;
        self.fill_pinches(&mut reserve);
        let corridor_cells = (0..count).map(near_river).collect();
        let zone = |name, tier, effect, cells| Zone { name, tier, effect, cells };
        self.zones = vec![
            zone("生态保护核心区", "core", "exclude", without_holes(&core)),
            zone("生态缓冲区", "buffer", "exclude", without_holes(&buffer)),
            zone("河流生态廊道", "corridor", "exclude", corridor_cells),
            zone("永久基本农田", "farmland", "exclude", without_holes(&fields)),
            zone("城镇开发边界", "boundary", "confine", urban),
            zone("工业区块线", "level-1", "reserve", reserve),
        ];
        for zone in 0..self.zones.len() {
            let mut cells = std::mem::take(&mut self.zones[zone].cells);
            self.fill_pinches(&mut cells);
            self.zones[zone].cells = cells;
        }
    }

    /// Adds cells until no two of the set meet at a corner only, so that every ring drawn around it is simple.
    fn fill_pinches(&self, cells: &mut [bool]) {
        let mut changed = true;
        while changed {
            changed = false;
            for j in 1..self.rows {
                for i in 1..self.columns {
                    let [a, b, c, d] =
                        [self.cell(i - 1, j - 1), self.cell(i, j - 1), self.cell(i - 1, j), self.cell(i, j)];
                    if cells[a] == cells[d] && cells[b] == cells[c] && cells[a] != cells[b] {
                        cells[if cells[a] { b } else { a }] = true;
                        changed = true;
                    }
                }
            }
        }
    }

    /// Gives every block one feature and the rest in proportion to what fits in it, so that the sum is exact.
    fn share_out_features(&mut self, parcels: usize, fabric: Fabric) {
        let rest = (parcels - self.blocks.len()) as f64;
        let weights: Vec<f64> = (0..self.blocks.len())
            .map(|index| {
                let block = &self.blocks[index];
                let mut random = Random::new(key([self.seed, 20, index as u64]));
                let density = match fabric {
                    Fabric::Clustered if block.remoteness < 0.3 => 7.0,
                    Fabric::Clustered => 0.5,
                    Fabric::Cadastral | Fabric::Slivers => 1.0,
                };
                let fitting = density * random.lognormal(0.25) * self.block_area_m2(index)
                    / block.class.mean_parcel_m2();
                if block.class == Class::Water { 0.0 } else { (fitting - 1.0).max(0.05) }
            })
            .collect();
        let total: f64 = weights.iter().sum();
        let (mut sum, mut given, mut first) = (0.0, 0_usize, 0_u32);
        let last = weights.iter().rposition(|&weight| weight > 0.0).unwrap_or(0);
        for (index, (block, weight)) in self.blocks.iter_mut().zip(&weights).enumerate() {
            sum += weight;
            let upto =
                if index >= last || total <= 0.0 { rest } else { (rest * (sum / total)).floor() } as usize;
            block.features += (upto - given) as u32;
            given = upto;
            block.first = first;
            first += block.features;
        }
    }

    /// Chooses groups of industrial blocks that meet across local streets; no two groups come near each other.
    fn plant_sites(&mut self) {
        let industrial = |plan: &Self, index: usize| plan.blocks[index].class == Class::Industrial;
        let mut order: Vec<usize> = (0..self.blocks.len()).filter(|&index| industrial(self, index)).collect();
        let wanted =
            SITE_SHARE * order.iter().map(|&index| f64::from(self.blocks[index].features)).sum::<f64>();
        let mut random = Random::new(key([self.seed, 30]));
        random.shuffle(&mut order);
        let mut planted = 0.0;
        for seed_block in order {
            if planted + 5.0 > wanted.max(6.0) {
                break;
            }
            let site = self.sites + 1;
            let free = |plan: &Self, index: usize| {
                industrial(plan, index)
                    && plan.blocks[index].site == 0
                    && plan
                        .around(index, 2)
                        .iter()
                        .all(|&near| matches!(plan.blocks[near].site, 0) || plan.blocks[near].site == site)
            };
            // Whole blocks are planted: one too many would lift the quantile's threshold over the ordinary parcels.
            let room = 1.05 * wanted - planted;
            let fits = |parcels: u32| site == 1 || f64::from(parcels) <= room;
            if !free(self, seed_block) || !fits(self.blocks[seed_block].features) {
                continue;
            }
            // A small city has several small sites rather than one large.
            let largest = (wanted / 3.0).min(wanted - planted).max(5.0);
            let target = (5.0 * crate::random::exp(random.between(0.0, 2.4))).min(largest);
            let mut members = vec![seed_block];
            self.blocks[seed_block].site = site;
            let mut parcels = self.blocks[seed_block].features;
            while f64::from(parcels) < target {
                let mut next: Vec<usize> = members
                    .iter()
                    .flat_map(|&member| self.neighbours(member))
                    .filter(|&(near, width)| width < SITE_STREET_M && free(self, near))
                    .filter(|&(near, _)| parcels + self.blocks[near].features <= 60)
                    .filter(|&(near, _)| fits(parcels + self.blocks[near].features))
                    .map(|(near, _)| near)
                    .collect();
                next.sort_unstable();
                next.dedup();
                let Some(&chosen) = next.get(random.below(next.len())) else { break };
                self.blocks[chosen].site = site;
                parcels += self.blocks[chosen].features;
                members.push(chosen);
            }
            if (5..=60).contains(&parcels) {
                planted += f64::from(parcels);
                self.sites = site;
            } else {
                for member in members {
                    self.blocks[member].site = 0;
                }
            }
        }
    }

    /// Districts: the blocks nearest to each of a few centres, connected and without pinches.
    fn draw_districts(&mut self) {
        let wanted = (3 + self.blocks.len() / 1500).min(10);
        let mut random = Random::new(key([self.seed, 40]));
        // Best of a few draws each time, so that the centres keep apart.
        let mut centres: Vec<[f64; 2]> = Vec::new();
        let distance =
            |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]);
        for _ in 0..wanted {
            let mut best = (-1.0, [0.0; 2]);
            for _ in 0..12 {
                let at = [random.between(0.0, self.columns as f64), random.between(0.0, self.rows as f64)];
                let room = centres.iter().map(|&centre| distance(centre, at)).fold(f64::INFINITY, f64::min);
                if room > best.0 {
                    best = (room, at);
                }
            }
            centres.push(best.1);
        }
        let of: Vec<u16> = (0..self.blocks.len())
            .map(|index| {
                let (i, j) = ((index % self.columns) as f64 + 0.5, (index / self.columns) as f64 + 0.5);
                let at = [
                    i + 2.5 * noise(self.seed, 41, i / 6.0, j / 6.0),
                    j + 2.5 * noise(self.seed, 42, i / 6.0, j / 6.0),
                ];
                let near = (0..wanted)
                    .min_by(|&a, &b| distance(centres[a], at).total_cmp(&distance(centres[b], at)));
                near.unwrap_or(0) as u16
            })
            .collect();
        let mut of = of;
        for _ in 0..64 {
            let joined = self.join_orphans(&mut of, wanted);
            let smoothed = self.smooth_pinches(&mut of);
            if !joined && !smoothed {
                break;
            }
        }
        // Districts that lost all their blocks leave no number behind.
        let mut number = vec![u16::MAX; wanted];
        let mut next = 0;
        for (block, district) in self.blocks.iter_mut().zip(of) {
            let slot = &mut number[district as usize];
            if *slot == u16::MAX {
                *slot = next;
                next += 1;
            }
            block.district = *slot;
        }
        self.districts = next as usize;
    }

    /// Gives what does not hang together with the largest part of its district to a neighbour.
    fn join_orphans(&self, of: &mut [u16], districts: usize) -> bool {
        let mut part = vec![usize::MAX; of.len()];
        let mut sizes: Vec<usize> = Vec::new();
        let mut largest = vec![usize::MAX; districts];
        for start in 0..of.len() {
            if part[start] != usize::MAX {
                continue;
            }
            let label = sizes.len();
            let mut size = 0;
            let mut stack = vec![start];
            part[start] = label;
            while let Some(cell) = stack.pop() {
                size += 1;
                for (near, _) in self.neighbours(cell) {
                    if part[near] == usize::MAX && of[near] == of[start] {
                        part[near] = label;
                        stack.push(near);
                    }
                }
            }
            sizes.push(size);
            let best = &mut largest[of[start] as usize];
            if *best == usize::MAX || sizes[*best] < size {
                *best = label;
            }
        }
        let before = of.to_vec();
        let mut changed = false;
        for cell in 0..of.len() {
            if part[cell] != largest[before[cell] as usize]
                && let Some((near, _)) = self.neighbours(cell).find(|&(near, _)| before[near] != before[cell])
            {
                of[cell] = before[near];
                changed = true;
            }
        }
        changed
    }

    /// Where a district meets itself at a corner only, gives it one of the two cells between.
    fn smooth_pinches(&self, of: &mut [u16]) -> bool {
        let mut changed = false;
        for j in 1..self.rows {
            for i in 1..self.columns {
                let [a, b, c, d] =
                    [self.cell(i - 1, j - 1), self.cell(i, j - 1), self.cell(i - 1, j), self.cell(i, j)];
                if of[a] == of[d] && of[b] != of[a] && of[c] != of[a] {
                    of[b] = of[a];
                    changed = true;
                } else if of[b] == of[c] && of[a] != of[b] && of[d] != of[b] {
                    of[a] = of[b];
                    changed = true;
                }
            }
        }
        changed
    }
}
