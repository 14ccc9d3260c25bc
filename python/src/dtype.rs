//! The engine's dtypes as NumPy's.

use std::ffi::{c_char, c_int, c_long};

use npload::{ByteOrder, DType, Header, Number, Struct, Subarray};
use numpy::npyffi::{NPY_TYPES, PY_ARRAY_API};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::known::known;
use crate::ml_dtypes::ml_dtypes;
use crate::raised::is_pythons_own;
use crate::warn;

/// How ml_dtypes' types come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MlDtypes {
    /// As themselves.
    Restored,
    /// As NumPy reads the descr itself, which depends on whether ml_dtypes is imported; as void
    /// where no descr is at hand.
    AsNumPy,
}

/// The NumPy dtype of elements.
#[inline]
pub(crate) fn to_numpy<'py>(
    py: Python<'py>,
    dtype: &DType,
    ml: MlDtypes,
) -> PyResult<Bound<'py, PyAny>> {
    match dtype {
        DType::Number(number, order) if number.is_ml_dtype() => ml_dtype(py, *number, *order, ml),
        DType::Number(number, order) => match type_number(*number) {
            Some(found) => builtin(py, found, *order),
            None => by_name(py, number.name()),
        },
        DType::Object => builtin(py, NPY_TYPES::NPY_OBJECT, ByteOrder::NATIVE),
        DType::Struct(fields) => structure(py, fields, ml),
        DType::Subarray(inner) => subarray(py, inner, ml),
        DType::Void(len) => by_name(py, &format!("V{len}")),
        other => by_name(py, &other.typestr()),
    }
}

/// The NumPy dtype of the elements of an array that was not loaded yet.
#[inline]
pub(crate) fn of_header<'py>(
    py: Python<'py>,
    header: &Header,
    ml: MlDtypes,
) -> PyResult<Bound<'py, PyAny>> {
    match header.ml_descr() {
        Some(descr) if ml == MlDtypes::AsNumPy => as_numpy(py, descr, header.dtype()),
        _ => to_numpy(py, header.dtype(), ml),
    }
}

/// What NumPy makes of a descr, or `ValueError`.
fn as_numpy<'py>(py: Python<'py>, descr: &str, dtype: &DType) -> PyResult<Bound<'py, PyAny>> {
    let literal = py.import("ast")?.call_method1("literal_eval", (descr,))?;
    let format = py.import("numpy.lib.format")?;
    let refused = |cause: Option<PyErr>| {
        let err = PyValueError::new_err(format!("descr is not a valid dtype descriptor: {descr}"));
        err.set_cause(py, cause);
        err
    };
    let mut read = match format.call_method1("descr_to_dtype", (literal,)) {
        Err(err) if err.is_instance_of::<PyTypeError>(py) => return Err(refused(Some(err))),
        read => read?,
    };
    // At the top it is one element: the engine has seen to that.
    while !read.getattr("subdtype")?.is_none() {
        read = read.getattr("base")?;
    }
    let itemsize = read.getattr("itemsize")?.extract::<usize>()?;
    let has_object = read.getattr("hasobject")?.extract::<bool>()?;
    match (itemsize, has_object) == (dtype.itemsize(), dtype.has_object()) {
        true => Ok(read),
        false => Err(refused(None)),
    }
}

/// NumPy's number of a type, if it has one of its own.
fn type_number(number: Number) -> Option<NPY_TYPES> {
    let long_is_64 = size_of::<c_long>() == 8;
    Some(match number {
        Number::Bool => NPY_TYPES::NPY_BOOL,
        Number::Int8 => NPY_TYPES::NPY_BYTE,
        Number::Int16 => NPY_TYPES::NPY_SHORT,
        Number::Int32 => NPY_TYPES::NPY_INT,
        Number::Int64 if long_is_64 => NPY_TYPES::NPY_LONG,
        Number::Int64 => NPY_TYPES::NPY_LONGLONG,
        Number::UInt8 => NPY_TYPES::NPY_UBYTE,
        Number::UInt16 => NPY_TYPES::NPY_USHORT,
        Number::UInt32 => NPY_TYPES::NPY_UINT,
        Number::UInt64 if long_is_64 => NPY_TYPES::NPY_ULONG,
        Number::UInt64 => NPY_TYPES::NPY_ULONGLONG,
        Number::Float16 => NPY_TYPES::NPY_HALF,
        Number::Float32 => NPY_TYPES::NPY_FLOAT,
        Number::Float64 => NPY_TYPES::NPY_DOUBLE,
        Number::LongDouble => NPY_TYPES::NPY_LONGDOUBLE,
        Number::Complex64 => NPY_TYPES::NPY_CFLOAT,
        Number::Complex128 => NPY_TYPES::NPY_CDOUBLE,
        Number::CLongDouble => NPY_TYPES::NPY_CLONGDOUBLE,
        _ => return None,
    })
}

