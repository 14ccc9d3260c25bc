//! Where a lazy array lies, for other processes.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use crate::arguments::Arguments;

/// What changes when a file does: its length in bytes, and when it was last written, in seconds and
/// nanoseconds.
pub(super) type Stamp = (u64, i64, i64);

/// The file that an array is in, and how it was opened: keyword arguments of `npload.open`.
pub(crate) struct Address {
    /// Absolute: the process that uses it may stand in another folder.
    path: PathBuf,
    key: Option<String>,
    stamp: Stamp,
    arguments: Py<PyDict>,
}

impl Address {
    /// The place of an array in the open file that the path led to, if both are there.
    pub(crate) fn of(
        py: Python<'_>,
        path: Option<&Path>,
        file: Option<&File>,
        key: Option<&str>,
        arguments: &Arguments,
    ) -> PyResult<Option<Address>> {
        let (Some(path), Some(file)) = (path, file) else {
            return Ok(None);
        };
        let stamp = |file: &File| -> io::Result<Stamp> {
            let now = file.metadata()?;
            Ok((now.len(), now.mtime(), now.mtime_nsec()))
        };
        Ok(Some(Address {
            path: std::path::absolute(path)?,
            key: key.map(str::to_owned),
            stamp: stamp(file)?,
            arguments: arguments.opening(py)?.unbind(),
        }))
    }

    /// What the file was when it was opened.
    pub(super) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// What `npload._lazy.again` takes.
    pub(super) fn arguments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let arguments = self.arguments.bind(py);
        (self.path.as_os_str(), &self.key, self.stamp, arguments).into_pyobject(py)
    }

    pub(super) fn visit(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.arguments)
    }
}
