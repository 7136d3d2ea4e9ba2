use serde::{Deserialize, Serialize};

use super::Error;

/// How far work may grow that input of a few megabytes can make endless. What goes beyond is an [`Error::OverLimit`] that names
/// the limit, or a rejected feature; each can be raised.
///
/// ```
/// use landuse::error::Limits;
/// let limits = Limits { pairs: 100_000_000, ..Limits::default() };
/// assert_eq!(limits.neighbours, 1_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Most pairs of parcels near each other, by their boxes or by the rule of nearest centres; about 80 bytes of memory each.
    pub pairs: u64,
    /// Most nearest neighbours of one parcel that may be asked for.
    pub neighbours: u32,
    /// Most crossings of edges in one polygon to be repaired, or of of parcels where they overlap; about 500
    /// bytes of memory each.
    pub crossings: u64,
}

impl Limits {
    /// Pairs unless told otherwise: forty for each of a million parcels.
    pub const DEFAULT_PAIRS: u64 = 40_000_000;
    /// Nearest neighbours unless told otherwise.
    pub const DEFAULT_NEIGHBOURS: u32 = 1_000;
    /// Crossings unless told otherwise: real boundaries have few.
    pub const DEFAULT_CROSSINGS: u64 = 500_000;

    /// The defaults.
    pub const fn new() -> Self {
        Self {
            pairs: Self::DEFAULT_PAIRS,
            neighbours: Self::DEFAULT_NEIGHBOURS,
            crossings: Self::DEFAULT_CROSSINGS,
        }
    }

    pub(crate) fn over_pairs(&self) -> Error {
        Error::OverLimit { what: "pairs of near parcels", limit: self.pairs, name: "pairs" }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::new()
    }
}
