//! Who touches whom, and why.

mod graph;

pub use graph::{Components, Contact, Graph, Link};
