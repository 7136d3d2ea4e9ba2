//! The order of modules that ARCHITECTURE.md shows, held against the imports; and no two files that need each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every path of `use` statements and of expressions in a file, comments and tests aside, as lists of names.
fn paths(text: &str) -> Vec<Vec<String>> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    let code: String = lines.collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::").chain(code.match_indices("super::")) {
        let own = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        if own {
            expand(&code[at..], &[], &mut found);
        }
    }
    found
}

/// Adds the paths that begin a text, with what stands in braces each by itself; returns what is left.
fn expand<'t>(text: &'t str, start: &[String], found: &mut Vec<Vec<String>>) -> &'t str {
    let mut path = start.to_vec();
    let mut rest = text.trim_start();
    loop {
        if let Some(inner) = rest.strip_prefix('{') {
            rest = inner.trim_start();
            while !rest.starts_with('}') && !rest.is_empty() {
                rest = expand(rest, &path, found).trim_start();
                rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
            }
            return rest.strip_prefix('}').unwrap_or(rest);
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if end == 0 {
            found.push(path);
            return rest.strip_prefix('*').unwrap_or(rest.get(1..).unwrap_or_default());
        }
        path.push(rest[..end].to_owned());
        if let Some(after) = rest[end..].strip_prefix("::") {
            rest = after;
            continue;
        }
        found.push(path);
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        return rest[end..].trim_start().strip_prefix("as ").map_or(&rest[end..], |alias| {
            let alias = alias.trim_start();
            &alias[alias.find(|c: char| !is_name(c)).unwrap_or(alias.len())..]
        });
    }
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") && !path.to_string_lossy().contains("_tests") {
            found.push(path);
        }
    }
}

/// Where a file stands among the modules: `geometry/array.rs` is `[geometry, array]`, `geometry/mod.rs` is `[geometry]`.
fn module_of(file: &Path) -> Vec<String> {
    let file = file.strip_prefix("src").unwrap().with_extension("");
    let mut names: Vec<String> = file.iter().map(|name| name.to_string_lossy().into_owned()).collect();
    if names.last().is_some_and(|name| name == "mod" || name == "lib") {
        names.pop();
    }
    names
}

/// For each file the files it needs: a name that a `mod.rs` passes on is that of the file which has it.
fn needs() -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let mut all = Vec::new();
    files(Path::new("src"), &mut all);
    let texts: BTreeMap<Vec<String>, String> =
        all.iter().map(|file| (module_of(file), fs::read_to_string(file).unwrap())).collect();
    let absolute = |module: &[String], path: &[String]| -> Vec<String> {
        let mut at = module.to_vec();
        let mut names = path.iter().peekable();
        if path[0] == "crate" {
            at.clear();
            names.next();
        }
        while names.next_if(|name| *name == "super").is_some() {
            at.pop();
        }
        at.extend(names.cloned());
        at
    };
    // What each module passes on, by its full path.
    let mut passed: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (module, text) in &texts {
        let code: Vec<&str> =
            text.split("pub use ").skip(1).chain(text.split("pub(crate) use ").skip(1)).collect();
        for statement in code {
            let mut found = Vec::new();
            expand(statement, &[], &mut found);
            for path in found.iter().filter(|path| path.len() > 1) {
                let from = if ["crate", "super"].contains(&&*path[0]) {
                    absolute(module, path)
                } else {
                    module.iter().chain(path.iter()).cloned().collect()
                };
                let name: Vec<String> = module.iter().chain(path.last()).cloned().collect();
                passed.insert(name, from);
            }
        }
    }
    let file_of = |mut path: Vec<String>| -> Option<Vec<String>> {
        for _ in 0..8 {
            match (1..=path.len()).rev().find_map(|end| passed.get(&path[..end]).map(|from| (end, from))) {
                Some((end, from)) if !texts.contains_key(&path) => {
                    path = from.iter().chain(&path[end..]).cloned().collect();
                }
                _ => break,
            }
        }
        (0..=path.len()).rev().map(|end| path[..end].to_vec()).find(|module| texts.contains_key(module))
    };
    let own = |(module, text): (&Vec<String>, &String)| {
        let needed = paths(text).into_iter().filter_map(|path| file_of(absolute(module, &path)));
        (module.clone(), needed.filter(|other| other != module && !other.is_empty()).collect())
    };
    texts.iter().filter(|(module, _)| !module.is_empty()).map(own).collect()
}

/// The order in ARCHITECTURE.md: from the top, one line of modules after another.
fn order() -> Vec<Vec<String>> {
    let text = fs::read_to_string("ARCHITECTURE.md").unwrap();
    let block = text.split("## Order of modules").nth(1).unwrap().split("```").nth(1).unwrap();
    let lines = block.lines().skip(1).map(|line| line.split("  ").next().unwrap_or_default());
    lines.map(|names| names.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn modules_need_only_what_stands_below_them() {
    let order = order();
    let level = |module: &str| {
        let at = order.iter().position(|line| line.iter().any(|name| name == module));
        at.unwrap_or_else(|| panic!("ARCHITECTURE.md does not place `{module}`"))
    };
    let mut against = Vec::new();
    let mut beside: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, needed) in needs() {
        for other in needed.iter().filter(|other| other[0] != file[0]) {
            let (from, to) = (level(&file[0]), level(&other[0]));
            if from > to {
                against.push(format!("{} needs {}", file.join("/"), other.join("/")));
            } else if from == to {
                beside.entry(file[0].clone()).or_default().insert(other[0].clone());
            }
        }
    }
    assert!(against.is_empty(), "against the order:\n{}", against.join("\n"));
    assert_eq!(circle(&beside), None, "modules of one line need each other");
}

#[test]
fn no_files_need_each_other() {
    // Layers, their schema and what is reported of them are one knot yet.
    let knot = |file: &Vec<String>| file[0] == "io";
    let needs: BTreeMap<String, BTreeSet<String>> = needs()
        .into_iter()
        .filter(|(file, _)| !knot(file))
        .map(|(file, needed)| {
            // A `mod.rs` lists its files; what a file takes from its `mod.rs` is no circle of files.
            let own = |other: &&Vec<String>| !file.starts_with(other) && !other.starts_with(&file[..]);
            (file.join("/"), needed.iter().filter(own).map(|other| other.join("/")).collect())
        })
        .collect();
    assert_eq!(circle(&needs), None);
}

/// The first circle of a graph, if there is one.
fn circle(needs: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn visit(
        at: &str,
        needs: &BTreeMap<String, BTreeSet<String>>,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(start) = path.iter().position(|before| before == at) {
            return Some(path[start..].to_vec());
        }
        if !done.insert(at.to_owned()) {
            return None;
        }
        path.push(at.to_owned());
        let found = needs.get(at).into_iter().flatten().find_map(|next| visit(next, needs, path, done));
        path.pop();
        found
    }
    let mut done = BTreeSet::new();
    needs.keys().find_map(|start| visit(start, needs, &mut Vec::new(), &mut done))
}
