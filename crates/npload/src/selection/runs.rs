//! A layout as byte runs of the data: where they start and how long they are, in rising order.

use std::cmp::Reverse;

use crate::array::Axes;

/// The positions that are wanted of one axis: `count` of them, `stride` bytes apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    pub(crate) count: usize,
    /// May be negative.
    pub(crate) stride: isize,
    pub(crate) gap: Option<Gap>,
}

/// Positions in the middle of an axis that are not wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gap {
    /// How many wanted positions come before.
    pub(crate) after: usize,
    /// How many are left out.
    pub(crate) missing: usize,
}

/// What to read of an array's data, and how the elements lie in memory that takes it as it comes.
pub(crate) struct Plan {
    pub(crate) runs: Runs,
    /// All runs together.
    pub(crate) nbytes: usize,
    /// From one position to the next of each axis, in that memory.
    pub(crate) strides: Axes<isize>,
    /// Where the first element of the selection is, in that memory.
    pub(crate) offset: usize,
}

impl Plan {
    /// The plan for elements of `itemsize` bytes, the first at `offset`. All of them exist.
    ///
    /// Axes that come from one array by slicing never interleave, so that the order of their
    /// strides is the order of the data.
    pub(crate) fn new(offset: usize, itemsize: usize, axes: &[Steps]) -> Self {
        let mut order: Axes<usize> = (0..axes.len()).collect();
        order.sort_by_key(|&i| Reverse(axes.get(i).map_or(0, |axis| axis.stride.unsigned_abs())));
        let mut plan = Plan {
            runs: Runs::at(offset as u64, itemsize as u64),
            nbytes: itemsize,
            strides: axes.iter().map(|_| 0).collect(),
            offset: 0,
        };
        for &i in order.iter().rev() {
            let (Some(axis), Some(stride)) = (axes.get(i), plan.strides.get_mut(i)) else {
                continue;
            };
            plan.runs.surround(axis);
            let dense = isize::try_from(plan.nbytes).unwrap_or(isize::MAX);
            *stride = dense.saturating_mul(axis.stride.signum());
            if axis.stride < 0 {
                let back = plan.nbytes.saturating_mul(axis.count.saturating_sub(1));
                plan.offset = plan.offset.saturating_add(back);
            }
            plan.nbytes = plan.nbytes.saturating_mul(axis.count);
        }
        if plan.nbytes == 0 {
            plan.runs.next = None;
            plan.offset = 0;
        }
        plan.runs.axes.reverse();
        plan
    }
}

/// Byte runs in rising order, neighbours joined.
///
/// Negative strides are read forwards: [`Plan`] turns the axis round afterwards.
#[derive(Clone)]
pub(crate) struct Runs {
    /// Outermost first. What is contiguous is in `len` already.
    axes: Axes<Loop>,
    next: Option<u64>,
    len: u64,
}

#[derive(Clone, Copy)]
struct Loop {
    count: u64,
    stride: u64,
    at: u64,
    /// Behind how many positions the gap is; 0 where there is none.
    gap: u64,
    /// How many bytes longer than a stride the step over it is.
    jump: u64,
}

impl Loop {
    /// From the position `at` - 1 to the position `at`, in bytes.
    fn step(&self) -> u64 {
        let jump = if self.at == self.gap { self.jump } else { 0 };
        self.stride.saturating_add(jump)
    }

    /// From the first position to the last.
    fn extent(&self) -> u64 {
        let steps = self.count.saturating_sub(1);
        self.stride.saturating_mul(steps).saturating_add(self.jump)
    }
}

impl Runs {
    fn at(offset: u64, len: u64) -> Self {
        Runs {
            axes: Axes::new(),
            next: Some(offset),
            len,
        }
    }

    /// Puts a loop around those that are there. No product leaves the data's extent.
    fn surround(&mut self, axis: &Steps) {
        let stride = axis.stride.unsigned_abs() as u64;
        let count = axis.count as u64;
        let forward = |gap: Gap| {
            let behind = axis.count.saturating_sub(gap.after);
            let after = if axis.stride < 0 { behind } else { gap.after };
            (after as u64, stride.saturating_mul(gap.missing as u64))
        };
        let (gap, jump) = axis.gap.map_or((0, 0), forward);
        let around = Loop {
            count,
            stride,
            at: 0,
            gap,
            jump,
        };
        if axis.stride < 0 {
            let lowest = |at: u64| at.saturating_sub(around.extent());
            self.next = self.next.map(lowest);
        }
        if self.axes.is_empty() && stride == self.len && jump == 0 {
            self.len = self.len.saturating_mul(count);
        } else if count != 1 {
            self.axes.push(around);
        }
    }

    /// The same runs in up to so many pieces, in order, and how many of their bytes each has of
    /// `nbytes` in all; none where they are not to be split.
    pub(crate) fn split(
        &self,
        pieces: usize,
        nbytes: usize,
    ) -> Option<impl Iterator<Item = (Runs, usize)>> {
        let first = self.next?;
        let outer = self.axes.first().filter(|outer| outer.jump == 0)?;
        let count = usize::try_from(outer.count).ok()?;
        let each = nbytes.checked_div(count)?;
        let longest = count.div_ceil(pieces.max(1));
        let piece = move |start: usize| {
            let len = longest.min(count.saturating_sub(start));
            let mut runs = self.clone();
            runs.next = Some(first.saturating_add(outer.stride.saturating_mul(start as u64)));
            if let Some(outer) = runs.axes.first_mut() {
                outer.count = len as u64;
            }
            (runs, each.saturating_mul(len))
        };
        Some((0..count).step_by(longest.max(1)).map(piece))
    }

