//! Where a pickle is to be loaded from, as Python says it.

use std::fs::File;
use std::path::Path;

use npload::Header;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use super::error;
use super::input::{InFile, Input, read_stream};
use super::load::{Place, object_array, pickle};
use crate::arguments::Pickles;
use crate::source::{Kind, Reader, says_it_seeks};

/// What is read at once of a stream that can go back.
const AHEAD: usize = 64 << 10;

/// What is made of a pickle: of the input and its place, a value and the pickle's length.
type Make<'m, 'py> = dyn Fn(Input<'_>, &Place<'_>) -> PyResult<(Bound<'py, PyAny>, usize)> + 'm;

/// The object array whose pickle these bytes begin with.
pub(crate) fn object_array_in<'py>(
    py: Python<'py>,
    bytes: &[u8],
    header: &Header,
    pickles: Pickles,
    place: &Place<'_>,
) -> PyResult<Bound<'py, PyAny>> {
    let loaded = object_array(py, Input::memory(bytes), header, pickles, place)?;
    Ok(loaded.0)
}

/// The object array whose pickle begins there in an open file, of that path.
pub(crate) fn object_array_at<'py>(
    py: Python<'py>,
    path: &Path,
    file: &File,
    offset: u64,
    header: &Header,
    pickles: Pickles,
) -> PyResult<Bound<'py, PyAny>> {
    in_opened(py, path, file, offset, &|input, place| {
        object_array(py, input, header, pickles, place)
    })
}

/// The object array whose pickle comes next in `file`.
pub(crate) fn object_array_in_file<'py>(
    file: &Bound<'py, PyAny>,
    header: &Header,
    pickles: Pickles,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    in_file(file, &[], &|input, place| {
        object_array(py, input, header, pickles, place)
    })
}

/// What is pickled in an open file, of that path.
pub(crate) fn pickle_at<'py>(
    given: &Bound<'py, PyAny>,
    path: &Path,
    file: &File,
    pickles: Pickles,
) -> PyResult<Bound<'py, PyAny>> {
    let py = given.py();
    in_opened(py, path, file, 0, &|input, place| {
        pickle(py, input, given, pickles, place)
    })
}

/// What is pickled next in `file`, of which `head` was read already.
pub(crate) fn pickle_in_file<'py>(
    file: &Bound<'py, PyAny>,
    head: &[u8],
    pickles: Pickles,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    in_file(file, head, &|input, place| {
        pickle(py, input, file, pickles, place)
    })
}

fn in_opened<'py>(
    py: Python<'py>,
    path: &Path,
    file: &File,
    start: u64,
    make: &Make<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let name = path.display().to_string();
    let place = Place {
        file: Some(&name),
        member: None,
        start,
    };
    regular(py, file, &place, make).map(|made| made.0)
}

/// From a file that can be read at any position.
fn regular<'py>(
    py: Python<'py>,
    file: &File,
    place: &Place<'_>,
    make: &Make<'_, 'py>,
) -> PyResult<(Bound<'py, PyAny>, usize)> {
    let pieces = py.detach(|| InFile::read(file, place.start, true));
    let pieces = pieces.map_err(|err| error::reading(py, err, place))?;
    make(pieces.input(), place)
}

fn in_file<'py>(
    file: &Bound<'py, PyAny>,
    head: &[u8],
    make: &Make<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    if !head.is_empty() {
        return in_stream(file, head, make);
    }
    let (start, (value, len)) = match Kind::of(file)? {
        Kind::Other => return in_stream(file, head, make),
        Kind::Memory { bytes, at } => {
            let begin = usize::try_from(at).unwrap_or(usize::MAX);
            let bytes = bytes.as_bytes().get(begin..).unwrap_or_default();
            let place = Place {
                start: at,
                ..Place::default()
            };
            (at, make(Input::memory(bytes), &place)?)
        }
        Kind::File { file, name, at } => {
            let name = name.display().to_string();
            let place = Place {
                file: Some(&name),
                member: None,
                start: at,
            };
            (at, regular(py, &file, &place, make)?)
        }
    };
    file.call_method1("seek", (start.saturating_add(len as u64),))?;
    Ok(value)
}

/// Whether a stream can seek: it says so, and does where it makes no difference.
fn can_go_back(file: &Bound<'_, PyAny>) -> PyResult<bool> {
    if says_it_seeks(file)? != Some(true) {
        return Ok(false);
    }
    match file.call_method1("seek", (0, libc::SEEK_CUR)) {
        Err(err) if !err.is_instance_of::<PyException>(file.py()) => Err(err),
        sought => Ok(sought.is_ok()),
    }
}

fn in_stream<'py>(
    file: &Bound<'py, PyAny>,
    head: &[u8],
    make: &Make<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut reader = Reader::new(file)?;
    let peek = file.getattr_opt("peek")?;
    let ahead = match peek.is_none() && can_go_back(file)? {
        true => AHEAD,
        false => 0,
    };
    let peek = || peek.as_ref()?.call1((1,)).ok()?.extract().ok();
    let bytes = read_stream(&mut reader, head, ahead, peek)
        .map_err(|err| crate::raised::take().unwrap_or_else(|| err.into()))?;
    let (value, len) = make(Input::memory(&bytes), &Place::default())?;
    if let Ok(back) = i64::try_from(bytes.len().saturating_sub(len))
        && back > 0
    {
        let sought = file.call_method1("seek", (back.saturating_neg(), libc::SEEK_CUR));
        // Of one that cannot seek only what told its kind may be too much: it stays where it is.
        if ahead > 0 {
            sought?;
        }
    }
    Ok(value)
}
