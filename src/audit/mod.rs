//! Two dates compared: which parcels became which, what was built inside the lines or taken away, and why intensity changed.
//!
//! Use it for two surveys of one area in one plane. Parcels are matched by the land they share, never by id: cadastres
//! renumber. Every area closes: what an old parcel shares with new ones and what it shares with none is its counted land.

mod decomposition;
mod matching;

pub use decomposition::{Change, Decomposition};
pub use matching::{Fate, Piece};

use std::collections::HashSet;
use std::sync::Arc;

use serde::Serialize;

use crate::control::{Exclusion, OVERLAP_TOLERANCE_M2};
use crate::error::{Error, ParamError};
use crate::geometry::partition::Partition;
use crate::intensity::{Ledger, LedgerInput, StudyUnits};
use crate::land::LandStatus;
use crate::parallel;
use crate::parcel::{NamedTexts, ParcelIdx, ParcelSet};
use crate::sum::{self, AreaSum};
use crate::{adjacency, geometry::MultiPolygonArray};
use matching::{Matching, measured};

/// One date: parcels, what they count as, and what lines take of them.
#[derive(Debug)]
#[non_exhaustive]
pub struct Year {
    /// The parcels.
    pub set: ParcelSet,
    /// What each counts as.
    pub status: Vec<LandStatus>,
    /// Which part of each counts where parcels overlap.
    pub partition: Partition,
    /// The union of the lines that exclude construction, and what it takes of each parcel's counted part, m².
    pub exclusion: Option<(Arc<Exclusion>, Vec<f64>)>,
    /// A name for what each parcel is (zone, class of use), whose changes are tabled.
    pub label: NamedTexts,
    /// The balances.
    pub ledger: Ledger,
}

impl Year {
    /// Measures one date.
    ///
    /// # Arguments
    /// * `status`, `label`: one entry per parcel.
    /// * `exclusion`: the lines that exclude construction; share it between dates where the lines are the same.
    /// * `districts`: study units; without them all parcels are one.
    ///
    /// # Errors
    /// As [`Ledger::compute`].
    ///
    /// # Complexity
    /// Overlaps among the parcels, with the lines, and one ledger.
    pub fn new(
        set: ParcelSet,
        status: Vec<LandStatus>,
        label: NamedTexts,
        exclusion: Option<&Arc<Exclusion>>,
        districts: Option<&ParcelSet>,
    ) -> Result<Self, Error> {
        for (name, found) in [("status", status.len()), ("label", label.len())] {
            if found != set.len() {
                let expected = format!("one entry for each of {} parcels", set.len());
                return Err(ParamError::new(name, found, &expected).into());
            }
        }
        let pairs: Vec<[u32; 2]> =
            adjacency::overlapping_pairs(&set)?.iter().map(|(a, b, _)| [a.0, b.0]).collect();
        let priority: Vec<u8> = status.iter().map(|&status| status as u8).collect();
        let partition = Partition::new(set.geometry(), &pairs, &priority)?;
        let whole = exclusion.map(|union| {
            measured(set.len(), |i| union.overlap_m2(set.geometry().get(i)).clamp(0.0, set.area_m2()[i]))
        });
        let units = districts.map_or(StudyUnits::Whole, StudyUnits::Districts);
        let ledger = Ledger::compute(&LedgerInput {
            exclusion: exclusion.map(Arc::as_ref).zip(whole.as_deref()),
            ..LedgerInput::new(&set, &status, &partition, units)
        })?;
        let counted = |union: &Exclusion, whole: &[f64], i: usize| {
            if partition.is_replaced(i) {
                union.overlap_m2(partition.get(set.geometry(), i)).clamp(0.0, partition.area_m2()[i])
            } else {
                whole[i]
            }
        };
        let exclusion = exclusion.zip(whole).map(|(union, whole)| {
            let inside = measured(set.len(), |i| counted(union, &whole, i));
            (Arc::clone(union), inside)
        });
        Ok(Self { set, status, partition, exclusion, label, ledger })
    }

    /// Construction land of parcel `i` inside the lines, m².
    fn construction_inside(&self, i: usize) -> f64 {
        match &self.exclusion {
            Some((_, inside)) if self.status[i] == LandStatus::Construction => inside[i],
            _ => 0.0,
        }
    }
}

/// What counts as a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AuditOptions {
    /// Two parcels belong together where they share at least this part of the smaller one. Default: 0.1.
    pub min_share: f64,
    /// A parcel is the same where it shares at least this part of both. Default: 0.98.
    pub same_share: f64,
    /// Construction inside lines that changes by no more than this is no change: borders drawn again differ, m². Default: 10.
    pub least_change_m2: f64,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self { min_share: 0.1, same_share: 0.98, least_change_m2: 10.0 }
    }
}

