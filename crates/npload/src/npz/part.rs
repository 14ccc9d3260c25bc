//! Parts of members.

use std::sync::Arc;

use npload_buffer::{AlignedBuf, Buffer};

use super::forward::{Inflated, Onward};
use super::member::{check_size, header, read_whole, verify};
use super::{Npz, not_an_array};
use crate::npy::{Data, Forward, Header, Part, read_runs_at, refuse_objects_as_bytes};
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

/// The data of an array in an archive.
pub(super) struct MemberData<'a> {
    pub(super) npz: &'a Npz,
    pub(super) entry: Entry<'a>,
    /// Where it starts in the member.
    pub(super) start: u64,
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

    pub(super) fn read_stored(
        &self,
        from: u64,
        plan: &Plan,
        meter: &Meter<'_>,
    ) -> Result<AlignedBuf> {
        let data = from.saturating_add(self.start);
        let (source, options) = (&self.npz.source, &self.npz.options);
        read_runs_at(source, data, plan, options, meter)
    }

    /// Everything up to the last byte is inflated, and what is not wanted thrown away.
    fn read_compressed(&self, plan: &Plan, meter: &Meter<'_>) -> Result<AlignedBuf> {
        Inflated::new(self, false)?.read(self, plan, &|bytes| meter.advance(bytes))
    }

    #[cold]
    pub(super) fn explain(&self, err: Error) -> Error {
        self.npz.source.explain(err.with_member(self.entry.name()))
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
        read().map_err(|e| self.explain(e))
    }

    fn forward<'d>(self: Arc<Self>) -> Box<dyn Forward + 'd>
    where
        Self: 'd,
    {
        Box::new(Onward::new(self))
    }
}
