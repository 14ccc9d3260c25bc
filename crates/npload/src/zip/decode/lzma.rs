//! LZMA as zip has it: a header of its own, then a raw LZMA1 stream (APPNOTE.TXT 5.8.8).

use std::io::{self, Read};

use lzma_rust2::LzmaReader;

use crate::error::{Damage, Error, ErrorKind, Result};
use crate::zip::Entry;
use crate::zip::compressed::Compressed;

/// General purpose flag bit 1 (APPNOTE.TXT 4.4.4).
const END_MARKER: u16 = 0x2;

/// A raw LZMA1 stream of a known size, with or without an end marker.
pub(in crate::zip) struct Lzma<'a> {
    reader: LzmaReader<Compressed<'a>>,
    /// How many bytes the member should still have.
    left: u64,
}

impl<'a> Lzma<'a> {
    /// Reads the header: version, length of the properties, properties (a byte and the dictionary's
    /// size). The window is no larger than the member, whatever the properties say.
    pub(super) fn new(mut input: Compressed<'a>, entry: &Entry<'_>) -> Result<Self> {
        let mut header = [0; 9];
        if let Err(err) = input.read_exact(&mut header) {
            return Err(failed(&mut input, err));
        }
        let [_, _, l0, l1, props, d0, d1, d2, d3] = header;
        let len = u16::from_le_bytes([l0, l1]);
        // Five bytes are all that LZMA1 has; liblzma refuses others too.
        if len != 5 {
            let text = format!("the lzma properties have {len} bytes and not 5");
            return Err(damaged(text, input.position()));
        }
        let (lc, lp, pb) = (props % 9, props / 9 % 5, props / 45);
        // lc + lp > 4 is allowed by the first LZMA and by nobody since: its tables take megabytes.
        if pb > 4 || lc.saturating_add(lp) > 4 {
            let text = format!("bad lzma properties: lc={lc}, lp={lp}, pb={pb}");
            return Err(damaged(text, input.position()));
        }
        // Where flag bit 1 promises an end marker, the stream says itself where it ends.
        let size = if entry.record.flags & END_MARKER == 0 {
            entry.size()
        } else {
            u64::MAX
        };
        let window = u32::try_from(entry.size()).unwrap_or(u32::MAX);
        let window = u32::from_le_bytes([d0, d1, d2, d3])
            .min(window)
            .min(lzma_rust2::DICT_SIZE_MAX);
        let position = input.position();
        let bits = [lc, lp, pb].map(u32::from);
        let mut reader = LzmaReader::new(input, size, bits[0], bits[1], bits[2], window, None)
            .map_err(|err| {
                let text = format!("the lzma stream is damaged: {err}");
                damaged(text, position)
            })?;
        // Without a marker the range coder must be done at the last byte: it is not if more follow.
        reader.set_relaxed_end_condition(false);
        // Bytes before an error, so that what a cut stream yields can be counted.
        reader.set_defer_errors(true);
        Ok(Lzma {
            reader,
            left: entry.size(),
        })
    }

    pub(super) fn input(&mut self) -> &mut Compressed<'a> {
        self.reader.inner_mut()
    }

    /// A stream that stops before the member's last byte ends there, as in Python; one that has all
    /// bytes must come to its end too.
    pub(super) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.reader.read(out) {
            Ok(n) => {
                self.left = self.left.saturating_sub(n as u64);
                Ok(n)
            }
            Err(err) if err.kind() == io::ErrorKind::UnexpectedEof && self.left > 0 => {
                if self.reader.inner().has_failed() {
                    return Err(err);
                }
                Ok(0)
            }
            Err(err) => Err(err),
        }
    }
}

#[cold]
fn failed(input: &mut Compressed<'_>, err: io::Error) -> Error {
    let position = input.position();
    input.take_failure().unwrap_or_else(|| {
        let text = format!("the lzma header is cut off: {err}");
        damaged(text, position)
    })
}

#[cold]
fn damaged(text: String, position: u64) -> Error {
    Error::new(ErrorKind::Archive, text)
        .with_damage(Damage::Stream("lzma"))
        .at(position)
}
