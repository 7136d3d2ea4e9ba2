//! The output folder and the user's files: nothing of theirs is lost, no folder holds a mixture of two runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{city, fed, landuse, status, stderr};

/// Every file of a folder by name, with its bytes; folders inside it with none.
fn files(dir: &Path) -> BTreeMap<String, Option<Vec<u8>>> {
    fs::read_dir(dir)
        .unwrap()
        .map(|found| found.unwrap())
        .map(|found| (found.file_name().into_string().unwrap(), fs::read(found.path()).ok()))
        .collect()
}

/// What the manifest of a folder says of the run, if every file that it lists has the size that it lists and nothing else is there.
fn whole(dir: &Path) -> Option<serde_json::Value> {
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.join("manifest.json")).ok()?).ok()?;
    let listed = manifest["outputs"].as_array()?;
    let mut names: Vec<&str> = listed.iter().filter_map(|output| output["name"].as_str()).collect();
    names.push("manifest.json");
    names.sort_unstable();
    let sizes = listed.iter().all(|output| {
        let file = fs::metadata(dir.join(output["name"].as_str().unwrap()));
        file.is_ok_and(|file| Some(file.len()) == output["bytes"].as_u64())
    });
    let found = files(dir);
    (sizes && found.keys().map(String::as_str).eq(names)).then_some(manifest)
}

/// Ten parcels of factories and of offices in a row, with a tax each.
fn small(folder: &Path, name: &str) -> String {
    let features: Vec<String> = (0..10)
        .map(|i| {
            let (x, tax) = (114.05 + f64::from(i) * 1e-3, 1000 + i * 100);
            let corners: Vec<String> = [(0.0, 0.0), (9e-4, 0.0), (9e-4, 9e-4), (0.0, 9e-4), (0.0, 0.0)]
                .map(|(dx, dy)| format!("[{:.6},{:.6}]", x + dx, 22.54 + dy))
                .to_vec();
            format!(
                r#"{{"type":"Feature","properties":{{"id":"P{i}","tax_yuan":{tax}}},"geometry":{{"type":"Polygon","coordinates":[[{}]]}}}}"#,
                corners.join(",")
            )
        })
        .collect();
    let path = folder.join(name);
    fs::write(&path, format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(",\n")))
        .unwrap();
    path.display().to_string()
}

const QUICK: [&str; 5] = ["--no-map", "--permutations", "99", "--threads", "1"];

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landuse"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

fn analysis(parcels: &str, out: &Path, more: &[&str]) -> Output {
    let out = out.display().to_string();
    landuse(&[&["analyze", parcels, "--out", &out], &QUICK[..], more].concat())
}

#[test]
fn inputs_in_the_output_folder_and_files_of_the_user_stay() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    for name in ["parcels.geojson", "control_lines.geojson", "districts.geojson"] {
        fs::copy(city(name), dir.join(name)).unwrap();
    }
    for name in ["firms.csv", "buildings.csv", "map.png"] {
        fs::write(dir.join(name), "mine").unwrap();
    }
    let before = files(dir);
    let at = |name: &str| dir.join(name).display().to_string();
    let out = dir.display().to_string();
    // The folder of the inputs.
    let lines = at("control_lines.geojson");
    let districts = at("districts.geojson");
    let layers = ["--control-lines", &lines, "--districts", &districts, "--overwrite"];
    let refused = analysis(&at("parcels.geojson"), dir, &layers);
    assert_eq!(status(&refused), 1);
    assert!(stderr(&refused).contains("an input of this run"), "{}", stderr(&refused));
    assert_eq!(files(dir), before);
    // Parcels from elsewhere: the folder never held a run, and what has the name of an output stays.
    let parcels = city("parcels.geojson").display().to_string();
    let refused = analysis(&parcels, dir, &["--overwrite"]);
    assert_eq!(status(&refused), 1);
    assert!(stderr(&refused).contains("no earlier run wrote it"), "{}", stderr(&refused));
    assert_eq!(files(dir), before);
    for refused in [
        landuse(&["generate", "--parcels", "100", "--overwrite", "--out", &out]),
        landuse(&["generate", "--parcels", "100", "--out", &out]),
    ] {
        assert_eq!(status(&refused), 1);
        assert_eq!(files(dir), before);
    }
    // Side inputs count as well, under any option and through standard input.
    let run = dir.join("run");
    assert_eq!(status(&analysis(&parcels, &run, &[])), 0);
    let (summary, table) = (run.join("summary.json"), run.join("intensity.csv").display().to_string());
    let before = files(&run);
    for refused in [
        analysis(&parcels, &run, &["--overwrite", &format!("--sensitivity={}", summary.display())]),
        analysis(&parcels, &run, &["--overwrite", "--firms", &table]),
        analysis(&parcels, &run, &["--overwrite", "--quotas", &table]),
    ] {
        assert_eq!(status(&refused), 1);
        assert!(stderr(&refused).contains("an input of this run"), "{}", stderr(&refused));
        assert_eq!(files(&run), before);
    }
}

