//! Contiguous low-efficiency sites: which low parcels belong together, and how much land that is.

mod sites;
mod sweep;

pub use sites::{Site, SiteOptions, Sites, SizeClass};
pub use sweep::{SWEEP_GAPS_M, SweepStep, sweep};
