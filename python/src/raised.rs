//! Exceptions of user code that the engine called: kept while the engine unwinds its own way, and
//! then raised unchanged.

use std::cell::Cell;

use pyo3::PyErr;

thread_local! {
    static RAISED: Cell<Option<PyErr>> = const { Cell::new(None) };
}

/// Keeps an exception for [`take`] on this thread; the engine calls user code on the thread that
/// called it.
pub(crate) fn keep(err: PyErr) {
    RAISED.set(Some(err));
}

/// The exception that was kept, if any.
pub(crate) fn take() -> Option<PyErr> {
    RAISED.take()
}
