//! NumPy's dtypes of what a pickle says of them, which was checked.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use npload_pickle::{DType, Known, NaObject};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use super::build::PythonBuilder;
use super::value::Value;
use crate::known::known;

/// NumPy's dtypes that were made in a load, and of what.
#[derive(Default)]
pub(super) struct Dtypes {
    /// By the address of the object.
    by_object: HashMap<usize, (Value, Arc<DType>)>,
    /// By the address of the dtype, which `by_object` keeps.
    by_dtype: HashMap<usize, Value>,
    /// Plain dtypes by their typestr: arrays of dates each bring their own.
    plain: HashMap<String, Value>,
    /// What hangs on a dtype, by its address.
    metadata: HashMap<usize, (Value, Arc<DType>)>,
    /// The last that was asked for: scalars have the same one after the other.
    last: Option<(Value, Arc<DType>)>,
    /// Keeps addresses taken.
    kept: Vec<Arc<DType>>,
}

impl Dtypes {
    /// What the dtype that was asked for last was made of, if this is it.
    #[inline]
    pub(super) fn if_last(&self, object: &Value) -> Option<&Arc<DType>> {
        let (last, dtype) = self.last.as_ref()?;
        (last.as_ptr() == object.as_ptr()).then_some(dtype)
    }

    /// What a dtype was made of.
    pub(super) fn of(&self, object: &Value) -> Option<&Arc<DType>> {
        let made = self.by_object.get(&object.as_ptr().addr());
        made.map(|made| &made.1)
    }

    /// Notes what hangs on a dtype: those who know it by its address alone make it with that.
    pub(super) fn has_metadata(&mut self, dtype: &Arc<DType>, metadata: Option<&Value>) {
        if let Some(metadata) = metadata {
            let entry = (metadata.clone(), dtype.clone());
            self.metadata.insert(Arc::as_ptr(dtype).addr(), entry);
        }
    }

    fn add(&mut self, dtype: &Arc<DType>, made: &Value) {
        self.by_dtype
            .insert(Arc::as_ptr(dtype).addr(), made.clone());
        // Both addresses stay taken: a dtype of NumPy's that several share keeps the first.
        let object = made.as_ptr().addr();
        match self.by_object.entry(object) {
            Entry::Vacant(entry) => {
                entry.insert((made.clone(), dtype.clone()));
            }
            Entry::Occupied(_) => self.kept.push(dtype.clone()),
        }
    }
}

impl<'py> PythonBuilder<'_, 'py> {
    /// The dtype as NumPy has it.
    pub(super) fn numpy_dtype(&mut self, dtype: &Arc<DType>) -> PyResult<Value> {
        match &self.dtypes.last {
            Some((made, last)) if Arc::ptr_eq(last, dtype) => return Ok(made.clone()),
            _ => {}
        }
        let made = self.find_or_make(dtype)?;
        self.dtypes.last = Some((made.clone(), dtype.clone()));
        Ok(made)
    }

    fn find_or_make(&mut self, dtype: &Arc<DType>) -> PyResult<Value> {
        let py = self.py;
        if let Some(made) = self.dtypes.by_dtype.get(&Arc::as_ptr(dtype).addr()) {
            return Ok(made.clone());
        }
        let metadata = self.dtypes.metadata.get(&Arc::as_ptr(dtype).addr());
        let metadata = metadata.map(|(metadata, _)| metadata.clone());
        let typestr = typestr(dtype).filter(|_| metadata.is_none());
        let shared = typestr
            .as_ref()
            .and_then(|typestr| self.dtypes.plain.get(typestr));
        let made = match (shared, metadata) {
            (Some(made), _) => made.clone(),
            (None, None) => Value::of(self.new_dtype(dtype)?),
            (None, Some(metadata)) => {
                let made = self.new_dtype(dtype)?;
                let options = PyDict::new(py);
                options.set_item("metadata", self.bound(metadata)?)?;
                Value::of(known(py)?.dtype.bind(py).call((made,), Some(&options))?)
            }
        };
        if let Some(typestr) = typestr {
            self.dtypes
                .plain
                .entry(typestr)
                .or_insert_with(|| made.clone());
        }
        self.dtypes.add(dtype, &made);
        Ok(made)
    }

    fn new_dtype(&mut self, dtype: &DType) -> PyResult<Bound<'py, PyAny>> {
        let py = self.py;
        let make = known(py)?.dtype.bind(py);
        match dtype {
            DType::Plain { .. } => make.call1((typestr(dtype),)),
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
        self.numpy_dtype(dtype)?.into_bound(self.py)
    }
}

/// The text of a plain dtype, as `numpy.dtype` takes it.
fn typestr(dtype: &DType) -> Option<String> {
    let DType::Plain {
        kind,
        itemsize,
        order,
        unit,
    } = dtype
    else {
        return None;
    };
    let count = match kind {
        'O' => return Some("O".to_owned()),
        'U' => itemsize / 4,
        _ => *itemsize,
    };
    let unit = match unit {
        None => String::new(),
        Some((unit, 1)) => format!("[{unit}]"),
        Some((unit, count)) => format!("[{count}{unit}]"),
    };
    Some(format!("{order}{kind}{count}{unit}"))
}
