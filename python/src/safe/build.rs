//! The builder: opcodes to Python objects, nothing between.

use npload_pickle::num_bigint::BigInt;
use npload_pickle::{
    Builder, Call, Data, Error, ErrorKind, Global, Items, Known, Note, Op, Reason, Result, Text,
    View,
};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;

use super::classes::{Classes, is_function, is_python, place};
use super::dtype::Dtypes;
use super::error::or_keep;
use super::hashing::{Hashes, is_plain};
use super::input::Input;
use super::pace::Pace;
use super::refuse::Refusals;
use super::special::{Range, Special, Specials};
use super::value::{self, Collector, Kind, Value};
use crate::arena::Arena;

/// From this size on bytes wait for an array that may want them.
const WAITING: usize = 1024;

/// Values put into lists and dicts between two looks for Ctrl-C.
const SIGNALS_EVERY: usize = 1 << 16;

pub(super) struct PythonBuilder<'a, 'py> {
    pub(super) py: Python<'py>,
    pub(super) input: Input<'a>,
    pub(super) specials: Specials,
    pub(super) classes: Classes<'py>,
    pub(super) refusals: Refusals,
    /// An exception that ended the load.
    pub(super) raised: Option<PyErr>,
    pub(super) collector: Collector,
    pub(super) pace: Pace,
    pub(super) arena: Arena,
    /// NumPy's dtypes that were made.
    pub(super) dtypes: Dtypes,
    /// Bytes of buffers that arrays have copied.
    pub(super) copied: usize,
    pub(super) hashes: Hashes,
    /// The most that comparing a frozenset may take.
    pub(super) most_steps: u64,
    pub(super) none: Value,
    until_signals: usize,
}

impl<'a, 'py> PythonBuilder<'a, 'py> {
    pub(super) fn new(py: Python<'py>, input: Input<'a>) -> PyResult<Self> {
        Ok(PythonBuilder {
            py,
            input,
            specials: Specials::default(),
            classes: Classes::new(py),
            refusals: Refusals::default(),
            raised: None,
            pace: Pace::new(py)?,
            arena: Arena::default(),
            dtypes: Dtypes::default(),
            copied: 0,
            hashes: Hashes::default(),
            most_steps: (input.total as u64)
                .saturating_mul(16)
                .saturating_add(1 << 20),
            none: Value::of(py.None().into_bound(py)),
            until_signals: SIGNALS_EVERY,
            collector: Collector::put_off(py),
        })
    }

    /// Keeps an exception, and tells the machine to stop.
    #[inline]
    pub(super) fn keep<T>(&mut self, result: PyResult<T>) -> Result<T> {
        match result {
            Ok(value) => Ok(value),
            Err(err) => Err(self.stop(err)),
        }
    }

    #[cold]
    fn stop(&mut self, err: PyErr) -> Error {
        self.raised = Some(err);
        Error::new(ErrorKind::Builder, "an exception")
    }

    /// The object that a value is.
    #[inline]
    pub(super) fn object(&mut self, value: Value) -> PyResult<Value> {
        match value.number() {
            None => Ok(value),
            Some(_) => self.make(&value),
        }
    }

