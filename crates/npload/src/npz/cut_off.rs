//! What it means that a file begins as an archive and does not end as one.

use crate::source::Source;
use crate::{Error, ErrorKind, Result};

/// `zipfile`'s sentence; programs match on it.
const NO_END: &str = "File is not a zip file";
const END: &[u8] = b"PK\x05\x06";
const END_LEN: u64 = 22;
/// An end record further from the end than `zipfile` looks (64 KiB) is looked for up to here.
const LOOKED_AT: u64 = 4 << 20;

/// The error for an archive that could not be opened, with what is known of its end.
#[cold]
pub(super) fn explain(source: &Source, err: Error) -> Error {
    if err.kind() != ErrorKind::Archive || err.message() != NO_END {
        return err;
    }
    // That the end cannot be read either helps nobody.
    describe(source).ok().flatten().unwrap_or(err)
}

fn describe(source: &Source) -> Result<Option<Error>> {
    let len = source.len()?;
    let mut start = [0; 4];
    if len < 4 {
        return Ok(None);
    }
    source.read_exact_at(&mut start, 0)?;
    if &start != b"PK\x03\x04" {
        return Ok(None);
    }
    let message = match end_before(source, len)? {
        Some(end) => format!(
            "{NO_END}: an archive ends at byte {end}, and {} bytes that are none of its follow; cut \
             them off",
            len.saturating_sub(end)
        ),
        None => format!(
            "{NO_END}: it begins as one, and the archive's end is missing at byte {len}; the file is \
             probably cut off: download or copy it again"
        ),
    };
    Ok(Some(Error::new(ErrorKind::Archive, message)))
}

/// Where an end record ends that has too much behind it.
fn end_before(source: &Source, len: u64) -> Result<Option<u64>> {
    let from = len.saturating_sub(LOOKED_AT);
    let size = usize::try_from(len.saturating_sub(from)).unwrap_or(0);
    let mut tail = vec![0; size];
    source.read_exact_at(&mut tail, from)?;
    let Some(at) = tail.windows(END.len()).rposition(|bytes| bytes == END) else {
        return Ok(None);
    };
    let record = tail.get(at..).unwrap_or_default();
    let number = |at: usize| record.get(at..).and_then(|bytes| bytes.first_chunk::<4>());
    let (Some(size), Some(offset)) = (number(12), number(16)) else {
        return Ok(None);
    };
    let comment = record.get(20..).and_then(|bytes| bytes.first_chunk::<2>());
    let comment = u64::from(comment.map_or(0, |len| u16::from_le_bytes(*len)));
    let at = from.saturating_add(at as u64);
    let directory =
        u64::from(u32::from_le_bytes(*size)).checked_add(u32::from_le_bytes(*offset).into());
    let end = at.saturating_add(END_LEN).saturating_add(comment);
    // Bytes of an array that look like an end record promise another directory.
    Ok((directory == Some(at) && end < len).then_some(end))
}
