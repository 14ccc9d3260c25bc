//! A pipe that was opened by its path, as a Python file: for as long as the load goes on.

use std::fs::File;
use std::os::fd::IntoRawFd;

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// A Python file of ours, which is closed when the load is over.
pub(crate) struct Opened<'py>(Bound<'py, PyAny>);

impl<'py> Opened<'py> {
    pub(crate) fn new(py: Python<'py>, file: File) -> PyResult<Self> {
        let options = PyDict::new(py);
        options.set_item("closefd", true)?;
        let open = py.import("io")?.getattr("open")?;
        let file = open.call((file.into_raw_fd(), "rb"), Some(&options))?;
        Ok(Opened(file))
    }

    pub(crate) fn file(&self) -> &Bound<'py, PyAny> {
        &self.0
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        // Nothing was written, so that nothing can be lost.
        let _ = self.0.call_method0("close");
    }
}
