//! Panics end here: a bug is an exception that asks for a report.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::{raised, warn};

/// Runs what Python called. What engine calls left on this thread is cleared away.
#[inline]
pub(crate) fn guarded<T>(py: Python<'_>, work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(done)) => match raised::take() {
            // The engine was done before it could be told.
            Some(err) => {
                warn::forget();
                Err(err)
            }
            // A signal that came while the GIL was let go of: now, and not in what runs next, which
            // may be a finalizer, where exceptions are lost.
            None => py
                .check_signals()
                .and_then(|()| warn::show(py))
                .map(|()| done),
        },
        Ok(Err(err)) => {
            warn::forget();
            drop(raised::take());
            Err(err)
        }
        Err(panic) => {
            warn::forget();
            drop(raised::take());
            Err(bug(&*panic))
        }
    }
}

#[cold]
fn bug(panic: &(dyn Any + Send)) -> PyErr {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    PyRuntimeError::new_err(format!(
        "this is a bug in npload; please report it, with the file if you can: {}",
        text.unwrap_or("a panic without a message")
    ))
}
