use serde::{Deserialize, Serialize};

use crate::adjacency::Graph;
use crate::error::ParamError;
use crate::geometry::Envelope;
use crate::parcel::ParcelIdx;
use crate::random::{self, Random};

/// Sets these draws apart from others of the same seed.
const PURPOSE: u64 = 0x4D41_5850;
/// Share of its temperature that a pass of annealing keeps.
const COOLING: f64 = 0.7;
const NONE: u32 = u32::MAX;

/// What becomes of a connected component whose parcels together stay below the least weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IslandPolicy {
    /// Its parcels are in no region.
    #[default]
    Drop,
    /// It is one region, below the least weight.
    Single,
}

/// What regions have to be, and how long they are sought.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RegionOptions {
    /// Least weight of a region; with areas as weights, m². Default: 10,000.
    #[serde(rename = "min_area_m2")]
    pub min_weight: f64,
    /// Greatest weight of a region. Default: none.
    #[serde(rename = "max_area_m2")]
    pub max_weight: Option<f64>,
    /// Greatest span of a region, m: the diagonal of its bounding box, which no two of its points lie farther apart than.
    /// Default: none.
    pub max_span_m: Option<f64>,
    /// Components below the least weight. Default: dropped.
    pub islands: IslandPolicy,
    /// Independent constructions, of which the best is improved. Default: 8.
    pub starts: usize,
    /// Passes over all regions that look for more of them, and then passes over all parcels for more alike ones. Default: 20.
    pub passes: usize,
    /// Seed; an analysis gives its own. Default: 0.
    #[serde(skip)]
    pub seed: u64,
}

impl Default for RegionOptions {
    fn default() -> Self {
        Self {
            min_weight: 10_000.0,
            max_weight: None,
            max_span_m: None,
            islands: IslandPolicy::Drop,
            starts: 8,
            passes: 20,
            seed: 0,
        }
    }
}

impl RegionOptions {
    pub(crate) fn check(&self) -> Result<(), ParamError> {
        let amount = |value: f64| value.is_finite() && value >= 0.0;
        if !amount(self.min_weight) {
            return Err(ParamError::new("min_weight", self.min_weight, "a finite number of at least 0"));
        }
        if let Some(max) = self.max_weight.filter(|&max| !(amount(max) && max >= self.min_weight)) {
            return Err(ParamError::new("max_weight", max, "a finite number of at least `min_weight`"));
        }
        if let Some(span) = self.max_span_m.filter(|&span| !(span > 0.0 && span.is_finite())) {
            return Err(ParamError::new("max_span_m", span, "a finite length above 0 m"));
        }
        if self.starts == 0 {
            return Err(ParamError::new("starts", self.starts, "at least 1"));
        }
        Ok(())
    }
}

/// What regions are made of.
#[derive(Debug, Clone, Copy)]
pub struct RegionInput<'a> {
    /// Links that make regions contiguous.
    pub graph: &'a Graph,
    /// Whether each parcel takes part.
    pub takes_part: &'a [bool],
    /// One per parcel, finite, of at least 0; areas in m² for regions of a least area.
    pub weights: &'a [f64],
    /// One per parcel, finite: regions of parcels of like values are preferred among equally many regions.
    pub values: Option<&'a [f64]>,
    /// Bounding box of each parcel, for [`RegionOptions::max_span_m`].
    pub envelopes: Option<&'a [Envelope]>,
}

impl<'a> RegionInput<'a> {
    /// Parcels without values and boxes.
    pub fn new(graph: &'a Graph, takes_part: &'a [bool], weights: &'a [f64]) -> Self {
        Self { graph, takes_part, weights, values: None, envelopes: None }
    }

