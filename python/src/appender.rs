//! `NpyAppender`: an npy file that grows.

use std::sync::{Mutex, PoisonError};

use npload::{NpyAppender, SaveOptions};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::dtype::{MlDtypes, to_numpy};
use crate::error::IntoPython;
use crate::guard::guarded;
use crate::load::path_of;
use crate::save::elements;
use crate::watch::telling;

/// An open file; none once it is closed.
#[pyclass(frozen, module = "npload._npload")]
pub(crate) struct Appender(Mutex<Option<NpyAppender>>);

impl Appender {
    /// Does something with the file, without the GIL. Another thread that appends meanwhile waits.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut NpyAppender) -> T + Send,
    ) -> PyResult<T> {
        py.detach(|| {
            let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            open.as_mut().map(work)
        })
        .ok_or_else(|| PyValueError::new_err("the appender is closed"))
    }
}

#[pymethods]
impl Appender {
    #[new]
    fn new(file: &Bound<'_, PyAny>, durable: bool) -> PyResult<Self> {
        let py = file.py();
        guarded(py, || {
            let path = path_of(file)?;
            let options = SaveOptions::new()
                .durable(durable)
                .progress_while(telling(None));
            let opened = py.detach(|| options.append_npy(&path)).into_python(py)?;
            Ok(Appender(Mutex::new(Some(opened))))
        })
    }

    fn append(&self, array: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = array.py();
        guarded(py, || {
            let elements = elements(array, false)?;
            let saved = elements.saved()?;
            self.with(py, |file| file.append(&saved))?.into_python(py)
        })
    }

    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.with(py, |file| file.shape().to_vec())?)
    }

    #[getter]
    fn dtype<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let dtype = self.with(py, |file| file.dtype().clone())?;
        to_numpy(py, &dtype, MlDtypes::Restored)
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None);
    }
}
