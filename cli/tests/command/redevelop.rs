//! `landuse redevelop` over the folder of an analysis.

use std::path::Path;

use super::{analyze, landuse, status, stderr};

fn redevelop(dir: &Path, out: &Path, more: &[&str]) -> std::process::Output {
    let [dir, out] = [dir, out].map(|path| path.display().to_string());
    landuse(&[&["redevelop", &dir, "--out", &out], more].concat())
}

#[test]
fn an_analysis_is_repeated_and_its_sites_are_built_on() {
    let dir = tempfile::tempdir().unwrap();
    let [found, out] = ["found", "out"].map(|name| dir.path().join(name));
    assert_eq!(status(&analyze(&found, &["--permutations", "99"])), 0);
    let output = redevelop(&found, &out, &["--far", "3.0", "--dedicated", "0.1", "--line-setback", "20"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("Redevelopment of "));
    let json = |dir: &Path, name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(dir.join(name)).unwrap()).unwrap()
    };
    let (summary, clusters) = (json(&out, "redevelop.json"), json(&found, "clusters.geojson"));
    assert_eq!(summary["total"]["sites"], clusters["features"].as_array().unwrap().len());
    let sites = json(&out, "capacity_sites.geojson");
    for (site, cluster) in
        sites["features"].as_array().unwrap().iter().zip(clusters["features"].as_array().unwrap())
    {
        let of = |feature: &serde_json::Value, name: &str| feature["properties"][name].as_f64().unwrap();
        assert!((of(site, "site_m2") - of(cluster, "net_area_m2")).abs() < 1.0);
        assert!((of(site, "lines_m2") - of(cluster, "control_m2")).abs() < 1.0);
        assert!((of(site, "gross_new_floor_m2") - 2.7 * of(site, "usable_m2")).abs() < 1e-3);
    }
    let manifest = json(&out, "manifest.json");
    assert_eq!(manifest["plan"]["capacity"]["line_setback_m"], 20.0);
    assert_eq!(manifest["options"], json(&found, "manifest.json")["options"]);
}

#[test]
fn what_cannot_be_repeated_is_refused_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let refused = |from: &str, more: &[&str], reason: &str| {
        let output = redevelop(&at(from), &at("out"), more);
        let said = stderr(&output);
        assert!(status(&output) == 1 && said.contains(reason), "{said}");
        assert!(!at("out").exists());
    };
    refused("nowhere", &[], "manifest.json");
    // A copy of the parcels that changes after the analysis.
    let parcels = at("parcels.geojson");
    std::fs::copy(super::city("parcels.geojson"), &parcels).unwrap();
    let (parcels, found) = (parcels.display().to_string(), at("found").display().to_string());
    let output = landuse(&["analyze", &parcels, "--out", &found, "--no-map", "--permutations", "9"]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    refused("found", &["--far=-1"], "capacity.far");
    refused("found", &["--far", "2", "--where", "colour == 'red'"], "colour");
    std::fs::write(at("plan.toml"), "[capacity]\ndedicatd_share = 0.1\n").unwrap();
    refused("found", &["--plan", &at("plan.toml").display().to_string()], "did you mean `dedicated_share`?");
    let text = std::fs::read_to_string(&parcels).unwrap();
    std::fs::write(&parcels, text.replacen("D01", "D02", 1)).unwrap();
    refused("found", &["--far", "2"], "has changed since it was read");
    std::fs::remove_file(&parcels).unwrap();
    refused("found", &["--far", "2"], "parcels.geojson");
    std::fs::write(at("manifest.json"), "{}").unwrap();
    refused(".", &["--far", "2"], "missing field");
}

#[test]
fn a_plan_gives_assemblies_and_a_programme_or_the_reason_why_not() {
    let dir = tempfile::tempdir().unwrap();
    let [found, out] = ["found", "out"].map(|name| dir.path().join(name));
    assert_eq!(status(&analyze(&found, &["--permutations", "99"])), 0);
    let plan = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/plans/upstairs.toml");
    let plan_name = plan.display().to_string();
    let output = redevelop(&found, &out, &["--plan", &plan_name]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("\nAssembly: ") && said.contains("\nProgramme: "), "{said}");
    for name in ["assemblies.geojson", "holdouts.csv", "programme.geojson", "programme_years.csv"] {
        assert!(out.join(name).exists(), "{name}");
    }
    let text = std::fs::read(out.join("redevelop.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let programme = &summary["programme"];
    let of = |name: &str| programme[name].as_f64().unwrap();
    assert!(of("bound") >= of("value") && of("value") > 0.0);
    // The same again gives the same bytes.
    let again = dir.path().join("again");
    assert_eq!(status(&redevelop(&found, &again, &["--plan", &plan_name, "--no-map"])), 0);
    for name in ["redevelop.json", "assemblies.geojson", "programme.geojson"] {
        assert!(std::fs::read(out.join(name)).unwrap() == std::fs::read(again.join(name)).unwrap(), "{name}");
    }
    // A target beyond all land: the year, and nothing is written.
    let text = std::fs::read_to_string(plan).unwrap() + "supply_m2 = [0.0, 5e6, 5e6, 5e6, 5e6]\n";
    let greedy = dir.path().join("greedy.toml");
    std::fs::write(&greedy, text).unwrap();
    let none = dir.path().join("none");
    let output = redevelop(&found, &none, &["--plan", &greedy.display().to_string()]);
    let said = stderr(&output);
    assert!(status(&output) == 1 && said.contains("year 2: 5,000,000 m² of floor are asked for"), "{said}");
    assert!(!none.exists());
}

#[test]
fn scenarios_stand_side_by_side() {
    let dir = tempfile::tempdir().unwrap();
    let [found, out, denser, open] =
        ["found", "out", "denser.toml", "open.toml"].map(|name| dir.path().join(name));
    assert_eq!(status(&analyze(&found, &["--permutations", "99"])), 0);
    std::fs::write(&denser, "name = 'denser'\n[plan.capacity]\nfar = [{ value = 4.0 }]\n").unwrap();
    std::fs::write(&open, "name = 'wider'\n[analysis.sites]\ngap_m = 40.0\nmin_area_m2 = 3000.0\n").unwrap();
    let [denser, open] = [denser, open].map(|path| path.display().to_string());
    let output = redevelop(&found, &out, &["--far", "2", "--scenario", &denser, "--scenario", &open]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("\nScenarios\n"));
    let text = std::fs::read_to_string(out.join("scenarios.csv")).unwrap();
    let names: Vec<&str> = text.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(names, ["base", "denser", "wider"]);
    for name in ["scenario_parcels.csv", "scenario_sites.csv", "scenario_units.csv", "scenario_lines.csv"] {
        assert!(std::fs::read_to_string(out.join(name)).unwrap().lines().count() > 1, "{name}");
    }
    let again = redevelop(
        &found,
        &dir.path().join("again"),
        &["--far", "2", "--scenario", &denser, "--scenario", &denser],
    );
    assert!(status(&again) == 1 && stderr(&again).contains("nor that of another scenario"));
}
