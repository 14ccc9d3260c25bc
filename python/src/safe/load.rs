//! Loading a pickle as data.

use std::fmt::Write;

use npload::{Header, Order};
use npload_pickle::{Encoding, Error, ErrorKind, Machine, Op, Options};
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::build::PythonBuilder;
use super::error;
use super::input::Input;
use super::pages::Pages;
use crate::arguments::Pickles;
use crate::dtype::{MlDtypes, of_header};
use crate::raised::{self, is_pythons_own};

/// Where a pickle stands, for errors.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place<'a> {
    pub(crate) file: Option<&'a str>,
    pub(crate) member: Option<&'a str>,
    /// Where it begins in the file, or in the member.
    pub(crate) start: u64,
}

impl Place<'_> {
    /// The place of a byte, in brackets.
    pub(super) fn at(&self, offset: usize) -> String {
        let mut text = String::from(" [");
        if let Some(file) = self.file {
            let _ = write!(text, "{file}, ");
        }
        if let Some(member) = self.member {
            let _ = write!(text, "member {member:?}, ");
        }
        let byte = self.start.saturating_add(offset as u64);
        let _ = write!(text, "byte {byte}]");
        text
    }
}

/// What a pickle holds, and how long it is.
fn run<'py>(
    py: Python<'py>,
    input: Input<'_>,
    pickles: Pickles,
    place: &Place<'_>,
) -> PyResult<(Bound<'py, PyAny>, usize)> {
    match run_once(py, input, pickles, place)? {
        Ok(done) => Ok(done),
        // Long bytes that were left out may have been none: frames can lie.
        Err(raised) => match py
            .detach(|| input.exactly())
            .map_err(|err| error::reading(py, err, place))?
        {
            None => Err(raised),
            Some(pieces) => run_once(py, pieces.input(), pickles, place)?,
        },
    }
}

/// The same; the inner error is one that may come of the gaps.
fn run_once<'py>(
    py: Python<'py>,
    input: Input<'_>,
    pickles: Pickles,
    place: &Place<'_>,
) -> PyResult<PyResult<(Bound<'py, PyAny>, usize)>> {
    let encoding = match pickles.encoding {
        "latin1" => Encoding::Latin1,
        "bytes" => Encoding::Bytes,
        _ => Encoding::Ascii,
    };
    let options = Options::new()
        .encoding(encoding)
        .fix_imports(pickles.fix_imports);
    let mut builder = PythonBuilder::new(py, input)?;
    let pages = Pages::ahead(py, input.bytes.len());
    let machine = Machine::with_gaps(input.bytes, input.gaps, input.total, &options, &mut builder);
    let run = machine.run();
    drop(pages);
    let run = run.map(|done| (builder.bound(done.value), done.end));
    builder.collector.restore(py);
    let raised = raised::take().or_else(|| builder.raised.take());
    if let Some(refused) = error::refused(py, &builder.refusals, place) {
        let first = raised.filter(|raised| is_pythons_own(py, raised));
        return Err(first.unwrap_or(refused));
    }
    match run {
        Ok((Ok(value), end)) => Ok(Ok((value, end))),
        Ok((Err(raised), end)) => {
            let error =
                Error::new(ErrorKind::Builder, "").at(end.saturating_sub(1), Some(Op::Stop));
            Err(error::to_python(py, &error, Some(raised), place))
        }
        Err(error) if raised.is_some() => Err(error::to_python(py, &error, raised, place)),
        Err(error) => Ok(Err(error::to_python(py, &error, None, place))),
    }
}

/// The object array whose pickle these bytes begin with, and how long it is.
pub(crate) fn object_array<'py>(
    py: Python<'py>,
    input: Input<'_>,
    header: &Header,
    pickles: Pickles,
    place: &Place<'_>,
) -> PyResult<(Bound<'py, PyAny>, usize)> {
    let loaded = run(py, input, pickles, place);
    let (array, end) = loaded.map_err(|err| error::encoding(py, err))?;
    check(&array, header, place)?;
    Ok((array, end))
}

/// What is pickled in the file of that name.
pub(crate) fn pickle<'py>(
    py: Python<'py>,
    input: Input<'_>,
    name: &Bound<'py, PyAny>,
    pickles: Pickles,
    place: &Place<'_>,
) -> PyResult<(Bound<'py, PyAny>, usize)> {
    run(py, input, pickles, place).map_err(|err| {
        if is_pythons_own(py, &err) {
            return err;
        }
        let text = match name.repr() {
            Ok(name) => format!(
                "Failed to interpret file {name} as a pickle: {}",
                err.value(py)
            ),
            Err(raised) => return raised,
        };
        let wrapped = error::unpickling(py, text);
        wrapped.set_cause(py, Some(err));
        wrapped
    })
}

/// Holds an array against its file's header: it must be of that shape and order, and hold objects.
fn check(loaded: &Bound<'_, PyAny>, header: &Header, place: &Place<'_>) -> PyResult<()> {
    let at = place.at(0);
    let Ok(array) = loaded.cast_exact::<PyUntypedArray>() else {
        let class = loaded.get_type();
        return Err(PyValueError::new_err(format!(
            "the header describes an array, and the pickle behind it holds a {}{at}",
            class.name()?
        )));
    };
    if array.shape() != header.shape() {
        return Err(PyValueError::new_err(format!(
            "the header says shape {:?}, and the pickled array has shape {:?}{at}",
            header.shape(),
            array.shape()
        )));
    }
    let in_order = match header.order() {
        Order::C => array.is_c_contiguous(),
        Order::F => array.is_fortran_contiguous(),
    };
    if !in_order {
        return Err(PyValueError::new_err(format!(
            "the header says fortran_order {}, and the pickled array is in the other order{at}",
            if header.order() == Order::F {
                "True"
            } else {
                "False"
            },
        )));
    }
    let found = array.dtype();
    let found = found.as_any();
    let expected = of_header(loaded.py(), header, MlDtypes::Restored)?;
    let texts =
        header.dtype().typestr() == "|O" && found.getattr("char")?.extract::<String>()? == "T";
    if !texts && !found.eq(&expected)? {
        return Err(PyValueError::new_err(format!(
            "the header says dtype {expected}, and the pickled array has dtype {found}{at}"
        )));
    }
    Ok(())
}
