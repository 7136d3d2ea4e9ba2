//! One block: its parcels, what is known of them, and the trouble planted among them.

pub(super) mod later;

use super::plan::{Class, Plan};
use super::plane::{Position, push_ring, to_degrees};
use super::{Fabric, Fault};
use crate::json_text::push_fixed;
use crate::random::{Random, key};

/// Side of the square that a block's parcels are cut from.
const SIDE: u32 = 1 << 20;

/// Properties that may be missing, in the order they are written.
pub(super) const MAY_MISS: [&str; 11] = [
    "current_use",
    "zoned_use",
    "floor_area_m2",
    "footprint_m2",
    "floors",
    "height_m",
    "allowed_far",
    "year_built",
    "output_yuan",
    "tax_yuan",
    "jobs",
];

/// A parcel that the truth speaks of.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    pub(super) row: u32,
    pub(super) id: String,
}

/// What one block adds to a planted site.
#[derive(Debug, Clone, Default)]
pub(super) struct SiteShare {
    pub(super) site: u32,
    pub(super) members: Vec<Mention>,
    pub(super) area_m2: f64,
    pub(super) floor_area_m2: f64,
    pub(super) tax_yuan: i64,
    pub(super) output_yuan: i64,
}

/// Everything that comes of one block.
#[derive(Debug, Default)]
pub(super) struct BlockText {
    pub(super) text: Vec<u8>,
    pub(super) faults: Vec<(Fault, Mention)>,
    pub(super) lone_low: Vec<Mention>,
    pub(super) site: SiteShare,
    pub(super) missing: [u64; MAY_MISS.len()],
    pub(super) industrial: u64,
    pub(super) construction_m2: f64,
    pub(super) positions: u64,
    pub(super) features: u32,
}

/// What stands between two features.
pub(super) const SEPARATOR: &[u8] = b",\n";

/// One feature before its properties are drawn.
#[derive(Debug, Clone, Copy)]
struct Subject<'a> {
    /// Which of the block's streams of numbers is its own.
    salt: u64,
    id: &'a str,
    area_m2: f64,
    row: u32,
    /// The use it has been turned to, in place of the one that is drawn.
    turned_to: Option<&'static str>,
}

/// A rectangle of the block's square.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Leaf {
    u: [u32; 2],
    v: [u32; 2],
}

impl Leaf {
    fn touches(&self, other: &Self) -> bool {
        self.u[0] <= other.u[1]
            && other.u[0] <= self.u[1]
            && self.v[0] <= other.v[1]
            && other.v[0] <= self.v[1]
    }
}

/// A ring in metres, counter-clockwise, not closed, and where the leaf's four corners stand in it.
#[derive(Debug, Clone)]
struct Outline {
    points: Vec<[f64; 2]>,
    corners: [usize; 4],
}

impl Outline {
    /// Positions of one side's points, both corners included: south, east, north, west.
    fn side(&self, side: usize) -> Vec<usize> {
        let end = if side == 3 { self.points.len() } else { self.corners[side + 1] };
        (self.corners[side]..=end).map(|at| at % self.points.len()).collect()
    }
}

fn length(a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    (dx * dx + dy * dy).sqrt()
}

/// Signed area of a ring, closed or not: positive where it runs counter-clockwise.
pub(super) fn ring_area_m2(points: &[[f64; 2]]) -> f64 {
    let Some(&origin) = points.first() else { return 0.0 };
    let mut twice = 0.0;
    for pair in points.windows(2) {
        twice += (pair[0][0] - origin[0]) * (pair[1][1] - origin[1])
            - (pair[1][0] - origin[0]) * (pair[0][1] - origin[1]);
    }
    twice / 2.0
}

/// The block's square laid over the ground, cut into leaves.
struct Ground {
    key: u64,
    corners: [[f64; 2]; 4],
    size: [f64; 2],
    leaves: Vec<Leaf>,
    /// Corners on lines of one `u`, as `(u, v)`, and of one `v`, as `(v, u)`; sorted.
    lines: [Vec<(u32, u32)>; 2],
    wiggle_m: f64,
    spacing_m: f64,
}

impl Ground {
    fn new(plan: &Plan, index: usize, leaves: usize, fabric: Fabric) -> Self {
        let corners = plan.corners(index % plan.columns, index / plan.columns);
        let size = [
            f64::midpoint(length(corners[0], corners[1]), length(corners[3], corners[2])),
            f64::midpoint(length(corners[1], corners[2]), length(corners[0], corners[3])),
        ];
        let key = key([plan.seed, 50, index as u64]);
        let mut ground = Self {
            key,
            corners,
            size,
            leaves: Vec::with_capacity(leaves),
            lines: [Vec::new(), Vec::new()],
            wiggle_m: if fabric == Fabric::Slivers { 0.1 } else { 0.35 },
            spacing_m: match plan.blocks[index].class {
                Class::Farm | Class::Forest | Class::Water => 33.0,
                _ if fabric == Fabric::Slivers => 80.0,
                _ => 50.0,
            },
        };
        let mut random = Random::new(key ^ 1);
        let whole = Leaf { u: [0, SIDE], v: [0, SIDE] };
        if fabric == Fabric::Slivers {
            ground.cut_strips(whole, leaves, &mut random);
        } else {
            ground.cut(whole, leaves, &mut random);
        }
        for leaf in &ground.leaves {
            for u in leaf.u {
                for v in leaf.v {
                    ground.lines[0].push((u, v));
                    ground.lines[1].push((v, u));
                }
            }
        }
        for line in &mut ground.lines {
            line.sort_unstable();
            line.dedup();
        }
        ground
    }

