//! Development intensity: the share of land under construction, of all land and of the land that may be built on.
//!
//! A [`Ledger`] splits the land of every study unit into construction, other, unknown and unparcelled land, and each of these
//! into inside and outside the control lines. Every balance closes by measure, not by adjustment; what does not close is
//! reported as a residual.

mod account;
mod bands;
mod constraints;
mod density;
mod grid;
mod ledger;
mod limits;
mod outlook;
mod spacematrix;

pub use account::{Account, Diagnostic, Totals, Unparcelled, WarningLine, WarningStatus};
pub use bands::{Bands, MOST_BANDS};
pub use constraints::{
    CheckStatus, ConfineCheck, ConfineUnit, ConstraintInput, Constraints, ReserveCheck, ReserveOptions,
    ReserveRow,
};
pub use density::{Carried, Density, Nature, UnitAmount};
pub use grid::{CellShape, Cells, MOST_CELLS, clipped_grid, grid};
pub use ledger::{Ledger, LedgerInput, StudyArea, StudyUnits};
pub use limits::{Limit, UnitLimit, unit_id};
pub use outlook::{Outlook, UnitOutlook, carriers, withdrawals};
pub use spacematrix::Spacematrix;
