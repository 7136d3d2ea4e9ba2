//! Reading and writing: bad input, bad disks, and the same answer as the `geojson` crate.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use landuse::Error;
use landuse::io::schema::Schema;
use landuse::io::{
    FeatureWriter, GeoJsonText, Layer, OnBadFeature, ReadOptions, Rounding, Source, append_properties, infer,
    inspect, push_number, read,
};
use serde_json::Value;

use crate::support::{Random, data_bytes};

const SQUARE: &str = r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]]}"#;

fn feature(id: u32, geometry: &str) -> String {
    format!(
        r#"{{"type":"Feature","id":"P{id}","properties":{{"n":{id},"s":"a\"}}b"}},"geometry":{geometry}}}"#
    )
}

fn collection(features: &[String]) -> String {
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}

fn read_text(text: &str) -> Result<Layer, Error> {
    read_bytes(text.as_bytes())
}

fn read_bytes(bytes: &[u8]) -> Result<Layer, Error> {
    read(&Source::bytes("test.geojson", bytes), &Schema::default(), &ReadOptions::default())
}

fn reason_of(geometry: &str) -> String {
    let layer = read_text(&collection(&[feature(0, SQUARE), feature(1, geometry)])).unwrap();
    assert_eq!((layer.table.len(), layer.table.rejected.len()), (1, 1), "{geometry}");
    let rejected = &layer.table.rejected[0];
    assert_eq!(rejected.at.to_string(), "feature 1 (id `P1`)");
    rejected.reason.to_string()
}

/// A writer whose text can be looked at afterwards.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn appended(layer: &Layer) -> (String, String) {
    let (out, bad) = (Shared::default(), Shared::default());
    let append = |row: u32, text: &mut Vec<u8>| {
        text.extend_from_slice(b"\"lu_area_m2\":");
        push_number(text, f64::from(row) + 0.5);
    };
    append_properties(
        layer.text.as_ref().unwrap(),
        out.clone(),
        Some(bad.clone()),
        &layer.table.rejected,
        append,
    )
    .unwrap();
    (out.text(), bad.text())
}

#[test]
fn a_cut_file_is_never_taken_in_silence() {
    let text = collection(&[feature(0, SQUARE), feature(1, SQUARE)]);
    for end in 0..text.len() {
        let error = read_text(&text[..end]).unwrap_err();
        assert!(matches!(error, Error::Syntax { .. }), "{end}: {error}");
    }
    assert_eq!(read_text(&text).unwrap().table.len(), 2);
    // Features one a line end where the text ends: a whole line less cannot be told.
    let lines = format!("{}\n{}\n", feature(0, SQUARE), feature(1, SQUARE));
    for end in 0..lines.len() {
        if let Ok(layer) = read_text(&lines[..end]) {
            assert!(layer.table.len() <= 2 && lines[..end].trim_end().ends_with("]]}}"), "{end}");
        }
    }
}

#[test]
fn all_forms_of_the_text_give_the_same_features() {
    let (a, b) = (feature(0, SQUARE), feature(1, SQUARE));
    let whole = read_text(&collection(&[a.clone(), b.clone()])).unwrap().table;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(collection(&[a.clone(), b.clone()]).as_bytes()).unwrap();
    let forms = [
        format!("\u{feff}{}", collection(&[a.clone(), b.clone()])).into_bytes(),
        format!("{a}\n{b}").into_bytes(),
        format!("{a}\r\n\r\n{b}\r\n").into_bytes(),
        format!("\u{1e}{a}\n\u{1e}{b}\n").into_bytes(),
        format!("{{\"features\":[ {a} , {b} ] , \"x\":[{{}}], \"type\":\"FeatureCollection\"}}\n")
            .into_bytes(),
        gzip.finish().unwrap(),
    ];
    for form in forms {
        assert_eq!(read_bytes(&form).unwrap().table, whole, "{}", String::from_utf8_lossy(&form));
    }
    let keys_turned = r#"{"geometry":{"coordinates":[[[0,0],[1,0],[1,1],[0,1],[0,0]]],"type":"Polygon"},"id":"P0","type":"Feature"}"#;
    assert_eq!(
        read_text(keys_turned).unwrap().table.geometry.get(0).coords(),
        whole.geometry.get(0).coords()
    );
    assert_eq!(read_text(SQUARE).unwrap().table.len(), 1);
    assert!(read_text(&collection(&[])).unwrap().table.is_empty());
}

