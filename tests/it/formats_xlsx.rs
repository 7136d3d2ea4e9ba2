//! Workbooks: tables and layers out of them, and what was found as one.

use std::io::Cursor;
use std::path::Path;

use calamine::{Data, Reader, Xlsx};
use landuse::io::schema::Schema;
use landuse::io::{ReadOptions, Source, Table, infer, read};
use landuse::report::{OutputLayer, Summary, write_workbook};
use landuse::{Analysis, Inputs, Language, Options};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

/// A sheet of firms below a title, with a stray cell beside the table.
fn firms() -> Workbook {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("企业").unwrap();
    sheet.write(0, 0, "某市企业用地调查表").unwrap();
    for (at, name) in ["firm", "parcel", "tax", "since", "open"].iter().enumerate() {
        sheet.write(2, at as u16, *name).unwrap();
    }
    let day = Format::new().set_num_format("yyyy-mm-dd");
    let rows = [("甲", 440_305_001.0, 1200.5, true), ("乙;\"x\"", 440_305_002.0, 7.0, false)];
    for (row, (firm, parcel, tax, open)) in (3..).zip(rows) {
        sheet.write(row, 0, firm).unwrap();
        sheet.write(row, 1, parcel).unwrap();
        sheet.write(row, 2, tax).unwrap();
        sheet.write_with_format(row, 3, ExcelDateTime::from_ymd(2024, 2, 29).unwrap(), &day).unwrap();
        sheet.write(row, 4, open).unwrap();
    }
    sheet.write(4, 9, "note").unwrap();
    book.add_worksheet().set_name("Sheet2").unwrap();
    book
}

#[test]
fn a_sheet_is_a_table() {
    let bytes = firms().save_to_buffer().unwrap();
    let source = Source::bytes("firms.xlsx", bytes);
    let table = Table::read(&source).unwrap();
    assert_eq!(table.names().collect::<Vec<_>>(), ["firm", "parcel", "tax", "since", "open"]);
    let column = |name: &str| table.text(name).unwrap().iter().collect::<Vec<_>>();
    assert_eq!(column("firm"), [Some("甲"), Some("乙;\"x\"")]);
    assert_eq!(column("parcel"), [Some("440305001"), Some("440305002")]);
    assert_eq!(column("since"), [Some("2024-02-29"); 2]);
    assert_eq!(table.numbers("tax").unwrap().get(0), Some(1200.5));
    assert_eq!(table.flags("open").unwrap().get(1), Some(false));
    let settled: Vec<String> = table.settled().iter().map(ToString::to_string).collect();
    assert!(settled.iter().any(|one| one.starts_with("sheet: 企业")), "{settled:?}");
    assert!(settled.iter().any(|one| one.starts_with("header: row 3")), "{settled:?}");
    assert!(settled.iter().any(|one| one.contains("1 cells stand")), "{settled:?}");
    // A sheet by its name; one of several has to be named.
    let mut two = firms();
    two.worksheet_from_name("Sheet2").unwrap().write(0, 0, "x").unwrap();
    let source = Source::bytes("two.xlsx", two.save_to_buffer().unwrap());
    let error = Table::read(&source).unwrap_err().to_string();
    assert!(error.contains("2 sheets have cells") && error.contains("企业"), "{error}");
    assert_eq!(
        Table::read(&source.clone().layer(Some("企业"))).unwrap(),
        table_named(&table, "two.xlsx#企业", &source)
    );
    let error = Table::read(&source.layer(Some("x"))).unwrap_err().to_string();
    assert!(error.contains("`x` is asked for"), "{error}");
    // As a layer it is none.
    let source = Source::bytes("firms.xlsx", firms().save_to_buffer().unwrap());
    let error = infer(&source).map(drop).unwrap_err().to_string();
    assert!(error.contains("an Excel workbook without a column of well-known text"), "{error}");
}

/// The same table as read from another file.
fn table_named(like: &Table, name: &str, source: &Source) -> Table {
    let other = Table::read(&source.clone().layer(Some("企业"))).unwrap();
    assert_eq!((other.file(), other.len()), (name, like.len()));
    assert!(like.names().eq(other.names()));
    other
}

#[test]
fn parcels_with_a_column_of_text_are_a_layer() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/city/parcels.geojson");
    let expected = Inputs::open(Source::file(&path)).load().unwrap();
    let features: geojson::FeatureCollection = std::fs::read_to_string(&path).unwrap().parse().unwrap();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (at, name) in ["id", "current_use", "geom", "tax_yuan"].iter().enumerate() {
        sheet.write(0, at as u16, *name).unwrap();
    }
    for (row, feature) in (1..).zip(&features.features) {
        let text = |name: &str| {
            feature.property(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
        };
        sheet.write(row, 0, text("id")).unwrap();
        sheet.write(row, 1, text("current_use")).unwrap();
        let rings = |rings: &geojson::PolygonType| {
            let ring = |ring: &Vec<geojson::Position>| {
                let at: Vec<String> = ring.iter().map(|at| format!("{} {}", at[0], at[1])).collect();
                format!("({})", at.join(","))
            };
            format!("({})", rings.iter().map(ring).collect::<Vec<_>>().join(","))
        };
        let wkt = match &feature.geometry.as_ref().unwrap().value {
            geojson::GeometryValue::Polygon { coordinates } => format!("POLYGON {}", rings(coordinates)),
            geojson::GeometryValue::MultiPolygon { coordinates } => {
                format!("MULTIPOLYGON ({})", coordinates.iter().map(rings).collect::<Vec<_>>().join(","))
            }
            other => panic!("{other:?}"),
        };
        sheet.write(row, 2, wkt).unwrap();
        if let Some(tax) = feature.property("tax_yuan").and_then(serde_json::Value::as_f64) {
            sheet.write(row, 3, tax).unwrap();
        }
    }
    let source = Source::bytes("parcels.xlsx", book.save_to_buffer().unwrap());
    let inputs = Inputs::open(source).load().unwrap();
    assert_eq!(inputs.parcels().area_m2(), expected.parcels().area_m2());
    let taxes = |inputs: &Inputs| inputs.parcels().attributes().numbers["tax_yuan"].values.clone();
    assert_eq!(taxes(&inputs), taxes(&expected));
}