    /// The same, as pyo3 has it.
    pub(super) fn bound(&mut self, value: Value) -> PyResult<Bound<'py, PyAny>> {
        self.object(value)?.into_bound(self.py)
    }

    /// The class, or whatever else the global is. Python code may run: the collector is as usual then.
    pub(super) fn class(&mut self, known: Known) -> PyResult<Bound<'py, PyAny>> {
        if is_python(known) {
            self.collector.restore(self.py);
        }
        self.classes.get(known)
    }

    #[cold]
    fn make(&mut self, value: &Value) -> PyResult<Value> {
        let made = match self.specials.get(value) {
            None | Some(Special::Refused) => return Ok(self.none.clone()),
            Some(Special::Made(object)) => return Ok(object.clone()),
            Some(
                Special::Pending(_, Some(object))
                | Special::DType {
                    object: Some(object),
                    ..
                }
                | Special::Bytes {
                    object: Some(object),
                    ..
                }
                | Special::Tuple {
                    object: Some(object),
                    ..
                },
            ) => return Ok(object.clone()),
            Some(&Special::Global(known)) if is_function(known) => {
                let (module, name) = place(known);
                let text = format!("{module}.{name} stands there as a value, and not to be called");
                return Err(PyTypeError::new_err(text));
            }
            Some(&Special::Global(known)) => return self.class(known).map(Value::of),
            Some(&Special::Pending(known, None)) => self.empty(known)?,
            Some(Special::DType { dtype, .. }) => {
                let dtype = dtype.clone();
                self.numpy_dtype(&dtype)?
            }
            Some(&Special::Bytes { range, mutable, .. }) => self.python_bytes(range, mutable)?,
            Some(Special::Tuple { items, .. }) => {
                let items: Vec<_> = items.to_vec();
                let py = self.py;
                value::tuple(py, items.into_iter().map(|item| self.object(item)))?
            }
        };
        if let Some(
            Special::Pending(_, object)
            | Special::DType { object, .. }
            | Special::Bytes { object, .. }
            | Special::Tuple { object, .. },
        ) = self.specials.get_mut(value)
        {
            *object = Some(made.clone());
        }
        Ok(made)
    }

    /// Whether it is an object, or stands for one that is made already.
    pub(super) fn is_made(&self, value: &Value) -> bool {
        matches!(
            self.specials.get(value),
            None | Some(
                Special::Made(_)
                    | Special::DType {
                        object: Some(_),
                        ..
                    }
            )
        )
    }

    fn waiting(&mut self, at: usize, len: usize, mutable: bool, is_here: bool) -> Value {
        let range = Range { at, len, is_here };
        self.specials.add(Special::Bytes {
            range,
            mutable,
            object: None,
        })
    }

    fn are_there(&self, value: &Value) -> bool {
        !matches!(self.specials.get(value), Some(Special::Refused))
    }

    /// A look for Ctrl-C now and then.
    #[inline]
    pub(super) fn count(&mut self, values: usize) -> PyResult<()> {
        match self.until_signals.checked_sub(values) {
            Some(left) => {
                self.until_signals = left;
                Ok(())
            }
            None => {
                self.until_signals = SIGNALS_EVERY;
                self.py.check_signals()
            }
        }
    }
}

impl Builder for PythonBuilder<'_, '_> {
    type Value = Value;

    #[inline]
    fn none(&mut self) -> Result<Value> {
        Ok(self.none.clone())
    }

    fn bool(&mut self, value: bool) -> Result<Value> {
        let made = value.into_pyobject(self.py);
        let made = made.map(|made| made.to_owned().into_any());
        self.keep(made.map(Value::of).map_err(PyErr::from))
    }

    #[inline]
    fn int(&mut self, value: i64) -> Result<Value> {
        let made = value::int(self.py, value);
        self.keep(made)
    }

    fn big_int(&mut self, value: BigInt) -> Result<Value> {
        let made = self.python_int(&value).map(Value::of);
        self.keep(made)
    }

    #[inline]
    fn float(&mut self, value: f64) -> Result<Value> {
        let made = value::float(self.py, value);
        self.keep(made)
    }

    #[inline]
    fn text(&mut self, text: Text<'_>, _at: Option<usize>) -> Result<Value> {
        let made = value::text(self.py, text.as_bytes());
        self.keep(made)
    }

    #[inline]
    fn unchecked_text(&mut self, bytes: &[u8], _at: usize) -> Result<Value> {
        match value::text(self.py, bytes) {
            Ok(made) => Ok(made),
            Err(raised) => Err(self.stop(raised)),
        }
    }

    fn bytes(&mut self, bytes: &[u8], at: Option<usize>) -> Result<Value> {
        match at {
            Some(at) if bytes.len() >= WAITING => Ok(self.waiting(at, bytes.len(), false, true)),
            _ => {
                let made = value::bytes(self.py, bytes);
                self.keep(made)
            }
        }
    }

    fn bytearray(&mut self, bytes: &[u8], at: Option<usize>) -> Result<Value> {
        match at {
            Some(at) => Ok(self.waiting(at, bytes.len(), true, true)),
            _ => {
                let made = value::bytearray(self.py, bytes);
                self.keep(made)
            }
        }
    }