#[test]
fn unusable_geometries_are_put_aside_with_the_reason() {
    let cases = [
        ("null", "the geometry is null"),
        (r#"{"type":"Polygon","coordinates":[]}"#, "the geometry is empty"),
        (r#"{"type":"Polygon","coordinates":[[]]}"#, "the geometry is empty"),
        (r#"{"type":"MultiPolygon","coordinates":[[],[[]]]}"#, "the geometry is empty"),
        (r#"{"type":"Polygon","coordinates":[[],[[0,0],[1,0],[1,1],[0,0]]]}"#, "the exterior ring is empty"),
        (r#"{"type":"Point","coordinates":[0,0]}"#, "is a Point"),
        (r#"{"type":"LineString","coordinates":[[0,0],[1,1]]}"#, "is a LineString"),
        (
            r#"{"type":"GeometryCollection","geometries":[{"type":"Point","coordinates":[0,0]}]}"#,
            "is a Point",
        ),
        (
            r#"{"type":"Polygon","coordinates":[[[0,"x"],[1,0],[1,1],[0,0]]]}"#,
            "found a text, expected a number",
        ),
        (
            r#"{"type":"Polygon","coordinates":[[[0,null],[1,0],[1,1],[0,0]]]}"#,
            "found null, expected a number",
        ),
        (
            r#"{"type":"Polygon","coordinates":[[[0,1e400],[1,0],[1,1],[0,0]]]}"#,
            "expected finite coordinates",
        ),
        (r#"{"type":"Polygon","coordinates":[[[0],[1,0],[1,1],[0,0]]]}"#, "a second ordinate"),
        (r#"{"type":"Polygon","coordinates":{}}"#, "found an object"),
        (r#"{"type":"Polygon"}"#, "there are no `coordinates`"),
        (r#"{"coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}"#, "has no `type`"),
        (r#"{"coordinates":[[[0,0],[1,0],[1,1],[0,0]]],"type":"MultiPolygon"}"#, "found a number"),
        ("7", "the geometry is a number"),
    ];
    for (geometry, words) in cases {
        let reason = reason_of(geometry);
        assert!(reason.contains(words), "{geometry}: {reason}");
    }
    // No JSON at all: NaN is a fault of the file.
    let nan =
        read_text(&collection(&[feature(0, r#"{"type":"Polygon","coordinates":[[[NaN,0]]]}"#)])).unwrap_err();
    assert!(nan.to_string().contains("found `N`, expected a value"), "{nan}");
}

#[test]
fn odd_rings_and_extra_ordinates_are_taken() {
    let rings = [
        r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1]]]}"#,
        r#"{"type":"Polygon","coordinates":[[[0,0],[1,0]]]}"#,
        r#"{"type":"MultiPolygon","coordinates":[[],[[[0,0],[1,0],[1,1],[0,0]]]]}"#,
        r#"{"type":"GeometryCollection","geometries":[{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]}]}"#,
        r#"{"type":"Polygon","coordinates":[[[0,0,9],[1,0,9,8],[1,1],[0,0]]]}"#,
    ];
    for ring in rings {
        assert_eq!(
            read_text(&collection(&[feature(0, ring), feature(0, SQUARE)])).unwrap().table.len(),
            2,
            "{ring}"
        );
    }
    let layer = read_text(rings[4]).unwrap();
    assert_eq!(layer.report.dropped_ordinates, 3);
    assert!(layer.report.warnings[0].to_string().contains("3 ordinates"), "{:?}", layer.report.warnings);
    let line = r#"{"type":"LineString","coordinates":[[0,0],[1,0],[1,1],[0,0]]}"#;
    let source = Source::bytes("line", line.as_bytes());
    let layer =
        read(&source, &Schema::default(), &ReadOptions::default().closed_lines_as_polygons(true)).unwrap();
    assert_eq!((layer.table.len(), layer.report.closed_lines), (1, 1));
}

#[test]
fn the_first_bad_feature_stops_where_asked() {
    let mut features: Vec<String> = (0..5_000).map(|i| feature(i, SQUARE)).collect();
    features[4_000] = feature(4_000, "null");
    features[1_234] = feature(1_234, r#"{"type":"Point","coordinates":[0,0]}"#);
    let source = Source::bytes("test.geojson", collection(&features).as_bytes());
    let options = ReadOptions::default().on_bad_feature(OnBadFeature::Stop);
    let error = read(&source, &Schema::default(), &options).unwrap_err().to_string();
    assert!(error.starts_with("test.geojson: feature 1234 (id `P1234`): the geometry is a Point"), "{error}");
}

#[test]
fn blocks_and_threads_change_nothing() {
    let mut features: Vec<String> = (0..3_000).map(|i| feature(i % 2_900, SQUARE)).collect();
    features[77] = "null".into();
    features[2_000] = feature(2_000, "null");
    let text = collection(&features);
    let source = Source::bytes("test.geojson", text.as_bytes());
    let whole = read(&source, &Schema::default(), &ReadOptions::default()).unwrap();
    assert_eq!((whole.table.len(), whole.table.rejected.len()), (2_998, 2));
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for block in [1, 100, 1_000, 70_000, 1 << 20] {
            let options = ReadOptions::default().block_bytes(block);
            let layer = pool.install(|| read(&source, &Schema::default(), &options)).unwrap();
            assert!(layer == whole, "{threads} threads, blocks of {block}");
        }
        let (first, again) = (appended(&whole), pool.install(|| appended(&whole)));
        assert!(first == again, "{threads} threads");
    }
}

#[test]
fn features_written_again_are_the_given_ones_and_a_second_run_changes_nothing() {
    let text = format!(
        "{{\"type\":\"FeatureCollection\",\"crs\":{{\"type\":\"name\",\"properties\":{{\"name\":\"EPSG:4490\"}}}},\"features\":[{}]}}",
        [
            format!(
                r#"{{ "type":"Feature","properties":{{ "a" : 1.50, "b":"\u00e9" }},"geometry":{SQUARE}}}"#
            ),
            format!(r#"{{"type":"Feature","properties":null,"geometry":{SQUARE},"x":[1]}}"#),
            format!(r#"{{"type":"Feature","properties":{{}},"geometry":{SQUARE}}}"#),
            format!(r#"{{"geometry":{SQUARE},"type":"Feature"}}"#),
            "null".to_owned(),
            r#"{"type":"Feature","properties":{"k":1},"geometry":null}"#.to_owned(),
            r#"{"type":"Feature","properties":[1],"geometry":null}"#.to_owned(),
        ]
        .join(",\n")
    );
    let layer = read_text(&text).unwrap();
    assert_eq!(layer.report.crs_member.as_deref(), Some("EPSG:4490"));
    let (out, bad) = appended(&layer);
    assert!(
        out.contains(r#"{ "type":"Feature","properties":{ "a" : 1.50, "b":"\u00e9","lu_area_m2":0.5},"#),
        "{out}"
    );
    assert!(out.contains(r#""properties":{"lu_area_m2":1.5},"geometry""#), "{out}");
    let parsed: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(parsed["features"].as_array().unwrap().len(), 4);
    assert_eq!(parsed["features"][3]["properties"]["lu_area_m2"], 3.5);
    assert_eq!(parsed["crs"]["properties"]["name"], "EPSG:4490");
    let parsed: Value = serde_json::from_str(&bad).unwrap();
    let rejected = parsed["features"].as_array().unwrap();
    assert_eq!(rejected.len(), 3);
    assert_eq!(rejected[0]["properties"]["lu_position"], 4);
    assert_eq!(rejected[1]["properties"]["k"], 1);
    assert!(rejected[2]["properties"]["lu_reason"].as_str().unwrap().contains("an array"));

    let (again, _) = appended(&read_text(&out).unwrap());
    assert_eq!(again.matches("lu_area_m2").count(), 4, "{again}");
    let (third, _) = appended(&read_text(&again).unwrap());
    assert_eq!(third, again);
}

/// A disk with room for a few bytes.
struct FullDisk(usize);

impl std::io::Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_fails_and_unreadable_files_are_named() {
    let text = collection(&(0..500).map(|i| feature(i, SQUARE)).collect::<Vec<_>>());
    let source = GeoJsonText::unread(Source::bytes("test.geojson", text.as_bytes()));
    for room in [0, 100, 20_000] {
        let error = append_properties(&source, FullDisk(room), None, &[], |_, _| {}).unwrap_err();
        assert!(matches!(&error, Error::Write(cause) if cause.kind() == std::io::ErrorKind::StorageFull));
    }
    assert!(FeatureWriter::new(FullDisk(0), None, Rounding::Exact).is_err());

    let folder = tempfile::tempdir().unwrap();
    let fault =
        |path: &Path| read(&Source::file(path), &Schema::default(), &ReadOptions::default()).unwrap_err();
    let missing = folder.path().join("missing.geojson");
    let error = fault(&missing);
    assert!(matches!(&error, Error::Io { path: named, .. } if *named == missing), "{}", error.chain());
    // A folder may hold a layer of another format.
    let error = fault(folder.path()).chain();
    assert!(error.contains(&*folder.path().to_string_lossy()), "{error}");
}

#[test]
fn a_device_without_room_fails() {
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full");
    if full().is_err() {
        println!("skipped: there is no /dev/full here");
        return;
    }
    let out = || std::io::BufWriter::new(full().unwrap());
    let text = collection(&[feature(0, SQUARE)]);
    let source = GeoJsonText::unread(Source::bytes("test.geojson", text.as_bytes()));
    let layer = FeatureWriter::new(out(), None, Rounding::Exact).and_then(FeatureWriter::finish);
    for outcome in [append_properties(&source, out(), None, &[], |_, _| {}).map(drop), layer.map(drop)] {
        assert!(matches!(&outcome, Err(Error::Write(_))), "{outcome:?}");
    }
}

#[test]
fn computed_layers_read_back() {
    let shapes = read_text(&collection(&[feature(0, SQUARE)])).unwrap().table.geometry;
    let text = Shared::default();
    let mut layer = FeatureWriter::new(text.clone(), Some("EPSG:4547"), Rounding::Metres).unwrap();
    let properties = serde_json::from_str(r#"{"b":null,"a":1.5}"#).unwrap();
    layer.write(Some(shapes.get(0)), &properties).unwrap();
    layer.write(None, &properties).unwrap();
    layer.finish().unwrap();
    let back = read_text(&text.text()).unwrap();
    assert_eq!(back.table.geometry, shapes);
    assert_eq!(back.report.crs_member.as_deref(), Some("EPSG:4547"));
    assert!(text.text().contains(r#""properties":{"a":1.5,"b":null}"#));
}

#[test]
fn coordinates_and_properties_are_those_of_the_geojson_crate() {
    for name in ["cambridge-ma/parcels_fy2014.geojson", "wuxi-xinwu/land_use.geojson.gz"] {
        let Some(bytes) = data_bytes(name) else { continue };
        let text = String::from_utf8(bytes).unwrap();
        let layer = read_text(&text).unwrap();
        let geojson::GeoJson::FeatureCollection(theirs) = text.parse().unwrap() else { panic!("{name}") };
        assert_eq!(layer.report.features, theirs.features.len() as u64);
        let mut row = 0;
        for (position, feature) in theirs.features.iter().enumerate() {
            if layer.table.source_row.get(row) != Some(&(position as u32)) {
                assert!(layer.table.rejected.iter().any(|r| r.at.row as usize == position));
                continue;
            }
            let value = feature.geometry.clone().unwrap();
            let geometry = geo::Geometry::<f64>::try_from(value).unwrap();
            let polygons = match geometry {
                geo::Geometry::Polygon(polygon) => geo::MultiPolygon::new(vec![polygon]),
                geo::Geometry::MultiPolygon(polygons) => polygons,
                other => panic!("{other:?}"),
            };
            assert_eq!(layer.table.geometry.get(row).to_geo(), polygons, "{name} {position}");
            row += 1;
        }
        assert_eq!(row, layer.table.len());

        let (out, _) = appended(&layer);
        let geojson::GeoJson::FeatureCollection(back) = out.parse().unwrap() else { panic!("{name}") };
        let mut back = back.features.into_iter();
        for &position in &layer.table.source_row {
            let mut ours = back.next().unwrap();
            let area = ours.properties.as_mut().unwrap().remove("lu_area_m2");
            assert_eq!(area, Some((f64::from(position) + 0.5).into()));
            assert_eq!(ours, theirs.features[position as usize], "{name} {position}");
        }
    }
}

#[test]
fn properties_are_told_by_all_of_their_values() {
    let text = collection(&[feature(3, SQUARE), feature(4, "null"), feature(5, SQUARE)]);
    let found = inspect(&Source::bytes("x", text.as_bytes())).unwrap();
    let names: Vec<_> = found.iter().map(|summary| (&*summary.name, summary.features)).collect();
    assert_eq!(names, [("$id", 3), ("n", 3), ("s", 3)]);
    assert_eq!((found[1].numbers, found[1].others, found[2].others), (3, 0, 3));
    assert!(found[1].is_numeric() && !found[2].is_numeric());
}

/// Features whose property `tax_yuan` has these values, as JSON; none where it is empty.
fn taxed(values: &[&str]) -> String {
    let feature = |(i, value): (usize, &&str)| {
        let tax = if value.is_empty() { String::new() } else { format!(r#","tax_yuan":{value}"#) };
        format!(r#"{{"type":"Feature","properties":{{"id":"P{i}"{tax}}},"geometry":{SQUARE}}}"#)
    };
    collection(&values.iter().enumerate().map(feature).collect::<Vec<_>>())
}

#[test]
fn a_few_values_that_cannot_be_read_cost_no_column() {
    for odd in ["\"NA\"", "1e400", "true", "\"12%\"", "\"about 5\"", "[1]"] {
        for at in [0, 10, 2_500, 2_999] {
            let mut values = vec!["7"; 3_000];
            values[at] = odd;
            let source = Source::bytes("parcels", taxed(&values).as_bytes());
            let inference = infer(&source).unwrap();
            let targets: Vec<String> = inference.schema.fields.iter().map(|f| f.target.to_string()).collect();
            assert_eq!(targets, ["id", "number:tax_yuan"], "{odd} at {at}");
            let layer = read(&source, &inference.schema, &ReadOptions::default()).unwrap();
            assert_eq!(layer.table.attributes.numbers["tax_yuan"].values.known(), 2_999, "{odd} at {at}");
            assert_eq!(layer.report.warnings.len(), 1, "{:?}", layer.report.warnings);
            assert!(
                layer.report.warnings[0].to_string().starts_with("1 values of `tax_yuan` are not"),
                "{odd}"
            );
            let example = &layer.report.examples[0];
            assert!(example.starts_with(&format!("feature {at} (id `P{at}`): ")), "{example}");
        }
    }
}

#[test]
fn inference_does_not_hang_on_the_order_of_features() {
    // A column that begins behind two thousand features, names that differ in case, and values of several kinds.
    let mut features: Vec<String> = (0..3_000)
        .map(|i| {
            let more = match i {
                0..2_000 => String::new(),
                2_000..2_400 => format!(r#","tax_yuan":{i}"#),
                2_400..2_450 => r#","tax_yuan":"unclear""#.into(),
                _ => format!(r#","Tax_Yuan":{i},"current_use":"{}""#, ["100101", "0701", "odd"][i % 3]),
            };
            format!(r#"{{"type":"Feature","properties":{{"id":"P{i}"{more}}},"geometry":{SQUARE}}}"#)
        })
        .collect();
    let inferred =
        |features: &[String]| infer(&Source::bytes("parcels", collection(features).as_bytes())).unwrap();
    let forward = inferred(&features);
    let decided: Vec<(&str, Option<String>)> =
        forward.decisions.iter().map(|d| (&*d.property, d.field.as_ref().map(ToString::to_string))).collect();
    let some = |target: &str| Some(target.to_owned());
    let expected = [
        ("id", some("id")),
        ("Tax_Yuan", None),
        ("tax_yuan", some("number:tax_yuan")),
        ("current_use", some("current_use")),
    ];
    assert_eq!(decided, expected);
    assert_eq!(&*forward.schema.left_out[0].property, "Tax_Yuan");
    features.reverse();
    assert_eq!(inferred(&features), forward);
    features.rotate_left(1_234);
    assert_eq!(inferred(&features), forward);
}

#[test]
fn a_known_property_that_is_left_out_is_named_with_the_reason() {
    let values: Vec<&str> = (0..40).map(|i| if i % 4 == 0 { "7" } else { "\"much\"" }).collect();
    let source = Source::bytes("parcels", taxed(&values).as_bytes());
    let schema = infer(&source).unwrap().schema;
    let layer = read(&source, &schema, &ReadOptions::default()).unwrap();
    let expected = "property `tax_yuan` was left out: the name is known as `number:tax_yuan`, but 30 of 40 known values are not a number";
    assert_eq!(layer.report.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
}

#[test]
fn a_property_that_no_feature_has_is_named_with_the_nearest_there_is() {
    let text = "[[field]]\nproperty = 'tax_yaun'\ntarget = 'number:tax_yuan'";
    let (schema, _) = Schema::from_toml(text, "city.toml").unwrap();
    let source = Source::bytes("parcels", taxed(&["1", "2"]).as_bytes());
    let report = read(&source, &schema, &ReadOptions::default()).unwrap().report;
    let [warning] = &report.warnings[..] else { panic!("{:?}", report.warnings) };
    assert_eq!((warning.kind().name(), warning.subject()), ("property_absent", "tax_yaun"));
    assert_eq!(warning.to_string(), "property `tax_yaun` occurs in 0 of 2 features (`tax_yuan`?)");
}

#[test]
fn a_text_that_changed_since_it_was_read_is_an_error_before_the_output_is_finished() {
    struct Output(Arc<Mutex<bool>>);
    impl std::io::Write for Output {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            *self.0.lock().unwrap() = true;
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("parcels.geojson");
    let plain: Vec<String> = (0..40).map(|i| feature(i, SQUARE)).collect();
    let mut bare = plain.clone();
    bare[3] = feature(3, SQUARE).replace("\"n\":3", "\"lu_n\":3");
    for features in [plain, bare] {
        let text = collection(&features);
        std::fs::write(&path, &text).unwrap();
        let layer = read(&Source::file(&path), &Schema::default(), &ReadOptions::default()).unwrap();
        let write = || {
            let finished = Arc::default();
            let out = Output(Arc::clone(&finished));
            let written = append_properties(layer.text.as_ref().unwrap(), out, None, &[], |_, _| {});
            let finished = *finished.lock().unwrap();
            (written, finished)
        };
        assert!(matches!(write(), (Ok([40, 0]), true)));
        for changed in [
            text.replace("P17", "P18"),
            text.replace("[1,1]", "[1,2]"),
            text[..text.len() - 2].to_owned(),
            format!("{text}\n"),
            text.replace("[0,1]", "{0,1}"),
            String::new(),
        ] {
            std::fs::write(&path, &changed).unwrap();
            let (written, finished) = write();
            let error = written.unwrap_err();
            assert!(matches!(error, Error::Changed { .. } | Error::Syntax { .. }), "{error}");
            assert!(!finished);
        }
    }
}

#[test]
fn a_small_file_does_not_grow_to_any_size() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&vec![b' '; 300 << 20]).unwrap();
    let bomb = Source::bytes("bomb.gz", gzip.finish().unwrap());
    let error = read(&bomb, &Schema::default(), &ReadOptions::default()).unwrap_err();
    assert!(matches!(error, Error::Decompressed { limit, .. } if limit == 256 << 20), "{error}");
    let small = bomb.max_decompressed_bytes(1_000);
    let error = read(&small, &Schema::default(), &ReadOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bomb.gz: the decompressed text is larger than 1000 bytes, the most that was allowed"
    );
}

#[test]
fn features_in_memory_are_read_as_a_file_of_them_is() {
    let text = format!(
        r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"EPSG:4547"}}}},"features":[{},{},{},{}]}}"#,
        feature(0, SQUARE),
        feature(1, "null"),
        feature(2, r#"{"type":"MultiPolygon","coordinates":[[[[0.1,0],[1e2,0],[1,1],[0.1,0]]]]}"#),
        feature(3, r#"{"type":"Point","coordinates":[1,2]}"#),
    );
    let (schema, _) = Schema::from_toml("[[field]]\nproperty = 's'\ntarget = 'number:n'", "s").unwrap();
    let read = |source: &Source| read(source, &schema, &ReadOptions::default()).unwrap();
    let file = read(&Source::bytes("parcels", text.as_bytes()));
    assert_eq!((file.table.len(), file.table.rejected.len()), (2, 2));
    assert_eq!(file.report.property_faults[0].count, 2);
    let collection: geojson::FeatureCollection = text.parse().unwrap();
    let whole = read(&Source::collection("parcels", &collection));
    let features = read(&Source::features("parcels", collection.features));
    for layer in [&whole, &features] {
        assert_eq!(layer.table, file.table);
        assert_eq!(layer.report.warnings, file.report.warnings);
        assert_eq!(layer.report.examples, file.report.examples);
    }
    assert_eq!(whole.report.crs_member, file.report.crs_member);
}

#[test]
fn a_pipe_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    if !std::process::Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        println!("skipped: there is no mkfifo here");
        return;
    }
    let text = taxed(&["1", "2"]);
    let source = std::thread::scope(|scope| {
        scope.spawn(|| std::fs::write(&pipe, &text).unwrap());
        Source::open(&pipe).unwrap()
    });
    let schema = infer(&source).unwrap().schema;
    let layer = read(&source, &schema, &ReadOptions::default()).unwrap();
    assert_eq!(layer.table.attributes.numbers["tax_yuan"].values.known(), 2);
    assert!(Source::open(folder.path().join("missing")).is_err());
}

#[test]
fn damaged_text_is_an_error_or_a_feature_put_aside_never_a_panic() {
    let seed = collection(&[
        feature(0, SQUARE),
        feature(1, r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[1e2,0],[1,1],[0,0]],[[0,0],[0.5,0],[0.5,0.5],[0,0]]]]}"#),
        r#"{"type":"Feature","id":7,"properties":{"é":"\ud83c\udfd9","x":[1,{"y":null}]},"geometry":null}"#.into(),
    ])
    .into_bytes();
    let mut random = Random(1);
    let mut below = |n: usize| random.below(n as u64) as usize;
    let pieces: [&[u8]; 14] = [
        b"\"",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\\",
        b"null",
        b"1e999",
        b"\xff",
        b"-",
        b" ",
        b"\"features\":[",
    ];
    let mut valid = 0;
    for _ in 0..4_000 {
        let mut text = seed.clone();
        for _ in 0..=below(3) {
            let at = below(text.len());
            match below(3) {
                0 => drop(text.remove(at)),
                1 => text.splice(at..at, pieces[below(pieces.len())].iter().copied()).for_each(drop),
                _ => {
                    let end = (at + below(40)).min(text.len());
                    text.drain(at..end);
                }
            }
        }
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&text).is_ok();
        let source = Source::bytes("fuzz", &*text);
        let outcome = read(&source, &Schema::default(), &ReadOptions::default().block_bytes(1 + below(900)));
        if let Ok(layer) = outcome {
            assert!(is_json, "taken, but not JSON: {}", String::from_utf8_lossy(&text));
            valid += 1;
            let text = String::from_utf8(text).unwrap();
            let (out, bad) = appended(&layer);
            for out in [out, bad] {
                assert!(serde_json::from_str::<serde::de::IgnoredAny>(&out).is_ok(), "{text}\n{out}");
            }
        }
    }
    assert!(valid > 100, "only {valid} of the damaged texts could be read");
}