#[test]
fn rejected_features_of_a_run_are_no_input_for_its_own_folder() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let parcels = small(folder.path(), "parcels.geojson");
    let text = fs::read_to_string(&parcels).unwrap().replacen("\"Polygon\"", "\"Point\"", 1);
    fs::write(&parcels, text).unwrap();
    assert_eq!(status(&analysis(&parcels, &dir, &[])), 0);
    let before = files(&dir);
    let rejected = dir.join("rejected.geojson").display().to_string();
    let link = folder.path().join("link.geojson");
    fs::hard_link(&rejected, &link).unwrap();
    for input in [&rejected, &link.display().to_string()] {
        let refused = analysis(input, &dir, &["--overwrite"]);
        assert_eq!(status(&refused), 1);
        assert!(stderr(&refused).contains("rejected.geojson"), "{}", stderr(&refused));
        assert_eq!(files(&dir), before);
    }
    // An output that the user went on with is theirs.
    fs::write(dir.join("intensity.csv"), "edited").unwrap();
    fs::write(dir.join("notes.txt"), "mine").unwrap();
    let refused = analysis(&parcels, &dir, &["--overwrite"]);
    assert!(status(&refused) == 1 && stderr(&refused).contains("intensity.csv"), "{}", stderr(&refused));
    assert_eq!(fs::read(dir.join("intensity.csv")).unwrap(), b"edited");
    fs::remove_file(dir.join("intensity.csv")).unwrap();
    // Another command replaces the whole set, and leaves what no manifest lists.
    let out = dir.display().to_string();
    let made = landuse(&["generate", "--parcels", "100", "--overwrite", "--out", &out]);
    assert_eq!(status(&made), 0, "{}", stderr(&made));
    assert!(!dir.join("summary.json").exists() && !dir.join("rejected.geojson").exists());
    assert_eq!(fs::read(dir.join("notes.txt")).unwrap(), b"mine");
}

/// Two runs into one folder at once, again and again: each folder holds one of them, whole. As many times as `LANDUSE_RACES` says.
#[test]
fn of_two_runs_into_one_folder_one_is_refused_or_comes_after_the_other() {
    let races: u32 = std::env::var("LANDUSE_RACES").ok().and_then(|races| races.parse().ok()).unwrap_or(20);
    let folder = tempfile::tempdir().unwrap();
    let parcels = small(folder.path(), "parcels.geojson");
    let mut held: BTreeMap<String, u32> = BTreeMap::new();
    for race in 0..races {
        let dir = folder.path().join(format!("out{}", race % 5));
        let out = dir.display().to_string();
        // Into a new folder and into one that holds a run.
        if race % 10 < 5 {
            let _ = fs::remove_dir_all(&dir);
        }
        let start = |gap: &str| {
            let arguments = ["analyze", &parcels, "--out", &out, "--overwrite", "--gap", gap];
            command(&[&arguments, &QUICK[..]].concat()).spawn().unwrap()
        };
        let runs = [("10", start("10")), ("20", start("20"))]
            .map(|(gap, run)| (gap, run.wait_with_output().unwrap()));
        let manifest =
            whole(&dir).unwrap_or_else(|| panic!("race {race}: a mixture: {:?}", files(&dir).keys()));
        let summary: serde_json::Value =
            serde_json::from_slice(&fs::read(dir.join("summary.json")).unwrap()).unwrap();
        let gap = summary["adjacency"]["gap_m"].as_f64().unwrap().to_string();
        let command = manifest["command"].to_string();
        assert!(command.contains(&format!("\"--gap\",\"{gap}\"")), "race {race}: {command}");
        let (_, winner) = runs.iter().find(|(other, _)| *other == gap).unwrap();
        assert_eq!(status(winner), 0, "race {race}: the folder holds a run that failed");
        for (_, run) in &runs {
            let said = stderr(run);
            let refused = status(run) == 1 && said.contains("another run") && said.contains(&out);
            assert!(status(run) == 0 || refused, "race {race}: {said}");
        }
        let succeeded = runs.iter().filter(|(_, run)| status(run) == 0).count();
        let what = if succeeded == 2 {
            "the later of two that succeeded"
        } else {
            "the one that succeeded, the other refused"
        };
        *held.entry(format!("whole: {what}")).or_default() += 1;
    }
    println!("{races} races: {held:?}");
}

