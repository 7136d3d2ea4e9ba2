//! Neighbours of a whole city: candidates, the distance of a pair, the graph; the R-tree for comparison.

#![expect(clippy::expect_used, reason = "benches stop where something is wrong")]

mod common;

use common::{Case, cases};
use divan::Bencher;
use divan::counter::ItemsCount;
use landuse::adjacency::{candidate_pairs, overlapping_pairs, within_gap};
use landuse::geometry::Envelope;
use landuse::geometry::EnvelopeIndex;
use landuse::geometry::distance::{PairMeasure, Shape};

const GAP_M: f64 = 20.0;

fn main() {
    divan::main();
}

fn envelopes(Case(fabric, parcels): Case) -> Vec<Envelope> {
    fabric.geometry(parcels).iter().map(|parcel| parcel.envelope()).collect()
}

#[divan::bench(args = cases(), sample_count = 10)]
fn candidates_by_strips(bencher: Bencher, case: Case) {
    let envelopes = envelopes(case);
    let pairs = candidate_pairs(&envelopes, GAP_M).len();
    bencher.counter(ItemsCount::new(pairs)).bench(|| candidate_pairs(&envelopes, GAP_M));
}

#[divan::bench(args = cases(), sample_count = 3)]
fn candidates_by_tree(bencher: Bencher, case: Case) {
    let envelopes = envelopes(case);
    let pairs = || {
        let index = EnvelopeIndex::new(&envelopes);
        let found =
            |i: usize| index.candidates(envelopes[i].grown(GAP_M)).filter(|&j| j as usize > i).count();
        (0..envelopes.len()).map(found).sum::<usize>()
    };
    let count = candidate_pairs(&envelopes, GAP_M).len();
    assert_eq!(pairs(), count);
    bencher.counter(ItemsCount::new(count)).bench(pairs);
}

#[divan::bench(args = cases(), sample_count = 5)]
fn measure_pairs(bencher: Bencher, Case(fabric, parcels): Case) {
    let geometry = fabric.geometry(parcels);
    let shapes: Vec<Shape> = geometry.iter().map(Shape::from).collect();
    let envelopes: Vec<Envelope> = shapes.iter().map(|shape| shape.envelope).collect();
    let pairs = candidate_pairs(&envelopes, GAP_M);
    let mut gauge = PairMeasure::new();
    bencher.counter(ItemsCount::new(pairs.len())).bench_local(|| {
        let mut near = |a: usize, b: usize| gauge.measure(shapes[a], shapes[b], GAP_M).is_some();
        pairs.iter().map(|(a, b)| (a.index(), b.index())).filter(|&(a, b)| near(a, b)).count()
    });
}

#[divan::bench(args = cases(), sample_count = 5)]
fn graph_within_gap(bencher: Bencher, Case(fabric, parcels): Case) {
    let set = fabric.parcels(parcels);
    let links = within_gap(&set, GAP_M).expect("a good gap").links().len();
    assert!(links > parcels, "{links} links of {parcels} parcels");
    bencher.counter(ItemsCount::new(parcels)).bench(|| within_gap(&set, GAP_M));
}

#[divan::bench(args = cases(), sample_count = 5)]
fn overlaps(bencher: Bencher, Case(fabric, parcels): Case) {
    let set = fabric.parcels(parcels);
    bencher.counter(ItemsCount::new(parcels)).bench(|| overlapping_pairs(&set));
}
