//! Whatever the text and however it is cut: the guessing scan gives what the strict one gives.

use std::io::Write;
use std::sync::{Arc, Mutex};

use super::append::{append_by_spans, append_scanned};
use super::json::Json;
use super::pieces::{Parsed, Piece};
use super::read::read_scanned;
use super::scan::Scanner;
use super::text::GeoJsonText;
use crate::io::schema::Schema;
use crate::io::{OnBadFeature, ReadOptions, Source, push_number};
use crate::parcel::Rejected;

/// Output that the test can look at.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn feature(i: usize, properties: &str) -> String {
    let x = 114.0 + i as f64 * 1e-3;
    format!(
        r#"{{"type":"Feature","properties":{{"id":"A-{i}"{properties}}},"geometry":{{"type":"Polygon","coordinates":[[[{x:.8},22.5],[{:.8},22.5],[{x:.8},22.50012345],[{x:.8},22.5]]]}}}}"#,
        x + 0.0005
    )
}

fn collection(features: &[String], tail: &str) -> Vec<u8> {
    format!("{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]{tail}}}\n", features.join(",\n"))
        .into_bytes()
}

/// Sixty features, `odd` in place of the one in the middle.
fn with(odd: &str) -> Vec<u8> {
    let mut features: Vec<String> = (0..60).map(|i| feature(i, "")).collect();
    features[31] = odd.into();
    collection(&features, "")
}

