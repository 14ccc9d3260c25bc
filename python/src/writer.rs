//! Python's writers as a stream that the engine writes to.

use std::io::{self, Seek, SeekFrom, Write};

use pyo3::exceptions::{PyOSError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt, PyString};

use crate::raised;
use crate::source::says_it_seeks;

/// An object with `write`. It is used without the GIL, which each call takes.
pub(crate) struct Writer {
    file: Py<PyAny>,
}

impl Writer {
    /// The object, if it is one and no path.
    pub(crate) fn of(file: &Bound<'_, PyAny>) -> PyResult<Option<Self>> {
        if file.is_exact_instance_of::<PyString>() || !file.hasattr("write")? {
            return Ok(None);
        }
        refuse_text(file)?;
        Ok(Some(Writer {
            file: file.clone().unbind(),
        }))
    }

    /// Whether what was written can be written over: it seeks, and does not append whatever is written.
    pub(crate) fn can_seek(&self, py: Python<'_>) -> bool {
        let file = self.file.bind(py);
        let seeks = matches!(says_it_seeks(file), Ok(Some(true)));
        let appends = file.getattr("mode").is_ok_and(|mode| {
            let mode = mode
                .cast::<PyString>()
                .ok()
                .and_then(|mode| mode.to_str().ok());
            mode.is_some_and(|mode| mode.contains('a'))
        });
        seeks && !appends && file.call_method0("tell").is_ok()
    }

    fn write_once(&self, py: Python<'_>, bytes: &[u8]) -> PyResult<usize> {
        let file = self.file.bind(py);
        let written = file.call_method1("write", (PyBytes::new(py, bytes),))?;
        if written.is_none() {
            // A raw file that is not ready says so; what else has nothing to say has taken all.
            let raw = py.import("io")?.getattr("RawIOBase")?;
            return match file.is_instance(&raw)? {
                true => Err(would_block()),
                false => Ok(bytes.len()),
            };
        }
        // Anything but a number says nothing, as to NumPy.
        let Ok(count) = written.cast::<PyInt>() else {
            return Ok(bytes.len());
        };
        match count.extract::<usize>() {
            Ok(count) if count <= bytes.len() => Ok(count),
            _ => {
                let text = format!("write() returned {count} of {} bytes", bytes.len());
                Err(PyOSError::new_err(text))
            }
        }
    }

    fn call<T>(&self, work: impl FnOnce(Python<'_>) -> PyResult<T>) -> io::Result<T> {
        Python::attach(|py| work(py).map_err(|err| raised::keep(py, err)))
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call(|py| self.write_once(py, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Writer {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.call(|py| {
            let arguments = match to {
                SeekFrom::Start(at) => (at.into_pyobject(py)?, libc::SEEK_SET),
                SeekFrom::Current(by) => (by.into_pyobject(py)?, libc::SEEK_CUR),
                SeekFrom::End(by) => (by.into_pyobject(py)?, libc::SEEK_END),
            };
            let file = self.file.bind(py);
            file.call_method1("seek", arguments)?;
            file.call_method0("tell")?.extract()
        })
    }
}

#[cold]
fn would_block() -> PyErr {
    pyo3::exceptions::PyBlockingIOError::new_err(
        "the file takes no bytes now (write returned None): npload needs one that waits until it does",
    )
}

/// The error for a file that takes text.
fn refuse_text(file: &Bound<'_, PyAny>) -> PyResult<()> {
    let text_class = file.py().import("io")?.getattr("TextIOBase")?;
    match file.is_instance(&text_class)? {
        false => Ok(()),
        true => Err(PyTypeError::new_err(
            "npload writes bytes, and this file takes text: open it in binary mode ('wb')",
        )),
    }
}
