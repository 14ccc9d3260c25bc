//! Parts of arrays: the runs of a selection read and put together.

use npload_buffer::Buffer;

use super::header::Header;
use super::read::allocate;
use crate::array::{Array, Axes};
use crate::selection::{Picked, Runs};
use crate::{Index, Result, Selection};

/// Gaps up to this are read through: a call costs as much as moving about 16 KiB from the page cache.
const GAP: u64 = 16 << 10;

/// What is read at once when runs with gaps between them are read together.
const SPAN: u64 = 1 << 20;

/// Loads the part of an array that `selection` picks. `read_at` reads at offsets into the array's data,
/// which rise from call to call.
pub(crate) fn read_selection(
    header: &Header,
    selection: &Selection,
    read_at: &mut dyn FnMut(u64, &mut [u8]) -> Result<()>,
) -> Result<Array> {
    let itemsize = header.dtype().itemsize();
    let picked = selection.resolve(header.shape())?;
    let nbytes = picked.size().saturating_mul(itemsize);
    let mut data = allocate(nbytes)?;
    let mut runs = Runs::new(&picked, header.shape(), header.order(), itemsize).peekable();
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
            rest = after;
        }
    }
    turn(header, &picked, data.into())
}

/// The first `len` bytes and the others. The runs of a selection add up to its size.
fn split(bytes: &mut [u8], len: usize) -> (&mut [u8], &mut [u8]) {
    bytes.split_at_mut(len.min(bytes.len()))
}

/// The array that a selection makes of the elements that it picked, which lie in the order of the source.
fn turn(header: &Header, picked: &Picked, data: Buffer) -> Result<Array> {
    let counts: Axes<usize> = picked.axes.iter().map(|axis| axis.count).collect();
    let array = Array::over(header.dtype().clone(), counts, header.order(), data);
    let backwards = |step| Index::Slice {
        start: None,
        stop: None,
        step,
    };
    let mut indices = Vec::new();
    let mut kept = picked.result.iter().peekable();
    for (i, axis) in picked.axes.iter().enumerate() {
        while kept.next_if(|kept| kept.is_none()).is_some() {
            indices.push(Index::NewAxis);
        }
        let stays = kept.next_if(|kept| **kept == Some(i)).is_some();
        indices.push(if stays {
            backwards(axis.step.signum())
        } else {
            Index::At(0)
        });
    }
    indices.extend(kept.map(|_| Index::NewAxis));
    array.slice(Selection::new(indices))
}
