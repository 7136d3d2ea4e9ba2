use landuse::Error;
use landuse::io::schema::Schema;
use landuse::io::{ReadOptions, Source, find_features, inspect, read};
use serde_json::Value;

/// The reader of `GeoJSON`, in blocks cut by guess and in blocks so small that each is a doubt, against each other and against
/// `serde_json`.
pub fn reader(data: &[u8]) {
    // Text in gzip is read as what it holds.
    if data.starts_with(&[0x1f, 0x8b]) {
        return;
    }
    let source = Source::bytes("in.geojson", data);
    let Ok(schema) = Schema::builtin("generated") else { panic!("a built-in schema cannot be read") };
    let by_blocks = |bytes| read(&source, &schema, &ReadOptions::default().block_bytes(bytes));
    let (whole, small) = (by_blocks(1 << 20), by_blocks(16));
    match (&whole, &small) {
        (Ok(whole), Ok(small)) => {
            assert_eq!(whole.report.features, small.report.features, "features by the size of blocks");
            assert_eq!(whole.table.len(), small.table.len(), "records by the size of blocks");
            assert_eq!(whole.table.geometry.coords(), small.table.geometry.coords());
            assert_eq!(whole.report.warnings, small.report.warnings);
        }
        (Err(_), Err(_)) => {}
        (whole, small) => {
            panic!("one way reads what the other does not: {:?} {:?}", told(whole), told(small))
        }
    }
    // Neither panics.
    let _ = inspect(&source);
    let _ = find_features(&source, "id", "a");
    let Ok(layer) = whole else { return };
    let text = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
    if text.contains(&0x1e) {
        return;
    }
    let documents: Result<Vec<Value>, _> =
        serde_json::Deserializer::from_slice(text).into_iter::<Value>().collect();
    match documents {
        Ok(documents) => {
            if let [Value::Object(one)] = &documents[..]
                && let (Some("FeatureCollection"), Some(Value::Array(features))) =
                    (one.get("type").and_then(Value::as_str), one.get("features"))
            {
                assert!(layer.report.features >= features.len() as u64, "fewer features than there are");
            }
        }
        // Numbers beyond a double and halves of surrogates are values that are unknown, not texts without an end.
        Err(error) if error.is_syntax() && is_of_value(&error.to_string()) => {}
        Err(error) => panic!("{error}, and it was read as {} features", layer.report.features),
    }
}

fn told<T>(result: &Result<T, Error>) -> Result<(), String> {
    result.as_ref().map(drop).map_err(ToString::to_string)
}

fn is_of_value(error: &str) -> bool {
    ["number out of range", "surrogate", "recursion limit", "unexpected end of hex escape"]
        .iter()
        .any(|known| error.contains(known))
}
