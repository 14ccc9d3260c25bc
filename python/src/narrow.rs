//! Arrays of 64-bit numbers as arrays of 32-bit ones: what JAX makes of them unless it is told to keep them.

use std::num::NonZeroUsize;

use npload::num_complex::Complex;
use npload::{AlignedBuf, Array, Buffer, ByteOrder, DType, Narrow, Number, Order, bytemuck};
use numpy::{Element, PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::exceptions::{PyMemoryError, PyTypeError, PyValueError};
use pyo3::prelude::*;

use crate::array::to_numpy_array;
use crate::dtype::{MlDtypes, to_numpy};
use crate::error::IntoPython;
use crate::guard::guarded;

/// The array with elements half as wide, and the place, counted in C order, of the first that does not fit.
#[pyfunction]
#[pyo3(signature = (array, threads=None))]
pub(crate) fn narrow<'py>(
    array: &Bound<'py, PyAny>,
    threads: Option<NonZeroUsize>,
) -> PyResult<(Bound<'py, PyAny>, Option<usize>)> {
    guarded(array.py(), || {
        if let Ok(array) = array.cast::<PyArrayDyn<i64>>() {
            return convert::<i64, i32>(array, Number::Int32, threads);
        }
        if let Ok(array) = array.cast::<PyArrayDyn<u64>>() {
            return convert::<u64, u32>(array, Number::UInt32, threads);
        }
        if let Ok(array) = array.cast::<PyArrayDyn<f64>>() {
            return convert::<f64, f32>(array, Number::Float32, threads);
        }
        if let Ok(array) = array.cast::<PyArrayDyn<Complex<f64>>>() {
            return convert::<Complex<f64>, Complex<f32>>(array, Number::Complex64, threads);
        }
        Err(PyTypeError::new_err(
            "only int64, uint64, float64 and complex128 are made narrower",
        ))
    })
}

fn convert<'py, F, T>(
    array: &Bound<'py, PyArrayDyn<F>>,
    to: Number,
    threads: Option<NonZeroUsize>,
) -> PyResult<(Bound<'py, PyAny>, Option<usize>)>
where
    F: Element + Narrow<T> + Sync,
    T: bytemuck::Pod + Send,
{
    let py = array.py();
    let shape = array.shape().to_vec();
    let borrowed = array.try_readonly()?;
    let from = borrowed
        .as_slice()
        .map_err(|_| PyValueError::new_err("the array must be contiguous in C order"))?;
    let nbytes = size_of::<T>().saturating_mul(from.len());
    let no_memory = |_| PyMemoryError::new_err(format!("no memory for an array of {nbytes} bytes"));
    let mut memory = AlignedBuf::zeroed(nbytes).map_err(no_memory)?;
    let into: &mut [T] = bytemuck::try_cast_slice_mut(&mut memory)
        .map_err(|_| PyValueError::new_err("memory of another alignment"))?;
    let first = py.detach(|| npload::narrow(from, into, threads));
    let dtype = DType::Number(to, ByteOrder::NATIVE);
    let made = Array::from_bytes(dtype.clone(), &shape, Order::C, Buffer::from(memory));
    let dtype = to_numpy(py, &dtype, MlDtypes::Restored)?;
    Ok((to_numpy_array(made.into_python(py)?, &dtype)?, first))
}
