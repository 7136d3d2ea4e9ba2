//! What is handed to people: maps drawn from plain inputs.

#[cfg(feature = "map")]
pub mod map;
