//! A part read block by block, in the order in which its elements lie or in another: the whole of an
//! array that does not fit in memory goes by in blocks that do.

use std::fmt;

use super::header::Header;
use super::part::{Forward, Part};
use crate::{Array, DType, Error, ErrorKind, Index, Order, Result, Selection};

/// A block of a [`Part`]: some elements next to each other.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Block {
    /// Where in the part it begins, for each axis.
    pub start: Vec<usize>,
    /// Its elements; they have as many axes as the part.
    pub array: Array,
}

/// The blocks of a [`Part`], in the order in which they lie in the file, read one by one.
///
/// After an error there are no more.
pub struct Blocks<'a> {
    part: Part<'a>,
    data: Box<dyn Forward + 'a>,
    /// The lengths of a block's axes; at the ends of the part it has less.
    shape: Vec<usize>,
    /// The axes, the slowest first: along which elements lie furthest apart, unless another order is asked for.
    order: Vec<usize>,
    /// Where the next block begins; none when all were read.
    next: Option<Vec<usize>>,
}

impl Header {
    /// [`Part::block_shape`] of the whole array.
    #[must_use]
    pub fn block_shape(&self, bytes: usize) -> Vec<usize> {
        let axes = 0..self.shape().len();
        match self.order() {
            Order::C => block_shape(self.shape(), self.dtype(), axes.rev(), bytes),
            Order::F => block_shape(self.shape(), self.dtype(), axes, bytes),
        }
    }
}

/// The shape of a block, its axes filled in that order.
fn block_shape(
    lengths: &[usize],
    dtype: &DType,
    fastest_first: impl Iterator<Item = usize>,
    bytes: usize,
) -> Vec<usize> {
    let mut room = bytes.checked_div(dtype.itemsize()).unwrap_or(bytes);
    let mut shape = vec![1; lengths.len()];
    for axis in fastest_first {
        let (Some(block), Some(&len)) = (shape.get_mut(axis), lengths.get(axis)) else {
            continue;
        };
        *block = len.min(room).max(1);
        room = room.checked_div(len.max(1)).unwrap_or(0);
    }
    shape
}

/// The axes of a part, the slowest first.
fn axes_of(part: &Part<'_>, order: Order) -> Vec<usize> {
    let axes = 0..part.shape().len();
    match order {
        Order::C => axes.collect(),
        Order::F => axes.rev().collect(),
    }
}

impl<'a> Part<'a> {
    /// The shape of a block of about `bytes` bytes, or more if one element is larger, whose elements
    /// lie next to each other in the file, as far as that is possible: whole slices along the axes
    /// that vary fastest. No axis is 0.
    ///
    /// ```
    /// let npy = npload::Npy::open("../../testdata/npy/f8-le-2d-c.npy")?;
    /// let part = npy.part()?;
    /// assert_eq!(part.block_shape(usize::MAX), part.shape());
    /// assert_eq!(part.block_shape(part.shape()[1] * 8), [1, part.shape()[1]]);
    /// # Ok::<(), npload::Error>(())
    /// ```
    #[must_use]
    pub fn block_shape(&self, bytes: usize) -> Vec<usize> {
        let fastest_first = self.slowest_first().into_iter().rev();
        block_shape(self.shape(), self.dtype(), fastest_first, bytes)
    }