    /// Cuts a rectangle into `count` leaves, again and again across its longer side, in uneven shares.
    fn cut(&mut self, leaf: Leaf, count: usize, random: &mut Random) {
        if count <= 1 {
            self.leaves.push(leaf);
            return;
        }
        let wide = f64::from(leaf.u[1] - leaf.u[0]) * self.size[0];
        let high = f64::from(leaf.v[1] - leaf.v[0]) * self.size[1];
        let across = usize::from(wide <= high * random.between(0.75, 1.35));
        let first = ((count as f64 * random.between(0.36, 0.64)).round() as usize).clamp(1, count - 1);
        let share = (first as f64 / count as f64 * random.between(0.84, 1.16)).clamp(0.12, 0.88);
        let (mut one, mut two) = (leaf, leaf);
        let (from, to) = if across == 0 { (leaf.u[0], leaf.u[1]) } else { (leaf.v[0], leaf.v[1]) };
        let at = from + (f64::from(to - from) * share) as u32;
        if across == 0 {
            (one.u[1], two.u[0]) = (at, at);
        } else {
            (one.v[1], two.v[0]) = (at, at);
        }
        self.cut(one, first, random);
        self.cut(two, count - first, random);
    }

    /// Cuts a rectangle into long strips, at least 3 m wide where that is possible.
    fn cut_strips(&mut self, leaf: Leaf, count: usize, random: &mut Random) {
        let bands = (count as f64 * 3.5 / self.size[0]).ceil().max(1.0) as usize;
        for band in 0..bands {
            let edge = |k: usize| (u64::from(leaf.v[1]) * k as u64 / bands as u64) as u32;
            let here = count * (band + 1) / bands - count * band / bands;
            let shares: Vec<f64> = (0..here).map(|_| random.between(0.75, 1.25)).collect();
            let total: f64 = shares.iter().sum();
            let (mut sum, mut from) = (0.0, leaf.u[0]);
            for (k, share) in shares.iter().enumerate() {
                sum += share;
                let to =
                    if k + 1 == here { leaf.u[1] } else { (f64::from(leaf.u[1]) * (sum / total)) as u32 };
                self.leaves.push(Leaf { u: [from, to], v: [edge(band), edge(band + 1)] });
                from = to;
            }
        }
    }

    /// Where a point of the square lies; lines of the square are straight on the ground.
    fn at(&self, u: u32, v: u32) -> [f64; 2] {
        let (s, t) = (f64::from(u) / f64::from(SIDE), f64::from(v) / f64::from(SIDE));
        let [a, b, c, d] = self.corners;
        [0, 1].map(|k| (a[k] * (1.0 - s) + b[k] * s) * (1.0 - t) + (d[k] * (1.0 - s) + c[k] * s) * t)
    }

    /// Adds a side's points but its last: corners that lie on it, and the bends between, the same for both neighbours.
    fn add_side(
        &self,
        axis: usize,
        fixed: u32,
        [from, to]: [u32; 2],
        backwards: bool,
        out: &mut Vec<[f64; 2]>,
    ) {
        let line = &self.lines[axis];
        let low = line.partition_point(|&entry| entry < (fixed, from));
        let high = line.partition_point(|&entry| entry <= (fixed, to));
        let on_line = &line[low..high];
        let place = |along: u32| if axis == 0 { self.at(fixed, along) } else { self.at(along, fixed) };
        let border = fixed == 0 || fixed == SIDE;
        let mut bends = Vec::new();
        let mut segment = |lower: u32, upper: u32, out: &mut Vec<[f64; 2]>| {
            let (a, b) = (place(lower), place(upper));
            let reach = length(a, b);
            bends.clear();
            if reach > 6.0 {
                let mut random =
                    Random::new(key([self.key, axis as u64, u64::from(fixed), u64::from(lower)]));
                let wanted = reach / self.spacing_m;
                let count =
                    (wanted.floor() as usize + usize::from(random.chance(wanted - wanted.floor()))).min(8);
                for k in 0..count {
                    let t = (k as f64 + random.between(0.75, 1.25)) / (count + 1) as f64;
                    // Frontages stay straight: the width of a street is what was planned.
                    let aside = if border {
                        0.0
                    } else {
                        random.between(-1.0, 1.0) * self.wiggle_m.min(0.012 * reach)
                    };
                    let (dx, dy) = ((b[0] - a[0]) / reach, (b[1] - a[1]) / reach);
                    bends.push([a[0] + dx * t * reach - dy * aside, a[1] + dy * t * reach + dx * aside]);
                }
            }
            if backwards {
                out.push(b);
                out.extend(bends.iter().rev());
            } else {
                out.push(a);
                out.extend(bends.iter());
            }
        };
        if backwards {
            on_line.windows(2).rev().for_each(|pair| segment(pair[0].1, pair[1].1, out));
        } else {
            on_line.windows(2).for_each(|pair| segment(pair[0].1, pair[1].1, out));
        }
    }

