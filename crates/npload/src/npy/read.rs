//! Arrays out of sources: find the header, check what it promises, fill memory.

use std::fs::File;
use std::os::unix::fs::FileExt;

use npload_buffer::{AlignedBuf, Buffer, Unfilled, Vacant};

use super::frame::truncated_header;
use super::header::{Header, Parsed, parse_header};
use super::select::read_runs_at;
use super::shape::tuple_repr;
use crate::array::{Array, Axes};
use crate::object::refuse_as_array;
use crate::selection::Plan;
use crate::source::{Fill, Meter, Source, Stream};
use crate::{DType, Error, ErrorKind, LoadOptions, Result};

/// What is read of a source at first: enough for nearly every header, and for small arrays whole.
const HEAD: usize = 4096;

/// The first bytes of a source.
#[derive(Debug)]
pub(crate) struct Head {
    /// On the heap: it is moved more often than it is read.
    bytes: Vec<u8>,
}

impl Head {
    /// What one read of a file at `base` gives, which may be nothing.
    #[inline]
    pub(crate) fn first(file: &File, base: u64) -> Self {
        let mut bytes = [0; HEAD];
        // Whatever is wrong is told by who reads it again.
        let len = file.read_at(&mut bytes, base).unwrap_or(0);
        let bytes = bytes.get(..len).unwrap_or_default().to_vec();
        Head { bytes }
    }

    /// Whether it is what [`Head::read`] would read where `left` bytes are left.
    pub(crate) fn is_all_of(&self, left: u64) -> bool {
        self.bytes.len() as u64 == left.min(HEAD as u64)
    }

    /// Reads what lies at `base` in a source of `len` bytes.
    pub(crate) fn read(source: &Source, base: u64, len: u64) -> Result<Self> {
        let there = len.saturating_sub(base);
        let mut bytes = vec![0; usize::try_from(there).unwrap_or(HEAD).min(HEAD)];
        source.read_exact_at(&mut bytes, base)?;
        Ok(Head { bytes })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// An array that lies in a source: its header, and where it begins.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) header: Header,
    /// Where its magic is.
    base: u64,
}

/// The array at `base` that is all in `head`, if it is one, and of no objects.
#[inline]
pub(crate) fn whole(head: &Head, base: u64, options: &LoadOptions) -> Option<Located> {
    let bytes = head.bytes();
    if !bytes.starts_with(b"\x93NUMPY") {
        return None;
    }
    let Ok(Parsed::Header(header)) = parse_header(bytes, options.max_header_size) else {
        return None;
    };
    let end = header.data_offset().saturating_add(header.nbytes());
    if end > bytes.len() || header.dtype().has_object() {
        return None;
    }
    options.warn(header.warnings());
    Some(Located { header, base })
}

/// Reads the header of the array at `base`, of which `head` are the first bytes.
pub(crate) fn locate(
    source: &Source,
    base: u64,
    len: u64,
    head: &Head,
    options: &LoadOptions,
) -> Result<Located> {
    let header = match parse_header(head.bytes(), options.max_header_size)? {
        Parsed::Header(header) => header,
        Parsed::NeedMore(_) if (head.bytes.len() as u64) >= len.saturating_sub(base) => {
            return Err(truncated_header(head.bytes()));
        }
        Parsed::NeedMore(needed) => {
            let there = usize::try_from(len.saturating_sub(base)).unwrap_or(usize::MAX);
            let mut bytes = vec![0; needed.min(there)];
            source.read_exact_at(&mut bytes, base)?;
            match parse_header(&bytes, options.max_header_size)? {
                Parsed::Header(header) => header,
                Parsed::NeedMore(_) => return Err(truncated_header(&bytes)),
            }
        }
    };
    options.warn(header.warnings());
    Ok(Located { header, base })
}

impl Located {
    /// Elements that no header stands before, from `start` on.
    pub(super) fn raw(header: Header, start: u64) -> Self {
        Located {
            header,
            base: start,
        }
    }

