//! Arrays whose bytes are still in a file: what to read of them, and the array that comes of it.
//!
//! Slicing and taking fields change a shape, strides and an offset, and look at no byte. So an array
//! over no memory says which bytes of its file a part of it needs.

use std::sync::Arc;

use npload_buffer::Buffer;

use super::{Array, Axes, Layout, Order, Shown};
use crate::dtype::DType;
use crate::selection::{Gap, Plan, Steps};

impl Array {
    /// The array of a file, over no memory: no element may be asked for.
    pub(crate) fn layout(dtype: DType, shape: &[usize], order: Order) -> Self {
        Array::over(dtype, Axes::from_slice(shape), order, Buffer::empty())
    }

    /// What to read for the elements at the positions `shown` of each axis; if that is empty, for all.
    pub(crate) fn plan(&self, shown: &[Shown]) -> Plan {
        let mut shown = shown.iter();
        let mut start = self.offset;
        let axes = self.layout.shape.iter().zip(&self.layout.strides);
        let steps = axes.map(|(&len, &stride)| match shown.next() {
            None => Steps {
                count: len,
                stride,
                gap: None,
            },
            Some(shown) => {
                let missing = len.saturating_sub(shown.count());
                if shown.gap() == Some(0) {
                    // Nothing is shown before what is left out: a later start, and no gap.
                    let skipped = isize::try_from(missing).unwrap_or(isize::MAX);
                    start = start.saturating_add_signed(skipped.saturating_mul(stride));
                }
                let gap = shown.gap().filter(|&after| after > 0);
                Steps {
                    count: shown.count(),
                    stride,
                    gap: gap.map(|after| Gap { after, missing }),
                }
            }
        });
        let steps: Axes<Steps> = steps.collect();
        Plan::new(start, self.layout.dtype.itemsize(), &steps)
    }

    /// The array that the bytes of a plan are.
    pub(crate) fn filled(&self, shown: &[Shown], plan: Plan, data: Buffer) -> Array {
        let shape = match shown {
            [] => self.layout.shape.clone(),
            shown => shown.iter().map(Shown::count).collect(),
        };
        let layout = Layout {
            dtype: self.layout.dtype.clone(),
            shape,
            strides: plan.strides,
        };
        Array {
            layout: Arc::new(layout),
            offset: plan.offset,
            data,
        }
    }
}
