//! The runs of a plan, read and put one after the other.

use npload_buffer::AlignedBuf;

use super::read::allocate;
use crate::selection::Plan;
use crate::source::{Fill, Meter, Source};
use crate::{Error, LoadOptions, Result};

/// Gaps up to this are read through: a call costs as much as moving about 16 KiB from the page cache.
const GAP: u64 = 16 << 10;

/// What is read at once when runs with gaps between them are read together: half of what a load may
/// take beyond its array. A column of 64 MB: 3.7 ms, with 256 KiB 4.3, with 1 MiB 2.9.
const SPAN: u64 = 512 << 10;

/// The bytes of a plan's runs. `read_at` reads at offsets into the array's data, which rise from
/// call to call. `told` hears how many bytes of the plan are newly in place: not those of gaps.
///
/// Beyond the result this takes the bytes of one span. Runs may be single bytes, so they are not
/// kept but gone through twice: once to see how far a span reaches, once to take them out of it.
pub(crate) fn read_runs(
    plan: &Plan,
    read_at: &mut dyn FnMut(u64, &mut [u8]) -> Result<()>,
    told: &dyn Fn(usize),
) -> Result<AlignedBuf> {
    let mut data = allocate(plan.nbytes)?;
    let mut rest: &mut [u8] = &mut data;
    let mut scratch = Vec::new();
    let mut ahead = plan.runs.clone().peekable();
    let mut runs = plan.runs.clone();
    while let Some((start, run)) = ahead.next() {
        let mut end = start.saturating_add(run);
        let mut wanted = run;
        let mut count = 1_usize;
        let near = |end: u64, next: &(u64, u64)| {
            next.0.saturating_sub(end) <= GAP
                && next.0.saturating_add(next.1).saturating_sub(start) <= SPAN
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
            read_at(start, &mut scratch)?;
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
    Ok(data)
}

/// The bytes of a plan's runs out of data that lies as it is at `start`; long runs by several threads.
pub(crate) fn read_runs_at(
    source: &Source,
    start: u64,
    plan: &Plan,
    options: &LoadOptions,
    meter: &Meter<'_>,
) -> Result<AlignedBuf> {
    let progress = |bytes| meter.advance(bytes);
    // What is read at once with its gaps is shorter; a long run tells of itself as it comes in.
    let is_long = |bytes: usize| bytes as u64 > SPAN;
    let mut read_at = |offset, dest: &mut [u8]| {
        meter.check()?;
        let fill = Fill {
            threads: options.threads_for(dest.len() as u64),
            sum: false,
            progress: is_long(dest.len()).then_some(&progress),
            failed: |e, at| Error::io(e, "reading the array's data").at(at),
        };
        let at = start.saturating_add(offset);
        fill.read(source.reader(), at, dest).map(drop)
    };
    let told = |bytes| {
        if !is_long(bytes) {
            meter.add(bytes);
        }
    };
    read_runs(plan, &mut read_at, &told)
}

/// The first `len` bytes and the others. The runs of a plan add up to its size.
fn split(bytes: &mut [u8], len: u64) -> (&mut [u8], &mut [u8]) {
    let len = usize::try_from(len).unwrap_or(usize::MAX);
    bytes.split_at_mut(len.min(bytes.len()))
}
