//! What is put on devices: arrays, and files that were opened and not loaded.

use std::ops::Range;

use npload::{AlignedBuf, Array, Buffer, ByteOrder, Header, Npy, Npz, Order};

use crate::element::Element;
use crate::{Client, Error, ErrorKind, Result};

/// Where an array is. Of what is still in a file no more is read than a device needs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Source<'a> {
    /// In memory.
    Array(&'a Array),
    /// In an `.npy` file that is open.
    Npy(&'a Npy),
    /// In an archive that is open, under this key.
    Member(&'a Npz, &'a str),
}

impl<'a> From<&'a Array> for Source<'a> {
    fn from(array: &'a Array) -> Self {
        Source::Array(array)
    }
}

impl<'a> From<&'a Npy> for Source<'a> {
    fn from(npy: &'a Npy) -> Self {
        Source::Npy(npy)
    }
}

impl<'a> From<(&'a Npz, &'a str)> for Source<'a> {
    fn from((npz, key): (&'a Npz, &'a str)) -> Self {
        Source::Member(npz, key)
    }
}

impl Source<'_> {
    /// All of it. What a file has in another order, or byte order, is turned round while it is read.
    pub(crate) fn whole(&self, client: &Client) -> Result<Array> {
        let header = match self {
            Source::Array(array) => return Ok((*array).clone()),
            Source::Npy(npy) => npy.header().clone(),
            Source::Member(npz, key) => member_header(npz, key)?,
        };
        Element::of(header.dtype(), client.api())?;
        let is_flat = header.shape().iter().filter(|&&len| len != 1).count() < 2;
        if header.dtype().is_native() && (is_flat || header.order() == Order::C) {
            return Ok(match self {
                Source::Array(array) => (*array).clone(),
                Source::Npy(npy) => npy.load()?,
                Source::Member(npz, key) => npz.get(key)?,
            });
        }
        let all = header.shape().iter().map(|&len| 0..len).collect();
        let mut arrays = self.boxes(&header, vec![all])?;
        arrays
            .pop()
            .ok_or_else(|| Error::new(ErrorKind::File, "nothing was read"))
    }

    /// What it says of itself, and the parts of it, in C order, each in memory of its own or, of an array in
    /// memory, where they are. Those of a file are read in one pass, and nothing else of it.
    pub(crate) fn parts(
        &self,
        client: &Client,
        boxes: Vec<Vec<Range<usize>>>,
    ) -> Result<Vec<Array>> {
        let header = match self {
            Source::Array(array) => {
                let part = |ranges: Vec<Range<usize>>| Ok(array.slice(selection(&ranges))?);
                return boxes.into_iter().map(part).collect();
            }
            Source::Npy(npy) => npy.header().clone(),
            Source::Member(npz, key) => member_header(npz, key)?,
        };
        Element::of(header.dtype(), client.api())?;
        self.boxes(&header, boxes)
    }

    /// The length of each axis.
    pub(crate) fn shape(&self) -> Result<Vec<usize>> {
        Ok(match self {
            Source::Array(array) => array.shape().to_vec(),
            Source::Npy(npy) => npy.header().shape().to_vec(),
            Source::Member(npz, key) => member_header(npz, key)?.shape().to_vec(),
        })
    }

    fn boxes(&self, header: &Header, boxes: Vec<Vec<Range<usize>>>) -> Result<Vec<Array>> {
        let itemsize = header.dtype().itemsize();
        let mut memory = Vec::with_capacity(boxes.len());
        for ranges in &boxes {
            let size = ranges
                .iter()
                .fold(1_usize, |n, range| n.saturating_mul(range.len()));
            let nbytes = size.saturating_mul(itemsize);
            memory.push(AlignedBuf::zeroed(nbytes).map_err(|err| {
                let message = format!("{err} (taking {nbytes} bytes for a part of the array)");
                Error::new(ErrorKind::OutOfMemory, message).with_source(err)
            })?);
        }
        let wanted = boxes
            .iter()
            .cloned()
            .zip(memory.iter_mut().map(|memory| &mut **memory));
        match self {
            Source::Array(_) => {}
            Source::Npy(npy) => npy.read_boxes(wanted.collect())?,
            Source::Member(npz, key) => npz.read_boxes(key, wanted.collect())?,
        }
        let dtype = header.dtype().with_byteorder(ByteOrder::NATIVE);
        let arrays = boxes.iter().zip(memory).map(|(ranges, memory)| {
            let shape: Vec<usize> = ranges.iter().map(Range::len).collect();
            Ok(Array::from_bytes(
                dtype.clone(),
                &shape,
                Order::C,
                Buffer::from(memory),
            )?)
        });
        arrays.collect()
    }
}

fn member_header(npz: &Npz, key: &str) -> Result<Header> {
    npz.header(key)?.ok_or_else(|| {
        let message = format!("member {key:?} is no array: only arrays can be put on a device");
        Error::new(ErrorKind::Type, message)
    })
}

/// The index that picks these ranges.
fn selection(ranges: &[Range<usize>]) -> npload::Selection {
    let position = |at: usize| Some(isize::try_from(at).unwrap_or(isize::MAX));
    let slice = |range: &Range<usize>| npload::Index::Slice {
        start: position(range.start),
        stop: position(range.end),
        step: 1,
    };
    npload::Selection::new(ranges.iter().map(slice).collect())
}