impl AuditOptions {
    fn check(&self) -> Result<(), ParamError> {
        for (name, share) in [("min_share", self.min_share), ("same_share", self.same_share)] {
            if !(share > 0.0 && share <= 1.0) {
                return Err(ParamError::new(name, share, "a share above 0 and up to 1"));
            }
        }
        if !(self.least_change_m2.is_finite() && self.least_change_m2 >= 0.0) {
            return Err(ParamError::new(
                "least_change_m2",
                self.least_change_m2,
                "a finite area of at least 0 m²",
            ));
        }
        Ok(())
    }
}

/// How construction inside lines changed on the land of one parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InsideChange {
    /// There was and is none.
    None,
    /// There was none.
    New,
    /// There is more.
    Worsened,
    /// There is as much.
    Standing,
    /// There is less.
    Eased,
    /// There is none any more.
    Removed,
}

impl InsideChange {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::None, Self::New, Self::Worsened, Self::Standing, Self::Eased, Self::Removed];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::New => "new",
            Self::Worsened => "worsened",
            Self::Standing => "standing",
            Self::Eased => "eased",
            Self::Removed => "removed",
        }
    }

    fn of(before_m2: f64, after_m2: f64, added_m2: f64, removed_m2: f64, least_m2: f64) -> Self {
        let (before, after) = (before_m2 > least_m2, after_m2 > least_m2);
        match (before, after) {
            (false, false) => Self::None,
            (false, true) if added_m2 > least_m2 => Self::New,
            (true, false) if removed_m2 > least_m2 => Self::Removed,
            _ if added_m2 - removed_m2 > least_m2 => Self::Worsened,
            _ if removed_m2 - added_m2 > least_m2 => Self::Eased,
            _ => Self::Standing,
        }
    }
}

/// One parcel of the later date, or one of the earlier of which nothing is left.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ParcelChange {
    /// The parcel: of the later date where [`fate`](Self::fate) is anything but [`Fate::Vanished`].
    pub parcel: ParcelIdx,
    /// What became of it, or out of what it came.
    pub fate: Fate,
    /// Its counterparts at the other date, ascending.
    pub others: Vec<ParcelIdx>,
    /// How construction inside the lines changed on its land.
    pub inside: InsideChange,
    /// Construction inside the lines on its land at the earlier date, m².
    pub inside_before_m2: f64,
    /// At the later date, m².
    pub inside_after_m2: f64,
    /// Inside at the later date only, m².
    pub added_m2: f64,
    /// Inside at the earlier date only, m².
    pub removed_m2: f64,
}

/// Land by what it was and what it is, m²: construction, unknown, other, and without parcels, in that order; first the earlier date.
pub type StatusMatrix = [[f64; 4]; 4];

/// Label before, label after, and the land that went from one to the other, m².
pub type Relabelling = (Option<Box<str>>, Option<Box<str>>, f64);

/// Records of both dates, matched by id on the land that their parcels share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct RecordMatches {
    /// Records of the later date whose parcel shares land with one that had a record of that id.
    pub same: usize,
    /// Those whose parcel shares land with none that had.
    pub appeared: usize,
    /// Records of the earlier date of which no parcel on its land has one any more.
    pub vanished: usize,
    /// Records without an id, of both dates: they are matched with none.
    pub without_id: usize,
}

impl RecordMatches {
    fn new(old: &ParcelSet, new: &ParcelSet, of_new: &[Vec<ParcelIdx>], of_old: &[Vec<ParcelIdx>]) -> Self {
        let mut found = Self::default();
        let ids = |set: &ParcelSet, at: &[ParcelIdx]| -> HashSet<Box<str>> {
            at.iter()
                .flat_map(|&idx| set.records(idx))
                .filter_map(|record| Some(record.id()?.into()))
                .collect()
        };
        let mut count = |set: &ParcelSet, other: &ParcelSet, of: &[Vec<ParcelIdx>]| {
            let (mut same, mut alone) = (0, 0);
            for (i, others) in of.iter().enumerate() {
                let known = ids(other, others);
                for record in set.records(ParcelIdx(i as u32)) {
                    match record.id() {
                        None => found.without_id += 1,
                        Some(id) if known.contains(id) => same += 1,
                        Some(_) => alone += 1,
                    }
                }
            }
            (same, alone)
        };
        let (same, appeared) = count(new, old, of_new);
        let (_, vanished) = count(old, new, of_old);
        Self { same, appeared, vanished, ..found }
    }
}

