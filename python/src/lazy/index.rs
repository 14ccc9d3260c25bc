//! What an index means for a file: what the engine reads, or that NumPy is to be asked.

use npload::{Index, Selection};
use pyo3::exceptions::{PyIndexError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyEllipsis, PyInt, PySlice, PyString, PyTuple};

/// What is read.
pub(super) enum What {
    Field(String),
    Positions(Selection),
}

/// What the engine reads for an index; nothing where only NumPy knows what it means.
pub(super) fn what(index: &Bound<'_, PyAny>) -> PyResult<Option<What>> {
    if let Ok(name) = index.cast::<PyString>() {
        return Ok(Some(What::Field(name.to_str()?.to_owned())));
    }
    let parts = match index.cast::<PyTuple>() {
        Ok(parts) => parts
            .iter()
            .map(|part| position(&part))
            .collect::<PyResult<Option<Vec<_>>>>()?,
        Err(_) => position(index)?.map(|part| vec![part]),
    };
    Ok(parts.map(|parts| What::Positions(Selection::new(parts))))
}

fn position(part: &Bound<'_, PyAny>) -> PyResult<Option<Index>> {
    if part.is_none() {
        return Ok(Some(Index::NewAxis));
    }
    if part.is_instance_of::<PyEllipsis>() {
        return Ok(Some(Index::Ellipsis));
    }
    if let Ok(slice) = part.cast::<PySlice>() {
        let bound = |name: &str| bound(&slice.getattr(name)?);
        let step = bound("step")?.unwrap_or(1);
        if step == 0 {
            return Err(PyValueError::new_err("slice step cannot be zero"));
        }
        let (start, stop) = (bound("start")?, bound("stop")?);
        return Ok(Some(Index::Slice { start, stop, step }));
    }
    // A bool is a mask, and arrays of integers are lists of positions.
    if part.is_instance_of::<PyBool>() || part.hasattr("shape")? && !is_scalar(part)? {
        return Ok(None);
    }
    if part.is_instance_of::<PyInt>() || part.hasattr("__index__")? {
        let at = part.extract::<isize>();
        return at
            .map(|at| Some(Index::At(at)))
            .map_err(|_| PyIndexError::new_err("index out of range"));
    }
    Ok(None)
}

/// A bound of a slice: one that no axis reaches is as good as the last that fits.
fn bound(given: &Bound<'_, PyAny>) -> PyResult<Option<isize>> {
    if given.is_none() {
        return Ok(None);
    }
    match given.extract() {
        Ok(at) => Ok(Some(at)),
        Err(err) if err.is_instance_of::<PyOverflowError>(given.py()) => {
            let end = if given.lt(0)? { isize::MIN } else { isize::MAX };
            Ok(Some(end))
        }
        Err(_) => Err(PyTypeError::new_err(
            "slice indices must be integers or None or have an __index__ method",
        )),
    }
}

/// Whether it is one of NumPy's integers; its bools are masks.
fn is_scalar(part: &Bound<'_, PyAny>) -> PyResult<bool> {
    let integer = part.py().import("numpy")?.getattr("integer")?;
    part.is_instance(&integer)
}
