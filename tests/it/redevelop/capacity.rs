//! What sites could become: golden tables, identities, losses, what fits.

use landuse::Parcel;
use landuse::redevelop::{Binding, Capacity, RedevelopOptions};
use landuse::report::{CapacityLayer, Format, RedevelopSummary};

use super::support::{analysis, capacity, close, land, low, plan};
use crate::support::Random;

/// One site of `site_m2` with the ratio of today.
fn site(site_m2: f64, far: f64) -> Parcel {
    let side = site_m2.sqrt();
    low("site", land(0.0, 0.0, side, side)).floor_area_m2(site_m2 * far)
}

/// 20 million m² of floor a year at a ratio of 1.4 today: km² that the target takes, gross and net.
/// Source: arithmetic of the programme of Shenzhen; 20 million m² a year from the city's document 深府函〔2023〕20号, 1.4 from `shenzhen-far`.
#[test]
fn the_land_that_a_target_takes_gives_the_target() {
    for (far, gross_km2, net_km2) in
        [(2.0, 10.0, 33.3), (2.5, 8.0, 18.2), (3.0, 6.67, 12.5), (3.5, 5.71, 9.52), (4.0, 5.0, 7.69)]
    {
        let plan = format!("capacity.far = [{{ value = {far:?} }}]");
        for (km2, net) in [(gross_km2, false), (net_km2, true)] {
            let found = capacity(&analysis(vec![site(km2 * 1e6, 1.4)], vec![], vec![]), &plan);
            let figures = &found.total.figures;
            let floor = if net { figures.uplift_m2 } else { figures.gross_new_floor_m2 }.unwrap();
            // The table is printed to three digits.
            assert!((floor / 20e6 - 1.0).abs() < 2e-3, "FAR {far}, net {net}: {floor}");
        }
    }
}

/// Ratios of projects as published: floor and site in m².
#[test]
fn ratios_of_known_projects() {
    for (floor, site_m2, far) in [
        (175_400.0, 29_200.0, 6.01),
        (110_000.0, 27_500.0, 4.00),
        (220_000.0, 70_000.0, 3.143),
        (1_838_000.0, 739_000.0, 2.49),
        (220_000.0, 123_000.0, 1.79),
        (488_800.0, 106_000.0, 4.6113),
    ] {
        let found = capacity(
            &analysis(vec![site(site_m2, 1.0)], vec![], vec![]),
            &format!("capacity.far = [{{ value = {:?} }}]", floor / site_m2),
        );
        let figures = &found.sites[0].figures;
        assert!((figures.planned_far.unwrap() - far).abs() < 0.005, "{figures:?}");
        assert!(close(figures.gross_new_floor_m2.unwrap(), floor));
        assert!(close(figures.uplift_m2.unwrap(), floor - site_m2));
    }
}

#[test]
fn uplift_adds_up_and_land_is_released_at_constant_floor() {
    let mut random = Random(3);
    for _ in 0..40 {
        let site_m2 = random.within(1e3, 1e5);
        let [f0, f1, f2] = [0.2, 1.0, 2.0].map(|low| random.within(low, low + 2.0));
        let of = |from: f64, to: f64| {
            let plan = format!("capacity.far = [{{ value = {to:?} }}]");
            capacity(&analysis(vec![site(site_m2, from)], vec![], vec![]), &plan).total.figures
        };
        let uplift = |from, to| of(from, to).uplift_m2.unwrap();
        assert!(close(uplift(f0, f1) + uplift(f1, f2), uplift(f0, f2)));
        let released = of(f0, f1);
        let left = released.land.usable_m2 - released.land_released_m2.unwrap();
        assert!(close(left * f1, site_m2 * f0));
    }
}

#[test]
fn land_in_lines_and_setbacks_is_lost_and_told() {
    let parcels = || vec![low("a", land(0.0, 0.0, 100.0, 100.0)).floor_area_m2(5_000.0)];
    let line = vec![land(-50.0, -50.0, 70.0, 300.0)];
    let found = capacity(
        &analysis(parcels(), line, vec![]),
        "
        [capacity]
        far = [{ value = 2.0 }]
        line_setback_m = 10.0
        boundary_setback_m = 5.0
        dedicated_share = 0.2
    ",
    );
    let figures = &found.parcels[0].figures;
    let land = figures.land;
    let found = [land.site_m2, land.lines_m2, land.line_setback_m2, land.usable_m2, land.buildable_m2];
    let expected = [10_000.0, 2_000.0, 1_000.0, 7_000.0, 60.0 * 90.0];
    assert!(found.iter().zip(expected).all(|(&a, b)| (a - b).abs() < 1e-6), "{found:?}");
    assert!(close(land.boundary_setback_m2, 7_000.0 - 5_400.0));
    // 7,000 m² of which a fifth is handed over, at 2.0; what stood on lost land is gone too.
    assert!(close(figures.gross_new_floor_m2.unwrap(), 11_200.0));
    assert!(close(figures.uplift_m2.unwrap(), 6_200.0));
    assert!(close(figures.dedicated_m2, 1_400.0));
    assert!(close(figures.build_ratio.unwrap(), 2.24));
    // All of it inside: nothing is built, and what stands is lost.
    let inside = analysis(parcels(), vec![super::support::land(-1.0, -1.0, 200.0, 200.0)], vec![]);
    let found = capacity(&inside, "capacity.far = [{ value = 2.0 }]");
    let figures = &found.parcels[0].figures;
    assert_eq!((figures.gross_new_floor_m2, figures.uplift_m2), (Some(0.0), Some(-5_000.0)));
    let kinds: Vec<_> = found.warnings.iter().map(|warning| warning.kind().name()).collect();
    assert_eq!(kinds, ["sites_without_usable_land", "sites_over_target"]);
}

