//! Worked examples small enough to check by hand.

#![expect(clippy::unreadable_literal, reason = "pasted as printed")]

use landuse::stats::{
    Contiguity, LocalOptions, Observations, Quadrant, Standing, Undefined, Weights, join_counts,
};

use super::support::{near, within};

const UNTESTED: fn() -> LocalOptions = || LocalOptions::default().with_permutations(0);

/// esda's documentation of `G_Local` (version 2.9.0): six points, distance band 15.
#[test]
fn getis_ord_points() {
    let points = [[10.0, 10.0], [20.0, 10.0], [40.0, 10.0], [15.0, 20.0], [30.0, 20.0], [30.0, 30.0]];
    let values = [2.0, 3.0, 3.2, 5.0, 8.0, 7.0];
    let binary = within(&points, 15.0);
    let gi = [-1.0136729, -0.04361589, 1.31558703, -0.31412676, 1.15373986, 1.77833941];
    let gi_star = [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331];
    for weights in [binary.clone(), binary.clone().row_standardised()] {
        let local = Observations::new(values, &weights).unwrap().local(&UNTESTED()).unwrap();
        for i in 0..6 {
            near(local.gi_z.get(i).unwrap(), gi[i], 5e-9);
            near(local.gi_star_z.get(i).unwrap(), gi_star[i], 5e-9);
        }
        assert_eq!((local.moran_p.known(), local.g_p.known(), local.getis_ord.hot), (0, 0, None));
    }
    // Printed there for row-standardised weights: W = 1 is put into the moments of binary weights, which shrinks each z.
    let gi_row = [-0.62074534, -0.01780611, 1.31558703, -0.12824171, 0.28843496, 1.77833941];
    for i in 0..6 {
        let k = binary.neighbours(i).len() as f64;
        let shrunk = (5.0 - k) / k / (5.0 - 1.0);
        near(gi[i] * f64::sqrt(shrunk), gi_row[i], 2e-8);
    }
    // And so with the observation itself among its neighbours.
    let gi_star_row = [-0.62488094, -0.09144599, 0.41150696, -0.09144599, 0.24690418, 1.28024388];
    for i in 0..6 {
        let k = binary.neighbours(i).len() as f64 + 1.0;
        let shrunk = (6.0 - k) / k / (6.0 - 1.0);
        near(gi_star[i] * f64::sqrt(shrunk), gi_star_row[i], 2e-8);
    }
}

/// Computed with esda from the formula of Anselin (1995) with n − 1.
#[test]
fn local_moran_on_a_lattice() {
    let grid = Weights::lattice(3, 3, Contiguity::Rook).unwrap().row_standardised();
    let values = [1.0, 2.0, 3.0, 2.0, 4.0, 6.0, 3.0, 6.0, 9.0];
    let local = Observations::new(values, &grid).unwrap().local(&LocalOptions::default()).unwrap();
    let expected = [0.923_077, 0.410_256, 0.0, 0.410_256, 0.0, 0.410_256, 0.0, 0.410_256, 1.538_462];
    for (found, expected) in local.moran.iter().zip(expected) {
        near(found.unwrap(), expected, 5e-7);
    }
    near(local.local_moran.global_i.unwrap(), 0.512_821, 5e-7);
    // The cell in the middle is at the mean: it counts as low, and nothing drawn could move it.
    assert_eq!((local.quadrant[4], local.moran_p.get(4)), (Some(Quadrant::Ll), Some(1.0)));
    let sum: f64 = local.moran.iter().flatten().sum();
    near(sum, 8.0 * local.local_moran.global_i.unwrap(), 1e-12);
}

/// The `desmith` example of PySAL: ten cells.
#[test]
fn quadrants_of_desmith() {
    let gal = "10\n1 2\n2 4\n2 2\n1 5\n3 2\n4 7\n4 4\n1 3 5 8\n5 4\n2 4 6 9\n6 2\n5 10\n7 2\n3 8\n8 3\n4 7 9\n9 3\n5 8 10\n10 2\n6 9\n";
    let values = [2.24, 3.1, 4.55, -5.15, -4.39, 0.46, 5.54, 9.02, -2.09, -3.06];
    let weights = Weights::read_gal("desmith.gal", gal).unwrap().1.row_standardised();
    let local = Observations::new(values, &weights).unwrap().local(&UNTESTED()).unwrap();
    let number = |quadrant: &Option<Quadrant>| match quadrant.unwrap() {
        Quadrant::Hh => 1,
        Quadrant::Lh => 2,
        Quadrant::Ll => 3,
        Quadrant::Hl => 4,
    };
    assert_eq!(local.quadrant.iter().map(number).collect::<Vec<_>>(), [4, 4, 4, 2, 3, 3, 1, 4, 3, 3]);
    near(local.moran.get(0).unwrap(), -0.114_092_771_044_396_3, 1e-13);
}

