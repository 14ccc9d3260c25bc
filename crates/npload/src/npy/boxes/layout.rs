//! How the elements of an array lie in its file.

use std::ops::Range;

use crate::array::{Axes, contiguous_strides};
use crate::npy::Header;
use crate::selection::{Plan, Steps};
use crate::{DType, Order};

/// How elements lie in the file.
pub(super) struct Layout<'a> {
    pub(super) dtype: &'a DType,
    strides: Axes<isize>,
    /// The axes, that which varies slowest first.
    pub(super) order: Axes<usize>,
}

impl<'a> Layout<'a> {
    pub(super) fn new(header: &'a Header) -> Self {
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
    pub(super) fn plan(&self, ranges: &[Range<usize>]) -> Plan {
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
