//! Layers as GeoParquet 1.1: geometries as well-known binary, with a column of their boxes by which readers skip what they do not need.
//!
//! Source: GeoParquet 1.1.0 (metadata `geo`, `covering`).

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StructArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde_json::json;

use super::arrow::{Batches, GEOMETRY};
use super::layer::Layer;
use crate::Error;
use crate::crs::SourceCrs;
use crate::geometry::{Envelope, MultiPolygonArray};

/// The column of boxes.
pub(super) const BOX: &str = "bbox";
/// Rows that are made at a time.
const ROWS: usize = 8_192;
/// Rows of a group, the unit that readers skip.
const GROUP: usize = 65_536;

impl Layer<'_> {
    /// Writes it as GeoParquet; as Parquet where it has no geometry.
    pub(super) fn write_geoparquet(&self, mut out: impl Write) -> Result<(), Error> {
        let batches = Batches::new(self, &[BOX])?;
        let schema = with_boxes(batches.schema(), batches.shapes().is_some());
        let properties = WriterProperties::builder()
            .set_created_by(format!("landuse {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP))
            .build();
        let made = Made::default();
        let schema = Arc::new(schema);
        let mut writer =
            ArrowWriter::try_new(made.clone(), Arc::clone(&schema), Some(properties)).map_err(failed)?;
        for start in (0..self.len()).step_by(ROWS) {
            let rows = start..self.len().min(start + ROWS);
            let batch = batches.get(rows.clone())?;
            let mut columns = batch.columns().to_vec();
            if let Some(shapes) = batches.shapes() {
                columns.push(boxes(shapes, rows));
            }
            let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
            writer.write(&batch).map_err(failed)?;
            made.drain(&mut out)?;
        }
        if let Some(shapes) = batches.shapes() {
            let geo = self.geo_metadata(shapes)?.to_string();
            writer.append_key_value_metadata(KeyValue::new("geo".to_owned(), geo));
        }
        writer.close().map_err(failed)?;
        made.drain(&mut out)?;
        out.flush().map_err(Error::Write)
    }

    /// What GeoParquet says of the column of geometries.
    fn geo_metadata(&self, shapes: &MultiPolygonArray) -> Result<serde_json::Value, Error> {
        let name = self.crs().0.unwrap_or("EPSG:4326");
        let crs = name.parse::<SourceCrs>().map_err(Error::Crs)?;
        let crs = crs.to_projjson().ok_or_else(|| {
            let expected =
                "a system whose projection GeoParquet can carry, or the output as GeoJSON or GeoPackage";
            crate::ParamError::new("the coordinate system of the layer", name, expected)
        })?;
        let mut types = Vec::new();
        let parts = || shapes.iter().map(|shape| shape.polygons().len());
        if parts().any(|parts| parts == 1) {
            types.push("Polygon");
        }
        if parts().any(|parts| parts != 1) {
            types.push("MultiPolygon");
        }
        let path = |side: &str| json!([BOX, side]);
        let mut column = json!({
            "encoding": "WKB",
            "geometry_types": types,
            "crs": crs,
            "covering": {"bbox": {
                "xmin": path("xmin"), "ymin": path("ymin"), "xmax": path("xmax"), "ymax": path("ymax"),
            }},
        });
        let extent = Envelope::of(shapes.coords().iter().copied());
        if !shapes.coords().is_empty() {
            column["bbox"] = json!([extent.min[0], extent.min[1], extent.max[0], extent.max[1]]);
        }
        Ok(json!({"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}))
    }
}

fn sides() -> Fields {
    ["xmin", "ymin", "xmax", "ymax"].map(|side| Field::new(side, DataType::Float64, false)).to_vec().into()
}

fn with_boxes(schema: &Schema, shapes: bool) -> Schema {
    let mut fields = schema.fields().to_vec();
    if shapes {
        fields.push(Arc::new(Field::new(BOX, DataType::Struct(sides()), true)));
    }
    Schema::new(fields)
}

/// The boxes of geometries; an empty one has none.
fn boxes(shapes: &MultiPolygonArray, rows: std::ops::Range<usize>) -> ArrayRef {
    let all: Vec<Envelope> = rows.map(|row| Envelope::of(shapes.get(row).coords().iter().copied())).collect();
    let known: NullBuffer = all.iter().map(|own| !own.is_empty()).collect();
    let side = |of: fn(&Envelope) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(all.iter().map(|own| {
            let x = of(own);
            if x.is_finite() { x } else { 0.0 }
        })))
    };
    let columns = vec![side(|b| b.min[0]), side(|b| b.min[1]), side(|b| b.max[0]), side(|b| b.max[1])];
    Arc::new(StructArray::new(sides(), columns, Some(known)))
}

fn failed(error: ParquetError) -> Error {
    Error::Write(std::io::Error::other(error))
}

/// Bytes that were made and not yet handed on: the writer's own output must be free to move between threads.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<Vec<u8>>>);

impl Made {
    fn drain(&self, out: &mut impl Write) -> Result<(), Error> {
        let mut bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(&bytes).map_err(Error::Write)?;
        bytes.clear();
        Ok(())
    }
}

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
