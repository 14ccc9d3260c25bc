//! The bytes that are looked at: a file, or what was unpacked of one.

use std::io::{self, Read};
use std::sync::Arc;

use npload::{Buffer, ReadAt};

/// So much is read at a time of what says how long it is only at its end.
const PIECE: usize = 1 << 20;

/// The same of a stream that follows another: there may be many short ones.
const SMALL_PIECE: usize = 1 << 13;

/// Part of a file, or of memory.
#[derive(Clone)]
pub(super) struct Bytes {
    source: Arc<dyn ReadAt>,
    start: u64,
    len: u64,
}

impl Bytes {
    /// All of a source.
    pub(super) fn of(source: impl ReadAt + 'static) -> io::Result<Self> {
        let len = source.len()?;
        Ok(Bytes {
            source: Arc::new(source),
            start: 0,
            len,
        })
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// From a byte on.
    pub(super) fn from(&self, at: u64) -> Self {
        let at = at.min(self.len);
        Bytes {
            source: self.source.clone(),
            start: self.start.saturating_add(at),
            len: self.len.saturating_sub(at),
        }
    }

    /// Up to a byte.
    pub(super) fn to(&self, end: u64) -> Self {
        Bytes {
            len: end.min(self.len),
            ..self.clone()
        }
    }

    /// The first bytes: all if they are in memory, else up to so many.
    pub(super) fn window(&self, most: usize) -> io::Result<Buffer> {
        match self.source.as_buffer() {
            Some(_) => self.read(u64::MAX),
            None => self.to(most as u64).read(u64::MAX),
        }
    }

    /// Whether no more than `most` bytes of them are to be held in memory, or all are in it.
    pub(super) fn fit(&self, most: u64) -> bool {
        self.len <= most || self.source.as_buffer().is_some()
    }

    /// The first bytes, up to so many.
    pub(super) fn head(&self, most: usize) -> io::Result<Vec<u8>> {
        let len = usize::try_from(self.len).map_or(most, |len| len.min(most));
        let mut head = vec![0; len];
        self.read_exact_at(&mut head, 0)?;
        Ok(head)
    }

    /// All of them in memory, if they are no more than `most`.
    pub(super) fn read(&self, most: u64) -> io::Result<Buffer> {
        if let (Some(buffer), Ok(start), Ok(len)) = (
            self.source.as_buffer(),
            usize::try_from(self.start),
            usize::try_from(self.len),
        ) {
            return Ok(buffer.slice(start..start.saturating_add(len)));
        }
        if self.len > most {
            return Err(too_large(self.len, most));
        }
        // The file has them: this is no promise of its own.
        let mut bytes = vec![0; usize::try_from(self.len).unwrap_or(usize::MAX)];
        self.read_exact_at(&mut bytes, 0)?;
        Ok(bytes.into())
    }
}

impl ReadAt for Bytes {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > self.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let at = self.start.saturating_add(offset);
        self.source.read_exact_at(buf, at)
    }

    fn stack_size(&self) -> usize {
        self.source.stack_size()
    }
}

/// The same, to find the end of a pickle in them.
pub(super) struct Window<'a> {
    bytes: &'a Bytes,
    /// Where what is in memory begins.
    at: u64,
    seen: Vec<u8>,
}

impl<'a> Window<'a> {
    pub(super) fn new(bytes: &'a Bytes) -> Self {
        Window {
            bytes,
            at: 0,
            seen: Vec::new(),
        }
    }
}

impl npload_pickle::Bytes for Window<'_> {
    type Error = io::Error;

    fn bytes(&mut self, at: u64, len: usize) -> io::Result<&[u8]> {
        let inside = |from: u64| usize::try_from(at.checked_sub(from)?).ok();
        let enough = |from: usize| from.saturating_add(len) <= self.seen.len();
        if !inside(self.at).is_some_and(enough) {
            self.at = at;
            self.seen = self.bytes.from(at).head(SMALL_PIECE)?;
        }
        let seen = inside(self.at).and_then(|from| self.seen.get(from..));
        let seen = seen.unwrap_or_default();
        Ok(seen.get(..len).unwrap_or(seen))
    }

    fn after_line(&mut self, mut at: u64) -> io::Result<Option<u64>> {
        loop {
            self.bytes(at, 1)?;
            let from = usize::try_from(at.saturating_sub(self.at)).unwrap_or(usize::MAX);
            let seen = self.seen.get(from..).unwrap_or_default();
            if seen.is_empty() {
                return Ok(None);
            }
            if let Some(end) = seen.iter().position(|&byte| byte == b'\n') {
                return Ok(Some(at.saturating_add(end as u64).saturating_add(1)));
            }
            at = at.saturating_add(seen.len() as u64);
        }
    }
}

/// The same as a stream.
pub(super) struct Reader {
    bytes: Bytes,
    at: u64,
}

impl Bytes {
    pub(super) fn reader(&self) -> io::BufReader<Reader> {
        let piece = if self.start == 0 { PIECE } else { SMALL_PIECE };
        let bytes = self.clone();
        io::BufReader::with_capacity(piece, Reader { bytes, at: 0 })
    }
}

impl Reader {
    /// How much was read.
    pub(super) fn at(&self) -> u64 {
        self.at
    }
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = self.bytes.len.saturating_sub(self.at);
        let len = usize::try_from(left).map_or(out.len(), |left| left.min(out.len()));
        let out = out.get_mut(..len).unwrap_or_default();
        self.bytes.read_exact_at(out, self.at)?;
        self.at = self.at.saturating_add(len as u64);
        Ok(len)
    }
}

/// What was read of a stream, and why not more.
#[derive(Default)]
pub(super) struct Streamed {
    pub(super) bytes: Vec<u8>,
    pub(super) failed: Option<io::Error>,
}

/// All that a stream gives, if that is no more than `most`. Memory grows as bytes arrive.
pub(super) fn read_stream(stream: &mut dyn Read, most: u64) -> Streamed {
    let mut streamed = Streamed::default();
    read_behind(&mut streamed, stream, most);
    streamed
}

/// The same behind what was read of the stream before, if all is no more than `most`.
pub(super) fn read_behind(streamed: &mut Streamed, stream: &mut dyn Read, most: u64) {
    let left = most.saturating_sub(streamed.bytes.len() as u64);
    let mut stream = stream.take(left.saturating_add(1));
    streamed.failed = stream.read_to_end(&mut streamed.bytes).err();
    let len = streamed.bytes.len() as u64;
    if len > most {
        streamed.failed = Some(too_large(len, most));
    }
}

pub(super) fn too_large(len: u64, most: u64) -> io::Error {
    io::Error::other(format!(
        "it has {len} bytes or more, and up to {most} are looked at (--max-size)"
    ))
}
