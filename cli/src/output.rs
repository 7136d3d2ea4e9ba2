//! The folder that a run writes: whole outputs of one run, or of the one before, and never a loss of the user's own files.
//!
//! # Which files belong to a run
//!
//! `manifest.json` lists every output with its size and hash. Only a file that it lists, and that still has that hash, is replaced or
//! removed, and only with `--overwrite`. A file of an output's name that is not listed, or was changed since, is the user's: the
//! run refuses before any work. So does a run whose output would be written over one of its inputs: every argument that names an existing
//! file is compared by device and inode, links followed.
//!
//! # How outputs appear
//!
//! 1. A lock on `.landuse-lock` is held from start to end. A second run into the folder fails at once.
//! 2. Outputs grow in `.landuse-staging-PID-TIME`, a private folder inside the output folder.
//! 3. Once all are finished, the new manifest is added to the staging folder; its files and the folder are synced to the disk.
//! 4. The old manifest is moved to `old/` in the staging folder, then the old outputs; the new outputs are moved to their
//!    names, the folder is synced, and the new manifest is moved last: the mark of a whole set.
//! 5. Staging folder and lock are removed.
//!
//! The staging folder is the journal. If it holds a new manifest, the set was not completed, and [`roll_back`] restores the earlier
//! one: new outputs go back to the staging folder, old ones from `old/` to their names, the old manifest last. A failure in
//! step 4 does so at once; after a kill the next run does, as soon as it has the lock. Where that fails as well, the staging
//! folder is kept and named.
//!
//! Interrupt and termination wait for step 4, remove what the run made, and end the process. A run that fails removes the
//! folders that it made.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata, TryLockError};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use landuse::Error;
use landuse::report::is_page;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::layers::file_and_layer;
use crate::manifest::Manifest;

/// The outputs of each command; beside them each writes [`MANIFEST`].
pub(crate) mod names {
    pub(crate) const ANALYZE: [&str; 33] = [
        "buildings.csv",
        "clusters.geojson",
        "clusters.parquet",
        "control_lines.geojson",
        "control_lines.parquet",
        "districts.geojson",
        "districts.parquet",
        "encroachments.geojson",
        "encroachments.parquet",
        "firms.csv",
        "gradient.csv",
        "gradient.parquet",
        "gradient.png",
        "inside_lines.geojson",
        "inside_lines.parquet",
        "intensity.csv",
        "intensity.parquet",
        "intensity.png",
        "joins.json",
        "landuse.gpkg",
        "landuse.xlsx",
        "limits.png",
        "map.png",
        "map_hot_spots.png",
        "map_statistics.png",
        "neighbours.gal",
        "parcels.geojson",
        "parcels.parquet",
        "rejected.geojson",
        "report.html",
        "summary.json",
        "withdrawals.csv",
        "withdrawals.parquet",
    ];
    pub(crate) const APPRAISE: [&str; 3] = ["appraisal.csv", "appraisal.json", "parcels.csv"];
    pub(crate) const AUDIT: [&str; 4] =
        ["audit.json", "changes.geojson", "inside_changes.geojson", "matches.csv"];
    pub(crate) const REDEVELOP: [&str; 15] = [
        "assemblies.geojson",
        "capacity_parcels.geojson",
        "capacity_sites.geojson",
        "capacity_units.csv",
        "holdouts.csv",
        "programme.geojson",
        "programme.png",
        "programme_years.csv",
        "redevelop.json",
        "scenario_lines.csv",
        "scenario_parcels.csv",
        "scenario_sites.csv",
        "scenario_units.csv",
        "scenarios.csv",
        "supply.png",
    ];
    pub(crate) const GENERATE: [&str; 8] = [
        "README.md",
        "changes.json",
        "control_lines.geojson",
        "districts.geojson",
        "parcels.geojson",
        "parcels_later.geojson",
        "truth.json",
        "water.geojson",
    ];
}

/// The page of an analysis. It is also made on its own, beside the outputs of the run.
pub(crate) const PAGE: &str = "report.html";

