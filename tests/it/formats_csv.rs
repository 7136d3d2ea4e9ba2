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

#[cfg(feature = "encodings")]
#[test]
fn texts_are_read_in_the_encoding_they_are_in() {
    use encoding_rs::{BIG5, GB18030, GBK, WINDOWS_1252};
    use landuse::Error;
    let table = "地块编号,用地性质,税收\n甲一,工业用地,12\n乙二,商业用地,7\n丙三,物流仓储用地,3\n";
    let layer = "地块编号,用地性质,geom\n甲一,工业用地,\"POLYGON((114 22.5,114.1 22.5,114.1 22.6,114 22.5))\"\n\
                 乙二,商业用地,\"POLYGON((114.2 22.5,114.3 22.5,114.3 22.6,114.2 22.5))\"\n";
    let utf16 = |text: &str| {
        let mut bytes = vec![0xff, 0xfe];
        bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        bytes
    };
    let in_gbk = |text: &str| GBK.encode(text).0.into_owned();
    for (bytes, encoding, taken) in [
        (table.as_bytes().to_vec(), None, None),
        (in_gbk(table), None, Some("encoding: GB18030")),
        (GB18030.encode(table).0.into_owned(), Some("GB18030"), Some("encoding: gb18030")),
        (utf16(table), None, Some("encoding: UTF-16LE")),
        (BIG5.encode("編號,用途,稅\n甲,工業,12\n").0.into_owned(), Some("Big5"), Some("encoding: Big5")),
    ] {
        let read = Table::read(&Source::bytes("t.csv", bytes).encoding(encoding)).unwrap();
        let settled: Vec<String> = read.settled().iter().map(ToString::to_string).collect();
        let told = taken.is_none_or(|taken| settled.iter().any(|one| one.starts_with(taken)));
        assert!(told && (taken.is_some() || settled.is_empty()), "{settled:?}");
        let names: Vec<&str> = read.names().collect();
        assert!(names[1].starts_with('用') && !read.is_empty(), "{names:?}");
    }
    for (bytes, encoding) in [(in_gbk(layer), None), (utf16(layer), None), (in_gbk(layer), Some("GBK"))] {
        let source = Source::bytes("parcels.csv", bytes).encoding(encoding);
        let found = read(&source, &infer(&source).unwrap().schema, &ReadOptions::default()).unwrap();
        assert_eq!((found.table.len(), found.report.features), (2, 2));
        let settled: Vec<String> = source.settled().unwrap().iter().map(ToString::to_string).collect();
        assert!(settled.iter().any(|one| one.starts_with("encoding: ")), "{settled:?}");
        assert_eq!(landuse::io::inspect(&source).unwrap()[1].name.as_ref(), "用地性质");
    }
    // What nothing tells is asked; what is not in the encoding that was asked for is replaced and counted.
    let latin = WINDOWS_1252.encode("id,straße\nä,1\n").0.into_owned();
    let error = Table::read(&Source::bytes("t.csv", latin.clone())).unwrap_err();
    assert!(matches!(error, Error::Encoding { .. }), "{error}");
    assert_eq!(
        Table::read(&Source::bytes("t.csv", latin).encoding(Some("latin1"))).unwrap().names().nth(1),
        Some("straße")
    );
    let wrong = [in_gbk(layer), b"x\xff,y,\n".to_vec()].concat();
    let source = Source::bytes("p.csv", wrong).encoding(Some("GBK"));
    let found = read(&source, &Schema::default(), &ReadOptions::default()).unwrap();
    assert!(
        found.report.warnings.iter().any(|warning| warning.kind().name() == "texts_not_decoded"),
        "{:?}",
        found.report.warnings
    );
}
