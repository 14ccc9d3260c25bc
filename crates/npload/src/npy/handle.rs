//! An array in a file, opened and not loaded.

use std::fs::File;
#[cfg(feature = "ndarray")]
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use npload_buffer::{Buffer, ReadAt};

#[cfg(feature = "ndarray")]
use super::boxes::{Access, Boxes};
use super::header::Header;
use super::part::{Data, Forward, Part};
use super::read::{Head, Located, locate, refuse_objects_as_bytes};
use crate::array::{Array, Element};
use crate::selection::Plan;
use crate::sniff::{Format, identify, refuse};
#[cfg(feature = "ndarray")]
use crate::source::Meter;
use crate::source::{FileSource, Opened, Source, open};
use crate::{Error, ErrorKind, LoadOptions, Result, Selection};

/// An array in an npy file: its header is read, its data only when asked for.
///
/// Reads are positional, so one handle serves many threads.
///
/// ```
/// use npload::{Npy, s};
/// let npy = Npy::open("../../testdata/npy/f8-le-2d-c.npy")?;
/// println!("{} {:?}", npy.header().dtype(), npy.header().shape());
/// let first_row = npy.read(s![0, ..])?;
/// assert_eq!(first_row.ndim(), 1);
/// # Ok::<(), npload::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Npy {
    source: Source,
    len: u64,
    located: Located,
    options: LoadOptions,
}

impl Npy {
    /// Opens the file of that path, with [`LoadOptions::new`].
    ///
    /// # Errors
    /// As [`load`](crate::load), without those of the data; [`ErrorKind::NotArray`] for an npz.
    pub fn open(path: impl AsRef<Path>) -> Result<Npy> {
        LoadOptions::new().open_npy(path)
    }

    /// The array at the beginning of a source of `len` bytes, of which `head` are the first.
    pub(crate) fn in_source(
        source: Source,
        len: u64,
        head: &Head,
        options: LoadOptions,
    ) -> Result<Npy> {
        let located = locate(&source, 0, len, head, &options)?;
        Ok(Npy::located(source, len, located, options))
    }

    pub(crate) fn located(source: Source, len: u64, located: Located, options: LoadOptions) -> Npy {
        Npy {
            source,
            len,
            located,
            options,
        }
    }

    /// What it is made of.
    pub(crate) fn parts(&self) -> (&Source, u64, &Located, &LoadOptions) {
        (&self.source, self.len, &self.located, &self.options)
    }

    pub(crate) fn file_size(&self) -> u64 {
        self.len
    }

    /// The error for a file that ends before the array does. Of Python objects that is not known.
    pub(crate) fn incomplete(&self) -> Option<Error> {
        if self.header().dtype().has_object() {
            return None;
        }
        let checked = self.located.checked_nbytes(&self.source, self.len);
        checked.map_err(|e| self.source.explain(e)).err()
    }

