//! Python's readers as bytes that can be read at any position: by seeking.

use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use npload::ReadAt;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;

use super::Reader;
use crate::raised;

/// An object with `seek` and `read` that others may use as well: each read seeks first.
///
/// It does not keep the object: who has what is read from it does, and shows it to the collector of
/// cycles.
///
/// Archives in such objects are read by one thread, the caller's: [`raised`] is per thread, and
/// Python's readers are not made for many.
pub(crate) struct Seekable {
    file: Weak<Py<PyAny>>,
    len: u64,
    /// One seek and its read at a time. Taken without the GIL, so that who holds it can go on.
    turn: Mutex<()>,
}

impl Seekable {
    /// The object, if it can seek.
    pub(crate) fn new(py: Python<'_>, kept: &Arc<Py<PyAny>>) -> PyResult<Option<Self>> {
        let file = kept.bind(py);
        let seekable = file.getattr_opt("seekable")?;
        if let Some(seekable) = seekable
            && !seekable.call0()?.is_truthy()?
        {
            return Ok(None);
        }
        let len = file.call_method1("seek", (0, libc::SEEK_END))?;
        // Only what derives from `io.IOBase` promises to return the position.
        let len = match len.extract() {
            Ok(len) => len,
            Err(_) => file.call_method0("tell")?.extract()?,
        };
        Ok(Some(Seekable {
            file: Arc::downgrade(kept),
            len,
            turn: Mutex::new(()),
        }))
    }
}

impl ReadAt for Seekable {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        Python::attach(|py| {
            let Some(kept) = self.file.upgrade() else {
                return Err(io::Error::other("the file object is gone"));
            };
            let turn = self
                .turn
                .lock_py_attached(py)
                .unwrap_or_else(PoisonError::into_inner);
            let file = kept.bind(py);
            let read = file
                .call_method1("seek", (offset,))
                .and_then(|_| Reader::new(file));
            let mut reader = read.map_err(|err| {
                raised::keep(err);
                io::Error::other("the reader raised an exception")
            })?;
            let read = io::Read::read_exact(&mut reader, buf);
            drop(turn);
            read
        })
    }
}
