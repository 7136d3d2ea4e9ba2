//! The synthetic city: what it promises, read back from its files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use geo::{
    Area, BooleanOps, BoundingRect, Distance, Euclidean, Intersects, Length, MultiPolygon, Polygon,
    Validation,
};
use geojson::{Feature, FeatureCollection, GeometryValue};
use landuse::generate::{City, CityOptions, Fabric, Faults, Written};
use serde_json::Value;

const FABRICS: [Fabric; 3] = [Fabric::Cadastral, Fabric::Clustered, Fabric::Slivers];
const FILES: [&str; 6] = [
    "parcels.geojson",
    "control_lines.geojson",
    "districts.geojson",
    "water.geojson",
    "truth.json",
    "README.md",
];

/// A city as its files tell it.
struct Read {
    written: Written,
    files: BTreeMap<&'static str, Vec<u8>>,
}

impl Read {
    fn new(options: CityOptions) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let written = City::new(options).unwrap().write(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), FILES.len(), "no partial file stays");
        let files = FILES.map(|name| (name, fs::read(dir.path().join(name)).unwrap())).into();
        Self { written, files }
    }

    fn features(&self, file: &str) -> Vec<Feature> {
        let text = std::str::from_utf8(&self.files[file]).unwrap();
        text.parse::<FeatureCollection>().unwrap().features
    }

    fn truth(&self) -> Value {
        serde_json::from_slice(&self.files["truth.json"]).unwrap()
    }
}

/// Polygons of a feature as rings of positions in units of 1e-8 degree: exactly what the file says.
fn rings(feature: &Feature) -> Vec<Vec<Vec<[i64; 2]>>> {
    let polygons = match feature.geometry.as_ref().map(|geometry| &geometry.value) {
        Some(GeometryValue::Polygon { coordinates }) => vec![coordinates.clone()],
        Some(GeometryValue::MultiPolygon { coordinates }) => coordinates.clone(),
        None => Vec::new(),
        other => panic!("{other:?}"),
    };
    let whole = |degrees: f64| (degrees * 1e8).round() as i64;
    let ring = |ring: Vec<geojson::Position>| ring.iter().map(|p| [whole(p[0]), whole(p[1])]).collect();
    polygons.into_iter().map(|rings| rings.into_iter().map(ring).collect()).collect()
}

/// Metres about the city's centre: lengths of a degree of WGS 84 at 22.70° N; 1e-3 at the fringe is plenty here.
fn metres([lon, lat]: [i64; 2]) -> (f64, f64) {
    let (x, y) = ((lon - 11_435_000_000) as f64 / 1e8, (lat - 2_270_000_000) as f64 / 1e8);
    (x * 102_752.0 * (1.0 - 0.0073 * y), y * 110_738.0)
}

fn shape(feature: &Feature) -> MultiPolygon {
    let line = |ring: Vec<[i64; 2]>| ring.into_iter().map(metres).collect::<geo::LineString>();
    rings(feature)
        .into_iter()
        .map(|rings| {
            let mut rings = rings.into_iter().map(line);
            Polygon::new(rings.next().unwrap(), rings.collect())
        })
        .collect()
}

fn property<'a>(feature: &'a Feature, name: &str) -> &'a Value {
    feature.property(name).unwrap_or(&Value::Null)
}

fn rows(list: &Value) -> Vec<usize> {
    list.as_array().unwrap().iter().map(|row| row.as_u64().unwrap() as usize).collect()
}

/// Rows of faults whose geometry is no valid polygon.
fn unusable(truth: &Value) -> BTreeSet<usize> {
    ["null_geometry", "two_point_ring", "unclosed_ring", "bow_tie", "repeated_point"]
        .iter()
        .flat_map(|kind| rows(&truth["faults"][kind]["rows"]))
        .collect()
}

/// Twice the signed area, exact.
fn twice_area(ring: &[[i64; 2]]) -> i128 {
    ring.windows(2)
        .map(|pair| {
            let [[ax, ay], [bx, by]] = [pair[0].map(i128::from), pair[1].map(i128::from)];
            ax * by - bx * ay
        })
        .sum()
}