/// A run that is held by a named pipe as a side input, once it has read the parcels.
#[cfg(unix)]
struct Held {
    child: Child,
    pipe: PathBuf,
}

#[cfg(unix)]
impl Held {
    fn start(folder: &Path, parcels: &str, out: &Path) -> Self {
        let pipe = folder.join("checks.csv");
        let _ = fs::remove_file(&pipe);
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (out, checks) = (out.display().to_string(), pipe.display().to_string());
        let arguments = ["analyze", parcels, "--out", &out, "--overwrite", "--overrides", &checks];
        let child = command(&[&arguments, &QUICK[..]].concat()).spawn().unwrap();
        Self { child, pipe }
    }

    /// Waits until the run asks for the side input: the parcels were read.
    fn reached(&mut self) -> fs::File {
        let (send, receive) = std::sync::mpsc::channel();
        let pipe = self.pipe.clone();
        std::thread::spawn(move || send.send(fs::File::options().write(true).open(pipe).unwrap()));
        loop {
            if let Ok(writer) = receive.recv_timeout(Duration::from_millis(50)) {
                return writer;
            }
            assert!(
                self.child.try_wait().unwrap().is_none(),
                "the run ended before it asked for its side input"
            );
        }
    }

    /// Feeds the side input, and gives how the run ended.
    fn released(self, mut writer: fs::File) -> Output {
        std::io::Write::write_all(&mut writer, b"parcel,status,reason,date\nP1,low,seen,2024-05-02\n")
            .unwrap();
        drop(writer);
        self.child.wait_with_output().unwrap()
    }

    fn signalled(mut self, signal: &str) -> std::process::ExitStatus {
        assert!(
            Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success()
        );
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(60), "{signal} does not end the run");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[cfg(unix)]
#[test]
fn signals_leave_nothing_behind_and_a_kill_what_the_next_run_removes() {
    use std::os::unix::process::ExitStatusExt;
    let folder = tempfile::tempdir().unwrap();
    let parcels = small(folder.path(), "parcels.geojson");
    // A signal that whoever runs the tests ignores is ignored by what they start.
    let status_text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status_text.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    let signals = [("INT", "-INT", 2), ("TERM", "-TERM", 15), ("HUP", "-HUP", 1)];
    for (name, signal, number) in signals.into_iter().filter(|signal| ignored >> (signal.2 - 1) & 1 == 0) {
        // A folder that the run made, below another one that it made.
        let dir = folder.path().join("deep/out");
        let mut held = Held::start(folder.path(), &parcels, &dir);
        let writer = held.reached();
        assert!(dir.exists());
        let ended = held.signalled(signal);
        drop(writer);
        assert_eq!(ended.signal(), Some(number), "{name}: {ended:?}");
        assert!(!folder.path().join("deep").exists(), "{name} leaves a folder");
    }
    let dir = folder.path().join("out");
    assert_eq!(status(&analysis(&parcels, &dir, &[])), 0);
    let before = files(&dir);
    for signal in ["-TERM", "-KILL"] {
        let mut held = Held::start(folder.path(), &parcels, &dir);
        let writer = held.reached();
        // A second run is refused at once, and names the folder and the first.
        let refused = analysis(&parcels, &dir, &["--overwrite"]);
        let said = stderr(&refused);
        assert_eq!(status(&refused), 1);
        let first = format!("process {}", held.child.id());
        assert!(said.contains(&*dir.to_string_lossy()) && said.contains(&first), "{said}");
        let _ = held.signalled(signal);
        drop(writer);
        let mut left = files(&dir);
        left.retain(|name, _| !name.starts_with(".landuse-"));
        assert_eq!(left, before, "{signal}");
    }
    let hidden: Vec<String> = files(&dir).into_keys().filter(|name| name.starts_with('.')).collect();
    assert_eq!(hidden.len(), 2, "staging and lock of the killed run: {hidden:?}");
    assert_eq!(status(&analysis(&parcels, &dir, &["--overwrite"])), 0);
    assert!(whole(&dir).is_some(), "{:?}", files(&dir).keys());
    // Killed in a folder of its own: the next run needs no leave to overwrite.
    let dir = folder.path().join("own");
    let mut held = Held::start(folder.path(), &parcels, &dir);
    let writer = held.reached();
    let _ = held.signalled("-KILL");
    drop(writer);
    let output = analysis(&parcels, &dir, &[]);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(whole(&dir).is_some());
}

/// An edit of equal length between the two readings of the parcels, and one that keeps the time of the file as well.
#[cfg(unix)]
#[test]
fn parcels_that_change_while_a_run_works_fail_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("out");
    let parcels = small(folder.path(), "parcels.geojson");
    let text = fs::read_to_string(&parcels).unwrap();
    for keep_time in [false, true] {
        fs::write(&parcels, &text).unwrap();
        let mut held = Held::start(folder.path(), &parcels, &dir);
        let writer = held.reached();
        let modified = fs::metadata(&parcels).unwrap().modified().unwrap();
        fs::write(&parcels, text.replace("\"P3\"", "\"Q3\"")).unwrap();
        if keep_time {
            fs::File::options().write(true).open(&parcels).unwrap().set_modified(modified).unwrap();
        }
        let output = held.released(writer);
        assert_eq!(status(&output), 1, "{}", stderr(&output));
        assert!(stderr(&output).contains("parcels.geojson"), "{}", stderr(&output));
        assert!(!dir.exists(), "nothing is written");
    }
    fs::write(&parcels, &text).unwrap();
    let mut held = Held::start(folder.path(), &parcels, &dir);
    let writer = held.reached();
    let output = held.released(writer);
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(whole(&dir).is_some());
}

