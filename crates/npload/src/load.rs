//! The entry: what a source holds, decided by its first bytes, and loaded.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use npload_buffer::{Buffer, ReadAt};

use crate::mmap::MmapMode;
use crate::npy::{no_map_without_file, refuse_objects};
use crate::object::{load_pickle, refuse_left, stream_pickle};
use crate::sniff::{read_named, read_start};
use crate::source::{BLOCK, Source, Stream};
use crate::{
    Array, Begun, Error, ErrorKind, LoadOptions, Npz, ObjectArray, Objects, Result, Streamed,
};

/// What a source held.
#[derive(Debug)]
#[non_exhaustive]
pub enum Loaded {
    /// An npy file: one array.
    Array(Array),
    /// An npz file: its members are loaded when they are asked for.
    Npz(Npz),
    /// An npy file of Python objects, where pickles are allowed.
    ObjectArray(ObjectArray),
    /// What a pickle holds, where pickles are allowed.
    Object(Objects),
}

impl Loaded {
    /// The array of an npy file.
    ///
    /// # Errors
    /// [`ErrorKind::NotArray`] when it was something else, [`ErrorKind::ObjectArray`] when it was an
    /// array of objects.
    pub fn into_array(self) -> Result<Array> {
        match self {
            Loaded::Array(array) => Ok(array),
            other => Err(other.is_not("one array")),
        }
    }

    /// The array of an npy file of Python objects.
    ///
    /// # Errors
    /// [`ErrorKind::NotArray`] when it was something else.
    pub fn into_object_array(self) -> Result<ObjectArray> {
        match self {
            Loaded::ObjectArray(array) => Ok(array),
            other => Err(other.is_not("an array of Python objects")),
        }
    }

    /// The objects of a pickle.
    ///
    /// # Errors
    /// [`ErrorKind::NotArray`] when it was something else.
    pub fn into_objects(self) -> Result<Objects> {
        match self {
            Loaded::Object(objects) => Ok(objects),
            other => Err(other.is_not("a pickle")),
        }
    }

    /// The archive of an npz file.
    ///
    /// # Errors
    /// [`ErrorKind::NotArray`] when it was something else.
    pub fn into_npz(self) -> Result<Npz> {
        match self {
            Loaded::Npz(npz) => Ok(npz),
            other => Err(other.is_not("an archive")),
        }
    }

    #[cold]
    fn is_not(&self, wanted: &str) -> Error {
        let (kind, what) = match self {
            Loaded::Array(_) => (
                ErrorKind::NotArray,
                "this is one array (npy), not {}: use into_array",
            ),
            Loaded::Npz(_) => (
                ErrorKind::NotArray,
                "this is an archive (npz), not {}: use into_npz, or Npz::open",
            ),
            Loaded::ObjectArray(_) => (
                ErrorKind::ObjectArray,
                "this is an array of Python objects, not {}: use into_object_array",
            ),
            Loaded::Object(_) => (
                ErrorKind::NotArray,
                "this is a pickle, not {}: use into_objects",
            ),
        };
        Error::new(kind, what.replace("{}", wanted))
    }
}

/// Loads the file of that path: `numpy.load`.
///
/// An `.npy` file gives an [`Array`], an `.npz` file an [`Npz`]; the first bytes decide, never the
/// name. Nothing is executed, mapped or changed. Python objects are refused, unless
/// [`LoadOptions::allow_pickle`] has them read as data.
///
/// ```
/// let array = npload::load("../../testdata/npy/f8-le-2d-c.npy")?.into_array()?;
/// assert_eq!(array.dtype().to_string(), "float64");
/// # Ok::<(), npload::Error>(())
/// ```
///
/// # Errors
/// An [`Error`] that says which file, which member and which byte: [`ErrorKind::Io`],
/// [`ErrorKind::Empty`], [`ErrorKind::NotArray`], [`ErrorKind::Version`], [`ErrorKind::Truncated`],
/// [`ErrorKind::Header`], [`ErrorKind::Limit`], [`ErrorKind::DType`], [`ErrorKind::Shape`],
/// [`ErrorKind::ObjectArray`], [`ErrorKind::Archive`], [`ErrorKind::OutOfMemory`].
pub fn load(path: impl AsRef<Path>) -> Result<Loaded> {
    LoadOptions::new().load(path)
}

