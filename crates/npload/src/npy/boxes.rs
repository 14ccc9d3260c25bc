//! Boxes of an array in a file, read side by side into memory in C order.
//!
//! A box has a range of each axis. All boxes of a call are filled in one pass over the smallest box
//! around them, in the order of the file, so that nothing is read twice: cut into slabs across the axis
//! that varies slowest, which threads take one by one. A slab that lies in the file just as in its box is
//! read straight into it; another goes block by block through the cache.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use bytemuck::Pod;
use crc32fast::Hasher;
use ndarray::{ArrayView, ArrayViewMut, Axis, IxDyn, ShapeBuilder, Slice};
use npload_buffer::AlignedBuf;

use super::header::Header;
use super::read::allocate;
use super::select::{SPAN, fill_runs};
use crate::array::{Axes, contiguous_strides, make_native};
use crate::selection::{Plan, Steps};
use crate::source::{Fill, Meter, Source, share};
use crate::{DType, Error, ErrorKind, LoadOptions, Order, Result};

/// A range of each axis, and the memory for those elements in C order.
type Wanted<'a> = (Vec<Range<usize>>, &'a mut [u8]);

/// What is read straight into a box at a time, and the size of a slab.
const SLAB: usize = 4 << 20;

/// What goes through the cache at a time.
const BLOCK: usize = 256 << 10;

/// How far a block reaches along the axis that varies fastest in the file where that is not the last one:
/// less would be many calls, more would write each line of the box's memory several times.
const REACH: usize = 4 << 10;

/// Runs of this many bytes are read one by one, and gaps between them left alone.
const ALONE: u64 = 4 << 10;

/// How the array's data can be read.
pub(crate) enum Access<'a> {
    /// At any position: it lies as it is in a source, from there on.
    At(&'a Source, u64),
    /// By rising offsets, on one thread.
    Stream(&'a mut Stream<'a>),
}

/// Reads at an offset into the data, which is not below where the last call ended.
type Stream<'a> = dyn FnMut(u64, &mut [u8]) -> Result<()> + 'a;

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

/// How elements lie in the file.
struct Layout<'a> {
    dtype: &'a DType,
    strides: Axes<isize>,
    /// The axes, that which varies slowest first.
    order: Axes<usize>,
}

impl<'a> Layout<'a> {
    fn new(header: &'a Header) -> Self {
        let dtype = header.dtype();
        let strides = contiguous_strides(header.shape(), dtype.itemsize(), header.order());
        let mut order: Axes<usize> = (0..strides.len()).collect();
        if header.order() == Order::F {
            order.reverse();
        }
        Layout {
            dtype,
            strides,
            order,
        }
    }

    /// What to read for a box.
    fn plan(&self, ranges: &[Range<usize>]) -> Plan {
        let axes = ranges.iter().zip(&self.strides);
        let offset = axes.clone().fold(0_usize, |at, (range, stride)| {
            at.saturating_add(range.start.saturating_mul(stride.unsigned_abs()))
        });
        let steps: Axes<Steps> = axes
            .map(|(range, &stride)| Steps {
                count: range.len(),
                stride,
                gap: None,
            })
            .collect();
        Plan::new(offset, self.dtype.itemsize(), &steps)
    }
}

/// The memory of a box, or of a slab of one.
struct Target<'a, T> {
    start: Axes<usize>,
    view: ArrayViewMut<'a, T, IxDyn>,
}

impl<'a, T: Pod> Target<'a, T> {
    fn new(ranges: &[Range<usize>], dest: &'a mut [u8]) -> Result<Self> {
        let shape: Axes<usize> = ranges.iter().map(Range::len).collect();
        let items = bytemuck::try_cast_slice_mut(dest).map_err(|_| not_aligned())?;
        let view = ArrayViewMut::from_shape(IxDyn(&shape), items).map_err(|_| not_aligned())?;
        Ok(Target {
            start: ranges.iter().map(|range| range.start).collect(),
            view,
        })
    }

    fn ranges(&self) -> Axes<Range<usize>> {
        let axes = self.start.iter().zip(self.view.shape());
        axes.map(|(&start, &len)| start..start.saturating_add(len))
            .collect()
    }

    /// What lies before that position of an axis, and the rest.
    fn split(self, axis: usize, at: usize) -> (Self, Self) {
        let here = self.start.get(axis).copied().unwrap_or(0);
        let len = at.saturating_sub(here).min(self.view.len_of(Axis(axis)));
        let (before, behind) = self.view.split_at(Axis(axis), len);
        let mut start = self.start.clone();
        if let Some(start) = start.get_mut(axis) {
            *start = at.max(here);
        }
        let first = Target {
            start: self.start,
            view: before,
        };
        let rest = Target {
            start,
            view: behind,
        };
        (first, rest)
    }

