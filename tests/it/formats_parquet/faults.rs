//! Files that lie, are cut or are damaged: an error in words, in bounded memory, and never a panic.

use std::sync::Arc;

use arrow_array::{BinaryArray, Int64Array, RecordBatch, StringArray};
use landuse::io::schema::Schema;
use landuse::io::{ReadOptions, Source, infer, read};

use super::make::{Encoding, Table, ipc_file, ipc_stream, odd, parquet};
use crate::support::Random;

fn fault(name: &str, bytes: Vec<u8>) -> String {
    let source = Source::bytes(name, bytes);
    read(&source, &Schema::default(), &ReadOptions::default()).map(drop).unwrap_err().to_string()
}

#[test]
fn files_that_are_cut_say_so() {
    let table = Table::of(&super::city(), Encoding::Wkb).take(40);
    let geo = table.geo("null");
    let whole = parquet(&table.batch(), &[("geo", &geo)], 10);
    for end in (12..whole.len()).step_by(whole.len() / 40) {
        let error = fault("cut.parquet", whole[..end].to_vec());
        assert!(error.starts_with("cut.parquet: "), "{error}");
    }
    for (name, whole) in [("cut.arrow", ipc_file(&table.batch())), ("cut.arrows", ipc_stream(&table.batch()))]
    {
        let mut refused = 0;
        for end in (12..whole.len()).step_by(whole.len() / 40) {
            let source = Source::bytes(name, whole[..end].to_vec());
            // A stream that ends behind a whole message is one that was ended early, as pipes are.
            let read = read(&source, &Schema::default(), &ReadOptions::default());
            if let Err(error) = read {
                assert!(error.to_string().starts_with(name), "{error}");
                refused += 1;
            }
        }
        // What ends behind the last batch has lost no row.
        assert!(refused >= 36, "{name}: {refused}");
    }
}

#[test]
fn what_is_not_read_is_refused_in_words() {
    let table = Table::of(&super::city(), Encoding::Wkb).take(5);
    let with = |geo: &str| fault("x.parquet", parquet(&table.unmarked().batch(), &[("geo", geo)], 100));
    for (geo, reason) in [
        ("{", "`geo` are no JSON"),
        ("{}", "no primary column"),
        (
            r#"{"primary_column":"shape","columns":{"shape":{"encoding":"WKB"}}}"#,
            "`shape`, which is not there",
        ),
        (
            r#"{"primary_column":"geometry","columns":{"geometry":{"encoding":"TWKB"}}}"#,
            "`TWKB`, expected WKB",
        ),
        (
            r#"{"primary_column":"geometry","columns":{"geometry":{"encoding":"polygon"}}}"#,
            "not what they are said",
        ),
        (r#"{"primary_column":"id","columns":{"id":{"encoding":"WKB"}}}"#, "not what they are said"),
    ] {
        let error = with(geo);
        assert!(error.starts_with("x.parquet: ") && error.contains(reason), "{geo}: {error}");
    }
    // Binary that is no geometry.
    let column = |bytes: &[u8]| {
        let binary = Arc::new(BinaryArray::from_iter_values([bytes, bytes]));
        let batch = RecordBatch::try_from_iter([
            ("name", Arc::new(StringArray::from_iter_values(["a", "b"])) as _),
            ("photo", binary as _),
        ]);
        batch.unwrap()
    };
    let error = fault("x.parquet", parquet(&column(b"\x89PNG"), &[], 100));
    assert!(error.contains("no column of geometries") && error.contains("columns: name, photo"), "{error}");
    for (start, reason) in [(&b"PARE"[..], "encrypted"), (b"FEA1", "first version"), (b"PAR1", "Parquet")] {
        let error = fault("x", [start, &[0; 200]].concat());
        assert!(error.starts_with("x: ") && error.contains(reason), "{error}");
    }
    let mut packed = Vec::new();
    let whole = parquet(&table.batch(), &[], 100);
    let mut gzip = flate2::read::GzEncoder::new(&whole[..], flate2::Compression::fast());
    std::io::Read::read_to_end(&mut gzip, &mut packed).unwrap();
    let error = infer(&Source::bytes("x.gz", packed)).unwrap_err().to_string();
    assert!(error.contains("gzip, expected it unpacked"), "{error}");
    let twice = RecordBatch::try_from_iter([
        ("a", Arc::new(Int64Array::from(vec![1])) as _),
        ("a", Arc::new(Int64Array::from(vec![1])) as _),
    ])
    .unwrap();
    let error = fault("x.arrows", ipc_stream(&twice));
    assert!(error.contains("`a` stands twice"), "{error}");
}

#[test]
fn a_geometry_that_lies_is_a_fault_of_its_feature_alone() {
    let source = Source::bytes("odd.parquet", parquet(&odd(), &[], 3));
    let layer = read(&source, &infer(&source).unwrap().schema, &ReadOptions::default()).unwrap();
    let reasons: Vec<String> =
        layer.table.rejected.iter().map(|one| format!("{} {}", one.at.row, one.reason)).collect();
    let expected =
        ["1 the geometry is null", "2 the geometry is a LineString", "3 the geometry has the coordinate NaN"];
    for (reason, expected) in reasons.iter().zip(expected) {
        assert!(reason.starts_with(expected), "{reason}");
    }
    assert!(reasons[3].starts_with("5 ") && reasons[4].contains("1000000000 rings"), "{reasons:?}");
    assert!(layer.report.warnings.iter().any(|warning| warning.to_string().contains("ordinates")));
}

#[test]
fn damaged_bytes_end_in_an_error_or_in_other_values() {
    let table = Table::of(&super::city(), Encoding::Wkb).take(12);
    let nested = Table::of(&super::city(), Encoding::Nested { interleaved: true }).take(12);
    let files = [
        parquet(&table.batch(), &[("geo", &table.geo("null"))], 5),
        ipc_file(&nested.batch()),
        ipc_stream(&odd()),
        parquet(&odd(), &[], 5),
    ];
    let mut random = Random(7);
    let mut outcomes = [0; 2];
    for whole in &files {
        for _ in 0..100 {
            let mut bytes = whole.clone();
            for _ in 0..=random.below(3) {
                // The heads and feet of files are where they are believed.
                let near = random.below(600.min(bytes.len() as u64)) as usize;
                let at = match random.below(3) {
                    0 => near,
                    1 => bytes.len() - 1 - near,
                    _ => random.below(bytes.len() as u64) as usize,
                };
                bytes[at] = match random.below(3) {
                    0 => 0xff,
                    1 => bytes[at] ^ (1 << random.below(8)),
                    _ => random.below(256) as u8,
                };
            }
            let source = Source::bytes("damaged", bytes);
            let read =
                infer(&source).and_then(|inferred| read(&source, &inferred.schema, &ReadOptions::default()));
            outcomes[usize::from(read.is_ok())] += 1;
        }
    }
    assert!(outcomes[0] > 40 && outcomes[1] > 40, "{outcomes:?}");
}