    /// The middle ninth of a leaf, counter-clockwise.
    fn court(&self, leaf: &Leaf) -> Vec<[f64; 2]> {
        let inner = |[from, to]: [u32; 2]| [from + (to - from) / 3, to - (to - from) / 3];
        let (u, v) = (inner(leaf.u), inner(leaf.v));
        [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(a, b)| self.at(u[a], v[b])).to_vec()
    }

    fn outline(&self, leaf: &Leaf) -> Outline {
        let mut points = Vec::with_capacity(16);
        let mut corners = [0; 4];
        self.add_side(1, leaf.v[0], leaf.u, false, &mut points);
        corners[1] = points.len();
        self.add_side(0, leaf.u[1], leaf.v, false, &mut points);
        corners[2] = points.len();
        self.add_side(1, leaf.v[1], leaf.u, true, &mut points);
        corners[3] = points.len();
        self.add_side(0, leaf.u[0], leaf.v, true, &mut points);
        Outline { points, corners }
    }

    /// Which sides look on a street: south, east, north, west.
    fn frontages(leaf: &Leaf) -> [bool; 4] {
        [leaf.v[0] == 0, leaf.u[1] == SIDE, leaf.v[1] == SIDE, leaf.u[0] == 0]
    }

    /// Moves the east or west side by so much: outwards where positive. `false` where the parcel is too small for it.
    ///
    /// Drawn back, the side's ends slide along the lines they stand on and 1.5 mm into their own parcel, so that they
    /// stay off the neighbours there even after rounding to 1e-8 degree.
    fn shift_side(&self, leaf: &Leaf, outline: &mut Outline, by_m: f64) -> bool {
        const ASIDE_M: f64 = 0.0015;
        let fronts = Self::frontages(leaf);
        let Some(side) = [1, 3].into_iter().find(|&side| !fronts[side]) else { return false };
        let middle = leaf.v[0].midpoint(leaf.v[1]);
        let (west, east) = (self.at(leaf.u[0], middle), self.at(leaf.u[1], middle));
        let width = length(west, east);
        if width < 3.0 * by_m.abs() + 3.0 {
            return false;
        }
        let sign = if side == 1 { by_m } else { -by_m };
        let step = [(east[0] - west[0]) / width * sign, (east[1] - west[1]) / width * sign];
        let moved = outline.side(side);
        let (first, last) = (moved[0], moved[moved.len() - 1]);
        let count = outline.points.len();
        let ends = [(first, (first + count - 1) % count, -1.0), (last, (last + 1) % count, 1.0)]
            .map(|(end, beyond, turn)| (end, outline.points[beyond], turn));
        if ends.iter().any(|&(end, beyond, _)| length(outline.points[end], beyond) < 2.0 * by_m.abs()) {
            return false;
        }
        for at in moved {
            outline.points[at] = [outline.points[at][0] + step[0], outline.points[at][1] + step[1]];
        }
        if by_m < 0.0 {
            for (end, beyond, turn) in ends {
                // Where the end stood before.
                let from = [outline.points[end][0] - step[0], outline.points[end][1] - step[1]];
                let reach = length(from, beyond);
                let along = [(beyond[0] - from[0]) / reach, (beyond[1] - from[1]) / reach];
                let inward = [-along[1] * turn * ASIDE_M, along[0] * turn * ASIDE_M];
                outline.points[end] =
                    [from[0] - along[0] * by_m + inward[0], from[1] - along[1] * by_m + inward[1]];
            }
        }
        true
    }
}

/// What stands on a parcel, for the figures that follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Built {
    Housing,
    Village,
    Shops,
    Public,
    Works,
    Stores,
    Plant,
    Open,
}

fn pick<'a>(random: &mut Random, choices: &[(f64, &'a str)]) -> &'a str {
    let mut draw = random.unit() * choices.iter().map(|choice| choice.0).sum::<f64>();
    for &(weight, code) in choices {
        draw -= weight;
        if draw < 0.0 {
            return code;
        }
    }
    choices.last().map_or("16", |choice| choice.1)
}

