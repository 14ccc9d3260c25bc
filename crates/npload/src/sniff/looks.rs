//! What bytes that are no array look like, and what to do about it.

use super::{NAMED, SNIFFED, pickle};

/// What a source that is neither npy nor npz looks like: [`Error::looks`](crate::Error::looks).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Looks {
    /// With its article: `a tar archive`.
    pub what: &'static str,
    /// What to do about it, in a sentence.
    pub advice: &'static str,
    /// Whether it is a pickle.
    pub is_pickle: bool,
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
        b"SQLite format 3\0",
        "an SQLite database",
        "Read it with the sqlite3 module.",
    ),
    (b"\x7fELF", "a program (ELF)", "It holds no array."),
    (b"GIF8", "a GIF image", "Read it with an image library."),
    (
        b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.",
        "a PyTorch checkpoint of an old format",
        "Read it with torch.load(…, weights_only=True).",
    ),
    (
        b"PK\x07\x08",
        "a split zip archive",
        "Join its parts into one archive first (zip -s 0).",
    ),
];

impl Looks {
    fn new(what: &'static str, advice: &'static str) -> Self {
        Looks {
            what,
            advice,
            is_pickle: false,
        }
    }

    /// What bytes look like, of which the first count.
    pub(crate) fn first(bytes: &[u8]) -> Self {
        Looks::of(bytes.get(..NAMED).unwrap_or(bytes))
    }

    /// What the first [`NAMED`] bytes of a source, or all if it has fewer, look like.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let known = SIGNATURES
            .iter()
            .find(|(signature, ..)| bytes.starts_with(signature));
        if let Some((_, what, advice)) = known {
            return Looks::new(what, advice);
        }
        if bytes.get(257..262) == Some(b"ustar") {
            return Looks::new("a tar archive", "Extract it first (tar -x).");
        }
        if b"\x93NUMPY".starts_with(bytes) || b"PK\x03\x04".starts_with(bytes) {
            return Looks::new(
                "the start of an array file that ends there",
                "Write or download it again.",
            );
        }
        if is_safetensors(bytes) {
            return Looks::new(
                "a safetensors file",
                "Read it with the safetensors package.",
            );
        }
        if pickle::is_pickle(bytes) {
            return Looks {
                what: "a pickle",
                advice: "With allow_pickle the Rust library reads it as data and runs nothing in it. \
                         If you trust the file, Python's pickle.load reads it, and runs what code is \
                         in it.",
                is_pickle: true,
            };
        }
        if let Some(markup) = markup(bytes) {
            return markup;
        }
        if bytes.len() < SNIFFED {
            return Looks::new(
                "a file of a few bytes only",
                "It was probably cut off; write it again.",
            );
        }
        if is_text(bytes) {
            return Looks::new(
                "text",
                "Read tables of numbers with numpy.loadtxt or a CSV reader.",
            );
        }
        if bytes.iter().all(|&b| b == 0) {
            return Looks::new(
                "nothing but zero bytes",
                "It was probably not fully written; write it again.",
            );
        }
        Looks::new(
            "none of the formats that npload knows",
            "Raw numbers without a header need numpy.fromfile.",
        )
    }
}

/// HTML and XML.
fn markup(bytes: &[u8]) -> Option<Looks> {
    let start = bytes.trim_ascii_start();
    if !start.starts_with(b"<") {
        return None;
    }
    let lower: Vec<u8> = start.iter().take(64).map(u8::to_ascii_lowercase).collect();
    let html = lower.starts_with(b"<!doctype html") || lower.starts_with(b"<html");
    Some(match html {
        true => Looks::new(
            "an HTML page",
            "A download gave a web page (a login or an error?) instead of the file.",
        ),
        false => Looks::new("XML", "It holds no array."),
    })
}

/// Eight bytes of length, then JSON.
fn is_safetensors(bytes: &[u8]) -> bool {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else {
        return false;
    };
    rest.starts_with(b"{\"") && (2..100 << 20).contains(&u64::from_le_bytes(*length))
}

fn is_text(bytes: &[u8]) -> bool {
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
