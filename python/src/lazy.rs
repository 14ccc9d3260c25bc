//! Arrays that are opened and not loaded: indexing reads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use npload::{Begun, Index, LoadOptions, Npy, Npz, Part, Selection};
use pyo3::exceptions::{PyIndexError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyEllipsis, PyInt, PySlice, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use crate::arguments::Arguments;
use crate::array::to_numpy_array;
use crate::dtype::{MlDtypes, of_header, to_numpy};
use crate::error::IntoPython;
use crate::guard::guarded;
use crate::load::{Whence, begin};
use crate::npz::{Origin, new_npz_file};
use crate::source::Kept;
use crate::watch::watched;

/// An array in a file, opened and not loaded.
///
/// Indexing it reads, and reads no more than the elements need: ``array[10:20, :, 0]``. Integers,
/// slices, ``...`` and ``None`` read parts, names read fields; any other index reads the whole array
/// and leaves the indexing to NumPy. It may be shared between threads.
#[pyclass(frozen, module = "npload")]
pub(crate) struct LazyArray {
    /// Nothing once it is closed. Locked for a moment, with the GIL held: a fork finds it free.
    open: Mutex<Option<Open>>,
    dtype: Py<PyAny>,
    shape: Vec<usize>,
    ml: MlDtypes,
}

/// What is read from.
struct Open {
    data: Arc<Data>,
    /// The file object that `data` borrows.
    file: Option<Py<Kept>>,
}

enum Data {
    Npy(Npy),
    Member(Arc<Npz>, String),
}

impl Data {
    fn part(&self) -> npload::Result<Part<'_>> {
        match self {
            Data::Npy(npy) => npy.part(),
            Data::Member(npz, key) => npz.part(key),
        }
    }
}

impl LazyArray {
    fn new(
        py: Python<'_>,
        data: Data,
        file: Option<Py<Kept>>,
        header: &npload::Header,
        ml: MlDtypes,
    ) -> PyResult<Self> {
        let data = Arc::new(data);
        Ok(LazyArray {
            open: Mutex::new(Some(Open { data, file })),
            dtype: of_header(py, header, ml)?.unbind(),
            shape: header.shape().to_vec(),
            ml,
        })
    }

    pub(crate) fn member(
        py: Python<'_>,
        npz: Arc<Npz>,
        file: &Py<Kept>,
        key: &str,
        ml: MlDtypes,
    ) -> PyResult<Self> {
        let Some(header) = py.detach(|| npz.header(key)).into_python(py)? else {
            let text = format!("member {key:?} is no array: load it to get its bytes");
            return Err(PyValueError::new_err(text));
        };
        let data = Data::Member(npz, key.to_owned());
        LazyArray::new(py, data, Some(file.clone_ref(py)), &header, ml)
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<'py>(&self, py: Python<'py>, what: &What) -> PyResult<Bound<'py, PyAny>> {
        let data = self.open().as_ref().map(|open| open.data.clone());
        let data = data.ok_or_else(|| PyValueError::new_err("the LazyArray is closed"))?;
        let read = || {
            let part = data.part()?;
            let part = match what {
                What::Field(name) => part.field(name)?,
                What::Positions(selection) => part.slice(selection.clone())?,
            };
            part.read()
        };
        let array = py.detach(read).into_python(py)?;
        let dtype = to_numpy(py, array.dtype(), self.ml)?;
        to_numpy_array(array, &dtype)
    }
}

/// What is read.
enum What {
    Field(String),
    Positions(Selection),
}

#[pymethods]
impl LazyArray {
    /// The length of each axis.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.shape)
    }

    /// What the elements are.
    #[getter]
    fn dtype(&self, py: Python<'_>) -> Py<PyAny> {
        self.dtype.clone_ref(py)
    }

    /// How many axes there are.
    #[getter]
    fn ndim(&self) -> usize {
        self.shape.len()
    }

    /// How many elements there are.
    #[getter]
    fn size(&self) -> usize {
        self.shape
            .iter()
            .fold(1, |size, &len| size.saturating_mul(len))
    }

    /// How many bytes the elements take.
    #[getter]
    fn nbytes(&self, py: Python<'_>) -> PyResult<usize> {
        let itemsize: usize = self.dtype.getattr(py, "itemsize")?.extract(py)?;
        Ok(self.size().saturating_mul(itemsize))
    }

    fn __len__(&self) -> PyResult<usize> {
        let text = "len() of unsized object";
        self.shape
            .first()
            .copied()
            .ok_or_else(|| PyTypeError::new_err(text))
    }

    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        index: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || match what(index)? {
            Some(What::Field(_)) if self.dtype.getattr(py, "names")?.is_none(py) => {
                Err(PyIndexError::new_err(
                    "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and \
                     integer or boolean arrays are valid indices",
                ))
            }
            Some(what) => {
                let array = self.read(py, &what)?;
                // As NumPy: positions alone pick an element, and not an array without axes.
                let picks = |index: &Index| matches!(index, Index::At(_));
                match &what {
                    What::Positions(selection)
                        if selection.indices().len() == self.shape.len()
                            && selection.indices().iter().all(picks) =>
                    {
                        array.get_item(PyTuple::empty(py))
                    }
                    _ => Ok(array),
                }
            }
            None => self
                .read(py, &What::Positions(Selection::all()))?
                .get_item(index),
        })
    }

    /// The whole array: what ``numpy.asarray`` calls.
    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if copy == Some(false) {
            let text = "the array is in a file: reading it makes a copy";
            return Err(PyValueError::new_err(text));
        }
        let array = guarded(py, || self.read(py, &What::Positions(Selection::all())))?;
        match dtype {
            None => Ok(array),
            Some(dtype) => {
                let options = PyDict::new(py);
                options.set_item("copy", false)?;
                array.call_method("astype", (dtype,), Some(&options))
            }
        }
    }

    /// Closes the file; what is read after that raises a `ValueError`. Arrays that were read stay.
    fn close(&self) {
        let open = self.open().take();
        drop(open);
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (*_raised))]
    fn __exit__(&self, _raised: &Bound<'_, PyTuple>) {
        self.close();
    }

    /// As that of `Archive`.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if let Ok(open) = self.open.try_lock()
            && let Some(file) = open.as_ref().and_then(|open| open.file.as_ref())
        {
            visit.call(file)?;
        }
        visit.call(&self.dtype)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let shape = self.shape(py)?;
        Ok(format!(
            "<npload.LazyArray {} {}>",
            self.dtype.bind(py).str()?,
            shape.repr()?
        ))
    }
}

