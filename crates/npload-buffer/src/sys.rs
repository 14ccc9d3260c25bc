//! Large zeroed memory from the operating system. All platform differences of this crate are here.
//!
//! Memory from here goes back to the system when it is released, is zeroed without being touched,
//! and, on Linux, starts at a huge-page boundary with huge pages advised: faulting in 256 MB page
//! by page costs more than copying it.

use std::alloc::Layout;
use std::io;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use crate::ALIGNMENT;

/// From this size, a huge page, memory is mapped. Below it no page can be huge, and the allocator is
/// faster: where it has the memory already, 1 MiB of a file is there in 52 µs, and in fresh pages in
/// 438.
const MAPPED_FROM: usize = 2 << 20;
/// What allocators give without being asked for more.
const GIVEN: usize = 16;

/// A zeroed block of memory that this module handed out and takes back.
#[derive(Debug)]
pub(crate) struct Block {
    ptr: NonNull<u8>,
    len: usize,
    /// How many allocated bytes precede it.
    before: usize,
    mapped: bool,
}

// SAFETY: a Block is plain memory with one owner; nothing in it is tied to a thread.
unsafe impl Send for Block {}
// SAFETY: through `&Block` only the address and the length can be read.
unsafe impl Sync for Block {}

impl Block {
    /// `len` zeroed bytes at a multiple of [`ALIGNMENT`]. `len` must not be 0.
    pub(crate) fn zeroed(len: usize) -> io::Result<Self> {
        if len >= MAPPED_FROM {
            return Block::mapped(len);
        }
        Block::allocated(len)
    }

    /// The same, from the operating system.
    pub(crate) fn mapped(len: usize) -> io::Result<Self> {
        if !os::MAPS {
            return Block::allocated(len);
        }
        Ok(Block {
            ptr: os::map(len)?,
            len,
            before: 0,
            mapped: true,
        })
    }

    fn allocated(len: usize) -> io::Result<Self> {
        let layout = layout(len)?;
        // SAFETY: callers pass len > 0, so the layout's size is not zero.
        let start = unsafe { std::alloc::alloc_zeroed(layout) };
        let start = NonNull::new(start).ok_or_else(out_of_memory)?;
        let before = start.addr().get().wrapping_neg() % ALIGNMENT;
        Ok(Block {
            // SAFETY: `start` is at a multiple of GIVEN, so `before` is at most ALIGNMENT - GIVEN,
            // which `layout` added to the length.
            ptr: unsafe { start.add(before) },
            len,
            before,
            mapped: false,
        })
    }

    pub(crate) fn ptr(&self) -> NonNull<u8> {
        self.ptr
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Makes the block `len` bytes long: what was there stays, what is new is zero.
    pub(crate) fn grow(&mut self, len: usize) -> io::Result<()> {
        if len <= self.len {
            return Ok(());
        }
        if self.mapped {
            self.ptr = os::grow(self.ptr, self.len, len)?;
            self.len = len;
            return Ok(());
        }
        let larger = Block::zeroed(len)?;
        // SAFETY: both blocks are live and distinct, and `larger` has at least `self.len` bytes.
        unsafe {
            std::ptr::copy_nonoverlapping(self.ptr.as_ptr(), larger.ptr.as_ptr(), self.len);
        }
        *self = larger;
        Ok(())
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.mapped {
            os::unmap(self.ptr, self.len);
        } else if let Ok(layout) = layout(self.len) {
            // SAFETY: `zeroed` allocated with this same layout, `before` bytes before `ptr`.
            unsafe { std::alloc::dealloc(self.ptr.sub(self.before).as_ptr(), layout) }
        }
    }
}

/// Asks for huge pages for memory that is about to be filled for the first time, where there are
/// whole ones in it. What the memory holds stays as it is.
pub fn advise_huge_pages<T>(memory: &mut [MaybeUninit<T>]) {
    // Below that, allocators keep memory for later, and it would stay advised.
    const OWN_MAPPING_FROM: usize = 32 << 20;
    let len = size_of_val(memory);
    if len >= OWN_MAPPING_FROM {
        os::advise_huge_within(NonNull::from(memory).cast(), len);
    }
}

/// Room for `len` bytes from a multiple of [`ALIGNMENT`] on. Asked for that alignment, the standard
/// library would zero the memory itself, also where it comes zeroed from the system.
fn layout(len: usize) -> io::Result<Layout> {
    let size = len.checked_add(ALIGNMENT - GIVEN);
    let layout = size.map(|size| Layout::from_size_align(size, GIVEN));
    layout.and_then(Result::ok).ok_or_else(out_of_memory)
}

fn out_of_memory() -> io::Error {
    io::ErrorKind::OutOfMemory.into()
}

#[cfg(target_os = "linux")]
mod os {
    use std::io;
    use std::ptr::{NonNull, null_mut};

