//! By `ruzstd`.

use std::io::{self, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, DEFAULT_MAX_WINDOW_SIZE, FrameDecoder};

use super::is_frame;
use crate::zip::compressed::Compressed;
use crate::zip::decode::damaged;

/// The frames of a member. A frame's window is taken as its bytes arrive.
pub(in crate::zip) struct Frames<'a> {
    input: Compressed<'a>,
    /// None between frames.
    frame: Option<Box<FrameDecoder>>,
    max_window: u64,
    first: bool,
    ended: bool,
}

pub(in crate::zip::decode) fn frames(input: Compressed<'_>, size: u64) -> io::Result<Frames<'_>> {
    Ok(Frames {
        input,
        frame: None,
        max_window: DEFAULT_MAX_WINDOW_SIZE.max(size),
        first: true,
        ended: false,
    })
}

impl<'a> Frames<'a> {
    pub(in crate::zip::decode) fn input(&mut self) -> &mut Compressed<'a> {
        &mut self.input
    }

    pub(in crate::zip::decode) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !out.is_empty() {
            let Some(frame) = &mut self.frame else {
                self.start_frame()?;
                continue;
            };
            if frame.can_collect() > 0 {
                return frame.read(out);
            }
            if frame.is_finished() {
                self.frame = None;
                continue;
            }
            let one = BlockDecodingStrategy::UptoBlocks(1);
            frame
                .decode_blocks(&mut self.input, one)
                .map_err(|err| in_words(&err))?;
        }
        Ok(0)
    }

    /// Begins the next frame, or ends.
    fn start_frame(&mut self) -> io::Result<()> {
        let first = std::mem::replace(&mut self.first, false);
        // What is no frame after the first is nothing of ours.
        if !first && !is_frame(self.input.peek(4)?) {
            self.ended = true;
            return Ok(());
        }
        // A new decoder, since a used one reserves the next frame's window at once.
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(self.max_window);
        match frame.init(&mut self.input) {
            Ok(()) => self.frame = Some(Box::new(frame)),
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let skipped = io::copy(
                    &mut (&mut self.input).take(u64::from(length)),
                    &mut io::sink(),
                )?;
                if skipped < u64::from(length) {
                    return Err(damaged("a skippable frame is cut off"));
                }
            }
            Err(err) => return Err(in_words(&err)),
        }
        Ok(())
    }
}

/// What is wrong with a frame, without the names that the decoder's code has for it.
#[cold]
fn in_words(err: &FrameDecoderError) -> io::Error {
    damaged(match err {
        FrameDecoderError::WindowSizeTooBig { requested, max } => {
            format!("a frame asks for a window of {requested} bytes, and {max} are the most")
        }
        FrameDecoderError::ReadFrameHeaderError(_) | FrameDecoderError::FrameHeaderError(_) => {
            "no frame begins here".to_owned()
        }
        FrameDecoderError::DictionaryDecodeError(_) | FrameDecoderError::DictNotProvided { .. } => {
            "a frame needs a dictionary".to_owned()
        }
        FrameDecoderError::FailedToReadBlockHeader(_) => {
            "a block's header is wrong or cut off".to_owned()
        }
        FrameDecoderError::FailedToReadBlockBody(_) => "a block is wrong or cut off".to_owned(),
        FrameDecoderError::FailedToReadChecksum(_) => "a frame's checksum is cut off".to_owned(),
        other => other.to_string(),
    })
}
