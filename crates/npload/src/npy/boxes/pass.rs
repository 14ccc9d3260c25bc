//! One pass over the box around all boxes.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use bytemuck::Pod;
use crc32fast::Hasher;
use ndarray::{ArrayView, IxDyn, ShapeBuilder};
use npload_buffer::{AlignedBuf, Vacant};

use super::layout::Layout;
use super::target::Target;
use super::{Stream, not_aligned, size};
use crate::array::{Axes, contiguous_strides, make_native};
use crate::npy::select::{SPAN, fill_runs};
use crate::selection::Plan;
use crate::source::{Fill, Meter, Source, share};
use crate::{Error, LoadOptions, Order, Result};

/// What is read straight into a box at a time, and the size of a slab.
const SLAB: usize = 4 << 20;

/// What goes through the cache at a time.
pub(super) const BLOCK: usize = 256 << 10;

/// Runs of this many bytes are read one by one, and gaps between them left alone.
const ALONE: u64 = 4 << 10;

/// A slab of the hull, and those parts of boxes that are in it.
struct Slab<'a, T> {
    ranges: Axes<Range<usize>>,
    targets: Vec<Target<'a, T>>,
    /// The checksum of its data, and how much that is.
    sum: Option<Hasher>,
}

/// One pass over the hull.
pub(super) struct Pass<'a> {
    pub(super) layout: &'a Layout<'a>,
    pub(super) hull: Axes<Range<usize>>,
    /// Whether the data's checksum is wanted.
    pub(super) sum: bool,
    /// Whether blocks are read without a gap between them.
    pub(super) dense: bool,
    pub(super) meter: &'a Meter<'a>,
}

/// The memory of a thread: for a block, and for what is read with gaps.
type Scratch = (AlignedBuf, Vec<u8>);

impl Pass<'_> {
    pub(super) fn fast(&self) -> usize {
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
        let block = AlignedBuf::zeroed(BLOCK.max(itemsize).min(most.max(itemsize)));
        Ok((
            block.map_err(|e| Error::io(e, "taking memory for a block"))?,
            Vec::with_capacity(
                usize::try_from(span).map_or(0, |span| if self.dense { 0 } else { span }),
            ),
        ))
    }

    /// Fills everything from a stream.
    pub(super) fn stream<T: Pod>(
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
    pub(super) fn threads<T: Pod + Send>(
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
        let read = |offset: u64, dest: Vacant<'_>| {
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
            read(at, Vacant::from(&mut *piece))?;
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
            return fill_runs(
                &plan.runs,
                bytes.into(),
                span,
                gaps,
                &|_| false,
                read,
                &|_| (),
            );
        }
        let mut rest = bytes;
        for (at, len) in plan.runs.clone() {
            let len = usize::try_from(len).unwrap_or(usize::MAX).min(rest.len());
            let (piece, after) = rest.split_at_mut(len);
            read(at, piece.into())?;
            rest = after;
        }
        Ok(())
    }
}
