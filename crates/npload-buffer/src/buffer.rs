//! Bytes with several owners.

use std::fmt;
use std::io;
use std::ops::{Bound, Deref, RangeBounds};
use std::ptr::NonNull;
use std::sync::Arc;

use crate::AlignedBuf;
use crate::map::Mapping;

/// Shared bytes: an owner and a range of its memory. Cloning and slicing copy no bytes.
///
/// The memory lives until the last `Buffer` over it is dropped. Whoever holds the only one may
/// write, if the owner's memory allows it ([`Buffer::get_mut`]).
///
/// ```
/// use npload_buffer::{AlignedBuf, Buffer};
/// let mut owned = AlignedBuf::zeroed(8)?;
/// owned.copy_from_slice(b"abcdefgh");
/// let whole = Buffer::from(owned);
/// let part = whole.slice(2..5);
/// drop(whole);
/// assert_eq!(&*part, b"cde");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Buffer {
    ptr: NonNull<u8>,
    len: usize,
    /// None: no bytes.
    owner: Option<Arc<Owner>>,
}

enum Owner {
    Aligned(#[expect(dead_code, reason = "held for its memory")] AlignedBuf),
    Mapped(Mapping),
    /// Somebody else's bytes, read only.
    Foreign(
        #[expect(dead_code, reason = "held for its memory")] Box<dyn AsRef<[u8]> + Send + Sync>,
    ),
}

impl Owner {
    fn is_writable(&self) -> bool {
        match self {
            Owner::Aligned(_) => true,
            Owner::Mapped(map) => map.is_writable(),
            Owner::Foreign(_) => false,
        }
    }
}

// SAFETY: `ptr` points into memory that `owner` keeps alive and in place. It is written only
// through `get_mut`, which needs `&mut Buffer` and the only reference to the owner; all else reads.
unsafe impl Send for Buffer {}
// SAFETY: as above; `&Buffer` only reads.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// No bytes.
    #[must_use]
    pub const fn empty() -> Self {
        Buffer {
            ptr: NonNull::dangling(),
            len: 0,
            owner: None,
        }
    }

    /// The bytes of any owner, without a copy, read only. `as_ref` is called once: it must go on
    /// returning the same bytes at the same address for as long as the owner lives, wherever the
    /// owner itself is moved.
    ///
    /// # Safety
    /// That promise is the caller's. `Vec<u8>`, `Arc<[u8]>` and Python's `bytes` keep it.
    pub unsafe fn from_owner(owner: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        let owner = Box::new(owner);
        let bytes: &[u8] = (*owner).as_ref();
        let (ptr, len) = (NonNull::from(bytes).cast(), bytes.len());
        Buffer {
            ptr,
            len,
            owner: Some(Arc::new(Owner::Foreign(owner))),
        }
    }

