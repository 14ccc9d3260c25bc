//! The functions of the module: their documentation, their arguments, checked, and what they call.

use std::ffi::OsString;

use npload::{MAX_HEADER_SIZE, Verify};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::arguments::{self, Arguments, Given, Pickles};
use crate::guard::guarded;
use crate::load::{archive_of, from_buffer, load as load_from};
use crate::{command, create, lazy, many, peek as peeking, save};

type Optional<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

/// The arguments that all functions share.
fn common(
    allow_pickle: Given<'_, '_>,
    fix_imports: Given<'_, '_>,
    encoding: Given<'_, '_>,
    max_header_size: Given<'_, '_>,
    safe_pickle: Optional<'_, '_>,
    verify: Optional<'_, '_>,
    threads: Optional<'_, '_>,
) -> PyResult<Arguments> {
    let allow_pickle = allow_pickle.or(false, arguments::allow_pickle)?;
    Ok(Arguments {
        allow_pickle,
        pickles: Pickles {
            safe: safe_pickle.map_or(Ok(false), |given| {
                arguments::safe_pickle(given, allow_pickle)
            })?,
            fix_imports: fix_imports.or(true, |given| given.is_truthy())?,
            encoding: encoding.or("ASCII", arguments::encoding)?,
        },
        max_header_size: max_header_size.or(MAX_HEADER_SIZE, arguments::max_header_size)?,
        verify: verify.map_or(Ok(Verify::WholeReads), arguments::verify)?,
        threads: threads.map_or(Ok(None), arguments::threads)?,
        ..Arguments::default()
    })
}

/// Loads an array or an archive of arrays from a ``.npy`` or ``.npz`` file.
///
/// It takes what `numpy.load` takes, gives what that gives, and raises what that raises, with more to
/// say. Keyword arguments from `safe_pickle` on are npload's own.
///
/// Parameters
/// ----------
/// file : str, bytes, path or file object
///     The file. File objects need ``read`` and ``seek``; they are read from where they stand and are
///     left just behind the array, so that arrays saved one after the other load one after the other.
/// mmap_mode : {None, 'r', 'c', 'r+'}, optional
///     Map the file instead of reading it: for reading, for changes that stay in memory, for changes
///     that reach the file. The members of an archive are mapped where they are stored; compressed
///     ones are read, with a warning. The file must not change meanwhile.
/// allow_pickle : bool, optional
///     Whether object arrays and pickles may be read, by Python's own `pickle`, which runs code that
///     is in the file. Other values than True and False are a `TypeError`.
/// fix_imports : bool, optional
///     Whether Python 2's names in pickles are mapped to Python 3's.
/// encoding : {'ASCII', 'latin1', 'bytes'}, optional
///     How Python 2's byte strings in pickles are read.
/// max_header_size : int, optional
///     The most characters that an array's header may have. Not in force with ``allow_pickle=True``.
/// safe_pickle : bool, optional
///     Whether object arrays and pickles are read as data: the types of Python and NumPy that are data
///     come back as `pickle` would make them, nothing in the file runs, and what asks for anything else
///     is refused by its name. Not together with ``allow_pickle=True``.
/// verify : bool, optional
///     When an archive's checksums are checked. None: on every read of a whole member. True: also
///     before one is mapped. False: never.
/// threads : int, optional
///     The most threads that a load uses, by default one for each core, at most 8. They
///     end with the call.
/// out : numpy.ndarray, optional
///     An array to load into, of just the dtype, shape and memory order of the one in the file. If
///     the load fails it may hold anything.
/// progress : bool or callable, optional
///     Called now and then with the bytes done and the bytes in all; True shows a bar by `tqdm`.
///
/// Returns
/// -------
/// numpy.ndarray, numpy.memmap, NpzFile or object
///     The array; an archive, to be closed or used in a ``with`` statement; what a pickle holds.
///
/// Raises
/// ------
/// OSError
///     The file does not exist or cannot be read.
/// ValueError
///     It holds no array, a damaged one, or pickles that are not allowed.
/// zipfile.BadZipFile
///     The archive is damaged, or a checksum is wrong.
/// pickle.UnpicklingError
///     It can be read neither as an array nor as a pickle; with ``safe_pickle=True`` also: a pickle asks
///     for more than data.
/// EOFError
///     Nothing is left to read.
///
/// See Also
/// --------
/// peek : What is in a file, without loading it.
/// open : An array of which parts are read.
/// load_many : Many files side by side.
///
/// Examples
/// --------
/// >>> import os, tempfile
/// >>> import numpy as np, npload
/// >>> path = os.path.join(tempfile.mkdtemp(), "x.npy")
/// >>> np.save(path, np.arange(6).reshape(2, 3))
/// >>> npload.load(path)
/// array([[0, 1, 2],
///        [3, 4, 5]])
/// >>> npload.load(path, mmap_mode="r")[1]
/// memmap([3, 4, 5])
/// >>> np.save(path, np.array([{"a": 1}, None]))
/// >>> npload.load(path, safe_pickle=True)
/// array([{'a': 1}, None], dtype=object)
#[pyfunction]
#[pyo3(
    signature = (
        file, mmap_mode=None, allow_pickle=Given::NOT, fix_imports=Given::NOT, encoding=Given::NOT, *,
        max_header_size=Given::NOT, safe_pickle=None, verify=None, threads=None, out=None, progress=None
    ),
    text_signature = "(file, mmap_mode=None, allow_pickle=False, fix_imports=True, \
        encoding='ASCII', *, max_header_size=10000, safe_pickle=False, verify=None, threads=None, \
        out=None, progress=None)"
)]
#[expect(clippy::too_many_arguments, reason = "numpy.load's, and ours")]
pub(crate) fn load<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    mmap_mode: Optional<'_, 'py>,
    allow_pickle: Given<'_, 'py>,
    fix_imports: Given<'_, '_>,
    encoding: Given<'_, 'py>,
    max_header_size: Given<'_, 'py>,
    safe_pickle: Optional<'_, 'py>,
    verify: Optional<'_, 'py>,
    threads: Optional<'_, 'py>,
    out: Optional<'_, 'py>,
    progress: Optional<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(py, || {
        let mut arguments = common(
            allow_pickle,
            fix_imports,
            encoding,
            max_header_size,
            safe_pickle,
            verify,
            threads,
        )?;
        arguments.map = mmap_mode.map_or(Ok(None), arguments::mmap_mode)?;
        arguments.progress = progress.map_or(Ok(None), arguments::progress)?;
        arguments.check_out(out)?;
        load_from(file, &arguments, out)
    })
}

