//! `GeoPackages` as layers: what is read of them, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};

use geojson::{FeatureCollection, GeometryValue};
use landuse::efficiency::Rule;
use landuse::intensity::WarningLine;
use landuse::io::schema::Schema;
use landuse::io::{Loader, ReadOptions, ReadReport, Source, Table, infer, read};
use landuse::report::{ColumnKind, OutputLayer, Summary, write_geopackage};
use landuse::{Analysis, Error, Inputs, Options, Parcel, ParcelSet};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::support::data;

/// A `GeoPackage` that is being made.
struct Maker {
    path: PathBuf,
    db: Connection,
}

impl Maker {
    fn new(path: PathBuf) -> Self {
        let db = Connection::open(&path).unwrap();
        db.execute_batch(
            "PRAGMA application_id = 0x47504B47;
             CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT,
                organization_coordsys_id INTEGER, definition TEXT, description TEXT);
             INSERT INTO gpkg_spatial_ref_sys VALUES ('WGS 84', 4326, 'EPSG', 4326, 'undefined', NULL),
                ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', NULL),
                ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', NULL),
                ('CGCS2000 / 114E', 100001, 'EPSG', 4547, 'undefined', NULL),
                ('Our own grid', 100002, 'US', 7, 'undefined', NULL);
             CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT, srs_id INTEGER);
             CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER,
                z TINYINT, m TINYINT);",
        )
        .unwrap();
        Self { path, db }
    }

    /// Adds a layer whose columns are written as in SQL; each row is a geometry and the other values.
    fn layer(&self, name: &str, kind: &str, system: i64, columns: &str, rows: &[(Vec<u8>, Vec<Value>)]) {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        self.db
            .execute_batch(&format!("CREATE TABLE {quoted} (fid INTEGER PRIMARY KEY, geom BLOB, {columns})"))
            .unwrap();
        self.db.execute("INSERT INTO gpkg_contents VALUES (?1, 'features', ?2)", (name, system)).unwrap();
        self.db
            .execute(
                "INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', ?2, ?3, 0, 0)",
                (name, kind, system),
            )
            .unwrap();
        for (geometry, values) in rows {
            let marks = vec!["?"; values.len() + 1].join(", ");
            let geometry = if geometry.is_empty() { Value::Null } else { Value::Blob(geometry.clone()) };
            let values: Vec<Value> = std::iter::once(geometry).chain(values.iter().cloned()).collect();
            let insert = format!("INSERT INTO {quoted} VALUES (NULL, {marks})");
            self.db.execute(&insert, rusqlite::params_from_iter(values)).unwrap();
        }
    }

    fn close(self) -> PathBuf {
        self.db.close().unwrap();
        self.path
    }
}

fn whole(count: usize) -> [u8; 4] {
    (count as u32).to_le_bytes()
}

fn polygon(rings: &[Vec<[f64; 2]>]) -> Vec<u8> {
    let mut wkb = [&[1][..], &whole(3), &whole(rings.len())].concat();
    for ring in rings {
        wkb.extend(whole(ring.len()));
        wkb.extend(ring.iter().flatten().flat_map(|x| x.to_le_bytes()));
    }
    wkb
}

/// Well-known binary as the value of a geometry, without an envelope.
fn blob(wkb: &[u8]) -> Vec<u8> {
    [&b"GP\0\x01"[..], &4326_i32.to_le_bytes(), wkb].concat()
}

fn square(x: f64, y: f64, side: f64) -> Vec<u8> {
    let ring = vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]];
    blob(&polygon(&[ring]))
}

fn shape(value: &GeometryValue) -> Vec<u8> {
    let rings = |rings: &geojson::PolygonType| -> Vec<Vec<[f64; 2]>> {
        rings.iter().map(|ring| ring.iter().map(|at| [at[0], at[1]]).collect()).collect()
    };
    match value {
        GeometryValue::Polygon { coordinates } => polygon(&rings(coordinates)),
        GeometryValue::MultiPolygon { coordinates } => {
            let head = [&[1][..], &whole(6), &whole(coordinates.len())].concat();
            coordinates.iter().fold(head, |wkb, part| [wkb, polygon(&rings(part))].concat())
        }
        other => panic!("{other:?}"),
    }
}

