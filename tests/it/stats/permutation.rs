//! Conditional permutation: exact against complete enumeration, uniform under the null, the same on any number of threads.

use landuse::stats::{
    Alternative, Contiguity, LocalOptions, LocalResults, Observations, Scheme, Weights, local_join_counts,
};

use crate::support::Random;

fn run(values: &[f64], weights: &Weights, options: LocalOptions) -> LocalResults {
    Observations::new(values.iter().copied(), weights).unwrap().local(&options).unwrap()
}

fn greater(permutations: u32) -> LocalOptions {
    LocalOptions::default().with_permutations(permutations).with_alternative(Alternative::Greater)
}

/// Nine observations with 1 to 8 neighbours, and one island.
fn uneven() -> Vec<Vec<u32>> {
    vec![
        vec![1],
        vec![0, 2],
        vec![1, 3, 7],
        vec![2, 4, 5, 8],
        vec![0, 1, 2, 3, 5],
        vec![0, 2, 3, 4, 6, 7],
        vec![0, 1, 2, 3, 4, 5, 7],
        vec![0, 1, 2, 3, 4, 5, 6, 8],
        vec![],
    ]
}

/// Probability that a lag of values drawn from the others is at least, and at most, the lag observed, over all ordered draws.
fn exact(i: usize, values: &[f64], row: &[(u32, f64)]) -> [f64; 2] {
    fn visit(others: &mut [f64], weights: &[f64], fixed: usize, lag: f64, own: f64, counts: &mut [f64; 3]) {
        if fixed == weights.len() {
            counts[0] += f64::from(u8::from(lag >= own - 1e-9));
            counts[1] += f64::from(u8::from(lag <= own + 1e-9));
            counts[2] += 1.0;
            return;
        }
        for at in fixed..others.len() {
            others.swap(fixed, at);
            visit(others, weights, fixed + 1, lag + weights[fixed] * others[fixed], own, counts);
            others.swap(fixed, at);
        }
    }
    let own = row.iter().map(|&(j, weight)| weight * values[j as usize]).sum();
    let mut others: Vec<f64> = values.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, v)| *v).collect();
    let weights: Vec<f64> = row.iter().map(|link| link.1).collect();
    let mut counts = [0.0; 3];
    visit(&mut others, &weights, 0, 0.0, own, &mut counts);
    [counts[0] / counts[2], counts[1] / counts[2]]
}

/// Every p-value of every scheme and style, ties and hubs included, against all possible draws.
#[test]
fn p_values_tend_to_those_of_all_draws() {
    const R: u32 = 20_000;
    let rows = uneven();
    let weighted: Vec<Vec<(u32, f64)>> =
        rows.iter().map(|row| row.iter().map(|&j| (j, f64::from(1 + j % 3))).collect()).collect();
    let binary = Weights::from_neighbours(&rows).unwrap();
    let styles = [binary.clone(), binary.row_standardised(), Weights::from_weighted(&weighted).unwrap()];
    // Decimals whose sums tie as decimals and not as binary fractions; and values with repeats.
    for values in
        [[0.1, 0.2, 0.3, 0.0, 0.7, 0.4, 0.6, 0.5, 0.25], [1.0, 1.0, 2.0, 2.0, 2.0, 5.0, 1.0, 5.0, 9.0]]
    {
        for weights in &styles {
            for scheme in [Scheme::Shared, Scheme::Fresh] {
                let options = greater(R).with_scheme(scheme).with_seed(5);
                let above = run(&values, weights, options);
                let below = run(&values, weights, options.with_alternative(Alternative::Less));
                let both = run(&values, weights, options.with_alternative(Alternative::TwoSided));
                for i in 0..8 {
                    let row: Vec<(u32, f64)> = weights.row(i).collect();
                    let expected = exact(i, &values, &row);
                    for (result, p) in [&above, &below].into_iter().zip(expected) {
                        let found = result.g_p.get(i).unwrap();
                        let bound = 4.5 * (p * (1.0 - p) / f64::from(R)).sqrt() + 1.0 / f64::from(R);
                        assert!(
                            (found - p).abs() <= bound,
                            "{scheme:?} {:?} {i}: {found} {p}",
                            weights.style()
                        );
                    }
                    let tail = above.g_p.get(i).unwrap().min(below.g_p.get(i).unwrap());
                    assert_eq!(both.g_p.get(i), Some(f64::min(1.0, 2.0 * tail)));
                    assert_eq!(both.moran_p.get(i), both.g_p.get(i));
                    let high = values[i] > values.iter().sum::<f64>() / 9.0;
                    let same = if high { &above } else { &below };
                    assert_eq!(above.moran_p.get(i), same.g_p.get(i));
                }
                assert_eq!(above.g_p.get(8), None);
            }
        }
    }
}

