//! Bytes of the input: as Python's own, or copied once to where an array has them.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use super::build::PythonBuilder;
use super::special::{Range, Special};
use super::value::{self, Value};

/// From this size on a read lets go of the GIL.
const LONG: usize = 1 << 20;

impl PythonBuilder<'_, '_> {
    /// Bytes or a bytearray of the input.
    pub(super) fn python_bytes(&self, range: Range, mutable: bool) -> PyResult<Value> {
        let Range { at, len, is_here } = range;
        let py = self.py;
        let fill = |to: &mut [u8]| self.read(at, to);
        match (is_here, mutable) {
            (true, true) => value::bytearray(py, self.input.get(at, len)),
            (true, false) => value::bytes(py, self.input.get(at, len)),
            (false, true) => Ok(Value::of(PyByteArray::new_with(py, len, fill)?.into_any())),
            (false, false) => Ok(Value::of(PyBytes::new_with(py, len, fill)?.into_any())),
        }
    }

    /// Reads bytes that were left in the file; other threads run meanwhile if they are many.
    fn read(&self, at: usize, to: &mut [u8]) -> PyResult<()> {
        let input = self.input;
        let done = match to.len() < LONG {
            true => input.read(at, to),
            false => self.py.detach(|| input.read(at, to)),
        };
        Ok(done?)
    }

    /// How many bytes a value is that the machine has seen as such.
    pub(super) fn len_of(&self, bytes: &Value) -> PyResult<usize> {
        match self.specials.get(bytes) {
            Some(Special::Bytes { range, .. }) => Ok(range.len),
            Some(_) => Err(no_bytes()),
            None => value::as_bytes(bytes).map(<[u8]>::len).ok_or_else(no_bytes),
        }
    }

    /// Where they end in the input, if they are of it.
    pub(super) fn end_of(&self, bytes: &Value) -> usize {
        match self.specials.get(bytes) {
            Some(Special::Bytes { range, .. }) => range.at.saturating_add(range.len),
            _ => 0,
        }
    }

    /// Copies such bytes to memory of their length.
    pub(super) fn copy(&self, bytes: &Value, to: &mut [u8]) -> PyResult<()> {
        let found = match self.specials.get(bytes) {
            Some(&Special::Bytes { range, .. }) if !range.is_here => {
                return self.read(range.at, to);
            }
            Some(&Special::Bytes { range, .. }) => Some(self.input.get(range.at, range.len)),
            Some(_) => None,
            None => value::as_bytes(bytes),
        };
        match found.filter(|found| found.len() == to.len()) {
            Some(found) => {
                to.copy_from_slice(found);
                Ok(())
            }
            None => Err(no_bytes()),
        }
    }
}

#[cold]
fn no_bytes() -> PyErr {
    PyTypeError::new_err("npload took for bytes what is none")
}