    /// What the file says of the array.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.located.header
    }

    /// The whole array.
    ///
    /// # Errors
    /// As [`load`](crate::load).
    pub fn load(&self) -> Result<Array> {
        let load = || {
            let head = Head::read(&self.source, self.located.base(), self.len)?;
            self.located
                .clone()
                .load(&self.source, self.len, &head, &self.options)
        };
        load().map_err(|e| self.source.explain(e))
    }

    /// The array as a [`Part`], of which slices and fields can be taken before anything is read.
    ///
    /// # Errors
    /// As [`load`](crate::load), without those of reading.
    pub fn part(&self) -> Result<Part<'_>> {
        let check = || {
            refuse_objects_as_bytes(self.header().dtype(), &self.options)?;
            self.located.checked_nbytes(&self.source, self.len)
        };
        check().map_err(|e| self.source.explain(e))?;
        Ok(Part::whole(self.header(), self))
    }

    /// The part of the array that a basic index picks. Only its bytes are read, and small gaps
    /// between them.
    ///
    /// # Errors
    /// [`ErrorKind::Index`] when the selection does not fit; else as [`load`](crate::load).
    pub fn read(&self, selection: impl Into<Selection>) -> Result<Array> {
        self.part()?.slice(selection)?.read()
    }

    /// The file that it reads, if it was opened by a path. Its position means nothing.
    #[must_use]
    pub fn file(&self) -> Option<&File> {
        self.source.file()
    }

    /// Puts the array's bytes, as they are in the file, into memory that has exactly their number.
    ///
    /// # Errors
    /// As [`load`](crate::load); [`ErrorKind::Shape`] for memory of another size.
    pub fn read_into(&self, dest: &mut [u8]) -> Result<()> {
        let mut read = || {
            self.header().check_nbytes(dest.len())?;
            refuse_objects_as_bytes(self.header().dtype(), &self.options)?;
            self.located
                .load_into(dest, &self.source, self.len, &self.options)
        };
        read().map_err(|e| self.source.explain(e))
    }

    /// Reads boxes of the array side by side, each into memory of just its size: in C order and this
    /// machine's byte order, whatever those of the file are. A box is a range of each axis. What boxes
    /// share, and what lies between them, is read no more often than the file's order makes necessary.
    ///
    /// ```
    /// let npy = npload::Npy::open("../../testdata/npy/f8-be-2d-c.npy")?;
    /// let (rows, columns) = (npy.header().shape()[0], npy.header().shape()[1]);
    /// let (mut first, mut others) = (vec![0_f64; rows], vec![0_f64; rows * (columns - 1)]);
    /// npy.read_boxes(vec![
    ///     (vec![0..rows, 0..1], bytemuck::cast_slice_mut(&mut first)),
    ///     (vec![0..rows, 1..columns], bytemuck::cast_slice_mut(&mut others)),
    /// ])?;
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Index`] for a box outside of the array, [`ErrorKind::Shape`] for memory of another
    /// size, [`ErrorKind::Type`] for elements of other than 1, 2, 4, 8 or 16 bytes; else as
    /// [`load`](crate::load).
    #[cfg(feature = "ndarray")]
    pub fn read_boxes(&self, boxes: Vec<(Vec<Range<usize>>, &mut [u8])>) -> Result<()> {
        let read = || {
            refuse_objects_as_bytes(self.header().dtype(), &self.options)?;
            self.located.checked_nbytes(&self.source, self.len)?;
            let boxes = Boxes::new(self.header(), boxes)?;
            let meter = Meter::new(&self.options, boxes.nbytes());
            let access = Access::At(&self.source, self.located.data_start());
            boxes.read(access, false, &self.options, &meter)?;
            meter.finish()
        };
        read().map_err(|e| self.source.explain(e))
    }

    /// Loads the whole array into memory that exists, in the order of the file and this machine's
    /// byte order.
    ///
    /// ```
    /// let npy = npload::Npy::open("../../testdata/npy/f8-be-2d-c.npy")?;
    /// let mut values = vec![0_f64; npy.header().size()];
    /// npy.load_into(&mut values)?;
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Type`] when the elements are something else, [`ErrorKind::Shape`] when `dest`
    /// has not as many; else as [`load`](crate::load).
    pub fn load_into<T: Element + bytemuck::Pod>(&self, dest: &mut [T]) -> Result<()> {
        let mut load = || {
            self.header().check_destination::<T>(dest.len())?;
            refuse_objects_as_bytes(self.header().dtype(), &self.options)?;
            let bytes = bytemuck::cast_slice_mut(dest);
            self.located
                .load_into(bytes, &self.source, self.len, &self.options)
        };
        load().map_err(|e| self.source.explain(e))?;
        self.header().make_native(dest);
        Ok(())
    }
}

impl Data for &Npy {
    fn read(&self, plan: &Plan) -> Result<Buffer> {
        let read = self.located.read(&self.source, plan, &self.options);
        Ok(read.map_err(|e| self.source.explain(e))?.into())
    }

    fn forward<'d>(self: Arc<Self>) -> Box<dyn Forward + 'd>
    where
        Self: 'd,
    {
        Box::new(*self)
    }
}

impl Forward for &Npy {
    fn read(&mut self, plan: &Plan) -> Result<Buffer> {
        Data::read(self, plan)
    }
}

impl LoadOptions {
    /// [`Npy::open`] with these options.
    ///
    /// # Errors
    /// As there.
    pub fn open_npy(&self, path: impl AsRef<Path>) -> Result<Npy> {
        match open(path.as_ref(), self.needs_write())? {
            Opened::File(file) => self.npy_in(Source::File(Arc::new(file))),
            Opened::Stream(stream) => {
                Err(FileSource::refuse_stream(&stream).with_path(path.as_ref()))
            }
        }
    }

    /// As [`LoadOptions::open_npy`], for anything that can be read at any position.
    ///
    /// # Errors
    /// As there.
    pub fn open_npy_in(&self, source: impl ReadAt + 'static) -> Result<Npy> {
        self.npy_in(Source::Other(Arc::new(source)))
    }

    fn npy_in(&self, source: Source) -> Result<Npy> {
        let find = || {
            let len = source.len()?;
            let head = Head::read(&source, 0, len)?;
            match identify(head.bytes(), self.allow_pickle)? {
                Format::Npy => Npy::in_source(source.clone(), len, &head, self.clone()),
                Format::Zip => {
                    let message = "this is an archive (npz), not one array: open it with Npz::open";
                    Err(Error::new(ErrorKind::NotArray, message))
                }
                Format::Pickle => Err(refuse(head.bytes(), true)),
            }
        };
        find().map_err(|e| source.explain(e))
    }
}