    fn check(&self, options: &RegionOptions) -> Result<(), ParamError> {
        let len = self.graph.len();
        let columns = [
            ("takes_part", Some(self.takes_part.len())),
            ("weights", Some(self.weights.len())),
            ("values", self.values.map(<[_]>::len)),
            ("envelopes", self.envelopes.map(<[_]>::len)),
        ];
        for (name, found) in columns {
            if let Some(found) = found.filter(|&found| found != len) {
                return Err(ParamError::new(name, found, &format!("one entry for each of {len} parcels")));
            }
        }
        if let Some(&weight) = self.weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
            return Err(ParamError::new("weights", weight, "finite numbers of at least 0"));
        }
        if let Some(&value) = self.values.and_then(|values| values.iter().find(|v| !v.is_finite())) {
            return Err(ParamError::new("values", value, "finite numbers"));
        }
        if options.max_span_m.is_some() && self.envelopes.is_none() {
            return Err(ParamError::new(
                "envelopes",
                "not given",
                "a box for each parcel, to limit the span",
            ));
        }
        Ok(())
    }
}

/// As many contiguous regions as possible, each of a least weight: the max-p-regions problem.
///
/// With areas as weights and the least area of a renewal unit as threshold it answers: into how many viable units can this land be
/// divided?
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Regions {
    /// Region of each parcel, from 0 in order of the regions' smallest parcels; none for parcels in no region.
    pub labels: Vec<Option<u32>>,
    /// Weight of each region.
    pub weights: Vec<f64>,
    /// Regions below the least weight: components kept by [`IslandPolicy::Single`].
    pub islands: usize,
    /// Parcels that took part and are in no region: on dropped islands, heavier than a region may be, or left where no region
    /// near had room.
    pub unassigned: usize,
    /// Sum over regions of the squared deviations of values from the region's mean; none without values.
    pub heterogeneity: Option<f64>,
}

