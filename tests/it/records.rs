//! Records of a register and the land they lie on: land counts once, amounts add up, each row keeps its place.

use geo::{Rect, coord};
use landuse::analysis::Records;
use landuse::efficiency::Rule;
use landuse::report::{Format, OutputLayer, Summary};
use landuse::{Analysis, Inputs, Options, Parcel, ParcelIndex, ParcelSet};

fn rect(id: &str, x: f64, y: f64, width: f64, height: f64) -> Parcel {
    let land = Rect::new(coord! { x: x, y: y }, coord! { x: x + width, y: y + height });
    Parcel::new(id, land.to_polygon())
}

/// Three flats of 1,500 m² on 400 m² of land.
fn flats() -> Vec<Parcel> {
    let flat = |id: &str, floor_area_m2| {
        rect(id, 0.0, 0.0, 20.0, 20.0).construction(true).floor_area_m2(floor_area_m2)
    };
    vec![flat("b", 400.0), flat("a", 500.0), flat("c", 600.0)]
}

fn inputs(parcels: Vec<Parcel>) -> landuse::analysis::InputsBuilder {
    Inputs::from_parcels(parcels, "local".parse().unwrap())
}

fn options() -> Options {
    Options::builder()
        .score("floor_area_m2 / area_m2")
        .low(Rule::worse_than(10.0))
        .min_site_area_m2(0.0)
        .permutations(9)
        .build()
        .unwrap()
}

fn run(inputs: &Inputs) -> (Analysis, Summary) {
    let found = Analysis::new(inputs, options()).run().unwrap();
    let summary = Summary::of(&found);
    (found, summary)
}

#[test]
fn flats_are_one_piece_of_land_whose_amounts_add_up() {
    let line = ParcelSet::local([rect("L", -2.5, -2.5, 25.0, 25.0).text("effect", "exclude")]);
    let (found, summary) = run(&inputs(flats()).control_lines(line).load().unwrap());
    assert_eq!((summary.parcels.records, summary.parcels.count, summary.parcels.stacks), (3, 1, 1));
    assert_eq!((summary.parcels.area_m2, summary.parcels.union_area_m2), (400.0, 400.0));
    assert_eq!(summary.parcels.floor_area_m2, Some(1_500.0));
    let density = &found.ledger().total.density;
    assert_eq!((density.floor_area_m2, density.gross_far), (Some(1_500.0), Some(3.75)));
    assert_eq!(summary.control_lines[0].construction_m2, 400.0);
    assert_eq!(summary.efficiency.low_area_m2, 400.0);
    assert_eq!(summary.clusters.fragmentation.largest_patch_index, Some(1.0));
    assert_eq!(summary.efficiency.stock["low"].area_m2, 400.0);
}

