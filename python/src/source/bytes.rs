//! Python's memory as the engine's bytes.

use npload::Buffer;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMemoryView};

/// A `bytes` object, whose bytes never change: read without the GIL, and without a copy.
struct Borrowed {
    /// Keeps the memory.
    _object: Py<PyBytes>,
    data: *const u8,
    len: usize,
}

// SAFETY: the object's bytes never change and stay in place while a reference to it is held; `Py` may
// be dropped on any thread.
unsafe impl Send for Borrowed {}
// SAFETY: as above; only reads are possible.
unsafe impl Sync for Borrowed {}

impl AsRef<[u8]> for Borrowed {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: the object has `len` bytes there, for as long as `_object` holds it.
        unsafe { std::slice::from_raw_parts(self.data, self.len) }
    }
}

/// The bytes of a `bytes` object, without a copy.
pub(crate) fn borrowed(object: &Bound<'_, PyBytes>) -> Buffer {
    let bytes = object.as_bytes();
    let owner = Borrowed {
        data: bytes.as_ptr(),
        len: bytes.len(),
        _object: object.clone().unbind(),
    };
    // SAFETY: the bytes stay where they are, wherever `owner` is moved.
    unsafe { Buffer::from_owner(owner) }
}

/// The bytes of anything with the buffer protocol, whatever its elements are. What may be written
/// meanwhile is copied, once.
pub(crate) fn buffer_of(object: &Bound<'_, PyAny>) -> PyResult<Buffer> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(borrowed(bytes));
    }
    let copy = PyMemoryView::from(object)?.call_method0("tobytes")?;
    Ok(borrowed(copy.cast::<PyBytes>()?))
}
