//! The schemas of `data/schemas` against the real files they are written for.

use std::collections::BTreeMap;
use std::path::Path;

use landuse::io::schema::{Meaning, Scalar, Schema, Target};
use landuse::io::{Contents, ContentsOptions, Source, ValueKind};
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

fn contents(name: &str, text: &str) -> Contents {
    Contents::of(&Source::bytes(name, text.as_bytes()), &ContentsOptions::default()).unwrap()
}

/// A feature of 100 m by 50 m, in metres of no known place unless told otherwise.
fn feature(row: usize, properties: &str) -> String {
    let x = 114.0 + row as f64 * 0.001;
    format!(
        r#"{{"type":"Feature","properties":{{{properties}}},"geometry":{{"type":"Polygon","coordinates":
            [[[{x},22.5],[{},22.5],[{},22.5005],[{x},22.5005],[{x},22.5]]]}}}}"#,
        x + 0.0005,
        x + 0.0005
    )
}

fn collection(features: &[String]) -> String {
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}

#[test]
fn a_file_nobody_prepared_is_told_with_a_schema_that_loads() {
    let rows = [
        (r#""parcel":"p1","lucode":400,"ludesc":"plant","gross_floor_area":12.5,"flag":true,"empty":null"#),
        (r#""parcel":"p2","lucode":101,"ludesc":"house","gross_floor_area":0,"flag":false,"empty":"n/a""#),
        (r#""parcel":"p3","lucode":101,"ludesc":"house","gross_floor_area":"8","flag":true,"list":[1]"#),
        (r#""parcel":"p4","lucode":400,"ludesc":"plant","gross_floor_area":7,"flag":true"#),
        (r#""parcel":"p5","lucode":101,"ludesc":"house","gross_floor_area":7,"flag":true"#),
        (r#""parcel":"p6","lucode":null,"ludesc":"house","gross_floor_area":7,"flag":true"#),
    ];
    let features: Vec<String> = rows.iter().enumerate().map(|(row, text)| feature(row, text)).collect();
    let found = contents("odd city.geojson", &collection(&features));
    let property = |name: &str| found.properties.iter().find(|property| &*property.name == name).unwrap();
    let kinds =
        ["parcel", "lucode", "gross_floor_area", "flag", "list", "empty"].map(|name| property(name).kind);
    assert_eq!(
        kinds,
        [
            ValueKind::Text,
            ValueKind::Whole,
            ValueKind::Number,
            ValueKind::Flag,
            ValueKind::Nested,
            ValueKind::Empty
        ]
    );
    assert_eq!((property("empty").known, property("lucode").known, found.features), (0, 5, 6));
    assert_eq!(property("gross_floor_area").range, Some((0.0, 12.5)));
    assert_eq!(property("lucode").samples, [("101".into(), 3), ("400".into(), 2)]);
    assert_eq!(
        property("gross_floor_area").near.as_ref().map(|near| near.target.clone()),
        Some(Target::FloorArea)
    );
    let missing = found.missing.iter().find(|missing| missing.target == Target::FloorArea).unwrap();
    assert_eq!(missing.near, ["gross_floor_area".into()]);
    // No scheme knows the codes: a table of them, named by what goes with them, with counts and areas.
    let table = &found.codes[0];
    assert_eq!(
        (&*table.property, table.labels.as_deref(), table.scheme.is_none()),
        ("lucode", Some("ludesc"), true)
    );
    let codes: Vec<(&str, &str, u64)> =
        table.codes.iter().map(|row| (&*row.code, &*row.label, row.features)).collect();
    assert_eq!(codes, [("101", "house", 3), ("400", "plant", 2)]);
    let [three, two] = [0, 1].map(|at| table.codes[at].area_m2.unwrap());
    assert!((three / two - 1.5).abs() < 1e-3, "{three} {two}");
    let toml = found.to_toml();
    let (schema, schemes) = Schema::from_toml(&toml, "made.toml").unwrap();
    let use_ = schema.fields.iter().find(|field| field.target == Target::CurrentUse).unwrap();
    let Ok(Meaning::Code(code)) = use_.read(Scalar::Number(400.0)) else { panic!("a code") };
    let land = schemes.resolve(&code).unwrap();
    assert_eq!(
        (&*land.name, land.class, land.construction),
        ("plant", SmallClass::Unknown, Construction::Unknown)
    );
    // Filled in by hand, it says what the codes are.
    let filled = toml.replace(
        r#"name = "plant", class = "unknown", construction = "unknown""#,
        r#"name = "plant", class = "industrial", construction = "yes""#,
    );
    let (_, schemes) = Schema::from_toml(&filled, "made.toml").unwrap();
    assert_eq!(schemes.resolve(&code).unwrap().class, SmallClass::Industrial);
    // Its report does not depend on the order of the features.
    let reversed: Vec<String> = features.iter().rev().cloned().collect();
    let words = |contents: &Contents| landuse::report::schema_file(contents);
    assert_eq!(words(&found), words(&contents("odd city.geojson", &collection(&reversed))));
    assert!(Schema::from_toml(&words(&found), "with comments").is_ok());
}

#[test]
fn files_of_which_nothing_is_known_have_a_schema_that_loads() {
    for properties in ["", r#""a\"b\n":"x""#, r#""[[field]]":"scheme = 1""#] {
        let found = contents("x.geojson", &collection(&[feature(0, properties)]));
        let text = landuse::report::schema_file(&found);
        assert_eq!(Schema::from_toml(&text, "x").unwrap().0.fields.len(), 1, "{text}");
    }
    let none = contents("x.geojson", &collection(&[]));
    assert!(Schema::from_toml(&none.to_toml(), "x").is_ok() && none.codes.is_empty());
    let mut options = ContentsOptions::default();
    options.codes = Some("luc".into());
    let source = Source::bytes("x.geojson", collection(&[feature(0, r#""lu":1"#)]).into_bytes());
    let error = Contents::of(&source, &options).unwrap_err();
    assert_eq!(error.to_string(), "`property` is luc, expected a property of x.geojson (`lu`?): lu");
}

/// Coordinates that nothing can place leave the areas unknown, and say so.
#[test]
fn codes_are_counted_where_their_land_cannot_be_placed() {
    let feature = r#"{"type":"Feature","properties":{"usecode":"a1"},"geometry":{"type":"Polygon",
        "coordinates":[[[500000,2490000],[500100,2490000],[500100,2490100],[500000,2490000]]]}}"#;
    let features: Vec<String> =
        (0..6).map(|i| if i < 2 { feature.replace("a1", "b1") } else { feature.into() }).collect();
    let found = contents("plane.geojson", &collection(&features));
    assert!(found.no_areas.is_some());
    let codes: Vec<_> =
        found.codes[0].codes.iter().map(|row| (&*row.code, row.features, row.area_m2)).collect();
    assert_eq!(codes, [("a1", 4, None), ("b1", 2, None)]);
}

/// Counts as in the tests of the schema written by hand above; the sum of areas as the run over the same file gives it.
#[test]
fn cambridge_is_understood_from_its_names_alone() {
    let Some(text) = data_text("cambridge-ma/parcels_fy2014.geojson") else { return };
    let found = contents("parcels_fy2014.geojson", &text);
    let table = &found.codes[0];
    assert_eq!(table.scheme, Some(("massachusetts".into(), "2019".into())));
    assert_eq!((table.labels.as_deref(), table.codes.len()), (Some("use_desc"), 146));
    let of = |class| {
        let rows =
            table.codes.iter().filter(|row| row.meaning.as_ref().is_some_and(|land| land.class == class));
        rows.map(|row| row.features).sum::<u64>()
    };
    // Codes 400 (13), 404 (28), 406 (40), 407 (10); 413 is mining by the state's list. 316 (39) and 401 (31).
    assert_eq!((of(SmallClass::Industrial), of(SmallClass::Logistics)), (91, 70));
    assert!(table.codes.iter().all(|row| row.meaning.is_some()));
}

/// The README of the data gives the counts by class.
#[test]
fn wuxi_and_washington_get_a_table_of_codes_to_fill_in() {
    let Some(text) = data_text("wuxi-xinwu/land_use.geojson.gz") else { return };
    let found = contents("land_use.geojson", &text);
    let table = &found.codes[0];
    assert_eq!((&*table.property, table.scheme.is_none()), ("Class", true));
    let industry = table.codes.iter().find(|row| &*row.code == "3").unwrap();
    assert_eq!(industry.features, 435);
    let Some(text) = data_text("washington-dc/future_land_use.geojson.gz") else { return };
    let found = contents("future_land_use.geojson", &text);
    assert_eq!((&*found.codes[0].property, found.features), ("ALLCODES", 1_648));
    // Codes joined of others need no entry of their own.
    let toml = found.to_toml();
    let (_, schemes) = Schema::from_toml(&toml, "dc").unwrap();
    let scheme = schemes.get("future_land_use", "1").unwrap();
    assert!(scheme.resolve("CHD, FED").is_some() && toml.contains("# CHD, FED (1 features)"), "{toml}");
    assert!(scheme.entries().len() < found.codes[0].codes.len() / 2, "{}", scheme.entries().len());
}