#[test]
fn every_row_has_its_place_and_its_verdict() {
    let mut parcels = flats();
    parcels.insert(1, rect("alone", 100.0, 0.0, 50.0, 50.0).construction(true).floor_area_m2(1.0));
    let (found, _) = run(&inputs(parcels).load().unwrap());
    let mut text = Vec::new();
    found.layer(OutputLayer::Parcels).write(Format::Csv, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let mut lines = text.lines();
    let heading: Vec<&str> = lines.next().unwrap().split(',').collect();
    let at = |name: &str| heading.iter().position(|own| *own == name).unwrap();
    let wanted =
        ["id", "row", "floor_area_m2", "lu_parcel", "lu_records", "lu_first", "lu_area_m2", "lu_verdict"]
            .map(at);
    let rows: Vec<String> = lines
        .map(|line| {
            let fields: Vec<&str> = line.split(',').collect();
            wanted.map(|at| fields[at]).join(" ")
        })
        .collect();
    let first = rows.iter().filter(|row| row.contains("true")).count();
    assert_eq!(first, 2);
    let without_first: Vec<String> =
        rows.iter().map(|row| row.replace("true ", "").replace("false ", "")).collect();
    assert_eq!(
        without_first,
        [
            "b 0 400.0 a 3 400.0 low",
            "alone 1 1.0 alone 1 2500.0 low",
            "a 2 500.0 a 3 400.0 low",
            "c 3 600.0 a 3 400.0 low",
        ]
    );
    let features = found.layer(OutputLayer::Parcels).to_geojson().unwrap();
    assert_eq!(features.features.len(), 4);
}

/// A factory inside a park parcel: the land counts for the factory, the amounts of both stay.
#[test]
fn amounts_go_by_the_own_shape_and_land_by_the_partition() {
    for x in [10.0, 40.0, 80.0] {
        let parcels = vec![
            rect("park", 0.0, 0.0, 100.0, 40.0).construction(true).floor_area_m2(1_000.0),
            rect("works", x, 10.0, 20.0, 20.0).construction(true).floor_area_m2(900.0),
        ];
        let districts =
            ParcelSet::local([rect("west", 0.0, 0.0, 50.0, 40.0), rect("east", 50.0, 0.0, 50.0, 40.0)]);
        let (found, _) = run(&inputs(parcels).districts(districts).load().unwrap());
        let total = &found.ledger().total;
        assert_eq!(total.construction_m2, 4_000.0);
        assert_eq!(total.density.floor_area_m2, Some(1_900.0));
        let west = found.ledger().units.iter().find(|unit| unit.id.as_deref() == Some("west")).unwrap();
        let of_works = 900.0 * ((50.0 - x) / 20.0).clamp(0.0, 1.0);
        assert!((west.density.floor_area_m2.unwrap() - 500.0 - of_works).abs() < 1e-9);
    }
}

#[test]
fn a_building_stands_once_on_land_with_several_records() {
    let mut parcels = flats();
    parcels.iter_mut().for_each(|parcel| parcel.floor_area_m2 = None);
    let mut tower = rect("tower", 5.0, 5.0, 10.0, 10.0);
    tower.floors = Some(4.0);
    let buildings = || ParcelSet::local([tower.clone(), tower.clone()]);
    let (found, summary) = run(&inputs(parcels).buildings(buildings()).load().unwrap());
    assert_eq!(summary.parcels.floor_area_m2, Some(400.0));
    assert_eq!(found.ledger().total.density.floor_area_m2, Some(400.0));
}

#[test]
fn a_parcel_goes_by_the_id_of_any_of_its_records() {
    let loaded = inputs(flats()).load().unwrap();
    let index = ParcelIndex::new(std::sync::Arc::clone(loaded.parcels()));
    for id in ["a", "b", "c"] {
        assert_eq!(index.with_id(id).len(), 1, "{id}");
    }
    assert!(index.with_id("d").is_empty());
    let table = "parcel,status,reason,date\nc,not_low,seen,2024-05-01\n";
    let checks = landuse::io::Source::bytes("checks.csv", table.as_bytes());
    let firms = landuse::io::Source::bytes("firms.csv", "firm,parcel,tax\nF,b,7\nG,c,5\n".as_bytes());
    let loaded = inputs(flats())
        .field_checks(checks)
        .firms(landuse::analysis::LayerSource::from(firms))
        .load()
        .unwrap();
    let (found, summary) = run(&loaded);
    assert_eq!(summary.efficiency.low_count, 0);
    assert_eq!(found.efficiency().field_check_report.as_ref().unwrap().applied, 1);
    let number = &found.parcels().attributes().numbers;
    assert_eq!(number["firms"].values.get(0), Some(2.0));
}

#[test]
fn lines_and_rows_that_repeat_count_once() {
    let line = || rect("L", 5.0, 0.0, 20.0, 20.0).text("effect", "exclude").text("tier", "core");
    let other = line().text("tier", "buffer");
    let lines = || ParcelSet::local([line(), line(), other.clone()]);
    let (found, summary) = run(&inputs(flats()).control_lines(lines()).load().unwrap());
    assert_eq!(summary.control_lines.len(), 2);
    assert_eq!(found.encroachments().unwrap().findings.len(), 2);
    assert_eq!(found.ledger().total.construction_inside_m2, Some(300.0));

    let mut parcels = flats();
    parcels.extend(flats());
    let (_, summary) = run(&inputs(parcels).load().unwrap());
    assert_eq!((summary.parcels.records, summary.parcels.repeated, summary.parcels.duplicate_ids), (6, 3, 0));
    assert_eq!(summary.parcels.floor_area_m2, Some(1_500.0));
}

#[test]
fn records_may_be_judged_alone_while_their_land_counts_once() {
    let options = Options::builder()
        .score("floor_area_m2 / area_m2")
        .low(Rule::worse_than(1.1))
        .min_site_area_m2(0.0)
        .permutations(9)
        .set(|options| options.input.records = Records::JudgedAlone)
        .build()
        .unwrap();
    let loaded = inputs(flats()).options(&options).unwrap().load().unwrap();
    let found = Analysis::new(&loaded, options).run().unwrap();
    let summary = Summary::of(&found);
    assert_eq!((summary.parcels.records, summary.parcels.count, summary.parcels.stacks), (3, 1, 1));
    assert_eq!((summary.parcels.area_m2, summary.coverage.overlapping_pairs), (400.0, 0));
    // The flat of 400 m² alone is below 1.1.
    assert_eq!((summary.efficiency.low_count, summary.efficiency.low_area_m2), (1, 400.0));
    assert_eq!(found.ledger().total.density.floor_area_m2, Some(1_500.0));
    assert_eq!(found.ledger().total.construction_m2, 400.0);
}

/// A hundred thousand records on ten shapes.
#[test]
fn very_many_records_on_few_shapes_cost_no_overlays() {
    let parcels = (0..100_000).map(|i| {
        let x = f64::from(i % 10) * 50.0;
        rect(&format!("{i}"), x, 0.0, 40.0, 40.0).construction(true).floor_area_m2(f64::from(i % 7))
    });
    let set = ParcelSet::local(parcels).with_records_as_parcels();
    assert_eq!((set.len(), set.record_counts().records, set.record_counts().most), (10, 100_000, 10_000));
    let sum: f64 = set.attributes().floor_area_m2.iter().flatten().sum();
    assert_eq!(sum, (0..100_000).map(|i| f64::from(i % 7)).sum::<f64>());
}

/// The order of parcels, and with it every draw, hangs on no other parcel.
#[test]
fn one_parcel_more_moves_no_other() {
    let mut random = crate::support::Random(3);
    let parcels: Vec<Parcel> = (0..400)
        .map(|i| rect(&format!("{i}"), random.within(0.0, 9e3), random.within(0.0, 9e3), 10.0, 10.0))
        .collect();
    let order = |parcels: Vec<Parcel>| -> Vec<String> {
        let set = ParcelSet::local(parcels);
        set.iter().filter_map(|parcel| parcel.id().map(str::to_owned)).filter(|id| id != "far").collect()
    };
    let more = [parcels.clone(), vec![rect("far", 80_000.0, -30_000.0, 5.0, 5.0)]].concat();
    assert_eq!(order(more), order(parcels));
}
