//! The page: beside the outputs of a run, or made of them later.

use std::fs;
use std::path::Path;

use super::{analyze, landuse, status, stderr};

const QUICK: [&str; 2] = ["--permutations", "99"];

fn report(dir: &Path, more: &[&str]) -> std::process::Output {
    landuse(&[&["report", dir.to_str().unwrap()], more].concat())
}

fn page(dir: &Path) -> String {
    fs::read_to_string(dir.join("report.html")).unwrap()
}

#[test]
fn a_page_is_the_same_with_the_run_and_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let output = analyze(&dir, &[&QUICK[..], &["--report", "--lang", "zh"]].concat());
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let (first, manifest) = (page(&dir), fs::read_to_string(dir.join("manifest.json")).unwrap());
    assert!(first.contains("<html lang=\"zh-Hans\">") && manifest.contains("\"report.html\""));
    assert!(
        first.contains("parcels.geojson")
            && first.contains("xxh3-128:")
            && !first.contains(folder.path().to_str().unwrap())
    );

    let before = listing(&dir);
    assert_eq!(status(&report(&dir, &["--lang", "zh"])), 0);
    assert_eq!(page(&dir), first);
    assert_eq!(status(&report(&dir, &[])), 0);
    assert!(page(&dir).contains("<html lang=\"en\">"));
    let elsewhere = folder.path().join("hand in.html");
    assert_eq!(status(&report(&dir, &["--out", elsewhere.to_str().unwrap()])), 0);
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), page(&dir));
    let others = |listing: Vec<(String, Vec<u8>)>| -> Vec<(String, Vec<u8>)> {
        listing.into_iter().filter(|(name, _)| name != "report.html").collect()
    };
    assert!(others(before) == others(listing(&dir)));

    // A page that was made later goes with the outputs that it was made of.
    assert_eq!(status(&analyze(&dir, &[&QUICK[..], &["--overwrite"]].concat())), 0);
    assert!(!dir.join("report.html").exists());
    assert_eq!(status(&report(&dir, &[])), 0);
    let output = analyze(&dir, &[&QUICK[..], &["--overwrite", "--report"]].concat());
    assert_eq!(status(&output), 0, "{}", stderr(&output));
}

/// Every file of a folder.
fn listing(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn a_page_that_somebody_edited_is_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    assert_eq!(status(&analyze(&dir, &QUICK)), 0);
    assert_eq!(status(&report(&dir, &[])), 0);
    let edited = page(&dir).replacen("Land report", "Our report", 1);
    fs::write(dir.join("report.html"), &edited).unwrap();
    for refused in [report(&dir, &[]), analyze(&dir, &[&QUICK[..], &["--overwrite"]].concat())] {
        assert_eq!(status(&refused), 1);
        assert!(stderr(&refused).contains("report.html"), "{}", stderr(&refused));
    }
    assert_eq!(page(&dir), edited);
}

#[test]
fn a_page_of_no_analysis_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let refused = report(folder.path(), &[]);
    assert_eq!(status(&refused), 1);
    assert!(stderr(&refused).contains("summary.json"), "{}", stderr(&refused));
    fs::write(folder.path().join("summary.json"), "{").unwrap();
    let refused = report(folder.path(), &[]);
    assert_eq!(status(&refused), 1);
    assert!(stderr(&refused).contains("summary.json"), "{}", stderr(&refused));
    assert_eq!(status(&report(folder.path(), &["--lang", "fr"])), 2);
}
