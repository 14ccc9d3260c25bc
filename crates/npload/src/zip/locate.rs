//! Where an archive's central directory lies: the end records, found as Python's `zipfile` finds them.
//!
//! Formats: APPNOTE.TXT 4.3.14 (zip64 end record), 4.3.15 (its locator), 4.3.16 (end record).
//! Two rules are `zipfile`'s own and differ from other readers': the *last* signature in the last
//! 64 KiB counts whatever its comment length says, and the directory ends where the end records
//! begin, so that its declared offset only tells how many bytes stand before the archive.

use npload_buffer::{Buffer, ReadAt};

use crate::error::{Error, ErrorKind, Result};

const END: [u8; 4] = *b"PK\x05\x06";
const END_LEN: usize = 22;
const END64: [u8; 4] = *b"PK\x06\x06";
const END64_LEN: usize = 56;
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const LOCATOR_LEN: usize = 20;
const BOTH64_LEN: usize = END64_LEN + LOCATOR_LEN;

/// Read first: holds the end records and a small archive's directory, in one read.
const FIRST_TAIL: u64 = 4 << 10;
/// The longest comment there can be, and the record before it.
const LONGEST_TAIL: u64 = (1 << 16) + END_LEN as u64;

/// The central directory's place.
pub(super) struct Located {
    /// Its bytes, where they were read along with the end record.
    pub(super) bytes: Option<Buffer>,
    /// Where it begins in the source.
    pub(super) start: u64,
    /// How many bytes it claims to have.
    pub(super) size: usize,
    /// How many bytes stand before the archive: what offsets in the directory are short of.
    pub(super) shift: i128,
    /// How many members the end record promises: a hint, nothing more.
    pub(super) count: u64,
}

/// The central directory of the archive that ends at the source's end.
///
/// # Errors
/// [`ErrorKind::Archive`] without an end record or a place for the directory; [`ErrorKind::Io`].
pub(super) fn locate(source: &dyn ReadAt, len: u64) -> Result<Located> {
    let mut tail = read(source, len.saturating_sub(FIRST_TAIL), len)?;
    let mut at = plain_end(&tail);
    if at.is_none() && len > FIRST_TAIL {
        tail = read(source, len.saturating_sub(LONGEST_TAIL), len)?;
    }
    if at.is_none() {
        at = last_end(&tail);
    }
    let at = at.ok_or_else(not_a_zip)?;
    let end = tail
        .get(at..)
        .and_then(|bytes| bytes.first_chunk::<END_LEN>());
    let end = end.ok_or_else(not_a_zip)?;
    let tail_start = len.saturating_sub(<[u8]>::len(&tail) as u64);
    let end_at = tail_start.saturating_add(at as u64);

    let mut count = u64::from(u16::from_le_bytes([end[10], end[11]]));
    let mut size = u64::from(u32::from_le_bytes([end[12], end[13], end[14], end[15]]));
    let mut offset = u64::from(u32::from_le_bytes([end[16], end[17], end[18], end[19]]));
    let mut directory_end = end_at;
    if let Some(end64) = zip64(source, &tail, at, end_at)? {
        (count, size, offset) = end64;
        directory_end = end_at.saturating_sub(BOTH64_LEN as u64);
    }

    let Some(start) = directory_end.checked_sub(size) else {
        return Err(Error::new(
            ErrorKind::Archive,
            format!(
                "Bad offset for central directory: it should have {size} bytes, and only \
                 {directory_end} precede the end record"
            ),
        )
        .at(end_at));
    };
    let shift = i128::from(start).saturating_sub(i128::from(offset));
    let size = size_in_memory(size)?;
    let bytes = start.checked_sub(tail_start).map(|from| {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        tail.slice(from..from.saturating_add(size))
    });
    Ok(Located {
        bytes,
        start,
        size,
        shift,
        count,
    })
}

/// Count, size and offset from the zip64 end record, if there is one right before the end record.
fn zip64(
    source: &dyn ReadAt,
    tail: &Buffer,
    at: usize,
    end_at: u64,
) -> Result<Option<(u64, u64, u64)>> {
    if end_at < LOCATOR_LEN as u64 {
        return Ok(None);
    }
    let from = end_at.saturating_sub(BOTH64_LEN as u64);
    let both = match at.checked_sub(BOTH64_LEN) {
        Some(start) => tail.slice(start..at),
        None => read(source, from, end_at)?,
    };
    let Some((before, locator)) = both.split_last_chunk::<LOCATOR_LEN>() else {
        return Ok(None);
    };
    if !locator.starts_with(&LOCATOR) {
        return Ok(None);
    }
    let disk = u32::from_le_bytes([locator[4], locator[5], locator[6], locator[7]]);
    let disks = u32::from_le_bytes([locator[16], locator[17], locator[18], locator[19]]);
    if disk != 0 || disks > 1 {
        return Err(Error::new(
            ErrorKind::Archive,
            "zipfiles that span multiple disks are not supported",
        )
        .at(end_at.saturating_sub(LOCATOR_LEN as u64)));
    }
    let Some(end64) = before.first_chunk::<END64_LEN>() else {
        return Err(not_a_zip());
    };
    if !end64.starts_with(&END64) {
        return Ok(None);
    }
    let field = |at: usize| {
        let bytes = end64.get(at..).and_then(|bytes| bytes.first_chunk());
        u64::from_le_bytes(bytes.copied().unwrap_or_default())
    };
    Ok(Some((field(32), field(40), field(48))))
}

/// An end record without a comment, at the very end.
fn plain_end(tail: &[u8]) -> Option<usize> {
    let end = tail.last_chunk::<END_LEN>()?;
    let found = end.starts_with(&END) && end.ends_with(&[0, 0]);
    found.then(|| tail.len().saturating_sub(END_LEN))
}

/// The last end record's signature.
fn last_end(tail: &[u8]) -> Option<usize> {
    tail.windows(END.len()).rposition(|bytes| bytes == END)
}

/// What lies at the end of the source: a few pages.
fn read(source: &dyn ReadAt, start: u64, end: u64) -> Result<Buffer> {
    let size = size_in_memory(end.saturating_sub(start))?;
    if let Some(all) = source.as_buffer() {
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        return Ok(all.slice(start..start.saturating_add(size)));
    }
    let mut bytes = vec![0; size];
    let read = source.read_exact_at(&mut bytes, start);
    read.map_err(|err| read_failed(err, start))?;
    Ok(bytes.into())
}

#[cold]
pub(super) fn read_failed(err: std::io::Error, at: u64) -> Error {
    Error::io(err, "reading the archive's central directory").at(at)
}

fn size_in_memory(size: u64) -> Result<usize> {
    usize::try_from(size).map_err(|_| no_memory(size))
}

#[cold]
pub(super) fn no_memory(size: u64) -> Error {
    let text = format!("a central directory of {size} bytes does not fit in memory");
    Error::new(ErrorKind::OutOfMemory, text)
}

#[cold]
fn not_a_zip() -> Error {
    Error::new(ErrorKind::Archive, "File is not a zip file")
}
