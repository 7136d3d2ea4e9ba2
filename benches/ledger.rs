//! The whole ledger: land counted once where parcels overlap, the union of the lines, and a balance for each of ten districts.
#![expect(clippy::expect_used, reason = "benches stop where something is wrong")]

mod common;

use common::{Case, cases};
use divan::Bencher;
use divan::counter::ItemsCount;
use landuse::adjacency::overlapping_pairs;
use landuse::control::{ControlLines, Overlay};
use landuse::geometry::partition::Partition;
use landuse::intensity::{Ledger, LedgerInput, StudyUnits};
use landuse::land::LandStatus;
use landuse::{Parcel, ParcelSet};

fn main() {
    divan::main();
}

/// Ten districts side by side over a square, with borders of a hundred vertices that neighbours share.
fn districts(origin: [f64; 2], side_m: f64) -> ParcelSet {
    let border = |k: u64| -> Vec<[f64; 2]> {
        let bend = if k == 0 || k == 10 { 0.0 } else { side_m / 60.0 };
        let at = |i: u64| {
            let shift = bend * (2.0 * common::noise(k << 32 ^ i) - 1.0);
            [origin[0] + side_m * k as f64 / 10.0 + shift, origin[1] + side_m * i as f64 / 100.0]
        };
        (0..=100).map(at).collect()
    };
    let district = |k: u64| {
        let ring: Vec<[f64; 2]> = border(k + 1).into_iter().chain(border(k).into_iter().rev()).collect();
        let ring: geo::LineString = ring.iter().map(|c| (c[0], c[1])).collect();
        Parcel::new(k.to_string(), geo::Polygon::new(ring, Vec::new()))
    };
    ParcelSet::local((0..10).map(district))
}

#[divan::bench(args = cases(), sample_count = 3)]
fn ledger(bencher: Bencher, Case(fabric, parcels): Case) {
    let set = fabric.parcels(parcels);
    let side_m = common::span_m(set.geometry());
    let stars = common::stars(side_m, 16, 300);
    let lines = ParcelSet::local((0..stars.len()).map(|i| Parcel::new(i.to_string(), stars.get(i).to_geo())));
    let lines = ControlLines::new(lines).expect("lines without an effect");
    let overlay = Overlay::new(&set, &lines).expect("one plane");
    let districts = districts(set.extent().min, side_m);
    let kinds = [LandStatus::Construction, LandStatus::Other, LandStatus::Unknown];
    let status: Vec<LandStatus> =
        (0..parcels as u64).map(|i| kinds[(3.0 * common::noise(i)) as usize]).collect();
    let compute = || {
        let pairs: Vec<[u32; 2]> =
            overlapping_pairs(&set).expect("few pairs").iter().map(|(a, b, _)| [a.0, b.0]).collect();
        let priority: Vec<u8> = status.iter().map(|&status| status as u8).collect();
        let partition = Partition::new(set.geometry(), &pairs, &priority).expect("few crossings");
        let input = LedgerInput {
            exclusion: Some((&overlay.exclusion, &overlay.excluded_m2)),
            ..LedgerInput::new(&set, &status, &partition, StudyUnits::Districts(&districts))
        };
        Ledger::compute(&input).expect("districts side by side")
    };
    let ledger = compute();
    assert!(ledger.units.len() >= 10 && ledger.residual() < 1e-9, "{:e}", ledger.residual());
    bencher.counter(ItemsCount::new(parcels)).bench(compute);
}