    use rustix::mm::{Advice, MapFlags, MremapFlags, ProtFlags};

    pub(super) const MAPS: bool = true;
    const HUGE_PAGE: usize = 2 << 20;

    /// Fresh zeroed pages, at a huge-page boundary where the kernel allows it.
    pub(super) fn map(len: usize) -> io::Result<NonNull<u8>> {
        let mut ptr = anonymous(null_mut(), len)?;
        if len < HUGE_PAGE {
            return Ok(ptr);
        }
        let past = ptr.as_ptr().addr() % HUGE_PAGE;
        if past != 0 {
            // Asking again for the boundary below reserves nothing more, as over-allocating and
            // trimming would. The address is a hint: without MAP_FIXED it can never replace a mapping.
            unmap(ptr, len);
            ptr = anonymous(ptr.as_ptr().wrapping_sub(past).cast(), len)?;
        }
        advise_huge(ptr, len);
        Ok(ptr)
    }

    fn anonymous(hint: *mut std::ffi::c_void, len: usize) -> io::Result<NonNull<u8>> {
        let (prot, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: an anonymous private mapping without MAP_FIXED only adds new memory.
        let ptr = unsafe { rustix::mm::mmap_anonymous(hint, len, prot, flags)? };
        NonNull::new(ptr.cast()).ok_or_else(super::out_of_memory)
    }

    /// Asks for the huge pages that lie whole in the `len` bytes at `ptr`, which the caller owns.
    pub(super) fn advise_huge_within(ptr: NonNull<u8>, len: usize) {
        let before = ptr.addr().get().wrapping_neg() % HUGE_PAGE;
        let len = {
            let rest = len.saturating_sub(before);
            rest.saturating_sub(rest % HUGE_PAGE)
        };
        if len > 0 {
            // SAFETY: `before` is less than the length, or none would be left.
            advise_huge(unsafe { ptr.add(before) }, len);
        }
    }

    fn advise_huge(ptr: NonNull<u8>, len: usize) {
        // A kernel without huge pages refuses the advice; the memory is as good.
        // SAFETY: the range is whole pages that the caller owns, and the advice does not change
        // their contents.
        let _ = unsafe { rustix::mm::madvise(ptr.as_ptr().cast(), len, Advice::LinuxHugepage) };
    }

    pub(super) fn grow(ptr: NonNull<u8>, old: usize, new: usize) -> io::Result<NonNull<u8>> {
        // SAFETY: `ptr` and `old` are a mapping made by `map`, which the caller owns alone and
        // replaces by the result; no reference into it is live, since growing takes `&mut`.
        let ptr =
            unsafe { rustix::mm::mremap(ptr.as_ptr().cast(), old, new, MremapFlags::MAYMOVE)? };
        let ptr = NonNull::new(ptr.cast()).ok_or_else(super::out_of_memory)?;
        if new >= HUGE_PAGE {
            advise_huge(ptr, new);
        }
        Ok(ptr)
    }

    pub(super) fn unmap(ptr: NonNull<u8>, len: usize) {
        // SAFETY: `ptr` and `len` are a mapping made by `map`, owned by the caller and not used again.
        let released = unsafe { rustix::mm::munmap(ptr.as_ptr().cast(), len) };
        debug_assert!(released.is_ok(), "unmapping memory of our own cannot fail");
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    //! Elsewhere the allocator serves every size.
    use std::io;
    use std::ptr::NonNull;

    pub(super) const MAPS: bool = false;

    pub(super) fn map(_: usize) -> io::Result<NonNull<u8>> {
        Err(super::out_of_memory())
    }

    pub(super) fn grow(_: NonNull<u8>, _: usize, _: usize) -> io::Result<NonNull<u8>> {
        Err(super::out_of_memory())
    }

    pub(super) fn unmap(_: NonNull<u8>, _: usize) {}

    pub(super) fn advise_huge_within(_: NonNull<u8>, _: usize) {}
}
