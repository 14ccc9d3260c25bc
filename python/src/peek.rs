//! What is in a file, from its headers.

use npload::{Begun, LoadOptions, Peeked};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::arguments::Arguments;
use crate::dtype::{MlDtypes, of_header};
use crate::error::to_python;
use crate::load::begin;

/// One `ArrayInfo` for an npy file, a dict of them for an archive.
pub(crate) fn peek<'py>(
    file: &Bound<'py, PyAny>,
    arguments: &Arguments,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    // The file is borrowed until all is read.
    let (begun, _from) = begin(file, arguments)?;
    match begun {
        Begun::Array(pending) => info(
            py,
            pending.into_npy(LoadOptions::new()).peek(),
            arguments.ml(),
        ),
        Begun::Npz(npz) => {
            let dict = PyDict::new(py);
            for peeked in py.detach(|| npz.peek()) {
                let key = peeked.key.clone();
                dict.set_item(key, info(py, peeked, arguments.ml())?)?;
            }
            Ok(dict.into_any())
        }
        _ => Err(PyValueError::new_err(
            "only files with a position can be looked into without loading them",
        )),
    }
}

fn info<'py>(py: Python<'py>, peeked: Peeked, ml: MlDtypes) -> PyResult<Bound<'py, PyAny>> {
    let fields = PyDict::new(py);
    fields.set_item("member", peeked.member)?;
    fields.set_item("compression", peeked.compression)?;
    fields.set_item("file_size", peeked.size)?;
    fields.set_item("stored_size", peeked.stored_size)?;
    fields.set_item("offset", peeked.data_offset)?;
    match &peeked.header {
        Ok(None) => {}
        Ok(Some(header)) => {
            fields.set_item("dtype", of_header(py, header, ml)?)?;
            fields.set_item("shape", PyTuple::new(py, header.shape())?)?;
            fields.set_item("fortran_order", header.order() == npload::Order::F)?;
        }
        Err(err) => fields.set_item("error", to_python(py, err).into_value(py))?,
    }
    let class = py.import("npload._info")?.getattr("ArrayInfo")?;
    class.call((), Some(&fields))
}
