//! Files as `numpy.memmap` arrays.

use std::ffi::OsStr;
use std::path::{Component, Path};
use std::sync::{Arc, Weak};

use npload::{Array, Buffer, MmapMode, Pending};
use pyo3::exceptions::{PyBufferError, PyOSError};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::arguments::{Arguments, letters};
use crate::array::{Layout, over};
use crate::dtype::of_header;
use crate::error::IntoPython;
use crate::known::known;

/// A mapped part of a file: the `base` of the arrays over it. It is unmapped when the last of them goes.
#[pyclass(frozen, weakref, module = "npload")]
pub(crate) struct MappedMemory {
    buffer: Arc<Buffer>,
}

#[pymethods]
impl MappedMemory {
    /// Writes changes to the file; what `numpy.memmap.flush` calls.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        flush(py, &self.buffer)
    }

    /// What `isinstance` goes by: it passes for the `mmap.mmap` that NumPy has there. By that joblib
    /// knows arrays that it can hand to other processes by the file's name.
    #[getter]
    fn __class__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("mmap")?.getattr("mmap")
    }

    fn __len__(&self) -> usize {
        self.buffer.len()
    }

    /// As [`Mapping::close`], while an array has it as its base.
    fn close(&self) -> PyResult<()> {
        Err(in_use())
    }
}

/// The mapping of a file, as `array._mmap` gives it. It keeps nothing alive.
#[pyclass(frozen, module = "npload")]
pub(crate) struct Mapping {
    buffer: Weak<Buffer>,
}

#[pymethods]
impl Mapping {
    /// Makes sure that the file is no longer mapped.
    ///
    /// A mapping ends when the last array over it does: delete those first. Unlike ``mmap.close``
    /// under a NumPy array, this never leaves an array over memory that is gone.
    ///
    /// Raises
    /// ------
    /// BufferError
    ///     While arrays still use it.
    fn close(&self) -> PyResult<()> {
        if self.closed() {
            return Ok(());
        }
        Err(in_use())
    }

    /// Whether the file is no longer mapped.
    #[getter]
    fn closed(&self) -> bool {
        self.buffer.strong_count() == 0
    }

    /// Writes changes to the file.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.buffer
            .upgrade()
            .map_or(Ok(()), |buffer| flush(py, &buffer))
    }
}

#[cold]
fn in_use() -> PyErr {
    PyBufferError::new_err("cannot close the mapping while arrays use it: delete them first")
}

fn flush(py: Python<'_>, buffer: &Arc<Buffer>) -> PyResult<()> {
    py.detach(|| buffer.flush()).map_err(PyOSError::new_err)
}

/// Maps the array of which the header was read.
pub(crate) fn memmap<'py>(
    file: &Bound<'py, PyAny>,
    path: &Path,
    pending: Pending,
    arguments: &Arguments,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    let dtype = of_header(py, pending.header(), arguments.ml())?;
    let offset = pending.data_offset();
    let options = arguments.mapping_options();
    let array = py.detach(|| pending.load(&options)).into_python(py)?;
    let mode = arguments.map.unwrap_or(MmapMode::Read);
    let filename = filename(file, path)?;
    to_memmap(
        array,
        &dtype,
        Place {
            mode,
            offset,
            filename,
        },
    )
}

/// What a `memmap` tells of where it lies.
pub(crate) struct Place<'py> {
    pub(crate) mode: MmapMode,
    pub(crate) offset: u64,
    pub(crate) filename: Bound<'py, PyAny>,
}

/// The mapped array as a `numpy.memmap`.
pub(crate) fn to_memmap<'py>(
    array: Array,
    dtype: &Bound<'py, PyAny>,
    place: Place<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = dtype.py();
    let layout = Layout::of(&array)?;
    let array_is_empty = array.nbytes() == 0;
    let (mut buffer, offset) = array.into_buffer();
    let data = match buffer.get_mut() {
        // No bytes lie anywhere; NumPy calls what is nowhere not aligned.
        _ if array_is_empty => std::ptr::dangling_mut::<u128>().cast(),
        Some(bytes) => bytes.as_mut_ptr(),
        // Read only: NumPy is told so, and writes nothing.
        None => buffer.as_ptr().cast_mut(),
    };
    let writable = buffer.is_writable() && place.mode != MmapMode::Read;
    let buffer = Arc::new(buffer);
    let mapping = Mapping {
        buffer: Arc::downgrade(&buffer),
    };
    let owner = Bound::new(py, MappedMemory { buffer })?.into_any();
    let known = known(py)?;
    let class = known.memmap.bind(py);
    // SAFETY: the mapping has the array's bytes from there on, and `owner` keeps it. Rust reads it
    // nowhere; only a writable one is written.
    let made = unsafe {
        let data = data.wrapping_add(offset);
        over(class, data, owner, layout, writable, dtype)?
    };
    let [mmap, offset, mode, filename] = &known.attributes;
    made.setattr(mmap, Bound::new(py, mapping)?)?;
    made.setattr(offset, place.offset)?;
    made.setattr(mode, letters(place.mode))?;
    made.setattr(filename, place.filename)?;
    Ok(made)
}

/// What `numpy.memmap` gives as `filename`: a path object resolved, a text made absolute, else nothing.
pub(crate) fn filename<'py>(file: &Bound<'py, PyAny>, path: &Path) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    if let Some(resolve) = file.getattr_opt("resolve")? {
        return resolve.call0();
    }
    let Ok(text) = file.cast::<PyString>() else {
        return Ok(py.None().into_bound(py));
    };
    if is_normal(path) {
        return Ok(text.clone().into_any());
    }
    py.import("os.path")?.call_method1("abspath", (text,))
}

/// Whether a path is absolute and has no part to resolve.
fn is_normal(path: &Path) -> bool {
    let normal = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    // Components hide what is doubled: the text has one slash for each of them.
    let length = path.components().fold(0_usize, |length, part| match part {
        Component::Normal(name) => length.saturating_add(name.len()).saturating_add(1),
        _ => length,
    });
    path.is_absolute() && path.components().all(normal) && length == OsStr::len(path.as_os_str())
}
