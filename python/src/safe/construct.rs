//! Values of the types on the list: their constructors see what was checked, and nothing else.

use npload_pickle::{DType, Data, Date, Known, Time, TimeDelta};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyComplex, PyDict, PyTuple};

use super::build::PythonBuilder;
use super::special::Special;
use super::value::{self, Kind, Value};
use crate::array::new_number;

impl<'py> PythonBuilder<'_, 'py> {
    pub(super) fn new_data(&mut self, data: Data<Value>) -> PyResult<Value> {
        let py = self.py;
        self.count(1)?;
        let made = match data {
            Data::Complex(real, imaginary) => {
                PyComplex::from_doubles(py, real, imaginary).into_any()
            }
            Data::ByteArray(bytes) => return self.new_bytearray(&bytes),
            Data::Set(items) => {
                let set = value::new_set(py)?;
                let items = self.items_of(&items);
                self.add_all(&set, items)?;
                return Ok(set);
            }
            Data::FrozenSet(items) => {
                let items = self.items_of(&items);
                return self.new_frozenset(items);
            }
            Data::Range(start, stop, step) => self.call3(Known::Range, [start, stop, step])?,
            Data::Slice(start, stop, step) => self.call3(Known::Slice, [start, stop, step])?,
            Data::OrderedDict(pairs) => {
                let dict = Value::of(self.class(Known::OrderedDict)?.call0()?);
                let mut watch = None;
                for (key, item) in pairs {
                    self.put(&dict, key, item, &mut watch)?;
                }
                return Ok(dict);
            }
            Data::DefaultDict(factory) => {
                let factory = self.bound(factory)?;
                self.class(Known::DefaultDict)?.call1((factory,))?
            }
            Data::Counter(dict) => {
                // What `Counter.__reduce__` writes. The items of another dict would be hashed again.
                if !dict.is(Kind::Dict) {
                    return Err(PyTypeError::new_err(
                        "a Counter of something else than a dict",
                    ));
                }
                let counter = self.class(Known::Counter)?.call0()?;
                let keys = value::len(&dict);
                let dict = self.bound(dict)?;
                let watch = self.pace.watch(py)?;
                py.get_type::<PyDict>()
                    .call_method1("update", (&counter, dict))?;
                self.step_all(watch, keys)?;
                counter
            }
            Data::Deque(items, max) => {
                let items = match items {
                    Some(items) => self.bound(items)?,
                    None => PyTuple::empty(py).into_any(),
                };
                let max = max.map(|max| max.min(isize::MAX.unsigned_abs() as u64));
                self.class(Known::Deque)?.call1((items, max))?
            }
            Data::Date(Date { year, month, day }) => {
                self.class(Known::Date)?.call1((year, month, day))?
            }
            Data::Time(time, zone) => {
                let zone = self.zone(zone)?;
                let (hour, minute, second, micros) = parts(time);
                self.class(Known::Time)?.call(
                    (hour, minute, second, micros, zone),
                    self.fold(time)?.as_ref(),
                )?
            }
            Data::DateTime(Date { year, month, day }, time, zone) => {
                let zone = self.zone(zone)?;
                let (hour, minute, second, micros) = parts(time);
                let parts = (year, month, day, hour, minute, second, micros, zone);
                self.class(Known::DateTime)?
                    .call(parts, self.fold(time)?.as_ref())?
            }
            Data::TimeDelta(delta) => self.new_timedelta(delta)?,
            Data::TimeZone(delta, name) => {
                let delta = self.new_timedelta(delta)?;
                let class = self.class(Known::TimeZone)?;
                match name {
                    None => class.call1((delta,))?,
                    Some(name) => {
                        let name = self.bound(name)?;
                        class.call1((delta, name))?
                    }
                }
            }
            Data::Decimal(text) => self.class(Known::Decimal)?.call1((text,))?,
            Data::Fraction(numerator, denominator) => {
                let numerator = self.python_int(&numerator)?;
                let denominator = self.python_int(&denominator)?;
                self.class(Known::Fraction)?
                    .call1((numerator, denominator))?
            }
            Data::Uuid(int, is_safe) => self.new_uuid(int, is_safe)?,
            Data::DType(dtype, metadata) => {
                self.dtypes.has_metadata(&dtype, metadata.as_ref());
                let object = None;
                return Ok(self.specials.add(Special::DType { dtype, object }));
            }
            Data::Scalar(dtype, bytes) => {
                let object = self.numpy_dtype(&dtype)?.into_bound(py)?;
                match (&*dtype, value::as_bytes(&bytes)) {
                    (
                        DType::Plain {
                            kind: 'b' | 'i' | 'u' | 'f' | 'c',
                            ..
                        },
                        Some(bytes),
                    ) => new_number(&object, bytes)?,
                    _ => {
                        let bytes = self.bound(bytes)?;
                        self.class(Known::Scalar)?.call1((object, bytes))?
                    }
                }
            }
            Data::Array(array) => return self.new_array(array),
            _ => return Err(PyTypeError::new_err("a newer kind of data")),
        };
        Ok(Value::of(made))
    }

    /// A class's value of three arguments.
    fn call3(&mut self, known: Known, parts: [Value; 3]) -> PyResult<Bound<'py, PyAny>> {
        let [a, b, c] = parts;
        let parts = (self.bound(a)?, self.bound(b)?, self.bound(c)?);
        self.class(known)?.call1(parts)
    }

    fn new_bytearray(&mut self, bytes: &Value) -> PyResult<Value> {
        if let Some(&Special::Bytes { range, .. }) = self.specials.get(bytes) {
            return self.python_bytes(range, true);
        }
        match value::as_bytes(bytes) {
            Some(bytes) => value::bytearray(self.py, bytes),
            None => Ok(Value::of(PyByteArray::new(self.py, &[]).into_any())),
        }
    }

    fn zone(&mut self, zone: Option<Value>) -> PyResult<Option<Bound<'py, PyAny>>> {
        zone.map(|zone| self.bound(zone)).transpose()
    }

    fn fold(&self, time: Time) -> PyResult<Option<Bound<'py, PyDict>>> {
        if !time.fold {
            return Ok(None);
        }
        let options = PyDict::new(self.py);
        options.set_item("fold", 1)?;
        Ok(Some(options))
    }

    fn new_timedelta(&mut self, delta: TimeDelta) -> PyResult<Bound<'py, PyAny>> {
        let parts = (delta.days, delta.seconds, delta.microseconds);
        self.class(Known::TimeDelta)?.call1(parts)
    }

    fn new_uuid(&mut self, int: u128, is_safe: Option<bool>) -> PyResult<Bound<'py, PyAny>> {
        let class = self.class(Known::Uuid)?;
        let options = PyDict::new(self.py);
        options.set_item("int", self.python_int(&int.into())?)?;
        if let Some(is_safe) = is_safe {
            let class = self.py.import("uuid")?.getattr("SafeUUID")?;
            let value = if is_safe { 0 } else { -1 };
            options.set_item("is_safe", class.call1((value,))?)?;
        }
        class.call((), Some(&options))
    }

    /// What a call began, held before its state is there.
    pub(super) fn empty(&mut self, known: Known) -> PyResult<Value> {
        match known {
            Known::NdArray => self.empty_array(),
            _ => Err(PyTypeError::new_err(
                "a UUID is used before its state is there",
            )),
        }
    }

    /// Sets the state of what a call began, or of a dtype.
    pub(super) fn complete(&mut self, target: &Value, data: Data<Value>) -> PyResult<()> {
        let made = match (self.specials.get(target), data) {
            (Some(Special::DType { object: None, .. }), Data::DType(dtype, metadata)) => {
                self.dtypes.has_metadata(&dtype, metadata.as_ref());
                // What is made at once can be in tuples of Python's own: a million scalars are such.
                let object = match &*dtype {
                    DType::Plain { .. } => Some(self.numpy_dtype(&dtype)?),
                    _ => None,
                };
                Special::DType { dtype, object }
            }
            (Some(Special::DType { .. }), _) => {
                return Err(PyTypeError::new_err(
                    "a dtype is used before its state is there",
                ));
            }
            (Some(Special::Pending(_, Some(array))), Data::Array(state)) => {
                let array = array.clone();
                self.fill_array(&array, state)?;
                Special::Made(array)
            }
            (Some(Special::Pending(..)), data) => {
                let made = self.new_data(data)?;
                Special::Made(made)
            }
            _ => return Err(PyTypeError::new_err("a value that takes no state")),
        };
        if let Some(special) = self.specials.get_mut(target) {
            *special = made;
        }
        Ok(())
    }

    /// Whether it stands for something that was refused.
    pub(super) fn is_refused(&self, value: &Value) -> bool {
        matches!(self.specials.get(value), Some(Special::Refused))
    }
}

fn parts(time: Time) -> (u8, u8, u8, u32) {
    (time.hour, time.minute, time.second, time.microsecond)
}
