//! NumPy arrays: over the engine's memory, or filled by the engine where NumPy has allocated them.

use std::ffi::c_int;
use std::ops::Range;
use std::ptr::null_mut;

use npload::{Array, DType, Header, Order};
use numpy::npyffi::{
    NPY_ARRAY_F_CONTIGUOUS, NPY_ARRAY_WRITEABLE, NpyTypes, PY_ARRAY_API, PyArrayObject,
    get_type_object, npy_intp,
};
use numpy::{PyArrayDescr, PyArrayDescrMethods};
use pyo3::exceptions::PyValueError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};

use crate::arena::Part;
use crate::dtype::{MlDtypes, of_header};
use crate::error::IntoPython;
use crate::known::known;
use crate::memory::Memory;

/// From this size on an array lies in the engine's memory, which is aligned and filled by threads.
/// NumPy's allocator is faster below.
pub(crate) const OWN_FROM: usize = 64 << 10;

/// The most axes that NumPy's arrays have.
const MAX_NDIM: usize = 64;

/// The lengths of the axes as NumPy takes them.
struct Dims {
    dims: [npy_intp; MAX_NDIM],
    ndim: c_int,
}

impl Dims {
    fn new(shape: &[usize]) -> PyResult<Self> {
        let mut dims = [0; MAX_NDIM];
        let too_large = || PyValueError::new_err("Maximum allowed dimension exceeded");
        if shape.len() > MAX_NDIM {
            return Err(too_large());
        }
        for (dim, &len) in dims.iter_mut().zip(shape) {
            *dim = npy_intp::try_from(len).map_err(|_| too_large())?;
        }
        let ndim = c_int::try_from(shape.len()).map_err(|_| too_large())?;
        Ok(Dims { dims, ndim })
    }
}

/// An array that NumPy has allocated, and that nobody else knows yet.
pub(crate) struct NewArray<'py> {
    array: Bound<'py, PyAny>,
    nbytes: usize,
}

impl<'py> NewArray<'py> {
    /// An array of zeros for what the header says.
    #[inline]
    pub(crate) fn new(py: Python<'py>, header: &Header, ml: MlDtypes) -> PyResult<Self> {
        let dtype = of_header(py, header, ml)?;
        let itemsize = header.dtype().itemsize();
        let array = allocate(&dtype, itemsize, header.shape(), header.order())?;
        let nbytes = header.nbytes();
        let new = NewArray { array, nbytes };
        // SAFETY: the array has as many bytes, NumPy has just allocated them, and nobody reads them.
        unsafe { new.data().write_bytes(0, nbytes) };
        Ok(new)
    }

    fn data(&self) -> *mut u8 {
        let array: *mut PyArrayObject = self.array.as_ptr().cast();
        // SAFETY: `allocate` made it an array, whose fields are valid while it lives.
        unsafe { (*array).fields.data.cast() }
    }

    /// Its bytes, in the order in which they lie in memory.
    #[inline]
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: NumPy has allocated `nbytes` contiguous bytes there, `new` has set them, and only
        // this value knows the array.
        unsafe { std::slice::from_raw_parts_mut(self.data(), self.nbytes) }
    }

    #[inline]
    pub(crate) fn finish(self) -> Bound<'py, PyAny> {
        self.array
    }
}

/// A NumPy array of that dtype, shape and order, its memory not set.
#[inline]
fn allocate<'py>(
    numpy_dtype: &Bound<'py, PyAny>,
    itemsize: usize,
    shape: &[usize],
    order: Order,
) -> PyResult<Bound<'py, PyAny>> {
    let py = numpy_dtype.py();
    if itemsize == 0 {
        return without_bytes(numpy_dtype, shape, order);
    }
    let mut dims = Dims::new(shape)?;
    let flags = match order {
        Order::C => 0,
        Order::F => NPY_ARRAY_F_CONTIGUOUS,
    };
    // SAFETY: the type is `numpy.ndarray`; the descr is a dtype, to which the call takes a reference
    // of its own, made here; `dims` has `ndim` lengths. Without data NumPy allocates.
    unsafe {
        let class = get_type_object(py, NpyTypes::PyArray_Type);
        let descr = numpy_dtype.clone().into_ptr().cast();
        let array = PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            class,
            descr,
            dims.ndim,
            dims.dims.as_mut_ptr(),
            null_mut(),
            null_mut(),
            flags,
            null_mut(),
        );
        Bound::from_owned_ptr_or_err(py, array)
    }
}

