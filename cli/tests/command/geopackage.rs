//! `GeoPackage` in and out.

use std::fs;

use super::{analyze, city, landuse, status, stderr, summary};

#[test]
fn a_written_package_is_read_by_the_names_of_its_layers() {
    let folder = tempfile::tempdir().unwrap();
    let [both, alone, again] = ["both", "alone", "again"].map(|name| folder.path().join(name));
    let few = ["--permutations", "9"];
    let written = analyze(&both, &[&few[..], &["--format", "geojson,gpkg"]].concat());
    assert_eq!(status(&written), 0, "{}", stderr(&written));
    let written = analyze(&alone, &[&few[..], &["--format", "gpkg"]].concat());
    assert_eq!(status(&written), 0, "{}", stderr(&written));
    let package = fs::read(both.join("landuse.gpkg")).unwrap();
    assert!(package == fs::read(alone.join("landuse.gpkg")).unwrap());
    let mut names: Vec<String> = fs::read_dir(&alone)
        .unwrap()
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["landuse.gpkg", "manifest.json", "summary.json"]);

    let file = alone.join("landuse.gpkg").display().to_string();
    let out = again.display().to_string();
    let [lines, districts] = ["control_lines", "districts"].map(|layer| format!("{file}#{layer}"));
    let layers = ["--control-lines", &lines, "--districts", &districts, "--out", &out, "--no-map"];
    let unnamed = landuse(&[&["analyze", &file], &layers[..]].concat());
    assert_eq!(status(&unnamed), 1);
    assert!(stderr(&unnamed).contains("`parcels` (multipolygon)"), "{}", stderr(&unnamed));
    let named = landuse(&[&["analyze", &file, "--layer", "parcels"], &layers[..], &few].concat());
    assert_eq!(status(&named), 0, "{}", stderr(&named));
    let [first, second] = [&alone, &again].map(|dir| summary(dir));
    assert_eq!(first["parcels"]["count"], second["parcels"]["count"]);
    let area = |of: &serde_json::Value| of["parcels"]["area_m2"].as_f64().unwrap();
    assert!((area(&first) - area(&second)).abs() < 1.0, "coordinates are rounded to 0.1 mm");
}

#[test]
fn a_package_that_is_read_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let written = analyze(&out, &["--permutations", "9", "--format", "gpkg"]);
    assert_eq!(status(&written), 0, "{}", stderr(&written));
    let parcels = format!("{}#parcels", out.join("landuse.gpkg").display());
    let out = out.display().to_string();
    let refused = landuse(&["analyze", &parcels, "--out", &out, "--overwrite", "--no-map"]);
    assert_eq!(status(&refused), 1);
    assert!(stderr(&refused).contains("it is an input of this run"), "{}", stderr(&refused));
    let text = city("parcels.geojson").display().to_string();
    let refused = landuse(&["check", &text, "--layer", "parcels"]);
    assert!(stderr(&refused).contains("only a GeoPackage or a workbook has layers"), "{}", stderr(&refused));
}