/// `numpy.load` with its results exactly: no dtype restored, no archive mapped. What `install` puts
/// in its place.
#[pyfunction]
#[pyo3(
    signature = (
        file, mmap_mode=None, allow_pickle=Given::NOT, fix_imports=Given::NOT, encoding=Given::NOT, *,
        max_header_size=Given::NOT
    ),
    text_signature = "(file, mmap_mode=None, allow_pickle=False, fix_imports=True, \
        encoding='ASCII', *, max_header_size=10000)"
)]
pub(crate) fn load_exactly<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    mmap_mode: Optional<'_, 'py>,
    allow_pickle: Given<'_, 'py>,
    fix_imports: Given<'_, '_>,
    encoding: Given<'_, 'py>,
    max_header_size: Given<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(py, || {
        let mut arguments = common(
            allow_pickle,
            fix_imports,
            encoding,
            max_header_size,
            None,
            None,
            None,
        )?;
        arguments.map = mmap_mode.map_or(Ok(None), arguments::mmap_mode)?;
        arguments.exact = true;
        load_from(file, &arguments, None)
    })
}

/// Loads an array or an archive from memory.
///
/// Parameters
/// ----------
/// buffer : bytes-like
///     The contents of an ``.npy`` or ``.npz`` file. ``bytes`` are read where they are; anything that
///     may change is copied first.
/// allow_pickle, fix_imports, encoding, max_header_size, safe_pickle, verify, threads
///     As in `load`.
///
/// Returns
/// -------
/// numpy.ndarray, NpzFile or object
///     As `load`. The array has memory of its own.
///
/// Examples
/// --------
/// >>> import io
/// >>> import numpy as np, npload
/// >>> file = io.BytesIO()
/// >>> np.save(file, np.arange(3))
/// >>> npload.loads(file.getvalue())
/// array([0, 1, 2])
#[pyfunction]
#[pyo3(
    signature = (
        buffer, allow_pickle=Given::NOT, fix_imports=Given::NOT, encoding=Given::NOT, *, max_header_size=Given::NOT,
        safe_pickle=None, verify=None, threads=None
    ),
    text_signature = "(buffer, allow_pickle=False, fix_imports=True, encoding='ASCII', *, \
        max_header_size=10000, safe_pickle=False, verify=None, threads=None)"
)]
#[expect(clippy::too_many_arguments, reason = "those of load")]
pub(crate) fn loads<'py>(
    py: Python<'py>,
    buffer: &Bound<'py, PyAny>,
    allow_pickle: Given<'_, 'py>,
    fix_imports: Given<'_, '_>,
    encoding: Given<'_, 'py>,
    max_header_size: Given<'_, 'py>,
    safe_pickle: Optional<'_, 'py>,
    verify: Optional<'_, 'py>,
    threads: Optional<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(py, || {
        let arguments = common(
            allow_pickle,
            fix_imports,
            encoding,
            max_header_size,
            safe_pickle,
            verify,
            threads,
        )?;
        from_buffer(buffer, &arguments)
    })
}