/// The same for elements of no bytes, to which the C function gives one; the constructor does not.
fn without_bytes<'py>(
    dtype: &Bound<'py, PyAny>,
    shape: &[usize],
    order: Order,
) -> PyResult<Bound<'py, PyAny>> {
    let py = dtype.py();
    let options = PyDict::new(py);
    options.set_item("dtype", dtype)?;
    options.set_item("order", if order == Order::F { "F" } else { "C" })?;
    let shape = PyTuple::new(py, shape)?;
    known(py)?.ndarray.bind(py).call((shape,), Some(&options))
}

/// A new array that `fill` fills, where arrays lie that are loaded: in aligned memory of ours, which
/// `memory` gives, or in NumPy's if it is small. Its dtype holds no objects.
pub(crate) fn new_filled<'py>(
    numpy_dtype: &Bound<'py, PyAny>,
    itemsize: usize,
    shape: &[usize],
    order: Order,
    memory: impl FnOnce() -> std::io::Result<Part>,
    fill: impl FnOnce(&mut [u8]) -> PyResult<()>,
) -> PyResult<Bound<'py, PyAny>> {
    let size = shape
        .iter()
        .try_fold(itemsize, |size, &len| size.checked_mul(len));
    let same = numpy_dtype.cast::<PyArrayDescr>()?.itemsize() == itemsize;
    let Some(nbytes) = size.filter(|_| same && !has_objects(numpy_dtype).unwrap_or(true)) else {
        return Err(PyValueError::new_err("no array of bytes"));
    };
    if nbytes < OWN_FROM {
        let array = allocate(numpy_dtype, itemsize, shape, order)?;
        let mut new = NewArray { array, nbytes };
        // SAFETY: as in `NewArray::new`: the array has as many bytes, which are nobody's yet.
        unsafe { new.data().write_bytes(0, nbytes) };
        fill(new.bytes())?;
        return Ok(new.finish());
    }
    let layout = Layout::without_gaps(shape, itemsize, order)?;
    let mut part = memory()?;
    if part.bytes().len() != nbytes {
        return Err(PyValueError::new_err("memory of another size"));
    }
    fill(part.bytes())?;
    let (data, owner) = part.into_owner(numpy_dtype.py())?;
    let class = known(numpy_dtype.py())?.ndarray.bind(numpy_dtype.py());
    // SAFETY: as in `wrap`: `data` is the first of `nbytes` bytes, which the layout stays in.
    unsafe { over(class, data, owner, layout, true, numpy_dtype) }
}

/// A new array of Python objects in C order, those of a list.
pub(crate) fn new_of_objects<'py>(
    objects: &Bound<'py, PyList>,
    shape: &[usize],
) -> PyResult<Bound<'py, PyAny>> {
    const ITEMSIZE: usize = size_of::<*mut ffi::PyObject>();
    let py = objects.py();
    let size = shape
        .iter()
        .try_fold(1_usize, |size, &len| size.checked_mul(len));
    let Some(size) = size.filter(|&size| size == objects.len()) else {
        return Err(PyValueError::new_err("objects of another number"));
    };
    let dtype = numpy::dtype::<Py<PyAny>>(py);
    let array = allocate(dtype.as_any(), ITEMSIZE, shape, Order::C)?;
    let new = NewArray {
        array,
        nbytes: size.saturating_mul(ITEMSIZE),
    };
    let slots: *mut *mut ffi::PyObject = new.data().cast();
    for (at, object) in objects.iter().take(size).enumerate() {
        // SAFETY: the array is one of objects, and has `size` aligned slots, which NumPy has set to
        // null; `at` is below that. Each takes a reference of its own. Nobody else knows the array, and
        // nothing here runs Python code that could change the list.
        unsafe { slots.add(at).write(object.into_ptr()) };
    }
    Ok(new.finish())
}

