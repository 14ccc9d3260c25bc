//! Elements with gaps between them, as the bytes that a file has of them.

use crate::array::{Axes, Order, contiguous_strides};

/// How elements lie, reduced: runs of bytes that lie together, and the axes along which they repeat.
#[derive(Clone)]
pub(super) struct Layout {
    /// The outermost first: how many, and how far apart.
    axes: Axes<(usize, isize)>,
    /// How many bytes lie together.
    run: usize,
    nbytes: u64,
}

/// A piece of a gather: elements in memory, one `stride` behind the other.
pub(super) struct Piece {
    /// From the array's first element on, in bytes.
    pub(super) offset: isize,
    pub(super) stride: isize,
    /// The bytes of each.
    pub(super) size: usize,
    pub(super) count: usize,
}

impl Layout {
    /// The layout of an array whose elements a file has in `order`.
    pub(super) fn new(shape: &[usize], strides: &[isize], itemsize: usize, order: Order) -> Self {
        let elements = shape
            .iter()
            .try_fold(1_u64, |n, &len| n.checked_mul(len as u64));
        let nbytes = elements.unwrap_or(0).saturating_mul(itemsize as u64);
        let mut axes: Axes<(usize, isize)> =
            shape.iter().copied().zip(strides.iter().copied()).collect();
        if order == Order::F {
            axes.reverse();
        }
        axes.retain(|(len, _)| *len != 1);
        let mut run = itemsize;
        // What lies together is one run.
        while let Some(&(len, stride)) = axes.last() {
            if isize::try_from(run) != Ok(stride) || nbytes == 0 {
                break;
            }
            run = run.saturating_mul(len);
            axes.pop();
        }
        // An axis that goes on where the one inside it ends is the same axis.
        let mut merged: Axes<(usize, isize)> = Axes::new();
        for &(len, stride) in axes.iter().rev() {
            match merged.last_mut() {
                Some((inner, step))
                    if isize::try_from(*inner)
                        .ok()
                        .and_then(|n| n.checked_mul(*step))
                        == Some(stride) =>
                {
                    *inner = inner.saturating_mul(len);
                }
                _ => merged.push((len, stride)),
            }
        }
        merged.reverse();
        Layout {
            axes: merged,
            run,
            nbytes,
        }
    }

    /// How many bytes the elements have.
    pub(super) fn nbytes(&self) -> u64 {
        self.nbytes
    }

    /// Whether they lie together.
    pub(super) fn is_one_run(&self) -> bool {
        self.axes.is_empty()
    }

    /// Hands out the pieces that `len` bytes from `at` on are, in their order. None reaches further.
    pub(super) fn pieces(&self, at: u64, len: usize, take: &mut dyn FnMut(Piece)) {
        let run = self.run as u64;
        if run == 0 {
            return;
        }
        let (mut at, mut left) = (at, len as u64);
        while left > 0 {
            let index = at.checked_div(run).unwrap_or(0);
            let skip = at.checked_rem(run).unwrap_or(0);
            let (offset, inner_left, stride) = self.locate(index);
            let whole = left.checked_div(run).unwrap_or(0).min(inner_left);
            let piece = if skip > 0 || whole == 0 {
                let size = run.saturating_sub(skip).min(left);
                Piece {
                    offset: offset.saturating_add(signed(skip)),
                    stride: 0,
                    size: unsigned(size),
                    count: 1,
                }
            } else {
                Piece {
                    offset,
                    stride,
                    size: self.run,
                    count: unsigned(whole),
                }
            };
            let taken = (piece.size as u64).saturating_mul(piece.count as u64);
            take(piece);
            at = at.saturating_add(taken);
            left = left.saturating_sub(taken.max(1));
        }
    }

    /// Where a run lies, how many more there are on the innermost axis, and their stride.
    fn locate(&self, index: u64) -> (isize, u64, isize) {
        let (mut index, mut offset) = (index, 0_isize);
        let mut axes = self.axes.iter().rev();
        let Some(&(len, stride)) = axes.next() else {
            return (0, 1, 0);
        };
        let mut step = |index: &mut u64, len: usize, stride: isize| {
            let along = index.checked_rem(len as u64).unwrap_or(0);
            *index = index.checked_div(len as u64).unwrap_or(0);
            offset = offset.saturating_add(signed(along).saturating_mul(stride));
            along
        };
        let along = step(&mut index, len, stride);
        for &(len, stride) in axes {
            step(&mut index, len, stride);
        }
        (offset, (len as u64).saturating_sub(along), stride)
    }
}

