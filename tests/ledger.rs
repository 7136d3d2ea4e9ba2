//! The ledger against an oracle that knows no boolean operation, against GEOS, and against its own identities, on random
//! overlapping, touching, holed and multi-part land.

#![allow(clippy::unwrap_used, reason = "a test stops where it does not hold")]

#[path = "ledger/golden.rs"]
mod golden;
#[path = "ledger/identities.rs"]
mod identities;
#[path = "ledger/scene.rs"]
mod scene;
#[path = "ledger/sweep.rs"]
mod sweep;
#[path = "ledger/units.rs"]
mod units;
