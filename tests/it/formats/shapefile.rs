//! Shapefiles: what is read, what is refused, and that nothing depends on the format.

use landuse::io::{Loader, ReadOptions, Source, infer, read};

use super::writer::{dbf, files, shp, square, zip};

const WGS84: &str = r#"GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]]"#;

/// Three parcels with an id and an area, one of them with a hole.
fn parcels() -> (Vec<u8>, Vec<u8>) {
    let shapes = [
        Some(vec![square(114.0, 22.0, 0.01)]),
        Some(vec![square(114.1, 22.0, 0.01), square(114.102, 22.002, 0.002)]),
        Some(vec![square(114.2, 22.0, 0.01), square(114.3, 22.0, 0.01)]),
    ];
    let columns = [(&b"PARCEL_ID"[..], b'C', 8), (b"TAX", b'N', 12), (b"SEEN", b'D', 8), (b"OK", b'L', 1)];
    let rows = [
        vec![&b"A"[..], b"  120.50", b"20240229", b"T"],
        vec![b"B", b"   *****", b"00000000", b"?"],
        vec![b"C", b"", b"", b"N"],
    ];
    (shp(5, &shapes), dbf(0, &columns, &rows))
}

fn texts(source: &Source) -> Vec<String> {
    let mut out = Vec::new();
    let text = landuse::io::GeoJsonText::unread(source.clone());
    landuse::io::append_properties(&text, &mut out, None, &[], |_, _| {}).unwrap();
    let found: geojson::FeatureCollection = String::from_utf8(out).unwrap().parse().unwrap();
    found.features.iter().map(ToString::to_string).collect()
}

#[test]
fn a_folder_a_shp_and_an_archive_are_one_layer() {
    let (shapes, table) = parcels();
    let folder = tempfile::tempdir().unwrap();
    let own = [("Parcels.SHP", &shapes[..]), ("Parcels.DBF", &table), ("parcels.Prj", WGS84.as_bytes())];
    let path = files(folder.path(), &own);
    let mut sources = vec![Source::file(folder.path()), Source::file(path)];
    for deflate in [false, true] {
        let archive =
            zip(&[("a/Parcels.shp", &shapes), ("a/Parcels.dbf", &table), ("b/Parcels.dbf", b"")], deflate);
        sources.push(Source::bytes("parcels.zip", archive));
    }
    let first = texts(&sources[0]);
    assert!(
        first[0].contains(r#""PARCEL_ID":"A","TAX":120.50,"SEEN":"2024-02-29","OK":true"#)
            || first[0].contains("\"TAX\":120.5"),
        "{}",
        first[0]
    );
    assert!(
        first[1].contains(r#""TAX":null"#)
            && first[1].contains(r#""SEEN":null"#)
            && first[1].contains(r#""OK":null"#),
        "{}",
        first[1]
    );
    for source in &sources {
        assert_eq!(texts(source), first, "{}", source.name());
        let layer = read(source, &infer(source).unwrap().schema, &ReadOptions::default()).unwrap();
        assert_eq!(layer.table.attributes.id.get(1), Some("B"));
        assert_eq!((layer.table.len(), layer.report.features), (3, 3));
        let rings: usize = layer.table.geometry.iter().map(|parcel| parcel.rings().count()).sum();
        assert_eq!(rings, 5);
        let loaded = Loader::new(infer(source).unwrap().schema).load(source).unwrap();
        assert_eq!(loaded.set.repaired().len(), 0);
    }
}
