//! The Python package `npload`: what NumPy's users call, over the engine. It knows NumPy's arrays,
//! Python's files and Python's exceptions, and nothing of file formats.

mod appender;
mod arena;
mod arguments;
mod array;
mod command;
mod create;
mod dtype;
mod error;
mod functions;
mod guard;
mod known;
mod lazy;
mod load;
mod many;
mod mapping;
mod memory;
mod ml_dtypes;
mod narrow;
mod npz;
mod out;
mod peek;
mod pickles;
mod raised;
mod safe;
mod save;
mod saved;
mod source;
mod warn;
mod watch;
mod writer;

/// The extension module.
#[pyo3::pymodule(gil_used = true)]
mod _npload {
    #[pymodule_export]
    use crate::appender::Appender;
    #[pymodule_export]
    use crate::functions::{
        create_npy, edit_npz, load, load_exactly, load_many, loads, open, open_archive, peek,
        run_command, write_npy, write_npz,
    };
    #[pymodule_export]
    use crate::known::prepare;
    #[pymodule_export]
    use crate::lazy::LazyArray;
    #[pymodule_export]
    use crate::mapping::Mapping;
    #[pymodule_export]
    use crate::narrow::narrow;
    #[pymodule_export]
    use crate::npz::Archive;

    #[pymodule_init]
    fn init(module: &pyo3::Bound<'_, pyo3::types::PyModule>) -> pyo3::PyResult<()> {
        use pyo3::types::PyModuleMethods;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
