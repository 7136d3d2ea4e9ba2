use landuse::control::{ControlLines, OVERLAP_TOLERANCE_M2, Overlay, Relation};
use landuse::geometry::{Coord, boolean, distance::PairMeasure};
use landuse::intensity::Account;

use super::scene::{Drawn, Feature, SIDE, Scene, Truth, Units, compute, rectangle, set, star, truth};
use crate::support::Random;

const ALL_UNITS: [Units; 3] = [Units::Districts, Units::Attribute, Units::Whole];
const FAR: Coord = [500_000.0, 2_500_000.0];
const TOLERANCE: f64 = 1e-9;

fn close(found: f64, expected: f64, scale: f64) -> bool {
    (found - expected).abs() <= TOLERANCE * scale
}

/// Land that parcels share in overlaps of up to 0.01 m², which count as none: it is counted for both, m².
fn slivers_m2(drawn: &Drawn) -> f64 {
    let parcels = drawn.set.geometry();
    let pairs = (0..parcels.len()).flat_map(|a| (a + 1..parcels.len()).map(move |b| (a, b)));
    let shared =
        pairs.map(|(a, b)| PairMeasure::new().overlap_area(parcels.get(a).into(), parcels.get(b).into()));
    shared.filter(|area| *area <= OVERLAP_TOLERANCE_M2).sum()
}

fn check(account: &Account, truth: &Truth, slivers_m2: f64, what: &str) {
    let scale = SIDE * SIDE;
    let unparcelled = truth.land - truth.construction - truth.other - truth.unknown;
    for (name, found, expected) in [
        ("land", account.land_m2, truth.land),
        ("control", account.control_m2.unwrap(), truth.control),
        ("unrestricted", account.unrestricted_m2.unwrap(), truth.land - truth.control),
        ("developable", account.developable_m2.unwrap(), truth.land - truth.blocked),
        ("construction", account.construction_m2, truth.construction),
        ("inside", account.construction_inside_m2.unwrap(), truth.construction_inside),
        ("outside", account.construction_outside_m2.unwrap(), truth.construction - truth.construction_inside),
        ("other", account.other_m2, truth.other),
        ("unknown", account.unknown_m2, truth.unknown),
        ("unparcelled", account.unparcelled_m2, unparcelled),
    ] {
        let error = (found - expected).abs();
        assert!(error <= TOLERANCE * scale + slivers_m2, "{what}: {name} is {found}, expected {expected}");
    }
}

fn check_identities(account: &Account, what: &str) {
    assert!(account.residual() <= TOLERANCE, "{what}: {}", account.residual());
    let (Some(gross), Some(net)) = (account.gross, account.net) else { return };
    let (developable, inside) = (account.developable_m2.unwrap(), account.construction_inside_m2.unwrap());
    let unsuitable = account.construction_unsuitable_m2.unwrap();
    let sides = net * developable + inside + unsuitable;
    assert!(close(gross * account.land_m2, sides, account.land_m2), "{what}");
    let net_upper = account.net_upper.unwrap();
    assert!((0.0..=1.0).contains(&net) && (net..=1.0).contains(&net_upper), "{what}: {net} to {net_upper}");
    assert!(account.headroom_lower_m2.unwrap() <= account.headroom_m2.unwrap() + 1.0, "{what}");
    assert!(
        close(account.headroom_m2.unwrap(), 0.3 * account.land_m2 - account.construction_m2, 1.0),
        "{what}"
    );
    assert!(account.gross_upper.unwrap() >= gross - TOLERANCE, "{what}");
}

