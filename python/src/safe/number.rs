//! Python's ints of any size.

use npload_pickle::num_bigint::BigInt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt};

use super::build::PythonBuilder;
use super::error::or_keep;
use super::value::{self, Kind, Value};

impl<'py> PythonBuilder<'_, 'py> {
    pub(super) fn python_int(&self, value: &BigInt) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let bytes = PyBytes::new(py, &value.to_signed_bytes_le());
        let options = PyDict::new(py);
        options.set_item("signed", true)?;
        py.get_type::<PyInt>()
            .call_method("from_bytes", (bytes, "little"), Some(&options))
    }

    pub(super) fn rust_int(&self, value: &Value) -> Option<BigInt> {
        if !value.is(Kind::Int) {
            return None;
        }
        if let Some(small) = value::to_i64(value) {
            return Some(small.into());
        }
        let int = value.bound(self.py)?;
        let bytes = || -> PyResult<Bound<'py, PyBytes>> {
            let bits: usize = int.call_method0("bit_length")?.extract()?;
            let len = (bits / 8).saturating_add(1);
            let options = PyDict::new(self.py);
            options.set_item("signed", true)?;
            let bytes = int.call_method("to_bytes", (len, "little"), Some(&options))?;
            Ok(bytes.cast_into()?)
        };
        let bytes = or_keep(self.py, bytes())?;
        Some(BigInt::from_signed_bytes_le(bytes.as_bytes()))
    }
}
