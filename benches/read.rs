//! GeoJSON into columns, into parcels in a plane, and out again, in bytes of text per second. Contenders: the `geojson` crate,
//! and `serde_json` that only checks the syntax.
//!
//! Three fabrics of 10,000 and 100,000 parcels; `LANDUSE_BENCH_CITY=1` adds a million. Answers are counted before they are timed.
#![expect(clippy::unwrap_used, reason = "tests and benches stop where something is wrong")]

mod common;

use std::sync::Arc;

use common::Fabric;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use landuse::ParcelSet;
use landuse::crs::WorkingPlane;
use landuse::io::schema::Schema;
use landuse::io::{Loader, ReadOptions, Source, append_properties, inspect, push_number, read};

fn main() {
    divan::main();
}

/// Every fabric in every size.
fn cases() -> Vec<(Fabric, usize)> {
    let mut sizes = vec![10_000, 100_000];
    if std::env::var_os("LANDUSE_BENCH_CITY").is_some() {
        sizes.push(1_000_000);
    }
    sizes.iter().flat_map(|&size| Fabric::ALL.map(|fabric| (fabric, size))).collect()
}

struct Text {
    source: Source,
    schema: Schema,
    bytes: BytesCount,
    parcels: usize,
}

impl Text {
    fn of((fabric, parcels): (Fabric, usize)) -> Self {
        let text: Arc<[u8]> = fabric.geojson(parcels).into_bytes().into();
        let source = Source::bytes("bench", Arc::clone(&text));
        let schema = Schema::builtin("generated").unwrap();
        Self { source, schema, bytes: BytesCount::new(text.len()), parcels }
    }
}

#[divan::bench(args = cases(), sample_count = 5)]
fn columns(bencher: Bencher<'_, '_>, case: (Fabric, usize)) {
    let text = Text::of(case);
    let columns = || read(&text.source, &text.schema, &ReadOptions::default()).unwrap().table;
    let answer = columns();
    assert_eq!(answer.len(), text.parcels);
    assert_eq!(answer.attributes.current_use.known() + answer.attributes.id.known(), 2 * text.parcels);
    bencher.counter(text.bytes).bench(columns);
}

#[divan::bench(args = cases(), sample_count = 5)]
fn parcels_in_a_plane(bencher: Bencher<'_, '_>, case: (Fabric, usize)) {
    let text = Text::of(case);
    let loader = Loader::new(text.schema.clone());
    let load = || loader.load(&text.source).unwrap().set;
    let answer = load();
    assert_eq!(answer.len() + answer.rejected().len(), text.parcels);
    bencher.counter(text.bytes).bench(load);
}

/// Validity, canonical order and areas of features that are in a plane already.
#[divan::bench(args = cases(), sample_count = 5)]
fn validity_and_order(bencher: Bencher<'_, '_>, (fabric, parcels): (Fabric, usize)) {
    assert_eq!(fabric.parcels(parcels).len(), parcels);
    let table = fabric.table(parcels);
    bencher
        .counter(ItemsCount::new(parcels))
        .with_inputs(|| table.clone())
        .bench_values(|table| ParcelSet::new(table, WorkingPlane::local()).unwrap());
}

#[divan::bench(args = cases(), sample_count = 5)]
fn append_two_columns(bencher: Bencher<'_, '_>, case: (Fabric, usize)) {
    let text = Text::of(case);
    let read = read(&text.source, &text.schema, &ReadOptions::default()).unwrap().text.unwrap();
    let write = || {
        let append = |row: u32, text: &mut Vec<u8>| {
            text.extend_from_slice(b"\"lu_area_m2\":");
            push_number(text, f64::from(row) * 1.37);
            text.extend_from_slice(b",\"lu_score\":");
            push_number(text, f64::from(row) * 0.3337);
        };
        append_properties(&read, std::io::sink(), None, &[], append).unwrap()
    };
    assert_eq!(write(), [text.parcels as u64, 0]);
    bencher.counter(text.bytes).bench(write);
}

/// What every property is, as inference asks before reading.
#[divan::bench(args = cases(), sample_count = 5)]
fn inspect_properties(bencher: Bencher<'_, '_>, case: (Fabric, usize)) {
    let text = Text::of(case);
    bencher.counter(text.bytes).bench(|| inspect(&text.source).unwrap());
}

#[divan::bench(sample_count = 5)]
fn contender_geojson_features(bencher: Bencher<'_, '_>) {
    let text = Fabric::Blocks.geojson(10_000);
    let count = || geojson::FeatureReader::from_reader(text.as_bytes()).features().flatten().count();
    assert_eq!(count(), 10_000);
    bencher.counter(BytesCount::of_str(&text)).bench(count);
}

#[divan::bench(sample_count = 5)]
fn contender_serde_json_syntax_only(bencher: Bencher<'_, '_>) {
    let text = Fabric::Blocks.geojson(10_000);
    let check = || serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
    assert!(check());
    bencher.counter(BytesCount::of_str(&text)).bench(check);
}
