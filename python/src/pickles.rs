//! Pickles, when they are allowed: by Python's own `pickle`, or as data.

use npload::{Header, Pending};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::arguments::Pickles;
use crate::safe::{self, Place};

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

/// The object array of the file of that path, of which the header was read.
pub(crate) fn object_array_at<'py>(
    path: &Bound<'py, PyAny>,
    pending: &Pending,
    pickles: Pickles,
) -> PyResult<Bound<'py, PyAny>> {
    let offset = pending.data_offset();
    match pickles.safe {
        true => safe::object_array_at(path, offset, pending.header(), pickles),
        false => call(path.py(), "object_array_at", (path, offset), pickles),
    }
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

/// What is pickled in the file of that path.
pub(crate) fn pickle_at<'py>(
    path: &Bound<'py, PyAny>,
    pickles: Pickles,
) -> PyResult<Bound<'py, PyAny>> {
    match pickles.safe {
        true => safe::pickle_at(path, pickles),
        false => call(path.py(), "pickle_at", (path,), pickles),
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
