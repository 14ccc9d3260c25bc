//! `load`: from a path or an open file to an array, an archive, or what a pickle holds.

use std::borrow::Cow;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use npload::{Begun, Buffer, ErrorKind, LoadOptions, MmapMode, Pending, Streamed};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::arguments::Arguments;
use crate::array::{NewArray, OWN_FROM, to_numpy_array};
use crate::dtype::of_header;
use crate::error::IntoPython;
use crate::mapping;
use crate::npz::{Origin, new_npz_file};
use crate::out;
use crate::pickles;
use crate::safe::Place;
use crate::source::{Kept, Kind, Opened, Reader, Seekable, borrowed, buffer_of};
use crate::watch::watched;

/// What is read of a small array beyond its header before the GIL is let go of: as much as is there
/// already.
const AT_HAND: usize = 3 << 10;

/// Where an array goes that is not to be a new one.
pub(crate) type Out<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

/// Loads what `file` is or names.
#[inline]
pub(crate) fn load<'py>(
    file: &Bound<'py, PyAny>,
    arguments: &Arguments,
    out: Out<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    if !file.is_exact_instance_of::<PyString>() && file.hasattr("read")? {
        return from_file(file, arguments, out);
    }
    from_path(file, arguments, out)
}

fn from_path<'py>(
    file: &Bound<'py, PyAny>,
    arguments: &Arguments,
    out: Out<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    let path = path_of(file)?;
    let options = arguments.mapping_options();
    let begun = match (arguments.exact, arguments.map) {
        // Only arrays are mapped.
        (true, Some(_)) => match begin_at(py, &path, &arguments.options(), None)? {
            Begun::Array(_) => begin_at(py, &path, &options, arguments.map)?,
            begun => begun,
        },
        _ => begin_at(py, &path, &options, arguments.map)?,
    };
    match begun {
        Begun::Array(pending) => {
            if arguments.reads_pickles() && arguments.map.is_none() && has_objects(&pending) {
                out::refuse(out)?;
                return pickles::object_array_at(py, &path, &pending, arguments.pickles);
            }
            if arguments.map.is_some() {
                return mapping::memmap(file, &path, pending, arguments);
            }
            array(py, pending, options, arguments, out)
        }
        Begun::Npz(npz) => {
            out::refuse(out)?;
            let origin = Origin::Path(file.clone().unbind(), path.into_owned());
            new_npz_file(py, npz, origin, arguments)
        }
        Begun::Stream(pipe) => {
            let pipe = Opened::new(py, pipe)?;
            from_reader(pipe.file(), arguments, out)
        }
        Begun::Other(pickle) => {
            out::refuse(out)?;
            pickles::pickle_at(file, &path, &pickle, arguments.pickles)
        }
        _ => Err(PyValueError::new_err("unknown contents")),
    }
}

/// Opens the file of that path and reads how it begins. A signal whose handler raises ends it: who
/// opens a FIFO waits until somebody writes to it.
#[inline]
fn begin_at(
    py: Python<'_>,
    path: &Path,
    options: &LoadOptions,
    map: Option<MmapMode>,
) -> PyResult<Begun> {
    let access = match map {
        Some(MmapMode::ReadWrite) => OFlags::RDWR,
        _ => OFlags::RDONLY,
    };
    loop {
        let begun =
            py.detach(
                || match rustix::fs::open(path, access | OFlags::CLOEXEC, Mode::empty()) {
                    Ok(file) => Some(options.begin_file(file.into(), path, 0)),
                    Err(Errno::INTR) => None,
                    // It says what is wrong.
                    Err(_) => Some(options.begin(path)),
                },
            );
        match begun {
            Some(begun) => return begun.into_python(py),
            None => py.check_signals()?,
        }
    }
}

/// The path of what is no file: `str`, `bytes`, `os.PathLike`.
#[inline]
pub(crate) fn path_of<'a>(file: &'a Bound<'_, PyAny>) -> PyResult<Cow<'a, Path>> {
    if let Ok(text) = file.cast_exact::<PyString>()
        && let Ok(text) = text.to_str()
    {
        if text.contains('\0') {
            return Err(PyValueError::new_err("embedded null byte"));
        }
        return Ok(Path::new(text).into());
    }
    let os = file.py().import("os")?;
    let encoded = os
        .call_method1("fsencode", (file,))?
        .cast_into::<PyBytes>()?;
    let bytes = encoded.as_bytes();
    if bytes.contains(&0) {
        return Err(PyValueError::new_err("embedded null byte"));
    }
    Ok(PathBuf::from(OsString::from_vec(bytes.to_vec())).into())
}

fn has_objects(pending: &Pending) -> bool {
    pending.header().dtype().has_object()
}

