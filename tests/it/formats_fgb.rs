//! FlatGeobuf as layers: what others made to test with, and what is cut or damaged.

use std::fs;

use landuse::io::schema::Schema;
use landuse::io::{GeoJsonText, Layer, ReadOptions, Source, Table, append_properties, infer, read};

use crate::support::{Random, data, data_bytes};

fn layer(source: &Source) -> Layer {
    read(source, &infer(source).unwrap().schema, &ReadOptions::default()).unwrap()
}

fn text(source: &Source) -> String {
    let mut out = Vec::new();
    append_properties(&GeoJsonText::unread(source.clone()), &mut out, None, &[], |_, _| {}).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn files_of_the_format_s_own_tests_are_read_or_refused_in_words() {
    let folder = data("formats/flatgeobuf");
    if fs::read_dir(&folder).is_err() {
        println!("skipped: no {}", folder.display());
        return;
    }
    let file = |name: &str| Source::file(folder.join(name));
    for (name, taken, rejected) in [
        ("countries.fgb", 179, 0),
        ("countries_nocrs.fgb", 179, 0),
        ("countries_nogeo.fgb", 0, 179),
        ("empty.fgb", 0, 0),
        ("poly00.fgb", 10, 0),
        ("poly01.fgb", 10, 0),
        ("triangle.fgb", 1, 0),
        ("no_properties.fgb", 0, 1),
        ("mp_overlapping.fgb", 2, 0),
    ] {
        let source = file(name);
        let found = layer(&source);
        assert_eq!((found.table.len(), found.table.rejected.len()), (taken, rejected), "{name}");
    }
    assert_eq!(
        layer(&file("countries.fgb")).report.crs_member.as_deref(),
        Some("urn:ogc:def:crs:OGC:1.3:CRS84")
    );
    assert_eq!(layer(&file("countries_nocrs.fgb")).report.crs_member, None);
    let error = infer(&file("topp_states.fgb")).map(drop).unwrap_err().to_string();
    assert!(error.contains("version 2, expected version 3"), "{error}");
    // A count that the head does not tell, kinds that each geometry tells.
    assert!(layer(&file("unknown_feature_count.fgb")).report.features > 0);
    let mixed = layer(&file("heterogeneous.fgb"));
    assert!(
        mixed.table.rejected.iter().any(|one| one.reason.contains("expected a Polygon")),
        "{:?}",
        mixed.table.rejected
    );
    let types = text(&file("alldatatypes.fgb"));
    for value in [r#""string":"X""#, r#""bool":true"#, r#""ulong":18446744073709551615"#] {
        assert!(types.contains(value), "{types}");
    }
    // As the same countries elsewhere; GDAL turns the rings of a Shapefile round.
    #[cfg(feature = "shapefile")]
    {
        let other = layer(&Source::file(data("formats/shapefile-countries")));
        let own = layer(&file("countries.fgb"));
        let places = |layer: &Layer| {
            let mut places: Vec<[u64; 2]> =
                layer.table.geometry.coords().iter().map(|at| at.map(f64::to_bits)).collect();
            places.sort_unstable();
            places
        };
        assert_eq!(places(&own), places(&other));
    }
    assert_eq!(Table::read(&file("countries_nogeo.fgb")).unwrap().len(), 179);
}

#[test]
fn what_is_cut_or_damaged_is_an_error_or_other_values() {
    let Some(whole) = data_bytes("formats/flatgeobuf/poly00.fgb") else { return };
    for end in (0..whole.len() - 1).step_by(61) {
        let source = Source::bytes("cut.fgb", whole[..end].to_vec());
        let found = read(&source, &Schema::default(), &ReadOptions::default());
        let error = found.map(|layer| layer.table.len()).unwrap_err().to_string();
        assert!(error.starts_with("cut.fgb: "), "{end}: {error}");
    }
    let mut random = Random(11);
    let mut outcomes = [0; 2];
    for _ in 0..600 {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(3) {
            let at = match random.below(2) {
                0 => random.below(800) as usize,
                _ => random.below(bytes.len() as u64) as usize,
            };
            bytes[at] = if random.below(2) == 0 { 0xff } else { random.below(256) as u8 };
        }
        let source = Source::bytes("damaged", bytes);
        let found = read(&source, &Schema::default(), &ReadOptions::default());
        outcomes[usize::from(found.is_ok())] += 1;
    }
    assert!(outcomes[0] > 20 && outcomes[1] > 20, "{outcomes:?}");
}
