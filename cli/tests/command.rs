//! The command as a user runs it: what it writes, what it refuses, and with which exit status.

#![expect(clippy::unwrap_used, reason = "a test stops where it does not hold")]

#[path = "command/folder.rs"]
mod folder;
#[cfg(all(feature = "parquet", feature = "xlsx"))]
#[path = "command/full.rs"]
mod full;
#[cfg(feature = "gpkg")]
#[path = "command/geopackage.rs"]
mod geopackage;
#[cfg(feature = "map")]
#[path = "command/guide.rs"]
mod guide;
#[path = "command/page.rs"]
mod page;
#[path = "command/redevelop.rs"]
mod redevelop;

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
    draw(dir, &[&["--no-map"], more].concat())
}

/// As [`analyze`], with pictures.
fn draw(dir: &Path, more: &[&str]) -> Output {
    let [parcels, lines, districts] = ["parcels.geojson", "control_lines.geojson", "districts.geojson"]
        .map(|file| city(file).display().to_string());
    let dir = dir.display().to_string();
    let mut arguments =
        vec!["analyze", &parcels, "--control-lines", &lines, "--districts", &districts, "--out", &dir];
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
    assert_eq!(figure("/parcels/records") + figure("/parcels/rejected"), 1_200.0);
    let parts = ["construction_m2", "other_m2", "unknown_m2", "unparcelled_m2"];
    let sum: f64 = parts.iter().map(|part| figure(&format!("/intensity/{part}"))).sum();
    assert!((sum / figure("/intensity/land_m2") - 1.0).abs() < 1e-9);
    assert_eq!(found["intensity"]["status"], "not_assessed");
    assert!(found["intensity"]["warning_line"].is_null());
}

/// A file without positions in the input: what follows `"row":`, and the fourth column of `withdrawals.csv`.
fn without_rows(name: &str, text: &str) -> String {
    if name == "withdrawals.csv" {
        let without = |line: &str| {
            let mut fields: Vec<&str> = line.split(',').collect();
            fields.remove(3);
            fields.join(",")
        };
        return text.lines().map(without).collect::<Vec<_>>().join("\n");
    }
    let mut parts = text.split("\"row\":");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Everything an analysis can be asked for, on other numbers of threads and with the features of all layers in another order:
/// the same bytes, but for what stands in the order of the input.
#[test]
fn no_figure_depends_on_threads_or_on_the_order_of_features() {
    let folder = tempfile::tempdir().unwrap();
    let layers = ["parcels.geojson", "control_lines.geojson", "districts.geojson", "water.geojson"];
    for name in layers {
        let text = std::fs::read_to_string(city(name)).unwrap();
        let mut collection: serde_json::Value = serde_json::from_str(&text).unwrap();
        let features = collection["features"].as_array_mut().unwrap();
        // Far from the order of the file and from its reverse.
        features.sort_by_cached_key(|feature| {
            let text = feature.to_string();
            text.bytes().fold(7_u64, |hash, byte| hash.wrapping_mul(0x0100_0000_01B3) ^ u64::from(byte))
        });
        std::fs::write(folder.path().join(name), collection.to_string()).unwrap();
    }
    let asked: [&[&str]; 3] = [
        &["--bands", "50,100,400", "--sensitivity", "--density", "15,5000", "--growth", "0.02", "--gal"],
        &["--units", "hex:300", "--regions", "10000,800", "--adjacency", "edge"],
        &[
            "--units",
            "grid:400",
            "--warning-line",
            "0.3",
            "--warning-source",
            "a test",
            "--adjacency",
            "knn:6",
            "--permutations",
            "99",
        ],
    ];
    for (number, more) in asked.into_iter().enumerate() {
        let run = |name: &str, threads: &str, from: &dyn Fn(&str) -> PathBuf| -> PathBuf {
            let dir = folder.path().join(format!("{name}-{number}"));
            let [parcels, lines, districts, water] = layers.map(|layer| from(layer).display().to_string());
            let out = dir.display().to_string();
            let mut arguments =
                vec!["analyze", &parcels, "--control-lines", &lines, "--districts", &districts];
            arguments.extend(["--unsuitable", &water, "--no-map", "--threads", threads, "--out", &out]);
            arguments.extend(more);
            let output = landuse(&arguments);
            assert_eq!(status(&output), 0, "{}", stderr(&output));
            dir
        };
        let first = run("one", "1", &city);
        let others = [run("three", "3", &city), run("shuffled", "2", &|name: &str| folder.path().join(name))];
        let mut compared = 0;
        for entry in std::fs::read_dir(&first).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            for (other, shuffled) in others.iter().zip([false, true]) {
                // Stand in the order of the input.
                let ordered = ["parcels.geojson", "rejected.geojson", "neighbours.gal"].contains(&&*name);
                if name != "manifest.json" && !(shuffled && ordered) {
                    let [a, b] = [&first, other].map(|dir| {
                        let text = std::fs::read_to_string(dir.join(&name)).unwrap();
                        if shuffled { without_rows(&name, &text) } else { text }
                    });
                    assert!(a == b, "{name} of {more:?} in {}", other.display());
                    compared += 1;
                }
            }
        }
        assert!(compared >= 10, "{compared} files of {more:?}");
    }
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
fn an_output_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "not a folder").unwrap();
    // Below a regular file, and the file itself: permissions would not stop the superuser, these do.
    for dir in [file.join("out"), file.clone()] {
        let output = analyze(&dir, &["--permutations", "99"]);
        assert_eq!(status(&output), 1);
        assert!(stderr(&output).contains(&dir.display().to_string()), "{}", stderr(&output));
    }
    assert_eq!(std::fs::read(&file).unwrap(), b"not a folder");
    if Path::new("/proc/self").exists() {
        // A file system in which nobody can make a folder.
        let output = analyze(Path::new("/proc/landuse-out"), &["--permutations", "99"]);
        assert_eq!(status(&output), 1);
        assert!(stderr(&output).contains("/proc/landuse-out"), "{}", stderr(&output));
    } else {
        println!("skipped: there is no /proc here");
    }
}

