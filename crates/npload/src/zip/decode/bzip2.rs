//! bzip2, of one stream or several.

use std::io::{self, BufRead};

use bzip2::{Decompress, Status};

use super::damaged;
use crate::zip::compressed::Compressed;

/// bzip2 streams one after the other, as `bzip2` and parallel compressors write them.
pub(in crate::zip) struct Streams<'a> {
    input: Compressed<'a>,
    state: Decompress,
    ended: bool,
}

impl<'a> Streams<'a> {
    pub(super) fn new(input: Compressed<'a>) -> Self {
        Streams {
            input,
            state: Decompress::new(false),
            ended: false,
        }
    }

    pub(super) fn input(&mut self) -> &mut Compressed<'a> {
        &mut self.input
    }

    /// Like [`Inflate::read`](super::deflate::Inflate::read): a stream that stops early ends there.
    pub(super) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !out.is_empty() {
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(input, out);
            let used = self.state.total_in().wrapping_sub(before_in);
            let made = self.state.total_out().wrapping_sub(before_out);
            self.input.consume(usize::try_from(used).unwrap_or(0));
            let made = usize::try_from(made).unwrap_or(0);
            match status {
                Ok(Status::StreamEnd) => {
                    // Bytes after a stream are another one, or nothing of ours.
                    self.ended = self.input.peek(3)? != b"BZh";
                    self.state = Decompress::new(false);
                }
                Ok(Status::MemNeeded) => return Err(io::ErrorKind::OutOfMemory.into()),
                Ok(_) if at_end && made == 0 => self.ended = true,
                Ok(_) => {}
                Err(err) => return Err(damaged(err)),
            }
            if made > 0 {
                return Ok(made);
            }
        }
        Ok(0)
    }
}
