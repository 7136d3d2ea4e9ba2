//! Verdicts and areas of the GEOS/JTS overlay and validity suites.
//!
//! Data: `geos-overlay` of the data folder named by `LANDUSE_DATA`: XML files of the GEOS project, not part of this
//! repository. Without them each test says so and passes.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use landuse::geometry::distance::PairMeasure;
use landuse::geometry::validity::{Fault, find_fault, repair};
use landuse::geometry::{MultiPolygonArray, MultiPolygonRef, boolean};

use crate::support::{data, data_text};

/// Operations whose area differs from the published one: (file, case from 1, operation). A test fails when one of them
/// starts to agree, so that this list stays true.
const KNOWN_DIFFERENCES: &[(&str, usize, &str)] = &[
    // A sliver of 0.29 square units is left of A; the published empty result comes of snapping, whose grid is not given.
    ("TestOverlay-misc-5.xml", 1, "differencesr"),
];

fn suite() -> Option<Vec<PathBuf>> {
    let root = data("geos-overlay");
    let mut files = Vec::new();
    for folder in ["general", "robust", "robust/overlay"] {
        let Ok(entries) = fs::read_dir(root.join(folder)) else {
            println!("skipped: no suite in {}", root.display());
            return None;
        };
        files
            .extend(entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "xml")));
    }
    files.sort();
    Some(files)
}

struct Run {
    file: String,
    /// Cells per unit of a fixed precision model; none where it is floating.
    scale: Option<f64>,
    cases: Vec<Case>,
}

struct Case {
    number: usize,
    inputs: BTreeMap<String, Shape>,
    ops: Vec<Op>,
}

struct Op {
    name: String,
    args: Vec<String>,
    expected: String,
}

/// The polygons of a geometry, and whether there is anything else in it.
struct Shape {
    polygons: MultiPolygonArray,
    is_polygonal: bool,
}

impl Shape {
    fn get(&self) -> MultiPolygonRef<'_> {
        self.polygons.get(0)
    }

    /// Each polygon as a geometry of its own.
    fn apart(&self) -> MultiPolygonArray {
        let mut apart = MultiPolygonArray::new();
        for polygon in self.get().polygons() {
            polygon.rings().for_each(|ring| apart.push_ring(ring.iter().copied()));
            apart.end_polygon();
            apart.end_geometry();
        }
        oriented(&apart)
    }
}

fn oriented(array: &MultiPolygonArray) -> MultiPolygonArray {
    let mut turned = MultiPolygonArray::new();
    for geometry in array.iter() {
        turned.push_oriented(geometry);
    }
    turned
}

fn area(array: &MultiPolygonArray) -> f64 {
    oriented(array).iter().map(|geometry| geometry.signed_area()).sum()
}

fn perimeter(geometry: &MultiPolygonRef<'_>) -> f64 {
    let edges = geometry.rings().flat_map(|ring| ring.windows(2));
    edges.map(|e| (e[1][0] - e[0][0]).hypot(e[1][1] - e[0][1])).sum()
}

mod xml {
    /// Text without comments, entities of markup resolved.
    pub(super) fn clean(text: &str) -> String {
        let mut rest = text;
        let mut clean = String::new();
        while let Some(start) = rest.find("<!--") {
            clean.push_str(&rest[..start]);
            rest = rest[start..].split_once("-->").map_or("", |(_, after)| after);
        }
        clean + rest
    }

    /// The elements called `name`, in order: attributes and content. They must not be nested in themselves.
    pub(super) fn elements<'a>(text: &'a str, name: &str) -> Vec<(&'a str, &'a str)> {
        let (open, close) = (format!("<{name}"), format!("</{name}>"));
        let mut found = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find(&open) {
            rest = &rest[start + open.len()..];
            if !rest.starts_with(|c: char| c.is_whitespace() || c == '>' || c == '/') {
                continue;
            }
            let (head, after) = rest.split_once('>').unwrap();
            if let Some(head) = head.strip_suffix('/') {
                found.push((head, ""));
                rest = after;
            } else {
                let (content, after) = after.split_once(&close).unwrap();
                found.push((head, content));
                rest = after;
            }
        }
        found
    }

    pub(super) fn attribute<'a>(head: &'a str, name: &str) -> Option<&'a str> {
        let (_, after) = head.split_once(&format!("{name}="))?;
        let quote = after.chars().next()?;
        after[1..].split(quote).next()
    }
}

