//! Layers of an analysis in their forms, against what the analysis found and against each other.

use geo::{Rect, coord};
use landuse::efficiency::{Direction, Rule};
use landuse::intensity::WarningLine;
use landuse::report::{ColumnKind, Format, Layer, OutputLayer, data_dictionary, warning_dictionary};
use landuse::{Analysis, Error, Inputs, Options, Parcel, ParcelSet};

fn square(x: f64, side: f64) -> geo::Polygon {
    Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + side, y: side }).to_polygon()
}

/// Three parcels whose order in the input is not that along the curve, the last one without id and score; a line over the second, two districts.
fn analysis(lines: bool) -> Analysis {
    let mut parcels = vec![
        Parcel::new("far", square(1_000.0, 100.0)).construction(true).number("score", 5.0),
        Parcel::new("a, \"b\"", square(0.0, 200.0))
            .construction(true)
            .number("score", 1.0)
            .floor_area_m2(800.0),
    ];
    parcels.push(Parcel::new("dumb", square(300.0, 50.0)));
    let districts = ParcelSet::local([
        Parcel::new(
            "east",
            Rect::new(coord! { x: 600.0, y: -10.0 }, coord! { x: 1_200.0, y: 300.0 }).to_polygon(),
        ),
        Parcel::new(
            "west",
            Rect::new(coord! { x: -10.0, y: -10.0 }, coord! { x: 600.0, y: 300.0 }).to_polygon(),
        ),
    ]);
    let line = Parcel::new(
        "hill",
        Rect::new(coord! { x: 100.0, y: -50.0 }, coord! { x: 320.0, y: 500.0 }).to_polygon(),
    );
    let parcels = ParcelSet::local(parcels);
    let mut inputs = Inputs::open(parcels).districts(districts);
    if lines {
        inputs = inputs.control_lines(ParcelSet::local([line]));
    }
    let mut options = Options::default();
    options.efficiency.low = Some(Rule::Standard {
        metric: Some("score".into()),
        worse_than: 3.0,
        direction: Direction::HigherIsBetter,
    });
    options.efficiency.score = Some("score".into());
    options.significance.draws = Some(9);
    options.warning_line = Some(WarningLine { share: 0.01, source: "a test".into() });
    options.sums = vec!["score".into()];
    options.means = vec!["far".into()];
    Analysis::new(&inputs.load().unwrap(), options).run().unwrap()
}