    pub(crate) fn base(&self) -> u64 {
        self.base
    }

    /// Where its data begins in the source.
    pub(crate) fn data_start(&self) -> u64 {
        self.base.saturating_add(self.header.data_offset() as u64)
    }

    /// How many bytes of data there must be, which a source of `len` bytes has.
    pub(crate) fn checked_nbytes(&self, source: &Source, len: u64) -> Result<usize> {
        let nbytes = self.header.nbytes();
        let there = len.saturating_sub(self.data_start());
        if there < nbytes as u64 {
            return Err(match source {
                Source::File(_) => short_file(&self.header, there),
                Source::Other(_) => short_data(nbytes, there),
            }
            .at(len));
        }
        Ok(nbytes)
    }

    /// Loads the whole array.
    pub(crate) fn load(
        self,
        source: &Source,
        len: u64,
        head: &Head,
        options: &LoadOptions,
    ) -> Result<Array> {
        if let Some(request) = options.map {
            refuse_objects_mapped(self.header.dtype())?;
            let Some(file) = source.file() else {
                return Err(no_map_without_file());
            };
            let nbytes = self.checked_nbytes(source, len)?;
            let start = self.data_start();
            let mapped = request.map(file, start..start.saturating_add(nbytes as u64))?;
            return Ok(into_array(self.header, mapped));
        }
        refuse_objects_as_bytes(self.header.dtype(), options)?;
        let nbytes = self.checked_nbytes(source, len)?;
        let fill = |dest: Vacant<'_>| self.fill(dest, source, head.bytes(), options);
        let data = allocate(nbytes)?.fill(fill)?;
        Ok(into_array(self.header, data.into()))
    }

    /// Puts the array's bytes into `dest`, of which `head` may have the first.
    pub(crate) fn fill(
        &self,
        dest: Vacant<'_>,
        source: &Source,
        head: &[u8],
        options: &LoadOptions,
    ) -> Result<()> {
        let early = head.get(self.header.data_offset()..).unwrap_or_default();
        let early = early.get(..early.len().min(dest.len())).unwrap_or_default();
        // A part of a page is not worth splitting a large read for.
        let early = if dest.len() > HEAD { &[] } else { early };
        let meter = Meter::new(options, dest.len() as u64);
        let (first, rest) = dest.split_at(early.len());
        first.copy_from(early);
        meter.advance(early.len())?;
        let start = self.data_start().saturating_add(early.len() as u64);
        if rest.is_empty() {
            return Ok(());
        }
        let fill = Fill {
            threads: options.threads_for(rest.len() as u64),
            sum: false,
            progress: Some(&|bytes| meter.advance(bytes)),
            failed: |e, at| Error::io(e, "reading the array's data").at(at),
        };
        fill.read(source.reader(), start, rest)?;
        meter.finish()?;
        Ok(())
    }

