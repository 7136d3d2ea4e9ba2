//! All layers of an analysis as one `GeoPackage`: with spatial indices, a description of every column, and a style for each layer.

mod style;
mod tables;

use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, Statement};

use super::columns::Cell;
use super::layer::{Layer, OutputLayer};
use crate::geometry::{MultiPolygonArray, MultiPolygonRef, PolygonRef};
use crate::{Analysis, Error};
use tables::{LayerTable, System};

/// Writes every layer and table that an analysis has into a new `GeoPackage`: the same rows, columns and coordinates as their other forms.
/// Each layer of features has an R-tree, each column its meaning and unit, and the common ones a style that QGIS opens them in. The same
/// analysis gives the same bytes.
///
/// A file that a failure leaves behind is no `GeoPackage` yet: write it under another name first, as the command does.
///
/// ```no_run
/// # fn show(analysis: &landuse::Analysis) -> Result<(), landuse::Error> {
/// landuse::report::write_geopackage(analysis, "landuse.gpkg")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::Io`] where the file cannot be written, or holds something; [`Error::NotFinite`] for a coordinate that does not come back from
/// the working plane.
///
/// # Complexity
/// O(n log n) in rows, for the R-tree; in memory are the geometries of one layer.
///
/// # Source
/// OGC 12-128r19, GeoPackage 1.4: features, attributes, and the extensions for R-trees and schemas.
pub fn write_geopackage(analysis: &Analysis, path: impl AsRef<Path>) -> Result<(), Error> {
    write_geopackage_of(analysis, &OutputLayer::ALL, path)
}

/// [`write_geopackage`] of some layers; those that the analysis does not have are left out.
///
/// # Errors
/// As [`write_geopackage`].
pub fn write_geopackage_of(
    analysis: &Analysis,
    layers: &[OutputLayer],
    path: impl AsRef<Path>,
) -> Result<(), Error> {
    let path = path.as_ref();
    let about = std::fs::metadata(path).map(|about| about.len());
    if about.is_ok_and(|bytes| bytes > 0) {
        let reason =
            std::io::Error::new(std::io::ErrorKind::AlreadyExists, "it holds something, expected no file");
        return Err(Error::io("write", path, reason));
    }
    let failed = |error: rusqlite::Error| Error::io("write", path, std::io::Error::other(error));
    let mut file = Connection::open(path).map_err(failed)?;
    file.execute_batch(tables::SETTINGS).map_err(failed)?;
    let transaction = file.transaction().map_err(failed)?;
    transaction.execute_batch(tables::BASE).map_err(failed)?;
    let wanted = OutputLayer::ALL.into_iter().filter(|which| layers.contains(which));
    let layers: Vec<Layer<'_>> = wanted.map(|which| analysis.layer(which)).collect();
    for layer in layers.iter().filter(|layer| layer.is_available()) {
        let shapes = layer.rounded_shapes()?;
        write_layer(&transaction, layer, shapes.as_ref()).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    file.close().map_err(|(_, error)| failed(error))
}

fn write_layer(
    file: &Connection,
    layer: &Layer<'_>,
    shapes: Option<&MultiPolygonArray>,
) -> rusqlite::Result<()> {
    let rows = layer.rows();
    let columns: Vec<_> = rows.flat().iter().filter_map(|&at| Some((at, rows.columns().get(at)?))).collect();
    let system = shapes.map(|_| System::of(layer.crs_name()));
    let table = LayerTable::new(layer.name(), columns.iter().map(|(_, column)| *column), system.as_ref());
    table.create(file)?;
    let mut insert = file.prepare(&table.insert())?;
    let mut index = shapes.map(|_| file.prepare(&table.insert_box())).transpose()?;
    let mut blob = Vec::new();
    let mut extent = None;
    let mut number: i64 = 0;
    for row in 0..layer.len() {
        number += 1;
        insert.raw_bind_parameter(1, number)?;
        let mut first = 2;
        if let Some(shapes) = shapes {
            let shape = shapes.get(row);
            let found = bounds(shape);
            push_blob(&mut blob, shape, found, system.as_ref().map_or(0, |system| system.id));
            insert.raw_bind_parameter(first, &blob[..])?;
            first += 1;
            if let (Some(index), Some(found)) = (&mut index, found) {
                let [min_x, min_y, max_x, max_y] = found;
                index.execute((number, min_x, max_x, min_y, max_y))?;
                extent = Some(extent.map_or(found, |extent| joined(extent, found)));
            }
        }
        for (i, &(at, _)) in columns.iter().enumerate() {
            bind(&mut insert, first + i, rows.cell(at, layer.item(row)))?;
        }
        insert.raw_execute()?;
    }
    table.finish(file, number, extent)?;
    match style::of(layer) {
        Some(style) => table.add_style(file, &style),
        None => Ok(()),
    }
}

fn bind(insert: &mut Statement<'_>, at: usize, cell: Cell<'_>) -> rusqlite::Result<()> {
    match cell {
        Cell::Unknown => insert.raw_bind_parameter(at, Value::Null),
        // A nought has no sign.
        Cell::Number(x) => insert.raw_bind_parameter(at, x + 0.0),
        Cell::Count(count) => insert.raw_bind_parameter(at, i64::try_from(count).unwrap_or(i64::MAX)),
        Cell::Flag(flag) => insert.raw_bind_parameter(at, flag),
        Cell::Text(text) => insert.raw_bind_parameter(at, &*text),
        Cell::Json(json) => insert.raw_bind_parameter(at, &*String::from_utf8_lossy(&json)),
    }
}

/// Least x and y, greatest x and y.
type Bounds = [f64; 4];

fn bounds(shape: MultiPolygonRef<'_>) -> Option<Bounds> {
    shape.coords().iter().map(|&[x, y]| [x, y, x, y]).reduce(joined)
}

fn joined(a: Bounds, b: Bounds) -> Bounds {
    [a[0].min(b[0]), a[1].min(b[1]), a[2].max(b[2]), a[3].max(b[3])]
}

/// A geometry as the value of a column: a head with its bounds, then a multipolygon as well-known binary.
fn push_blob(blob: &mut Vec<u8>, shape: MultiPolygonRef<'_>, bounds: Option<Bounds>, system: i32) {
    // Little-endian, with bounds in x and y; or little-endian and empty.
    let flags: u8 = if bounds.is_some() { 0b0011 } else { 0b1_0001 };
    blob.clear();
    blob.extend_from_slice(&[b'G', b'P', 0, flags]);
    blob.extend_from_slice(&system.to_le_bytes());
    if let Some([min_x, min_y, max_x, max_y]) = bounds {
        for x in [min_x, max_x, min_y, max_y] {
            blob.extend_from_slice(&x.to_le_bytes());
        }
    }
    let head = |blob: &mut Vec<u8>, kind: u32, parts: usize| {
        blob.push(1);
        blob.extend_from_slice(&kind.to_le_bytes());
        blob.extend_from_slice(&(parts as u32).to_le_bytes());
    };
    let polygon = |blob: &mut Vec<u8>, polygon: PolygonRef<'_>| {
        head(blob, 3, polygon.rings().len());
        for ring in polygon.rings() {
            blob.extend_from_slice(&(ring.len() as u32).to_le_bytes());
            ring.iter().flatten().for_each(|x| blob.extend_from_slice(&x.to_le_bytes()));
        }
    };
    head(blob, 6, shape.polygons().len());
    shape.polygons().for_each(|part| polygon(blob, part));
}
