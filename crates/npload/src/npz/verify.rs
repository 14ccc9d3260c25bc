//! Checking members whole, without keeping them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Npz;
use super::member;
use super::peek::peeked;
use crate::npy::Header;
use crate::peek::Peeked;
use crate::source::{Meter, scoped};
use crate::{Error, Result};

/// Below this an archive is checked before a second thread would have started.
const WORTH_THREADS: u64 = 2 << 20;

impl Npz {
    /// Checks a member whole, and throws its contents away: its checksum, its size, and, of an array,
    /// header and length.
    ///
    /// # Errors
    /// As [`Npz::get`], but objects are no error: they are not looked into.
    pub fn verify(&self, key: &str) -> Result<()> {
        let check = || {
            let entry = self.find(key)?;
            let meter = Meter::new(&self.options, entry.size());
            member::verify(&entry, &self.options, &meter)
        };
        check().map(drop).map_err(|e| self.locate(e, key))
    }

    /// Checks all members as [`Npz::verify`] does, on all cores; those that another one of the same
    /// name hides, too. As [`Npz::peek`], but [`Peeked::header`] is an error wherever a byte is wrong.
    ///
    /// # Errors
    /// Only where memory or threads fail: what is wrong with a member is in [`Peeked::header`].
    pub fn verify_all(&self) -> Result<Vec<Peeked>> {
        let sizes = self.archive.entries().map(|entry| entry.size());
        let total = sizes.fold(0, u64::saturating_add);
        let meter = Meter::new(&self.options, total);
        let mut found: Vec<Option<Result<Option<Header>>>> = Vec::new();
        found.resize_with(self.len(), || None);
        let places = Mutex::new(&mut found);
        // Largest first, or the last to begin could keep one core busy at the end.
        let mut order: Vec<_> = self
            .archive
            .entries()
            .map(|e| (e.size(), e.index()))
            .collect();
        order.sort_by_key(|&(size, _)| std::cmp::Reverse(size));
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(&(_, index)) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                let Some(entry) = self.archive.entry(index) else {
                    continue;
                };
                let checked = member::verify(&entry, &self.options, &meter);
                let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(place) = places.get_mut(index) {
                    *place = Some(checked);
                }
            }
            Ok::<(), Error>(())
        };
        let workers = match total {
            ..WORTH_THREADS => 1,
            _ => self.options.thread_count().min(order.len()),
        };
        scoped(workers, &work)?;
        let named = self.archive.entries().zip(found);
        Ok(named
            .filter_map(|(entry, found)| Some(peeked(self, &entry, found?)))
            .collect())
    }
}
