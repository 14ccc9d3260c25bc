//! The frame of a header: magic, version, length.
//!
//! Format fact: numpy/lib/_format_impl.py. Six bytes of magic, two of version, then the length of
//! the text, little-endian: two bytes in version 1, four in versions 2 and 3.

use super::literal::Literal;
use crate::{Error, ErrorKind, Result};

/// What an npy file starts with.
pub(crate) const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// Magic and version.
const MAGIC_LEN: usize = 8;

/// Where the parts of a header are, as far as the bytes tell.
pub(super) enum Frame {
    /// So many bytes are needed to tell.
    Short { needed: usize },
    /// The text is `len` bytes from `start` on, there or not.
    Text {
        version: (u8, u8),
        start: usize,
        len: usize,
    },
}

/// Finds the parts of the header at the start of `bytes`, which may be cut off.
///
/// # Errors
/// [`ErrorKind::NotArray`], [`ErrorKind::Version`].
pub(super) fn frame(bytes: &[u8]) -> Result<Frame> {
    let there = bytes.len().min(MAGIC.len());
    if bytes.get(..there) != MAGIC.get(..there) {
        return Err(Error::new(
            ErrorKind::NotArray,
            format!(
                "the magic string is not correct; expected {}, got {}",
                Literal::Bytes(MAGIC.to_vec()),
                Literal::Bytes(bytes.get(..there).unwrap_or_default().to_vec())
            ),
        ));
    }
    let version = match bytes.get(MAGIC.len()..MAGIC_LEN) {
        Some(&[major, minor]) => (major, minor),
        _ => return Ok(Frame::Short { needed: MAGIC_LEN }),
    };
    let rest = bytes.get(MAGIC_LEN..).unwrap_or_default();
    let (len, start) = match version {
        (1, 0) => (
            rest.first_chunk()
                .map(|len| u32::from(u16::from_le_bytes(*len))),
            10,
        ),
        (2 | 3, 0) => (rest.first_chunk().map(|len| u32::from_le_bytes(*len)), 12),
        version => return Err(unsupported(version)),
    };
    Ok(match len {
        Some(len) => Frame::Text {
            version,
            start,
            len: usize::try_from(len).unwrap_or(usize::MAX),
        },
        None => Frame::Short { needed: start },
    })
}

/// Where the data begin behind the header at the start of `bytes`; none if its length is not told there.
pub(crate) fn data_offset(bytes: &[u8]) -> Option<u64> {
    match frame(bytes).ok()? {
        Frame::Text { start, len, .. } => Some((start as u64).saturating_add(len as u64)),
        Frame::Short { .. } => None,
    }
}

/// The error for a version that does not exist.
#[cold]
pub(super) fn unsupported((major, minor): (u8, u8)) -> Error {
    let message =
        format!("we only support format version (1,0), (2,0), and (3,0), not ({major}, {minor})");
    Error::new(ErrorKind::Version, message)
}

/// The error for a source that ends before its header does: of all of it, `bytes`.
#[cold]
pub(crate) fn truncated_header(bytes: &[u8]) -> Error {
    let (what, expected, got) = match frame(bytes) {
        Err(error) => return error,
        Ok(Frame::Short { needed: MAGIC_LEN }) => ("magic string", MAGIC_LEN, bytes.len()),
        Ok(Frame::Short { needed }) => (
            "array header length",
            needed.saturating_sub(MAGIC_LEN),
            bytes.len().saturating_sub(MAGIC_LEN),
        ),
        Ok(Frame::Text { start, len, .. }) => {
            ("array header", len, bytes.len().saturating_sub(start))
        }
    };
    let message = format!("EOF: reading {what}, expected {expected} bytes got {got}");
    Error::new(ErrorKind::Truncated, message).at(u64::try_from(bytes.len()).unwrap_or(u64::MAX))
}
