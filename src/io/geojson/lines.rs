use geojson::{GeoJson, GeometryValue};

use super::json::Fault;
use super::read::syntax;
use super::scan::{Scanner, crs_name};
use crate::Error;
use crate::geometry::Coord;
use crate::io::Source;
use crate::io::layer::BLOCK;

/// Lines of a layer, and the system it says they are in.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct FoundLines {
    /// The lines, in source coordinates.
    pub lines: Vec<Vec<Coord>>,
    /// The name of their system.
    pub crs_member: Option<String>,
    /// What the layer calls the system, where that could not be understood.
    pub unread_crs: Option<Box<str>>,
}

/// The lines among the features of a file, closed ones as they are; geometries of other kinds are passed over.
pub(in crate::io) fn read_lines(source: &Source) -> Result<FoundLines, Error> {
    let mut scanner = Scanner::open(source, BLOCK)?.strict();
    let mut lines = Vec::new();
    while let Some(block) = scanner.next()? {
        for span in block.spans() {
            let fault = |expected| {
                let fault = Fault { at: 0, expected };
                syntax(scanner.name(), block.base + span.start as u64, "", fault)
            };
            let bytes = &block.text[span.clone()];
            if !bytes.starts_with(b"{") {
                continue;
            }
            let feature: GeoJson = serde_json::from_slice(bytes).map_err(|_| fault("a feature"))?;
            let geometry = match feature {
                GeoJson::Feature(feature) => feature.geometry,
                GeoJson::Geometry(geometry) => Some(geometry),
                GeoJson::FeatureCollection(_) => None,
            };
            let parts = match geometry.map(|geometry| geometry.value) {
                Some(GeometryValue::LineString { coordinates }) => vec![coordinates],
                Some(GeometryValue::MultiLineString { coordinates }) => coordinates,
                _ => Vec::new(),
            };
            for part in parts {
                let part = part.iter().map(|position| coord(position.as_slice())).collect::<Option<_>>();
                lines.push(part.ok_or_else(|| fault("positions of finite numbers"))?);
            }
        }
        scanner.recycle(block.text);
    }
    let unread_crs = scanner.about().and_then(|about| about.unread_crs.clone());
    Ok(FoundLines { lines, crs_member: scanner.crs().and_then(crs_name), unread_crs })
}

fn coord(position: &[f64]) -> Option<Coord> {
    let &[x, y, ..] = position else { return None };
    (x.is_finite() && y.is_finite()).then_some([x, y])
}
