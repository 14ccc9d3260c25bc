//! The runs of a plan, read and put one after the other.

use std::sync::{Mutex, PoisonError};

use npload_buffer::AlignedBuf;

use super::read::allocate;
use crate::selection::{Plan, Runs};
use crate::source::{Fill, Meter, Source, share};
use crate::{Error, LoadOptions, Result};

/// Gaps up to this are read through: a call costs as much as moving about 16 KiB from the page cache.
const GAP: u64 = 16 << 10;

/// What is read at once when runs with gaps between them are read together: half of what a load may
/// take beyond its array. A column of 64 MB: 3.7 ms, with 256 KiB 4.3, with 1 MiB 2.9.
pub(super) const SPAN: u64 = 512 << 10;

/// Pieces for each thread: those that meet less, or are read by a busy core, do fewer.
const PIECES: usize = 8;

/// The bytes of a plan's runs. `read_at` reads at offsets into the array's data, which rise from
/// call to call. `told` hears how many bytes of the plan are newly in place: not those of gaps.
pub(crate) fn read_runs(
    plan: &Plan,
    read_at: &mut dyn FnMut(u64, &mut [u8]) -> Result<()>,
    told: &dyn Fn(usize),
) -> Result<AlignedBuf> {
    let mut data = allocate(plan.nbytes)?;
    let mut scratch = Vec::new();
    fill_runs(&plan.runs, &mut data, SPAN, &mut scratch, read_at, told)?;
    Ok(data)
}

/// The same, into memory that has just their bytes. Beyond it this takes the bytes of one span, in
/// `scratch`. Runs may be single bytes, so they are not kept but gone through twice: once to see how
/// far a span reaches, once to take them out of it.
pub(super) fn fill_runs(
    runs: &Runs,
    mut rest: &mut [u8],
    span: u64,
    scratch: &mut Vec<u8>,
    read_at: &mut dyn FnMut(u64, &mut [u8]) -> Result<()>,
    told: &dyn Fn(usize),
) -> Result<()> {
    let mut ahead = runs.clone().peekable();
    let mut runs = runs.clone();
    while let Some((start, run)) = ahead.next() {
        let mut end = start.saturating_add(run);
        let mut wanted = run;
        let mut count = 1_usize;
        let near = |end: u64, next: &(u64, u64)| {
            next.0.saturating_sub(end) <= GAP
                && next.0.saturating_add(next.1).saturating_sub(start) <= span
        };
        while let Some(next) = ahead.next_if(|next| near(end, next)) {
            end = next.0.saturating_add(next.1);
            wanted = wanted.saturating_add(next.1);
            count = count.saturating_add(1);
        }
        let (mut dest, after) = split(rest, wanted);
        rest = after;
        let placed = dest.len();
        let group = runs.by_ref().take(count);
        if count == 1 {
            read_at(start, dest)?;
            group.for_each(drop);
        } else {
            scratch.resize(usize::try_from(end.saturating_sub(start)).unwrap_or(0), 0);
            read_at(start, scratch)?;
            for (at, len) in group {
                let (place, after) = split(dest, len);
                dest = after;
                let from = usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
                let piece = scratch.get(from..from.saturating_add(place.len()));
                place.copy_from_slice(piece.unwrap_or_default());
            }
        }
        told(placed);
    }
    Ok(())
}

/// The bytes of a plan's runs out of data that lies as it is at `start`, by several threads where they
/// are long, or many.
pub(crate) fn read_runs_at(
    source: &Source,
    start: u64,
    plan: &Plan,
    options: &LoadOptions,
    meter: &Meter<'_>,
) -> Result<AlignedBuf> {
    let extent = plan.runs.end().saturating_sub(plan.runs.start());
    let threads = options.threads_for(extent);
    let pieces = plan.runs.split(threads.saturating_mul(PIECES), plan.nbytes);
    let reading = Reading {
        source,
        start,
        meter,
    };
    let Some(pieces) = pieces.filter(|_| threads > 1) else {
        let read_at = &mut |offset, dest: &mut [u8]| {
            let threads = options.threads_for(dest.len() as u64);
            reading.read_at(offset, dest, threads)
        };
        return read_runs(plan, read_at, &|bytes| reading.told(bytes));
    };
    let mut data = allocate(plan.nbytes)?;
    // The threads allocate nothing; all of them together have one span.
    let span = SPAN.checked_div(threads as u64).unwrap_or(SPAN);
    let scratch = || Vec::with_capacity(usize::try_from(span).unwrap_or(0));
    let scratches: Vec<_> = (0..threads).map(|_| scratch()).collect();
    let scratches = Mutex::new(scratches);
    let mut rest: &mut [u8] = &mut data;
    let work = pieces.into_iter().map(|(runs, nbytes)| {
        let (dest, after) = split(std::mem::take(&mut rest), nbytes as u64);
        rest = after;
        (runs, dest)
    });
    share(threads, source.reader().stack_size(), work, &|(
        runs,
        dest,
    )| {
        let held = || scratches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = held().pop().unwrap_or_default();
        let read_at = &mut |offset, dest: &mut [u8]| reading.read_at(offset, dest, 1);
        let told = |bytes| reading.told(bytes);
        let done = fill_runs(&runs, dest, span, &mut scratch, read_at, &told);
        held().push(scratch);
        done
    })?;
    Ok(data)
}

/// Data that lies as it is in a source.
struct Reading<'a> {
    source: &'a Source,
    start: u64,
    meter: &'a Meter<'a>,
}

impl Reading<'_> {
    /// What is read at once with its gaps is shorter; a long run tells of itself as it comes in.
    fn is_long(bytes: usize) -> bool {
        bytes as u64 > SPAN
    }

    fn read_at(&self, offset: u64, dest: &mut [u8], threads: usize) -> Result<()> {
        self.meter.check()?;
        let progress = |bytes| self.meter.advance(bytes);
        let fill = Fill {
            threads,
            sum: false,
            progress: Self::is_long(dest.len()).then_some(&progress),
            failed: |e, at| Error::io(e, "reading the array's data").at(at),
        };
        let at = self.start.saturating_add(offset);
        fill.read(self.source.reader(), at, dest).map(drop)
    }

    fn told(&self, bytes: usize) {
        if !Self::is_long(bytes) {
            self.meter.add(bytes);
        }
    }
}

/// The first `len` bytes and the others. The runs of a plan add up to its size.
fn split(bytes: &mut [u8], len: u64) -> (&mut [u8], &mut [u8]) {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    bytes.split_at_mut(len.min(bytes.len()))
}
