//! Every file operation of a run fails once, and is once the last before the process dies.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::manifest::Clock;

const NAMES: [&str; 4] = ["a.json", "b.csv", "c.geojson", "d.png"];

fn manifest() -> Manifest {
    Manifest::new(Vec::new(), None, &[], Clock::start())
}

/// A run that writes outputs of the given names, each with `text` and its name.
fn run(disk: Disk, path: &Path, outputs: &[&str], text: &str) -> Result<u64, Error> {
    let out = OutputDir::create_on(disk, path, &NAMES, true, &[])?;
    for name in outputs {
        out.put(name, format!("{text} {name}").as_bytes())?;
    }
    out.commit(manifest())
}

/// A disk on which the operation of a number fails and, if the process `dies` there, all that follow.
fn faulty(number: usize, dies: bool) -> (Disk, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let fault: Fault = Box::new(move |_, _| {
        let at = counted.fetch_add(1, Ordering::Relaxed);
        let fails = if dies { at >= number } else { at == number };
        if fails { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    });
    (Disk { fault: Some(fault) }, count)
}

/// Names in a folder, in order, without those that begin with a dot.
fn visible(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path)
        .into_iter()
        .flatten()
        .map(|found| found.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

fn hidden(path: &Path) -> usize {
    let found = fs::read_dir(path).into_iter().flatten();
    found.filter(|found| found.as_ref().unwrap().file_name().to_string_lossy().starts_with('.')).count()
}

/// The text of the set that a folder holds whole, `none` where it holds no output; nothing where it is a mixture or has no manifest.
fn set(path: &Path) -> Option<String> {
    let mut names = visible(path);
    names.retain(|name| name != "mine.txt");
    if names.is_empty() {
        return Some("none".into());
    }
    let listed = read_listing(&path.join(MANIFEST)).ok()?.outputs;
    let mut expected: Vec<String> = listed.iter().map(|output| output.name.clone()).collect();
    expected.push(MANIFEST.into());
    expected.sort();
    let whole = |output: &Output| {
        let file = path.join(&output.name);
        is_unchanged(&file, &fs::metadata(&file).unwrap(), output).unwrap()
    };
    if names != expected || !listed.iter().all(whole) {
        return None;
    }
    let texts: HashSet<String> = listed
        .iter()
        .map(|output| fs::read_to_string(path.join(&output.name)).unwrap())
        .map(|text| text.split(' ').next().unwrap().to_owned())
        .collect();
    (texts.len() == 1).then(|| texts.into_iter().next().unwrap())
}

/// What a folder holds before the run under test: nothing, no folder, or an earlier set beside a file of the user's.
const BEFORE: [&str; 3] = ["none", "no folder", "old"];
const NEW: [&str; 3] = ["a.json", "b.csv", "d.png"];

fn prepare(before: &str) -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("out");
    match before {
        "old" => {
            run(Disk::default(), &path, &["a.json", "b.csv", "c.geojson"], "old").unwrap();
            fs::write(path.join("mine.txt"), "mine").unwrap();
        }
        "none" => fs::create_dir(&path).unwrap(),
        _ => {}
    }
    (place, path)
}

fn steps(before: &str) -> usize {
    let (_place, path) = prepare(before);
    let (disk, count) = faulty(usize::MAX, false);
    run(disk, &path, &NEW, "new").unwrap();
    assert_eq!((set(&path).unwrap().as_str(), hidden(&path)), ("new", 0));
    count.load(Ordering::Relaxed)
}

#[test]
fn a_failure_at_any_step_leaves_the_earlier_set_or_the_new_one() {
    for before in BEFORE {
        let mut held = BTreeMap::new();
        for step in 0..steps(before) {
            let (place, path) = prepare(before);
            let outcome = run(faulty(step, false).0, &path, &NEW, "new");
            let found = set(&path)
                .unwrap_or_else(|| panic!("a mixture after step {step} from {before}: {:?}", visible(&path)));
            // The last sync may fail behind a set that is whole.
            let earlier = if before == "old" { "old" } else { "none" };
            assert!(found == earlier || found == "new", "{found} after step {step} from {before}");
            assert!(outcome.is_err() || found == "new", "step {step} from {before}: {found}");
            assert!(
                before != "no folder"
                    || outcome.is_ok()
                    || found == "new"
                    || hidden(&path) > 0
                    || !path.exists()
            );
            *held.entry((found, outcome.is_ok())).or_insert(0) += 1;
            run(Disk::default(), &path, &NEW, "next").unwrap();
            assert_eq!(
                (set(&path).unwrap().as_str(), hidden(&path)),
                ("next", 0),
                "step {step} from {before}"
            );
            assert!(before != "old" || fs::read(path.join("mine.txt")).unwrap() == b"mine");
            drop(place);
        }
        println!("one failing step, from {before}: (held, succeeded) and how often {held:?}");
    }
}

#[test]
fn a_death_at_any_step_is_seen_and_mended_by_the_next_run_even_if_that_dies_too() {
    for before in BEFORE {
        let mut held = BTreeMap::new();
        let mut mended = BTreeMap::new();
        for step in 0..steps(before) {
            let mut second = 0;
            loop {
                let (place, path) = prepare(before);
                let outcome = run(faulty(step, true).0, &path, &NEW, "new");
                if second == 0 {
                    let found = set(&path).filter(|found| before != "old" || found != "none");
                    let found = found.unwrap_or_else(|| "no manifest".into());
                    assert!(
                        found != "no manifest" || !path.join(MANIFEST).exists(),
                        "step {step} from {before}"
                    );
                    *held.entry(found).or_insert(0) += 1;
                }
                // In the middle of the moves the error says where the rest is.
                if set(&path).is_none() {
                    let error = outcome.unwrap_err().chain();
                    assert!(error.contains(STAGING), "step {step}: {error}");
                }
                // The next run dies at each of its own first steps, then one looks without writing.
                let (disk, count) = faulty(second, true);
                let died = OutputDir::create_on(disk, &path, &NAMES, true, &[]).map(drop).is_err()
                    || count.load(Ordering::Relaxed) > second;
                drop(OutputDir::create_on(Disk::default(), &path, &NAMES, true, &[]).unwrap());
                let found = set(&path)
                    .unwrap_or_else(|| panic!("step {step}, {second} from {before}: {:?}", visible(&path)));
                let earlier = if before == "old" { "old" } else { "none" };
                assert!([earlier, "new"].contains(&&*found), "{found} after {step}, {second} from {before}");
                assert_eq!(hidden(&path), 0, "step {step}, {second} from {before}");
                *mended.entry(found).or_insert(0) += 1;
                run(Disk::default(), &path, &NEW, "next").unwrap();
                assert_eq!(set(&path).unwrap(), "next");
                assert!(before != "old" || fs::read(path.join("mine.txt")).unwrap() == b"mine");
                drop(place);
                if !died || before != "old" {
                    break;
                }
                second += 1;
            }
        }
        println!(
            "death at each step, from {before}: held {held:?}; after the next run, itself killed at each step {mended:?}"
        );
    }
}

#[test]
fn a_full_disk_at_any_output_names_it_and_leaves_the_folder_as_it_was() {
    for full in NEW.iter().chain([&MANIFEST]) {
        let (_place, path) = prepare("old");
        let name: &'static str = full;
        let fault: Fault = Box::new(move |action, path| {
            if action == "write" && path.ends_with(name) {
                Err(io::ErrorKind::StorageFull.into())
            } else {
                Ok(())
            }
        });
        let error = run(Disk { fault: Some(fault) }, &path, &NEW, "new").unwrap_err().chain();
        assert!(error.contains(full), "{error}");
        assert_eq!((set(&path).unwrap().as_str(), hidden(&path)), ("old", 0));
        println!("disk full at {full}: the folder held old");
    }
}

#[test]
fn what_no_run_wrote_or_somebody_changed_is_never_replaced() {
    let refused = |path: &Path| {
        let before = visible(path);
        let error = run(Disk::default(), path, &NEW, "new").unwrap_err().chain();
        assert_eq!((visible(path), hidden(path)), (before, 0), "{error}");
        error
    };
    let (_place, path) = prepare("none");
    // Not of a run: a file, a folder, a link that leads nowhere, somebody's manifest.
    fs::write(path.join("c.geojson"), "mine").unwrap();
    assert!(refused(&path).contains("c.geojson"));
    fs::remove_file(path.join("c.geojson")).unwrap();
    fs::create_dir(path.join("d.png")).unwrap();
    assert!(refused(&path).contains("d.png"));
    fs::remove_dir(path.join("d.png")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", path.join("d.png")).unwrap();
        assert!(refused(&path).contains("d.png"));
        fs::remove_file(path.join("d.png")).unwrap();
    }
    for foreign in [
        r#"{"name": "an app"}"#,
        r#"{"landuse": "0.1.0"}"#,
        r#"{"landuse": "1", "outputs": [{"name": "../x", "bytes": 0, "hash": ""}]}"#,
    ] {
        fs::write(path.join(MANIFEST), foreign).unwrap();
        assert!(refused(&path).contains(MANIFEST));
        assert_eq!(fs::read_to_string(path.join(MANIFEST)).unwrap(), foreign);
    }

    // Of a run, and changed since, whether it would be replaced or removed; gone is no fault.
    for name in ["a.json", "c.geojson"] {
        let (_place, path) = prepare("old");
        let length = fs::metadata(path.join(name)).unwrap().len() as usize;
        fs::write(path.join(name), "x".repeat(length)).unwrap();
        let error = refused(&path);
        assert!(error.contains(name) && error.contains("changed"), "{error}");
        fs::remove_file(path.join(name)).unwrap();
        run(Disk::default(), &path, &NEW, "new").unwrap();
        assert_eq!(set(&path).unwrap(), "new");
    }

    // Changed while the run worked, and put there while it worked.
    for (name, before) in [("a.json", "old"), ("d.png", "old"), ("a.json", "none")] {
        let (_place, path) = prepare(before);
        let out = OutputDir::create_on(Disk::default(), &path, &NAMES, true, &[]).unwrap();
        NEW.iter().for_each(|name| out.put(name, b"new").unwrap());
        fs::write(path.join(name), "mine").unwrap();
        let listed = visible(&path);
        let error = out.commit(manifest()).unwrap_err().chain();
        assert!(error.contains(name) && error.contains("during this run"), "{error}");
        assert_eq!((visible(&path), hidden(&path)), (listed, 0));
        assert_eq!(fs::read(path.join(name)).unwrap(), b"mine");
    }
}

#[cfg(unix)]
#[test]
fn an_input_is_never_written_over() {
    let (place, path) = prepare("old");
    let error = |input: PathBuf| {
        let refused =
            OutputDir::create_on(Disk::default(), &path, &NAMES, true, std::slice::from_ref(&input));
        let error = refused.unwrap_err().chain();
        assert!(
            error.contains("an input of this run") && error.contains(&*input.to_string_lossy()),
            "{error}"
        );
        assert_eq!((set(&path).unwrap().as_str(), hidden(&path)), ("old", 0));
    };
    error(path.join("a.json"));
    error(path.join("../out/b.csv"));
    error(path.join(MANIFEST));
    let link = place.path().join("link");
    std::os::unix::fs::symlink(path.join("c.geojson"), &link).unwrap();
    error(link);
    let hard = place.path().join("hard");
    fs::hard_link(path.join("c.geojson"), &hard).unwrap();
    error(hard);
}

#[test]
fn one_run_at_a_time_has_a_folder() {
    let (_place, path) = prepare("no folder");
    let first = OutputDir::create_on(Disk::default(), &path, &NAMES, false, &[]).unwrap();
    for overwrite in [false, true] {
        let error = OutputDir::create_on(Disk::default(), &path, &NAMES, overwrite, &[]).unwrap_err().chain();
        assert!(error.contains(&*path.to_string_lossy()), "{error}");
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    }
    first.put("a.json", b"first").unwrap();
    first.commit(manifest()).unwrap();
    assert_eq!((set(&path).unwrap().as_str(), hidden(&path)), ("first", 0));
    let error = OutputDir::create_on(Disk::default(), &path, &NAMES, false, &[]).unwrap_err().chain();
    assert!(error.contains("not empty"), "{error}");
    assert_eq!(hidden(&path), 0);
}

#[test]
fn outputs_are_announced_finished_and_listed() {
    let (_place, path) = prepare("no folder");
    let out = OutputDir::create_on(Disk::default(), &path, &NAMES, false, &[]).unwrap();
    assert!(out.put("e.txt", b"").unwrap_err().chain().contains("e.txt"));
    drop(out.file("a.json").unwrap());
    assert!(out.commit(manifest()).unwrap_err().chain().contains("not finished"));
    assert!(!path.exists(), "a run that fails removes the folder that it made");
    assert_eq!(run(Disk::default(), &path.join("deep/er"), &NEW, "new").unwrap(), 28);
    assert_eq!(set(&path.join("deep/er")).unwrap(), "new");
    let listed = read_listing(&path.join("deep/er").join(MANIFEST)).unwrap().outputs;
    assert_eq!((listed[1].name.as_str(), listed[1].bytes), ("b.csv", 9));
    let file = path.join("file");
    fs::write(&file, "a file").unwrap();
    for below in [file.join("out"), file.clone()] {
        let error = run(Disk::default(), &below, &NEW, "new").unwrap_err().chain();
        assert!(error.contains(&*file.to_string_lossy()), "{error}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"a file");
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_mode_and_the_staging_folder_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let (_place, path) = prepare("old");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::set_permissions(path.join("a.json"), fs::Permissions::from_mode(0o640)).unwrap();
    let out = OutputDir::create_on(Disk::default(), &path, &NAMES, true, &[]).unwrap();
    assert_eq!(mode(&out.run.staging), 0o700);
    NEW.iter().for_each(|name| out.put(name, b"new").unwrap());
    out.commit(manifest()).unwrap();
    assert_eq!((mode(&path.join("a.json")), set(&path).unwrap().as_str()), (0o640, "new"));
}
