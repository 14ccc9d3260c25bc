//! Pickles, when they are allowed: by Python's own `pickle`, or as data.

use std::fs::File;
use std::path::Path;

use npload::{Header, Pending, Pickle};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::arguments::Pickles;
use crate::safe::{self, Place};
use crate::source::Opened;

/// Calls a function of `npload._pickles`.
fn call<'py, A>(
    py: Python<'py>,
    name: &str,
    arguments: A,
    pickles: Pickles,
) -> PyResult<Bound<'py, PyAny>>
where
    A: pyo3::call::PyCallArgs<'py>,
{
    let options = PyDict::new(py);
    options.set_item("fix_imports", pickles.fix_imports)?;
    options.set_item("encoding", pickles.encoding)?;
    py.import("npload._pickles")?
        .getattr(name)?
        .call(arguments, Some(&options))
}

/// The object array whose pickle comes next in `file`.
pub(crate) fn object_array<'py>(
    file: &Bound<'py, PyAny>,
    header: &Header,
    pickles: Pickles,
) -> PyResult<Bound<'py, PyAny>> {
    match pickles.safe {
        true => safe::object_array_in_file(file, header, pickles),
        false => call(file.py(), "object_array", (file,), pickles),
    }
}

/// The object array of an open file of that path, of which the header was read.
pub(crate) fn object_array_at<'py>(
    py: Python<'py>,
    path: &Path,
    pending: &Pending,
    pickles: Pickles,
) -> PyResult<Bound<'py, PyAny>> {
    let file = open(pending.file())?;
    let (offset, header) = (pending.data_offset(), pending.header());
    match pickles.safe {
        true => safe::object_array_at(py, path, &file, offset, header, pickles),
        false => {
            let file = Opened::new(py, file)?;
            call(py, "object_array_at", (file.file(), offset), pickles)
        }
    }
}

/// A file of ours, for who reads it from here on.
fn open(file: Option<&File>) -> PyResult<File> {
    let Some(file) = file else {
        return Err(PyValueError::new_err("the pickle is in no file"));
    };
    Ok(file.try_clone()?)
}

/// The object array whose pickle these bytes begin with.
pub(crate) fn object_array_in<'py>(
    py: Python<'py>,
    bytes: &[u8],
    header: &Header,
    pickles: Pickles,
    place: &Place<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    match pickles.safe {
        true => safe::object_array_in(py, bytes, header, pickles, place),
        false => call(py, "object_array_in", (PyBytes::new(py, bytes),), pickles),
    }
}

/// What is pickled in an open file of that path; `given` is what messages show.
pub(crate) fn pickle_at<'py>(
    given: &Bound<'py, PyAny>,
    path: &Path,
    pickle: &Pickle,
    pickles: Pickles,
) -> PyResult<Bound<'py, PyAny>> {
    let py = given.py();
    let file = open(pickle.file())?;
    match pickles.safe {
        true => safe::pickle_at(given, path, &file, pickles),
        false => {
            let file = Opened::new(py, file)?;
            call(py, "pickle_at", (file.file(), given), pickles)
        }
    }
}

/// What is pickled next in `file`, of which `head` was read already.
pub(crate) fn pickle_in<'py>(
    file: &Bound<'py, PyAny>,
    head: &[u8],
    pickles: Pickles,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    match pickles.safe {
        true => safe::pickle_in_file(file, head, pickles),
        false => call(py, "pickle_in", (file, PyBytes::new(py, head)), pickles),
    }
}