fn read(path: &Path) -> Run {
    let text = xml::clean(&String::from_utf8_lossy(&fs::read(path).unwrap()));
    let scale = xml::elements(&text, "precisionModel")
        .first()
        .and_then(|(head, _)| xml::attribute(head, "scale")?.parse().ok());
    let cases = xml::elements(&text, "case")
        .into_iter()
        .enumerate()
        .map(|(i, (_, case))| Case {
            number: i + 1,
            inputs: ["a", "b"]
                .into_iter()
                .filter_map(|name| {
                    let (_, text) = xml::elements(case, name).into_iter().next()?;
                    Some((name.to_owned(), geometry(text)))
                })
                .collect(),
            ops: xml::elements(case, "op")
                .into_iter()
                .map(|(head, text)| Op {
                    name: xml::attribute(head, "name").unwrap().to_lowercase(),
                    args: (1..=3)
                        .filter_map(|i| xml::attribute(head, &format!("arg{i}")))
                        .map(str::to_lowercase)
                        .collect(),
                    expected: text.trim().to_owned(),
                })
                .collect(),
        })
        .collect();
    Run { file: path.file_name().unwrap().to_string_lossy().into_owned(), scale, cases }
}

/// Well-known text or hexadecimal well-known binary.
fn geometry(text: &str) -> Shape {
    let text = text.trim();
    let mut shape = Shape { polygons: MultiPolygonArray::new(), is_polygonal: true };
    if text.starts_with("00") || text.starts_with("01") {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        Wkb { rest: &bytes }.geometry(&mut shape);
    } else {
        Wkt { rest: text }.geometry(&mut shape);
    }
    shape.polygons.end_geometry();
    shape
}

struct Wkt<'a> {
    rest: &'a str,
}

impl<'a> Wkt<'a> {
    fn token(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        let end = match self.rest.chars().next() {
            None => 0,
            Some('(' | ')' | ',') => 1,
            Some(_) => {
                self.rest.find(|c: char| c.is_whitespace() || "(),".contains(c)).unwrap_or(self.rest.len())
            }
        };
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        token
    }

    /// Calls `item` for each member of a list in brackets, or not at all where it is `EMPTY`.
    fn list(&mut self, item: &mut dyn FnMut(&mut Self)) {
        let mut open = self.token();
        if ["Z", "M", "ZM"].contains(&open.to_uppercase().as_str()) {
            open = self.token();
        }
        if open.eq_ignore_ascii_case("EMPTY") {
            return;
        }
        assert_eq!(open, "(", "before {:.80}", self.rest);
        loop {
            item(self);
            match self.token() {
                "," => {}
                ")" => return,
                other => panic!("{other:?} in a list, before {:.80}", self.rest),
            }
        }
    }

    fn polygon(&mut self, polygons: &mut MultiPolygonArray) {
        self.list(&mut |wkt| {
            wkt.list(&mut |wkt| {
                let coord = [(); 2].map(|()| wkt.token().parse().unwrap());
                polygons.push_coord(coord);
                while !wkt.rest.trim_start().starts_with([',', ')']) {
                    wkt.token();
                }
            });
            polygons.end_ring();
        });
        polygons.end_polygon();
    }

