//! Elements one after the other, in any order of the axes.

use super::{Array, Axes};

/// Byte offsets of elements, the last axis fastest.
pub(crate) struct Walk {
    axes: Axes<Loop>,
    next: Option<isize>,
}

#[derive(Clone, Copy)]
struct Loop {
    len: usize,
    stride: isize,
    at: usize,
}

impl Array {
    /// The byte offset of each element, in C order.
    pub(crate) fn walk(&self) -> Walk {
        let axes = self.layout.shape.iter().zip(&self.layout.strides);
        let axes = axes
            .map(|(&len, &stride)| Loop { len, stride, at: 0 })
            .collect();
        let next = isize::try_from(self.offset)
            .ok()
            .filter(|_| self.size() > 0);
        Walk { axes, next }
    }

    /// The bytes of the element at a byte offset. Empty outside the data, where no stride leads.
    pub(crate) fn item(&self, offset: usize) -> &[u8] {
        let end = offset.saturating_add(self.layout.dtype.itemsize());
        self.data.get(offset..end).unwrap_or_default()
    }

    /// The bytes of each element, in C order.
    pub(crate) fn items(&self) -> impl Iterator<Item = &[u8]> {
        self.walk().map(|offset| self.item(offset))
    }
}

impl Iterator for Walk {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let offset = self.next?;
        let mut following = offset;
        self.next = None;
        for axis in self.axes.iter_mut().rev() {
            axis.at = axis.at.saturating_add(1);
            if axis.at < axis.len {
                self.next = Some(following.saturating_add(axis.stride));
                break;
            }
            // Back to the first of this axis: `len - 1` steps.
            let steps = isize::try_from(axis.len.saturating_sub(1)).unwrap_or(isize::MAX);
            following = following.saturating_sub(axis.stride.saturating_mul(steps));
            axis.at = 0;
        }
        usize::try_from(offset).ok()
    }
}