    /// Reads parts of the data, and not much more of the source than that.
    pub(crate) fn read(
        &self,
        source: &Source,
        plan: &Plan,
        options: &LoadOptions,
    ) -> Result<AlignedBuf> {
        let meter = Meter::new(options, plan.nbytes as u64);
        let data = read_runs_at(source, self.data_start(), plan, options, &meter)?;
        meter.finish()?;
        Ok(data)
    }
}

/// Reads the header of an array whose bytes come one after the other, of which `head` are the first;
/// not one byte after it is read.
pub(crate) fn stream_header(
    stream: &mut Stream<'_>,
    mut head: Vec<u8>,
    options: &LoadOptions,
) -> Result<Header> {
    let reading = |e| Error::io(e, "reading the array");
    loop {
        match parse_header(&head, options.max_header_size)? {
            Parsed::Header(header) => {
                options.warn(header.warnings());
                return Ok(header);
            }
            Parsed::NeedMore(needed) => {
                if !stream.read_up_to(&mut head, needed).map_err(reading)? {
                    return Err(truncated_header(&head));
                }
            }
        }
    }
}

/// Loads the array whose header came last; not one byte after it is read.
pub(crate) fn stream_data(
    stream: &mut Stream<'_>,
    header: Header,
    options: &LoadOptions,
) -> Result<Array> {
    let reading = |e| Error::io(e, "reading the array");
    if options.map.is_some() {
        return Err(no_map_without_file());
    }
    refuse_objects_as_bytes(header.dtype(), options)?;
    let nbytes = header.nbytes();
    let offset = header.data_offset() as u64;
    if let Some(left) = stream.left().filter(|&left| left < nbytes as u64) {
        return Err(short_data(nbytes, left).at(offset.saturating_add(left)));
    }
    let meter = Meter::new(options, nbytes as u64);
    let read = stream.read_aligned(nbytes, &|bytes| {
        meter.advance(bytes).map_err(std::io::Error::from)
    });
    let (data, filled) = read.map_err(|e| match e.downcast::<Error>() {
        Ok(ours) => ours,
        Err(e) => reading(e),
    })?;
    if filled < nbytes {
        let end = offset.saturating_add(filled as u64);
        return Err(short_data(nbytes, filled as u64).at(end));
    }
    Ok(into_array(header, data.into()))
}

pub(crate) fn allocate(nbytes: usize) -> Result<Unfilled> {
    Unfilled::new(nbytes).map_err(|_| {
        let message = format!("no memory for an array of {nbytes} bytes");
        Error::new(ErrorKind::OutOfMemory, message)
    })
}

pub(crate) fn into_array(header: Header, data: Buffer) -> Array {
    let (dtype, shape, order) = header.into_parts();
    Array::over(dtype, Axes::from_vec(shape), order, data)
}

/// Refuses Python objects where they are not allowed, and where they are left to the caller.
pub(crate) fn refuse_objects(dtype: &DType, options: &LoadOptions) -> Result<()> {
    if !dtype.has_object() || (options.allow_pickle && !options.leave_pickles) {
        return Ok(());
    }
    Err(match options.allow_pickle {
        false => Error::new(
            ErrorKind::ObjectArray,
            "Object arrays cannot be loaded when allow_pickle=False; LoadOptions::allow_pickle(true) \
             reads them as data and runs nothing",
        ),
        true => Error::new(
            ErrorKind::Pickle,
            "the pickle of an object array is left to the caller",
        ),
    })
}

/// Refuses Python objects where bytes are asked for.
pub(crate) fn refuse_objects_as_bytes(dtype: &DType, options: &LoadOptions) -> Result<()> {
    refuse_objects(dtype, options)?;
    match dtype.has_object() {
        true => Err(refuse_as_array()),
        false => Ok(()),
    }
}

pub(crate) fn refuse_objects_mapped(dtype: &DType) -> Result<()> {
    if dtype.has_object() {
        let message = "Array can't be memory-mapped: Python objects in dtype.";
        return Err(Error::new(ErrorKind::Mmap, message));
    }
    Ok(())
}

#[cold]
pub(crate) fn no_map_without_file() -> Error {
    let message = "memory mapping needs a file given by its path: this source has none";
    Error::new(ErrorKind::Mmap, message)
}

#[cold]
fn short_file(header: &Header, there: u64) -> Error {
    let shape = tuple_repr(header.shape());
    let count = header
        .shape()
        .iter()
        .fold(1_usize, |n, &len| n.saturating_mul(len));
    let complete = there
        .checked_div(header.dtype().itemsize() as u64)
        .unwrap_or(0);
    let message = format!(
        "Failed to read all data for array. Expected {shape} = {count} elements, could only read \
         {complete} elements. (file seems not fully written?)"
    );
    Error::new(ErrorKind::Truncated, message)
}

#[cold]
pub(crate) fn short_data(expected: usize, there: u64) -> Error {
    let message = format!("EOF: reading array data, expected {expected} bytes got {there}");
    Error::new(ErrorKind::Truncated, message)
}