/// Loads many files side by side.
///
/// Parameters
/// ----------
/// paths : iterable of str, bytes or path
///     The files.
/// allow_pickle, fix_imports, encoding, max_header_size, safe_pickle, verify, threads
///     As in `load`.
///
/// Returns
/// -------
/// list
///     What `load` gives for each, in that order.
///
/// Raises
/// ------
/// Exception
///     That of the first file that cannot be loaded; it names the file.
///
/// Examples
/// --------
/// >>> import os, tempfile
/// >>> import numpy as np, npload
/// >>> paths = [os.path.join(tempfile.mkdtemp(), "x.npy") for _ in range(2)]
/// >>> for i, path in enumerate(paths):
/// ...     np.save(path, np.full(2, i))
/// >>> npload.load_many(paths)
/// [array([0, 0]), array([1, 1])]
#[pyfunction]
#[pyo3(
    signature = (
        paths, allow_pickle=Given::NOT, fix_imports=Given::NOT, encoding=Given::NOT, *, max_header_size=Given::NOT,
        safe_pickle=None, verify=None, threads=None
    ),
    text_signature = "(paths, allow_pickle=False, fix_imports=True, encoding='ASCII', *, \
        max_header_size=10000, safe_pickle=False, verify=None, threads=None)"
)]
#[expect(clippy::too_many_arguments, reason = "those of load")]
pub(crate) fn load_many<'py>(
    py: Python<'py>,
    paths: &Bound<'py, PyAny>,
    allow_pickle: Given<'_, 'py>,
    fix_imports: Given<'_, '_>,
    encoding: Given<'_, 'py>,
    max_header_size: Given<'_, 'py>,
    safe_pickle: Optional<'_, 'py>,
    verify: Optional<'_, 'py>,
    threads: Optional<'_, 'py>,
) -> PyResult<Bound<'py, PyList>> {
    guarded(py, || {
        let arguments = common(
            allow_pickle,
            fix_imports,
            encoding,
            max_header_size,
            safe_pickle,
            verify,
            threads,
        )?;
        many::load_many(paths, &arguments)
    })
}

/// Tells what is in a file, from its headers: nothing is loaded.
///
/// Parameters
/// ----------
/// file : str, bytes, path or file object
///     The file. A file object is read from where it stands, and left there.
/// max_header_size : int, optional
///     As in `load`.
///
/// Returns
/// -------
/// ArrayInfo or dict of str to ArrayInfo
///     What an ``.npy`` file holds, or what each member of an archive is.
///
/// Examples
/// --------
/// >>> import os, tempfile
/// >>> import numpy as np, npload
/// >>> path = os.path.join(tempfile.mkdtemp(), "x.npz")
/// >>> np.savez(path, w=np.zeros((2, 3), "f4"))
/// >>> info = npload.peek(path)["w"]
/// >>> info.dtype, info.shape, info.nbytes
/// (dtype('float32'), (2, 3), 24)
#[pyfunction]
#[pyo3(
    signature = (file, *, max_header_size=Given::NOT),
    text_signature = "(file, *, max_header_size=10000)"
)]
pub(crate) fn peek<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    max_header_size: Given<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(py, || {
        let arguments = common(
            Given::NOT,
            Given::NOT,
            Given::NOT,
            max_header_size,
            None,
            None,
            None,
        )?;
        peeking::peek(file, &arguments)
    })
}

