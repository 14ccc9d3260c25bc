//! The array: a dtype, a shape, strides, and bytes.

mod bytes;
mod decode;
mod dense;
mod element;
mod index;
mod layout;
#[cfg(feature = "ndarray")]
mod ndarray;
mod print;
mod swap;
mod text;
#[cfg(feature = "ndarray")]
mod tiles;
mod value;
mod walk;

use std::io;
use std::sync::Arc;

use npload_buffer::Buffer;
use smallvec::SmallVec;

use crate::dtype::DType;
use crate::{Error, ErrorKind, Result};

pub use decode::LongDouble;
pub use element::Element;
pub use print::{PrintOptions, Shown};
pub(crate) use print::{lay_out, suffix};
pub(crate) use swap::make_native;
pub use text::Text;
#[cfg(feature = "ndarray")]
pub(crate) use tiles::copy as copy_tiles;
pub use value::{Nested, Record, Value};

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
///
/// ```
/// let array = npload::load("../../testdata/npy/f8-le-2d-c.npy")?.into_array()?;
/// assert_eq!(array.dtype().to_string(), "float64");
/// println!("{array}");
/// # Ok::<(), npload::Error>(())
/// ```
#[derive(Clone)]
pub struct Array {
    /// Shared, since thousands of arrays of an archive may have the same: an array takes 40 bytes.
    layout: Arc<Layout>,
    data: Buffer,
    /// Where in `data` the element of index 0, 0, … starts.
    offset: usize,
}

/// How the elements of an array lie.
#[derive(Clone)]
struct Layout {
    dtype: DType,
    shape: Axes<usize>,
    /// In bytes; may be negative.
    strides: Axes<isize>,
}

impl Array {
    /// An array over bytes that hold its elements in `order`, without a copy.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] when there are not as many bytes as dtype and shape need (more are
    /// fine), [`ErrorKind::Shape`] when no memory could hold them.
    pub fn from_bytes(dtype: DType, shape: &[usize], order: Order, data: Buffer) -> Result<Self> {
        let array = Array::over(dtype, Axes::from_slice(shape), order, data);
        let Some(nbytes) = array
            .checked_nbytes()
            .filter(|&n| isize::try_from(n).is_ok())
        else {
            let itemsize = array.layout.dtype.itemsize();
            let message = format!("shape {shape:?} of {itemsize}-byte items is larger than memory");
            return Err(Error::new(ErrorKind::Shape, message));
        };
        if nbytes > array.data.len() {
            let message = format!(
                "the array needs {nbytes} bytes, there are {}",
                array.data.len()
            );
            return Err(Error::new(ErrorKind::Truncated, message));
        }
        Ok(array)
    }

    /// As [`Array::from_bytes`], for a shape that was checked against the bytes.
    pub(crate) fn over(dtype: DType, shape: Axes<usize>, order: Order, data: Buffer) -> Self {
        // A top-level subarray's shape is the array's: NumPy has no array of subarrays either.
        let (dtype, shape) = match dtype {
            DType::Subarray(inner) => {
                let shape = shape.iter().chain(inner.shape()).copied().collect();
                return Array::over(inner.base().clone(), shape, order, data);
            }
            dtype => (dtype, shape),
        };
        let strides = contiguous_strides(&shape, dtype.itemsize(), order);
        let layout = Layout {
            dtype,
            shape,
            strides,
        };
        Array {
            layout: Arc::new(layout),
            data,
            offset: 0,
        }
    }

    /// The same array over other bytes, of which there are as many as it needs.
    #[inline]
    pub(crate) fn over_other(&self, data: Buffer) -> Self {
        Array {
            layout: self.layout.clone(),
            data,
            offset: self.offset,
        }
    }

    /// The same array, its axes in another order: which of the old ones each is.
    pub(crate) fn transpose(&self, axes: &[usize]) -> Self {
        let mut turned = self.clone();
        let layout = Arc::make_mut(&mut turned.layout);
        let shape = axes.iter().filter_map(|&axis| self.layout.shape.get(axis));
        layout.shape = shape.copied().collect();
        let strides = axes
            .iter()
            .filter_map(|&axis| self.layout.strides.get(axis));
        layout.strides = strides.copied().collect();
        turned
    }

    /// What its elements are.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.layout.dtype
    }

    /// The length of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.layout.shape
    }

    /// How many bytes lie between neighbours on each axis; negative where the axis is reversed.
    #[must_use]
    pub fn strides(&self) -> &[isize] {
        &self.layout.strides
    }

    /// How many axes it has.
    #[must_use]
    pub fn ndim(&self) -> usize {
        self.layout.shape.len()
    }

    /// How many elements it has.
    #[must_use]
    pub fn size(&self) -> usize {
        self.layout.shape.iter().fold(
            1,
            |size, &n| if n == 0 { 0 } else { size.saturating_mul(n) },
        )
    }

    /// How many bytes its elements take.
    #[must_use]
    pub fn nbytes(&self) -> usize {
        self.size().saturating_mul(self.layout.dtype.itemsize())
    }

    fn checked_nbytes(&self) -> Option<usize> {
        if self.layout.shape.contains(&0) {
            return Some(0);
        }
        self.layout
            .shape
            .iter()
            .try_fold(self.layout.dtype.itemsize(), |size, &n| size.checked_mul(n))
    }

    /// The order in which its elements lie without gaps: C if both fit, none if neither does.
    #[must_use]
    pub fn order(&self) -> Option<Order> {
        [Order::C, Order::F]
            .into_iter()
            .find(|&order| self.is_contiguous(order))
    }

    /// Whether its elements lie in `order` without gaps.
    #[must_use]
    pub fn is_contiguous(&self, order: Order) -> bool {
        let axes = self.layout.shape.iter().zip(&self.layout.strides);
        let itemsize = self.layout.dtype.itemsize();
        self.size() == 0
            || match order {
                Order::F => are_dense(axes, itemsize),
                Order::C => are_dense(axes.rev(), itemsize),
            }
    }

    /// Whether its bytes are a mapped file.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        self.data.is_mapped()
    }

    /// Writes what was changed in a [`MmapMode::ReadWrite`](crate::MmapMode::ReadWrite) mapping to
    /// its file, and waits for it.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] with what the operating system says.
    pub fn flush(&self) -> Result<()> {
        self.data
            .flush()
            .map_err(|e: io::Error| Error::io(e, "writing the mapping to its file"))
    }
}

/// Whether elements lie without gaps along axes of which the first varies fastest. None of them is of
/// length 0; the stride of one of length 1 does not matter.
fn are_dense<'a>(axes: impl Iterator<Item = (&'a usize, &'a isize)>, itemsize: usize) -> bool {
    let mut dense = isize::try_from(itemsize).unwrap_or(isize::MAX);
    axes.into_iter().all(|(&len, &stride)| {
        let fits = len == 1 || stride == dense;
        dense = dense.saturating_mul(isize::try_from(len).unwrap_or(isize::MAX));
        fits
    })
}

/// The strides of elements that lie in `order` without gaps. With no elements they do not matter.
pub(crate) fn contiguous_strides(shape: &[usize], itemsize: usize, order: Order) -> Axes<isize> {
    let mut stride = isize::try_from(itemsize).unwrap_or(isize::MAX);
    let mut next = |&len: &usize| {
        let this = stride;
        stride = stride.saturating_mul(isize::try_from(len.max(1)).unwrap_or(isize::MAX));
        this
    };
    match order {
        Order::F => shape.iter().map(next).collect(),
        Order::C => {
            let mut strides: Axes<isize> = shape.iter().rev().map(&mut next).collect();
            strides.reverse();
            strides
        }
    }
}
