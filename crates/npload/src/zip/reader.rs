//! A member as a stream that checks itself.

use std::io::{self, Read};

use crc32fast::Hasher;

use super::compressed::Compressed;
use super::decode::Decoder;
use super::{Entry, Method, repr};
use crate::error::{Error, ErrorKind, Result};

/// How many compressed bytes a stream asks the source for at a time.
pub(super) const CHUNK: usize = 128 << 10;
/// The same for the first bytes of a member: a page.
const PREFIX_CHUNK: usize = 4 << 10;
/// What is decoded before it is thrown away: it fits in the cache.
const BLOCK: usize = 128 << 10;
/// Before that, with the local header: most prefixes need no second read.
const FIRST_READ: usize = 1 << 10;

/// The bytes of a member, decoded as they are read, in bounded memory.
///
/// The read that reaches the end checks size and checksum: it fails instead of giving the last
/// bytes of a damaged member. Reads before that are unchecked.
pub(crate) struct Reader<'a> {
    entry: Entry<'a>,
    decoder: Decoder<'a>,
    left: u64,
    /// None: the checksum is not asked for.
    crc: Option<Hasher>,
    ended: bool,
}

impl<'a> Entry<'a> {
    /// The member's bytes as a stream; with `verify` its end compares their CRC-32.
    ///
    /// # Errors
    /// As [`Entry::local_header`]; [`ErrorKind::Io`].
    pub(crate) fn reader(&self, verify: bool) -> Result<Reader<'a>> {
        let input = Compressed::new(&*self.archive.source, self.data_range()?, CHUNK);
        self.stream(input, verify)
    }

    /// The first `len` of the member's bytes, or all if those are fewer, reading little more of
    /// the source than they need. Checked only as far as a prefix can be.
    ///
    /// # Errors
    /// As [`Entry::local_header`]; [`ErrorKind::Archive`] for a damaged stream; [`ErrorKind::Io`].
    pub(crate) fn prefix(&self, len: usize) -> Result<Vec<u8>> {
        let mut memory = [0; FIRST_READ];
        let opened = self.open(&mut memory)?;
        let len = usize::try_from(self.size()).map_or(len, |size| size.min(len));
        if self.method()? == Method::Stored
            && let Some(prefix) = opened.head.get(..len)
        {
            return Ok(prefix.to_vec());
        }
        let input = Compressed::opened(&*self.archive.source, &opened, PREFIX_CHUNK);
        let mut reader = self.stream(input, false)?;
        let mut bytes = Vec::new();
        let mut filled = 0_usize;
        while filled < len {
            // Grows as bytes arrive, so that a long prefix of a lie takes no memory.
            bytes.resize(len.min(filled.saturating_add(PREFIX_CHUNK)), 0);
            let n = reader.decode(bytes.get_mut(filled..).unwrap_or_default())?;
            if n == 0 {
                let short = reader.too_short(filled as u64);
                reader.conclude(Some(short))?;
            }
            filled = filled.saturating_add(n);
        }
        Ok(bytes)
    }

    /// The stream of the compressed bytes that `input` is.
    pub(super) fn stream(&self, input: Compressed<'a>, verify: bool) -> Result<Reader<'a>> {
        let decoder = Decoder::new(self, input);
        Ok(Reader {
            entry: *self,
            decoder: decoder.map_err(|err| self.failed(err))?,
            left: self.size(),
            crc: verify.then(Hasher::new),
            ended: false,
        })
    }

    /// The error with the member's name, and as "changed" where that is what happened.
    #[cold]
    pub(super) fn failed(&self, err: Error) -> Error {
        self.archive.explain(err).with_member(self.name())
    }
}

impl Reader<'_> {
    /// Some of the next bytes; 0 at the end, or if `out` is empty.
    ///
    /// # Errors
    /// [`ErrorKind::Archive`] for a damaged stream or one that is longer or shorter than declared;
    /// [`ErrorKind::Checksum`]; [`ErrorKind::Changed`]; [`ErrorKind::Io`].
    pub(crate) fn read_some(&mut self, out: &mut [u8]) -> Result<usize> {
        if self.left == 0 {
            self.finish()?;
            return Ok(0);
        }
        if out.is_empty() {
            return Ok(0);
        }
        let n = self.decode(out)?;
        if n == 0 {
            let got = self.entry.size().saturating_sub(self.left);
            let short = self.too_short(got);
            return self.conclude(Some(short)).map(|()| 0);
        }
        if let Some(crc) = &mut self.crc {
            crc.update(out.get(..n).unwrap_or_default());
        }
        self.left = self.left.saturating_sub(n as u64);
        if self.left == 0 {
            self.finish()?;
        }
        Ok(n)
    }

    /// Reads on by up to so many bytes, as far as there are any, and throws them away; `told` hears
    /// of each piece.
    ///
    /// # Errors
    /// As [`Reader::read_some`].
    pub(crate) fn skip(&mut self, bytes: u64, told: &dyn Fn(usize) -> Result<()>) -> Result<()> {
        let most = |left: u64| usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        let mut block = vec![0; most(bytes.min(self.left))];
        let mut left = bytes;
        while left > 0 {
            let piece = most(left).min(block.len());
            let n = self.read_some(block.get_mut(..piece).unwrap_or_default())?;
            if n == 0 {
                break;
            }
            told(n)?;
            left = left.saturating_sub(n as u64);
        }
        Ok(())
    }

    /// Up to what the member has left.
    fn decode(&mut self, out: &mut [u8]) -> Result<usize> {
        let most = usize::try_from(self.left).map_or(out.len(), |left| left.min(out.len()));
        let out = out.get_mut(..most).unwrap_or_default();
        self.decoder.read(out).map_err(|err| self.entry.failed(err))
    }

    /// All declared bytes are there: there must be no more, and they must be the right ones.
    fn finish(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.ended, true) {
            return Ok(());
        }
        let mut more = [0; 64];
        let more = self.decoder.read(&mut more);
        let more = more.map_err(|err| self.entry.failed(err))?;
        let long = (more > 0).then(|| self.too_long(more));
        self.conclude(long)
    }

    /// The verdict at the end, where `size` tells what is wrong with the size. Where the checksum is
    /// wrong too that comes first, since Python's `zipfile` sees nothing else.
    fn conclude(&mut self, size: Option<String>) -> Result<()> {
        let crc = self.crc.take().map_or(self.entry.crc(), Hasher::finalize);
        let result = match (self.entry.compare_crc(crc), size) {
            (Ok(()), None) => return Ok(()),
            (Err(err), None) => err,
            (Err(err), Some(size)) => Error::new(err.kind(), format!("{}; {size}", err.message())),
            (Ok(()), Some(size)) => {
                let name = repr::text(self.entry.name());
                Error::new(
                    ErrorKind::Archive,
                    format!("Bad size of file {name}: {size}"),
                )
            }
        };
        Err(self.entry.failed(result))
    }

    #[cold]
    fn too_short(&self, got: u64) -> String {
        let size = self.entry.size();
        format!("it ends after {got} bytes, and the directory declares {size}")
    }

    #[cold]
    fn too_long(&self, more: usize) -> String {
        let size = self.entry.size();
        let got = size.saturating_add(more as u64);
        format!("it has {got} bytes or more, and the directory declares {size}")
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.read_some(out).map_err(io::Error::from)
    }
}