    /// Where the first run begins.
    pub(crate) fn start(&self) -> u64 {
        self.next.unwrap_or(0)
    }

    /// Where the last run ends.
    pub(crate) fn end(&self) -> u64 {
        let extents = self.axes.iter().map(Loop::extent);
        let last = |first: u64| extents.fold(first, u64::saturating_add);
        self.next
            .map_or(0, |first| last(first).saturating_add(self.len))
    }
}

impl Iterator for Runs {
    /// Offset and length in bytes.
    type Item = (u64, u64);

    fn next(&mut self) -> Option<(u64, u64)> {
        let run = (self.next?, self.len);
        let mut offset = run.0;
        for axis in self.axes.iter_mut().rev() {
            axis.at = axis.at.saturating_add(1);
            if axis.at < axis.count {
                self.next = Some(offset.saturating_add(axis.step()));
                return Some(run);
            }
            offset = offset.saturating_sub(axis.extent());
            axis.at = 0;
        }
        self.next = None;
        Some(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{Array, Order};
    use crate::{Buffer, DType, PrintOptions, Selection};

    fn layout(text: &str, shape: &[usize], order: Order, itemsize: usize) -> Array {
        let shape = Axes::from_slice(shape);
        let whole = Array::over(DType::Void(itemsize), shape, order, Buffer::empty());
        whole.slice(text.parse::<Selection>().unwrap()).unwrap()
    }

    fn runs(text: &str, shape: &[usize], order: Order, itemsize: usize) -> Vec<(u64, u64)> {
        let plan = layout(text, shape, order, itemsize).plan(&[]);
        let end = plan.runs.end();
        let runs: Vec<_> = plan.runs.collect();
        assert_eq!(runs.last().map_or(0, |(at, len)| at + len), end);
        assert_eq!(
            runs.iter().map(|run| run.1).sum::<u64>(),
            plan.nbytes as u64
        );
        runs
    }

    #[test]
    fn pieces_are_the_runs() {
        for text in ["::2, 1:3", "1:, ::-2", "::-3", ":, 0", "0:0", "1"] {
            let plan = layout(text, &[13, 5, 2], Order::C, 4).plan(&[]);
            let all: Vec<_> = plan.runs.clone().collect();
            for pieces in [1, 2, 3, 100] {
                let Some(split) = plan.runs.split(pieces, plan.nbytes) else {
                    assert!(all.len() < 2);
                    continue;
                };
                let split: Vec<_> = split.collect();
                assert!(split.len() <= pieces);
                for (runs, nbytes) in &split {
                    let found: u64 = runs.clone().map(|run| run.1).sum();
                    assert_eq!(found, *nbytes as u64);
                }
                let joined: Vec<_> = split.into_iter().flat_map(|(runs, _)| runs).collect();
                assert_eq!(joined, all, "{text} in {pieces}");
            }
        }
    }

    #[test]
    fn contiguous_parts_are_one_run() {
        assert_eq!(runs("", &[4, 3], Order::C, 8), [(0, 96)]);
        assert_eq!(runs("1:3", &[4, 3], Order::C, 8), [(24, 48)]);
        assert_eq!(runs(":, 1:3", &[4, 3], Order::F, 8), [(32, 64)]);
        assert_eq!(runs("2", &[4, 3], Order::C, 8), [(48, 24)]);
        assert_eq!(runs("", &[], Order::C, 8), [(0, 8)]);
        assert_eq!(runs("None, ::-1, None", &[4], Order::C, 8), [(0, 32)]);
    }

    #[test]
    fn steps_and_columns_are_runs_in_rising_order() {
        assert_eq!(
            runs(":, 1", &[3, 3], Order::C, 2),
            [(2, 2), (8, 2), (14, 2)]
        );
        assert_eq!(runs("::2, :2", &[3, 3], Order::C, 2), [(0, 4), (12, 4)]);
        assert_eq!(runs("::-2, 0", &[4, 3], Order::C, 1), [(3, 1), (9, 1)]);
        assert_eq!(
            runs("::2", &[4, 2], Order::F, 1),
            [(0, 1), (2, 1), (4, 1), (6, 1)]
        );
    }

    #[test]
    fn nothing_has_no_runs() {
        assert_eq!(runs("0:0", &[4, 3], Order::C, 8), []);
        assert_eq!(runs("", &[4, 0], Order::C, 8), []);
        assert_eq!(runs("", &[4, 3], Order::C, 0), []);
    }

    #[test]
    fn edges_leave_out_the_middle_in_either_direction() {
        let options = PrintOptions {
            threshold: 0,
            edgeitems: 2,
            ..PrintOptions::default()
        };
        let edges = |text: &str, shape: &[usize], order| -> Vec<(u64, u64)> {
            let layout = layout(text, shape, order, 1);
            layout.plan(&options.shown(layout.shape())).runs.collect()
        };
        assert_eq!(edges("", &[9], Order::C), [(0, 1), (1, 1), (7, 1), (8, 1)]);
        // 8 of 9, backwards: the first two are the last of the data.
        assert_eq!(
            edges(":0:-1", &[9], Order::C),
            [(1, 1), (2, 1), (7, 1), (8, 1)]
        );
        assert_eq!(
            edges("", &[9, 3], Order::C),
            [(0, 3), (3, 3), (21, 3), (24, 3)]
        );
        assert_eq!(
            edges("", &[2, 9], Order::F),
            [(0, 2), (2, 2), (14, 2), (16, 2)]
        );
    }
}
