//! Many files in one call.

use npload::{ErrorKind, Loaded};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::arguments::Arguments;
use crate::array::to_numpy_array;
use crate::dtype::Dtypes;
use crate::error::to_python;
use crate::load::{load, path_of};
use crate::npz::{Origin, new_npz_file};
use crate::warn;
use crate::watch::watched;

/// Loads all, in the order of the paths.
pub(crate) fn load_many<'py>(
    paths: &Bound<'py, PyAny>,
    arguments: &Arguments,
) -> PyResult<Bound<'py, PyList>> {
    let py = paths.py();
    let given = paths.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    let paths = given.iter().map(path_of).collect::<PyResult<Vec<_>>>()?;
    let options = watched(arguments.options(), None);
    let loaded = py.detach(|| options.load_many(&paths));
    let list = PyList::empty(py);
    let mut dtypes = Dtypes::new(py, arguments.ml());
    for ((given, path), loaded) in given.iter().zip(&paths).zip(loaded) {
        let value = match loaded {
            Ok(Loaded::Array(array)) => {
                let dtype = dtypes.of(array.dtype())?;
                to_numpy_array(array, dtype)?
            }
            Ok(Loaded::Npz(npz)) => {
                let origin = Origin::Path(given.clone().unbind(), path.to_path_buf());
                new_npz_file(py, npz, origin, arguments)?
            }
            // Object arrays and pickles, which Python reads.
            Err(err) if err.kind() == ErrorKind::Pickle => {
                warn::once(|| load(given, arguments, None))?
            }
            Err(err) => return Err(to_python(py, &err)),
            Ok(_) => continue,
        };
        list.append(value)?;
    }
    Ok(list)
}
