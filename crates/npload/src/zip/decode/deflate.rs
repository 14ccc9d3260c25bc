//! Deflate as a stream, by `zlib-rs`.

use std::io::{self, BufRead};

use flate2::{Decompress, FlushDecompress, Status};

use super::damaged;
use crate::zip::compressed::Compressed;

/// A raw deflate stream.
pub(in crate::zip) struct Inflate<'a> {
    input: Compressed<'a>,
    state: Decompress,
    ended: bool,
}

impl<'a> Inflate<'a> {
    pub(super) fn new(input: Compressed<'a>) -> Self {
        Inflate {
            input,
            state: Decompress::new(false),
            ended: false,
        }
    }

    pub(super) fn input(&mut self) -> &mut Compressed<'a> {
        &mut self.input
    }

    /// A stream that stops before its last block ends there, as in Python: the member's declared
    /// size tells whether anything is missing.
    pub(super) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !out.is_empty() {
            let input = self.input.fill_buf()?;
            let at_end = input.is_empty();
            let (before_in, before_out) = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(input, out, FlushDecompress::None);
            let used = self.state.total_in().wrapping_sub(before_in);
            let made = self.state.total_out().wrapping_sub(before_out);
            // Both are at most the length of a slice.
            self.input.consume(usize::try_from(used).unwrap_or(0));
            let made = usize::try_from(made).unwrap_or(0);
            match status {
                Ok(Status::StreamEnd) => self.ended = true,
                Ok(_) if at_end && made == 0 => self.ended = true,
                Ok(_) => {}
                Err(err) => {
                    // An error behind the last byte that fitted comes late, without its reason.
                    let why = err
                        .message()
                        .filter(|why| !why.starts_with("repeated call"));
                    return Err(damaged(why.unwrap_or("invalid deflate data")));
                }
            }
            if made > 0 {
                return Ok(made);
            }
        }
        Ok(0)
    }
}
