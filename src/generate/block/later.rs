//! A block some years later: a few of its parcels split, merged, built on, cleared or given up, and new ones on the street.

use serde::Serialize;

use super::{
    BlockText, Ground, Leaf, Lot, Outline, Subject, Writer, close, is_construction, length, ring_area_m2,
    sliver,
};
use crate::generate::plane::Position;
use crate::random::{Random, key};

/// Share of the parcels without planted trouble, and outside planted sites, that change.
const SHARE: f64 = 0.02;
/// Width of a parcel that is new on a street, m: two of them leave a way between.
const STRIP_M: f64 = 3.0;
/// What open land is turned to: an industrial use.
const BUILT_USE: &str = "100101";
/// What construction land is turned to: forest.
const CLEARED_USE: &str = "0301";
/// What a strip of street is: a town's road.
const STREET_USE: &str = "1207";

/// What became of land.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::generate) enum Kind {
    /// Open land became construction land.
    Built,
    /// Construction land became open land.
    Cleared,
    /// One parcel became two of its use.
    Split,
    /// Two parcels became one, with the use of the first.
    Merged,
    /// The parcel is no more, and nothing stands in its place.
    Vanished,
    /// A parcel stands where none did.
    Appeared,
}

/// A parcel in one of the two files.
#[derive(Debug, Clone, Serialize)]
pub(in crate::generate) struct Holding {
    /// Position of the feature in its file; in a block's text, from the block's first.
    row: u32,
    id: String,
    current_use: &'static str,
}

/// One planted change.
#[derive(Debug, Clone, Serialize)]
pub(in crate::generate) struct Change {
    pub(in crate::generate) kind: Kind,
    before: Vec<Holding>,
    after: Vec<Holding>,
}

impl Change {
    /// Counts the rows of the later date from one on.
    pub(in crate::generate) fn counted_from(mut self, first: u32) -> Self {
        for holding in &mut self.after {
            holding.row += first;
        }
        self
    }
}

/// One block at the later date.
#[derive(Debug, Default)]
pub(in crate::generate) struct LaterText {
    pub(in crate::generate) block: BlockText,
    pub(in crate::generate) changes: Vec<Change>,
}

/// What becomes of a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Stays,
    Turned,
    Split,
    /// With a later leaf.
    Merged(usize),
    /// Part of an earlier one.
    Gone,
    Vanished,
    /// Stays, and a strip of the street before it becomes a parcel.
    Widened,
}

