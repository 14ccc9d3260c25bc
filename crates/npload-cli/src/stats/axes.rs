//! The axes of an array in the order in which its elements lie: cells, blocks, and pieces for threads.

use std::cmp::Reverse;
use std::ops::Range;

use npload::{Array, Index, Part, Selection};

use super::cells::{Extent, Span};
use super::leaves::product;

/// What a thread reads at a time: it stays in the cache until the values were gone through.
const BLOCK: usize = 128 << 10;

/// Pieces of an axis are no shorter in memory than this, so that reads do not get too small.
const RUN: usize = 64 << 10;

/// An array is cut into so many pieces, or one for each of these bytes. Their results are merged in
/// their order, so that they depend neither on how many threads there are nor on how those meet.
const PIECES: usize = 64;
const PIECE: usize = 4 << 20;

/// With more cells than this each piece has cells of its own, not a copy of all.
const MOST_COPIED: usize = 1 << 16;
/// So many cells are in all copies.
const MOST_CELLS: usize = 1 << 19;

/// From a cell's values some are taken at once, where rows are not longer than [`RUN`].
const DEEP: usize = 16;

/// How the elements of a part lie, none of whose axes is reversed.
pub(super) struct Axes {
    /// The axes, the one first along which elements lie furthest apart.
    order: Vec<usize>,
    /// The length of each, in that order.
    lens: Vec<usize>,
    /// Where in that order the axis is that goes away; none: they all do.
    gone: Option<usize>,
    itemsize: usize,
}

/// A piece of a part.
pub(super) struct Piece {
    /// Where it is on the axis that was cut, if any was.
    cut: Option<(usize, Range<usize>)>,
    pub(super) span: Span,
}

/// The part with its reversed axes turned round, and which those are.
pub(super) fn forwards<'a>(part: &Part<'a>) -> npload::Result<(Part<'a>, Vec<bool>)> {
    let reversed: Vec<bool> = part.strides().iter().map(|&stride| stride < 0).collect();
    let index = |&reversed: &bool| Index::Slice {
        start: None,
        stop: None,
        step: if reversed { -1 } else { 1 },
    };
    let all = Selection::new(reversed.iter().map(index).collect());
    Ok((part.clone().slice(all)?, reversed))
}

impl Axes {
    pub(super) fn new(part: &Part<'_>, axis: Option<usize>) -> Self {
        let mut order: Vec<usize> = (0..part.shape().len()).collect();
        let distance = |&axis: &usize| part.strides().get(axis).map(|s| s.unsigned_abs());
        order.sort_by_key(|axis| Reverse(distance(axis)));
        let len = |&axis: &usize| part.shape().get(axis).copied().unwrap_or(1);
        Axes {
            lens: order.iter().map(len).collect(),
            gone: axis.and_then(|axis| order.iter().position(|&at| at == axis)),
            order,
            itemsize: part.dtype().itemsize(),
        }
    }

    fn is_one(&self) -> bool {
        self.gone.is_none()
    }

    /// Whether each value of an element has a cell of its own.
    pub(super) fn cells_are_values(&self) -> bool {
        self.gone.is_some()
    }

    /// All as one piece.
    pub(super) fn whole(&self) -> Piece {
        Piece {
            cut: None,
            span: Span {
                first: 0,
                count: self.cells(),
            },
        }
    }

    /// How many cells there are.
    pub(super) fn cells(&self) -> usize {
        match self.gone {
            None => 1,
            Some(gone) => {
                let (before, after) = self.around(&self.lens, gone);
                product(before).saturating_mul(product(after))
            }
        }
    }

    /// How many elements each cell is of.
    pub(super) fn depth(&self) -> usize {
        match self.gone {
            None => product(&self.lens),
            Some(gone) => self.lens.get(gone).copied().unwrap_or(0),
        }
    }

