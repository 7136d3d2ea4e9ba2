//! Control lines: where construction is excluded, confined or reserved, and how much of each parcel they take.
//!
//! An overlap is a measure, not a judgement: land *inside* a line may be there lawfully.

mod encroachment;
mod lines;
mod overlay;
mod permits;

pub use encroachment::{Certainty, Encroachments, Finding, ReviewInput, ReviewOptions, SurveyError};
pub use lines::{ControlLine, ControlLines, Effect};
pub use overlay::{Exclusion, INSIDE_SHARE, LineOverlap, OVERLAP_TOLERANCE_M2, Overlay, Relation};
pub use permits::{Building, Permits, Standing};
