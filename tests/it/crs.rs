//! Reference systems against PROJ, against the ellipsoid, and the identification of real files.

use geo::{Distance, Geodesic, Point};
use landuse::crs::identify::{CoordinateStats, Evidence, Finding, Identified, Severity, identify};
use landuse::crs::{AreaKind, CrsError, SourceCrs, WorkingCrs, WorkingPlane};
use landuse::geometry::array::ring_area;
use landuse::geometry::{Coord, Envelope};

use crate::support::data_text;

fn source(text: &str) -> SourceCrs {
    text.parse().unwrap()
}

fn plane(from: &str, to: WorkingCrs, extent: Envelope) -> WorkingPlane {
    WorkingPlane::new(&source(from), &to, extent).unwrap()
}

const SHENZHEN: Envelope = Envelope { min: [113.75, 22.40], max: [114.65, 22.90] };
const CENTRED: WorkingCrs = WorkingCrs::Laea { lat_0_deg: 22.7, lon_0_deg: 114.35 };
const PINGSHAN: Envelope = Envelope { min: [114.30, 22.65], max: [114.40, 22.75] };

/// pyproj 3.7.2 with PROJ 9.5.1:
/// `Transformer.from_crs(FROM, TO, always_xy=True).transform(lon, lat)`, printed to 1e-6 m.
const GOLDEN: [(&str, u32, Coord, Coord); 14] = [
    ("EPSG:4490", 4547, [114.35, 22.70], [535_961.853_239, 2_511_357.390_593]),
    ("EPSG:4490", 4547, [113.80, 22.45], [479_413.331_843, 2_483_644.195_285]),
    ("EPSG:4490", 4547, [114.62, 22.86], [563_630.209_330, 2_529_167.300_859]),
    ("EPSG:4490", 4526, [114.35, 22.70], [38_535_961.853_239, 2_511_357.390_593]),
    ("EPSG:4490", 4526, [113.80, 22.45], [38_479_413.331_843, 2_483_644.195_285]),
    ("EPSG:4490", 4526, [114.62, 22.86], [38_563_630.209_330, 2_529_167.300_859]),
    ("EPSG:4326", 4547, [114.35, 22.70], [535_961.853_239, 2_511_357.390_593]),
    ("EPSG:4326", 32650, [114.35, 22.70], [227_758.883_600, 2_512_741.227_697]),
    ("EPSG:4326", 32650, [120.36, 31.55], [818_993.515_508, 3_495_455.917_294]),
    ("EPSG:4269", 26986, [-71.11, 42.37], [232_122.828_197, 902_239.781_076]),
    ("EPSG:4269", 26986, [-71.50, 42.00], [200_000.0, 861_069.282_709]),
    ("EPSG:4258", 3035, [4.90, 52.37], [3_973_961.568_715, 3_263_333.435_974]),
    ("EPSG:4258", 3035, [15.42, 47.07], [4_732_607.590_820, 2_676_883.604_257]),
    // The same through WGS 84, which counts as one datum with CGCS2000.
    ("EPSG:4326", 4526, [113.80, 22.45], [38_479_413.331_843, 2_483_644.195_285]),
];

#[test]
fn named_systems_match_proj() {
    for (from, to, lonlat, expected) in GOLDEN {
        let extent = Envelope::of([lonlat]);
        let plane = plane(from, WorkingCrs::Epsg(to), extent);
        let mut coords = [lonlat];
        plane.forward(&mut coords);
        let [x, y] = coords[0];
        // WGS 84 and CGCS2000 differ by 0.1 mm in the flattening.
        let tolerance = if (from, to / 100) == ("EPSG:4326", 45) { 2e-4 } else { 2e-6 };
        assert!((x - expected[0]).hypot(y - expected[1]) < tolerance, "{from} {to}: {x} {y} {expected:?}");
        plane.inverse(&mut coords);
        assert!((coords[0][0] - lonlat[0]).abs() < 1e-9 && (coords[0][1] - lonlat[1]).abs() < 1e-9);
    }
}

