//! Zip archives as named members of bytes. Of npy only the suffix is known here.
//!
//! An [`Archive`] is a directory and a source that is read at positions: it holds no file position
//! and no lock, so threads and forked processes may share it. An [`Entry`] is one member of it.
//!
//! The rules are those of Python's `zipfile`, since a `.npz` is what `zipfile` says it is; where
//! this is stricter, `ARCHITECTURE.md` says why. What hostile bytes can and cannot do:
//!
//! * the directory takes memory in proportion to the bytes that are there, whatever they promise;
//! * a member's local header must agree with the directory and no member may reach into another;
//! * a member yields exactly the size that the directory declares, with its CRC-32, or an error;
//! * memory for contents is bounded by what the method can make of the compressed bytes
//!   ([`method`]), and taken as they arrive where that bound is loose ([`read`]).

mod ahead;
mod at_once;
mod compressed;
mod crc;
mod decode;
mod directory;
mod entry;
mod gather;
mod index;
mod local;
mod locate;
mod method;
mod name;
mod near;
mod read;
mod read_into;
mod reader;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod work;
mod write;

use std::sync::Arc;

use npload_buffer::ReadAt;
use once_cell::race::OnceBox;

use crate::error::{Error, ErrorKind, Result};
use crate::python_repr as repr;
use ahead::Ahead;
use directory::Directory;
use index::Index;

pub(crate) use entry::Entry;
pub(crate) use method::Method;
pub(crate) use read::{ReadOptions, Unshared};
pub(crate) use reader::Reader;
pub(crate) use work::Inflaters;
pub use write::Compression;
pub(crate) use write::{Body, LOOK_BACK, NewMember, write_archive};

/// What names may leave out that are looked up.
pub(crate) const SUFFIX: &str = ".npy";

/// An opened archive: its directory, and the source that its members are read from.
pub(crate) struct Archive {
    source: Arc<dyn ReadAt>,
    /// The source's length when it was opened.
    len: u64,
    /// For members that are read one by one.
    ahead: Ahead,
    directory: Arc<Directory>,
    /// Where the directory begins in the source.
    start: u64,
    /// Made when a name is first looked up. Nobody waits for another thread to make it: of several
    /// that do, one is kept. A forked child would wait for a thread that it does not have.
    by_name: OnceBox<Index>,
    /// Where each member must end, made when the members do not stand in the directory's order.
    ends: OnceBox<Vec<i64>>,
}

impl Archive {
    /// The archive that the whole of `source` is: bytes may precede it, a comment may follow.
    ///
    /// # Errors
    /// [`ErrorKind::Archive`] without an end record ("File is not a zip file") or with a damaged
    /// directory; [`ErrorKind::Encoding`] for a name that is not the UTF-8 that it claims;
    /// [`ErrorKind::Method`] for a newer format; [`ErrorKind::Io`].
    pub(crate) fn open(source: Arc<dyn ReadAt>) -> Result<Archive> {
        let len = source
            .len()
            .map_err(|err| Error::io(err, "asking for the archive's size"))?;
        let found = locate::locate(&*source, len)?;
        let directory = gather::gather(&*source, &found)?;
        Ok(Archive {
            source,
            len,
            ahead: Ahead::new(),
            directory: Arc::new(directory),
            start: found.start,
            by_name: OnceBox::new(),
            ends: OnceBox::new(),
        })
    }

    /// The same directory over another source.
    pub(crate) fn over(&self, source: Arc<dyn ReadAt>) -> Archive {
        Archive {
            source,
            len: self.len,
            ahead: Ahead::new(),
            directory: self.directory.clone(),
            start: self.start,
            by_name: OnceBox::new(),
            ends: OnceBox::new(),
        }
    }

    /// How many members it has, duplicates counted.
    pub(crate) fn len(&self) -> usize {
        self.directory.records.len()
    }

    /// The member at `index` in the directory.
    pub(crate) fn entry(&self, index: usize) -> Option<Entry<'_>> {
        let record = self.directory.records.get(index)?;
        Some(Entry::new(self, index, record))
    }

    /// All members in the directory's order; a name that stands there twice comes twice.
    pub(crate) fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'_>> + DoubleEndedIterator {
        let records = self.directory.records.iter().enumerate();
        records.map(|(index, record)| Entry::new(self, index, record))
    }

    /// The member of that name, else of that name and [`SUFFIX`]; of several the last, as in Python.
    pub(crate) fn find(&self, wanted: &str) -> Option<Entry<'_>> {
        /// Up to here looking at every name costs less than an index does.
        const FEW: usize = 16;
        if self.len() <= FEW {
            let stands = |entry: &Entry<'_>| entry.name() == wanted;
            let stem = |entry: &Entry<'_>| entry.name().strip_suffix(SUFFIX) == Some(wanted);
            let named = self.entries().rfind(stands);
            return named.or_else(|| self.entries().rfind(stem));
        }
        let name = |index: u32| self.name(index as usize);
        let index = self.by_name.get_or_init(|| {
            // The parser has checked that it fits.
            let len = u32::try_from(self.len()).unwrap_or(u32::MAX);
            Box::new(Index::new(len, SUFFIX, name))
        });
        self.entry(index.find(wanted, name)? as usize)
    }

    fn name(&self, index: usize) -> &str {
        let record = self.directory.records.get(index);
        record.map_or("", |record| self.directory.name(index, record))
    }

    fn directory_start(&self) -> i64 {
        i64::try_from(self.start).unwrap_or(i64::MAX)
    }

    /// Where the member must have ended: the next one's header, or the directory.
    fn end_of(&self, index: usize) -> i64 {
        let records = &self.directory.records;
        if self.directory.ascending {
            let next = index.checked_add(1).and_then(|next| records.get(next));
            return next.map_or(self.directory_start(), |next| next.header_offset);
        }
        let ends = self.ends.get_or_init(|| {
            let mut by_offset: Vec<usize> = (0..records.len()).collect();
            let offset = |index: &usize| records.get(*index).map_or(0, |r| r.header_offset);
            // Stable, from the back, as Python sorts: of members that share a header only the
            // directory's first has room.
            by_offset.sort_by_key(|index| std::cmp::Reverse(offset(index)));
            let mut ends = vec![0; records.len()];
            let mut end = self.directory_start();
            for index in by_offset {
                if let Some(slot) = ends.get_mut(index) {
                    *slot = end;
                }
                end = offset(&index);
            }
            Box::new(ends)
        });
        ends.get(index).copied().unwrap_or_default()
    }

    /// The same error, or [`ErrorKind::Changed`] if the archive is no longer what was opened.
    ///
    /// An archive that is overwritten while it is open looks damaged; only then is it worth
    /// reading the directory again to tell the two apart.
    #[cold]
    fn explain(&self, err: Error) -> Error {
        let damaged = matches!(
            err.kind(),
            ErrorKind::Archive | ErrorKind::Checksum | ErrorKind::Truncated | ErrorKind::Encoding
        );
        if !damaged || !self.has_changed() {
            return err;
        }
        let text = format!(
            "the archive changed since it was opened; reading it now fails with: {}",
            err.message()
        );
        Error::new(ErrorKind::Changed, text)
    }

    /// Whether it is no longer what was opened, as far as its length and its directory tell.
    pub(crate) fn has_changed(&self) -> bool {
        if self.source.len().ok() != Some(self.len) {
            return true;
        }
        if self.source.as_buffer().is_some() {
            return false;
        }
        let again = locate::locate(&*self.source, self.len)
            .and_then(|found| gather::gather(&*self.source, &found));
        again.map_or(true, |now| now != *self.directory)
    }
}