#[test]
fn a_file_that_may_not_grow_leaves_no_output_behind() {
    // The limit of the shell makes every write behind the first blocks fail, as a full disk does; the signal that goes with it
    // is ignored, so that the write itself fails.
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let parcels = city("parcels.geojson").display().to_string();
    let out = dir.display().to_string();
    let run = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_landuse"), "analyze", &parcels, "--out", &out, "--no-map"])
        .args(["--permutations", "99"])
        .output();
    let Ok(output) = run else {
        println!("skipped: there is no bash here");
        return;
    };
    assert_eq!(status(&output), 1, "{}", stderr(&output));
    let grown = dir.join("parcels.geojson").display().to_string();
    assert!(stderr(&output).contains(&grown), "{}", stderr(&output));
    assert!(!dir.exists(), "the folder was made by the run that failed");
}

#[test]
fn no_parcels_are_an_error_and_not_a_city_of_noughts() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let out = dir.display().to_string();
    let empty = r#"{"type": "FeatureCollection", "features": []}"#;
    let file = folder.path().join("empty.geojson").display().to_string();
    std::fs::write(&file, empty).unwrap();
    let parcels = city("parcels.geojson").display().to_string();
    for arguments in [
        vec!["analyze", &file, "--out", &out, "--no-map"],
        vec!["check", &file],
        vec!["audit", &file, &parcels, "--out", &out],
        vec!["audit", &parcels, &file, "--out", &out],
    ] {
        let output = landuse(&arguments);
        assert_eq!(status(&output), 1, "{arguments:?}");
        assert!(stderr(&output).contains("holds no feature, expected parcels"), "{}", stderr(&output));
        assert!(!dir.exists());
    }
}

