//! What several stages share about the land, made once: what each parcel counts as.

mod status;

pub use status::{LandStatus, land_status};
