//! Neighbours of a whole city: candidates, the distance of a pair, the graph; the R-tree for comparison.

mod common;

use divan::Bencher;
use divan::counter::ItemsCount;
use landuse::adjacency::{candidate_pairs, overlapping_pairs, within_gap};
use landuse::geometry::Envelope;
use landuse::geometry::distance::{Gauge, Shape};
use landuse::index::EnvelopeIndex;

const GAP_M: f64 = 20.0;
const SIZES: [usize; 2] = [10_000, 100_000];

fn main() {
    divan::main();
}

fn envelopes(parcels: usize) -> Vec<Envelope> {
    common::Fabric::Blocks.geometry(parcels).iter().map(|parcel| parcel.envelope()).collect()
}

#[divan::bench(args = SIZES, sample_count = 10)]
fn candidates_by_strips(bencher: Bencher, parcels: usize) {
    let envelopes = envelopes(parcels);
    let pairs = candidate_pairs(&envelopes, GAP_M).len();
    bencher.counter(ItemsCount::new(pairs)).bench(|| candidate_pairs(&envelopes, GAP_M));
}

#[divan::bench(args = SIZES, sample_count = 10)]
fn candidates_by_tree(bencher: Bencher, parcels: usize) {
    let envelopes = envelopes(parcels);
    let pairs = || {
        let index = EnvelopeIndex::new(&envelopes);
        let found =
            |i: usize| index.candidates(envelopes[i].grown(GAP_M)).filter(|&j| j as usize > i).count();
        (0..envelopes.len()).map(found).sum::<usize>()
    };
    assert_eq!(pairs(), candidate_pairs(&envelopes, GAP_M).len());
    bencher.bench(pairs);
}

#[divan::bench(args = SIZES, sample_count = 10)]
fn measure_pairs(bencher: Bencher, parcels: usize) {
    let geometry = common::Fabric::Blocks.geometry(parcels);
    let shapes: Vec<Shape> = geometry.iter().map(Shape::from).collect();
    let envelopes: Vec<Envelope> = shapes.iter().map(|shape| shape.envelope).collect();
    let pairs = candidate_pairs(&envelopes, GAP_M);
    let mut gauge = Gauge::new();
    bencher.counter(ItemsCount::new(pairs.len())).bench_local(|| {
        let mut near = |a: usize, b: usize| gauge.measure(shapes[a], shapes[b], GAP_M).is_some();
        pairs.iter().map(|(a, b)| (a.index(), b.index())).filter(|&(a, b)| near(a, b)).count()
    });
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn graph_within_gap(bencher: Bencher, parcels: usize) {
    let set = common::Fabric::Blocks.parcels(parcels);
    bencher.bench(|| within_gap(&set, GAP_M));
}

#[divan::bench(args = SIZES, sample_count = 5)]
fn overlaps(bencher: Bencher, parcels: usize) {
    let set = common::Fabric::Blocks.parcels(parcels);
    bencher.bench(|| overlapping_pairs(&set));
}
