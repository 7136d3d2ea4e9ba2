//! Appraisal, standards, capacity and cases, against the golden values of the methodology.

mod allocation;
mod appraisal;
mod cases;
mod joins;
mod measures;
mod zone;
