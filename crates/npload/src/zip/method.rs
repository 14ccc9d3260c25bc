//! Compression methods: their numbers, their names, and how much they can make of one byte.

use crate::error::{Error, ErrorKind, Result};

/// How a member is compressed (APPNOTE.TXT 4.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Method {
    /// Not at all.
    Stored,
    /// What `savez_compressed` writes.
    Deflate,
    Bzip2,
    Lzma,
    Zstd,
}

impl Method {
    /// The method of that number.
    ///
    /// # Errors
    /// [`ErrorKind::Method`], with the number and, where it has one, the name.
    pub(super) fn from_number(number: u16) -> Result<Self> {
        match number {
            0 => Ok(Method::Stored),
            8 => Ok(Method::Deflate),
            12 => Ok(Method::Bzip2),
            14 => Ok(Method::Lzma),
            93 => Ok(Method::Zstd),
            _ => Err(unknown(number)),
        }
    }

    /// Its number.
    pub(super) fn number(self) -> u16 {
        match self {
            Method::Stored => 0,
            Method::Deflate => 8,
            Method::Bzip2 => 12,
            Method::Lzma => 14,
            Method::Zstd => 93,
        }
    }

    /// Its name, for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Method::Stored => "stored",
            Method::Deflate => "deflate",
            Method::Bzip2 => "bzip2",
            Method::Lzma => "lzma",
            Method::Zstd => "zstd",
        }
    }

    /// The most bytes that one compressed byte can stand for. No valid stream exceeds it, so a
    /// declared size that does is a lie that needs no memory to be found out.
    ///
    /// * deflate: a match of 258 bytes takes at least 2 bits.
    /// * bzip2: a block of 900,000 symbols of the first run-length coding, where 5 symbols stand
    ///   for up to 259 bytes, takes at least 174 bits of headers and tables: 46,620,000 bytes in 21.
    /// * lzma: a repeated match of 273 bytes takes 14 binary choices of at least 0.0219 bits each
    ///   (probabilities stop at 2017/2048): 7,124 bytes per byte, rounded up.
    /// * zstd: a run-length block of 128 KiB takes 4 bytes.
    pub(super) fn max_ratio(self) -> u64 {
        match self {
            Method::Stored => 1,
            Method::Deflate => 1032,
            Method::Bzip2 => 2_220_000,
            Method::Lzma => 8192,
            Method::Zstd => 32_768,
        }
    }
}

#[cold]
fn unknown(number: u16) -> Error {
    let name = match number {
        1 => " (shrink)",
        2..=5 => " (reduce)",
        6 | 10 => " (implode)",
        7 => " (tokenize)",
        9 => " (deflate64)",
        18 => " (terse)",
        19 => " (lz77)",
        20 => " (zstd, by its deprecated number)",
        95 => " (xz)",
        97 => " (wavpack)",
        98 => " (ppmd)",
        99 => " (AES encryption)",
        _ => "",
    };
    let text = format!(
        "That compression method is not supported: type {number}{name}; stored, deflate, bzip2, \
         lzma and zstd are read"
    );
    Error::new(ErrorKind::Method, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_methods_are_named() {
        let err = Method::from_number(9).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Method);
        assert!(
            err.message()
                .starts_with("That compression method is not supported: type 9 (deflate64);")
        );
        let err = Method::from_number(1234).unwrap_err();
        assert!(err.message().contains("type 1234;"), "{err}");
    }
}
