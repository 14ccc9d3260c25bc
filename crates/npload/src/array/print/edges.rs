//! Which elements are shown: all, or those at the edges of each axis.

use std::ops::Range;

use super::PrintOptions;
use crate::array::Axes;

/// What is shown of one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// From its start. All of it, if nothing is left out.
    pub head: Range<usize>,
    /// To its end. Empty if nothing is left out.
    pub tail: Range<usize>,
}

impl Shown {
    pub(super) fn all(len: usize) -> Self {
        Shown {
            head: 0..len,
            tail: len..len,
        }
    }

    /// How many indices they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.head.len().saturating_add(self.tail.len())
    }

    /// The indices, in order.
    pub fn indices(&self) -> impl Iterator<Item = usize> + use<> {
        self.head.clone().chain(self.tail.clone())
    }

    /// After how many of them indices are left out, if any are.
    pub(crate) fn gap(&self) -> Option<usize> {
        (!self.tail.is_empty()).then_some(self.head.len())
    }
}

impl PrintOptions {
    /// What is shown of each axis of an array of this shape: who prints a large file needs to read
    /// no more than this. [`Array::format_edges`](crate::Array::format_edges) then takes these
    /// elements for the whole.
    ///
    /// ```
    /// let shown = npload::PrintOptions::default().shown(&[1_000_000, 4]);
    /// assert_eq!((shown[0].head.clone(), shown[0].tail.clone()), (0..3, 999_997..1_000_000));
    /// assert_eq!((shown[1].head.clone(), shown[1].tail.clone()), (0..4, 4..4));
    /// ```
    #[must_use]
    pub fn shown(&self, shape: &[usize]) -> Vec<Shown> {
        let size = shape.iter().fold(1, |n: usize, &m| n.saturating_mul(m));
        let edge = self.edgeitems;
        let axes = shape.iter().map(|&len| {
            let cut = size > self.threshold && len > edge.saturating_mul(2);
            let (head, tail) = if cut {
                (edge, len.saturating_sub(edge.max(1)))
            } else {
                (len, len)
            };
            Shown {
                head: 0..head,
                tail: tail..len,
            }
        });
        axes.collect()
    }
}

/// The byte offsets of the elements at these indices of each axis, in C order.
pub(super) fn offsets(start: usize, strides: &[isize], shown: &[Shown]) -> Vec<usize> {
    let mut offsets = vec![start];
    for (shown, &stride) in shown.iter().zip(strides) {
        let steps: Axes<isize> = shown
            .indices()
            .map(|i| {
                isize::try_from(i)
                    .unwrap_or(isize::MAX)
                    .saturating_mul(stride)
            })
            .collect();
        offsets = offsets
            .iter()
            .flat_map(|&at| {
                steps
                    .iter()
                    .map(move |&step| at.saturating_add_signed(step))
            })
            .collect();
    }
    offsets
}
