//! Copies in C order, made by several threads where there is much to copy.

use npload_buffer::{AlignedBuf, Buffer, Unfilled, Vacant};

use super::{Array, Axes, Order, make_native};
use crate::dtype::ByteOrder;
use crate::source::share;
use crate::{Error, LoadOptions, Result};

/// What a thread copies at a time: two huge pages, so that it is the first to touch them.
const PIECE: usize = 4 << 20;

impl Array {
    /// A copy in memory of its own, at a 64-byte boundary: in C order and this machine's byte order.
    ///
    /// ```
    /// use npload::Order;
    /// let array = npload::load("../../testdata/npy/f8-be-2d-c.npy")?.into_array()?;
    /// let dense = array.to_dense()?;
    /// assert_eq!(dense.to_string(), array.to_string());
    /// assert!(dense.dtype().is_native() && dense.order() == Some(Order::C));
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`](crate::ErrorKind::OutOfMemory).
    pub fn to_dense(&self) -> Result<Array> {
        let copy = match self.contiguous_bytes(Order::C) {
            Some(bytes) => self.copy_bytes(bytes)?,
            None => self.copy_items()?,
        };
        Ok(Array::over(
            self.layout.dtype.with_byteorder(ByteOrder::NATIVE),
            Axes::clone(&self.layout.shape),
            Order::C,
            Buffer::from(copy),
        ))
    }

    fn copy_bytes(&self, bytes: &[u8]) -> Result<AlignedBuf> {
        let dtype = &self.layout.dtype;
        let itemsize = dtype.itemsize().max(1);
        let piece = PIECE
            .saturating_sub(PIECE.checked_rem(itemsize).unwrap_or(0))
            .max(itemsize);
        let copy = |(to, from): (Vacant<'_>, &[u8])| {
            make_native(dtype, to.copy_from(from));
            Ok::<(), Error>(())
        };
        let fill = |memory: Vacant<'_>| {
            let pieces = memory.pieces(piece).zip(bytes.chunks(piece));
            share(threads(bytes.len()), 0, pieces, &copy)
        };
        Unfilled::new(bytes.len()).map_err(no_memory)?.fill(fill)
    }

    fn copy_items(&self) -> Result<AlignedBuf> {
        let mut copy = AlignedBuf::zeroed(self.nbytes()).map_err(no_memory)?;
        #[cfg(feature = "ndarray")]
        if self.copy_turned(&mut copy) {
            make_native(&self.layout.dtype, &mut copy);
            return Ok(copy);
        }
        let places = copy.chunks_exact_mut(self.layout.dtype.itemsize().max(1));
        places
            .zip(self.items())
            .for_each(|(place, item)| place.copy_from_slice(item));
        make_native(&self.layout.dtype, &mut copy);
        Ok(copy)
    }

    /// Copies elements of a power of two bytes by tiles; false, and nothing done, where they are others, or
    /// lie between their boundaries.
    #[cfg(feature = "ndarray")]
    fn copy_turned(&self, copy: &mut [u8]) -> bool {
        match self.layout.dtype.itemsize() {
            1 => self.copy_as::<u8>(copy),
            2 => self.copy_as::<u16>(copy),
            4 => self.copy_as::<u32>(copy),
            8 => self.copy_as::<u64>(copy),
            16 => self.copy_as::<u128>(copy),
            _ => None,
        }
        .is_some()
    }

    #[cfg(feature = "ndarray")]
    fn copy_as<T: bytemuck::Pod + Send + Sync>(&self, copy: &mut [u8]) -> Option<()> {
        use ndarray::{ArrayViewMut, Axis, IxDyn};

        let from = self.borrow::<T>().ok()?;
        let places = bytemuck::try_cast_slice_mut(copy).ok()?;
        let mut to = ArrayViewMut::from_shape(IxDyn(&self.layout.shape), places).ok()?;
        let axes = || {
            self.layout
                .shape
                .iter()
                .zip(&self.layout.strides)
                .enumerate()
        };
        let long = || axes().filter(|(_, (len, _))| **len > 1);
        let slow = long().next().map_or(0, |(axis, _)| axis);
        let fast = long()
            .min_by_key(|(_, (_, stride))| stride.unsigned_abs())?
            .0;
        let len = to.len_of(Axis(slow));
        let each = self.nbytes().checked_div(len)?.max(1);
        let rows = PIECE.checked_div(each)?.clamp(1, len);
        let pieces = to
            .axis_chunks_iter_mut(Axis(slow), rows)
            .zip(from.axis_chunks_iter(Axis(slow), rows));
        let done = share(threads(self.nbytes()), 0, pieces, &|(to, from)| {
            super::tiles::copy(to, &from, fast);
            Ok::<(), ()>(())
        });
        done.ok()
    }
}

fn threads(bytes: usize) -> usize {
    LoadOptions::new().threads_for(bytes as u64)
}

#[cold]
fn no_memory(err: std::io::Error) -> Error {
    Error::io(err, "taking memory for a copy of the array")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DType, Selection};

    fn array(dtype: &str, shape: &[usize], order: Order) -> Array {
        let dtype = DType::parse(dtype).unwrap();
        let nbytes = shape.iter().product::<usize>() * dtype.itemsize();
        let bytes: Vec<u8> = (0..nbytes).map(|i| (i * 7 % 251) as u8).collect();
        Array::from_bytes(dtype, shape, order, bytes.into()).unwrap()
    }

    fn check(array: &Array) {
        let dense = array.to_dense().unwrap();
        assert_eq!(dense.shape(), array.shape());
        assert!(dense.dtype().is_native() && dense.is_contiguous(Order::C));
        assert_eq!(
            dense.to_bytes().unwrap(),
            array.to_native().unwrap().to_bytes().unwrap()
        );
        let (buffer, offset) = dense.buffer();
        assert!(buffer.is_empty() || buffer[offset..].as_ptr().addr() % 64 == 0);
    }

    #[test]
    fn every_layout_has_the_same_elements() {
        for dtype in [
            "<f4", ">f4", ">c16", "u1", ">i2", "S3", ">U2", ">f8,<i2", "V5",
        ] {
            for order in [Order::C, Order::F] {
                check(&array(dtype, &[5, 7, 3], order));
                check(&array(dtype, &[], order));
                check(&array(dtype, &[0, 3], order));
                let part: Selection = "::2, ::-1, 1:".parse().unwrap();
                check(&array(dtype, &[6, 5, 4], order).slice(part).unwrap());
                let one: Selection = "3, ..., None".parse().unwrap();
                check(&array(dtype, &[6, 5, 4], order).slice(one).unwrap());
            }
        }
    }

    #[test]
    fn what_lies_between_boundaries_is_copied_too() {
        let bytes: Vec<u8> = (0..100).collect();
        let buffer = Buffer::from(bytes).slice(1..);
        let dtype = DType::parse("<i4").unwrap();
        check(&Array::from_bytes(dtype.clone(), &[4, 6], Order::C, buffer.clone()).unwrap());
        check(&Array::from_bytes(dtype, &[4, 6], Order::F, buffer).unwrap());
    }

    #[test]
    fn several_threads_copy_what_is_large() {
        for order in [Order::C, Order::F] {
            for dtype in [">i2", "<i2", "S3"] {
                check(&array(dtype, &[3001, 2003], order));
            }
        }
    }
}