/// NumPy's scalar of a dtype of numbers, from its bytes: `numpy._core.multiarray.scalar` without a call.
pub(crate) fn new_number<'py>(
    dtype: &Bound<'py, PyAny>,
    bytes: &[u8],
) -> PyResult<Bound<'py, PyAny>> {
    let py = dtype.py();
    let descr = dtype.cast::<PyArrayDescr>()?;
    if descr.has_object() || descr.has_fields() || descr.itemsize() != bytes.len() {
        return Err(PyValueError::new_err("bytes of another number"));
    }
    // SAFETY: NumPy copies the bytes, which are as many as one element of that dtype has and need not be
    // aligned; no object is in them, so that there is no base. A new reference or null.
    unsafe {
        let scalar = PY_ARRAY_API.PyArray_Scalar(
            py,
            bytes.as_ptr().cast_mut().cast(),
            descr.as_ptr().cast(),
            null_mut(),
        );
        Bound::from_owned_ptr_or_err(py, scalar)
    }
}

fn has_objects(dtype: &Bound<'_, PyAny>) -> PyResult<bool> {
    dtype.getattr("hasobject")?.extract()
}

/// The engine's array as NumPy's: over the same memory, or copied where it is small, shared, or has
/// gaps. A large one whose steps go backwards stays so.
#[inline]
pub(crate) fn to_numpy_array<'py>(
    mut array: Array,
    dtype: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    if array.nbytes() >= OWN_FROM && array.buffer().0.is_writable() {
        return wrap(array, dtype);
    }
    if array.order().is_none() {
        // Makes it contiguous.
        array.bytes_mut().into_python(dtype.py())?;
    }
    let order = order_of(&array);
    let bytes = array.contiguous_bytes(order).ok_or_else(has_gaps)?;
    copy(bytes, array.dtype(), array.shape(), order, dtype)
}

#[cold]
pub(crate) fn has_gaps() -> PyErr {
    PyValueError::new_err("the array has gaps")
}

/// The order in which the elements of a contiguous array lie; where both fit, the one that gives its
/// very strides, on axes of one element too.
pub(crate) fn order_of(array: &Array) -> Order {
    let axes = || array.shape().iter().zip(array.strides());
    if !array.is_contiguous(Order::F) || has_strides(axes().rev(), array.dtype().itemsize()) {
        return array.order().unwrap_or(Order::C);
    }
    match has_strides(axes(), array.dtype().itemsize()) {
        true => Order::F,
        false => array.order().unwrap_or(Order::C),
    }
}

/// Whether the strides of these axes are just those of elements without gaps, the first axis varying
/// fastest.
fn has_strides<'a>(axes: impl Iterator<Item = (&'a usize, &'a isize)>, itemsize: usize) -> bool {
    let mut stride = itemsize;
    axes.into_iter().all(|(&len, &found)| {
        let same = isize::try_from(stride) == Ok(found);
        stride = stride.saturating_mul(len.max(1));
        same
    })
}

fn copy<'py>(
    bytes: &[u8],
    dtype: &DType,
    shape: &[usize],
    order: Order,
    numpy_dtype: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let array = allocate(numpy_dtype, dtype.itemsize(), shape, order)?;
    let new = NewArray {
        array,
        nbytes: bytes.len(),
    };
    // SAFETY: an array of that dtype and shape has as many bytes, and nobody knows it yet.
    unsafe {
        new.data()
            .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len())
    };
    Ok(new.finish())
}

