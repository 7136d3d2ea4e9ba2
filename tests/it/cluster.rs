//! Contiguous sites and all that is measured of them, against brute force, other implementations and planted truths.

mod barriers;
mod density;
mod merging;
mod regions;
mod significance;
mod sites;
mod support;
