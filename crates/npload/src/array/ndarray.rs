//! Arrays as arrays of the `ndarray` crate.

use ::ndarray::{
    Array as NdArray, ArrayD, ArrayView, ArrayViewD, Axis, Dimension, IxDyn, ShapeBuilder,
};
use bytemuck::checked::CheckedCastError;
use bytemuck::{CheckedBitPattern, NoUninit};
use npload_buffer::advise_huge_pages;

use super::{Array, Element, Order};
use crate::dtype::ByteOrder;
use crate::{Error, ErrorKind, Result};

impl Array {
    /// Its elements, borrowed: no copy.
    ///
    /// ```
    /// let array = npload::load("../../testdata/npy/f8-le-2d-c.npy")?.into_array()?;
    /// let view = array.view::<f64>()?;
    /// assert_eq!(view.shape(), array.shape());
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Type`] when the elements are something else; [`ErrorKind::View`] when they are
    /// in the other byte order, misaligned (a field of a packed struct, a mapped member of an
    /// archive), or, for `bool`, bytes other than 0 and 1. [`Array::to_ndarray`] copes with all of
    /// [`ErrorKind::View`].
    pub fn view<T: Element>(&self) -> Result<ArrayViewD<'_, T>> {
        self.check_type::<T>()?;
        if !self.layout.dtype.is_native() {
            return Err(cannot_borrow(format!(
                "the elements are {}, not in this machine's byte order",
                self.layout.dtype
            )));
        }
        self.borrow()
    }

    /// Its elements as values of that size, whatever their type and byte order.
    pub(super) fn borrow<T: CheckedBitPattern + NoUninit>(&self) -> Result<ArrayViewD<'_, T>> {
        if self.size() == 0 {
            return ArrayView::from_shape(IxDyn(&self.layout.shape), &[])
                .map_err(|why| cannot_borrow(why.to_string()));
        }
        // ndarray takes the lowest address and positive strides; reversed axes are turned afterwards.
        let mut lowest = self.offset;
        let mut extent = size_of::<T>();
        let mut strides = Vec::with_capacity(self.ndim());
        for (&len, &stride) in self.layout.shape.iter().zip(&self.layout.strides) {
            let span = len.saturating_sub(1).saturating_mul(stride.unsigned_abs());
            extent = extent.saturating_add(span);
            if stride < 0 {
                lowest = lowest.saturating_sub(span);
            }
            let elements = stride
                .unsigned_abs()
                .checked_div(size_of::<T>())
                .unwrap_or(0);
            if elements.saturating_mul(size_of::<T>()) != stride.unsigned_abs() && len > 1 {
                return Err(cannot_borrow(format!(
                    "the stride of {stride} bytes is no multiple of the element's {}",
                    size_of::<T>()
                )));
            }
            strides.push(if len > 1 { elements } else { 1 });
        }
        let bytes = self.data.get(lowest..lowest.saturating_add(extent));
        let elements: &[T] = bytemuck::checked::try_cast_slice(bytes.unwrap_or_default())
            .map_err(|why| cannot_borrow(why_not(why).to_owned()))?;
        let shape = IxDyn(&self.layout.shape).strides(IxDyn(&strides));
        let mut view =
            ArrayView::from_shape(shape, elements).map_err(|why| cannot_borrow(why.to_string()))?;
        for (axis, (&len, &stride)) in self
            .layout
            .shape
            .iter()
            .zip(&self.layout.strides)
            .enumerate()
        {
            if stride < 0 && len > 1 {
                view.invert_axis(Axis(axis));
            }
        }
        Ok(view)
    }

    /// Its elements, borrowed, as an array of a fixed number of axes: `view_dim::<f32, Ix2>()`.
    ///
    /// # Errors
    /// As [`Array::view`], and [`ErrorKind::Shape`] when it has another number of axes.
    pub fn view_dim<T: Element, D: Dimension>(&self) -> Result<ArrayView<'_, T, D>> {
        self.check_ndim::<D>()?;
        self.view()?
            .into_dimensionality()
            .map_err(|why| cannot_borrow(why.to_string()))
    }

    /// Its elements, copied, in this machine's byte order; in Fortran order if they are so here.
    ///
    /// ```
    /// let array = npload::load("../../testdata/npy/f8-be-2d-c.npy")?.into_array()?;
    /// assert!(array.view::<f64>().is_err());
    /// assert_eq!(array.to_ndarray::<f64>()?.shape(), array.shape());
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Type`] when the elements are something else: numbers are never converted.
    pub fn to_ndarray<T: Element>(&self) -> Result<ArrayD<T>> {
        self.check_type::<T>()?;
        let order = match self.order() {
            Some(Order::F) => Order::F,
            _ => Order::C,
        };
        let mut elements: Vec<T> = Vec::new();
        let reserved = elements.try_reserve_exact(self.size());
        reserved.map_err(|e| Error::new(ErrorKind::OutOfMemory, e.to_string()))?;
        advise_huge_pages(elements.spare_capacity_mut());
        let byteorder = self.layout.dtype.byteorder().unwrap_or(ByteOrder::NATIVE);
        match self.contiguous_bytes(order) {
            Some(bytes) => T::append(&mut elements, bytes, byteorder),
            None => elements.extend(
                self.items()
                    .filter_map(|item| T::from_order(item, byteorder)),
            ),
        }
        let shape = IxDyn(&self.layout.shape);
        let made = match order {
            Order::C => NdArray::from_shape_vec(shape, elements),
            Order::F => NdArray::from_shape_vec(shape.f(), elements),
        };
        made.map_err(|why| Error::new(ErrorKind::Shape, why.to_string()))
    }

    /// Its elements, copied, as an array of a fixed number of axes: `to_ndarray_dim::<f32, Ix2>()`.
    ///
    /// # Errors
    /// As [`Array::to_ndarray`], and [`ErrorKind::Shape`] when it has another number of axes.
    pub fn to_ndarray_dim<T: Element, D: Dimension>(&self) -> Result<NdArray<T, D>> {
        self.check_ndim::<D>()?;
        let array = self.to_ndarray()?.into_dimensionality();
        array.map_err(|why| Error::new(ErrorKind::Shape, why.to_string()))
    }

    fn check_type<T: Element>(&self) -> Result<()> {
        if T::is_of(&self.layout.dtype) {
            return Ok(());
        }
        let asked = std::any::type_name::<T>();
        let message = format!("the elements are {}, not {asked}", self.layout.dtype);
        Err(Error::new(ErrorKind::Type, message))
    }

    fn check_ndim<D: Dimension>(&self) -> Result<()> {
        match D::NDIM {
            Some(ndim) if ndim != self.ndim() => {
                let message = format!("{ndim} axes asked for, the shape is {:?}", self.shape());
                Err(Error::new(ErrorKind::Shape, message))
            }
            _ => Ok(()),
        }
    }
}

#[cold]
fn cannot_borrow(why: String) -> Error {
    Error::new(
        ErrorKind::View,
        format!("cannot borrow the elements: {why}; use to_ndarray, which copies"),
    )
}

/// What keeps bytes from being values of a type.
fn why_not(error: CheckedCastError) -> &'static str {
    match error {
        CheckedCastError::InvalidBitPattern => "some bytes are no values of that type",
        CheckedCastError::PodCastError(_) => "they are not aligned for that type",
    }
}
