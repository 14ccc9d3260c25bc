//! What bytes are: the first six decide how they are read, some more how they are named when they
//! cannot be.

use crate::{Error, ErrorKind};

/// How many bytes decide.
pub(crate) const SNIFFED: usize = 6;

/// How many bytes name what cannot be read: a tar file says so at byte 257.
pub(crate) const NAMED: usize = 512;

/// What a source holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Empty,
    Npy,
    Zip,
    /// A pickle, or nothing that is known: NumPy tries both as pickles.
    Other,
}

/// Decides by the first bytes, never by the name.
pub(crate) fn sniff(bytes: &[u8]) -> Format {
    if bytes.is_empty() {
        Format::Empty
    } else if bytes.starts_with(b"\x93NUMPY") {
        Format::Npy
    } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        Format::Zip
    } else {
        Format::Other
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
    let (what, advice) = describe(bytes);
    if allow_pickle {
        let message = match what {
            "a pickle" => "this version of npload does not read pickles".to_owned(),
            _ => {
                format!("Failed to interpret the file as a pickle: it looks like {what}. {advice}")
            }
        };
        return Error::new(ErrorKind::Pickle, message).at(0);
    }
    let message = format!(
        "{PICKLED} That is NumPy's guess at all that it does not know; it looks like {what}. {advice}"
    );
    let message = match what {
        "a pickle" => format!("{PICKLED} {advice}"),
        _ => message,
    };
    Error::new(ErrorKind::NotArray, message).at(0)
}

/// Signatures at the start, what they mean, and what to do about it.
const SIGNATURES: &[(&[u8], &str, &str)] = &[
    (
        b"version https://git-lfs.github.com/spec/",
        "a git-LFS pointer",
        "The array itself was not downloaded: run `git lfs pull`.",
    ),
    (b"\x1f\x8b", "gzip data", "Decompress it first (gunzip)."),
    (
        b"\x28\xb5\x2f\xfd",
        "zstd data",
        "Decompress it first (unzstd).",
    ),
    (b"\xfd7zXZ\0", "xz data", "Decompress it first (unxz)."),
    (b"BZh", "bzip2 data", "Decompress it first (bunzip2)."),
    (
        b"\x04\x22\x4d\x18",
        "lz4 data",
        "Decompress it first (unlz4).",
    ),
    (
        b"7z\xbc\xaf\x27\x1c",
        "a 7z archive",
        "Extract it first (7z x).",
    ),
    (
        b"Rar!\x1a\x07",
        "a RAR archive",
        "Extract it first (unrar x).",
    ),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", "Read it with h5py."),
    (b"PAR1", "a Parquet file", "Read it with pyarrow or pandas."),
    (b"ARROW1", "an Arrow file", "Read it with pyarrow."),
    (
        b"MATLAB 5.0 MAT-file",
        "a MATLAB file",
        "Read it with scipy.io.loadmat.",
    ),
    (
        b"CDF\x01",
        "a NetCDF file",
        "Read it with scipy.io.netcdf_file or xarray.",
    ),
    (
        b"CDF\x02",
        "a NetCDF file",
        "Read it with scipy.io.netcdf_file or xarray.",
    ),
    (b"SIMPLE  =", "a FITS file", "Read it with astropy."),
    (
        b"\x89PNG\r\n\x1a\n",
        "a PNG image",
        "Read it with an image library.",
    ),
    (
        b"\xff\xd8\xff",
        "a JPEG image",
        "Read it with an image library.",
    ),
    (b"%PDF-", "a PDF document", "It holds no array."),
    (b"GGUF", "a GGUF model", "Read it with the gguf package."),
    (
        b"PK\x07\x08",
        "a split zip archive",
        "Join its parts into one archive first (zip -s 0).",
    ),
];

