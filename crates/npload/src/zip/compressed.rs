//! A member's compressed bytes, a chunk at a time.

use std::io::{self, BufRead, Read};
use std::ops::Range;

use npload_buffer::ReadAt;

use super::local::Opened;
use crate::error::{Error, ErrorKind};

/// The bytes of a range of the source, in order: borrowed where they are in memory, else read in chunks.
pub(super) struct Compressed<'a> {
    source: &'a dyn ReadAt,
    /// What the source has not been asked for yet.
    unread: Range<u64>,
    chunk: Chunk<'a>,
    chunk_size: usize,
    /// Why the source failed. Decoders wrap or drop the errors of what they read from.
    failure: Option<Error>,
}

enum Chunk<'a> {
    Borrowed(&'a [u8]),
    /// Bytes, and how many of them are used up.
    Read(Vec<u8>, usize),
}

impl<'a> Compressed<'a> {
    /// The bytes of `source` in `range`, asked for `chunk_size` at a time.
    pub(super) fn new(source: &'a dyn ReadAt, range: Range<u64>, chunk_size: usize) -> Self {
        let borrowed = source.as_buffer().map(|all| slice(all, &range));
        let (unread, chunk) = match borrowed {
            Some(bytes) => (range.end..range.end, Chunk::Borrowed(bytes)),
            None => (range, Chunk::Read(Vec::new(), 0)),
        };
        Compressed {
            source,
            unread,
            chunk,
            chunk_size,
            failure: None,
        }
    }

    /// The same, where the first bytes of `opened` have been read already.
    pub(super) fn opened(source: &'a dyn ReadAt, opened: &Opened<'_>, chunk_size: usize) -> Self {
        let mut input = Compressed::new(source, opened.range.clone(), chunk_size);
        if source.as_buffer().is_none() {
            let read = opened.head.len() as u64;
            input.unread.start = input.unread.start.saturating_add(read);
            input.chunk = Chunk::Read(opened.head.to_vec(), 0);
        }
        input
    }

    /// Where in the source the next byte is.
    pub(super) fn position(&self) -> u64 {
        self.unread.start.saturating_sub(self.rest().len() as u64)
    }

    /// Why reading failed, if the source is to blame and not the bytes.
    pub(super) fn take_failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    /// Whether the source could not be read.
    pub(super) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    /// The next `n` bytes, or all that are left if those are fewer, without using them up.
    pub(super) fn peek(&mut self, n: usize) -> io::Result<&[u8]> {
        if self.rest().len() < n && !self.unread.is_empty() {
            let mut joined = self.rest().to_vec();
            self.consume(joined.len());
            joined.extend_from_slice(self.fill_buf()?);
            self.chunk = Chunk::Read(joined, 0);
        }
        let rest = self.rest();
        Ok(rest.get(..n).unwrap_or(rest))
    }

    fn rest(&self) -> &[u8] {
        match &self.chunk {
            Chunk::Borrowed(bytes) => bytes,
            Chunk::Read(bytes, used) => bytes.get(*used..).unwrap_or_default(),
        }
    }
}

/// The part of what is in memory already; a range that is not all there is cut off.
pub(super) fn slice<'a>(all: &'a [u8], range: &Range<u64>) -> &'a [u8] {
    let start = usize::try_from(range.start).unwrap_or(usize::MAX);
    let end = usize::try_from(range.end).map_or(all.len(), |end| end.min(all.len()));
    all.get(start..end).unwrap_or_default()
}

/// What reading a member's bytes failed with. They were there when the archive was opened, or its
/// directory would have been refused.
#[cold]
pub(super) fn read_failed(err: io::Error, at: u64) -> Error {
    if err.kind() == io::ErrorKind::UnexpectedEof {
        let text = "the archive changed since it was opened: it ends inside a member";
        return Error::new(ErrorKind::Changed, text).at(at);
    }
    Error::io(err, "reading a member of an archive").at(at)
}

impl BufRead for Compressed<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if let Chunk::Read(bytes, used) = &mut self.chunk
            && *used >= bytes.len()
            && !self.unread.is_empty()
        {
            let left = self.unread.end.saturating_sub(self.unread.start);
            let size = usize::try_from(left).map_or(self.chunk_size, |n| n.min(self.chunk_size));
            bytes.resize(size, 0);
            *used = size;
            if let Err(err) = self.source.read_exact_at(bytes, self.unread.start) {
                let kind = err.kind();
                self.failure = Some(read_failed(err, self.unread.start));
                return Err(kind.into());
            }
            *used = 0;
            self.unread.start = self.unread.start.saturating_add(size as u64);
        }
        Ok(self.rest())
    }

    fn consume(&mut self, n: usize) {
        match &mut self.chunk {
            Chunk::Borrowed(bytes) => *bytes = bytes.get(n..).unwrap_or_default(),
            Chunk::Read(_, used) => *used = used.saturating_add(n),
        }
    }
}

impl Read for Compressed<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}