/// A layer of the city as one of a `GeoPackage`.
fn add_city(maker: &Maker, name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("data/city/{name}.geojson"));
    let features = fs::read_to_string(path).unwrap().parse::<FeatureCollection>().unwrap().features;
    let mut columns: Vec<String> = Vec::new();
    for feature in &features {
        for (key, _) in feature.properties_iter() {
            if !columns.contains(key) {
                columns.push(key.clone());
            }
        }
    }
    let rows: Vec<(Vec<u8>, Vec<Value>)> = features
        .iter()
        .map(|feature| {
            let values = columns.iter().map(|column| match feature.property(column) {
                None | Some(serde_json::Value::Null) => Value::Null,
                Some(serde_json::Value::Number(x)) if x.is_i64() => Value::Integer(x.as_i64().unwrap()),
                Some(serde_json::Value::Number(x)) => Value::Real(x.as_f64().unwrap()),
                Some(serde_json::Value::Bool(flag)) => Value::Integer(i64::from(*flag)),
                Some(other) => Value::Text(other.as_str().unwrap().into()),
            });
            let geometry =
                feature.geometry.as_ref().map_or_else(Vec::new, |geometry| blob(&shape(&geometry.value)));
            (geometry, values.collect())
        })
        .collect();
    let columns: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    maker.layer(name, "MULTIPOLYGON", 4326, &columns.join(", "), &rows);
}

fn in_folder(file: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    (folder, path)
}

fn load(source: &Source) -> Result<landuse::io::Loaded, Error> {
    Loader::new(infer(source)?.schema).load(source)
}

fn report(source: &Source) -> Result<ReadReport, Error> {
    Ok(read(source, &Schema::default(), &ReadOptions::default())?.report)
}

