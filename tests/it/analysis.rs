//! The way in: options, planes, runs that take over what has not changed, progress and cancelling.

use std::ops::ControlFlow;

use geo::{Rect, coord};
use landuse::crs::{SourceCrs, WorkingCrs};
use landuse::efficiency::Rule;
use landuse::report::{Format, OutputLayer, Summary};
use landuse::{Analysis, Error, Inputs, Language, Options, Parcel, ParcelSet};

fn city() -> Inputs {
    Inputs::open("data/city/parcels.geojson")
        .control_lines("data/city/control_lines.geojson")
        .districts("data/city/districts.geojson")
        .unsuitable("data/city/water.geojson")
        .load()
        .unwrap()
}

fn quick() -> Options {
    Options::builder().permutations(49).build().unwrap()
}

type Change = fn(landuse::analysis::OptionsBuilder) -> landuse::analysis::OptionsBuilder;

/// Everything that is written of an analysis.
fn bytes(analysis: &Analysis) -> Vec<u8> {
    let mut text = Summary::of(analysis).to_json().into_bytes();
    for which in OutputLayer::ALL {
        let layer = analysis.layer(which);
        if layer.is_available() {
            layer.write(Format::GeoJson, &mut text).unwrap();
        }
    }
    text.extend(format!("{:?}{:?}", analysis.local(), analysis.efficiency().stock).into_bytes());
    text
}

#[test]
fn one_seed_reaches_every_stage_that_draws() {
    let inputs = city();
    let of = |seed: u64, permutations: u32| {
        let options = Options::builder().seed(seed).permutations(permutations).build().unwrap();
        Analysis::new(&inputs, options).run().unwrap()
    };
    let [first, again, other, more] = [of(1, 99), of(1, 99), of(2, 99), of(1, 199)];
    let draws = |analysis: &Analysis| analysis.significance().largest_area_m2.clone();
    assert_eq!(draws(&first), draws(&again));
    assert_ne!(draws(&first), draws(&other));
    assert_eq!((first.significance().draws, more.significance().draws), (99, 199));
    let p = |analysis: &Analysis| analysis.local().unwrap().moran_p.clone();
    assert_eq!(p(&first), p(&again));
    assert_ne!(p(&first), p(&other));
}

#[test]
fn a_changed_option_gives_what_a_full_run_gives() {
    let inputs = city();
    let base = Analysis::new(&inputs, quick()).run().unwrap();
    let changes: [(&str, Change); 12] = [
        ("nothing", |o| o),
        ("gap", |o| o.gap_m(30.0)),
        ("score", |o| o.score("output_yuan / area_m2")),
        ("rule", |o| o.low(Rule::worst_share(0.3))),
        ("seed", |o| o.seed(5)),
        ("line", |o| o.warning_line(0.3, "a test")),
        ("area", |o| o.min_site_area_m2(3_000.0)),
        ("alpha", |o| o.set(|o| o.statistics.alpha = 0.01)),
        ("floor", |o| o.set(|o| o.floor_area_counts = true)),
        ("cells", |o| o.set(|o| o.cells = "grid:400".parse().ok())),
        ("bands", |o| o.set(|o| o.bands_m = vec![50.0, 100.0])),
        ("knn", |o| o.set(|o| o.adjacency = "knn:4".parse().ok())),
    ];
    // One after the other, so that what is taken over was itself taken over.
    let (mut kept, mut options) = (base.clone(), quick());
    for (name, change) in changes {
        options = change(options.to_builder()).build().unwrap();
        let full = bytes(&Analysis::new(&inputs, options.clone()).run().unwrap());
        kept = kept.with(change).unwrap();
        assert!(bytes(&kept) == full, "{name}");
        let direct = bytes(&base.with(|_| options.to_builder()).unwrap());
        assert!(direct == full, "{name} from the base");
    }
}

