//! Archives: the part of `NpzFile` that is to be fast. The rest is Python (`npload/_npz.py`).

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use npload::{Member, MmapMode, Npz, PendingMember};
use pyo3::exceptions::{PyException, PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use pyo3::{PyTraverseError, PyVisit};

use crate::arguments::Arguments;
use crate::array::{NewArray, OWN_FROM, to_numpy_array};
use crate::dtype::{Dtypes, of_header, to_numpy};
use crate::error::{IntoPython, to_python};
use crate::guard::guarded;
use crate::known::known;
use crate::lazy::{Address, LazyArray};
use crate::mapping::{Place, filename, to_memmap};
use crate::source::Kept;
use crate::watch::watched;
use crate::{pickles, raised, safe, warn};

/// Up to this size a member is read with the GIL held: letting go of it would cost more.
const AT_HAND: u64 = 16 << 10;

/// What an archive was loaded from.
pub(crate) enum Origin {
    /// This path, as it was given and as the system has it.
    Path(Py<PyAny>, PathBuf),
    /// This open file.
    File(Py<Kept>),
}

/// The `NpzFile` of an opened archive.
pub(crate) fn new_npz_file<'py>(
    py: Python<'py>,
    npz: Npz,
    origin: Origin,
    arguments: &Arguments,
) -> PyResult<Bound<'py, PyAny>> {
    let mut mapped = None;
    let (file, path) = match origin {
        Origin::Path(given, path) => {
            if let Some(mode) = arguments.map
                && !arguments.exact
            {
                let filename = filename(given.bind(py), &path)?.unbind();
                mapped = Some(Mapped { mode, filename });
            }
            // Now, since the process may go to another folder.
            let path = std::path::absolute(&path).unwrap_or(path);
            (Kept::new(given.bind(py))?.unbind(), Some(path))
        }
        Origin::File(file) => (file, None),
    };
    let progress = arguments.progress();
    let options = match mapped {
        Some(_) => warn::keeping_once(arguments.mapping_options()),
        None => arguments.options(),
    };
    if arguments.map.is_some() && path.is_none() && !arguments.exact {
        warn::keep(
            "an archive that is not given by its path is not memory-mapped: it is read".to_owned(),
        );
    }
    let archive = Archive {
        state: Mutex::new(State {
            npz: Arc::new(npz.with_options(watched(options, progress))),
            closed: false,
        }),
        arguments: arguments.clone_ref(py),
        mapped,
        file,
        path,
    };
    let class = known(py)?.npz_file.bind(py);
    class.call1((Bound::new(py, archive)?,))
}

/// An open archive: members by name.
#[pyclass(frozen, subclass, mapping, module = "npload._npload")]
pub(crate) struct Archive {
    /// Locked for a moment, with the GIL held: a fork finds it free.
    state: Mutex<State>,
    arguments: Arguments,
    /// How stored members are mapped.
    mapped: Option<Mapped>,
    /// The path as it was given, or the open file, which the engine's source only borrows.
    file: Py<Kept>,
    /// The path, made absolute when the archive was opened.
    path: Option<PathBuf>,
}

#[derive(Clone)]
struct State {
    /// Once it is closed, its keys alone.
    npz: Arc<Npz>,
    closed: bool,
}

struct Mapped {
    mode: MmapMode,
    /// What the arrays give as `filename`.
    filename: Py<PyAny>,
}

/// What the engine gives only to those who have it read pickles, which here Python does.
#[cold]
fn unknown_member(member: &Member) -> PyErr {
    PyValueError::new_err(format!("unknown contents: {member:?}"))
}

#[cold]
fn closed() -> PyErr {
    PyValueError::new_err("the NpzFile is closed")
}

impl Archive {
    #[inline]
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    fn npz(&self) -> PyResult<Arc<Npz>> {
        let state = self.state();
        match state.closed {
            false => Ok(state.npz.clone()),
            true => Err(closed()),
        }
    }

