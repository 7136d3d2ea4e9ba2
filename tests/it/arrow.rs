//! Features in Arrow record batches: the same columns, faults and figures as those of GeoJSON.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, Float64Builder, StringBuilder, StringDictionaryBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeListArray,
    Float64Array, Int64Array, LargeBinaryArray, LargeListArray, ListArray, RecordBatch, StringArray,
    StructArray,
};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema as ArrowSchema};
use geojson::{Feature, FeatureCollection, GeometryValue};
use landuse::crs::SourceCrs;
use landuse::io::schema::{Field as SchemaField, Schema, Target};
use landuse::io::{ArrowFeatures, FeatureSource, OnBadFeature, ReadOptions, Source, infer_features, read};
use landuse::report::Summary;
use landuse::{Analysis, Error, Inputs, Options};

/// A GeoJSON geometry as well-known binary.
fn wkb(value: &GeometryValue) -> Vec<u8> {
    let head =
        |kind: u32, count: usize| [&[1][..], &kind.to_le_bytes(), &(count as u32).to_le_bytes()].concat();
    let ordinates = |positions: &[geojson::Position]| -> Vec<u8> {
        positions.iter().flat_map(|p| p.as_slice()[..2].to_vec()).flat_map(f64::to_le_bytes).collect()
    };
    let line = |positions: &Vec<geojson::Position>| [head(2, positions.len()), ordinates(positions)].concat();
    let polygon = |rings: &geojson::PolygonType| {
        let ring = |ring: &Vec<_>| [(ring.len() as u32).to_le_bytes().to_vec(), ordinates(ring)].concat();
        [head(3, rings.len()), rings.iter().flat_map(ring).collect()].concat()
    };
    match value {
        GeometryValue::Point { coordinates } => {
            [&[1][..], &1_u32.to_le_bytes(), &ordinates(std::slice::from_ref(coordinates))].concat()
        }
        GeometryValue::LineString { coordinates } => line(coordinates),
        GeometryValue::MultiLineString { coordinates } => {
            [head(5, coordinates.len()), coordinates.iter().flat_map(line).collect()].concat()
        }
        GeometryValue::Polygon { coordinates } => polygon(coordinates),
        GeometryValue::MultiPolygon { coordinates } => {
            [head(6, coordinates.len()), coordinates.iter().flat_map(polygon).collect()].concat()
        }
        GeometryValue::GeometryCollection { geometries } => {
            let parts = geometries.iter().flat_map(|geometry| wkb(&geometry.value)).collect();
            [head(7, geometries.len()), parts].concat()
        }
        other @ GeometryValue::MultiPoint { .. } => panic!("{other:?}"),
    }
}

fn extension(name: &str, kind: DataType, extension: &str, crs: Option<&str>) -> Field {
    let mut metadata = HashMap::from([("ARROW:extension:name".to_owned(), extension.to_owned())]);
    if let Some(crs) = crs {
        metadata.insert("ARROW:extension:metadata".to_owned(), format!("{{\"crs\":\"{crs}\"}}"));
    }
    Field::new(name, kind, true).with_metadata(metadata)
}

