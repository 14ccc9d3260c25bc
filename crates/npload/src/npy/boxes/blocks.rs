//! The blocks that a slab is gone through by, in the order of the file.

use std::ops::Range;

use super::pass::{BLOCK, Pass};
use crate::array::Axes;

/// How far a block reaches along the axis that varies fastest in the file where that is not the last one:
/// less would be many calls, more would write each line of the box's memory several times.
const REACH: usize = 4 << 10;

impl Pass<'_> {
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

    pub(super) fn first_block(&self, slab: &[Range<usize>]) -> Axes<Range<usize>> {
        let start: Axes<usize> = slab.iter().map(|range| range.start).collect();
        self.block_at(slab, &start)
    }

    /// The block behind one.
    pub(super) fn next_block(
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
