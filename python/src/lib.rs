//! The Python package `npload`: what NumPy's users call, over the engine. It knows NumPy's arrays,
//! Python's files and Python's exceptions, and nothing of file formats.

mod arguments;
mod array;
mod dtype;
mod error;
mod functions;
mod guard;
mod load;
mod mapping;
mod memory;
mod npz;
mod out;
mod pickles;
mod raised;
mod source;
mod warn;
mod watch;

/// The extension module.
#[pyo3::pymodule(gil_used = true)]
mod _npload {
    #[pymodule_export]
    use crate::functions::{load, loads, open_archive};
    #[pymodule_export]
    use crate::mapping::Mapping;
    #[pymodule_export]
    use crate::npz::Archive;
}
