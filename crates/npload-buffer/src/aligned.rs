//! Memory with one owner, to be filled.

use std::io;
use std::ops::{Deref, DerefMut};

use crate::sys::Block;

/// The alignment of every [`AlignedBuf`], in bytes: a cache line, and what XLA takes without copying.
pub const ALIGNMENT: usize = 64;

/// Bytes at a 64-byte boundary, with one owner who may write: zeroed, or filled by [`Unfilled`].
///
/// Large ones come straight from the operating system (on Linux at huge-page boundaries) and go
/// back to it when dropped. Convert into a [`Buffer`](crate::Buffer) to share it.
///
/// [`Unfilled`]: crate::Unfilled
///
/// ```
/// let mut buf = npload_buffer::AlignedBuf::zeroed(10)?;
/// buf[3] = 7;
/// assert_eq!(&*buf, [0, 0, 0, 7, 0, 0, 0, 0, 0, 0]);
/// assert_eq!(buf.as_ptr().addr() % npload_buffer::ALIGNMENT, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct AlignedBuf {
    /// None: zero bytes.
    block: Option<Block>,
}

impl AlignedBuf {
    /// `len` zeroed bytes.
    ///
    /// # Errors
    /// [`io::ErrorKind::OutOfMemory`] when the system has not that much. It never aborts.
    pub fn zeroed(len: usize) -> io::Result<Self> {
        let block = if len == 0 {
            None
        } else {
            Some(Block::zeroed(len)?)
        };
        Ok(AlignedBuf { block })
    }

    /// The same, straight from the operating system whatever its size, where that is possible: a
    /// thread that takes it, and lets it grow, takes nothing from the allocator.
    ///
    /// # Errors
    /// As [`AlignedBuf::zeroed`].
    pub fn mapped(len: usize) -> io::Result<Self> {
        let block = if len == 0 {
            None
        } else {
            Some(Block::mapped(len)?)
        };
        Ok(AlignedBuf { block })
    }

    /// Makes it `len` bytes long, keeping what it holds; what is new is zero. Never shrinks.
    /// Large memory is moved by the system without being copied.
    ///
    /// # Errors
    /// [`io::ErrorKind::OutOfMemory`]; the contents are then as they were.
    pub fn grow(&mut self, len: usize) -> io::Result<()> {
        match &mut self.block {
            Some(block) => block.grow(len),
            None => {
                *self = AlignedBuf::zeroed(len)?;
                Ok(())
            }
        }
    }

    /// Gives whole pages beyond the first `len` bytes back to the system, if they came straight from
    /// there; it has that many bytes fewer then. Other memory stays as it is.
    pub fn shrink(&mut self, len: usize) {
        match &mut self.block {
            Some(block) if len > 0 => block.shrink(len),
            _ => self.block = None,
        }
    }

    /// # Safety
    /// All bytes of the block must have been set.
    pub(crate) unsafe fn from_set(block: Option<Block>) -> Self {
        AlignedBuf { block }
    }

    pub(crate) fn block(&self) -> Option<&Block> {
        self.block.as_ref()
    }
}

impl Deref for AlignedBuf {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.block {
            // SAFETY: the block is `len` initialised bytes (zeroed, or by the promise to `from_set`) that
            // live as long as `self`, and nobody else can write them while `self` is borrowed.
            Some(b) => unsafe { std::slice::from_raw_parts(b.ptr().as_ptr(), b.len()) },
            None => &[],
        }
    }
}

impl DerefMut for AlignedBuf {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.block {
            // SAFETY: as in `deref`; `&mut self` is the only way to this memory.
            Some(b) => unsafe { std::slice::from_raw_parts_mut(b.ptr().as_ptr(), b.len()) },
            None => &mut [],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_is_zeroed_and_aligned() {
        for len in [0, 1, 63, 64, 4096, (2 << 20) - 1, 2 << 20, (3 << 20) + 5] {
            let buf = AlignedBuf::zeroed(len).unwrap();
            assert_eq!(buf.len(), len);
            assert!(buf.iter().all(|&b| b == 0));
            assert!(len == 0 || buf.as_ptr().addr().is_multiple_of(ALIGNMENT));
        }
    }

    #[test]
    fn growing_keeps_the_contents_and_zeroes_the_rest() {
        let mut buf = AlignedBuf::default();
        for len in [3, 1000, 300 << 10, 5 << 20, 9 << 20] {
            let before = buf.len();
            buf.grow(len).unwrap();
            assert_eq!(buf.len(), len);
            assert!(buf[before..].iter().all(|&b| b == 0));
            buf[before..].fill(before as u8 | 1);
            assert_eq!(buf.as_ptr().addr() % ALIGNMENT, 0);
        }
        assert_eq!(
            (buf[0], buf[3], buf[1000], buf[300 << 10]),
            (1, 3, 1000_usize as u8 | 1, 1)
        );
        buf.grow(1).unwrap();
        assert_eq!(buf.len(), 9 << 20);
    }

    #[test]
    fn shrinking_keeps_what_is_left() {
        let mut buf = AlignedBuf::mapped(300 << 10).unwrap();
        buf.fill(7);
        buf.shrink(100_001);
        let kept = buf.len();
        assert!(kept >= 100_001 && buf.iter().all(|&b| b == 7));
        buf.shrink(1 << 20);
        assert_eq!(buf.len(), kept);
        buf.grow(400 << 10).unwrap();
        assert!(buf[kept..].iter().all(|&b| b == 0 || kept == 300 << 10));
        buf.shrink(0);
        assert!(buf.is_empty());
    }

    #[test]
    fn more_than_there_is_is_an_error_and_not_an_abort() {
        for len in [isize::MAX as usize, usize::MAX, 1 << 60] {
            let err = AlignedBuf::zeroed(len).unwrap_err();
            assert_eq!(err.kind(), io::ErrorKind::OutOfMemory, "{len}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn large_memory_starts_at_a_huge_page() {
        let bufs: Vec<_> = (0..4)
            .map(|i| AlignedBuf::zeroed((64 << 20) + i * 4096).unwrap())
            .collect();
        let aligned = bufs
            .iter()
            .filter(|b| b.as_ptr().addr().is_multiple_of(2 << 20))
            .count();
        assert!(aligned >= 3, "{aligned} of 4");
    }
}