#[test]
fn figures_are_those_of_the_same_layers_as_geojson() {
    let (_folder, path) = in_folder("city.gpkg");
    let maker = Maker::new(path);
    for name in ["parcels", "control_lines", "districts"] {
        add_city(&maker, name);
    }
    let path = maker.close();
    let summary = |layer: &dyn Fn(&str) -> Source| {
        let inputs = Inputs::open(layer("parcels"))
            .control_lines(layer("control_lines"))
            .districts(layer("districts"))
            .load()
            .unwrap();
        let options = Options::builder().permutations(19).build().unwrap();
        let found = Analysis::new(&inputs, options).run().unwrap();
        let mut written = Vec::new();
        let text = inputs.parcel_text().unwrap();
        landuse::report::write_parcels(&found, text, &mut written, None::<&mut Vec<u8>>).unwrap();
        let written: FeatureCollection = String::from_utf8(written).unwrap().parse().unwrap();
        (Summary::of(&found).to_json(), written.features)
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/city");
    let from_text = summary(&|name| Source::file(folder.join(format!("{name}.geojson"))));
    let from_file = summary(&|name| Source::file(&path).layer(Some(name)));
    let bytes = fs::read(&path).unwrap();
    let from_bytes = summary(&|name| Source::bytes("pipe", bytes.clone()).layer(Some(name)));
    assert_eq!(from_text.0, from_file.0);
    assert_eq!(from_text.0, from_bytes.0);
    for (text, own) in from_text.1.iter().zip(&from_file.1) {
        // A column is there for every row.
        let known = |of: &geojson::Feature| -> Vec<_> {
            let known = of.properties_iter().filter(|(_, value)| !value.is_null());
            known.map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        assert_eq!((known(text), &text.geometry), (known(own), &own.geometry));
    }
}

#[test]
fn values_are_what_their_columns_say() {
    let (_folder, path) = in_folder("typed.gpkg");
    let maker = Maker::new(path);
    let name = "地块 \"2024\"; DROP TABLE x";
    let columns =
        "id TEXT, built BOOLEAN, floors INTEGER, floor_area_m2 REAL, picture BLOB, \"note \"\"q\"\"\" TEXT";
    let note = "line\n\"quoted\" 地块\u{1}";
    let row = |id: &str, at: f64| {
        let values = vec![
            Value::Text(id.into()),
            Value::Integer(1),
            Value::Integer(-3),
            Value::Real(1234.5),
            Value::Blob(vec![0xff]),
            Value::Text(note.into()),
        ];
        (square(at, 22.5, 0.001), values)
    };
    maker.layer(name, "POLYGON", 4326, columns, &[row("a", 114.0), row("b", 114.1)]);
    let source = Source::file(maker.close());
    let table = Table::read(&source).unwrap();
    let cell = |column: &str| table.text(column).and_then(|column| column.get(1)).map(str::to_owned);
    assert_eq!(cell("id").as_deref(), Some("b"));
    assert_eq!(cell("$id").as_deref(), Some("2"));
    assert_eq!(cell("built").as_deref(), Some("true"));
    assert_eq!(cell("floors").as_deref(), Some("-3"));
    assert_eq!(cell("floor_area_m2").as_deref(), Some("1234.5"));
    assert_eq!(cell("picture"), None);
    assert_eq!(cell("note \"q\"").as_deref(), Some(note));
    assert_eq!(cell("fid"), None);
    let settled: Vec<String> = source.settled().unwrap().iter().map(ToString::to_string).collect();
    let expected = [
        "format: GeoPackage, polygon".to_owned(),
        format!("layer: {name}"),
        "crs: EPSG:4326 (the file says `WGS 84`)".to_owned(),
    ];
    assert_eq!(settled, expected);
    assert_eq!(load(&source).unwrap().set.len(), 2);
}

#[test]
fn a_layer_is_named_where_there_are_several() {
    let (_folder, path) = in_folder("several.gpkg");
    let maker = Maker::new(path);
    let row = |x: f64| (square(x, 22.5, 0.001), vec![Value::Text("a".into())]);
    maker.layer("parcels", "POLYGON", 4326, "id TEXT", &[row(114.0)]);
    maker.layer("roads", "LINESTRING", 4326, "id TEXT", &[]);
    maker.db.execute_batch("CREATE TABLE firms (firm TEXT, parcel TEXT)").unwrap();
    maker.db.execute_batch("INSERT INTO firms VALUES ('F1', 'a'), ('F2', NULL)").unwrap();
    maker.db.execute_batch("INSERT INTO gpkg_contents VALUES ('firms', 'attributes', NULL)").unwrap();
    let one = Source::file(&maker.path);
    assert_eq!(report(&one).unwrap().features, 1, "the only one of polygons");
    let firms = Table::read(&Source::file(&maker.path).layer(Some("FIRMS"))).unwrap();
    assert_eq!((firms.len(), firms.text("firm").unwrap().get(1)), (2, Some("F2")));

    maker.layer("zones", "MULTIPOLYGON", 4326, "id TEXT", &[row(114.0), row(114.1)]);
    let path = maker.close();
    let refused = |source: &Source| match report(source) {
        Err(Error::WhichLayer { reason, layers, .. }) => (reason, layers),
        other => panic!("{other:?}"),
    };
    let (reason, layers) = refused(&Source::file(&path));
    assert_eq!(&*reason, "it has 2 layers of polygons, and none is named");
    let listed: Vec<&str> = layers.iter().map(|layer| &**layer).collect();
    assert_eq!(
        listed,
        ["`firms` (a table)", "`parcels` (polygon)", "`roads` (linestring)", "`zones` (multipolygon)"]
    );
    let (reason, _) = refused(&Source::file(&path).layer(Some("zonnes")));
    assert_eq!(&*reason, "there is no layer `zonnes` (is `zones` meant?)");
    assert_eq!(report(&Source::file(&path).layer(Some("zones"))).unwrap().features, 2);
    let text = Source::bytes("parcels.geojson", &b"{}"[..]).layer(Some("zones"));
    let error = report(&text).unwrap_err().to_string();
    assert!(error.contains("only a GeoPackage or a workbook has layers"), "{error}");
}

#[test]
fn the_system_is_that_of_the_file_or_asked_for() {
    let (_folder, path) = in_folder("systems.gpkg");
    let maker = Maker::new(path);
    let metres = (square(500_000.0, 2_500_000.0, 100.0), vec![Value::Text("a".into())]);
    let degrees = (square(114.0, 22.5, 0.001), vec![Value::Text("a".into())]);
    for (name, system, row) in [
        ("known", 100_001, &metres),
        ("plane", -1, &metres),
        ("own", 100_002, &metres),
        ("unlisted", 77, &metres),
        ("angles", 0, &degrees),
    ] {
        maker.layer(name, "POLYGON", system, "id TEXT", std::slice::from_ref(row));
    }
    let path = maker.close();
    let of = |name: &str| Source::file(&path).layer(Some(name));
    let loaded = load(&of("known")).unwrap();
    assert_eq!(loaded.set.plane().source(), "EPSG:4547");
    assert!((loaded.set.area_m2()[0] - 10_000.0).abs() < 5.0, "{}", loaded.set.area_m2()[0]);
    for name in ["plane", "own", "unlisted"] {
        let error = load(&of(name)).map(drop).unwrap_err();
        assert!(matches!(error, Error::Crs(_)), "{error}");
        let asked = Loader::new(Schema::default()).source_crs(Some("EPSG:4547".parse().unwrap()));
        assert!((asked.load(&of(name)).unwrap().set.area_m2()[0] - 10_000.0).abs() < 5.0);
    }
    let angles = load(&of("angles")).unwrap();
    assert_eq!(angles.set.plane().source(), "EPSG:4326");
    assert!(angles.warnings().next().is_some(), "it was taken for WGS 84, and that is said");
}

#[test]
fn a_bad_geometry_costs_its_feature_alone() {
    let (_folder, path) = in_folder("bad.gpkg");
    let maker = Maker::new(path);
    let ring = vec![[114.0, 22.5], [f64::NAN, 22.5], [114.1, 22.6], [114.0, 22.5]];
    let curve = [&[1][..], &whole(10), &whole(1)].concat();
    let many = [&[1][..], &whole(3), &whole(1), &whole(1_000_000_000)].concat();
    let mut extended = square(114.0, 22.5, 0.001);
    extended[3] |= 1 << 5;
    let mut enveloped = square(114.0, 22.5, 0.001);
    enveloped[3] |= 1 << 1;
    enveloped.splice(8..8, [0; 32]);
    let mut empty = square(114.0, 22.5, 0.001);
    empty[3] |= 1 << 4;
    let mut odd = square(114.0, 22.5, 0.001);
    odd[3] |= 7 << 1;
    let deep = [&[1][..], &whole(1003), &whole(1), &whole(4)].concat();
    let corners = [[114.0, 22.5], [114.1, 22.5], [114.1, 22.6], [114.0, 22.5]];
    let corners = corners.iter().flat_map(|&[x, y]| [x, y, 9.0]).flat_map(f64::to_le_bytes);
    let deep: Vec<u8> = deep.into_iter().chain(corners).collect();
    let rows = [
        (square(114.0, 22.5, 0.001), None),
        (blob(&polygon(&[ring])), Some("NaN")),
        (blob(&curve), Some("a CurvePolygon")),
        (blob(&many), Some("1000000000 positions")),
        (b"GP\0\x01".to_vec(), Some("begins with `GP`")),
        (b"POLYGON((0 0))".to_vec(), Some("begins with `GP`")),
        (extended, Some("another program")),
        (empty, Some("")),
        (Vec::new(), Some("")),
        (odd, Some("envelope of the kind 7")),
        (enveloped, None),
        (blob(&deep), None),
    ];
    let stored: Vec<_> =
        rows.iter().map(|(shape, _)| (shape.clone(), vec![Value::Text("a".into())])).collect();
    maker.layer("parcels", "GEOMETRY", 4326, "id TEXT", &stored);
    let source = Source::file(maker.close());
    let layer = read(&source, &infer(&source).unwrap().schema, &ReadOptions::default()).unwrap();
    let mut rejected = layer.table.rejected.iter();
    for (at, (_, reason)) in rows.iter().enumerate() {
        let Some(reason) = reason else { continue };
        let found = rejected.next().unwrap();
        assert_eq!(found.at.row as usize, at);
        assert!(found.reason.contains(reason), "{reason}: {found:?}");
    }
    assert_eq!((layer.table.len(), layer.report.features), (3, 12));
    let warnings: Vec<String> = layer.report.warnings.iter().map(ToString::to_string).collect();
    assert!(warnings.iter().any(|warning| warning.contains("4 ordinates")), "{warnings:?}");
}

/// A small file with two layers.
fn small() -> Vec<u8> {
    let (_folder, path) = in_folder("small.gpkg");
    let maker = Maker::new(path);
    let rows: Vec<_> = (0..40)
        .map(|i| (square(114.0 + f64::from(i) * 0.01, 22.5, 0.001), vec![Value::Text(format!("p{i}"))]))
        .collect();
    maker.layer("parcels", "POLYGON", 4326, "id TEXT", &rows);
    maker.layer("roads", "LINESTRING", 4326, "id TEXT", &[]);
    fs::read(maker.close()).unwrap()
}

#[test]
fn broken_files_are_refused_in_words() {
    let whole = small();
    let (folder, path) = in_folder("broken.gpkg");
    for end in [16, 50, 99, 100, 512, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..end]).unwrap();
        let error = report(&Source::file(&path)).unwrap_err();
        assert!(error.to_string().contains("cut off"), "{end}: {error}");
        assert!(report(&Source::bytes("pipe", &whole[..end])).is_err());
    }
    // Bytes turned at random: an error or features, and an end.
    let mut random = crate::support::Random(7);
    for _ in 0..300 {
        let mut bytes = whole.clone();
        for _ in 0..=random.below(8) {
            let at = 16 + random.below(bytes.len() as u64 - 16) as usize;
            bytes[at] = random.next() as u8;
        }
        let source = Source::bytes("turned", bytes);
        if let Ok(report) = report(&source) {
            assert!(report.features <= 1_000, "{report:?}");
        }
    }
    fs::remove_file(&path).unwrap();
    let db = Connection::open(&path).unwrap();
    db.execute_batch("CREATE TABLE parcels (id TEXT)").unwrap();
    drop(db);
    let error = report(&Source::file(&path)).unwrap_err().to_string();
    assert!(error.contains("without the table `gpkg_contents`"), "{error}");
    fs::remove_file(&path).unwrap();
    let maker = Maker::new(path);
    maker.db.execute_batch("INSERT INTO gpkg_contents VALUES ('gone', 'features', 4326)").unwrap();
    maker
        .db
        .execute_batch("INSERT INTO gpkg_geometry_columns VALUES ('gone', 'geom', 'POLYGON', 4326, 0, 0)")
        .unwrap();
    let error = report(&Source::file(maker.close())).unwrap_err().to_string();
    assert!(error.contains("has no such table"), "{error}");
    drop(folder);
}

