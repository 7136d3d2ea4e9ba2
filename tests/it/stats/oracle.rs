//! Everything without randomness equals esda's figures.

use landuse::stats::{
    Divisor, LocalOptions, Observations, Quadrant, Weights, join_counts, local_join_counts,
};

use super::oracle_data::ORACLES;
use super::support::{near, property, reference};

#[test]
fn agrees_with_esda() {
    for oracle in ORACLES {
        let (Some(features), Some(gal)) = (
            reference(&format!("{}/{}", oracle.folder, oracle.geojson)),
            reference(&format!("{}/{}", oracle.folder, oracle.gal)),
        ) else {
            return;
        };
        let values = property(&features, oracle.variable);
        let (ids, binary) = Weights::read_gal(oracle.gal, &gal).unwrap();
        assert_eq!(binary.one_way_link(), None);
        assert_eq!((ids.len(), values.len()), (oracle.gi.len(), oracle.gi.len()));
        let standard = binary.clone().row_standardised();
        let of_standard = Observations::new(values.iter().copied(), &standard).unwrap();
        let of_binary = Observations::new(values.iter().copied(), &binary).unwrap();

        let moran = of_standard.moran().unwrap();
        let (normal, random) = (moran.normality.unwrap(), moran.randomisation.unwrap());
        let p = [normal.p_two_sided(), random.p_two_sided()];
        let found = [moran.i, normal.variance, random.variance, normal.z, random.z, p[0], p[1]];
        all_near(&found, oracle.moran, 1e-12);
        let geary = of_standard.geary().unwrap();
        let (normal, random) = (geary.normality.unwrap(), geary.randomisation.unwrap());
        all_near(&[geary.c, normal.variance, random.variance, normal.z, random.z], oracle.geary, 1e-12);
        let g = of_binary.general_g().unwrap();
        let random = g.randomisation.unwrap();
        all_near(&[g.g, random.expectation, random.variance, random.z], oracle.general_g, 1e-11);

        let options = LocalOptions::default().with_permutations(0);
        let local = of_standard.local(&options).unwrap();
        let column = |column: &landuse::parcel::Column<f64>| column.iter().flatten().collect::<Vec<_>>();
        all_near(&column(&local.moran), oracle.local_moran, 1e-12);
        all_near(&column(&local.gi_z), oracle.gi, 1e-12);
        all_near(&column(&local.gi_star_z), oracle.gi_star, 1e-12);
        let quadrants: String = local
            .quadrant
            .iter()
            .map(|quadrant| match quadrant.unwrap() {
                Quadrant::Hh => '1',
                Quadrant::Lh => '2',
                Quadrant::Ll => '3',
                Quadrant::Hl => '4',
            })
            .collect();
        assert_eq!(quadrants, oracle.quadrants);
        let local = of_binary.local(&options).unwrap();
        let squares: f64 = local.moran.iter().flatten().map(|i| i * i).sum();
        near(squares, oracle.local_moran_binary_squares, 1e-12);
        all_near(&column(&local.gi_star_z), oracle.gi_star, 1e-12);
        let by_n = of_binary.local(&options.with_divisor(Divisor::N)).unwrap();
        let n = values.len() as f64;
        near(by_n.moran.get(0).unwrap(), local.moran.get(0).unwrap() * n / (n - 1.0), 1e-14);

        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let median = f64::midpoint(sorted[(sorted.len() - 1) / 2], sorted[sorted.len() / 2]);
        let black: Vec<bool> = values.iter().map(|&value| value > median).collect();
        let joins = join_counts(black.iter().copied(), &binary).unwrap();
        assert_eq!([joins.black_black, joins.black_white, joins.white_white], oracle.joins);
        let local = local_join_counts(black.iter().copied(), &binary).unwrap();
        let counts: String = local.count.iter().map(|count| count.unwrap().to_string()).collect();
        assert_eq!(counts, oracle.local_joins);
    }
}

#[track_caller]
fn all_near(found: &[f64], expected: &[f64], relative: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        let bound = relative * expected.abs().max(1e-3);
        assert!((found - expected).abs() <= bound, "{found:e} is not {expected:e} within {bound:e}");
    }
}