#[test]
fn every_area_is_that_of_the_slabs() {
    let (mut greatest, mut with_slivers) = (0.0_f64, 0);
    for seed in 0..12 {
        let origin = [[0.0, 0.0], FAR][seed as usize % 2];
        let scene = Scene::random(seed, origin);
        let with_unsuitable = seed % 3 != 0;
        for units in ALL_UNITS {
            let drawn = compute(&scene, units, true, with_unsuitable);
            let slivers_m2 = slivers_m2(&drawn);
            with_slivers += usize::from(slivers_m2 > TOLERANCE * SIDE * SIDE);
            let mut rows = truth(&scene, &drawn, units, with_unsuitable);
            let what = format!("seed {seed}, {units:?}");
            if rows[rows.len() - 1].1.land == 0.0 {
                rows.pop();
            }
            let accounts = &drawn.ledger.units;
            if units == Units::Districts {
                // Land of no district is that of its parcels.
                let last = &mut rows.last_mut().unwrap().1;
                last.land = last.construction + last.other + last.unknown;
            }
            assert_eq!(accounts.len(), rows.len(), "{what}");
            let mut total = Truth::default();
            for (account, (id, truth)) in accounts.iter().zip(&rows) {
                let what = format!("{what}, unit {id:?}");
                assert_eq!(account.id.as_deref(), id.as_deref(), "{what}");
                check(account, truth, slivers_m2, &what);
                check_identities(account, &what);
                if id.is_some() || units != Units::Districts {
                    total.land += truth.land;
                    total.control += truth.control;
                    total.blocked += truth.blocked;
                    total.construction += truth.construction;
                    total.construction_inside += truth.construction_inside;
                    total.other += truth.other;
                    total.unknown += truth.unknown;
                }
            }
            check(&drawn.ledger.total, &total, slivers_m2, &what);
            check_identities(&drawn.ledger.total, &what);
            for (unit, account) in accounts.iter().enumerate() {
                let parts: f64 = drawn.ledger.construction_in(unit).iter().map(|(_, area)| area).sum();
                assert!(close(parts, account.construction_m2, SIDE * SIDE), "{what}, unit {unit}");
            }
            greatest = greatest.max(drawn.ledger.residual());
        }
    }
    println!(
        "greatest residual of 36 ledgers: {greatest:.2e}; {with_slivers} of them with overlaps too small to count"
    );
    assert!(with_slivers < 12, "{with_slivers}");
}

#[test]
fn units_that_tile_sum_to_the_whole() {
    for seed in 20..24 {
        let scene = Scene::random(seed, FAR);
        let whole = compute(&scene, Units::Whole, true, true).ledger.total;
        for units in [Units::Districts, Units::Attribute] {
            let ledger = compute(&scene, units, true, true).ledger;
            let sum = |of: fn(&Account) -> f64| ledger.units.iter().map(of).sum::<f64>();
            // What every parcel adds is in one row or another; land of districts may hold no parcel.
            for (name, sum, all) in [
                ("construction", sum(|a| a.construction_m2), whole.construction_m2),
                ("other", sum(|a| a.other_m2), whole.other_m2),
                ("unknown", sum(|a| a.unknown_m2), whole.unknown_m2),
                ("inside", sum(|a| a.construction_inside_m2.unwrap()), whole.construction_inside_m2.unwrap()),
                ("parcelled", sum(|a| a.land_m2 - a.unparcelled_m2), whole.land_m2),
            ] {
                assert!(close(sum, all, whole.land_m2), "seed {seed} {units:?} {name}: {sum} {all}");
            }
        }
    }
}

#[test]
fn without_lines_nothing_that_needs_them_is_known() {
    let ledger = compute(&Scene::random(1, [0.0; 2]), Units::Districts, false, false).ledger;
    for account in ledger.units.iter().chain([&ledger.total]) {
        assert_eq!(
            [account.control_m2, account.developable_m2, account.construction_inside_m2, account.net],
            [None; 4]
        );
        assert!(account.residual() <= TOLERANCE && account.gross.is_some());
    }
}

/// What a run finds, in words, so that a difference in any bit shows.
fn fingerprint(drawn: &Drawn) -> String {
    let Drawn { set, overlay, ledger, .. } = drawn;
    let overlay = overlay.as_ref().unwrap();
    format!("{:?}\n{ledger:?}\n{:?}\n{:?}", set.attributes().id, overlay.excluded_m2, overlay.overlaps)
}

#[test]
fn nothing_depends_on_the_order_of_features_or_on_threads() {
    let scene = Scene::random(7, FAR);
    for units in ALL_UNITS {
        let first = fingerprint(&compute(&scene, units, true, true));
        for seed in 0..3 {
            let mut random = Random(seed);
            let mut again = scene.clone();
            for layer in [&mut again.parcels, &mut again.lines, &mut again.districts, &mut again.unsuitable] {
                *layer = random.shuffled(std::mem::take(layer));
            }
            assert!(fingerprint(&compute(&again, units, true, true)) == first, "{units:?}, order {seed}");
        }
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let again = pool.install(|| fingerprint(&compute(&scene, units, true, true)));
            assert!(again == first, "{units:?}, {threads} threads");
        }
    }
}

