//! What bytes are: the first six decide how they are read, some more how they are named when they
//! cannot be.

mod looks;
mod pickle;

use crate::source::Stream;
use crate::{Error, ErrorKind, Result};

pub use looks::Looks;

/// How many bytes decide.
const SNIFFED: usize = 6;

/// How many bytes name what cannot be read: a tar file says so at byte 257.
const NAMED: usize = 512;

/// What can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Npy,
    Zip,
    /// Neither, where pickles are allowed: one may begin so.
    Pickle,
}

/// Decides by the first bytes, never by the name.
///
/// # Errors
/// [`ErrorKind::Empty`] without any; [`ErrorKind::NotArray`] for everything else where pickles are not
/// allowed: NumPy tries that as a pickle.
pub(crate) fn identify(bytes: &[u8], allow_pickle: bool) -> Result<Format> {
    if bytes.is_empty() {
        return Err(empty());
    }
    match sniff(bytes) {
        None if allow_pickle => Ok(Format::Pickle),
        None => Err(refuse(bytes, false)),
        Some(format) => Ok(format),
    }
}

/// As [`identify`], of what a stream gives next; with the bytes that were read of it, which are no
/// more than an npy or zip file has.
pub(crate) fn identify_stream(
    stream: &mut Stream<'_>,
    allow_pickle: bool,
) -> Result<(Format, Vec<u8>)> {
    let head = read_head(stream)?;
    Ok((identify(&head, allow_pickle)?, head))
}

/// What is read of a stream to [`identify`] it.
pub(crate) fn read_head(stream: &mut Stream<'_>) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    read_to(stream, &mut head, SNIFFED)?;
    if sniff(&head).is_none() {
        read_named(stream, &mut head)?;
    }
    Ok(head)
}

/// What decides, of a stream that may have a pickle next, which may be of two bytes: no opcode with
/// which a whole one begins is how npy and zip files do.
pub(crate) fn read_start(stream: &mut Stream<'_>) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    read_to(stream, &mut head, 1)?;
    if matches!(*head, [b'\x93' | b'P']) {
        read_to(stream, &mut head, SNIFFED)?;
    }
    Ok(head)
}

/// What names it, of a stream that has begun so.
pub(crate) fn read_named(stream: &mut Stream<'_>, head: &mut Vec<u8>) -> Result<()> {
    read_to(stream, head, NAMED)
}

fn read_to(stream: &mut Stream<'_>, head: &mut Vec<u8>, len: usize) -> Result<()> {
    let read = stream.read_up_to(head, len);
    read.map_err(|e| Error::io(e, "reading the first bytes"))?;
    Ok(())
}

fn sniff(bytes: &[u8]) -> Option<Format> {
    if bytes.starts_with(b"\x93NUMPY") {
        Some(Format::Npy)
    } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        Some(Format::Zip)
    } else {
        None
    }
}

/// NumPy's sentence for everything that is neither npy nor npz; programs match on it.
const PICKLED: &str = "This file contains pickled (object) data.";

#[cold]
pub(crate) fn empty() -> Error {
    Error::new(ErrorKind::Empty, "No data left in file")
}

/// The error for a source that holds no array: NumPy's sentence, then what the bytes are.
#[cold]
pub(crate) fn refuse(bytes: &[u8], allow_pickle: bool) -> Error {
    let looks = Looks::first(bytes);
    let Looks { what, advice, .. } = looks;
    let (kind, message) = match (allow_pickle, looks.is_pickle) {
        (true, true) => (
            ErrorKind::NotArray,
            "this is a pickle, which has no arrays to open: use load".to_owned(),
        ),
        (true, false) => (
            ErrorKind::Pickle,
            format!("Failed to interpret the file as a pickle: it looks like {what}. {advice}"),
        ),
        (false, true) => (ErrorKind::NotArray, format!("{PICKLED} {advice}")),
        (false, false) => (
            ErrorKind::NotArray,
            format!(
                "{PICKLED} That is NumPy's guess at all that it does not know; it looks like \
                 {what}. {advice}"
            ),
        ),
    };
    Error::new(kind, message).at(0).with_looks(looks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_bytes_decide() {
        for (bytes, format) in [
            (&b"\x93NUMPY\x01"[..], Some(Format::Npy)),
            (b"PK\x03\x04..", Some(Format::Zip)),
            (b"PK\x05\x06", Some(Format::Zip)),
            (b"PK\x07\x08..", None),
            (b"\x93NUMP", None),
            (b"\x80\x04", None),
        ] {
            assert_eq!(sniff(bytes), format, "{bytes:?}");
            assert_eq!(identify(bytes, false).ok(), format, "{bytes:?}");
        }
        assert_eq!(identify(b"", false).unwrap_err().kind(), ErrorKind::Empty);
    }

    #[test]
    fn what_is_no_array_is_named_after_numpys_first_sentence() {
        let mut tar = vec![b'a'; 512];
        tar[100..].fill(0);
        tar[257..262].copy_from_slice(b"ustar");
        let mut safetensors = 64_u64.to_le_bytes().to_vec();
        safetensors.extend_from_slice(b"{\"w\":{");
        for (bytes, what) in [
            (
                &b"version https://git-lfs.github.com/spec/v1\noid"[..],
                "git-LFS pointer",
            ),
            (b"  <!DOCTYPE html><html>", "HTML page"),
            (b"<?xml version=", "XML"),
            (b"\x1f\x8b\x08\0\0\0", "gzip"),
            (b"\x28\xb5\x2f\xfd....", "zstd"),
            (b"\xfd7zXZ\0...", "xz"),
            (b"7z\xbc\xaf\x27\x1c..", "7z"),
            (&tar, "tar"),
            (b"\x89HDF\r\n\x1a\n", "HDF5"),
            (&safetensors, "safetensors"),
            (b"PAR1....", "Parquet"),
            (b"1.0,2.0\n3.0,4.0\n", "text"),
            (b"\x93NUM", "ends there"),
            (b"P", "ends there"),
            (b"x", "a few bytes"),
            (b"SQLite format 3\0..", "an SQLite database"),
            (b"\x7fELF\x02\x01", "a program"),
            (b"%PDF-1.7\n", "a PDF document"),
            (&[0; 600], "zero bytes"),
            (b"\xde\xad\xbe\xef\xde\xad\xbe\xef", "none of the formats"),
        ] {
            let err = refuse(bytes, false);
            assert_eq!(err.kind(), ErrorKind::NotArray);
            assert!(err.message().starts_with(PICKLED), "{err}");
            assert!(err.message().contains(what), "{what}: {err}");
            assert_eq!(refuse(bytes, true).kind(), ErrorKind::Pickle);
        }
    }

    #[test]
    fn of_a_stream_no_more_is_read_than_names_it() {
        for (bytes, left) in [
            (&b"\x93NUMPY\x01\x00v\0"[..], 4),
            (b"PK\x03\x04......", 4),
            (&[0; 600], 600 - NAMED),
        ] {
            let mut reader = bytes;
            let _ = identify_stream(&mut Stream::new(&mut reader, None), false);
            assert_eq!(reader.len(), left);
        }
    }

    #[test]
    fn what_it_looks_like_depends_on_no_more_than_512_bytes() {
        // A character stands across the end of the sample.
        let text = format!("{}{}", "x".repeat(511), "é".repeat(2000));
        for bytes in [text.as_bytes(), &text.as_bytes()[..4096]] {
            let looks = refuse(bytes, false).looks().unwrap();
            assert_eq!((looks.what, looks.is_pickle), ("text", false));
        }
    }
}
