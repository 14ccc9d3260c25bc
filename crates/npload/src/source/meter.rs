//! How far a load is, for whoever wants to know.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use npload_buffer::ThreadMark;

use crate::options::{OnProgress, Progress};
use crate::{Error, ErrorKind, LoadOptions, Result};

/// What is done before it is told: a callback in Python costs more than a small read.
const STEP: u64 = 64 << 10;

/// Counts the bytes in place and tells whoever wants to know.
///
/// Any thread counts; only the one that made it tells: the others have small stacks, and whoever
/// wants to know need not expect calls from anywhere else. One meter serves one call of the user's,
/// or what is told would fall back to nothing in between.
pub(crate) struct Meter<'a> {
    teller: Option<Teller<'a>>,
    done: AtomicU64,
    total: u64,
}

struct Teller<'a> {
    callback: &'a OnProgress,
    caller: ThreadMark,
    told: AtomicU64,
    /// Whether no more is wanted.
    stopped: AtomicBool,
}

impl<'a> Meter<'a> {
    /// A meter of so many bytes, which this thread tells about.
    pub(crate) fn new(options: &'a LoadOptions, total: u64) -> Self {
        Meter::telling(options.progress.as_ref(), total)
    }

    /// The same, of whatever is told.
    pub(crate) fn telling(progress: Option<&'a OnProgress>, total: u64) -> Self {
        let teller = |callback| Teller {
            callback,
            caller: ThreadMark::current(),
            told: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        };
        Meter {
            teller: progress.map(teller),
            done: AtomicU64::new(0),
            total,
        }
    }

    /// One that tells nobody.
    pub(crate) fn silent() -> Self {
        Meter {
            teller: None,
            done: AtomicU64::new(0),
            total: 0,
        }
    }

    /// Counts, where the work can be given up.
    ///
    /// # Errors
    /// [`ErrorKind::Interrupted`] when no more is wanted.
    pub(crate) fn advance(&self, bytes: usize) -> Result<()> {
        self.add(bytes);
        self.check()
    }

    /// Whether more is wanted.
    ///
    /// # Errors
    /// As [`Meter::advance`].
    pub(crate) fn check(&self) -> Result<()> {
        match &self.teller {
            Some(teller) if teller.stopped.load(Ordering::Relaxed) => {
                let message = "it was ended by its caller";
                Err(Error::new(ErrorKind::Interrupted, message))
            }
            _ => Ok(()),
        }
    }

    /// Counts, where it is too late to give up.
    pub(crate) fn add(&self, bytes: usize) {
        let Some(teller) = &self.teller else {
            return;
        };
        let bytes = bytes as u64;
        let done = self.done.fetch_add(bytes, Ordering::Relaxed);
        if teller.caller.is_current() {
            let done = done.saturating_add(bytes).min(self.total);
            let told = teller.told.load(Ordering::Relaxed);
            if done.saturating_sub(told) >= STEP || done == self.total {
                self.tell(teller, done);
            }
        }
    }

    /// Tells that all is done, when it is: also what other threads did last.
    ///
    /// # Errors
    /// As [`Meter::advance`]: whoever wanted no more gets nothing, however late that was said.
    pub(crate) fn finish(&self) -> Result<()> {
        if let Some(teller) = &self.teller {
            self.tell(teller, self.total);
        }
        self.check()
    }

    fn tell(&self, teller: &Teller<'_>, done: u64) {
        if done > teller.told.load(Ordering::Relaxed) {
            teller.told.store(done, Ordering::Relaxed);
            let total = self.total;
            if (teller.callback)(Progress { done, total }).is_break() {
                teller.stopped.store(true, Ordering::Relaxed);
            }
        }
    }
}
