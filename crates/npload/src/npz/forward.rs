//! Parts of a member that lie one behind the other.

use std::io;
use std::sync::Arc;

use crc32fast::Hasher;
use npload_buffer::{AlignedBuf, Buffer, Vacant};

use super::member::verify;
use super::part::MemberData;
use crate::npy::{Forward, read_runs};
use crate::selection::Plan;
use crate::source::Meter;
use crate::zip::Reader;
use crate::{Error, Result, Verify};

/// What is inflated before progress is told.
const PIECE: usize = 1 << 20;

/// A member of which parts are read one behind the other: a compressed one is inflated once. Whoever
/// reads all of it, from the first byte to the last, has it checked.
pub(super) struct Onward<'a> {
    member: Arc<MemberData<'a>>,
    /// The stream of a compressed member.
    inflated: Option<Inflated<'a>>,
    /// The sum of a stored member, for as long as every part begins where the one before it ended.
    sum: Option<(u64, Hasher)>,
    /// Whether the member is yet to be verified before anything is given.
    unverified: bool,
}

impl<'a> Onward<'a> {
    pub(super) fn new(member: Arc<MemberData<'a>>) -> Self {
        Onward {
            unverified: member.npz.options.verify == Verify::Always,
            member,
            inflated: None,
            sum: None,
        }
    }

    fn read_plan(&mut self, plan: &Plan) -> Result<AlignedBuf> {
        let member = self.member.clone();
        let options = &member.npz.options;
        if std::mem::take(&mut self.unverified) {
            verify(&member.entry, options, &Meter::silent())?;
        }
        let Some(range) = member.entry.stored_range()? else {
            let meter = Meter::new(options, plan.nbytes as u64);
            let data = self.inflate(plan, &meter)?;
            meter.finish()?;
            return Ok(data);
        };
        let meter = Meter::new(options, plan.nbytes as u64);
        let data = member.read_stored(range.start, plan, &meter)?;
        meter.finish()?;
        if options.verify == Verify::WholeReads {
            self.add(plan, &data)?;
        }
        Ok(data)
    }

    fn inflate(&mut self, plan: &Plan, meter: &Meter<'_>) -> Result<AlignedBuf> {
        let member = self.member.clone();
        let start = member.start.saturating_add(plan.runs.start());
        let inflated = match self.inflated.take().filter(|inflated| inflated.at <= start) {
            Some(inflated) => inflated,
            None => Inflated::new(&member, member.npz.options.verify == Verify::WholeReads)?,
        };
        self.inflated
            .insert(inflated)
            .read(&member, plan, &|n| meter.advance(n))
    }

    /// Adds the bytes of a plan to the sum, and compares it at the member's end.
    fn add(&mut self, plan: &Plan, data: &[u8]) -> Result<()> {
        let member = self.member.clone();
        let (at, end) = (plan.runs.start(), plan.runs.end());
        let dense = end.saturating_sub(at) == plan.nbytes as u64;
        let sum = match self.sum.take() {
            Some((next, sum)) if next == at => Some(sum),
            None if at == 0 => {
                let mut sum = Hasher::new();
                let header = usize::try_from(member.start).unwrap_or(usize::MAX);
                sum.update(&member.entry.prefix(header)?);
                Some(sum)
            }
            _ => None,
        };
        let Some(mut sum) = sum.filter(|_| dense) else {
            return Ok(());
        };
        sum.update(data);
        if member.start.saturating_add(end) == member.entry.size() {
            return member.entry.compare_crc(sum.finalize());
        }
        self.sum = Some((end, sum));
        Ok(())
    }
}

impl Forward for Onward<'_> {
    fn read(&mut self, plan: &Plan) -> Result<Buffer> {
        let read = self.read_plan(plan);
        Ok(read.map_err(|e| self.member.explain(e))?.into())
    }
}

/// A compressed member, inflated up to some byte.
pub(super) struct Inflated<'a> {
    reader: Reader<'a>,
    /// How many of its bytes were read.
    at: u64,
}

impl<'a> Inflated<'a> {
    pub(super) fn new(member: &MemberData<'a>, verify: bool) -> Result<Self> {
        let reader = member.entry.reader(verify)?;
        Ok(Inflated { reader, at: 0 })
    }

    /// Reads on to the last byte of a plan; what is not wanted is thrown away.
    pub(super) fn read(
        &mut self,
        member: &MemberData<'_>,
        plan: &Plan,
        told: &dyn Fn(usize) -> Result<()>,
    ) -> Result<AlignedBuf> {
        let mut read_at = |offset, dest: Vacant<'_>| {
            let len = dest.len() as u64;
            let start = member.start.saturating_add(offset);
            self.reader.skip(start.saturating_sub(self.at), told)?;
            for piece in dest.pieces(PIECE) {
                let piece = piece.into_bytes();
                let read = io::Read::read_exact(&mut self.reader, piece);
                read.map_err(|e| from_reader(e, start))?;
                told(piece.len())?;
            }
            self.at = start.saturating_add(len);
            Ok(())
        };
        read_runs(plan, &|_| false, &mut read_at, &|_| ())
    }
}

/// An error out of a reader of ours, which carries what it means.
#[cold]
pub(super) fn from_reader(err: io::Error, offset: u64) -> Error {
    match err.downcast::<Error>() {
        Ok(ours) => ours,
        Err(other) => Error::io(other, "decompressing the member").at(offset),
    }
}
