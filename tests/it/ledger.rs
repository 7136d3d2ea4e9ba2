//! The ledger against an oracle that knows no boolean operation, against GEOS, and against its own identities, on random
//! overlapping, touching, holed and multi-part land.

mod golden;
mod identities;
mod scene;
mod sweep;
mod units;
