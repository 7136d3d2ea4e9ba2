//! Appraisal, standards, capacity and cases, against the golden values of the methodology.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "efficiency/allocation.rs"]
mod allocation;
#[path = "efficiency/appraisal.rs"]
mod appraisal;
#[path = "efficiency/cases.rs"]
mod cases;
#[path = "efficiency/joins.rs"]
mod joins;
#[path = "efficiency/measures.rs"]
mod measures;
#[path = "efficiency/zone.rs"]
mod zone;
