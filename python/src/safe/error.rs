//! Why a pickle was not read, as exceptions of Python's.

use std::io;

use npload_pickle::{Error, ErrorKind};
use pyo3::exceptions::{PyEOFError, PyUnicodeDecodeError, PyUnicodeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::load::Place;
use super::refuse::Refusals;
use crate::raised::{self, is_pythons_own};

/// The exception for what stopped the machine.
#[cold]
pub(super) fn to_python(
    py: Python<'_>,
    error: &Error,
    raised: Option<PyErr>,
    place: &Place<'_>,
) -> PyErr {
    let at = place.at(error.offset().unwrap_or_default());
    let op = error.op().map_or("", |op| op.name());
    if let Some(raised) = raised {
        if is_pythons_own(py, &raised) {
            return raised;
        }
        if raised.is_instance_of::<PyUnicodeDecodeError>(py) {
            return with_note(py, raised, &format!("{op}{at}"));
        }
        let text = format!("{op}: {}{at}", raised.value(py));
        let err = unpickling(py, text);
        err.set_cause(py, Some(raised));
        return err;
    }
    let mut message = error.message().to_owned();
    if error.kind() == ErrorKind::Limit {
        // Rust's advice names what can be raised there.
        let end = message.find("; raise ").unwrap_or(message.len());
        message.truncate(end);
        message.push_str("; only allow_pickle=True reads it, if the file is trusted");
    }
    let text = match op {
        "" => format!("{message}{at}"),
        op => format!("{op}: {message}{at}"),
    };
    match error.kind() {
        ErrorKind::Empty => PyEOFError::new_err(text),
        ErrorKind::Encoding => match undecodable(py, error) {
            Some(raised) => with_note(py, raised, &text),
            None => PyUnicodeDecodeError::new_err(("utf-8", [0_u8].as_slice(), 0, 1, text)),
        },
        _ => unpickling(py, text),
    }
}

/// The exception for a file that could not be read; one that became shorter is as one that was cut.
pub(super) fn reading(py: Python<'_>, err: io::Error, place: &Place<'_>) -> PyErr {
    match err.kind() {
        io::ErrorKind::UnexpectedEof => unpickling(py, format!("{err}{}", place.at(0))),
        _ => err.into(),
    }
}

/// What Python's own codec says of bytes that are no text.
fn undecodable(py: Python<'_>, error: &Error) -> Option<PyErr> {
    let (codec, bytes) = error.undecodable()?;
    let (codec, errors) = match codec {
        "ascii" => (c"ascii", c"strict"),
        _ => (c"utf-8", c"surrogatepass"),
    };
    PyString::from_encoded_object(&PyBytes::new(py, bytes), Some(codec), Some(errors)).err()
}

/// The same exception, which is CPython's to the letter, and where it arose.
fn with_note(py: Python<'_>, raised: PyErr, note: &str) -> PyErr {
    match raised.value(py).call_method1("add_note", (note,)) {
        Ok(_) => raised,
        Err(other) => other,
    }
}

/// What a call gave. An exception that is Python's own is kept until the machine has stopped; others say
/// that there is no such value.
pub(super) fn or_keep<T>(py: Python<'_>, result: PyResult<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(err) => {
            if is_pythons_own(py, &err) {
                drop(raised::keep(py, err));
            }
            None
        }
    }
}

/// The exception for what was refused, if anything was.
#[cold]
pub(super) fn refused(py: Python<'_>, refusals: &Refusals, place: &Place<'_>) -> Option<PyErr> {
    let (text, offset) = refusals.first()?;
    let at = place.at(offset);
    let globals = refusals.globals(place.start);
    let text = format!(
        "{text}{at}. With safe_pickle=True a pickle is data and nothing in it runs. The globals that it \
         names: {globals}. `npload scan` says more of them; allow_pickle=True runs them, if you trust \
         the file"
    );
    Some(unpickling(py, text))
}

pub(super) fn unpickling(py: Python<'_>, text: String) -> PyErr {
    let class = py
        .import("pickle")
        .and_then(|module| module.getattr("UnpicklingError"));
    match class.and_then(|class| class.call1((text,))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(raised) => raised,
    }
}

/// The error of an object array whose Python 2 texts are in another encoding, in NumPy's words.
pub(super) fn encoding(py: Python<'_>, err: PyErr) -> PyErr {
    if !err.is_instance_of::<PyUnicodeError>(py) {
        return err;
    }
    let text = match err.value(py).repr() {
        Ok(repr) => format!(
            "Unpickling a python object failed: {repr}\nYou may need to pass the encoding= option to \
             numpy.load"
        ),
        Err(raised) => return raised,
    };
    let wrapped = PyUnicodeError::new_err(text);
    wrapped.set_cause(py, Some(err));
    wrapped
}