#[test]
fn the_centred_plane_matches_proj() {
    // Recipe as above, TO = `+proj=laea +lat_0=22.7 +lon_0=114.35 +ellps=WGS84`.
    let golden = [
        ([114.35, 22.71], [0.0, 1_107.398_991]),
        ([113.80, 22.45], [-56_612.881_411, -27_580.564_629]),
        ([114.62, 22.86], [27_709.601_017, 17_743.619_734]),
    ];
    let rounded = plane("EPSG:4326", WorkingCrs::Auto, PINGSHAN);
    assert_eq!(rounded.definition(), "LAEA lat_0=22.7 lon_0=114.4");
    let plane = plane("EPSG:4326", CENTRED, PINGSHAN);
    assert_eq!((plane.definition(), plane.working()), ("LAEA lat_0=22.7 lon_0=114.35", CENTRED));
    assert_eq!((plane.source(), plane.area()), ("EPSG:4326", AreaKind::EqualArea));
    for (lonlat, expected) in golden {
        let mut coords = [lonlat];
        plane.forward(&mut coords);
        let [x, y] = coords[0];
        assert!((x - expected[0]).hypot(y - expected[1]) < 1e-6, "{x} {y} {expected:?}");
    }
}

#[test]
fn projected_sources_go_through_degrees() {
    // The first golden point of EPSG:4526 and of Web Mercator (recipe as above) is the plane's (0, 0) at 114.35, 22.70.
    let at = [
        ("EPSG:4526", [38_535_961.853_239, 2_511_357.390_593]),
        ("EPSG:3857", [12_729_383.772_211, 2_595_778.804_307]),
    ];
    for (from, coord) in at {
        let extent = Envelope::of([coord]);
        let plane = plane(from, CENTRED, extent);
        assert_eq!(plane.definition(), "LAEA lat_0=22.7 lon_0=114.35");
        let mut coords = [coord];
        plane.forward(&mut coords);
        assert!(coords[0][0].hypot(coords[0][1]) < 1e-5, "{from} {coords:?}");
        plane.inverse(&mut coords);
        assert!((coords[0][0] - coord[0]).hypot(coords[0][1] - coord[1]) < 1e-5);
    }
    // From one zone's spelling into the other: the zone number goes.
    let plane = plane("EPSG:4526", WorkingCrs::Epsg(4547), Envelope::of([at[0].1]));
    let mut coords = [at[0].1];
    plane.forward(&mut coords);
    assert!((coords[0][0] - 535_961.853_239).abs() < 1e-5);
    assert_eq!(plane.area(), AreaKind::Planar);
}

#[test]
fn a_system_in_itself_is_not_moved() {
    let coord = [535_961.853_239, 2_511_357.390_593];
    let plane = plane("EPSG:4547", WorkingCrs::Epsg(4547), Envelope::of([coord]));
    let mut coords = [coord];
    plane.forward(&mut coords);
    assert_eq!(coords[0], coord);
    let local = plane_local(coord);
    assert_eq!((local.definition(), local.area()), ("local", AreaKind::Planar));
}

fn plane_local(coord: Coord) -> WorkingPlane {
    plane("local", WorkingCrs::Auto, Envelope::of([coord]))
}

#[test]
fn other_layers_come_into_the_same_plane() {
    let parcels = plane("EPSG:4490", WorkingCrs::Auto, PINGSHAN);
    let lines = parcels.for_source(&source("EPSG:4547")).unwrap();
    assert_eq!((lines.definition(), lines.source()), (parcels.definition(), "EPSG:4547"));
    let mut a = [[114.35, 22.70], [114.31, 22.74]];
    let mut b = a;
    let to_zone = plane("EPSG:4490", WorkingCrs::Epsg(4547), PINGSHAN);
    to_zone.forward(&mut b);
    parcels.forward(&mut a);
    lines.forward(&mut b);
    for (a, b) in a.iter().zip(b) {
        assert!((a[0] - b[0]).hypot(a[1] - b[1]) < 1e-7, "{a:?} {b:?}");
    }
    assert!(parcels.for_source(&source("local")).is_err());
    assert!(WorkingPlane::local().for_source(&source("EPSG:4326")).is_err());
}

#[test]
fn unfit_systems_are_refused_with_a_reason() {
    let refuse =
        |from: &str, to: u32| WorkingPlane::new(&source(from), &WorkingCrs::Epsg(to), SHENZHEN).unwrap_err();
    for code in [3857, 900_913, 102_100, 3395] {
        let error = refuse("EPSG:4326", code).to_string();
        assert!(error.contains("stretches areas"), "{error}");
    }
    assert!(refuse("EPSG:4326", 4490).to_string().contains("degrees"));
    assert!(refuse("EPSG:4326", 2249).to_string().contains("metres"));
    assert!(matches!(refuse("EPSG:4326", 65_000), CrsError::Unknown(_)));
    for extent in
        [Envelope::EMPTY, Envelope::of([[500_000.0, 2_500_000.0]]), Envelope::of([[0.0, f64::INFINITY]])]
    {
        let error = WorkingPlane::new(&SourceCrs::wgs84(), &WorkingCrs::Auto, extent).unwrap_err();
        assert!(matches!(error, CrsError::Extent { .. }), "{error}");
    }
}