    /// The part in blocks of that shape, read one after the other as they are asked for; each reads
    /// as [`Part::read`] does. A compressed member is inflated once where its blocks lie one behind
    /// the other, as those of [`Part::block_shape`] do, and checked when its last byte was among them.
    ///
    /// ```
    /// let npy = npload::Npy::open("../../testdata/npy/f8-le-2d-c.npy")?;
    /// let part = npy.part()?;
    /// let mut sum = 0.0;
    /// for block in part.blocks(&part.block_shape(1 << 20))? {
    ///     for value in block?.array.iter() {
    ///         sum += value?.as_f64().unwrap_or(0.0);
    ///     }
    /// }
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] for a shape with another number of axes, or with a 0; what reading a
    /// block gives is among the items.
    pub fn blocks(&self, shape: &[usize]) -> Result<Blocks<'a>> {
        self.blocks_by(shape, self.slowest_first())
    }

    /// As [`Part::block_shape`], of a block whose elements follow each other in `order`, however they
    /// lie in the file.
    #[must_use]
    pub fn block_shape_in(&self, order: Order, bytes: usize) -> Vec<usize> {
        let fastest_first = axes_of(self, order).into_iter().rev();
        block_shape(self.shape(), self.dtype(), fastest_first, bytes)
    }

    /// As [`Part::blocks`], the blocks one behind the other in `order`: those of
    /// [`Part::block_shape_in`] are then all elements in that order.
    ///
    /// Of an array that lies otherwise ([`Part::lies_in`]) each block is gathered from places far
    /// apart, so that large blocks take less time; a compressed member is inflated once for each.
    ///
    /// # Errors
    /// As there.
    pub fn blocks_in(&self, order: Order, shape: &[usize]) -> Result<Blocks<'a>> {
        self.blocks_by(shape, axes_of(self, order))
    }

    /// Whether its elements follow each other in that order in the file, with or without gaps.
    #[must_use]
    pub fn lies_in(&self, order: Order) -> bool {
        let long = |axis: &usize| self.shape().get(*axis).is_some_and(|&len| len > 1);
        let lies = self.slowest_first().into_iter().filter(long);
        lies.eq(axes_of(self, order).into_iter().filter(long))
    }

    fn blocks_by(&self, shape: &[usize], order: Vec<usize>) -> Result<Blocks<'a>> {
        if shape.len() != self.shape().len() || shape.contains(&0) {
            let message = format!(
                "blocks of shape {shape:?} of an array of shape {:?}",
                self.shape()
            );
            return Err(Error::new(ErrorKind::Argument, message));
        }
        let nothing = self.shape().contains(&0);
        Ok(Blocks {
            part: self.clone(),
            data: self.forward(),
            shape: shape.to_vec(),
            order,
            next: (!nothing).then(|| vec![0; shape.len()]),
        })
    }
}

impl Blocks<'_> {
    /// How far a block reaches on an axis from `start` on.
    fn len(&self, axis: usize, start: usize) -> usize {
        let (whole, block) = (self.part.shape().get(axis), self.shape.get(axis));
        let left = whole.map_or(0, |whole| whole.saturating_sub(start));
        block.map_or(left, |&block| left.min(block))
    }

    fn read(&mut self, start: &[usize]) -> Result<Array> {
        let edge = |at: usize| isize::try_from(at).unwrap_or(isize::MAX);
        let index = |(axis, &start): (usize, &usize)| Index::Slice {
            start: Some(edge(start)),
            stop: Some(edge(start.saturating_add(self.len(axis, start)))),
            step: 1,
        };
        let selection = Selection::new(start.iter().enumerate().map(index).collect());
        self.part.read_forward(selection, &mut *self.data)
    }

    /// Where the block behind that one begins.
    fn after(&self, mut start: Vec<usize>) -> Option<Vec<usize>> {
        for &axis in self.order.iter().rev() {
            let (Some(at), Some(&len)) = (start.get_mut(axis), self.part.shape().get(axis)) else {
                continue;
            };
            *at = at.saturating_add(self.shape.get(axis).copied().unwrap_or(1));
            if *at < len {
                return Some(start);
            }
            *at = 0;
        }
        None
    }
}

impl Iterator for Blocks<'_> {
    type Item = Result<Block>;

    fn next(&mut self) -> Option<Result<Block>> {
        let start = self.next.take()?;
        let array = match self.read(&start) {
            Ok(array) => array,
            Err(err) => return Some(Err(err)),
        };
        self.next = self.after(start.clone());
        Some(Ok(Block { start, array }))
    }
}

impl fmt::Debug for Blocks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Blocks { part, shape, .. } = self;
        write!(f, "Blocks({part:?} by {shape:?})")
    }
}
