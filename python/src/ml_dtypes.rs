//! The package ml_dtypes, which is imported when a file names one of its types.

use std::path::PathBuf;

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;

const NAME: &str = "ml_dtypes";

/// The package. If it is to be imported now, it must not be in the current folder: a file that lies beside
/// an array is no more trusted than the array, and would run because the array names it.
pub(crate) fn ml_dtypes(py: Python<'_>) -> PyResult<Bound<'_, PyModule>> {
    let is_imported = py.import("sys")?.getattr("modules")?.contains(NAME)?;
    if !is_imported && is_in_current_folder(py)? {
        return Err(PyImportError::new_err(
            "ml_dtypes is in the current folder, which a file does not get to run; import it first if that \
             is what you want",
        ));
    }
    py.import(NAME)
}

fn is_in_current_folder(py: Python<'_>) -> PyResult<bool> {
    let spec = py
        .import("importlib.util")?
        .call_method1("find_spec", (NAME,))?;
    if spec.is_none() {
        return Ok(false);
    }
    let origin: Option<PathBuf> = spec.getattr("origin")?.extract()?;
    let current = std::env::current_dir().and_then(std::fs::canonicalize);
    let (Some(origin), Ok(current)) = (origin, current) else {
        return Ok(false);
    };
    let origin = std::fs::canonicalize(&origin).unwrap_or(origin);
    // A module's file, or a package's folder.
    let mut folders = origin.ancestors().skip(1).take(2);
    Ok(folders.any(|folder| folder == current))
}