fn text(layer: &Layer<'_>, format: Format) -> String {
    let mut text = Vec::new();
    layer.write(format, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

fn rows(layer: &Layer<'_>) -> Vec<geojson::Feature> {
    layer.to_geojson().unwrap().features
}

#[test]
fn a_collection_in_memory_is_what_is_written() {
    let found = analysis(true);
    for which in OutputLayer::ALL.into_iter().filter(|&which| which != OutputLayer::Gradient) {
        let layer = found.layer(which);
        let written: geojson::FeatureCollection = text(&layer, Format::GeoJson).parse().unwrap();
        assert!(!layer.is_empty() && layer.is_available(), "{which:?}");
        assert_eq!(written.features.len(), layer.len(), "{which:?}");
        assert_eq!(written, layer.to_geojson().unwrap(), "{which:?}");
        let lines = text(&layer, Format::Csv).lines().count();
        assert_eq!(lines, layer.len() + 1, "{which:?}");
    }
}

#[test]
fn values_are_those_of_the_analysis() {
    let found = analysis(true);
    let parcels = rows(&found.layer(OutputLayer::Parcels));
    let ids: Vec<_> = parcels.iter().map(|parcel| parcel.property("id").unwrap().as_str().unwrap()).collect();
    assert_eq!(ids, ["far", "a, \"b\"", "dumb"], "in the order of the input");
    let low = &parcels[1];
    assert_eq!(low.property("row").unwrap(), 1);
    assert_eq!(low.property("score").unwrap(), 1.0);
    assert_eq!(low.property("lu_area_m2").unwrap(), 40_000.0);
    assert_eq!(low.property("lu_control_m2").unwrap(), 20_000.0);
    assert_eq!(low.property("lu_relation").unwrap(), "partial");
    assert_eq!(low.property("lu_verdict").unwrap(), "low");
    assert_eq!(low.property("lu_site").unwrap(), 1);
    let reason = &low.property("lu_reasons").unwrap()[0];
    assert_eq!((&reason["value"], &reason["threshold"]), (&1.0.into(), &3.0.into()));
    assert_eq!((&reason["margin"], &reason["turns"]), (&(-2.0).into(), &true.into()));
    assert!(parcels[2].property("lu_score").unwrap().is_null(), "unknown is not zero");
    assert!(!parcels[2].contains_property("lu_region"), "regions were not asked for");
    let Some(geojson::GeometryValue::Polygon { coordinates }) = low.geometry.as_ref().map(|g| &g.value)
    else {
        panic!("{low:?}")
    };
    assert_eq!(coordinates[0].len(), 5);

    let sites = rows(&found.layer(OutputLayer::Sites));
    assert_eq!(sites[0].property("parcel_ids").unwrap()[0], "a, \"b\"");
    assert_eq!(sites[0].property("net_area_m2").unwrap(), 40_000.0);
    assert_eq!(sites[0].property("size").unwrap(), "from3_to10_ha");
    let inside = rows(&found.layer(OutputLayer::InsideLines));
    assert_eq!(inside.len(), 2, "the unknown one too");
    let certain = rows(&found.layer(OutputLayer::Encroachments));
    assert_eq!(certain[0].property("line").unwrap(), "hill");
    assert_eq!(certain[0].property("certain_m2").unwrap(), 20_000.0);
    let districts = rows(&found.layer(OutputLayer::Districts));
    let east = districts.iter().find(|unit| unit.property("id").unwrap() == "east").unwrap();
    assert_eq!(east.property("construction_m2").unwrap(), 10_000.0);
    assert_eq!(east.property("amounts").unwrap()[0]["value"], 5.0);
}

#[test]
fn csv_quotes_and_leaves_unknown_empty() {
    let found = analysis(true);
    let parcels = text(&found.layer(OutputLayer::Parcels), Format::Csv);
    let mut lines = parcels.lines();
    assert!(lines.next().unwrap().starts_with("id,row,current_use,zoned_use,construction,floor_area_m2,"));
    assert!(lines.nth(1).unwrap().starts_with("\"a, \"\"b\"\"\",1,,,true,800.0,,"));
    assert!(parcels.contains("\"[{\"\"rule\"\":"), "{parcels}");
    let intensity = text(&found.layer(OutputLayer::Intensity), Format::Csv);
    assert!(
        intensity.lines().next().unwrap().ends_with(",score,score unknown,far,far unknown"),
        "{intensity}"
    );
    let gone = text(&found.layer(OutputLayer::Withdrawals), Format::Csv);
    assert!(
        gone.starts_with("unit,rank,parcel_id,parcel_row,construction_m2\neast,1,far,0,10000.0\n"),
        "{gone}"
    );
}

#[test]
fn a_layer_that_was_not_asked_for_is_no_empty_one() {
    let found = analysis(false);
    for which in [OutputLayer::InsideLines, OutputLayer::Encroachments, OutputLayer::Gradient] {
        let layer = found.layer(which);
        assert!(!layer.is_available() && layer.is_empty());
        for outcome in [layer.write(Format::Csv, std::io::sink()), layer.to_geojson().map(drop)] {
            let Err(Error::NoLayer { layer, needs }) = outcome else { panic!("{outcome:?}") };
            assert_eq!((layer, needs.starts_with("control lines")), (which.name(), true));
        }
    }
}

#[test]
fn every_figure_of_an_account_is_a_column() {
    let found = analysis(true);
    let rows = rows(&found.layer(OutputLayer::Intensity));
    let accounts = found.ledger().units.iter().chain([&found.ledger().total]);
    assert_eq!(rows.len(), found.ledger().units.len() + 1);
    for (row, account) in rows.into_iter().zip(accounts) {
        let mut members = row.properties.unwrap();
        assert!(members.remove("row").is_some());
        assert_eq!(serde_json::Value::from(members), serde_json::to_value(account).unwrap());
    }
}

/// Holds a page of the documentation against the one that is made of the code.
fn is_current(path: &str, page: &str) {
    if std::env::var_os("LANDUSE_REWRITE").is_some() {
        std::fs::write(path, page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "{path}: run LANDUSE_REWRITE=1 cargo test --test it dictionary");
}

#[test]
fn the_dictionary_of_warnings_is_current() {
    is_current(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/warnings.md"), &warning_dictionary());
}

#[test]
fn the_data_dictionary_is_current() {
    let page = data_dictionary();
    is_current(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/data-dictionary.md"), &page);
    let found = analysis(true);
    for which in OutputLayer::ALL {
        for column in found.layer(which).columns() {
            let row = format!(
                "| `{}` | {} | {} | {} |",
                column.name,
                column.kind.name(),
                column.unit,
                column.meaning
            );
            let is_own = ["score", "far"].contains(&column.name.trim_end_matches(" unknown"));
            assert!(is_own || page.contains(&row), "{which:?}: {row}");
            assert!(column.kind == ColumnKind::Nested || column.members.is_empty(), "{column:?}");
        }
    }
}

#[test]
fn every_column_of_the_dictionary_is_a_sentence_in_a_unit_that_its_name_says() {
    let page = data_dictionary();
    for section in page.split("\n## ").skip(1) {
        let mut names = std::collections::BTreeSet::new();
        for row in section.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            let [name, _, unit, meaning, ..] = cells[..] else { panic!("{row}") };
            let name = name.trim_matches('`');
            assert!(names.insert(name), "`{name}` stands twice");
            assert!(meaning.ends_with('.'), "{row}");
            let expected =
                [("_m2", "m²"), ("_m", "m")].into_iter().find(|(ending, _)| name.ends_with(ending));
            assert!(expected.is_none_or(|(_, expected)| unit == expected), "{row}");
        }
        assert!(!names.is_empty(), "{section}");
    }
}

#[cfg(feature = "arrow")]
#[test]
fn record_batches_hold_what_geojson_holds() {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, UInt64Type};

    let found = analysis(true);
    for which in OutputLayer::ALL.into_iter().filter(|&which| which != OutputLayer::Gradient) {
        let layer = found.layer(which);
        let features = rows(&layer);
        let [batch] = &layer.to_arrow().unwrap()[..] else { panic!("{which:?}") };
        assert_eq!(batch.num_rows(), features.len());
        for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
            for (row, feature) in features.iter().enumerate() {
                if field.name() == "geometry" {
                    assert_eq!(field.metadata()["ARROW:extension:name"], "geoarrow.wkb");
                    let bytes = array.as_binary::<i32>().value(row);
                    let ring = match &feature.geometry.as_ref().unwrap().value {
                        geojson::GeometryValue::Polygon { coordinates } => &coordinates[0],
                        other => panic!("{other:?}"),
                    };
                    let head = [
                        &[1][..],
                        &3_u32.to_le_bytes(),
                        &1_u32.to_le_bytes(),
                        &(ring.len() as u32).to_le_bytes(),
                    ];
                    let positions = ring.iter().flat_map(|at| [at[0], at[1]]).flat_map(f64::to_le_bytes);
                    assert_eq!(bytes, [head.concat(), positions.collect()].concat());
                    continue;
                }
                // Carried columns are a list in GeoJSON.
                let Some(value) = feature.property(field.name()) else { continue };
                let unknown = array.is_null(row);
                assert_eq!(value.is_null(), unknown, "{}", field.name());
                match array.data_type().to_string().as_str() {
                    _ if unknown => {}
                    "Float64" => assert_eq!(*value, array.as_primitive::<Float64Type>().value(row)),
                    "UInt64" => assert_eq!(*value, array.as_primitive::<UInt64Type>().value(row)),
                    "Boolean" => assert_eq!(*value, array.as_boolean().value(row)),
                    _ if field.metadata().get("ARROW:extension:name").is_some() => {
                        let json: serde_json::Value = array.as_string::<i32>().value(row).parse().unwrap();
                        assert_eq!(*value, json);
                    }
                    _ => assert_eq!(*value, array.as_string::<i32>().value(row)),
                }
            }
        }
    }
}

/// A spreadsheet takes it for UTF-8 and nothing in it for a formula; numbers stay numbers.
#[test]
fn csv_for_spreadsheets_is_marked_and_harmless() {
    let land = |x: f64| Rect::new(coord! { x: x, y: 0.0 }, coord! { x: x + 50.0, y: 60.0 }).to_polygon();
    let ids = ["=HYPERLINK(\"x\")", "+1", "-1", "@a", "\tb", "\rc", "a=1", "地块"];
    let parcels = ids
        .iter()
        .zip(0..)
        .map(|(id, i)| Parcel::new(*id, land(f64::from(i) * 50.0)).number("net", -1.0 - f64::from(i)));
    let inputs = Inputs::open(ParcelSet::local(parcels)).load().unwrap();
    let found = Analysis::new(&inputs, Options::default()).run().unwrap();
    let text = |format| {
        let mut out = Vec::new();
        found.layer(OutputLayer::Parcels).write(format, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let (plain, guarded) = (text(Format::Csv), text(Format::SpreadsheetCsv));
    assert!(!plain.starts_with('\u{feff}') && guarded.starts_with("\u{feff}id,"));
    for (id, written) in ids.iter().zip([
        "\n\"'=HYPERLINK(\"\"x\"\")\",",
        "\n'+1,",
        "\n'-1,",
        "\n'@a,",
        "\n'\tb,",
        "\n\"'\rc\",",
        "\na=1,",
        "\n地块,",
    ]) {
        assert!(guarded.contains(written), "{id:?}: {guarded}");
    }
    assert!(guarded.contains(",-1.0,") && guarded.contains(",-3.0,"), "numbers are no texts: {guarded}");
    // Nothing else differs.
    let bare = guarded.trim_start_matches('\u{feff}');
    let bare = ["'=", "'+", "'-", "'@", "'\t", "'\r"]
        .iter()
        .fold(bare.to_owned(), |text, guard| text.replace(guard, &guard[1..]));
    assert_eq!(bare.replace("lu_", ""), plain.replace("lu_", ""));
}

#[test]
fn layers_are_named_by_one_table() {
    for layer in OutputLayer::ALL {
        assert_eq!(layer.name().parse::<OutputLayer>().ok(), Some(layer));
    }
    let error = "clusterz".parse::<OutputLayer>().unwrap_err().to_string();
    assert!(error.starts_with("`layer` is clusterz, expected one of parcels, clusters,"), "{error}");
    assert!(error.ends_with("(`clusters`?)"), "{error}");
}
