//! The plane of a job: fixed by where the data lie, strays aside, and refused where nothing can be measured in it.

use std::f64::consts::PI;

use landuse::crs::{CrsError, SourceCrs, WorkingCrs};
use landuse::io::Source;
use landuse::report::OutputLayer;
use landuse::{Analysis, Error, Inputs, Options, Warning};

type Corner = [f64; 2];

/// A square of `side` degrees with its south-west corner at a place.
fn square([lon, lat]: Corner, side: f64) -> Vec<Corner> {
    vec![[lon, lat], [lon + side, lat], [lon + side, lat + side], [lon, lat + side], [lon, lat]]
}

fn collection(rings: &[Vec<Corner>]) -> Source {
    let feature = |(i, ring): (usize, &Vec<Corner>)| {
        let corners: Vec<String> = ring.iter().map(|[x, y]| format!("[{x},{y}]")).collect();
        format!(
            r#"{{"type":"Feature","properties":{{"id":"P{i}"}},"geometry":{{"type":"Polygon","coordinates":[[{}]]}}}}"#,
            corners.join(",")
        )
    };
    let features: Vec<String> = rings.iter().enumerate().map(feature).collect();
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    Source::bytes("parcels", text.as_bytes())
}

fn load(rings: &[Vec<Corner>]) -> Inputs {
    Inputs::open(collection(rings)).load().unwrap()
}

fn kinds(inputs: &Inputs) -> Vec<&str> {
    inputs.warnings().iter().map(|warning| warning.kind().name()).collect()
}

fn run(inputs: &Inputs) -> Analysis {
    Analysis::new(inputs, Options::builder().permutations(9).build().unwrap()).run().unwrap()
}

/// Rows of about 100 m by 100 m, 14 m apart.
fn city(count: u32) -> Vec<Vec<Corner>> {
    let place = |i: u32| [120.4 + f64::from(i % 10) * 0.00115, 31.5 + f64::from(i / 10) * 0.00113];
    (0..count).map(|i| square(place(i), 0.001)).collect()
}

fn areas(inputs: &Inputs) -> Vec<u64> {
    inputs.parcels().area_m2().iter().map(|area| area.to_bits()).collect()
}

#[test]
fn one_parcel_more_does_not_move_the_plane() {
    let parcels = city(36);
    let first = load(&parcels);
    let resolved = run(&first).options().input.crs;
    assert_eq!(resolved, WorkingCrs::Laea { lat_0_deg: 31.5, lon_0_deg: 120.4 });
    // Within the rounding no word is needed; beyond it the resolved options keep the plane.
    let near: Vec<_> = parcels.iter().cloned().chain([square([120.42, 31.51], 0.001)]).collect();
    let far: Vec<_> = parcels.iter().cloned().chain([square([120.9, 31.9], 0.001)]).collect();
    assert_eq!(areas(&load(&near))[..36].len(), 36);
    assert_eq!(load(&near).parcels().plane().definition(), first.parcels().plane().definition());
    assert_ne!(load(&far).parcels().plane().definition(), first.parcels().plane().definition());
    let fixed = Inputs::open(collection(&far)).crs(resolved).load().unwrap();
    let (before, after) = (areas(&first), areas(&fixed));
    assert!(before.iter().all(|area| after.contains(area)), "an area moved by a bit");
}

#[test]
fn strays_are_put_aside_and_change_no_figure() {
    let parcels = city(36);
    let without = run(&load(&parcels));
    let stray = square([0.0, 0.0], 0.001);
    for at in [0, 17, 36] {
        let mut with = parcels.clone();
        with.insert(at, stray.clone());
        let inputs = load(&with);
        let [rejected] = inputs.parcels().rejected() else { panic!("not put aside") };
        assert_eq!(rejected.at.row as usize, at);
        assert!(rejected.reason.contains("a position at (0, 0)"), "{}", rejected.reason);
        assert!(kinds(&inputs).contains(&"features_rejected"));
        let found = run(&inputs);
        assert_eq!(found.graph().links().len(), without.graph().links().len());
        assert_eq!(areas(&inputs), areas(without.inputs()));
    }
    // A hundred and one more, of which one lies in another country.
    let mut many = city(120);
    many.push(square([12.4, 31.5], 0.001));
    let inputs = load(&many);
    assert!(inputs.parcels().rejected()[0].reason.contains("km from the middle of the data"));
    assert_eq!(areas(&inputs), areas(&load(&city(120))));
    // One of 37 may be the stray, or the others: refused in words.
    let mut few = parcels;
    few.push(square([12.4, 31.5], 0.001));
    let refused = Inputs::open(collection(&few)).load().unwrap_err();
    assert!(matches!(refused, Error::Crs(CrsError::TooWide { .. })), "{refused}");
}

#[test]
fn strays_of_layers_beside_are_put_aside_too() {
    let lines = [square([120.4, 31.5], 0.0005), square([0.0, 0.0], 0.01)];
    let inputs = Inputs::open(collection(&city(4))).control_lines(collection(&lines)).load().unwrap();
    let lines = inputs.control_lines().unwrap();
    assert_eq!((lines.len(), lines.features().rejected().len()), (1, 1));
    let told = |warning: &Warning| warning.subject() == "control lines" && warning.figure() == Some(1.0);
    assert!(
        inputs.warnings().iter().any(|warning| warning.kind().name() == "features_rejected" && told(warning))
    );
}