    /// Takes from a block what is its own.
    fn take(&mut self, block: &[Range<usize>], data: &ArrayView<'_, T, IxDyn>, fast: usize) {
        let common = |axis: usize| -> Range<usize> {
            let own = self.start.get(axis).copied().unwrap_or(0);
            let end = own.saturating_add(self.view.shape().get(axis).copied().unwrap_or(0));
            let range = block.get(axis).cloned().unwrap_or(0..0);
            own.max(range.start)..end.min(range.end)
        };
        let common: Axes<Range<usize>> = (0..block.len()).map(common).collect();
        if common.iter().any(Range::is_empty) {
            return;
        }
        let part = |axis: usize, start: usize| {
            let range = common.get(axis).cloned().unwrap_or(0..0);
            let at = |x: usize| isize::try_from(x.saturating_sub(start)).unwrap_or(isize::MAX);
            Slice::new(at(range.start), Some(at(range.end)), 1)
        };
        let starts = &self.start;
        let dest = self.view.slice_each_axis_mut(|axis| {
            let axis = axis.axis.index();
            part(axis, starts.get(axis).copied().unwrap_or(0))
        });
        let data = data.slice_each_axis(|axis| {
            let axis = axis.axis.index();
            part(axis, block.get(axis).map_or(0, |range| range.start))
        });
        copy(dest, &data, fast);
    }
}

/// Copies elements, of which `fast` is the axis that varies fastest in `from`. Where that is another than
/// in `to`, by tiles of a cache line each way.
fn copy<T: Pod>(mut to: ArrayViewMut<'_, T, IxDyn>, from: &ArrayView<'_, T, IxDyn>, fast: usize) {
    let last = to.ndim().saturating_sub(1);
    if fast == last {
        to.assign(from);
        return;
    }
    let tile = 64_usize.checked_div(size_of::<T>()).unwrap_or(8).max(8);
    let rows = to.axis_chunks_iter_mut(Axis(fast), tile);
    for (mut to, from) in rows.zip(from.axis_chunks_iter(Axis(fast), tile)) {
        let columns = to.axis_chunks_iter_mut(Axis(last), tile);
        for (mut to, from) in columns.zip(from.axis_chunks_iter(Axis(last), tile)) {
            to.assign(&from);
        }
    }
}

/// A slab of the hull, and those parts of boxes that are in it.
struct Slab<'a, T> {
    ranges: Axes<Range<usize>>,
    targets: Vec<Target<'a, T>>,
    /// The checksum of its data, and how much that is.
    sum: Option<Hasher>,
}

/// One pass over the hull.
struct Pass<'a> {
    layout: &'a Layout<'a>,
    hull: Axes<Range<usize>>,
    /// Whether the data's checksum is wanted.
    sum: bool,
    /// Whether blocks are read without a gap between them.
    dense: bool,
    meter: &'a Meter<'a>,
}

/// The memory of a thread: for a block, and for what is read with gaps.
type Scratch = (AlignedBuf, Vec<u8>);