/// Pairs of segments of one polygon that meet elsewhere than in the end they share: exact, by a sweep over x.
fn crossings(rings: &[Vec<[i64; 2]>]) -> usize {
    let mut segments: Vec<[[i64; 2]; 2]> =
        rings.iter().flat_map(|ring| ring.windows(2).map(|pair| [pair[0], pair[1]])).collect();
    let low = |s: &[[i64; 2]; 2], k: usize| s[0][k].min(s[1][k]);
    let high = |s: &[[i64; 2]; 2], k: usize| s[0][k].max(s[1][k]);
    segments.sort_by_key(|s| low(s, 0));
    let turn = |a: [i64; 2], b: [i64; 2], c: [i64; 2]| {
        (i128::from(b[0] - a[0]) * i128::from(c[1] - a[1])
            - i128::from(b[1] - a[1]) * i128::from(c[0] - a[0]))
        .signum()
    };
    let mut count = 0;
    for (at, s) in segments.iter().enumerate() {
        count += usize::from(s[0] == s[1]);
        for t in segments[at + 1..].iter().take_while(|t| low(t, 0) <= high(s, 0)) {
            if low(t, 1) > high(s, 1) || low(s, 1) > high(t, 1) {
                continue;
            }
            let shared = s.iter().filter(|end| t.contains(end)).count();
            let meet = turn(s[0], s[1], t[0]) * turn(s[0], s[1], t[1]) <= 0
                && turn(t[0], t[1], s[0]) * turn(t[0], t[1], s[1]) <= 0;
            let folded = shared == 1 && {
                let apex = if t.contains(&s[0]) { s[0] } else { s[1] };
                let (a, b) = (if s[0] == apex { s[1] } else { s[0] }, if t[0] == apex { t[1] } else { t[0] });
                let along = i128::from(a[0] - apex[0]) * i128::from(b[0] - apex[0])
                    + i128::from(a[1] - apex[1]) * i128::from(b[1] - apex[1]);
                turn(apex, a, b) == 0 && along > 0
            };
            count += usize::from(if shared == 0 { meet } else { shared == 2 || folded });
        }
    }
    count
}

#[test]
fn crossings_are_found() {
    let square = vec![[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]];
    assert_eq!(crossings(std::slice::from_ref(&square)), 0);
    assert_eq!(crossings(&[vec![[0, 0], [4, 4], [4, 0], [0, 4], [0, 0]]]), 1);
    assert_eq!(crossings(&[square.clone(), vec![[4, 2], [2, 3], [2, 1], [4, 2]]]), 2, "a hole that touches");
    assert!(crossings(&[vec![[0, 0], [4, 0], [2, 0], [2, 4], [0, 0]]]) > 0, "a spike");
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    let make = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Read::new(CityOptions::new(12_000, 3))).files
    };
    let first = make(1);
    assert!(first == make(4), "one thread and four differ");
    assert!(first == make(4), "two runs differ");
    let other = Read::new(CityOptions::new(12_000, 4));
    assert!(first["parcels.geojson"] != other.files["parcels.geojson"], "the seed counts");
}

/// The later date: unique ids, valid shapes that hardly overlap, all that is not told of byte for byte as it was, on any number
/// of threads.
#[test]
fn the_later_city_differs_by_its_changes_alone() {
    for fabric in FABRICS {
        let city = City::new(CityOptions::new(2_000, 5).fabric(fabric).faults(Faults::NONE)).unwrap();
        let make = |threads: usize| {
            let dir = tempfile::tempdir().unwrap();
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                city.write(dir.path()).unwrap();
                city.write_later(dir.path()).unwrap();
            });
            ["parcels.geojson", "parcels_later.geojson", "changes.json"]
                .map(|name| fs::read_to_string(dir.path().join(name)).unwrap())
        };
        let files = make(1);
        assert!(files == make(3), "one thread and three differ");
        let [before, after, changes] = files;
        let changes: Value = serde_json::from_str(&changes).unwrap();
        let told = |side: &str| -> BTreeSet<String> {
            let all = changes["changes"].as_array().unwrap().iter();
            all.flat_map(|change| change[side].as_array().unwrap())
                .map(|holding| holding["id"].as_str().unwrap().to_owned())
                .collect()
        };
        let lines = |text: &str, told: &BTreeSet<String>| -> BTreeSet<String> {
            let features = text.lines().filter(|line| line.starts_with("{\"type\":\"Feature\","));
            let id = |line: &str| line.split('"').nth(9).unwrap().to_owned();
            features
                .filter(|line| !told.contains(&id(line)))
                .map(|line| line.trim_end_matches(',').to_owned())
                .collect()
        };
        assert_eq!(lines(&before, &told("before")), lines(&after, &told("after")), "{fabric:?}");

        let features = after.parse::<FeatureCollection>().unwrap().features;
        let ids: BTreeSet<&str> = features.iter().map(|f| property(f, "id").as_str().unwrap()).collect();
        assert_eq!(ids.len(), features.len());
        assert!(told("after").iter().all(|id| ids.contains(&**id)) && told("after").len() > 20);
        let shapes: Vec<MultiPolygon> = features.iter().map(shape).collect();
        let boxes: Vec<_> = shapes.iter().map(|shape| shape.bounding_rect().unwrap()).collect();
        for (feature, shape) in features.iter().zip(&shapes) {
            assert!(shape.is_valid() && crossings(&rings(feature)[0]) == 0, "{:?}", property(feature, "id"));
        }
        for a in 0..shapes.len() {
            for b in a + 1..shapes.len() {
                if boxes[a].intersects(&boxes[b]) {
                    // A millimetre of rounding where a cut meets a neighbour.
                    let shared_m2 = shapes[a].intersection(&shapes[b]).unsigned_area();
                    assert!(shared_m2 < 0.2, "{fabric:?} {a} {b}: {shared_m2} m²");
                }
            }
        }
    }
}

