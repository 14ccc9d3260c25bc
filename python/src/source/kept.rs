//! An object that what the engine reads from borrows.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::{PyTraverseError, PyVisit};

/// Keeps an object for all that is read from it, and shows it to the collector of cycles once.
#[pyclass(frozen, module = "npload._npload")]
pub(crate) struct Kept(Arc<Py<PyAny>>);

impl Kept {
    pub(crate) fn new<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, Kept>> {
        Bound::new(object.py(), Kept(Arc::new(object.clone().unbind())))
    }

    /// The object, to borrow.
    pub(crate) fn object(&self) -> &Arc<Py<PyAny>> {
        &self.0
    }
}

#[pymethods]
impl Kept {
    /// There is no `__clear__`, as tuples have none: the object was there before, so that a cycle goes
    /// through something else that can be cleared.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&*self.0)
    }
}
