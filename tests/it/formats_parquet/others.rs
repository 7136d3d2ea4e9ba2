//! Files that others made to test with: each is read, or refused in words.

use std::fs;

use landuse::io::schema::Schema;
use landuse::io::{Loader, ReadOptions, Source, infer, read};

use crate::support::data;

#[test]
fn files_of_the_format_s_own_tests_are_read() {
    let folder = data("formats/geoparquet");
    let Ok(files) = fs::read_dir(&folder) else {
        println!("skipped: no {}", folder.display());
        return;
    };
    let mut count = 0;
    for path in files.map(|file| file.unwrap().path()) {
        if path.extension().is_none_or(|ending| ending != "parquet") {
            continue;
        }
        count += 1;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let source = Source::file(&path);
        let layer = read(&source, &infer(&source).unwrap().schema, &ReadOptions::default()).unwrap();
        let (taken, rejected) = (layer.table.len(), layer.table.rejected.len());
        if name.contains("polygon-") {
            // The same in well-known text; its empty and null geometries are put aside.
            let text =
                fs::read_to_string(folder.join(name.replace("encoding_wkb.parquet", "wkt.csv"))).unwrap();
            let known = text.lines().skip(1).filter(|line| line.contains("((")).count();
            assert_eq!(taken, known, "{name}");
            assert_eq!((taken + rejected) as u64, layer.report.features);
        } else if name == "example.parquet" {
            assert_eq!((taken, rejected), (5, 0));
            assert_eq!(layer.report.crs_member.as_deref(), Some("urn:ogc:def:crs:OGC:1.3:CRS84"));
        } else {
            assert_eq!(taken, 0, "{name}");
            assert!(
                layer.table.rejected.iter().all(|one| one.reason.contains("expected a Polygon")),
                "{name}"
            );
        }
    }
    assert_eq!(count, 7);
}

#[test]
fn geoarrow_in_every_dress_is_one_layer() {
    let folder = data("formats/geoarrow");
    let Ok(files) = fs::read_dir(&folder) else {
        println!("skipped: no {}", folder.display());
        return;
    };
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let mut shapes: Vec<(String, landuse::geometry::MultiPolygonArray)> = Vec::new();
    let mut systems = Vec::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending != "fgb")) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let source = Source::file(path);
        let layer = read(&source, &infer(&source).unwrap().schema, &ReadOptions::default()).unwrap();
        assert!(!layer.table.is_empty(), "{name}");
        if name.starts_with("example-crs") {
            systems.push((name, layer.report.crs_member));
            continue;
        }
        // `example_polygon-z_wkb` and `example_polygon-z` hold the same.
        let kind = name.trim_start_matches("example_").split('_').next().unwrap().to_owned();
        match shapes.iter().find(|(other, _)| *other == kind) {
            Some((_, known)) => assert_eq!(&layer.table.geometry, known, "{name}"),
            None => shapes.push((kind, layer.table.geometry)),
        }
        let dropped = layer.report.warnings.iter().any(|warning| warning.to_string().contains("ordinates"));
        assert_eq!(dropped, name.contains("-z"), "{name}");
    }
    assert_eq!(shapes.len(), 4);
    let crs84 = Some("urn:ogc:def:crs:OGC:1.3:CRS84".to_owned());
    assert_eq!(systems.len(), 11);
    for (name, system) in &systems {
        assert_eq!(*system, crs84, "{name}");
    }
    let vermont = Source::file(folder.join("example-crs_vermont-4326_geo.parquet"));
    let loaded = Loader::new(Schema::default()).load(&vermont).unwrap();
    // Vermont has 24,906 km² (U.S. Census Bureau); its outline here is coarse.
    let area_km2 = loaded.set.area_m2().iter().sum::<f64>() / 1e6;
    assert!((24_000.0..26_000.0).contains(&area_km2), "{area_km2}");
}