    /// How many bytes it has. Its own, so that [`ReadAt::len`](crate::ReadAt::len), which may fail,
    /// is not taken for the slice's.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn from_mapping(map: Mapping) -> Self {
        let (ptr, len) = (map.ptr(), map.len());
        Buffer {
            ptr,
            len,
            owner: Some(Arc::new(Owner::Mapped(map))),
        }
    }

    /// Its bytes in `range`, sharing the memory. A range past the end is cut off there.
    #[must_use]
    pub fn slice(&self, range: impl RangeBounds<usize>) -> Self {
        let start = match range.start_bound() {
            Bound::Included(&at) => at,
            Bound::Excluded(&at) => at.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&at) => at.saturating_add(1),
            Bound::Excluded(&at) => at,
            Bound::Unbounded => self.len,
        };
        let end = end.min(self.len);
        let start = start.min(end);
        // SAFETY: start <= len, so the pointer stays inside (or one past) the owner's memory.
        let ptr = unsafe { self.ptr.add(start) };
        Buffer {
            ptr,
            len: end.saturating_sub(start),
            owner: self.owner.clone(),
        }
    }

    /// Its bytes for writing, if nobody else holds this memory and it may be written; a read-only
    /// mapping and borrowed bytes may not.
    pub fn get_mut(&mut self) -> Option<&mut [u8]> {
        let Some(owner) = &mut self.owner else {
            return Some(&mut []);
        };
        if !Arc::get_mut(owner)?.is_writable() {
            return None;
        }
        // SAFETY: `Arc::get_mut` proved that this is the only Buffer over the owner, and `&mut self`
        // that it is not borrowed; the owner's memory is writable, and `ptr` was made from its own
        // writable pointer with `len` bytes inside it.
        Some(unsafe { std::slice::from_raw_parts_mut(self.ptr.as_ptr(), self.len) })
    }

    /// Whether [`Buffer::get_mut`] would fail only because others hold the memory too.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.owner.as_ref().is_none_or(|owner| owner.is_writable())
    }

    /// Whether the bytes are a mapped file.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        matches!(self.owner.as_deref(), Some(Owner::Mapped(_)))
    }

    /// Writes changes of a shared writable mapping to its file and waits; other memory has nothing to write.
    ///
    /// # Errors
    /// What the operating system says of the write.
    pub fn flush(&self) -> io::Result<()> {
        match self.owner.as_deref() {
            Some(Owner::Mapped(map)) => map.flush(),
            _ => Ok(()),
        }
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Buffer::empty()
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `ptr` and `len` lie in memory that `owner` keeps alive, in place and initialised
        // (or len is 0); writing needs `&mut self` (see `get_mut`), so it cannot happen meanwhile.
        // For mappings the caller of `map_file` promised that the file does not change.
        unsafe { std::slice::from_raw_parts(self.ptr.as_ptr(), self.len) }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<AlignedBuf> for Buffer {
    fn from(buf: AlignedBuf) -> Self {
        match buf.block() {
            None => Buffer::empty(),
            Some(block) => {
                let (ptr, len) = (block.ptr(), block.len());
                Buffer {
                    ptr,
                    len,
                    owner: Some(Arc::new(Owner::Aligned(buf))),
                }
            }
        }
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(bytes: Vec<u8>) -> Self {
        // SAFETY: a Vec that is never touched again keeps its bytes where they are when it moves.
        unsafe { Buffer::from_owner(bytes) }
    }
}

impl From<&'static [u8]> for Buffer {
    fn from(bytes: &'static [u8]) -> Self {
        // SAFETY: a static slice never moves.
        unsafe { Buffer::from_owner(bytes) }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.owner.as_deref() {
            None => "empty",
            Some(Owner::Aligned(_)) => "aligned",
            Some(Owner::Mapped(_)) => "mapped",
            Some(Owner::Foreign(_)) => "borrowed",
        };
        write!(f, "Buffer({} bytes, {how})", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(bytes: &[u8]) -> Buffer {
        let mut owned = AlignedBuf::zeroed(bytes.len()).unwrap();
        owned.copy_from_slice(bytes);
        owned.into()
    }

    #[test]
    fn slices_share_memory_and_ranges_are_cut_at_the_end() {
        let b = buffer(b"0123456789");
        assert_eq!(&*b.slice(3..6), b"345");
        assert_eq!(&*b.slice(3..6).slice(1..), b"45");
        assert_eq!(&*b.slice(8..100), b"89");
        assert_eq!(&*b.slice(20..30), b"");
        assert_eq!(&*b.slice(..=1), b"01");
        assert_eq!(b.slice(4..).as_ptr(), b.as_ptr().wrapping_add(4));
    }

    #[test]
    fn its_length_is_a_number_also_where_read_at_is_in_scope() {
        use crate::ReadAt;
        let b = buffer(b"abc");
        assert_eq!((b.len(), b.is_empty()), (3, false));
        assert_eq!(ReadAt::len(&b).unwrap(), 3);
    }

    #[test]
    fn only_a_sole_owner_may_write() {
        let mut b = buffer(b"abc");
        b.get_mut().unwrap()[0] = b'z';
        let other = b.clone();
        assert!(b.get_mut().is_none());
        drop(other);
        assert_eq!(b.get_mut().unwrap(), b"zbc");
        assert!(Buffer::from(vec![1, 2]).get_mut().is_none());
        assert_eq!(Buffer::empty().get_mut().unwrap(), b"");
    }

    #[test]
    fn a_slice_outlives_the_whole_on_another_thread() {
        let part = buffer(&[7; 1 << 20]).slice(1000..);
        let sum = std::thread::spawn(move || part.iter().map(|&b| u64::from(b)).sum::<u64>());
        assert_eq!(sum.join().unwrap(), 7 * ((1 << 20) - 1000));
    }
}
