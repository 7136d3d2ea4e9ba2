//! Forms that the command writes with every feature on.

use std::fs;

use super::{analyze, landuse, status, stderr, summary};

#[test]
fn files_of_columns_and_a_workbook_are_written_and_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let [first, again] = ["first", "again"].map(|name| folder.path().join(name));
    let few = ["--permutations", "9", "--no-map"];
    let written = analyze(&first, &[&few[..], &["--format", "geoparquet,xlsx", "--lang", "zh"]].concat());
    assert_eq!(status(&written), 0, "{}", stderr(&written));
    let mut names: Vec<String> = fs::read_dir(&first)
        .unwrap()
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let expected = [
        "clusters.parquet",
        "control_lines.parquet",
        "districts.parquet",
        "encroachments.parquet",
        "inside_lines.parquet",
        "intensity.parquet",
        "landuse.xlsx",
        "manifest.json",
        "parcels.parquet",
        "summary.json",
    ];
    assert_eq!(names, expected);
    let file = |name: &str| first.join(name).display().to_string();
    let [parcels, lines, districts] =
        ["parcels", "control_lines", "districts"].map(|name| file(&format!("{name}.parquet")));
    let out = again.display().to_string();
    let layers = ["--control-lines", &lines, "--districts", &districts, "--out", &out];
    let read = landuse(&[&["analyze", &parcels], &layers[..], &few].concat());
    assert_eq!(status(&read), 0, "{}", stderr(&read));
    let [one, other] = [&first, &again].map(|dir| summary(dir));
    assert_eq!(one["parcels"]["count"], other["parcels"]["count"]);
    let area = |of: &serde_json::Value| of["parcels"]["area_m2"].as_f64().unwrap();
    assert!((area(&one) - area(&other)).abs() < 1.0, "coordinates are rounded to 0.1 mm");
}