/// A run is repeated from its manifest in the same plane, whatever became of the parcels.
#[test]
fn the_plane_of_a_run_stands_in_its_manifest() {
    let folder = tempfile::tempdir().unwrap();
    let text = |lons: &[f64]| {
        let feature = |lon: &f64| {
            let east = lon + 0.001;
            format!(
                r#"{{"type":"Feature","properties":{{}},"geometry":{{"type":"Polygon","coordinates":[[[{lon},22.7],[{east},22.7],[{east},22.701],[{lon},22.7]]]}}}}"#
            )
        };
        let features: Vec<String> = lons.iter().map(feature).collect();
        format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
    };
    let run = |name: &str, lons: &[f64], more: &[&str]| {
        let dir = folder.path().join(name);
        let out = dir.display().to_string();
        let output = fed(&[&["analyze", "-", "--out", &out, "--no-map"], more].concat(), &text(lons));
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        summary(&dir)["crs"]["working"].as_str().unwrap().to_owned()
    };
    assert_eq!(run("first", &[114.3, 114.3012], &[]), "LAEA lat_0=22.7 lon_0=114.3");
    let manifest = folder.path().join("first/manifest.json").display().to_string();
    let again = run("again", &[114.3, 114.9], &["--options", &manifest]);
    assert_eq!(again, "LAEA lat_0=22.7 lon_0=114.3");
    assert_eq!(run("other", &[114.3, 114.9], &[]), "LAEA lat_0=22.7 lon_0=114.6");
    assert_eq!(run("named", &[114.3], &["--crs", "laea:22.65,114"]), "LAEA lat_0=22.65 lon_0=114");
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
fn a_schema_is_made_of_a_file_and_the_next_command_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let parcels = city("parcels.geojson").display().to_string();
    let [schema, dir] = ["my schema.toml", "out"].map(|name| folder.path().join(name).display().to_string());
    let output = landuse(&["schema", &parcels, "--out", &schema]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in ["1,200 features", "Codes of current_use: mnr:2023", "No property says", "Next\n"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    let next = words.lines().last().unwrap().trim().to_owned();
    assert_eq!(next, format!("landuse analyze {parcels} --schema '{schema}' --out out"));
    let again = landuse(&["schema", &parcels, "--out", &schema]);
    assert_eq!(status(&again), 1, "a file that is there is not replaced");
    assert_eq!(status(&landuse(&["schema", &parcels, "--out", &schema, "--overwrite"])), 0);
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
    // Without a file the same schema is printed.
    let printed = landuse(&["schema", &parcels]);
    assert_eq!(printed.stdout, std::fs::read(&schema).unwrap());
    assert_eq!(landuse(&["analyze", &parcels, "--dry-run"]).stdout, printed.stdout);
}

/// What a stranger types wrong ends with what to type next.
#[test]
fn faults_of_a_schema_and_of_names_end_with_the_next_command() {
    let folder = tempfile::tempdir().unwrap();
    let parcels = city("parcels.geojson").display().to_string();
    let [schema, dir] = ["schema.toml", "out"].map(|name| folder.path().join(name).display().to_string());
    let next = format!("next: `landuse schema {parcels}");
    for (text, part) in [
        ("target = 'parcel_id'", "(`id`?)"),
        ("target = 'current_use'", "expected one of mnr:2023"),
        ("target = 'current_use'\nscheme = 'ma'", "expected one of mnr:2023"),
    ] {
        std::fs::write(&schema, format!("[[field]]\nproperty = 'id'\n{text}\n")).unwrap();
        let output = landuse(&["analyze", &parcels, "--schema", &schema, "--out", &dir]);
        let said = stderr(&output);
        assert!(status(&output) == 1 && said.contains(part) && said.contains(&next), "{said}");
    }
    let output = landuse(&["analyze", &parcels, "--where", "owners == 'a'", "--out", &dir]);
    let said = stderr(&output);
    assert!(said.contains("(`owner`?)") && said.contains(&next), "{said}");
}

#[test]
fn rules_say_what_a_pack_needs() {
    let said = |arguments: &[&str]| {
        let output = landuse(arguments);
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let list = said(&["rules"]);
    for name in ["huangyan-2021", "huangyan-2022", "linhai-2014", "shenzhen_basic_ecological"] {
        assert!(list.contains(name) && said(&["rules", name]).len() > 300, "{name}");
    }
    let one = said(&["rules", "linhai-2014"]);
    for part in ["Columns it needs", "land_mu", "group 3_mu_and_above", "10k yuan/mu", "no grades"] {
        assert!(one.contains(part), "{part}: {one}");
    }
    let data = |name: &str| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/rules").join(name).display().to_string()
    };
    assert!(said(&["rules", &data("template.toml")]).contains("at best C"));
    let unknown = landuse(&["rules", "linhai"]);
    assert!(status(&unknown) == 1 && stderr(&unknown).contains("next: `landuse rules`"));
    // What a pack misses ends with the command that lists what it needs.
    let folder = tempfile::tempdir().unwrap();
    let [table, out] = ["firms.csv", "out"].map(|name| folder.path().join(name).display().to_string());
    std::fs::write(&table, "firm,land_mu,tax\nA,3,10\n").unwrap();
    let output = landuse(&["appraise", &table, "--rules", "linhai-2014", "--out", &out]);
    let words = stderr(&output);
    assert!(words.contains("productivity") && words.contains("value_added_per_water"), "{words}");
    assert!(words.contains("next: `landuse rules linhai-2014`"), "{words}");
    for name in ["huangyan-2021", "huangyan-2022", "linhai-2014"] {
        let out = folder.path().join(name).display().to_string();
        let output = landuse(&[
            "appraise",
            &data("firms.csv"),
            "--rules",
            name,
            "--out",
            &out,
            "--csv",
            "spreadsheet",
        ]);
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert!(text(&folder.path().join(name), "appraisal.csv").starts_with('\u{feff}'));
    }
}

#[test]
fn outputs_are_chosen_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let quick = ["--permutations", "99"];
    let output =
        analyze(&dir, &[&quick[..], &["--outputs", "clusters,intensity", "--csv", "spreadsheet"]].concat());
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let mut files: Vec<String> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let expected = ["clusters.geojson", "intensity.csv", "manifest.json", "summary.json"];
    assert_eq!(files, expected);
    let table = text(&dir, "intensity.csv");
    assert!(table.starts_with("\u{feff}row,name,id,"), "{}", &table[..60]);
    let names: Vec<&str> = table.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert!(!names[0].is_empty() && names.last().unwrap().is_empty(), "{names:?}");
    for (asked, part) in [
        ("parcelz", "(`parcels`?)"),
        ("gradient", "there is no layer `gradient`"),
        ("", "one of parcels, clusters"),
    ] {
        let output = analyze(&folder.path().join("none"), &[&quick[..], &["--outputs", asked]].concat());
        assert!(status(&output) != 0 && stderr(&output).contains(part), "{asked}: {}", stderr(&output));
    }
    assert_eq!(status(&analyze(&folder.path().join("none"), &["--outputs", "parcels", "--report"])), 2);
}

/// Without tests and sentences the other columns are the same, and the card says what is left out.
#[test]
fn reasons_can_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let [full, lean] = ["full", "lean"].map(|name| folder.path().join(name));
    let quick = ["--permutations", "99", "--outputs", "parcels"];
    assert_eq!(status(&analyze(&full, &quick)), 0);
    assert_eq!(status(&analyze(&lean, &[&quick[..], &["--no-reasons"]].concat())), 0);
    let parcels =
        |dir: &Path| -> serde_json::Value { serde_json::from_str(&text(dir, "parcels.geojson")).unwrap() };
    let (mut of_full, of_lean) = (parcels(&full), parcels(&lean));
    for feature in of_full["features"].as_array_mut().unwrap() {
        let properties = feature["properties"].as_object_mut().unwrap();
        for name in ["lu_reasons", "lu_sentence_en", "lu_sentence_zh"] {
            assert!(properties.remove(name).is_some(), "{name}");
        }
    }
    assert_eq!(of_full, of_lean);
    let card = landuse(&["explain", &lean.display().to_string(), "--parcel", "D01-0000054"]);
    assert_eq!(status(&card), 0, "{}", stderr(&card));
    let card = String::from_utf8(card.stdout).unwrap();
    assert!(card.contains("  verdict ") && card.contains("`--no-reasons`"), "{card}");
}

