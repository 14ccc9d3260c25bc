//! The arguments of `numpy.load`, and ours, checked before anything is opened.

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::{Arc, Weak};

use npload::{LoadOptions, MmapMode, Verify};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString};

use crate::dtype::MlDtypes;
use crate::source::Kept;
use crate::warn;

/// An argument just as it was given, also if it is None; or nothing, where it was left out.
pub(crate) struct Given<'a, 'py>(Option<Borrowed<'a, 'py, PyAny>>);

impl<'a, 'py> FromPyObject<'a, 'py> for Given<'a, 'py> {
    type Error = Infallible;

    #[inline]
    fn extract(given: Borrowed<'a, 'py, PyAny>) -> Result<Self, Infallible> {
        Ok(Given(Some(given)))
    }
}

impl<'py> Given<'_, 'py> {
    pub(crate) const NOT: Self = Given(None);

    /// What `read` makes of it.
    #[inline]
    pub(crate) fn or<T>(
        self,
        default: T,
        read: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<T>,
    ) -> PyResult<T> {
        match self.0 {
            Some(given) => read(&given),
            None => Ok(default),
        }
    }
}

/// How to load, as Python says it.
#[derive(Debug)]
pub(crate) struct Arguments {
    pub(crate) map: Option<MmapMode>,
    pub(crate) allow_pickle: bool,
    pub(crate) pickles: Pickles,
    pub(crate) max_header_size: usize,
    pub(crate) verify: Verify,
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) progress: Option<Py<Kept>>,
    /// NumPy's results exactly: no dtype is restored, no archive mapped.
    pub(crate) exact: bool,
}

/// How pickles are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pickles {
    /// As data, and not by Python's own `pickle`.
    pub(crate) safe: bool,
    pub(crate) fix_imports: bool,
    pub(crate) encoding: &'static str,
}

impl Default for Pickles {
    fn default() -> Self {
        Pickles {
            safe: false,
            fix_imports: true,
            encoding: "ASCII",
        }
    }
}

impl Default for Arguments {
    fn default() -> Self {
        Arguments {
            map: None,
            allow_pickle: false,
            pickles: Pickles::default(),
            max_header_size: npload::MAX_HEADER_SIZE,
            verify: Verify::WholeReads,
            threads: None,
            progress: None,
            exact: false,
        }
    }
}

impl Arguments {
    /// As keyword arguments of `npload.load`, but for `progress`.
    pub(crate) fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = self.opening(py)?;
        dict.set_item("mmap_mode", self.map.map(letters))?;
        dict.set_item("allow_pickle", self.allow_pickle)?;
        dict.set_item("safe_pickle", self.pickles.safe)?;
        dict.set_item("fix_imports", self.pickles.fix_imports)?;
        dict.set_item("encoding", self.pickles.encoding)?;
        Ok(dict)
    }

    /// As keyword arguments of `npload.open`.
    pub(crate) fn opening<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("max_header_size", self.max_header_size)?;
        dict.set_item("threads", self.threads.map(NonZeroUsize::get))?;
        let verify = match self.verify {
            Verify::Always => Some(true),
            Verify::Never => Some(false),
            Verify::WholeReads => None,
        };
        dict.set_item("verify", verify)?;
        Ok(dict)
    }

    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        let progress = self.progress.as_ref();
        Arguments {
            progress: progress.map(|progress| progress.clone_ref(py)),
            ..*self
        }
    }

    pub(crate) fn ml(&self) -> MlDtypes {
        match self.exact {
            true => MlDtypes::AsNumPy,
            false => MlDtypes::Restored,
        }
    }

    /// Whether object arrays and pickles are read, in one way or the other.
    pub(crate) fn reads_pickles(&self) -> bool {
        self.allow_pickle || self.pickles.safe
    }

    /// Refuses what `out` cannot take.
    pub(crate) fn check_out(&self, out: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        match out {
            Some(_) if self.map.is_some() => Err(PyValueError::new_err(
                "out and mmap_mode exclude each other",
            )),
            _ => Ok(()),
        }
    }

    /// The user's progress callback, for as long as these arguments are there.
    pub(crate) fn progress(&self) -> Option<Weak<Py<PyAny>>> {
        let progress = self.progress.as_ref();
        progress.map(|progress| Arc::downgrade(progress.get().object()))
    }

    /// The engine's options, without mapping.
    #[inline]
    pub(crate) fn options(&self) -> LoadOptions {
        // NumPy's rule: who allows pickles trusts the file.
        let max_header_size = match self.allow_pickle {
            true => usize::MAX,
            false => self.max_header_size,
        };
        let options = LoadOptions::new()
            .allow_pickle(self.reads_pickles())
            .leave_pickles(true)
            .max_header_size(max_header_size)
            .verify(self.verify);
        let options = match self.threads {
            Some(threads) => options.threads(threads),
            None => options,
        };
        warn::keeping(options)
    }

    /// The engine's options, with the mapping that was asked for.
    #[inline]
    pub(crate) fn mapping_options(&self) -> LoadOptions {
        match self.map {
            None => self.options(),
            // SAFETY: the promise that the file does not change is the Python user's, as it is with
            // `numpy.memmap`. Rust keeps no reference into a mapping: only NumPy reads it.
            Some(mode) => unsafe { self.options().mmap_mode(mode) },
        }
    }
}

