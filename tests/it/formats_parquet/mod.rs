//! GeoParquet, other Parquet and Arrow IPC as layers: what is read of them, what is refused, and what is written.

#![allow(clippy::cast_possible_wrap, reason = "what is made to test with is small")]

mod faults;
mod make;
mod others;
mod written;

use std::path::Path;

use geojson::FeatureCollection;
use landuse::io::schema::Schema;
use landuse::io::{GeoJsonText, ReadOptions, Source, append_properties, infer, inspect, read};
use landuse::report::Summary;
use landuse::{Analysis, Inputs, Options};

use make::{Encoding, Table, ipc_file, ipc_stream, parquet, wkb_of};

fn city() -> FeatureCollection {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/city/parcels.geojson");
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

fn summary(source: Source) -> String {
    let inputs = Inputs::open(source).load().unwrap();
    let options = Options::builder().permutations(19).build().unwrap();
    Summary::of(&Analysis::new(&inputs, options).run().unwrap()).to_json()
}

/// The features of a source as the text that is made of them.
fn as_text(source: &Source) -> Vec<u8> {
    let mut out = Vec::new();
    append_properties(&GeoJsonText::unread(source.clone()), &mut out, None, &[], |_, _| {}).unwrap();
    out
}

#[test]
fn figures_are_those_of_the_same_parcels_as_geojson() {
    let city = city();
    let expected =
        summary(Source::file(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/city/parcels.geojson")));
    let wkb = Table::of(&city, Encoding::Wkb);
    let nested = Table::of(&city, Encoding::Nested { interleaved: false });
    let interleaved = Table::of(&city, Encoding::Nested { interleaved: true });
    for (name, bytes) in [
        ("wkb.parquet", parquet(&wkb.batch(), &[("geo", &wkb.geo("null"))], 100)),
        ("nested.parquet", parquet(&nested.batch(), &[("geo", &nested.geo("OGC:CRS84"))], 1_000)),
        ("plain.parquet", parquet(&wkb.unmarked().batch(), &[], 50)),
        ("wkb.arrows", ipc_stream(&wkb.batch())),
        ("interleaved.arrow", ipc_file(&interleaved.batch())),
    ] {
        let source = Source::bytes(name, bytes);
        assert!(summary(source.clone()) == expected, "{name}");
        // What is read of columns is what is read of their text.
        let text = Source::bytes("text", as_text(&source));
        let schema = infer(&source).unwrap().schema;
        assert_eq!(inspect(&source).unwrap(), inspect(&text).unwrap(), "{name}");
        let [own, of_text] =
            [&source, &text].map(|from| read(from, &schema, &ReadOptions::default()).unwrap());
        assert_eq!(own.table, of_text.table, "{name}");
        assert_eq!(own.report.warnings, of_text.report.warnings, "{name}");
    }
}

#[test]
fn odd_values_are_read_as_their_text_would_be() {
    let table = make::odd();
    for bytes in [parquet(&table, &[], 2), ipc_stream(&table), ipc_file(&table)] {
        let source = Source::bytes("odd", bytes);
        let text = String::from_utf8(as_text(&source)).unwrap();
        assert!(
            text.contains(r#""big":440305199000123456"#) && text.contains(r#""day":"2024-02-29""#),
            "{text}"
        );
        assert!(text.contains(r#""money":1234.56"#) && text.contains(r#""list":[1,null]"#), "{text}");
        assert!(!text.contains("\"raw\"") && text.contains(r#""key":"工业""#), "{text}");
        let text = Source::bytes("text", text.into_bytes());
        let schema = infer(&source).unwrap().schema;
        assert_eq!(inspect(&source).unwrap(), inspect(&text).unwrap());
        for closed in [false, true] {
            let options = ReadOptions::default().closed_lines_as_polygons(closed);
            let [own, of_text] = [&source, &text].map(|from| read(from, &schema, &options).unwrap());
            assert_eq!(own.table, of_text.table);
            assert_eq!(own.table.len(), if closed { 4 } else { 3 });
            assert_eq!(own.report.property_faults, of_text.report.property_faults);
            assert_eq!(own.report.closed_lines, of_text.report.closed_lines);
        }
        // Columns of types that no property has are told.
        let settled: Vec<String> = source.settled().unwrap().iter().map(ToString::to_string).collect();
        assert!(settled.iter().any(|one| one.starts_with("columns: without `raw`")), "{settled:?}");
    }
}

#[test]
fn systems_are_those_that_the_file_says() {
    let one = Table::of(&city(), Encoding::Wkb).take(3);
    let settled = |crs: &str| {
        let bytes = parquet(&one.batch(), &[("geo", &one.geo(crs))], 100);
        let source = Source::bytes("x.parquet", bytes);
        let found = read(&source, &Schema::default(), &ReadOptions::default()).unwrap();
        (found.report.crs_member, found.report.unread_crs)
    };
    let crs84 = Some("urn:ogc:def:crs:OGC:1.3:CRS84".to_owned());
    // None means longitude and latitude; null means that nobody knows.
    assert_eq!(settled("null"), (crs84.clone(), None));
    assert_eq!(settled("OGC:CRS84"), (crs84.clone(), None));
    assert_eq!(settled("unknown"), (None, Some("null".into())));
    assert_eq!(settled(r#"{"id":{"authority":"EPSG","code":4547}}"#), (Some("EPSG:4547".into()), None));
    assert_eq!(settled(r#"{"name":"Our grid"}"#), (None, Some("Our grid".into())));
}

#[test]
fn a_folder_of_parts_is_one_layer() {
    let all = Table::of(&city(), Encoding::Wkb);
    let folder = tempfile::tempdir().unwrap();
    let whole = Source::bytes("whole", parquet(&all.batch(), &[("geo", &all.geo("null"))], 100));
    let batch = all.batch();
    let half = batch.num_rows() / 2;
    for (name, part) in
        [("b.parquet", batch.slice(half, batch.num_rows() - half)), ("a.Parquet", batch.slice(0, half))]
    {
        std::fs::write(folder.path().join(name), parquet(&part, &[("geo", &all.geo("null"))], 70)).unwrap();
    }
    std::fs::write(folder.path().join("_metadata.parquet"), b"").unwrap();
    let parts = Source::file(folder.path());
    assert!(as_text(&parts) == as_text(&whole));
    let [own, other] =
        [&parts, &whole].map(|from| read(from, &Schema::default(), &ReadOptions::default()).unwrap());
    assert_eq!(own.table, other.table);
    // One of them of other columns.
    let fewer = batch.project(&(1..batch.num_columns()).collect::<Vec<_>>()).unwrap();
    std::fs::write(folder.path().join("c.parquet"), parquet(&fewer, &[("geo", &all.geo("null"))], 70))
        .unwrap();
    let error = infer(&Source::file(folder.path())).unwrap_err().to_string();
    assert!(error.contains("c.parquet") && error.contains("the same in all parts"), "{error}");
}

#[test]
fn a_table_without_geometry_is_a_table_and_no_layer() {
    let wkb = Table::of(&city(), Encoding::Wkb);
    let batch = wkb.batch();
    let names: Vec<usize> =
        (0..batch.num_columns()).filter(|&at| batch.schema().field(at).name() != "geometry").collect();
    let source = Source::bytes("firms.parquet", parquet(&batch.project(&names).unwrap(), &[], 100));
    let table = landuse::io::Table::read(&source).unwrap();
    assert_eq!(table.len(), batch.num_rows());
    assert!(table.numbers("tax_yuan").is_some());
    let error = read(&source, &Schema::default(), &ReadOptions::default()).map(drop).unwrap_err().to_string();
    assert!(error.contains("no column of geometries") && error.contains("current_use"), "{error}");
    let feature = wkb_of(city().features[0].geometry.as_ref().unwrap());
    assert!(feature.len() > 9);
}
