//! Bytes that are saved, and where they go: a file that replaces another, or a stream.

mod contents;
mod fault;
mod file;
mod place;
mod replace;
mod stream;

use std::io;

pub(crate) use contents::{Contents, Plain, copy};
#[cfg(test)]
pub(crate) use fault::with_hook;
pub(crate) use file::FileSink;
pub(crate) use place::{Place, place};
pub(crate) use replace::Replacement;
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
}
