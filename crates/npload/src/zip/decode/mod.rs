//! Decoding a member's compressed bytes as a stream, by any method, in bounded memory.
//!
//! Whatever the bytes say, a decoder holds its tables and its window: deflate 32 KiB, bzip2 3.6 MB
//! (the format's 900 kB blocks), lzma a window no larger than what the member declares, zstd one that
//! is filled as bytes arrive. All of it is Rust (`flate2` over `zlib-rs`, `bzip2` over `libbz2-rs-sys`,
//! `lzma-rust2`, `ruzstd`), but for zstd with the feature of that name.

mod bzip2;
mod deflate;
mod lzma;
mod steps;
mod zstd;

use std::io::{self, Read};

use super::compressed::Compressed;
use super::{Entry, Method};
use crate::error::{Damage, Error, ErrorKind, Result};
use steps::Stepped;

/// A member's bytes, as they come out of its compressed ones. Sizes and checksums are not its business.
pub(super) enum Decoder<'a> {
    Stored(Compressed<'a>),
    Deflate(Stepped<'a, deflate::Inflate>),
    Bzip2(Stepped<'a, bzip2::Streams>),
    Lzma(Box<lzma::Lzma<'a>>),
    Zstd(zstd::Frames<'a>),
}

impl<'a> Decoder<'a> {
    /// The decoder of a member whose compressed bytes are `input`.
    ///
    /// # Errors
    /// [`ErrorKind::Method`]; [`ErrorKind::Archive`] for bad parameters before the stream.
    pub(super) fn new(entry: &Entry<'_>, input: Compressed<'a>) -> Result<Self> {
        Ok(match entry.method()? {
            // No bytes are nothing by any method, as in Python.
            _ if entry.size() == 0 && entry.compressed_size() == 0 => Decoder::Stored(input),
            Method::Stored => Decoder::Stored(input),
            Method::Deflate => Decoder::Deflate(Stepped::new(input, deflate::Inflate::new())),
            Method::Bzip2 => Decoder::Bzip2(Stepped::new(input, bzip2::Streams::new())),
            Method::Lzma => Decoder::Lzma(Box::new(lzma::Lzma::new(input, entry)?)),
            Method::Zstd => {
                let frames = zstd::frames(input, entry.size());
                let doing = "decompressing a member of an archive";
                Decoder::Zstd(frames.map_err(|err| Error::io(err, doing))?)
            }
        })
    }

    /// Some of the next bytes; 0 where the stream ends (or `out` is empty). What follows a
    /// complete stream is not looked at, unless it is another one that continues it.
    ///
    /// # Errors
    /// [`ErrorKind::Archive`] for a damaged stream, at the byte of the source where it is noticed;
    /// what the source fails with.
    pub(super) fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let read = match self {
            Decoder::Stored(input) => input.read(out),
            Decoder::Deflate(inflate) => inflate.read(out),
            Decoder::Bzip2(streams) => streams.read(out),
            Decoder::Lzma(lzma) => lzma.read(out),
            Decoder::Zstd(frames) => frames.read(out),
        };
        read.map_err(|err| self.failed(err))
    }

    #[cold]
    fn failed(&mut self, err: io::Error) -> Error {
        let (name, input) = match self {
            Decoder::Stored(input) => ("stored", input),
            Decoder::Deflate(inflate) => ("deflate", inflate.input()),
            Decoder::Bzip2(streams) => ("bzip2", streams.input()),
            Decoder::Lzma(lzma) => ("lzma", lzma.input()),
            Decoder::Zstd(frames) => ("zstd", frames.input()),
        };
        if let Some(failure) = input.take_failure() {
            return failure;
        }
        if err.kind() == io::ErrorKind::OutOfMemory {
            return Error::io(err, "decompressing a member of an archive");
        }
        let text = format!("the {name} stream is damaged: {err}");
        Error::new(ErrorKind::Archive, text)
            .with_damage(Damage::Stream(name))
            .at(input.position())
    }
}

/// A damaged stream's error, in a decoder.
#[cold]
fn damaged(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