impl LoadOptions {
    /// [`load`] with these options.
    ///
    /// # Errors
    /// As there; and [`ErrorKind::Mmap`] when a mapping was asked for and is impossible.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<Loaded> {
        self.load_path(path.as_ref())
    }

    fn load_path(&self, path: &Path) -> Result<Loaded> {
        let begun = match self.begin(path)? {
            Begun::Stream(pipe) => return self.load_pipe(pipe).map_err(|e| e.with_path(path)),
            begun => begun,
        };
        match begun.load(self) {
            // A file of /sys, which has fewer bytes than it claims.
            Err(e) if e.io_kind() == Some(io::ErrorKind::UnexpectedEof) => self
                .load_pipe(File::open(path).map_err(|_| e)?)
                .map_err(|e| e.with_path(path)),
            loaded => loaded.map_err(|e| e.with_path(path)),
        }
    }

    fn load_pipe(&self, file: File) -> Result<Loaded> {
        let mut file = BufReader::with_capacity(BLOCK, file);
        self.load_stream(&mut Stream::new(&mut file, None))
    }

    /// Loads from anything that can be read at any position, from its beginning.
    ///
    /// ```
    /// use npload::{Buffer, LoadOptions};
    /// let bytes = std::fs::read("../../testdata/npy/f8-le-2d-c.npy")?;
    /// let array = LoadOptions::new().load_source(Buffer::from(bytes))?.into_array()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// What it is may be known at run time only:
    ///
    /// ```
    /// use std::{fs::File, sync::Arc};
    /// use npload::{LoadOptions, ReadAt};
    /// let source: Arc<dyn ReadAt> = Arc::new(File::open("../../testdata/npy/f8-le-2d-c.npy")?);
    /// let array = LoadOptions::new().load_source(source)?.into_array()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`load`].
    pub fn load_source(&self, source: impl ReadAt + 'static) -> Result<Loaded> {
        self.begin_source(source, 0)?.load(self)
    }

    /// Loads from bytes. What follows an array is ignored; to load arrays that follow each other,
    /// use [`LoadOptions::load_reader`] on a `&mut &[u8]`.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load_bytes(&self, bytes: &[u8]) -> Result<Loaded> {
        let mut rest = bytes;
        self.load_stream(&mut Stream::new(&mut rest, Some(bytes.len() as u64)))
    }

    /// Loads from a reader what it gives next. Of an array not one byte more is read than it has,
    /// so that arrays saved one after the other load one after the other until
    /// [`ErrorKind::Empty`], and so of a pickle; an archive is read to the end.
    ///
    /// Where a pickle ends only its opcodes tell, so that of one single bytes are asked for: give a
    /// [`BufReader`] where each read is a system call.
    ///
    /// ```
    /// use npload::{ErrorKind, LoadOptions};
    /// let mut bytes = std::fs::read("../../testdata/npy/f8-le-2d-c.npy")?;
    /// bytes.extend_from_within(..);
    /// let mut reader = bytes.as_slice();
    /// let options = LoadOptions::new();
    /// let first = options.load_reader(&mut reader)?.into_array()?;
    /// let second = options.load_reader(&mut reader)?.into_array()?;
    /// assert_eq!(options.load_reader(&mut reader).unwrap_err().kind(), ErrorKind::Empty);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`load`]. How far the reader was then read is not defined.
    pub fn load_reader(&self, reader: &mut impl Read) -> Result<Loaded> {
        self.load_stream(&mut Stream::new(reader, None))
    }

    /// As [`LoadOptions::load_reader`], for a reader that can seek: it is known how much is left, so
    /// an array that is cut off is refused before memory is taken for it.
    ///
    /// # Errors
    /// As [`load`].
    pub fn load_seekable(&self, reader: &mut (impl Read + Seek)) -> Result<Loaded> {
        let seeking = |e| Error::io(e, "asking the reader for its position");
        let here = reader.stream_position().map_err(seeking)?;
        let end = reader.seek(SeekFrom::End(0)).map_err(seeking)?;
        reader.seek(SeekFrom::Start(here)).map_err(seeking)?;
        let left = Some(end.saturating_sub(here));
        if !self.allow_pickle {
            return self.load_stream(&mut Stream::new(reader, left));
        }
        // A pickle is asked for in single bytes: blocks are read, and what was too much given back.
        let mut blocks = BufReader::with_capacity(BLOCK, &mut *reader);
        let loaded = self.load_stream(&mut Stream::new(&mut blocks, left))?;
        let ahead = i64::try_from(blocks.buffer().len()).unwrap_or(0);
        if ahead > 0 {
            let back = SeekFrom::Current(ahead.saturating_neg());
            let seeking = |e| Error::io(e, "seeking back to the end of what was loaded");
            reader.seek(back).map_err(seeking)?;
        }
        Ok(loaded)
    }

    pub(crate) fn needs_write(&self) -> bool {
        self.map
            .is_some_and(|map| map.mode() == MmapMode::ReadWrite)
    }

    /// What is neither npy nor npz, and begins with `head`.
    fn pickle_in(&self, stream: &mut Stream<'_>, head: Vec<u8>) -> Result<Loaded> {
        refuse_left(self)?;
        let pickle = stream_pickle(stream, head, self)?;
        match load_pickle(pickle.clone(), 0, self) {
            Ok(objects) => Ok(Loaded::Object(objects)),
            // More of it, to tell what it is.
            Err(e) if e.kind() == ErrorKind::Pickle => {
                let mut bytes = pickle.to_vec();
                read_named(stream, &mut bytes)?;
                load_pickle(bytes.into(), 0, self).map(Loaded::Object)
            }
            Err(e) => Err(e),
        }
    }

    fn load_stream(&self, stream: &mut Stream<'_>) -> Result<Loaded> {
        let begun = match self.allow_pickle {
            false => self.begin_stream(stream)?,
            // Of what may be a pickle not one byte more is read than it has.
            true => {
                let head = read_start(stream)?;
                self.begin_stream_with(stream, head)?
            }
        };
        match begun {
            Streamed::Array(array, _) => Ok(Loaded::Array(array)),
            Streamed::Objects(header) => {
                refuse_objects(header.dtype(), self)?;
                let start = header.data_offset() as u64;
                let pickle = stream_pickle(stream, Vec::new(), self)?;
                let array = ObjectArray::parse(header, pickle, start, self)?;
                Ok(Loaded::ObjectArray(array))
            }
            Streamed::Zip(_) if self.map.is_some() => Err(no_map_without_file()),
            Streamed::Zip(head) => {
                let reading = |e| Error::io(e, "reading the archive");
                let bytes = Buffer::from(stream.read_all(head).map_err(reading)?);
                let npz = Npz::in_source(Source::Other(Arc::new(bytes)), self.clone())?;
                Ok(Loaded::Npz(npz))
            }
            Streamed::Other(head) => self.pickle_in(stream, head),
        }
    }
}