/// A stranger's first run over a file of which nothing but numbers is known: no figure is made up, and the next command is named.
#[test]
fn a_run_that_cannot_judge_says_what_to_type_next() {
    let folder = tempfile::tempdir().unwrap();
    let parcels = folder.path().join("odd.geojson");
    let feature = |i: usize| {
        let x = 114.0 + i as f64 * 0.001;
        format!(
            "{{\"type\":\"Feature\",\"properties\":{{\"lot\":{i},\"code\":\"{}\",\"worth\":{i}}},\"geometry\":{{\"type\":\"Polygon\",\
             \"coordinates\":[[[{x},22],[{},22],[{},22.001],[{x},22]]]}}}}",
            400 + i % 2,
            x + 0.0005,
            x + 0.0005
        )
    };
    let features: Vec<String> = (0..40).map(feature).collect();
    let text = format!("{{\"type\":\"FeatureCollection\",\"features\":[{}]}}", features.join(","));
    std::fs::write(&parcels, text).unwrap();
    let parcels = parcels.display().to_string();
    let run = |name: &str, more: &[&str]| {
        let dir = folder.path().join(name);
        let out = dir.display().to_string();
        let output = landuse(
            &[&["analyze", &parcels, "--out", &out, "--no-map", "--permutations", "99"], more].concat(),
        );
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        (String::from_utf8(output.stdout).unwrap(), summary(&dir))
    };
    let (said, found) = run("plain", &[]);
    assert!(said.contains("none of 40 candidates is judged") && !said.contains("0 of 0"), "{said}");
    assert_eq!(found["efficiency"]["candidates"], 40);
    assert_eq!((&found["efficiency"]["known"], &found["efficiency"]["unknown"]), (&0.into(), &40.into()));
    let again =
        format!("landuse analyze {parcels} --out {} --overwrite", folder.path().join("plain").display());
    for next in [format!("landuse schema {parcels} --out"), format!("{again} --score")] {
        assert!(said.contains(&next), "{next}: {said}");
    }
    // A property without a schema entry serves at once, codes as they are typed; 20 are too few to rank.
    let (said, found) = run("few", &["--where", "code = 400", "--score", "worth / area_m2"]);
    assert_eq!(found["efficiency"]["candidates"], 20);
    assert!(said.contains("--low-below X"), "{said}");
    let (said, _) =
        run("judged", &["--where", "code = 400", "--score", "worth / area_m2", "--low-below", "0.001"]);
    assert!(!said.contains("\nNext\n"), "{said}");
    assert_eq!(
        run("range", &["--where", "code in (400..401)", "--score", "worth"]).1["efficiency"]["candidates"],
        40
    );
    assert_eq!(
        run("start", &["--where", "lot in (1*)", "--score", "worth"]).1["efficiency"]["candidates"],
        11
    );
}

