//! How far a load is, for whoever wants to know.

use std::sync::atomic::{AtomicU64, Ordering};

use npload_buffer::ThreadMark;

use crate::LoadOptions;
use crate::options::{OnProgress, Progress};

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
}

impl<'a> Meter<'a> {
    /// A meter of so many bytes, which this thread tells about.
    pub(crate) fn new(options: &'a LoadOptions, total: u64) -> Self {
        let teller = |callback| Teller {
            callback,
            caller: ThreadMark::current(),
            told: AtomicU64::new(0),
        };
        Meter {
            teller: options.progress.as_ref().map(teller),
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
    pub(crate) fn finish(&self) {
        if let Some(teller) = &self.teller {
            self.tell(teller, self.total);
        }
    }

    fn tell(&self, teller: &Teller<'_>, done: u64) {
        if done > teller.told.load(Ordering::Relaxed) {
            teller.told.store(done, Ordering::Relaxed);
            (teller.callback)(Progress {
                done,
                total: self.total,
            });
        }
    }
}
