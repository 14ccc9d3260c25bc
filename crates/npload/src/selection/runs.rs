//! A selection as byte runs of the data: where they start and how long they are, in rising order.

use super::{Axis, Picked};
use crate::array::{Axes, Order};

/// The byte runs of a selection, in the order of the data, neighbours joined.
///
/// Negative steps are read forwards: the reader turns the axis round afterwards.
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
}

impl Runs {
    /// The runs of `picked` in an array of this shape, order and itemsize.
    pub(crate) fn new(picked: &Picked, shape: &[usize], order: Order, itemsize: usize) -> Self {
        let mut stride = itemsize as u64;
        let mut offset = 0_u64;
        let mut len = itemsize as u64;
        let mut axes: Axes<Loop> = Axes::new();
        // Innermost first. All positions exist, so no product leaves the data's extent.
        let mut inner = |axis: &Axis, length: usize| {
            let lowest = axis.lowest() as u64;
            offset = offset.saturating_add(lowest.saturating_mul(stride));
            let step = stride.saturating_mul(axis.step.unsigned_abs() as u64);
            let count = axis.count as u64;
            if axes.is_empty() && step == len {
                len = len.saturating_mul(count);
            } else if count != 1 {
                axes.push(Loop {
                    count,
                    stride: step,
                    at: 0,
                });
            }
            stride = stride.saturating_mul(length as u64);
        };
        let pairs = picked.axes.iter().zip(shape);
        match order {
            Order::C => pairs.rev().for_each(|(axis, &length)| inner(axis, length)),
            Order::F => pairs.for_each(|(axis, &length)| inner(axis, length)),
        }
        axes.reverse();
        let next = (picked.size() != 0 && itemsize != 0).then_some(offset);
        Runs { axes, next, len }
    }
}

impl Axis {
    fn lowest(&self) -> usize {
        if self.step > 0 {
            return self.start;
        }
        let back = self
            .count
            .saturating_sub(1)
            .saturating_mul(self.step.unsigned_abs());
        self.start.saturating_sub(back)
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
                self.next = Some(offset.saturating_add(axis.stride));
                return Some(run);
            }
            let back = axis.stride.saturating_mul(axis.count.saturating_sub(1));
            offset = offset.saturating_sub(back);
            axis.at = 0;
        }
        self.next = None;
        Some(run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Selection;

    fn runs(text: &str, shape: &[usize], order: Order, itemsize: usize) -> Vec<(u64, u64)> {
        let picked = text.parse::<Selection>().unwrap().resolve(shape).unwrap();
        Runs::new(&picked, shape, order, itemsize).collect()
    }

    #[test]
    fn contiguous_parts_are_one_run() {
        assert_eq!(runs("", &[4, 3], Order::C, 8), [(0, 96)]);
        assert_eq!(runs("1:3", &[4, 3], Order::C, 8), [(24, 48)]);
        assert_eq!(runs(":, 1:3", &[4, 3], Order::F, 8), [(32, 64)]);
        assert_eq!(runs("2", &[4, 3], Order::C, 8), [(48, 24)]);
        assert_eq!(runs("", &[], Order::C, 8), [(0, 8)]);
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
}
