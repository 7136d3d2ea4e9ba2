//! A city appraised and graded by a published rule pack: tables of rows, and parcels whose metrics are expressions.

#![expect(clippy::expect_used, reason = "benchmarks stop where their input is wrong")]

use divan::Bencher;
use divan::counter::ItemsCount;
use landuse::ParcelSet;
use landuse::crs::WorkingPlane;
use landuse::efficiency::{Appraisal, Cuts, Grade, Grading, Measures};
use landuse::expr::ColumnTable;
use landuse::parcel::ParcelColumns;
use landuse::parcel::{Column, NamedNumbers};
use landuse::zoning::Schemes;

mod common;
use common::{Fabric, noise};

/// Items of Huangyan 2022 with their benchmarks.
const ITEMS: [(&str, f64); 6] = [
    ("tax_per_mu", 24.097),
    ("value_added_per_mu", 136.16),
    ("value_added_per_energy", 2.694),
    ("value_added_per_emission", 4929.81),
    ("productivity", 18.14),
    ("rd_share", 0.0302),
];

fn main() {
    divan::main();
}

/// Values around the benchmark, one of a hundred unknown.
fn values(rows: usize, item: usize) -> impl Iterator<Item = Option<f64>> {
    (0..rows as u64).map(move |row| {
        let key = row * 8 + item as u64;
        (noise(!key) > 0.01).then(|| 2.0 * ITEMS[item].1 * noise(key))
    })
}

fn pack() -> Appraisal {
    let pack = Appraisal::builtin("huangyan-2022").expect("carried");
    pack.with_grading(Grading::new(Cuts::HUAIAN)).expect("shares rise")
}

fn appraise(bencher: Bencher, rows: usize, measures: &(impl Measures + Sync)) {
    let pack = pack();
    bencher.counter(ItemsCount::new(rows)).bench_local(|| {
        let found = pack.run(rows, measures).expect("columns fit");
        assert!(found.count(Grade::A) > rows / 10 && found.count(Grade::D) > 0);
        found
    });
}

#[divan::bench(args = [10_000, 1_000_000], sample_count = 5)]
fn table(bencher: Bencher, rows: usize) {
    let scale = (0..rows as u64).map(|row| Some(noise(row << 20) < 0.9));
    let mut table = ColumnTable::new(rows).flag("above_scale", scale).expect("fits");
    for (item, (key, _)) in ITEMS.iter().enumerate() {
        table = table.number(key, values(rows, item)).expect("fits");
    }
    table = table.number("tax_per_electricity", values(rows, 0)).expect("fits");
    appraise(bencher, rows, &table);
}

/// Metrics are quotients of parcel columns, as a city's own pack has them; all parcels in one group.
#[divan::bench(args = [1_000_000], sample_count = 5)]
fn parcels(bencher: Bencher, rows: usize) {
    let mut table = Fabric::Blocks.table(rows);
    for (item, (key, _)) in ITEMS.iter().enumerate() {
        let values: Column<f64> = values(rows, item).collect();
        table
            .attributes
            .numbers
            .insert((*key).into(), NamedNumbers { unit: "".into(), adds_up: true, values });
    }
    let set = ParcelSet::new(table, WorkingPlane::local()).expect("a fabric of this size fits");
    let schemes = Schemes::builtin();
    let mut text = String::from("name = 'bench'\nversion = '1'\nsource = 'bench'\nevidence = 'C'\n");
    text.push_str(
        "[grading]\ncuts = { A = 0.2, B = 0.6, C = 0.95 }\n[[group]]\nkey = 'all'\nindicators = [\n",
    );
    for ((key, benchmark), weight) in ITEMS.iter().zip([30, 20, 20, 10, 10, 10]) {
        text.push_str(&format!(
            "{{ key = '{key}', metric = '{key} * 1000 / area_m2', weight = {weight}, benchmark = {benchmark}, missing = 'item_mean' }},\n"
        ));
    }
    text.push_str("]\n");
    let pack = Appraisal::from_toml(&text, "bench").expect("holds together");
    let measures = ParcelColumns { set: &set, schemes: &schemes };
    bencher.counter(ItemsCount::new(rows)).bench_local(|| {
        let found = pack.run(rows, &measures).expect("columns fit");
        assert_eq!(found.count(Grade::A), rows / 5);
        found
    });
}
