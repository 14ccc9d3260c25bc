//! Memory that is filled before anybody reads it.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sys::Block;
use crate::{AlignedBuf, ReadAt};

/// Memory at a 64-byte boundary in which nothing is yet. Zeroing it first would cost as much as a
/// third of reading into it.
///
/// ```
/// use npload_buffer::{Buffer, Unfilled};
/// let source = Buffer::from(b"hello".to_vec());
/// let filled = Unfilled::new(6)?.fill(|vacant| {
///     let (first, rest) = vacant.split_at(2);
///     first.read_exact_at(&source, 3)?;
///     rest.copy_from(b"!!!!");
///     Ok::<(), std::io::Error>(())
/// })?;
/// assert_eq!(&*filled, b"lo!!!!");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Unfilled {
    /// None: no bytes.
    block: Option<Block>,
}

impl Unfilled {
    /// Room for `len` bytes.
    ///
    /// # Errors
    /// [`io::ErrorKind::OutOfMemory`] when the system has not that much. It never aborts.
    pub fn new(len: usize) -> io::Result<Self> {
        let block = match len {
            0 => None,
            _ => Some(Block::unset(len)?),
        };
        Ok(Unfilled { block })
    }

    /// The memory, once `fill` has filled it.
    ///
    /// # Errors
    /// What `fill` returns.
    ///
    /// # Panics
    /// If `fill` returns without an error and left any of it vacant: that is a mistake in `fill`.
    pub fn fill<E>(
        mut self,
        fill: impl FnOnce(Vacant<'_>) -> Result<(), E>,
    ) -> Result<AlignedBuf, E> {
        let filled = AtomicUsize::new(0);
        let bytes = self.block.as_mut().map(Block::unset_bytes);
        let bytes = bytes.unwrap_or_default();
        let len = bytes.len();
        fill(Vacant {
            bytes,
            filled: Some(&filled),
        })?;
        // Each byte belongs to one Vacant, which counts it at most once, after it is set; all of them
        // are gone, since nothing that borrows `self` and `filled` outlives the call.
        assert_eq!(filled.into_inner(), len, "memory was left unfilled");
        // SAFETY: as many bytes were set as there are, each once: all of them.
        Ok(unsafe { AlignedBuf::from_set(self.block) })
    }
}

/// Memory to fill, of [`Unfilled`] or of the caller's: what is in it cannot be read. It is filled once,
/// whole or in pieces, by any thread.
#[derive(Debug)]
pub struct Vacant<'a> {
    /// Nothing but set bytes is ever written here: it may be the caller's memory.
    bytes: &'a mut [MaybeUninit<u8>],
    /// Where it counts; the caller's memory need not be counted.
    filled: Option<&'a AtomicUsize>,
}

impl<'a> Vacant<'a> {
    /// How many bytes fill it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing to fill.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The first `len` bytes, or all if there are no more, and the others.
    #[must_use]
    pub fn split_at(self, len: usize) -> (Self, Self) {
        let Vacant { bytes, filled } = self;
        let (first, rest) = bytes.split_at_mut(len.min(bytes.len()));
        let piece = |bytes| Vacant { bytes, filled };
        (piece(first), piece(rest))
    }

