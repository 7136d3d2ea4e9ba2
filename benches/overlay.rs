//! How much of every parcel lies inside the lines: building, asking, and one boolean operation per pair for comparison.

#![expect(clippy::expect_used, reason = "benches stop where something is wrong")]

mod common;

use common::{Case, cases};
use divan::Bencher;
use divan::counter::ItemsCount;
use geo::BooleanOps;
use landuse::control::{ControlLines, Overlay};
use landuse::geometry::prepared::PreparedArea;
use landuse::geometry::{MultiPolygonArray, MultiPolygonRef, boolean};
use landuse::{Parcel, ParcelSet};

fn main() {
    divan::main();
}

/// Twelve line vertices per parcel: 12 million beside a million parcels.
fn lines(fabric: &MultiPolygonArray) -> MultiPolygonArray {
    let vertices = fabric.len() * 12;
    common::stars(common::span_m(fabric), 16, vertices / 320)
}

#[divan::bench(args = cases(), sample_count = 5)]
fn build(bencher: Bencher, Case(fabric, parcels): Case) {
    let lines = lines(&fabric.geometry(parcels));
    bencher.counter(ItemsCount::new(lines.coords().len())).bench(|| PreparedArea::new(&lines));
}

#[divan::bench(args = cases(), sample_count = 5)]
fn ask(bencher: Bencher, Case(fabric, parcels): Case) {
    let fabric = fabric.geometry(parcels);
    let area = PreparedArea::new(&lines(&fabric));
    let inside = || fabric.iter().map(|parcel| area.overlap_area(parcel)).sum::<f64>();
    let (all, found) = (fabric.iter().map(|parcel| parcel.signed_area()).sum::<f64>(), inside());
    assert!(found > 0.1 * all && found < 0.6 * all, "{found} m² of {all} m²");
    bencher.counter(ItemsCount::new(parcels)).bench(inside);
}

/// All of a run's questions: each parcel against each line and against their union.
#[divan::bench(args = cases(), sample_count = 3)]
fn overlay(bencher: Bencher, Case(fabric, parcels): Case) {
    let set = fabric.parcels(parcels);
    let stars = lines(set.geometry());
    let lines = ParcelSet::local((0..stars.len()).map(|i| Parcel::new(i.to_string(), stars.get(i).to_geo())));
    let lines = ControlLines::new(lines).expect("lines without an effect");
    let overlay = Overlay::new(&set, &lines).expect("one plane");
    assert!(overlay.overlaps.len() > parcels / 10, "{} overlaps", overlay.overlaps.len());
    bencher.counter(ItemsCount::new(parcels)).bench(|| Overlay::new(&set, &lines).expect("one plane"));
}

/// The union of lines that hang together in one group, positions in thousands: cut into strips from 262 on.
#[divan::bench(args = [100, 1_000], sample_count = 3)]
fn dissolve(bencher: Bencher, thousands: usize) {
    let stars = common::stars(10_000.0, 4, thousands * 1_000 / 32);
    let mut lines = stars.clone();
    let mut moved = stars.clone();
    moved.coords_mut().iter_mut().for_each(|c| *c = [c[0] + 1_250.0, c[1] + 700.0]);
    lines.append(&moved);
    let (one, both) = (stars.iter().map(|star| star.signed_area()).sum::<f64>(), boolean::dissolve(&lines));
    let area = both.get(0).signed_area();
    assert!(area > one && area < 2.0 * one, "{area} m² of twice {one} m²");
    assert!(both.get(0).polygons().len() < stars.len(), "{} polygons", both.get(0).polygons().len());
    bencher.counter(ItemsCount::new(lines.coords().len())).bench(|| boolean::dissolve(&lines));
}

#[divan::bench(sample_count = 3)]
fn boolean_operations(bencher: Bencher) {
    let fabric = common::Fabric::Blocks.geometry(1_000);
    let lines = common::stars(common::span_m(&fabric), 4, 200);
    let boundary = PreparedArea::new(&lines);
    let lines: Vec<_> = lines.iter().map(|line| line.to_geo()).collect();
    let parcels: Vec<_> = fabric.iter().filter(|p| boundary.meets_boundary(&p.envelope())).take(20).collect();
    bencher.counter(ItemsCount::new(parcels.len() * lines.len())).bench(|| {
        let parcels = parcels.iter().map(MultiPolygonRef::to_geo);
        parcels.flat_map(|parcel| lines.iter().map(move |line| parcel.intersection(line))).count()
    });
}