/// FNV-1a of the parcels of one small city: changes when the cities change, and then the changelog says so.
#[test]
fn cities_are_the_same_on_every_machine() {
    let city = Read::new(CityOptions::new(100, 7));
    let hash = city.files["parcels.geojson"].iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    assert_eq!(hash, 0x5B65_1255_5CFE_859D);
}

#[test]
fn counts_are_those_asked_for_and_files_are_geojson() {
    for fabric in FABRICS {
        for parcels in [100, 1_000, 3_000] {
            for faults in [Faults::default(), Faults::NONE] {
                let options = CityOptions::new(parcels, 7).fabric(fabric).faults(faults);
                let city = Read::new(options);
                let features = city.features("parcels.geojson");
                assert_eq!(features.len(), parcels as usize, "{fabric:?}");
                assert_eq!(city.written.parcels, parcels);
                let positions: usize = features.iter().flat_map(rings).flatten().map(|ring| ring.len()).sum();
                assert_eq!(city.written.positions, positions as u64);
                // Closing positions are no vertices.
                let polygons = features.iter().filter(|feature| feature.geometry.is_some()).count();
                let vertices = positions as f64 / polygons as f64 - 1.0;
                assert!((7.0..=11.0).contains(&vertices), "{fabric:?} {parcels}: {vertices} vertices");
                let lines = city.features("control_lines.geojson");
                let positions: usize = lines.iter().flat_map(rings).flatten().map(|ring| ring.len()).sum();
                assert_eq!(city.written.line_positions, positions as u64);
                assert_eq!(city.features("water.geojson").len(), 1);
            }
        }
    }
}

#[test]
fn the_small_city_of_the_data_folder_stays_small() {
    let city = Read::new(CityOptions::new(1_200, 7));
    let bytes: usize = city.files.values().map(Vec::len).sum();
    assert!(bytes < 1 << 20, "{bytes} bytes");
    assert!(city.written.sites >= 2);
}

/// Without faults every parcel is one valid polygon, and no two share more than rounding to 1e-8 degree makes.
#[test]
fn without_faults_parcels_are_valid_and_apart() {
    for fabric in FABRICS {
        let city = Read::new(CityOptions::new(1_000, 5).fabric(fabric).faults(Faults::NONE));
        let features = city.features("parcels.geojson");
        let ids: BTreeSet<&str> = features.iter().map(|f| property(f, "id").as_str().unwrap()).collect();
        assert_eq!(ids.len(), features.len());
        let shapes: Vec<MultiPolygon> = features.iter().map(shape).collect();
        let boxes: Vec<_> = shapes.iter().map(|shape| shape.bounding_rect().unwrap()).collect();
        for (feature, shape) in features.iter().zip(&shapes) {
            let rings = rings(feature);
            assert!(rings.len() == 1 && rings[0].len() == 1 && twice_area(&rings[0][0]) > 0);
            assert!(shape.is_valid() && crossings(&rings[0]) == 0, "{:?}", property(feature, "id"));
        }
        let mut met = 0;
        for a in 0..shapes.len() {
            for b in a + 1..shapes.len() {
                if boxes[a].intersects(&boxes[b]) {
                    met += 1;
                    let shared_m2 = shapes[a].intersection(&shapes[b]).unsigned_area();
                    assert!(shared_m2 < 0.01, "{fabric:?} {a} {b}: {shared_m2} m²");
                }
            }
        }
        assert!(met > 1_000, "{met} pairs were looked at");
    }
}

