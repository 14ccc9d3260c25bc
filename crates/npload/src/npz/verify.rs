//! Checking members whole, without keeping them.

use std::sync::{Mutex, PoisonError};

use super::Npz;
use super::member;
use super::peek::peeked;
use crate::npy::Header;
use crate::peek::Peeked;
use crate::source::{Meter, share};
use crate::{Error, LoadOptions, Result};

impl Npz {
    /// Checks a member whole, and throws its contents away: its checksum, its size, and, of an array,
    /// header and length; of an array of objects also its pickle, where pickles are
    /// [allowed](LoadOptions::allow_pickle).
    ///
    /// # Errors
    /// As [`Npz::member`], but objects are no error where they are not allowed.
    pub fn verify(&self, key: &str) -> Result<()> {
        let check = || {
            let entry = self.find(key)?;
            let meter = Meter::new(&self.options, entry.size());
            let header = member::verify(&entry, &self.options, &meter)?;
            member::verify_objects(&entry, header.as_ref(), &self.source, &self.options)?;
            meter.finish()?;
            Ok(())
        };
        check().map_err(|e| self.locate(e, key))
    }

    /// Checks all members as [`Npz::verify`] does, by as many threads as [`LoadOptions::threads`] says;
    /// those that another one of the same name hides, too. As [`Npz::peek`], but [`Peeked::header`] is an error wherever a byte is wrong.
    ///
    /// # Errors
    /// Only where memory or threads fail: what is wrong with a member is in [`Peeked::header`].
    pub fn verify_all(&self) -> Result<Vec<Peeked>> {
        self.options
            .keep_warnings(|options| self.verify_by(options))
    }

    fn verify_by(&self, options: &LoadOptions) -> Result<Vec<Peeked>> {
        let sizes = self.archive.entries().map(|entry| entry.size());
        let total = sizes.fold(0, u64::saturating_add);
        let meter = Meter::new(options, total);
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
        let threads = options.threads_for(total);
        let stack = self.source.reader().stack_size();
        share(threads, stack, order.into_iter(), &|(_, index)| {
            let Some(entry) = self.archive.entry(index) else {
                return Ok(());
            };
            let checked = member::verify(&entry, options, &meter);
            let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = places.get_mut(index) {
                *place = Some(checked);
            }
            Ok::<(), Error>(())
        })?;
        // Here, not above: the others' stacks are small.
        for (entry, found) in self.archive.entries().zip(&mut found) {
            if let Some(Ok(header)) = found
                && let Err(e) =
                    member::verify_objects(&entry, header.as_ref(), &self.source, options)
            {
                *found = Some(Err(e));
            }
        }
        meter.finish()?;
        let named = self.archive.entries().zip(found);
        Ok(named
            .filter_map(|(entry, found)| Some(peeked(self, &entry, found?)))
            .collect())
    }
}
