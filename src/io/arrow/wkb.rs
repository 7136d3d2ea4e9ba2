//! Geometries in well-known binary, straight into a column.

use crate::geometry::Coord;
use crate::io::geojson::{Geometry, Kind};
use crate::io::wkb::{Kind as WkbKind, LEAST_PART, Layout, MAX_DEPTH, Reader, coord};

const WANTED: &str = "expected a Polygon or a MultiPolygon";

/// Adds the polygons of a geometry behind the finished ones. On a reason, what was added has to be rolled back.
///
/// # Complexity
/// O(bytes): no count is believed beyond the bytes that are left.
pub(super) fn read(geometry: &mut Geometry<'_>, wkb: &[u8]) -> Result<Kind, String> {
    any(geometry, &mut Reader::new(wkb), 0)
}

/// Adds the lines of a geometry, if it is one of lines.
pub(super) fn read_lines(lines: &mut Vec<Vec<Coord>>, wkb: &[u8]) -> Result<(), String> {
    let mut reader = Reader::new(wkb);
    let (kind, layout) = reader.head()?;
    let mut line = |reader: &mut Reader<'_>, layout: Layout| -> Result<(), String> {
        let mut line = Vec::new();
        positions(reader, layout, |coord| line.push(coord))?;
        lines.push(line);
        Ok(())
    };
    match kind {
        WkbKind::LineString => line(&mut reader, layout),
        WkbKind::MultiLineString => {
            parts(&mut reader, layout, WkbKind::LineString, |reader, layout| line(reader, layout))
        }
        _ => Ok(()),
    }
}

/// How many positions the polygons of a geometry have; as many as can be told.
pub(super) fn count_positions(wkb: &[u8]) -> u64 {
    fn count(reader: &mut Reader<'_>, depth: usize, all: &mut u64) -> Result<(), String> {
        let (kind, layout) = reader.head()?;
        match kind {
            WkbKind::Polygon => {
                for _ in 0..reader.count(layout, 4, "rings")? {
                    *all += reader.run(layout)?.len() as u64 / layout.stride as u64;
                }
            }
            WkbKind::MultiPolygon | WkbKind::Collection if depth <= MAX_DEPTH => {
                for _ in 0..reader.count(layout, LEAST_PART, "parts")? {
                    count(reader, depth + 1, all)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
    let mut all = 0;
    // What cannot be read is put aside later, with the reason.
    let _ = count(&mut Reader::new(wkb), 0, &mut all);
    all
}

fn any(geometry: &mut Geometry<'_>, reader: &mut Reader<'_>, depth: usize) -> Result<Kind, String> {
    if depth > MAX_DEPTH {
        return Err(format!("the geometry has collections in each other, expected at most {MAX_DEPTH}"));
    }
    let (kind, layout) = reader.head()?;
    let before = geometry.array.coords().len();
    let kind = match kind {
        WkbKind::Polygon => {
            polygon(geometry, reader, layout)?;
            Kind::Polygons
        }
        WkbKind::MultiPolygon => {
            parts(reader, layout, WkbKind::Polygon, |reader, layout| polygon(geometry, reader, layout))?;
            Kind::Polygons
        }
        WkbKind::Collection => {
            for _ in 0..reader.count(layout, LEAST_PART, "parts")? {
                any(geometry, reader, depth + 1)
                    .map_err(|reason| format!("in a GeometryCollection {reason}"))?;
            }
            Kind::Collection
        }
        WkbKind::LineString if geometry.closed_lines => {
            closed_line(geometry, reader, layout)?;
            Kind::ClosedLines
        }
        WkbKind::MultiLineString if geometry.closed_lines => {
            parts(reader, layout, WkbKind::LineString, |reader, layout| {
                closed_line(geometry, reader, layout)
            })?;
            Kind::ClosedLines
        }
        other => return Err(format!("the geometry is a {}, {WANTED}", other.name())),
    };
    Ok(if geometry.array.coords().len() == before { Kind::Empty } else { kind })
}

/// The parts of a geometry, all of one kind.
fn parts(
    reader: &mut Reader<'_>,
    layout: Layout,
    expected: WkbKind,
    mut read: impl FnMut(&mut Reader<'_>, Layout) -> Result<(), String>,
) -> Result<(), String> {
    for _ in 0..reader.count(layout, LEAST_PART, "parts")? {
        let (kind, layout) = reader.head()?;
        if kind != expected {
            let (found, expected) = (kind.name(), expected.name());
            return Err(format!("a part of the geometry is a {found}, expected a {expected}"));
        }
        read(reader, layout)?;
    }
    Ok(())
}

fn polygon(geometry: &mut Geometry<'_>, reader: &mut Reader<'_>, layout: Layout) -> Result<(), String> {
    let rings = reader.count(layout, 4, "rings")?;
    let mut polygon = geometry.polygon_parts();
    for _ in 0..rings {
        let count = positions(reader, layout, |coord| polygon.push(coord))?;
        polygon.end_ring(count * (layout.stride / 8 - 2));
    }
    polygon.end()
}

fn closed_line(geometry: &mut Geometry<'_>, reader: &mut Reader<'_>, layout: Layout) -> Result<(), String> {
    let start = geometry.array.coords().len();
    let count = positions(reader, layout, |coord| geometry.array.push_coord(coord))?;
    geometry.tally.dropped_ordinates += (count * (layout.stride / 8 - 2)) as u64;
    geometry.end_closed_line(start)
}

/// The positions of a line or ring; how many there are.
fn positions(reader: &mut Reader<'_>, layout: Layout, mut push: impl FnMut(Coord)) -> Result<usize, String> {
    let run = reader.run(layout)?;
    for position in run.chunks_exact(layout.stride) {
        let [x, y] = coord(position, layout.little);
        if !(x.is_finite() && y.is_finite()) {
            return Err(format!("the geometry has the coordinate {x}, {y}, expected finite numbers"));
        }
        push([x, y]);
    }
    Ok(run.len() / layout.stride)
}
