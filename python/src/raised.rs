//! Exceptions of user code that the engine called: kept while the engine unwinds its own way, and
//! then raised unchanged.

use std::cell::Cell;
use std::error::Error;
use std::io;

use pyo3::exceptions::{PyException, PyMemoryError, PyRecursionError};
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

/// Whether an exception says nothing of what is loaded: Ctrl-C, no memory left, a stack that is full. Such
/// come through as they are.
pub(crate) fn is_pythons_own(py: Python<'_>, err: &PyErr) -> bool {
    !err.is_instance_of::<PyException>(py)
        || err.is_instance_of::<PyMemoryError>(py)
        || err.is_instance_of::<PyRecursionError>(py)
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
