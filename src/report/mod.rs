//! What an analysis found, for machines and for people: `summary.json`, `intensity.csv`, GeoJSON layers, words for a terminal, and the map
//! (feature `map`).

mod audit;
mod balance;
mod csv;
mod layers;
#[cfg(feature = "map")]
pub mod map;
#[cfg(feature = "map")]
mod picture;
mod summary;
mod text;

pub use audit::{AuditSummary, AuditYear, FateCount, Ground, Inside, InsideCount, Relabelled, write_audit};
pub use csv::{intensity_csv, withdrawals_csv, write_intensity};
pub use layers::{write_layers, write_parcels};
#[cfg(feature = "map")]
pub use picture::picture;
pub use summary::{
    Adjacency, Clusters, Coverage, Crs, Efficiency, Intensity, Line, Outlooks, Parcels, Review,
    SCHEMA_VERSION, Summary,
};
pub use text::{TOP_SITES, text};