fn overlay(parcels: &[Feature], lines: &[Feature]) -> (Vec<String>, Overlay) {
    let parcels = set(parcels);
    let ids = parcels.attributes().id.iter().map(|id| id.unwrap().to_owned()).collect();
    let lines = ControlLines::new(set(lines)).unwrap();
    (ids, Overlay::new(&parcels, &lines).unwrap())
}

#[test]
fn lines_that_tile_the_plane_take_each_parcel_whole() {
    for seed in 0..4 {
        let mut random = Random(seed + 90);
        let scene = Scene::random(seed, FAR);
        // Bent strips, each border shared bit by bit.
        let borders: Vec<Vec<Coord>> = (0..9)
            .map(|k| {
                let x = FAR[0] - 200.0 + f64::from(k) * 130.0;
                (0..12)
                    .map(|j| [x + random.within(-40.0, 40.0), FAR[1] - 400.0 + f64::from(j) * 130.0])
                    .collect()
            })
            .collect();
        let lines: Vec<Feature> = (borders.windows(2).enumerate())
            .map(|(k, pair)| {
                let ring = pair[0].iter().rev().chain(&pair[1]).copied().collect();
                Feature::new(format!("strip {k}"), vec![vec![ring]])
            })
            .collect();
        let parcels = set(&scene.parcels);
        let overlay = Overlay::new(&parcels, &ControlLines::new(set(&lines)).unwrap()).unwrap();
        let mut sums = vec![0.0; parcels.len()];
        for overlap in &overlay.overlaps {
            sums[overlap.parcel.index()] += overlap.area_m2;
        }
        for (i, (&sum, &area)) in sums.iter().zip(parcels.area_m2()).enumerate() {
            // Overlaps of less than 0.01 m² are none: up to one per strip may be missing.
            let missing = overlay.overlaps.iter().filter(|o| o.parcel.index() == i).count();
            assert!(
                missing > 0 && (sum - area).abs() <= 0.01 + TOLERANCE * area,
                "parcel {i}: {sum} of {area}"
            );
            assert!(close(overlay.excluded_m2[i], area, area));
            assert_eq!(overlay.relation[i], Relation::Inside);
        }
    }
}

#[test]
fn holes_and_islands_of_lines_and_parcels() {
    let feature = |id: &str, polygons| Feature::new(id, polygons);
    let hole = vec![rectangle(0.0, 0.0, 100.0, 100.0), rectangle(40.0, 40.0, 60.0, 60.0)];
    let parcels = [
        feature("around the hole", vec![vec![rectangle(30.0, 30.0, 70.0, 70.0)]]),
        feature("in the hole", vec![vec![rectangle(45.0, 45.0, 55.0, 55.0)]]),
        feature("the hole", vec![vec![rectangle(40.0, 40.0, 60.0, 60.0)]]),
        feature("around a line", vec![vec![rectangle(200.0, 0.0, 300.0, 100.0)]]),
        feature(
            "ring around a line",
            vec![vec![rectangle(190.0, -10.0, 310.0, 110.0), rectangle(210.0, 10.0, 290.0, 90.0)]],
        ),
        feature("beside", vec![vec![rectangle(100.0, 0.0, 150.0, 100.0)]]),
        feature("at a corner", vec![vec![rectangle(-20.0, -20.0, 0.0, 0.0)]]),
        feature("in two lines", vec![vec![rectangle(10.0, 10.0, 20.0, 20.0)]]),
        feature(
            "two parts",
            vec![vec![rectangle(80.0, 80.0, 90.0, 90.0)], vec![rectangle(400.0, 0.0, 410.0, 10.0)]],
        ),
    ];
    let lines = [
        feature("with a hole", vec![hole]),
        feature("island", vec![vec![rectangle(240.0, 40.0, 260.0, 60.0)]]),
        feature("over the first", vec![vec![rectangle(5.0, 5.0, 35.0, 35.0)]]),
    ];
    let (ids, overlay) = overlay(&parcels, &lines);
    let found = |id: &str| {
        let i = ids.iter().position(|other| other == id).unwrap();
        (overlay.excluded_m2[i], overlay.relation[i])
    };
    assert_eq!(found("around the hole"), (1_200.0, Relation::Partial));
    assert_eq!(found("in the hole"), (0.0, Relation::Outside));
    assert_eq!(found("the hole"), (0.0, Relation::Outside));
    assert_eq!(found("around a line"), (400.0, Relation::Partial));
    assert_eq!(found("ring around a line"), (0.0, Relation::Outside));
    assert_eq!(found("beside"), (0.0, Relation::Outside));
    assert_eq!(found("at a corner"), (0.0, Relation::Outside));
    assert_eq!(found("in two lines"), (100.0, Relation::Inside));
    assert_eq!(found("two parts"), (100.0, Relation::Partial));
    // Every line counts for itself, the union once.
    assert_eq!(
        overlay.overlaps.iter().map(|o| o.area_m2).sum::<f64>(),
        1_200.0 + 25.0 + 400.0 + 100.0 + 100.0 + 100.0
    );
}

