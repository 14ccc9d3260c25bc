//! `save` and `savez`: arguments in, the engine's calls out.

use npload::{Compression, NewMember, SaveOptions};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};

use crate::arguments;
use crate::error::IntoPython;
use crate::load::path_of;
use crate::saved::{Elements, needs_help};
use crate::source::Kept;
use crate::watch::telling;
use crate::writer::Writer;

/// How to save, as Python says it: keyword arguments that `npload._save` passes on.
pub(crate) struct Options {
    engine: SaveOptions,
    /// Kept as long as the engine may call it.
    _progress: Option<Py<Kept>>,
}

impl Options {
    pub(crate) fn read(given: &Bound<'_, PyDict>) -> PyResult<Self> {
        let mut engine = SaveOptions::new();
        let mut progress = None;
        let mut how = ("stored".to_owned(), None);
        for (name, value) in given {
            if value.is_none() {
                continue;
            }
            match name.cast::<PyString>()?.to_str()? {
                "durable" => engine = engine.durable(value.is_truthy()?),
                "align" => engine = engine.align(value.extract()?),
                "compression" => how.0 = value.extract()?,
                "level" => how.1 = Some(value.extract()?),
                "threads" => {
                    if let Some(threads) = arguments::threads(&value)? {
                        engine = engine.threads(threads);
                    }
                }
                "progress" => progress = arguments::progress(&value)?,
                other => return Err(PyTypeError::new_err(format!("unknown option {other}"))),
            }
        }
        let told = progress
            .as_ref()
            .map(|kept| std::sync::Arc::downgrade(kept.get().object()));
        Ok(Options {
            engine: engine
                .compression(compression(&how.0, how.1)?)
                .progress_while(telling(told)),
            _progress: progress,
        })
    }
}

fn compression(name: &str, level: Option<u32>) -> PyResult<Compression> {
    match (name, level) {
        ("stored", None) => Ok(Compression::Stored),
        ("stored", Some(_)) => Err(PyValueError::new_err("what is stored has no level")),
        ("deflate", None) => Ok(Compression::DEFLATE),
        ("deflate", Some(level)) => Ok(Compression::Deflate(level)),
        ("zstd", None) => Ok(Compression::ZSTD),
        ("zstd", Some(level)) => Ok(Compression::Zstd(level)),
        _ => Err(PyValueError::new_err(format!(
            "compression is 'stored', 'deflate' or 'zstd', and not {name:?}"
        ))),
    }
}

/// The array, by Python where that is needed: `npload._save.describe`.
pub(crate) fn elements<'py>(
    array: &Bound<'py, PyAny>,
    allow_pickle: bool,
) -> PyResult<Elements<'py>> {
    if !needs_help(array)? {
        return Elements::new(array, None);
    }
    let module = array.py().import("npload._save")?;
    let help = module.call_method1("describe", (array, allow_pickle))?;
    Elements::new(array, Some(help.extract()?))
}

/// Saves an array to what `file` is or names.
pub(crate) fn npy(
    file: &Bound<'_, PyAny>,
    array: &Bound<'_, PyAny>,
    allow_pickle: bool,
    options: &Bound<'_, PyDict>,
) -> PyResult<()> {
    let py = file.py();
    let options = Options::read(options)?;
    let elements = elements(array, allow_pickle)?;
    let saved = elements.saved()?;
    if let Some(writer) = Writer::of(file)? {
        let done = py.detach(|| options.engine.save_to(writer, &saved));
        return done.into_python(py);
    }
    let path = path_of(file)?;
    py.detach(|| options.engine.save(&path, &saved))
        .into_python(py)
}

/// A member as Python gives it.
pub(crate) enum Given<'py> {
    Array(String, Elements<'py>),
    Bytes(String, Bound<'py, PyBytes>),
}

impl<'py> Given<'py> {
    /// A pair of a key and an array, or of a name and bytes.
    pub(crate) fn read(pair: &Bound<'py, PyAny>, allow_pickle: bool) -> PyResult<Self> {
        let pair = pair.cast::<PyTuple>()?;
        let (name, what): (String, Bound<'py, PyAny>) = pair.extract()?;
        Ok(match what.cast::<PyBytes>() {
            Ok(bytes) => Given::Bytes(name, bytes.clone()),
            Err(_) => Given::Array(name, elements(&what, allow_pickle)?),
        })
    }

    pub(crate) fn member(&self) -> PyResult<NewMember<'_>> {
        Ok(match self {
            Given::Array(key, elements) => NewMember::array(key, elements.saved()?),
            Given::Bytes(name, bytes) => NewMember::bytes(name.as_str(), bytes.as_bytes()),
        })
    }
}

/// Saves an archive to what `file` is or names.
pub(crate) fn npz(
    file: &Bound<'_, PyAny>,
    members: &Bound<'_, PyList>,
    allow_pickle: bool,
    options: &Bound<'_, PyDict>,
) -> PyResult<()> {
    let py = file.py();
    let options = Options::read(options)?;
    let given = members.iter().map(|pair| Given::read(&pair, allow_pickle));
    let given: Vec<_> = given.collect::<PyResult<_>>()?;
    let members: Vec<_> = given.iter().map(Given::member).collect::<PyResult<_>>()?;
    if let Some(writer) = Writer::of(file)? {
        let can_seek = writer.can_seek(py);
        let done = py.detach(|| match can_seek {
            true => options.engine.savez_to_seekable(writer, members),
            false => options.engine.savez_to(writer, members),
        });
        return done.into_python(py);
    }
    let path = path_of(file)?;
    py.detach(|| options.engine.savez_members(&path, members))
        .into_python(py)
}

/// Changes an archive: `changes` are an action ("add", "replace" or "remove"), a key and an array.
pub(crate) fn edit(
    file: &Bound<'_, PyAny>,
    changes: &Bound<'_, PyList>,
    allow_pickle: bool,
    options: &Bound<'_, PyDict>,
) -> PyResult<()> {
    let py = file.py();
    let options = Options::read(options)?;
    let path = path_of(file)?;
    let given = changes.iter().map(|change| {
        let (action, key, array): (String, String, Bound<'_, PyAny>) = change.extract()?;
        let what = match array.is_none() {
            true => None,
            false => Some(elements(&array, allow_pickle)?),
        };
        Ok((action, key, what))
    });
    let given: Vec<_> = given.collect::<PyResult<_>>()?;
    let mut actions = Vec::with_capacity(given.len());
    for (action, key, what) in &given {
        let array = what.as_ref().map(Elements::saved).transpose()?;
        actions.push((action.as_str(), key.as_str(), array));
    }
    let edited = py.detach(|| {
        let mut edit = options.engine.edit_npz(&path)?;
        for (action, key, array) in actions {
            match (action, array) {
                ("add", Some(array)) => edit.add(NewMember::array(key, array))?,
                ("replace", Some(array)) => edit.replace(NewMember::array(key, array))?,
                _ => edit.remove(key)?,
            }
        }
        edit.commit()
    });
    edited.into_python(py)
}
