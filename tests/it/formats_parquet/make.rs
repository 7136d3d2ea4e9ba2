//! Files of columns, made from features.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, Float64Builder, GenericListBuilder, Int32Builder, Int64Builder, StringBuilder,
};
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, Date32Array, Decimal128Array, DictionaryArray, FixedSizeListArray,
    Float64Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Field, Schema};
use geojson::{FeatureCollection, Geometry, GeometryValue, PolygonType};
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Wkb,
    /// Multipolygons as lists.
    Nested {
        interleaved: bool,
    },
}

/// Columns made of features.
#[derive(Clone)]
pub(super) struct Table {
    fields: Vec<Field>,
    columns: Vec<ArrayRef>,
    encoding: Encoding,
}

/// The polygons of a geometry.
pub(super) fn polygons(geometry: &Geometry) -> Vec<PolygonType> {
    match &geometry.value {
        GeometryValue::Polygon { coordinates } => vec![coordinates.clone()],
        GeometryValue::MultiPolygon { coordinates } => coordinates.clone(),
        other => panic!("{other:?}"),
    }
}

pub(super) fn polygon_wkb(rings: &[Vec<[f64; 2]>]) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend([3u32, rings.len() as u32].iter().flat_map(|x| x.to_le_bytes()));
    for ring in rings {
        bytes.extend((ring.len() as u32).to_le_bytes());
        bytes.extend(ring.iter().flatten().flat_map(|x| x.to_le_bytes()));
    }
    bytes
}

pub(super) fn wkb_of(geometry: &Geometry) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = polygons(geometry)
        .iter()
        .map(|rings| {
            let ring = |ring: &Vec<geojson::Position>| ring.iter().map(|at| [at[0], at[1]]).collect();
            polygon_wkb(&rings.iter().map(ring).collect::<Vec<_>>())
        })
        .collect();
    if let [one] = &parts[..] {
        return one.clone();
    }
    let mut bytes = vec![1];
    bytes.extend([6u32, parts.len() as u32].iter().flat_map(|x| x.to_le_bytes()));
    bytes.extend(parts.concat());
    bytes
}

fn nested(all: &[Vec<PolygonType>], interleaved: bool) -> ArrayRef {
    let (mut parts, mut rings, mut positions) = (vec![0i32], vec![0i32], vec![0i32]);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for shape in all {
        for polygon in shape {
            for ring in polygon {
                for at in ring {
                    x.push(at[0]);
                    y.push(at[1]);
                }
                positions.push(x.len() as i32);
            }
            rings.push(positions.len() as i32 - 1);
        }
        parts.push(rings.len() as i32 - 1);
    }
    let coords: ArrayRef = if interleaved {
        let values: Vec<f64> = x.iter().zip(&y).flat_map(|(x, y)| [*x, *y]).collect();
        let field = Arc::new(Field::new("xy", DataType::Float64, false));
        Arc::new(FixedSizeListArray::new(field, 2, Arc::new(Float64Array::from(values)), None))
    } else {
        let fields = ["x", "y"].map(|name| Field::new(name, DataType::Float64, false)).to_vec();
        let columns: Vec<ArrayRef> = vec![Arc::new(Float64Array::from(x)), Arc::new(Float64Array::from(y))];
        Arc::new(StructArray::new(fields.into(), columns, None))
    };
    let list = |name: &str, offsets: Vec<i32>, values: ArrayRef| -> ArrayRef {
        let field = Arc::new(Field::new(name, values.data_type().clone(), false));
        Arc::new(ListArray::new(field, OffsetBuffer::new(offsets.into()), values, None))
    };
    list("polygons", parts, list("rings", rings, list("vertices", positions, coords)))
}