#[cfg(not(feature = "proj"))]
#[test]
fn shifts_of_datum_are_refused_and_name_the_feature() {
    for from in ["EPSG:4214", "EPSG:4267", "EPSG:4610"] {
        let error = WorkingPlane::new(&source(from), &WorkingCrs::Epsg(4547), SHENZHEN).unwrap_err();
        assert!(matches!(error, CrsError::DatumShift { .. }));
        assert!(error.to_string().contains("feature `proj`"), "{error}");
        // On its own ellipsoid it has areas, but no layer on another datum may be laid over it.
        let own = plane(from, WorkingCrs::Auto, SHENZHEN);
        assert_eq!(own.area(), AreaKind::EqualArea);
        assert!(matches!(own.for_source(&SourceCrs::wgs84()), Err(CrsError::DatumShift { .. })));
    }
}

/// A closed ring along the border of a rectangle, `pieces` a side.
fn border([west, south, east, north]: [f64; 4], pieces: u32) -> Vec<Coord> {
    let corners = [[west, south], [east, south], [east, north], [west, north], [west, south]];
    let mut ring = vec![corners[0]];
    for side in corners.windows(2) {
        for i in 1..=pieces {
            let t = f64::from(i) / f64::from(pieces);
            ring.push(
                [0, 1].map(
                    |k| if i == pieces { side[1][k] } else { side[0][k] + t * (side[1][k] - side[0][k]) },
                ),
            );
        }
    }
    ring
}

#[test]
fn areas_in_the_plane_are_the_ellipsoids() {
    // Exact area between parallels and meridians on CGCS2000, m².
    let golden = [
        ([114.05, 22.54, 114.06, 22.55], 1_139_080.475_798),
        ([113.5, 22.0, 114.5, 23.0], 11_394_287_307.823_3),
        ([102.83, 24.88, 102.84, 24.89], 1_119_274.618_117),
        ([121.44, 28.66, 121.45, 28.67], 1_083_381.484_903),
    ];
    for (rectangle, exact_m2) in golden {
        let mut ring = border(rectangle, 4_000);
        // Seen from the middle, and from half a degree away.
        for shift in [0.0, 0.5] {
            let extent = Envelope::of(ring.iter().map(|c| [c[0] + shift, c[1] - shift]));
            let plane = plane("EPSG:4490", WorkingCrs::Auto, extent);
            plane.forward(&mut ring);
            let area_m2 = ring_area(&ring);
            assert!((area_m2 / exact_m2 - 1.0).abs() < 1e-9, "{area_m2} {exact_m2}");
            plane.inverse(&mut ring);
        }
    }
}

#[test]
fn distances_are_true_to_a_hundred_thousandth_at_50_km() {
    let plane = plane("EPSG:4326", WorkingCrs::Auto, PINGSHAN);
    let mut worst = 0.0_f64;
    for step in 0..36 {
        let angle = f64::from(step).to_radians() * 10.0;
        for length_m in [1.0, 100.0, 1_000.0] {
            for direction in [0.0, 45.0, 90.0, 135.0] {
                // A short distance 50 km away from the centre, in any direction.
                let turn = angle + f64::to_radians(direction);
                let at = [50_000.0 * angle.cos(), 50_000.0 * angle.sin()];
                let mut ends = [at, [at[0] - length_m * turn.cos(), at[1] - length_m * turn.sin()]];
                plane.inverse(&mut ends);
                let [a, b] = ends.map(|c| Point::new(c[0], c[1]));
                worst = worst.max((Geodesic.distance(a, b) / length_m - 1.0).abs());
            }
        }
    }
    let mut reach = 0.0_f64;
    for step in 0..36 {
        let angle = f64::from(step).to_radians() * 10.0;
        let mut ends = [[0.0, 0.0], [50_000.0 * angle.cos(), 50_000.0 * angle.sin()]];
        plane.inverse(&mut ends);
        let [a, b] = ends.map(|c| Point::new(c[0], c[1]));
        reach = reach.max((Geodesic.distance(a, b) / 50_000.0 - 1.0).abs());
    }
    println!(
        "largest relative error of short distances 50 km away {worst:.2e}, of 50 km from the centre {reach:.2e}"
    );
    assert!(worst < 1.5e-5 && worst > 1e-6, "{worst}");
    assert!(reach < 1e-5, "{reach}");
}

