//! Faults that were met from outside, each as the smallest input of its kind with the right figure. `tests/faults.md` lists them.

use geo::{Rect, coord};
use landuse::crs::SourceCrs;
use landuse::intensity::{Account, Totals, Unparcelled, WarningLine, WarningStatus};
use landuse::io::Source;
use landuse::report::{self, Format, OutputLayer};
use landuse::warning::WarningKind;
use landuse::{Analysis, Error, Inputs, Language, Options, Parcel};

fn square(id: &str, x: f64, y: f64, side: f64) -> Parcel {
    Parcel::new(id, Rect::new(coord! { x: x, y: y }, coord! { x: x + side, y: y + side }).to_polygon())
}

fn local() -> SourceCrs {
    "local".parse().unwrap()
}

fn layer(parcels: impl IntoIterator<Item = Parcel>) -> landuse::ParcelSet {
    landuse::ParcelSet::local(parcels)
}

fn run(inputs: &Inputs) -> Analysis {
    Analysis::new(inputs, Options::builder().permutations(9).build().unwrap()).run().unwrap()
}

#[test]
fn rounding_is_no_denominator() {
    // 421 ha, all but 7 cm² of it inside the lines.
    let land_m2 = 4_210_000.0;
    let totals = Totals {
        control_m2: Some(land_m2 - 0.0007),
        developable_m2: Some(0.0007),
        construction_inside_m2: Some(400_000.0),
        other_inside_m2: Some(land_m2 - 400_000.0 - 0.0007),
        unknown_inside_m2: Some(0.0),
        ..Totals::new(land_m2, 400_000.000_1)
    };
    let account = Account::from_totals("city", &totals, None).unwrap();
    assert_eq!((account.net, account.net_upper, account.construction_to_developable), (None, None, None));
    assert!(account.diagnostics().is_empty());
    assert_eq!(account.construction_outside_m2, Some(0.0));
    assert!(account.unparcelled_m2.is_sign_positive());
}

#[test]
fn what_is_unknown_leaves_an_interval() {
    let parcels = [square("known", 0.0, 0.0, 100.0).construction(true), square("unknown", 100.0, 0.0, 100.0)];
    let lines = layer([square("line", 0.0, 0.0, 50.0).text("effect", "exclude")]);
    let inputs = Inputs::from_parcels(parcels, local()).control_lines(lines).load().unwrap();
    let found = run(&inputs);
    let total = &found.ledger().total;
    assert_eq!((total.gross, total.gross_upper), (Some(0.5), Some(1.0)));
    assert_eq!((total.net, total.net_upper), (Some(7_500.0 / 17_500.0), Some(1.0)));
    let limited = found.with(|options| options.warning_line(0.6, "a plan")).unwrap();
    let total = &limited.ledger().total;
    assert_eq!(total.status, WarningStatus::Undetermined);
    assert_eq!((total.headroom_lower_m2, total.headroom_m2), (Some(-8_000.0), Some(2_000.0)));
}

#[test]
fn construction_on_water_is_a_figure_of_its_own() {
    let parcels = [square("works", 0.0, 0.0, 100.0).construction(true), square("field", 100.0, 0.0, 100.0)];
    let parcels =
        parcels.map(|parcel| if parcel.construction.is_none() { parcel.construction(false) } else { parcel });
    let lines = layer([square("line", 150.0, 0.0, 50.0).text("effect", "exclude")]);
    let water = layer([square("pond", 0.0, 0.0, 20.0)]);
    let inputs =
        Inputs::from_parcels(parcels, local()).control_lines(lines).unsuitable(water).load().unwrap();
    let total = run(&inputs).ledger().total.clone();
    assert_eq!(total.developable_m2, Some(20_000.0 - 2_500.0 - 400.0));
    assert_eq!(total.construction_unsuitable_m2, Some(400.0));
    assert_eq!(total.net, Some(9_600.0 / 17_100.0));
}

