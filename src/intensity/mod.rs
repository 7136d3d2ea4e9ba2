//! Development intensity: how hard the land is worked that may be worked at all.
//!
//! A [`Ledger`] splits the land of every study unit into construction, other, unknown and unparcelled land, and each of these
//! into inside and outside the control lines. Every balance closes by measure, not by adjustment; what does not close is
//! reported as a residual.

mod account;
mod grid;
mod ledger;
mod outlook;
mod spacematrix;
mod status;

pub use account::{Account, Diagnostic, Totals, WarningLine, WarningStatus};
pub use grid::{CellShape, MOST_CELLS, grid};
pub use ledger::{Ledger, LedgerInput, StudyArea, StudyUnits, unit_id};
pub use outlook::{Limit, Outlook, carriers, withdrawals};
pub use spacematrix::Spacematrix;
pub use status::{LandStatus, land_status};