#[test]
fn what_is_broken_or_lies_is_refused() {
    let whole = firms().save_to_buffer().unwrap();
    for end in (40..whole.len()).step_by(whole.len() / 25) {
        let error = Table::read(&Source::bytes("cut.xlsx", whole[..end].to_vec())).unwrap_err().to_string();
        assert!(error.starts_with("cut.xlsx: "), "{error}");
    }
    let old = [&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &[0; 600]].concat();
    let error = infer(&Source::bytes("old.xls", old.clone())).map(drop).unwrap_err().to_string();
    assert!(error.contains("Excel 97 (.xls)"), "{error}");
    let error = Table::read(&Source::bytes("old.xls", old)).unwrap_err().to_string();
    assert!(error.contains("Excel 97 (.xls)"), "{error}");
    // Two cells at the ends of a sheet are two cells.
    let mut far = Workbook::new();
    let sheet = far.add_worksheet();
    sheet.write(0, 0, "id").unwrap();
    sheet.write(0, 16_383, "tax").unwrap();
    sheet.write(1_048_575, 16_383, 7).unwrap();
    let table = Table::read(&Source::bytes("far.xlsx", far.save_to_buffer().unwrap())).unwrap();
    assert_eq!((table.len(), table.numbers("tax").unwrap().get(0)), (1, Some(7.0)));
    let source = Source::bytes("small.xlsx", whole).max_decompressed_bytes(1_000);
    let error = Table::read(&source).unwrap_err().to_string();
    assert!(error.contains("larger than 1000 bytes"), "{error}");
    assert!(
        read(&Source::bytes("x", &b"PK\x03\x04"[..]), &Schema::default(), &ReadOptions::default()).is_err()
    );
}

fn analysis() -> Analysis {
    let file = |name: &str| {
        Source::file(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("data/city/{name}.geojson")))
    };
    let inputs = Inputs::open(file("parcels"))
        .control_lines(file("control_lines"))
        .districts(file("districts"))
        .load()
        .unwrap();
    let options = Options::builder().permutations(19).warning_line(0.3, "plan").build().unwrap();
    Analysis::new(&inputs, options).run().unwrap()
}

#[test]
fn what_was_found_is_one_workbook() {
    let analysis = analysis();
    let summary = Summary::of(&analysis);
    for (language, sheets) in [
        (Language::English, ["sites", "districts", "ledger", "lines", "warnings"]),
        (Language::Chinese, ["低效连片区", "分区", "强度台账", "控制线", "提示"]),
    ] {
        let mut bytes = Vec::new();
        write_workbook(&analysis, language, &mut bytes).unwrap();
        let mut again = Vec::new();
        write_workbook(&analysis, language, &mut again).unwrap();
        assert!(bytes == again, "other bytes the second time");
        let mut book = Xlsx::new(Cursor::new(bytes)).unwrap();
        assert_eq!(book.sheet_names(), sheets);
        let ranges = sheets.map(|name| book.worksheet_range(name).unwrap());
        let rows = |at: usize| ranges[at].rows().count() - 1;
        assert_eq!(rows(0), analysis.layer(OutputLayer::Sites).len());
        assert_eq!(rows(3), summary.control_lines.len());
        assert_eq!(rows(4), analysis.warnings().len());
        let heads: Vec<Vec<String>> = ranges
            .iter()
            .map(|range| range.rows().next().unwrap().iter().map(ToString::to_string).collect())
            .collect();
        let column = |at: usize, head: &str| {
            let found = heads[at].iter().position(|own| own == head);
            found.unwrap_or_else(|| panic!("no {head} in {:?}", heads[at]))
        };
        let (m2, ha, mu) = match language {
            Language::English => ("Net area, m²", "Net area, ha", "Net area, mu"),
            Language::Chinese => ("净面积（平方米）", "净面积（公顷）", "净面积（亩）"),
        };
        let value = |at: usize, row: usize, head: &str| match ranges[at].get((row, column(at, head))) {
            Some(Data::Float(x)) => *x,
            other => panic!("{head}: {other:?}"),
        };
        for (row, site) in (1..).zip(0..analysis.sites().len()) {
            let area = analysis.sites().get(site).net_area_m2;
            assert_eq!(value(0, row, m2), area);
            assert_eq!(value(0, row, ha), area / 1e4);
            assert!((value(0, row, mu) * 2_000.0 / 3.0 - area).abs() < 1e-6 * area);
        }
        if language == Language::Chinese {
            let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            for head in heads.iter().flatten() {
                assert!(chinese(head), "{head}");
            }
        }
    }
}
