//! Arrays that are opened and not loaded: indexing reads.

mod address;
mod blocks;
mod boxes;
mod index;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use npload::{Begun, Header, Index, LoadOptions, Npy, Npz, Order, Part, Selection};
use pyo3::exceptions::{PyIndexError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use crate::arguments::Arguments;
use crate::array::to_numpy_array;
use crate::dtype::{MlDtypes, of_header, to_numpy};
use crate::error::IntoPython;
use crate::guard::guarded;
use crate::load::{Whence, begin};
use crate::npz::{Origin, new_npz_file};
use crate::out;
use crate::source::Kept;
use crate::watch::watched;
use index::{What, what};

pub(crate) use address::Address;
pub(crate) use blocks::LazyBlocks;

/// What iteration reads at a time, in bytes, and what `chunks` tells others to.
const BLOCK: usize = 16 << 20;

/// An array in a file, opened and not loaded.
///
/// Indexing it reads, and reads no more than the elements need: ``array[10:20, :, 0]``. Integers,
/// slices, ``...`` and ``None`` read parts, names read fields; any other index reads the whole array
/// and leaves the indexing to NumPy. Iterating over it reads rows, some at a time.
///
/// It may be shared between threads and with forked processes, and it can be pickled if the file was
/// given by its path: whoever unpickles it opens that file, which must not have changed.
#[pyclass(frozen, module = "npload")]
pub(crate) struct LazyArray {
    /// Nothing once it is closed. Locked for a moment, with the GIL held: a fork finds it free.
    open: Mutex<Option<Open>>,
    dtype: Py<PyAny>,
    shape: Vec<usize>,
    chunks: Vec<usize>,
    order: Order,
    is_compressed: bool,
    ml: MlDtypes,
    /// Where others find it; nothing where only this process has the file.
    address: Option<Address>,
}

/// What is read from.
struct Open {
    data: Arc<Data>,
    /// The file object that `data` borrows.
    file: Option<Py<Kept>>,
}

pub(crate) enum Data {
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
        open: Open,
        header: &Header,
        is_compressed: bool,
        ml: MlDtypes,
        address: Option<Address>,
    ) -> PyResult<Self> {
        // Of a compressed member a part costs all that is before it.
        let block = if is_compressed { usize::MAX } else { BLOCK };
        Ok(LazyArray {
            open: Mutex::new(Some(open)),
            dtype: of_header(py, header, ml)?.unbind(),
            shape: header.shape().to_vec(),
            chunks: header.block_shape(block),
            order: header.order(),
            is_compressed,
            ml,
            address,
        })
    }

    /// The array of that key in an archive that was loaded from `file`.
    pub(crate) fn member(
        py: Python<'_>,
        npz: Arc<Npz>,
        file: &Py<Kept>,
        key: &str,
        ml: MlDtypes,
        address: Option<Address>,
    ) -> PyResult<Self> {
        let peeked = py.detach(|| npz.peek_member(key)).into_python(py)?;
        let Some(header) = peeked.header.into_python(py)? else {
            let text = format!("member {key:?} is no array: load it to get its bytes");
            return Err(PyValueError::new_err(text));
        };
        let open = Open {
            data: Arc::new(Data::Member(npz, key.to_owned())),
            file: Some(file.clone_ref(py)),
        };
        let is_compressed = peeked.compression != "stored";
        LazyArray::new(py, open, &header, is_compressed, ml, address)
    }

    fn data(&self) -> PyResult<Arc<Data>> {
        let data = self.open().as_ref().map(|open| open.data.clone());
        data.ok_or_else(|| PyValueError::new_err("the LazyArray is closed"))
    }

    fn open(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<'py>(&self, py: Python<'py>, what: &What) -> PyResult<Bound<'py, PyAny>> {
        let data = self.data()?;
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

    /// Whether the first axis varies fastest in the file.
    #[getter]
    fn fortran_order(&self) -> bool {
        self.order == Order::F
    }

    /// The shape of blocks that are read well: elements that lie next to each other in the file, 16 MiB
    /// of them; all of a compressed member. `dask.array.from_array` goes by it.
    #[getter]
    fn chunks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.chunks)
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

    /// Loads the whole array.
    ///
    /// Parameters
    /// ----------
    /// out : numpy.ndarray, optional
    ///     An array to load into, of just this dtype, shape and memory order. If the load fails it may
    ///     hold anything.
    ///
    /// Returns
    /// -------
    /// numpy.ndarray
    ///     `out`, or a new array.
    #[pyo3(signature = (out=None))]
    fn load<'py>(
        &self,
        py: Python<'py>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let Some(out) = out else {
                return self.read(py, &What::Positions(Selection::all()));
            };
            match &*self.data()? {
                Data::Npy(npy) => out::fill(out, npy.header(), self.ml, |bytes| {
                    py.detach(|| npy.read_into(bytes)).into_python(py)
                }),
                Data::Member(npz, key) => {
                    let pending = py.detach(|| npz.begin(key)).into_python(py)?;
                    let Some(header) = pending.header() else {
                        return Err(PyValueError::new_err("the member is no array any more"));
                    };
                    out::fill(out, header, self.ml, |bytes| {
                        py.detach(|| pending.read_into(bytes)).into_python(py)
                    })
                }
            }
        })
    }

    /// Iterates over blocks, in the order in which they lie in the file.
    ///
    /// Each is read when it is asked for; a compressed member is decompressed once, and its checksum
    /// checked when its end was read.
    ///
    /// Parameters
    /// ----------
    /// shape : tuple of int, optional
    ///     The lengths of a block's axes; at the ends of the array it has less. By default blocks have
    ///     16 MiB.
    ///
    /// Returns
    /// -------
    /// iterator of (tuple of slice, numpy.ndarray)
    ///     Where each block lies in the array, and its elements.
    ///
    /// Examples
    /// --------
    /// >>> import os, tempfile
    /// >>> import numpy as np, npload
    /// >>> path = os.path.join(tempfile.mkdtemp(), "x.npy")
    /// >>> np.save(path, np.arange(6).reshape(3, 2))
    /// >>> for index, block in npload.open(path).blocks((2, 2)):
    /// ...     print(index, block.sum())
    /// (slice(0, 2, None), slice(0, 2, None)) 6
    /// (slice(2, 3, None), slice(0, 2, None)) 9
    #[pyo3(signature = (shape=None))]
    fn blocks(&self, py: Python<'_>, shape: Option<Vec<usize>>) -> PyResult<LazyBlocks> {
        guarded(py, || {
            LazyBlocks::new(py, self.data()?, shape.as_deref(), self.ml)
        })
    }

    /// Boxes of it, each a new array in aligned memory, in C order and native byte order. A box has the
    /// start and the end on each axis.
    fn _read_boxes<'py>(
        &self,
        py: Python<'py>,
        boxes: Vec<Vec<(usize, usize)>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        guarded(py, || boxes::read(py, &*self.data()?, boxes, self.ml))
    }

    /// Iterates over the first axis. Rows are read some at a time, up to 16 MiB.
    fn __iter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let rows = slf.py().import("npload._lazy")?.getattr("rows")?;
        rows.call1((slf, BLOCK))
    }

    /// Opens it again by its path, in the process that unpickles it.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let Some(address) = self.address.as_ref().filter(|_| self.data().is_ok()) else {
            return Err(PyTypeError::new_err(
                "only an open LazyArray whose file was given by its path can be pickled: another \
                 process cannot open the same file object",
            ));
        };
        let again = py.import("npload._lazy")?.getattr("again")?;
        (again, address.arguments(py)?).into_pyobject(py)
    }

    /// What dask names its tasks by: the same for the same array of an unchanged file.
    fn __dask_tokenize__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match &self.address {
            Some(address) => Ok(address.arguments(py)?.into_any()),
            None => py.import("uuid")?.call_method0("uuid4")?.getattr("hex"),
        }
    }

    /// Whether it is a compressed member.
    #[getter]
    fn _is_compressed(&self) -> bool {
        self.is_compressed
    }

    #[getter]
    fn _stamp(&self) -> Option<address::Stamp> {
        self.address.as_ref().map(Address::stamp)
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
        if let Some(address) = &self.address {
            address.visit(&visit)?;
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
            let (file, address) = match from {
                Whence::Path(path) => (
                    None,
                    Address::of(py, Some(&path), npy.file(), None, arguments)?,
                ),
                Whence::File(file) => (Some(file.unbind()), None),
            };
            let open = Open {
                data: Arc::new(Data::Npy(npy)),
                file,
            };
            let lazy = LazyArray::new(py, open, &header, false, arguments.ml(), address)?;
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

/// Opens many files as one array.
pub(crate) fn open_files<'py>(
    file: &Bound<'py, PyAny>,
    stack: Option<&Bound<'py, PyAny>>,
    concat: Option<&Bound<'py, PyAny>>,
    arguments: &Arguments,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    let open_files = py.import("npload._files")?.getattr("open_files")?;
    open_files.call1((file, stack, concat, arguments.opening(py)?))
}
