//! Byte order.

use std::sync::Arc;

use super::Array;
use crate::Result;
use crate::dtype::{ByteOrder, DType};

impl Array {
    /// The same values in this machine's byte order: itself if they are so already, else a copy.
    ///
    /// ```
    /// let array = npload::load("../../testdata/npy/f8-be-2d-c.npy")?.into_array()?;
    /// let native = array.to_native()?;
    /// assert_eq!(native.to_string(), array.to_string());
    /// assert!(native.dtype().is_native());
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`](crate::ErrorKind::OutOfMemory).
    pub fn to_native(&self) -> Result<Array> {
        if self.layout.dtype.is_native() {
            return Ok(self.clone());
        }
        let mut copy = self.to_contiguous()?;
        make_native(&self.layout.dtype, copy.bytes_mut()?);
        Arc::make_mut(&mut copy.layout).dtype = self.layout.dtype.with_byteorder(ByteOrder::NATIVE);
        Ok(copy)
    }
}

/// Turns the bytes of elements of this dtype, which lie without gaps, into this machine's order.
pub(crate) fn make_native(dtype: &DType, bytes: &mut [u8]) {
    match dtype {
        DType::Number(number, order) => swap(*order, number.part_size(), bytes),
        DType::Str(_, order) => swap(*order, 4, bytes),
        DType::DateTime(_, order) | DType::TimeDelta(_, order) => swap(*order, 8, bytes),
        DType::Bytes(_) | DType::Void(_) | DType::Object => {}
        DType::Struct(fields) => {
            for item in bytes.chunks_exact_mut(fields.itemsize().max(1)) {
                for field in fields.fields() {
                    let end = field.offset.saturating_add(field.dtype.itemsize());
                    make_native(
                        &field.dtype,
                        item.get_mut(field.offset..end).unwrap_or_default(),
                    );
                }
            }
        }
        DType::Subarray(inner) => make_native(inner.base(), bytes),
    }
}

/// Reverses every `width` bytes, unless `order` is this machine's.
fn swap(order: ByteOrder, width: usize, bytes: &mut [u8]) {
    fn reverse<const N: usize>(bytes: &mut [u8]) {
        let (items, _) = bytes.as_chunks_mut::<N>();
        items.iter_mut().for_each(|item| item.reverse());
    }
    if order == ByteOrder::NATIVE {
        return;
    }
    match width {
        2 => reverse::<2>(bytes),
        4 => reverse::<4>(bytes),
        8 => reverse::<8>(bytes),
        width => bytes
            .chunks_exact_mut(width.max(1))
            .for_each(<[u8]>::reverse),
    }
}
