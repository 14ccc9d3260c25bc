//! A whole member into one piece of memory, placed so that a chosen byte is aligned.
//!
//! Memory taken: the member's size plus padding, the compressed bytes in flight, and decoder tables.
//!
//! | method | memory for the contents | how |
//! |---|---|---|
//! | stored | all at once: as many bytes are in the file | read in blocks by several threads |
//! | deflate, zstd | all, or a quarter of a quarter … until that is 16 MiB or 8 times the compressed bytes; four times as much whenever it is full | libdeflate, zstd's library |
//! | bzip2, lzma, the others in builds without these | doubled as bytes arrive | streamed |

use npload_buffer::{ALIGNMENT, AlignedBuf, Buffer, Unfilled, Vacant};

use super::compressed::{self, Compressed};
use super::local::Opened;
use super::reader::CHUNK;
use super::work::Inflaters;
use super::{Entry, Method};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Fill, Told};

/// How a member is read.
#[derive(Clone, Copy)]
pub(crate) struct ReadOptions<'a> {
    /// Whether its CRC-32 is compared.
    pub(crate) verify: bool,
    /// How many threads may work on it, this one included.
    pub(crate) threads: usize,
    pub(crate) progress: Option<Told<'a>>,
    /// What reads of other members left for this one to work with. With it, memory comes straight from
    /// the system: the thread is to allocate nothing.
    pub(crate) inflaters: Option<&'a Inflaters>,
}

impl Default for ReadOptions<'_> {
    fn default() -> Self {
        ReadOptions {
            verify: true,
            threads: 1,
            progress: None,
            inflaters: None,
        }
    }
}

impl ReadOptions<'_> {
    pub(super) fn advance(&self, bytes: usize) -> Result<()> {
        self.progress.map_or(Ok(()), |told| told(bytes))
    }
}

/// What growing memory begins with.
const FIRST: usize = 256 << 10;
/// What is read along with the local header: small members need no second read.
const FIRST_READ: usize = 2 << 10;
/// How much is decoded before it is summed: it is still in the cache then.
const BLOCK: usize = 128 << 10;

