use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, BooleanArray, Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow_buffer::{Buffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Schema};

use super::columns::{Cell, ColumnKind, OutputColumn, distinct_names};
use super::layer::Layer;
use crate::Error;
use crate::geometry::{MultiPolygonArray, MultiPolygonRef, PolygonRef};

/// Rows of a batch: of city parcels some 100 MB.
const BATCH: usize = 1 << 16;

/// The column of geometries.
pub(super) const GEOMETRY: &str = "geometry";

impl Layer<'_> {
    /// It as Arrow record batches of at most 65,536 rows, all of one schema; one batch at least.
    ///
    /// Numbers are `Float64`, counts `UInt64`, flags `Boolean`, texts `Utf8`; a nested value is JSON as `Utf8` with the extension name
    /// `arrow.json`. The last column, `geometry`, is `Binary` with the extension name `geoarrow.wkb` and its coordinate system. The
    /// metadata of each field hold `unit` and `description`.
    ///
    /// # Errors
    /// As [`write`](Self::write); [`Error::TooLarge`] where the texts or geometries of a batch exceed 2 GiB.
    pub fn to_arrow(&self) -> Result<Vec<RecordBatch>, Error> {
        let batches = Batches::new(self, &[])?;
        let starts = (0..self.len().max(1)).step_by(BATCH);
        starts.map(|start| batches.get(start..self.len().min(start + BATCH))).collect()
    }
}

/// A layer as record batches, each made when it is asked for.
pub(super) struct Batches<'l> {
    layer: &'l Layer<'l>,
    /// Position and kind of each column.
    columns: Vec<(usize, ColumnKind)>,
    schema: Arc<Schema>,
    shapes: Option<MultiPolygonArray>,
}

impl<'l> Batches<'l> {
    /// Of a layer in whose form these names are taken.
    pub(super) fn new(layer: &'l Layer<'l>, taken: &[&str]) -> Result<Self, Error> {
        layer.check()?;
        let columns: Vec<&OutputColumn> =
            layer.rows().flat().iter().map(|&at| &layer.columns()[at]).collect();
        let shapes = layer.rounded_shapes()?;
        let taken = if shapes.is_some() { [taken, &[GEOMETRY]].concat() } else { Vec::new() };
        let names = distinct_names(columns.iter().copied(), &taken);
        let mut fields: Vec<Field> =
            columns.iter().zip(names).map(|(column, name)| field(column, name)).collect();
        if shapes.is_some() {
            fields.push(geometry_field(layer.crs().0.unwrap_or("OGC:CRS84")));
        }
        let kinds = layer.rows().flat().iter().zip(&columns).map(|(&at, column)| (at, column.kind));
        Ok(Self { layer, columns: kinds.collect(), schema: Arc::new(Schema::new(fields)), shapes })
    }

    #[cfg(feature = "parquet")]
    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    #[cfg(feature = "parquet")]
    pub(super) fn shapes(&self) -> Option<&MultiPolygonArray> {
        self.shapes.as_ref()
    }

    /// The batch of some rows.
    pub(super) fn get(&self, rows: Range<usize>) -> Result<RecordBatch, Error> {
        let mut arrays = Vec::with_capacity(self.schema.fields().len());
        for &(at, kind) in &self.columns {
            let cells = rows.clone().map(|row| self.layer.rows().cell(at, self.layer.item(row)));
            arrays.push(array(kind, cells)?);
        }
        if let Some(shapes) = &self.shapes {
            arrays.push(geometries(shapes, rows)?);
        }
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }
}

fn field(column: &OutputColumn, name: String) -> Field {
    let kind = match column.kind {
        ColumnKind::Number => DataType::Float64,
        ColumnKind::Count => DataType::UInt64,
        ColumnKind::Flag => DataType::Boolean,
        ColumnKind::Text | ColumnKind::Nested => DataType::Utf8,
    };
    let mut metadata = HashMap::from([("description".to_owned(), column.meaning.to_owned())]);
    if !column.unit.is_empty() {
        metadata.insert("unit".to_owned(), column.unit.clone());
    }
    if column.kind == ColumnKind::Nested {
        metadata.insert("ARROW:extension:name".to_owned(), "arrow.json".to_owned());
        metadata.insert("ARROW:extension:metadata".to_owned(), String::new());
    }
    Field::new(name, kind, true).with_metadata(metadata)
}

