//! What firms report, brought onto the parcels they stand on.

use std::collections::HashMap;

use crate::error::{Error, ParamError};
use crate::expr::same_length;
use crate::parcel::{Column, ParcelIdx, TextColumn};
use crate::sum;

/// What a firm's amounts are split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllocationBasis {
    /// Land the firm holds on each parcel.
    #[default]
    Land,
    /// Floor area it uses on each parcel.
    FloorArea,
    /// Jobs it has on each parcel.
    Jobs,
}

/// Which firm stands on which parcel, one row for each pair; a pair may stand twice and then adds up.
#[derive(Debug, Clone, Copy)]
pub struct Occupancy<'a> {
    /// Id of the firm.
    pub firm: &'a TextColumn,
    /// Id of the parcel.
    pub parcel: &'a TextColumn,
    /// Land, floor area or jobs of the firm on that parcel, at least 0.
    pub size: &'a Column<f64>,
}

/// What could be joined and what not. Lists are sorted, each id once.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct JoinReport {
    /// Rows of the occupancy table.
    pub rows: usize,
    /// Rows whose firm and parcel were both found.
    pub matched: usize,
    /// Rows without one of the ids.
    pub without_id: usize,
    /// Firms in the occupancy table that are in no table of firms.
    pub unknown_firms: Vec<Box<str>>,
    /// Parcels in the occupancy table that are no parcel.
    pub unknown_parcels: Vec<Box<str>>,
    /// Parcels in the occupancy table whose id several parcels have: nothing is put on any of them.
    pub ambiguous_parcels: Vec<Box<str>>,
    /// Firms that stand on no parcel of the table.
    pub firms_without_parcel: usize,
    /// Firms on several parcels, of which one size or more is not known, or all are 0: their amounts cannot be split.
    pub firms_without_split: usize,
    /// Parcels without a firm.
    pub parcels_without_firm: usize,
}

/// What became of one row of the occupancy table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowOutcome {
    /// Firm and parcel were found.
    Matched,
    /// One of the ids is missing.
    WithoutId,
    /// The firm is in no table of firms.
    UnknownFirm,
    /// The parcel is no parcel.
    UnknownParcel,
    /// Several parcels have that id.
    AmbiguousParcel,
}

impl RowOutcome {
    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::WithoutId => "without_id",
            Self::UnknownFirm => "unknown_firm",
            Self::UnknownParcel => "unknown_parcel",
            Self::AmbiguousParcel => "ambiguous_parcel",
        }
    }
}

/// One row of the occupancy table after the join.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JoinedRow {
    /// Whether it was joined, or why not.
    pub outcome: RowOutcome,
    /// Position of the firm, where found.
    pub firm: Option<u32>,
    /// Position of the parcel, where found.
    pub parcel: Option<u32>,
    /// Share of the firm that this row is, on a parcel or not; none where the firm cannot be split.
    pub share: Option<f64>,
}

/// Firms allocated to parcels: the shares by which any amount of the firms is brought onto parcels.
#[derive(Debug, Clone, PartialEq)]
pub struct Allocation {
    basis: AllocationBasis,
    firms: usize,
    /// Firms of each parcel, by position, with the share of the firm that stands there; none where it cannot be split.
    parcels: Vec<Vec<(u32, Option<f64>)>>,
    /// Share of each firm that reaches a parcel; none where it cannot be split.
    reached: Vec<Option<f64>>,
    rows: Vec<JoinedRow>,
    report: JoinReport,
}

/// An amount of the firms, brought onto parcels.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// Amount of each parcel; unknown where no firm stands there, or that of one firm on it is not known.
    pub amount: Column<f64>,
    /// The part that is known; unknown where no firm stands on the parcel or none has a known amount.
    pub known_part: Column<f64>,
    /// Sum over firms with a known amount.
    pub total: f64,
    /// Part of it on parcels. `allocated + unallocated = total`.
    pub allocated: f64,
    /// Part of it on no parcel of the table: firms without parcel, without split, or with a part on parcels not found.
    pub unallocated: f64,
    /// Firms whose amount is not known.
    pub unknown: usize,
}

