//! One member of an archive.

use std::fmt;
use std::ops::Range;

use super::directory::Record;
use super::name;
use super::{Archive, Method};
use crate::error::Result;

/// A member of an [`Archive`]: what the directory says of it, and the way to its bytes.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(super) archive: &'a Archive,
    pub(super) record: &'a Record,
    index: usize,
}

impl<'a> Entry<'a> {
    pub(super) fn new(archive: &'a Archive, index: usize, record: &'a Record) -> Self {
        Entry {
            archive,
            record,
            index,
        }
    }

    /// Its place in the directory.
    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// Its name, as Python's `zipfile` shows it.
    pub(crate) fn name(&self) -> &'a str {
        self.archive.directory.name(self.index, self.record)
    }

    /// Its name with what follows a NUL in it: what `zipfile` compares and prints.
    pub(super) fn original_name(&self) -> &'a str {
        let directory = &self.archive.directory;
        directory.original_name(self.index, self.record)
    }

    /// The bytes of its name in the directory, if they are in the encoding of a header with `flags`.
    pub(super) fn raw_name(&self, flags: u16) -> Option<&'a [u8]> {
        let raw = self.archive.directory.raw_name(self.index, self.record);
        let same = (flags ^ self.record.flags) & name::UTF8 == 0;
        (same || raw.is_ascii()).then_some(raw)
    }

    /// How it is compressed.
    ///
    /// # Errors
    /// [`ErrorKind::Method`](crate::ErrorKind::Method) if nobody here reads that.
    pub(crate) fn method(&self) -> Result<Method> {
        Method::from_number(self.record.method).map_err(|err| err.with_member(self.name()))
    }

    /// Its size in bytes, uncompressed.
    pub(crate) fn size(&self) -> u64 {
        self.record.size
    }

    /// How many bytes it takes in the archive, without headers.
    pub(crate) fn compressed_size(&self) -> u64 {
        self.record.compressed_size
    }

    /// The CRC-32 that its bytes must have.
    pub(crate) fn crc(&self) -> u32 {
        self.record.crc
    }

    /// Whether a password is needed.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.record.flags & super::local::ENCRYPTED != 0
    }

    /// Where its local header begins in the source; past every end if there can be no such place.
    pub(crate) fn header_offset(&self) -> u64 {
        u64::try_from(self.record.header_offset).unwrap_or(u64::MAX)
    }

    /// Where it must have ended: the next member's header, or the directory. Header, name and
    /// contents lie between [`Entry::header_offset`] and here, or opening it is an error.
    pub(crate) fn end_offset(&self) -> u64 {
        u64::try_from(self.archive.end_of(self.index)).unwrap_or(0)
    }

    /// Where its bytes lie in the source, if it is stored.
    ///
    /// # Errors
    /// As [`Entry::local_header`], and [`ErrorKind::Io`](crate::ErrorKind::Io).
    pub(crate) fn stored_range(&self) -> Result<Option<Range<u64>>> {
        let range = self.data_range()?;
        Ok((self.method()? == Method::Stored).then_some(range))
    }
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({:?}, {} bytes)", self.name(), self.size())
    }
}