/// Edges between districts run once in each direction, what is left is one simple ring, and it holds exactly the sum of
/// the areas: so the districts tile it without overlap and without gap.
#[test]
fn districts_tile_the_land() {
    for (parcels, seed) in [(100, 1), (3_000, 7), (20_000, 2)] {
        let city = Read::new(CityOptions::new(parcels, seed));
        let districts = city.features("districts.geojson");
        let mut edges = BTreeSet::new();
        let mut sum = 0;
        let mut ids = BTreeSet::new();
        for district in &districts {
            assert!(ids.insert(property(district, "id").as_str().unwrap().to_owned()), "one part each");
            let polygons = rings(district);
            assert_eq!(polygons.len(), 1);
            assert_eq!(crossings(&polygons[0]), 0);
            for ring in &polygons[0] {
                sum += twice_area(ring);
                for pair in ring.windows(2) {
                    assert!(edges.insert((pair[0], pair[1])), "an edge is used twice in one direction");
                }
            }
        }
        let outer: BTreeMap<[i64; 2], [i64; 2]> =
            edges.iter().filter(|&&(a, b)| !edges.contains(&(b, a))).copied().collect();
        let start = *outer.keys().next().unwrap();
        let mut ring = vec![start];
        while ring.len() == 1 || *ring.last().unwrap() != start {
            ring.push(outer[ring.last().unwrap()]);
        }
        assert_eq!(ring.len(), outer.len() + 1, "one ring is left");
        assert_eq!(twice_area(&ring), sum);
        assert_eq!(crossings(std::slice::from_ref(&ring)), 0);
        let land = Polygon::new(ring.into_iter().map(metres).collect(), Vec::new());
        let told = city.truth()["land_m2"].as_f64().unwrap();
        assert!((told / land.unsigned_area() - 1.0).abs() < 2e-3, "{told} {}", land.unsigned_area());
        // Parcels of each district exist.
        let named: BTreeSet<String> = city
            .features("parcels.geojson")
            .iter()
            .map(|parcel| property(parcel, "district").as_str().unwrap().to_owned())
            .collect();
        assert_eq!(named, ids);

        let lines = city.features("control_lines.geojson");
        let excluding = lines.iter().filter(|line| property(line, "effect") == "exclude").map(shape);
        let union = excluding.fold(MultiPolygon::new(Vec::new()), |all, line| all.union(&line));
        let share = union.intersection(&land).unsigned_area() / land.unsigned_area();
        assert!((0.4..=0.6).contains(&share), "{parcels}: lines take {share}");
    }
}

#[test]
fn control_lines_never_cross_themselves() {
    for (parcels, line_vertices, seeds) in [(3_000, 200_000, 7..8), (100, 200_000, 1..3), (1_000, 350, 0..10)]
    {
        for seed in seeds {
            let city = Read::new(CityOptions::new(parcels, seed).line_vertices(line_vertices));
            let lines = city.features("control_lines.geojson");
            let effects: BTreeSet<&str> =
                lines.iter().map(|line| property(line, "effect").as_str().unwrap()).collect();
            assert!(effects.contains("exclude") && effects.contains("confine"));
            for line in &lines {
                for polygon in rings(line) {
                    assert_eq!(crossings(&polygon), 0, "{seed} {:?}", property(line, "id"));
                    let (exterior, holes) = polygon.split_first().unwrap();
                    assert!(twice_area(exterior) > 0 && holes.iter().all(|hole| twice_area(hole) < 0));
                }
            }
            if parcels == 3_000 {
                let about = city.written.line_positions as f64 / f64::from(line_vertices);
                assert!((0.9..1.1).contains(&about), "{}", city.written.line_positions);
            }
        }
    }
}

