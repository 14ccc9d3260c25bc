//! How far a load is, for whoever wants to know.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::LoadOptions;
use crate::options::Progress;

/// Counts the bytes in place and tells whoever wants to know.
pub(crate) struct Meter<'a> {
    options: &'a LoadOptions,
    done: AtomicU64,
    total: u64,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(options: &'a LoadOptions, total: u64) -> Self {
        Meter {
            options,
            done: AtomicU64::new(0),
            total,
        }
    }

    pub(crate) fn add(&self, bytes: usize) {
        if let Some(callback) = &self.options.progress {
            let bytes = bytes as u64;
            let done = self
                .done
                .fetch_add(bytes, Ordering::Relaxed)
                .saturating_add(bytes);
            callback(Progress {
                done,
                total: self.total,
            });
        }
    }
}
