//! What can be saved as an array.

use std::borrow::Cow;
use std::fs::File;
use std::io;

use super::Stream;
use super::gather::{Layout, file_order};
use crate::array::{Array, Axes, Element, Order, contiguous_strides};
use crate::dtype::{ByteOrder, DType};
use crate::{Error, ErrorKind, Part, Result};

/// What [`save`](crate::save) takes: [`Array`], arrays and views of the `ndarray` crate, slices and
/// vectors of numbers; and [`Part`], an array that lies in another file and may be larger than memory.
pub trait Savable {
    /// It, seen as an array: no element is copied.
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for what no memory could hold.
    fn saved(&self) -> Result<Saved<'_>>;
}

/// Memory that elements are copied from: what [`Saved::over`] takes, for arrays of other libraries.
pub trait Memory: Sync {
    /// Copies `dest.len() / size` elements of `size` bytes each: the first lies at `offset`, counted
    /// from the array's first element, and each further one `stride` bytes behind.
    ///
    /// It is never asked for anything outside the shape and strides that [`Saved::over`] was given.
    fn gather(&self, offset: isize, stride: isize, size: usize, dest: &mut [u8]);

    /// Writes `len` bytes that lie together, from `offset` on, into a file: where it stands, or at `place`
    /// of it. None where they are to be copied first, which is always right.
    fn write_into(
        &self,
        offset: isize,
        len: usize,
        file: &File,
        place: Option<u64>,
    ) -> Option<io::Result<()>> {
        let _ = (offset, len, file, place);
        None
    }
}

/// An array that is to be saved: dtype, shape, strides, and memory to copy its elements from.
///
/// ```
/// use npload::{Savable, Saved};
/// let numbers = vec![1.0_f32, 2.0, 3.0];
/// let saved: Saved<'_> = numbers.saved()?;
/// assert_eq!((saved.dtype().to_string().as_str(), saved.shape()), ("float32", [3].as_slice()));
/// # Ok::<(), npload::Error>(())
/// ```
pub struct Saved<'a> {
    pub(super) dtype: DType,
    pub(super) shape: Axes<usize>,
    strides: Axes<isize>,
    pub(super) order: Order,
    pub(super) layout: Layout,
    pub(super) memory: Held<'a>,
}

