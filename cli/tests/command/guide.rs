//! The commands of the guide run as they stand there, and write the files that it names.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The words of a command line; single quotes hold a word together.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (i, part) in line.split('\'').enumerate() {
        if i % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
            continue;
        }
        for (j, word) in part.split(' ').enumerate() {
            if j > 0 {
                words.push(String::new());
            }
            words.last_mut().unwrap().push_str(word);
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The lines of a page that stand between ```` ```sh ```` and its end.
fn commands(page: &str) -> Vec<&str> {
    let blocks = page.split("\n```sh\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    blocks.flat_map(str::lines).filter(|line| line.starts_with("landuse ")).collect()
}

fn run(name: &str) {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = fs::read_to_string(repository.join("docs/guide/src").join(name)).unwrap();
    let work = tempfile::tempdir().unwrap();
    // The data are read, never written: a link would do, but not on every system.
    for folder in ["data/city", "data/cases", "data/rules"] {
        fs::create_dir_all(work.path().join(folder)).unwrap();
        for file in fs::read_dir(repository.join(folder)).unwrap().flatten() {
            fs::copy(file.path(), work.path().join(folder).join(file.file_name())).unwrap();
        }
    }
    let commands = commands(&page);
    assert!(!commands.is_empty(), "{name} has no command");
    let mut folders = Vec::new();
    for line in commands {
        let words = words(line);
        let out = Command::new(env!("CARGO_BIN_EXE_landuse"))
            .args(&words[1..])
            .current_dir(work.path())
            .output()
            .unwrap();
        // `check` ends with 1 where it found something, which the city of the repository is made for.
        let found = words[1] == "check" && out.status.code() == Some(1);
        assert!(out.status.success() || found, "{line}\n{}", String::from_utf8_lossy(&out.stderr));
        folders.extend(words.windows(2).filter(|pair| pair[0] == "--out").map(|pair| pair[1].clone()));
    }
    for named in page.split('`').skip(1).step_by(2) {
        if folders.iter().any(|folder| named.starts_with(&format!("{folder}/"))) {
            assert!(work.path().join(named).exists(), "{name} names {named}, which no command wrote");
        }
    }
}

#[test]
fn the_tutorial_runs() {
    run("tutorial.md");
}

#[test]
fn the_cookbook_runs() {
    run("cookbook.md");
}

#[test]
fn the_page_on_rules_runs() {
    run("rules.md");
}