#[test]
fn a_site_loses_less_to_setbacks_than_its_parcels() {
    let parcels = vec![
        low("a", land(0.0, 0.0, 100.0, 100.0)).floor_area_m2(1_000.0),
        low("b", land(100.0, 0.0, 100.0, 100.0)).floor_area_m2(3_000.0),
    ];
    let found = capacity(
        &analysis(parcels, vec![], vec![]),
        "
        [capacity]
        far = [{ value = 4.0 }]
        boundary_setback_m = 5.0
        [capacity.fit]
        max_floors = 4
        storey_m = 5.0
        first_storey_m = 7.0
    ",
    );
    // Alone 90 · 90 · 4 of 40,000 m² fit, together 190 · 90 · 4 of 80,000.
    for parcel in &found.parcels {
        assert!((parcel.figures.gross_new_floor_m2.unwrap() - 32_400.0).abs() < 1e-6);
        assert_eq!(parcel.figures.binding, Some(Binding::Fit));
    }
    let site = &found.sites[0].figures;
    assert!((site.gross_new_floor_m2.unwrap() - 68_400.0).abs() < 1e-6, "{site:?}");
    assert!((site.uplift_m2.unwrap() - 64_400.0).abs() < 1e-6);
    assert!((site.planned_far.unwrap() - 3.42).abs() < 1e-9 && site.target_far == Some(4.0));
    let planned = site.planned.unwrap();
    assert_eq!((planned.floors, planned.height_m, planned.high_rise), (4, Some(22.0), Some(false)));
}

#[test]
fn plates_height_and_load_limit_what_fits() {
    let parcels = || vec![low("a", land(0.0, 0.0, 100.0, 100.0)).floor_area_m2(1_000.0)];
    let found = |fit: &str| {
        let plan = format!("[capacity]\nfar = [{{ value = 9.0 }}]\n[capacity.fit]\n{fit}");
        capacity(&analysis(parcels(), vec![], vec![]), &plan).sites[0].figures
    };
    // 60 m hold 1 + ⌊53 / 5⌋ storeys, half of the land two plates of 2,000 m².
    let figures = found(
        "max_coverage = 0.5\nmax_height_m = 60.0\nstorey_m = 5.0\nfirst_storey_m = 7.0\nplate_m2 = 2000.0",
    );
    let fit = figures.fit.unwrap();
    assert_eq!((fit.footprint_m2, fit.plates, fit.floors, fit.far), (4_000.0, Some(2), Some(11), Some(4.4)));
    assert!(close(figures.gross_new_floor_m2.unwrap(), 44_000.0));
    let planned = figures.planned.unwrap();
    assert_eq!((planned.floors, planned.height_m, planned.high_rise), (11, Some(57.0), Some(true)));
    // Floors that bear 1.2 t/m² stack less: the row of the least load that suffices counts.
    let loads = "loads = [{ t_m2 = 0.75, max_floors = 20 }, { t_m2 = 1.5, max_floors = 6 }, { t_m2 = 3.0, max_floors = 2 }]";
    let fit = found(&format!("load_t_m2 = 1.2\n{loads}")).fit.unwrap();
    assert_eq!(fit.floors, Some(6));
    // Without a limit of storeys only coverage is known, and the target stays.
    let figures = found("max_coverage = 0.3");
    assert_eq!((figures.fit.unwrap().far, figures.binding), (None, Some(Binding::Far)));
    // Lower than one storey.
    assert_eq!(found("max_height_m = 3.0\nstorey_m = 5.0").gross_new_floor_m2, Some(0.0));
}