/// The share of each kind of fault in 20,000 features, within four standard deviations of a Poisson count and a tenth.
#[test]
fn faults_are_as_many_as_asked_for() {
    let city = Read::new(CityOptions::new(20_000, 7));
    let truth = city.truth();
    let faults = Faults::default();
    let quarter = faults.invalid_ring / 4.0;
    for (kind, share) in [
        ("t_junction", faults.t_junction),
        ("hairline_gap", faults.hairline_gap),
        ("sliver", faults.sliver),
        ("overlap", faults.overlap),
        ("exact_duplicate", faults.exact_duplicate),
        ("same_geometry", faults.same_geometry),
        ("duplicate_id", faults.duplicate_id),
        ("court", faults.court),
        ("multi_part", faults.multi_part),
        ("bow_tie", quarter),
        ("unclosed_ring", quarter),
        ("two_point_ring", quarter),
        ("repeated_point", quarter),
        ("clockwise", faults.clockwise),
        ("null_geometry", faults.null_geometry),
    ] {
        let (count, expected) = (truth["faults"][kind]["count"].as_f64().unwrap(), share * 20_000.0);
        let tolerance = 4.0 * expected.sqrt() + 0.1 * expected;
        assert!((count - expected).abs() <= tolerance, "{kind}: {count} instead of {expected}");
    }
    // Every value that may be missing is, where the parcel can have it at all, in about 3 % of the parcels.
    let zoned = truth["missing"]["zoned_use"].as_f64().unwrap() / 20_000.0;
    assert!((zoned / faults.missing_value - 1.0).abs() < 0.2, "{zoned}");
}

/// With every kind planted often, each feature that the truth names is what the truth calls it.
#[test]
fn faults_are_what_they_are_called() {
    let mut faults = Faults::default();
    for share in [&mut faults.exact_duplicate, &mut faults.same_geometry, &mut faults.duplicate_id] {
        *share = 0.01;
    }
    (faults.invalid_ring, faults.null_geometry, faults.sliver, faults.overlap) = (0.03, 0.01, 0.01, 0.01);
    for fabric in FABRICS {
        let city = Read::new(CityOptions::new(3_000, 11).fabric(fabric).faults(faults));
        let truth = city.truth();
        let features = city.features("parcels.geojson");
        let id = |row: usize| property(&features[row], "id").as_str().unwrap();
        for (kind, list) in truth["faults"].as_object().unwrap() {
            let rows = rows(&list["rows"]);
            assert!(rows.len() == list["count"] && !rows.is_empty(), "{fabric:?} {kind}");
            for (&row, told) in rows.iter().zip(list["ids"].as_array().unwrap()) {
                assert_eq!(told, id(row), "{kind}");
                let feature = &features[row];
                let polygons = rings(feature);
                let ring = || polygons[0][0].as_slice();
                let before = &features[row.saturating_sub(1)];
                let repeats = || ring().windows(2).filter(|pair| pair[0] == pair[1]).count();
                let holds = match kind.as_str() {
                    "null_geometry" => feature.geometry.is_none(),
                    "clockwise" => twice_area(ring()) < 0,
                    "repeated_point" => repeats() == 1,
                    "two_point_ring" => ring().len() == 3 && ring()[0] == ring()[2],
                    "unclosed_ring" => ring().first() != ring().last(),
                    "bow_tie" => crossings(&polygons[0]) == 1,
                    "duplicate_id" => id(row) == id(row - 1) && feature.geometry != before.geometry,
                    "same_geometry" => id(row) != id(row - 1) && feature.geometry == before.geometry,
                    "exact_duplicate" => feature == before,
                    "sliver" => {
                        let line =
                            geo::LineString::from(ring().iter().map(|&p| metres(p)).collect::<Vec<_>>());
                        2.0 * shape(feature).unsigned_area() / Euclidean.length(&line) < 0.3
                    }
                    "court" => polygons[0].len() == 2 && rings(&features[row + 1])[0][0].len() == 5,
                    "multi_part" => polygons.len() == 2,
                    "t_junction" | "hairline_gap" | "overlap" => crossings(&polygons[0]) == 0,
                    other => panic!("{other}"),
                };
                assert!(holds, "{fabric:?} {kind} in row {row}");
            }
        }
        // What is named no fault of the kind is none of it.
        let unusable = unusable(&truth);
        let clockwise: BTreeSet<usize> = rows(&truth["faults"]["clockwise"]["rows"]).into_iter().collect();
        for (row, feature) in features.iter().enumerate().filter(|(row, _)| !unusable.contains(row)) {
            let polygons = rings(feature);
            assert!(polygons.iter().all(|polygon| crossings(polygon) == 0), "{row}");
            assert_eq!(twice_area(&polygons[0][0]) < 0, clockwise.contains(&row), "{row}");
        }
    }
}

