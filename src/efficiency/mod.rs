//! Which parcels are low-efficiency, by which rule, and by what margin.
//!
//! A [`Rule`] is data: absolute standards, quantiles and other tests, joined by `any`, `all` or `at_least`. Judging it over
//! candidates gives an [`Assessment`]: one [`Verdict`] per parcel, and behind it every [`Test`] with value, threshold and
//! margin. A value that is not known makes no verdict by itself: three-valued logic carries it through the rule.
//!
//! A quantile marks *suspected* low-efficiency: it finds the lowest share of any city, good or bad. Where a standard or a
//! benchmark exists, use that.
//!
//! An [`Appraisal`] is the rule the cities publish: firms scored against benchmarks, ranked and graded.

mod allocation;
pub mod appraisal;
mod assessment;
mod composite;
mod contribution;
mod development_zone;
mod field_check;
mod idle;
mod industrial;
mod logic;
mod quantile;
mod rule;
mod soft_site;
mod stage;
mod stock;
mod topsis;
mod upstairs;

pub use crate::language::Language;
pub use allocation::{Allocation, AllocationBasis, JoinReport, JoinedRow, Occupancy, RowOutcome, Spread};
pub use appraisal::{
    Appraisal, Appraised, Cuts, Grade, Grading, ItemScore, NeededColumn, Remark, Rounding, Standing,
    StatedColumn, Ties, repeated,
};
pub(crate) use appraisal::{Form, Missing, Negative};
pub use assessment::{Assessment, AtSetting, Basis, MIN_RANKED, Reason, Setting, Test, Verdict};
pub use composite::{Composite, Part};
pub use contribution::{Contribution, contributions, location_quotient, peer_percentile};
pub use development_zone::{
    Ideal, ZoneFigures, ZoneIndicator, ZonePart, ZonePotential, ZoneStandard, ZoneType,
};
pub use field_check::{FieldCheck, FieldCheckReport, FieldChecks};
pub use idle::{IdleFigures, IdleLand, QualitativeFlags};
pub use industrial::{
    MIN_FAR_2008, SectorMinimum, SiteFigures, SiteLimits, SiteTest, counted_floor_area_m2, min_far_2008,
};
pub use quantile::quantile;
pub use rule::{Direction, Measures, Rule};
pub use soft_site::{
    BuildableClass, BuildableFigures, BuildableRule, Lot, Recall, SoftSiteRule, improvement_ratio,
    improvement_to_land,
};
pub(crate) use stage::ScoredParcels;
pub use stage::{APPRAISAL_SCORE, AppraisedParcels, COMPOSITE, Efficiency, EfficiencyOptions, default_score};
pub use stock::{CONTRACT_COLUMNS, StockClass, UnusedLand, approved_not_supplied, idle_test, unused_land};
pub use topsis::{EntropyTopsis, entropy_topsis};
pub use upstairs::{Demolition, HighRiseFactory, Redevelopment, output_gap};
