//! Memory from the operating system and from the allocator. All platform differences of this crate
//! are here.
//!
//! Memory from the system goes back to it when it is released, is zeroed without being touched,
//! and, on Linux, starts at a huge-page boundary with huge pages advised: faulting in 256 MB page
//! by page costs more than copying it.

use std::alloc::Layout;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use crate::ALIGNMENT;

/// From this size, memory is mapped, and goes back to the system as soon as it is released. Below, the
/// allocator decides: it has memory left from before, and 1 MiB of a file is read into that six times
/// as fast as into fresh pages.
const MAPPED_FROM: usize = 2 << 20;
/// The same for memory that need not be zero: glibc's allocator maps what is this large itself. What it
/// has left from before is read into two to four times as fast as fresh pages, also huge ones.
const UNSET_MAPPED_FROM: usize = 32 << 20;
/// From this size on, huge pages are asked for within the allocator's memory, as NumPy does.
const HUGE_FROM: usize = 4 << 20;
/// What allocators give without being asked for more.
const GIVEN: usize = 16;

/// A block of memory that this module handed out and takes back. It is zeroed, but for [`Block::unset`].
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
        Block::allocated(len, std::alloc::alloc_zeroed)
    }

    /// `len` bytes at a multiple of [`ALIGNMENT`], which may hold anything and are yet to be set. `len`
    /// must not be 0.
    pub(crate) fn unset(len: usize) -> io::Result<Self> {
        if os::MAPS && len >= UNSET_MAPPED_FROM {
            return Block::mapped(len);
        }
        let block = Block::allocated(len, std::alloc::alloc)?;
        if len >= HUGE_FROM {
            os::advise_huge_within(block.ptr, len);
        }
        Ok(block)
    }

    /// Its bytes, which may not be set.
    pub(crate) fn unset_bytes(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: the block is `len` bytes that live as long as `self`, which is borrowed for writing;
        // a MaybeUninit may hold anything.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.as_ptr().cast(), self.len) }
    }

    /// Zeroed bytes from the operating system, page by page as it is touched.
    pub(crate) fn mapped(len: usize) -> io::Result<Self> {
        if !os::MAPS {
            return Block::allocated(len, std::alloc::alloc_zeroed);
        }
        match os::map(len) {
            Ok(ptr) => Ok(Block {
                ptr,
                len,
                before: 0,
                mapped: true,
            }),
            // A process may have so many mappings and no more. Neighbours become one, so that
            // only a very odd pattern of releases reaches that.
            Err(_) if len < MAPPED_FROM => Block::allocated(len, std::alloc::alloc_zeroed),
            Err(err) => Err(err),
        }
    }

    /// By one of the allocator's functions.
    fn allocated(len: usize, allocate: unsafe fn(Layout) -> *mut u8) -> io::Result<Self> {
        let layout = layout(len)?;
        // SAFETY: callers pass len > 0, so the layout's size is not zero.
        let start = unsafe { allocate(layout) };
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
        // SAFETY: both blocks are live and distinct, and `larger` has at least `self.len` bytes. Who
        // grows a block has set all of it.
        unsafe {
            std::ptr::copy_nonoverlapping(self.ptr.as_ptr(), larger.ptr.as_ptr(), self.len);
        }
        *self = larger;
        Ok(())
    }
}

