//! Formats other than GeoJSON, wherever a layer is taken.

mod encodings;
mod shapefile;
mod writer;