/// The current use of a parcel in a block of a class.
fn draw_use(class: Class, site: bool, river: bool, random: &mut Random) -> &'static str {
    let works: &[(f64, &str)] = &[(0.45, "100101"), (0.42, "100102"), (0.07, "100103")];
    match class {
        _ if site => pick(random, works),
        Class::Residential => pick(
            random,
            &[
                (0.2, "070101"),
                (0.5, "070102"),
                (0.1, "070103"),
                (0.08, "090101"),
                (0.04, "0804"),
                (0.03, "1401"),
                (0.02, "1301"),
                (0.03, "0702"),
            ],
        ),
        Class::Commercial => {
            pick(random, &[(0.55, "090101"), (0.25, "0902"), (0.1, "0903"), (0.1, "070102")])
        }
        Class::Public => pick(
            random,
            &[(0.4, "0804"), (0.2, "0806"), (0.15, "0801"), (0.1, "0803"), (0.1, "0805"), (0.05, "0802")],
        ),
        Class::Industrial => pick(
            random,
            &[
                (0.44, "100101"),
                (0.41, "100102"),
                (0.07, "100103"),
                (0.03, "110101"),
                (0.02, "1302"),
                (0.015, "2301"),
                (0.015, "1402"),
            ],
        ),
        Class::Logistics => pick(random, &[(0.7, "110101"), (0.2, "110102"), (0.1, "120801")]),
        Class::Park => pick(random, &[(0.85, "1401"), (0.1, "1402"), (0.05, "1403")]),
        Class::Utility => pick(random, &[(0.4, "1301"), (0.3, "1302"), (0.3, "120802")]),
        Class::Village => pick(
            random,
            &[(0.7, "070301"), (0.17, "070302"), (0.05, "0704"), (0.03, "100101"), (0.05, "0101")],
        ),
        Class::Farm => pick(
            random,
            &[(0.5, "0101"), (0.15, "0103"), (0.15, "0201"), (0.1, "1704"), (0.04, "060201"), (0.06, "0301")],
        ),
        Class::Forest => pick(random, &[(0.8, "0301"), (0.1, "0303"), (0.1, "0401")]),
        Class::Water if river => "1701",
        Class::Water => "1703",
        Class::Vacant => pick(random, &[(0.7, "2301"), (0.3, "16")]),
    }
}

/// The use that the plan gives a parcel.
fn draw_plan(current: &'static str, random: &mut Random) -> &'static str {
    match &current[..2] {
        "10" if random.chance(0.12) => pick(random, &[(0.4, "100101"), (0.3, "070102"), (0.3, "0902")]),
        "23" | "16" => pick(random, &[(0.4, "100101"), (0.4, "070102"), (0.2, "090101")]),
        "07" if current.starts_with("0703") && random.chance(0.3) => "070102",
        _ => current,
    }
}

fn built(code: &str) -> Built {
    match &code[..2] {
        "07" if code.starts_with("0703") => Built::Village,
        "07" => Built::Housing,
        "08" => Built::Public,
        "09" => Built::Shops,
        "10" => Built::Works,
        "11" => Built::Stores,
        "12" | "13" => Built::Plant,
        _ => Built::Open,
    }
}

fn is_construction(code: &str) -> bool {
    built(code) != Built::Open || code.starts_with("14") || code == "2301"
}

/// Writes `,"name":value`, or null or nothing at all where the value is missing.
struct Properties<'a> {
    out: &'a mut Vec<u8>,
    missing: &'a mut [u64; MAY_MISS.len()],
    share: f64,
    random: Random,
}

impl Properties<'_> {
    /// Whether the value is to be written; counts it and may write null where not.
    fn known(&mut self, which: usize, sure: bool) -> bool {
        let draw = self.random.unit();
        if sure || draw >= self.share {
            return true;
        }
        self.missing[which] += 1;
        if draw < self.share / 2.0 {
            self.name(MAY_MISS[which]);
            self.out.extend_from_slice(b"null");
        }
        false
    }

    fn name(&mut self, name: &str) {
        self.out.extend_from_slice(b",\"");
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    fn code(&mut self, which: usize, code: &str, sure: bool) {
        if self.known(which, sure) {
            self.name(MAY_MISS[which]);
            self.text(code);
        }
    }

    fn text(&mut self, text: &str) {
        self.out.push(b'"');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b'"');
    }

    fn number(&mut self, which: usize, value: i64, places: usize, sure: bool) {
        if self.known(which, sure) {
            self.name(MAY_MISS[which]);
            push_fixed(self.out, value, places);
        }
    }
}

/// What becomes of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lot {
    Plain,
    Planted(Fault),
    /// One parcel with another leaf, apart from it.
    With(usize),
    /// Second part of another.
    Taken,
}

