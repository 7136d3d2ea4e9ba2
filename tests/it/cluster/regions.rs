use landuse::adjacency::Graph;
use landuse::cluster::{IslandPolicy, RegionInput, RegionOptions, Regions};
use landuse::geometry::Envelope;

use super::support::{graph, random_graph};
use crate::support::Random;

fn options(min_weight: f64, starts: usize, passes: usize) -> RegionOptions {
    let mut options = RegionOptions::default();
    (options.min_weight, options.starts, options.passes) = (min_weight, starts, passes);
    options
}

fn grid(n: usize) -> Graph {
    let mut links = Vec::new();
    for i in 0..(n * n) as u32 {
        let n = n as u32;
        if i % n + 1 < n {
            links.push((i, i + 1, 0.0));
        }
        if i + n < n * n {
            links.push((i, i + n, 0.0));
        }
    }
    graph(n * n, &links)
}

/// Every region is contiguous, within its limits, and the counts hold.
fn check(graph: &Graph, weights: &[f64], part: &[bool], wanted: &RegionOptions, found: &Regions) {
    let n = graph.len();
    let joined = graph.filtered(|l| {
        let label = found.labels[l.a.index()];
        label.is_some() && label == found.labels[l.b.index()]
    });
    let pieces = joined.components().labels;
    let mut low = 0;
    for region in 0..found.weights.len() as u32 {
        let members: Vec<usize> = (0..n).filter(|&i| found.labels[i] == Some(region)).collect();
        assert!(members.iter().all(|&i| pieces[i] == pieces[members[0]] && part[i]), "{region} is in pieces");
        let weight: f64 = members.iter().map(|&i| weights[i]).sum();
        assert!((weight - found.weights[region as usize]).abs() < 1e-9);
        assert!(wanted.max_weight.is_none_or(|max| weight <= max + 1e-9));
        low += usize::from(weight < wanted.min_weight);
    }
    assert_eq!(low, found.islands);
    let firsts: Vec<_> = (0..found.weights.len() as u32)
        .map(|region| found.labels.iter().position(|&l| l == Some(region)).unwrap())
        .collect();
    assert!(firsts.is_sorted());
    assert_eq!(found.unassigned, (0..n).filter(|&i| part[i] && found.labels[i].is_none()).count());
}

/// Most regions that cover every node, by all partitions; none where there is no way.
fn optimum(graph: &Graph, weights: &[f64], min: f64, max: f64) -> Option<usize> {
    let n = graph.len();
    let mut beside = vec![0usize; n];
    for link in graph.links() {
        beside[link.a.index()] |= 1 << link.b.index();
        beside[link.b.index()] |= 1 << link.a.index();
    }
    let able = |set: usize| {
        let weight: f64 = (0..n).filter(|i| set >> i & 1 == 1).map(|i| weights[i]).sum();
        if weight < min || weight > max {
            return false;
        }
        let mut reached = set & set.wrapping_neg();
        loop {
            let more = (0..n).filter(|i| reached >> i & 1 == 1).fold(reached, |r, i| r | (beside[i] & set));
            if more == reached {
                return reached == set;
            }
            reached = more;
        }
    };
    let able: Vec<bool> = (0..1usize << n).map(|set| set != 0 && able(set)).collect();
    let mut best: Vec<Option<usize>> = vec![None; 1 << n];
    best[0] = Some(0);
    for set in 1..1usize << n {
        let first = set & set.wrapping_neg();
        let rest = set ^ first;
        let mut sub = rest;
        loop {
            if able[sub | first] {
                best[set] = best[set].max(best[rest ^ sub].map(|count| count + 1));
            }
            if sub == 0 {
                break;
            }
            sub = (sub - 1) & rest;
        }
    }
    best[(1 << n) - 1]
}

