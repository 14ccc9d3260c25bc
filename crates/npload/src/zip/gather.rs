//! The central directory, read piece by piece and parsed on the way.
//!
//! How long it is, is what the end record says, and a file full of holes may say anything. Memory
//! follows what really is a directory: one piece is read ahead, and the first wrong byte ends it.

use npload_buffer::ReadAt;

use super::directory::{Directory, Parser};
use super::locate::{Located, no_memory, read_failed};
use crate::error::Result;

/// What is read at once, if no record is longer: one has up to 192 KiB.
const PIECE: usize = 64 << 10;

/// What the directory says.
///
/// # Errors
/// As [`Parser::parse`]; [`ErrorKind::Io`](crate::ErrorKind::Io).
pub(super) fn gather(source: &dyn ReadAt, located: &Located) -> Result<Directory> {
    let mut parser = Parser::new(located)?;
    let start = usize::try_from(located.start).unwrap_or(usize::MAX);
    let end = start.saturating_add(located.size);
    let all = || Some(source.as_buffer()?.slice(start..end));
    if let Some(bytes) = located.bytes.clone().or_else(all) {
        parser.parse(&bytes, true)?;
        return Ok(parser.finish());
    }
    let mut piece = Vec::new();
    let (mut at, mut left, mut kept) = (located.start, located.size, 0_usize);
    while left > 0 {
        let wanted = kept.saturating_add(left).min(PIECE.max(piece.len()));
        // A record that fills all of it is longer still.
        let wanted = if kept == wanted {
            kept.saturating_mul(2)
        } else {
            wanted
        };
        let more = wanted.saturating_sub(piece.len());
        let reserved = piece.try_reserve_exact(more);
        reserved.map_err(|_| no_memory(wanted as u64))?;
        piece.resize(wanted, 0);
        let new = piece.get_mut(kept..).unwrap_or_default();
        let read = new.len();
        source
            .read_exact_at(new, at)
            .map_err(|err| read_failed(err, at))?;
        at = at.saturating_add(read as u64);
        left = left.saturating_sub(read);
        let parsed = parser.parse(&piece, left == 0)?;
        kept = piece.len().saturating_sub(parsed);
        piece.copy_within(parsed.., 0);
    }
    Ok(parser.finish())
}