impl Regions {
    /// Divides the parcels that take part. `progress` is told the steps done and the steps in all.
    ///
    /// # Method
    /// A random depth-first tree of each component is cut from its leaves as soon as a branch has the least weight, which gives the
    /// most regions that this tree allows; what a limit leaves over is grown together by span. The best of several trees is kept. Then, region by region, two or three that adjoin are
    /// joined and cut anew by another tree, which is kept unless it makes fewer regions. With values, parcels at region borders
    /// then change sides by simulated annealing, while both regions stay contiguous and within their limits. A heuristic: the
    /// number of regions is a lower bound of what is possible.
    ///
    /// # Errors
    /// [`ParamError`] for an option out of range, a weight or value that is not, or columns of another length than the graph.
    ///
    /// # Complexity
    /// O((starts + passes) · (n + links)) expected for regions of bounded size; about 100 bytes per parcel beside the graph.
    ///
    /// # Source
    /// Duque, Anselin and Rey 2012 for the problem; `DeFord`, Duchin and Solomon 2021 for recombination by trees. They, and
    /// `PySAL`'s spopt, grow regions from seeds; spopt measures heterogeneity by the sum of absolute differences of all pairs.
    ///
    /// ```
    /// use geo::{MultiPolygon, Rect, coord};
    /// use landuse::adjacency::within_gap;
    /// use landuse::cluster::{RegionInput, RegionOptions, Regions};
    /// use landuse::{Parcel, ParcelSet};
    /// let square = |i: u32| {
    ///     let (x, y) = (f64::from(i % 6) * 10.0, f64::from(i / 6) * 10.0);
    ///     let land = Rect::new(coord! { x: x, y: y }, coord! { x: x + 10.0, y: y + 10.0 });
    ///     Parcel::new(i.to_string(), MultiPolygon::new(vec![land.to_polygon()]))
    /// };
    /// let parcels = ParcelSet::local((0..36).map(square));
    /// let graph = within_gap(&parcels, 1.0)?;
    /// let mut options = RegionOptions::default();
    /// options.min_weight = 300.0;
    /// let all = [true; 36];
    /// let regions = Regions::find(&RegionInput::new(&graph, &all, parcels.area_m2()), &options, |_, _| {})?;
    /// assert_eq!(regions.weights.len(), 12); // three squares of 100 m² each
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn find(
        input: &RegionInput<'_>,
        options: &RegionOptions,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Self, ParamError> {
        options.check()?;
        input.check(options)?;
        let len = input.graph.len();
        let land = Land {
            graph: input.graph,
            weights: input.weights,
            envelopes: input.envelopes.filter(|_| options.max_span_m.is_some()),
            min: options.min_weight,
            max: options.max_weight.unwrap_or(f64::INFINITY),
            max_span_m: options.max_span_m.unwrap_or(f64::INFINITY),
        };
        let active: Vec<bool> =
            (0..len).map(|i| input.takes_part[i] && land.has_room(&land.load(i as u32))).collect();
        let steps = options.starts + 2 * options.passes;
        let mut done = 0;
        let mut tell = || {
            done += 1;
            progress(done, steps);
        };

        let (components, islands) = components(&land, &active);
        let mut scratch = Scratch::new(len);
        let mut best: Option<Division> = None;
        for start in 0..options.starts {
            let mut random = Random::new(random::key([options.seed, PURPOSE, start as u64]));
            let mut made = Division { label: vec![NONE; len], loads: Vec::new(), unassigned: 0 };
            for component in &components {
                let root = component[random.below(component.len())];
                scratch.cut(&land, root, &mut random, |v| active[v as usize]);
                made.take(&scratch);
            }
            if best.as_ref().is_none_or(|best| made.rank() > best.rank()) {
                best = Some(made);
            }
            tell();
        }
        let mut division =
            best.unwrap_or(Division { label: vec![NONE; len], loads: Vec::new(), unassigned: 0 });
        let mut random = Random::new(random::key([options.seed, PURPOSE, u64::MAX]));
        recombine(&land, &mut division, &mut scratch, &mut random, options.passes, &mut tell);
        if let Some(values) = input.values {
            anneal(&land, &mut division, &mut scratch, &mut random, values, options.passes, &mut tell);
        } else {
            (0..options.passes).for_each(|_| tell());
        }
        let mut island_regions = 0;
        if options.islands == IslandPolicy::Single {
            for island in &islands {
                let all = island.iter().fold(Load::default(), |load, &v| load.plus(&land.load(v)));
                if !land.has_room(&all) {
                    continue;
                }
                island_regions += 1;
                let label = division.loads.len() as u32;
                division.loads.push(all);
                for &v in island {
                    division.label[v as usize] = label;
                }
            }
        }
        Ok(division.finish(input, island_regions))
    }
}

/// What does not change: links, weights, boxes where the span is limited, and limits.
struct Land<'a> {
    graph: &'a Graph,
    weights: &'a [f64],
    envelopes: Option<&'a [Envelope]>,
    min: f64,
    max: f64,
    max_span_m: f64,
}

/// Weight and box of parcels.
#[derive(Debug, Clone, Copy)]
struct Load {
    weight: f64,
    envelope: Envelope,
}

impl Default for Load {
    fn default() -> Self {
        Self { weight: 0.0, envelope: Envelope::EMPTY }
    }
}

impl Load {
    fn plus(&self, other: &Self) -> Self {
        Self { weight: self.weight + other.weight, envelope: self.envelope.join(&other.envelope) }
    }

    fn span_m(&self) -> f64 {
        self.envelope.width().hypot(self.envelope.height())
    }
}

impl Land<'_> {
    fn neighbours(&self, v: u32) -> &[ParcelIdx] {
        self.graph.neighbours(ParcelIdx(v))
    }

    fn weight(&self, v: u32) -> f64 {
        self.weights[v as usize]
    }

    fn load(&self, v: u32) -> Load {
        let envelope = self.envelopes.map_or(Envelope::EMPTY, |envelopes| envelopes[v as usize]);
        Load { weight: self.weight(v), envelope }
    }

    /// Whether a region may be so heavy and so wide.
    fn has_room(&self, load: &Load) -> bool {
        load.weight <= self.max && load.span_m() <= self.max_span_m
    }
}

