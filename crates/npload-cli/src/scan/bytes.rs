//! The bytes that are looked at: a file, or what was unpacked of one.

use std::io::{self, Read};
use std::sync::Arc;

use npload::{Buffer, ReadAt};

/// So much is read at a time of what says how long it is only at its end.
const PIECE: usize = 1 << 20;

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

/// The same as a stream.
pub(super) struct Reader {
    bytes: Bytes,
    at: u64,
}

impl Bytes {
    pub(super) fn reader(&self) -> io::BufReader<Reader> {
        let bytes = self.clone();
        io::BufReader::with_capacity(PIECE, Reader { bytes, at: 0 })
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
pub(super) struct Streamed {
    pub(super) bytes: Vec<u8>,
    pub(super) failed: Option<io::Error>,
}

/// All that a stream gives, if that is no more than `most`. Memory grows as bytes arrive.
pub(super) fn read_stream(stream: &mut dyn Read, most: u64) -> Streamed {
    let mut bytes = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let failed = match stream.read(&mut piece) {
            Ok(0) => {
                return Streamed {
                    bytes,
                    failed: None,
                };
            }
            Ok(n) => {
                bytes.extend_from_slice(piece.get(..n).unwrap_or_default());
                let len = bytes.len() as u64;
                match len > most {
                    false => continue,
                    true => too_large(len, most),
                }
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => e,
        };
        return Streamed {
            bytes,
            failed: Some(failed),
        };
    }
}

fn too_large(len: u64, most: u64) -> io::Error {
    io::Error::other(format!(
        "it has {len} bytes or more, and up to {most} are looked at (--max-size)"
    ))
}