#[test]
fn nothing_is_left_beside_the_file() {
    let (folder, path) = in_folder("a b#1?.gpkg");
    fs::write(&path, small()).unwrap();
    // As programs leave it that keep a log of changes.
    Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "wal").unwrap();
    let before = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
    assert_eq!(report(&Source::file(&path)).unwrap().features, 40);
    let bytes = Source::bytes("pipe", before.0.clone());
    assert_eq!(report(&bytes).unwrap().features, 40);
    assert_eq!((fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap()), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    // Changes that stand beside it would be lost in silence.
    let db = Connection::open(&path).unwrap();
    db.execute_batch("DELETE FROM parcels WHERE fid > 5").unwrap();
    let error = report(&Source::file(&path)).unwrap_err().to_string();
    assert!(error.contains("-wal") && error.contains("close the program"), "{error}");
    db.close().unwrap();
    assert_eq!(report(&Source::file(&path)).unwrap().features, 5);
}

#[test]
fn a_file_that_changes_between_two_readings_is_an_error() {
    let (_folder, path) = in_folder("changing.gpkg");
    fs::write(&path, small()).unwrap();
    let inputs = Inputs::open(Source::file(&path)).load().unwrap();
    let mut options = Options::default();
    options.efficiency.score = Some("area_m2".into());
    options.efficiency.low = Some(Rule::worst_share(0.2));
    options.significance.draws = Some(9);
    let found = Analysis::new(&inputs, options).run().unwrap();
    let db = Connection::open(&path).unwrap();
    db.execute_batch("UPDATE parcels SET id = 'q3' WHERE id = 'p3'").unwrap();
    db.close().unwrap();
    let text = inputs.parcel_text().unwrap();
    let written = landuse::report::write_parcels(&found, text, &mut Vec::new(), None::<&mut Vec<u8>>);
    assert!(matches!(written, Err(Error::Changed { .. })), "{written:?}");
}