#[test]
fn tiny_graphs_get_the_most_regions_there_can_be() {
    let mut random = Random(31);
    let (mut compared, mut reached) = (0, 0);
    for round in 0..60 {
        let n = 5 + random.below(6) as usize;
        let graph = random_graph(&mut random, n, 35);
        if graph.components().count > 1 {
            continue;
        }
        let weights: Vec<f64> = (0..n).map(|_| 1.0 + random.below(9) as f64).collect();
        let wanted = options(8.0 + random.below(8) as f64, 40, 40);
        let best = optimum(&graph, &weights, wanted.min_weight, f64::INFINITY);
        let found =
            Regions::find(&RegionInput::new(&graph, &vec![true; n], &weights), &wanted, |_, _| {}).unwrap();
        check(&graph, &weights, &vec![true; n], &wanted, &found);
        assert_eq!(found.weights.len(), best.unwrap_or(0), "round {round}");
        compared += 1;

        // With a maximum no region passes it, and where all parcels find a place there are no more than can be.
        let mut capped = wanted;
        capped.max_weight = Some(wanted.min_weight + 4.0);
        let found =
            Regions::find(&RegionInput::new(&graph, &vec![true; n], &weights), &capped, |_, _| {}).unwrap();
        check(&graph, &weights, &vec![true; n], &capped, &found);
        if found.unassigned == 0 {
            let best = optimum(&graph, &weights, capped.min_weight, capped.min_weight + 4.0);
            assert!(found.weights.len() <= best.unwrap());
            reached += 1;
        }
    }
    assert!(compared > 30 && reached > 5, "{compared} {reached}");
}

/// spopt 0.7, `MaxPHeuristic(gdf, lat2W(12, 12), ["v"], "w", threshold, 2, max_iterations_construction=99,
/// max_iterations_sa=3)`: the most of five seeds, for the weights below.
#[test]
fn finds_no_fewer_regions_than_spopt() {
    let graph = grid(12);
    let weights: Vec<f64> = (0..144u32).map(|i| f64::from(1 + (37 * i * i + 11 * i + 5) % 9)).collect();
    let values: Vec<f64> = (0..144u32).map(|i| f64::from(i * 7 % 13)).collect();
    for (threshold, spopt) in [(20.0, 35), (40.0, 18)] {
        let wanted = options(threshold, 20, 50);
        let found = Regions::find(
            &RegionInput { values: Some(&values), ..RegionInput::new(&graph, &[true; 144], &weights) },
            &wanted,
            |_, _| {},
        )
        .unwrap();
        check(&graph, &weights, &[true; 144], &wanted, &found);
        let p = found.weights.len();
        assert!(p >= spopt && p <= (816.0 / threshold) as usize, "{threshold}: {p}, spopt {spopt}");
    }
}

#[test]
fn annealing_makes_regions_more_alike_and_keeps_their_number() {
    let graph = grid(20);
    let weights = vec![1.0; 400];
    // Four quarters of different values.
    let values: Vec<f64> = (0..400).map(|i| f64::from(i % 20 / 10 + 2 * (i / 200)) * 10.0).collect();
    let wanted = options(25.0, 4, 30);
    let rough = Regions::find(&RegionInput::new(&graph, &[true; 400], &weights), &wanted, |_, _| {}).unwrap();
    let fine = Regions::find(
        &RegionInput { values: Some(&values), ..RegionInput::new(&graph, &[true; 400], &weights) },
        &wanted,
        |_, _| {},
    )
    .unwrap();
    check(&graph, &weights, &[true; 400], &wanted, &fine);
    assert_eq!(rough.weights.len(), fine.weights.len());
    let within = |labels: &[Option<u32>]| -> f64 {
        (0..fine.weights.len() as u32)
            .map(|region| {
                let of: Vec<f64> =
                    (0..400).filter(|&i| labels[i] == Some(region)).map(|i| values[i]).collect();
                let mean = of.iter().sum::<f64>() / of.len() as f64;
                of.iter().map(|v| (v - mean).powi(2)).sum::<f64>()
            })
            .sum()
    };
    assert!((within(&fine.labels) - fine.heterogeneity.unwrap()).abs() < 1e-6);
    assert!(fine.heterogeneity.unwrap() < 0.8 * within(&rough.labels), "{:?}", fine.heterogeneity);
}

#[test]
fn islands_follow_their_policy_and_heavy_parcels_stay_out() {
    // A path of four, an island of two, and a parcel beyond the maximum that adjoins the path.
    let graph = graph(7, &[(0, 1, 0.0), (1, 2, 0.0), (2, 3, 0.0), (4, 5, 0.0), (3, 6, 0.0)]);
    let weights = [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 50.0];
    let mut wanted = options(2.0, 4, 4);
    wanted.max_weight = Some(4.0);
    let found = Regions::find(&RegionInput::new(&graph, &[true; 7], &weights), &wanted, |_, _| {}).unwrap();
    check(&graph, &weights, &[true; 7], &wanted, &found);
    assert_eq!(found.labels, [Some(0), Some(0), Some(1), Some(1), None, None, None]);
    assert_eq!((found.unassigned, found.islands), (3, 0));
    wanted.islands = IslandPolicy::Single;
    let found = Regions::find(&RegionInput::new(&graph, &[true; 7], &weights), &wanted, |_, _| {}).unwrap();
    assert_eq!((found.labels[4], found.labels[5], found.islands), (Some(2), Some(2), 1));
    let part = [true, true, false, true, true, true, true];
    let found = Regions::find(&RegionInput::new(&graph, &part, &weights), &wanted, |_, _| {}).unwrap();
    assert_eq!((found.labels[2], found.labels[3]), (None, Some(1)));
}

