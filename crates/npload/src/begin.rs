//! What a source holds, told by its first bytes before its data is read: for who says where the
//! data goes, or has a reader of pickles.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use npload_buffer::ReadAt;

use crate::npy::{
    Head, Header, Located, locate, refuse_objects_as_bytes, stream_data, stream_header, whole,
};
use crate::object::Pickle;
use crate::sniff::{Format, empty, identify, read_head};
use crate::source::{FileSource, Opened, Source, Stream, open_file};
use crate::{Array, LoadOptions, Loaded, Npy, Npz, Result};

/// A source whose first bytes were read.
#[derive(Debug)]
#[non_exhaustive]
pub enum Begun {
    /// An npy file, its header read.
    Array(Pending),
    /// An npz file, its directory read.
    Npz(Npz),
    /// A pipe, a terminal, a file of `/proc`, or an empty file, of which nothing is read: what it
    /// has comes one after the other. See [`LoadOptions::begin_reader`].
    Stream(File),
    /// Neither, with pickles allowed: it may be one.
    Other(Pickle),
}

/// As [`Begun`], of bytes that come one after the other.
#[derive(Debug)]
#[non_exhaustive]
pub enum Streamed {
    /// An npy file, and its header; its array was loaded, and not one byte more was read.
    Array(Array, Header),
    /// The header of an object array, with pickles allowed: its pickle is what comes next.
    Objects(Header),
    /// The first bytes of a zip file.
    Zip(Vec<u8>),
    /// Neither, with pickles allowed: its first bytes. A pickle may begin with them.
    Other(Vec<u8>),
}

impl LoadOptions {
    /// Reads how the file of that path begins.
    ///
    /// ```
    /// use npload::{Begun, LoadOptions};
    /// let options = LoadOptions::new();
    /// let Begun::Array(pending) = options.begin("../../testdata/npy/f8-le-2d-c.npy")? else {
    ///     return Ok(());
    /// };
    /// let mut bytes = vec![0; pending.header().nbytes()];
    /// pending.read_into(&mut bytes, &options)?;
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`load`](crate::load), without those of the data.
    pub fn begin(&self, path: impl AsRef<Path>) -> Result<Begun> {
        let path = path.as_ref();
        self.begin_file(open_file(path, self.needs_write())?, path, 0)
    }

    /// The same for a file that is open, from byte `at` on. Its position is not used and not moved.
    /// Of an archive `at` only tells that it is one: it is the whole file, as Python's `zipfile` has it.
    ///
    /// # Errors
    /// As [`LoadOptions::begin`]; they name `path`.
    pub fn begin_file(&self, file: File, path: &Path, at: u64) -> Result<Begun> {
        // Of a small file one read is all; how long it is need not be asked.
        let head = Head::first(&file, at);
        if self.map.is_none()
            && let Some(located) = whole(&head, at, self)
        {
            return Ok(Begun::Array(Pending {
                source: Source::File(Arc::new(FileSource::read_whole(file, path))),
                len: at.saturating_add(head.bytes().len() as u64),
                located,
                head,
            }));
        }
        let source = match FileSource::from_file(file, path)? {
            Opened::File(file) => Source::File(Arc::new(file)),
            Opened::Stream(file) => return Ok(Begun::Stream(file)),
        };
        match self.begin_in(source.clone(), at, Some(head)) {
            // A file of /sys, which has fewer bytes than it claims.
            Err(e) if e.io_kind() == Some(io::ErrorKind::UnexpectedEof) => {
                let file = source.file().map(File::try_clone);
                file.and_then(io::Result::ok).map(Begun::Stream).ok_or(e)
            }
            begun => begun,
        }
    }

    /// The same for anything that can be read at any position.
    ///
    /// # Errors
    /// As [`LoadOptions::begin`].
    pub fn begin_source(&self, source: impl ReadAt + 'static, at: u64) -> Result<Begun> {
        self.begin_in(Source::Other(Arc::new(source)), at, None)
    }

    /// The same for a reader; an array that is no object array is loaded at once. `left` is how many
    /// bytes it has, if that is known.
    ///
    /// # Errors
    /// As [`load`](crate::load).
    pub fn begin_reader(&self, reader: &mut impl Read, left: Option<u64>) -> Result<Streamed> {
        self.begin_stream(&mut Stream::new(reader, left))
    }

    /// `head` is what was read of it already.
    fn begin_in(&self, source: Source, at: u64, head: Option<Head>) -> Result<Begun> {
        let begin = || {
            let len = source.len()?;
            let head = match head.filter(|head| head.is_all_of(len.saturating_sub(at))) {
                Some(head) => head,
                None => Head::read(&source, at, len)?,
            };
            match identify(head.bytes(), self.allow_pickle) {
                Ok(Format::Npy) => {
                    let located = locate(&source, at, len, &head, self)?;
                    Ok(Begun::Array(Pending {
                        source: source.clone(),
                        len,
                        located,
                        head,
                    }))
                }
                Ok(Format::Zip) => Ok(Begun::Npz(Npz::in_source(source.clone(), self.clone())?)),
                Ok(Format::Pickle) => Ok(Begun::Other(Pickle::in_source(
                    source.clone(),
                    at,
                    len,
                    self.clone(),
                ))),
                Err(e) => Err(e),
            }
        };
        begin().map_err(|e| source.explain(e))
    }

    pub(crate) fn begin_stream(&self, stream: &mut Stream<'_>) -> Result<Streamed> {
        let head = read_head(stream)?;
        self.begin_stream_with(stream, head)
    }

    /// The same, when `head` was read.
    pub(crate) fn begin_stream_with(
        &self,
        stream: &mut Stream<'_>,
        head: Vec<u8>,
    ) -> Result<Streamed> {
        match identify(&head, self.allow_pickle) {
            Ok(Format::Npy) => {
                let header = stream_header(stream, head, self)?;
                if self.allow_pickle && header.dtype().has_object() {
                    return Ok(Streamed::Objects(header));
                }
                let array = stream_data(stream, header.clone(), self)?;
                Ok(Streamed::Array(array, header))
            }
            Ok(Format::Zip) => Ok(Streamed::Zip(head)),
            Ok(Format::Pickle) => Ok(Streamed::Other(head)),
            Err(e) => Err(e),
        }
    }
}

