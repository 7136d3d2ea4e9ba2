use serde_json::Value;

use super::json::Fault;
use super::read::syntax;
use super::scan::{Scanner, crs_name};
use crate::Error;
use crate::geometry::Coord;
use crate::io::Source;
use crate::io::layer::BLOCK;

/// Lines of a file, and the system it says they are in.
pub(in crate::io) struct Lines {
    pub(in crate::io) lines: Vec<Vec<Coord>>,
    pub(in crate::io) crs_member: Option<String>,
}

/// The lines among the features of a file, closed ones as they are; geometries of other kinds are passed over.
pub(in crate::io) fn read_lines(source: &Source) -> Result<Lines, Error> {
    let mut scanner = Scanner::open(source, BLOCK)?.strict();
    let mut lines = Vec::new();
    while let Some(block) = scanner.next()? {
        for span in block.spans() {
            let fault = |expected| {
                let fault = Fault { at: 0, expected };
                syntax(scanner.name(), block.base + span.start as u64, "", fault)
            };
            let feature: Value =
                serde_json::from_slice(&block.text[span.clone()]).map_err(|_| fault("a feature"))?;
            let geometry = feature.get("geometry").unwrap_or(&feature);
            let coordinates = geometry.get("coordinates").and_then(Value::as_array);
            match (geometry.get("type").and_then(Value::as_str), coordinates) {
                (Some("LineString"), Some(positions)) => {
                    lines.push(line(positions).ok_or_else(|| fault("positions of finite numbers"))?);
                }
                (Some("MultiLineString"), Some(parts)) => {
                    for part in parts {
                        let part = part.as_array().and_then(|positions| line(positions));
                        lines.push(part.ok_or_else(|| fault("positions of finite numbers"))?);
                    }
                }
                _ => {}
            }
        }
        scanner.recycle(block.text);
    }
    Ok(Lines { lines, crs_member: scanner.crs().and_then(crs_name) })
}

fn line(positions: &[Value]) -> Option<Vec<Coord>> {
    let number = |value: Option<&Value>| value?.as_f64().filter(|number| number.is_finite());
    positions.iter().map(|position| Some([number(position.get(0))?, number(position.get(1))?])).collect()
}
