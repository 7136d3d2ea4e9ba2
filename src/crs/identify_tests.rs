use super::*;

fn of(coords: &[Coord], member: Option<&str>, declared: Option<&str>, tags: &[&str]) -> Identified {
    let declared = declared.map(|text| text.parse::<SourceCrs>().unwrap());
    identify(&Evidence {
        crs_member: member,
        unread: None,
        declared: declared.as_ref(),
        coordinates: CoordinateStats::of(coords.iter().copied()),
        tags,
    })
}

fn accepted(identified: &Identified) -> String {
    identified.source.as_ref().unwrap().to_string()
}

fn readings(identified: &Identified) -> Vec<String> {
    match &identified.source {
        Err(CrsError::Unsettled { readings, .. }) => {
            readings.iter().map(|r| format!("{}{}", if r.swapped { "swapped " } else { "" }, r.crs)).collect()
        }
        other => panic!("not refused: {other:?}"),
    }
}

const LONLAT: [Coord; 2] = [[114.30, 22.65], [114.40, 22.75]];
const LATLON: [Coord; 2] = [[22.65, 114.30], [22.75, 114.40]];
// Pingshan in zone 38 (EPSG:4526) and without the number (EPSG:4547).
const PREFIXED: [Coord; 2] = [[38_530_000.0, 2_505_000.0], [38_541_000.0, 2_516_500.0]];
const PLAIN: [Coord; 2] = [[530_000.0, 2_505_000.0], [541_000.0, 2_516_500.0]];
const PLAIN_SWAPPED: [Coord; 2] = [[2_505_000.0, 530_000.0], [2_516_500.0, 541_000.0]];
const WEB: [Coord; 2] = [[12_724_000.0, 2_590_000.0], [12_735_000.0, 2_602_000.0]];

#[test]
fn degrees_need_no_word() {
    let identified = of(&LONLAT, None, None, &[]);
    assert_eq!((accepted(&identified).as_str(), identified.findings.len()), ("EPSG:4326", 0));
    let identified = of(&LONLAT, Some("urn:ogc:def:crs:OGC:1.3:CRS84"), None, &[]);
    assert_eq!(accepted(&identified), "EPSG:4326");
    assert!(matches!(identified.findings[..], [Finding::CrsMember { .. }]));
    assert_eq!(accepted(&of(&LONLAT, None, Some("EPSG:4490"), &[])), "EPSG:4490");
}

#[test]
fn swapped_degrees_are_refused() {
    assert_eq!(readings(&of(&LATLON, None, None, &[])), ["swapped EPSG:4326"]);
    assert_eq!(readings(&of(&LATLON, None, Some("EPSG:4490"), &[])), ["swapped EPSG:4326"]);
    // Boston as latitude, longitude: in range, but in the Southern Ocean.
    let boston = [[42.36, -71.10], [42.40, -71.05]];
    assert_eq!(readings(&of(&boston, None, None, &[])), ["swapped EPSG:4326", "EPSG:4326"]);
    // The caller may still insist.
    assert_eq!(accepted(&of(&boston, None, Some("EPSG:4326"), &[])), "EPSG:4326");
}

#[test]
fn lengths_without_a_word_are_refused_with_candidates() {
    assert_eq!(readings(&of(&PREFIXED, None, None, &[])), ["EPSG:4526"]);
    let plain = readings(&of(&PLAIN, None, None, &[]));
    assert_eq!(plain[0], "EPSG:4534 … EPSG:4554");
    assert_eq!(readings(&of(&WEB, None, None, &[])), ["EPSG:3857"]);
    assert!(readings(&of(&PLAIN_SWAPPED, None, None, &[]))[0].starts_with("swapped"));
    let shanghai = [[13_520_000.0, 3_660_000.0], [13_530_000.0, 3_670_000.0]];
    assert_eq!(readings(&of(&shanghai, None, None, &[])), ["EPSG:4491", "EPSG:3857"]);
    let two_zones = [[40_600_000.0, 3_170_000.0], [41_400_000.0, 3_170_000.0]];
    assert!(matches!(of(&two_zones, None, None, &[]).findings[..], [Finding::SeveralZones(40, 41)]));
}

#[test]
fn declared_systems_must_fit() {
    assert_eq!(accepted(&of(&PREFIXED, None, Some("EPSG:4526"), &[])), "EPSG:4526");
    assert_eq!(accepted(&of(&PLAIN, Some("urn:ogc:def:crs:EPSG::4547"), None, &[])), "EPSG:4547");
    assert_eq!(readings(&of(&PREFIXED, None, Some("EPSG:4547"), &[])), ["EPSG:4526"]);
    assert_eq!(readings(&of(&PLAIN, None, Some("EPSG:4526"), &[])), ["EPSG:4547"]);
    // Another zone's number.
    assert_eq!(readings(&of(&PREFIXED, None, Some("EPSG:4528"), &[])), ["EPSG:4526"]);
    assert_eq!(readings(&of(&PLAIN_SWAPPED, None, Some("EPSG:4547"), &[])), ["swapped EPSG:4547"]);
    // Degrees in a projected system, lengths in degrees.
    assert_eq!(readings(&of(&LONLAT, None, Some("EPSG:4547"), &[])), ["EPSG:4326"]);
    assert_eq!(readings(&of(&WEB, None, Some("EPSG:4326"), &[])), ["EPSG:3857"]);
    assert_eq!(readings(&of(&WEB, Some("EPSG:4326"), None, &[])), ["EPSG:3857"]);
}

