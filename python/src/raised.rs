//! Exceptions of user code that the engine called: kept while the engine unwinds its own way, and
//! then raised unchanged.

use std::cell::Cell;
use std::error::Error;
use std::io;

use pyo3::{PyErr, Python};

thread_local! {
    static RAISED: Cell<Option<PyErr>> = const { Cell::new(None) };
}

/// Keeps an exception for [`take`] on this thread, whatever the engine makes of the error that is
/// given; from a thread that helps with a load, the error itself brings it: see [`within`].
pub(crate) fn keep(py: Python<'_>, err: PyErr) -> io::Error {
    RAISED.set(Some(err.clone_ref(py)));
    io::Error::other(err)
}

/// The exception that was kept, if any.
pub(crate) fn take() -> Option<PyErr> {
    RAISED.take()
}

/// The exception that an error goes back to.
pub(crate) fn within(py: Python<'_>, err: &npload::Error) -> Option<PyErr> {
    let mut source = err.source();
    while let Some(err) = source {
        let inner = err.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(raised) = inner.and_then(|inner| inner.downcast_ref::<PyErr>()) {
            return Some(raised.clone_ref(py));
        }
        source = err.source();
    }
    None
}
