//! `manifest.json`: what was read, how long each stage took, and all else that may differ between runs of equal results.

use std::time::Instant;

use landuse::analysis::InputFile;
use landuse::redevelop::RedevelopOptions;
use landuse::{Analysis, Options, ParcelSet};
use serde::Serialize;

use crate::output::Output;

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
    /// What belongs to this run: filled where the outputs are committed.
    pub(crate) outputs: Vec<Output>,
    /// The property of the parcels that is their id; `$id` for the feature's own.
    id_property: Option<String>,
    features_rejected: usize,
    seconds: std::collections::BTreeMap<String, f64>,
    peak_memory_bytes: Option<u64>,
    /// What was asked, with every default: a run can be repeated from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Options>,
    /// What redevelopment was asked, with every default.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<RedevelopOptions>,
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
            command: command_line(),
            threads: rayon::current_num_threads(),
            inputs,
            outputs: Vec::new(),
            id_property,
            features_rejected: parcels.iter().map(|set| set.rejected().len()).sum(),
            seconds: clock.laps.into_iter().collect(),
            peak_memory_bytes: peak_memory_bytes(),
            options: None,
            plan: None,
        }
    }

    /// The manifest of an analysis.
    pub(crate) fn of_analysis(analysis: &Analysis, clock: Clock) -> Self {
        let inputs = analysis.inputs();
        let id_property = inputs.id_property().map(Into::into);
        let own = Self::new(inputs.files().to_vec(), id_property, &[analysis.parcels()], clock);
        Self { options: Some(analysis.options().clone()), ..own }
    }

    /// With what redevelopment was asked.
    pub(crate) fn with_plan(self, plan: RedevelopOptions) -> Self {
        Self { plan: Some(plan), ..self }
    }
}

/// The arguments of this process; what is no text is written as near as it can be.
pub(crate) fn command_line() -> Vec<String> {
    std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect()
}

/// Greatest resident memory so far, where the system tells.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024)
}
