//! A small random case against GEOS. `golden.py` beside this file is the recipe; the case and the figures are in `golden.json`.

use std::collections::BTreeMap;

use landuse::control::ControlLines;
use landuse::geometry::Coord;
use serde::Deserialize;

use super::scene::{Feature, Scene, Units, compute, set};

#[derive(Deserialize)]
struct Golden {
    parcels: Vec<Shape>,
    lines: Vec<Shape>,
    districts: Vec<Shape>,
    overlaps: BTreeMap<String, BTreeMap<String, f64>>,
    ledger: BTreeMap<String, BTreeMap<String, f64>>,
}

#[derive(Deserialize)]
struct Shape {
    id: String,
    rings: Vec<Vec<Coord>>,
    #[serde(default)]
    construction: Option<bool>,
}

fn features(shapes: &[Shape]) -> Vec<Feature> {
    let feature = |shape: &Shape| {
        let mut feature = Feature::new(shape.id.clone(), vec![shape.rings.clone()]);
        feature.construction = shape.construction;
        feature
    };
    shapes.iter().map(feature).collect()
}

#[test]
fn a_small_case_is_as_geos_has_it() {
    let golden: Golden = serde_json::from_str(include_str!("golden.json")).unwrap();
    let scene = Scene {
        parcels: features(&golden.parcels),
        lines: features(&golden.lines),
        districts: features(&golden.districts),
        unsuitable: Vec::new(),
    };
    let drawn = compute(&scene, Units::Districts, true, false);
    let close = |found: f64, expected: f64, what: &str| {
        assert!((found - expected).abs() <= 1e-9 * expected.max(1.0), "{what}: {found}, GEOS has {expected}");
    };
    for (id, expected) in &golden.ledger {
        let account = drawn.ledger.units.iter().find(|a| a.id.as_deref() == Some(id)).unwrap();
        close(account.land_m2, expected["land"], "land");
        close(account.control_m2.unwrap(), expected["control"], "control");
        close(account.construction_m2, expected["construction"], "construction");
        close(account.construction_inside_m2.unwrap(), expected["construction_inside"], "inside");
        close(account.other_m2, expected["other"], "other");
        close(account.unknown_m2, expected["unknown"], "unknown");
    }
    let overlay = drawn.overlay.unwrap();
    let lines = ControlLines::new(set(&scene.lines)).unwrap();
    let ids: Vec<String> = lines.iter().map(|line| line.id().into_owned()).collect();
    let mut compared = 0;
    for parcel in drawn.set.iter() {
        let expected = &golden.overlaps[parcel.id().unwrap()];
        let i = parcel.idx().index();
        close(overlay.excluded_m2[i], expected["union"], "union of lines");
        for overlap in overlay.overlaps.iter().filter(|o| o.parcel == parcel.idx()) {
            let id = &ids[overlap.line as usize];
            close(overlap.area_m2, expected[id], id);
            compared += 1;
        }
    }
    let positive =
        golden.overlaps.values().flatten().filter(|(id, area)| *id != "union" && **area > 0.01).count();
    assert_eq!(compared, positive);
    assert!(compared > 10, "{compared}");
}
