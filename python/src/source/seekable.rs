//! Python's readers as bytes that can be read at any position: by seeking.

use std::io;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, ThreadId};

use npload::ReadAt;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;

use super::Reader;
use crate::raised;

/// An object with `seek` and `read` that others may use as well: each read seeks first.
///
/// It does not keep the object: who has what is read from it does, and shows it to the collector of
/// cycles.
pub(crate) struct Seekable {
    file: Weak<Py<PyAny>>,
    len: u64,
    /// Locked for a moment, with the GIL held: a fork finds it free.
    turns: Mutex<Turns>,
}

/// Whose turn it is in one process: a forked child has no thread that could end its parent's.
struct Turns {
    process: u32,
    turn: Arc<Turn>,
}

/// One seek and its read at a time.
#[derive(Default)]
struct Turn {
    /// Waited for without the GIL, so that who holds it can go on.
    free: Mutex<()>,
    /// Who holds it. Locked as [`Seekable::turns`] is.
    owner: Mutex<Option<ThreadId>>,
}

impl Turns {
    fn new() -> Self {
        Turns {
            process: process::id(),
            turn: Arc::default(),
        }
    }
}

impl Turn {
    /// Does it in its turn.
    ///
    /// # Errors
    /// What this thread does in its turn waits for the next: that would be forever.
    fn take<T>(&self, py: Python<'_>, work: impl FnOnce() -> T) -> PyResult<T> {
        let us = thread::current().id();
        if *held(&self.owner) == Some(us) {
            return Err(PyRuntimeError::new_err(
                "reentrant use of the file object: it is being read by this thread",
            ));
        }
        let free = self.free.lock_py_attached(py);
        let _free = free.unwrap_or_else(PoisonError::into_inner);
        *held(&self.owner) = Some(us);
        let _over = Over(&self.owner);
        Ok(work())
    }
}

/// What a file says of whether it can seek, if it says anything.
pub(crate) fn says_it_seeks(file: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
    let seekable = file.getattr_opt("seekable")?;
    seekable
        .map(|seekable| seekable.call0()?.is_truthy())
        .transpose()
}

/// Ends a turn, also when it panics.
struct Over<'a>(&'a Mutex<Option<ThreadId>>);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        *held(self.0) = None;
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seekable {
    /// The object, if it can seek.
    pub(crate) fn new(py: Python<'_>, kept: &Arc<Py<PyAny>>) -> PyResult<Option<Self>> {
        let file = kept.bind(py);
        if says_it_seeks(file)? == Some(false) {
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
            turns: Mutex::new(Turns::new()),
        }))
    }
}

impl Seekable {
    /// This process's turn.
    fn turn(&self) -> Arc<Turn> {
        let mut turns = held(&self.turns);
        if turns.process != process::id() {
            *turns = Turns::new();
        }
        turns.turn.clone()
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
            let read = self.turn().take(py, || {
                let file = kept.bind(py);
                file.call_method1("seek", (offset,))?;
                let mut reader = Reader::new(file)?;
                Ok(io::Read::read_exact(&mut reader, buf))
            });
            let read = read.and_then(|read| read);
            read.unwrap_or_else(|err| Err(raised::keep(py, err)))
        })
    }
}