/// Connected groups of shapes at most `gap_m` apart.
fn groups(shapes: &[MultiPolygon], gap_m: f64) -> Vec<usize> {
    let mut label: Vec<usize> = (0..shapes.len()).collect();
    for a in 0..shapes.len() {
        for b in 0..a {
            if label[a] != label[b] && Euclidean.distance(&shapes[a], &shapes[b]) <= gap_m {
                let (from, to) = (label[a], label[b]);
                label.iter_mut().filter(|label| **label == from).for_each(|label| *label = to);
            }
        }
    }
    label
}

#[test]
fn planted_sites_are_contiguous_and_can_be_found() {
    for seed in [2, 7] {
        let city = Read::new(CityOptions::new(3_000, seed));
        let truth = city.truth();
        let features = city.features("parcels.geojson");
        let usable = unusable(&truth);
        let sites = truth["sites"].as_array().unwrap();
        assert!(!sites.is_empty() && sites.len() == city.written.sites as usize);
        let mut planted = BTreeSet::new();
        for site in sites {
            let rows = rows(&site["rows"]);
            let shapes: Vec<MultiPolygon> = rows.iter().map(|&row| shape(&features[row])).collect();
            let labels = groups(&shapes, 15.0);
            assert!((5..=60).contains(&rows.len()) && labels.iter().all(|&label| label == labels[0]));
            let area_m2: f64 = shapes.iter().map(Area::unsigned_area).sum();
            assert!((area_m2 / site["area_m2"].as_f64().unwrap() - 1.0).abs() < 2e-3 && area_m2 > 1e4);
            for (&row, member) in rows.iter().zip(site["members"].as_array().unwrap()) {
                assert!(property(&features[row], "id") == member && planted.insert(row));
            }
        }
        for (&row, id) in
            rows(&truth["lone_low"]["rows"]).iter().zip(truth["lone_low"]["ids"].as_array().unwrap())
        {
            assert_eq!(property(&features[row], "id"), id);
        }

        // The published way to find them: below the 0.2 quantile of tax per area, at most 15 m apart, at least 1 ha.
        let mut known: Vec<(f64, usize)> = (0..features.len())
            .filter(|row| !usable.contains(row))
            .filter_map(|row| {
                let parcel = &features[row];
                let code = property(parcel, "current_use").as_str()?;
                let tax_yuan = property(parcel, "tax_yuan").as_f64()?;
                (code.starts_with("10") || code.starts_with("11"))
                    .then(|| (tax_yuan / shape(parcel).unsigned_area(), row))
            })
            .collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        let low: Vec<usize> = known[..known.len() / 5].iter().map(|&(_, row)| row).collect();
        let shapes: Vec<MultiPolygon> = low.iter().map(|&row| shape(&features[row])).collect();
        let labels = groups(&shapes, 15.0);
        let mut areas = BTreeMap::new();
        for (label, shape) in labels.iter().zip(&shapes) {
            *areas.entry(*label).or_insert(0.0) += shape.unsigned_area();
        }
        let found: Vec<usize> =
            low.iter().zip(&labels).filter(|(_, label)| areas[label] >= 1e4).map(|(&row, _)| row).collect();
        let right = found.iter().filter(|row| planted.contains(row)).count() as f64;
        let (precision, recall) = (right / found.len() as f64, right / planted.len() as f64);
        assert!(precision >= 0.85 && recall >= 0.95, "seed {seed}: precision {precision}, recall {recall}");
    }
}

#[test]
fn options_are_checked() {
    let refused = |options: CityOptions| City::new(options).unwrap_err().to_string();
    assert!(refused(CityOptions::new(99, 1)).contains("parcels"));
    assert!(refused(CityOptions::new(2_000_001, 1)).contains("parcels"));
    assert!(refused(CityOptions::new(100, 1).line_vertices(12_000_001)).contains("line_vertices"));
    for share in [f64::NAN, -0.1, 0.3] {
        let mut faults = Faults::NONE;
        faults.overlap = share;
        assert!(refused(CityOptions::new(100, 1).faults(faults)).contains("faults"), "{share}");
    }
    let mut faults = Faults::NONE;
    faults.missing_value = 0.95;
    assert!(refused(CityOptions::new(100, 1).faults(faults)).contains("missing_value"));
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("taken");
    fs::write(&file, b"").unwrap();
    let error = City::new(CityOptions::new(100, 1)).unwrap().write(&file).unwrap_err();
    assert!(error.to_string().contains("taken"), "{error}");
}