#[test]
fn threads_and_chunks_change_no_bit() {
    let plane = plane(
        "EPSG:4526",
        WorkingCrs::Auto,
        Envelope { min: [38_500_000.0, 2_480_000.0], max: [38_560_000.0, 2_530_000.0] },
    );
    let source: Vec<Coord> = (0..50_000)
        .map(|i| [38_500_000.0 + f64::from(i % 600) * 100.0, 2_480_000.0 + f64::from(i / 600) * 500.0])
        .collect();
    let mut all = source.clone();
    plane.forward(&mut all);
    for (i, coord) in source.iter().enumerate().step_by(997) {
        let mut one = [*coord];
        plane.forward(&mut one);
        assert_eq!(one[0].map(f64::to_bits), all[i].map(f64::to_bits));
    }
}

/// All positions of a GeoJSON value, and its `crs` name.
fn identified_in(text: &str, declared: Option<&SourceCrs>, swap: bool) -> Identified {
    fn collect(value: &serde_json::Value, coords: &mut Vec<Coord>) {
        let Some(items) = value.as_array() else { return };
        match (
            items.first().and_then(serde_json::Value::as_f64),
            items.get(1).and_then(serde_json::Value::as_f64),
        ) {
            (Some(x), Some(y)) => coords.push([x, y]),
            _ => items.iter().for_each(|item| collect(item, coords)),
        }
    }
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let mut coords = Vec::new();
    for feature in value["features"].as_array().unwrap() {
        collect(&feature["geometry"]["coordinates"], &mut coords);
    }
    assert!(!coords.is_empty());
    if swap {
        coords.iter_mut().for_each(|c| c.reverse());
    }
    let evidence = Evidence {
        crs_member: value["crs"]["properties"]["name"].as_str(),
        unread: None,
        declared,
        coordinates: CoordinateStats::of(coords),
        tags: &[],
    };
    identify(&evidence)
}

#[test]
fn real_files_are_identified() {
    // All in degrees without a `crs` member. The atlas of China is believed to be GCJ-02, which only its documentation
    // says; the DC planned developments lie in the Atlantic, which only other layers show.
    for file in [
        "cambridge-ma/city_boundary.geojson",
        "cambridge-ma/zoning_2014.geojson",
        "china-admin/440300_shenzhen.json",
        "china-admin/530100_kunming.json",
        "washington-dc/boundary.geojson.gz",
        "washington-dc/planned_unit_developments.geojson.gz",
    ] {
        let Some(text) = data_text(file) else { continue };
        let identified = identified_in(&text, None, false);
        assert_eq!(identified.source.unwrap(), SourceCrs::wgs84(), "{file}");
        assert!(identified.findings.is_empty(), "{file}: {:?}", identified.findings);
        // With x and y exchanged, each of them is refused.
        let swapped = identified_in(&text, None, true);
        assert!(matches!(swapped.findings[..], [Finding::SwappedAxes(_)]), "{file}: {:?}", swapped.findings);
        assert!(swapped.source.unwrap_err().to_string().contains("exchange x and y"));
        // Declared as a zone, too.
        let zone = identified_in(&text, Some(&source("EPSG:4547")), false);
        assert!(matches!(zone.source, Err(CrsError::Unsettled { .. })), "{file}");
    }
    for file in ["seoul-nonhyeon/parcels.geojson", "wuxi-xinwu/land_use.geojson.gz"] {
        let Some(text) = data_text(file) else { continue };
        let identified = identified_in(&text, None, false);
        assert_eq!(identified.source.unwrap(), SourceCrs::wgs84(), "{file}");
        assert!(matches!(identified.findings[..], [Finding::CrsMember { .. }]), "{file}");
        assert_eq!(identified.findings[0].severity(), Severity::Note);
    }
}

/// Both engines on grids of points; what the default engine does must be what PROJ does.
#[cfg(feature = "proj")]
mod proj {
    use super::*;
    use landuse::crs::{ProjEngine, Projection};

