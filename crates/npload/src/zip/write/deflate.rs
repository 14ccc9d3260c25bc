//! Deflate: of a whole member by libdeflate, of a large one's blocks by zlib-rs, as `pigz` does it.
//!
//! A block begins with the 32 KiB before it as its dictionary and ends at a byte boundary, so that
//! blocks that were made apart are one stream when they are put together.

use flate2::{Compress, Compression, FlushCompress, Status};

use crate::{Error, ErrorKind, Result};

/// How far back deflate looks.
pub(super) const WINDOW: usize = 32 << 10;

/// What a thread keeps between pieces.
#[derive(Default)]
pub(super) struct Deflater {
    #[cfg(feature = "libdeflate")]
    whole: Option<(u32, libdeflater::Compressor)>,
    block: Option<(u32, Compress)>,
}

impl Deflater {
    /// All of a member's bytes as a stream.
    #[cfg(feature = "libdeflate")]
    pub(super) fn whole(&mut self, bytes: &[u8], level: u32) -> Result<Vec<u8>> {
        use libdeflater::{CompressionLvl, Compressor};
        let compressor = match &mut self.whole {
            Some((made_for, compressor)) if *made_for == level => compressor,
            kept => {
                let level_of = i32::try_from(level).ok();
                let known = level_of.and_then(|level| CompressionLvl::new(level).ok());
                let made = Compressor::new(known.unwrap_or_default());
                &mut kept.insert((level, made)).1
            }
        };
        let mut out = room(compressor.deflate_compress_bound(bytes.len()))?;
        let made = compressor.deflate_compress(bytes, &mut out);
        let len = made.map_err(|_| failed("libdeflate has no room"))?;
        out.truncate(len);
        out.shrink_to_fit();
        Ok(out)
    }

    #[cfg(not(feature = "libdeflate"))]
    pub(super) fn whole(&mut self, bytes: &[u8], level: u32) -> Result<Vec<u8>> {
        self.block(&[], bytes, level, true)
    }

    /// A part of a member's bytes, `before` being what precedes it.
    pub(super) fn block(
        &mut self,
        before: &[u8],
        bytes: &[u8],
        level: u32,
        is_last: bool,
    ) -> Result<Vec<u8>> {
        let compress = match &mut self.block {
            Some((made_for, compress)) if *made_for == level => {
                compress.reset();
                compress
            }
            kept => {
                &mut kept
                    .insert((level, Compress::new(Compression::new(level), false)))
                    .1
            }
        };
        if !before.is_empty() {
            let set = compress.set_dictionary(before);
            set.map_err(|err| failed(&err.to_string()))?;
        }
        let flush = match is_last {
            true => FlushCompress::Finish,
            false => FlushCompress::Sync,
        };
        // Stored blocks take five bytes for each 16 KiB or so; most output is smaller than this.
        let mut out: Vec<u8> = Vec::new();
        let mut more = bytes
            .len()
            .saturating_add(bytes.len() / 1024)
            .saturating_add(256);
        let mut taken = 0_u64;
        loop {
            out.try_reserve(more).map_err(|err| no_memory(&err))?;
            more = 64 << 10;
            let start = compress.total_in();
            let rest = bytes.get(usize::try_from(taken).unwrap_or(usize::MAX)..);
            let status = compress.compress_vec(rest.unwrap_or_default(), &mut out, flush);
            taken = taken.saturating_add(compress.total_in().saturating_sub(start));
            match status.map_err(|err| failed(&err.to_string()))? {
                Status::StreamEnd => return Ok(out),
                // It is flushed when there was room left.
                _ if !is_last && taken == bytes.len() as u64 && out.len() < out.capacity() => {
                    return Ok(out);
                }
                _ => {}
            }
        }
    }
}

#[cfg(feature = "libdeflate")]
fn room(len: usize) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    out.try_reserve_exact(len).map_err(|err| no_memory(&err))?;
    out.resize(len, 0);
    Ok(out)
}

#[cold]
pub(super) fn no_memory(err: &std::collections::TryReserveError) -> Error {
    Error::new(ErrorKind::OutOfMemory, format!("{err} (while compressing)"))
}

#[cold]
fn failed(why: &str) -> Error {
    Error::new(ErrorKind::Argument, format!("compressing failed: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn inflate(stream: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut decoder = flate2::read::DeflateDecoder::new(stream);
        decoder.read_to_end(&mut out).unwrap();
        assert_eq!(decoder.total_in(), stream.len() as u64);
        out
    }

    #[test]
    fn blocks_put_together_are_one_stream() {
        let noise = crate::zip::tests::noise(300_000);
        let text = b"what is repeated, ".repeat(10_000);
        for bytes in [&noise[..], &text, &noise[..1], b""] {
            for level in [0, 1, 6, 9] {
                let mut deflater = Deflater::default();
                for size in [1, 1000, 70_000, 1 << 20] {
                    if size == 1 && bytes.len() > 1 {
                        continue;
                    }
                    let mut stream = Vec::new();
                    let mut at = 0;
                    loop {
                        let end = (at + size).min(bytes.len());
                        let before = &bytes[at.saturating_sub(WINDOW)..at];
                        let is_last = end == bytes.len();
                        let block = deflater.block(before, &bytes[at..end], level, is_last);
                        stream.extend(block.unwrap());
                        at = end;
                        if is_last {
                            break;
                        }
                    }
                    assert!(inflate(&stream) == bytes, "{level} {size}");
                }
                assert!(
                    inflate(&deflater.whole(bytes, level).unwrap()) == bytes,
                    "{level}"
                );
            }
        }
    }
}