#[test]
fn a_layer_of_another_place_is_not_a_finding_of_nought() {
    let parcels = || Inputs::from_parcels([square("a", 0.0, 0.0, 100.0).construction(true)], local());
    let far = || layer([square("line", 50_000.0, 0.0, 100.0).text("effect", "exclude")]);
    let inputs = parcels().control_lines(far()).districts(far()).unsuitable(far()).load().unwrap();
    assert_eq!(inputs.warnings().iter().filter(|w| w.kind().name() == "layer_far_away").count(), 3);
    let total = run(&inputs).ledger().total.clone();
    assert_eq!((total.control_m2, total.net, total.gross), (None, None, Some(1.0)));

    // Envelopes meet, but nothing does: that is a finding, with a note.
    let near = layer([square("line", 200.0, 0.0, 100.0).text("effect", "exclude")]);
    let found = run(&parcels().control_lines(near).load().unwrap());
    assert_eq!(found.ledger().total.construction_inside_m2, Some(0.0));
    assert!(found.warnings().iter().any(|warning| *warning.kind() == WarningKind::LinesMeetNothing));
}

#[test]
fn a_layer_of_which_nothing_can_be_used_is_an_error() {
    let open = r#"{"type":"Feature","properties":{"id":"L"},"geometry":{"type":"LineString","coordinates":[[0,0],[9,0],[9,9]]}}"#;
    let source = |name: &str| Source::bytes(name, open.as_bytes());
    let refused = Inputs::open(source("parcels")).load();
    assert!(matches!(refused, Err(Error::NothingUsable { rejected: 1, .. })));
    let parcels = Inputs::from_parcels([square("a", 0.0, 0.0, 100.0)], local());
    let refused = parcels.source_crs(local()).control_lines(source("lines")).load();
    let Err(Error::NothingUsable { role, .. }) = refused else { panic!("taken") };
    assert_eq!(&*role, "control lines");
}

fn texts(inputs: &Inputs) -> Vec<String> {
    inputs.warnings().iter().map(ToString::to_string).collect()
}

/// A feature with this geometry, as text.
fn source(name: &str, geometries: &[&str]) -> Source {
    let feature = |geometry: &&str| {
        format!(r#"{{"type":"Feature","properties":{{"id":"a","effect":"exclude"}},"geometry":{geometry}}}"#)
    };
    let features: Vec<String> = geometries.iter().map(feature).collect();
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    Source::bytes(name, text.as_bytes())
}

fn polygon(rings: &str) -> String {
    format!(r#"{{"type":"Polygon","coordinates":{rings}}}"#)
}

/// A field of 100 m, a shed of 10 m, and a hole of 50 m in the field that is filed under the shed.
const MISFILED: &str = r#"{"type":"MultiPolygon","coordinates":[
    [[[0,0],[100,0],[100,100],[0,100],[0,0]]],
    [[[200,0],[210,0],[210,10],[200,10],[200,0]],[[25,25],[25,75],[75,75],[75,25],[25,25]]]]}"#;

#[test]
fn a_hole_under_the_wrong_part_is_one_of_the_part_around_it() {
    let field = || Inputs::from_parcels([square("p", 0.0, 0.0, 100.0)], local()).source_crs(local());
    let inputs = field()
        .control_lines(source("lines", &[MISFILED]))
        .districts(source("districts", &[MISFILED]))
        .unsuitable(source("water", &[MISFILED]))
        .load()
        .unwrap();
    let lines = inputs.control_lines().unwrap().features();
    for set in [lines, inputs.districts().unwrap(), inputs.unsuitable().unwrap()] {
        assert_eq!(set.area_m2(), [7_600.0]);
    }
    assert_eq!(run(&inputs).ledger().total.control_m2, Some(7_600.0));
    let parcels = Inputs::open(source("parcels", &[MISFILED])).source_crs(local()).load().unwrap();
    assert_eq!(parcels.parcels().area_m2(), [7_600.0]);
    assert!(texts(&parcels)[0].ends_with("which added 0.00 m² and took 0.00 m²"), "{:?}", texts(&parcels));
    // An island in the hole stays, and a hole in nothing takes nothing.
    let island = MISFILED.replace("]]]]}", "]]],[[[40,40],[60,40],[60,60],[40,60],[40,40]]]]}");
    let island = Inputs::open(source("parcels", &[&island])).source_crs(local()).load().unwrap();
    assert_eq!(island.parcels().area_m2(), [8_000.0]);
}