impl Begun {
    /// The rest of a load of what is no stream.
    pub(crate) fn load(self, options: &LoadOptions) -> Result<Loaded> {
        match self {
            Begun::Array(pending)
                if pending.header().dtype().has_object() && options.map.is_none() =>
            {
                Ok(Loaded::ObjectArray(pending.load_object_array(options)?))
            }
            Begun::Array(pending) => Ok(Loaded::Array(pending.load(options)?)),
            Begun::Npz(npz) => Ok(Loaded::Npz(npz)),
            Begun::Stream(_) => Err(empty()),
            Begun::Other(pickle) => Ok(Loaded::Object(pickle.load()?)),
        }
    }
}

/// An array whose header was read, and whose data was not.
///
/// Of an object array (see [`DType::has_object`](crate::DType::has_object)) the data is a pickle,
/// which begins at [`Pending::data_offset`] and which [`Pending::load_object_array`] loads.
#[derive(Debug)]
pub struct Pending {
    source: Source,
    len: u64,
    located: Located,
    head: Head,
}

impl Pending {
    /// What the file says of the array.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.located.header
    }

    /// Where the data begins, in bytes from the beginning of the source.
    #[must_use]
    pub fn data_offset(&self) -> u64 {
        self.located.data_start()
    }

    /// The file that it lies in, if that was opened by a path, or given open. Its position means nothing.
    #[must_use]
    pub fn file(&self) -> Option<&File> {
        self.source.file()
    }

    /// A lazy handle on the array.
    #[must_use]
    pub fn into_npy(mut self, options: LoadOptions) -> Npy {
        if let Source::File(file) = &mut self.source
            && let Some(file) = Arc::get_mut(file)
        {
            file.stamp();
            self.len = ReadAt::len(file).unwrap_or(self.len);
        }
        Npy::located(self.source, self.len, self.located, options)
    }

    /// The array.
    ///
    /// # Errors
    /// As [`load`](crate::load).
    pub fn load(self, options: &LoadOptions) -> Result<Array> {
        let Pending {
            source,
            len,
            located,
            head,
        } = self;
        let loaded = located.load(&source, len, &head, options);
        loaded.map_err(|e| source.explain(e))
    }

    /// Puts the array's bytes, as they are in the file, into memory that has exactly their number.
    ///
    /// # Errors
    /// As [`load`](crate::load); [`ErrorKind::Shape`](crate::ErrorKind::Shape) for memory of another
    /// size.
    pub fn read_into(&self, dest: &mut [u8], options: &LoadOptions) -> Result<()> {
        let mut read = || {
            refuse_objects_as_bytes(self.header().dtype(), options)?;
            self.header().check_nbytes(dest.len())?;
            self.located.checked_nbytes(&self.source, self.len)?;
            self.located
                .fill(dest.into(), &self.source, self.head.bytes(), options)
        };
        read().map_err(|e| self.source.explain(e))
    }
}
