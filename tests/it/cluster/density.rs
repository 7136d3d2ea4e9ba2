use landuse::adjacency::{Graph, within_gap};
use landuse::cluster::Dbscan;

use super::support::{given, random_graph, rectangles};
use crate::support::Random;

/// Reference by the definition, over all pairs.
fn brute_force(graph: &Graph, part: &[bool], weights: &[f64], eps_m: f64, least: f64) -> Vec<Option<u32>> {
    let n = graph.len();
    let mut gap = vec![vec![f64::INFINITY; n]; n];
    for link in graph.links() {
        let (a, b) = (link.a.index(), link.b.index());
        if part[a] && part[b] && link.gap_m <= eps_m {
            (gap[a][b], gap[b][a]) = (link.gap_m, link.gap_m);
        }
    }
    let near = |i: usize| {
        (0..n).filter(move |&j| i == j).chain((0..n).filter(|&j| gap[i][j] <= eps_m).collect::<Vec<_>>())
    };
    let core: Vec<bool> =
        (0..n).map(|i| part[i] && near(i).map(|j| weights[j]).sum::<f64>() >= least).collect();
    let mut labels = vec![None; n];
    let mut next = 0;
    for i in 0..n {
        if core[i] && labels[i].is_none() {
            let mut stack = vec![i];
            while let Some(at) = stack.pop() {
                if labels[at].is_none() {
                    labels[at] = Some(next);
                    stack.extend((0..n).filter(|&j| core[j] && gap[at][j] <= eps_m));
                }
            }
            next += 1;
        }
    }
    let cores = labels.clone();
    for i in (0..n).filter(|&i| !core[i]) {
        let reach = (0..n).filter(|&j| core[j] && gap[i][j] <= eps_m);
        let nearest = reach.min_by(|&j, &k| gap[i][j].total_cmp(&gap[i][k]).then(cores[j].cmp(&cores[k])));
        labels[i] = nearest.and_then(|j| cores[j]);
    }
    labels
}

#[test]
fn agrees_with_the_definition() {
    let mut random = Random(21);
    for round in 0..300 {
        let n = 5 + random.below(40) as usize;
        let graph = random_graph(&mut random, n, 12);
        let part: Vec<bool> = (0..n).map(|_| random.below(8) > 0).collect();
        let weights: Vec<f64> = (0..n).map(|_| random.below(20) as f64).collect();
        let (eps_m, least) = (random.below(9) as f64, random.below(60) as f64);
        let found = Dbscan::find(&graph, &part, &weights, eps_m, least).unwrap();
        assert_eq!(found.labels, brute_force(&graph, &part, &weights, eps_m, least), "round {round}");
        let labels = found.labels.iter().flatten().max().map_or(0, |&most| most + 1);
        assert_eq!(labels, found.clusters);
    }
}

#[test]
fn without_a_minimum_clusters_are_components() {
    let mut random = Random(4);
    for _ in 0..50 {
        let graph = random_graph(&mut random, 60, 2);
        let found = Dbscan::find(&graph, &[true; 60], &[1.0; 60], 100.0, 0.0).unwrap();
        let components = graph.components();
        let labels: Vec<u32> = found.labels.iter().map(|label| label.unwrap()).collect();
        assert_eq!((labels, found.clusters), (components.labels, components.count));
    }
}

/// scikit-learn 1.9.1: `DBSCAN(eps, min_samples=m, metric="precomputed").fit(d, sample_weight=areas)`, `d` by shapely 2.2.0
/// `distance`, for the rectangles below; a letter for each label, a dot for noise, and whether each is a core.
#[test]
fn agrees_with_scikit_learn() {
    let known = [
        (
            7.5,
            260.0,
            "....aa..b..ccaa..bb..c....d....ee..dd..f..e......f..........",
            "000010001001001001000000001000001001000100000000010000000000",
        ),
        (
            8.3,
            330.0,
            "..a.b......aabb..........cc..d.....cc.ed.......eed..........",
            "000000000000101000000000000000000001000100000000100000000000",
        ),
    ];
    let sides: Vec<[f64; 4]> = (0..60u32)
        .map(|i| {
            let (column, row) = (i % 10, i / 10);
            [column * 20 + i * 7 % 6, row * 20 + i * 5 % 7, 6 + i * 11 % 9, 5 + i * 13 % 9].map(f64::from)
        })
        .collect();
    let set = rectangles(sides);
    let rows = given(&set);
    for (eps_m, least, labels, cores) in known {
        let graph = within_gap(&set, eps_m).unwrap();
        let found = Dbscan::find(&graph, &[true; 60], set.area_m2(), eps_m, least).unwrap();
        let (labels, cores) = (labels.as_bytes(), cores.as_bytes());
        for i in 0..60 {
            assert_eq!(found.core[i], cores[rows[i]] == b'1', "{i}");
            assert_eq!(found.labels[i].is_some(), labels[rows[i]] != b'.', "{i}");
            // Labels have other random in another order, and a border parcel may join either of two clusters.
            for j in (0..60).filter(|&j| found.core[i] && found.core[j]) {
                assert_eq!(found.labels[i] == found.labels[j], labels[rows[i]] == labels[rows[j]], "{i} {j}");
            }
        }
    }
}

#[test]
fn faults_are_named() {
    let graph = super::support::graph(2, &[(0, 1, 1.0)]);
    let fault = |part: &[bool], weights: &[f64], eps_m, least| {
        Dbscan::find(&graph, part, weights, eps_m, least).unwrap_err()
    };
    assert_eq!(fault(&[true], &[1.0; 2], 1.0, 1.0).name(), "takes_part");
    assert_eq!(fault(&[true; 2], &[1.0, f64::NAN], 1.0, 1.0).name(), "weights");
    assert_eq!(fault(&[true; 2], &[1.0; 2], -1.0, 1.0).name(), "eps_m");
    assert_eq!(fault(&[true; 2], &[1.0; 2], 1.0, f64::NAN).name(), "min_weight");
}
