//! `manifest.json`: what was read, how long each stage took, and all else that may differ between runs of equal results.

use std::time::Instant;

use landuse::analysis::InputFile;
use landuse::io::OutputDir;
use landuse::{Analysis, Error, Options, ParcelSet};
use serde::Serialize;

/// Wall time of each stage.
pub(crate) struct Clock {
    laps: Vec<(String, f64)>,
    stage: Option<String>,
    since: Instant,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { laps: Vec::new(), stage: None, since: Instant::now() }
    }

    pub(crate) fn lap(&mut self, name: &str) {
        let now = Instant::now();
        self.laps.push((name.into(), now.duration_since(self.since).as_secs_f64()));
        self.since = now;
    }

    pub(crate) fn enter(&mut self, stage: String) {
        self.leave();
        self.stage = Some(stage);
    }

    pub(crate) fn leave(&mut self) {
        match self.stage.take() {
            Some(stage) => self.lap(&stage),
            None => self.since = Instant::now(),
        }
    }
}

/// `manifest.json`: all that may differ between runs of equal results.
#[derive(Debug, Serialize)]
pub(crate) struct Manifest {
    landuse: &'static str,
    command: Vec<String>,
    threads: usize,
    inputs: Vec<InputFile>,
    /// The property of the parcels that is their id; `$id` for the feature's own.
    id_property: Option<String>,
    features_rejected: usize,
    repairs: Vec<landuse::parcel::Repair>,
    seconds: std::collections::BTreeMap<String, f64>,
    peak_memory_bytes: Option<u64>,
    /// What was asked, with every default: a run can be repeated from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Options>,
}

impl Manifest {
    /// Of the parcels that were read: one set, or that of each date.
    pub(crate) fn new(
        inputs: Vec<InputFile>,
        id_property: Option<String>,
        parcels: &[&ParcelSet],
        clock: Clock,
    ) -> Self {
        Self {
            landuse: env!("CARGO_PKG_VERSION"),
            command: std::env::args().collect(),
            threads: rayon::current_num_threads(),
            inputs,
            id_property,
            features_rejected: parcels.iter().map(|set| set.rejected().len()).sum(),
            repairs: parcels.iter().flat_map(|set| set.repaired()).cloned().collect(),
            seconds: clock.laps.into_iter().collect(),
            peak_memory_bytes: peak_memory_bytes(),
            options: None,
        }
    }

    /// The manifest of an analysis.
    pub(crate) fn of_analysis(analysis: &Analysis, clock: Clock) -> Self {
        let inputs = analysis.inputs();
        let id_property = inputs.id_property().map(Into::into);
        let own = Self::new(inputs.files().to_vec(), id_property, &[analysis.parcels()], clock);
        Self { options: Some(analysis.options().clone()), ..own }
    }

    /// Writes it as `manifest.json`.
    pub(crate) fn write(&self, out: &OutputDir) -> Result<(), Error> {
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        let mut file = out.file("manifest.json")?;
        file.write(&text)?;
        file.finish()
    }
}

/// Greatest resident memory so far, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
