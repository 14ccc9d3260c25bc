//! The memory of boxes, and what of a block goes where in it.

use std::ops::Range;

use bytemuck::Pod;
use ndarray::{ArrayView, ArrayViewMut, Axis, IxDyn, Slice};

use super::not_aligned;
use crate::Result;
use crate::array::{Axes, copy_tiles};

/// The memory of a box, or of a slab of one.
pub(super) struct Target<'a, T> {
    start: Axes<usize>,
    pub(super) view: ArrayViewMut<'a, T, IxDyn>,
}

impl<'a, T: Pod> Target<'a, T> {
    pub(super) fn new(ranges: &[Range<usize>], dest: &'a mut [u8]) -> Result<Self> {
        let shape: Axes<usize> = ranges.iter().map(Range::len).collect();
        let items = bytemuck::try_cast_slice_mut(dest).map_err(|_| not_aligned())?;
        let view = ArrayViewMut::from_shape(IxDyn(&shape), items).map_err(|_| not_aligned())?;
        Ok(Target {
            start: ranges.iter().map(|range| range.start).collect(),
            view,
        })
    }

    pub(super) fn ranges(&self) -> Axes<Range<usize>> {
        let axes = self.start.iter().zip(self.view.shape());
        axes.map(|(&start, &len)| start..start.saturating_add(len))
            .collect()
    }

    /// What lies before that position of an axis, and the rest.
    pub(super) fn split(self, axis: usize, at: usize) -> (Self, Self) {
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
    pub(super) fn take(
        &mut self,
        block: &[Range<usize>],
        data: &ArrayView<'_, T, IxDyn>,
        fast: usize,
    ) {
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
        copy_tiles(dest, &data, fast);
    }
}