/// A table of zones by way of example: base by use and zone, factors `(1 + A)` by name.
#[test]
fn density_zones_with_correction_factors() {
    let shape = |i: f64| land(i * 200.0, 0.0, 100.0, 100.0);
    let parcel = |id: &str, i: f64, zone: f64, metro: f64| {
        low(id, shape(i))
            .floor_area_m2(0.0)
            .number("zone", zone)
            .number("metro_m", metro)
            .number("roads", 2.0)
    };
    let mut unknown = low("d", shape(3.0)).floor_area_m2(0.0).number("zone", 1.0).number("roads", 1.0);
    unknown.allowed_far = Some(1.5);
    let parcels = vec![
        parcel("a", 0.0, 2.0, 150.0),
        parcel("b", 1.0, 4.0, 400.0),
        parcel("c", 2.0, 9.0, 900.0),
        unknown,
    ];
    let analysis = analysis(parcels, vec![], vec![]);
    let found = capacity(
        &analysis,
        r#"
        [[capacity.far]]
        [capacity.far.rules]
        source = "an example"
        base = [{ where = "zone <= 3", far = 4.0 }, { where = "zone == 4", far = 2.5 }]
        factors = [
            { name = "metro", where = "metro_m < 200", add = 0.4 },
            { name = "metro", where = "metro_m < 500", add = 0.2 },
            { name = "roads", where = "roads >= 2", add = 0.1 },
        ]
        [[capacity.far]]
        expression = "allowed_far"
    "#,
    );
    let of = |id: &str| {
        let is = |i: landuse::ParcelIdx| analysis.parcels().get(i).id() == Some(id);
        found.parcels.iter().find(|parcel| is(parcel.parcel)).unwrap()
    };
    let far = |id: &str| of(id).figures.target_far;
    assert!(close(far("a").unwrap(), 4.0 * 1.4 * 1.1));
    assert!(close(far("b").unwrap(), 2.5 * 1.2 * 1.1));
    assert_eq!(far("c"), None, "no base ratio, and the plan says nothing");
    assert_eq!((far("d"), of("d").far_source), (Some(1.5), Some(1)), "the next source knows");
    assert_eq!((found.total.far_unknown, found.total.parcels), (1, 4));
    let kinds: Vec<_> = found.warnings.iter().map(|warning| warning.kind().name()).collect();
    assert_eq!(kinds, ["target_far_unknown"]);
}

#[test]
fn transferred_and_bonus_floor_raise_the_ratio() {
    let parcels = vec![low("a", land(0.0, 0.0, 100.0, 100.0)).floor_area_m2(0.0).number("bonus_m2", 5_000.0)];
    let found = capacity(
        &analysis(parcels, vec![], vec![]),
        "
        [capacity]
        far = [{ value = 2.0 }]
        dedicated_share = 0.5
        extra_floor = 'bonus_m2'
    ",
    );
    let figures = &found.parcels[0].figures;
    // Planned ratio = planned capacity / land that is developed.
    assert_eq!((figures.target_far, figures.gross_new_floor_m2), (Some(3.0), Some(15_000.0)));
}

#[test]
fn output_grows_as_floor_does_or_to_a_standard() {
    let parcels = vec![
        low("a", land(0.0, 0.0, 200.0, 100.0)).floor_area_m2(10_000.0).number("output_yuan", 5e6),
        low("b", land(500.0, 0.0, 200.0, 100.0)).floor_area_m2(0.0).number("output_yuan", 5e6),
    ];
    let found = capacity(
        &analysis(parcels, vec![], vec![]),
        "
        [capacity]
        far = [{ value = 2.0 }]
        output = 'output_yuan'
        output_standard_per_mu = 300000.0
    ",
    );
    let of = |i: usize| found.parcels[i].figures;
    // 500 yuan a m² of floor, 30,000 m² gained; 30 mu at 300,000.
    let a = if of(0).floor_m2 == Some(0.0) { of(1) } else { of(0) };
    assert!(close(a.output_uplift.unwrap(), 15e6) && close(a.output_gap.unwrap(), 4e6));
    let total = &found.total.figures;
    assert!(close(total.output_uplift.unwrap(), 15e6), "no floor today: its output says nothing of floor");
}