    fn member<'py>(&self, py: Python<'py>, npz: &Npz, key: &str) -> PyResult<Bound<'py, PyAny>> {
        let pending = npz.begin(key).into_python(py)?;
        let Some(header) = pending.header() else {
            let bytes = at_hand_or_detached(py, &pending, |pending| pending.bytes())?;
            return Ok(PyBytes::new(py, &bytes).into_any());
        };
        if let Some(mapped) = &self.mapped {
            return self.mapped_member(py, pending, mapped);
        }
        let start = header.data_offset();
        if header.dtype().has_object() && self.arguments.reads_pickles() {
            let bytes = at_hand_or_detached(py, &pending, |pending| pending.bytes())?;
            let pickle = bytes.get(start..).unwrap_or_default();
            let file = self.path.as_ref().map(|path| path.display().to_string());
            let place = safe::Place {
                file: file.as_deref(),
                member: Some(key),
                start: start as u64,
            };
            return pickles::object_array_in(py, pickle, header, self.arguments.pickles, &place);
        }
        if header.nbytes() < OWN_FROM {
            let mut new = NewArray::new(py, header, self.arguments.ml())?;
            let bytes = new.bytes();
            at_hand_or_detached(py, &pending, |pending| pending.read_into(bytes))?;
            return Ok(new.finish());
        }
        let dtype = of_header(py, header, self.arguments.ml())?;
        match py.detach(|| pending.load()).into_python(py)? {
            Member::Array(array) => to_numpy_array(array, &dtype),
            Member::Bytes(bytes) => Ok(PyBytes::new(py, &bytes).into_any()),
            other => Err(unknown_member(&other)),
        }
    }

    fn mapped_member<'py>(
        &self,
        py: Python<'py>,
        pending: PendingMember<'_>,
        mapped: &Mapped,
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
                to_memmap(
                    array,
                    &dtype,
                    Place {
                        mode: mapped.mode,
                        offset,
                        filename: mapped.filename.bind(py).clone(),
                    },
                )
            }
            other => Err(unknown_member(&other)),
        }
    }

    /// Puts all members into a dict, under their keys.
    fn put_all(
        &self,
        npz: &Npz,
        loaded: Vec<(&str, Member)>,
        into: &Bound<'_, PyDict>,
    ) -> PyResult<()> {
        let count = loaded.len();
        let twisted = self.put(npz, loaded.into_iter(), into)?;
        if !twisted && into.len() == count {
            return Ok(());
        }
        // Several members answer to a key: the one that a look-up finds is it.
        let mut seen = HashSet::new();
        let again = npz.keys().filter(|key| is_name(key) || !seen.insert(*key));
        for key in again {
            into.set_item(key, self.member(into.py(), npz, key)?)?;
        }
        Ok(())
    }

    /// Puts loaded members into a dict. Whether one of the keys may be another member's whole name.
    fn put<'a>(
        &self,
        npz: &Npz,
        members: impl Iterator<Item = (&'a str, Member)>,
        into: &Bound<'_, PyDict>,
    ) -> PyResult<bool> {
        let py = into.py();
        let mut dtypes = Dtypes::new(py, self.arguments.ml());
        let mut twisted = false;
        for (key, member) in members {
            let value = match member {
                // What NumPy makes of it, only the header says.
                Member::Array(array) if self.arguments.exact && array.dtype().has_ml_dtype() => {
                    self.member(py, npz, key)?
                }
                Member::Array(array) => {
                    let dtype = dtypes.of(array.dtype())?;
                    to_numpy_array(array, dtype)?
                }
                Member::Bytes(bytes) => PyBytes::new(py, &bytes).into_any(),
                other => return Err(unknown_member(&other)),
            };
            twisted |= is_name(key);
            into.set_item(key, value)?;
        }
        Ok(twisted)
    }

    fn load_each<'py>(
        &self,
        npz: &Npz,
        keys: &[Bound<'py, PyString>],
        into: &Bound<'py, PyDict>,
    ) -> PyResult<()> {
        for key in keys {
            into.set_item(key, self.member(key.py(), npz, text_of(key)?)?)?;
        }
        Ok(())
    }
}

/// Whether a key is like a member's whole name.
fn is_name(key: &str) -> bool {
    key.ends_with(".npy")
}

/// A key, if it is a text that a member's name can be.
fn text_of<'a>(key: &'a Bound<'_, PyString>) -> PyResult<&'a str> {
    key.to_str().map_err(|_| not_there(key))
}

