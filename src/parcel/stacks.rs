//! What stands in a register about parcels on which several records lie.

use super::Column;
use super::attributes::Attributes;

/// What several records on one parcel come to, over a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RecordCounts {
    /// Records that were accepted.
    pub records: usize,
    /// Parcels with more than one record.
    pub stacks: usize,
    /// The most records on one parcel.
    pub most: usize,
    /// Records that repeat another of their parcel in id and everything known; they count once.
    pub repeated: usize,
    /// Parcels of which no current use, planned use or district has the majority.
    pub mixed: usize,
    /// Parcels of which the floor area of one record is that of all others together within 1 %: it may be the whole building's.
    pub one_as_all: usize,
}

/// The records of parcels that have more than one.
#[derive(Debug, Clone)]
pub(super) struct Stacks {
    /// Positions of the parcels, ascending.
    pub(super) parcels: Vec<u32>,
    /// Where the records of each begin; the end stands last.
    pub(super) starts: Vec<u32>,
    /// One row per record, stack by stack.
    pub(super) attributes: Attributes,
    pub(super) source_row: Vec<u32>,
    pub(super) repeated: Vec<bool>,
    /// Sum of the known floor areas of each stack, m²; unknown where none is known.
    pub(super) floor_area_known_m2: Column<f64>,
    pub(super) counts: RecordCounts,
}

impl Stacks {
    /// Position of a parcel among the stacks.
    pub(super) fn find(&self, parcel: u32) -> Option<usize> {
        self.parcels.binary_search(&parcel).ok()
    }

    pub(super) fn records(&self, stack: usize) -> std::ops::Range<usize> {
        self.starts[stack] as usize..self.starts[stack + 1] as usize
    }

    /// The stacks without that of one parcel, the others at new positions.
    pub(super) fn moved(&self, without: u32, new_position: impl Fn(u32) -> u32) -> Option<Self> {
        let mut kept: Vec<(u32, usize)> = (self.parcels.iter().enumerate())
            .filter(|&(_, &parcel)| parcel != without)
            .map(|(stack, &parcel)| (new_position(parcel), stack))
            .collect();
        kept.sort_unstable();
        let stacks: Vec<u32> = kept.iter().map(|&(_, stack)| stack as u32).collect();
        let rows: Vec<u32> =
            stacks.iter().flat_map(|&stack| self.records(stack as usize)).map(|row| row as u32).collect();
        let repeated: Vec<bool> = rows.iter().map(|&row| self.repeated[row as usize]).collect();
        let sizes = stacks.iter().map(|&stack| self.records(stack as usize).len());
        let gone = self.find(without).map_or(0..0, |stack| self.records(stack));
        let moved = Self {
            parcels: kept.iter().map(|&(parcel, _)| parcel).collect(),
            starts: starts_of(sizes.clone()),
            attributes: self.attributes.take(&rows),
            source_row: rows.iter().map(|&row| self.source_row[row as usize]).collect(),
            counts: RecordCounts {
                records: self.counts.records + 1 - gone.len().max(1),
                stacks: stacks.len(),
                most: sizes.max().unwrap_or(1),
                repeated: repeated.iter().filter(|&&repeated| repeated).count(),
                ..self.counts
            },
            repeated,
            floor_area_known_m2: self.floor_area_known_m2.take(&stacks),
        };
        Some(moved).filter(|moved| !moved.parcels.is_empty())
    }
}

/// Where each of some sizes begins, and where the last ends.
pub(super) fn starts_of(sizes: impl Iterator<Item = usize>) -> Vec<u32> {
    let mut starts = vec![0];
    starts.extend(sizes.scan(0, |end, size| {
        *end += size as u32;
        Some(*end)
    }));
    starts
}

/// Rows of one boundary that stay apart, by row.
#[derive(Debug, Clone)]
pub(super) struct Lands {
    /// The first row of the boundary.
    pub(super) first: Vec<u32>,
    /// The row whose id names the land.
    pub(super) named: Vec<u32>,
    /// Rows of the boundary.
    pub(super) size: Vec<u32>,
    pub(super) counts: RecordCounts,
}
