//! What a parcel is in the stock of land to be put to better use (存量土地).

use serde::{Deserialize, Serialize};

use super::logic::{all, not};
use super::{IdleFigures, IdleLand, Verdict};
use crate::column::flag_of;
use crate::parcel::{ParcelIdx, ParcelSet};

/// Class of a parcel in the stock of land. Idle, vacant and approved land is judged by what has not happened on it, never by its
/// yield, so that it is ranked among nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StockClass {
    /// Approved for construction, not supplied to anybody (批而未供).
    ApprovedNotSupplied,
    /// Supplied and idle by the tests of the contract (闲置土地, 供而未用).
    Idle,
    /// Vacant by its current use (空闲土地).
    Vacant,
    /// Low-efficiency by a standard, a condition, a grade, or a field check (低效用地).
    Low,
    /// Low by quantiles alone: a suspicion (疑似低效用地).
    SuspectedLow,
    /// Judged, and not low.
    NotLow,
    /// A candidate of which too little is known.
    Unknown,
}

impl StockClass {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::ApprovedNotSupplied,
        Self::Idle,
        Self::Vacant,
        Self::Low,
        Self::SuspectedLow,
        Self::NotLow,
        Self::Unknown,
    ];

    /// Its name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApprovedNotSupplied => "approved_not_supplied",
            Self::Idle => "idle",
            Self::Vacant => "vacant",
            Self::Low => "low",
            Self::SuspectedLow => "suspected_low",
            Self::NotLow => "not_low",
            Self::Unknown => "unknown",
        }
    }

    /// Whether land of this class stands outside of the ranking.
    pub const fn is_unused(self) -> bool {
        matches!(self, Self::ApprovedNotSupplied | Self::Idle | Self::Vacant)
    }

    /// The verdict that a field check of this class makes.
    pub const fn verdict(self) -> Verdict {
        match self {
            Self::ApprovedNotSupplied | Self::Idle | Self::Vacant => Verdict::NotCandidate,
            Self::Low | Self::SuspectedLow => Verdict::Low,
            Self::NotLow => Verdict::NotLow,
            Self::Unknown => Verdict::Unknown,
        }
    }
}

/// Whether land is approved for construction and not supplied (批而未供): approved, and neither allocated nor granted to anybody.
///
/// A class of its own: nobody has failed to use it, the authority has not let go of it. Its share of approved land is the other side of
/// the supply rate of TD/T 1018 (ULAPI2 = supplied / approved).
///
/// ```
/// use landuse::efficiency::approved_not_supplied;
/// assert_eq!(approved_not_supplied(Some(true), Some(false)), Some(true));
/// assert_eq!(approved_not_supplied(Some(false), None), Some(false));
/// assert_eq!(approved_not_supplied(Some(true), None), None);
/// ```
pub fn approved_not_supplied(approved: Option<bool>, supplied: Option<bool>) -> Option<bool> {
    all([approved, not(supplied)])
}

/// Columns of parcels that tell of approval, supply and contract, by which [`unused_land`] finds its classes.
pub const CONTRACT_COLUMNS: [&str; 7] = [
    "approved",
    "supplied",
    "years_since_start",
    "started",
    "developed_share",
    "invested_share",
    "suspended_years",
];

/// The flags among [`CONTRACT_COLUMNS`].
const FLAGS: [&str; 3] = ["approved", "supplied", "started"];

/// What [`unused_land`] finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnusedLand {
    /// Class of each parcel that is certainly unused.
    pub class: Vec<Option<StockClass>>,
    /// Columns that have the name of a flag and hold something else: they are not looked at.
    pub ignored: Vec<&'static str>,
}

/// Which parcels are approved and not supplied, or idle, by the columns of [`CONTRACT_COLUMNS`] that they have: flags as 1 and 0 or
/// as `true` and `false`, years and shares as numbers ([`IdleFigures`]).
///
/// # Complexity
/// O(n).
///
/// ```
/// use geo::{Rect, coord};
/// use landuse::efficiency::{StockClass, unused_land};
/// use landuse::{Parcel, ParcelSet};
/// let land = Rect::new(coord! { x: 0.0, y: 0.0 }, coord! { x: 50.0, y: 60.0 }).to_polygon();
/// let parcel = Parcel::new("a", land).text("started", "false").number("years_since_start", 1.5);
/// let parcels = ParcelSet::local([parcel]);
/// assert_eq!(unused_land(&parcels).class, [Some(StockClass::Idle)]);
/// ```
pub fn unused_land(set: &ParcelSet) -> UnusedLand {
    let attributes = set.attributes();
    let has = |name: &str| attributes.numbers.contains_key(name) || attributes.texts.contains_key(name);
    if !CONTRACT_COLUMNS.iter().any(|name| has(name)) {
        return UnusedLand { class: vec![None; set.len()], ignored: Vec::new() };
    }
    let class = |i: usize| {
        if approved_not_supplied(flag(set, "approved", i), flag(set, "supplied", i)) == Some(true) {
            Some(StockClass::ApprovedNotSupplied)
        } else if figures(set, i).test().idle() == Some(true) {
            Some(StockClass::Idle)
        } else {
            None
        }
    };
    let strange = |name: &&str| {
        let texts = attributes.texts.get(*name).map_or(&[][..], |texts| texts.distinct());
        let numbers = attributes.numbers.get(*name);
        texts.iter().any(|text| flag_of(text).is_none())
            || numbers.is_some_and(|n| n.values.iter().flatten().any(|value| value != 0.0 && value != 1.0))
    };
    UnusedLand {
        class: (0..set.len()).map(class).collect(),
        ignored: FLAGS.into_iter().filter(strange).collect(),
    }
}

/// The tests of idle land for one parcel, by the columns of [`CONTRACT_COLUMNS`]; unknown where they do not tell.
pub fn idle_test(set: &ParcelSet, parcel: ParcelIdx) -> IdleLand {
    figures(set, parcel.index()).test()
}

fn figures(set: &ParcelSet, i: usize) -> IdleFigures {
    IdleFigures {
        years_since_start: number(set, "years_since_start", i),
        started: flag(set, "started", i),
        developed_share: number(set, "developed_share", i),
        invested_share: number(set, "invested_share", i),
        suspended_years: number(set, "suspended_years", i),
    }
}

fn number(set: &ParcelSet, name: &str, i: usize) -> Option<f64> {
    set.attributes().numbers.get(name)?.values.get(i)
}

/// What is no flag is not known: a date of approval, say, under the name of one.
fn flag(set: &ParcelSet, name: &str, i: usize) -> Option<bool> {
    let text = set.attributes().texts.get(name).and_then(|texts| texts.get(i));
    match number(set, name, i) {
        Some(value) => [(0.0, false), (1.0, true)].iter().find(|flag| flag.0 == value).map(|flag| flag.1),
        None => flag_of(text?),
    }
}
