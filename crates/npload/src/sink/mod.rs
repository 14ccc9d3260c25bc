//! Bytes that are saved, and where they go: a file that replaces another, or a stream.

mod contents;
mod fault;
mod file;
mod place;
mod replace;
mod stream;

use std::io;

use crate::{Error, Result};

pub(crate) use contents::{Contents, Plain, blocks, copy, lent, write_bytes};
#[cfg(test)]
pub(crate) use fault::with_hook;
pub(crate) use file::{FileSink, WORTH_THREADS};
pub(crate) use place::{Place, place};
pub(crate) use replace::{Existing, Replacement};
pub(crate) use stream::{Seeking, StreamSink};

/// Bytes one after the other; what was written may be corrected where the target can seek.
pub(crate) trait Sink {
    /// Appends.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Whether [`Sink::overwrite`] works.
    fn can_overwrite(&self) -> bool;

    /// Replaces bytes that were appended before; `at` counts from the first of them.
    fn overwrite(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Hands on what is kept back.
    fn flush(&mut self) -> io::Result<()>;

    /// Where the next byte goes in its file; for members that are to lie at round places of it.
    fn position(&self) -> u64;

    /// Appends contents; `told` is called with how many bytes of them are there since its last call.
    ///
    /// # Errors
    /// What writing, reading and `told` fail with.
    fn write_contents(
        &mut self,
        contents: &dyn Contents,
        _threads: usize,
        told: &(dyn Fn(usize) -> Result<()> + Sync),
    ) -> Result<()> {
        self.write_blocks(contents, told)
    }

    /// The same, block by block.
    ///
    /// # Errors
    /// As there.
    fn write_blocks(
        &mut self,
        contents: &dyn Contents,
        told: &(dyn Fn(usize) -> Result<()> + Sync),
    ) -> Result<()> {
        let mut memory = Vec::new();
        for (at, size) in blocks(contents.len(), BLOCK) {
            let bytes = lent(contents, at, size, &mut memory)?;
            self.write(bytes).map_err(writing)?;
            told(size)?;
        }
        Ok(())
    }
}

/// What is copied and written at a time, below the size that allocators map anew each time.
const BLOCK: usize = 120 << 10;

/// The error of a write.
#[cold]
pub(crate) fn writing(err: io::Error) -> Error {
    match err.downcast::<Error>() {
        Ok(ours) => ours,
        Err(err) => Error::io(err, "writing the file"),
    }
}