    fn long_bytes(&mut self, len: u64, at: usize, mutable: bool) -> Result<Value> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        Ok(self.waiting(at, len, mutable, false))
    }

    #[inline]
    fn tuple(&mut self, items: Items<'_, Value>) -> Result<Value> {
        self.new_tuple(items)
    }

    #[inline]
    fn list(&mut self, items: Items<'_, Value>) -> Result<Value> {
        let py = self.py;
        let made = value::list(py, items.into_iter().map(|item| self.object(item)));
        self.keep(made)
    }

    fn frozenset(&mut self, items: Items<'_, Value>) -> Result<Value> {
        let items: Vec<_> = items.into_iter().collect();
        let made = self.new_frozenset(items);
        self.keep(made)
    }

    #[inline]
    fn dict(&mut self) -> Result<Value> {
        let made = value::new_dict(self.py);
        self.keep(made)
    }

    fn set(&mut self) -> Result<Value> {
        let made = value::new_set(self.py);
        self.keep(made)
    }

    #[inline]
    fn append(&mut self, target: &Value, items: Items<'_, Value>) -> Result<()> {
        let done = self.extend(target, items);
        self.keep(done)
    }

    #[inline]
    fn set_items(&mut self, target: &Value, items: Items<'_, Value>) -> Result<()> {
        let done = self.put_all(target, items);
        self.keep(done)
    }

    fn add(&mut self, target: &Value, items: Items<'_, Value>) -> Result<()> {
        if !self.are_there(target) {
            return Ok(());
        }
        let done = self.add_all(target, items);
        self.keep(done)
    }

    fn global(&mut self, global: &Global<'_>) -> Result<Value> {
        self.refusals.met(global);
        Ok(match global.known {
            Some(known) => self.specials.add(Special::Global(known)),
            None => self.specials.add(Special::Refused),
        })
    }

    fn construct(&mut self, data: Data<Value>) -> Result<Value> {
        let made = self.new_data(data);
        self.keep(made)
    }

    fn begin(&mut self, known: Known, _call: Call<Value>) -> Result<Value> {
        Ok(self.specials.add(Special::Pending(known, None)))
    }

    fn fill(&mut self, target: &Value, data: Data<Value>) -> Result<()> {
        let done = self.complete(target, data);
        self.keep(done)
    }

    fn call(&mut self, call: Call<Value>, reason: Reason) -> Result<Value> {
        if let Some(&Special::Global(known)) = self.specials.get(&call.callable) {
            self.refusals.call(known, reason, call.offset, call.op);
        }
        Ok(self.specials.add(Special::Refused))
    }

    fn build(&mut self, _target: &Value, _state: Value) -> Result<()> {
        // Only what was refused gets here.
        Ok(())
    }

    #[inline]
    fn view<'b>(&'b self, value: &'b Value) -> View<'b> {
        match self.specials.get(value) {
            None => self.view_object(value),
            Some(special) => self.view_special(special),
        }
    }

    #[inline]
    fn hashing(&mut self, key: &Value) -> u64 {
        if is_plain(key) || key.is(Kind::FrozenSet) {
            return 0;
        }
        let steps = self.steps(key);
        self.pace.expect(steps);
        steps
    }

    fn to_big_int(&self, value: &Value) -> Option<BigInt> {
        self.rust_int(value)
    }

    fn long_text<'b>(&'b self, value: &'b Value) -> Option<&'b str> {
        value::as_str(self.py, value)
    }

    #[inline]
    fn item(&self, value: &Value, index: usize) -> Option<Value> {
        match self.specials.get(value) {
            Some(Special::Tuple { items, .. }) => items.get(index).cloned(),
            Some(_) => None,
            None => value::item(value, index),
        }
    }

    fn pairs(&self, dict: &Value) -> Vec<(Value, Value)> {
        self.dict_pairs(dict).unwrap_or_default()
    }

    fn latin1(&mut self, text: &Value) -> Result<Option<Value>> {
        let text = match self.specials.get(text) {
            Some(Special::Made(object)) => object,
            _ => text,
        };
        Ok(or_keep(self.py, value::latin1(self.py, text)))
    }

    fn readonly(&mut self, buffer: &Value) -> Result<Value> {
        match self.view(buffer) {
            View::ByteArray(_) | View::LongBytes { mutable: true, .. } => Err(Error::new(
                ErrorKind::Buffer,
                "a read-only view of a bytearray: only out-of-band buffers are such",
            )),
            _ => Ok(buffer.clone()),
        }
    }

    #[inline]
    fn note(&mut self, _offset: usize, op: Op, note: Note<'_, Value>) {
        if let Note::Global(global) = note
            && global.known.is_none()
        {
            self.refusals.global(global, op);
        }
    }
}