#[test]
fn sums_over_sites_are_those_of_units_and_of_all() {
    let mut random = Random(9);
    let mut parcels = Vec::new();
    for i in 0..30 {
        let (x, y) = (f64::from(i % 6) * 130.0, f64::from(i / 6) * 110.0);
        let mut parcel = low(&format!("p{i}"), land(x, y, 100.0, 100.0));
        if random.below(4) > 0 {
            parcel = parcel.floor_area_m2(random.within(0.0, 20_000.0));
        }
        if random.below(5) > 0 {
            parcel.allowed_far = Some(random.within(0.5, 3.0));
        }
        parcels.push(parcel);
    }
    let districts = vec![
        Parcel::new("west", land(-10.0, -10.0, 400.0, 900.0)),
        Parcel::new("east", land(390.0, -10.0, 420.0, 900.0)),
    ];
    let lines = vec![land(350.0, 100.0, 90.0, 300.0)];
    let text = "
        [capacity]
        dedicated_share = 0.1
        line_setback_m = 3.0
        boundary_setback_m = 4.0
    ";
    let analysis_of = |parcels: Vec<Parcel>| analysis(parcels, lines.clone(), districts.clone());
    let found = analysis_of(parcels.clone());
    let capacity = capacity(&found, text);
    let sum = |of: fn(&landuse::redevelop::Figures) -> Option<f64>| -> [f64; 3] {
        [
            capacity.parcels.iter().filter_map(|parcel| of(&parcel.figures)).sum(),
            capacity.sites.iter().filter_map(|site| of(&site.figures)).sum(),
            capacity.units.iter().filter_map(|unit| of(&unit.figures)).sum(),
        ]
    };
    let all: [fn(&landuse::redevelop::Figures) -> Option<f64>; 5] = [
        |f| f.gross_new_floor_m2,
        |f| f.uplift_m2,
        |f| f.land_released_m2,
        |f| Some(f.land.usable_m2),
        |f| Some(f.land.lines_m2 + f.land.line_setback_m2),
    ];
    for of in all {
        let total = of(&capacity.total.figures).unwrap();
        assert!(sum(of).iter().all(|&part| (part - total).abs() < 1e-4), "{:?} {total}", sum(of));
    }
    for parcel in &capacity.parcels {
        let land = parcel.figures.land;
        assert!(close(land.site_m2, land.lines_m2 + land.line_setback_m2 + land.usable_m2));
        assert!(close(land.usable_m2, land.boundary_setback_m2 + land.buildable_m2));
    }
    let unknown = capacity.total.floor_unknown;
    assert!(unknown > 0 && capacity.total.existing_floor_m2.is_some());
    // Nothing depends on the order of the input.
    let written = |analysis: &landuse::Analysis| {
        let capacity = Capacity::of(analysis, &plan(text).capacity).unwrap();
        let mut bytes = RedevelopSummary::of(analysis, &capacity).to_json().into_bytes();
        for which in [CapacityLayer::Sites, CapacityLayer::Units] {
            capacity.layer(which, analysis).write(Format::GeoJson, &mut bytes).unwrap();
        }
        bytes
    };
    assert!(written(&found) == written(&analysis_of(random.shuffled(parcels))));
}

#[test]
fn what_cannot_be_asked_is_refused_with_the_reason() {
    let fault = |text: &str| RedevelopOptions::from_toml(text, "plan.toml").unwrap_err().to_string();
    for (text, expected) in [
        ("capacity.far = []", "a value, an expression"),
        ("capacity.far = [{ value = -1.0 }]", "at least 0"),
        ("capacity.dedicated_share = 1.0", "below 1"),
        ("capacity.line_setback_m = -5.0", "10,000 m"),
        ("capacity.boundary_setback_m = nan", "10,000 m"),
        ("capacity.fit.max_height_m = 60.0", "a height of storeys"),
        ("capacity.fit.max_coverage = 1.5", "up to 1"),
        ("capacity.fit.load_t_m2 = 2.0", "is not below"),
        ("capacity.fit.max_floors = 0", "at least one storey"),
        ("capacity.output_standard_per_mu = 5.0", "an output to hold"),
        ("capacity.floor = 'floor +'", "found the end"),
        ("capacity.dedicated = 0.1", "did you mean `dedicated_share`?"),
        ("capacity.far = [{ rules = { source = ' ', base = [] } }]", "who set the ratios"),
        ("capacity.far = [{ rules = { source = 's', base = [] } }]", "at least one base"),
    ] {
        let found = fault(text);
        assert!(found.contains(expected), "{text}: {found}");
    }
    let parcels = || vec![low("a", land(0.0, 0.0, 100.0, 100.0))];
    let found = analysis(parcels(), vec![], vec![]);
    let error = Capacity::of(&found, &plan("").capacity).unwrap_err().to_string();
    assert!(error.contains("known for none of 1 parcels"), "{error}");
    let error =
        Capacity::of(&found, &plan("capacity.where = 'nothing > 1'").capacity).unwrap_err().to_string();
    assert!(error.contains("nothing"), "{error}");
    // A condition that holds for none is a finding.
    let none = Capacity::of(&found, &plan("capacity.where = 'score > 1'").capacity).unwrap();
    assert_eq!((none.total.parcels, none.total.figures.gross_new_floor_m2), (0, None));
    assert_eq!(none.warnings[0].kind().name(), "nothing_to_redevelop");
}