/// Two dates compared.
#[derive(Debug)]
#[non_exhaustive]
pub struct Audit {
    /// Records of both dates.
    pub records: RecordMatches,
    /// Land that an old and a new parcel share, by (old, new).
    pub pieces: Vec<Piece>,
    /// Every new parcel in order, then the old ones of which nothing is left.
    pub parcels: Vec<ParcelChange>,
    /// What became of each old parcel.
    pub old_fate: Vec<Fate>,
    /// Land by status before and after; land that neither date has a parcel on is not in it.
    pub ground: StatusMatrix,
    /// Land by label before and after where it changed, largest first; none where a side has no label.
    pub relabelled: Vec<Relabelling>,
    /// How intensity changed, and through what: the whole study area, then each unit.
    pub changes: Vec<Change>,
    /// Construction inside the lines: before, after, added, removed, m².
    pub inside_m2: [f64; 4],
    /// The greatest relative residual of the balances of areas.
    pub residual: f64,
}

impl Audit {
    /// Compares two dates in one plane.
    ///
    /// # Errors
    /// [`ParamError`] for an option out of range, [`Error::Planes`] where the dates lie in different planes.
    ///
    /// # Complexity
    /// Near-linear: one overlap for each pair of an old and a new parcel whose boxes meet, and one boolean operation for each
    /// pair that a line cuts.
    pub fn compare(old: &Year, new: &Year, options: &AuditOptions) -> Result<Self, Error> {
        options.check()?;
        new.set.plane().check_same(old.set.plane(), "parcels of the earlier date")?;
        let matching = Matching::new(old, new);
        let fates = matching.fates(old, new, options);
        let mut audit = Self {
            records: RecordMatches::new(&old.set, &new.set, &fates.of_new, &fates.of_old),
            parcels: Vec::with_capacity(new.set.len()),
            old_fate: fates.old,
            ground: [[0.0; 4]; 4],
            relabelled: Vec::new(),
            changes: decomposition::of(&old.ledger, &new.ledger),
            inside_m2: [0.0; 4],
            residual: 0.0,
            pieces: matching.pieces,
        };
        let added_before = matching.only_new.iter().zip(&matching.inside_only_new);
        let mut of_new: Vec<[f64; 4]> = added_before
            .enumerate()
            .map(|(j, (_, inside))| {
                let added = if new.status[j] == LandStatus::Construction { *inside } else { 0.0 };
                [0.0, new.construction_inside(j), added, 0.0]
            })
            .collect();
        let mut ground = [[AreaSum::default(); 4]; 4];
        for (j, &area) in matching.only_new.iter().enumerate() {
            ground[3][new.status[j] as usize].add(area);
        }
        for (i, &area) in matching.only_old.iter().enumerate() {
            ground[old.status[i] as usize][3].add(area);
        }
        let mut relabelled = std::collections::BTreeMap::<(Option<u32>, Option<u32>), AreaSum>::new();
        for piece in &audit.pieces {
            let (i, j) = (piece.old.index(), piece.new.index());
            ground[old.status[i] as usize][new.status[j] as usize].add(piece.area_m2);
            let before = if old.status[i] == LandStatus::Construction { piece.inside_old_m2 } else { 0.0 };
            let after = if new.status[j] == LandStatus::Construction { piece.inside_new_m2 } else { 0.0 };
            let sums = &mut of_new[j];
            sums[0] += before;
            sums[2] += (after - before).max(0.0);
            sums[3] += (before - after).max(0.0);
            if old.label.get(i) != new.label.get(j) {
                relabelled.entry((old.label.key(i), new.label.key(j))).or_default().add(piece.area_m2);
            }
        }
        audit.ground = ground.map(|row| row.map(AreaSum::m2));
        let name = |of: &NamedTexts, key: Option<u32>| key.map(|key| of.distinct()[key as usize].clone());
        audit.relabelled = relabelled
            .into_iter()
            .map(|((a, b), area)| (name(&old.label, a), name(&new.label, b), area.m2()))
            .collect();
        audit.relabelled.sort_by(|a, b| b.2.total_cmp(&a.2).then_with(|| (&a.0, &a.1).cmp(&(&b.0, &b.1))));
        let least = options.least_change_m2;
        for (j, [before, after, added, removed]) in of_new.into_iter().enumerate() {
            audit.parcels.push(ParcelChange {
                parcel: ParcelIdx(j as u32),
                fate: fates.new[j],
                others: fates.of_new[j].clone(),
                inside: InsideChange::of(before, after, added, removed, least),
                inside_before_m2: before,
                inside_after_m2: after,
                added_m2: added,
                removed_m2: removed,
            });
        }
        // What was inside on land that no new parcel holds is gone with the parcel.
        let mut removed_with_land = 0.0;
        for (i, &inside) in matching.inside_only_old.iter().enumerate() {
            let gone = if old.status[i] == LandStatus::Construction { inside } else { 0.0 };
            removed_with_land += gone;
            if audit.old_fate[i] == Fate::Vanished {
                audit.parcels.push(ParcelChange {
                    parcel: ParcelIdx(i as u32),
                    fate: Fate::Vanished,
                    others: Vec::new(),
                    inside: InsideChange::of(gone, 0.0, 0.0, gone, least),
                    inside_before_m2: gone,
                    inside_after_m2: 0.0,
                    added_m2: 0.0,
                    removed_m2: gone,
                });
            }
        }
        let of_all = |year: &Year| sum::area_m2((0..year.set.len()).map(|i| year.construction_inside(i)));
        let later = || audit.parcels.iter().take(new.set.len());
        let added = sum::area_m2(later().map(|change| change.added_m2));
        let removed = sum::area_m2(later().map(|change| change.removed_m2).chain([removed_with_land]));
        audit.inside_m2 = [of_all(old), of_all(new), added, removed];
        audit.residual = audit.largest_residual(old, new);
        Ok(audit)
    }