#[test]
fn a_nation_is_a_list_of_jobs() {
    let apart = |degrees: f64| [square([100.0, 30.0], 0.01), square([100.0, 30.0 + degrees], 0.01)];
    let near = load(&apart(3.0));
    assert!(near.warnings().is_empty(), "{:?}", near.warnings());
    // 222 km to each side.
    let wide = load(&apart(4.0));
    assert_eq!(kinds(&wide), ["plane_reach"]);
    let refused = Inputs::open(collection(&apart(10.4))).load().unwrap_err();
    assert!(refused.to_string().contains("a nation is a list of jobs"), "{refused}");
    // A centre far from all of the data serves them no better.
    let beside = Inputs::open(collection(&apart(1.0))).crs("laea:22.7,114.3".parse().unwrap()).load();
    assert!(matches!(beside, Err(Error::Crs(CrsError::TooWide { .. }))));
}

#[test]
fn data_on_both_sides_of_the_antimeridian_lie_together() {
    let west =
        vec![[179.99, -16.8], [179.9999, -16.8], [179.9999, -16.79], [179.99, -16.79], [179.99, -16.8]];
    let east = square([-180.0, -16.8], 0.01);
    let across =
        vec![[179.99, -16.78], [-179.99, -16.78], [-179.99, -16.77], [179.99, -16.77], [179.99, -16.78]];
    let inputs = load(&[west.clone(), east.clone(), across]);
    assert_eq!(inputs.parcels().plane().definition(), "LAEA lat_0=-16.8 lon_0=180");
    // The same 20° further west, where nothing is special.
    let turned = |ring: &[Corner]| -> Vec<Corner> {
        ring.iter().map(|[x, y]| [if *x < 0.0 { x + 340.0 } else { x - 20.0 }, *y]).collect()
    };
    let plain = load(&[turned(&west), turned(&east)]);
    let (found, expected) = (run(&inputs), run(&plain));
    let sum = |inputs: &Inputs| inputs.parcels().area_m2().iter().take(3).sum::<f64>();
    assert_eq!((found.graph().links().len(), expected.graph().links().len()), (1, 1));
    let of_two: f64 =
        inputs.parcels().iter().filter(|p| p.id() != Some("P2")).map(landuse::ParcelRef::area_m2).sum();
    assert!((of_two / sum(&plain) - 1.0).abs() < 1e-9);
    let across = inputs.parcels().iter().find(|p| p.id() == Some("P2")).unwrap().area_m2();
    assert!((across / 2_362_000.0 - 1.0).abs() < 1e-2, "{across}");
    // What is written stands where it was read.
    let written = found.layer(OutputLayer::Parcels).to_geojson().unwrap();
    for feature in &written.features {
        let text = feature.geometry.as_ref().unwrap().to_string();
        let crosses = feature.properties.as_ref().unwrap()["id"] == "P2";
        assert_eq!(text.contains("MultiPolygon"), crosses, "{text}");
        assert!(
            !text.contains("180.01") && text.contains("179.99") && (crosses || !text.contains("[180.0")),
            "{text}"
        );
    }
}

#[test]
fn a_pole_is_measured_or_refused() {
    let lazy = vec![[-180.0, -89.9], [180.0, -89.9], [180.0, -90.0], [-180.0, -90.0], [-180.0, -89.9]];
    let refused = Inputs::open(collection(&[lazy])).load().unwrap_err().to_string();
    assert!(refused.contains("leads round the pole along a parallel"), "{refused}");
    // 0.1° along the meridian at the pole, radius of curvature a²/b.
    let radius_m = 0.1_f64.to_radians() * 6_399_593.6;
    let circle: Vec<Corner> = (-1800..=1800).map(|i| [f64::from(i) / 10.0, -89.9]).collect();
    for end in [vec![[-180.0, -89.9]], vec![[180.0, -90.0], [-180.0, -90.0], [-180.0, -89.9]]] {
        let ring: Vec<Corner> = circle.iter().copied().chain(end).collect();
        let area_m2 = load(&[ring]).parcels().area_m2()[0];
        assert!((area_m2 / (PI * radius_m * radius_m) - 1.0).abs() < 1e-5, "{area_m2}");
    }
}

#[test]
fn a_system_of_another_part_of_the_world_is_refused_or_told() {
    let load = |code: u32| Inputs::open(collection(&city(4))).crs(WorkingCrs::Epsg(code)).load();
    assert!(load(32_651).unwrap().warnings().is_empty());
    let told = load(32_652).unwrap();
    assert_eq!(kinds(&told), ["plane_scale"]);
    let refused = load(32_618).unwrap_err();
    assert!(matches!(refused, Error::Crs(CrsError::Unfit { .. })), "{refused}");
}

#[test]
fn planes_have_a_text_form() {
    for text in ["auto", "EPSG:4547", "laea:22.7,114.3", "laea:-16.8,180"] {
        assert_eq!(text.parse::<WorkingCrs>().unwrap().to_string(), text);
    }
    for text in ["laea:", "laea:22.7", "laea:95,114", "laea:22,181", "laea:x,y", "laea:nan,0"] {
        assert!(text.parse::<WorkingCrs>().is_err(), "{text}");
    }
    let local: SourceCrs = "local".parse().unwrap();
    let set = Inputs::open(collection(&city(4))).source_crs(local).load().unwrap();
    assert_eq!(set.parcels().plane().working(), WorkingCrs::Auto);
}