/// esda's documentation of `Join_Counts`.
#[test]
fn joins_on_a_lattice() {
    let grid = Weights::lattice(4, 4, Contiguity::Rook).unwrap();
    let joins = join_counts((0..16).map(|i| i >= 8), &grid).unwrap();
    assert_eq!((joins.black_black, joins.white_white, joins.black_white), (10.0, 10.0, 4.0));
    assert_eq!(grid.links() / 2, 24);
}

#[test]
fn unknown_values_and_islands_are_set_aside() {
    let path = Weights::lattice(1, 8, Contiguity::Rook).unwrap();
    let values = [Some(3.0), Some(1.0), Some(2.0), None, Some(5.0), None, Some(8.0), Some(7.0)];
    let options = LocalOptions::default().with_permutations(199);
    let local = Observations::new(values, &path).unwrap().local(&options).unwrap();
    assert_eq!((local.islands(), local.unknown()), (1, 2));
    assert_eq!(local.standing[4], Standing::Island);
    let keep = values.map(|value| value.is_some());
    let rest = path.subset(&keep);
    let dense = Observations::new(values.into_iter().flatten(), &rest).unwrap().local(&options).unwrap();
    let mut next = 0;
    for (i, keep) in keep.into_iter().enumerate() {
        let expected = keep.then(|| {
            next += 1;
            [&dense.moran, &dense.moran_p, &dense.gi_z, &dense.gi_star_z, &dense.g_p]
                .map(|column| column.get(next - 1))
        });
        let found =
            [&local.moran, &local.moran_p, &local.gi_z, &local.gi_star_z, &local.g_p].map(|c| c.get(i));
        assert_eq!(found, expected.unwrap_or_default());
    }
    assert_eq!((local.g_fdr.tests, local.g_fdr.excluded), (5, 3));
    assert_eq!((local.moran.get(4), local.quadrant[4], local.g_p.get(4)), (None, None, None));
}

#[test]
fn degenerate_values_have_defined_answers() {
    let grid = Weights::lattice(2, 2, Contiguity::Queen).unwrap();
    let run = |values: [Option<f64>; 4], r: u32| {
        let options = LocalOptions::default().with_permutations(r);
        Observations::new(values, &grid).unwrap().local(&options).unwrap()
    };
    for (values, reason) in [
        ([None; 4], Undefined::TooFew { known: 0, needed: 3 }),
        ([Some(1.0), Some(2.0), None, None], Undefined::TooFew { known: 2, needed: 3 }),
        ([Some(1.5); 4], Undefined::NoVariance),
    ] {
        let local = run(values, 99);
        assert_eq!(local.undefined, Some(reason));
        assert_eq!((local.moran.len(), local.moran.known(), local.g_p.known()), (4, 0, 0));
        assert_eq!(
            (local.local_moran.global_i, local.local_moran.significant, local.getis_ord.hot),
            (None, None, None)
        );
        let json = serde_json::to_string(&local.local_moran).unwrap();
        assert_eq!(json, r#"{"permutations":99,"global_i":null,"significant":null,"significant_fdr":null}"#);
    }
    // All others are neighbours: one draw is possible, so no z-score and p = 1.
    let local = run([1.0, 2.0, 3.0, 5.0].map(Some), 99);
    assert_eq!(local.undefined, None);
    assert_eq!((local.gi_z.known(), local.gi_star_z.known()), (0, 0));
    assert!(local.g_p.iter().chain(local.moran_p.iter()).all(|p| p == Some(1.0)));
    let json = serde_json::to_string(&local.local_moran.significant_fdr).unwrap();
    assert_eq!(json, r#"{"HH":0,"LH":0,"LL":0,"HL":0}"#);

    let bad = |options: LocalOptions| {
        Observations::new([1.0, 2.0, 3.0, 5.0], &grid).unwrap().local(&options).is_err()
    };
    assert!(
        bad(LocalOptions::default().with_alpha(0.0))
            && bad(LocalOptions::default().with_permutations(u32::MAX))
    );
}

#[test]
fn one_value_apart_from_all_others() {
    let path = Weights::lattice(1, 5, Contiguity::Rook).unwrap();
    let local =
        Observations::new([0.1, 0.1, 0.1, 0.1, 7.0], &path).unwrap().local(&LocalOptions::default()).unwrap();
    // What is drawn for the last cell is always 0.1.
    assert_eq!((local.gi_z.get(4), local.g_p.get(4)), (None, Some(1.0)));
    assert!(local.gi_z.get(3).unwrap() > 0.0);
}