    /// By how much sums differ from what they are sums of.
    fn largest_residual(&self, old: &Year, new: &Year) -> f64 {
        let land = |year: &Year| year.partition.union_area_m2();
        let scale = land(old).max(land(new)).max(1.0);
        let sum = |pick: &dyn Fn(usize, usize) -> bool| {
            let cells = (0..16).map(|k| (k / 4, k % 4)).filter(|&(a, b)| pick(a, b));
            cells.map(|(a, b)| self.ground[a][b]).sum::<f64>()
        };
        let [before, after, added, removed] = self.inside_m2;
        let balances = [
            sum(&|a, _| a < 3) - land(old),
            sum(&|_, b| b < 3) - land(new),
            before + added - removed - after,
        ];
        balances.iter().map(|balance| balance.abs() / scale).fold(0.0, f64::max)
    }

    /// How many new parcels and vanished old ones have this fate.
    pub fn count(&self, fate: Fate) -> usize {
        self.parcels.iter().filter(|change| change.fate == fate).count()
    }

    /// How many parcels changed so inside the lines, and by what area inside, m²: added for [`InsideChange::New`] and
    /// [`InsideChange::Worsened`], removed for [`InsideChange::Removed`] and [`InsideChange::Eased`], all of it else.
    pub fn inside(&self, change: InsideChange) -> (usize, f64) {
        let of = self.parcels.iter().filter(|parcel| parcel.inside == change);
        of.fold((0, 0.0), |(count, area), parcel| {
            let own = match change {
                InsideChange::New | InsideChange::Worsened => parcel.added_m2,
                InsideChange::Removed | InsideChange::Eased => parcel.removed_m2,
                InsideChange::None | InsideChange::Standing => parcel.inside_after_m2,
            };
            (count + 1, area + own)
        })
    }

    /// The land of each entry of [`parcels`](Self::parcels) inside the lines of its date where construction there was added or
    /// removed by more than the least change: its certain extent on a map. One geometry per entry, mostly without polygons.
    ///
    /// # Complexity
    /// One boolean operation per parcel that changed, on all threads.
    pub fn changed_shapes(&self, old: &Year, new: &Year) -> MultiPolygonArray {
        let shape_of = |change: &ParcelChange| {
            if matches!(change.inside, InsideChange::None | InsideChange::Standing) {
                return None;
            }
            let year = if change.fate == Fate::Vanished { old } else { new };
            // What is gone is shown by the lines it stood in.
            let lines = if change.inside == InsideChange::Removed { old } else { year };
            let land = year.partition.get(year.set.geometry(), change.parcel.index());
            lines.exclusion.as_ref().map(|(exclusion, _)| exclusion.intersection(&land))
        };
        let cut = parallel::collect(self.parcels.len(), 1, &|i| shape_of(&self.parcels[i]));
        let mut shapes = MultiPolygonArray::new();
        for shape in cut {
            match shape {
                Some(shape) => shapes.append(&shape),
                None => shapes.end_geometry(),
            }
        }
        shapes
    }
}

/// Areas up to this share of a parcel are rounding.
const ROUNDING: f64 = 1e-9;

/// Whether `area_m2` of a parcel of `whole_m2` is more than a touch.
fn is_land(area_m2: f64, whole_m2: f64) -> bool {
    area_m2 > OVERLAP_TOLERANCE_M2.min(0.5 * whole_m2).max(ROUNDING * whole_m2)
}
