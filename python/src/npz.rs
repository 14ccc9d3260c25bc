//! Archives: the part of `NpzFile` that is to be fast. The rest is Python (`npload/_npz.py`).

use std::sync::{Arc, Mutex, PoisonError};

use npload::{Member, MmapMode, Npz, PendingMember};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple, PyType};

use crate::arguments::Arguments;
use crate::array::{NewArray, OWN_FROM, to_numpy_array};
use crate::dtype::{Dtypes, MlDtypes, to_numpy};
use crate::error::{IntoPython, to_python};
use crate::guard::guarded;
use crate::lazy::LazyArray;
use crate::load::path_of;
use crate::mapping::{Place, filename, to_memmap};
use crate::watch::watched;
use crate::{pickles, warn};

/// Up to this size a member is read with the GIL held: letting go of it would cost more.
const AT_HAND: u64 = 16 << 10;

/// What an archive was loaded from.
pub(crate) enum Origin {
    /// This path, as it was given.
    Path(Py<PyAny>),
    /// This open file.
    File(Py<PyAny>),
}

/// The `NpzFile` of an opened archive.
pub(crate) fn new_npz_file<'py>(
    py: Python<'py>,
    npz: Npz,
    origin: Origin,
    arguments: &Arguments,
) -> PyResult<Bound<'py, PyAny>> {
    let (file, by_path) = match origin {
        Origin::Path(path) => (path, true),
        Origin::File(file) => (file, false),
    };
    let progress = arguments.progress(py);
    let mapped = arguments.map.filter(|_| by_path && !arguments.exact);
    let options = match mapped {
        Some(_) => arguments.mapping_options(),
        None => arguments.options(),
    };
    if arguments.map.is_some() && !by_path && !arguments.exact {
        warn::keep(
            "an archive that is not given by its path is not memory-mapped: it is read".to_owned(),
        );
    }
    let archive = Archive {
        npz: Mutex::new(Some(Arc::new(npz.with_options(watched(options, progress))))),
        arguments: arguments.clone_ref(py),
        mapped,
        file,
        by_path,
    };
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(py, "npload._npz", "NpzFile")?;
    class.call1((Bound::new(py, archive)?,))
}

/// An open archive: members by name.
#[pyclass(frozen, subclass, mapping, module = "npload._npload")]
pub(crate) struct Archive {
    /// None once it is closed.
    npz: Mutex<Option<Arc<Npz>>>,
    arguments: Arguments,
    /// How stored members are mapped.
    mapped: Option<MmapMode>,
    /// The path as it was given, or the open file.
    file: Py<PyAny>,
    by_path: bool,
}

#[cold]
fn closed() -> PyErr {
    PyValueError::new_err("the NpzFile is closed")
}

impl Archive {
    #[inline]
    fn npz(&self) -> PyResult<Arc<Npz>> {
        let npz = self.npz.lock().unwrap_or_else(PoisonError::into_inner);
        npz.clone().ok_or_else(closed)
    }

    fn member<'py>(&self, py: Python<'py>, npz: &Npz, key: &str) -> PyResult<Bound<'py, PyAny>> {
        let pending = npz.begin(key).into_python(py)?;
        let Some(header) = pending.header() else {
            let bytes = at_hand_or_detached(py, &pending, |pending| pending.bytes())?;
            return Ok(PyBytes::new(py, &bytes).into_any());
        };
        if let Some(mode) = self.mapped {
            return self.mapped_member(py, pending, mode);
        }
        let start = header.data_offset();
        if header.dtype().has_object() && self.arguments.allow_pickle {
            let bytes = at_hand_or_detached(py, &pending, |pending| pending.bytes())?;
            let pickle = bytes.get(start..).unwrap_or_default();
            return pickles::object_array_in(py, pickle, self.arguments.pickles);
        }
        if header.nbytes() < OWN_FROM {
            let mut new = NewArray::new(py, header, self.arguments.ml())?;
            let bytes = new.bytes();
            at_hand_or_detached(py, &pending, |pending| pending.read_into(bytes))?;
            return Ok(new.finish());
        }
        let dtype = to_numpy(py, header.dtype(), self.arguments.ml())?;
        match py.detach(|| pending.load()).into_python(py)? {
            Member::Array(array) => to_numpy_array(array, &dtype),
            Member::Bytes(bytes) => Ok(PyBytes::new(py, &bytes).into_any()),
        }
    }

    fn mapped_member<'py>(
        &self,
        py: Python<'py>,
        pending: PendingMember<'_>,
        mode: MmapMode,
    ) -> PyResult<Bound<'py, PyAny>> {
        let offset = pending.data_offset().into_python(py)?;
        match py.detach(|| pending.load()).into_python(py)? {
            Member::Bytes(bytes) => Ok(PyBytes::new(py, &bytes).into_any()),
            Member::Array(array) => {
                let dtype = to_numpy(py, array.dtype(), self.arguments.ml())?;
                // Compressed: it was read, with a warning.
                let Some(offset) = offset else {
                    return to_numpy_array(array, &dtype);
                };
                let file = self.file.bind(py);
                let filename = filename(file, &path_of(file)?)?;
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
        }
    }

    fn load_each<'py>(
        &self,
        npz: &Npz,
        keys: &[Bound<'py, PyString>],
        into: &Bound<'py, PyDict>,
    ) -> PyResult<()> {
        for key in keys {
            into.set_item(key, self.member(key.py(), npz, key.to_str()?)?)?;
        }
        Ok(())
    }
}