fn text(dir: &Path, file: &str) -> String {
    std::fs::read_to_string(dir.join(file)).unwrap()
}

/// Firms, field checks and a rule pack over the city, and the cards of two parcels.
#[test]
fn a_grade_can_be_followed_back_to_the_firms_it_rests_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let pack = "name = 'town'\nversion = '2024'\nsource = 'made up'\nevidence = 'C'\n\
        [grading]\ncuts = { A = 0.2, B = 0.6, C = 0.8 }\n[[group]]\nkey = 'all'\n\
        indicators = [{ key = 'tax_per_m2', metric = 'tax_yuan / area_m2', weight = 60, benchmark = 300 },\n\
        { key = 'jobs_per_ha', metric = 'jobs * 10000 / area_m2', weight = 40, benchmark = 100, missing = 'item_mean' }]\n";
    std::fs::write(path("pack.toml"), pack).unwrap();
    let checks = "parcel,status,reason,date\nD01-0000054,low,gates shut,2024-05-02\n";
    std::fs::write(path("checks.csv"), checks).unwrap();
    let firms = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/cases/firms.csv").display().to_string();
    let out = folder.path().join("out");
    let output = analyze(
        &out,
        &[
            "--firms",
            &firms,
            "--rules",
            &path("pack.toml"),
            "--overrides",
            &path("checks.csv"),
            "--peers",
            "class",
            "--permutations",
            "99",
        ],
    );
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let found = summary(&out);
    assert_eq!(found["efficiency"]["appraisal"]["name"], "town");
    assert_eq!(found["efficiency"]["rule"], "grade in (D)");
    assert_eq!(found["efficiency"]["field_checks"]["applied"], 1);
    let joins: serde_json::Value = serde_json::from_str(&text(&out, "joins.json")).unwrap();
    assert_eq!(joins["firms"]["matched"], 13);
    assert_eq!(joins["firms"]["unknown_parcels"][0], "no-such-parcel");
    assert!(text(&out, "firms.csv").contains("\nS9,D01-0000057,matched,666.6666666666666,1,9,"));
    let dir = out.display().to_string();
    let card = |id: &str| {
        let output = landuse(&["explain", &dir, "--parcel", id]);
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let shared = card("D01-0000057");
    assert!(shared.contains("Firms that stand here (10)") && shared.contains("jobs_per_ha"), "{shared}");
    assert!(shared.contains("made up") && shared.contains("C begins at"), "{shared}");
    let checked = card("D01-0000054");
    assert!(checked.contains("Field check of 2024-05-02: low-efficiency (gates shut)."), "{checked}");
    assert!(checked.contains("2024-05-02 实地核查：低效用地（gates shut）。"), "{checked}");
    let missing = landuse(&["explain", &dir, "--parcel", "nobody"]);
    assert_eq!(status(&missing), 1);
    assert!(stderr(&missing).contains("nobody"));
    // Outputs of joins do not outlive the run that made them.
    assert_eq!(status(&analyze(&out, &["--overwrite", "--permutations", "99"])), 0);
    assert!(!out.join("firms.csv").exists() && !out.join("joins.json").exists());
}