/// Components that reach the least weight, and those that do not, each by its smallest member.
fn components(land: &Land<'_>, active: &[bool]) -> (Vec<Vec<u32>>, Vec<Vec<u32>>) {
    let mut seen = vec![false; active.len()];
    let (mut able, mut islands) = (Vec::new(), Vec::new());
    for start in (0..active.len()).filter(|&i| active[i]) {
        if std::mem::replace(&mut seen[start], true) {
            continue;
        }
        let mut members = vec![start as u32];
        let mut at = 0;
        while at < members.len() {
            for n in land.neighbours(members[at]) {
                if active[n.index()] && !std::mem::replace(&mut seen[n.index()], true) {
                    members.push(n.0);
                }
            }
            at += 1;
        }
        members.sort_unstable();
        let total: f64 = members.iter().map(|&v| land.weight(v)).sum();
        if total >= land.min { able.push(members) } else { islands.push(members) }
    }
    (able, islands)
}

/// Regions in the making.
struct Division {
    label: Vec<u32>,
    /// One per region; boxes may be wider than what is left in them.
    loads: Vec<Load>,
    unassigned: usize,
}

impl Division {
    /// More regions are better, then fewer parcels in none.
    fn rank(&self) -> (usize, std::cmp::Reverse<usize>) {
        (self.loads.len(), std::cmp::Reverse(self.unassigned))
    }

    /// Adds the pieces of a tree.
    fn take(&mut self, scratch: &Scratch) {
        let base = self.loads.len() as u32;
        for &v in &scratch.order {
            let piece = scratch.piece[v as usize];
            self.unassigned += usize::from(piece == NONE);
            self.label[v as usize] = if piece == NONE { NONE } else { base + piece };
        }
        self.loads.extend_from_slice(&scratch.pieces);
    }

    fn finish(self, input: &RegionInput<'_>, islands: usize) -> Regions {
        let RegionInput { takes_part, weights, values, .. } = *input;
        let mut renamed = vec![NONE; self.loads.len()];
        let mut sums: Vec<f64> = Vec::with_capacity(self.loads.len());
        let mut labels = vec![None; self.label.len()];
        for (i, &label) in self.label.iter().enumerate().filter(|(_, label)| **label != NONE) {
            let name = &mut renamed[label as usize];
            if *name == NONE {
                *name = sums.len() as u32;
                sums.push(0.0);
            }
            sums[*name as usize] += weights[i];
            labels[i] = Some(*name);
        }
        let unassigned = (0..labels.len()).filter(|&i| takes_part[i] && labels[i].is_none()).count();
        let heterogeneity = values.map(|values| {
            let mut spread = vec![Spread::default(); sums.len()];
            for (label, &value) in labels.iter().zip(values) {
                if let Some(label) = label {
                    spread[*label as usize].add(value, 1.0);
                }
            }
            let mean: Vec<f64> = spread.iter().map(|s| s.sum / s.count).collect();
            let deviations =
                labels.iter().zip(values).filter_map(|(l, v)| Some((v - mean[(*l)? as usize]).powi(2)));
            deviations.sum()
        });
        Regions { labels, weights: sums, islands, unassigned, heterogeneity }
    }
}

/// Memory for trees and searches, and the pieces of the last tree.
struct Scratch {
    stamp: u32,
    seen: Vec<u32>,
    up: Vec<u32>,
    gathered: Vec<Load>,
    piece: Vec<u32>,
    /// The nodes of the last tree, parents first.
    order: Vec<u32>,
    /// Weight and box of each piece of the last tree.
    pieces: Vec<Load>,
    path: Vec<(u32, u32, u32)>,
    queue: Vec<u32>,
}

impl Scratch {
    /// Marks beside piece numbers while a tree is cut.
    const CUT: u32 = NONE - 1;
    const JOINED: u32 = NONE - 2;

    fn new(len: usize) -> Self {
        Self {
            stamp: 0,
            seen: vec![0; len],
            up: vec![NONE; len],
            gathered: vec![Load::default(); len],
            piece: vec![NONE; len],
            order: Vec::new(),
            pieces: Vec::new(),
            path: Vec::new(),
            queue: Vec::new(),
        }
    }