/// Gives each fault the first leaf in random order that can bear it, or tells which fault finds none.
fn assign(ground: &Ground, faults: &[Fault], random: &mut Random) -> Result<Vec<Lot>, usize> {
    let mut order: Vec<usize> = (0..ground.leaves.len()).collect();
    random.shuffle(&mut order);
    let mut lots = vec![Lot::Plain; order.len()];
    for (at, &fault) in faults.iter().enumerate() {
        let mut free = order.iter().copied().filter(|&leaf| lots[leaf] == Lot::Plain);
        if fault == Fault::MultiPart {
            let (a, b) = free
                .clone()
                .find_map(|a| {
                    let apart = |&b: &usize| !ground.leaves[a].touches(&ground.leaves[b]);
                    free.clone().find(apart).map(|b| (a, b))
                })
                .ok_or(at)?;
            (lots[a], lots[b]) = (Lot::With(b), Lot::Taken);
        } else {
            // Parts are settled by then, so the first leaf that is not taken is the block's first parcel.
            let first = lots.iter().position(|&lot| lot != Lot::Taken);
            let leaf = free
                .find(|&leaf| {
                    (fault != Fault::DuplicateId || Some(leaf) != first) && bears(ground, leaf, fault)
                })
                .ok_or(at)?;
            lots[leaf] = Lot::Planted(fault);
        }
    }
    Ok(lots)
}

/// Whether a fault can be planted in a leaf.
fn bears(ground: &Ground, leaf: usize, fault: Fault) -> bool {
    let leaf = &ground.leaves[leaf];
    let mut outline = ground.outline(leaf);
    let corner = |k: usize| outline.points[outline.corners[k]];
    match fault {
        Fault::Sliver => Ground::frontages(leaf).contains(&true),
        Fault::Court => length(corner(0), corner(1)) > 18.0 && length(corner(1), corner(2)) > 18.0,
        Fault::Overlap => ground.shift_side(leaf, &mut outline, 2.0),
        Fault::HairlineGap => ground.shift_side(leaf, &mut outline, -0.05),
        Fault::TJunction => t_junction(leaf, &outline).is_some(),
        _ => true,
    }
}

/// A short edge towards a neighbour: its rounded middle stays within 1e-2 m² of both parcels.
fn t_junction(leaf: &Leaf, outline: &Outline) -> Option<usize> {
    let fronts = Ground::frontages(leaf);
    (0..4).filter(|&side| !fronts[side]).find_map(|side| {
        let points = outline.side(side);
        points.windows(2).find_map(|pair| {
            let reach = length(outline.points[pair[0]], outline.points[pair[1]]);
            (4.0..13.0).contains(&reach).then_some(pair[0])
        })
    })
}

/// The rings of a leaf's polygon with the trouble that is planted in them.
fn planted_rings(
    leaf: &Leaf,
    outline: &Outline,
    hole: &[[f64; 2]],
    fault: Option<Fault>,
) -> Vec<Vec<Position>> {
    let mut ring = close(&outline.points);
    let corner = outline.corners.map(|at| ring[at]);
    match fault {
        Some(Fault::TJunction) => {
            if let Some(after) = t_junction(leaf, outline) {
                let (a, b) = (outline.points[after], outline.points[(after + 1) % outline.points.len()]);
                ring.insert(after + 1, to_degrees([f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]));
            }
        }
        Some(Fault::BowTie) => ring = vec![corner[0], corner[2], corner[1], corner[3], corner[0]],
        Some(Fault::UnclosedRing) => drop(ring.pop()),
        Some(Fault::TwoPointRing) => ring = vec![corner[0], corner[2], corner[0]],
        Some(Fault::RepeatedPoint) => ring.insert(outline.corners[1], corner[1]),
        Some(Fault::Clockwise) => ring.reverse(),
        _ => {}
    }
    if hole.is_empty() {
        return vec![ring];
    }
    let mut inner = close(hole);
    inner.reverse();
    vec![ring, inner]
}

/// A strip of the street along a frontage.
fn sliver(leaf: &Leaf, outline: &Outline, width_m: f64) -> Vec<[f64; 2]> {
    let fronts = Ground::frontages(leaf);
    let side = fronts.iter().position(|&front| front).unwrap_or(0);
    let mut ring: Vec<[f64; 2]> = outline.side(side).into_iter().rev().map(|at| outline.points[at]).collect();
    let (last, first) = (ring[0], ring[ring.len() - 1]);
    let reach = length(first, last);
    let aside = [(last[1] - first[1]) / reach * width_m, -(last[0] - first[0]) / reach * width_m];
    ring.push([first[0] + aside[0], first[1] + aside[1]]);
    ring.push([last[0] + aside[0], last[1] + aside[1]]);
    ring
}

/// Writes all features of one block.
pub(super) struct Writer<'a> {
    pub(super) plan: &'a Plan,
    pub(super) fabric: Fabric,
    /// Probability of each kind of fault per feature of an eligible block.
    pub(super) chances: &'a [(Fault, f64)],
    pub(super) missing_share: f64,
    pub(super) district_ids: &'a [String],
}