impl Entry<'_> {
    /// The member's bytes, in memory where byte `align_at` of them lies at a multiple of 64.
    ///
    /// # Errors
    /// As [`Entry::local_header`]; [`ErrorKind::Archive`] for a damaged stream or one that is
    /// longer or shorter than declared; [`ErrorKind::Checksum`]; [`ErrorKind::Changed`] where the
    /// file is not what was opened; [`ErrorKind::OutOfMemory`]; [`ErrorKind::Io`].
    pub(crate) fn read(&self, align_at: usize, options: &ReadOptions<'_>) -> Result<Buffer> {
        let mut first = [0; FIRST_READ];
        let opened = self.open(&mut first)?;
        let memory = self.memory(align_at)?;
        let bytes = match self.read_at_once(&opened, memory, options)? {
            Some(bytes) => bytes,
            None => self.read_growing(&opened, memory, options)?,
        };
        Ok(memory.filled(bytes).into())
    }

    /// The same, in memory that is not shared yet: a thread that reads a large member so takes
    /// nothing from the allocator. None where it would have to: [`Entry::read`] is then to read it,
    /// by a thread that may.
    ///
    /// # Errors
    /// As [`Entry::read`].
    pub(crate) fn read_unshared(
        &self,
        align_at: usize,
        options: &ReadOptions<'_>,
    ) -> Result<Option<Unshared>> {
        let mut first = [0; FIRST_READ];
        let opened = self.open(&mut first)?;
        let memory = self.memory(align_at)?;
        let bytes = match self.read_at_once(&opened, memory, options)? {
            Some(bytes) => bytes,
            None if self.reads_without_allocating() => return Ok(None),
            None => self.read_growing(&opened, memory, options)?,
        };
        Ok(Some(memory.filled(bytes)))
    }

    fn memory(&self, align_at: usize) -> Result<Memory> {
        let most = isize::MAX.unsigned_abs().saturating_sub(ALIGNMENT);
        let size = usize::try_from(self.size())
            .ok()
            .filter(|&size| size <= most);
        let size = size.ok_or_else(|| self.out_of_memory())?;
        // `align_at` + `pad` is a multiple of ALIGNMENT.
        let pad = align_at.wrapping_neg() % ALIGNMENT;
        Ok(Memory {
            pad,
            total: pad.saturating_add(size),
        })
    }

    /// All of it in one go; none if its method has none, or it is not what was declared.
    fn read_at_once(
        &self,
        opened: &Opened<'_>,
        memory: Memory,
        options: &ReadOptions<'_>,
    ) -> Result<Option<AlignedBuf>> {
        match self.method()? {
            Method::Stored => self.read_stored(opened, memory, options).map(Some),
            method if self.suits_at_once(method, options) => {
                self.read_compressed(method, opened, memory, options)
            }
            _ => Ok(None),
        }
    }

    /// A stored member read whole along with its local header, if both fit into `room` bytes: memory with
    /// its bytes, and where in it they begin.
    ///
    /// # Errors
    /// As [`Entry::read`].
    pub(crate) fn read_whole(&self, room: usize, verify: bool) -> Result<Option<(Vec<u8>, usize)>> {
        let mut memory = vec![0; room];
        let opened = self.open(&mut memory)?;
        if opened.head.len() as u64 != self.size() {
            return Ok(None);
        }
        if verify {
            self.check_crc(opened.head)
                .map_err(|err| self.failed(err))?;
        }
        if self.archive.source.as_buffer().is_some() {
            // It was not read: it is there.
            return Ok(Some((opened.head.to_vec(), 0)));
        }
        let header = opened.range.start.saturating_sub(self.header_offset());
        Ok(usize::try_from(header).ok().map(|header| (memory, header)))
    }

    fn read_stored(
        &self,
        opened: &Opened<'_>,
        memory: Memory,
        options: &ReadOptions<'_>,
    ) -> Result<AlignedBuf> {
        let fill = |vacant: Vacant<'_>| {
            let (pad, out) = vacant.split_at(memory.pad);
            pad.into_bytes();
            self.fill_stored(opened, out, options)
        };
        if options.inflaters.is_some() {
            let mut bytes = self.allocate(memory.total, false, options)?;
            fill(Vacant::from(&mut *bytes))?;
            return Ok(bytes);
        }
        let bytes = Unfilled::new(memory.total).map_err(|err| self.no_memory(err))?;
        bytes.fill(fill)
    }

    fn fill_stored(
        &self,
        opened: &Opened<'_>,
        out: Vacant<'_>,
        options: &ReadOptions<'_>,
    ) -> Result<()> {
        if opened.head.len() == out.len() && !out.is_empty() {
            let out = out.copy_from(opened.head);
            if options.verify {
                self.check_crc(out).map_err(|err| self.failed(err))?;
            }
            return options.advance(out.len());
        }
        let fill = Fill {
            threads: options.threads,
            sum: options.verify,
            progress: options.progress,
            failed: compressed::read_failed,
        };
        let crc = fill.read(&*self.archive.source, opened.range.start, out);
        let crc = crc.map_err(|err| self.failed(err))?;
        crc.map_or(Ok(()), |crc| self.compare_crc(crc))
            .map_err(|err| self.failed(err))
    }

    /// Whether [`Entry::read_unshared`] allocates nothing when it is given `inflaters`: what is streamed
    /// does.
    pub(crate) fn reads_without_allocating(&self) -> bool {
        match self.method() {
            Ok(Method::Stored) => true,
            Ok(method) => self.fits_at_once(method),
            Err(_) => false,
        }
    }

    /// As a stream, into memory that doubles as bytes arrive.
    pub(super) fn read_growing(
        &self,
        opened: &Opened<'_>,
        memory: Memory,
        options: &ReadOptions<'_>,
    ) -> Result<AlignedBuf> {
        let first = memory.total.min(FIRST);
        let mut bytes = self.allocate(first, first < memory.total, options)?;
        let input = Compressed::opened(&*self.archive.source, opened, CHUNK);
        let mut reader = self.stream(input, options.verify)?;
        let mut filled = memory.pad;
        loop {
            if filled == bytes.len() && filled < memory.total {
                let doubled = bytes.len().saturating_mul(2).min(memory.total);
                bytes.grow(doubled).map_err(|err| self.no_memory(err))?;
            }
            let end = bytes.len().min(filled.saturating_add(BLOCK));
            let n = reader.read_some(bytes.get_mut(filled..end).unwrap_or_default())?;
            if n == 0 {
                return Ok(bytes);
            }
            filled = filled.saturating_add(n);
            options.advance(n)?;
        }
    }

    /// Memory for the member, or for a part of it if it `grows`.
    pub(super) fn allocate(
        &self,
        len: usize,
        grows: bool,
        options: &ReadOptions<'_>,
    ) -> Result<AlignedBuf> {
        // A thread with inflaters is to allocate nothing. What grows is moved without a copy if it
        // was mapped, and leaves nothing behind in the allocator.
        let taken = if grows || options.inflaters.is_some() {
            AlignedBuf::mapped(len)
        } else {
            AlignedBuf::zeroed(len)
        };
        taken.map_err(|err| self.no_memory(err))
    }

    #[cold]
    pub(super) fn no_memory(&self, err: std::io::Error) -> Error {
        let doing = format!("taking memory for a member of {} bytes", self.size());
        Error::io(err, &doing).with_member(self.name())
    }

    #[cold]
    pub(super) fn out_of_memory(&self) -> Error {
        let text = format!("a member of {} bytes does not fit in memory", self.size());
        Error::new(ErrorKind::OutOfMemory, text).with_member(self.name())
    }
}

/// A member's bytes in memory that has one owner.
pub(crate) struct Unshared {
    bytes: AlignedBuf,
    pad: usize,
}

impl From<Unshared> for Buffer {
    fn from(read: Unshared) -> Self {
        Buffer::from(read.bytes).slice(read.pad..)
    }
}

/// The layout of the memory that a member is read into.
#[derive(Clone, Copy)]
pub(super) struct Memory {
    /// Bytes before the member.
    pub(super) pad: usize,
    /// Those and the member's.
    pub(super) total: usize,
}

impl Memory {
    fn filled(self, bytes: AlignedBuf) -> Unshared {
        Unshared {
            bytes,
            pad: self.pad,
        }
    }
}
