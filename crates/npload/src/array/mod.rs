//! The array: a dtype, a shape, strides, and bytes.

mod decode;
mod print;
mod text;
mod value;

pub use decode::LongDouble;
pub use print::{PrintOptions, Shown};
pub use text::Text;
pub use value::{Nested, Record, Value};

use npload_buffer::Buffer;
use smallvec::SmallVec;

use crate::dtype::DType;

/// Lengths or strides of up to four axes without an allocation.
pub(crate) type Axes<T> = SmallVec<[T; 4]>;

/// The order of elements in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// The last index varies fastest.
    C,
    /// The first index varies fastest (Fortran).
    F,
}

/// An n-dimensional array: a dtype, a shape, strides, and shared bytes.
///
/// Cloning, slicing and taking fields copy no elements.
#[derive(Clone)]
pub struct Array {
    pub(crate) dtype: DType,
    pub(crate) shape: Axes<usize>,
    /// In bytes; may be negative.
    pub(crate) strides: Axes<isize>,
    pub(crate) data: Buffer,
    /// Where in `data` the element of index 0, 0, … starts.
    pub(crate) offset: usize,
}

impl Array {
    /// What its elements are.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype
    }

    /// The length of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many bytes lie between neighbours on each axis; negative where the axis is reversed.
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        &self.strides
    }

    /// How many axes it has.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.shape.len()
    }

    /// How many elements it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.shape.iter().fold(
            1,
            |size, &n| if n == 0 { 0 } else { size.saturating_mul(n) },
        )
    }

    /// The bytes of the element at byte offset `offset` of its data. Empty past the end, which
    /// the constructor's check makes impossible for offsets that strides lead to.
    pub(crate) fn item(&self, offset: usize) -> &[u8] {
        let end = offset.saturating_add(self.dtype.itemsize());
        self.data.get(offset..end).unwrap_or_default()
    }
}
