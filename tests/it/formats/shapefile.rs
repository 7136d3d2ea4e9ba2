//! Shapefiles: what is read, what is refused, and that nothing depends on the format.

use landuse::io::schema::Schema;
use landuse::io::{Loader, ReadOptions, Source, infer, read};
use landuse::{Analysis, Error, Inputs, Options};

use super::writer::{dbf, files, shp, shp_of, square, zip};
use crate::support::data;

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

#[test]
fn the_same_city_gives_the_same_figures() {
    let city = |name: &str| {
        let text = std::fs::read_to_string(format!("data/city/{name}.geojson")).unwrap();
        let mut found: geojson::FeatureCollection = text.parse().unwrap();
        // A table has ten bytes for a name: both files get what is left of it.
        for feature in &mut found.features {
            let own = feature.properties.take().unwrap_or_default();
            let short = own.into_iter().map(|(name, value)| (name.chars().take(10).collect(), value));
            feature.properties = Some(short.collect());
        }
        found
    };
    let folder = tempfile::tempdir().unwrap();
    let layers = ["parcels", "control_lines", "districts"].map(city);
    for (name, layer) in ["parcels", "control_lines", "districts"].into_iter().zip(&layers) {
        let (shapes, table) = encoded(layer);
        let own = [(&*format!("{name}.shp"), &shapes[..]), (&*format!("{name}.dbf"), &table)];
        files(folder.path(), &own);
    }
    let summary = |inputs: Inputs| {
        let options = Options::builder().score("tax_yuan / area_m2").permutations(19).build().unwrap();
        let found = Analysis::new(&inputs, options).run().unwrap();
        landuse::report::Summary::of(&found).to_json()
    };
    let path = |name: &str| folder.path().join(format!("{name}.shp"));
    let options = Options::builder().score("tax_yuan / area_m2").build().unwrap();
    let shapes =
        Inputs::open(path("parcels")).control_lines(path("control_lines")).districts(path("districts"));
    let shapes = shapes.options(&options).unwrap().load().unwrap();
    let [parcels, lines, districts] = layers;
    let text = Inputs::open(parcels)
        .control_lines(lines)
        .districts(districts)
        .options(&options)
        .unwrap()
        .load()
        .unwrap();
    assert_eq!(shapes.parcels().len(), text.parcels().len());
    let settled: Vec<String> = shapes.files()[0].settled.iter().map(ToString::to_string).collect();
    assert!(settled.iter().any(|line| line.starts_with("encoding: UTF-8")), "{settled:?}");
    assert_eq!(summary(shapes), summary(text));
}

