//! What the machine may know of values: their types, and the contents of small ones.

use npload_pickle::{Known, TimeDelta, View};
use pyo3::prelude::*;

use super::build::PythonBuilder;
use super::classes::place;
use super::error::or_keep;
use super::special::Special;
use super::value::{self, Kind, Value};

/// Longer texts are not looked at.
const LONG_TEXT: usize = 4096;

impl<'py> PythonBuilder<'_, 'py> {
    pub(super) fn view_special<'b>(&'b self, special: &'b Special) -> View<'b> {
        match special {
            Special::Global(known) => View::Global(Some(*known)),
            Special::Pending(known, _) => View::Pending(*known),
            Special::Made(object) => self.view_object(object),
            Special::DType { dtype, .. } => View::DType(dtype.clone()),
            Special::Bytes { range, mutable, .. } => match (range.is_here, mutable) {
                (true, true) => View::ByteArray(self.input.get(range.at, range.len)),
                (true, false) => View::Bytes(self.input.get(range.at, range.len)),
                (false, &mutable) => View::LongBytes {
                    len: range.len as u64,
                    mutable,
                },
            },
            Special::Tuple { items, .. } => View::Tuple(items.len()),
            Special::Refused => View::Inert,
        }
    }

    pub(super) fn view_object<'b>(&'b self, object: &'b Value) -> View<'b> {
        if object.is(Kind::Dict) {
            View::Dict(value::len(object))
        } else if object.is(Kind::List) {
            View::List(value::len(object))
        } else if object.is(Kind::Str) {
            match value::text_len(object) {
                Some(len) if len > LONG_TEXT => View::LongText(len),
                _ => value::as_str(self.py, object)
                    .map_or(View::Other("str"), |text| View::Text(text.into())),
            }
        } else if let Some(dtype) = self.dtypes.if_last(object) {
            View::DType(dtype.clone())
        } else if object.is(Kind::Int) {
            match value::to_i64(object) {
                Some(int) => View::Int(int),
                None => View::BigInt(self.bits(object)),
            }
        } else if object.is(Kind::Tuple) {
            View::Tuple(value::len(object))
        } else if object.is(Kind::Float) {
            value::to_f64(object).map_or(View::Other("float"), View::Float)
        } else if object.is(Kind::Bytes) {
            value::as_bytes(object).map_or(View::Other("bytes"), View::Bytes)
        } else if object.as_ptr() == self.none.as_ptr() {
            View::None
        } else if object.is(Kind::Bool) {
            let bound = object.bound(self.py);
            View::Bool(bound.is_some_and(|bound| bound.is_truthy().unwrap_or_default()))
        } else if object.is(Kind::Set) {
            View::Set
        } else if object.is(Kind::FrozenSet) {
            View::Other("frozenset")
        } else {
            self.view_other(object)
        }
    }

    fn view_other<'b>(&'b self, object: &'b Value) -> View<'b> {
        if let Some(dtype) = self.dtypes.of(object) {
            return View::DType(dtype.clone());
        }
        match self.classes.of(object) {
            Some(Known::OrderedDict | Known::DefaultDict | Known::Counter) => {
                let len = object.bound(self.py).map(|dict| dict.len());
                let len = len.and_then(|len| or_keep(self.py, len));
                View::Dict(len.unwrap_or_default())
            }
            Some(Known::Deque) => View::Deque,
            Some(Known::TimeDelta) => self
                .timedelta(object)
                .map_or(View::Other("timedelta"), View::TimeDelta),
            Some(Known::TimeZone) => View::TimeZone,
            Some(known) => View::Other(place(known).1),
            None => View::Other("object"),
        }
    }

    fn timedelta(&self, object: &Value) -> Option<TimeDelta> {
        let object = object.bound(self.py)?;
        let part = |name| or_keep(self.py, object.getattr(name));
        Some(TimeDelta {
            days: part("days")?.extract().ok()?,
            seconds: part("seconds")?.extract().ok()?,
            microseconds: part("microseconds")?.extract().ok()?,
        })
    }

    pub(super) fn bits(&self, int: &Value) -> u64 {
        let bits = |int: &Bound<'py, PyAny>| int.call_method0("bit_length")?.extract();
        let int = int.bound(self.py);
        int.and_then(|int| or_keep(self.py, bits(&int)))
            .unwrap_or(u64::MAX)
    }
}
