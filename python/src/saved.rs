//! NumPy's arrays as what the engine saves: their memory is copied from, piece by piece.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use npload::{ByteOrder, DType, Memory, Order, Saved};
use numpy::npyffi::PyArrayObject;
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::IntoPython;
use crate::source::buffer_of;

/// NumPy's last own type number that is no text, bytes, void, object or time: those below are numbers,
/// whose typestr says all, as does that of texts and times.
const OBJECT: i32 = 17;
const VOID: i32 = 20;
const LAST_BUILTIN: i32 = 23;

/// An array that is to be saved, with what keeps it.
pub(crate) struct Elements<'py> {
    array: Bound<'py, PyUntypedArray>,
    /// A header's dtype and, of objects, the pickle.
    dtype: DType,
    pickle: Option<npload::Buffer>,
    memory: RawMemory,
}

/// Where an array's first element lies.
struct RawMemory(*const u8);

// SAFETY: it is only read from, at places that the array has, while `Elements` holds the array. Another
// thread may write there meanwhile, as it may while NumPy saves: the copy is then a mixture, and all
// that is computed is computed of the copy.
unsafe impl Sync for RawMemory {}

impl Memory for RawMemory {
    fn gather(&self, offset: isize, stride: isize, size: usize, dest: &mut [u8]) {
        let mut from = self.0.wrapping_offset(offset);
        let mut copy = |place: &mut [u8]| {
            // SAFETY: the engine asks for no byte outside the shape and strides that `saved` gave it,
            // which are the array's; `place` has `size` bytes and is nobody else's.
            unsafe { from.copy_to_nonoverlapping(place.as_mut_ptr(), place.len()) };
            from = from.wrapping_offset(stride);
        };
        // Of a size that is known each copy is one move: 8 ns become 1.
        match size {
            1 => dest
                .as_chunks_mut::<1>()
                .0
                .iter_mut()
                .for_each(|place| copy(place)),
            2 => dest
                .as_chunks_mut::<2>()
                .0
                .iter_mut()
                .for_each(|place| copy(place)),
            4 => dest
                .as_chunks_mut::<4>()
                .0
                .iter_mut()
                .for_each(|place| copy(place)),
            8 => dest
                .as_chunks_mut::<8>()
                .0
                .iter_mut()
                .for_each(|place| copy(place)),
            16 => dest
                .as_chunks_mut::<16>()
                .0
                .iter_mut()
                .for_each(|place| copy(place)),
            _ => dest.chunks_exact_mut(size.max(1)).for_each(copy),
        }
    }

    fn write_into(
        &self,
        offset: isize,
        len: usize,
        file: &File,
        place: Option<u64>,
    ) -> Option<io::Result<()>> {
        let mut done = 0;
        while done < len {
            let from = self.0.wrapping_offset(offset).wrapping_add(done).cast();
            let left = len.saturating_sub(done);
            let at = place.and_then(|place| i64::try_from(place.saturating_add(done as u64)).ok());
            // SAFETY: the engine asks for no byte outside the array; the system reads the memory, and
            // answers an error for memory that is not there.
            let written = unsafe {
                match at {
                    None => libc::write(file.as_raw_fd(), from, left),
                    Some(at) => libc::pwrite(file.as_raw_fd(), from, left, at),
                }
            };
            match usize::try_from(written) {
                Ok(0) => return Some(Err(io::ErrorKind::WriteZero.into())),
                Ok(written) => done = done.saturating_add(written),
                Err(_) => {
                    let err = io::Error::last_os_error();
                    if err.kind() != io::ErrorKind::Interrupted {
                        return Some(Err(err));
                    }
                }
            }
        }
        Some(Ok(()))
    }
}

impl<'py> Elements<'py> {
    /// `pickled` is what `npload._save` makes of arrays that need Python: None, or the descr of a header
    /// and, of objects, the pickle.
    pub(crate) fn new(
        array: &Bound<'py, PyAny>,
        pickled: Option<(String, Option<Bound<'py, PyAny>>)>,
    ) -> PyResult<Self> {
        let py = array.py();
        let array = array.cast::<PyUntypedArray>()?.clone();
        let (dtype, pickle) = match pickled {
            Some((descr, pickle)) => (
                DType::parse_descr(&descr).into_python(py)?,
                pickle.map(|pickle| buffer_of(&pickle)).transpose()?,
            ),
            None => (plain_dtype(&array.dtype())?, None),
        };
        let raw: *const PyArrayObject = array.as_ptr().cast();
        // SAFETY: it is an array, whose fields are valid while it lives.
        let data: *const u8 = unsafe { (*raw).fields.data.cast() };
        if pickle.is_none() && dtype.itemsize() != array.dtype().itemsize() {
            return Err(PyValueError::new_err("a dtype of another size"));
        }
        Ok(Elements {
            array,
            dtype,
            pickle,
            memory: RawMemory(data),
        })
    }

    /// What the engine saves.
    pub(crate) fn saved(&self) -> PyResult<Saved<'_>> {
        let py = self.array.py();
        let (shape, strides) = (self.array.shape(), self.array.strides());
        // As NumPy: Fortran's order where only that fits.
        let order = match self.array.is_fortran_contiguous() && !self.array.is_c_contiguous() {
            true => Order::F,
            false => Order::C,
        };
        if let Some(pickle) = &self.pickle {
            return Ok(Saved::pickled(self.dtype.clone(), shape, order, pickle));
        }
        Saved::over(
            self.dtype.clone(),
            shape,
            strides,
            Some(order),
            &self.memory,
        )
        .into_python(py)
    }
}

/// The dtype of numbers, texts, bytes and times, or of one of ml_dtypes' types.
fn plain_dtype(dtype: &Bound<'_, PyArrayDescr>) -> PyResult<DType> {
    let py = dtype.py();
    let text = |name: &str| -> PyResult<String> {
        let text = dtype.as_any().getattr(name)?;
        Ok(text.cast::<PyString>()?.to_cow()?.into_owned())
    };
    if dtype.num() <= LAST_BUILTIN {
        return DType::parse(&text("str")?).into_python(py);
    }
    let order = match dtype.byteorder() {
        b'>' => ByteOrder::Big,
        _ => ByteOrder::Little,
    };
    let found = DType::parse(&text("name")?).into_python(py)?;
    Ok(found.with_byteorder(order))
}

/// Whether [`Elements::new`] needs Python's help with arrays of this dtype: fields, objects, types that
/// NumPy does not have, metadata.
pub(crate) fn needs_help(array: &Bound<'_, PyAny>) -> PyResult<bool> {
    let dtype = array.cast::<PyUntypedArray>()?.dtype();
    let has_parts = dtype.num() == VOID && (dtype.has_fields() || dtype.has_subarray());
    if dtype.num() == OBJECT || dtype.num() > LAST_BUILTIN || has_parts {
        return Ok(true);
    }
    Ok(!dtype.as_any().getattr("metadata")?.is_none())
}