#[test]
fn a_run_tells_its_stages_and_can_be_cancelled_in_each() {
    let inputs = city();
    let mut stages = Vec::new();
    let options = || Options::builder().permutations(19).build().unwrap();
    let whole = Analysis::new(&inputs, options())
        .observe(|progress| {
            assert!((0.0..=1.0).contains(&progress.done_ratio));
            if stages.last() != Some(&progress.stage) {
                stages.push(progress.stage);
            }
            ControlFlow::Continue(())
        })
        .run();
    assert!(whole.is_ok());
    let names: Vec<_> = stages.iter().map(|stage| stage.name()).collect();
    let expected = [
        "adjacency",
        "efficiency",
        "cluster",
        "significance",
        "stats",
        "control",
        "encroachment",
        "intensity",
    ];
    assert_eq!(names, expected);
    for stage in stages {
        let cancelled =
            Analysis::new(&inputs, options())
                .observe(|progress| {
                    if progress.stage == stage { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })
                .run();
        assert!(matches!(cancelled, Err(Error::Cancelled)), "{}", stage.name());
    }
}

#[test]
fn layers_of_another_plane_are_refused() {
    let inputs = city();
    let named = Inputs::open("data/city/control_lines.geojson").crs(WorkingCrs::Epsg(4547));
    let elsewhere = named.load().unwrap();
    let refused = Inputs::open(inputs.parcels().clone()).control_lines(elsewhere.parcels().clone()).load();
    let Err(Error::Planes { what, found, expected }) = refused else { panic!("taken") };
    assert_eq!(what, "control lines");
    assert_ne!(found, expected);
    let lines = landuse::control::ControlLines::new((**elsewhere.parcels()).clone()).unwrap();
    let overlay = landuse::control::Overlay::new(inputs.parcels(), &lines);
    assert!(matches!(overlay, Err(Error::Planes { .. })));
}

#[test]
fn every_fault_of_the_options_is_told() {
    let faulty = Options::builder()
        .gap_m(-1.0)
        .warning_line(30.0, "")
        .set(|options| options.statistics.alpha = 2.0)
        .build();
    let Err(Error::Options(faults)) = faulty else { panic!("{faulty:?}") };
    let names: Vec<&str> = faults.iter().map(landuse::ParamError::name).collect();
    assert_eq!(names, ["gap_m", "alpha", "warning_line", "warning_line.source"]);
}

#[test]
fn options_are_read_back_as_they_were_written() {
    let options = Options::builder()
        .seed(9)
        .score("far")
        .low(Rule::worst_share(0.1))
        .warning_line(0.3, "a plan")
        .permits(landuse::control::Permits::builtin("shenzhen_basic_ecological").unwrap())
        .set(|options| {
            options.cells = "hex:250".parse().ok();
            options.adjacency = "knn:4".parse().ok();
            options.sums = vec!["tax_yuan".into()];
            options.bands_m = vec![100.0, 500.0];
            options.input.crs = WorkingCrs::Epsg(4547);
            options.input.source_crs = "EPSG:4490".parse().ok();
            options.regions = Some(landuse::cluster::RegionOptions::default());
            options.sensitivity = Some(landuse::sensitivity::SweepOptions::default());
        })
        .build()
        .unwrap();
    assert_eq!(Options::from_toml(&options.to_toml(), "written").unwrap(), options);
    let manifest = serde_json::json!({ "landuse": "0", "options": options }).to_string();
    assert_eq!(Options::from_toml(&manifest, "manifest.json").unwrap(), options);
}

#[test]
fn parcels_in_memory_are_those_of_a_file() {
    let text = std::fs::read_to_string("data/city/parcels.geojson").unwrap();
    let features: geojson::FeatureCollection = text.parse::<geojson::GeoJson>().unwrap().try_into().unwrap();
    let from_file = Inputs::open("data/city/parcels.geojson").load().unwrap();
    let in_memory = Inputs::from_features(features).load().unwrap();
    assert_eq!(from_file.parcels().area_m2(), in_memory.parcels().area_m2());
    let sums = |inputs: &Inputs| Summary::of(&Analysis::new(inputs, quick()).run().unwrap()).to_json();
    assert_eq!(sums(&from_file), sums(&in_memory));

    let degrees = Rect::new(coord! { x: 114.05, y: 22.54 }, coord! { x: 114.06, y: 22.55 }).to_polygon();
    let inputs = Inputs::from_parcels([Parcel::new("a", degrees)], SourceCrs::wgs84()).load().unwrap();
    assert!((inputs.parcels().area_m2()[0] - 1_139_080.475_8).abs() < 1.0);
}

#[test]
fn warnings_are_objects_in_a_summary() {
    let square = |id: &str, x: f64| {
        Parcel::new(id, Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + 50.0, y: 50.0 }).to_polygon())
    };
    let inputs =
        Inputs::from_parcels([square("a", 0.0), square("b", 50.0)], "local".parse().unwrap()).load().unwrap();
    let options = Options::builder().set(|options| options.bands_m = vec![50.0]).build().unwrap();
    let found = Analysis::new(&inputs, options).run().unwrap();
    let summary = serde_json::to_value(Summary::of(&found)).unwrap();
    assert_eq!(summary["schema_version"], 2);
    let object = |kind: &str, subject: &str, figure: Option<f64>, text: &str| serde_json::json!({ "kind": kind, "subject": subject, "figure": figure, "text": text });
    let expected = [
        object(
            "all_are_candidates",
            "candidates",
            None,
            "candidates: no parcel is known to be industrial or logistics land, so all are candidates",
        ),
        object(
            "nothing_judged",
            "parcels",
            None,
            "no score and no rule is given, and neither tax, output nor floor area is known to make one of: no parcel is judged",
        ),
        object(
            "bands_without_line",
            "bands",
            None,
            "bands: no line is given, so there is no distance from one",
        ),
        object(
            "status_unknown",
            "parcels",
            Some(2.0),
            "of 2 parcels it is not known whether they are construction land",
        ),
    ];
    let mut told = summary["warnings"].as_array().unwrap().clone();
    for (warning, own) in told.iter_mut().zip(found.warnings()) {
        let chinese = warning.as_object_mut().unwrap().remove("text_zh").unwrap();
        assert_eq!(chinese, own.text(landuse::Language::Chinese));
    }
    assert_eq!(told, expected);
}