fn signed(n: u64) -> isize {
    isize::try_from(n).unwrap_or(isize::MAX)
}

fn unsigned(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// The order in which NumPy writes an array: that in which it lies, C where both or neither fit.
pub(super) fn file_order(shape: &[usize], strides: &[isize], itemsize: usize) -> Order {
    let lies_in = |order| {
        let dense = contiguous_strides(shape, itemsize, order);
        let mut axes = shape.iter().zip(strides.iter().zip(&dense));
        shape.contains(&0) || axes.all(|(&len, (stride, dense))| len == 1 || stride == dense)
    };
    match !lies_in(Order::C) && lies_in(Order::F) {
        true => Order::F,
        false => Order::C,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The bytes from `at` on, by the pieces.
    fn gathered(layout: &Layout, memory: &[u8], origin: usize, at: u64, len: usize) -> Vec<u8> {
        let mut out = Vec::new();
        layout.pieces(at, len, &mut |piece| {
            for i in 0..piece.count {
                let start = origin as isize + piece.offset + piece.stride * i as isize;
                out.extend_from_slice(&memory[start as usize..][..piece.size]);
            }
        });
        out
    }

    #[test]
    fn what_lies_together_is_one_run() {
        for (shape, strides, order, one) in [
            (&[2, 3][..], &[12, 4][..], Order::C, true),
            (&[2, 3], &[4, 8], Order::F, true),
            (&[2, 3], &[4, 8], Order::C, false),
            (&[2, 1, 3], &[12, 99, 4], Order::C, true),
            (&[], &[], Order::C, true),
            (&[5], &[-4], Order::C, false),
        ] {
            assert_eq!(
                Layout::new(shape, strides, 4, order).is_one_run(),
                one,
                "{shape:?}"
            );
        }
        // Reversed or spread rows are one axis.
        assert_eq!(Layout::new(&[3, 4], &[32, 8], 4, Order::C).axes.len(), 1);
        assert_eq!(file_order(&[2, 3], &[4, 8], 4), Order::F);
        assert_eq!(file_order(&[3], &[8], 4), Order::C);
        assert_eq!(file_order(&[2, 0], &[4, 8], 4), Order::C);
    }

    proptest! {
        /// Any part of any layout is what walking over the elements gives.
        #[test]
        fn pieces_are_the_elements_in_their_order(
            axes in prop::collection::vec((0_usize..4, -40_isize..40), 0..4),
            itemsize in 0_usize..5,
            order in prop::sample::select(vec![Order::C, Order::F]),
            from in 0.0..1.0_f64, to in 0.0..1.0_f64,
        ) {
            let shape: Vec<usize> = axes.iter().map(|a| a.0).collect();
            let strides: Vec<isize> = axes.iter().map(|a| a.1).collect();
            let memory: Vec<u8> = (0..1000_u32).map(|i| (i * 7 % 251) as u8).collect();
            let origin = 500;
            let mut expected = Vec::new();
            let size: usize = shape.iter().product();
            for mut index in 0..size {
                let mut at = origin as isize;
                let all: Vec<usize> = (0..shape.len()).collect();
                let turn: Vec<usize> = match order {
                    Order::C => all.into_iter().rev().collect(),
                    Order::F => all,
                };
                for axis in turn {
                    at += (index % shape[axis]) as isize * strides[axis];
                    index /= shape[axis];
                }
                expected.extend_from_slice(&memory[at as usize..][..itemsize]);
            }
            let layout = Layout::new(&shape, &strides, itemsize, order);
            prop_assert_eq!(layout.nbytes(), expected.len() as u64);
            let cut = |part: f64| (part * expected.len() as f64) as usize;
            let (start, end) = (cut(from.min(to)), cut(from.max(to)));
            let part = gathered(&layout, &memory, origin, start as u64, end - start);
            prop_assert_eq!(&part, &expected[start..end]);
            prop_assert_eq!(&gathered(&layout, &memory, origin, 0, expected.len()), &expected);
        }
    }
}
