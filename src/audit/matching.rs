use std::sync::Arc;

use serde::Serialize;

use super::{AuditOptions, ROUNDING, Year, is_land};
use crate::control::Exclusion;
use crate::geometry::EnvelopeIndex;
use crate::geometry::distance::{PairMeasure, Shape};
use crate::geometry::{Envelope, boolean};
use crate::parallel;
use crate::parcel::ParcelIdx;

/// What became of a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// One parcel became one, with the same land.
    Same,
    /// One became one, with other borders.
    Moved,
    /// One became several.
    Split,
    /// Several became one.
    Merged,
    /// Several became several.
    Rearranged,
    /// There was none before.
    Appeared,
    /// There is none any more.
    Vanished,
    /// All of its land counts with other parcels of its date: a duplicate.
    Covered,
}

impl Fate {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Same,
        Self::Moved,
        Self::Split,
        Self::Merged,
        Self::Rearranged,
        Self::Appeared,
        Self::Vanished,
        Self::Covered,
    ];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Moved => "moved",
            Self::Split => "split",
            Self::Merged => "merged",
            Self::Rearranged => "rearranged",
            Self::Appeared => "appeared",
            Self::Vanished => "vanished",
            Self::Covered => "covered",
        }
    }
}

/// Land that an old parcel and a new one share: the counted part of both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Piece {
    /// The old parcel.
    pub old: ParcelIdx,
    /// The new parcel.
    pub new: ParcelIdx,
    /// Its area, m².
    pub area_m2: f64,
    /// Of it inside the lines of the earlier date, m².
    pub inside_old_m2: f64,
    /// Of it inside the lines of the later date, m².
    pub inside_new_m2: f64,
}

/// One value per parcel, in parallel.
pub(super) fn measured(len: usize, of: impl Fn(usize) -> f64 + Sync) -> Vec<f64> {
    parallel::map(len, 256, of)
}

/// Pieces, and what each side has beside them, m².
pub(super) struct Matching {
    pub(super) pieces: Vec<Piece>,
    pub(super) only_old: Vec<f64>,
    pub(super) only_new: Vec<f64>,
    pub(super) inside_only_old: Vec<f64>,
    pub(super) inside_only_new: Vec<f64>,
}

/// Fates of both sides, and the counterparts of each.
pub(super) struct Fates {
    pub(super) old: Vec<Fate>,
    pub(super) new: Vec<Fate>,
    pub(super) of_new: Vec<Vec<ParcelIdx>>,
    pub(super) of_old: Vec<Vec<ParcelIdx>>,
}