impl Allocation {
    /// Joins firms to parcels.
    ///
    /// A firm's amounts are split over all its rows in proportion to their sizes, rows on parcels that were not found included: that
    /// part stays unallocated rather than being pushed onto the others. A firm with a single row goes there whole, whatever the size.
    ///
    /// # Arguments
    /// * `firms`, `parcels`: the ids, one per firm and per parcel.
    /// * `basis`: what `occupancy.size` measures; kept for the record.
    ///
    /// # Errors
    /// [`ParamError`] for a firm id that stands twice or a size below 0; [`Error::Param`] where columns differ in length.
    ///
    /// # Complexity
    /// O(firms + parcels + rows) expected.
    ///
    /// # Source
    /// Appraisal is per firm, land per parcel; the rule of allocation has to be chosen and recorded.
    ///
    /// ```
    /// use landuse::efficiency::{Allocation, AllocationBasis, Occupancy};
    /// use landuse::parcel::{Column, TextColumn};
    /// let text = |ids: &[&'static str]| -> TextColumn { ids.iter().map(|&id| Some(id)).collect() };
    /// let (firms, parcels) = (text(&["F"]), text(&["p", "q", "r"]));
    /// let size: Column<f64> = [Some(300.0), Some(100.0)].into_iter().collect();
    /// let rows = Occupancy { firm: &text(&["F", "F"]), parcel: &text(&["p", "q"]), size: &size };
    /// let found = Allocation::new(&firms, &parcels, rows, AllocationBasis::Land)?;
    /// let tax = found.spread(&[Some(80.0)].into_iter().collect())?;
    /// assert_eq!(tax.amount.iter().collect::<Vec<_>>(), [Some(60.0), Some(20.0), None]);
    /// # Ok::<(), landuse::Error>(())
    /// ```
    pub fn new(
        firms: &TextColumn,
        parcels: &TextColumn,
        occupancy: Occupancy<'_>,
        basis: AllocationBasis,
    ) -> Result<Self, Error> {
        let ids = parcels.iter().zip(0..).filter_map(|(id, i)| Some((id?, ParcelIdx(i))));
        Self::among(firms, ids, parcels.len(), occupancy, basis)
    }

    /// As [`new`](Self::new), of `parcels` parcels that may go by several ids each.
    pub(crate) fn among<'a>(
        firms: &TextColumn,
        ids: impl Iterator<Item = (&'a str, ParcelIdx)>,
        parcels: usize,
        occupancy: Occupancy<'_>,
        basis: AllocationBasis,
    ) -> Result<Self, Error> {
        let rows = occupancy.firm.len();
        same_length("parcel", occupancy.parcel.len(), rows)?;
        same_length("size", occupancy.size.len(), rows)?;
        let mut firm_at: HashMap<&str, u32> = HashMap::with_capacity(firms.len());
        for (i, id) in firms.iter().enumerate() {
            if let Some(id) = id
                && firm_at.insert(id, i as u32).is_some()
            {
                return Err(ParamError::new("firm", id, "each firm once in the table of firms").into());
            }
        }
        let mut parcel_at: HashMap<&str, Option<u32>> = HashMap::with_capacity(parcels);
        for (id, ParcelIdx(parcel)) in ids {
            let at = parcel_at.entry(id).or_insert(Some(parcel));
            *at = at.filter(|&own| own == parcel);
        }
        let mut report = JoinReport { rows, ..JoinReport::default() };
        let mut of_firm = vec![Vec::new(); firms.len()];
        let mut joined = Vec::with_capacity(rows);
        for row in 0..rows {
            let size = occupancy.size.get(row).filter(|size| size.is_finite());
            if let Some(size) = size.filter(|&size| size < 0.0) {
                return Err(ParamError::new("size", size, "a number of at least 0").into());
            }
            let firm = occupancy.firm.get(row).map(|id| (id, firm_at.get(id)));
            let parcel = occupancy.parcel.get(row).map(|id| (id, parcel_at.get(id)));
            report.without_id += usize::from(firm.is_none() || parcel.is_none());
            if let Some((id, None)) = firm {
                report.unknown_firms.push(id.into());
            }
            match parcel {
                Some((id, None)) => report.unknown_parcels.push(id.into()),
                Some((id, Some(None))) => report.ambiguous_parcels.push(id.into()),
                _ => {}
            }
            let outcome = match (firm, parcel) {
                (None, _) | (_, None) => RowOutcome::WithoutId,
                (Some((_, None)), _) => RowOutcome::UnknownFirm,
                (_, Some((_, None))) => RowOutcome::UnknownParcel,
                (_, Some((_, Some(None)))) => RowOutcome::AmbiguousParcel,
                _ => RowOutcome::Matched,
            };
            let firm = firm.and_then(|(_, at)| at.copied());
            let parcel = parcel.and_then(|(_, at)| *at?);
            joined.push(JoinedRow { outcome, firm, parcel, share: None });
            let Some(firm) = firm else { continue };
            report.matched += usize::from(parcel.is_some());
            of_firm[firm as usize].push((parcel, size, row));
        }
        for ids in [&mut report.unknown_firms, &mut report.unknown_parcels, &mut report.ambiguous_parcels] {
            ids.sort_unstable();
            ids.dedup();
        }
        let mut of_parcel = vec![Vec::new(); parcels];
        let mut reached = vec![Some(0.0); firms.len()];
        for (firm, rows) in of_firm.iter().enumerate() {
            let sizes: Option<Vec<f64>> = rows.iter().map(|row| row.1).collect();
            let whole = sizes.map(sum::exact).filter(|&sum| sum > 0.0 && sum.is_finite());
            let share = |size: Option<f64>| if rows.len() == 1 { Some(1.0) } else { Some(size? / whole?) };
            report.firms_without_parcel += usize::from(rows.iter().all(|row| row.0.is_none()));
            let mut sum = Vec::new();
            let mut split = true;
            for &(parcel, size, row) in rows {
                let share = share(size);
                joined[row].share = share;
                let Some(parcel) = parcel else { continue };
                of_parcel[parcel as usize].push((firm as u32, share));
                split &= share.is_some();
                sum.extend(share);
            }
            report.firms_without_split += usize::from(!split);
            reached[firm] = split.then(|| sum::exact(sum));
        }
        report.parcels_without_firm = of_parcel.iter().filter(|firms| firms.is_empty()).count();
        Ok(Self { basis, firms: firms.len(), parcels: of_parcel, reached, rows: joined, report })
    }

