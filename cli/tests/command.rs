//! The command as a user runs it: what it writes, what it refuses, and with which exit status.

#![expect(clippy::unwrap_used, reason = "a test stops where it does not hold")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn city(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/city").join(file)
}

fn landuse(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_landuse")).args(arguments).output().unwrap()
}

fn fed(arguments: &[&str], text: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_landuse"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn summary(dir: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(dir.join("summary.json")).unwrap()).unwrap()
}

fn analyze(dir: &Path, more: &[&str]) -> Output {
    let [parcels, lines, districts] = ["parcels.geojson", "control_lines.geojson", "districts.geojson"]
        .map(|file| city(file).display().to_string());
    let dir = dir.display().to_string();
    let mut arguments = vec![
        "analyze",
        &parcels,
        "--control-lines",
        &lines,
        "--districts",
        &districts,
        "--out",
        &dir,
        "--no-map",
    ];
    arguments.extend(more);
    landuse(&arguments)
}

#[test]
fn analyze_writes_whole_outputs_and_the_same_ones_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    for (dir, threads) in [(&one, "1"), (&two, "2")] {
        let output = analyze(dir, &["--threads", threads, "--permutations", "999"]);
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert!(String::from_utf8_lossy(&output.stdout).contains("In contiguous sites"));
    }
    for file in
        ["summary.json", "parcels.geojson", "clusters.geojson", "districts.geojson", "inside_lines.geojson"]
    {
        assert_eq!(std::fs::read(one.join(file)).unwrap(), std::fs::read(two.join(file)).unwrap(), "{file}");
    }
    assert!(one.join("manifest.json").exists() && !one.join("map.png").exists());
    let found = summary(&one);
    let figure = |path: &str| found.pointer(path).unwrap().as_f64().unwrap();
    assert_eq!(figure("/parcels/count") + figure("/parcels/rejected"), 1_200.0);
    let parts = ["construction_m2", "other_m2", "unknown_m2", "unparcelled_m2"];
    let sum: f64 = parts.iter().map(|part| figure(&format!("/intensity/{part}"))).sum();
    assert!((sum / figure("/intensity/land_m2") - 1.0).abs() < 1e-9);
    assert_eq!(found["intensity"]["status"], "not_assessed");
    assert!(found["intensity"]["warning_line"].is_null());
}

#[test]
fn earlier_outputs_are_refused_unless_they_may_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    assert_eq!(status(&analyze(&dir, &["--permutations", "99"])), 0);
    let before = std::fs::read(dir.join("summary.json")).unwrap();
    let refused = analyze(&dir, &[]);
    assert_eq!(status(&refused), 1);
    assert!(stderr(&refused).contains("not empty"), "{}", stderr(&refused));
    assert_eq!(std::fs::read(dir.join("summary.json")).unwrap(), before);
    assert_eq!(status(&analyze(&dir, &["--overwrite", "--permutations", "99"])), 0);
    // A run that fails leaves what was there.
    let failed = analyze(&dir, &["--overwrite", "--score", "no_such_column"]);
    assert_eq!(status(&failed), 1);
    assert!(stderr(&failed).contains("no_such_column"), "{}", stderr(&failed));
    assert_eq!(std::fs::read(dir.join("summary.json")).unwrap(), before);
}

#[test]
fn bad_input_is_refused_in_words_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out").display().to_string();
    let directory = folder.path().display().to_string();
    let truncated = r#"{"type": "FeatureCollection", "features": [{"type": "Feature""#;
    for (output, expected) in [
        (landuse(&["analyze", &directory, "--out", &out]), directory.as_str()),
        (landuse(&["analyze", "no-such-file.geojson", "--out", &out]), "no-such-file.geojson"),
        (fed(&["analyze", "-", "--out", &out], truncated), "standard input"),
        (fed(&["analyze", "-", "--out", &out], r#"{"type": "Topology"}"#), "standard input"),
    ] {
        assert_eq!(status(&output), 1);
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
        assert!(!Path::new(&out).join("summary.json").exists());
    }
    assert_eq!(status(&landuse(&["analyze"])), 2);
    assert_eq!(status(&landuse(&["analyze", "x", "--out", &out, "--gap", "wide"])), 2);
}

#[test]
fn no_parcels_are_a_valid_city() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let empty = r#"{"type": "FeatureCollection", "features": []}"#;
    let output = fed(&["analyze", "-", "--out", &dir.display().to_string(), "--no-map"], empty);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let found = summary(&dir);
    assert_eq!(found["parcels"]["count"], 0);
    assert!(found["intensity"]["gross"].is_null());
}

#[test]
fn check_tells_what_is_wrong_and_by_its_status_whether_anything_is() {
    let output = landuse(&["check", &city("parcels.geojson").display().to_string()]);
    assert_eq!(status(&output), 1);
    assert!(String::from_utf8_lossy(&output.stdout).contains("Repaired: 1"));
    let square = r#"{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates":
        [[[114.05, 22.54], [114.06, 22.54], [114.06, 22.55], [114.05, 22.55], [114.05, 22.54]]]}}"#;
    assert_eq!(status(&fed(&["check", "-"], square)), 0);
}

#[test]
fn a_dry_run_prints_a_schema_that_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let parcels = city("parcels.geojson").display().to_string();
    let output = landuse(&["analyze", &parcels, "--dry-run"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let schema = folder.path().join("schema.toml");
    std::fs::write(&schema, &output.stdout).unwrap();
    let dir = folder.path().join("out").display().to_string();
    let schema = schema.display().to_string();
    let output = landuse(&[
        "analyze",
        &parcels,
        "--schema",
        &schema,
        "--out",
        &dir,
        "--no-map",
        "--permutations",
        "99",
    ]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

#[test]
fn generate_makes_the_city_of_the_repository() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().display().to_string();
    let output = landuse(&["generate", "--parcels", "1200", "--seed", "7", "--out", &dir]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    for file in
        ["parcels.geojson", "control_lines.geojson", "districts.geojson", "water.geojson", "truth.json"]
    {
        let made = std::fs::read(folder.path().join(file)).unwrap();
        assert_eq!(made, std::fs::read(city(file)).unwrap(), "{file}");
    }
}