/// Lists the outputs; written last.
pub(crate) const MANIFEST: &str = "manifest.json";
const LOCK: &str = ".landuse-lock";
const STAGING: &str = ".landuse-staging-";
/// Folder in the staging folder for the outputs of the earlier run, until the new ones are in place.
const OLD: &str = "old";
/// Bytes that are gathered for the system; what is larger is handed to it as it is.
const BUFFER: usize = 1 << 16;

/// One output, as the manifest lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Output {
    name: String,
    bytes: u64,
    hash: String,
}

/// The part of a manifest that says which files belong to the run.
#[derive(Debug, Deserialize)]
struct Listing {
    #[serde(rename = "landuse")]
    _version: String,
    outputs: Vec<Output>,
}

/// An output folder, while a run has it. See the module's page.
#[derive(Debug)]
pub(crate) struct OutputDir {
    run: Arc<Run>,
    names: &'static [&'static str],
    old: Vec<OldOutput>,
}

/// What the signal handler shares with the run.
#[derive(Debug)]
struct Run {
    path: PathBuf,
    staging: PathBuf,
    disk: Disk,
    /// Folders that did not exist before, outermost first.
    created: Vec<PathBuf>,
    _lock: File,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    written: BTreeMap<String, Output>,
    unfinished: usize,
    phase: Phase,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Working,
    Committed,
    /// The staging folder holds what could not be moved back.
    Stuck,
    /// All that the run made is removed.
    Ended,
}

/// A file of the earlier run, as it was when this one began.
#[derive(Debug)]
struct OldOutput {
    output: Output,
    stamp: Stamp,
    permissions: fs::Permissions,
}

/// What changes when a file is written or replaced.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    id: Option<(u64, u64)>,
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { id: file_id(metadata), bytes: metadata.len(), modified: metadata.modified().ok() }
    }
}

/// Device and inode, where the system has them.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
pub(crate) fn file_id(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
pub(crate) fn file_id(_: &Metadata) -> Option<(u64, u64)> {
    None
}

/// Whether two paths lead to one file, links followed.
fn same_file(a: &Path, b: &Path) -> bool {
    let id = |path: &Path| fs::metadata(path).ok().and_then(|metadata| file_id(&metadata));
    match (id(a), id(b)) {
        (Some(a), Some(b)) => a == b,
        _ => fs::canonicalize(a).ok().zip(fs::canonicalize(b).ok()).is_some_and(|(a, b)| a == b),
    }
}

/// Metadata of what stands at a path itself; none where nothing does.
fn entry(path: &Path) -> Result<Option<Metadata>, Error> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("look at", path, error)),
    }
}

fn refuse(action: &'static str, path: &Path, reason: &str) -> Error {
    Error::io(action, path, io::Error::new(io::ErrorKind::AlreadyExists, reason))
}

/// Every argument of the command line that names an existing file, and the value of each `--option=FILE`: whatever the option, it is
/// never forgotten here.
fn inputs_of_the_command_line() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    for argument in std::env::args_os().skip(1) {
        files.extend(value(&argument).map(PathBuf::from));
        files.push(argument.into());
    }
    for path in files.iter_mut().filter(|path| path.as_os_str() == "-") {
        *path = "/dev/stdin".into();
    }
    for path in &mut files {
        *path = file_and_layer(path).0;
    }
    files.retain(|path| fs::metadata(path).is_ok_and(|metadata| !metadata.is_dir()));
    files
}

/// What follows the first `=` of an argument.
#[cfg(unix)]
fn value(argument: &OsStr) -> Option<&OsStr> {
    use std::os::unix::ffi::OsStrExt;
    let bytes = argument.as_bytes();
    let at = bytes.iter().position(|&byte| byte == b'=')?;
    Some(OsStr::from_bytes(&bytes[at + 1..]))
}

#[cfg(not(unix))]
fn value(argument: &OsStr) -> Option<&OsStr> {
    argument.to_str().and_then(|argument| argument.split_once('=')).map(|(_, value)| value.as_ref())
}

