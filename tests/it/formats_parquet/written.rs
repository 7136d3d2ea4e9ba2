//! GeoParquet as it is written, read again.

use std::path::Path;

use bytes::Bytes;
use landuse::io::{ReadOptions, Source, infer, read};
use landuse::report::{Format, OutputLayer};
use landuse::{Analysis, Inputs, Options};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;

fn analysis(inputs: &Inputs) -> Analysis {
    let options = Options::builder().permutations(19).build().unwrap();
    Analysis::new(inputs, options).run().unwrap()
}

fn city() -> Inputs {
    let file = |name: &str| {
        Source::file(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("data/city/{name}.geojson")))
    };
    Inputs::open(file("parcels"))
        .control_lines(file("control_lines"))
        .districts(file("districts"))
        .load()
        .unwrap()
}

fn geo(bytes: &[u8]) -> Option<serde_json::Value> {
    let file = SerializedFileReader::new(Bytes::from(bytes.to_vec())).unwrap();
    let pairs = file.metadata().file_metadata().key_value_metadata().cloned().unwrap_or_default();
    let text = pairs.into_iter().find(|pair| pair.key == "geo")?.value?;
    Some(serde_json::from_str(&text).unwrap())
}

#[test]
fn every_layer_is_written_and_read_again() {
    let inputs = city();
    let analysis = analysis(&inputs);
    for layer in
        OutputLayer::ALL.map(|which| analysis.layer(which)).iter().filter(|layer| layer.is_available())
    {
        let mut bytes = Vec::new();
        layer.write(Format::GeoParquet, &mut bytes).unwrap();
        let mut again = Vec::new();
        layer.write(Format::GeoParquet, &mut again).unwrap();
        assert!(bytes == again, "{}: other bytes the second time", layer.name());
        let source = Source::bytes(layer.name(), bytes.clone());
        if !layer.has_geometry() {
            assert_eq!(geo(&bytes), None);
            assert_eq!(landuse::io::Table::read(&source).unwrap().len(), layer.len());
            continue;
        }
        let geo = geo(&bytes).unwrap();
        assert_eq!(geo["version"], "1.1.0");
        let column = &geo["columns"]["geometry"];
        assert_eq!(column["crs"]["id"]["code"], "CRS84");
        assert_eq!(column["covering"]["bbox"]["ymax"], serde_json::json!(["bbox", "ymax"]));
        if layer.is_empty() {
            continue;
        }
        // The same as the features of the layer, but for the order of their properties.
        let read_again = read(&source, &infer(&source).unwrap().schema, &ReadOptions::default()).unwrap();
        let mut text = Vec::new();
        layer.write(Format::GeoJson, &mut text).unwrap();
        let text = Source::bytes("text", text);
        let other = read(&text, &infer(&text).unwrap().schema, &ReadOptions::default()).unwrap();
        assert_eq!(read_again.table.geometry, other.table.geometry, "{}", layer.name());
        assert_eq!(read_again.table.len() + read_again.table.rejected.len(), layer.len());
        let bbox: Vec<f64> = serde_json::from_value(column["bbox"].clone()).unwrap();
        let [x, y] = read_again.table.geometry.coords()[0];
        assert!(bbox[0] <= x && x <= bbox[2] && bbox[1] <= y && y <= bbox[3], "{bbox:?}");
    }
}

#[test]
fn what_was_written_gives_the_same_figures_as_an_input() {
    let inputs = city();
    let analysis = analysis(&inputs);
    let mut bytes = Vec::new();
    analysis.layer(OutputLayer::Parcels).write(Format::GeoParquet, &mut bytes).unwrap();
    let again = Inputs::open(Source::bytes("parcels.parquet", bytes)).load().unwrap();
    assert_eq!(again.parcels().len(), inputs.parcels().len());
    let [own, other] = [&inputs, &again].map(|inputs| inputs.parcels().area_m2().iter().sum::<f64>());
    // Coordinates are written to 0.1 mm.
    assert!((own - other).abs() < 1e-6 * own, "{own} {other}");
}

#[test]
fn systems_are_written_in_full() {
    let shape = "POLYGON((500000 2500000,500100 2500000,500100 2500100,500000 2500100,500000 2500000))";
    let written = |crs: &str| {
        let text = format!("id,wkt\na,\"{shape}\"\n");
        let mut options = landuse::analysis::InputOptions::default();
        options.source_crs = Some(crs.parse().unwrap());
        let mut all = Options::builder().permutations(19).build().unwrap();
        all.input = options;
        let inputs =
            Inputs::open(Source::bytes("p.csv", text.into_bytes())).options(&all).unwrap().load().unwrap();
        let analysis = Analysis::new(&inputs, all).run().unwrap();
        let mut bytes = Vec::new();
        analysis.layer(OutputLayer::Parcels).write(Format::GeoParquet, &mut bytes).unwrap();
        geo(&bytes).unwrap()["columns"]["geometry"]["crs"].clone()
    };
    let gauss = written("EPSG:4547");
    assert_eq!(gauss["id"]["code"], 4547);
    assert_eq!(gauss["conversion"]["parameters"][1]["value"], 114.0);
    assert_eq!(gauss["base_crs"]["datum"]["ellipsoid"]["inverse_flattening"], 298.257_222_101);
    assert_eq!(written("local"), serde_json::Value::Null);
}