/// With marks as values the exact p is hypergeometric: draws meet the count of local join counts.
#[test]
fn draws_of_marks_meet_the_exact_join_counts() {
    let grid = Weights::lattice(30, 30, Contiguity::Queen).unwrap();
    let black: Vec<bool> = Random(3).units().take(900).map(|u| u < 0.3).collect();
    let values: Vec<f64> = black.iter().map(|&b| f64::from(u8::from(b))).collect();
    let exact = local_join_counts(black, &grid).unwrap();
    let drawn = run(&values, &grid, greater(9_999));
    let mut checked = 0;
    for i in 0..900 {
        let Some(p) = exact.p.get(i) else { continue };
        let found = drawn.g_p.get(i).unwrap();
        assert!((found - p).abs() <= 5.0 * (p * (1.0 - p) / 1e4).sqrt() + 1e-4, "{i}: {found} {p}");
        checked += 1;
    }
    assert!(checked > 200);
}

/// Over 20 seeds shared and fresh draws differ as two independent samples of the same distribution do.
#[test]
fn shared_draws_equal_fresh_ones_in_distribution() {
    const R: u32 = 499;
    // Mostly eight neighbours, and hubs of 40 and of 150, which the table does not reach.
    let mut rows: Vec<Vec<u32>> = {
        let grid = Weights::lattice(16, 16, Contiguity::Queen).unwrap();
        (0..256).map(|i| grid.neighbours(i).to_vec()).collect()
    };
    rows[0] = (1..=40).collect();
    rows[1] = (10..160).collect();
    let binary = Weights::from_neighbours(&rows).unwrap();
    let weighted: Vec<Vec<(u32, f64)>> =
        rows.iter().map(|row| row.iter().map(|&j| (j, f64::from(1 + j % 4))).collect()).collect();
    let general = Weights::from_weighted(&weighted).unwrap();
    let smooth: Vec<f64> = Random(8).units().take(256).collect();
    let tied: Vec<f64> = smooth.iter().map(|v| (v * 4.0).floor()).collect();
    for (name, weights, values) in
        [("smooth", &binary, &smooth), ("tied", &binary, &tied), ("general", &general, &smooth)]
    {
        let (mut sum, mut squares, mut count) = (0.0, 0.0, 0.0);
        for seed in 0..20 {
            let shared = run(values, weights, greater(R).with_seed(seed));
            let fresh = run(values, weights, greater(R).with_seed(seed + 100).with_scheme(Scheme::Fresh));
            for (a, b) in shared.g_p.iter().zip(fresh.g_p.iter()) {
                let (a, b) = (a.unwrap(), b.unwrap());
                let p = f64::midpoint(a, b);
                if (0.02..0.98).contains(&p) {
                    let standard = (a - b) / (2.0 * p * (1.0 - p) / f64::from(R)).sqrt();
                    sum += standard;
                    squares += standard * standard;
                    count += 1.0;
                }
            }
        }
        let (mean, variance): (f64, f64) = (sum / count, squares / count);
        println!(
            "{name}: {count} differences, mean {mean:.3}, variance {variance:.3} (independent samples: 0, 1)"
        );
        // Errors of one shared table are correlated: at worst the mean rests on 20 seeds.
        assert!(mean.abs() < 0.5 && (0.75..1.35).contains(&variance), "{name}: {mean} {variance}");
    }
}