#[test]
fn rows_of_a_view_are_features() {
    let (_folder, path) = in_folder("view.gpkg");
    fs::write(&path, small()).unwrap();
    let db = Connection::open(&path).unwrap();
    db.execute_batch(
        "CREATE VIEW first AS SELECT id, geom FROM parcels WHERE fid < 4;
         INSERT INTO gpkg_contents VALUES ('first', 'features', 4326);
         INSERT INTO gpkg_geometry_columns VALUES ('first', 'geom', 'POLYGON', 4326, 0, 0);",
    )
    .unwrap();
    db.close().unwrap();
    let loaded = load(&Source::file(&path).layer(Some("first"))).unwrap();
    assert_eq!(loaded.set.len(), 3);
}

#[test]
fn files_of_others_are_read_or_refused_in_words() {
    let folder = data("formats/geopackage");
    let Ok(files) = fs::read_dir(&folder) else {
        println!("skipped: no {} (set LANDUSE_DATA)", folder.display());
        return;
    };
    for (name, kind) in [
        ("curve", "a CompoundCurve"),
        ("curvepolygon", "a CurvePolygon"),
        ("multisurface", "a MultiSurface"),
        ("line_zm", "a LineString"),
    ] {
        let source = Source::file(folder.join(name).with_extension("gpkg"));
        let layer = read(&source, &Schema::default(), &ReadOptions::default()).unwrap();
        assert_eq!((layer.table.len(), layer.report.features), (0, 1), "{name}");
        let reason = &layer.table.rejected[0].reason;
        assert!(reason.starts_with(&format!("the geometry is {kind}")), "{name}: {reason}");
    }
    assert_eq!(files.count(), 4);
}

