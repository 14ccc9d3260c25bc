//! A member whose beginning was read, for who says where its data goes.

use npload_buffer::Buffer;

use super::member::{self, Member};
use super::{Npz, not_an_array};
use crate::npy::{
    Header, Parsed, parse_header, refuse_objects, refuse_objects_as_bytes, truncated_header,
};
use crate::source::Meter;
use crate::zip::{Entry, Method, ReadOptions};
use crate::{Error, LoadOptions, Result, Verify};

/// Stored members smaller than this are read at once, with their local header.
const FIRST: usize = 4 << 10;

/// What the local header takes, but for the name: Python's `zipfile` writes an extra field of 20 bytes.
const LOCAL_HEADER: usize = 30 + 34;

/// Compressed members up to this size are decompressed at once, and not a second time for their data.
const AT_ONCE: u64 = 16 << 10;

/// A member of an archive whose beginning was read, and whose data was not, or not all.
///
/// Of an object array the data is a pickle, which [`PendingMember::bytes`] gives.
#[derive(Debug)]
pub struct PendingMember<'a> {
    npz: &'a Npz,
    entry: Entry<'a>,
    header: Option<Header>,
    contents: Contents,
}

/// What there is of a member's contents.
#[derive(Debug)]
enum Contents {
    /// Nothing that is kept.
    Unread,
    /// All, in these bytes from there on; its checksum is right.
    Here(Vec<u8>, usize),
    /// All, in memory of its own; its checksum is right.
    There(Buffer),
}

impl Npz {
    /// Reads how the member of that key, or of that whole name, begins.
    ///
    /// ```
    /// let npz = npload::Npz::open("../../testdata/npz/savez.npz")?;
    /// let pending = npz.begin("x")?;
    /// if let Some(header) = pending.header() {
    ///     let mut bytes = vec![0; header.nbytes()];
    ///     pending.read_into(&mut bytes)?;
    /// }
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Npz::get`], without those of the data. With pickles allowed, object arrays are none.
    pub fn begin(&self, key: &str) -> Result<PendingMember<'_>> {
        let begin = || {
            let entry = self.find(key)?;
            let contents = first_contents(&entry, &self.options)?;
            let header = match contents.bytes(&entry) {
                Some(bytes) => header_of(&entry, bytes, &self.options)?,
                None => member::begin_any(&entry, &self.options)?,
            };
            if let Some(header) = &header
                && !self.options.allow_pickle
            {
                refuse_objects(header.dtype(), &self.options)?;
            }
            Ok(PendingMember {
                npz: self,
                entry,
                header,
                contents,
            })
        };
        begin().map_err(|e| self.locate(e, key))
    }
}

/// Reads a small member whole.
fn first_contents(entry: &Entry<'_>, options: &LoadOptions) -> Result<Contents> {
    let verify = options.verify != Verify::Never;
    if options.map.is_some() {
        return Ok(Contents::Unread);
    }
    if entry.method()? != Method::Stored {
        if entry.size() > AT_ONCE {
            return Ok(Contents::Unread);
        }
        let reading = ReadOptions {
            verify,
            ..ReadOptions::default()
        };
        return Ok(Contents::There(entry.read(0, &reading)?));
    }
    let Some(size) = usize::try_from(entry.size())
        .ok()
        .filter(|&size| size < FIRST)
    else {
        return Ok(Contents::Unread);
    };
    let room = size
        .saturating_add(LOCAL_HEADER)
        .saturating_add(entry.name().len());
    let read = entry.read_whole(room, verify)?;
    Ok(read.map_or(Contents::Unread, |(memory, at)| Contents::Here(memory, at)))
}

/// The header of a member that is all there; none if it is no npy file.
fn header_of(entry: &Entry<'_>, bytes: &[u8], options: &LoadOptions) -> Result<Option<Header>> {
    if !bytes.starts_with(b"\x93NUMPY") {
        return Ok(None);
    }
    let Parsed::Header(header) = parse_header(bytes, options.max_header_size)? else {
        return Err(truncated_header(bytes));
    };
    options.warn(header.warnings());
    if !header.dtype().has_object() {
        member::check_size(entry, &header)?;
    }
    Ok(Some(header))
}

impl Contents {
    /// All of the member, if it is there.
    fn bytes(&self, entry: &Entry<'_>) -> Option<&[u8]> {
        match self {
            Contents::Unread => None,
            Contents::Here(first, at) => {
                let size = usize::try_from(entry.size()).ok()?;
                first.get(*at..at.saturating_add(size))
            }
            Contents::There(bytes) => Some(bytes),
        }
    }
}

impl PendingMember<'_> {
    /// What it says of its array; none when it is no npy file.
    #[must_use]
    pub fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    /// Its size in bytes, header and all, uncompressed.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.entry.size()
    }

    /// Where the array's data begins in the file; none where it is compressed, or no array.
    ///
    /// # Errors
    /// As [`Npz::get`].
    pub fn data_offset(&self) -> Result<Option<u64>> {
        let Some(header) = &self.header else {
            return Ok(None);
        };
        let range = self.entry.stored_range().map_err(|e| self.locate(e))?;
        let start = |start: u64| start.saturating_add(header.data_offset() as u64);
        Ok(range.map(|range| start(range.start)))
    }

    /// The member whole: an array, or bytes.
    ///
    /// # Errors
    /// As [`Npz::get`].
    pub fn load(self) -> Result<Member> {
        if self.header.is_none() {
            return self.bytes().map(Member::Bytes);
        }
        let load = || member::load(&self.entry, &self.npz.source, &self.npz.options);
        load().map_err(|e| self.locate(e))
    }

    /// Its contents, header and all.
    ///
    /// # Errors
    /// As [`Npz::get`].
    pub fn bytes(&self) -> Result<Buffer> {
        match &self.contents {
            Contents::There(bytes) => Ok(bytes.clone()),
            Contents::Here(..) => {
                let bytes = self.contents.bytes(&self.entry).unwrap_or_default();
                Ok(bytes.to_vec().into())
            }
            Contents::Unread => {
                let start = member::aligned_at(self.header());
                let read = member::read_whole(&self.entry, start, &self.npz.options);
                read.map_err(|e| self.locate(e))
            }
        }
    }

    /// Puts the array's bytes, as they are in the file, into memory that has exactly their number.
    ///
    /// # Errors
    /// As [`Npz::get`]; [`ErrorKind::Shape`](crate::ErrorKind::Shape) for memory of another size.
    pub fn read_into(&self, dest: &mut [u8]) -> Result<()> {
        let mut read = || {
            let Some(header) = &self.header else {
                return Err(not_an_array(self.entry.size()));
            };
            let options = &self.npz.options;
            refuse_objects_as_bytes(header.dtype(), options)?;
            header.check_nbytes(dest.len())?;
            let start = header.data_offset();
            if let Some(bytes) = self.contents.bytes(&self.entry) {
                let data = bytes.get(start..start.saturating_add(dest.len()));
                // Its size was checked when it was begun.
                dest.copy_from_slice(data.ok_or_else(|| not_an_array(self.entry.size()))?);
                return Ok(());
            }
            let meter = Meter::new(options, dest.len() as u64);
            let threads = options.threads_for(dest.len() as u64);
            member::reading(&self.entry, options, threads, None, &meter, |how| {
                self.entry.read_into(start as u64, dest, how)
            })?;
            meter.finish()?;
            Ok(())
        };
        read().map_err(|e| self.locate(e))
    }

    #[cold]
    fn locate(&self, err: Error) -> Error {
        self.npz.source.explain(err.with_member(self.entry.name()))
    }
}