#[test]
fn construction_wins_a_place_then_unknown() {
    let mut parcels: Vec<Feature> =
        [("other", Some(false), 0.0), ("unknown", None, 10.0), ("built", Some(true), 20.0)]
            .into_iter()
            .map(|(id, construction, x)| {
                let mut parcel = Feature::new(id, vec![vec![rectangle(x, 0.0, x + 30.0, 10.0)]]);
                parcel.construction = construction;
                parcel
            })
            .collect();
    let line = Feature::new("line", vec![vec![rectangle(25.0, 0.0, 100.0, 10.0)]]);
    for _ in 0..3 {
        parcels.rotate_left(1);
        let scene = Scene {
            parcels: parcels.clone(),
            lines: vec![line.clone()],
            districts: vec![Feature::new("d", vec![vec![rectangle(0.0, 0.0, 60.0, 10.0)]])],
            unsuitable: Vec::new(),
        };
        for units in [Units::Whole, Units::Districts] {
            let account = compute(&scene, units, true, false).ledger.total;
            assert_eq!(
                (account.construction_m2, account.unknown_m2, account.other_m2),
                (300.0, 100.0, 100.0)
            );
            assert_eq!(account.construction_inside_m2, Some(250.0));
            assert_eq!(account.unparcelled_m2, if units == Units::Whole { 0.0 } else { 100.0 });
        }
    }
}

#[test]
fn a_land_without_parcels_and_a_set_without_land() {
    let mut random = Random(3);
    let scene = Scene {
        parcels: vec![Feature::new("far", vec![vec![star(&mut random, [9_000.0, 0.0], 20.0, 7)]])],
        lines: vec![Feature::new("line", vec![vec![rectangle(0.0, 0.0, 50.0, 50.0)]])],
        districts: vec![Feature::new("d", vec![vec![rectangle(0.0, 0.0, 100.0, 100.0)]])],
        unsuitable: Vec::new(),
    };
    let ledger = compute(&scene, Units::Districts, true, false).ledger;
    let [empty, outside] = &ledger.units[..] else { panic!("two rows") };
    assert_eq!((empty.land_m2, empty.unparcelled_m2, empty.gross), (10_000.0, 10_000.0, Some(0.0)));
    assert_eq!((empty.gross_upper, empty.control_m2), (Some(1.0), Some(2_500.0)));
    assert_eq!((&outside.id, outside.unparcelled_m2), (&None, 0.0));
    assert_eq!(ledger.total.land_m2, 10_000.0);
}

#[test]
fn land_in_no_parcel_is_what_an_overlay_leaves() {
    let inputs = landuse::Inputs::open("data/city/parcels.geojson").districts("data/city/districts.geojson");
    let inputs = inputs.load().unwrap();
    let options = landuse::Options::builder().permutations(9).build().unwrap();
    let found = landuse::Analysis::new(&inputs, options).run().unwrap();
    let (districts, parcels) = (inputs.districts().unwrap(), inputs.parcels().geometry());
    let counted: Vec<_> = (0..parcels.len()).map(|i| found.land().partition.get(parcels, i)).collect();
    for i in 0..districts.len() {
        let id = districts.get(landuse::ParcelIdx(i as u32)).id().map(Box::from);
        let account = found.ledger().units.iter().find(|unit| unit.id == id).unwrap();
        let left = boolean::difference(&districts.geometry().get(i), &counted);
        let left_m2: f64 = left.iter().map(|shape| shape.signed_area()).sum();
        assert!(
            // Overlaps of up to 0.01 m² count for both parcels.
            (left_m2 - account.unparcelled_m2).abs() < 0.05,
            "{id:?}: {left_m2} by overlay, {} in the ledger",
            account.unparcelled_m2
        );
    }
}
