use landuse::ParcelSet;
use landuse::adjacency::{Graph, within_gap};
use landuse::cluster::{Significance, SignificanceOptions, SiteInput, SiteOptions, Sites};

use super::support::{lattice, on_threads};
use crate::support::Random;

fn draws(count: usize, seed: u64) -> SignificanceOptions {
    let mut options = SignificanceOptions::default();
    options.draws = Some(count);
    options.seed = seed;
    options
}

fn test(
    set: &ParcelSet,
    low: &[bool],
    graph: &Graph,
    options: &SignificanceOptions,
) -> (Sites, Significance) {
    test_from(1, set, low, graph, options)
}

/// As [`test`] for sites of at least so many parcels.
fn test_from(
    min_parcels: usize,
    set: &ParcelSet,
    low: &[bool],
    graph: &Graph,
    options: &SignificanceOptions,
) -> (Sites, Significance) {
    let mut wanted = SiteOptions::default();
    wanted.min_area_m2 = 0.0;
    wanted.gap_m = 0.0;
    wanted.min_parcels = min_parcels;
    let input = SiteInput::new(set, low, graph);
    let sites = Sites::find_in(&input, &wanted).unwrap();
    let judged = vec![true; set.len()];
    let found = Significance::of(&sites, &input, &judged, options).unwrap();
    (sites, found)
}

/// So many low parcels, all choices alike.
fn scattered(len: usize, count: usize, random: &mut Random) -> Vec<bool> {
    let mut low = vec![false; len];
    let mut left = count;
    while left > 0 {
        let i = random.below(len as u64) as usize;
        left -= usize::from(!std::mem::replace(&mut low[i], true));
    }
    low
}

/// On a path of 6 parcels with 3 low ones there are 20 choices: the share of those with a component as large is the p.
#[test]
fn draws_approach_complete_enumeration() {
    let set = lattice(6, 1, 10.0, 0.0);
    let graph = within_gap(&set, 0.0).unwrap();
    // Positions follow a curve, not the row: order by x.
    let mut by_x: Vec<usize> = (0..6).collect();
    by_x.sort_by(|&a, &b| set.envelopes()[a].min[0].total_cmp(&set.envelopes()[b].min[0]));
    let longest = |choice: u32| {
        let (mut run, mut best) = (0, 0);
        for place in 0..6 {
            run = if choice >> place & 1 == 1 { run + 1 } else { 0 };
            best = best.max(run);
        }
        best
    };
    let all: Vec<u32> = (0..64u32).filter(|c| c.count_ones() == 3).map(longest).collect();
    for (choice, size) in [(0b00_0111, 3), (0b00_1011, 2), (0b01_0101, 1)] {
        let mut low = vec![false; 6];
        (0..6).for_each(|place| low[by_x[place]] = choice >> place & 1 == 1);
        let (_, found) = test(&set, &low, &graph, &draws(20_000, 4));
        let exact = all.iter().filter(|&&best| best >= size).count() as f64 / 20.0;
        let largest = found.p_parcels.iter().copied().fold(1.0, f64::min);
        assert!((largest - exact).abs() < 0.015, "{largest} {exact}");
        assert_eq!(found.p_area, found.p_parcels);
    }
}

/// Under pure noise the p of the largest site is uniform: the Kolmogorov-Smirnov distance of 300 of them stays below the value
/// of p = 0.001, 1.95/√300, with a step's worth of ties.
#[test]
fn noise_is_uniform() {
    let mut sides = Vec::new();
    let mut random = Random(3);
    for i in 0..400u32 {
        let height = 5.0 + random.below(500) as f64 / 100.0;
        sides.push([f64::from(i % 20) * 10.0, f64::from(i / 20) * 11.0, 10.0, height]);
    }
    let set = super::support::rectangles(sides);
    let graph = within_gap(&set, 6.0).unwrap();
    let mut all: Vec<f64> = (0..300)
        .map(|city| {
            let low = scattered(400, 80, &mut random);
            // Of 80 parcels in 400, three or more always lie together somewhere.
            let (_, found) = test_from(3, &set, &low, &graph, &draws(99, city));
            found.p_area.iter().copied().fold(1.0, f64::min)
        })
        .collect();
    all.sort_by(f64::total_cmp);
    let distance = all
        .iter()
        .enumerate()
        .map(|(i, p)| (p - (i + 1) as f64 / 300.0).abs().max((p - i as f64 / 300.0).abs()))
        .fold(0.0, f64::max);
    assert!(distance < 1.95 / 300f64.sqrt() + 0.01, "{distance}");
    let at_most_5 = all.iter().filter(|&&p| p <= 0.05).count();
    assert!((3..=29).contains(&at_most_5), "{at_most_5} of 300");
}

#[test]
fn planted_sites_stand_out_and_the_rest_does_not() {
    let set = lattice(60, 60, 10.0, 0.0);
    let graph = within_gap(&set, 0.0).unwrap();
    let mut random = Random(8);
    let mut low = scattered(3_600, 180, &mut random);
    for (mark, e) in low.iter_mut().zip(set.envelopes()) {
        *mark |= e.min[0] < 65.0 && e.min[1] < 65.0;
    }
    let (sites, found) = test(&set, &low, &graph, &draws(199, 0));
    assert!(sites.get(0).members.len() >= 49);
    assert_eq!((found.p_area[0], found.p_parcels[0]), (0.005, 0.005));
    assert!(found.p_area[1] > 0.05, "{:?}", &found.p_area[..3]);
    assert!(found.p_area.is_sorted() && *found.p_area.last().unwrap() == 1.0);
    assert_eq!(found.of_parcels(&sites).get(sites.get(0).members[0].index()), Some(0.005));
    assert_eq!((found.largest_area_m2.len(), found.judged), (199, 3_600));
    assert!(found.largest_area_m2.is_sorted() && found.largest_parcels.is_sorted());
}

#[test]
fn threads_make_no_difference() {
    let set = lattice(30, 30, 10.0, 0.0);
    let graph = within_gap(&set, 0.0).unwrap();
    let low = scattered(900, 300, &mut Random(5));
    let run = |threads| on_threads(threads, || test(&set, &low, &graph, &draws(99, 7)).1);
    assert_eq!(run(1), run(3));
    let (_, other) = test(&set, &low, &graph, &draws(99, 8));
    assert_ne!(run(1).largest_area_m2, other.largest_area_m2);
}

#[test]
fn faults_are_named() {
    let set = lattice(2, 1, 10.0, 0.0);
    let graph = within_gap(&set, 0.0).unwrap();
    let low = [true, false];
    let input = SiteInput::new(&set, &low, &graph);
    let sites = Sites::find_in(&input, &SiteOptions::default()).unwrap();
    let fault = |judged: &[bool], options| Significance::of(&sites, &input, judged, &options).unwrap_err();
    assert_eq!(fault(&[true; 2], draws(0, 0)).name(), "draws");
    assert_eq!(fault(&[true; 3], draws(9, 0)).name(), "judged");
    assert_eq!(fault(&[false, true], draws(9, 0)).name(), "judged");
    let none = Significance::of(&sites, &input, &[true; 2], &SignificanceOptions::default()).unwrap();
    assert_eq!((none.draws, none.p_area.len()), (999, 0));
}
