//! Arrays: numbers straight from the input into memory of ours, objects by NumPy's `__setstate__`.

use std::sync::Arc;

use npload::Order;
use npload_pickle::{Array, Contents, DType, Known};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::build::PythonBuilder;
use super::special::Special;
use super::value::Value;
use crate::array::{new_filled, new_of_objects};

/// What arrays that share buffers may take beyond twice the pickle's size.
const COPIED: usize = 1 << 20;

impl<'py> PythonBuilder<'_, 'py> {
    pub(super) fn new_array(&mut self, array: Array<Value>) -> PyResult<Value> {
        if let Contents::Objects(list) = &array.contents {
            // The list is in C order, whatever the array's is.
            if matches!(*array.dtype, DType::Plain { kind: 'O', .. }) && !array.fortran {
                let list = self.bound(list.clone())?.cast_into::<PyList>()?;
                let made = new_of_objects(&list, &shape_of(&array)?)?;
                return Ok(Value::of(made));
            }
            let made = self.empty_array()?;
            self.fill_array(&made, array)?;
            return Ok(made);
        }
        let py = self.py;
        let mut dtype = self.dtype_of(&array)?;
        let swaps = array.to_native && is_swapped(&array.dtype);
        if swaps {
            dtype = dtype.call_method1("newbyteorder", ("=",))?;
        }
        let Contents::Bytes(contents) = &array.contents else {
            return Err(PyTypeError::new_err("no bytes"));
        };
        let shape = shape_of(&array)?;
        let order = match array.fortran {
            true => Order::F,
            false => Order::C,
        };
        let itemsize = usize::try_from(array.dtype.itemsize())?;
        let nbytes = self.len_of(contents)?;
        if !array.to_native {
            // Python's arrays share a buffer, those here have memory of their own.
            self.charge_copy(nbytes)?;
        }
        let more = self.input.total.saturating_sub(self.end_of(contents));
        let mut arena = std::mem::take(&mut self.arena);
        let memory = || arena.take(nbytes, more);
        let made = new_filled(&dtype, itemsize, &shape, order, memory, |memory| {
            self.copy(contents, memory)
        });
        self.arena = arena;
        let made = made?;
        let made = match &array.axes {
            None => made,
            Some(axes) => made.call_method1("transpose", (PyTuple::new(py, axes)?,))?,
        };
        if swaps && nbytes > 0 {
            made.call_method1("byteswap", (true,))?;
        }
        if !array.to_native && !self.is_mutable(contents) {
            let options = PyDict::new(py);
            options.set_item("write", false)?;
            made.call_method("setflags", (), Some(&options))?;
        }
        Ok(Value::of(made))
    }

    /// Counts the bytes of buffers that become arrays: an honest pickle has each once.
    fn charge_copy(&mut self, nbytes: usize) -> PyResult<()> {
        self.copied = self.copied.saturating_add(nbytes);
        let allowed = self.input.total.saturating_mul(2).saturating_add(COPIED);
        match self.copied <= allowed {
            true => Ok(()),
            false => Err(PyValueError::new_err(
                "arrays that share a buffer would take many times the pickle's memory; only \
                 allow_pickle=True reads it, if the file is trusted",
            )),
        }
    }

    /// An array of nothing, to be filled.
    pub(super) fn empty_array(&mut self) -> PyResult<Value> {
        let class = self.class(Known::NdArray)?;
        Ok(Value::of(class.call1(((0,), "b"))?))
    }

    /// Fills an array that is known already, as NumPy does it; the state was checked.
    pub(super) fn fill_array(&mut self, target: &Value, array: Array<Value>) -> PyResult<()> {
        let py = self.py;
        let dtype = self.dtype_of(&array)?;
        let shape = PyTuple::new(py, shape_of(&array)?)?;
        let contents = match &array.contents {
            Contents::Objects(list) => {
                self.check_elements(&array.dtype, list)?;
                self.bound(list.clone())?
            }
            Contents::Bytes(bytes) => self.bound(bytes.clone())?,
        };
        let Some(target) = target.bound(py) else {
            return Err(PyTypeError::new_err("no array"));
        };
        let state = (1, shape, dtype, array.fortran, contents);
        target.call_method1("__setstate__", (state,))?;
        Ok(())
    }

    /// Holds what NumPy would convert against what it wrote itself.
    fn check_elements(&mut self, dtype: &Arc<DType>, list: &Value) -> PyResult<()> {
        if matches!(**dtype, DType::Plain { .. } | DType::String { .. }) {
            return Ok(());
        }
        for item in self.items_of(list) {
            let item = self.bound(item)?;
            let fits = self.fits(&item, dtype)?;
            if !fits {
                let text = format!("an element of an array does not fit its dtype {dtype}");
                return Err(PyValueError::new_err(text));
            }
        }
        Ok(())
    }

    fn dtype_of(&mut self, array: &Array<Value>) -> PyResult<Bound<'py, PyAny>> {
        self.bound(array.dtype_value.clone())
    }

    fn is_mutable(&self, contents: &Value) -> bool {
        matches!(
            self.specials.get(contents),
            Some(Special::Bytes { mutable: true, .. })
        )
    }
}

fn shape_of(array: &Array<Value>) -> PyResult<Vec<usize>> {
    let lengths = array.shape.iter().map(|&len| Ok(usize::try_from(len)?));
    lengths.collect()
}

/// Whether NumPy turns the bytes around.
fn is_swapped(dtype: &DType) -> bool {
    let foreign = match cfg!(target_endian = "little") {
        true => '>',
        false => '<',
    };
    matches!(dtype, DType::Plain { order, .. } if *order == foreign)
}
