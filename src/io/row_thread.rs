//! Rows that a thread of its own decodes, while the threads that ask for them work on what came before.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::SystemTime;

use super::source::Origin;
use super::transcode::{FeatureDecoder, StoredFiles};
use crate::Error;
use crate::warning::WarningKind;

/// Batches that wait to be taken.
const WAITING: usize = 4;

/// What the thread has to say.
pub(super) enum Message<B> {
    Rows(B),
    End,
}

/// Where a thread puts what it decoded.
pub(super) type Outlet<B> = SyncSender<Result<Message<B>, Error>>;

/// Where its batches are taken from.
pub(super) struct Batches<B> {
    name: Box<str>,
    from: Receiver<Result<Message<B>, Error>>,
}

/// Starts a thread that decodes rows; `work` stops early where nobody takes them any more.
///
/// # Errors
/// [`Error::Io`] where no thread can be started.
pub(super) fn start<B: Send + 'static>(
    thread: &str,
    origin: &Origin,
    work: impl FnOnce(&Outlet<B>) -> Result<(), Error> + Send + 'static,
) -> Result<Batches<B>, Error> {
    let (send, from) = sync_channel(WAITING);
    let work = move || {
        let last = work(&send).map(|()| Message::End);
        // Nobody listens any more where reading was given up.
        let _ = send.send(last);
    };
    std::thread::Builder::new()
        .name(thread.into())
        .spawn(work)
        .map_err(|error| Error::io("start a thread for", origin.path(), error))?;
    Ok(Batches { name: origin.name().into(), from })
}

impl<B> Batches<B> {
    /// The next batch; none behind the last one.
    ///
    /// # Errors
    /// What the thread met, or [`Error::File`] where it ended without a word.
    pub(super) fn next(&self) -> Result<Option<B>, Error> {
        let message = self.from.recv().unwrap_or_else(|_| {
            let reason = "the thread that reads it stopped".into();
            Err(Error::File { file: self.name.clone(), reason })
        })?;
        Ok(match message {
            Message::Rows(batch) => Some(batch),
            Message::End => None,
        })
    }
}

/// Rows as text, one behind another.
#[derive(Debug, Default)]
pub(super) struct TextBatch {
    pub(super) text: Vec<u8>,
    /// Where each of them ends.
    pub(super) ends: Vec<usize>,
    /// Ordinates beyond the second that were left out.
    pub(super) dropped: u64,
    /// Texts that are not in UTF-8.
    pub(super) broken: u64,
}

impl TextBatch {
    fn row(&self, at: usize) -> Option<&[u8]> {
        let start = if at == 0 { Some(0) } else { self.ends.get(at - 1).copied() };
        self.text.get(start?..*self.ends.get(at)?)
    }
}

/// Rows of text as they come from their thread.
pub(super) struct TextRows {
    batches: Batches<TextBatch>,
    batch: TextBatch,
    /// How many rows of the batch were handed on.
    at: usize,
    dropped: u64,
    broken: u64,
    done: bool,
}

impl TextRows {
    pub(super) fn new(batches: Batches<TextBatch>) -> Self {
        Self { batches, batch: TextBatch::default(), at: 0, dropped: 0, broken: 0, done: false }
    }
}

impl FeatureDecoder for TextRows {
    fn next(&mut self, text: &mut Vec<u8>) -> Result<bool, Error> {
        loop {
            if let Some(row) = self.batch.row(self.at) {
                text.extend_from_slice(row);
                self.at += 1;
                return Ok(true);
            }
            if self.done {
                return Ok(false);
            }
            match self.batches.next()? {
                Some(batch) => {
                    self.dropped += batch.dropped;
                    self.broken += batch.broken;
                    (self.batch, self.at) = (batch, 0);
                }
                None => self.done = true,
            }
        }
    }

    fn noticed(&self) -> Vec<WarningKind> {
        let dropped = (self.dropped > 0).then_some(WarningKind::OrdinatesDropped { count: self.dropped });
        let broken = self.broken;
        let broken =
            (broken > 0).then(|| WarningKind::TextsNotDecoded { count: broken, encoding: "UTF-8".into() });
        dropped.into_iter().chain(broken).collect()
    }
}

/// Reads what `read` does from a file, then, where it is wanted, all of its bytes for their hash.
///
/// # Errors
/// Those of `read`; [`Error::Io`]; [`Error::Changed`] where it was changed meanwhile.
pub(super) fn read_unchanged(
    origin: &Origin,
    stored: &StoredFiles,
    read: impl FnOnce() -> Result<bool, Error>,
) -> Result<bool, Error> {
    let before = stamp(origin);
    if !read()? {
        return Ok(false);
    }
    if stored.hashing() {
        std::io::copy(&mut stored.through(origin.open()?), &mut std::io::sink())
            .map_err(|error| Error::io("read", origin.path(), error))?;
    }
    if stamp(origin) == before { Ok(true) } else { Err(Error::Changed { file: origin.name().into() }) }
}

/// Size and time of the last change.
fn stamp(origin: &Origin) -> Option<(u64, SystemTime)> {
    let Origin::File(path) = origin else { return None };
    let about = std::fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok()?))
}