/// The array of which the header was read.
#[inline]
fn array<'py>(
    py: Python<'py>,
    pending: Pending,
    options: LoadOptions,
    arguments: &Arguments,
    out: Out<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let header = pending.header();
    let nbytes = header.nbytes();
    if let Some(out) = out {
        let options = watched(options, arguments.progress());
        return out::fill(out, header, arguments.ml(), |bytes| {
            py.detach(|| pending.read_into(bytes, &options))
                .into_python(py)
        });
    }
    if nbytes < OWN_FROM && !header.dtype().has_object() {
        let mut new = NewArray::new(py, header, arguments.ml())?;
        let bytes = new.bytes();
        let read = match nbytes <= AT_HAND && arguments.progress.is_none() {
            true => pending.read_into(bytes, &options),
            false => {
                let options = watched(options, arguments.progress());
                py.detach(|| pending.read_into(bytes, &options))
            }
        };
        read.into_python(py)?;
        return Ok(new.finish());
    }
    let dtype = of_header(py, header, arguments.ml())?;
    let options = watched(options, arguments.progress());
    let array = py.detach(|| pending.load(&options)).into_python(py)?;
    to_numpy_array(array, &dtype)
}

/// Loads what comes next in an open file, and leaves its position behind that.
fn from_file<'py>(
    file: &Bound<'py, PyAny>,
    arguments: &Arguments,
    out: Out<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    if let Some(inner) = temporary(file)? {
        return from_file(&inner, arguments, out);
    }
    // As NumPy has it, before anything is read.
    file.getattr("seek")?;
    let options = arguments.options();
    let (begun, memory) = match Kind::of(file)? {
        Kind::Other => return from_reader(file, arguments, out),
        Kind::File { file, name, at } => {
            let options = arguments.mapping_options();
            (py.detach(|| options.begin_file(file, &name, at)), false)
        }
        Kind::Memory { bytes, at } => (options.begin_source(borrowed(&bytes), at), true),
    };
    match begun.into_python(py)? {
        Begun::Array(pending) => {
            refuse_map(arguments, memory)?;
            let start = pending.data_offset();
            if arguments.reads_pickles() && has_objects(&pending) {
                out::refuse(out)?;
                file.call_method1("seek", (start,))?;
                return pickles::object_array(file, pending.header(), arguments.pickles);
            }
            let end = start.saturating_add(pending.header().nbytes() as u64);
            let loaded = array(py, pending, options, arguments, out)?;
            file.call_method1("seek", (end,))?;
            Ok(loaded)
        }
        Begun::Npz(npz) => {
            out::refuse(out)?;
            new_npz_file(py, npz, Origin::File(Kept::new(file)?.unbind()), arguments)
        }
        Begun::Stream(_) => from_reader(file, arguments, out),
        _ => {
            out::refuse(out)?;
            pickles::pickle_in(file, &[], arguments.pickles)
        }
    }
}

/// NumPy's exceptions for mapping what has no path.
fn refuse_map(arguments: &Arguments, memory: bool) -> PyResult<()> {
    match (arguments.map, memory) {
        (None, _) => Ok(()),
        (Some(_), true) => Err(PyTypeError::new_err(
            "memory mapping needs a file given by its path: this object has none",
        )),
        (Some(_), false) => Err(PyValueError::new_err(
            "Filename must be a string or a path-like object.  Memmap cannot use existing file handles.",
        )),
    }
}

/// The file in one of `tempfile`'s wrappers.
fn temporary<'py>(file: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let class = file.get_type();
    if class.name()? != "_TemporaryFileWrapper" || class.module()? != "tempfile" {
        return Ok(None);
    }
    file.getattr("file").map(Some)
}

/// Loads what comes next in anything that can be read.
fn from_reader<'py>(
    file: &Bound<'py, PyAny>,
    arguments: &Arguments,
    out: Out<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    // A pipe that is cut off in the middle of a large array is to be interruptible.
    let options = watched(arguments.options(), arguments.progress());
    let mut reader = Reader::new(file)?;
    let begun = match arguments.map {
        None => options.begin_reader(&mut reader, None),
        Some(_) => {
            let options = arguments.mapping_options();
            let begun = options.begin_reader(&mut reader, None);
            if matches!(&begun, Err(err) if err.kind() == ErrorKind::Mmap) {
                refuse_map(arguments, true)?;
            }
            begun
        }
    };
    if matches!(&begun, Err(err) if err.kind() == ErrorKind::NotArray) {
        reader.go_back();
    }
    match begun.into_python(py)? {
        Streamed::Array(array, header) => {
            let dtype = of_header(py, &header, arguments.ml())?;
            match out {
                Some(out) => out::copy(out, &array, &dtype),
                None => to_numpy_array(array, &dtype),
            }
        }
        Streamed::Objects(header) => {
            out::refuse(out)?;
            pickles::object_array(file, &header, arguments.pickles)
        }
        Streamed::Zip(head) => {
            out::refuse(out)?;
            archive(file, head, reader, arguments)
        }
        Streamed::Other(head) => {
            out::refuse(out)?;
            pickles::pickle_in(file, &head, arguments.pickles)
        }
        _ => Err(PyValueError::new_err("unknown contents")),
    }
}