#[test]
fn appraise_grades_firms_and_says_what_stands_on_each_parcel() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let out = dir.display().to_string();
    let firms = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/cases/firms.csv").display().to_string();
    let pack = "name = 'town'\nversion = '2024'\nsource = 'made up'\nevidence = 'C'\n[[group]]\nkey = 'all'\n\
        indicators = [{ key = 'tax_per_mu', weight = 100, benchmark = 10 }]\n";
    let rules = folder.path().join("pack.toml").display().to_string();
    std::fs::write(&rules, pack).unwrap();
    let arguments = [
        "appraise",
        &firms,
        "--rules",
        &rules,
        "--column",
        "tax_per_mu=tax/land_mu",
        "--cuts",
        "0.2,0.6,0.95",
        "--out",
        &out,
    ];
    let output = landuse(&arguments);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("12 firms, 12 with a score"));
    // L: 100 on 10 mu: 10 per mu, the benchmark; X 25 and M 7.5 of 12 ranks A for 2.
    let table = text(&dir, "appraisal.csv");
    let row: Vec<&str> = table.lines().find(|line| line.starts_with("L,")).unwrap().split(',').collect();
    assert!(
        (row[3].parse::<f64>().unwrap() - 100.0).abs() < 1e-9 && row[6] == "2" && row[7] == "A",
        "{row:?}"
    );
    assert!(
        text(&dir, "parcels.csv").contains("\nD01-0000054,1,A,A,0,L:A\n"),
        "{}",
        text(&dir, "parcels.csv")
    );
    let output = landuse(&["explain", &out, "--parcel", "D01-0000057"]);
    let card = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(card.contains("worst_grade  D") && card.contains("Firm S1") && card.contains("town"), "{card}");
    assert_eq!(status(&landuse(&["explain", &out, "--firm", "M"])), 0);
    assert_eq!(status(&landuse(&["explain", &out, "--firm", "nobody"])), 1);
    assert_eq!(status(&landuse(&["appraise", &firms, "--rules", "huangyan-2050", "--out", &out])), 1);
    let missing = landuse(&["appraise", &firms, "--rules", "huangyan-2022", "--out", &out, "--overwrite"]);
    assert_eq!(status(&missing), 1);
    assert!(stderr(&missing).contains("tax_per_mu"), "{}", stderr(&missing));
    assert_eq!(status(&landuse(&["explain", &out])), 2);
}

/// Other neighbours, barriers, density clusters, regions, owners and the graph as other tools read it.
#[test]
fn neighbours_and_clusters_are_a_choice() {
    let folder = tempfile::tempdir().unwrap();
    let [gap, knn, edge, barred] = ["gap", "knn", "edge", "barred"].map(|name| folder.path().join(name));
    let run = |dir: &Path, more: &[&str]| {
        let mut all = vec!["--permutations", "99"];
        all.extend(more);
        let output = analyze(dir, &all);
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        summary(dir)
    };
    let by_gap = run(&gap, &["--gal", "--density", "15,5000", "--regions", "5000,400"]);
    assert_eq!(
        (by_gap["adjacency"]["rule"].as_str(), by_gap["adjacency"]["gap_m"].as_f64()),
        (Some("gap"), Some(15.0))
    );
    let (_, weights) =
        landuse::stats::Weights::read_gal("neighbours.gal", &text(&gap, "neighbours.gal")).unwrap();
    assert_eq!(weights.links() as u64, 2 * by_gap["adjacency"]["links"].as_u64().unwrap());
    let density = &by_gap["clusters"]["density"];
    let low = by_gap["efficiency"]["low_count"].as_u64();
    assert_eq!(density["parcels"].as_u64().zip(density["noise"].as_u64()).map(|(a, b)| a + b), low);
    let regions = &by_gap["clusters"]["regions"];
    assert_eq!(regions["parcels"].as_u64().zip(regions["unassigned"].as_u64()).map(|(a, b)| a + b), low);
    assert!(regions["count"].as_u64() > Some(2) && regions["max_span_m"] == 400.0, "{regions}");
    assert!(text(&gap, "parcels.geojson").contains("\"lu_region\":1,"));
    assert!(text(&gap, "clusters.geojson").contains("\"owner_hhi\":0."));

    let by_centres = run(&knn, &["--adjacency", "knn:6"]);
    assert_eq!(by_centres["adjacency"]["k"], 6);
    assert!(by_centres["adjacency"]["gap_m"].is_null() && by_centres["adjacency"]["isolates"] == 0);
    assert_eq!(by_centres["clusters"]["count"], by_gap["clusters"]["count"], "sites keep to their gap");
    let by_edge = run(&edge, &["--adjacency", "edge"]);
    assert!(by_edge["adjacency"]["links"].as_u64() < by_gap["adjacency"]["links"].as_u64());

    // A railway through the middle of the city, and an area beside it.
    let barriers = folder.path().join("barriers.geojson");
    let drawn = r#"{"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": [[114.30, 22.700], [114.40, 22.700]]}},
        {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates":
            [[[114.345, 22.69], [114.3452, 22.69], [114.3452, 22.71], [114.345, 22.71], [114.345, 22.69]]]}}]}"#;
    std::fs::write(&barriers, drawn).unwrap();
    let file = barriers.display().to_string();
    let cut = run(&barred, &["--barriers", &file]);
    let blocked = cut["adjacency"]["blocked"].as_u64().unwrap();
    assert!(blocked > 0);
    assert_eq!(
        cut["adjacency"]["links"].as_u64().unwrap() + blocked,
        by_gap["adjacency"]["links"].as_u64().unwrap()
    );
    let wrong = landuse(&["analyze", "x", "--out", "y", "--adjacency", "knn"]);
    assert_eq!(status(&wrong), 2);
    assert!(stderr(&wrong).contains("knn:K"), "{}", stderr(&wrong));
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
        assert!(made == std::fs::read(city(file)).unwrap(), "{file}");
    }
}