impl Table {
    pub(super) fn of(city: &FeatureCollection, encoding: Encoding) -> Self {
        let names = ["id", "current_use", "zoned_use", "district", "owner", "floor_area_m2", "footprint_m2"];
        let more = ["floors", "height_m", "allowed_far", "year_built", "output_yuan", "tax_yuan", "jobs"];
        let (mut fields, mut columns): (Vec<Field>, Vec<ArrayRef>) = (Vec::new(), Vec::new());
        for name in names.into_iter().chain(more) {
            let values: Vec<_> =
                city.features.iter().map(|feature| feature.property(name).filter(|v| !v.is_null())).collect();
            let column: ArrayRef = if values.iter().flatten().any(|value| value.is_string()) {
                let texts = values.iter().map(|value| value.and_then(|value| value.as_str()));
                Arc::new(texts.collect::<StringArray>())
            } else if values.iter().flatten().all(|value| value.is_i64()) {
                Arc::new(
                    values
                        .iter()
                        .map(|value| value.and_then(serde_json::Value::as_i64))
                        .collect::<Int64Array>(),
                )
            } else {
                Arc::new(
                    values
                        .iter()
                        .map(|value| value.and_then(serde_json::Value::as_f64))
                        .collect::<Float64Array>(),
                )
            };
            fields.push(Field::new(name, column.data_type().clone(), true));
            columns.push(column);
        }
        let shapes: Vec<_> = city.features.iter().map(|feature| feature.geometry.as_ref().unwrap()).collect();
        let (column, mark): (ArrayRef, _) = match encoding {
            Encoding::Wkb => {
                let bytes: Vec<Vec<u8>> = shapes.iter().map(|shape| wkb_of(shape)).collect();
                (
                    Arc::new(bytes.iter().map(|bytes| Some(&bytes[..])).collect::<BinaryArray>()),
                    "geoarrow.wkb",
                )
            }
            Encoding::Nested { interleaved } => {
                let all: Vec<_> = shapes.iter().map(|shape| polygons(shape)).collect();
                (nested(&all, interleaved), "geoarrow.multipolygon")
            }
        };
        let mark = [("ARROW:extension:name", mark), ("ARROW:extension:metadata", r#"{"crs":"OGC:CRS84"}"#)];
        let mark: HashMap<String, String> =
            mark.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        fields.push(Field::new("geometry", column.data_type().clone(), true).with_metadata(mark));
        columns.push(column);
        Self { fields, columns, encoding }
    }

    /// Without any mark of what its geometries are.
    pub(super) fn unmarked(&self) -> Self {
        let fields = self.fields.iter().map(|field| field.clone().with_metadata(HashMap::new())).collect();
        Self { fields, ..self.clone() }
    }

    pub(super) fn take(&self, rows: usize) -> Self {
        Self { columns: self.columns.iter().map(|column| column.slice(0, rows)).collect(), ..self.clone() }
    }

    pub(super) fn batch(&self) -> RecordBatch {
        RecordBatch::try_new(Arc::new(Schema::new(self.fields.clone())), self.columns.clone()).unwrap()
    }

    /// The metadata of `GeoParquet`; `null` for none of a system, `unknown` for one that nobody knows.
    pub(super) fn geo(&self, crs: &str) -> String {
        let encoding = if self.encoding == Encoding::Wkb { "WKB" } else { "multipolygon" };
        let crs = match crs {
            "null" => String::new(),
            "unknown" => r#","crs":null"#.into(),
            crs if crs.starts_with('{') => format!(r#","crs":{crs}"#),
            crs => format!(r#","crs":"{crs}""#),
        };
        format!(
            r#"{{"version":"1.1.0","primary_column":"geometry","columns":{{"geometry":{{"encoding":"{encoding}","geometry_types":[]{crs}}}}}}}"#
        )
    }
}

/// Values of all kinds, with geometries of all kinds: three polygons and a closed line among eight.
pub(super) fn odd() -> RecordBatch {
    let square = |x: f64| vec![[x, 22.0], [x + 0.1, 22.0], [x + 0.1, 22.1], [x, 22.1], [x, 22.0]];
    let line = |x: f64| {
        let mut bytes = vec![1];
        let ring = square(x);
        bytes.extend([2u32, ring.len() as u32].iter().flat_map(|x| x.to_le_bytes()));
        bytes.extend(ring.iter().flatten().flat_map(|x| x.to_le_bytes()));
        bytes
    };
    let deep = {
        let mut bytes = vec![1];
        bytes.extend([1003u32, 1, 4].iter().flat_map(|x| x.to_le_bytes()));
        for at in [[114.5, 22.0, 7.0], [114.6, 22.0, 7.0], [114.6, 22.1, 7.0], [114.5, 22.0, 7.0]] {
            bytes.extend(at.iter().flat_map(|x: &f64| x.to_le_bytes()));
        }
        bytes
    };
    let mut gap = square(114.0);
    gap[1][0] = f64::NAN;
    let shapes: Vec<Option<Vec<u8>>> = vec![
        Some(polygon_wkb(&[square(114.0)])),
        None,
        Some(line(114.2)),
        Some(polygon_wkb(&[gap])),
        Some(polygon_wkb(&[
            square(114.3),
            vec![[114.32, 22.02], [114.34, 22.02], [114.34, 22.04], [114.32, 22.02]],
        ])),
        Some(polygon_wkb(&[])),
        Some(deep),
        Some(vec![1, 3, 0, 0, 0, 0, 202, 154, 59]),
    ];
    let mut geometry = BinaryBuilder::new();
    let (mut big, mut raw) = (Int64Builder::new(), BinaryBuilder::new());
    let (mut share, mut name) = (Float64Builder::new(), StringBuilder::new());
    let mut list = GenericListBuilder::<i32, _>::new(Int32Builder::new());
    for (i, shape) in shapes.iter().enumerate() {
        geometry.append_option(shape.as_ref());
        big.append_value(440_305_199_000_123_456 + i as i64);
        raw.append_value(b"\0");
        share.append_option([Some(0.5), None, Some(f64::NAN), Some(f64::INFINITY)][i % 4]);
        name.append_option([Some("A \"1\""), None, Some(""), Some("地块")][i % 4]);
        list.values().append_value(1);
        list.values().append_null();
        list.append(i != 1);
    }
    let rows = shapes.len();
    let money = Decimal128Array::from_iter_values((0..rows).map(|i| 123_456 + i as i128));
    let keys = ["工业", "商业"];
    let key: DictionaryArray<Int32Type> = (0..rows).map(|i| Some(keys[i % 2]).filter(|_| i != 3)).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("big", Arc::new(big.finish())),
        ("raw", Arc::new(raw.finish())),
        ("geom", Arc::new(geometry.finish())),
        ("share", Arc::new(share.finish())),
        ("parcel_id", Arc::new(name.finish())),
        ("list", Arc::new(list.finish())),
        ("money", Arc::new(money.with_precision_and_scale(12, 2).unwrap())),
        ("key", Arc::new(key)),
        ("day", Arc::new(Date32Array::from_iter_values((0..rows).map(|i| 19_782 + i as i32)))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true)))
        .unwrap()
}

pub(super) fn parquet(batch: &RecordBatch, metadata: &[(&str, &str)], group: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    for (key, value) in metadata {
        writer.append_key_value_metadata(KeyValue::new((*key).to_owned(), (*value).to_owned()));
    }
    writer.close().unwrap();
    out
}

pub(super) fn ipc_stream(batch: &RecordBatch) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = arrow_ipc::writer::StreamWriter::try_new(&mut out, &batch.schema()).unwrap();
    let half = batch.num_rows() / 2;
    writer.write(&batch.slice(0, half)).unwrap();
    writer.write(&batch.slice(half, batch.num_rows() - half)).unwrap();
    writer.finish().unwrap();
    drop(writer);
    out
}

/// With compressed buffers, as Feather has them.
pub(super) fn ipc_file(batch: &RecordBatch) -> Vec<u8> {
    let mut out = Vec::new();
    let options = arrow_ipc::writer::IpcWriteOptions::default()
        .try_with_compression(Some(arrow_ipc::CompressionType::LZ4_FRAME))
        .unwrap();
    let mut writer =
        arrow_ipc::writer::FileWriter::try_new_with_options(&mut out, &batch.schema(), options).unwrap();
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    drop(writer);
    out
}
