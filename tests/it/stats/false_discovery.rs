//! What control of the false-discovery rate buys: noise is not believed, planted clusters are found.

use landuse::stats::{Contiguity, LocalOptions, Observations, Weights};

use crate::support::Random;

#[test]
fn noise_is_not_believed_and_clusters_are_found() {
    const SIDE: usize = 60;
    const ROUNDS: u32 = 5;
    let grid = Weights::lattice(SIDE as u32, SIDE as u32, Contiguity::Queen).unwrap().row_standardised();
    // Two blocks of 12 by 12 with lower values; the difference in units of the noise's standard deviation.
    let planted = |i: usize| {
        let (row, column) = (i / SIDE, i % SIDE);
        (8..20).contains(&row) && (8..20).contains(&column)
            || (35..47).contains(&row) && (40..52).contains(&column)
    };
    let cells = (0..SIDE * SIDE).filter(|&i| planted(i)).count() as f64;
    println!("deviation | significant outside | recall | with FDR: outside | recall");
    for (shift, recall_at_least) in [(0.0, 0.0), (1.0, 0.05), (2.0, 0.7)] {
        let (mut outside, mut inside) = ([0.0; 2], [0.0; 2]);
        for round in 0..ROUNDS {
            let noise: Vec<f64> = Random(u64::from(round) << 32).units().take(12 * SIDE * SIDE).collect();
            let values = noise.chunks(12).enumerate().map(|(i, chunk)| {
                let normal = chunk.iter().sum::<f64>() - 6.0;
                if planted(i) { normal - shift } else { normal }
            });
            let options = LocalOptions::default().with_seed(round.into());
            let local = Observations::new(values, &grid).unwrap().local(&options).unwrap();
            for i in 0..SIDE * SIDE {
                let found = [local.moran_p.get(i).unwrap() <= 0.05, local.moran_fdr.discovery[i]];
                for (level, found) in found.into_iter().enumerate() {
                    let counts = if planted(i) { &mut inside } else { &mut outside };
                    counts[level] += f64::from(u8::from(found)) / f64::from(ROUNDS);
                }
            }
        }
        let recall = inside.map(|count| count / cells);
        println!(
            "{shift:9.1} | {:19.1} | {:6.3} | {:17.1} | {:6.3}",
            outside[0], recall[0], outside[1], recall[1]
        );
        let others = (SIDE * SIDE) as f64 - cells;
        if shift == 0.0 {
            assert!((outside[0] / others - 0.05).abs() < 0.015, "nominal level: {}", outside[0] / others);
            assert!(outside[1] < 2.0, "discoveries in noise: {}", outside[1]);
        } else {
            assert!(outside[1] < outside[0]);
            assert!(recall[1] >= recall_at_least, "{recall:?}");
        }
    }
}