    /// What amounts are split by.
    pub fn basis(&self) -> AllocationBasis {
        self.basis
    }

    /// What could be joined and what not.
    pub fn report(&self) -> &JoinReport {
        &self.report
    }

    /// The rows of the occupancy table, each with what became of it.
    pub fn rows(&self) -> &[JoinedRow] {
        &self.rows
    }

    /// Firms that stand on each parcel, rows of the same pair counted once.
    pub fn firms_per_parcel(&self) -> Vec<u32> {
        let distinct = |firms: &Vec<(u32, Option<f64>)>| {
            let mut firms: Vec<u32> = firms.iter().map(|firm| firm.0).collect();
            firms.sort_unstable();
            firms.dedup();
            firms.len() as u32
        };
        self.parcels.iter().map(distinct).collect()
    }

    /// Brings an amount of the firms (tax, output, jobs: anything that adds up) onto parcels. Ratios do not add up: bring their two
    /// amounts over and divide then.
    ///
    /// # Errors
    /// [`Error::Param`] where `amounts` has another length than the firms.
    ///
    /// # Complexity
    /// O(firms · log firms + parcels + rows).
    pub fn spread(&self, amounts: &Column<f64>) -> Result<Spread, Error> {
        same_length("amounts", amounts.len(), self.firms)?;
        let amount = |firm: u32| amounts.get(firm as usize).filter(|amount| amount.is_finite());
        let mut found = Spread {
            amount: Column::new(),
            known_part: Column::new(),
            total: 0.0,
            allocated: 0.0,
            unallocated: 0.0,
            unknown: 0,
        };
        for firms in &self.parcels {
            let parts: Vec<Option<f64>> =
                firms.iter().map(|&(firm, share)| Some(amount(firm)? * share?)).collect();
            let known: Vec<f64> = parts.iter().flatten().copied().collect();
            let complete = known.len() == parts.len();
            let sum = (!known.is_empty()).then(|| sum::exact(known));
            found.known_part.push(sum);
            found.amount.push(sum.filter(|_| complete));
        }
        let (mut total, mut allocated, mut unallocated) = (Vec::new(), Vec::new(), Vec::new());
        for firm in 0..self.firms {
            let Some(amount) = amount(firm as u32) else {
                found.unknown += 1;
                continue;
            };
            total.push(amount);
            // A firm that cannot be split reaches no parcel.
            let reached = self.reached[firm].unwrap_or(0.0);
            allocated.push(amount * reached);
            unallocated.push(amount * (1.0 - reached));
        }
        found.total = sum::exact(total);
        found.allocated = sum::exact(allocated);
        found.unallocated = sum::exact(unallocated);
        Ok(found)
    }
}