impl Matching {
    pub(super) fn new(old: &Year, new: &Year) -> Self {
        let envelopes = |year: &Year| -> Vec<Envelope> {
            let of = |i: usize| {
                if year.partition.is_replaced(i) {
                    year.partition.get(year.set.geometry(), i).envelope()
                } else {
                    year.set.envelopes()[i]
                }
            };
            parallel::collect(year.set.len(), 1, &of)
        };
        let (old_boxes, new_boxes) = (envelopes(old), envelopes(new));
        let index = EnvelopeIndex::new(&old_boxes);
        // The same lines at both dates: what is wholly inside or outside at one date is so at the other.
        let same_lines = match (&old.exclusion, &new.exclusion) {
            (Some((a, _)), Some((b, _))) => Arc::ptr_eq(a, b) || a.dissolved() == b.dissolved(),
            _ => false,
        };
        let of_new = |gauge: &mut PairMeasure, j: usize| -> Vec<Piece> {
            let land = new.partition.get(new.set.geometry(), j);
            let shape = Shape { geometry: land, envelope: new_boxes[j] };
            let whole = new.partition.area_m2()[j];
            let mut near: Vec<u32> = index.candidates(new_boxes[j]).collect();
            near.sort_unstable();
            let mut pieces = Vec::new();
            for i in near {
                let i = i as usize;
                let other = old.partition.get(old.set.geometry(), i);
                let most = whole.min(old.partition.area_m2()[i]);
                let shared = gauge.overlap_area(shape, Shape { geometry: other, envelope: old_boxes[i] });
                let area_m2 = shared.clamp(0.0, most);
                if !is_land(area_m2, most) {
                    continue;
                }
                let mut cut = None;
                let mut inside = |of: &Option<(Arc<Exclusion>, Vec<f64>)>,
                                  k: usize,
                                  whole: f64,
                                  twin: Option<(f64, f64)>| {
                    let Some((exclusion, inside)) = of else { return 0.0 };
                    for (inside, whole) in [Some((inside[k], whole)), twin].into_iter().flatten() {
                        if inside <= ROUNDING * whole {
                            return 0.0;
                        }
                        if inside >= whole * (1.0 - ROUNDING) {
                            return area_m2;
                        }
                    }
                    let cut = cut.get_or_insert_with(|| boolean::intersection(&land, &other));
                    cut.iter().map(|part| exclusion.overlap_m2(part)).sum::<f64>().clamp(0.0, area_m2)
                };
                let side = |year: &Year, k: usize| {
                    let inside = year.exclusion.as_ref().map(|(_, inside)| inside[k])?;
                    Some((inside, year.partition.area_m2()[k])).filter(|_| same_lines)
                };
                let old_whole = old.partition.area_m2()[i];
                let inside_old_m2 = inside(&old.exclusion, i, old_whole, side(new, j));
                let inside_new_m2 =
                    if same_lines { inside_old_m2 } else { inside(&new.exclusion, j, whole, side(old, i)) };
                let (old, new) = (ParcelIdx(i as u32), ParcelIdx(j as u32));
                pieces.push(Piece { old, new, area_m2, inside_old_m2, inside_new_m2 });
            }
            pieces
        };
        let mut pieces: Vec<Piece> = parallel::gather(new.set.len(), 64, &|run, pieces| {
            let mut gauge = PairMeasure::new();
            run.for_each(|j| pieces.append(&mut of_new(&mut gauge, j)));
        });
        let inside = |year: &Year| {
            year.exclusion.as_ref().map_or_else(|| vec![0.0; year.set.len()], |(_, inside)| inside.clone())
        };
        let (mut only_old, mut only_new) =
            (old.partition.area_m2().to_vec(), new.partition.area_m2().to_vec());
        let (mut inside_only_old, mut inside_only_new) = (inside(old), inside(new));
        pieces.sort_unstable_by_key(|piece| (piece.old, piece.new));
        for piece in &pieces {
            only_old[piece.old.index()] -= piece.area_m2;
            only_new[piece.new.index()] -= piece.area_m2;
            inside_only_old[piece.old.index()] -= piece.inside_old_m2;
            inside_only_new[piece.new.index()] -= piece.inside_new_m2;
        }
        for rest in [&mut only_old, &mut only_new, &mut inside_only_old, &mut inside_only_new] {
            rest.iter_mut().for_each(|rest| *rest = rest.max(0.0));
        }
        Self { pieces, only_old, only_new, inside_only_old, inside_only_new }
    }

    /// Fates by the groups of parcels that share enough land.
    pub(super) fn fates(&self, old: &Year, new: &Year, options: &AuditOptions) -> Fates {
        let (n, m) = (old.set.len(), new.set.len());
        let area = |year: &Year, i: ParcelIdx| year.partition.area_m2()[i.index()];
        let linked = |piece: &&Piece| {
            let smaller = area(old, piece.old).min(area(new, piece.new));
            piece.area_m2 >= options.min_share * smaller
        };
        let mut of_new = vec![Vec::new(); m];
        let mut of_old = vec![Vec::new(); n];
        for piece in self.pieces.iter().filter(linked) {
            of_new[piece.new.index()].push(piece.old);
            of_old[piece.old.index()].push(piece.new);
        }
        let same = |piece: &Piece| {
            let larger = area(old, piece.old).max(area(new, piece.new));
            piece.area_m2 >= options.same_share * larger
        };
        let mut same_as = vec![false; m];
        for piece in &self.pieces {
            same_as[piece.new.index()] |= same(piece);
        }
        let single = |others: &[ParcelIdx], back: &[Vec<ParcelIdx>]| {
            others.iter().all(|other| back[other.index()].len() == 1)
        };
        let has_land = |year: &Year, i: usize| is_land(year.partition.area_m2()[i], year.set.area_m2()[i]);
        let fate_of_new = |j: usize| match &of_new[j][..] {
            [] if !has_land(new, j) => Fate::Covered,
            [] => Fate::Appeared,
            [one] if of_old[one.index()].len() == 1 => {
                if same_as[j] {
                    Fate::Same
                } else {
                    Fate::Moved
                }
            }
            [one] if single(&of_old[one.index()], &of_new) => Fate::Split,
            [_] => Fate::Rearranged,
            several if single(several, &of_old) => Fate::Merged,
            _ => Fate::Rearranged,
        };
        let new_fates: Vec<Fate> = (0..m).map(fate_of_new).collect();
        let fate_of_old = |i: usize| match &of_old[i][..] {
            [] if !has_land(old, i) => Fate::Covered,
            [] => Fate::Vanished,
            // All members of a group share its fate.
            [first, ..] => new_fates[first.index()],
        };
        let old_fates = (0..n).map(fate_of_old).collect();
        Fates { old: old_fates, new: new_fates, of_new, of_old }
    }
}
