use std::fmt::Write as _;

use landuse::efficiency::Rule;
use landuse::io::Source;
use landuse::report::Summary;
use landuse::{Analysis, Inputs, Options};

use crate::Bytes;

/// A town of rectangles that may overlap, repeat, miss values and lie inside lines: the ledger closes, what is counted is what was read,
/// and another order of the features gives the same figures.
pub fn run(data: &[u8]) {
    let mut bytes = Bytes(data);
    let mut parcels = Vec::new();
    while !bytes.is_empty() && parcels.len() < 40 {
        let [x, y, w, h] =
            [bytes.below(24), bytes.below(24), 1 + bytes.below(6), 1 + bytes.below(6)].map(u32::from);
        let id = bytes.below(32);
        let value = match bytes.below(4) {
            0 => "null".to_owned(),
            1 => "\"NA\"".to_owned(),
            _ => u32::from(bytes.next()).to_string(),
        };
        let used = ["\"0601\"", "\"07\"", "null", "\"17\""][usize::from(bytes.below(4))];
        parcels.push(format!(
            r#"{{"type":"Feature","properties":{{"id":"{id}","tax":{value},"floor_area":{value},"use":{used},"district":"{}"}},"geometry":{}}}"#,
            id % 3,
            rectangle(x * 10, y * 10, w * 10, h * 10)
        ));
    }
    if parcels.is_empty() {
        return;
    }
    let turned: Vec<&String> = parcels.iter().rev().collect();
    let [one, other] = [collection(&parcels), collection(&turned)].map(|text| summary(&text));
    assert_eq!(one, other, "figures hang on the order of the features");
}

fn collection(features: &[impl AsRef<str>]) -> String {
    let features: Vec<&str> = features.iter().map(AsRef::as_ref).collect();
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}

/// A rectangle, in millionths of a degree from a corner of Kunshan.
fn rectangle(x: u32, y: u32, w: u32, h: u32) -> String {
    let at = |x: u32, y: u32| format!("[{:.6},{:.6}]", 120.9 + f64::from(x) / 1e5, 31.3 + f64::from(y) / 1e5);
    let mut ring = String::new();
    for (x, y) in [(x, y), (x + w, y), (x + w, y + h), (x, y + h)] {
        let _ = write!(ring, "{},", at(x, y));
    }
    format!(r#"{{"type":"Polygon","coordinates":[[{ring}{}]]}}"#, at(x, y))
}

const LINES: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"id":"line","effect":"exclude"},"geometry":"#;

fn summary(text: &str) -> String {
    let lines = format!("{LINES}{}}}]}}", rectangle(60, 60, 90, 90));
    let inputs = Inputs::open(Source::bytes("parcels", text.as_bytes()))
        .control_lines(Source::bytes("lines", lines.as_bytes()))
        .load();
    let inputs = match inputs {
        Ok(inputs) => inputs,
        Err(error) => return error.to_string(),
    };
    let options = Options::builder()
        .score("tax / area_m2")
        .low(Rule::worst_share(0.3))
        .warning_line(0.3, "made up")
        .permutations(19)
        .min_site_area_m2(1.0)
        .build();
    let found = match options.and_then(|options| Analysis::new(&inputs, options).run()) {
        Ok(found) => found,
        Err(error) => return error.to_string(),
    };
    let ledger = found.ledger();
    assert!(ledger.residual() <= 1e-6, "the balance does not close: {}", ledger.residual());
    Summary::of(&found).to_json()
}