    fn geometry(&mut self, shape: &mut Shape) {
        match self.token().to_uppercase().as_str() {
            "POLYGON" => self.polygon(&mut shape.polygons),
            "MULTIPOLYGON" => self.list(&mut |wkt| wkt.polygon(&mut shape.polygons)),
            "GEOMETRYCOLLECTION" => {
                shape.is_polygonal = false;
                self.list(&mut |wkt| wkt.geometry(shape));
            }
            _ => {
                shape.is_polygonal = false;
                let mut depth = 0;
                loop {
                    match self.token() {
                        "(" => depth += 1,
                        ")" => depth -= 1,
                        "" => return,
                        _ => {}
                    }
                    let next = self.rest.trim_start();
                    if depth == 0 && (next.is_empty() || next.starts_with([',', ')'])) {
                        return;
                    }
                }
            }
        }
    }
}

struct Wkb<'a> {
    rest: &'a [u8],
}

impl Wkb<'_> {
    fn bytes<const N: usize>(&mut self, little: bool) -> [u8; N] {
        let (bytes, rest) = self.rest.split_at(N);
        self.rest = rest;
        let mut bytes: [u8; N] = bytes.try_into().unwrap();
        if !little {
            bytes.reverse();
        }
        bytes
    }

    fn geometry(&mut self, shape: &mut Shape) {
        let [order] = self.bytes(true);
        let little = order == 1;
        let kind = u32::from_le_bytes(self.bytes(little));
        if kind & 0x2000_0000 != 0 {
            let _: [u8; 4] = self.bytes(little);
        }
        let dimensions = 2 + u32::from(kind & 0x8000_0000 != 0 || kind & 0xffff >= 1000);
        let count = |wkb: &mut Self| u32::from_le_bytes(wkb.bytes(little));
        let coord = |wkb: &mut Self| {
            let all: Vec<f64> = (0..dimensions).map(|_| f64::from_le_bytes(wkb.bytes(little))).collect();
            [all[0], all[1]]
        };
        match (kind & 0xffff) % 1000 {
            1 => {
                shape.is_polygonal = false;
                coord(self);
            }
            2 => {
                shape.is_polygonal = false;
                for _ in 0..count(self) {
                    coord(self);
                }
            }
            3 => {
                for _ in 0..count(self) {
                    for _ in 0..count(self) {
                        let c = coord(self);
                        shape.polygons.push_coord(c);
                    }
                    shape.polygons.end_ring();
                }
                shape.polygons.end_polygon();
            }
            other => {
                shape.is_polygonal &= other == 6;
                for _ in 0..count(self) {
                    self.geometry(shape);
                }
            }
        }
    }
}

#[test]
fn validity_verdicts_agree() {
    let Some(files) = suite() else { return };
    let (mut compared, mut empty, mut other, mut mended) = (0, 0, 0, 0);
    let mut differences = Vec::new();
    for run in files.iter().map(|path| read(path)) {
        for case in &run.cases {
            for op in case.ops.iter().filter(|op| op.name == "isvalid") {
                let shape = &case.inputs[op.args.first().map_or("a", String::as_str)];
                if !shape.is_polygonal {
                    other += 1;
                    continue;
                }
                let fault = find_fault(&shape.get());
                if fault == Some(Fault::Empty) {
                    // Valid to GEOS, no land to this library.
                    empty += 1;
                    continue;
                }
                compared += 1;
                if fault.is_none() != (op.expected == "true") {
                    differences.push(format!("{} case {}: {fault:?}", run.file, case.number));
                }
                if fault.is_some()
                    && let Some(mend) = repair(&shape.get())
                {
                    mended += 1;
                    let again = find_fault(&mend.geometry.get(0));
                    assert_eq!(again, None, "{} case {} after repair", run.file, case.number);
                    assert!(mend.geometry.get(0).signed_area() > 0.0);
                }
            }
        }
    }
    println!(
        "{compared} verdicts compared, {empty} empty and {other} not polygonal skipped, {mended} repaired"
    );
    assert!(differences.is_empty(), "{} of {compared}:\n{}", differences.len(), differences.join("\n"));
    assert!(compared >= 320, "only {compared} verdicts compared");
}