fn city() -> Inputs {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/city");
    let of = |name: &str| Source::file(folder.join(name).with_extension("geojson"));
    let layers = Inputs::open(of("parcels")).control_lines(of("control_lines"));
    layers.districts(of("districts")).load().unwrap()
}

#[test]
fn what_is_written_holds_what_geojson_holds() {
    let mut options = Options::default();
    options.significance.draws = Some(9);
    options.bands_m = vec![100.0, 500.0];
    options.warning_line = Some(WarningLine { share: 0.4, source: "a test".into() });
    let found = Analysis::new(&city(), options).run().unwrap();
    let (folder, path) = in_folder("landuse.gpkg");
    write_geopackage(&found, &path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing beside it");
    let db = Connection::open(&path).unwrap();
    let one = |query: &str| db.query_row(query, [], |row| row.get::<_, Value>(0)).unwrap();
    assert_eq!(one("PRAGMA integrity_check"), Value::Text("ok".into()));
    let mut broken_keys = db.prepare("PRAGMA foreign_key_check").unwrap();
    assert!(broken_keys.query([]).unwrap().next().unwrap().is_none());
    for which in OutputLayer::ALL {
        let layer = found.layer(which);
        assert!(layer.is_available(), "{which:?}");
        let name = layer.name();
        let features = layer.to_geojson().unwrap().features;
        let rows = Value::Integer(i64::try_from(layer.len()).unwrap());
        assert_eq!(one(&format!("SELECT count(*) FROM {name}")), rows);
        assert_eq!(
            one(&format!("SELECT feature_count FROM gpkg_ogr_contents WHERE table_name = '{name}'")),
            rows
        );
        let source = Source::file(&path).layer(Some(name));
        let mut of_geojson =
            FeatureCollection { bbox: None, features: features.clone(), foreign_members: None };
        // Of what it wrote the reader makes the features that were written.
        let table = Table::read(&source).unwrap();
        for column in layer.columns() {
            let Some(cells) = table.text(&column.name) else {
                assert!(layer.is_empty() || features.iter().all(|row| row.property(&column.name).is_none()));
                continue;
            };
            let meaning = format!(
                "SELECT description FROM gpkg_data_columns WHERE table_name = '{name}' AND column_name = '{}'",
                column.name
            );
            let Value::Text(meaning) = one(&meaning) else { panic!("{name}: {}", column.name) };
            assert!(meaning.starts_with(column.meaning), "{meaning}");
            for (row, feature) in features.iter().enumerate() {
                let expected = match feature.property(&column.name) {
                    None | Some(serde_json::Value::Null) => None,
                    Some(serde_json::Value::String(text)) if text.is_empty() => None,
                    Some(serde_json::Value::String(text)) => Some(text.clone()),
                    Some(serde_json::Value::Number(x)) => Some(x.as_f64().unwrap().to_string()),
                    Some(other) => Some(other.to_string()),
                };
                // Carried columns are a list in GeoJSON.
                if feature.contains_property(&column.name) && column.kind != ColumnKind::Nested {
                    assert_eq!(cells.get(row), expected.as_deref(), "{name}, {row}: {}", column.name);
                }
            }
        }
        if !layer.has_geometry() {
            continue;
        }
        assert_eq!(one(&format!("SELECT rtreecheck('rtree_{name}_geom')")), Value::Text("ok".into()));
        let boxes = one(&format!("SELECT count(*) FROM rtree_{name}_geom"));
        assert_eq!(boxes, rows, "{name}");
        of_geojson.features.iter_mut().for_each(|feature| feature.properties = None);
        let read_again = |source: &Source| {
            read(source, &Schema::default(), &ReadOptions::default()).unwrap().table.geometry
        };
        assert_eq!(read_again(&source), read_again(&Source::collection("layer", &of_geojson)), "{name}");
        let style =
            format!("SELECT styleQML FROM layer_styles WHERE f_table_name = '{name}' AND useAsDefault");
        let Value::Text(style) = one(&style) else { panic!("{name}") };
        let column = style.split("attr=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(layer.columns().iter().any(|own| own.name == column), "{name}: {column}");
    }
    // Written again it has the same bytes, and never over a file.
    let (_other_folder, other) = in_folder("landuse.gpkg");
    write_geopackage(&found, &other).unwrap();
    assert!(fs::read(&path).unwrap() == fs::read(&other).unwrap());
    let again = write_geopackage(&found, &other);
    assert!(matches!(again, Err(Error::Io { .. })), "{again:?}");
    let nowhere = write_geopackage(&found, folder.path().join("none/landuse.gpkg"));
    assert!(matches!(nowhere, Err(Error::Io { .. })), "{nowhere:?}");
}

#[test]
fn odd_names_and_places_are_written() {
    let parcel = |id: &str, x: f64| {
        let square = geo::Rect::new(geo::coord! { x: x, y: 0.0 }, geo::coord! { x: x + 90.0, y: 90.0 });
        Parcel::new(id, square.to_polygon())
            .number("Score", 1.0)
            .number("score", x)
            .number("fid", 7.0)
            .text("a \"b\" & <c>", "\u{1}'地块'")
    };
    let inputs = Inputs::open(ParcelSet::local([parcel("a", 0.0), parcel("b", 100.0)])).load().unwrap();
    let mut options = Options::default();
    options.efficiency.score = Some("score".into());
    options.significance.draws = Some(9);
    let found = Analysis::new(&inputs, options).run().unwrap();
    let (_folder, path) = in_folder("local.gpkg");
    write_geopackage(&found, &path).unwrap();
    let db = Connection::open(&path).unwrap();
    let system =
        db.query_row("SELECT srs_id FROM gpkg_contents WHERE table_name = 'parcels'", [], |row| row.get(0));
    assert_eq!(system, Ok(-1), "metres of no known place");
    let table = Table::read(&Source::file(&path).layer(Some("parcels"))).unwrap();
    let sum = |name: &str| {
        let column = table.numbers(name).unwrap();
        column.get(0).unwrap() + column.get(1).unwrap()
    };
    let two = [sum("Score"), sum("score_2")];
    assert!(two == [2.0, 100.0] || two == [100.0, 2.0], "{two:?}");
    assert_eq!(sum("fid_2"), 14.0);
    assert_eq!(table.text("a \"b\" & <c>").unwrap().get(0), Some("\u{1}'地块'"));
}
