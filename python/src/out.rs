//! `out=`: an array of the user's as the place where one is loaded.

use npload::{Array, Header, Order};
use numpy::npyffi::PyArrayObject;
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

use crate::array::{has_gaps, order_of};
use crate::dtype::{MlDtypes, of_header};

/// Checks that the array that a header describes fits `out` exactly, and fills it with what `read`
/// puts into its bytes.
pub(crate) fn fill<'py>(
    out: &Bound<'py, PyAny>,
    header: &Header,
    ml: MlDtypes,
    read: impl FnOnce(&mut [u8]) -> PyResult<()>,
) -> PyResult<Bound<'py, PyAny>> {
    let dtype = of_header(out.py(), header, ml)?;
    if header.dtype().has_object() {
        return Err(PyValueError::new_err("out= cannot take Python objects"));
    }
    let data = place(out, &dtype, header.shape(), header.order())?;
    // While something refers to it, `ndarray.resize` leaves the memory where it is: a callback of the
    // load, or another thread, may try.
    let _referred_to = PyWeakrefReference::new(out)?;
    // SAFETY: `place` found a writable array of that dtype and shape whose elements lie there without
    // gaps, so that it has as many bytes; that nobody else uses them meanwhile is what `out=` asks of
    // the user, as NumPy's own functions do that let go of the GIL.
    let bytes = unsafe { std::slice::from_raw_parts_mut(data, header.nbytes()) };
    read(bytes)?;
    Ok(out.clone())
}

/// Refuses `out` for what is no array of plain elements.
pub(crate) fn refuse(out: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    match out {
        None => Ok(()),
        Some(_) => Err(PyValueError::new_err(
            "out= takes one array of an .npy file, and this is an archive, a pickle or an array of \
             Python objects",
        )),
    }
}

/// Copies a loaded array to `out`.
pub(crate) fn copy<'py>(
    out: &Bound<'py, PyAny>,
    array: &Array,
    dtype: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let order = order_of(array);
    let data = place(out, dtype, array.shape(), order)?;
    let Some(bytes) = array.contiguous_bytes(order) else {
        return Err(has_gaps());
    };
    // SAFETY: `place` found as many writable bytes there; the engine's memory is another.
    unsafe { data.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    Ok(out.clone())
}

/// The memory of `out`, if it is a writable array of just that dtype, shape and order.
fn place(
    out: &Bound<'_, PyAny>,
    dtype: &Bound<'_, PyAny>,
    shape: &[usize],
    order: Order,
) -> PyResult<*mut u8> {
    let Ok(array) = out.cast::<PyUntypedArray>() else {
        let class = out.get_type();
        return Err(PyTypeError::new_err(format!(
            "out must be a numpy.ndarray, not {class}"
        )));
    };
    if !array.dtype().as_any().eq(dtype)? {
        return Err(PyTypeError::new_err(format!(
            "out has dtype {}, and the array has {dtype}",
            array.dtype()
        )));
    }
    if array.shape() != shape {
        let text = format!(
            "out has shape {:?}, and the array has {shape:?}",
            array.shape()
        );
        return Err(PyValueError::new_err(text));
    }
    let contiguous = match order {
        Order::C => array.is_c_contiguous(),
        Order::F => array.is_fortran_contiguous(),
    };
    if !contiguous {
        let order = if order == Order::C { "C" } else { "Fortran" };
        let text = format!("out must be contiguous in {order} order, as the array in the file is");
        return Err(PyValueError::new_err(text));
    }
    if !out
        .getattr("flags")?
        .getattr("writeable")?
        .extract::<bool>()?
    {
        return Err(PyValueError::new_err("out is read-only"));
    }
    let array: *mut PyArrayObject = out.as_ptr().cast();
    // SAFETY: it is an array, whose fields are valid while it lives.
    Ok(unsafe { (*array).fields.data.cast() })
}