fn builtin(py: Python<'_>, number: NPY_TYPES, order: ByteOrder) -> PyResult<Bound<'_, PyAny>> {
    // SAFETY: the number is one of NumPy's; the result is a new reference, or null with an error set.
    let native = unsafe {
        let descr = PY_ARRAY_API.PyArray_DescrFromType(py, number as c_int);
        Bound::from_owned_ptr_or_err(py, descr.cast())?
    };
    if order == ByteOrder::NATIVE {
        return Ok(native);
    }
    /// NumPy's letter for "the other one" (`NPY_SWAP`).
    const SWAP: c_char = b's'.cast_signed();
    // SAFETY: `native` is a dtype, as the line above made it; the result is a new reference or null.
    unsafe {
        let descr = PY_ARRAY_API.PyArray_DescrNewByteorder(py, native.as_ptr().cast(), SWAP);
        Bound::from_owned_ptr_or_err(py, descr.cast())
    }
}

/// `numpy.dtype(what)`.
fn make<'py>(py: Python<'py>, what: impl IntoPyObject<'py>) -> PyResult<Bound<'py, PyAny>> {
    known(py)?.dtype.bind(py).call1((what,))
}

fn by_name<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    make(py, name)
}

fn ml_dtype(
    py: Python<'_>,
    number: Number,
    order: ByteOrder,
    ml: MlDtypes,
) -> PyResult<Bound<'_, PyAny>> {
    let void = || by_name(py, &format!("V{}", number.itemsize()));
    if ml == MlDtypes::AsNumPy {
        return void();
    }
    let found = ml_dtypes(py).and_then(|module| module.getattr(number.name()));
    let found = match found {
        Ok(found) => found,
        Err(raised) => {
            if is_pythons_own(py, &raised) {
                return Err(raised);
            }
            warn::keep(format!(
                "the array's dtype is {}, which needs the package ml_dtypes (pip install ml_dtypes); \
                 without it the elements are bytes (V{}): {}",
                number.name(),
                number.itemsize(),
                raised.value(py)
            ));
            return void();
        }
    };
    let dtype = make(py, found)?;
    match order {
        ByteOrder::Little => dtype.call_method1("newbyteorder", ("<",)),
        ByteOrder::Big => dtype.call_method1("newbyteorder", (">",)),
    }
}

/// As `numpy.lib.format.descr_to_dtype` makes it.
fn structure<'py>(py: Python<'py>, of: &Struct, ml: MlDtypes) -> PyResult<Bound<'py, PyAny>> {
    let names = PyList::empty(py);
    let formats = PyList::empty(py);
    let offsets = PyList::empty(py);
    let titles = PyList::empty(py);
    for field in of.fields() {
        names.append(&field.name)?;
        formats.append(to_numpy(py, &field.dtype, ml)?)?;
        offsets.append(field.offset)?;
        titles.append(field.title.as_deref())?;
    }
    let spec = PyDict::new(py);
    spec.set_item("names", names)?;
    spec.set_item("formats", formats)?;
    spec.set_item("offsets", offsets)?;
    spec.set_item("titles", titles)?;
    spec.set_item("itemsize", of.itemsize())?;
    make(py, spec)
}

fn subarray<'py>(py: Python<'py>, of: &Subarray, ml: MlDtypes) -> PyResult<Bound<'py, PyAny>> {
    let shape = PyTuple::new(py, of.shape())?;
    make(py, (to_numpy(py, of.base(), ml)?, shape))
}

/// The NumPy dtypes of many arrays, most of which have the same: for the length of one call.
pub(crate) struct Dtypes<'py> {
    py: Python<'py>,
    ml: MlDtypes,
    last: Option<(DType, Bound<'py, PyAny>)>,
}

impl<'py> Dtypes<'py> {
    pub(crate) fn new(py: Python<'py>, ml: MlDtypes) -> Self {
        Dtypes { py, ml, last: None }
    }

    #[inline]
    pub(crate) fn of(&mut self, dtype: &DType) -> PyResult<&Bound<'py, PyAny>> {
        let made = match self.last.take() {
            Some(last) if last.0 == *dtype => last,
            _ => (dtype.clone(), to_numpy(self.py, dtype, self.ml)?),
        };
        Ok(&self.last.insert(made).1)
    }
}
