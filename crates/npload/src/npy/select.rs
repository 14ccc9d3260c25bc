//! The runs of a plan, read and put one after the other.

use std::sync::{Mutex, PoisonError};

use npload_buffer::{AlignedBuf, Vacant, is_cold};

use super::read::allocate;
use crate::selection::{Plan, Runs};
use crate::source::{Fill, Meter, Source, share};
use crate::{Error, LoadOptions, Result};

/// Gaps up to this are read through: a call costs as much as moving about 16 KiB from the page cache.
const GAP: u64 = 16 << 10;

/// The same where the disk is to be read: it moves 64 KiB in the time that it takes to answer. Rows of
/// 4 KiB, every tenth of 128 MB: 65 ms, each by a read of its own 150.
const COLD_GAP: u64 = 64 << 10;

/// What is read at once when runs with gaps between them are read together: half of what a load may
/// take beyond its array. A column of 64 MB: 3.7 ms, with 256 KiB 4.3, with 1 MiB 2.9.
pub(super) const SPAN: u64 = 512 << 10;

/// How far a piece of the runs reaches that one thread takes at a time. All threads stay close together,
/// so that to the system they are one reader who goes forward, for whom it reads ahead.
const PIECE: u64 = 4 << 20;

/// The bytes of a plan's runs. `read_at` reads at offsets into the array's data, which rise from
/// call to call. `told` hears how many bytes of the plan are newly in place: not those of gaps.
/// `cold` is as for [`fill_runs`].
pub(crate) fn read_runs(
    plan: &Plan,
    cold: &dyn Fn(u64) -> bool,
    read_at: &mut dyn FnMut(u64, Vacant<'_>) -> Result<()>,
    told: &dyn Fn(usize),
) -> Result<AlignedBuf> {
    let mut scratch = Vec::new();
    let fill =
        |dest: Vacant<'_>| fill_runs(&plan.runs, dest, SPAN, &mut scratch, cold, read_at, told);
    allocate(plan.nbytes)?.fill(fill)
}

/// The same, into memory that has just their bytes. Beyond it this takes the bytes of one span, in
/// `scratch`. Runs may be single bytes, so they are not kept but gone through twice: once to see how
/// far a span reaches, once to take them out of it. `cold` says whether the disk is to be read at an
/// offset; it is asked once for a piece, and only where that makes a difference: what the system reads
/// ahead is not all there is of it.
pub(super) fn fill_runs(
    runs: &Runs,
    mut rest: Vacant<'_>,
    span: u64,
    scratch: &mut Vec<u8>,
    cold: &dyn Fn(u64) -> bool,
    read_at: &mut dyn FnMut(u64, Vacant<'_>) -> Result<()>,
    told: &dyn Fn(usize),
) -> Result<()> {
    let mut ahead = runs.clone().peekable();
    let mut runs = runs.clone();
    let (mut gap, mut asked) = (GAP, None);
    while let Some((start, run)) = ahead.next() {
        let mut end = start.saturating_add(run);
        let mut wanted = run;
        let mut count = 1_usize;
        let depends = |next: &(u64, u64)| {
            let gap = next.0.saturating_sub(end);
            gap > GAP && gap <= COLD_GAP
        };
        if asked.is_none_or(|asked| start >= asked) && ahead.peek().is_some_and(depends) {
            gap = if cold(start) { COLD_GAP } else { GAP };
            asked = Some(start.saturating_add(PIECE));
        }
        let near = |end: u64, next: &(u64, u64)| {
            next.0.saturating_sub(end) <= gap
                && next.0.saturating_add(next.1).saturating_sub(start) <= span
        };
        while let Some(next) = ahead.next_if(|next| near(end, next)) {
            end = next.0.saturating_add(next.1);
            wanted = wanted.saturating_add(next.1);
            count = count.saturating_add(1);
        }
        let (dest, after) = split(rest, wanted);
        rest = after;
        let placed = dest.len();
        let group = runs.by_ref().take(count);
        if count == 1 {
            read_at(start, dest)?;
            group.for_each(drop);
        } else {
            scratch.resize(usize::try_from(end.saturating_sub(start)).unwrap_or(0), 0);
            read_at(start, scratch.as_mut_slice().into())?;
            dest.gather(group.map(|(at, len)| {
                let from = usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
                let len = usize::try_from(len).unwrap_or(usize::MAX);
                scratch
                    .get(from..from.saturating_add(len))
                    .unwrap_or_default()
            }));
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
    let pieces = usize::try_from(extent.div_ceil(PIECE)).unwrap_or(usize::MAX);
    let pieces = plan.runs.split(pieces, plan.nbytes);
    let reading = Reading {
        source,
        start,
        meter,
    };
    let told = |bytes| reading.told(bytes);
    let cold = |offset| reading.is_cold(offset);
    let Some(pieces) = pieces.filter(|_| threads > 1) else {
        let read_at = &mut |offset, dest: Vacant<'_>| {
            let threads = options.threads_for(dest.len() as u64);
            reading.read_at(offset, dest, threads)
        };
        return read_runs(plan, &cold, read_at, &told);
    };
    // The threads allocate nothing; all of them together have one span.
    let span = SPAN.checked_div(threads as u64).unwrap_or(SPAN);
    let scratch = || Vec::with_capacity(usize::try_from(span).unwrap_or(0));
    let scratches: Vec<_> = (0..threads).map(|_| scratch()).collect();
    let scratches = Mutex::new(scratches);
    let fill = |(runs, dest): (Runs, Vacant<'_>)| {
        let held = || scratches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scratch = held().pop().unwrap_or_default();
        let read_at = &mut |offset, dest: Vacant<'_>| reading.read_at(offset, dest, 1);
        let done = fill_runs(&runs, dest, span, &mut scratch, &cold, read_at, &told);
        held().push(scratch);
        done
    };
    allocate(plan.nbytes)?.fill(|dest| {
        let mut rest = Some(dest);
        let work = pieces.into_iter().map_while(|(runs, nbytes)| {
            let (dest, after) = rest.take()?.split_at(nbytes);
            rest = Some(after);
            Some((runs, dest))
        });
        share(threads, source.reader().stack_size(), work, &fill)
    })
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

    fn is_cold(&self, offset: u64) -> bool {
        let file = self.source.file();
        file.is_some_and(|file| is_cold(file, self.start.saturating_add(offset)))
    }

    fn read_at(&self, offset: u64, dest: Vacant<'_>, threads: usize) -> Result<()> {
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
fn split(vacant: Vacant<'_>, len: u64) -> (Vacant<'_>, Vacant<'_>) {
    vacant.split_at(usize::try_from(len).unwrap_or(usize::MAX))
}
