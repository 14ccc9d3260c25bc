//! Deflate as a stream, by `zlib-rs`.

use std::io;

use flate2::{Decompress, FlushDecompress, Status};

use super::damaged;
use super::steps::Steps;

/// A raw deflate stream.
pub(in crate::zip) struct Inflate(Decompress);

impl Inflate {
    pub(super) fn new() -> Self {
        Inflate(Decompress::new(false))
    }
}

impl Steps for Inflate {
    fn totals(&self) -> (u64, u64) {
        (self.0.total_in(), self.0.total_out())
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> io::Result<bool> {
        match self.0.decompress(input, out, FlushDecompress::None) {
            Ok(status) => Ok(status == Status::StreamEnd),
            Err(err) => {
                // An error behind the last byte that fitted comes late, without its reason.
                let why = err
                    .message()
                    .filter(|why| !why.starts_with("repeated call"));
                Err(damaged(why.unwrap_or("invalid deflate data")))
            }
        }
    }
}
