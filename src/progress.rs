//! Progress of long work, told between blocks, where it can also be cancelled.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::Error;

/// Hears how much of the work is done, from 0 to 1; `Break` cancels it.
type Listener<'a> = dyn FnMut(f64) -> ControlFlow<()> + Send + 'a;

/// One stage of work as it is watched: from all threads, between blocks.
pub(crate) struct Watch<'a> {
    listener: Option<Mutex<&'a mut Listener<'a>>>,
    blocks: AtomicUsize,
    done: AtomicUsize,
    cancelled: AtomicBool,
}

impl<'a> Watch<'a> {
    /// Work that nobody watches.
    pub(crate) const fn nobody() -> Self {
        Self {
            listener: None,
            blocks: AtomicUsize::new(0),
            done: AtomicUsize::new(0),
            cancelled: AtomicBool::new(false),
        }
    }

    /// Work whose share is told to `listener`.
    pub(crate) fn by(listener: &'a mut Listener<'a>) -> Self {
        Self { listener: Some(Mutex::new(listener)), ..Self::nobody() }
    }

    /// Says how many blocks the work has.
    pub(crate) fn begin(&self, blocks: usize) {
        self.blocks.store(blocks, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
    }

    /// One more block is about to run: false where the work is cancelled, so that the block can be left out.
    pub(crate) fn block(&self) -> bool {
        let Some(listener) = &self.listener else { return true };
        if self.cancelled.load(Ordering::Relaxed) {
            return false;
        }
        let done = self.done.fetch_add(1, Ordering::Relaxed);
        let blocks = self.blocks.load(Ordering::Relaxed).max(1);
        // While one thread tells, the others go on.
        if let Ok(mut listener) = listener.try_lock()
            && listener((done as f64 / blocks as f64).min(1.0)).is_break()
        {
            self.cancelled.store(true, Ordering::Relaxed);
            return false;
        }
        true
    }

    /// Whether the work was cancelled: what it gave is then not whole.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.cancelled.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("done", &self.done)
            .field("blocks", &self.blocks)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_break_leaves_out_all_blocks_that_follow() {
        let mut told = Vec::new();
        let mut listener = |share: f64| {
            told.push(share);
            if told.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let watch = Watch::by(&mut listener);
        watch.begin(10);
        let ran = (0..10).filter(|_| watch.block()).count();
        assert_eq!(ran, 2);
        assert!(matches!(watch.check(), Err(Error::Cancelled)));
        assert_eq!(told, [0.0, 0.1, 0.2]);
    }

    #[test]
    fn unwatched_work_runs_through() {
        let watch = Watch::nobody();
        assert!((0..5).all(|_| watch.block()) && watch.check().is_ok());
    }
}
