//! Compressed bytes: pickles are stored so by joblib, pandas and others.

use std::io::{self, BufRead, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use lzma_rust2::{LzmaReader, XzReader};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

/// The most that a decoder's window may take, whatever a header asks for.
const WINDOW: u64 = 128 << 20;

/// How bytes are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zlib,
    Bzip2,
    Xz,
    Lzma,
    Zstd,
}

impl Packing {
    /// What the first bytes say.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, ..] => Some(Packing::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Packing::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Packing::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Packing::Zstd),
            // The smallest dictionary that liblzma writes has 4096 bytes.
            [0x5d, 0, 0, _, _, ..] => Some(Packing::Lzma),
            // The method deflate with its largest window, and a check that both bytes fit.
            [0x78, flags, ..] if u16::from_be_bytes([0x78, *flags]).is_multiple_of(31) => {
                Some(Packing::Zlib)
            }
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Packing::Gzip => "gzip",
            Packing::Zlib => "zlib",
            Packing::Bzip2 => "bzip2",
            Packing::Xz => "xz",
            Packing::Lzma => "lzma",
            Packing::Zstd => "zstd",
        }
    }

    /// Whether the first bytes may well be something else.
    pub(super) fn is_vague(self) -> bool {
        matches!(self, Packing::Zlib | Packing::Lzma | Packing::Bzip2)
    }

    /// What is in them.
    pub(super) fn unpack<'a>(self, packed: impl BufRead + 'a) -> io::Result<Box<dyn Read + 'a>> {
        let window = u32::try_from(WINDOW / 1024).unwrap_or(u32::MAX);
        Ok(match self {
            Packing::Gzip => Box::new(MultiGzDecoder::new(packed)),
            Packing::Zlib => Box::new(ZlibDecoder::new(packed)),
            Packing::Bzip2 => Box::new(MultiBzDecoder::new(packed)),
            Packing::Xz => Box::new(XzReader::new_mem_limit(packed, true, window)),
            Packing::Lzma => Box::new(LzmaReader::new_mem_limit(packed, window, None)?),
            Packing::Zstd => Box::new(Frames::new(packed)?),
        })
    }
}

/// Zstandard frames, one after the other.
struct Frames<R: Read> {
    /// None where they end.
    frame: Option<StreamingDecoder<R, FrameDecoder>>,
}

impl<R: BufRead> Frames<R> {
    fn new(packed: R) -> io::Result<Self> {
        let frame = StreamingDecoder::new_with_max_window_size(packed, WINDOW);
        Ok(Frames {
            frame: Some(frame.map_err(io::Error::other)?),
        })
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while let Some(frame) = &mut self.frame {
            let n = frame.read(out)?;
            if n > 0 || out.is_empty() {
                return Ok(n);
            }
            let Some(frame) = self.frame.take() else {
                break;
            };
            let mut packed = frame.into_inner();
            if !packed.fill_buf()?.is_empty() {
                *self = Frames::new(packed)?;
            }
        }
        Ok(0)
    }
}
