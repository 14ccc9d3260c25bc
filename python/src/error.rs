//! The engine's errors as Python's exceptions.

use std::error::Error as _;
use std::io;

use npload::{Damage, Error, ErrorKind};
use pyo3::exceptions::{
    PyEOFError, PyIndexError, PyKeyError, PyKeyboardInterrupt, PyMemoryError,
    PyNotImplementedError, PyOSError, PyRuntimeError, PyTypeError, PyUnicodeDecodeError,
    PyValueError,
};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::known::known;
use crate::raised;

/// The exception for an error: what user code raised meanwhile, unchanged, or else NumPy's class
/// with NumPy's sentence and the place behind it.
#[cold]
pub(crate) fn to_python(py: Python<'_>, err: &Error) -> PyErr {
    if let Some(raised) = raised::take().or_else(|| raised::within(py, err)) {
        return raised;
    }
    let text = text(err);
    match err.kind() {
        ErrorKind::NotArray if is_pickle(err) => {
            PyValueError::new_err(format!("{PICKLED} {PICKLED_ADVICE}{}", place(err)))
        }
        ErrorKind::ObjectArray if err.message().starts_with(OBJECTS) => {
            PyValueError::new_err(format!("{OBJECTS}{}", place(err)))
        }
        ErrorKind::Io => os_error(py, err, text),
        ErrorKind::Empty => PyEOFError::new_err(err.message().to_owned()),
        ErrorKind::Encoding => {
            PyUnicodeDecodeError::new_err(("utf-8", [0_u8].as_slice(), 0, 1, text))
        }
        ErrorKind::Archive if err.damage().is_some() => damaged(py, err, text),
        ErrorKind::Archive | ErrorKind::Checksum => named(py, "zipfile", "BadZipFile", text),
        ErrorKind::Pickle => named(py, "pickle", "UnpicklingError", text),
        ErrorKind::Encrypted => PyRuntimeError::new_err(text),
        ErrorKind::Method => PyNotImplementedError::new_err(text),
        ErrorKind::NoSuchMember => PyKeyError::new_err(err.message().to_owned()),
        ErrorKind::Type => PyTypeError::new_err(text),
        ErrorKind::Index => PyIndexError::new_err(text),
        ErrorKind::OutOfMemory => PyMemoryError::new_err(text),
        ErrorKind::Interrupted => PyKeyboardInterrupt::new_err(()),
        _ => PyValueError::new_err(text),
    }
}

/// Whether a file was refused as a pickle, and not as something that NumPy takes for one.
fn is_pickle(err: &Error) -> bool {
    err.looks().is_some_and(|looks| looks.is_pickle)
}

/// NumPy's text for a pickle, which programs match on; the engine's advice is for Rust.
const PICKLED: &str = "This file contains pickled (object) data.";
const PICKLED_ADVICE: &str = "If you trust the file you can load it unsafely using the \
    `allow_pickle=` keyword argument or `pickle.load()`.";

/// The same for an object array.
const OBJECTS: &str = "Object arrays cannot be loaded when allow_pickle=False";

/// What an engine's result is in Python.
pub(crate) trait IntoPython<T> {
    fn into_python(self, py: Python<'_>) -> PyResult<T>;
}

impl<T> IntoPython<T> for npload::Result<T> {
    #[inline]
    fn into_python(self, py: Python<'_>) -> PyResult<T> {
        self.map_err(|err| to_python(py, &err))
    }
}

/// The message, and the place in brackets.
fn text(err: &Error) -> String {
    format!("{}{}", err.message(), place(err))
}

fn place(err: &Error) -> String {
    let mut places = Vec::new();
    if let Some(path) = err.path() {
        places.push(path.display().to_string());
    }
    if let Some(member) = err.member() {
        places.push(format!("member {member:?}"));
    }
    if let Some(offset) = err.offset() {
        places.push(format!("byte {offset}"));
    }
    match places.as_slice() {
        [] => String::new(),
        places => format!(" [{}]", places.join(", ")),
    }
}

/// Python chooses the subclass by the number.
fn os_error(py: Python<'_>, err: &Error, text: String) -> PyErr {
    let io = err
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>());
    let number = io.and_then(|io| match io.kind() {
        io::ErrorKind::IsADirectory => Some(libc::EISDIR),
        _ => io.raw_os_error(),
    });
    let Some(number) = number else {
        return PyOSError::new_err(text);
    };
    let told = || {
        let os = py.import("os")?;
        os.call_method1("strerror", (number,))?.extract::<String>()
    };
    match told() {
        Ok(told) => PyOSError::new_err((
            number,
            told,
            err.path().map(|path| path.as_os_str().to_owned()),
        )),
        Err(raised) => raised,
    }
}

/// `BadZipFile` and, in one, what NumPy raises there: the decoder's error.
fn damaged(py: Python<'_>, err: &Error, text: String) -> PyErr {
    let known = match known(py) {
        Ok(known) => known,
        Err(raised) => return raised,
    };
    let raise = |class: &Py<PyType>| PyErr::from_type(class.bind(py).clone(), text.clone());
    match err.damage() {
        Some(Damage::Stream("deflate")) => raise(&known.damaged_deflate),
        Some(Damage::Stream("bzip2")) => raise(&known.damaged_bzip2),
        Some(Damage::Stream("lzma")) => raise(&known.damaged_lzma),
        Some(Damage::Place) => {
            let class = known.misplaced_member.bind(py).clone();
            PyErr::from_type(class, (libc::EINVAL, text))
        }
        _ => named(py, "zipfile", "BadZipFile", text),
    }
}

fn named(py: Python<'_>, module: &str, class: &str, text: String) -> PyErr {
    let class = py.import(module).and_then(|module| module.getattr(class));
    match class.and_then(|class| class.call1((text,))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(raised) => raised,
    }
}
