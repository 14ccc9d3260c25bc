//! Python's readers as a stream: exactly what is asked for is read, and nothing further.

use std::io::{self, Read};

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PySlice, PyString, PyType};

use crate::raised;

/// What is read at once: bytes pass through memory of Python's, since a reader may keep what it is
/// given, and are copied on while they are in the cache.
const PIECE: usize = 256 << 10;

/// An object with `readinto` or `read`.
pub(crate) struct Reader<'a, 'py> {
    file: &'a Bound<'py, PyAny>,
    how: How<'py>,
    /// How many bytes it has given.
    given: u64,
}

enum How<'py> {
    /// The object's `readinto`, and what it reads into.
    Into(Bound<'py, PyAny>, Option<Bound<'py, PyByteArray>>),
    /// The object's `read`.
    Read(Bound<'py, PyAny>),
}

impl<'a, 'py> Reader<'a, 'py> {
    pub(crate) fn new(file: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        let how = match trusts_readinto(file)? {
            true => How::Into(file.getattr("readinto")?, None),
            false => How::Read(file.getattr("read")?),
        };
        Ok(Reader {
            file,
            how,
            given: 0,
        })
    }

    /// Leaves the file where it was, if it can seek: what it holds is for others.
    pub(crate) fn go_back(&self) {
        let given = i64::try_from(self.given).unwrap_or(0);
        let back = (given.saturating_neg(), libc::SEEK_CUR);
        // One that cannot seek stays where it is.
        let _ = self.file.call_method1("seek", back);
    }

    fn fill(&mut self, out: &mut [u8]) -> PyResult<usize> {
        let py = self.file.py();
        let len = out.len().min(PIECE);
        let out = out.get_mut(..len).unwrap_or_default();
        match &mut self.how {
            How::Into(readinto, memory) => {
                let memory = match memory {
                    Some(memory) if memory.len() >= len => memory.clone(),
                    _ => memory
                        .insert(PyByteArray::new_with(py, len, |_| Ok(()))?)
                        .clone(),
                };
                let view = PyMemoryView::from(&memory)?;
                let part = view.get_item(PySlice::new(py, 0, len.cast_signed(), 1))?;
                let read = readinto.call1((&part,));
                // A reader that kept a part of it is its own affair: the memory is Python's.
                drop((part, view));
                let read = read?;
                let Some(got) = read.extract::<Option<usize>>()? else {
                    return Err(would_block());
                };
                copy(&memory, got, out)
            }
            How::Read(read) => {
                let read = read.call1((len,))?;
                if read.is_none() {
                    return Err(would_block());
                }
                if read.is_instance_of::<PyString>() {
                    return Err(text_file(py));
                }
                let bytes = match read.cast::<PyBytes>() {
                    Ok(bytes) => bytes.as_bytes(),
                    Err(_) => return copy_of_other(&read, out),
                };
                put(bytes, out)
            }
        }
    }
}

impl Read for Reader<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let py = self.file.py();
        let read = self.fill(out).map_err(|err| raised::keep(py, err))?;
        self.given = self.given.saturating_add(read as u64);
        Ok(read)
    }
}

/// Whether `readinto` gives the same bytes as `read`: not so where a subclass has a `read` of its own
/// and inherits `readinto`.
fn trusts_readinto(file: &Bound<'_, PyAny>) -> PyResult<bool> {
    for class in file.get_type().mro() {
        let members = class.cast_into::<PyType>()?.getattr("__dict__")?;
        if members.contains("readinto")? {
            return Ok(true);
        }
        if members.contains("read")? {
            return Ok(false);
        }
    }
    Ok(false)
}

fn copy(memory: &Bound<'_, PyByteArray>, got: usize, out: &mut [u8]) -> PyResult<usize> {
    // SAFETY: the GIL is held and no Python code runs while the slice is in use.
    let bytes = unsafe { memory.as_bytes() };
    let bytes = bytes
        .get(..got.min(out.len()))
        .filter(|read| read.len() == got);
    put(bytes.ok_or_else(|| too_much(got, out.len()))?, out)
}

fn copy_of_other(read: &Bound<'_, PyAny>, out: &mut [u8]) -> PyResult<usize> {
    let bytes: Vec<u8> = super::buffer_of(read)?.to_vec();
    put(&bytes, out)
}

fn put(bytes: &[u8], out: &mut [u8]) -> PyResult<usize> {
    let wanted = out.len();
    let Some(out) = out.get_mut(..bytes.len()) else {
        return Err(too_much(bytes.len(), wanted));
    };
    out.copy_from_slice(bytes);
    Ok(bytes.len())
}

#[cold]
fn too_much(got: usize, wanted: usize) -> PyErr {
    let text = format!("the reader gave {got} bytes where {wanted} were asked for");
    pyo3::exceptions::PyOSError::new_err(text)
}

#[cold]
fn would_block() -> PyErr {
    pyo3::exceptions::PyBlockingIOError::new_err(
        "the reader has no bytes yet (it returned None): npload needs one that waits for them",
    )
}

#[cold]
fn text_file(py: Python<'_>) -> PyErr {
    let text = "npload reads bytes, and this file gives text: open it in binary mode ('rb')";
    let class = py
        .import("io")
        .and_then(|io| io.getattr("UnsupportedOperation"));
    match class.and_then(|class| class.call1((text,))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(raised) => raised,
    }
}