#[test]
fn overlay_areas_agree() {
    let Some(files) = suite() else { return };
    let mut skipped: BTreeMap<&str, usize> = BTreeMap::new();
    let mut compared: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    let mut known = Vec::new();
    for run in files.iter().map(|path| read(path)) {
        for case in &run.cases {
            for op in &case.ops {
                let name = ["ng", "sr", "sin"]
                    .iter()
                    .find_map(|suffix| op.name.strip_suffix(suffix))
                    .unwrap_or(&op.name);
                let verdict = check(&run, case, op, name);
                match verdict {
                    Verdict::Skipped(reason) => *skipped.entry(reason).or_default() += 1,
                    Verdict::Agrees | Verdict::Differs(_) => {
                        *compared.entry(op.name.clone()).or_default() += 1;
                        let key = (run.file.as_str(), case.number, op.name.as_str());
                        let is_known = KNOWN_DIFFERENCES.contains(&key);
                        match verdict {
                            Verdict::Differs(how) if !is_known => failures.push(format!("{key:?}: {how}")),
                            Verdict::Agrees if is_known => failures.push(format!("{key:?} agrees by now")),
                            Verdict::Differs(_) => known.push(key.1),
                            _ => {}
                        }
                    }
                }
            }
        }
    }
    let total: usize = compared.values().sum();
    println!(
        "{total} operations compared: {compared:?}; skipped: {skipped:?}; known differences: {}",
        known.len()
    );
    assert!(failures.is_empty(), "{} of {total}:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(known.len(), KNOWN_DIFFERENCES.len(), "a known difference was not run");
    assert!(total >= 294, "only {total} operations compared");
}

enum Verdict {
    Agrees,
    Differs(String),
    Skipped(&'static str),
}

fn check(run: &Run, case: &Case, op: &Op, name: &str) -> Verdict {
    let known = ["intersection", "union", "difference", "symdifference", "overlayareatest", "unionarea"];
    if !known.contains(&name) {
        return Verdict::Skipped("other operations");
    }
    let args: Vec<&Shape> = op.args.iter().take(2).filter_map(|arg| case.inputs.get(arg.as_str())).collect();
    if args.iter().any(|shape| shape.get().coords().is_empty() && !shape.is_polygonal) {
        return Verdict::Skipped("points or lines");
    }
    if args.is_empty() || args.iter().any(|shape| shape.get().coords().is_empty()) {
        return Verdict::Skipped("empty input");
    }
    if name == "unionarea" || (name == "union" && args.len() == 1) {
        return check_union(run, op, args[0]);
    }
    let pair = if name == "overlayareatest" { case.inputs.values().collect() } else { args };
    if !pair.iter().all(|shape| shape.is_polygonal) {
        return Verdict::Skipped("points or lines");
    }
    let [a, b] = pair[..] else { return Verdict::Skipped("not two inputs") };
    if [a, b].iter().any(|shape| find_fault(&shape.get()).is_some()) {
        return Verdict::Skipped("invalid input");
    }
    let (a, b) = (oriented(&a.polygons), oriented(&b.polygons));
    let (a, b) = (a.get(0), b.get(0));
    let scale = run.scale.or_else(|| op.args.get(2)?.parse().ok());
    let bound = bound(&[a, b], scale);
    let results = [
        boolean::intersection(&a, &b),
        boolean::union(&[a, b]),
        boolean::difference(&a, &[b]),
        boolean::difference(&b, &[a]),
    ];
    for result in &results {
        if let Some(fault) = find_fault(&result.get(0)).filter(|fault| *fault != Fault::Empty) {
            return Verdict::Differs(format!("the result has a fault: {fault}"));
        }
    }
    let [common, either, a_only, b_only] = results.map(|result| result.get(0).signed_area());
    let floating = bound_floating(&[a, b]);
    for (what, found, expected) in [
        ("kernel", PairMeasure::new().overlap_area(a.into(), b.into()), common),
        ("A", common + a_only, a.signed_area()),
        ("B", common + b_only, b.signed_area()),
        ("union", common + a_only + b_only, either),
    ] {
        if (found - expected).abs() > floating {
            return Verdict::Differs(format!("{what}: {found} instead of {expected}, bound {floating:e}"));
        }
    }
    let found = match name {
        "intersection" => common,
        "union" => either,
        "difference" => a_only,
        "symdifference" => a_only + b_only,
        _ => return Verdict::Agrees,
    };
    let expected = area(&geometry(&op.expected).polygons);
    compare(found, expected, bound)
}

fn check_union(run: &Run, op: &Op, shape: &Shape) -> Verdict {
    let apart = shape.apart();
    let members: Vec<_> = apart.iter().collect();
    if members.iter().any(|member| find_fault(member).is_some()) {
        return Verdict::Skipped("invalid input");
    }
    // A number is cut after some digits, and counts for all that begin so.
    let decimals = op.expected.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let (expected, cut) = match op.expected.parse() {
        Ok(number) => (number, 0.1_f64.powf(decimals as f64)),
        Err(_) => (area(&geometry(&op.expected).polygons), 0.0),
    };
    let united = boolean::union(&members).get(0).signed_area();
    let dissolved = boolean::dissolve(&apart).get(0).signed_area();
    let bound = bound(&members, run.scale);
    if (united - dissolved).abs() > bound_floating(&members) {
        return Verdict::Differs(format!("dissolved {dissolved}, united {united}"));
    }
    compare(united, expected, bound + cut)
}

fn compare(found: f64, expected: f64, bound: f64) -> Verdict {
    if (found - expected).abs() <= bound {
        Verdict::Agrees
    } else {
        Verdict::Differs(format!(
            "{found} instead of {expected}, off by {:e}, bound {bound:e}",
            found - expected
        ))
    }
}

/// Published results are written to 15 digits, and each vertex may be rounded: all boundaries move by 1e-14 of the
/// largest coordinate, areas are summed to 1e-9.
fn bound_floating(inputs: &[MultiPolygonRef<'_>]) -> f64 {
    let areas: f64 = inputs.iter().map(MultiPolygonRef::signed_area).sum();
    let largest =
        inputs.iter().flat_map(MultiPolygonRef::coords).flatten().fold(0.0_f64, |m, v| m.max(v.abs()));
    let perimeters: f64 = inputs.iter().map(perimeter).sum();
    1e-9 * areas + 1e-14 * largest * perimeters
}

/// On a fixed grid every boundary moves by up to a cell.
fn bound(inputs: &[MultiPolygonRef<'_>], scale: Option<f64>) -> f64 {
    let perimeters: f64 = inputs.iter().map(perimeter).sum();
    bound_floating(inputs) + scale.map_or(0.0, |scale| perimeters / scale)
}

/// Layers of the data folder: polygons, and how many of them shapely 2.2.0 (GEOS 3.14.1) calls invalid (`is_valid`) or
/// cannot build, as they stand in the file.
const LAYERS: &[(&str, usize, usize)] = &[
    ("cambridge-ma/floodplain_500yr.geojson", 39, 0),
    ("cambridge-ma/parcels_fy2014.geojson", 13_116, 39),
    ("cambridge-ma/zoning_2026.geojson", 261, 0),
    ("china-admin/320500_suzhou.json", 10, 0),
    ("china-admin/331000_taizhou.json", 9, 0),
    ("china-admin/440300_shenzhen.json", 9, 0),
    ("china-admin/440600_foshan.json", 5, 1),
    ("china-admin/530100_kunming.json", 14, 2),
    ("seoul-nonhyeon/parcels.geojson", 235, 0),
    ("washington-dc/boundary.geojson.gz", 1, 0),
    ("washington-dc/flood_hazard_areas.geojson.gz", 314, 2),
    ("washington-dc/future_land_use.geojson.gz", 1_648, 7),
    ("washington-dc/national_parks.geojson.gz", 457, 1),
    ("washington-dc/overlay_zones.geojson.gz", 83, 0),
    ("washington-dc/reservations.geojson.gz", 911, 1),
    ("washington-dc/tax_parcels.geojson.gz", 1_258, 1),
    ("washington-dc/wetlands.geojson.gz", 150, 1),
    ("wuxi-xinwu/land_use.geojson.gz", 2_033, 0),
    ("wuxi-xinwu/water_osm.geojson.gz", 87, 0),
];

/// Summed area of the invalid polygons of a layer, coordinates in degrees times 131,072, after shapely 2.2.0 (GEOS 3.14.1)
/// `make_valid(g, method="structure", keep_collapsed=False)`; without the one that it cannot build (Cambridge 8634).
const REPAIRED: &[(&str, f64)] = &[
    ("cambridge-ma/parcels_fy2014.geojson", 6_797_552.276_845_026),
    ("china-admin/440600_foshan.json", 1_417_597_807.377_424_2),
    ("china-admin/530100_kunming.json", 3_525_949_319.276_203),
    ("washington-dc/flood_hazard_areas.geojson.gz", 7_404.649_260_935_68),
    ("washington-dc/future_land_use.geojson.gz", 15_287_500.448_414_773),
    ("washington-dc/national_parks.geojson.gz", 120_330.946_156_966_4),
    ("washington-dc/reservations.geojson.gz", 463.064_555_625_443_2),
    ("washington-dc/tax_parcels.geojson.gz", 38_191.478_753_201_44),
    ("washington-dc/wetlands.geojson.gz", 63_851_869.803_671_75),
];

/// Degrees times a power of two: about metres, and every coordinate keeps its digits.
const SCALE: f64 = 131_072.0;

#[test]
fn real_layers_have_the_faults_that_shapely_finds() {
    let mut compared = 0;
    for &(file, polygons, invalid) in LAYERS {
        let Some(text) = data_text(file) else { continue };
        let layer: geojson::FeatureCollection = text.parse().unwrap();
        let mut array = MultiPolygonArray::new();
        for feature in &layer.features {
            use geojson::GeometryValue::{MultiPolygon, Polygon};
            let parts = match feature.geometry.as_ref().map(|geometry| &geometry.value) {
                Some(Polygon { coordinates }) => std::slice::from_ref(coordinates),
                Some(MultiPolygon { coordinates }) => coordinates,
                _ => continue,
            };
            for part in parts {
                for ring in part {
                    array.push_ring(ring.iter().map(|c| [c[0] * SCALE, c[1] * SCALE]));
                }
                array.end_polygon();
            }
            array.end_geometry();
        }
        let faults: Vec<(usize, Fault)> =
            (0..array.len()).filter_map(|i| Some((i, find_fault(&array.get(i))?))).collect();
        assert_eq!((array.len(), faults.len()), (polygons, invalid), "{file}: {faults:?}");
        let mut total = 0.0;
        for (i, fault) in &faults {
            let mended = repair(&array.get(*i));
            let left = mended.as_ref().map(|m| m.geometry.get(0).signed_area());
            println!("{file} {i}: {fault}; area {:.3} -> {left:.3?}", array.get(*i).signed_area().abs());
            if let Some(mended) = mended {
                assert_eq!(find_fault(&mended.geometry.get(0)), None, "{file} {i}");
                if *i != 8_634 || !file.starts_with("cambridge") {
                    total += mended.geometry.get(0).signed_area();
                }
            }
        }
        if let Some((_, expected)) = REPAIRED.iter().find(|(name, _)| *name == file) {
            assert!((total / expected - 1.0).abs() < 1e-6, "{file}: {total} instead of {expected}");
        }
        compared += array.len();
    }
    println!("{compared} polygons compared");
}