    fn grid(extent: [f64; 4]) -> Vec<Coord> {
        let [west, south, east, north] = extent;
        (0..=40)
            .flat_map(|i| (0..=40).map(move |j| (f64::from(i) / 40.0, f64::from(j) / 40.0)))
            .map(|(u, v)| [west + u * (east - west), south + v * (north - south)])
            .collect()
    }

    #[test]
    fn both_engines_agree() {
        let shenzhen = [113.0, 22.0, 115.0, 23.0];
        let laea = "+proj=laea +lat_0=22.7 +lon_0=114.35 +datum=WGS84 +units=m +type=crs";
        let cases = [
            ("EPSG:4326", laea, shenzhen),
            ("EPSG:4490", "EPSG:4547", shenzhen),
            ("EPSG:4490", "EPSG:4526", shenzhen),
            ("EPSG:4326", "EPSG:32650", [114.0, 20.0, 120.0, 40.0]),
            ("EPSG:4269", "EPSG:26986", [-73.5, 41.2, -69.9, 42.9]),
            ("EPSG:4258", "EPSG:3035", [-9.0, 36.0, 30.0, 65.0]),
        ];
        for (from, to, extent) in cases {
            let points = grid(extent);
            let ours = if to == laea {
                plane(from, CENTRED, PINGSHAN)
            } else {
                let code = to.strip_prefix("EPSG:").unwrap().parse().unwrap();
                plane(from, WorkingCrs::Epsg(code), Envelope::of(points.iter().copied()))
            };
            let theirs = ProjEngine::new(from, to).unwrap();
            let (mut a, mut b) = (points.clone(), points.clone());
            ours.forward(&mut a);
            theirs.forward(&mut b);
            let forward = a.iter().zip(&b).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1])).fold(0.0, f64::max);
            ours.inverse(&mut a);
            theirs.inverse(&mut b);
            let inverse = a.iter().zip(&b).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1])).fold(0.0, f64::max);
            println!(
                "{from} to {to}: {forward:.1e} m forward, {inverse:.1e} degrees back, {} points",
                points.len()
            );
            // PROJ before 9.7 inverts the authalic latitude by a short series.
            assert!(forward < 1e-6 && inverse < 2e-8, "{from} {to} {forward} {inverse}");
        }
    }

    #[test]
    fn shifts_of_datum_and_wkt_work() {
        // Beijing 1954 lies tens of metres from WGS 84 around Shenzhen.
        let shifted = plane("EPSG:4214", WorkingCrs::Epsg(32650), SHENZHEN);
        let unshifted = plane("EPSG:4326", WorkingCrs::Epsg(32650), SHENZHEN);
        let (mut a, mut b) = ([[114.35, 22.7]], [[114.35, 22.7]]);
        shifted.forward(&mut a);
        unshifted.forward(&mut b);
        let metres = (a[0][0] - b[0][0]).hypot(a[0][1] - b[0][1]);
        assert!((10.0..300.0).contains(&metres), "{metres}");

        let wkt = "PROJCS[\"zone\",GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563]],\
                   PRIMEM[\"Greenwich\",0],UNIT[\"degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],\
                   PARAMETER[\"latitude_of_origin\",0],PARAMETER[\"central_meridian\",114],PARAMETER[\"scale_factor\",1],\
                   PARAMETER[\"false_easting\",500000],PARAMETER[\"false_northing\",0],UNIT[\"metre\",1]]";
        let coord = [535_961.853_239, 2_511_357.390_593];
        let extent = Envelope::of([coord]);
        let plane = WorkingPlane::new(&source(wkt), &CENTRED, extent);
        if let Ok(plane) = plane {
            let mut coords = [coord];
            plane.forward(&mut coords);
            assert!(coords[0][0].hypot(coords[0][1]) < 1e-3, "{coords:?}");
        } else {
            panic!("{plane:?}");
        }
    }

    #[test]
    fn many_threads_share_one_engine() {
        let engine = ProjEngine::new("EPSG:4490", "EPSG:4547").unwrap();
        let points = grid([113.0, 22.0, 115.0, 23.0]);
        let mut expected = points.clone();
        engine.forward(&mut expected);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut coords = points.clone();
                    for chunk in coords.chunks_mut(100) {
                        engine.forward(chunk);
                    }
                    assert_eq!(coords, expected);
                });
            }
        });
        let mut bad = [[f64::NAN, 22.0], [114.0, 95.0], [114.0, f64::INFINITY]];
        engine.forward(&mut bad);
        assert!(bad.iter().flatten().all(|v| v.is_nan()), "{bad:?}");
    }
}
