//! Bytes to be saved, wherever they are.

use std::fs::File;
use std::io::{self, Write};

use crate::{Error, ErrorKind, Result};

/// Bytes that any thread may copy pieces of.
pub(crate) trait Contents: Sync {
    /// How many there are.
    fn len(&self) -> u64;

    /// Copies those from `at` on.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] and others, where they come from a file.
    fn read(&self, at: u64, dest: &mut [u8]) -> Result<()>;

    /// Writes `len` of those from `at` on into a file: where it stands, or at `place` of it. None where
    /// they have to be copied first.
    fn write_into(
        &self,
        at: u64,
        len: usize,
        file: &File,
        place: Option<u64>,
    ) -> Option<io::Result<()>> {
        let _ = (at, len, file, place);
        None
    }

    /// All of them, where they lie in memory that nobody changes.
    fn as_slice(&self) -> Option<&[u8]> {
        None
    }

    /// Whether they come one after the other: no more of them is in memory than what was just read.
    fn is_streamed(&self) -> bool {
        false
    }

    /// Gives up what is held to read on: all that was wanted was read.
    fn release(&self) {}
}

/// `len` bytes of contents from `at` on: where they lie, or copied to `memory`.
///
/// # Errors
/// As [`Contents::read`]; [`ErrorKind::OutOfMemory`].
pub(crate) fn lent<'b>(
    contents: &'b dyn Contents,
    at: u64,
    len: usize,
    memory: &'b mut Vec<u8>,
) -> Result<&'b [u8]> {
    let start = usize::try_from(at).unwrap_or(usize::MAX);
    let range = start..start.saturating_add(len);
    if let Some(bytes) = contents.as_slice().and_then(|all| all.get(range)) {
        return Ok(bytes);
    }
    let more = len.saturating_sub(memory.len());
    memory.try_reserve(more).map_err(|err| {
        let message = format!("{err} (for what is to be saved)");
        Error::new(ErrorKind::OutOfMemory, message)
    })?;
    memory.resize(len, 0);
    contents.read(at, memory)?;
    Ok(memory)
}

/// Where the blocks of `len` bytes begin, and how long they are: `size`, and what is left at last.
pub(crate) fn blocks(len: u64, size: usize) -> impl Iterator<Item = (u64, usize)> {
    (0..len).step_by(size).map(move |at| {
        let left = usize::try_from(len.saturating_sub(at)).unwrap_or(usize::MAX);
        (at, left.min(size))
    })
}

/// Writes bytes into a file, where it stands or at a place of it.
pub(crate) fn write_bytes(bytes: &[u8], mut file: &File, place: Option<u64>) -> io::Result<()> {
    match place {
        None => file.write_all(bytes),
        #[cfg(unix)]
        Some(place) => std::os::unix::fs::FileExt::write_all_at(file, bytes, place),
        #[cfg(not(unix))]
        Some(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// Bytes in memory.
pub(crate) struct Plain<'a>(pub(crate) std::borrow::Cow<'a, [u8]>);

impl Contents for Plain<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, at: u64, dest: &mut [u8]) -> Result<()> {
        copy(&self.0, at, dest)
    }

    fn as_slice(&self) -> Option<&[u8]> {
        Some(&self.0)
    }
}

/// Copies from `bytes`, from `at` on.
pub(crate) fn copy(bytes: &[u8], at: u64, dest: &mut [u8]) -> Result<()> {
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    let end = at.saturating_add(dest.len());
    match bytes.get(at..end) {
        Some(there) => dest.copy_from_slice(there),
        None => return Err(outside()),
    }
    Ok(())
}

#[cold]
fn outside() -> Error {
    Error::new(ErrorKind::Index, "bytes outside what is to be saved")
}