impl Writer<'_> {
    /// The block at the later date. What does not change is written as it was, byte for byte.
    pub(in crate::generate) fn write_later(&self, index: usize) -> LaterText {
        let (ground, lots) = self.cut(index);
        let fates = self.draw_fates(index, &ground, &lots);
        let rows = self.rows(index, &lots);
        let before = |leaf: usize| Holding {
            row: rows[leaf],
            id: self.id(index, rows[leaf]),
            current_use: self.draw_use(index, leaf as u64).0,
        };
        let mut later = LaterText::default();
        let mut previous_id = String::new();
        for (leaf, (&lot, &fate)) in lots.iter().zip(&fates).enumerate() {
            if lot == Lot::Taken {
                continue;
            }
            if matches!(fate, Fate::Stays | Fate::Widened) {
                let mut row = rows[leaf];
                self.write_leaf(index, &ground, leaf, lot, &mut row, &mut previous_id, &mut later.block);
            } else {
                previous_id = self.id(index, rows[leaf]);
            }
            let outline = || ground.outline(&ground.leaves[leaf]);
            let mut write = |ring: &[[f64; 2]], salt: usize, suffix: &str, to: Option<&'static str>| {
                let id = format!("{}{suffix}", self.id(index, rows[leaf]));
                self.write_changed(index, ring, salt as u64, id, to, &mut later.block)
            };
            let (kind, after) = match fate {
                Fate::Stays | Fate::Gone => continue,
                Fate::Turned if is_construction(before(leaf).current_use) => {
                    (Kind::Cleared, vec![write(&outline().points, leaf, "", Some(CLEARED_USE))])
                }
                Fate::Turned => (Kind::Built, vec![write(&outline().points, leaf, "", Some(BUILT_USE))]),
                Fate::Split => {
                    let [one, two] = halves(&outline());
                    (Kind::Split, vec![write(&one, leaf, "A", None), write(&two, leaf, "B", None)])
                }
                Fate::Merged(with) => {
                    let both = joined(&ground.leaves[leaf], &ground.leaves[with]);
                    (Kind::Merged, vec![write(&ground.outline(&both).points, leaf, "M", None)])
                }
                Fate::Vanished => (Kind::Vanished, Vec::new()),
                Fate::Widened => {
                    let strip = sliver(&ground.leaves[leaf], &outline(), STRIP_M);
                    (Kind::Appeared, vec![write(&strip, leaf + 40_000, "S", Some(STREET_USE))])
                }
            };
            let before = match fate {
                Fate::Widened => Vec::new(),
                Fate::Merged(with) => vec![before(leaf), before(with)],
                _ => vec![before(leaf)],
            };
            later.changes.push(Change { kind, before, after });
        }
        later
    }

    /// Draws what becomes of each leaf.
    fn draw_fates(&self, index: usize, ground: &Ground, lots: &[Lot]) -> Vec<Fate> {
        let mut fates = vec![Fate::Stays; lots.len()];
        if self.plan.blocks[index].site > 0 {
            return fates;
        }
        let mut random = Random::new(key([ground.key, 4]));
        for leaf in 0..lots.len() {
            let (drawn, kind) = (random.chance(SHARE), random.below(5));
            if !drawn || lots[leaf] != Lot::Plain || fates[leaf] != Fate::Stays {
                continue;
            }
            let shape = &ground.leaves[leaf];
            let free = |other: &usize| lots[*other] == Lot::Plain && fates[*other] == Fate::Stays;
            let beside = |other: &usize| shares_side(shape, &ground.leaves[*other]);
            let partner = (leaf + 1..lots.len()).filter(free).find(beside);
            fates[leaf] = match (kind, partner) {
                (0, _) => Fate::Turned,
                (1, Some(partner)) => {
                    fates[partner] = Fate::Gone;
                    Fate::Merged(partner)
                }
                (2, _) => Fate::Vanished,
                (3, _) if Ground::frontages(shape).contains(&true) => Fate::Widened,
                _ => Fate::Split,
            };
        }
        fates
    }

    /// Where the feature of each leaf stands in the file of the earlier date.
    fn rows(&self, index: usize, lots: &[Lot]) -> Vec<u32> {
        let mut next = self.plan.blocks[index].first;
        let mut rows = Vec::with_capacity(lots.len());
        for lot in lots {
            rows.push(next);
            next += match lot {
                Lot::Taken => 0,
                Lot::Planted(fault) if fault.adds_feature() => 2,
                Lot::Planted(_) | Lot::Plain | Lot::With(_) => 1,
            };
        }
        rows
    }

    fn write_changed(
        &self,
        index: usize,
        ring: &[[f64; 2]],
        salt: u64,
        id: String,
        turned_to: Option<&'static str>,
        text: &mut BlockText,
    ) -> Holding {
        let polygon: Vec<Vec<Position>> = vec![close(ring)];
        let row = text.features;
        let subject = Subject { salt, id: &id, area_m2: ring_area_m2(ring), row, turned_to };
        let current_use = self.write_feature(index, subject, Some(&[polygon]), text);
        Holding { row, id, current_use }
    }
}

/// Whether two leaves have one whole side in common.
fn shares_side(a: &Leaf, b: &Leaf) -> bool {
    let meets = |a: [u32; 2], b: [u32; 2]| a[1] == b[0] || b[1] == a[0];
    (a.u == b.u && meets(a.v, b.v)) || (a.v == b.v && meets(a.u, b.u))
}

/// The rectangle of two that have one whole side in common.
fn joined(a: &Leaf, b: &Leaf) -> Leaf {
    let hull = |a: [u32; 2], b: [u32; 2]| [a[0].min(b[0]), a[1].max(b[1])];
    Leaf { u: hull(a.u, b.u), v: hull(a.v, b.v) }
}

/// An outline cut across its longer way, from the middle of an edge to the middle of one on the other side.
fn halves(outline: &Outline) -> [Vec<[f64; 2]>; 2] {
    let points = &outline.points;
    let count = points.len();
    let reach = |at: usize| length(points[at], points[(at + 1) % count]);
    let side_m = |side: usize| outline.side(side).windows(2).map(|pair| reach(pair[0])).sum::<f64>();
    let first = usize::from(side_m(0) < side_m(1));
    let [a, b] = [first, first + 2].map(|side| {
        let (half, mut walked) = (side_m(side) / 2.0, 0.0);
        let edges = outline.side(side);
        let within = |at: &&usize| {
            walked += reach(**at);
            walked >= half
        };
        edges[..edges.len() - 1].iter().find(within).copied().unwrap_or(edges[0])
    });
    let middle = |at: usize| {
        let (from, to) = (points[at], points[(at + 1) % count]);
        [f64::midpoint(from[0], to[0]), f64::midpoint(from[1], to[1])]
    };
    [(a, b), (b, a)].map(|(from, to)| {
        let between = (1..=(to + count - from) % count).map(|step| points[(from + step) % count]);
        std::iter::once(middle(from)).chain(between).chain([middle(to)]).collect()
    })
}