impl Pass<'_> {
    fn fast(&self) -> usize {
        self.layout.order.last().copied().unwrap_or(0)
    }

    /// The hull in slabs, in the order of the file.
    fn slabs<'t, T: Pod>(&self, targets: Vec<Target<'t, T>>) -> Vec<Slab<'t, T>> {
        let range = |axis: usize| self.hull.get(axis).cloned().unwrap_or(0..0);
        let order = self.layout.order.iter().copied();
        let slow = order.clone().find(|&axis| range(axis).len() > 1);
        let Some(slow) = slow.or_else(|| order.clone().next()) else {
            return vec![Slab {
                ranges: self.hull.clone(),
                targets,
                sum: None,
            }];
        };
        let all = range(slow);
        let bytes = size(&self.hull).saturating_mul(size_of::<T>());
        let each = bytes.checked_div(all.len()).unwrap_or(0).max(1);
        let step = SLAB.checked_div(each).unwrap_or(1).max(1);
        let mut cuts: Vec<usize> = all.clone().step_by(step).collect();
        for target in &targets {
            let own = target.ranges().get(slow).cloned().unwrap_or(0..0);
            cuts.extend([own.start, own.end]);
        }
        cuts.push(all.end);
        cuts.sort_unstable();
        cuts.dedup();
        let mut slabs: Vec<_> = cuts
            .windows(2)
            .map(|cut| {
                let mut ranges = self.hull.clone();
                if let ([start, end], Some(range)) = (cut, ranges.get_mut(slow)) {
                    *range = *start..*end;
                }
                Slab {
                    ranges,
                    targets: Vec::new(),
                    sum: None,
                }
            })
            .collect();
        for target in targets {
            let mut rest = target;
            for (slab, cut) in slabs.iter_mut().zip(cuts.iter().skip(1)) {
                let (here, behind) = rest.split(slow, *cut);
                if !here.view.is_empty() {
                    slab.targets.push(here);
                }
                rest = behind;
            }
        }
        slabs
    }

    fn scratch(&self, span: u64) -> Result<Scratch> {
        let itemsize = self.layout.dtype.itemsize();
        let most = size(&self.hull).saturating_mul(itemsize);
        Ok((
            allocate(BLOCK.max(itemsize).min(most.max(itemsize)))?,
            Vec::with_capacity(
                usize::try_from(span).map_or(0, |span| if self.dense { 0 } else { span }),
            ),
        ))
    }

    /// Fills everything from a stream.
    fn stream<T: Pod>(
        &self,
        targets: Vec<Target<'_, T>>,
        stream: &mut Stream<'_>,
    ) -> Result<Option<Hasher>> {
        let mut scratch = self.scratch(0)?;
        for slab in &mut self.slabs(targets) {
            self.fill(slab, &mut scratch, 0, stream)?;
        }
        Ok(None)
    }

    /// Fills everything from a source, by several threads.
    fn threads<T: Pod + Send>(
        &self,
        targets: Vec<Target<'_, T>>,
        source: &Source,
        start: u64,
        options: &LoadOptions,
    ) -> Result<Option<Hasher>> {
        let bytes = size(&self.hull).saturating_mul(size_of::<T>());
        let mut slabs = self.slabs(targets);
        let threads = options.threads_for(bytes as u64).min(slabs.len());
        let span = SPAN.checked_div(threads as u64).unwrap_or(0);
        let scratches = (0..threads.max(1)).map(|_| self.scratch(span));
        let scratches = Mutex::new(scratches.collect::<Result<Vec<_>>>()?);
        let fill = Fill {
            threads: 1,
            sum: false,
            progress: None,
            failed: |e, at| Error::io(e, "reading the array's data").at(at),
        };
        let read = |offset: u64, dest: &mut [u8]| {
            self.meter.check()?;
            fill.read(source.reader(), start.saturating_add(offset), dest)
                .map(drop)
        };
        share(
            threads,
            source.reader().stack_size(),
            slabs.iter_mut(),
            &|slab| {
                let held = || scratches.lock().unwrap_or_else(PoisonError::into_inner);
                let mut scratch = held().pop().unwrap_or_default();
                let done = self.fill(slab, &mut scratch, span, &mut |at, dest| read(at, dest));
                held().push(scratch);
                done
            },
        )?;
        let mut sum = self.sum.then(Hasher::new);
        if let Some(all) = &mut sum {
            let sums = slabs.iter().filter_map(|slab| slab.sum.as_ref());
            sums.for_each(|sum| all.combine(sum));
        }
        Ok(sum)
    }

    fn fill<T: Pod>(
        &self,
        slab: &mut Slab<'_, T>,
        scratch: &mut Scratch,
        span: u64,
        read: &mut Stream<'_>,
    ) -> Result<()> {
        let mut sum = self.sum.then(Hasher::new);
        if slab.targets.is_empty() && sum.is_none() {
            return Ok(());
        }
        let done = match self.straight(slab, sum.as_mut(), read)? {
            true => Ok(()),
            false => self.by_blocks(slab, sum.as_mut(), scratch, span, read),
        };
        slab.sum = sum;
        done
    }

    /// Reads a slab straight into the only box that it is part of, if its elements lie there as in the
    /// file; whether they do.
    fn straight<T: Pod>(
        &self,
        slab: &mut Slab<'_, T>,
        mut sum: Option<&mut Hasher>,
        read: &mut Stream<'_>,
    ) -> Result<bool> {
        let [target] = slab.targets.as_mut_slice() else {
            return Ok(false);
        };
        let plan = self.layout.plan(&slab.ranges);
        let same = target.view.shape().iter().zip(&slab.ranges);
        let dense = plan.runs.end().saturating_sub(plan.runs.start()) == plan.nbytes as u64;
        if !dense || !same.into_iter().all(|(&len, range)| len == range.len()) {
            return Ok(false);
        }
        let shape: Axes<usize> = slab.ranges.iter().map(Range::len).collect();
        let c = contiguous_strides(&shape, size_of::<T>(), Order::C);
        let in_order = shape
            .iter()
            .zip(plan.strides.iter().zip(&c))
            .all(|(&len, (found, c))| len == 1 || found == c);
        let Some(items) = target.view.as_slice_mut().filter(|_| in_order) else {
            return Ok(false);
        };
        let mut at = plan.runs.start();
        for piece in bytemuck::cast_slice_mut(items).chunks_mut(SLAB) {
            read(at, piece)?;
            at = at.saturating_add(piece.len() as u64);
            if let Some(sum) = &mut sum {
                sum.update(piece);
            }
            make_native(self.layout.dtype, piece);
            self.meter.advance(piece.len())?;
        }
        Ok(true)
    }

    fn by_blocks<T: Pod>(
        &self,
        slab: &mut Slab<'_, T>,
        mut sum: Option<&mut Hasher>,
        (block, gaps): &mut Scratch,
        span: u64,
        read: &mut Stream<'_>,
    ) -> Result<()> {
        let mut next = Some(self.first_block(&slab.ranges));
        while let Some(ranges) = next {
            let plan = self.layout.plan(&ranges);
            let bytes = block.get_mut(..plan.nbytes).unwrap_or_default();
            self.read_plan(&plan, bytes, gaps, span, read)?;
            if let Some(sum) = &mut sum {
                sum.update(bytes);
            }
            make_native(self.layout.dtype, bytes);
            self.meter.advance(bytes.len())?;
            let items: &[T] = bytemuck::try_cast_slice(bytes).map_err(|_| not_aligned())?;
            let shape: Axes<usize> = ranges.iter().map(Range::len).collect();
            let stride = |&stride: &isize| stride.unsigned_abs().checked_div(size_of::<T>());
            let strides: Axes<usize> = plan
                .strides
                .iter()
                .map(|s| stride(s).unwrap_or(0))
                .collect();
            let laid = IxDyn(&shape).strides(IxDyn(&strides));
            let data = ArrayView::from_shape(laid, items).map_err(|_| not_aligned())?;
            for target in &mut slab.targets {
                target.take(&ranges, &data, self.fast());
            }
            next = self.next_block(&slab.ranges, ranges);
        }
        Ok(())
    }

    fn read_plan(
        &self,
        plan: &Plan,
        bytes: &mut [u8],
        gaps: &mut Vec<u8>,
        span: u64,
        read: &mut Stream<'_>,
    ) -> Result<()> {
        let long = plan.runs.clone().next().is_none_or(|(_, len)| len >= ALONE);
        if !long && !self.dense {
            return fill_runs(&plan.runs, bytes, span, gaps, read, &|_| ());
        }
        let mut rest = bytes;
        for (at, len) in plan.runs.clone() {
            let len = usize::try_from(len).unwrap_or(usize::MAX).min(rest.len());
            let (piece, after) = rest.split_at_mut(len);
            read(at, piece)?;
            rest = after;
        }
        Ok(())
    }

    /// How many positions of an axis a block takes, of `room` elements that are left for it.
    fn reach(&self, axis: usize, len: usize, room: usize) -> usize {
        let transposed = axis == self.fast() && axis.saturating_add(1) < self.hull.len();
        let room = if transposed && !self.dense {
            room.min(REACH)
        } else {
            room
        };
        len.min(room.max(1))
    }

    /// The block at those positions, as large as the memory for it allows.
    fn block_at(&self, slab: &[Range<usize>], start: &[usize]) -> Axes<Range<usize>> {
        let itemsize = self.layout.dtype.itemsize();
        let mut room = BLOCK.checked_div(itemsize).unwrap_or(1).max(1);
        let mut ranges: Axes<Range<usize>> = start.iter().map(|&at| at..at).collect();
        for &axis in self.layout.order.iter().rev() {
            let all = slab.get(axis).cloned().unwrap_or(0..0);
            // Axes outside of one that is taken in parts are taken one by one, or the block would not be
            // one run. Where blocks may have gaps that does not matter.
            let len = self.reach(axis, all.len(), room);
            let Some(range) = ranges.get_mut(axis) else {
                continue;
            };
            range.end = range.start.saturating_add(len).min(all.end);
            let partial = len < all.len();
            room = room.checked_div(len).unwrap_or(1).max(1);
            if partial && self.dense {
                room = 1;
            }
        }
        ranges
    }

    fn first_block(&self, slab: &[Range<usize>]) -> Axes<Range<usize>> {
        let start: Axes<usize> = slab.iter().map(|range| range.start).collect();
        self.block_at(slab, &start)
    }

    /// The block behind one.
    fn next_block(
        &self,
        slab: &[Range<usize>],
        block: Axes<Range<usize>>,
    ) -> Option<Axes<Range<usize>>> {
        let mut start: Axes<usize> = block.iter().map(|range| range.start).collect();
        for &axis in self.layout.order.iter().rev() {
            let (Some(all), Some(here), Some(at)) =
                (slab.get(axis), block.get(axis), start.get_mut(axis))
            else {
                continue;
            };
            if here.end < all.end {
                *at = here.end;
                return Some(self.block_at(slab, &start));
            }
            *at = all.start;
        }
        None
    }
}

#[cold]
fn not_aligned() -> Error {
    let text = "the memory for a box is not aligned for its elements";
    Error::new(ErrorKind::Argument, text)
}
