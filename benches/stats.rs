//! Local statistics with conditional permutation: the shared-draw scheme against sampling afresh, and by size.

#![expect(clippy::expect_used, reason = "benchmarks stop where their input is wrong")]

use std::hint::black_box;

use divan::Bencher;
use divan::counter::ItemsCount;
use landuse::stats::{Contiguity, LocalOptions, Observations, Scheme, Weights, join_counts};

fn main() {
    divan::main();
}

fn grid(side: u32) -> (Weights, Vec<f64>) {
    let weights = Weights::lattice(side, side, Contiguity::Queen).expect("small enough").row_standardised();
    let mut state = 1u64;
    let values = (0..weights.len()).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64
    });
    let values = values.collect();
    (weights, values)
}

fn local(bencher: Bencher, side: u32, options: LocalOptions) {
    let (weights, values) = grid(side);
    let observations = Observations::new(values, &weights).expect("finite");
    bencher.counter(ItemsCount::new(observations.known())).bench_local(|| {
        let local = observations.local(&options).expect("in range");
        assert_eq!(local.moran_p.known(), (side * side) as usize);
        local
    });
}

#[divan::bench(args = [999, 9_999, 99_999], sample_count = 5)]
fn shared_10k(bencher: Bencher, permutations: u32) {
    local(bencher, 100, LocalOptions::default().with_permutations(permutations));
}

#[divan::bench(args = [999], sample_count = 3)]
fn fresh_10k(bencher: Bencher, permutations: u32) {
    local(bencher, 100, LocalOptions::default().with_permutations(permutations).with_scheme(Scheme::Fresh));
}

#[divan::bench(args = [999, 9_999, 99_999], sample_count = 3)]
fn shared_1m(bencher: Bencher, permutations: u32) {
    local(bencher, 1000, LocalOptions::default().with_permutations(permutations));
}

#[divan::bench(args = [1000], sample_count = 5)]
fn global_moran_1m(bencher: Bencher, side: u32) {
    let (weights, values) = grid(side);
    let observations = Observations::new(values, &weights).expect("finite");
    bencher.bench_local(|| black_box(&observations).moran().expect("varies"));
}

#[divan::bench(args = [1000], sample_count = 5)]
fn join_counts_1m(bencher: Bencher, side: u32) {
    let (weights, values) = grid(side);
    bencher.bench_local(|| {
        join_counts(values.iter().map(|value| value % 3.0 == 0.0), &weights).expect("linked")
    });
}
