//! Reading GeoJSON into columns and writing it back, in bytes of text per second. Contenders: the `geojson` crate, and
//! `serde_json` that only checks the syntax.
#![expect(clippy::unwrap_used, reason = "tests and benches stop where something is wrong")]

use std::fmt::Write as _;

use divan::counter::BytesCount;
use landuse::io::schema::Schema;
use landuse::io::{OutputFile, ReadOptions, Source, push_number, read, splice};

const PARCELS: u32 = 20_000;

fn main() {
    divan::main();
}

/// Parcels of 14 positions with 11 properties, as a cadastre exports them.
fn text() -> String {
    let mut text = String::from("{\"type\":\"FeatureCollection\",\"features\":[");
    for i in 0..PARCELS {
        let (x, y) = (120.0 + f64::from(i % 1000) * 1e-3, 31.0 + f64::from(i / 1000) * 1e-3);
        let n = f64::from(i);
        let comma = if i == 0 { "" } else { "," };
        write!(
            text,
            "{comma}\n{{\"type\":\"Feature\",\"properties\":{{\"id\":\"A-{i:07}\",\"use\":\"0601\",\"zoned\":\"1301\",\
             \"floor_area\":{:.1},\"footprint\":{:.1},\"year\":{},\"output\":{:.2},\"tax\":{:.2},\"jobs\":{},\
             \"owner\":\"owner {}\",\"district\":\"街道{}\"}},\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":[[",
            n * 1.37 + 100.0, n * 0.31 + 10.0, 1950 + i % 75, n * 377.13, n * 31.7, i % 900, i % 5000, i % 12
        )
        .unwrap();
        for k in 0..14 {
            let angle = f64::from(k % 13) * std::f64::consts::TAU / 13.0;
            let comma = if k == 0 { "" } else { "," };
            write!(text, "{comma}[{:.8},{:.8}]", x + 4e-4 * angle.cos(), y + 4e-4 * angle.sin()).unwrap();
        }
        text.push_str("]]}}");
    }
    text.push_str("\n]}\n");
    text
}

#[divan::bench]
fn columns(bencher: divan::Bencher<'_, '_>) {
    let text = text();
    let source = Source::bytes("bench", text.as_bytes());
    let count = || read(&source, &Schema::default(), &ReadOptions::default()).unwrap().table.len();
    assert_eq!(count(), PARCELS as usize);
    bencher.counter(BytesCount::of_str(&text)).bench(count);
}

#[divan::bench]
fn splice_two_columns(bencher: divan::Bencher<'_, '_>) {
    let text = text();
    let source = Source::bytes("bench", text.as_bytes());
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let out = OutputFile::to("bench", std::io::sink());
        let append = |row: u32, text: &mut Vec<u8>| {
            text.extend_from_slice(b"\"lu_area_m2\":");
            push_number(text, f64::from(row) * 1.37);
            text.extend_from_slice(b",\"lu_score\":");
            push_number(text, f64::from(row) * 0.3337);
        };
        splice(&source, out, None, &[], append).unwrap()
    });
}

#[divan::bench]
fn contender_geojson_features(bencher: divan::Bencher<'_, '_>) {
    let text = text();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| geojson::FeatureReader::from_reader(text.as_bytes()).features().flatten().count());
}

#[divan::bench]
fn contender_serde_json_syntax_only(bencher: divan::Bencher<'_, '_>) {
    let text = text();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok());
}
