//! Handles of values, and the few calls of Python's C API that a load makes a million times.
//!
//! A handle is a reference to a Python object, or, by its lowest bit, the number of something that is
//! no Python object yet (see [`Special`](super::special::Special)). The safe functions here take any
//! handle: of a special one, and of an object of another type than their own, they make an exception.

use std::ffi::c_char;
use std::ptr::NonNull;

use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::prelude::*;

use super::error::or_keep;

/// A handle. It is made with the GIL held and cannot go to another thread, so that it is cloned and
/// dropped with the GIL held, too.
pub(super) struct Value(NonNull<ffi::PyObject>);

const SPECIAL: usize = 1;

impl Value {
    /// The handle of something that is no object yet.
    #[inline]
    pub(super) fn special(number: usize) -> Value {
        let bits = number.wrapping_shl(1) | SPECIAL;
        let pointer = std::ptr::without_provenance_mut(bits);
        // Never null: its lowest bit is set.
        Value(NonNull::new(pointer).unwrap_or(NonNull::dangling()))
    }

    /// The number of something that is no object yet.
    #[inline]
    pub(super) fn number(&self) -> Option<usize> {
        let bits = self.0.addr().get();
        (bits & SPECIAL != 0).then_some(bits >> 1)
    }

    /// An object's handle.
    #[inline]
    pub(super) fn of(object: Bound<'_, PyAny>) -> Value {
        // SAFETY: the pointer of a `Bound` is never null; the reference is taken over.
        Value(unsafe { NonNull::new_unchecked(object.into_ptr()) })
    }

    /// The object, if it is one.
    #[inline]
    pub(super) fn bound<'a, 'py>(&'a self, py: Python<'py>) -> Option<Borrowed<'a, 'py, PyAny>> {
        match self.number() {
            Some(_) => None,
            // SAFETY: it is an object to which this handle holds a reference while it is borrowed.
            None => Some(unsafe { Borrowed::from_ptr(py, self.0.as_ptr()) }),
        }
    }

    /// The object, if it is one, its reference taken over.
    pub(super) fn into_bound(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let object = object(self)?;
        // SAFETY: an object, and a reference to it that this takes over.
        Ok(unsafe { Bound::from_owned_ptr(py, object) })
    }

    /// The object's type; of what is no object null.
    #[inline]
    pub(super) fn type_of(&self) -> *mut ffi::PyTypeObject {
        match self.number() {
            Some(_) => std::ptr::null_mut(),
            // SAFETY: it is an object.
            None => unsafe { ffi::Py_TYPE(self.0.as_ptr()) },
        }
    }

    #[inline]
    pub(super) fn is(&self, kind: Kind) -> bool {
        self.type_of() == kind.type_object()
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> *mut ffi::PyObject {
        self.0.as_ptr()
    }

    /// A result of the C API: a new reference, or null with an exception set.
    ///
    /// # Safety
    /// It is just that.
    #[inline]
    unsafe fn take(py: Python<'_>, result: *mut ffi::PyObject) -> PyResult<Value> {
        match NonNull::new(result) {
            Some(object) => Ok(Value(object)),
            None => Err(PyErr::fetch(py)),
        }
    }
}

impl Clone for Value {
    #[inline]
    fn clone(&self) -> Self {
        if self.number().is_none() {
            // SAFETY: it is an object, and the GIL is held.
            unsafe { reference(self.0) }
        }
        Value(self.0)
    }
}

impl Drop for Value {
    #[inline]
    fn drop(&mut self) {
        if self.number().is_none() {
            // SAFETY: as in `clone`; the handle's own reference goes.
            unsafe { release(self.0) }
        }
    }
}

/// Where a count of references may be read: the first 32 bits of an object, in every Python from 3.11 on (the
/// stable interface of 3.11 promises that a module may count there itself). A negative one is an
/// immortal object's.
const COUNTS_HERE: bool = cfg!(all(target_pointer_width = "64", target_endian = "little"));

/// Up to so many references an object's count is this far from an immortal one's.
const MANY: i32 = i32::MAX >> 1;

/// Makes one more reference: what `Py_INCREF` does, which is a call for modules of the stable interface. A
/// load of a million values makes millions.
///
/// # Safety
/// It is an object, and the GIL is held.
#[inline]
unsafe fn reference(object: NonNull<ffi::PyObject>) {
    let count = object.cast::<i32>();
    // SAFETY: the object begins with its count, which only holders of the GIL read and write.
    unsafe {
        match count.read() {
            now @ 1..=MANY if COUNTS_HERE => count.write(now.wrapping_add(1)),
            _ => ffi::Py_INCREF(object.as_ptr()),
        }
    }
}

/// Gives a reference back. The last one is Python's to drop.
///
/// # Safety
/// As for [`reference`], which made it.
#[inline]
unsafe fn release(object: NonNull<ffi::PyObject>) {
    let count = object.cast::<i32>();
    // SAFETY: as for `reference`; others stay.
    unsafe {
        match count.read() {
            now @ 2..=i32::MAX if COUNTS_HERE => count.write(now.wrapping_sub(1)),
            _ => ffi::Py_DECREF(object.as_ptr()),
        }
    }
}

/// Python's own types, exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Bytes,
    Dict,
    Float,
    FrozenSet,
    Int,
    List,
    Set,
    Str,
    Tuple,
}

