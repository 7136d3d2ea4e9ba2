//! Development intensity: how hard the land is worked that may be worked at all.
//!
//! A [`Ledger`] splits the land of every study unit into construction, other, unknown and unparcelled land, and each of these
//! into inside and outside the control lines. Every balance closes by measure, not by adjustment; what does not close is
//! reported as a residual.

mod ledger;
mod status;

pub use ledger::{Account, Ledger, LedgerInput, StudyArea, StudyUnits, WarningLine, WarningStatus, unit_id};
pub use status::{LandStatus, land_status};