/// Where the elements are.
pub(super) enum Held<'a> {
    /// In these bytes, the first element at this one.
    Bytes(Cow<'a, [u8]>, usize),
    Other(&'a dyn Memory),
    /// Nowhere: they come one after the other, in the order of the file.
    Stream(&'a dyn Stream),
    /// The pickle of an array of Python objects.
    Pickle(&'a [u8]),
}

impl<'a> Saved<'a> {
    /// An array of elements that `memory` copies. The caller vouches that it has them all. A file has
    /// them in `order`; without one, in that in which they lie, C where both or neither fit.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] when there is not one stride for each axis; [`ErrorKind::Shape`] for an
    /// array that no memory could hold.
    pub fn over(
        dtype: DType,
        shape: &[usize],
        strides: &[isize],
        order: Option<Order>,
        memory: &'a dyn Memory,
    ) -> Result<Self> {
        let mut saved = Saved::new(dtype, shape, strides, Held::Other(memory))?;
        if let Some(order) = order.filter(|order| *order != saved.order) {
            saved.layout = Layout::new(shape, strides, saved.dtype.itemsize(), order);
            saved.order = order;
        }
        Ok(saved)
    }

    /// An array whose elements are read, or made, while they are saved: `stream` has their bytes in `order`.
    /// It may be opened more than once.
    ///
    /// ```
    /// use npload::{Npy, SaveOptions, Saved};
    /// # let dir = tempfile::tempdir()?;
    /// # let path = dir.path().join("x.npz");
    /// let npy = Npy::open("../../testdata/npy/f8-le-2d-c.npy")?;
    /// let part = npy.part()?;                                    // of any size
    /// let saved = Saved::streamed(part.dtype().clone(), part.shape(), part.order(), &part)?;
    /// SaveOptions::new().savez(&path, [("x", saved)])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Shape`] for an array that no memory could hold.
    pub fn streamed(
        dtype: DType,
        shape: &[usize],
        order: Order,
        stream: &'a dyn Stream,
    ) -> Result<Self> {
        let strides = contiguous_strides(shape, dtype.itemsize(), order);
        let mut saved = Saved::new(dtype, shape, &strides, Held::Stream(stream))?;
        saved.order = order;
        Ok(saved)
    }

    /// An array that holds Python objects: its pickle, made elsewhere, is what a file has of it. NumPy
    /// writes it by protocol 4.
    #[must_use]
    pub fn pickled(dtype: DType, shape: &[usize], order: Order, pickle: &'a [u8]) -> Self {
        Saved {
            layout: Layout::new(&[pickle.len()], &[1], 1, Order::C),
            dtype,
            shape: Axes::from_slice(shape),
            strides: contiguous_strides(shape, 0, order),
            order,
            memory: Held::Pickle(pickle),
        }
    }

    /// Bytes that hold elements in C order without gaps.
    pub(super) fn of_bytes(dtype: DType, shape: &[usize], bytes: &'a [u8]) -> Result<Self> {
        let strides = contiguous_strides(shape, dtype.itemsize(), Order::C);
        Saved::new(dtype, shape, &strides, Held::Bytes(Cow::Borrowed(bytes), 0))
    }

    /// The same of bytes that are given away.
    #[cfg(feature = "ndarray")]
    pub(super) fn of_owned_bytes(dtype: DType, shape: &[usize], bytes: Vec<u8>) -> Result<Self> {
        let strides = contiguous_strides(shape, dtype.itemsize(), Order::C);
        Saved::new(dtype, shape, &strides, Held::Bytes(Cow::Owned(bytes), 0))
    }

    pub(super) fn new(
        dtype: DType,
        shape: &[usize],
        strides: &[isize],
        memory: Held<'a>,
    ) -> Result<Self> {
        if shape.len() != strides.len() {
            let (axes, given) = (shape.len(), strides.len());
            let message = format!("{axes} axes need {axes} strides, and there are {given}");
            return Err(Error::new(ErrorKind::Argument, message));
        }
        let itemsize = dtype.itemsize();
        let order = file_order(shape, strides, itemsize);
        Ok(Saved {
            layout: Layout::new(shape, strides, itemsize, order),
            dtype,
            shape: Axes::from_slice(shape),
            strides: Axes::from_slice(strides),
            order,
            memory,
        })
    }

    /// The same, for a file that has its elements in C order.
    pub(super) fn saved_in_c(&self) -> Result<Saved<'_>> {
        let mut saved = self.saved()?;
        if saved.order == Order::F {
            if matches!(saved.memory, Held::Stream(_)) {
                let message = "a stream has its elements in Fortran order, and C order is needed";
                return Err(Error::new(ErrorKind::Argument, message));
            }
            let itemsize = saved.dtype.itemsize();
            saved.layout = Layout::new(&saved.shape, &saved.strides, itemsize, Order::C);
            saved.order = Order::C;
        }
        Ok(saved)
    }

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

    /// The order in which a file has its elements.
    #[must_use]
    pub fn order(&self) -> Order {
        self.order
    }

    /// How many bytes its elements have, or their pickle.
    #[must_use]
    pub fn nbytes(&self) -> u64 {
        self.layout.nbytes()
    }
}

impl Savable for Saved<'_> {
    fn saved(&self) -> Result<Saved<'_>> {
        let memory = match &self.memory {
            Held::Bytes(bytes, origin) => Held::Bytes(Cow::Borrowed(bytes), *origin),
            Held::Other(memory) => Held::Other(*memory),
            Held::Stream(stream) => Held::Stream(*stream),
            Held::Pickle(pickle) => Held::Pickle(pickle),
        };
        Ok(Saved {
            dtype: self.dtype.clone(),
            shape: self.shape.clone(),
            strides: self.strides.clone(),
            order: self.order,
            layout: self.layout.clone(),
            memory,
        })
    }
}

impl Savable for Array {
    fn saved(&self) -> Result<Saved<'_>> {
        let (buffer, offset) = self.buffer();
        let memory = Held::Bytes(Cow::Borrowed(buffer), offset);
        Saved::new(self.dtype().clone(), self.shape(), self.strides(), memory)
    }
}

impl Savable for Part<'_> {
    fn saved(&self) -> Result<Saved<'_>> {
        Saved::streamed(self.dtype().clone(), self.shape(), self.order(), self)
    }
}

impl<T: Element> Savable for [T] {
    fn saved(&self) -> Result<Saved<'_>> {
        let dtype = DType::number(T::NUMBER, ByteOrder::NATIVE);
        Saved::of_bytes(dtype, &[self.len()], bytes_of(self))
    }
}

impl<T: Element> Savable for Vec<T> {
    fn saved(&self) -> Result<Saved<'_>> {
        self.as_slice().saved()
    }
}

impl<T: Element, const N: usize> Savable for [T; N] {
    fn saved(&self) -> Result<Saved<'_>> {
        self.as_slice().saved()
    }
}

impl<T: Savable + ?Sized> Savable for &T {
    fn saved(&self) -> Result<Saved<'_>> {
        (**self).saved()
    }
}

pub(super) fn bytes_of<T: Element>(elements: &[T]) -> &[u8] {
    bytemuck::cast_slice(elements)
}