#[cfg(unix)]
#[test]
fn pipes_are_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let parcels = small(folder.path(), "parcels.geojson");
    let [file, piped, named] = ["file", "piped", "named"].map(|name| folder.path().join(name));
    assert_eq!(status(&analysis(&parcels, &file, &[])), 0);
    let script = "exec \"$0\" analyze <(cat \"$1\") --out \"$2\" --no-map --permutations 99 --threads 1";
    let output = Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_landuse"), &parcels])
        .arg(&piped)
        .output();
    if let Ok(output) = output {
        assert_eq!(status(&output), 0, "{}", stderr(&output));
        assert_eq!(files(&piped)["parcels.geojson"], files(&file)["parcels.geojson"]);
    } else {
        println!("skipped: there is no bash here");
    }
    let pipe = folder.path().join("pipe.geojson");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let text = fs::read(&parcels).unwrap();
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, text)
    });
    let output = analysis(&pipe.display().to_string(), &named, &[]);
    writer.join().unwrap().unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert_eq!(files(&named)["parcels.geojson"], files(&file)["parcels.geojson"]);
    // Standard input twice.
    let out = folder.path().join("twice").display().to_string();
    let text = fs::read_to_string(&parcels).unwrap();
    for side in [["--districts", "-"], ["--firms", "/dev/stdin"]] {
        let refused = fed(&[&["analyze", "-", "--out", &out], &side[..]].concat(), &text);
        assert_eq!(status(&refused), 1);
        assert!(stderr(&refused).contains("only once"), "{}", stderr(&refused));
        assert!(!Path::new(&out).exists());
    }
}

#[cfg(unix)]
#[test]
fn a_path_that_is_no_text_is_a_path_and_control_characters_stay_off_the_terminal() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join(std::ffi::OsStr::from_bytes(b"parcels-\xff.geojson"));
    let plain = small(folder.path(), "parcels.geojson");
    if fs::copy(&plain, &odd).is_err() {
        println!("skipped: this file system takes no such name");
        return;
    }
    let out = folder.path().join(std::ffi::OsStr::from_bytes(b"out-\xfe"));
    let output = command(&["analyze"]).arg(&odd).arg("--out").arg(&out).args(QUICK).output().unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    assert!(whole(&out).unwrap()["command"].to_string().contains("parcels-\u{fffd}.geojson"));

    let text = fs::read_to_string(&plain).unwrap().replace("\"P3\"", r#""P\u001b[31m\u202e\u0007""#);
    let text =
        text.replacen("[[[114.05", "[[[0,0],[114.05", 1).replace("\"P0\"", r#""\u001b]0;title\u0007""#);
    fs::write(&plain, text).unwrap();
    let output = landuse(&["check", &plain]);
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("\\u001b]0;title\\u0007"), "{said}");
    assert!(!said.chars().any(|c| c.is_control() && c != '\n'), "{said:?}");
}