impl OutputDir {
    /// Prepares a folder for the outputs that a command may write, and checks every target before any work.
    ///
    /// # Errors
    /// [`Error::Io`] where another run has the folder, where it cannot be made or written, holds something and `overwrite` is not
    /// set, or holds a file under an output's name that is the user's or an input of this run.
    pub(crate) fn create(
        path: &Path,
        names: &'static [&'static str],
        overwrite: bool,
    ) -> Result<Self, Error> {
        Self::create_on(Disk::default(), path, names, overwrite, &inputs_of_the_command_line())
    }

    fn create_on(
        disk: Disk,
        path: &Path,
        names: &'static [&'static str],
        overwrite: bool,
        inputs: &[PathBuf],
    ) -> Result<Self, Error> {
        // A signal waits until there is something to remove, and does not miss it.
        let mut current = lock(&CURRENT);
        let (lock_file, created) = acquire(&disk, path)?;
        let time = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos();
        let staging = path.join(format!("{STAGING}{}-{time}", std::process::id()));
        let run = Arc::new(Run {
            path: path.to_owned(),
            staging,
            disk,
            created,
            _lock: lock_file,
            state: Mutex::default(),
        });
        *current = Some(Arc::clone(&run));
        drop(current);
        // From here on dropping it removes what was made.
        let mut out = Self { run, names, old: Vec::new() };
        out.recover()?;
        out.old = out.survey(overwrite, inputs)?;
        let Run { disk, staging, .. } = &*out.run;
        let state = out.run.state();
        disk.create_private_dir(staging)?;
        disk.create_private_dir(&staging.join(OLD))?;
        drop(state);
        Ok(out)
    }

    /// Restores what runs that were killed while they moved files left behind, and removes their staging folders. The lock
    /// says that no such run is alive.
    fn recover(&self) -> Result<(), Error> {
        let Run { path, disk, .. } = &*self.run;
        let failed = |error| Error::io("read folder", path, error);
        for found in fs::read_dir(path).map_err(failed)? {
            let name = found.map_err(failed)?.file_name();
            if name.to_string_lossy().starts_with(STAGING) {
                let staging = path.join(name);
                roll_back(disk, path, &staging)?;
                remove_staging(disk, &staging)?;
            }
        }
        Ok(())
    }

    /// Checks that every output may be written, and gives the files of the earlier run.
    fn survey(&self, overwrite: bool, inputs: &[PathBuf]) -> Result<Vec<OldOutput>, Error> {
        let path = &self.run.path;
        let failed = |error| Error::io("read folder", path, error);
        if !overwrite {
            for found in fs::read_dir(path).map_err(failed)? {
                if found.map_err(failed)?.file_name() != LOCK {
                    let reason = "the folder is not empty, expected an empty one or leave to overwrite the outputs of an earlier run";
                    return Err(refuse("write into", path, reason));
                }
            }
            return Ok(Vec::new());
        }
        let manifest = path.join(MANIFEST);
        let listed = match entry(&manifest)? {
            None => Vec::new(),
            Some(_) => {
                read_listing(&manifest).map_err(|reason| refuse("replace", &manifest, &reason))?.outputs
            }
        };
        let listed = with_page(path, listed)?;
        let own: HashSet<&str> = listed.iter().map(|output| &*output.name).collect();
        let targets = self.names.iter().copied().chain([MANIFEST]).chain(own.iter().copied());
        for target in targets.map(|name| path.join(name)) {
            if let Some(input) = inputs.iter().find(|input| same_file(input, &target)) {
                let reason = format!("it is an input of this run (`{}`)", input.display());
                return Err(refuse("write over", &target, &reason));
            }
        }
        for target in self.names.iter().filter(|name| !own.contains(**name)).map(|name| path.join(name)) {
            if entry(&target)?.is_some() {
                let reason = "no earlier run wrote it (the manifest of the folder does not list it): move it, or write into another folder";
                return Err(refuse("replace", &target, reason));
            }
        }
        let mut old = Vec::new();
        for output in listed {
            let target = path.join(&output.name);
            let Some(metadata) = entry(&target)? else { continue };
            if !metadata.is_file() || !is_unchanged(&target, &metadata, &output)? {
                let reason =
                    "it was changed since the run that wrote it: move it, or write into another folder";
                return Err(refuse("replace", &target, reason));
            }
            old.push(OldOutput { output, stamp: Stamp::of(&metadata), permissions: metadata.permissions() });
        }
        Ok(old)
    }

    /// Where outputs that are finished lie until they are committed.
    pub(crate) fn staging(&self) -> &Path {
        &self.run.staging
    }

    /// Begins an output.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be made, or was not announced.
    pub(crate) fn file(&self, name: &str) -> Result<OutputFile, Error> {
        let path = self.run.path.join(name);
        if !self.names.contains(&name) && name != MANIFEST {
            return Err(Error::io(
                "create",
                &path,
                io::Error::other("it is not among the outputs of this command"),
            ));
        }
        let mut state = self.run.state();
        if state.phase != Phase::Working {
            return Err(Error::io("create", &path, io::ErrorKind::Interrupted.into()));
        }
        let file = self.run.disk.create(&self.run.staging.join(name), &path)?;
        state.unfinished += 1;
        let sink = Sink {
            file,
            run: Arc::clone(&self.run),
            path: path.clone(),
            hash: Xxh3::new(),
            bytes: 0,
            failed: false,
        };
        Ok(OutputFile { name: name.to_owned(), path, writer: BufWriter::with_capacity(BUFFER, sink) })
    }

    /// Writes one output as `fill` does. A failure to write names the output.
    ///
    /// # Errors
    /// [`Error::Io`], and the errors of `fill`.
    pub(crate) fn write<T>(
        &self,
        name: &str,
        fill: impl FnOnce(&mut OutputFile) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut file = self.file(name)?;
        let filled = fill(&mut file).map_err(|error| file.named(error))?;
        file.finish()?;
        Ok(filled)
    }

    /// Writes one output that is at hand.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be written.
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.write(name, |file| file.write_all(bytes).map_err(Error::Write))
    }

    /// Writes one output by its path, where a library has to open it itself. A failure names the output.
    ///
    /// # Errors
    /// [`Error::Io`], and the errors of `fill`.
    #[cfg(feature = "gpkg")]
    pub(crate) fn write_at(
        &self,
        name: &str,
        fill: impl FnOnce(&Path) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let file = self.file(name)?;
        let staged = self.run.staging.join(name);
        let at_its_name = |error| match error {
            Error::Io { action, path, source } if path == staged => {
                Error::Io { action, path: file.path.clone(), source }
            }
            other => other,
        };
        self.run.disk.before("write", &file.path).map_err(|error| Error::io("write", &file.path, error))?;
        fill(&staged).map_err(at_its_name)?;
        let bytes = fs::metadata(&staged).map_err(|error| Error::io("look at", &file.path, error))?.len();
        let output = Output { name: name.to_owned(), bytes, hash: hash_file(&staged).map_err(at_its_name)? };
        file.finish_as(output);
        Ok(())
    }

    /// Writes the manifest and moves all outputs to their names; those of the earlier run that this one did not write are removed.
    /// Gives the bytes of all outputs together.
    ///
    /// # Errors
    /// [`Error::Io`] where an output was not finished, or a file cannot be synced or moved: then the folder is as before,
    /// or the error names the staging folder that holds the rest.
    pub(crate) fn commit(self, mut manifest: Manifest) -> Result<u64, Error> {
        let Run { path, staging, disk, .. } = &*self.run;
        manifest.outputs = self.run.state().written.values().cloned().collect();
        let mut text = serde_json::to_vec_pretty(&manifest).unwrap_or_default();
        text.push(b'\n');
        self.put(MANIFEST, &text)?;
        if self.run.state().unfinished > 0 {
            return Err(Error::io("write into", path, io::Error::other("an output was not finished")));
        }
        for old in
            self.old.iter().filter(|old| manifest.outputs.iter().any(|new| new.name == old.output.name))
        {
            disk.set_permissions(&staging.join(&old.output.name), old.permissions.clone())?;
        }
        for name in manifest.outputs.iter().map(|output| &*output.name).chain([MANIFEST]) {
            disk.sync(&staging.join(name))?;
        }
        disk.sync_dir(staging)?;

        // A signal waits from here on.
        let mut state = self.run.state();
        if state.phase != Phase::Working {
            return Err(Error::io("write into", path, io::ErrorKind::Interrupted.into()));
        }
        if let Err(error) = self.exchange(&manifest.outputs) {
            if let Err(second) = roll_back(disk, path, staging) {
                state.phase = Phase::Stuck;
                let reason = format!(
                    "{}; the folder could not be restored ({}): what is missing from it lies in `{}`",
                    error.chain(),
                    second.chain(),
                    staging.display()
                );
                return Err(Error::io("complete", path, io::Error::other(reason)));
            }
            return Err(error);
        }
        state.phase = Phase::Committed;
        drop(state);
        disk.sync_dir(path)?;
        Ok(manifest.outputs.iter().map(|output| output.bytes).sum())
    }

    /// Step 4 of the module's page.
    fn exchange(&self, new: &[Output]) -> Result<(), Error> {
        let Run { path, staging, disk, .. } = &*self.run;
        let aside = staging.join(OLD);
        let manifest = path.join(MANIFEST);
        if entry(&manifest)?.is_some() {
            disk.rename(&manifest, &aside.join(MANIFEST))?;
        }
        for OldOutput { output, stamp, .. } in &self.old {
            let (from, to) = (path.join(&output.name), aside.join(&output.name));
            if entry(&from)?.is_none() {
                continue;
            }
            disk.rename(&from, &to)?;
            // Looked at once it is aside: from here on nobody else finds it by its name.
            let metadata = entry(&to)?;
            let unchanged = metadata.is_some_and(|metadata| {
                Stamp::of(&metadata) == *stamp || is_unchanged(&to, &metadata, output).unwrap_or(false)
            });
            if !unchanged {
                return Err(refuse("replace", &from, "it was changed during this run"));
            }
        }
        for name in new.iter().map(|output| &*output.name).chain([MANIFEST]) {
            if name == MANIFEST {
                disk.sync_dir(&aside)?;
                disk.sync_dir(staging)?;
                disk.sync_dir(path)?;
            }
            let target = path.join(name);
            if entry(&target)?.is_some() {
                return Err(refuse("replace", &target, "it appeared during this run"));
            }
            disk.rename(&staging.join(name), &target)?;
        }
        Ok(())
    }
}

