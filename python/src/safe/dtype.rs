//! NumPy's dtypes of what a pickle says of them, which was checked.

use std::sync::Arc;

use npload_pickle::{DType, Known, NaObject};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::build::PythonBuilder;
use super::value::Value;
use crate::known::known;

impl<'py> PythonBuilder<'_, 'py> {
    /// The dtype as NumPy has it.
    pub(super) fn numpy_dtype(
        &mut self,
        dtype: &Arc<DType>,
        metadata: Option<&Value>,
    ) -> PyResult<Value> {
        let py = self.py;
        let found = |made: &&(Value, Arc<DType>)| Arc::ptr_eq(&made.1, dtype);
        if metadata.is_none()
            && let Some((made, _)) = self.dtypes.values().find(found)
        {
            return Ok(made.clone());
        }
        let mut made = self.new_dtype(dtype)?;
        if let Some(metadata) = metadata {
            let metadata = self.bound(metadata.clone())?;
            let options = PyDict::new(py);
            options.set_item("metadata", metadata)?;
            made = known(py)?.dtype.bind(py).call((made,), Some(&options))?;
        }
        let made = Value::of(made);
        let address = made.as_ptr().addr();
        self.dtypes.insert(address, (made.clone(), dtype.clone()));
        Ok(made)
    }

    fn new_dtype(&mut self, dtype: &DType) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let make = known(py)?.dtype.bind(py);
        match dtype {
            DType::Plain { kind: 'O', .. } => make.call1(("O",)),
            DType::Plain {
                kind,
                itemsize,
                order,
                unit,
            } => {
                let count = match kind {
                    'U' => itemsize / 4,
                    _ => *itemsize,
                };
                let unit = match unit {
                    None => String::new(),
                    Some((unit, 1)) => format!("[{unit}]"),
                    Some((unit, count)) => format!("[{count}{unit}]"),
                };
                make.call1((format!("{order}{kind}{count}{unit}"),))
            }
            DType::MlDtypes(name) => {
                let class = self.class(Known::MlDtypes(name))?;
                make.call1((class,))
            }
            DType::String { coerce, na_object } => {
                let options = PyDict::new(py);
                options.set_item("coerce", coerce)?;
                match na_object {
                    NaObject::Unset => {}
                    NaObject::None => options.set_item("na_object", py.None())?,
                    NaObject::NaN => options.set_item("na_object", f64::NAN)?,
                    NaObject::Text(text) => options.set_item("na_object", text)?,
                }
                self.class(Known::StringDType)?.call((), Some(&options))
            }
            DType::Subarray { base, shape, .. } => {
                let base = self.part(base)?;
                make.call1(((base, PyTuple::new(py, shape)?),))
            }
            DType::Struct {
                fields,
                itemsize,
                aligned,
                ..
            } => {
                let names = PyList::empty(py);
                let formats = PyList::empty(py);
                let offsets = PyList::empty(py);
                let titles = PyList::empty(py);
                for field in fields {
                    names.append(&field.name)?;
                    formats.append(self.part(&field.dtype)?)?;
                    offsets.append(field.offset)?;
                    titles.append(field.title.as_deref())?;
                }
                let spec = PyDict::new(py);
                spec.set_item("names", names)?;
                spec.set_item("formats", formats)?;
                spec.set_item("offsets", offsets)?;
                spec.set_item("titles", titles)?;
                spec.set_item("itemsize", itemsize)?;
                make.call1((spec, *aligned))
            }
        }
    }

    fn part(&mut self, dtype: &Arc<DType>) -> PyResult<Bound<'py, PyAny>> {
        self.numpy_dtype(dtype, None)?.into_bound(self.py)
    }
}