    /// A new mark; nothing has it yet.
    fn mark(&mut self) -> u32 {
        if self.stamp == u32::MAX {
            self.seen.fill(0);
            self.stamp = 0;
        }
        self.stamp += 1;
        self.stamp
    }

    /// Cuts a random depth-first tree from `root` over the nodes that are `within` into pieces between the least and the
    /// greatest weight; nodes that fit nowhere are in no piece.
    fn cut(&mut self, land: &Land<'_>, root: u32, random: &mut Random, within: impl Fn(u32) -> bool) {
        let mark = self.mark();
        self.order.clear();
        self.pieces.clear();
        self.path.clear();
        self.visit(land, root, NONE, mark, random);
        while let Some((v, first, tried)) = self.path.last_mut() {
            let neighbours = land.neighbours(*v);
            if *tried as usize == neighbours.len() {
                self.path.pop();
                continue;
            }
            let next = neighbours[(*first + *tried) as usize % neighbours.len()].0;
            *tried += 1;
            let from = *v;
            if self.seen[next as usize] != mark && within(next) {
                self.visit(land, next, from, mark, random);
            }
        }
        // From the leaves: a branch of the least weight is a piece, the rest goes to the parent where there is room.
        for &v in self.order.iter().rev() {
            let (i, up) = (v as usize, self.up[v as usize]);
            let own = self.gathered[i];
            let with_up = |gathered: &[Load]| {
                Some(gathered.get(up as usize)?.plus(&own)).filter(|all| land.has_room(all))
            };
            self.piece[i] = if own.weight >= land.min {
                Self::CUT
            } else if let Some(all) = with_up(&self.gathered) {
                self.gathered[up as usize] = all;
                Self::JOINED
            } else {
                NONE
            };
        }
        for at in 0..self.order.len() {
            let v = self.order[at];
            let i = v as usize;
            self.piece[i] = match self.piece[i] {
                Self::CUT => {
                    self.pieces.push(self.gathered[i]);
                    self.pieces.len() as u32 - 1
                }
                Self::JOINED => self.piece[self.up[i] as usize],
                _ => NONE,
            };
        }
        if land.envelopes.is_some() {
            self.grow(land, mark);
        }
        self.queue.clear();
        self.queue.extend(self.order.iter().filter(|&&v| self.piece[v as usize] == NONE));
        // What is left goes to the lightest piece beside it that has room; then its neighbours may follow.
        while let Some(v) = self.queue.pop() {
            if self.piece[v as usize] != NONE {
                continue;
            }
            let load = land.load(v);
            let beside = land.neighbours(v).iter().filter(|n| self.seen[n.index()] == mark);
            let pieces = beside.map(|n| self.piece[n.index()]);
            let room = pieces.filter(|&p| p != NONE && land.has_room(&self.pieces[p as usize].plus(&load)));
            let lightest = room.min_by(|&p, &q| {
                self.pieces[p as usize].weight.total_cmp(&self.pieces[q as usize].weight).then(p.cmp(&q))
            });
            if let Some(piece) = lightest {
                self.piece[v as usize] = piece;
                self.pieces[piece as usize] = self.pieces[piece as usize].plus(&load);
                let follow = land.neighbours(v).iter().map(|n| n.0);
                let follow =
                    follow.filter(|&n| self.seen[n as usize] == mark && self.piece[n as usize] == NONE);
                self.queue.extend(follow);
            }
        }
    }

