//! How much of every parcel lies inside the lines: building, asking, and one boolean operation per pair for comparison.

mod common;

use divan::Bencher;
use divan::counter::ItemsCount;
use geo::BooleanOps;
use landuse::geometry::prepared::PreparedArea;
use landuse::geometry::{MultiPolygonArray, MultiPolygonRef};

/// Parcels, and vertices of the lines.
const SIZES: [(usize, usize); 2] = [(10_000, 40_000), (100_000, 400_000)];

fn main() {
    divan::main();
}

fn lines(parcels: usize, vertices: usize) -> MultiPolygonArray {
    common::stars(common::side_m(parcels), 4, vertices / 20)
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn build(bencher: Bencher, (parcels, vertices): (usize, usize)) {
    let lines = lines(parcels, vertices);
    bencher.counter(ItemsCount::new(lines.coords().len())).bench(|| PreparedArea::new(&lines));
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn ask(bencher: Bencher, (parcels, vertices): (usize, usize)) {
    let (fabric, area) =
        (common::Fabric::Blocks.geometry(parcels), PreparedArea::new(&lines(parcels, vertices)));
    let inside = || fabric.iter().map(|parcel| area.overlap_area(parcel)).sum::<f64>();
    assert!(inside() > 0.0);
    bencher.counter(ItemsCount::new(parcels)).bench(inside);
}

#[divan::bench(sample_count = 3)]
fn boolean_operations(bencher: Bencher) {
    let (fabric, lines) = (common::Fabric::Blocks.geometry(1_000), lines(1_000, 4_000));
    let boundary = PreparedArea::new(&lines);
    let lines: Vec<_> = lines.iter().map(|line| line.to_geo()).collect();
    let parcels: Vec<_> = fabric.iter().filter(|p| boundary.meets_boundary(&p.envelope())).take(20).collect();
    bencher.counter(ItemsCount::new(parcels.len() * lines.len())).bench(|| {
        let parcels = parcels.iter().map(MultiPolygonRef::to_geo);
        parcels.flat_map(|parcel| lines.iter().map(move |line| parcel.intersection(line))).count()
    });
}
