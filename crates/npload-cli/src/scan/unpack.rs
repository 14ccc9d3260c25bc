//! Compressed bytes: pickles are stored so by joblib, pandas and others.

use std::io::{self, BufRead, Read};

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use lzma_rust2::{LzmaReader, XzReader};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::bytes::{Bytes, Reader};

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
    pub(super) fn unpack(self, packed: &Bytes) -> io::Result<Unpacking> {
        let packed = packed.reader();
        Ok(match self {
            Packing::Gzip => Unpacking::ToTheEnd(Box::new(MultiGzDecoder::new(packed))),
            Packing::Zlib => Unpacking::Zlib(Box::new(ZlibDecoder::new(packed))),
            Packing::Bzip2 => Unpacking::ToTheEnd(Box::new(MultiBzDecoder::new(packed))),
            Packing::Xz => {
                let reader = XzReader::new_mem_limit(packed, true, window());
                Unpacking::ToTheEnd(Box::new(reader))
            }
            Packing::Lzma => {
                let mut reader = LzmaReader::new_mem_limit(packed, window(), None)?;
                // An end mark may stand behind a length, and belongs to the stream.
                reader.set_relaxed_end_condition(false);
                Unpacking::Lzma(Box::new(reader))
            }
            Packing::Zstd => Unpacking::ToTheEnd(Box::new(Frames::new(packed)?)),
        })
    }

    /// Whether Python's readers go on with a stream that is packed so.
    pub(super) fn is_followed_by(self, next: Packing) -> bool {
        match self {
            Packing::Lzma => matches!(next, Packing::Lzma | Packing::Xz),
            _ => self == next,
        }
    }
}

fn window() -> u32 {
    u32::try_from(WINDOW / 1024).unwrap_or(u32::MAX)
}

type Packed = io::BufReader<Reader>;

/// A stream that is being unpacked.
pub(super) enum Unpacking {
    /// One that goes on as long as there are bytes, and fails at those of another kind.
    ToTheEnd(Box<dyn Read>),
    Zlib(Box<ZlibDecoder<Packed>>),
    Lzma(Box<LzmaReader<Packed>>),
}

impl Unpacking {
    /// Where it ended, of one that may end before its bytes do.
    pub(super) fn end(self) -> Option<u64> {
        match self {
            Unpacking::ToTheEnd(_) => None,
            Unpacking::Zlib(reader) => Some(reader.total_in()),
            Unpacking::Lzma(reader) => {
                let (packed, unused) = reader.into_parts();
                let unused = unused.len().saturating_add(packed.buffer().len());
                Some(packed.get_ref().at().saturating_sub(unused as u64))
            }
        }
    }
}

impl Read for Unpacking {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Unpacking::ToTheEnd(reader) => reader.read(out),
            Unpacking::Zlib(reader) => reader.read(out),
            Unpacking::Lzma(reader) => reader.read(out),
        }
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
