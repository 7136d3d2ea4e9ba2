//! Who touches whom, and why: neighbours of every parcel by a rule, as a graph with the reason of each link.

mod barrier;
mod candidates;
mod centroids;
mod graph;
mod rule;

pub use crate::geometry::distance::Contact;
pub use barrier::{Barred, Barriers};
pub use candidates::candidate_pairs;
pub use graph::{Components, Graph, Link};
pub use rule::{
    Adjacency, Overlap, Rule, overlapping_pairs, overlapping_within, within_gap, within_gap_among,
};
