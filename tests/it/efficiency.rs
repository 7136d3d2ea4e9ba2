//! Appraisal, standards, capacity and cases, against golden values computed by hand.

mod allocation;
mod appraisal;
mod cases;
mod joins;
mod measures;
mod zone;