impl Block {
    /// Gives back what lies beyond the first `len` bytes, which must not be 0, where that is possible.
    pub(crate) fn shrink(&mut self, len: usize) {
        if !self.mapped || len == 0 || len >= self.len {
            return;
        }
        if let Ok(kept) = os::shrink(self.ptr, self.len, len) {
            self.len = kept;
        }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if self.mapped {
            os::unmap(self.ptr, self.len);
        } else if let Ok(layout) = layout(self.len) {
            // SAFETY: `allocated` allocated with this same layout, `before` bytes before `ptr`.
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

/// Where some memory is, for [`Pages::populate`].
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    start: usize,
    len: usize,
}

impl Pages {
    /// Those that `memory` lies in.
    #[must_use]
    pub fn of(memory: &[u8]) -> Self {
        Pages {
            start: memory.as_ptr().addr(),
            len: memory.len(),
        }
    }

    /// Asks the system for all of them, which else come one by one as they are first touched, and take
    /// the time of who touches them. What the memory holds stays as it is, and others may use it meanwhile.
    /// Where the system cannot do that, nothing happens.
    pub fn populate(self) {
        os::populate(self.start, self.len);
    }
}

/// Whether a read of the byte at `offset` would have to wait for the disk. Where the system does not
/// tell, it is taken to be in memory.
#[must_use]
pub fn is_cold(file: &File, offset: u64) -> bool {
    os::is_cold(file, offset)
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
    use std::fs::File;
    use std::io::{self, IoSliceMut};
    use std::ptr::{NonNull, null_mut};

    use rustix::io::{Errno, ReadWriteFlags};
    use rustix::mm::{Advice, MapFlags, MremapFlags, ProtFlags};

    pub(super) const MAPS: bool = true;
    const HUGE_PAGE: usize = 2 << 20;

    /// Fresh zeroed pages, at a huge-page boundary where the kernel allows it and there can be one.
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
            let below = ptr.as_ptr().wrapping_sub(past).cast();
            ptr = anonymous(below, len)?;
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

    pub(super) fn populate(start: usize, len: usize) {
        let Ok(page) = page_size() else { return };
        let before = start.checked_rem(page).unwrap_or(0);
        let Some(len) = len.saturating_add(before).checked_next_multiple_of(page) else {
            return;
        };
        let start = std::ptr::without_provenance_mut(start.saturating_sub(before));
        // SAFETY: nothing is read or written through the pointer. The system makes the pages of the range
        // present and changes no contents, whoever owns them; where there is no memory it fails.
        let _ = unsafe { rustix::mm::madvise(start, len, Advice::LinuxPopulateWrite) };
    }

    fn page_size() -> io::Result<usize> {
        // SAFETY: it only asks for a number.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(page).map_err(|_| super::out_of_memory())
    }

    fn advise_huge(ptr: NonNull<u8>, len: usize) {
        // A kernel without huge pages refuses the advice; the memory is as good.
        // SAFETY: the range is whole pages that the caller owns, and the advice does not change
        // their contents.
        let _ = unsafe { rustix::mm::madvise(ptr.as_ptr().cast(), len, Advice::LinuxHugepage) };
    }

    pub(super) fn is_cold(file: &File, offset: u64) -> bool {
        let mut byte = [0];
        let slices = &mut [IoSliceMut::new(&mut byte)];
        let read = rustix::io::preadv2(file, slices, offset, ReadWriteFlags::NOWAIT);
        matches!(read, Err(Errno::AGAIN))
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

    /// Keeps whole pages, so that what grows again is zero; returns how much that is.
    pub(super) fn shrink(ptr: NonNull<u8>, old: usize, new: usize) -> io::Result<usize> {
        let page = page_size()?;
        let new = new.checked_next_multiple_of(page).unwrap_or(old);
        if new >= old {
            return Ok(old);
        }
        // SAFETY: as in `grow`; without MAYMOVE the mapping stays where it is, and only pages past
        // the new length are released.
        unsafe { rustix::mm::mremap(ptr.as_ptr().cast(), old, new, MremapFlags::empty())? };
        Ok(new)
    }

    pub(super) fn unmap(ptr: NonNull<u8>, len: usize) {
        // SAFETY: `ptr` and `len` are a mapping made by `map`, owned by the caller and not used again.
        if unsafe { rustix::mm::munmap(ptr.as_ptr().cast(), len) }.is_err() {
            // Between two neighbours a hole makes one mapping more, which may be one too many. The
            // pages go back all the same.
            // SAFETY: as above; nobody reads this memory again.
            let _ = unsafe { rustix::mm::madvise(ptr.as_ptr().cast(), len, Advice::LinuxDontNeed) };
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    //! Elsewhere the allocator serves every size.
    use std::fs::File;
    use std::io;
    use std::ptr::NonNull;

    pub(super) const MAPS: bool = false;

    pub(super) fn map(_: usize) -> io::Result<NonNull<u8>> {
        Err(super::out_of_memory())
    }

    pub(super) fn grow(_: NonNull<u8>, _: usize, _: usize) -> io::Result<NonNull<u8>> {
        Err(super::out_of_memory())
    }

    pub(super) fn shrink(_: NonNull<u8>, _: usize, _: usize) -> io::Result<usize> {
        Err(super::out_of_memory())
    }

    pub(super) fn unmap(_: NonNull<u8>, _: usize) {}

    pub(super) fn is_cold(_: &File, _: u64) -> bool {
        false
    }

    pub(super) fn advise_huge_within(_: NonNull<u8>, _: usize) {}

    pub(super) fn populate(_: usize, _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AlignedBuf;
    use std::io::Write;

    #[test]
    fn asking_for_pages_changes_nothing_in_them() {
        let mut block = AlignedBuf::mapped((4 << 20) + 5).unwrap();
        block[7] = 1;
        Pages::of(&block).populate();
        Pages::of(&block[5000..5001]).populate();
        Pages::of(&[]).populate();
        assert!(
            block
                .iter()
                .enumerate()
                .all(|(i, &b)| b == u8::from(i == 7))
        );
    }

    #[test]
    fn what_was_just_written_is_not_on_the_disk_alone() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[1; 5000]).unwrap();
        for offset in [0, 4999, 5000, u64::MAX] {
            assert!(!is_cold(&file, offset), "{offset}");
        }
    }
}