/// Opens a file and loads nothing: indexing reads what it needs.
///
/// Parameters
/// ----------
/// file : str, bytes, path or file object
///     The file.
/// max_header_size, verify, threads
///     As in `load`. Of parts no checksum is checked, unless `verify` is True.
/// stack, concat : int, optional
///     Many ``.npy`` files as one array: along a new axis, or along one that they have. `file` is
///     then a pattern, as ``"part-*.npy"``, whose files come in the order of the numbers in their
///     names, or a list of paths.
///
/// Returns
/// -------
/// LazyArray, LazyNpz or LazyFiles
///     The array of an ``.npy`` file, a mapping of an archive's keys to such arrays, or many files as
///     one array.
///
/// Examples
/// --------
/// >>> import os, tempfile
/// >>> import numpy as np, npload
/// >>> path = os.path.join(tempfile.mkdtemp(), "x.npy")
/// >>> np.save(path, np.arange(12).reshape(3, 4))
/// >>> array = npload.open(path)
/// >>> array.shape
/// (3, 4)
/// >>> array[1:, ::2]
/// array([[ 4,  6],
///        [ 8, 10]])
#[pyfunction]
#[pyo3(
    signature = (
        file, *, max_header_size=Given::NOT, verify=None, threads=None, stack=None, concat=None
    ),
    text_signature = "(file, *, max_header_size=10000, verify=None, threads=None, stack=None, \
        concat=None)"
)]
pub(crate) fn open<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    max_header_size: Given<'_, 'py>,
    verify: Optional<'_, 'py>,
    threads: Optional<'_, 'py>,
    stack: Optional<'_, 'py>,
    concat: Optional<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(py, || {
        let arguments = common(
            Given::NOT,
            Given::NOT,
            Given::NOT,
            max_header_size,
            None,
            verify,
            threads,
        )?;
        match (stack, concat) {
            (None, None) => lazy::open(file, &arguments),
            _ => lazy::open_files(file, stack, concat, &arguments),
        }
    })
}

/// Opens an archive; what is none is an error.
#[pyfunction]
#[pyo3(signature = (
    file, *, allow_pickle=Given::NOT, fix_imports=Given::NOT, encoding=Given::NOT, max_header_size=Given::NOT,
    safe_pickle=None
))]
pub(crate) fn open_archive<'py>(
    py: Python<'py>,
    file: &Bound<'py, PyAny>,
    allow_pickle: Given<'_, 'py>,
    fix_imports: Given<'_, '_>,
    encoding: Given<'_, 'py>,
    max_header_size: Given<'_, 'py>,
    safe_pickle: Optional<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    guarded(py, || {
        let arguments = common(
            allow_pickle,
            fix_imports,
            encoding,
            max_header_size,
            safe_pickle,
            None,
            None,
        )?;
        archive_of(file, &arguments)
    })
}

/// Creates an npy file of zeros.
#[pyfunction]
pub(crate) fn create_npy(
    py: Python<'_>,
    filename: &Bound<'_, PyAny>,
    descr: &str,
    shape: &Bound<'_, PyTuple>,
    fortran_order: bool,
    version: Option<(u8, u8)>,
) -> PyResult<()> {
    guarded(py, || {
        create::create(filename, descr, shape, fortran_order, version)
    })
}

/// Saves an array; what `npload.save` is made of.
#[pyfunction]
pub(crate) fn write_npy(
    py: Python<'_>,
    file: &Bound<'_, PyAny>,
    array: &Bound<'_, PyAny>,
    allow_pickle: bool,
    options: &Bound<'_, PyDict>,
) -> PyResult<()> {
    guarded(py, || save::npy(file, array, allow_pickle, options))
}

/// Saves pairs of keys and arrays, or of names and bytes; what `npload.savez` is made of.
#[pyfunction]
pub(crate) fn write_npz(
    py: Python<'_>,
    file: &Bound<'_, PyAny>,
    members: &Bound<'_, PyList>,
    allow_pickle: bool,
    options: &Bound<'_, PyDict>,
) -> PyResult<()> {
    guarded(py, || save::npz(file, members, allow_pickle, options))
}

/// Changes an archive; what `npload.edit_npz` is made of.
#[pyfunction]
pub(crate) fn edit_npz(
    py: Python<'_>,
    file: &Bound<'_, PyAny>,
    changes: &Bound<'_, PyList>,
    allow_pickle: bool,
    options: &Bound<'_, PyDict>,
) -> PyResult<()> {
    guarded(py, || save::edit(file, changes, allow_pickle, options))
}

/// Runs the command with these arguments, the first of which is its own name; its exit status.
#[pyfunction]
pub(crate) fn run_command(py: Python<'_>, arguments: Vec<OsString>) -> PyResult<u8> {
    guarded(py, || Ok(command::run(py, arguments)))
}
