//! Decoders that take a slice of bytes and fill another, one step at a time.

use std::io::{self, BufRead};

use crate::zip::compressed::Compressed;

/// Such a decoder.
pub(in crate::zip) trait Steps {
    /// How many bytes of this stream it has used, and how many it has made.
    fn totals(&self) -> (u64, u64);

    /// Goes on; whether the stream ends here.
    fn step(&mut self, input: &[u8], out: &mut [u8]) -> io::Result<bool>;

    /// At the end of a stream: whether another one follows that continues it.
    fn goes_on(&mut self, _: &mut Compressed<'_>) -> io::Result<bool> {
        Ok(false)
    }
}

/// The bytes that it makes of compressed ones.
pub(in crate::zip) struct Stepped<'a, S> {
    input: Compressed<'a>,
    state: S,
    ended: bool,
}

impl<'a, S: Steps> Stepped<'a, S> {
    pub(super) fn new(input: Compressed<'a>, state: S) -> Self {
        Stepped {
            input,
            state,
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
            let (before_in, before_out) = self.state.totals();
            let ends = self.state.step(input, out);
            let (used, made) = self.state.totals();
            // Both steps are at most as long as a slice.
            let used = usize::try_from(used.wrapping_sub(before_in)).unwrap_or(0);
            let made = usize::try_from(made.wrapping_sub(before_out)).unwrap_or(0);
            self.input.consume(used);
            if ends? {
                self.ended = !self.state.goes_on(&mut self.input)?;
            } else if at_end && made == 0 {
                self.ended = true;
            }
            if made > 0 {
                return Ok(made);
            }
        }
        Ok(0)
    }
}
