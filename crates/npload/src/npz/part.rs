//! Parts of members.

use std::io::{self, Read};

use npload_buffer::{AlignedBuf, Buffer};

use super::member::{check_size, header, read_whole, verify};
use super::{Npz, not_an_array};
use crate::npy::{Data, Header, Part, read_runs, read_runs_at, refuse_objects_as_bytes};
use crate::selection::Plan;
use crate::source::Meter;
use crate::zip::Entry;
use crate::{Array, Error, Result, Selection, Verify};

impl Npz {
    /// The array of that key as a [`Part`], of which slices and fields can be taken before anything
    /// is read. The checksum is checked when all elements are read; of fewer only where
    /// [`Verify::Always`] asks for it.
    ///
    /// # Errors
    /// As [`Npz::get`], without those of the data.
    pub fn part(&self, key: &str) -> Result<Part<'_>> {
        let find = || {
            let entry = self.find(key)?;
            let Some(header) = header(&entry, &self.options)? else {
                return Err(not_an_array(entry.size()));
            };
            refuse_objects_as_bytes(header.dtype(), &self.options)?;
            check_size(&entry, &header)?;
            Ok((entry, header))
        };
        let (entry, header) = find().map_err(|e| self.locate(e, key))?;
        let data = MemberData::new(self, entry, &header);
        Ok(Part::whole(&header, data))
    }

    /// The part of an array that a basic index picks. Of a stored member only those bytes are read;
    /// a compressed one is inflated up to the last of them. The checksum is checked when all
    /// elements are read; of fewer only where [`Verify::Always`] asks for it.
    ///
    /// # Errors
    /// [`ErrorKind::Index`](crate::ErrorKind::Index) when the selection does not fit; else as
    /// [`Npz::get`].
    pub fn read(&self, key: &str, selection: impl Into<Selection>) -> Result<Array> {
        self.part(key)?.slice(selection)?.read()
    }
}

/// What is inflated before progress is told.
const PIECE: usize = 1 << 20;

/// The data of an array in an archive.
struct MemberData<'a> {
    npz: &'a Npz,
    entry: Entry<'a>,
    /// Where it starts in the member.
    start: u64,
    nbytes: usize,
}

impl<'a> MemberData<'a> {
    fn new(npz: &'a Npz, entry: Entry<'a>, header: &Header) -> Self {
        MemberData {
            npz,
            entry,
            start: header.data_offset() as u64,
            nbytes: header.nbytes(),
        }
    }

    /// All of it, checked as every read of a whole member is.
    fn read_all(&self) -> Result<Buffer> {
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let bytes = read_whole(&self.entry, start, &self.npz.options)?;
        Ok(bytes.slice(start..start.saturating_add(self.nbytes)))
    }

    fn read_stored(&self, from: u64, plan: &Plan, meter: &Meter<'_>) -> Result<AlignedBuf> {
        let data = from.saturating_add(self.start);
        let (source, options) = (&self.npz.source, &self.npz.options);
        read_runs_at(source, data, plan, options, meter)
    }

    /// Everything up to the last byte is inflated, and what is not wanted thrown away.
    fn read_compressed(&self, plan: &Plan, meter: &Meter<'_>) -> Result<AlignedBuf> {
        let mut reader = self.entry.reader(false)?;
        let mut at = 0_u64;
        let mut read_at = |offset, dest: &mut [u8]| {
            let start = self.start.saturating_add(offset);
            reader.skip(start.saturating_sub(at), &|n| meter.advance(n))?;
            for piece in dest.chunks_mut(PIECE) {
                reader
                    .read_exact(piece)
                    .map_err(|e| from_reader(e, start))?;
                meter.advance(piece.len())?;
            }
            at = start.saturating_add(dest.len() as u64);
            Ok(())
        };
        read_runs(plan, &mut read_at, &|_| ())
    }
}

impl Data for MemberData<'_> {
    fn read(&self, plan: &Plan) -> Result<Buffer> {
        let read = || -> Result<Buffer> {
            // Runs do not overlap: as many bytes are all of them.
            if plan.nbytes == self.nbytes {
                return self.read_all();
            }
            let range = self.entry.stored_range()?;
            let always = self.npz.options.verify == Verify::Always;
            let checked = if always { self.entry.size() } else { 0 };
            let read = match &range {
                Some(_) => plan.nbytes as u64,
                None => self.start.saturating_add(plan.runs.end()),
            };
            let meter = Meter::new(&self.npz.options, checked.saturating_add(read));
            if always {
                verify(&self.entry, &self.npz.options, &meter)?;
            }
            let data = match range {
                Some(range) => self.read_stored(range.start, plan, &meter)?,
                None => self.read_compressed(plan, &meter)?,
            };
            meter.finish()?;
            Ok(data.into())
        };
        read().map_err(|e| self.npz.source.explain(e.with_member(self.entry.name())))
    }
}

/// An error out of a reader of ours, which carries what it means.
#[cold]
fn from_reader(err: io::Error, offset: u64) -> Error {
    match err.downcast::<Error>() {
        Ok(ours) => ours,
        Err(other) => Error::io(other, "decompressing the member").at(offset),
    }
}