#[test]
fn what_a_repair_adds_or_takes_is_told_of_every_layer() {
    // Two lobes of 8 m², whose shoelace sum is nought, and squares of 16 m² that share 8.
    let bow_tie = polygon("[[[0,0],[4,4],[4,0],[0,4],[0,0]]]");
    let twice = r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[4,0],[4,4],[0,4],[0,0]]],[[[2,0],[6,0],[6,4],[2,4],[2,0]]]]}"#;
    let odd = || source("odd", &[&bow_tie, twice]);
    let inputs = Inputs::open(odd()).source_crs(local());
    let inputs =
        inputs.control_lines(odd()).unsuitable(odd()).barriers(odd()).buildings(odd()).load().unwrap();
    for role in ["parcels", "control lines", "unsuitable land", "barriers", "buildings"] {
        let told = format!(
            "{role}: 2 boundaries were not valid and were repaired, which added 8.00 m² and took 8.00 m²"
        );
        assert!(texts(&inputs).contains(&told), "{role}: {:?}", inputs.warnings());
        let file = inputs.files().iter().find(|file| &*file.role == role).unwrap();
        assert_eq!(file.repairs.len(), 2, "{role}");
    }
}

#[test]
fn open_lines_beside_areas_are_told() {
    let line = r#"{"type":"LineString","coordinates":[[0,0],[25,0],[25,25],[0,25]]}"#;
    let area = polygon("[[[0,0],[25,0],[25,25],[0,0]]]");
    let inputs = Inputs::from_parcels([square("p", 0.0, 0.0, 100.0)], local()).source_crs(local());
    let inputs = inputs.control_lines(source("lines", &[line, &area])).load().unwrap();
    let told = "control lines: 1 features cannot be used and were put aside";
    assert!(run(&inputs).warnings().iter().any(|warning| warning.to_string() == told));
}

#[test]
fn a_layer_without_features_is_told_and_parcels_without_any_are_an_error() {
    let nothing = || source("nothing", &[]);
    for empty in [Inputs::open(nothing()), Inputs::from_parcels([], local()), Inputs::open(layer([]))] {
        assert!(matches!(empty.load(), Err(Error::NoFeature { .. })));
    }
    let inputs = Inputs::from_parcels([square("p", 0.0, 0.0, 100.0).construction(true)], local())
        .source_crs(local())
        .control_lines(nothing())
        .districts(nothing())
        .unsuitable(layer([]))
        .buildings(nothing())
        .barriers(nothing())
        .load()
        .unwrap();
    for role in ["control lines", "districts", "unsuitable land", "buildings", "barriers"] {
        let told = format!("{role}: the layer holds no feature and counts as not given");
        assert!(texts(&inputs).contains(&told), "{role}: {:?}", inputs.warnings());
    }
    let total = run(&inputs).ledger().total.clone();
    assert_eq!((total.control_m2, total.gross), (None, Some(1.0)));
}

#[test]
fn buildings_that_stand_on_no_parcel_are_told() {
    let parcels = || Inputs::from_parcels([square("p", 0.0, 0.0, 100.0)], local());
    let near = parcels().buildings(layer([square("b", 500.0, 0.0, 10.0)])).load().unwrap();
    assert!(texts(&near).contains(&"buildings: none of them stands on a parcel".into()));
    let far = parcels().buildings(layer([square("b", 5_000.0, 0.0, 10.0)])).load().unwrap();
    assert!(texts(&far).iter().any(|warning| warning.starts_with("buildings: lie more than 1000 m away")));
    assert!(far.buildings().is_none());
}