/// Features as a Shapefile in UTF-8.
fn encoded(layer: &geojson::FeatureCollection) -> (Vec<u8>, Vec<u8>) {
    let ring = |ring: &Vec<geojson::Position>| ring.iter().map(|at| [at[0], at[1]]).collect::<Vec<_>>();
    let shapes: Vec<_> = (layer.features.iter())
        .map(|feature| match &feature.geometry.as_ref()?.value {
            geojson::GeometryValue::Polygon { coordinates } => Some(coordinates.iter().map(ring).collect()),
            geojson::GeometryValue::MultiPolygon { coordinates } => {
                Some(coordinates.iter().flatten().map(ring).collect())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let mut names: Vec<String> = Vec::new();
    for name in
        layer.features.iter().flat_map(|feature| feature.properties.iter().flatten()).map(|(name, _)| name)
    {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let value =
        |feature: &geojson::Feature, name: &String| feature.property(name).cloned().unwrap_or_default();
    let kinds: Vec<u8> = (names.iter())
        .map(|name| {
            match layer.features.iter().map(|feature| value(feature, name)).find(|value| !value.is_null()) {
                Some(serde_json::Value::Number(_)) => b'N',
                Some(serde_json::Value::Bool(_)) => b'L',
                _ => b'C',
            }
        })
        .collect();
    let columns: Vec<_> = names.iter().zip(&kinds).map(|(name, &kind)| (name.as_bytes(), kind, 60)).collect();
    let text = |value: serde_json::Value| match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::Bool(flag) => if flag { "T" } else { "F" }.into(),
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    let rows: Vec<Vec<String>> = (layer.features.iter())
        .map(|feature| names.iter().map(|name| text(value(feature, name))).collect())
        .collect();
    let rows: Vec<Vec<&[u8]>> = rows.iter().map(|row| row.iter().map(String::as_bytes).collect()).collect();
    (shp(5, &shapes), dbf(0, &columns, &rows))
}

#[test]
fn every_type_of_shape_is_read_or_put_aside() {
    let open = || square(114.0, 22.0, 0.01);
    for (code, taken) in
        [(5, 1), (15, 1), (25, 1), (3, 0), (13, 0), (23, 0), (1, 0), (11, 0), (21, 0), (8, 0), (18, 0)]
    {
        let bytes = shp(code, &[Some(vec![open()]), None]);
        let layer = read(&Source::bytes("a.shp", bytes), &Schema::default(), &ReadOptions::default());
        let layer = layer.unwrap_or_else(|error| panic!("{code}: {error}"));
        assert_eq!((layer.table.len(), layer.report.features), (taken, 2), "{code}");
        assert_eq!(layer.report.dropped_ordinates, 0);
    }
    // Closed lines are areas where they are asked to be, and lines are lines.
    let lines = Source::bytes("a.shp", shp(3, &[Some(vec![open(), open()]), Some(vec![open()])]));
    let options = ReadOptions::default().closed_lines_as_polygons(true);
    assert!(!read(&lines, &Schema::default(), &options).unwrap().table.is_empty());
    let parcels = Source::bytes("b.shp", shp(5, &[Some(vec![open()])]));
    let set = Loader::new(Schema::default()).load(&parcels).unwrap().set;
    assert_eq!(Loader::new(Schema::default()).lines_beside(&lines, &set).unwrap().len(), 3);
    let surfaces = Source::bytes("a.shp", shp_of(31, &[]));
    let refused = read(&surfaces, &Schema::default(), &ReadOptions::default()).unwrap_err().to_string();
    assert!(refused.contains("MultiPatch"), "{refused}");
}

#[test]
fn deleted_rows_go_with_their_shapes() {
    let (shapes, mut table) = parcels();
    let row = table.len() - 1 - 2 * 30;
    assert_eq!(table[row], b' ');
    table[row] = b'*';
    let folder = tempfile::tempdir().unwrap();
    files(folder.path(), &[("a.shp", &shapes), ("a.dbf", &table)]);
    let source = Source::file(folder.path());
    let layer = read(&source, &infer(&source).unwrap().schema, &ReadOptions::default()).unwrap();
    assert_eq!(layer.table.attributes.id.iter().collect::<Vec<_>>(), [Some("A"), Some("C")]);
    let told: Vec<String> = layer.report.warnings.iter().map(ToString::to_string).collect();
    assert!(told.iter().any(|line| line.starts_with("1 records are marked as deleted")), "{told:?}");
}

fn fault(own: &[(&str, &[u8])]) -> Error {
    let folder = tempfile::tempdir().unwrap();
    files(folder.path(), own);
    read(&Source::file(folder.path()), &Schema::default(), &ReadOptions::default()).unwrap_err()
}

#[test]
fn files_that_lie_are_named_with_the_record() {
    let (shapes, table) = parcels();
    let with = |at: usize, bytes: &[u8]| {
        let mut shapes = shapes.clone();
        shapes[at..at + bytes.len()].copy_from_slice(bytes);
        fault(&[("a.shp", &shapes), ("a.dbf", &table)]).to_string()
    };
    // A billion points, a billion parts, a number out of turn, a length beyond the file, a file that goes on behind its end.
    for (at, bytes, expected) in [
        (
            100 + 8 + 40,
            1_000_000_000i32.to_le_bytes(),
            "a.shp: record 1: it says that it has 1 parts and 1000000000 points",
        ),
        (100 + 8 + 36, i32::MAX.to_le_bytes(), "record 1: it says that it has 2147483647 parts"),
        (100 + 8 + 40, (-1i32).to_le_bytes(), "and -1 points"),
        (100, 7i32.to_be_bytes(), "record 1: it is numbered 7"),
        (104, i32::MAX.to_be_bytes(), "record 1: it says that it is 2147483647 words long"),
        (24, 50i32.to_be_bytes(), "ends after 100 bytes and 0 records, but more follow"),
        (24, 10_000i32.to_be_bytes(), "ends after"),
        (100 + 8 + 44, 9i32.to_le_bytes(), "its parts do not begin one behind the other"),
        (100 + 8, 3i32.to_le_bytes(), "found a shape of type 3 among polygons"),
        (0, 0i32.to_be_bytes(), "holds"),
    ] {
        let found = with(at, &bytes);
        assert!(found.contains(expected) || at == 0, "{found}");
    }
    // Fewer and more rows than shapes.
    let fewer = dbf(0, &[(b"ID", b'C', 4)], &[vec![b"A"], vec![b"B"]]);
    let found = fault(&[("a.shp", &shapes), ("a.dbf", &fewer)]).to_string();
    assert!(found.contains("it has 2 rows, but the .shp has 3 shapes"), "{found}");
    let more = dbf(0, &[(b"ID", b'C', 4)], &[vec![b"A"], vec![b"B"], vec![b"C"], vec![b"D"]]);
    let found = fault(&[("a.shp", &shapes), ("a.dbf", &more)]).to_string();
    assert!(found.contains("it has 4 rows, but the .shp has 3 shapes"), "{found}");
    // A feature with a coordinate that is no number is a fault of that feature.
    let mut broken = shapes.clone();
    broken[100 + 8 + 48..][..8].copy_from_slice(&f64::NAN.to_le_bytes());
    let layer = read(&Source::bytes("a.shp", broken), &Schema::default(), &ReadOptions::default()).unwrap();
    assert_eq!((layer.table.len(), layer.table.rejected[0].at.row), (2, 0));
}

#[test]
fn cut_files_are_errors_and_never_more() {
    let (shapes, table) = parcels();
    let archive = zip(&[("a.shp", &shapes), ("a.dbf", &table), ("a.cpg", b"UTF-8")], true);
    let folder = tempfile::tempdir().unwrap();
    let read = |source: &Source| read(source, &Schema::default(), &ReadOptions::default());
    for end in 0..shapes.len() {
        // What is left of the head is no Shapefile any more.
        files(folder.path(), &[("a.shp", &shapes[..end]), ("a.dbf", &table)]);
        assert!(read(&Source::file(folder.path())).is_err(), "{end}");
    }
    files(folder.path(), &[("a.shp", &shapes)]);
    for end in 0..table.len() {
        files(folder.path(), &[("a.dbf", &table[..end])]);
        // The mark behind the last row says nothing.
        assert_eq!(read(&Source::file(folder.path())).is_ok(), end == table.len() - 1, "{end}");
    }
    for end in 0..archive.len() {
        assert!(read(&Source::bytes("a.zip", &archive[..end])).is_err(), "{end}");
    }
    // Any single byte may be anything.
    for at in 0..shapes.len().max(table.len()).max(archive.len()) {
        for value in [0, 1, 0x7f, 0xff] {
            let with = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = value;
                }
                bytes
            };
            let broken = zip(&[("a.shp", &with(&shapes)), ("a.dbf", &with(&table))], false);
            let _: Result<_, _> = read(&Source::bytes("a.zip", broken));
            let _: Result<_, _> = read(&Source::bytes("a.zip", with(&archive)));
        }
    }
}

#[test]
fn it_must_be_clear_what_to_read() {
    let (shapes, table) = parcels();
    let two = [("a.shp", &shapes[..]), ("a.dbf", &table), ("b.shp", &shapes)];
    let found = fault(&two).to_string();
    assert!(found.contains("the folder holds 2 Shapefiles, expected one: a.shp, b.shp"), "{found}");
    let read = |name: &str, bytes: Vec<u8>| {
        read(&Source::bytes(name, bytes), &Schema::default(), &ReadOptions::default())
            .unwrap_err()
            .to_string()
    };
    let found = read("two.zip", zip(&two, true));
    assert!(found.contains("the archive holds 2 Shapefiles, expected one: a.shp, b.shp"), "{found}");
    let found = read("none.zip", zip(&[("readme.txt", b"")], true));
    assert!(found.contains("holds no Shapefile"), "{found}");
    let found = read("book.xlsx", zip(&[("xl/workbook.xml", b"")], true));
    assert!(found.contains("an Excel workbook") || found.contains("as a workbook"), "{found}");
    let found = read("city.gdb.zip", zip(&[("city.gdb/a00000001.gdbtable", b"")], true));
    assert!(
        found.contains("ogr2ogr -f GeoJSONSeq /vsistdout/ city.gdb.zip LAYER | landuse analyze -"),
        "{found}"
    );
    // A geodatabase is told by what is in it.
    let folder = tempfile::tempdir().unwrap();
    files(folder.path(), &[("a00000001.gdbtable", b"")]);
    for path in [folder.path().to_owned(), folder.path().join("a00000001.gdbtable")] {
        let found = infer(&Source::file(path)).unwrap_err();
        assert!(matches!(found, Error::Geodatabase { .. }), "{found}");
    }
    // What an archive says of a file is checked.
    let mut archive = zip(&[("a.shp", &shapes)], false);
    archive[200] ^= 1;
    assert!(read("a.zip", archive).contains("a.zip"));
}

#[test]
fn a_large_claim_takes_no_memory() {
    let packed = zip(&[("a.shp", &vec![0; 1 << 20])], true);
    let source = Source::bytes("a.zip", packed).max_decompressed_bytes(1 << 10);
    let error = read(&source, &Schema::default(), &ReadOptions::default()).unwrap_err();
    assert!(matches!(error, Error::Decompressed { limit: 1024, .. }), "{error}");
}

#[test]
fn the_hash_is_of_all_files_and_a_change_is_seen() {
    let (shapes, table) = parcels();
    let folder = tempfile::tempdir().unwrap();
    let own = [("a.shp", &shapes[..]), ("a.dbf", &table), ("a.prj", WGS84.as_bytes()), ("a.cpg", b"UTF-8")];
    files(folder.path(), &own);
    let hash = || {
        let source = Source::file(folder.path());
        read(&source, &Schema::default(), &ReadOptions::default()).unwrap().report.hash
    };
    let first = hash();
    assert_eq!(hash(), first);
    for (name, bytes) in own {
        let changed: Vec<u8> = match name {
            "a.shp" => bytes.iter().enumerate().map(|(at, byte)| if at == 113 { 1 } else { *byte }).collect(),
            "a.dbf" => bytes.iter().map(|byte| if *byte == b'A' { b'Z' } else { *byte }).collect(),
            _ => [bytes, b" "].concat(),
        };
        files(folder.path(), &[(name, &changed)]);
        assert_ne!(hash(), first, "{name}");
        files(folder.path(), &[(name, bytes)]);
    }
    // Between reading and writing.
    let source = Source::file(folder.path());
    let layer = read(&source, &infer(&source).unwrap().schema, &ReadOptions::default()).unwrap();
    let mut other = table.clone();
    let at = other.iter().rposition(|&byte| byte == b'C').unwrap();
    other[at] = b'D';
    files(folder.path(), &[("a.dbf", &other)]);
    let text = layer.text.unwrap();
    let written = landuse::io::append_properties(&text, Vec::new(), None, &[], |_, _| {});
    assert!(matches!(written, Err(Error::Changed { .. })), "{written:?}");
}

#[test]
fn the_prj_says_where_or_is_quoted() {
    let at = |x: f64, y: f64, prj: &str| {
        let folder = tempfile::tempdir().unwrap();
        files(
            folder.path(),
            &[("a.shp", &shp(5, &[Some(vec![square(x, y, 100.0)])])), ("a.prj", prj.as_bytes())],
        );
        let loaded = Loader::new(Schema::default()).load(&Source::file(folder.path()));
        loaded.map(|loaded| loaded.set.area_m2()[0])
    };
    let zone = |name: &str, easting: &str| {
        format!(
            r#"PROJCS["{name}",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",{easting}],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#
        )
    };
    let area = at(38_535_941.0, 2_511_383.0, &zone("CGCS2000_3_Degree_GK_Zone_38", "38500000.0")).unwrap();
    assert!((area - 10_000.0).abs() < 1.0, "{area}");
    assert!((at(535_941.0, 2_511_383.0, &zone("x", "500000.0")).unwrap() - area).abs() < 1e-3);
    // Its own meridian has no code and is understood all the same.
    let own = zone("city", "500000.0").replace("114.0", "114.3");
    assert!((at(535_941.0, 2_511_383.0, &own).unwrap() - area).abs() < 1.0);
    let refused =
        at(535_941.0, 2_511_383.0, r#"PROJCS["Shenzhen_1990",UNIT["Meter",1.0]]"#).unwrap_err().to_string();
    assert!(refused.contains("Shenzhen_1990") && refused.contains("say which system"), "{refused}");
    let refused = at(535_941.0, 2_511_383.0, "").unwrap_err().to_string();
    assert!(refused.contains("say which system"), "{refused}");
}

#[test]
fn files_of_other_projects_are_read_or_refused_in_words() {
    let mut seen = 0;
    for folder in ["formats/shapefile", "formats/shapefile-countries"] {
        let Ok(list) = data(folder).read_dir() else {
            println!("skipped: no {folder} in the data folder (set LANDUSE_DATA)");
            continue;
        };
        for path in
            list.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|e| e == "shp"))
        {
            seen += 1;
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let source = Source::file(&path);
            let found =
                infer(&source).and_then(|found| read(&source, &found.schema, &ReadOptions::default()));
            match (&*name, found) {
                ("multipatch.shp", found) => assert!(found.unwrap_err().to_string().contains("MultiPatch")),
                (name, Err(error)) => panic!("{name}: {error}"),
                ("countries.shp", Ok(layer)) => {
                    assert_eq!((layer.table.len(), layer.report.features), (179, 179));
                    assert_eq!(layer.report.crs_member.as_deref(), Some("EPSG:4326"));
                }
                (name, Ok(layer)) => {
                    let polygons = name.contains("polygon");
                    assert_eq!(polygons, !layer.table.is_empty(), "{name}");
                    assert_eq!(
                        layer.report.features,
                        (layer.table.len() + layer.table.rejected.len()) as u64
                    );
                    assert!(layer.report.features > 0, "{name}");
                }
            }
            if name == "file_cp936.shp" {
                let settled: Vec<String> =
                    source.settled().unwrap().iter().map(ToString::to_string).collect();
                assert!(settled[1].starts_with("encoding: GBK (the .cpg says"), "{settled:?}");
            }
        }
    }
    assert!(seen == 0 || seen >= 14, "{seen}");
}
