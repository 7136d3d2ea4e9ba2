//! Formats other than GeoJSON, wherever a layer is taken.

mod shapefile;
mod writer;