#[test]
fn streets_count_as_what_they_are_said_to_be() {
    // A unit of 2 ha: 0.6 built, 0.4 other, 0.4 not known, and 0.6 of streets, of which 0.2 inside the line.
    let part = |id: &str, x: f64, width: f64| {
        Parcel::new(id, Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + width, y: 100.0 }).to_polygon())
    };
    let parcels = [
        part("c", 0.0, 60.0).construction(true),
        part("o", 60.0, 40.0).construction(false),
        part("u", 100.0, 40.0),
    ];
    let line = layer([part("line", 180.0, 20.0).text("effect", "exclude")]);
    let inputs =
        Inputs::from_parcels(parcels, local()).control_lines(line).districts(layer([part("d", 0.0, 200.0)]));
    let found = run(&inputs.load().unwrap());
    for (kind, gross, net, headroom, status) in [
        (
            Unparcelled::Unknown,
            [0.3, 0.8],
            [6.0 / 18.0, 14.0 / 18.0],
            [-6_000.0, 4_000.0],
            WarningStatus::Undetermined,
        ),
        (
            Unparcelled::Construction,
            [0.6, 0.8],
            [10.0 / 18.0, 14.0 / 18.0],
            [-6_000.0, -2_000.0],
            WarningStatus::Exceeded,
        ),
        (Unparcelled::Other, [0.3, 0.5], [6.0 / 18.0, 10.0 / 18.0], [0.0, 4_000.0], WarningStatus::Below),
    ] {
        let limited = found
            .with(|options| options.warning_line(0.5, "a plan").set(|options| options.unparcelled = kind));
        let limited = limited.unwrap();
        let total = &limited.ledger().total;
        let near = |found: Option<f64>, expected: f64| {
            let found = found.unwrap();
            assert!(
                (found - expected).abs() < 1e-9 * expected.abs().max(1.0),
                "{kind:?}: {found}, not {expected}"
            );
        };
        near(total.gross, gross[0]);
        near(total.gross_upper, gross[1]);
        near(total.net, net[0]);
        near(total.net_upper, net[1]);
        near(total.headroom_lower_m2, headroom[0]);
        near(total.headroom_m2, headroom[1]);
        assert_eq!((total.status, total.unparcelled_m2), (status, 6_000.0), "{kind:?}");
        assert!(limited.ledger().residual() < 1e-9);
        let text = report::text(&limited, &report::Summary::of(&limited), Language::English);
        let told =
            format!("30.0% of the land is in no parcel (streets, mostly) and counts as {}.", kind.name());
        assert!(text.contains(&told), "{text}");
        let mut csv = Vec::new();
        limited.layer(OutputLayer::Intensity).write(Format::Csv, &mut csv).unwrap();
        assert!(String::from_utf8(csv).unwrap().lines().next().unwrap().contains("unparcelled_m2"));
    }
    // Streets cannot be withdrawn: what is over by them alone stays over.
    let over = found.with(|options| {
        options.warning_line(0.2, "a plan").set(|options| options.unparcelled = Unparcelled::Construction)
    });
    assert_eq!(over.unwrap().outlooks()[0].withdrawals, None);
}

#[test]
fn a_band_without_land_has_no_intensity() {
    let parcels = [square("p", 0.0, 0.0, 100.0).construction(true)];
    let line = layer([square("line", 150.0, 0.0, 50.0).text("effect", "exclude")]);
    let inputs = Inputs::from_parcels(parcels, local()).control_lines(line).load().unwrap();
    let found =
        run(&inputs).with(|options| options.set(|options| options.bands_m = vec![20.0, 200.0])).unwrap();
    let bands = &found.gradient().unwrap().units;
    assert!(bands.iter().any(|band| (band.land_m2, band.gross) == (0.0, None)), "{bands:?}");
    let text = report::text(&found, &report::Summary::of(&found), Language::English);
    let gradient = text.split("By distance from the lines").nth(1).unwrap();
    let empty: Vec<&str> = gradient.lines().filter(|line| line.contains("no land")).collect();
    assert!(empty.len() == 3 && empty.iter().all(|line| !line.contains('%')), "{gradient}");
}

#[test]
fn lines_without_an_effect_are_told() {
    let lines = layer([square("a", 0.0, 0.0, 10.0), square("b", 20.0, 0.0, 10.0).text("effect", "confine")]);
    let inputs =
        Inputs::from_parcels([square("p", 0.0, 0.0, 100.0)], local()).control_lines(lines).load().unwrap();
    let texts = inputs.warnings().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(texts, ["control lines: 1 state no effect and are taken to exclude construction"]);
}

#[test]
fn a_warning_line_needs_a_source() {
    let line = WarningLine { share: 0.3, source: " ".into() };
    assert!(Options::builder().set(|options| options.warning_line = Some(line)).build().is_err());
}