    /// Makes pieces of what is left by taking, one at a time, the node beside that widens the piece least: branches of a tree
    /// are long, so that a narrow span leaves much.
    fn grow(&mut self, land: &Land<'_>, mark: u32) {
        let mut members = Vec::new();
        for at in 0..self.order.len() {
            let first = self.order[at];
            if self.piece[first as usize] != NONE {
                continue;
            }
            let name = self.pieces.len() as u32;
            let (mut all, mut next) = (land.load(first), Some(first));
            members.clear();
            while let Some(v) = next {
                self.piece[v as usize] = name;
                members.push(v);
                if all.weight >= land.min {
                    break;
                }
                let beside = members.iter().flat_map(|&m| land.neighbours(m)).map(|n| n.0);
                let free =
                    beside.filter(|&n| self.seen[n as usize] == mark && self.piece[n as usize] == NONE);
                let wider =
                    free.map(|n| (all.plus(&land.load(n)), n)).filter(|(wider, _)| land.has_room(wider));
                let least = wider.min_by(|a, b| a.0.span_m().total_cmp(&b.0.span_m()).then(a.1.cmp(&b.1)));
                next = least.map(|(wider, n)| {
                    all = wider;
                    n
                });
            }
            if all.weight >= land.min {
                self.pieces.push(all);
            } else {
                members.iter().for_each(|&v| self.piece[v as usize] = NONE);
            }
        }
    }

    fn visit(&mut self, land: &Land<'_>, v: u32, from: u32, mark: u32, random: &mut Random) {
        let i = v as usize;
        self.seen[i] = mark;
        self.up[i] = from;
        self.gathered[i] = land.load(v);
        self.order.push(v);
        self.path.push((v, random.below(land.neighbours(v).len()) as u32, 0));
    }

    /// Whether the region of `v` stays contiguous without it.
    fn holds_without(&mut self, land: &Land<'_>, label: &[u32], v: u32) -> bool {
        let own = label[v as usize];
        let beside = || land.neighbours(v).iter().map(|n| n.0).filter(|&n| label[n as usize] == own);
        let Some(first) = beside().next() else { return false };
        let mut missing = beside().count() - 1;
        if missing == 0 {
            return true;
        }
        // Neighbours of `v` are marked first, so that reaching one is told from reaching another node.
        let to_reach = self.mark();
        beside().for_each(|n| self.seen[n as usize] = to_reach);
        let reached = self.mark();
        self.seen[v as usize] = reached;
        self.seen[first as usize] = reached;
        self.queue.clear();
        self.queue.push(first);
        while let Some(at) = self.queue.pop() {
            for n in land.neighbours(at) {
                let seen = &mut self.seen[n.index()];
                if label[n.index()] == own && *seen != reached {
                    missing -= usize::from(*seen == to_reach);
                    *seen = reached;
                    if missing == 0 {
                        return true;
                    }
                    self.queue.push(n.0);
                }
            }
        }
        false
    }
}

/// Joins two or three regions that adjoin and cuts them anew, over and over; regions never become fewer.
fn recombine(
    land: &Land<'_>,
    division: &mut Division,
    scratch: &mut Scratch,
    random: &mut Random,
    passes: usize,
    tell: &mut impl FnMut(),
) {
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); division.loads.len()];
    for (v, &label) in division.label.iter().enumerate().filter(|(_, label)| **label != NONE) {
        members[label as usize].push(v as u32);
    }
    let mut beside: Vec<u32> = Vec::new();
    let mut nodes: Vec<u32> = Vec::new();
    for _ in 0..passes {
        for first in 0..members.len() as u32 {
            let label = &division.label;
            let mut joined = [first, NONE, NONE];
            let mut count = 1;
            let wanted = 2 + usize::from(random.chance(0.5));
            nodes.clear();
            nodes.extend_from_slice(&members[first as usize]);
            while count < wanted {
                beside.clear();
                let around = nodes.iter().flat_map(|&v| land.neighbours(v)).map(|n| label[n.index()]);
                beside.extend(around.filter(|l| *l != NONE && !joined.contains(l)));
                beside.sort_unstable();
                beside.dedup();
                if beside.is_empty() {
                    break;
                }
                joined[count] = beside[random.below(beside.len())];
                nodes.extend_from_slice(&members[joined[count] as usize]);
                count += 1;
            }
            if count == 1 {
                continue;
            }
            let root = nodes[random.below(nodes.len())];
            scratch.cut(land, root, random, |v| {
                label[v as usize] != NONE && joined.contains(&label[v as usize])
            });
            let whole = scratch.order.iter().all(|&v| scratch.piece[v as usize] != NONE);
            if scratch.pieces.len() < count || !whole {
                continue;
            }
            let names: Vec<u32> = (0..scratch.pieces.len())
                .map(|piece| {
                    let next = division.loads.len() as u32;
                    if piece < count {
                        members[joined[piece] as usize].clear();
                        return joined[piece];
                    }
                    members.push(Vec::new());
                    division.loads.push(Load::default());
                    next
                })
                .collect();
            for (piece, &name) in names.iter().enumerate() {
                division.loads[name as usize] = scratch.pieces[piece];
            }
            for &v in &scratch.order {
                let name = names[scratch.piece[v as usize] as usize];
                division.label[v as usize] = name;
                members[name as usize].push(v);
            }
        }
        tell();
    }
}

