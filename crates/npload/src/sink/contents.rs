//! Bytes to be saved, wherever they are.

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

    /// All of them, where they lie in memory that nobody changes.
    fn as_slice(&self) -> Option<&[u8]> {
        None
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
