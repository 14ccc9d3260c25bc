//! The runs of a plan, read and put one after the other.

use npload_buffer::AlignedBuf;

use super::read::allocate;
use crate::selection::Plan;
use crate::source::{Fill, Meter, Source};
use crate::{Error, LoadOptions, Result};

/// Gaps up to this are read through: a call costs as much as moving about 16 KiB from the page cache.
const GAP: u64 = 16 << 10;

/// What is read at once when runs with gaps between them are read together.
const SPAN: u64 = 1 << 20;

/// The bytes of a plan's runs. `read_at` reads at offsets into the array's data, which rise from
/// call to call. `told` hears how many bytes of the plan are newly in place: not those of gaps.
pub(crate) fn read_runs(
    plan: &mut Plan,
    read_at: &mut dyn FnMut(u64, &mut [u8]) -> Result<()>,
    told: &dyn Fn(usize),
) -> Result<AlignedBuf> {
    let mut data = allocate(plan.nbytes)?;
    let mut runs = plan.runs.by_ref().peekable();
    let mut rest: &mut [u8] = &mut data;
    let mut scratch = Vec::new();
    let mut group: Vec<(u64, usize)> = Vec::new();
    while let Some((start, run)) = runs.next() {
        let mut end = start.saturating_add(run);
        group.clear();
        group.push((0, usize::try_from(run).unwrap_or(usize::MAX)));
        let near = |end: u64, next: &(u64, u64)| {
            next.0.saturating_sub(end) <= GAP
                && next.0.saturating_add(next.1).saturating_sub(start) <= SPAN
        };
        while let Some(next) = runs.next_if(|next| near(end, next)) {
            group.push((
                next.0.saturating_sub(start),
                usize::try_from(next.1).unwrap_or(usize::MAX),
            ));
            end = next.0.saturating_add(next.1);
        }
        if let [(_, whole)] = group.as_slice() {
            let (dest, after) = split(rest, *whole);
            read_at(start, dest)?;
            told(dest.len());
            rest = after;
            continue;
        }
        scratch.resize(usize::try_from(end.saturating_sub(start)).unwrap_or(0), 0);
        read_at(start, &mut scratch)?;
        for &(from, len) in &group {
            let (dest, after) = split(rest, len);
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            let piece = scratch
                .get(from..from.saturating_add(len))
                .unwrap_or_default();
            dest.copy_from_slice(piece);
            told(len);
            rest = after;
        }
    }
    Ok(data)
}

/// The bytes of a plan's runs out of data that lies as it is at `start`; long runs by several threads.
pub(crate) fn read_runs_at(
    source: &Source,
    start: u64,
    plan: &mut Plan,
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
fn split(bytes: &mut [u8], len: usize) -> (&mut [u8], &mut [u8]) {
    bytes.split_at_mut(len.min(bytes.len()))
}