impl Kind {
    #[inline]
    fn type_object(self) -> *mut ffi::PyTypeObject {
        match self {
            Kind::Bool => &raw mut ffi::PyBool_Type,
            Kind::Bytes => &raw mut ffi::PyBytes_Type,
            Kind::Dict => &raw mut ffi::PyDict_Type,
            Kind::Float => &raw mut ffi::PyFloat_Type,
            Kind::FrozenSet => &raw mut ffi::PyFrozenSet_Type,
            Kind::Int => &raw mut ffi::PyLong_Type,
            Kind::List => &raw mut ffi::PyList_Type,
            Kind::Set => &raw mut ffi::PySet_Type,
            Kind::Str => &raw mut ffi::PyUnicode_Type,
            Kind::Tuple => &raw mut ffi::PyTuple_Type,
        }
    }
}

#[cold]
fn not_that() -> PyErr {
    PySystemError::new_err("npload took an object for one of another type")
}

#[inline]
fn check(value: &Value, kind: Kind) -> PyResult<*mut ffi::PyObject> {
    match value.is(kind) {
        true => Ok(value.as_ptr()),
        false => Err(not_that()),
    }
}

/// What a function of the C API returns that gives nothing: 0, or -1 with an exception set.
#[inline]
fn done(py: Python<'_>, status: std::ffi::c_int) -> PyResult<()> {
    match status {
        0 => Ok(()),
        _ => Err(PyErr::fetch(py)),
    }
}

fn length(len: usize) -> PyResult<ffi::Py_ssize_t> {
    ffi::Py_ssize_t::try_from(len).map_err(|_| not_that())
}

#[inline]
pub(super) fn int(py: Python<'_>, value: i64) -> PyResult<Value> {
    // SAFETY: the GIL is held; a new reference or null.
    unsafe { Value::take(py, ffi::PyLong_FromLongLong(value)) }
}

#[inline]
pub(super) fn float(py: Python<'_>, value: f64) -> PyResult<Value> {
    // SAFETY: the GIL is held; a new reference or null.
    unsafe { Value::take(py, ffi::PyFloat_FromDouble(value)) }
}

/// A str; surrogates may stand in it as three bytes each.
#[inline]
pub(super) fn text(py: Python<'_>, bytes: &[u8]) -> PyResult<Value> {
    let len = length(bytes.len())?;
    let data: *const c_char = bytes.as_ptr().cast();
    // SAFETY: `data` is `len` bytes; a new reference or null.
    unsafe {
        Value::take(
            py,
            ffi::PyUnicode_DecodeUTF8(data, len, c"surrogatepass".as_ptr()),
        )
    }
}

#[inline]
pub(super) fn bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Value> {
    let len = length(bytes.len())?;
    // SAFETY: so many bytes are there; a new reference or null.
    unsafe {
        Value::take(
            py,
            ffi::PyBytes_FromStringAndSize(bytes.as_ptr().cast(), len),
        )
    }
}

pub(super) fn bytearray(py: Python<'_>, bytes: &[u8]) -> PyResult<Value> {
    let len = length(bytes.len())?;
    // SAFETY: so many bytes are there; a new reference or null.
    unsafe {
        Value::take(
            py,
            ffi::PyByteArray_FromStringAndSize(bytes.as_ptr().cast(), len),
        )
    }
}

#[inline]
pub(super) fn new_dict(py: Python<'_>) -> PyResult<Value> {
    // SAFETY: the GIL is held; a new reference or null.
    unsafe { Value::take(py, ffi::PyDict_New()) }
}

