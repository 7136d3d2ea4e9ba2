use landuse::io::schema::Schema;
use landuse::io::{Loader, Source, infer};

/// Files of any format that is told by content: features or an error, in bounded memory. The first byte says what the file is called.
pub fn formats(data: &[u8]) {
    const NAMES: [&str; 5] = ["in.shp", "in.gpkg", "in.csv", "in.zip", "in.parquet"];
    let Some((&first, bytes)) = data.split_first() else { return };
    let source =
        Source::bytes(NAMES[usize::from(first) % NAMES.len()], bytes).max_decompressed_bytes(1 << 20);
    let _ = source.settled();
    let _ = infer(&source);
    let Ok(schema) = Schema::layer() else { panic!("the schema of layers cannot be read") };
    if let Ok(loaded) = Loader::new(schema).load(&source) {
        let set = loaded.set;
        assert!(set.area_m2().iter().all(|area| area.is_finite() && *area >= 0.0));
        assert!(set.len() as u64 <= loaded.report.features);
    }
}