impl Drop for OutputDir {
    fn drop(&mut self) {
        self.run.end();
        *lock(&CURRENT) = None;
    }
}

impl Run {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Removes staging folder and lock and, where the run did not succeed, the folders that it made.
    fn end(&self) {
        let mut state = self.state();
        if state.phase == Phase::Ended {
            return;
        }
        // What cannot be removed here is removed by the next run.
        if state.phase != Phase::Stuck {
            let removed = remove_staging(&self.disk, &self.staging);
            if let (Err(error), Phase::Committed) = (removed, state.phase) {
                crate::say_aside(&format!("note: {}", error.chain()));
            }
        }
        let _ = self.disk.remove_file(&self.path.join(LOCK));
        if state.phase == Phase::Working {
            for folder in self.created.iter().rev() {
                let _ = self.disk.remove_dir(folder);
            }
        }
        state.phase = Phase::Ended;
    }
}

/// Makes the folder where there is none and locks it.
fn acquire(disk: &Disk, path: &Path) -> Result<(File, Vec<PathBuf>), Error> {
    // A run that ends removes the lock, and the folder where it made it: then all begins again.
    const TRIES: usize = 100;
    let lock_path = path.join(LOCK);
    for _ in 0..TRIES {
        let created = create_folders(disk, path)?;
        let clear = || created.iter().rev().for_each(|folder| drop(disk.remove_dir(folder)));
        let mut file = match disk.open_lock(&lock_path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                clear();
                return Err(Error::io("write into", path, error));
            }
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let known = file.read_to_string(&mut pid).is_ok() && !pid.trim().is_empty();
                let who = if known { format!(" (process {})", pid.trim()) } else { String::new() };
                let reason = format!("another run{who} writes into this folder, expected it to end first");
                return Err(Error::io("write into", path, io::Error::new(io::ErrorKind::WouldBlock, reason)));
            }
            Err(TryLockError::Error(error)) => {
                let _ = disk.remove_file(&lock_path);
                clear();
                return Err(Error::io("lock", path, error));
            }
        }
        let held = file.metadata().ok().and_then(|metadata| file_id(&metadata));
        let named = fs::metadata(&lock_path).ok().and_then(|metadata| file_id(&metadata));
        if held == named && lock_path.exists() {
            // The number is for people; without it the lock holds as well.
            let _ = file.set_len(0).and_then(|()| file.write_all(std::process::id().to_string().as_bytes()));
            return Ok((file, created));
        }
    }
    let reason = "other runs take and leave this folder all the time";
    Err(Error::io("lock", path, io::Error::new(io::ErrorKind::WouldBlock, reason)))
}

