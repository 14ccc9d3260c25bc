//! Zstandard, by its own library, which is C: without the feature `zstd` nothing is written by it.

use crate::Result;
use crate::sink::Contents;

/// Takes compressed bytes, the size of what they stand for, and its checksum.
type Take<'t> = dyn FnMut(&[u8], u64, &crc32fast::Hasher) -> Result<()> + 't;

#[cfg(feature = "zstd")]
mod library {
    use std::io::{self, Write};

    use super::Take;
    use crate::sink::{Contents, blocks, lent};
    use crate::{Error, ErrorKind, Result};

    /// What is compressed between two looks at what came of it.
    const BLOCK: usize = 1 << 20;

    pub(crate) fn whole(bytes: &[u8], level: u32) -> Result<Vec<u8>> {
        zstd::bulk::compress(bytes, level_of(level)).map_err(failed)
    }

    pub(crate) fn stream(contents: &dyn Contents, level: u32, take: &mut Take<'_>) -> Result<()> {
        let mut encoder =
            zstd::stream::write::Encoder::new(Vec::new(), level_of(level)).map_err(failed)?;
        // As a member that is compressed whole: the decoder learns the size.
        encoder
            .set_pledged_src_size(Some(contents.len()))
            .map_err(failed)?;
        encoder.include_contentsize(true).map_err(failed)?;
        let mut memory = Vec::new();
        for (at, size) in blocks(contents.len(), BLOCK) {
            let bytes = lent(contents, at, size, &mut memory)?;
            encoder.write_all(bytes).map_err(failed)?;
            let mut crc = crc32fast::Hasher::new();
            crc.update(bytes);
            take(encoder.get_ref(), size as u64, &crc)?;
            encoder.get_mut().clear();
        }
        let rest = encoder.finish().map_err(failed)?;
        take(&rest, 0, &crc32fast::Hasher::new())
    }

    fn level_of(level: u32) -> i32 {
        i32::try_from(level).unwrap_or(3)
    }

    #[cold]
    fn failed(err: io::Error) -> Error {
        let kind = match err.kind() {
            io::ErrorKind::OutOfMemory => ErrorKind::OutOfMemory,
            _ => ErrorKind::Argument,
        };
        Error::new(kind, format!("compressing by zstd failed: {err}"))
    }
}

#[cfg(not(feature = "zstd"))]
mod library {
    use super::Take;
    use crate::sink::Contents;
    use crate::{Error, ErrorKind, Result};

    pub(crate) fn whole(_: &[u8], _: u32) -> Result<Vec<u8>> {
        Err(not_there())
    }

    pub(crate) fn stream(_: &dyn Contents, _: u32, _: &mut Take<'_>) -> Result<()> {
        Err(not_there())
    }

    #[cold]
    fn not_there() -> Error {
        let message = "zstd is not written by this build of npload, which lacks the feature `zstd`; \
                       deflate is";
        Error::new(ErrorKind::Method, message)
    }
}

/// All of a member's bytes as one frame.
pub(super) fn whole(bytes: &[u8], level: u32) -> Result<Vec<u8>> {
    library::whole(bytes, level)
}

/// A large member as one frame, block by block.
pub(super) fn stream(contents: &dyn Contents, level: u32, take: &mut Take<'_>) -> Result<()> {
    library::stream(contents, level, take)
}