/// What bytes that are no array look like, and what to do.
fn describe(bytes: &[u8]) -> (&'static str, &'static str) {
    let known = SIGNATURES
        .iter()
        .find(|(signature, ..)| bytes.starts_with(signature));
    if let Some((_, what, advice)) = known {
        return (what, advice);
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return ("a tar archive", "Extract it first (tar -x).");
    }
    if b"\x93NUMPY".starts_with(bytes) || b"PK\x03\x04".starts_with(bytes) {
        return (
            "the start of an array file that ends there",
            "Write or download it again.",
        );
    }
    if is_safetensors(bytes) {
        return (
            "a safetensors file",
            "Read it with the safetensors package.",
        );
    }
    if is_pickle(bytes) {
        let advice = "npload does not read pickles. If you trust the file, Python's pickle.load \
                      does, and runs what code is in it.";
        return ("a pickle", advice);
    }
    let start = bytes.trim_ascii_start();
    if start.get(..1) == Some(b"<") {
        let lower = start
            .get(..64.min(start.len()))
            .unwrap_or_default()
            .to_ascii_lowercase();
        let html = lower.starts_with(b"<!doctype html") || lower.starts_with(b"<html");
        return match html {
            true => (
                "an HTML page",
                "A download gave a web page (a login or an error?) instead of the file.",
            ),
            false => ("XML", "It holds no array."),
        };
    }
    if bytes.len() < SNIFFED {
        return (
            "a file of a few bytes only",
            "It was probably cut off; write it again.",
        );
    }
    if looks_like_text(bytes) {
        return (
            "text",
            "Read tables of numbers with numpy.loadtxt or a CSV reader.",
        );
    }
    if bytes.iter().all(|&b| b == 0) {
        return (
            "nothing but zero bytes",
            "It was probably not fully written; write it again.",
        );
    }
    (
        "none of the formats that npload knows",
        "Raw numbers without a header need numpy.fromfile.",
    )
}

/// Eight bytes of length, then JSON.
fn is_safetensors(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return false;
    };
    rest.starts_with(b"{\"") && (2..100 << 20).contains(&u64::from_le_bytes(*length))
}

/// Protocols 2 to 5 say so; older ones begin with an opcode of theirs.
fn is_pickle(bytes: &[u8]) -> bool {
    match bytes {
        [0x80, 2..=5, ..] => true,
        [b'(' | b'c' | b'}' | b']', rest @ ..] => {
            // Protocol 0 and 1: an opcode follows that such a pickle may have there.
            matches!(
                rest.first(),
                Some(b'l' | b'd' | b'p' | b'q' | b'n' | b'c' | b'(' | b'.' | b'K')
            )
        }
        [b'I' | b'F' | b'L' | b'S' | b'V', ..] => bytes.trim_ascii_end().ends_with(b"."),
        _ => false,
    }
}

fn looks_like_text(bytes: &[u8]) -> bool {
    // The sample may end in the middle of a character.
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) if bytes.len() == NAMED && e.error_len().is_none() => {
            let valid = bytes.get(..e.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !valid.chars().any(|c| c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_bytes_decide() {
        for (bytes, format) in [
            (&b""[..], Format::Empty),
            (b"\x93NUMPY\x01", Format::Npy),
            (b"PK\x03\x04..", Format::Zip),
            (b"PK\x05\x06", Format::Zip),
            (b"PK\x07\x08..", Format::Other),
            (b"\x93NUMP", Format::Other),
            (b"\x80\x04", Format::Other),
        ] {
            assert_eq!(sniff(bytes), format, "{bytes:?}");
        }
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
    fn pickles_of_every_protocol_are_told_from_text() {
        for bytes in [
            &b"\x80\x04\x95"[..],
            b"(lp0\nI1\na.",
            b"]q\0(K\x01K\x02e.",
            b"I42\n.",
            b"cnumpy\n",
        ] {
            let what = describe(bytes).0;
            assert!(
                what == "a pickle" || bytes.starts_with(b"cn"),
                "{what}: {bytes:?}"
            );
        }
        assert_eq!(describe(b"Items, prices, and sums\n").0, "text");
    }
}