/// Count, sum and sum of squares of a region's values.
#[derive(Debug, Clone, Copy, Default)]
struct Spread {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Spread {
    /// Adds a value, or takes it away with a `sign` of -1.
    fn add(&mut self, value: f64, sign: f64) {
        self.count += sign;
        self.sum += sign * value;
        self.squares += sign * value * value;
    }

    /// Squared deviations from the mean.
    fn deviations(&self) -> f64 {
        if self.count < 0.5 { 0.0 } else { self.squares - self.sum * self.sum / self.count }
    }
}

/// Lets parcels at borders change sides, downhill and for a while uphill too; the number of regions stays.
fn anneal(
    land: &Land<'_>,
    division: &mut Division,
    scratch: &mut Scratch,
    random: &mut Random,
    values: &[f64],
    passes: usize,
    tell: &mut impl FnMut(),
) {
    let known: Vec<usize> = (0..values.len()).filter(|&i| division.label[i] != NONE).collect();
    // About the mean, so that squares keep their digits.
    let mean = known.iter().map(|&i| values[i]).sum::<f64>() / known.len().max(1) as f64;
    let mut spread = vec![Spread::default(); division.loads.len()];
    for &i in &known {
        spread[division.label[i] as usize].add(values[i] - mean, 1.0);
    }
    let total = |spread: &[Spread]| spread.iter().map(Spread::deviations).sum::<f64>();
    let mut temperature = total(&spread) / known.len().max(1) as f64;
    let mut best = (total(&spread), division.label.clone(), division.loads.clone());
    for pass in 0..passes {
        // The last third goes downhill only.
        let cold = pass * 3 >= passes * 2;
        for &i in &known {
            let (v, own) = (i as u32, division.label[i]);
            let others = || {
                let labels = land.neighbours(v).iter().map(|n| division.label[n.index()]);
                labels.filter(move |&label| label != own && label != NONE)
            };
            let count = others().count();
            if count == 0 {
                continue;
            }
            let Some(other) = others().nth(random.below(count)) else { continue };
            let (load, value) = (land.load(v), values[i] - mean);
            let (from, to) = (own as usize, other as usize);
            let grown = division.loads[to].plus(&load);
            if division.loads[from].weight - load.weight < land.min || !land.has_room(&grown) {
                continue;
            }
            let (mut less, mut more) = (spread[from], spread[to]);
            less.add(value, -1.0);
            more.add(value, 1.0);
            let rise =
                less.deviations() + more.deviations() - spread[from].deviations() - spread[to].deviations();
            let climbs = || {
                let steps = rise / temperature;
                !cold && steps < 9.0 && temperature > 0.0
            };
            if rise >= 0.0 && !(climbs() && random.chance(random::exp(-rise / temperature))) {
                continue;
            }
            if !scratch.holds_without(land, &division.label, v) {
                continue;
            }
            (spread[from], spread[to]) = (less, more);
            division.loads[from].weight -= load.weight;
            division.loads[to] = grown;
            division.label[i] = other;
        }
        temperature *= COOLING;
        let now = total(&spread);
        if now < best.0 {
            best = (now, division.label.clone(), division.loads.clone());
        }
        tell();
    }
    (_, division.label, division.loads) = best;
}
