//! The schemas of `data/schemas` against the real files they are written for.

use std::collections::BTreeMap;
use std::path::Path;

use landuse::io::schema::{Meaning, Scalar, Schema};
use landuse::zoning::{Construction, Schemes, SmallClass};

use crate::support::data_text;

fn schema(name: &str) -> (Schema, Schemes) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/schemas").join(name);
    Schema::from_toml(&std::fs::read_to_string(path).unwrap(), name).unwrap()
}

/// Properties of all features of a file of the shared data; `None` (said plainly) where it is absent.
fn properties(file: &str) -> Option<Vec<serde_json::Map<String, serde_json::Value>>> {
    let mut json: serde_json::Value = serde_json::from_str(&data_text(file)?).unwrap();
    let features = json["features"].take();
    let features = features.as_array().unwrap().iter();
    Some(features.map(|f| f["properties"].as_object().unwrap().clone()).collect())
}

#[derive(Default, Debug)]
struct Tally {
    known: BTreeMap<String, usize>,
    sums: BTreeMap<String, f64>,
    unreadable: Vec<String>,
    classes: BTreeMap<(String, SmallClass), usize>,
    construction: BTreeMap<(String, Construction), usize>,
    unresolved: BTreeMap<String, usize>,
}

fn tally(schema: &Schema, schemes: &Schemes, rows: &[serde_json::Map<String, serde_json::Value>]) -> Tally {
    let mut tally = Tally::default();
    for row in rows {
        for field in &schema.fields {
            let value = row.get(&*field.property).unwrap_or_else(|| panic!("no property {}", field.property));
            let scalar = match value {
                serde_json::Value::Null => Scalar::Null,
                serde_json::Value::Bool(truth) => Scalar::Bool(*truth),
                serde_json::Value::Number(number) => Scalar::Number(number.as_f64().unwrap()),
                serde_json::Value::String(text) => Scalar::Text(text),
                _ => Scalar::Nested(""),
            };
            let target = field.target.to_string();
            match field.read(scalar) {
                Err(expected) => {
                    tally.unreadable.push(format!("{}: {value} is not {expected}", field.property));
                }
                Ok(Meaning::Unknown) => continue,
                Ok(Meaning::Number(number)) => *tally.sums.entry(target.clone()).or_default() += number,
                Ok(Meaning::Code(code)) => match schemes.resolve(&code) {
                    Some(found) => {
                        *tally.classes.entry((target.clone(), found.class)).or_default() += 1;
                        *tally.construction.entry((target.clone(), found.construction)).or_default() += 1;
                    }
                    None => *tally.unresolved.entry(code.to_string()).or_default() += 1,
                },
                Ok(_) => {}
            }
            *tally.known.entry(target).or_default() += 1;
        }
    }
    tally
}

/// Counts by an independent pass over the file with Python's json module.
#[test]
fn cambridge() {
    let (schema, schemes) = schema("cambridge.toml");
    let Some(rows) = properties("cambridge-ma/parcels_fy2014.geojson") else { return };
    let tally = tally(&schema, &schemes, &rows);
    assert!(tally.unreadable.is_empty(), "{:?}", &tally.unreadable[..tally.unreadable.len().min(5)]);
    assert!(tally.unresolved.is_empty(), "{:?}", tally.unresolved);
    // 134 parcels have no record; 476 null, 315 zero and 1 negative floor area; 1 year before 1600; 1 negative improvement.
    assert_eq!(tally.known["current_use"], 13_116 - 134);
    assert_eq!(tally.known["floor_area"], 13_116 - 476 - 315 - 1);
    assert_eq!(tally.known["year_built"], 13_116 - 763 - 1);
    assert_eq!(tally.known["number:improvement_value"], 13_116 - 134 - 1);
    assert_eq!(tally.known["number:land_value"], 13_116 - 134 - 1_428);
    assert_eq!(tally.known["number:total_value"], 13_116 - 134 - 7);
    // Codes 400 (13), 404 (28), 406 (40), 407 (10), 413 (1).
    assert_eq!(tally.classes[&("current_use".into(), SmallClass::Industrial)], 92);
    // 316 (39) and 401 (31).
    assert_eq!(tally.classes[&("current_use".into(), SmallClass::Logistics)], 70);
    let square_feet: f64 =
        rows.iter().filter_map(|row| row["gross_area_sf"].as_f64()).filter(|area| *area > 0.0).sum();
    let relative = tally.sums["floor_area"] / (square_feet * 0.092_903_04) - 1.0;
    assert!(relative.abs() < 1e-12, "{relative}");
}

/// Counts as the README of the data gives them.
#[test]
fn wuxi() {
    let (schema, schemes) = schema("wuxi.toml");
    let Some(rows) = properties("wuxi-xinwu/land_use.geojson.gz") else { return };
    let tally = tally(&schema, &schemes, &rows);
    assert!(tally.unreadable.is_empty() && tally.unresolved.is_empty(), "{tally:?}");
    let class = |class| tally.classes[&("current_use".into(), class)];
    assert_eq!(class(SmallClass::Residential), 690);
    assert_eq!(class(SmallClass::Commercial), 83 + 76);
    assert_eq!(class(SmallClass::Industrial), 435);
    assert_eq!(class(SmallClass::PublicService), 70 + 21 + 23 + 60);
    assert_eq!(class(SmallClass::UrbanGreen), 541);
    assert_eq!(class(SmallClass::Unknown), 32 + 2);
    assert_eq!(tally.construction[&("current_use".into(), Construction::Unknown)], 34);
}

/// Zoning counts as the README of the data gives them; actual use as counted by Python's json module.
#[test]
fn seoul() {
    let (schema, schemes) = schema("seoul.toml");
    let Some(rows) = properties("seoul-nonhyeon/parcels.geojson") else { return };
    let tally = tally(&schema, &schemes, &rows);
    assert!(tally.unreadable.is_empty() && tally.unresolved.is_empty(), "{tally:?}");
    let class = |target: &str, class| tally.classes[&(target.into(), class)];
    assert_eq!(class("zoned_use", SmallClass::Residential), 100 + 43 + 1);
    assert_eq!(class("zoned_use", SmallClass::Mixed), 81);
    assert_eq!(class("zoned_use", SmallClass::Commercial), 10);
    assert_eq!(class("current_use", SmallClass::Commercial), 132 + 34 + 12);
    assert_eq!(class("current_use", SmallClass::Transport), 35);
    assert_eq!(class("current_use", SmallClass::Mixed), 7 + 2);
    assert_eq!(class("current_use", SmallClass::Residential), 6 + 5 + 1 + 1);
    assert_eq!(tally.known["number:land_price_won_per_m2"], 235);
    // The names beside the codes say the same.
    for (target, names) in [("current_use", "A18"), ("zoned_use", "A14")] {
        let field = schema.fields.iter().find(|f| f.target.to_string() == target).unwrap();
        for row in &rows {
            let Ok(Meaning::Code(code)) = field.read(Scalar::Text(row[&*field.property].as_str().unwrap()))
            else {
                panic!("{row:?}")
            };
            assert_eq!(schemes.resolve(&code).map(|found| found.name).as_deref(), row[names].as_str());
        }
    }
}
