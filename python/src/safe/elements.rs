//! The elements of structs that hold objects, as NumPy's pickles write them.

use npload_pickle::DType;
use numpy::PyUntypedArray;
use numpy::PyUntypedArrayMethods;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyComplex, PyDate, PyDelta, PyFloat, PyInt, PyString, PyTuple};

/// Whether an element is what NumPy gives for one of that dtype, so that taking it converts nothing.
/// Dtypes nest 32 deep at most.
pub(super) fn fits(item: &Bound<'_, PyAny>, dtype: &DType) -> PyResult<bool> {
    Ok(match dtype {
        DType::Plain { kind, itemsize, .. } => match kind {
            'O' => true,
            'b' => item.is_exact_instance_of::<PyBool>(),
            'i' | 'u' => item.is_exact_instance_of::<PyInt>(),
            'f' if *itemsize > 8 => is_scalar(item, *itemsize)?,
            'f' => item.is_exact_instance_of::<PyFloat>(),
            'c' if *itemsize > 16 => is_scalar(item, *itemsize)?,
            'c' => item.is_exact_instance_of::<PyComplex>(),
            'S' | 'V' => item.is_exact_instance_of::<PyBytes>(),
            'U' => item.is_exact_instance_of::<PyString>(),
            _ => {
                item.is_none()
                    || item.is_exact_instance_of::<PyInt>()
                    || item.is_instance_of::<PyDate>()
                    || item.is_instance_of::<PyDelta>()
            }
        },
        DType::MlDtypes(_) | DType::String { .. } => {
            item.is_exact_instance_of::<PyFloat>()
                || item.is_exact_instance_of::<PyString>()
                || is_scalar(item, dtype.itemsize())?
        }
        DType::Subarray { base, shape, .. } => match item.cast_exact::<PyUntypedArray>() {
            Ok(array) => {
                let same = array.shape().iter().map(|&len| len as u64);
                let size: usize = array.dtype().as_any().getattr("itemsize")?.extract()?;
                same.eq(shape.iter().copied()) && size as u64 == base.itemsize()
            }
            Err(_) => false,
        },
        DType::Struct { fields, .. } => match item.cast_exact::<PyTuple>() {
            Ok(items) if items.len() == fields.len() => {
                for (item, field) in items.iter().zip(fields) {
                    if !fits(&item, &field.dtype)? {
                        return Ok(false);
                    }
                }
                true
            }
            _ => false,
        },
    })
}

/// A scalar of NumPy's, of that size.
fn is_scalar(item: &Bound<'_, PyAny>, itemsize: u64) -> PyResult<bool> {
    let generic = item.py().import("numpy")?.getattr("generic")?;
    Ok(item.is_instance(&generic)? && item.getattr("itemsize")?.extract::<u64>()? == itemsize)
}
