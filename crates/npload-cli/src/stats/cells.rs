//! Tallies of all values, or one for each place along an axis.

use std::any::Any;
use std::sync::Arc;

use npload::{Array, Buffer, ByteOrder, DType, Number, Order, bytemuck};

use super::form::Form;
use super::tally::{Counts, Mean, Tally};

/// Values one behind the other, as a box of three axes whose middle one goes away: each of `outer`
/// times `inner` cells gets `depth` values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) outer: usize,
    pub(super) depth: usize,
    pub(super) inner: usize,
    /// The cell of the first value.
    pub(super) first: usize,
    /// From the cells of one outer place to those of the next.
    pub(super) step: usize,
}

/// Which cells: of so many, from one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: usize,
    pub(super) count: usize,
}

/// What is found out, as arrays of the result's shape.
pub(super) struct Statistics {
    /// Values that each result is of.
    pub(super) count: u64,
    pub(super) nan: Array,
    pub(super) inf: Option<Array>,
    pub(super) zeros: Option<Array>,
    pub(super) min: Array,
    pub(super) max: Array,
    pub(super) mean: Array,
    pub(super) std: Option<Array>,
}

/// Cells for numbers of one dtype, whatever that is.
pub(super) trait Column: Send + Sync {
    /// Empty ones for the same dtype.
    fn empty(&self, span: Span) -> Box<dyn Column>;

    /// Adds elements, given by their bytes.
    fn add(&mut self, bytes: &[u8], extent: Extent);

    /// Adds what came elsewhere to the same cells, or takes in those behind them.
    fn absorb(&mut self, other: Box<dyn Column>);

    /// The result, with that shape, whose elements are those cells; each is of `count` values.
    fn finish(
        &self,
        shape: &[usize],
        cells: &mut dyn Iterator<Item = usize>,
        count: u64,
    ) -> npload::Result<Statistics>;

    fn into_any(self: Box<Self>) -> Box<dyn Any>;
}

/// Cells of one kind of tally.
pub(super) struct Cells<T: Tally> {
    form: Arc<Form<T::Item>>,
    first: usize,
    tallies: Vec<T>,
    scratch: Vec<T::Item>,
    column: Vec<T::Item>,
}

/// The least or the greatest of the two.
type Side<T> = fn((T, T)) -> T;

impl<T: Tally> Cells<T> {
    pub(super) fn new(form: Form<T::Item>) -> Self {
        Cells {
            form: Arc::new(form),
            first: 0,
            tallies: Vec::new(),
            scratch: Vec::new(),
            column: Vec::new(),
        }
    }
}

impl<T: Tally> Column for Cells<T>
where
    T::Item: bytemuck::CheckedBitPattern,
{
    fn empty(&self, span: Span) -> Box<dyn Column> {
        Box::new(Cells {
            form: self.form.clone(),
            first: span.first,
            tallies: vec![T::new(); span.count],
            scratch: Vec::new(),
            column: Vec::new(),
        })
    }

    fn add(&mut self, bytes: &[u8], extent: Extent) {
        let values = self.form.values(bytes, &mut self.scratch);
        let Extent { depth, inner, .. } = extent;
        let first = extent.first.saturating_sub(self.first);
        if depth == 0 || inner == 0 {
            return;
        }
        let slabs = values.chunks_exact(depth.saturating_mul(inner));
        for (outer, slab) in slabs.take(extent.outer).enumerate() {
            let from = first.saturating_add(outer.saturating_mul(extent.step));
            let cells = self.tallies.iter_mut().skip(from).take(inner);
            if inner == 1 {
                cells.for_each(|cell| cell.add(slab));
                continue;
            }
            for (at, cell) in cells.enumerate() {
                self.column.clear();
                self.column.extend(slab.iter().skip(at).step_by(inner));
                cell.add(&self.column);
            }
        }
    }

    fn absorb(&mut self, other: Box<dyn Column>) {
        // All columns of an array are made of one.
        let Ok(other) = other.into_any().downcast::<Self>() else {
            return;
        };
        if other.first == self.first.saturating_add(self.tallies.len()) {
            self.tallies.extend(other.tallies);
            return;
        }
        for (ours, theirs) in self.tallies.iter_mut().zip(&other.tallies) {
            ours.merge(theirs);
        }
    }

    fn finish(
        &self,
        shape: &[usize],
        cells: &mut dyn Iterator<Item = usize>,
        count: u64,
    ) -> npload::Result<Statistics> {
        let cells: Vec<&T> = cells.filter_map(|at| self.tallies.get(at)).collect();
        let ranges: Vec<_> = cells.iter().map(|cell| cell.range()).collect();
        let number = |number| DType::Number(number, ByteOrder::NATIVE);
        // Integers have no value for what is not there.
        let nothing = self.form.missing.is_none() && ranges.iter().any(Option::is_none);
        let side = |pick: Side<T::Item>| {
            if nothing {
                let nan = vec![f64::NAN.to_ne_bytes(); ranges.len()];
                return array(number(Number::Float64), shape, nan.concat());
            }
            let values = ranges.iter().map(|range| range.map(pick));
            let values = values.filter_map(|value| value.or(self.form.missing));
            let bytes = values.flat_map(|value| (self.form.encode)(value));
            array(self.form.dtype.clone(), shape, bytes.collect())
        };
        let counts = |counts: &mut dyn Iterator<Item = u64>| {
            let bytes = counts.flat_map(u64::to_ne_bytes).collect();
            array(number(Number::UInt64), shape, bytes)
        };
        let counted = |pick: fn(Counts) -> Option<u64>| {
            pick(T::new().counts())?;
            Some(counts(
                &mut cells.iter().filter_map(|cell| pick(cell.counts())),
            ))
        };
        let mut mean = Vec::new();
        for cell in &cells {
            match cell.mean() {
                Mean::Real(value) => mean.extend(value.to_ne_bytes()),
                Mean::Complex(value) => mean.extend(bytemuck::bytes_of(&value)),
                Mean::Time(value) => mean.extend(value.to_ne_bytes()),
            }
        }
        let of_mean = match T::new().mean() {
            Mean::Real(_) => number(Number::Float64),
            Mean::Complex(_) => number(Number::Complex128),
            Mean::Time(_) => self.form.dtype.clone(),
        };
        let std = T::new().std().map(|_| {
            let all = cells.iter().filter_map(|cell| cell.std());
            let bytes = all.flat_map(f64::to_ne_bytes).collect();
            array(number(Number::Float64), shape, bytes)
        });
        Ok(Statistics {
            count,
            nan: counts(&mut cells.iter().map(|cell| cell.counts().nan))?,
            inf: counted(|counts| counts.inf).transpose()?,
            zeros: counted(|counts| counts.zero).transpose()?,
            min: side(|range| range.0)?,
            max: side(|range| range.1)?,
            mean: array(of_mean, shape, mean)?,
            std: std.transpose()?,
        })
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}

fn array(dtype: DType, shape: &[usize], bytes: Vec<u8>) -> npload::Result<Array> {
    Array::from_bytes(dtype, shape, Order::C, Buffer::from(bytes))
}