#[test]
fn warnings_of_several_dates_name_the_date() {
    let square = |id: &str| {
        Parcel::new(id, Rect::new(coord! { x: 0.0, y: 0.0 }, coord! { x: 9.0, y: 9.0 }).to_polygon())
    };
    let lines = ParcelSet::local([square("line")]);
    let parcels = Inputs::from_parcels([square("a")], "local".parse().unwrap());
    let inputs = parcels.control_lines(lines).called("old").load().unwrap();
    let [warning] = inputs.warnings() else { panic!("{:?}", inputs.warnings()) };
    assert_eq!((warning.date(), warning.subject()), (Some("old"), "control lines"));
    assert_eq!(warning.text(Language::Chinese), "旧控制线：1 条未说明管控作用，按禁止建设处理");
    assert!(warning.text(Language::English).starts_with("old control lines: 1 state no effect"));
}

#[test]
fn one_parcel_can_be_changed() {
    let inputs = city();
    let set = inputs.parcels();
    let id = set.get(landuse::ParcelIdx(3)).id().unwrap().to_owned();
    let mut parcel = set.get(landuse::ParcelIdx(3)).to_parcel();
    parcel.numbers.insert("tax_yuan".into(), 1e12);
    let changed = inputs.with_parcel(landuse::ParcelIdx(3), &parcel).unwrap();
    assert_eq!(changed.parcels().area_m2(), set.area_m2());
    let tax = |inputs: &Inputs, i: usize| inputs.parcels().attributes().numbers["tax_yuan"].values.get(i);
    let moved: Vec<usize> = (0..set.len()).filter(|&i| tax(&inputs, i) != tax(&changed, i)).collect();
    assert_eq!(moved, [3]);
    assert_eq!(changed.parcels().get(landuse::ParcelIdx(3)).id(), Some(&*id));
    parcel.geometry.0.clear();
    assert!(inputs.with_parcel(landuse::ParcelIdx(3), &parcel).is_err());
}

