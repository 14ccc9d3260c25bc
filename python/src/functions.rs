//! The functions of the module.

use npload::Verify;
use pyo3::prelude::*;

use crate::arguments::{self, Arguments, Pickles};
use crate::dtype::MlDtypes;
use crate::guard::guarded;
use crate::load::{archive_of, from_buffer, load as load_from};

/// load.
#[pyfunction]
#[pyo3(signature = (
    file, mmap_mode=None, allow_pickle=None, fix_imports=true, encoding=None, *, max_header_size=None,
    safe_pickle=None, verify=None, threads=None, out=None, progress=None
), text_signature = "(file, mmap_mode=None, allow_pickle=False, fix_imports=True, encoding='ASCII', *, max_header_size=10000, safe_pickle=False, verify=None, threads=None, out=None, progress=None)")]
#[expect(clippy::too_many_arguments, reason = "numpy.load's, and ours")]
pub(crate) fn load<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    mmap_mode: Option<&Bound<'py, PyAny>>,
    allow_pickle: Option<&Bound<'py, PyAny>>,
    fix_imports: bool,
    encoding: Option<&Bound<'py, PyAny>>,
    max_header_size: Option<&Bound<'py, PyAny>>,
    safe_pickle: Option<&Bound<'py, PyAny>>,
    verify: Option<&Bound<'py, PyAny>>,
    threads: Option<&Bound<'py, PyAny>>,
    out: Option<&Bound<'py, PyAny>>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(py, || {
        let arguments = Arguments {
            map: mmap_mode.map_or(Ok(None), arguments::mmap_mode)?,
            allow_pickle: allow_pickle.map_or(Ok(false), arguments::allow_pickle)?,
            pickles: pickles(fix_imports, encoding)?,
            max_header_size: max_header_size
                .map_or(Ok(npload::MAX_HEADER_SIZE), arguments::max_header_size)?,
            verify: verify.map_or(Ok(Verify::WholeReads), arguments::verify)?,
            threads: threads.map_or(Ok(None), arguments::threads)?,
            progress: progress.map(|progress| progress.clone().unbind()),
            ml: MlDtypes::Restored,
        };
        safe_pickle.map_or(Ok(()), arguments::safe_pickle)?;
        load_from(file, &arguments, out)
    })
}

/// loads.
#[pyfunction]
#[pyo3(signature = (
    buffer, allow_pickle=None, fix_imports=true, encoding=None, *, max_header_size=None, verify=None,
    threads=None
), text_signature = "(buffer, allow_pickle=False, fix_imports=True, encoding='ASCII', *, max_header_size=10000, verify=None, threads=None)")]
#[expect(clippy::too_many_arguments, reason = "those of load")]
pub(crate) fn loads<'py>(
    py: Python<'py>,
    buffer: &Bound<'py, PyAny>,
    allow_pickle: Option<&Bound<'py, PyAny>>,
    fix_imports: bool,
    encoding: Option<&Bound<'py, PyAny>>,
    max_header_size: Option<&Bound<'py, PyAny>>,
    verify: Option<&Bound<'py, PyAny>>,
    threads: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(py, || {
        let arguments = Arguments {
            allow_pickle: allow_pickle.map_or(Ok(false), arguments::allow_pickle)?,
            pickles: pickles(fix_imports, encoding)?,
            max_header_size: max_header_size
                .map_or(Ok(npload::MAX_HEADER_SIZE), arguments::max_header_size)?,
            verify: verify.map_or(Ok(Verify::WholeReads), arguments::verify)?,
            threads: threads.map_or(Ok(None), arguments::threads)?,
            ..Arguments::default()
        };
        from_buffer(buffer, &arguments)
    })
}

fn pickles(fix_imports: bool, encoding: Option<&Bound<'_, PyAny>>) -> PyResult<Pickles> {
    let encoding = encoding.map_or(Ok("ASCII"), arguments::encoding)?;
    Ok(Pickles { fix_imports, encoding })
}

/// Opens an archive; what is none is an error.
#[pyfunction]
#[pyo3(signature = (
    file, *, allow_pickle=None, fix_imports=true, encoding=None, max_header_size=None
))]
pub(crate) fn open_archive<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    allow_pickle: Option<&Bound<'py, PyAny>>,
    fix_imports: bool,
    encoding: Option<&Bound<'py, PyAny>>,
    max_header_size: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(py, || {
        let arguments = Arguments {
            allow_pickle: allow_pickle.map_or(Ok(false), arguments::allow_pickle)?,
            pickles: pickles(fix_imports, encoding)?,
            max_header_size: max_header_size
                .map_or(Ok(npload::MAX_HEADER_SIZE), arguments::max_header_size)?,
            ..Arguments::default()
        };
        archive_of(file, &arguments)
    })
}
