//! bzip2, of one stream or several.

use std::io;

use bzip2::{Decompress, Status};

use super::damaged;
use super::steps::Steps;
use crate::zip::compressed::Compressed;

/// bzip2 streams one after the other, as `bzip2` and parallel compressors write them.
pub(in crate::zip) struct Streams(Decompress);

impl Streams {
    pub(super) fn new() -> Self {
        Streams(Decompress::new(false))
    }
}

impl Steps for Streams {
    fn totals(&self) -> (u64, u64) {
        (self.0.total_in(), self.0.total_out())
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> io::Result<bool> {
        match self.0.decompress(input, out) {
            Ok(Status::MemNeeded) => Err(io::ErrorKind::OutOfMemory.into()),
            Ok(status) => Ok(status == Status::StreamEnd),
            Err(err) => Err(damaged(err)),
        }
    }

    /// Bytes after a stream are another one, or nothing of ours.
    fn goes_on(&mut self, input: &mut Compressed<'_>) -> io::Result<bool> {
        *self = Streams::new();
        Ok(input.peek(3)? == b"BZh")
    }
}