#[test]
fn the_ledger_has_its_gradient_limits_sweep_and_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let quotas = folder.path().join("quotas.toml");
    let output = analyze(&dir, &["--permutations", "99"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let first = summary(&dir)["districts"][0]["id"].as_str().unwrap().to_owned();
    std::fs::write(&quotas, format!("source = 'plan'\nunit = [{{ id = '{first}', area_ha = 0.1 }}]"))
        .unwrap();
    let quotas = quotas.display().to_string();
    let more = [
        "--overwrite",
        "--permutations",
        "99",
        "--bands",
        "0,50,200",
        "--quotas",
        &quotas,
        "--headroom-far",
        "2",
        "--growth",
        "0.02",
        "--sum",
        "tax_yuan",
        "--sensitivity",
        "--charts",
    ];
    let output = draw(&dir, &more);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    for file in ["gradient.csv", "withdrawals.csv", "intensity.png", "limits.png", "gradient.png"] {
        assert!(std::fs::metadata(dir.join(file)).unwrap().len() > 100, "{file}");
    }
    let found = summary(&dir);
    let bands: Vec<&str> =
        found["gradient"].as_array().unwrap().iter().filter_map(|band| band["id"].as_str()).collect();
    assert_eq!(bands, ["inside", "0-50 m", "50-200 m", "over 200 m"]);
    let unit =
        found["districts"].as_array().unwrap().iter().find(|unit| unit["id"] == first.as_str()).unwrap();
    assert_eq!(
        (&unit["limit_m2"], &unit["limit_source"], &unit["status"]),
        (&1000.0.into(), &"plan".into(), &"exceeded".into())
    );
    assert!(found["outlook"][0]["withdrawals"].as_u64().unwrap() > 0);
    assert_eq!(found["sensitivity"]["thresholds"].as_array().unwrap().len(), 5);
    assert!(unit["amounts"][0]["value"].as_f64().unwrap() > 0.0);

    let output = analyze(&dir, &["--overwrite", "--permutations", "99", "--units", "hex:200"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(summary(&dir)["intensity"]["study_area"], "grid");
    assert!(!dir.join("gradient.csv").exists(), "nothing stale stays");
    let output = analyze(&dir, &["--overwrite", "--units", "circle:200"]);
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("grid:500"));
}

#[test]
fn a_sweep_takes_its_steps_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, file) = (folder.path().join("out"), folder.path().join("sweep.toml"));
    let sweep = format!("--sensitivity={}", file.display());
    std::fs::write(&file, "worst_shares = [0.1, 0.2]\nbuffers_m = [-20, 0, 20]\n").unwrap();
    let output = analyze(&dir, &["--permutations", "99", &sweep]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let found = &summary(&dir)["sensitivity"];
    assert_eq!(found["thresholds"].as_array().unwrap().len(), 2);
    assert_eq!(found["buffers"].as_array().unwrap().len(), 3, "{found}");
    for (text, expected) in [("gap = [1]", "gap"), ("warning_lines = [1.5]", "warning_lines")] {
        std::fs::write(&file, text).unwrap();
        let output = analyze(&dir, &["--overwrite", &sweep]);
        let said = stderr(&output);
        assert!(status(&output) == 1 && said.contains("sweep.toml") && said.contains(expected), "{said}");
    }
}

#[test]
fn an_audit_of_a_city_against_itself_finds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [parcels, lines, districts] = ["parcels.geojson", "control_lines.geojson", "districts.geojson"]
        .map(|file| city(file).display().to_string());
    let out = folder.path().join("audit").display().to_string();
    let output = landuse(&[
        "audit",
        &parcels,
        &parcels,
        "--control-lines",
        &lines,
        "--districts",
        &districts,
        "--out",
        &out,
    ]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let text = std::fs::read(folder.path().join("audit/audit.json")).unwrap();
    let found: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert!(found["residual"].as_f64().unwrap() < 1e-9);
    for cell in found["ground"].as_array().unwrap() {
        assert!(cell["before"] == cell["after"] || cell["area_m2"].as_f64().unwrap() < 1.0, "{cell}");
    }
    for row in found["inside"]["parcels"].as_array().unwrap() {
        assert!(row["change"] == "standing" || row["parcels"] == 0, "{row}");
    }
    for change in found["changes"].as_array().unwrap() {
        assert_eq!(change["gross"]["before"], change["gross"]["after"]);
    }
    for row in found["fates"].as_array().unwrap() {
        assert!((row["fate"] == "same") == (row["parcels"] != 0), "{row}");
    }
    assert_eq!((&found["records"]["appeared"], &found["records"]["vanished"]), (&0.into(), &0.into()));
    let text = std::fs::read(folder.path().join("audit/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let roles: Vec<_> =
        manifest["inputs"].as_array().unwrap().iter().map(|input| input["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["new parcels", "new control lines", "new districts", "old parcels"]);
    assert_eq!(manifest["inputs"][0]["hash"], manifest["inputs"][3]["hash"]);
    assert_eq!(manifest["seconds"].as_object().unwrap().len(), 4);
}

#[test]
fn an_audit_of_a_generated_city_some_years_later_finds_as_many_changes_as_were_planted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let output = landuse(&[
        "generate",
        "--parcels",
        "4000",
        "--seed",
        "11",
        "--clean",
        "--later",
        "--out",
        &at("city"),
    ]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let lines = at("city/control_lines.geojson");
    let files = [at("city/parcels.geojson"), at("city/parcels_later.geojson"), at("audit")];
    let output = landuse(&["audit", &files[0], &files[1], "--control-lines", &lines, "--out", &files[2]]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let json = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(folder.path().join(name)).unwrap()).unwrap()
    };
    let (told, found) = (json("city/changes.json"), json("audit/audit.json"));
    let counts = &told["counts"];
    let fate = |name: &str| {
        let rows = found["fates"].as_array().unwrap();
        rows.iter().find(|row| row["fate"] == name).unwrap()["parcels"].as_u64().unwrap()
    };
    let planted = |name: &str| counts[name].as_u64().unwrap();
    assert_eq!(fate("split"), 2 * planted("split"));
    assert_eq!(
        [fate("merged"), fate("vanished"), fate("appeared")],
        ["merged", "vanished", "appeared"].map(planted)
    );
}

/// A card is found by the id that the analysis went by: that of the feature itself, a whole number in any spelling.
#[test]
fn explain_finds_what_the_analysis_found() {
    let folder = tempfile::tempdir().unwrap();
    let feature = |id: &str, properties: &str, x: u32| {
        let y = 100;
        format!(
            r#"{{"type":"Feature"{id},"properties":{{{properties}}},"geometry":{{"type":"Polygon","coordinates":[[[{x},0],[{},0],[{},{y}],[{x},{y}],[{x},0]]]}}}}"#,
            x + 50,
            x + 50
        )
    };
    let run = |features: [String; 2], id: &str| {
        let (file, out) = (folder.path().join("parcels.geojson"), folder.path().join("out"));
        std::fs::write(&file, features.join("\n")).unwrap();
        let [file, out] = [file, out].map(|path| path.display().to_string());
        let run =
            landuse(&["analyze", &file, "--out", &out, "--overwrite", "--no-map", "--source-crs", "local"]);
        assert_eq!(status(&run), 0, "{}", stderr(&run));
        let found = landuse(&["explain", &out, "--parcel", id]);
        assert_eq!(status(&found), 0, "{id}: {}", stderr(&found));
        std::fs::remove_dir_all(out).unwrap();
    };
    run([feature(r#","id":7"#, "", 0), feature(r#","id":null"#, "", 100)], "7");
    run([feature(r#","id":"A""#, "", 0), feature("", "", 100)], "A");
    run([feature("", r#""OBJECTID":1000010003.0"#, 0), feature("", r#""OBJECTID":2"#, 100)], "1000010003");
}