/// Squares of 10 m: no region is wider than asked for, with values or without, and narrow ones hold fewer parcels.
#[test]
fn no_region_is_wider_than_asked_for() {
    let graph = grid(20);
    let boxes: Vec<Envelope> = (0..400)
        .map(|i| [f64::from(i % 20) * 10.0, f64::from(i / 20) * 10.0])
        .map(|[x, y]| Envelope { min: [x, y], max: [x + 10.0, y + 10.0] })
        .collect();
    let (weights, values) = (vec![1.0; 400], (0..400).map(|i| f64::from(i % 13)).collect::<Vec<_>>());
    let mut wanted = options(4.0, 4, 6);
    for (span, at_most) in [(45.0, 100), (32.0, 100), (22.4, 0)] {
        wanted.max_span_m = Some(span);
        for values in [None, Some(&values[..])] {
            let all = [true; 400];
            let input =
                RegionInput { values, envelopes: Some(&boxes), ..RegionInput::new(&graph, &all, &weights) };
            let found = Regions::find(&input, &wanted, |_, _| {}).unwrap();
            check(&graph, &weights, &all, &wanted, &found);
            let mut extents = vec![Envelope::EMPTY; found.weights.len()];
            for (label, own) in found.labels.iter().zip(&boxes).filter_map(|(l, b)| Some(((*l)?, b))) {
                extents[label as usize] = extents[label as usize].join(own);
            }
            assert!(extents.iter().all(|e| e.width().hypot(e.height()) <= span), "{span}");
            // A square of four spans 28.3 m; 22.4 m hold two side by side.
            assert!(
                found.weights.len() <= at_most && (span < 25.0 || found.weights.len() > 40),
                "{span} {found:?}"
            );
        }
    }
    let fault = Regions::find(&RegionInput::new(&graph, &[true; 400], &weights), &wanted, |_, _| {});
    assert_eq!(fault.unwrap_err().name(), "envelopes");
}

#[test]
fn the_seed_decides_and_progress_is_told() {
    let graph = grid(30);
    let weights: Vec<f64> = (0..900).map(|i| f64::from(1 + i * 17 % 7)).collect();
    let run = |seed| {
        let mut wanted = options(30.0, 3, 3);
        wanted.seed = seed;
        let mut told = Vec::new();
        let found = Regions::find(
            &RegionInput { values: Some(&weights), ..RegionInput::new(&graph, &[true; 900], &weights) },
            &wanted,
            |done, all| {
                told.push((done, all));
            },
        )
        .unwrap();
        assert_eq!(told, (1..=9).map(|done| (done, 9)).collect::<Vec<_>>());
        found
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).labels, run(2).labels);
}

#[test]
fn faults_are_named_and_nothing_is_no_fault() {
    let empty = Graph::new(0, Vec::new());
    let found = Regions::find(
        &RegionInput { values: Some(&[]), ..RegionInput::new(&empty, &[], &[]) },
        &RegionOptions::default(),
        |_, _| {},
    )
    .unwrap();
    assert_eq!((found.weights.len(), found.heterogeneity), (0, Some(0.0)));
    let graph = grid(2);
    let fault = |change: fn(&mut RegionOptions), weights: &[f64]| {
        let mut wanted = options(1.0, 1, 1);
        change(&mut wanted);
        Regions::find(&RegionInput::new(&graph, &[true; 4], weights), &wanted, |_, _| {})
            .unwrap_err()
            .name()
            .to_owned()
    };
    assert_eq!(fault(|o| o.min_weight = f64::NAN, &[1.0; 4]), "min_weight");
    assert_eq!(fault(|o| o.max_weight = Some(0.5), &[1.0; 4]), "max_weight");
    assert_eq!(fault(|o| o.max_span_m = Some(0.0), &[1.0; 4]), "max_span_m");
    assert_eq!(fault(|o| o.starts = 0, &[1.0; 4]), "starts");
    assert_eq!(fault(|_| {}, &[1.0, -1.0, 1.0, 1.0]), "weights");
    assert_eq!(fault(|_| {}, &[1.0; 3]), "weights");
}