/// Conditions say which lines and districts count, over properties that no schema names; the record says what became of them.
#[test]
fn lines_and_districts_are_taken_by_condition() {
    let city = |name: &str| format!("{}/data/city/{name}.geojson", env!("CARGO_MANIFEST_DIR"));
    let load = |lines: Option<&str>, districts: Option<&str>| {
        let options = Options::builder().set(|options| {
            options.input.lines_where = lines.map(Into::into);
            options.input.districts_where = districts.map(Into::into);
        });
        Inputs::open(&*city("parcels"))
            .control_lines(&*city("control_lines"))
            .districts(&*city("districts"))
            .options(&options.build()?)?
            .load()
    };
    let all = load(None, None).unwrap();
    let some =
        load(Some("effect == \"exclude\" and tier in (core*)"), Some("population > 0 and id like \"D01%\""))
            .unwrap();
    let lines = |inputs: &Inputs| inputs.control_lines().map_or(0, landuse::control::ControlLines::len);
    let features: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(city("control_lines")).unwrap()).unwrap();
    let core = features["features"].as_array().unwrap().iter().filter(|feature| {
        feature["properties"]["tier"] == "core" && feature["properties"]["effect"] == "exclude"
    });
    assert_eq!(lines(&some), core.count());
    assert!(lines(&some) < lines(&all) && lines(&some) > 0);
    assert_eq!(some.districts().map(landuse::ParcelSet::len), Some(1));
    let told: Vec<String> = some.warnings().iter().map(ToString::to_string).collect();
    assert!(
        told.iter()
            .any(|text| text.starts_with("control lines: ")
                && text.contains("features are taken, where `effect")),
        "{told:?}"
    );
    let fault =
        |lines: Option<&str>, districts: Option<&str>| load(lines, districts).unwrap_err().to_string();
    let none = fault(Some("tier == 'nowhere'"), None);
    assert!(
        none.contains("expected a condition that holds of some of the") && none.contains("control lines"),
        "{none}"
    );
    let typo = fault(None, Some("populaton > 0"));
    assert!(typo.contains("expected a column of the districts (`population`?)"), "{typo}");
    assert!(fault(Some("tier =="), None).contains("found the end"));
    // The options of a run keep them.
    let mut options = Options::default();
    options.input.lines_where = Some("tier == 'core'".into());
    assert_eq!(Options::from_toml(&options.to_toml(), "again").unwrap(), options);
}

/// Random edits of attributes, several in a row: an update after the earlier analysis is what a run from nothing gives.
#[test]
fn edited_attributes_give_what_a_full_run_gives() {
    let mut random = crate::support::Random(12);
    let inputs = city();
    let options = || {
        let low = Rule::worse_than(900.0);
        Options::builder().permutations(49).low(low).score("tax_yuan / area_m2").warning_line(0.3, "a test")
    };
    let options = options().build().unwrap();
    let mut kept = Analysis::new(&inputs, options.clone()).run().unwrap();
    let mut fresh = inputs.clone();
    let mut stages = Vec::new();
    for round in 0..6 {
        let mut changed = Vec::new();
        for _ in 0..=random.below(3) {
            let idx = landuse::ParcelIdx(random.below(inputs.parcels().len() as u64) as u32);
            let mut parcel = kept.parcels().get(idx).to_parcel();
            match random.below(6) {
                0 => parcel.floor_area_m2 = Some(random.within(0.0, 50_000.0)),
                1 => parcel.current_use = None,
                2 => parcel.construction = Some(random.below(2) == 0),
                3 => parcel = parcel.number("tax_yuan", random.within(0.0, 1e7)),
                4 => parcel = parcel.text("owner", "another"),
                _ => {
                    parcel.numbers.remove("tax_yuan");
                }
            }
            fresh = fresh.with_parcel(idx, &parcel).unwrap();
            changed.push((idx, parcel));
        }
        let edited = kept.inputs().with_attributes(&changed).unwrap();
        stages.clear();
        let updated = Analysis::new(&edited, options.clone())
            .after(&kept)
            .observe(|progress| {
                stages.push(progress.stage.name());
                ControlFlow::Continue(())
            })
            .run()
            .unwrap();
        assert!(!stages.contains(&"control"), "lines take of a shape what they took: {stages:?}");
        let full = Analysis::new(&fresh, options.clone()).run().unwrap();
        assert!(bytes(&updated) == bytes(&full), "round {round}");
        kept = updated;
    }
    let idx = landuse::ParcelIdx(0);
    let mut other = kept.parcels().get(idx).to_parcel();
    other.id = Some("another".into());
    let error = inputs.with_attributes(&[(idx, other.clone())]).unwrap_err().to_string();
    assert!(error.contains("that of the parcel"), "{error}");
    let beyond = landuse::ParcelIdx(u32::MAX);
    assert!(inputs.with_attributes(&[(beyond, other)]).is_err());
}