/// Under the null p is uniform on {1, …, R+1}/(R+1): chi-square over 20 classes, for a cell, a corner and two hubs.
#[test]
fn p_is_uniform_without_pattern() {
    const R: u32 = 99;
    const ROUNDS: u32 = 2_000;
    let mut rows: Vec<Vec<u32>> = {
        let grid = Weights::lattice(14, 14, Contiguity::Rook).unwrap();
        (0..196).map(|i| grid.neighbours(i).to_vec()).collect()
    };
    rows[50] = (60..90).collect();
    rows[51] = (52..192).collect();
    let weights = Weights::from_neighbours(&rows).unwrap().row_standardised();
    let watched = [0, 100, 50, 51];
    let mut classes = [[0u32; 20]; 4];
    let mut tied_small = [0u32; 4];
    for round in 0..ROUNDS {
        let values: Vec<f64> = Random(u64::from(round) << 20).units().take(196).collect();
        let options = greater(R).with_seed(round.into());
        let smooth = run(&values, &weights, options);
        let tied: Vec<f64> = values.iter().map(|v| (v * 3.0).floor()).collect();
        let tied = run(&tied, &weights, options);
        for (at, &i) in watched.iter().enumerate() {
            let rank = (smooth.g_p.get(i).unwrap() * 100.0).round() as usize;
            classes[at][(rank - 1) / 5] += 1;
            tied_small[at] += u32::from(tied.g_p.get(i).unwrap() <= 0.1);
        }
    }
    for (at, counts) in classes.iter().enumerate() {
        let expected = f64::from(ROUNDS) / 20.0;
        let chi_square: f64 = counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
        println!("observation {}: chi-square {chi_square:.1} with 19 degrees of freedom", watched[at]);
        assert!(chi_square < 43.8, "{chi_square} (p < 0.001): {counts:?}");
        // Ties count in both tails, which makes p larger, never smaller.
        let share = f64::from(tied_small[at]) / f64::from(ROUNDS);
        assert!(share < 0.1 + 4.0 * (0.09 / f64::from(ROUNDS)).sqrt(), "{share}");
    }
}

#[test]
fn threads_change_nothing() {
    let mut rows: Vec<Vec<u32>> = {
        let grid = Weights::lattice(70, 90, Contiguity::Queen).unwrap();
        (0..6300).map(|i| grid.neighbours(i).to_vec()).collect()
    };
    rows[77] = (100..400).collect();
    rows[5000] = Vec::new();
    let binary = Weights::from_neighbours(&rows).unwrap();
    let general: Vec<Vec<(u32, f64)>> =
        rows.iter().map(|row| row.iter().map(|&j| (j, 1.0 / f64::from(j + 1))).collect()).collect();
    let general = Weights::from_weighted(&general).unwrap();
    let values: Vec<Option<f64>> = Random(1).units().take(6300).map(|v| (v > 0.05).then_some(v)).collect();
    for (weights, scheme, r) in
        [(&binary, Scheme::Shared, 1_999), (&binary, Scheme::Fresh, 99), (&general, Scheme::Shared, 999)]
    {
        let options = greater(r).with_scheme(scheme);
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                Observations::new(values.iter().copied(), weights).unwrap().local(&options).unwrap()
            })
        };
        let one = on(1);
        assert_eq!(one, on(2));
        assert_eq!(one, on(5));
        assert_ne!(one.g_p, run_seeded(&values, weights, options.with_seed(1)).g_p);
    }
}

fn run_seeded(values: &[Option<f64>], weights: &Weights, options: LocalOptions) -> LocalResults {
    Observations::new(values.iter().copied(), weights).unwrap().local(&options).unwrap()
}
