//! Contiguous low-efficiency sites: which low parcels belong together, and how much land that is.
//!
//! [`Sites`] are connected components of low parcels under a gap rule. About a site, [`Shape`] tells how compact it is,
//! [`Ownership`] how many hands it is in, [`Significance`] whether chance would make one as large, and [`MergeTree`] over which
//! range of gaps it lasts. [`sweep`] and [`Fragmentation`] tell of all of them together. [`Dbscan`] is another notion of a
//! site, for where thin strings of parcels tie too much together; [`Regions`] divide land into as many viable units as possible.

mod bridge;
mod dbscan;
mod input;
mod merge_tree;
mod regions;
mod shape;
mod significance;
mod sites;
mod sweep;

pub use dbscan::Dbscan;
pub use input::{SiteInput, SiteOptions};
pub use merge_tree::{MergeTree, TreeSite};
pub use regions::{IslandPolicy, RegionInput, RegionOptions, Regions};
pub use shape::{Fragmentation, Ownership, Shape};
pub use significance::{Significance, SignificanceOptions};
pub use sites::{Site, Sites, SizeClass, net_area_m2};
pub(crate) use sweep::sweep_with;
pub use sweep::{SWEEP_GAPS_M, SweepStep, sweep};