#[inline]
pub(super) fn new_set(py: Python<'_>) -> PyResult<Value> {
    // SAFETY: the GIL is held; a new reference or null.
    unsafe { Value::take(py, ffi::PySet_New(std::ptr::null_mut())) }
}

/// A tuple of objects.
#[inline]
pub(super) fn tuple(
    py: Python<'_>,
    items: impl ExactSizeIterator<Item = PyResult<Value>>,
) -> PyResult<Value> {
    let len = length(items.len())?;
    // SAFETY: a new reference or null.
    let tuple = unsafe { Value::take(py, ffi::PyTuple_New(len))? };
    for (at, item) in (0..len).zip(items) {
        let item = object(item?)?;
        // SAFETY: nobody else knows the tuple yet, it has room for `len` items, and the item's
        // reference goes to it.
        done(py, unsafe {
            ffi::PyTuple_SetItem(tuple.as_ptr(), at, item)
        })?;
    }
    Ok(tuple)
}

/// A list of objects.
#[inline]
pub(super) fn list(
    py: Python<'_>,
    items: impl ExactSizeIterator<Item = PyResult<Value>>,
) -> PyResult<Value> {
    let len = length(items.len())?;
    // SAFETY: a new reference or null.
    let list = unsafe { Value::take(py, ffi::PyList_New(len))? };
    for (at, item) in (0..len).zip(items) {
        let item = object(item?)?;
        // SAFETY: as for the tuple.
        done(py, unsafe { ffi::PyList_SetItem(list.as_ptr(), at, item) })?;
    }
    Ok(list)
}

/// The reference of an object, taken over.
#[inline]
fn object(value: Value) -> PyResult<*mut ffi::PyObject> {
    match value.number() {
        None => Ok(std::mem::ManuallyDrop::new(value).as_ptr()),
        Some(_) => Err(not_that()),
    }
}

#[inline]
pub(super) fn append(py: Python<'_>, list: &Value, item: &Value) -> PyResult<()> {
    let list = check(list, Kind::List)?;
    if item.number().is_some() {
        return Err(not_that());
    }
    // SAFETY: a list and an object.
    done(py, unsafe { ffi::PyList_Append(list, item.as_ptr()) })
}

#[inline]
pub(super) fn set_item(py: Python<'_>, dict: &Value, key: &Value, item: &Value) -> PyResult<()> {
    let dict = check(dict, Kind::Dict)?;
    if key.number().or(item.number()).is_some() {
        return Err(not_that());
    }
    // SAFETY: a dict and two objects.
    done(py, unsafe {
        ffi::PyDict_SetItem(dict, key.as_ptr(), item.as_ptr())
    })
}

/// Adds to a set, or to a frozenset that nobody else knows yet.
pub(super) fn add(py: Python<'_>, set: &Value, item: &Value) -> PyResult<()> {
    if !set.is(Kind::Set) && !set.is(Kind::FrozenSet) || item.number().is_some() {
        return Err(not_that());
    }
    // SAFETY: a set and an object.
    done(py, unsafe { ffi::PySet_Add(set.as_ptr(), item.as_ptr()) })
}

/// An empty frozenset; it may be Python's one.
pub(super) fn new_frozenset(py: Python<'_>) -> PyResult<Value> {
    // SAFETY: the GIL is held; a new reference or null.
    unsafe { Value::take(py, ffi::PyFrozenSet_New(std::ptr::null_mut())) }
}

/// The frozenset of a set's items.
pub(super) fn frozenset_of(py: Python<'_>, set: &Value) -> PyResult<Value> {
    let set = check(set, Kind::Set)?;
    // SAFETY: a set; a new reference or null.
    unsafe { Value::take(py, ffi::PyFrozenSet_New(set)) }
}

/// How many items a tuple, list or dict has; 0 of anything else.
#[inline]
pub(super) fn len(value: &Value) -> usize {
    let len = if value.is(Kind::Tuple) {
        // SAFETY: a tuple.
        unsafe { ffi::PyTuple_Size(value.as_ptr()) }
    } else if value.is(Kind::List) {
        // SAFETY: a list.
        unsafe { ffi::PyList_Size(value.as_ptr()) }
    } else if value.is(Kind::Dict) {
        // SAFETY: a dict.
        unsafe { ffi::PyDict_Size(value.as_ptr()) }
    } else {
        0
    };
    usize::try_from(len).unwrap_or_default()
}

