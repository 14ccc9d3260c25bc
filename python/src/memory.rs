//! The owner of memory that arrays lie in.

use npload::Buffer;
use pyo3::prelude::*;

/// npload's memory under an array: what the array's `base` is. It goes back when the last such
/// array does.
#[pyclass(frozen, weakref, module = "npload")]
pub(crate) struct Memory {
    buffer: Buffer,
}

impl Memory {
    pub(crate) fn new(buffer: Buffer) -> Self {
        Memory { buffer }
    }
}

#[pymethods]
impl Memory {
    fn __repr__(&self) -> String {
        format!("<npload memory of {} bytes>", self.buffer.len())
    }
}
