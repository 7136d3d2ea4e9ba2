//! Spatial autocorrelation: do alike parcels stand together, and where?
//!
//! [`Weights`] say who is whose neighbour. [`Observations`] hold one value for each parcel, unknown ones set aside with their
//! links, and answer with global statistics ([`moran`](Observations::moran), [`geary`](Observations::geary),
//! [`general_g`](Observations::general_g)) and, by conditional permutation, with local ones
//! ([`local`](Observations::local): local Moran, Gi and Gi*). Where all that is known is a mark, low-efficiency or not, ask
//! [`join_counts`] and [`local_join_counts`]. [`false_discovery`] says which of many local tests to believe.
//!
//! These statistics describe; they never select sites. Contiguous sites come from [`cluster`](crate::cluster), and a site is
//! a site whether or not its neighbourhood is significant.
//!
//! Nothing depends on the number of threads. Draws are tied to the positions of observations, so give them in an order of
//! their own, as a [`ParcelSet`](crate::ParcelSet) does.

mod conditional;
mod false_discovery;
mod fixed;
mod gal;
mod global;
mod join_count;
mod local;
mod observations;
mod reference;
mod rng;
mod weights;

pub use conditional::Scheme;
pub use false_discovery::{FalseDiscovery, false_discovery};
pub use global::{GlobalStatistic, GlobalStatistics};
pub use join_count::{JoinCounts, LocalJoinCounts, join_counts, local_join_counts};
pub use local::{
    Alternative, Divisor, GetisOrdSummary, LocalMoranSummary, LocalOptions, LocalResults, Quadrant,
    QuadrantCounts, Standing,
};
pub use observations::{Geary, GeneralG, Moran, Observations, Undefined};
pub use reference::Reference;
pub use weights::{Contiguity, Style, Weights};
