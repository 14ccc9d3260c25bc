//! The elements of structs that hold objects, as NumPy's pickles write them.

use std::sync::Arc;

use npload_pickle::{DType, Known};
use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyBytes, PyComplex, PyDate, PyDateTime, PyDelta, PyFloat, PyInt, PyString, PyTuple,
};

use super::build::PythonBuilder;

impl<'py> PythonBuilder<'_, 'py> {
    /// Whether an element is what NumPy gives for one of that dtype, so that taking it converts
    /// nothing but numbers. Dtypes nest 32 deep at most.
    pub(super) fn fits(&mut self, item: &Bound<'py, PyAny>, dtype: &Arc<DType>) -> PyResult<bool> {
        Ok(match &**dtype {
            DType::Plain { kind, itemsize, .. } => match kind {
                'O' => true,
                'b' => item.is_exact_instance_of::<PyBool>(),
                'i' | 'u' => item.is_exact_instance_of::<PyInt>(),
                'f' if *itemsize > 8 => is_numpys(item, "longdouble")?,
                'f' => item.is_exact_instance_of::<PyFloat>(),
                'c' if *itemsize > 16 => is_numpys(item, "clongdouble")?,
                'c' => item.is_exact_instance_of::<PyComplex>(),
                'S' | 'V' => item.is_exact_instance_of::<PyBytes>(),
                'U' => item.is_exact_instance_of::<PyString>(),
                _ => {
                    item.is_none()
                        || item.is_exact_instance_of::<PyInt>()
                        || item.is_exact_instance_of::<PyDate>()
                        || item.is_exact_instance_of::<PyDateTime>()
                        || item.is_exact_instance_of::<PyDelta>()
                }
            },
            DType::MlDtypes(name) => {
                item.is_exact_instance_of::<PyFloat>()
                    || item.is_exact_instance_of::<PyInt>()
                    || item.get_type().is(self.class(Known::MlDtypes(name))?)
            }
            DType::String { .. } => {
                item.is_exact_instance_of::<PyFloat>() || item.is_exact_instance_of::<PyString>()
            }
            DType::Subarray { .. } => match item.cast_exact::<PyUntypedArray>() {
                Ok(array) => {
                    let (base, shape) = flat(dtype);
                    let same = array.shape().iter().map(|&len| len as u64);
                    let base = self.numpy_dtype(&base)?.into_bound(self.py)?;
                    same.eq(shape) && is_of(array.dtype().as_any(), &base)?
                }
                Err(_) => false,
            },
            DType::Struct { fields, .. } => match item.cast_exact::<PyTuple>() {
                Ok(items) if items.len() == fields.len() => {
                    for (item, field) in items.iter().zip(fields) {
                        if !self.fits(&item, &field.dtype)? {
                            return Ok(false);
                        }
                    }
                    true
                }
                _ => false,
            },
        })
    }
}

/// What arrays of such a subarray dtype are of: NumPy puts shapes in each other into one.
fn flat(dtype: &Arc<DType>) -> (Arc<DType>, Vec<u64>) {
    let mut all = Vec::new();
    let mut dtype = dtype;
    while let DType::Subarray { base, shape, .. } = &**dtype {
        all.extend(shape);
        dtype = base;
    }
    (dtype.clone(), all)
}

/// Whether a dtype is another, or that in the machine's order: an array's state puts it there.
fn is_of(found: &Bound<'_, PyAny>, expected: &Bound<'_, PyAny>) -> PyResult<bool> {
    if found.eq(expected)? {
        return Ok(true);
    }
    let found = found.call_method1("newbyteorder", ("=",))?;
    found.eq(expected.call_method1("newbyteorder", ("=",))?)
}

/// Whether it is a scalar of that type of NumPy's.
fn is_numpys(item: &Bound<'_, PyAny>, name: &str) -> PyResult<bool> {
    let class = item.py().import("numpy")?.getattr(name)?;
    Ok(item.get_type().is(class))
}
