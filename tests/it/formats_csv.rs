//! CSV with geometries as well-known text.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use geojson::{FeatureCollection, GeometryValue, PolygonType};
use landuse::io::schema::Schema;
use landuse::io::{ReadOptions, Source, Table, infer, read};
use landuse::report::Summary;
use landuse::{Analysis, Inputs, Options};

fn rings(polygon: &PolygonType) -> String {
    let ring = |ring: &Vec<geojson::Position>| {
        let positions: Vec<String> = ring.iter().map(|at| format!("{} {}", at[0], at[1])).collect();
        format!("({})", positions.join(", "))
    };
    format!("({})", polygon.iter().map(ring).collect::<Vec<_>>().join(", "))
}

/// The parcels of the city, their geometries in a column of a name.
fn city(column: &str, before: &str, separator: char) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/city/parcels.geojson");
    let features = fs::read_to_string(path).unwrap().parse::<FeatureCollection>().unwrap().features;
    let names =
        ["id", "current_use", "zoned_use", "district", "owner", "floor_area_m2", "footprint_m2", "floors"];
    let more = ["height_m", "allowed_far", "year_built", "output_yuan", "tax_yuan", "jobs"];
    let names: Vec<&str> = names.into_iter().chain(more).collect();
    let between = separator.to_string();
    let mut text = format!("\u{feff}{}{separator}{column}\r\n", names.join(&between));
    for feature in &features {
        for name in &names {
            match feature.property(name) {
                None | Some(serde_json::Value::Null) => {}
                Some(serde_json::Value::String(value)) => write!(text, "\"{value}\"").unwrap(),
                Some(other) => write!(text, "{other}").unwrap(),
            }
            text.push(separator);
        }
        let shape = match feature.geometry.as_ref().map(|geometry| &geometry.value) {
            Some(GeometryValue::Polygon { coordinates }) => format!("POLYGON {}", rings(coordinates)),
            Some(GeometryValue::MultiPolygon { coordinates }) => {
                let parts: Vec<String> = coordinates.iter().map(rings).collect();
                format!("MULTIPOLYGON ({})", parts.join(", "))
            }
            _ => String::new(),
        };
        writeln!(text, "\"{before}{shape}\"\r").unwrap();
    }
    text
}

#[test]
fn figures_are_those_of_the_same_parcels_as_geojson() {
    let summary = |source: Source| {
        let inputs = Inputs::open(source).load().unwrap();
        let options = Options::builder().permutations(19).build().unwrap();
        Summary::of(&Analysis::new(&inputs, options).run().unwrap()).to_json()
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/city/parcels.geojson");
    let expected = summary(Source::file(path));
    for (column, before, separator) in [("the_geom", "", ','), ("shape of it", "SRID=4326;", ';')] {
        let text = city(column, before, separator);
        assert!(expected == summary(Source::bytes("parcels.csv", text.into_bytes())), "{column}");
    }
}

#[test]
fn a_record_without_a_polygon_is_put_aside_and_a_table_stays_one() {
    let text = "id,wkt,tax\na,\"POLYGON((114 22.5,114.1 22.5,114.1 22.6,114 22.5))\",\"1,200.5\"\n\
                b,POINT(1 2),3\nc,,4\n\"d\n\",\"POLYGON((114 22.5,NaN 22.5,114.1 22.6,114 22.5))\",5\n";
    let source = Source::bytes("parcels.csv", text.as_bytes());
    let layer = read(&source, &infer(&source).unwrap().schema, &ReadOptions::default()).unwrap();
    assert_eq!((layer.table.len(), layer.report.features), (1, 4));
    let reasons: Vec<&str> = layer.table.rejected.iter().map(|rejected| &*rejected.reason).collect();
    assert!(reasons[0].contains("`POINT(1 2)`") && reasons[2].contains("`NaN`"), "{reasons:?}");
    let table = Table::read(&source).unwrap();
    assert_eq!((table.len(), table.numbers("tax").unwrap().get(0)), (4, Some(1200.5)));
    // Records that do not fit their header, and texts that are no layer.
    for (text, reason) in [
        ("id,wkt\na,\"POLYGON((0 0,1 0,1 1,0 0))\"\nb\n", "a record of 1 fields, expected 2"),
        ("id,wkt\na,\"POLYGON((0 0,1 0,1 1,0 0))\"\nb,\"POLY", "quote that is not closed"),
        ("id,tax\na,1\n", "expected"),
    ] {
        let source = Source::bytes("parcels.csv", text.as_bytes());
        let error =
            read(&source, &Schema::default(), &ReadOptions::default()).map(drop).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}
