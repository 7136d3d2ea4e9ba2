//! Sites of low parcels: components with outlines and closings, draws, the sweep over gaps, the tree of merging sites; then
//! all parcels by density and in regions.
#![expect(clippy::expect_used, reason = "benches stop where something is wrong")]

mod common;

use common::{Case, cases};
use divan::Bencher;
use divan::counter::ItemsCount;
use landuse::ParcelSet;
use landuse::adjacency::{Graph, within_gap, within_gap_among};
use landuse::cluster::{
    Dbscan, MergeTree, RegionInput, RegionOptions, Regions, SWEEP_GAPS_M, Significance, SignificanceOptions,
    SiteInput, SiteOptions, Sites, sweep,
};

const MIN_AREA_M2: f64 = 2_000.0;

fn main() {
    divan::main();
}

/// Parcels of which a fifth are low, mostly together in patches.
struct Scene {
    set: ParcelSet,
    low: Vec<bool>,
    graph: Graph,
    options: SiteOptions,
}

impl Scene {
    fn new(Case(fabric, parcels): Case) -> Self {
        let set = fabric.parcels(parcels);
        let patch = common::span_m(set.geometry()) / (parcels as f64 / 400.0).sqrt();
        let is_low = |(i, envelope): (usize, &landuse::geometry::Envelope)| {
            let [x, y] = envelope.center().map(|v| (v / patch).floor() as i64 as u64);
            let chance = if common::noise(x << 32 ^ y) < 0.2 { 0.8 } else { 0.05 };
            common::noise(!(i as u64)) < chance
        };
        let low: Vec<bool> = set.envelopes().iter().enumerate().map(is_low).collect();
        let graph = within_gap(&set, 15.0).expect("a good gap");
        let mut options = SiteOptions::default();
        options.min_area_m2 = MIN_AREA_M2;
        let scene = Self { set, low, graph, options };
        let sites = scene.sites().len();
        assert!(sites > parcels / 5_000, "{sites} sites");
        scene
    }

    fn input(&self) -> SiteInput<'_> {
        SiteInput::new(&self.set, &self.low, &self.graph)
    }

    fn sites(&self) -> Sites {
        Sites::find_in(&self.input(), &self.options).expect("good options")
    }
}

#[divan::bench(args = cases(), sample_count = 3)]
fn sites(bencher: Bencher, case: Case) {
    let scene = Scene::new(case);
    let low = scene.low.iter().filter(|&&low| low).count();
    bencher.counter(ItemsCount::new(low)).bench(|| scene.sites());
}

/// 199 draws among all parcels.
#[divan::bench(args = cases(), sample_count = 3)]
fn significance(bencher: Bencher, case: Case) {
    let scene = Scene::new(case);
    let (sites, judged) = (scene.sites(), vec![true; case.1]);
    let mut options = SignificanceOptions::default();
    options.draws = Some(199);
    bencher
        .counter(ItemsCount::new(199 * case.1))
        .bench(|| Significance::of(&sites, &scene.input(), &judged, &options).expect("good options"));
}

#[divan::bench(args = cases(), sample_count = 3)]
fn gaps(bencher: Bencher, case: Case) {
    let Scene { set, low, .. } = Scene::new(case);
    let wide = within_gap_among(&set, &low, 30.0).expect("a good gap");
    bencher.counter(ItemsCount::new(wide.links().len())).bench(|| {
        let steps = sweep(set.area_m2(), &low, &wide, &SWEEP_GAPS_M, MIN_AREA_M2);
        let tree = MergeTree::new(set.area_m2(), &low, &wide, MIN_AREA_M2, 30.0).expect("a good gap");
        assert!(steps.iter().all(|step| step.sites > 0) && !tree.sites().is_empty());
    });
}

/// All parcels by density: half a hectare within 15 m makes a core.
#[divan::bench(args = cases(), sample_count = 3)]
fn density(bencher: Bencher, case: Case) {
    let Scene { set, graph, .. } = Scene::new(case);
    let all = vec![true; case.1];
    bencher.counter(ItemsCount::new(case.1)).bench(|| {
        let found = Dbscan::find(&graph, &all, set.area_m2(), 15.0, 5_000.0).expect("good options");
        assert!(found.clusters > 0 && found.labels.iter().any(Option::is_some));
        found
    });
}

/// All parcels divided into as many regions of a hectare as possible.
#[divan::bench(args = cases(), sample_count = 1)]
fn regions(bencher: Bencher, case: Case) {
    let Scene { set, graph, .. } = Scene::new(case);
    let all = vec![true; case.1];
    let options = RegionOptions::default();
    bencher.counter(ItemsCount::new(case.1)).bench(|| {
        let found = Regions::find(&RegionInput::new(&graph, &all, set.area_m2()), &options, |_, _| {})
            .expect("good options");
        assert!(found.weights.len() > case.1 / 1_000, "{} regions", found.weights.len());
        found
    });
}