/// What the engine reads for an index; nothing where only NumPy knows what it means.
fn what(index: &Bound<'_, PyAny>) -> PyResult<Option<What>> {
    if let Ok(name) = index.cast::<PyString>() {
        return Ok(Some(What::Field(name.to_str()?.to_owned())));
    }
    let parts = match index.cast::<PyTuple>() {
        Ok(parts) => parts
            .iter()
            .map(|part| position(&part))
            .collect::<PyResult<Option<Vec<_>>>>()?,
        Err(_) => position(index)?.map(|part| vec![part]),
    };
    Ok(parts.map(|parts| What::Positions(Selection::new(parts))))
}

fn position(part: &Bound<'_, PyAny>) -> PyResult<Option<Index>> {
    if part.is_none() {
        return Ok(Some(Index::NewAxis));
    }
    if part.is_instance_of::<PyEllipsis>() {
        return Ok(Some(Index::Ellipsis));
    }
    if let Ok(slice) = part.cast::<PySlice>() {
        let bound = |name: &str| bound(&slice.getattr(name)?);
        let step = bound("step")?.unwrap_or(1);
        if step == 0 {
            return Err(PyValueError::new_err("slice step cannot be zero"));
        }
        let (start, stop) = (bound("start")?, bound("stop")?);
        return Ok(Some(Index::Slice { start, stop, step }));
    }
    // A bool is a mask, and arrays of integers are lists of positions.
    if part.is_instance_of::<PyBool>() || part.hasattr("shape")? && !is_scalar(part)? {
        return Ok(None);
    }
    if part.is_instance_of::<PyInt>() || part.hasattr("__index__")? {
        let at = part.extract::<isize>();
        return at
            .map(|at| Some(Index::At(at)))
            .map_err(|_| PyIndexError::new_err("index out of range"));
    }
    Ok(None)
}

/// A bound of a slice: one that no axis reaches is as good as the last that fits.
fn bound(given: &Bound<'_, PyAny>) -> PyResult<Option<isize>> {
    if given.is_none() {
        return Ok(None);
    }
    match given.extract() {
        Ok(at) => Ok(Some(at)),
        Err(err) if err.is_instance_of::<PyOverflowError>(given.py()) => {
            let end = if given.lt(0)? { isize::MIN } else { isize::MAX };
            Ok(Some(end))
        }
        Err(_) => Err(PyTypeError::new_err(
            "slice indices must be integers or None or have an __index__ method",
        )),
    }
}

/// Whether it is one of NumPy's integers; its bools are masks.
fn is_scalar(part: &Bound<'_, PyAny>) -> PyResult<bool> {
    let integer = part.py().import("numpy")?.getattr("integer")?;
    part.is_instance(&integer)
}

/// Opens a file and loads nothing.
pub(crate) fn open<'py>(
    file: &Bound<'py, PyAny>,
    arguments: &Arguments,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    let options = || -> LoadOptions { watched(arguments.options(), None) };
    match begin(file, arguments)? {
        (Begun::Array(pending), from) => {
            let npy = pending.into_npy(options());
            let header = npy.header().clone();
            let file = match from {
                Whence::Path(_) => None,
                Whence::File(file) => Some(file.unbind()),
            };
            let lazy = LazyArray::new(py, Data::Npy(npy), file, &header, arguments.ml())?;
            Ok(Bound::new(py, lazy)?.into_any())
        }
        (Begun::Npz(npz), from) => {
            let origin = match from {
                Whence::Path(path) => Origin::Path(file.clone().unbind(), path),
                Whence::File(file) => Origin::File(file.unbind()),
            };
            let npz = new_npz_file(py, npz, origin, arguments)?;
            py.import("npload._lazy")?.getattr("LazyNpz")?.call1((npz,))
        }
        _ => Err(PyValueError::new_err(
            "only files with a position can be opened without loading them: load this one",
        )),
    }
}