#[cold]
fn not_there(key: &Bound<'_, PyString>) -> PyErr {
    match key.repr() {
        Ok(key) => PyKeyError::new_err(format!("{key} is not a file in the archive")),
        Err(raised) => raised,
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
        let mapped = opened.mapped.as_ref().map(|mapped| Mapped {
            mode: mapped.mode,
            filename: mapped.filename.clone_ref(py),
        });
        Archive {
            state: Mutex::new(opened.state().clone()),
            arguments: opened.arguments.clone_ref(py),
            mapped,
            file: opened.file.clone_ref(py),
            path: opened.path.clone(),
        }
    }

    fn __len__(&self) -> usize {
        self.state().npz.len()
    }

    fn __contains__(&self, key: &Bound<'_, PyAny>) -> bool {
        // No member's name is a text that UTF-8 does not have.
        let key = key.cast::<PyString>().ok();
        key.and_then(|key| key.to_str().ok())
            .is_some_and(|key| self.state().npz.contains(key))
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
        guarded(py, || self.member(py, &*self.npz()?, text_of(key)?))
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
                    loaded.map(|all| self.put_all(&npz, all, &dict))
                }
                Some(keys) => {
                    let names = keys.iter().map(text_of).collect::<PyResult<Vec<_>>>()?;
                    let loaded = py.detach(|| npz.load_some(names.iter().copied()));
                    loaded.map(|all| self.put(&npz, names.into_iter().zip(all), &dict).map(drop))
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
        let mut state = self.state();
        if !state.closed {
            let npz = Arc::new(state.npz.closed());
            *state = State { npz, closed: true };
        }
    }

    #[getter]
    fn _is_closed(&self) -> bool {
        self.state().closed
    }

    /// The keys in the order of the directory, duplicates too.
    fn _keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let npz = self.state().npz.clone();
        PyList::new(py, npz.keys())
    }

    /// What it was opened from: the path as it was given, or the file.
    #[getter]
    fn _file(&self, py: Python<'_>) -> Py<PyAny> {
        self.file.get().object().clone_ref(py)
    }

    /// Device and number of the file that it reads; another may have taken its path.
    #[getter]
    fn _file_id(&self) -> PyResult<Option<(u64, u64)>> {
        let npz = self.npz()?;
        let metadata = npz.file().map(File::metadata).transpose()?;
        Ok(metadata.map(|metadata| (metadata.dev(), metadata.ino())))
    }

    /// The path, made absolute when the archive was opened.
    #[getter]
    fn _path(&self) -> Option<&OsStr> {
        self.path.as_deref().map(Path::as_os_str)
    }

    /// The dtype and the shape of a member, if it is an array that can be read.
    fn _header<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Option<Bound<'py, PyTuple>>> {
        guarded(py, || {
            let read = self.npz()?.header(key);
            // It is for people to look at: a load warns, and a load says what is wrong.
            warn::forget();
            let raised = raised::take();
            match (read, raised) {
                (_, Some(raised)) if !raised.is_instance_of::<PyException>(py) => Err(raised),
                (Ok(Some(header)), _) => {
                    let shape = PyTuple::new(py, header.shape())?.into_any();
                    let dtype = of_header(py, &header, self.arguments.ml())?;
                    PyTuple::new(py, [dtype, shape]).map(Some)
                }
                (Ok(None) | Err(_), _) => Ok(None),
            }
        })
    }

    /// A member as an array of which parts are read.
    fn _lazy(&self, py: Python<'_>, key: &str) -> PyResult<LazyArray> {
        guarded(py, || {
            let npz = self.npz()?;
            let address = Address::of(
                py,
                self.path.as_deref(),
                npz.file(),
                Some(key),
                &self.arguments,
            )?;
            LazyArray::member(py, npz, &self.file, key, self.arguments.ml(), address)
        })
    }

    #[getter]
    fn _is_exact(&self) -> bool {
        self.arguments.exact
    }

    /// What the collector of cycles follows. There is no `__clear__`, as tuples have none: all of it
    /// was there before, so that a cycle goes through something else that can be cleared.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.file)?;
        if let Some(progress) = &self.arguments.progress {
            visit.call(progress)?;
        }
        match &self.mapped {
            Some(mapped) => visit.call(&mapped.filename),
            None => Ok(()),
        }
    }

    /// The arguments of `load` that open it again.
    fn _arguments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.arguments.to_dict(py)
    }
}
