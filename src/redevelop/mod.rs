//! From sites to a programme: what each could become, which parcels can be assembled, and what to build when.
//!
//! [`Capacity`] takes an [`Analysis`](crate::Analysis) and says what parcels, sites and study units could become at a target floor
//! area ratio: floor gained, floor built, land released, what is lost to lines and setbacks, what fits, what is demolished.
//! [`Assemblies`] are contiguous sets of parcels that meet limits of size, shape, use and owners, with the owners who hold out.
//! A programme (feature `programme`) chooses among sites or assemblies over years, within budget, caps and shares, with a bound on what any
//! choice is worth. A scenario is a file of differences to a base, run beside it and held against it.

mod assembly;
mod capacity;
mod far;
mod fit;
mod land;
mod options;
mod places;
#[cfg(feature = "programme")]
mod programme;
#[cfg(feature = "programme")]
mod scenario;

pub use assembly::{Assemblies, Assembly, AssemblyOptions, Described, HoldOut, LandShare, Rank};
pub use capacity::{Capacity, Figures, ParcelCapacity, SiteCapacity, UnitCapacity};
pub use far::{BaseFar, FarFactor, FarRules, FarSource};
pub use fit::{Binding, Fit, FitOptions, LoadLimit, Planned};
pub use land::SiteLand;
pub use options::{CapacityOptions, RedevelopOptions};
#[cfg(feature = "programme")]
pub use programme::{
    CostRates, Decant, DistrictShare, Objective, Programme, ProgrammeDistrict, ProgrammeInput,
    ProgrammeOptions, ProgrammeYear, Project, Projects, Proof, Required, Rule, Supply,
};
#[cfg(feature = "programme")]
pub use scenario::{
    AmountDifference, Differences, Outcome, ParcelDifference, Scenario, SiteDifference, Weighed, pareto_front,
};