/// The archive in a reader: read where its members lie if the reader can seek, else taken in whole.
fn archive<'py>(
    file: &Bound<'py, PyAny>,
    head: Vec<u8>,
    mut reader: Reader<'_, 'py>,
    arguments: &Arguments,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    let options = arguments.options();
    let file = Kept::new(file)?;
    let npz = match Seekable::new(py, file.get().object())? {
        Some(source) => options.open_npz_in(source),
        None => {
            let mut bytes = head;
            let read = std::io::Read::read_to_end(&mut reader, &mut bytes);
            read.map_err(|err| crate::raised::take().unwrap_or_else(|| err.into()))?;
            options.open_npz_in(Buffer::from(bytes))
        }
    };
    new_npz_file(
        py,
        npz.into_python(py)?,
        Origin::File(file.unbind()),
        arguments,
    )
}

/// Loads what is in memory.
pub(crate) fn from_buffer<'py>(
    object: &Bound<'py, PyAny>,
    arguments: &Arguments,
) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let bytes = buffer_of(object)?;
    let options = arguments.options();
    match options.begin_source(bytes.clone(), 0).into_python(py)? {
        Begun::Array(pending) if arguments.reads_pickles() && has_objects(&pending) => {
            let start = usize::try_from(pending.data_offset()).unwrap_or(usize::MAX);
            let pickle = bytes.get(start..).unwrap_or_default();
            let place = Place {
                start: pending.data_offset(),
                ..Place::default()
            };
            pickles::object_array_in(py, pickle, pending.header(), arguments.pickles, &place)
        }
        Begun::Array(pending) => array(py, pending, options, arguments, None),
        Begun::Npz(npz) => new_npz_file(
            py,
            npz,
            Origin::File(Kept::new(object)?.unbind()),
            arguments,
        ),
        _ => {
            let file = py.import("io")?.call_method1("BytesIO", (object,))?;
            pickles::pickle_in(&file, &[], arguments.pickles)
        }
    }
}

/// The archive that `file` is or names.
pub(crate) fn archive_of<'py>(
    file: &Bound<'py, PyAny>,
    arguments: &Arguments,
) -> PyResult<Bound<'py, PyAny>> {
    let py = file.py();
    let options = arguments.options();
    if !file.hasattr("read")? {
        let path = path_of(file)?;
        let npz = py.detach(|| options.open_npz(&path)).into_python(py)?;
        let origin = Origin::Path(file.clone().unbind(), path.into_owned());
        return new_npz_file(py, npz, origin, arguments);
    }
    let npz = match Kind::of(file)? {
        Kind::File { file, .. } => options.open_npz_in(file),
        Kind::Memory { bytes, .. } => options.open_npz_in(borrowed(&bytes)),
        Kind::Other => return archive(file, Vec::new(), Reader::new(file)?, arguments),
    };
    let npz = npz.into_python(py)?;
    new_npz_file(py, npz, Origin::File(Kept::new(file)?.unbind()), arguments)
}

/// What [`begin`] began to read from.
pub(crate) enum Whence<'py> {
    /// A file of ours, opened by this path.
    Path(PathBuf),
    /// This file object, which must be kept.
    File(Bound<'py, Kept>),
}

/// Reads how a file begins that can be read at any position. A file object's position is left where
/// it is.
pub(crate) fn begin<'py>(
    file: &Bound<'py, PyAny>,
    arguments: &Arguments,
) -> PyResult<(Begun, Whence<'py>)> {
    let py = file.py();
    let options = arguments.options();
    if !file.hasattr("read")? {
        let path = path_of(file)?;
        let begun = begin_at(py, &path, &options, None)?;
        return Ok((begun, Whence::Path(path.into_owned())));
    }
    let kept = Kept::new(file)?;
    let begun = match Kind::of(file)? {
        Kind::File { file, name, at } => py.detach(|| options.begin_file(file, &name, at)),
        Kind::Memory { bytes, at } => options.begin_source(borrowed(&bytes), at),
        Kind::Other => {
            let at = file.call_method0("tell")?.extract::<u64>()?;
            let Some(source) = Seekable::new(py, kept.get().object())? else {
                let text = "this needs a file that can seek; load can do without";
                return Err(PyValueError::new_err(text));
            };
            let begun = options.begin_source(source, at);
            file.call_method1("seek", (at,))?;
            begun
        }
    };
    Ok((begun.into_python(py)?, Whence::File(kept)))
}