/// The features of a collection as batches of so many rows: numbers as doubles, texts as categories or as they are.
fn batches(features: &FeatureCollection, rows: usize, categories: bool) -> ArrowFeatures {
    let mut names: Vec<String> = Vec::new();
    for feature in &features.features {
        for (name, _) in feature.properties.iter().flatten() {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    let values = |name: &str| -> Vec<Option<serde_json::Value>> {
        let of = |feature: &Feature| feature.property(name).filter(|value| !value.is_null()).cloned();
        features.features.iter().map(of).collect()
    };
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for name in &names {
        let values = values(name);
        let first = values.iter().flatten().next();
        let column: ArrayRef = match first {
            Some(serde_json::Value::Number(_)) => {
                let mut column = Float64Builder::new();
                values
                    .iter()
                    .for_each(|v| column.append_option(v.as_ref().and_then(serde_json::Value::as_f64)));
                Arc::new(column.finish())
            }
            Some(serde_json::Value::Bool(_)) => {
                let flags = values.iter().map(|v| v.as_ref().and_then(serde_json::Value::as_bool));
                Arc::new(flags.collect::<BooleanArray>())
            }
            _ if categories => {
                let mut column = StringDictionaryBuilder::<Int32Type>::new();
                values.iter().for_each(|v| column.append_option(v.as_ref().and_then(|v| v.as_str())));
                Arc::new(column.finish())
            }
            _ => {
                let mut column = StringBuilder::new();
                values.iter().for_each(|v| column.append_option(v.as_ref().and_then(|v| v.as_str())));
                Arc::new(column.finish())
            }
        };
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    }
    let mut shapes = BinaryBuilder::new();
    for feature in &features.features {
        shapes.append_option(feature.geometry.as_ref().map(|geometry| wkb(&geometry.value)));
    }
    fields.push(extension("geometry", DataType::Binary, "geoarrow.wkb", Some("OGC:CRS84")));
    columns.push(Arc::new(shapes.finish()));
    let schema = Arc::new(ArrowSchema::new(fields));
    let all = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    let parts = (0..all.num_rows()).step_by(rows).map(|at| all.slice(at, rows.min(all.num_rows() - at)));
    ArrowFeatures::new("features", schema, parts).unwrap()
}

fn city(layer: &str) -> FeatureCollection {
    std::fs::read_to_string(format!("data/city/{layer}.geojson")).unwrap().parse().unwrap()
}

fn summary(inputs: &Inputs) -> String {
    let options = Options::builder().score("tax_yuan / area_m2").permutations(99).build().unwrap();
    Summary::of(&Analysis::new(inputs, options).run().unwrap()).to_json()
}

#[test]
fn a_city_in_batches_gives_the_figures_of_its_files() {
    let files = Inputs::open("data/city/parcels.geojson")
        .control_lines("data/city/control_lines.geojson")
        .districts("data/city/districts.geojson")
        .load()
        .unwrap();
    let from_files = summary(&files);
    for (rows, categories) in [(usize::MAX, false), (701, true)] {
        let parcels = batches(&city("parcels"), rows.min(1 << 20), categories);
        let inputs = Inputs::from_arrow(parcels)
            .control_lines(batches(&city("control_lines"), 3, categories))
            .districts(batches(&city("districts"), 2, categories))
            .load()
            .unwrap();
        assert_eq!(inputs.files()[0].name, "features");
        assert_eq!(inputs.id_property(), files.id_property());
        assert!(summary(&inputs) == from_files, "{rows} rows, categories: {categories}");
    }
}

#[test]
fn every_geometry_has_the_fate_and_the_reason_it_has_in_geojson() {
    let ring = "[[0,0],[4,0],[4,4],[0,0]]";
    let geometries = [
        format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#),
        r#"{"type":"Point","coordinates":[1,2]}"#.to_owned(),
        "null".to_owned(),
        r#"{"type":"Polygon","coordinates":[]}"#.to_owned(),
        format!(r#"{{"type":"Polygon","coordinates":[[],{ring}]}}"#),
        format!(r#"{{"type":"MultiPolygon","coordinates":[[{ring}],[],[{ring}]]}}"#),
        format!(
            r#"{{"type":"GeometryCollection","geometries":[{{"type":"Polygon","coordinates":[{ring}]}}]}}"#
        ),
        format!(
            r#"{{"type":"GeometryCollection","geometries":[{{"type":"Polygon","coordinates":[{ring}]}},{{"type":"Point","coordinates":[1,2]}}]}}"#
        ),
        r#"{"type":"GeometryCollection","geometries":[]}"#.to_owned(),
        format!(r#"{{"type":"LineString","coordinates":{ring}}}"#),
        r#"{"type":"LineString","coordinates":[[0,0],[4,0],[4,4]]}"#.to_owned(),
        format!(r#"{{"type":"MultiLineString","coordinates":[{ring},{ring}]}}"#),
        r#"{"type":"MultiLineString","coordinates":[]}"#.to_owned(),
    ];
    let features: Vec<String> = geometries
        .iter()
        .enumerate()
        .map(|(i, g)| format!(r#"{{"type":"Feature","properties":{{"id":"P{i}"}},"geometry":{g}}}"#))
        .collect();
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let source = Source::bytes("features", text.as_bytes());
    let collection: FeatureCollection = text.parse().unwrap();
    let schema = Schema { fields: vec![SchemaField::new("id", Target::Id)], ..Schema::default() };
    for closed in [false, true] {
        let options = ReadOptions::default().closed_lines_as_polygons(closed);
        let of_text = read(&source, &schema, &options).unwrap();
        for rows in [1, 4, 100] {
            let of_batches = batches(&collection, rows, false).read(&schema, &options).unwrap();
            assert_eq!(of_batches.table, of_text.table, "closed lines: {closed}, {rows} rows a batch");
            let counts = |layer: &landuse::io::Layer| {
                (layer.report.features, layer.report.closed_lines, layer.report.collections)
            };
            assert_eq!(counts(&of_batches), counts(&of_text));
        }
    }
    let stop = ReadOptions::default().on_bad_feature(OnBadFeature::Stop);
    let stopped = batches(&collection, 3, false).read(&schema, &stop).unwrap_err().to_string();
    assert_eq!(stopped, read(&source, &schema, &stop).unwrap_err().to_string());
    assert!(stopped.contains("feature 1 (id `P1`)"), "{stopped}");
    // Lines for barriers: all of them, closed or not.
    assert_eq!(batches(&collection, 5, false).lines().unwrap().lines.len(), 4);
}

/// Rings of positions in nested lists, as GeoArrow lays polygons out.
fn coordinates(dimensions: u8, interleaved: bool, count: usize) -> ArrayRef {
    let square = [[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0], [0.0, 0.0]];
    let (size, dimensions) = (i32::from(dimensions), usize::from(dimensions));
    let at = |i: usize| {
        let [x, y] = square[i % 5];
        [x + 20.0 * (i / 5) as f64, y, 7.0, 8.0]
    };
    if interleaved {
        let values: Vec<f64> = (0..count).flat_map(|i| at(i)[..dimensions].to_vec()).collect();
        let item = Arc::new(Field::new("xy", DataType::Float64, false));
        return Arc::new(FixedSizeListArray::new(item, size, Arc::new(Float64Array::from(values)), None));
    }
    let ordinate =
        |d: usize| -> ArrayRef { Arc::new((0..count).map(|i| at(i)[d]).collect::<Float64Array>()) };
    let fields = ["x", "y", "z", "m"].map(|name| Arc::new(Field::new(name, DataType::Float64, false)));
    let fields: Vec<_> = fields[..dimensions].to_vec();
    Arc::new(StructArray::new(fields.into(), (0..dimensions).map(ordinate).collect(), None))
}

fn lists(values: ArrayRef, lengths: &[usize], known: Option<Vec<bool>>) -> ArrayRef {
    let item = Arc::new(Field::new("item", values.data_type().clone(), true));
    let offsets = OffsetBuffer::from_lengths(lengths.iter().copied());
    Arc::new(ListArray::new(item, offsets, values, known.map(NullBuffer::from)))
}

fn native(kind: &str, geometries: ArrayRef) -> Result<ArrowFeatures, Error> {
    let field = extension("shape", geometries.data_type().clone(), kind, Some("local"));
    let schema = Arc::new(ArrowSchema::new(vec![field]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![geometries]).unwrap();
    ArrowFeatures::new("features", schema, [batch])
}

#[test]
fn the_layouts_of_geoarrow_are_read_as_they_are() {
    let schema = Schema::default();
    let options = ReadOptions::default();
    for (dimensions, interleaved) in [(2, true), (3, true), (4, true), (2, false), (3, false)] {
        // A polygon with a hole's worth of rings, none, one.
        let rings = lists(coordinates(dimensions, interleaved, 15), &[5, 5, 5], None);
        let polygons = lists(rings, &[2, 0, 1], Some(vec![true, false, true]));
        let of_polygons = native("geoarrow.polygon", Arc::clone(&polygons)).unwrap();
        let layer = of_polygons.read(&schema, &options).unwrap();
        assert_eq!((layer.table.len(), layer.table.source_row.as_slice()), (2, &[0, 2][..]));
        assert_eq!(layer.table.geometry.get(1).coords()[1], [50.0, 0.0]);
        assert_eq!(layer.report.dropped_ordinates, 15 * (u64::from(dimensions) - 2));
        assert_eq!(
            &*layer.table.rejected[0].reason,
            "the geometry is null, expected a Polygon or a MultiPolygon"
        );
        let multi = lists(polygons, &[1, 2], None);
        let layer = native("geoarrow.multipolygon", multi).unwrap().read(&schema, &options).unwrap();
        let parts: Vec<usize> = layer.table.geometry.iter().map(|shape| shape.polygons().len()).collect();
        assert_eq!(parts, [1, 1], "a part without rings is none");
    }
    // Of a batch that is cut out of a larger one.
    let rings = lists(coordinates(2, true, 15), &[5, 5, 5], None);
    let cut = lists(rings, &[1, 1, 1], None).slice(1, 2);
    let layer = native("geoarrow.polygon", cut).unwrap().read(&schema, &options).unwrap();
    assert_eq!(layer.table.geometry.get(0).coords()[0], [20.0, 0.0]);
    // Other kinds are refused one by one, closed lines taken where areas are wanted.
    let points = native("geoarrow.point", coordinates(2, true, 2)).unwrap();
    let layer = points.read(&schema, &options).unwrap();
    assert_eq!(layer.table.rejected.len(), 2);
    assert_eq!(
        &*layer.table.rejected[1].reason,
        "the geometry is a Point, expected a Polygon or a MultiPolygon"
    );
    let lines = native("geoarrow.linestring", lists(coordinates(2, false, 10), &[5, 5], None)).unwrap();
    assert!(lines.read(&schema, &options).unwrap().table.is_empty());
    assert_eq!(lines.lines().unwrap().lines[1][1], [30.0, 0.0]);
    let closed = options.clone().closed_lines_as_polygons(true);
    assert_eq!(lines.read(&schema, &closed).unwrap().table.len(), 2);
}

/// A table of one property beside squares.
fn of_column(column: ArrayRef) -> ArrowFeatures {
    let square = wkb(&GeometryValue::new_polygon([[[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 0.0]]]));
    let shapes: ArrayRef = Arc::new(LargeBinaryArray::from(vec![&square[..]; column.len()]));
    let batch =
        RecordBatch::try_from_iter_with_nullable([("p", column, true), ("geom", shapes, true)]).unwrap();
    ArrowFeatures::new("features", batch.schema(), [batch]).unwrap()
}

#[test]
fn columns_of_every_kind_are_properties() {
    let options = ReadOptions::default();
    let texts = |column: ArrayRef| -> Vec<Option<String>> {
        let schema =
            Schema { fields: vec![SchemaField::new("p", Target::Text("p".into()))], ..Schema::default() };
        let table = of_column(column).read(&schema, &options).unwrap().table;
        (0..table.len()).map(|i| table.attributes.texts["p"].get(i).map(ToString::to_string)).collect()
    };
    let known =
        |values: &[&str]| -> Vec<Option<String>> { values.iter().map(|v| Some((*v).into())).collect() };
    // Ids of 18 digits keep all of them.
    let long = Int64Array::from(vec![110_101_199_003_071_234, 12]);
    assert_eq!(texts(Arc::new(long)), known(&["110101199003071234", "12"]));
    assert_eq!(texts(Arc::new(Date32Array::from(vec![0, 19_000]))), known(&["1970-01-01", "2022-01-08"]));
    let money = Decimal128Array::from(vec![12_345, -5]).with_precision_and_scale(9, 2).unwrap();
    assert_eq!(texts(Arc::new(money)), known(&["123.45", "-0.05"]));
    let mut categories = StringDictionaryBuilder::<Int32Type>::new();
    [Some("a"), None, Some(""), Some("a")].into_iter().for_each(|v| categories.append_option(v));
    assert_eq!(texts(Arc::new(categories.finish())), [Some("a".into()), None, None, Some("a".into())]);

    let numbers = |column: ArrayRef| {
        let schema =
            Schema { fields: vec![SchemaField::new("p", Target::Number("p".into()))], ..Schema::default() };
        let layer = of_column(column).read(&schema, &options).unwrap();
        let values = &layer.table.attributes.numbers["p"].values;
        let faults: Vec<String> = layer.report.property_faults.iter().map(|f| f.found.to_string()).collect();
        ((0..values.len()).map(|i| values.get(i)).collect::<Vec<_>>(), faults)
    };
    let nan = Float64Array::from(vec![Some(1.5), Some(f64::NAN), None, Some(f64::INFINITY)]);
    assert_eq!(numbers(Arc::new(nan)), (vec![Some(1.5), None, None, None], vec!["inf".into()]));
    let mixed = StringArray::from(vec!["12", "n/a", "many"]);
    assert_eq!(numbers(Arc::new(mixed)), (vec![Some(12.0), None, None], vec!["\"n/a\"".into()]));
    let list = lists(Arc::new(Float64Array::from(vec![1.0, 2.0])), &[1, 1], None);
    assert_eq!(numbers(list), (vec![None, None], vec!["List(Float64)".into()]));

    // What inference says hangs neither on batches nor on categories.
    let city = city("parcels");
    let plain = batches(&city, 1 << 20, false).inspect().unwrap();
    let counts = |found: &[landuse::io::PropertySummary]| -> Vec<_> {
        found.iter().map(|p| (p.name.clone(), p.features, p.unknown, p.numbers, p.others)).collect()
    };
    assert_eq!(counts(&batches(&city, 333, true).inspect().unwrap()), counts(&plain));
    let schema = |features: &ArrowFeatures| infer_features(features).unwrap().to_toml();
    assert_eq!(schema(&batches(&city, 333, true)), schema(&batches(&city, 1 << 20, false)));
}

#[test]
fn the_system_is_what_the_column_states() {
    let triangle = |side: f64| {
        let [x, y] = [114.0, 22.5];
        wkb(&GeometryValue::new_polygon([[[x, y], [x + side, y], [x + side, y + side], [x, y]]]))
    };
    let with = |metadata: &str, side: f64| {
        let field = Field::new("geometry", DataType::Binary, true).with_metadata(HashMap::from([
            ("ARROW:extension:name".to_owned(), "geoarrow.wkb".to_owned()),
            ("ARROW:extension:metadata".to_owned(), metadata.to_owned()),
        ]));
        let schema = Arc::new(ArrowSchema::new(vec![field]));
        let shapes: ArrayRef = Arc::new(BinaryArray::from(vec![&triangle(side)[..]]));
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![shapes]).unwrap();
        ArrowFeatures::new("features", schema, [batch]).unwrap()
    };
    for (metadata, crs) in [
        ("", None),
        ("{}", None),
        (r#"{"crs":null}"#, None),
        (r#"{"crs":"EPSG:4547"}"#, Some("EPSG:4547")),
        (
            r#"{"crs":{"type":"ProjectedCRS","name":"X","id":{"authority":"EPSG","code":4547}}}"#,
            Some("EPSG:4547"),
        ),
        (r#"{"crs":"{\"name\":\"X\",\"id\":{\"authority\":\"EPSG\",\"code\":4547}}"}"#, Some("EPSG:4547")),
        (r#"{"crs":{"type":"ProjectedCRS","name":"City plane"}}"#, Some("City plane")),
    ] {
        assert_eq!(with(metadata, 1.0).crs(), crs, "{metadata}");
    }
    let unknown = Inputs::from_arrow(with(r#"{"crs":{"name":"City plane"}}"#, 0.01)).load().unwrap();
    assert!(unknown.warnings().iter().any(|warning| warning.subject() == "City plane"));
    // Of two layers each is moved from its own system.
    let declared: SourceCrs = "local".parse().unwrap();
    let inputs = Inputs::from_arrow(with("{}", 10.0)).source_crs(declared).load().unwrap();
    assert_eq!(inputs.parcels().area_m2(), [50.0]);
}

#[test]
fn what_is_no_layer_is_refused_in_words() {
    let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![&b"\x01"[..]]));
    let refused = |fields: Vec<Field>, columns: Vec<ArrayRef>| {
        let schema = Arc::new(ArrowSchema::new(fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
        ArrowFeatures::new("frame", schema, [batch]).map(drop).unwrap_err().to_string()
    };
    let plain = |name: &str, array: &ArrayRef| Field::new(name, array.data_type().clone(), true);
    for (fields, columns, reason) in [
        (vec![plain("tax", &numbers)], vec![Arc::clone(&numbers)], "no column is one of geometries"),
        (
            vec![plain("geom", &bytes), plain("shape", &bytes)],
            vec![Arc::clone(&bytes), Arc::clone(&bytes)],
            "several columns are geometries, expected one of them to be named: `geom`, `shape`",
        ),
        (
            vec![extension("geometry", DataType::Float64, "geoarrow.wkb", None)],
            vec![Arc::clone(&numbers)],
            "of the type Float64, expected binary",
        ),
        (
            vec![extension("geometry", DataType::Float64, "geoarrow.polygon", None)],
            vec![Arc::clone(&numbers)],
            "expected lists of coordinates as doubles",
        ),
        (
            vec![extension("geometry", DataType::Binary, "geoarrow.box", None)],
            vec![Arc::clone(&bytes)],
            "are geoarrow.box, expected geoarrow.wkb",
        ),
    ] {
        let found = refused(fields, columns);
        assert!(found.contains(reason), "{found}");
    }
    let nothing = of_column(Arc::new(Float64Array::from(Vec::<f64>::new())));
    let error = Inputs::from_arrow(nothing).load().map(drop).unwrap_err().to_string();
    assert_eq!(error, "features: holds no feature, expected parcels");
}

#[test]
fn more_coordinates_than_a_set_holds_are_refused_before_they_are_copied() {
    // A million coordinates, shared by batches that would be 2,200 million.
    let count = 1_000_000;
    let values =
        Float64Array::new(ScalarBuffer::new(Buffer::from_vec(vec![0.0; 2 * count]), 0, 2 * count), None);
    let item = Arc::new(Field::new("xy", DataType::Float64, false));
    let positions: ArrayRef = Arc::new(FixedSizeListArray::new(item, 2, Arc::new(values), None));
    let rings = lists(positions, &[count], None);
    let of = |values: ArrayRef| -> ArrayRef {
        let item = Arc::new(Field::new("item", values.data_type().clone(), false));
        Arc::new(LargeListArray::new(item, OffsetBuffer::from_lengths([1]), values, None))
    };
    let polygons = of(rings);
    let field = extension("geometry", polygons.data_type().clone(), "geoarrow.polygon", Some("local"));
    let schema = Arc::new(ArrowSchema::new(vec![field]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![polygons]).unwrap();
    let features = ArrowFeatures::new("frame", schema, vec![batch; 2_200]).unwrap();
    let error = features.read(&Schema::default(), &ReadOptions::default()).unwrap_err().to_string();
    assert_eq!(error, "too many coordinates: 2200000000, at most 2147483647");
}
