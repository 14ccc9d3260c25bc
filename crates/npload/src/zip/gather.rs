//! The central directory into memory, and parsed on the way.
//!
//! How long it is, is what the end record says, and a file full of holes may say anything. So that
//! memory follows what really is a directory, no more is read ahead than has proved to be one.

use npload_buffer::{Buffer, ReadAt};

use super::directory::{Directory, Parser};
use super::locate::{Located, no_memory, read_failed};
use crate::error::Result;

/// What is read before anything is parsed: more than the longest record has, which is 192 KiB.
const FIRST: usize = 256 << 10;

/// The directory's bytes, and what they say.
///
/// # Errors
/// As [`Parser::parse`]; [`ErrorKind::Io`](crate::ErrorKind::Io).
pub(super) fn gather(source: &dyn ReadAt, located: Located) -> Result<(Buffer, Directory)> {
    let size = located.size;
    let mut parser = Parser::new(located.start, located.shift, located.count);
    let in_memory = located.bytes.or_else(|| {
        let start = usize::try_from(located.start).unwrap_or(usize::MAX);
        Some(source.as_buffer()?.slice(start..start.saturating_add(size)))
    });
    if let Some(bytes) = in_memory {
        for end in ends(size) {
            parser.parse(bytes.get(..end).unwrap_or(&bytes), end == size)?;
        }
        return Ok((bytes, parser.finish()));
    }
    // Not an AlignedBuf: fresh pages from the system cost 9 times what reading 330 kB into memory
    // that the allocator has already does (143 and 16 µs).
    let mut bytes = Vec::new();
    for end in ends(size) {
        let filled = bytes.len();
        let reserved = bytes.try_reserve_exact(end.saturating_sub(filled));
        reserved.map_err(|_| no_memory(size as u64))?;
        bytes.resize(end, 0);
        let at = located.start.saturating_add(filled as u64);
        let read = source.read_exact_at(bytes.get_mut(filled..).unwrap_or_default(), at);
        read.map_err(|err| read_failed(err, at))?;
        parser.parse(&bytes, end == size)?;
    }
    Ok((bytes.into(), parser.finish()))
}

/// How far to read each time: twice as far as the time before.
fn ends(size: usize) -> impl Iterator<Item = usize> {
    let first = Some(FIRST.min(size));
    std::iter::successors(first, move |&end| {
        (end < size).then(|| end.saturating_mul(2).min(size))
    })
}
