//! What is looked up once, when the package is imported.
//!
//! Nothing here may be filled later: a child that is forked while another thread fills such a cell waits
//! for that thread, which it does not have. The cells of pyo3 and of the numpy crate are filled too.

use numpy::{PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyList, PyString, PyType};

use crate::appender::Appender;
use crate::lazy::{LazyArray, LazyBlocks};
use crate::mapping::{MappedMemory, Mapping};
use crate::memory::Memory;
use crate::npz::Archive;
use crate::source::Kept;

/// Classes and functions of Python's that are used often.
pub(crate) struct Known {
    pub(crate) ndarray: Py<PyType>,
    pub(crate) memmap: Py<PyType>,
    /// `numpy.dtype`.
    pub(crate) dtype: Py<PyAny>,
    pub(crate) npz_file: Py<PyType>,
    /// Those of `npload.exceptions`.
    pub(crate) damaged_deflate: Py<PyType>,
    pub(crate) damaged_bzip2: Py<PyType>,
    pub(crate) damaged_lzma: Py<PyType>,
    pub(crate) misplaced_member: Py<PyType>,
    pub(crate) bytes_io: Py<PyType>,
    pub(crate) buffered_reader: Py<PyType>,
    pub(crate) buffered_random: Py<PyType>,
    pub(crate) file_io: Py<PyType>,
    /// The attributes of a `numpy.memmap`: `_mmap`, `offset`, `mode`, `filename`.
    pub(crate) attributes: [Py<PyString>; 4],
}

static KNOWN: PyOnceLock<Known> = PyOnceLock::new();

/// What was looked up.
///
/// # Errors
/// `RuntimeError` where the extension module is used without its package.
#[inline]
pub(crate) fn known(py: Python<'_>) -> PyResult<&Known> {
    KNOWN.get(py).ok_or_else(not_imported)
}

#[cold]
fn not_imported() -> PyErr {
    PyRuntimeError::new_err("npload is not imported: its module _npload is not for use by itself")
}

/// Fills all cells.
#[pyfunction]
pub(crate) fn prepare(py: Python<'_>) -> PyResult<()> {
    let class = |module: &str, name: &str| -> PyResult<Py<PyType>> {
        Ok(py.import(module)?.getattr(name)?.cast_into()?.unbind())
    };
    // So that no pickle that names what is in them decides when, and in which folder, they are looked for.
    for module in ["collections", "datetime", "decimal", "fractions", "uuid"] {
        py.import(module)?;
    }
    let name = |name: &str| PyString::intern(py, name).unbind();
    let known = Known {
        ndarray: class("numpy", "ndarray")?,
        memmap: class("numpy", "memmap")?,
        dtype: py.import("numpy")?.getattr("dtype")?.unbind(),
        npz_file: class("npload._npz", "NpzFile")?,
        damaged_deflate: class("npload.exceptions", "DamagedDeflate")?,
        damaged_bzip2: class("npload.exceptions", "DamagedBzip2")?,
        damaged_lzma: class("npload.exceptions", "DamagedLzma")?,
        misplaced_member: class("npload.exceptions", "MisplacedMember")?,
        bytes_io: class("io", "BytesIO")?,
        buffered_reader: class("io", "BufferedReader")?,
        buffered_random: class("io", "BufferedRandom")?,
        file_io: class("io", "FileIO")?,
        attributes: ["_mmap", "offset", "mode", "filename"].map(name),
    };
    // Filled already where the package was taken out of `sys.modules` and is imported again.
    let _ = KNOWN.set(py, known);
    py.get_type::<Appender>();
    py.get_type::<Archive>();
    py.get_type::<Kept>();
    py.get_type::<LazyArray>();
    py.get_type::<LazyBlocks>();
    py.get_type::<MappedMemory>();
    py.get_type::<Mapping>();
    py.get_type::<Memory>();
    // The numpy crate's: NumPy's function table and version.
    let array = py.import("numpy")?.call_method1("zeros", (1,))?;
    let array = array.cast::<PyUntypedArray>()?;
    let _ = (array.dtype(), array.shape(), numpy::npyffi::is_numpy_2(py));
    // Pyo3's: how the length of an iterator is guessed, and whether Python runs.
    let _ = PyList::empty(py).try_iter()?.size_hint();
    py.detach(|| Python::attach(|_| ()));
    Ok(())
}