impl Writer<'_> {
    pub(super) fn eligible(plan: &Plan, index: usize) -> bool {
        let block = &plan.blocks[index];
        block.site == 0 && block.features >= 4
    }

    /// Draws the faults of a block: as many as its features can bear.
    fn draw_faults(&self, index: usize, random: &mut Random) -> Vec<Fault> {
        let features = self.plan.blocks[index].features as usize;
        let mut faults = Vec::new();
        if !Self::eligible(self.plan, index) {
            return faults;
        }
        for _ in 0..features {
            let mut draw = random.unit();
            for &(fault, chance) in self.chances {
                draw -= chance;
                if draw < 0.0 {
                    faults.push(fault);
                    break;
                }
            }
        }
        faults.truncate(features / 2 - 1);
        faults
    }

    /// The block cut into leaves, and what becomes of each.
    fn cut(&self, index: usize) -> (Ground, Vec<Lot>) {
        let block = &self.plan.blocks[index];
        let mut random = Random::new(key([self.plan.seed, 60, index as u64]));
        let mut faults = self.draw_faults(index, &mut random);
        // The kinds that ask most of a parcel choose first.
        faults.sort_unstable();
        faults.reverse();
        // A fault that finds no parcel is left out and the block is cut anew, so that the count of features holds.
        loop {
            let added = faults.iter().filter(|fault| fault.adds_feature()).count();
            let merged = faults.iter().filter(|&&fault| fault == Fault::MultiPart).count();
            let leaves = block.features as usize - added + merged;
            let ground = Ground::new(self.plan, index, leaves, self.fabric);
            match assign(&ground, &faults, &mut random.clone()) {
                Ok(lots) => return (ground, lots),
                Err(misfit) => drop(faults.remove(misfit)),
            }
        }
    }

    pub(super) fn write(&self, index: usize) -> BlockText {
        let block = &self.plan.blocks[index];
        let (ground, lots) = self.cut(index);
        let mut text = BlockText::default();
        text.text.reserve(block.features as usize * 560);
        text.site.site = block.site;
        let mut row = block.first;
        let mut previous_id = String::new();
        for (leaf, &lot) in lots.iter().enumerate() {
            if lot != Lot::Taken {
                self.write_leaf(index, &ground, leaf, lot, &mut row, &mut previous_id, &mut text);
            }
        }
        debug_assert_eq!(row, block.first + block.features, "every block writes what was planned");
        text
    }

    #[expect(clippy::too_many_arguments, reason = "one call, and each is a different thing")]
    fn write_leaf(
        &self,
        index: usize,
        ground: &Ground,
        leaf: usize,
        lot: Lot,
        row: &mut u32,
        previous_id: &mut String,
        text: &mut BlockText,
    ) {
        let mut random = Random::new(key([ground.key, 3, leaf as u64]));
        let shape = &ground.leaves[leaf];
        let mut outline = ground.outline(shape);
        let fault = match lot {
            Lot::Planted(fault) => Some(fault),
            Lot::With(_) => Some(Fault::MultiPart),
            Lot::Plain | Lot::Taken => None,
        };
        let by_m = match fault {
            Some(Fault::Overlap) => random.between(0.1, 2.0),
            Some(Fault::HairlineGap) => -random.between(0.003, 0.05),
            _ => 0.0,
        };
        if by_m != 0.0 {
            ground.shift_side(shape, &mut outline, by_m);
        }
        let hole = if fault == Some(Fault::Court) { ground.court(shape) } else { Vec::new() };
        let mut area_m2 = ring_area_m2(&outline.points) - ring_area_m2(&hole);
        let mut polygons = vec![planted_rings(shape, &outline, &hole, fault)];
        if let Lot::With(partner) = lot {
            let other = ground.outline(&ground.leaves[partner]);
            area_m2 += ring_area_m2(&other.points);
            polygons.push(vec![close(&other.points)]);
        }
        let own_id = match fault {
            Some(Fault::DuplicateId) => std::mem::take(previous_id),
            _ => self.id(index, *row),
        };
        let salt = leaf as u64;
        let geometry = (fault != Some(Fault::NullGeometry)).then_some(&polygons[..]);
        let own_row = *row;
        let subject = Subject { salt, id: &own_id, area_m2, row: own_row, turned_to: None };
        self.write_feature(index, subject, geometry, text);
        *row += 1;
        let last_id = match fault {
            Some(Fault::ExactDuplicate) => own_id.clone(),
            Some(fault) if fault.adds_feature() => self.id(index, *row),
            _ => own_id.clone(),
        };
        let companion = match fault {
            Some(Fault::ExactDuplicate) => Some((salt, area_m2, polygons)),
            Some(Fault::SameGeometry) => Some((salt + 10_000, area_m2, polygons)),
            Some(Fault::Court) => Some((salt + 20_000, ring_area_m2(&hole), vec![vec![close(&hole)]])),
            Some(Fault::Sliver) => {
                let ring = sliver(shape, &outline, random.between(0.03, 0.25));
                Some((salt + 30_000, ring_area_m2(&ring), vec![vec![close(&ring)]]))
            }
            _ => None,
        };
        let mut mention = Mention { row: own_row, id: own_id };
        if let Some((salt, area_m2, polygons)) = companion {
            let subject = Subject { salt, id: &last_id, area_m2, row: *row, turned_to: None };
            self.write_feature(index, subject, Some(&polygons), text);
            // A court is told of by the parcel around it, the others by the feature that was added.
            if fault != Some(Fault::Court) {
                mention = Mention { row: *row, id: last_id.clone() };
            }
            *row += 1;
        }
        text.faults.extend(fault.map(|fault| (fault, mention)));
        *previous_id = last_id;
    }

    fn id(&self, index: usize, row: u32) -> String {
        format!("{}-{row:07}", self.district_ids[self.plan.blocks[index].district as usize])
    }

    /// Writes one feature after a comma, and tells its use, also where that is missing in the text.
    fn write_feature(
        &self,
        index: usize,
        subject: Subject<'_>,
        polygons: Option<&[Vec<Vec<Position>>]>,
        text: &mut BlockText,
    ) -> &'static str {
        text.text.extend_from_slice(SEPARATOR);
        text.text.extend_from_slice(b"{\"type\":\"Feature\",\"properties\":{\"id\":\"");
        text.text.extend_from_slice(subject.id.as_bytes());
        text.text.push(b'"');
        let current = self.write_properties(index, subject, text);
        text.text.extend_from_slice(b"},\"geometry\":");
        let out = &mut text.text;
        match polygons {
            None => out.extend_from_slice(b"null"),
            Some(polygons) => {
                let several = polygons.len() > 1;
                let kind: &[u8] = if several { b"MultiPolygon" } else { b"Polygon" };
                out.extend_from_slice(b"{\"type\":\"");
                out.extend_from_slice(kind);
                out.extend_from_slice(b"\",\"coordinates\":");
                if several {
                    out.push(b'[');
                }
                for (p, rings) in polygons.iter().enumerate() {
                    out.extend_from_slice(if p > 0 { b",[" } else { b"[" });
                    for (r, ring) in rings.iter().enumerate() {
                        if r > 0 {
                            out.push(b',');
                        }
                        push_ring(out, ring);
                        text.positions += ring.len() as u64;
                    }
                    out.push(b']');
                }
                if several {
                    out.push(b']');
                }
                out.push(b'}');
            }
        }
        out.push(b'}');
        text.features += 1;
        current
    }

    #[expect(clippy::too_many_lines, reason = "one table of figures, use by use")]
    fn write_properties(&self, index: usize, subject: Subject<'_>, text: &mut BlockText) -> &'static str {
        let Subject { salt, id, area_m2, row, turned_to } = subject;
        let plan = self.plan;
        let block = &plan.blocks[index];
        let in_site = block.site > 0;
        let (drawn, mut random) = self.draw_use(index, salt);
        let current = turned_to.unwrap_or(drawn);
        let zoned = draw_plan(current, &mut random);
        let kind = built(current);
        let works = kind == Built::Works;
        let lone = works && !in_site && random.chance(0.015);
        let low = in_site || lone;
        let central = (1.2 - block.remoteness).clamp(0.25, 1.2);
        // Neighbours resemble each other: part of every draw belongs to the block and to the district.
        let shared = |salt: u64, sigma: f64| {
            let district =
                Random::new(key([plan.seed, salt, 1, u64::from(block.district)])).lognormal(sigma * 0.7);
            district * Random::new(key([plan.seed, salt, 2, index as u64])).lognormal(sigma)
        };
        let (far, coverage) = match kind {
            Built::Housing => {
                (2.3 * central * random.lognormal(0.3) * shared(71, 0.15), random.between(0.2, 0.36))
            }
            Built::Village => (1.5 * random.lognormal(0.3), random.between(0.45, 0.7)),
            Built::Shops => (3.0 * central * random.lognormal(0.35), random.between(0.32, 0.55)),
            Built::Public => (0.9 * random.lognormal(0.3), random.between(0.18, 0.32)),
            Built::Works if low => (random.between(0.22, 0.55), random.between(0.3, 0.5)),
            Built::Works => (
                (1.35 * random.lognormal(0.28) * shared(72, 0.1)).max(0.75 + 0.1 * random.unit()),
                random.between(0.38, 0.58),
            ),
            Built::Stores => (0.9 * random.lognormal(0.3), random.between(0.42, 0.6)),
            Built::Plant => (0.3 * random.lognormal(0.3), random.between(0.12, 0.25)),
            Built::Open => (0.0, 0.0),
        };
        let far = far.min(9.0);
        let floors = if far > 0.0 { (far / coverage).ceil().max(1.0) } else { 0.0 };
        let floor_area_m2 = far * area_m2;
        let storey_m = match kind {
            Built::Works | Built::Stores if floors < 2.0 => random.between(7.5, 12.0),
            Built::Works | Built::Stores => random.between(4.2, 5.4),
            Built::Shops | Built::Public => random.between(3.6, 4.2),
            _ => random.between(2.9, 3.2),
        };
        let allowed_far = match &zoned[..2] {
            "07" => 2.0 + (central * 4.0).floor() * 0.5,
            "09" => 2.5 + (central * 6.0).floor() * 0.5,
            "08" | "11" => 1.5,
            "10" => 2.0 + (random.unit() * 4.0).floor() * 0.5,
            "12" | "13" => 0.8,
            _ => 0.0,
        };
        let year = (1994.0
            + 16.0 * (block.remoteness - 0.4)
            + 8.0 * (shared(73, 0.5) - 1.0).clamp(-1.0, 1.5)
            + 5.0 * random.normal())
        .clamp(1972.0, 2024.0);
        // A low value near the floor is mirrored, so that there is neither an overlap with the planted nor a tie.
        let above =
            |value: f64, floor: f64| if value < floor { floor + 0.5 * (floor - value) } else { value };
        let per_m2 = match kind {
            Built::Works if low => Some((random.between(250.0, 900.0), random.between(25.0, 90.0))),
            Built::Works | Built::Stores => {
                let output = above(6_800.0 * random.lognormal(0.42) * shared(74, 0.24), 2_000.0);
                Some((output, above(0.078 * output * random.lognormal(0.18), 190.0)))
            }
            Built::Shops => {
                let output = 9_500.0 * random.lognormal(0.5) * shared(75, 0.2);
                Some((output, 0.06 * output * random.lognormal(0.2)))
            }
            _ => None,
        };
        let out = &mut text.text;
        let mut write = Properties {
            out,
            missing: &mut text.missing,
            share: self.missing_share,
            random: Random::new(random.bits()),
        };
        // What a site is found by is always known; so are its uses.
        if in_site {
            write.name(MAY_MISS[0]);
            write.text(current);
        } else {
            write.code(0, current, turned_to.is_some());
        }
        write.code(1, zoned, false);
        let mut money = (0, 0);
        if kind != Built::Open {
            let floor_area = (floor_area_m2 * 10.0).round() as i64;
            write.number(2, floor_area, 1, in_site);
            write.number(3, (floor_area_m2 / floors * 10.0).round() as i64, 1, false);
            write.number(4, floors as i64, 0, false);
            write.number(5, (floors * storey_m * 10.0).round() as i64, 1, false);
        }
        if allowed_far > 0.0 {
            write.number(6, (allowed_far * 10.0).round() as i64, 1, false);
        }
        if kind != Built::Open {
            write.number(7, year.round() as i64, 0, false);
        }
        if let Some((output, tax)) = per_m2 {
            money = ((output * area_m2).round() as i64, (tax * area_m2).round() as i64);
            write.number(8, money.0, 0, in_site);
            write.number(9, money.1, 0, in_site);
            let land_per_job_m2 =
                if low { random.between(250.0, 600.0) } else { random.between(25.0, 110.0) };
            write.number(10, (area_m2 / land_per_job_m2).ceil() as i64, 0, false);
        }
        write.name("district");
        write.text(&self.district_ids[block.district as usize]);
        let owner = random.below(90_000) + 10_000;
        let owner = match kind {
            Built::Open | Built::Public | Built::Plant => "公有".to_owned(),
            Built::Village => format!("村民{owner}"),
            Built::Housing => format!("业主{owner}"),
            Built::Shops | Built::Works | Built::Stores => format!("企业{owner}"),
        };
        write.name("owner");
        write.text(&owner);

        text.industrial += u64::from(works);
        if is_construction(current) {
            text.construction_m2 += area_m2;
        }
        if lone {
            text.lone_low.push(Mention { row, id: id.to_owned() });
        }
        if in_site {
            text.site.members.push(Mention { row, id: id.to_owned() });
            text.site.area_m2 += area_m2;
            text.site.floor_area_m2 += floor_area_m2;
            text.site.output_yuan += money.0;
            text.site.tax_yuan += money.1;
        }
        current
    }

    /// The use of a parcel, and the stream that its other properties are drawn from.
    fn draw_use(&self, index: usize, salt: u64) -> (&'static str, Random) {
        let plan = self.plan;
        let block = &plan.blocks[index];
        let mut random = Random::new(key([plan.seed, 70, index as u64, salt]));
        let river = index % plan.columns == plan.river;
        (draw_use(block.class, block.site > 0, river, &mut random), random)
    }
}

/// The closed ring of positions of points in metres.
fn close(points: &[[f64; 2]]) -> Vec<Position> {
    let mut ring: Vec<Position> = points.iter().map(|&point| to_degrees(point)).collect();
    ring.extend(ring.first().copied());
    ring
}
