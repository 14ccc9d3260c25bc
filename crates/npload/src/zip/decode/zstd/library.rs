//! By Zstandard's own library, which is C.

use std::io;

use zstd::stream::raw::{DParameter, Decoder, Operation};

use super::is_frame;
use crate::zip::compressed::Compressed;
use crate::zip::decode::damaged;
use crate::zip::decode::steps::{Stepped, Steps};

/// The frames of a member.
pub(in crate::zip) type Frames<'a> = Stepped<'a, Stream>;

/// The exponents of the largest windows that are taken: of all members, and that there are.
const WINDOWS: (u32, u32) = (27, 31);

pub(in crate::zip::decode) fn frames(input: Compressed<'_>, size: u64) -> io::Result<Frames<'_>> {
    let (least, most) = WINDOWS;
    let window = size.checked_next_power_of_two().map_or(most, u64::ilog2);
    let window = window.clamp(least, most);
    let mut decoder = Decoder::new()?;
    decoder.set_parameter(DParameter::WindowLogMax(window))?;
    let stream = Stream {
        decoder,
        window,
        used: 0,
        made: 0,
    };
    Ok(Stepped::new(input, stream))
}

/// The library's decoder.
pub(in crate::zip) struct Stream {
    decoder: Decoder<'static>,
    window: u32,
    used: u64,
    made: u64,
}

impl Steps for Stream {
    fn totals(&self) -> (u64, u64) {
        (self.used, self.made)
    }

    fn step(&mut self, input: &[u8], out: &mut [u8]) -> io::Result<bool> {
        let done = self.decoder.run_on_buffers(input, out);
        let done = done.map_err(|err| in_words(&err, self.window))?;
        self.used = self.used.saturating_add(done.bytes_read as u64);
        self.made = self.made.saturating_add(done.bytes_written as u64);
        Ok(done.remaining == 0)
    }

    /// What is no frame after the first is nothing of ours.
    fn goes_on(&mut self, input: &mut Compressed<'_>) -> io::Result<bool> {
        Ok(is_frame(input.peek(4)?))
    }
}

/// What is wrong with a frame: the library's errors have a text and no kind.
#[cold]
fn in_words(err: &io::Error, window: u32) -> io::Error {
    damaged(match &*err.to_string() {
        "Frame requires too much memory for decoding" => {
            let most = 1_u64 << window;
            format!("a frame asks for a window of more than {most} bytes, which are the most")
        }
        "Unknown frame descriptor" => "no frame begins here".to_owned(),
        "Dictionary mismatch" => "a frame needs a dictionary".to_owned(),
        "Restored data doesn't match checksum" => "a frame's own checksum is wrong".to_owned(),
        other => other.to_lowercase(),
    })
}
