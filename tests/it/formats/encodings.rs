//! Texts of tables in several encodings, stated rightly, wrongly and not at all.

use encoding_rs::{BIG5, Encoding, GB18030, UTF_8, WINDOWS_1252};
use landuse::io::{Source, inspect};

use super::writer::{dbf, files, shp, square};

const SIMPLIFIED: [&str; 4] = ["工业用地", "城镇住宅用地", "临江区建设路", "科技有限公司"];
const TRADITIONAL: [&str; 4] = ["工業用地", "城鎮住宅用地", "臨江區建設路", "科技有限公司"];

/// A Shapefile whose names and values are in an encoding; what each property was read as, what was settled, and how.
fn read_as(
    encoding: &'static Encoding,
    values: [&str; 4],
    cpg: Option<&str>,
    language_driver: u8,
    asked: Option<&str>,
) -> Result<(Vec<String>, String, String), String> {
    let bytes = |text: &str| encoding.encode(text).0.into_owned();
    let names = ["地类名", "权属"].map(bytes);
    let values = values.map(bytes);
    let columns = [(&names[0][..], b'C', 24), (&names[1][..], b'C', 24), (&b"AREA"[..], b'N', 8)];
    let rows = [vec![&values[0][..], &values[2][..], b"1.5"], vec![&values[1][..], &values[3][..], b"2"]];
    let shapes = [Some(vec![square(114.0, 22.0, 0.01)]), Some(vec![square(114.1, 22.0, 0.01)])];
    let (shapes, table) = (shp(5, &shapes), dbf(language_driver, &columns, &rows));
    let folder = tempfile::tempdir().unwrap();
    files(folder.path(), &[("a.shp", &shapes), ("a.dbf", &table)]);
    if let Some(cpg) = cpg {
        files(folder.path(), &[("A.CPG", cpg.as_bytes())]);
    }
    let source = Source::file(folder.path()).encoding(asked);
    let found = inspect(&source).map_err(|error| error.to_string())?;
    let names = found.iter().map(|summary| summary.name.to_string()).collect();
    let settled = source.settled().unwrap();
    let settled = settled.iter().find(|settled| settled.question == "encoding").unwrap();
    Ok((names, settled.answer.to_string(), settled.reason.to_string()))
}

fn names() -> Vec<String> {
    ["地类名", "权属", "AREA"].map(str::to_owned).to_vec()
}

#[test]
fn every_way_to_state_the_encoding() {
    // Stated rightly, in all the words that offices use.
    for (encoding, words) in [
        (UTF_8, &["UTF-8", "utf8", "65001", "\u{feff}UTF-8\r\n"][..]),
        (GB18030, &["GBK", "936", "CP936", "ANSI 936", "GB2312", "GB18030", "54936", "OEM 936"]),
        (BIG5, &["BIG5", "950", "Big-5\n", "ANSI 950"]),
    ] {
        let values = if encoding == BIG5 { TRADITIONAL } else { SIMPLIFIED };
        for word in words {
            let read = read_as(encoding, values, Some(word), 0, None);
            let (own, answer, reason) = read.unwrap_or_else(|error| panic!("{word}: {error}"));
            if encoding == BIG5 {
                // Names are simplified characters, of which Big5 has not all.
                assert_eq!(answer, "Big5", "{word}");
                assert_eq!(own.len(), 3);
            } else {
                assert_eq!(own, names(), "{word}");
            }
            assert!(reason.contains("the .cpg says"), "{word}: {reason}");
        }
    }
    // By the language driver of the table.
    let (own, answer, reason) = read_as(GB18030, SIMPLIFIED, None, 0x4d, None).unwrap();
    assert_eq!((own, &*answer), (names(), "GBK"));
    assert!(reason.contains("language driver 0x4d"), "{reason}");
    // The page of whichever computer wrote it says nothing.
    assert_eq!(read_as(GB18030, SIMPLIFIED, None, 0x57, None).unwrap().1, "GB18030");
}

#[test]
fn not_stated_at_all() {
    let (own, answer, _) = read_as(UTF_8, SIMPLIFIED, None, 0, None).unwrap();
    assert_eq!((own, &*answer), (names(), "UTF-8"));
    let (own, answer, _) = read_as(GB18030, SIMPLIFIED, None, 0, None).unwrap();
    assert_eq!((own, &*answer), (names(), "GB18030"));
    // Big5 decodes as GB18030 too: what both are is shown, and the right one asked for.
    let refused = read_as(BIG5, TRADITIONAL, None, 0, None).unwrap_err();
    assert!(
        refused.contains("option `encoding`") && refused.contains("Big5") && refused.contains("gb18030"),
        "{refused}"
    );
    assert_eq!(read_as(BIG5, TRADITIONAL, None, 0, Some("Big5")).unwrap().1, "Big5");
    // So do texts of Western Europe.
    let western = ["Château", "Québec", "Plön", "Åre"];
    let refused = read_as(WINDOWS_1252, western, None, 0, None).map(|read| read.1);
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(read_as(WINDOWS_1252, western, Some("1252"), 0, None).unwrap().1, "windows-1252");
}

#[test]
fn stated_wrongly() {
    for (encoding, wrong, right) in [
        (GB18030, "UTF-8", "GB18030"),
        (UTF_8, "GBK", "UTF-8"),
        (UTF_8, "ISO-8859-1", "UTF-8"),
        (GB18030, "1252", "GB18030"),
    ] {
        let (own, answer, reason) = read_as(encoding, SIMPLIFIED, Some(wrong), 0, None).unwrap();
        assert_eq!((own, &*answer), (names(), right), "{wrong}: {reason}");
        assert!(reason.contains(wrong) && reason.contains("but"), "{reason}");
    }
    let (own, answer, reason) = read_as(GB18030, SIMPLIFIED, Some("Klingon"), 0, None).unwrap();
    assert_eq!((own, &*answer), (names(), "GB18030"), "{reason}");
    assert!(read_as(BIG5, TRADITIONAL, Some("UTF-8"), 0, None).unwrap_err().contains("option `encoding`"));
    let fault = read_as(UTF_8, SIMPLIFIED, None, 0, Some("Klingon")).unwrap_err();
    assert!(fault.contains("`encoding` is Klingon"), "{fault}");
}

#[test]
fn the_caller_is_believed_and_told_what_cannot_be_read() {
    let (_, answer, _) = read_as(UTF_8, SIMPLIFIED, None, 0, Some("windows-1252")).unwrap();
    assert_eq!(answer, "windows-1252");
    assert_eq!(read_as(UTF_8, ["a", "b", "c", "d"], None, 0, None).unwrap().1, "UTF-8", "names count too");
}

#[test]
fn names_that_were_cut_and_names_that_meet() {
    // Ten bytes cut a character of UTF-8 in two.
    let long = "土地用途代码".as_bytes();
    let columns = [
        (long, b'C', 4),
        (long, b'C', 4),
        (&b"A"[..], b'C', 4),
        (b"A", b'C', 4),
        (b"A_1", b'C', 4),
        (b"", b'C', 4),
    ];
    let rows = [vec![&b"1"[..]; 6]];
    let folder = tempfile::tempdir().unwrap();
    let shapes = shp(5, &[Some(vec![square(0.0, 0.0, 1.0)])]);
    files(folder.path(), &[("a.shp", &shapes), ("a.dbf", &dbf(0, &columns, &rows))]);
    let found = inspect(&Source::file(folder.path())).unwrap();
    let names: Vec<&str> = found.iter().map(|summary| &*summary.name).collect();
    assert_eq!(names, ["土地用", "土地用_1", "A", "A_1", "A_1_1", "column_6"]);
}
