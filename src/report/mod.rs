//! What an analysis found, for machines and for people: `summary.json`, `intensity.csv`, GeoJSON layers, words for a terminal, and the map
//! (feature `map`).

mod audit;
mod balance;
mod csv;
mod joins;
mod layers;
#[cfg(feature = "map")]
mod ledger_pictures;
#[cfg(feature = "map")]
pub mod map;
#[cfg(feature = "map")]
mod parcel_maps;
mod summary;
mod table;
mod text;
mod verdict;

pub use audit::{
    AuditSummary, AuditYear, FateCount, Ground, Inside, InsideCount, Relabelled, matches_csv, write_changes,
    write_inside_changes,
};
pub use csv::{intensity_csv, withdrawals_csv};
pub use joins::{appraisal_csv, appraised_parcels_csv, buildings_csv, firms_csv};
pub use layers::{Layer, OutputLayer, write_graph, write_parcels};
#[cfg(feature = "map")]
pub use ledger_pictures::{gradient_chart, intensity_picture, limit_chart};
#[cfg(feature = "map")]
pub use parcel_maps::{hot_spots, picture};
pub use summary::{
    Adjacency, AppraisalSummary, Clusters, Coverage, Crs, Density, Efficiency, Intensity, Line, Outlooks,
    Parcels, RegionTotals, Review, SCHEMA_VERSION, StockTotal, Summary,
};
pub use text::{TOP_SITES, text};
pub use verdict::sentence;