/// Makes a folder and those above it; gives the ones that were not there, outermost first.
fn create_folders(disk: &Disk, path: &Path) -> Result<Vec<PathBuf>, Error> {
    let missing = path.ancestors().take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists());
    let mut missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
    missing.reverse();
    let mut created: Vec<PathBuf> = Vec::new();
    for folder in missing {
        match disk.create_dir(&folder) {
            Ok(()) => created.push(folder),
            // Another run was faster; what is above may be gone again, as the caller will see.
            Err(error) if [io::ErrorKind::AlreadyExists, io::ErrorKind::NotFound].contains(&error.kind()) => {
            }
            Err(error) => {
                created.iter().rev().for_each(|folder| drop(disk.remove_dir(folder)));
                return Err(Error::io("create folder", &folder, error));
            }
        }
    }
    if path.exists() && !path.is_dir() {
        let error = io::Error::new(io::ErrorKind::NotADirectory, "it is a file, expected a folder");
        return Err(Error::io("write into", path, error));
    }
    Ok(created)
}

/// What a manifest lists. Why it is none, otherwise.
fn read_listing(path: &Path) -> Result<Listing, String> {
    let is_file = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    let text = if is_file { fs::read(path).map_err(|error| error.to_string())? } else { Vec::new() };
    let listing: Listing = serde_json::from_slice(&text).map_err(
        |_| "it is no manifest of a run that lists its outputs: move it, or write into another folder",
    )?;
    for Output { name, .. } in &listing.outputs {
        let mut parts = Path::new(name).components();
        let plain =
            matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == &**name);
        if !plain || name == MANIFEST || name == LOCK || name.starts_with(STAGING) {
            return Err(format!("it lists `{name}`, expected names of files in this folder"));
        }
    }
    Ok(listing)
}

