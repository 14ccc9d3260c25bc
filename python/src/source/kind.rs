//! What kind of file an object is. Only exact types take a short cut: a subclass may read otherwise.

use std::ffi::OsString;
use std::fs::File;
use std::os::fd::BorrowedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::known::known;

/// How an object with `read` is read.
pub(crate) enum Kind<'py> {
    /// A file of the operating system, at this position of it.
    File { file: File, name: PathBuf, at: u64 },
    /// An `io.BytesIO`: its bytes, and the position in them.
    Memory { bytes: Bound<'py, PyBytes>, at: u64 },
    /// Anything else.
    Other,
}

impl<'py> Kind<'py> {
    pub(crate) fn of(file: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = file.py();
        let known = known(py)?;
        let class = file.get_type();
        if class.is(&known.bytes_io) {
            return Kind::memory(file);
        }
        let buffered = class.is(&known.buffered_reader) || class.is(&known.buffered_random);
        let is_file = if buffered {
            file.getattr("raw")?.get_type().is(&known.file_io)
        } else {
            class.is(&known.file_io)
        };
        if !is_file || !file.call_method0("seekable")?.extract::<bool>()? {
            return Ok(Kind::Other);
        }
        if class.is(&known.buffered_random) {
            file.call_method0("flush")?;
        }
        let at = file.call_method0("tell")?.extract()?;
        let number = file.call_method0("fileno")?.extract()?;
        // SAFETY: the file is open (it has just told its position), and nothing closes it before the
        // next line has its own descriptor.
        let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
        let file_of_ours = File::from(borrowed.try_clone_to_owned()?);
        let name = file.getattr("name")?;
        let name = if let Ok(bytes) = name.cast::<PyBytes>() {
            OsString::from_vec(bytes.as_bytes().to_vec()).into()
        } else if name.is_instance_of::<PyString>() {
            name.extract()?
        } else {
            PathBuf::from(name.str()?.to_cow()?.into_owned())
        };
        Ok(Kind::File {
            file: file_of_ours,
            name,
            at,
        })
    }

    /// A `BytesIO` shares its bytes as a `bytes` object, and copies them only when it is written to
    /// later. Not so while somebody holds its buffer: whether that is so, a write of nothing tells.
    fn memory(file: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = file.py();
        let at = file.call_method0("tell")?.extract()?;
        if file
            .call_method1("write", (PyBytes::new(py, b""),))
            .is_err()
        {
            return Ok(Kind::Other);
        }
        let bytes = file.call_method0("getvalue")?.cast_into()?;
        Ok(Kind::Memory { bytes, at })
    }
}