/// Does `read` with the GIL held where the member is small.
#[inline]
fn at_hand_or_detached<T: Send>(
    py: Python<'_>,
    pending: &PendingMember<'_>,
    read: impl FnOnce(&PendingMember<'_>) -> npload::Result<T> + Send,
) -> PyResult<T> {
    match pending.size() <= AT_HAND {
        true => read(pending),
        false => py.detach(|| read(pending)),
    }
    .into_python(py)
}

#[pymethods]
impl Archive {
    /// Takes over what another one has opened.
    #[new]
    fn new(py: Python<'_>, opened: &Bound<'_, Archive>) -> Self {
        let opened = opened.get();
        let npz = opened
            .npz
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        Archive {
            npz: Mutex::new(npz),
            arguments: opened.arguments.clone_ref(py),
            mapped: opened.mapped,
            file: opened.file.clone_ref(py),
            by_path: opened.by_path,
        }
    }

    fn __len__(&self) -> PyResult<usize> {
        Ok(self.npz()?.len())
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        match key.cast::<PyString>() {
            Ok(key) => {
                let npz = self.npz.lock().unwrap_or_else(PoisonError::into_inner);
                let npz = npz.as_deref().ok_or_else(closed)?;
                Ok(npz.contains(key.to_str()?))
            }
            Err(_) => Ok(false),
        }
    }

    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Ok(key) = key.cast::<PyString>() else {
            return Err(PyKeyError::new_err(format!(
                "{} is not a file in the archive",
                key.str()?
            )));
        };
        guarded(py, || self.member(py, &*self.npz()?, key.to_str()?))
    }

    /// All members, or those of ``keys``, as a dict: loaded side by side.
    ///
    /// Parameters
    /// ----------
    /// keys : iterable of str, optional
    ///     Which members, by key or whole name. By default all.
    ///
    /// Returns
    /// -------
    /// dict
    ///     The arrays by key; ``bytes`` for members that are no arrays.
    #[pyo3(signature = (keys=None))]
    fn load_all<'py>(
        &self,
        py: Python<'py>,
        keys: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        guarded(py, || {
            let npz = self.npz()?;
            let dict = PyDict::new(py);
            let chosen = match keys {
                None => None,
                Some(keys) => {
                    let keys = keys
                        .try_iter()?
                        .map(|key| Ok(key?.cast_into::<PyString>()?));
                    Some(keys.collect::<PyResult<Vec<_>>>()?)
                }
            };
            let by_one = || match &chosen {
                Some(keys) => self.load_each(&npz, keys, &dict),
                None => {
                    let keys: Vec<_> = npz.keys().map(|key| PyString::new(py, key)).collect();
                    self.load_each(&npz, &keys, &dict)
                }
            };
            if self.mapped.is_some() {
                by_one()?;
                return Ok(dict);
            }
            let done = match &chosen {
                None => {
                    let loaded = py.detach(|| npz.load_all());
                    loaded.map(|all| put(&dict, all.into_iter(), self.arguments.ml()))
                }
                Some(keys) => {
                    let names = keys
                        .iter()
                        .map(|key| key.to_str())
                        .collect::<PyResult<Vec<_>>>()?;
                    let loaded = py.detach(|| npz.load_some(names.iter().copied()));
                    loaded.map(|all| put(&dict, names.into_iter().zip(all), self.arguments.ml()))
                }
            };
            match done {
                Ok(done) => done?,
                // Object arrays, which Python reads.
                Err(err) if err.kind() == npload::ErrorKind::Pickle => {
                    warn::forget();
                    by_one()?;
                }
                Err(err) => return Err(to_python(py, &err)),
            }
            Ok(dict)
        })
    }

    /// Closes the archive: members can no longer be loaded.
    fn _close(&self) {
        let npz = self
            .npz
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(npz);
    }

    #[getter]
    fn _is_closed(&self) -> bool {
        self.npz
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
    }

    /// The keys in the order of the directory, duplicates too.
    fn _keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.npz()?.keys())
    }

    /// What it was opened from: the path as it was given, or the file.
    #[getter]
    fn _file(&self, py: Python<'_>) -> Py<PyAny> {
        self.file.clone_ref(py)
    }

    #[getter]
    fn _by_path(&self) -> bool {
        self.by_path
    }

    /// The dtype and the shape of a member, if it is an array that can be read.
    fn _header<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let npz = self.npz()?;
        let Ok(Some(header)) = npz.header(key) else {
            return Ok(None);
        };
        let shape = PyTuple::new(py, header.shape())?.into_any();
        let dtype = to_numpy(py, header.dtype(), self.arguments.ml())?;
        PyTuple::new(py, [dtype, shape]).map(Some)
    }

    /// A member as an array of which parts are read.
    fn _lazy(&self, py: Python<'_>, key: &str) -> PyResult<LazyArray> {
        guarded(py, || {
            LazyArray::member(py, self.npz()?, key, self.arguments.ml())
        })
    }

    #[getter]
    fn _is_exact(&self) -> bool {
        self.arguments.exact
    }

    /// The arguments of `load` that open it again.
    fn _arguments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.arguments.to_dict(py)
    }
}

/// Puts loaded members into a dict; of equal keys the last counts.
fn put<'py, 'a>(
    dict: &Bound<'py, PyDict>,
    members: impl Iterator<Item = (&'a str, Member)>,
    ml: MlDtypes,
) -> PyResult<()> {
    let py = dict.py();
    let mut dtypes = Dtypes::new(py, ml);
    for (key, member) in members {
        let value = match member {
            Member::Array(array) => {
                let dtype = dtypes.of(array.dtype())?;
                to_numpy_array(array, dtype)?
            }
            Member::Bytes(bytes) => PyBytes::new(py, &bytes).into_any(),
        };
        dict.set_item(key, value)?;
    }
    Ok(())
}