fn geometry_field(crs: &str) -> Field {
    let crs = serde_json::json!({"crs": crs, "crs_type": "authority_code"});
    let metadata =
        [("ARROW:extension:name", "geoarrow.wkb".to_owned()), ("ARROW:extension:metadata", crs.to_string())];
    Field::new(GEOMETRY, DataType::Binary, true)
        .with_metadata(metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn array<'a>(kind: ColumnKind, cells: impl Iterator<Item = Cell<'a>>) -> Result<ArrayRef, Error> {
    Ok(match kind {
        ColumnKind::Number => Arc::new(
            cells
                .map(|cell| match cell {
                    Cell::Number(x) => Some(x),
                    _ => None,
                })
                .collect::<Float64Array>(),
        ),
        ColumnKind::Count => Arc::new(
            cells
                .map(|cell| match cell {
                    Cell::Count(count) => Some(count),
                    _ => None,
                })
                .collect::<UInt64Array>(),
        ),
        ColumnKind::Flag => Arc::new(
            cells
                .map(|cell| match cell {
                    Cell::Flag(flag) => Some(flag),
                    _ => None,
                })
                .collect::<BooleanArray>(),
        ),
        ColumnKind::Text | ColumnKind::Nested => {
            let mut texts = Bytes::default();
            for cell in cells {
                match cell {
                    Cell::Text(text) => texts.values.extend_from_slice(text.as_bytes()),
                    Cell::Json(json) => texts.values.extend_from_slice(&json),
                    _ => {
                        texts.end(false)?;
                        continue;
                    }
                }
                texts.end(true)?;
            }
            Arc::new(StringArray::try_new(
                texts.offsets(),
                Buffer::from_vec(texts.values),
                Some(texts.known.into()),
            )?)
        }
    })
}

fn geometries(shapes: &MultiPolygonArray, rows: Range<usize>) -> Result<ArrayRef, Error> {
    let mut column = Bytes::default();
    for row in rows {
        push_wkb(&mut column.values, shapes.get(row));
        column.end(true)?;
    }
    Ok(Arc::new(BinaryArray::try_new(column.offsets(), Buffer::from_vec(column.values), None)?))
}

/// Values of differing lengths behind each other.
#[derive(Default)]
struct Bytes {
    values: Vec<u8>,
    ends: Vec<i32>,
    known: Vec<bool>,
}

impl Bytes {
    fn end(&mut self, known: bool) -> Result<(), Error> {
        let (found, limit) = (self.values.len() as u64, i32::MAX as u64);
        let end = i32::try_from(found).map_err(|_| Error::TooLarge {
            what: "bytes of one column in a batch",
            found,
            limit,
        })?;
        self.ends.push(end);
        self.known.push(known);
        Ok(())
    }

    fn offsets(&self) -> OffsetBuffer<i32> {
        OffsetBuffer::new(std::iter::once(0).chain(self.ends.iter().copied()).collect())
    }
}

/// Adds a geometry as well-known binary (ISO, little-endian); one polygon as a `Polygon`, more or none as a `MultiPolygon`.
fn push_wkb(bytes: &mut Vec<u8>, shape: MultiPolygonRef<'_>) {
    let head = |bytes: &mut Vec<u8>, kind: u32, parts: usize| {
        bytes.push(1);
        bytes.extend_from_slice(&kind.to_le_bytes());
        bytes.extend_from_slice(&(parts as u32).to_le_bytes());
    };
    let polygon = |bytes: &mut Vec<u8>, polygon: PolygonRef<'_>| {
        head(bytes, 3, polygon.rings().len());
        for ring in polygon.rings() {
            bytes.extend_from_slice(&(ring.len() as u32).to_le_bytes());
            ring.iter().flatten().for_each(|x| bytes.extend_from_slice(&x.to_le_bytes()));
        }
    };
    let parts = shape.polygons().len();
    if parts != 1 {
        head(bytes, 6, parts);
    }
    shape.polygons().for_each(|part| polygon(bytes, part));
}
