//! Pages for Python's small objects, asked for an arena at a time while a large pickle is read.
//!
//! Python has memory for them from the system in arenas of 1 MiB, of which each page is a fault of its
//! own when its first object is made: of a pickle of small dicts a sixth of the time. Python lets others
//! step in (`PyObject_SetArenaAllocator`, in its documentation under "The pymalloc allocator"). Arenas
//! come from Python's own allocator still, and go back to it.

use std::ffi::{CStr, c_void};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::sync::OnceLock;

use pyo3::prelude::*;

/// Pickles of fewer bytes than this make few arenas.
const LARGE: usize = 256 << 10;

/// Python's `PyObjectArenaAllocator`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Allocator {
    context: *mut c_void,
    allocate: unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void,
    free: unsafe extern "C" fn(*mut c_void, *mut c_void, usize),
}

impl PartialEq for Allocator {
    fn eq(&self, other: &Self) -> bool {
        self.context == other.context
            && std::ptr::fn_addr_eq(self.allocate, other.allocate)
            && std::ptr::fn_addr_eq(self.free, other.free)
    }
}

// SAFETY: Python's functions take it for all threads.
unsafe impl Send for Allocator {}
// SAFETY: as above.
unsafe impl Sync for Allocator {}

/// Python's functions, which are not part of its stable interface, and the allocator that they had first.
struct Arenas {
    get: unsafe extern "C" fn(*mut Allocator),
    set: unsafe extern "C" fn(*mut Allocator),
    first: Allocator,
}

static ARENAS: OnceLock<Option<Arenas>> = OnceLock::new();

impl Arenas {
    /// Those of this Python, if it has any.
    fn find(_: Python<'_>) -> Option<Self> {
        let get = symbol(c"PyObject_GetArenaAllocator")?;
        let set = symbol(c"PyObject_SetArenaAllocator")?;
        // SAFETY: CPython has had these functions, of these types, under these names since 3.4.
        let (get, set) = unsafe {
            (
                std::mem::transmute::<NonNull<c_void>, unsafe extern "C" fn(*mut Allocator)>(get),
                std::mem::transmute::<NonNull<c_void>, unsafe extern "C" fn(*mut Allocator)>(set),
            )
        };
        let first = current(get);
        Some(Arenas { get, set, first })
    }

    /// Puts an allocator in the place of another. Where there is a third, it stays. Callers hold the GIL.
    fn replace(&self, old: Allocator, mut new: Allocator) -> bool {
        let is_there = current(self.get) == old;
        if is_there {
            // SAFETY: the function copies an allocator whose functions stay forever.
            unsafe { (self.set)(&raw mut new) };
        }
        is_there
    }
}

fn current(get: unsafe extern "C" fn(*mut Allocator)) -> Allocator {
    let mut allocator = MaybeUninit::uninit();
    // SAFETY: the function fills it in.
    unsafe {
        get(allocator.as_mut_ptr());
        allocator.assume_init()
    }
}

/// A function that this process has.
fn symbol(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: a name, and the handle of all that is loaded.
    NonNull::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) })
}

/// Python's own arena, its pages there.
unsafe extern "C" fn allocate(_: *mut c_void, size: usize) -> *mut c_void {
    let Some(Some(arenas)) = ARENAS.get() else {
        return std::ptr::null_mut();
    };
    // SAFETY: Python asks for it, and its own allocator gives it.
    let arena = unsafe { (arenas.first.allocate)(arenas.first.context, size) };
    populate(arena, size);
    arena
}

/// # Safety
/// Python gives back an arena that [`allocate`] gave.
unsafe extern "C" fn free(_: *mut c_void, arena: *mut c_void, size: usize) {
    if let Some(Some(arenas)) = ARENAS.get() {
        // SAFETY: the allocator gave it.
        unsafe { (arenas.first.free)(arenas.first.context, arena, size) };
    }
}

/// Asks the system for the pages. Where it has them not, or is too old, they come as they are touched.
#[cfg(target_os = "linux")]
fn populate(arena: *mut c_void, size: usize) {
    if !arena.is_null() {
        // SAFETY: the arena is memory of that size; nothing in it is changed.
        unsafe { libc::madvise(arena, size, libc::MADV_POPULATE_WRITE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn populate(_: *mut c_void, _: usize) {}

/// The one whose arenas have their pages.
const POPULATING: Allocator = Allocator {
    context: std::ptr::null_mut(),
    allocate,
    free,
};

/// Until it is dropped, arenas come with their pages.
pub(super) struct Pages {
    arenas: Option<&'static Arenas>,
}

impl Pages {
    /// For a pickle of so many bytes. Where another allocator than Python's own is in place, it stays.
    pub(super) fn ahead(py: Python<'_>, bytes: usize) -> Self {
        if bytes < LARGE {
            return Pages { arenas: None };
        }
        let arenas = ARENAS.get_or_init(|| Arenas::find(py)).as_ref();
        Pages {
            arenas: arenas.filter(|arenas| arenas.replace(arenas.first, POPULATING)),
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        if let Some(arenas) = self.arenas {
            arenas.replace(POPULATING, arenas.first);
        }
    }
}