    /// Pieces of `len` bytes, which must not be 0, the last maybe shorter.
    pub fn pieces(self, len: usize) -> impl ExactSizeIterator<Item = Vacant<'a>> + Send {
        let Vacant { bytes, filled } = self;
        let piece = move |bytes| Vacant { bytes, filled };
        bytes.chunks_mut(len.max(1)).map(piece)
    }

    /// Fills it with the bytes from `offset` on.
    ///
    /// # Errors
    /// As [`ReadAt::read_exact_at`]; it is still vacant then.
    pub fn read_exact_at(self, source: &dyn ReadAt, offset: u64) -> io::Result<&'a mut [u8]> {
        if let Some(file) = source.as_file() {
            return self.read_file(file, offset);
        }
        if let Some(bytes) = source.as_buffer() {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let there = bytes.get(start..start.saturating_add(self.len()));
            let there = there.ok_or(io::ErrorKind::UnexpectedEof)?;
            return Ok(self.copy_from(there));
        }
        let bytes = self.into_bytes();
        source.read_exact_at(bytes, offset)?;
        Ok(bytes)
    }

    #[cfg(target_os = "linux")]
    fn read_file(self, file: &File, mut offset: u64) -> io::Result<&'a mut [u8]> {
        let mut rest = &mut *self.bytes;
        while !rest.is_empty() {
            match rustix::io::pread(file, &mut *rest, offset) {
                Ok(([], _)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok((read, _)) => {
                    let read = read.len();
                    offset = offset.saturating_add(read as u64);
                    rest = rest.split_at_mut(read).1;
                }
                Err(rustix::io::Errno::INTR) => {}
                Err(err) => return Err(err.into()),
            }
        }
        // SAFETY: the reads set every byte: what they left, they went on with.
        Ok(unsafe { self.into_set() })
    }

    #[cfg(not(target_os = "linux"))]
    fn read_file(self, file: &File, offset: u64) -> io::Result<&'a mut [u8]> {
        let bytes = self.into_bytes();
        file.read_exact_at(bytes, offset)?;
        Ok(bytes)
    }

    /// Fills it with `bytes`; where those are fewer, with zeros behind them.
    pub fn copy_from(self, bytes: &[u8]) -> &'a mut [u8] {
        self.gather([bytes])
    }

    /// Fills it with one piece after the other, and zeros where they end.
    pub fn gather<'p>(self, pieces: impl IntoIterator<Item = &'p [u8]>) -> &'a mut [u8] {
        let mut rest = &mut *self.bytes;
        for piece in pieces {
            let len = piece.len().min(rest.len());
            // SAFETY: both have `len` bytes at least; they are not the same memory, for `rest` is
            // borrowed for writing. What is written is set.
            unsafe { std::ptr::copy_nonoverlapping(piece.as_ptr(), rest.as_mut_ptr().cast(), len) };
            rest = rest.split_at_mut(len).1;
        }
        rest.fill(MaybeUninit::new(0));
        // SAFETY: the pieces set what is before `rest`, and all of that was set now.
        unsafe { self.into_set() }
    }

    /// The memory as bytes, zeros where nothing was yet: for who fills it, and wants bytes for that.
    pub fn into_bytes(self) -> &'a mut [u8] {
        if self.filled.is_some() {
            return self.gather([]);
        }
        // SAFETY: what is not counted is the caller's memory, which was set before.
        unsafe { self.into_set() }
    }

    /// # Safety
    /// Every byte must have been set.
    unsafe fn into_set(self) -> &'a mut [u8] {
        if let Some(filled) = self.filled {
            filled.fetch_add(self.bytes.len(), Ordering::Relaxed);
        }
        let len = self.bytes.len();
        // SAFETY: the caller promises that the bytes are set; they are borrowed for 'a, by nobody else.
        unsafe { std::slice::from_raw_parts_mut(self.bytes.as_mut_ptr().cast(), len) }
    }
}