/// NumPy's name of a mode.
pub(crate) fn letters(mode: MmapMode) -> &'static str {
    match mode {
        MmapMode::CopyOnWrite => "c",
        MmapMode::ReadWrite => "r+",
        _ => "r",
    }
}

/// A bool as NumPy's users write it; a text that would count as true is refused.
pub(crate) fn allow_pickle(given: &Bound<'_, PyAny>) -> PyResult<bool> {
    if let Ok(allow) = given.extract::<bool>() {
        return Ok(allow);
    }
    if given.is_instance_of::<PyInt>() {
        match given.extract::<i64>() {
            Ok(0) => return Ok(false),
            Ok(1) => return Ok(true),
            _ => {}
        }
    }
    Err(PyTypeError::new_err(format!(
        "allow_pickle is True or False, and not {}: any other value would count as True, and run \
         the code in a pickle",
        given.repr()?
    )))
}

pub(crate) fn encoding(given: &Bound<'_, PyAny>) -> PyResult<&'static str> {
    let text = given
        .cast::<PyString>()
        .ok()
        .and_then(|text| text.to_str().ok());
    match text {
        Some("ASCII") => Ok("ASCII"),
        Some("latin1") => Ok("latin1"),
        Some("bytes") => Ok("bytes"),
        _ => Err(PyValueError::new_err(
            "encoding must be 'ASCII', 'latin1', or 'bytes'",
        )),
    }
}

/// Numbers of any size; negative ones allow nothing.
pub(crate) fn max_header_size(given: &Bound<'_, PyAny>) -> PyResult<usize> {
    match given.extract::<usize>() {
        Ok(size) => Ok(size),
        Err(_) if given.le(0)? => Ok(0),
        Err(_) if given.ge(usize::MAX)? => Ok(usize::MAX),
        Err(_) => given.call_method0("__floor__")?.extract(),
    }
}

/// The modes, with the longer names that `numpy.memmap` has for them.
pub(crate) fn mmap_mode(given: &Bound<'_, PyAny>) -> PyResult<Option<MmapMode>> {
    if !given.is_truthy()? {
        return Ok(None);
    }
    let text = given
        .cast::<PyString>()
        .ok()
        .and_then(|text| text.to_str().ok());
    match text {
        Some("r" | "readonly") => Ok(Some(MmapMode::Read)),
        Some("c" | "copyonwrite") => Ok(Some(MmapMode::CopyOnWrite)),
        Some("r+" | "readwrite") => Ok(Some(MmapMode::ReadWrite)),
        Some("w+" | "write") => Err(PyValueError::new_err(format!(
            "mmap_mode={} would empty the file: load only reads. Use npload.open_memmap to create \
             a file",
            given.repr()?
        ))),
        _ => Err(PyValueError::new_err(format!(
            "mode must be one of 'r', 'c', 'r+' (got {})",
            given.repr()?
        ))),
    }
}

pub(crate) fn verify(given: &Bound<'_, PyAny>) -> PyResult<Verify> {
    if given.is_none() {
        return Ok(Verify::WholeReads);
    }
    match given.extract::<bool>() {
        Ok(true) => Ok(Verify::Always),
        Ok(false) => Ok(Verify::Never),
        Err(_) => Err(PyTypeError::new_err("verify is None, True or False")),
    }
}

pub(crate) fn threads(given: &Bound<'_, PyAny>) -> PyResult<Option<NonZeroUsize>> {
    if given.is_none() {
        return Ok(None);
    }
    match NonZeroUsize::new(given.extract()?) {
        Some(threads) => Ok(Some(threads)),
        None => Err(PyValueError::new_err("threads must be at least 1")),
    }
}

/// A callable, or a bool: True shows a bar.
pub(crate) fn progress(given: &Bound<'_, PyAny>) -> PyResult<Option<Py<Kept>>> {
    if given.is_callable() {
        return Ok(Some(Kept::new(given)?.unbind()));
    }
    match given.extract::<bool>() {
        Ok(false) => Ok(None),
        Ok(true) => {
            let bar = given.py().import("npload._progress")?.getattr("bar")?;
            Ok(Some(Kept::new(&bar.call0()?)?.unbind()))
        }
        Err(_) => Err(PyTypeError::new_err(
            "progress is True, False or a callable",
        )),
    }
}

/// A bool, as [`allow_pickle`]; not with that.
pub(crate) fn safe_pickle(given: &Bound<'_, PyAny>, allow_pickle: bool) -> PyResult<bool> {
    let Ok(safe) = given.extract::<bool>() else {
        return Err(PyTypeError::new_err(format!(
            "safe_pickle is True or False, and not {}",
            given.repr()?
        )));
    };
    if safe && allow_pickle {
        return Err(PyValueError::new_err(
            "safe_pickle=True reads pickles as data, and allow_pickle=True runs the code in them: give \
             one of the two",
        ));
    }
    Ok(safe)
}
