//! Work on threads of its own: the interpreter is free meanwhile, hears of progress, and can interrupt.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use landuse::Error;
use landuse::analysis::Progress;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors::{param, to_py};

/// How often the interpreter looks for signals.
const LOOK: Duration = Duration::from_millis(50);
/// The most threads that can be asked for.
const MOST_THREADS: i64 = 1_024;

/// What the work and the interpreter tell each other.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    cancelled: AtomicBool,
    at: Mutex<Option<(&'static str, f64)>>,
}

impl Watched {
    /// Says what runs; `Break` where nobody waits for it any more.
    pub(crate) fn observe(&self, progress: Progress) -> ControlFlow<()> {
        self.tell(progress.stage.name(), progress.done_ratio)
    }

    /// Says which step runs and how much of it is done.
    pub(crate) fn tell(&self, step: &'static str, done_ratio: f64) -> ControlFlow<()> {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = Some((step, done_ratio));
        if self.cancelled.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// How work is to run.
pub(crate) struct How {
    /// Threads; as many as the machine has by default.
    pub(crate) threads: Option<i64>,
    /// Called with the name of a step and how much of it is done, 0 to 1.
    pub(crate) progress: Option<Py<PyAny>>,
}

impl How {
    pub(crate) fn new(threads: Option<i64>, progress: Option<Py<PyAny>>) -> Self {
        Self { threads, progress }
    }
}

/// What `work` gives, in a pool of its own.
///
/// Where the interpreter is interrupted, or the callback raises, that is raised at once: the work is told to stop, does so at its next
/// look, and what it would have given is dropped.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    how: How,
    work: impl FnOnce(&Watched) -> Result<T, Error> + Send + 'static,
) -> PyResult<T> {
    let How { threads, progress } = how;
    if let Some(threads) = threads.filter(|threads| !(1..=MOST_THREADS).contains(threads)) {
        return Err(param(py, "threads", threads, &format!("a whole number from 1 to {MOST_THREADS}")));
    }
    let threads = threads.and_then(|threads| usize::try_from(threads).ok());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.unwrap_or(0))
        .thread_name(|i| format!("landuse-{i}"))
        .build()
        .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    let watched = Arc::new(Watched::default());
    let own = Arc::clone(&watched);
    let (send, mut found) = sync_channel(1);
    let thread = std::thread::Builder::new()
        .name("landuse".into())
        .spawn(move || {
            // Nobody listens where the interpreter was interrupted.
            let _ = send.send(pool.install(|| work(&own)));
        })
        .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    let mut told = None;
    loop {
        let (message, again) = py.detach(move || (found.recv_timeout(LOOK), found));
        found = again;
        match message {
            Ok(result) => return result.map_err(|error| to_py(py, &error)),
            Err(RecvTimeoutError::Disconnected) => {
                let panicked = py.detach(move || thread.join().err());
                let text = panicked.as_ref().and_then(|cause| {
                    cause
                        .downcast_ref::<String>()
                        .map(String::as_str)
                        .or(cause.downcast_ref::<&str>().copied())
                });
                let text = format!("internal error: {}", text.unwrap_or("a thread stopped"));
                return Err(PyRuntimeError::new_err(text));
            }
            Err(RecvTimeoutError::Timeout) => {
                let now = *watched.at.lock().unwrap_or_else(PoisonError::into_inner);
                let heard = py.check_signals().and_then(|()| match (&progress, now) {
                    (Some(progress), Some(now)) if told != Some(now) => {
                        told = Some(now);
                        progress.call1(py, now).map(drop)
                    }
                    _ => Ok(()),
                });
                if let Err(interrupt) = heard {
                    watched.cancelled.store(true, Ordering::Relaxed);
                    return Err(interrupt);
                }
            }
        }
    }
}