impl<'a> From<&'a mut [u8]> for Vacant<'a> {
    fn from(bytes: &'a mut [u8]) -> Self {
        let len = bytes.len();
        // SAFETY: the same memory for the same time. A Vacant writes only bytes that are set, so that
        // the caller finds set bytes in it afterwards, whether it was filled or not.
        let bytes = unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), len) };
        Vacant {
            bytes,
            filled: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use crate::{ALIGNMENT, Buffer, run_on_threads};

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    /// A source that is neither a file nor memory.
    struct Other(Vec<u8>);

    impl ReadAt for Other {
        fn len(&self) -> io::Result<u64> {
            ReadAt::len(&self.0)
        }

        fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
            self.0.read_exact_at(buf, offset)
        }
    }

    #[test]
    fn every_kind_of_source_fills_it() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|i| (i % 251) as u8).collect();
        let (file, buffer) = (file(&bytes), Buffer::from(bytes.clone()));
        let other = Other(bytes.clone());
        for source in [&file as &dyn ReadAt, &buffer, &other, &&file] {
            for (offset, len) in [(0, bytes.len()), (7, 5000), (100_000, 0), (99_999, 1)] {
                let read = |vacant: Vacant<'_>| vacant.read_exact_at(source, offset).map(drop);
                let filled = Unfilled::new(len).unwrap().fill(read).unwrap();
                let offset = usize::try_from(offset).unwrap();
                assert_eq!(&*filled, &bytes[offset..offset + len]);
            }
            for offset in [99_999, 100_000, u64::MAX - 1, u64::MAX] {
                let read = |vacant: Vacant<'_>| vacant.read_exact_at(source, offset).map(drop);
                let err = Unfilled::new(2).unwrap().fill(read).unwrap_err();
                let kinds = [io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidInput];
                assert!(kinds.contains(&err.kind()), "{offset}: {err}");
            }
        }
    }

    #[test]
    fn threads_fill_pieces_of_it() {
        let bytes: Vec<u8> = (0..300_007_u32).map(|i| (i % 251) as u8).collect();
        let file = file(&bytes);
        let filled = Unfilled::new(bytes.len()).unwrap().fill(|vacant| {
            let pieces = vacant.pieces(1000).zip((0..).step_by(1000));
            let pieces = std::sync::Mutex::new(pieces);
            run_on_threads(2, 0, &|| {
                while let Some((piece, at)) = { pieces.lock().unwrap().next() } {
                    piece.read_exact_at(&file, at).unwrap();
                }
            });
            Ok::<_, io::Error>(())
        });
        assert_eq!(&*filled.unwrap(), &bytes);
    }

    #[test]
    fn pieces_are_put_one_behind_the_other_and_zeros_where_they_end() {
        let fill = |vacant: Vacant<'_>| {
            let (first, rest) = vacant.split_at(5);
            assert_eq!(first.gather([&b"ab"[..], b"cdefg"]), b"abcde");
            assert_eq!(rest.gather([&b"x"[..]]), b"x\0\0");
            Ok::<_, ()>(())
        };
        let filled = Unfilled::new(8).unwrap().fill(fill).unwrap();
        assert_eq!(&*filled, b"abcdex\0\0");
    }

    #[test]
    fn memory_of_the_callers_is_filled_in_place() {
        let mut memory = *b"0123456789";
        let (_, rest) = Vacant::from(&mut memory[..]).split_at(3);
        let (kept, rest) = rest.split_at(2);
        assert_eq!(kept.into_bytes(), b"34");
        rest.copy_from(b"abc");
        assert_eq!(&memory, b"01234abc\0\0");
    }

    #[test]
    #[should_panic(expected = "memory was left unfilled")]
    fn what_is_left_vacant_never_comes_out() {
        let fill = |vacant: Vacant<'_>| {
            assert_eq!(vacant.split_at(99).0.into_bytes(), [0; 99]);
            Ok::<_, ()>(())
        };
        let _ = Unfilled::new(100).unwrap().fill(fill);
    }

    #[test]
    fn every_size_is_aligned_and_errors_come_out() {
        for len in [0, 1, 63, 4096, 3 << 20, 5 << 20, (32 << 20) + 1] {
            let fill = |vacant: Vacant<'_>| {
                assert_eq!((vacant.len(), vacant.is_empty()), (len, len == 0));
                vacant.copy_from(&vec![7; len]);
                Ok::<_, ()>(())
            };
            let mut filled = Unfilled::new(len).unwrap().fill(fill).unwrap();
            assert!(filled.len() == len && filled.iter().all(|&byte| byte == 7));
            assert!(len == 0 || filled.as_ptr().addr().is_multiple_of(ALIGNMENT));
            filled.grow(len + 10).unwrap();
            assert!(filled[len..].iter().all(|&byte| byte == 0) && filled.len() == len + 10);
        }
        let failed = Unfilled::new(10).unwrap().fill(|_| Err(3));
        assert_eq!(failed.unwrap_err(), 3);
        for len in [isize::MAX as usize, usize::MAX] {
            let err = Unfilled::new(len).unwrap_err();
            assert_eq!(err.kind(), io::ErrorKind::OutOfMemory);
        }
    }
}
