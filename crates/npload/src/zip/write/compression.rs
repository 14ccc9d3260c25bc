//! How members are compressed that are written.

use crate::zip::Method;
use crate::{Error, ErrorKind, Result};

/// How the members of an archive are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all: what `savez` writes. Such members can be mapped.
    Stored,
    /// Deflate, what `savez_compressed` writes and everything reads; levels 0 to 9.
    Deflate(u32),
    /// Zstandard: smaller or faster, and read by npload, and by Python from 3.14 on; levels 1 to 22.
    Zstd(u32),
}

impl Compression {
    /// Deflate, as tightly as zlib does by default.
    pub const DEFLATE: Compression = Compression::Deflate(6);
    /// Zstandard at its default level.
    pub const ZSTD: Compression = Compression::Zstd(3);

    /// Whether the method has the level.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] for a level that the method does not have.
    pub(crate) fn check(self) -> Result<()> {
        let (name, levels, level) = match self {
            Compression::Stored => return Ok(()),
            Compression::Deflate(level) => ("deflate", 0..=9, level),
            Compression::Zstd(level) => ("zstd", 1..=22, level),
        };
        if levels.contains(&level) {
            return Ok(());
        }
        let (first, last) = (levels.start(), levels.end());
        let message = format!("{name} has levels from {first} to {last}, and not {level}");
        Err(Error::new(ErrorKind::Argument, message))
    }

    pub(super) fn method(self) -> Method {
        match self {
            Compression::Stored => Method::Stored,
            Compression::Deflate(_) => Method::Deflate,
            Compression::Zstd(_) => Method::Zstd,
        }
    }
}
