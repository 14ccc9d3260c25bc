//! Boxes of an array in a file, read side by side into memory in C order.
//!
//! A box has a range of each axis. All boxes of a call are filled in one pass over the smallest box
//! around them, in the order of the file, so that nothing is read twice: cut into slabs across the axis
//! that varies slowest, which threads take one by one. A slab that lies in the file just as in its box is
//! read straight into it; another goes block by block through the cache.

mod blocks;
mod layout;
mod pass;
mod target;

use std::ops::Range;

use bytemuck::Pod;
use crc32fast::Hasher;
use npload_buffer::Vacant;

use self::layout::Layout;
use self::pass::Pass;
use self::target::Target;
use super::header::Header;
use crate::array::Axes;
use crate::source::{Meter, Source};
use crate::{Error, ErrorKind, LoadOptions, Result};

/// A range of each axis, and the memory for those elements in C order.
type Wanted<'a> = (Vec<Range<usize>>, &'a mut [u8]);

/// How the array's data can be read.
pub(crate) enum Access<'a> {
    /// At any position: it lies as it is in a source, from there on.
    At(&'a Source, u64),
    /// By rising offsets, on one thread.
    Stream(&'a mut Stream<'a>),
}

/// Reads at an offset into the data, which is not below where the last call ended.
type Stream<'a> = dyn FnMut(u64, Vacant<'_>) -> Result<()> + 'a;

/// Boxes of an array, checked, and what is to be read for them.
pub(crate) struct Boxes<'a, 'b> {
    header: &'b Header,
    boxes: Vec<Wanted<'a>>,
    /// The smallest box around all.
    hull: Axes<Range<usize>>,
}

impl<'a, 'b> Boxes<'a, 'b> {
    /// Checks that each box lies in the array and has memory of its size.
    pub(crate) fn new(header: &'b Header, boxes: Vec<Wanted<'a>>) -> Result<Self> {
        let shape = header.shape();
        for (ranges, dest) in &boxes {
            let inside = ranges.len() == shape.len()
                && ranges
                    .iter()
                    .zip(shape)
                    .all(|(r, &len)| r.start <= r.end && r.end <= len);
            if !inside {
                let text = format!("the box {ranges:?} is not inside the shape {shape:?}");
                return Err(Error::new(ErrorKind::Index, text));
            }
            let size = header.dtype().itemsize().saturating_mul(size(ranges));
            if size != dest.len() {
                let text = format!("the box has {size} bytes, the memory has {}", dest.len());
                return Err(Error::new(ErrorKind::Shape, text));
            }
        }
        let boxes: Vec<_> = boxes.into_iter().filter(|(_, d)| !d.is_empty()).collect();
        let hull = around(boxes.iter().map(|(ranges, _)| ranges.as_slice()));
        Ok(Boxes {
            header,
            boxes,
            hull,
        })
    }

    /// Whether all of the array is read.
    pub(crate) fn is_whole(&self) -> bool {
        let mut axes = self.hull.iter().zip(self.header.shape());
        !self.boxes.is_empty() && self.is_one() && axes.all(|(range, &len)| range.len() == len)
    }

    /// Whether the boxes fill the hull, so that it is read in one pass.
    fn is_one(&self) -> bool {
        let sizes = self.boxes.iter().map(|(ranges, _)| size(ranges));
        sizes.fold(0, usize::saturating_add) >= size(&self.hull)
    }

    /// How many bytes are read.
    pub(crate) fn nbytes(&self) -> u64 {
        let boxes = self.boxes.iter().map(|(_, dest)| dest.len() as u64);
        boxes.fold(0, u64::saturating_add)
    }

    /// Where the last of them ends in the array's data.
    pub(crate) fn end(&self) -> u64 {
        Layout::new(self.header).plan(&self.hull).runs.end()
    }

    /// Fills them; gives the checksum of the array's data if all of it is read and `sum` asks for that.
    /// Of the data that is not asked for as little is read as `access` allows.
    pub(crate) fn read(
        self,
        access: Access<'_>,
        sum: bool,
        options: &LoadOptions,
        meter: &Meter<'_>,
    ) -> Result<Option<Hasher>> {
        match self.header.dtype().itemsize() {
            1 => self.read_as::<u8>(access, sum, options, meter),
            2 => self.read_as::<u16>(access, sum, options, meter),
            4 => self.read_as::<u32>(access, sum, options, meter),
            8 => self.read_as::<u64>(access, sum, options, meter),
            16 => self.read_as::<u128>(access, sum, options, meter),
            itemsize => {
                let text = format!(
                    "only elements of 1, 2, 4, 8 or 16 bytes are read as boxes, and these have {itemsize}"
                );
                Err(Error::new(ErrorKind::Type, text))
            }
        }
    }

    fn read_as<T: Pod + Send>(
        self,
        access: Access<'_>,
        sum: bool,
        options: &LoadOptions,
        meter: &Meter<'_>,
    ) -> Result<Option<Hasher>> {
        if self.boxes.is_empty() {
            return Ok(None);
        }
        let (one, sum) = (self.is_one(), sum && self.is_whole());
        let layout = Layout::new(self.header);
        let boxes = self.boxes.into_iter();
        let targets: Result<Vec<_>> = boxes.map(|(r, dest)| Target::<T>::new(&r, dest)).collect();
        let targets = targets?;
        let mut pass = Pass {
            layout: &layout,
            hull: self.hull.clone(),
            sum,
            meter,
            dense: sum,
        };
        let (source, start) = match access {
            Access::Stream(stream) => {
                pass.dense = true;
                return pass.stream(targets, stream);
            }
            Access::At(source, start) => (source, start),
        };
        // Boxes that leave much between them are read each by itself.
        if one {
            return pass.threads(targets, source, start, options);
        }
        for target in targets {
            pass.hull = target.ranges();
            pass.threads(vec![target], source, start, options)?;
        }
        Ok(None)
    }
}

/// How many elements a box has.
fn size(ranges: &[Range<usize>]) -> usize {
    ranges.iter().fold(1, |n, r| n.saturating_mul(r.len()))
}

/// The smallest box around all.
fn around<'a>(boxes: impl Iterator<Item = &'a [Range<usize>]>) -> Axes<Range<usize>> {
    let mut hull = Axes::new();
    for ranges in boxes {
        if hull.is_empty() {
            hull.extend(ranges.iter().cloned());
        }
        for (all, range) in hull.iter_mut().zip(ranges) {
            *all = all.start.min(range.start)..all.end.max(range.end);
        }
    }
    hull
}

#[cold]
fn not_aligned() -> Error {
    let text = "the memory for a box is not aligned for its elements";
    Error::new(ErrorKind::Argument, text)
}
