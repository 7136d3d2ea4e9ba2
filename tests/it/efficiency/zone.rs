use landuse::efficiency::{Ideal, ZoneFigures, ZoneIndicator, ZoneStandard, ZoneType};

fn zone() -> ZoneFigures {
    ZoneFigures {
        total_ha: Some(200.0),
        built_ha: Some(100.0),
        residential_ha: Some(20.0),
        industrial_ha: Some(50.0),
        unbuilt_ha: Some(60.0),
        ready_ha: Some(25.0),
        unbuildable_ha: Some(40.0),
        supplied_ha: Some(125.0),
        expired_ha: Some(3.0),
        idle_ha: Some(5.0),
        high_tech_ha: Some(10.0),
        floor_ha: Some(120.0),
        footprint_ha: Some(40.0),
        industrial_floor_ha: Some(40.0),
        industrial_covered_ha: Some(20.0),
        investment: Some(150_000.0),
        industrial_tax: Some(15_000.0),
        tax: Some(40_000.0),
        population: Some(9_000.0),
        high_tech_revenue: Some(80_000.0),
    }
}

/// By hand from the formulas.
#[test]
fn indicators() {
    let expected = [0.78125, 1.0, 0.8, 0.5, 1.2, 0.4, 0.8, 0.4, 3_000.0, 300.0, 400.0, 90.0, 0.04, 8_000.0];
    for (indicator, value) in ZoneIndicator::ALL.into_iter().zip(expected) {
        assert_eq!(zone().indicator(indicator), Some(value), "{indicator}");
        assert_eq!(ZoneFigures::default().indicator(indicator), None);
    }
    let nothing = ZoneFigures { built_ha: Some(0.0), supplied_ha: Some(0.0), idle_ha: Some(0.0), ..zone() };
    assert_eq!(
        (nothing.indicator(ZoneIndicator::Far), nothing.indicator(ZoneIndicator::IdleRate)),
        (None, None)
    );
}

#[test]
fn types_leave_a_rest() {
    let of = |industrial, residential| {
        ZoneFigures { industrial_ha: Some(industrial), residential_ha: Some(residential), ..zone() }
            .zone_type()
    };
    assert_eq!(of(31.0, 24.0), Some(ZoneType::IndustryLed));
    assert_eq!(of(30.0, 25.0), Some(ZoneType::CityIntegrated));
    assert_eq!(of(31.0, 25.0), Some(ZoneType::Other));
    assert_eq!(of(30.0, 24.0), Some(ZoneType::Other));
}

#[test]
fn potentials() {
    let found = zone().potential(0.55, 0.98);
    assert_eq!(found.expansion_ha, Some(35.0));
    assert!((found.structural_ha.unwrap() - 5.0).abs() < 1e-9);
    // 50 ha at 0.8 instead of 0.98: the land released by the capacity formula.
    assert!((found.intensity_ha.unwrap() - 50.0 * (1.0 - 0.8 / 0.98)).abs() < 1e-9);
    assert_eq!(found.management_ha, Some(8.0));
    let better = zone().potential(0.4, 0.7);
    assert_eq!((better.structural_ha, better.intensity_ha), (Some(0.0), Some(0.0)));
}

#[test]
fn points() {
    assert_eq!(Ideal::AtLeast(2.0).points(3.0, true), 100.0);
    assert_eq!(Ideal::AtLeast(2.0).points(3.0, false), 150.0);
    assert_eq!((Ideal::AtMost(2.0).points(4.0, true), Ideal::AtMost(2.0).points(0.0, true)), (50.0, 100.0));
    assert_eq!((Ideal::Zero.points(0.25, true), Ideal::Zero.points(2.0, true)), (75.0, 0.0));
    let between = Ideal::Between(2.0, 4.0);
    assert_eq!([1.0, 2.0, 4.0, 8.0].map(|v| between.points(v, true)), [50.0, 100.0, 100.0, 50.0]);
}

#[test]
fn the_example_standard() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/rules/development-zone.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let standard = ZoneStandard::from_toml(&text, "development-zone.toml").unwrap();
    assert!((standard.parts().iter().map(|part| part.weight).sum::<f64>() - 1.0).abs() < 1e-12);
    let (score, _) = standard.score(&zone());
    // By hand: development 0.4·84.0054 + 0.3·100 + 0.3·80, structure 90.9091, intensity 0.3·100 + 0.2·95.2381 + 0.5·81.6327,
    // benefit 0.5·89.7129 + 0.5·75, idle 96.
    let development = 0.4 * 100.0 * 0.78125 / 0.93 + 30.0 + 24.0;
    let intensity = 30.0 + 20.0 * 0.4 / 0.42 + 50.0 * 0.8 / 0.98;
    let status = 0.20 * development + 0.25 * 100.0 * 0.5 / 0.55 + 0.55 * intensity;
    let expected = 0.7 * status + 0.2 * (50.0 * 3_000.0 / 3_344.0 + 50.0 * 0.75) + 0.1 * 96.0;
    println!("development zone: {:.4}", score.unwrap());
    assert!((score.unwrap() - expected).abs() < 1e-9);
    let gap = ZoneFigures { idle_ha: None, ..zone() };
    assert_eq!((standard.score(&gap).0, standard.scores(&[zone(), gap]).known()), (None, 1));
    for (from, to, told) in [
        ("weight = 0.55", "weight = 0.5", "the weights of `sub` sum to 0.95"),
        ("weight = 0.7", "weight = 0.8", "the weights of `goal` sum to 1.1"),
        ("\"coverage\"", "\"covrage\"", "unknown indicator `covrage`, did you mean `coverage`?"),
        ("zero = true", "zero = false", "exactly one of"),
        ("at_least = 400", "at_least = -1", "`at_least` is -1, expected a finite number above 0"),
    ] {
        assert!(text.contains(from));
        let error = ZoneStandard::from_toml(&text.replace(from, to), "z.toml").unwrap_err().to_string();
        assert!(error.contains(told), "{error}\nshould tell: {told}");
    }
}