    fn around<'a>(&self, lens: &'a [usize], gone: usize) -> (&'a [usize], &'a [usize]) {
        let before = lens.get(..gone).unwrap_or_default();
        (
            before,
            lens.get(gone.saturating_add(1)..).unwrap_or_default(),
        )
    }

    /// How many bytes lie between neighbours on the axis at a place of the order.
    fn run(&self, at: usize) -> usize {
        let faster = self.lens.get(at.saturating_add(1)..).unwrap_or_default();
        product(faster).saturating_mul(self.itemsize)
    }

    /// The pieces that threads may take, in their order: each has cells that follow those of the one
    /// before, or all of them the same.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let nbytes = product(&self.lens).saturating_mul(self.itemsize);
        let wanted = nbytes.div_ceil(PIECE).clamp(1, PIECES);
        let whole = self.whole().span;
        let slowest = |skip: Option<usize>| {
            let lens = self.lens.iter().enumerate();
            let mut long = lens.filter(|&(at, &len)| len > 1 && Some(at) != skip);
            long.next().map(|(at, _)| at)
        };
        let same_cells = |at| self.is_one() || Some(at) == self.gone;
        let cut = match slowest(None) {
            Some(at) if Some(at) == self.gone && self.cells() > MOST_COPIED => slowest(self.gone),
            // A short axis would make few pieces.
            Some(at) if self.is_one() => {
                let next = self.lens.iter().enumerate().skip(at);
                let mut long = next.filter(|&(_, &len)| len >= wanted);
                long.next().map(|(at, _)| at).or(Some(at))
            }
            at => at,
        };
        let Some(at) = cut.filter(|_| wanted > 1) else {
            return vec![self.whole()];
        };
        let len = self.lens.get(at).copied().unwrap_or(1);
        let is_slowest = slowest(None) == Some(at);
        let longest = match is_slowest {
            true => len,
            // What lies between two runs of a piece is no longer than what is read through.
            false => len.saturating_mul(self.run(at)) / RUN,
        };
        let most = match same_cells(at) {
            true => MOST_CELLS.checked_div(self.cells()).unwrap_or(1),
            false => PIECES,
        };
        let count = wanted.min(len).min(longest).min(most).max(1);
        let edge = |i: usize| (len.saturating_mul(i)).checked_div(count).unwrap_or(0);
        let each = self.cells().checked_div(len).unwrap_or(0);
        let piece = |i: usize| {
            let (start, stop) = (edge(i), edge(i.saturating_add(1)));
            let span = match same_cells(at) {
                true => whole,
                false => Span {
                    first: start.saturating_mul(each),
                    count: stop.saturating_sub(start).saturating_mul(each),
                },
            };
            Piece {
                cut: Some((at, start..stop)),
                span,
            }
        };
        (0..count).map(piece).collect()
    }

    /// The part that a piece is.
    pub(super) fn take<'a>(&self, part: &Part<'a>, piece: &Piece) -> npload::Result<Part<'a>> {
        let Some((at, range)) = &piece.cut else {
            return Ok(part.clone());
        };
        let edge = |at: usize| Some(isize::try_from(at).unwrap_or(isize::MAX));
        let axis = self.order.get(*at).copied();
        let index = |i: usize| Index::Slice {
            start: edge(range.start).filter(|_| axis == Some(i)),
            stop: edge(range.end).filter(|_| axis == Some(i)),
            step: 1,
        };
        let all = (0..self.order.len()).map(index).collect();
        part.clone().slice(Selection::new(all))
    }

    /// The shape of the blocks in which a part of it is read. In the order of the file where
    /// `in_order` says so; else each has many elements for each of its cells.
    pub(super) fn block_shape(&self, part: &Part<'_>, in_order: bool) -> Vec<usize> {
        const NARROW: usize = 16 << 10;
        let run = self.gone.map_or(0, |gone| self.run(gone));
        if let Some(gone) = self.gone.filter(|_| !in_order && run > RUN) {
            let mut shape = part.block_shape(NARROW);
            let axis = self.order.get(gone).copied().unwrap_or(0);
            let len = part.shape().get(axis).copied().unwrap_or(1);
            if let Some(block) = shape.get_mut(axis) {
                *block = len.clamp(1, BLOCK / NARROW);
            }
            return shape;
        }
        part.block_shape(run.min(RUN).saturating_mul(DEEP).max(BLOCK))
    }

    /// Where the elements of a block of a piece go, each of which is `count` values.
    pub(super) fn extent(
        &self,
        piece: &Piece,
        start: &[usize],
        block: &Array,
        count: usize,
    ) -> Extent {
        let Some(gone) = self.gone else {
            return Extent {
                outer: 1,
                depth: block.size().saturating_mul(count),
                inner: 1,
                first: 0,
                step: 1,
            };
        };
        let of = |values: &[usize]| -> Vec<usize> {
            let value = |&axis: &usize| values.get(axis).copied().unwrap_or(0);
            self.order.iter().map(value).collect()
        };
        let (lens, mut start) = (of(block.shape()), of(start));
        if let Some((at, range)) = &piece.cut
            && let Some(start) = start.get_mut(*at)
        {
            *start = start.saturating_add(range.start);
        }
        let (before, after) = self.around(&self.lens, gone);
        let (start_before, start_after) = self.around(&start, gone);
        let (outer, inner) = self.around(&lens, gone);
        let step = product(after);
        let first = position(start_before, before)
            .saturating_mul(step)
            .saturating_add(position(start_after, after));
        Extent {
            outer: product(outer),
            depth: lens.get(gone).copied().unwrap_or(1),
            inner: product(inner).saturating_mul(count),
            first: first.saturating_mul(count),
            step: step.saturating_mul(count),
        }
    }

    /// The result's shape without that of subarrays.
    pub(super) fn shape(&self) -> Vec<usize> {
        let mut axes: Vec<(usize, usize)> = match self.gone {
            None => Vec::new(),
            Some(gone) => {
                let all = self.order.iter().copied().zip(self.lens.iter().copied());
                let left = all.enumerate().filter(|&(at, _)| at != gone);
                left.map(|(_, axis)| axis).collect()
            }
        };
        axes.sort_unstable();
        axes.into_iter().map(|(_, len)| len).collect()
    }

    /// The cell of each element of the result, in C order; each cell is `count` cells next to each
    /// other. `reversed` says which axes of the part were turned round.
    pub(super) fn in_c_order(
        &self,
        reversed: &[bool],
        count: usize,
    ) -> impl Iterator<Item = usize> {
        // Of each axis that stays: itself, its length, and from one place to the next.
        let mut axes: Vec<(usize, usize, usize)> = Vec::new();
        if let Some(gone) = self.gone {
            let mut step = 1_usize;
            let all = self.order.iter().zip(&self.lens).enumerate().rev();
            for (_, (&axis, &len)) in all.filter(|&(at, _)| at != gone) {
                axes.push((axis, len, step));
                step = step.saturating_mul(len);
            }
        }
        axes.sort_unstable();
        let reversed: Vec<bool> = axes
            .iter()
            .map(|&(axis, ..)| reversed.get(axis).copied().unwrap_or(false))
            .collect();
        (0..self.cells()).flat_map(move |at| {
            let (mut rest, mut cell) = (at, 0_usize);
            for (&(_, len, step), reversed) in axes.iter().zip(&reversed).rev() {
                let len = len.max(1);
                let place = rest.checked_rem(len).unwrap_or(0);
                rest = rest.checked_div(len).unwrap_or(0);
                let place = match reversed {
                    true => len.saturating_sub(1).saturating_sub(place),
                    false => place,
                };
                cell = cell.saturating_add(place.saturating_mul(step));
            }
            let first = cell.saturating_mul(count);
            first..first.saturating_add(count)
        })
    }
}

/// The position of an index among elements of that shape.
fn position(index: &[usize], shape: &[usize]) -> usize {
    let axes = index.iter().zip(shape);
    axes.fold(0, |all: usize, (&at, &len)| {
        all.saturating_mul(len).saturating_add(at)
    })
}
