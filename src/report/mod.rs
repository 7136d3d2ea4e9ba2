//! What an analysis found, for machines and for people: `summary.json`, layers and tables (GeoJSON, CSV, in memory), words for a terminal,
//! and the map (feature `map`).

#[cfg(feature = "arrow")]
mod arrow;
mod audit;
mod balance;
mod columns;
mod contents;
mod dictionary;
mod form;
#[cfg(feature = "gpkg")]
mod geopackage;
#[cfg(feature = "parquet")]
mod geoparquet;
mod layer;
#[cfg(feature = "map")]
mod ledger_pictures;
#[cfg(feature = "map")]
pub mod map;
mod page;
#[cfg(any(feature = "map", feature = "gpkg"))]
#[cfg_attr(
    not(feature = "map"),
    expect(dead_code, unreachable_pub, reason = "the map takes all of it, and shows it")
)]
mod palette;
#[cfg(feature = "map")]
mod parcel_maps;
mod parcels;
mod redevelop;
mod redevelop_layers;
#[cfg(all(feature = "map", feature = "programme"))]
mod redevelop_pictures;
mod rules;
mod sentence;
mod summary;
mod table;
mod tables;
mod text;
mod verdict;
mod voice;
mod words;
#[cfg(feature = "xlsx")]
mod workbook;

pub use audit::{AuditSummary, AuditYear, FateCount, Ground, Inside, InsideCount, Relabelled};
pub use columns::{ColumnKind, ColumnMember, OutputColumn};
pub use contents::{contents, schema_file};
pub use dictionary::{data_dictionary, warning_dictionary};
#[cfg(feature = "gpkg")]
pub use geopackage::{write_geopackage, write_geopackage_of};
pub use layer::{Format, Layer, OutputLayer};
#[cfg(feature = "map")]
pub use ledger_pictures::{gradient_chart, intensity_picture, limit_chart};
pub use page::{PageInput, is_page, page};
#[cfg(feature = "map")]
pub use parcel_maps::{Frame, LocalMap, hot_spots, picture};
pub use parcels::{write_graph, write_parcels, write_parcels_without_reasons};
#[cfg(feature = "programme")]
pub use redevelop::scenario_text;
pub use redevelop::{AssemblyTotals, RedevelopSummary};
pub use redevelop_layers::{CapacityLayer, assemblies_layer, holdouts_layer};
#[cfg(feature = "programme")]
pub use redevelop_layers::{programme_layer, programme_years_layer, scenario_layers};
#[cfg(all(feature = "map", feature = "programme"))]
pub use redevelop_pictures::{phased_map, supply_chart};
pub use rules::rules;
pub use summary::{
    Adjacency, AppraisalSummary, Clusters, Coverage, Crs, Density, Efficiency, Intensity, Line, Outlooks,
    Parcels, RegionTotals, Review, SCHEMA_VERSION, StockTotal, Summary,
};
pub use tables::{AuditLayer, appraisal_layer, appraised_parcels_layer, buildings_layer, firms_layer};
pub use text::{TOP_SITES, text};
pub use verdict::sentence;
#[cfg(feature = "xlsx")]
pub use workbook::write_workbook;