fn texts() -> Vec<Vec<u8>> {
    let plain: Vec<String> = (0..60).map(|i| feature(i, r#","current_use":"0601""#)).collect();
    let inner = r#","note":[1,{"type":"Feature","properties":{}},{"type":"Feature"}]"#;
    let quoted = r#","note":",{\"type\":\"Feature\"","more":",\n{""#;
    let nested: Vec<String> = (0..60).map(|i| feature(i, inner)).collect();
    let in_texts: Vec<String> = (0..60).map(|i| feature(i, quoted)).collect();
    let spaced: Vec<String> = plain.iter().map(|feature| feature.replace(':', " :\t")).collect();
    let earlier: Vec<String> = (0..60).map(|i| feature(i, r#","lu_score":7,"\u006cu_a":1"#)).collect();
    let mut turned = plain.clone();
    for (i, feature) in turned.iter_mut().enumerate().filter(|(i, _)| i % 7 == 3) {
        *feature = format!(r#"{{"properties":null,"id":{i},"geometry":null,"type":"Feature"}}"#);
    }
    let mut broken = with(&feature(31, ""));
    broken[5_000] = 0xff;
    let whole = collection(&plain, "");
    let mut texts = vec![
        collection(&nested, ""),
        collection(&in_texts, ""),
        collection(&spaced, ",\"crs\":null"),
        collection(&earlier, ""),
        collection(&turned, ""),
        collection(&plain, ",\"later\":[0,{\"type\":\"Feature\"},{\"type\":\"Feature\"}]"),
        collection(&plain, ",\"features\":[]"),
        collection(&plain, ",\"unfinished\":"),
        collection(&plain[..1], ""),
        collection(&[], ""),
        plain.join("\n").into_bytes(),
        plain.join("").into_bytes(),
        plain.iter().flat_map(|feature| format!("\u{1e}{feature}\n").into_bytes()).collect(),
        nested.join("\n").into_bytes(),
        format!("{}\n7", plain.join("\n")).into_bytes(),
        whole[..whole.len() / 2].to_vec(),
        whole[..whole.len() - 4].to_vec(),
        broken,
        [&whole[..], b"x"].concat(),
    ];
    texts.extend(
        [
            "17",
            "null",
            r#""{""#,
            "[{\"type\":\"Feature\"}]",
            r#"{"type":"Feature"}"#,
            r#"{"type":"Feature","properties":7,"geometry":null}"#,
            r#"{"type":"Polygon","coordinates":[[[114,22],[115,22],[114,23],[114,22]]]}"#,
            r#"{"type":"Feature","properties":{"floor_area_m2":"much"},"geometry":{"type":"Point","coordinates":[1,2]}}"#,
            r#"{"type":"Feature","properties":{"a":01},"geometry":null}"#,
            r#"{"type":"Feature","properties":{"a":1}"#,
            r#"{"type":"Feature"}},{"type":"Feature""#,
            r#"{"type":"Feature"} {"type":"Feature"}"#,
            "",
        ]
        .map(with),
    );
    texts
}

#[test]
fn guesses_change_nothing() {
    let schema = Schema::builtin("generated").unwrap();
    let (mut read, mut failed, mut placed) = (0, 0, 0);
    for text in texts() {
        let source = Source::bytes("text", text.as_slice());
        for block in [40, 700, 1_500, 4_000, 1 << 23] {
            for stop in [false, true] {
                let mut options = ReadOptions::default().block_bytes(block);
                if stop {
                    options = options.on_bad_feature(OnBadFeature::Stop);
                }
                let open = || Scanner::open(&source, block).unwrap();
                let strict =
                    read_scanned(open().strict(), &schema, &options).map_err(|error| error.to_string());
                let guessed = read_scanned(open(), &schema, &options).map_err(|error| error.to_string());
                assert_eq!(guessed, strict, "{}", String::from_utf8_lossy(&text));
                match &strict {
                    Ok(_) => read += 1,
                    Err(_) => failed += 1,
                }
            }
            let (rejected, spans): (Vec<Rejected>, _) =
                match read_scanned(open_strict(&source, block), &schema, &ReadOptions::default()) {
                    Ok((layer, spans)) => (layer.table.rejected, spans),
                    Err(_) => continue,
                };
            let appended = |scanner: Option<Scanner>| {
                let (accepted, quarantine) = (Shared::default(), Shared::default());
                let append = |row: u32, text: &mut Vec<u8>| {
                    text.extend_from_slice(b"\"lu_row\":");
                    push_number(text, f64::from(row));
                };
                let [first, second] = [accepted.clone(), quarantine.clone()];
                let counts = match (scanner, &spans) {
                    (Some(scanner), _) => {
                        append_scanned(scanner, None, first, Some(second), &rejected, &append)
                    }
                    (None, Some(spans)) => append_by_spans(
                        &text_of(&source),
                        spans,
                        block,
                        first,
                        Some(second),
                        &rejected,
                        &append,
                    ),
                    (None, None) => return None,
                };
                let counts = counts.unwrap();
                let text = |out: &Shared| String::from_utf8(out.0.lock().unwrap().clone()).unwrap();
                Some((counts, text(&accepted), text(&quarantine)))
            };
            let strict = appended(Some(open_strict(&source, block))).unwrap();
            assert_eq!(appended(Some(Scanner::open(&source, block).unwrap())).unwrap(), strict);
            if let Some(by_spans) = appended(None) {
                placed += 1;
                assert_eq!(by_spans, strict);
            }
            for written in [&strict.1, &strict.2] {
                assert!(serde_json::from_str::<serde::de::IgnoredAny>(written).is_ok(), "{written}");
            }
        }
    }
    assert!(read > 100 && failed > 100 && placed > 30, "{read} read, {failed} failed, {placed} placed");
}

#[test]
fn plain_text_is_read_by_guess_and_doubtful_text_is_not() {
    let features = |properties: &str| -> Vec<String> { (0..60).map(|i| feature(i, properties)).collect() };
    let inner = r#","note":[0,{"type":"Feature","properties":{}}]"#;
    for (text, by_guess) in [
        (collection(&features(""), ""), true),
        (features("").join("\n").into_bytes(), true),
        (collection(&features(inner), ""), false),
    ] {
        let mut scanner = Scanner::open(&Source::bytes("text", text), 4_000).unwrap();
        let mut found = 0;
        let read = |piece: &mut Piece<'_>| {
            while piece.feature(Json::skip)?.is_some() {}
            Ok(piece.row().is_some())
        };
        let take = |parsed: Parsed<bool>| {
            found += parsed.pieces.iter().filter(|piece| piece.of).count();
            Ok(parsed.text)
        };
        scanner.run(read, take).unwrap();
        assert_eq!((scanner.rows(), found == 0), (60, by_guess));
    }
}

fn open_strict(source: &Source, block: usize) -> Scanner {
    Scanner::open(source, block).unwrap().strict()
}

fn text_of(source: &Source) -> GeoJsonText {
    GeoJsonText::unread(source.clone())
}
