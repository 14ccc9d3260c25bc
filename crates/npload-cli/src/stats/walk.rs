//! All elements of a part, read in blocks and gone through on all cores, in bounded memory.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use npload::{Block, Part};

use super::axes::{Axes, Piece};
use super::cells::{Column, Span};
use super::leaves::Leaf;

/// More threads than this read no faster.
const MOST_THREADS: usize = 8;

/// Less than this is read and gone through by one thread.
const SMALL: usize = 1 << 20;

/// Blocks that were read and are yet to be gone through.
const AHEAD: usize = 2;

/// The elements of a part, to be gone through.
pub(super) struct Walk<'w, 'a> {
    pub(super) part: &'w Part<'a>,
    pub(super) axes: &'w Axes,
    pub(super) leaves: &'w [Leaf],
    /// Whether blocks are to be read one after the other: a compressed member is then inflated once,
    /// and a member's checksum compared.
    pub(super) in_order: bool,
    /// Hears of bytes that were read.
    pub(super) told: &'w (dyn Fn(usize) + Sync),
}

/// The columns of those leaves that have numbers, in their order.
type Columns = Vec<Box<dyn Column>>;

impl Walk<'_, '_> {
    /// Columns in which all elements are.
    pub(super) fn run(&self) -> npload::Result<Columns> {
        match self.in_order {
            true => self.one_after_the_other(),
            false => self.in_pieces(),
        }
    }

    fn empty(&self, span: Span) -> Columns {
        let cells = |leaf: &Leaf| {
            let count = match self.axes.cells_are_values() {
                true => leaf.count(),
                false => 1,
            };
            let column = leaf.column.as_ref()?;
            Some(column.empty(Span {
                first: span.first.saturating_mul(count),
                count: span.count.saturating_mul(count),
            }))
        };
        self.leaves.iter().filter_map(cells).collect()
    }

    fn add(&self, columns: &mut Columns, piece: &Piece, block: &Block, scratch: &mut Vec<u8>) {
        let (bytes, _) = block.array.buffer();
        let itemsize = block.array.dtype().itemsize();
        let leaves = self.leaves.iter().filter(|leaf| leaf.column.is_some());
        for (leaf, column) in leaves.zip(columns) {
            let extent = self
                .axes
                .extent(piece, &block.start, &block.array, leaf.count());
            leaf.add(&mut **column, bytes, itemsize, extent, scratch);
        }
        (self.told)(block.array.nbytes());
    }

    /// One thread reads, and inflates and sums; this one goes through what it has read.
    fn one_after_the_other(&self) -> npload::Result<Columns> {
        let piece = self.axes.whole();
        let mut columns = self.empty(piece.span);
        let mut scratch = Vec::new();
        let shape = self.axes.block_shape(self.part, true);
        let blocks = self.part.blocks(&shape)?;
        let size = self
            .part
            .shape()
            .iter()
            .fold(1, |n: usize, &len| n.saturating_mul(len));
        if size.saturating_mul(self.part.dtype().itemsize()) < SMALL {
            for block in blocks {
                self.add(&mut columns, &piece, &block?, &mut scratch);
            }
            return Ok(columns);
        }
        thread::scope(|scope| {
            let (send, receive) = mpsc::sync_channel(AHEAD);
            scope.spawn(move || {
                for block in blocks {
                    if send.send(block).is_err() {
                        break;
                    }
                }
            });
            for block in receive {
                self.add(&mut columns, &piece, &block?, &mut scratch);
            }
            Ok(columns)
        })
    }

    /// Each thread takes the next piece, reads it, and goes through what is then in its cache.
    fn in_pieces(&self) -> npload::Result<Columns> {
        let pieces = self.axes.pieces();
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = cores.min(MOST_THREADS).min(pieces.len());
        let next = AtomicUsize::new(0);
        let failed = AtomicBool::new(false);
        let merged = Mutex::new(Merged::default());
        let work = || {
            while !failed.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(piece) = pieces.get(at) else { break };
                let done = self.piece(piece);
                failed.fetch_or(done.is_err(), Ordering::Relaxed);
                let mut merged = merged.lock().unwrap_or_else(PoisonError::into_inner);
                merged.take(at, done);
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        let merged = merged.into_inner().unwrap_or_else(PoisonError::into_inner);
        match merged.error {
            Some(err) => Err(err),
            None => Ok(merged.columns),
        }
    }

    fn piece(&self, piece: &Piece) -> npload::Result<Columns> {
        let part = self.axes.take(self.part, piece)?;
        let mut columns = self.empty(piece.span);
        let mut scratch = Vec::new();
        for block in part.blocks(&self.axes.block_shape(&part, false))? {
            self.add(&mut columns, piece, &block?, &mut scratch);
        }
        Ok(columns)
    }
}

/// The columns of pieces, merged in the order of the pieces.
#[derive(Default)]
struct Merged {
    columns: Columns,
    /// How many were merged.
    count: usize,
    /// Those behind one that is yet to come.
    waiting: VecDeque<Option<Columns>>,
    error: Option<npload::Error>,
}

impl Merged {
    fn take(&mut self, at: usize, done: npload::Result<Columns>) {
        let columns = match done {
            Ok(columns) => columns,
            Err(err) => return self.error = Some(err),
        };
        let place = at.saturating_sub(self.count);
        while self.waiting.len() <= place {
            self.waiting.push_back(None);
        }
        if let Some(waiting) = self.waiting.get_mut(place) {
            *waiting = Some(columns);
        }
        while let Some(columns) = self.waiting.front_mut().and_then(Option::take) {
            self.waiting.pop_front();
            if self.count == 0 {
                self.columns = columns;
            } else {
                let pairs = self.columns.iter_mut().zip(columns);
                pairs.for_each(|(ours, theirs)| ours.absorb(theirs));
            }
            self.count = self.count.saturating_add(1);
        }
    }
}