/// An item of a tuple or a list.
#[inline]
pub(super) fn item(value: &Value, at: usize) -> Option<Value> {
    if at >= len(value) {
        return None;
    }
    let at = ffi::Py_ssize_t::try_from(at).ok()?;
    let item = if value.is(Kind::Tuple) {
        // SAFETY: a tuple that has more than `at` items; a borrowed reference or null.
        unsafe { ffi::PyTuple_GetItem(value.as_ptr(), at) }
    } else if value.is(Kind::List) {
        // SAFETY: a list that has more than `at` items; a borrowed reference or null.
        unsafe { ffi::PyList_GetItem(value.as_ptr(), at) }
    } else {
        return None;
    };
    let item = NonNull::new(item)?;
    // SAFETY: an object, to which the tuple or list holds a reference; this makes another.
    unsafe { reference(item) };
    Some(Value(item))
}

/// An int, if it fits.
#[inline]
pub(super) fn to_i64(value: &Value) -> Option<i64> {
    let int = check(value, Kind::Int).ok()?;
    let mut overflow = 0;
    // SAFETY: an int, of which the function sets no exception.
    let result = unsafe { ffi::PyLong_AsLongLongAndOverflow(int, &raw mut overflow) };
    (overflow == 0).then_some(result)
}

pub(super) fn to_f64(value: &Value) -> Option<f64> {
    let float = check(value, Kind::Float).ok()?;
    // SAFETY: a float.
    Some(unsafe { ffi::PyFloat_AsDouble(float) })
}

/// The bytes of a bytes object.
#[inline]
pub(super) fn as_bytes(value: &Value) -> Option<&[u8]> {
    let bytes = check(value, Kind::Bytes).ok()?;
    // SAFETY: a bytes object has so many bytes there, which stay and never change while it lives;
    // the handle that is borrowed keeps it.
    unsafe {
        let len = usize::try_from(ffi::PyBytes_Size(bytes)).ok()?;
        Some(std::slice::from_raw_parts(
            ffi::PyBytes_AsString(bytes).cast(),
            len,
        ))
    }
}

/// How many characters a str has.
pub(super) fn text_len(value: &Value) -> Option<usize> {
    let text = check(value, Kind::Str).ok()?;
    // SAFETY: a str.
    usize::try_from(unsafe { ffi::PyUnicode_GetLength(text) }).ok()
}

/// A str of characters below U+0100, as their bytes.
pub(super) fn latin1(py: Python<'_>, value: &Value) -> PyResult<Value> {
    let text = check(value, Kind::Str)?;
    // SAFETY: a str; a new reference or null.
    unsafe { Value::take(py, ffi::PyUnicode_AsLatin1String(text)) }
}

/// The bytes of a str in UTF-8, if it has no lone surrogates.
#[inline]
pub(super) fn as_str<'v>(py: Python<'_>, value: &'v Value) -> Option<&'v str> {
    let text = check(value, Kind::Str).ok()?;
    let mut len = 0;
    // SAFETY: a str; a pointer, or null with an exception set.
    let data = unsafe { ffi::PyUnicode_AsUTF8AndSize(text, &raw mut len) };
    if data.is_null() {
        return or_keep(py, Err(PyErr::fetch(py)));
    }
    let len = usize::try_from(len).ok()?;
    // SAFETY: so many bytes, which the str keeps and which stay while it lives.
    let bytes = unsafe { std::slice::from_raw_parts(data.cast::<u8>(), len) };
    std::str::from_utf8(bytes).ok()
}

/// The cyclic garbage collector, put off: while millions of objects are made that all live, it
/// would look at them again and again.
pub(super) struct Collector {
    was_on: bool,
}

impl Collector {
    pub(super) fn put_off(_: Python<'_>) -> Self {
        // SAFETY: the GIL is held.
        let was_on = unsafe { ffi::PyGC_Disable() } != 0;
        Collector { was_on }
    }

    /// As it was before.
    pub(super) fn restore(&mut self, _: Python<'_>) {
        if std::mem::take(&mut self.was_on) {
            // SAFETY: the GIL is held.
            unsafe { ffi::PyGC_Enable() };
        }
    }
}

/// However the load ends.
impl Drop for Collector {
    fn drop(&mut self) {
        if self.was_on {
            // SAFETY: a load, and what it keeps, stays in one thread that holds the GIL.
            unsafe { ffi::PyGC_Enable() };
        }
    }
}