/// A NumPy array over the engine's memory, which is its base; a copy where others have it too.
fn wrap<'py>(array: Array, numpy_dtype: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = numpy_dtype.py();
    let layout = Layout::of(&array)?;
    let range = reach(&array).ok_or_else(has_gaps)?;
    let (mut buffer, offset) = array.into_buffer();
    let inside = offset.checked_sub(range.start).ok_or_else(has_gaps)?;
    let (start, alone) = match buffer.get_mut() {
        Some(all) => (all.get_mut(range).map(<[u8]>::as_mut_ptr), true),
        None => {
            let shared = buffer.get(range).map(<[u8]>::as_ptr);
            (shared.map(<*const u8>::cast_mut), false)
        }
    };
    let data = start.ok_or_else(has_gaps)?.wrapping_add(inside);
    let owner = Bound::new(py, Memory::new(buffer))?.into_any();
    let class = known(py)?.ndarray.bind(py);
    // SAFETY: `range` has the bytes of all elements, the first of which is at `data`; `owner` keeps
    // them in place. Rust does not touch them as long as `owner` lives, and what others read too is
    // not written.
    let made = unsafe { over(class, data, owner, layout, alone, numpy_dtype)? };
    match alone {
        true => Ok(made),
        false => made.call_method1("copy", ("K",)),
    }
}

/// The bytes in its memory from the first of the array's elements to the last, wherever steps go.
fn reach(array: &Array) -> Option<Range<usize>> {
    let (_, offset) = array.buffer();
    let (mut start, mut end) = (offset, offset.checked_add(array.dtype().itemsize())?);
    for (&len, &stride) in array.shape().iter().zip(array.strides()) {
        let steps = len.checked_sub(1)?;
        let distance = steps.checked_mul(stride.unsigned_abs())?;
        match stride < 0 {
            true => start = start.checked_sub(distance)?,
            false => end = end.checked_add(distance)?,
        }
    }
    Some(start..end)
}

/// The axes of an array as NumPy takes them.
pub(crate) struct Layout {
    dims: Dims,
    strides: [npy_intp; MAX_NDIM],
}

impl Layout {
    pub(crate) fn of(array: &Array) -> PyResult<Self> {
        let dims = Dims::new(array.shape())?;
        let mut strides = [0; MAX_NDIM];
        for (place, &stride) in strides.iter_mut().zip(array.strides()) {
            *place = stride;
        }
        Ok(Layout { dims, strides })
    }

    /// The axes of elements that lie in that order without gaps.
    fn without_gaps(shape: &[usize], itemsize: usize, order: Order) -> PyResult<Self> {
        let dims = Dims::new(shape)?;
        let too_large = || PyValueError::new_err("Maximum allowed dimension exceeded");
        let mut strides = [0; MAX_NDIM];
        let mut stride = npy_intp::try_from(itemsize).map_err(|_| too_large())?;
        let mut axes: Vec<_> = strides.iter_mut().zip(shape).collect();
        if order == Order::C {
            axes.reverse();
        }
        for (place, &len) in axes {
            *place = stride;
            let len = npy_intp::try_from(len.max(1)).map_err(|_| too_large())?;
            stride = stride.checked_mul(len).ok_or_else(too_large)?;
        }
        Ok(Layout { dims, strides })
    }
}

/// A NumPy array of a class over memory of `owner`.
///
/// # Safety
/// `class` is `numpy.ndarray` or derives from it. The elements that the layout means, of that dtype
/// and from `data` on, lie in memory that `owner` keeps in place while it lives, and that no Rust
/// reference covers meanwhile; with `writable` they may be written.
pub(crate) unsafe fn over<'py>(
    class: &Bound<'py, PyType>,
    data: *mut u8,
    owner: Bound<'py, PyAny>,
    mut layout: Layout,
    writable: bool,
    numpy_dtype: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = owner.py();
    let flags = if writable { NPY_ARRAY_WRITEABLE } else { 0 };
    // SAFETY: as in `allocate`; data, layout and class are the caller's promise. `SetBaseObject`
    // takes the owner's reference, also when it fails.
    unsafe {
        let descr = numpy_dtype.clone().into_ptr().cast();
        let array = PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            class.as_type_ptr(),
            descr,
            layout.dims.ndim,
            layout.dims.dims.as_mut_ptr(),
            layout.strides.as_mut_ptr(),
            data.cast(),
            flags,
            null_mut(),
        );
        let array = Bound::from_owned_ptr_or_err(py, array)?;
        let set = PY_ARRAY_API.PyArray_SetBaseObject(py, array.as_ptr().cast(), owner.into_ptr());
        if set < 0 {
            return Err(PyErr::fetch(py));
        }
        Ok(array)
    }
}