#[test]
fn warnings_and_notes() {
    let web = of(&WEB, None, Some("EPSG:3857"), &[]);
    assert_eq!(web.findings, [Finding::WebMercator]);
    let both = of(&PLAIN, Some("EPSG:4548"), Some("EPSG:4547"), &[]);
    assert!(matches!(both.findings[..], [Finding::Overruled { .. }]));
    assert_eq!(accepted(&both), "EPSG:4547");
    let tagged = of(&LONLAT, None, None, &["name", "coord_GCJ-02", "BD09"]);
    assert_eq!(tagged.findings.len(), 2);
    assert!(tagged.findings.iter().all(|f| f.severity() == Severity::Warning && f.warning().is_some()));
    let wide = of(&[[100.0, 20.0], [120.0, 30.0]], None, None, &[]);
    assert!(matches!(wide.findings[..], [Finding::Wide { .. }]));
    let abroad = of(&[[-71.1, 42.3], [-71.0, 42.4]], None, Some("EPSG:4490"), &[]);
    assert!(matches!(abroad.findings[..], [Finding::OutsideAreaOfUse { .. }]));
    // 600 km east of the meridian: 5.8 degrees.
    let far = of(&[[1_100_000.0, 2_500_000.0]], None, Some("EPSG:4547"), &[]);
    assert!(matches!(far.findings[..], [Finding::OutsideAreaOfUse { .. }]), "{far:?}");
    let local = of(&LONLAT, None, Some("local"), &[]);
    assert_eq!(local.findings, [Finding::LooksLikeDegrees]);
}

#[test]
fn unknown_members_are_refused_unless_overruled() {
    let refused = of(&LONLAT, Some("urn:x:mars"), None, &[]);
    assert_eq!(readings(&refused), ["EPSG:4326"]);
    assert_eq!(accepted(&of(&LONLAT, Some("urn:x:mars"), Some("EPSG:4326"), &[])), "EPSG:4326");
}

#[test]
fn mixtures_and_strays() {
    let mixed: Vec<Coord> = LONLAT.iter().chain(&PLAIN).copied().collect();
    for declared in [None, Some("EPSG:4326"), Some("EPSG:4547")] {
        let identified = of(&mixed, None, declared, &[]);
        assert!(
            matches!(identified.findings[..], [Finding::Mixture { angles: 2, lengths: 2 }]),
            "{identified:?}"
        );
    }
    let mut many = vec![LONLAT[0]; 500];
    many.push(PLAIN[0]);
    let identified = of(&many, None, None, &[]);
    assert_eq!(
        (accepted(&identified).as_str(), &identified.findings[..]),
        ("EPSG:4326", &[Finding::Strays(1)][..])
    );
    let mut many = vec![PLAIN[0]; 500];
    many.push([0.0, 0.0]);
    let identified = of(&many, None, Some("EPSG:4547"), &[]);
    assert_eq!(
        (accepted(&identified).as_str(), &identified.findings[..]),
        ("EPSG:4547", &[Finding::Strays(1)][..])
    );
    assert!(matches!(
        of(&many, None, None, &[]).findings[..],
        [Finding::Strays(1), Finding::UndeclaredLengths(_)]
    ));
}

#[test]
fn nothing_and_no_numbers() {
    assert_eq!(accepted(&of(&[], None, None, &[])), "EPSG:4326");
    let identified = of(&[[f64::NAN, 1.0], LONLAT[0]], None, None, &[]);
    assert_eq!(identified.findings, [Finding::NonFinite(1)]);
}

#[test]
fn every_finding_speaks() {
    for coords in [&LATLON[..], &PREFIXED, &PLAIN, &PLAIN_SWAPPED, &WEB, &LONLAT] {
        for declared in [None, Some("EPSG:4326"), Some("EPSG:4547"), Some("EPSG:4526"), Some("EPSG:32650")] {
            let identified = of(coords, None, declared, &["BD-09"]);
            assert!(identified.findings.iter().all(|f| f.to_string().len() > 20));
            let refused = identified.findings.iter().any(|f| f.severity() == Severity::Error);
            assert_eq!(refused, identified.source.is_err(), "{identified:?}");
            if let Err(error) = identified.source {
                assert!(error.to_string().contains("which system they are in"), "{error}");
            }
        }
    }
}