/// Whether a file still has the bytes that were written.
fn is_unchanged(path: &Path, metadata: &Metadata, output: &Output) -> Result<bool, Error> {
    Ok(metadata.len() == output.bytes && hash_file(path)? == output.hash)
}

fn hash_file(path: &Path) -> Result<String, Error> {
    let failed = |error| Error::io("read", path, error);
    let mut file = File::open(path).map_err(failed)?;
    let mut hash = Xxh3::new();
    let mut block = vec![0; BUFFER];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(words(&hash)),
            Ok(count) => hash.update(&block[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}

/// The outputs of a run with the page that was made of them later, as it is now: like an output it is replaced with them, unless
/// somebody edited it.
fn with_page(folder: &Path, mut listed: Vec<Output>) -> Result<Vec<Output>, Error> {
    let path = folder.join(PAGE);
    let is_file = entry(&path)?.is_some_and(|metadata| metadata.is_file());
    let page =
        if is_file { fs::read(&path).map_err(|error| Error::io("read", &path, error))? } else { Vec::new() };
    if is_page(&page) {
        listed.retain(|output| output.name != PAGE);
        listed.push(Output { name: PAGE.into(), bytes: page.len() as u64, hash: hash_file(&path)? });
    }
    Ok(listed)
}

/// Puts a page in its place, whole. Another file there is refused, a page too that somebody edited.
///
/// # Errors
/// [`Error::Io`] where that is so, or where it cannot be written.
pub(crate) fn put_page(path: &Path, page: &[u8]) -> Result<(), Error> {
    if entry(path)?.is_some() {
        let now = fs::read(path).map_err(|error| Error::io("read", path, error))?;
        if !is_page(&now) {
            let reason = "it is no page that `landuse report` wrote, or was changed since: move it, or name another file";
            return Err(refuse("replace", path, reason));
        }
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let staged = path.with_file_name(format!(".{name}-{}", std::process::id()));
    let disk = Disk::default();
    let mut file = disk.create(&staged, path)?;
    let written =
        file.write_all(page).and_then(|()| file.sync_all()).map_err(|error| Error::io("write", path, error));
    written.and_then(|()| disk.rename(&staged, path)).inspect_err(|_| drop(disk.remove_file(&staged)))
}

/// Fails where a run writes into a folder.
///
/// # Errors
/// [`Error::Io`] that says so.
pub(crate) fn check_no_run(folder: &Path) -> Result<(), Error> {
    let held = File::open(folder.join(LOCK))
        .is_ok_and(|lock| matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock)));
    if held {
        return Err(Error::io(
            "read",
            folder,
            io::Error::new(
                io::ErrorKind::WouldBlock,
                "a run writes into this folder, expected it to end first",
            ),
        ));
    }
    Ok(())
}

/// A hash with the name of its algorithm.
fn words(hash: &Xxh3) -> String {
    format!("xxh3-128:{:032x}", hash.digest128())
}

/// Puts a folder back as it was before the run of this staging folder began to move files; nothing where it did not begin, or
/// had completed. May be cut short and begun again.
fn roll_back(disk: &Disk, path: &Path, staging: &Path) -> Result<(), Error> {
    let aside = staging.join(OLD);
    let (journal, mark) = (staging.join(MANIFEST), path.join(MANIFEST));
    if entry(&journal)?.is_none() {
        return Ok(());
    }
    let mut old = Vec::new();
    for found in fs::read_dir(&aside).into_iter().flatten() {
        old.push(found.map_err(|error| Error::io("read folder", &aside, error))?.file_name());
    }
    if entry(&mark)?.is_some() {
        // The earlier set is whole; or somebody else put a manifest there, and what was put aside must not go.
        return if old.is_empty() {
            Ok(())
        } else {
            Err(refuse("restore", &mark, &format!("it is in the way of files in `{}`", aside.display())))
        };
    }
    // A manifest that was cut short was not synced: then nothing was moved either.
    let Ok(new) = read_listing(&journal) else {
        return if old.is_empty() {
            Ok(())
        } else {
            Err(refuse("restore", path, &format!("`{}` cannot be read", journal.display())))
        };
    };
    let earlier = read_listing(&aside.join(MANIFEST)).map(|listing| listing.outputs).unwrap_or_default();
    for output in new.outputs {
        let (staged, target) = (staging.join(&output.name), path.join(&output.name));
        let is_aside = old.iter().any(|name| *name == *output.name);
        let is_old = !is_aside && earlier.iter().any(|earlier| earlier.name == output.name);
        if entry(&staged)?.is_some() || is_old {
            continue;
        }
        let Some(metadata) = entry(&target)? else { continue };
        if metadata.is_file() && is_unchanged(&target, &metadata, &output)? {
            disk.rename(&target, &staged)?;
        }
    }
    // The manifest last: the mark of a whole set.
    old.sort_by_key(|name| name == MANIFEST);
    for name in old {
        let (from, to) = (aside.join(&name), path.join(&name));
        if entry(&to)?.is_some() {
            let reason = format!("it is in the way of the file of the earlier run, `{}`", from.display());
            return Err(refuse("restore", &to, &reason));
        }
        if name == MANIFEST {
            disk.sync_dir(path)?;
        }
        disk.rename(&from, &to)?;
    }
    disk.sync_dir(path)
}

/// Removes a staging folder, its manifest first: what is left of it then restores nothing.
fn remove_staging(disk: &Disk, staging: &Path) -> Result<(), Error> {
    for removed in [disk.remove_file(&staging.join(MANIFEST)), disk.remove_dir_all(staging)] {
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("remove", staging, error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// One output being written.
pub(crate) struct OutputFile {
    name: String,
    path: PathBuf,
    writer: BufWriter<Sink>,
}

/// Hashes and counts what goes to a staged file.
struct Sink {
    file: File,
    run: Arc<Run>,
    path: PathBuf,
    hash: Xxh3,
    bytes: u64,
    failed: bool,
}

impl OutputFile {
    /// A failure to write, with the output's name if it is this one that failed.
    pub(crate) fn named(&self, error: Error) -> Error {
        match error {
            Error::Write(error) if self.writer.get_ref().failed => Error::io("write", &self.path, error),
            other => other,
        }
    }

    /// Hands everything to the system. An output that is dropped before is never committed.
    ///
    /// # Errors
    /// [`Error::Io`] with the output's name.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        self.writer.flush().map_err(|error| Error::io("write", &self.path, error))?;
        let sink = self.writer.get_ref();
        let output = Output { name: self.name.clone(), bytes: sink.bytes, hash: words(&sink.hash) };
        self.finish_as(output);
        Ok(())
    }

    /// Notes it as finished.
    fn finish_as(&self, output: Output) {
        let mut state = self.writer.get_ref().run.state();
        state.unfinished -= 1;
        if self.name != MANIFEST {
            state.written.insert(self.name.clone(), output);
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.run.disk.before("write", &self.path).and_then(|()| self.file.write(bytes));
        self.failed |= written.is_err();
        let count = written?;
        self.hash.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Told of an operation and its file, says whether it fails.
#[cfg(test)]
type Fault = Box<dyn Fn(&'static str, &Path) -> io::Result<()> + Send + Sync>;

/// The operations that change a folder. In tests each can be made to fail.
#[derive(Default)]
struct Disk {
    #[cfg(test)]
    fault: Option<Fault>,
}

impl std::fmt::Debug for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Disk")
    }
}

impl Disk {
    #[cfg(test)]
    fn before(&self, action: &'static str, path: &Path) -> io::Result<()> {
        self.fault.as_ref().map_or(Ok(()), |fault| fault(action, path))
    }

    #[cfg(not(test))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "a place for the faults of tests")]
    fn before(&self, _: &'static str, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.before("create folder", path)?;
        fs::create_dir(path)
    }

    fn create_private_dir(&self, path: &Path) -> Result<(), Error> {
        #[cfg_attr(not(unix), expect(unused_mut, reason = "other systems have no mode"))]
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let made = self.before("create folder", path).and_then(|()| builder.create(path));
        made.map_err(|error| Error::io("create folder", path, error))
    }

    fn open_lock(&self, path: &Path) -> io::Result<File> {
        self.before("open", path)?;
        File::options().read(true).write(true).create(true).truncate(false).open(path)
    }

    /// A new file at `place`; `path` is what messages call it.
    fn create(&self, place: &Path, path: &Path) -> Result<File, Error> {
        let made = self.before("create", place).and_then(|()| File::create_new(place));
        made.map_err(|error| Error::io("create", path, error))
    }

    fn set_permissions(&self, path: &Path, permissions: fs::Permissions) -> Result<(), Error> {
        let set = self.before("set permissions", path).and_then(|()| fs::set_permissions(path, permissions));
        set.map_err(|error| Error::io("set the permissions of", path, error))
    }

    fn sync(&self, path: &Path) -> Result<(), Error> {
        // Tests count it, and do not wait for a disk.
        let sync = || if cfg!(test) { Ok(()) } else { File::open(path)?.sync_all() };
        let synced = self.before("sync", path).and_then(|()| sync());
        synced.map_err(|error| Error::io("sync", path, error))
    }

    /// Syncs the names in a folder, where the system can.
    fn sync_dir(&self, path: &Path) -> Result<(), Error> {
        if cfg!(unix) { self.sync(path) } else { Ok(()) }
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let renamed = self.before("rename", to).and_then(|()| fs::rename(from, to));
        renamed.map_err(|error| Error::io("rename", to, error))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.before("remove", path)?;
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.before("remove", path)?;
        fs::remove_dir(path)
    }

    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        self.before("remove", path)?;
        fs::remove_dir_all(path)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The run whose folder a signal has to leave clean.
static CURRENT: Mutex<Option<Arc<Run>>> = Mutex::new(None);

/// From now on interrupt, hang-up and termination remove what the run made before they end the process. A signal that the process
/// was started to ignore stays ignored.
#[cfg(unix)]
pub(crate) fn clean_up_on_signals() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
    let Ok(mut signals) = signal_hook::iterator::Signals::new(wanted) else { return };
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Held to the end: no other run begins.
            let current = lock(&CURRENT);
            if let Some(run) = &*current {
                run.end();
            }
            let _ = signal_hook::low_level::emulate_default_handler(signal);
            std::process::exit(128 + signal);
        }
    });
}

/// Other systems end the process at once; the next run removes the staging folder.
#[cfg(not(unix))]
pub(crate) fn clean_up_on_signals() {}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
