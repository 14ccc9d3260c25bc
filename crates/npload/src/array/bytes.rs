//! An array's bytes, borrowed or copied.

use npload_buffer::{AlignedBuf, Buffer};

use super::{Array, Order};
use crate::{Error, ErrorKind, Result};

impl Array {
    /// Its bytes, if its elements lie in `order` without gaps.
    #[must_use]
    pub fn contiguous_bytes(&self, order: Order) -> Option<&[u8]> {
        if !self.is_contiguous(order) {
            return None;
        }
        self.data
            .get(self.offset..self.offset.saturating_add(self.nbytes()))
    }

    /// Its bytes in C order, copied.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`].
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let reserved = bytes.try_reserve_exact(self.nbytes());
        reserved.map_err(|e| Error::new(ErrorKind::OutOfMemory, e.to_string()))?;
        match self.contiguous_bytes(Order::C) {
            Some(all) => bytes.extend_from_slice(all),
            None => self.items().for_each(|item| bytes.extend_from_slice(item)),
        }
        Ok(bytes)
    }

    /// The memory that holds its elements, shared, and the byte in it where the element of index
    /// 0, 0, … starts.
    #[must_use]
    pub fn buffer(&self) -> (&Buffer, usize) {
        (&self.data, self.offset)
    }

    /// The same, given away: nothing else holds the memory for this array then.
    #[must_use]
    pub fn into_buffer(self) -> (Buffer, usize) {
        (self.data, self.offset)
    }

    /// Its bytes for writing, in the order in which they lie. If others share the memory, or it may
    /// not be written, the elements are first copied to memory of its own, in C order. A
    /// [`MmapMode::ReadWrite`](crate::MmapMode::ReadWrite) mapping that nothing else shares writes
    /// to its file.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`].
    pub fn bytes_mut(&mut self) -> Result<&mut [u8]> {
        if self.order().is_none() || !self.data.is_writable() || self.data.get_mut().is_none() {
            *self = self.to_contiguous()?;
        }
        let nbytes = self.nbytes();
        let end = self.offset.saturating_add(nbytes);
        Ok(self
            .data
            .get_mut()
            .and_then(|all| all.get_mut(self.offset..end))
            .unwrap_or_default())
    }

    /// A copy in memory of its own, in C order.
    pub(crate) fn to_contiguous(&self) -> Result<Array> {
        let copying = |e| Error::io(e, "taking memory for a copy of the array");
        let mut copy = AlignedBuf::zeroed(self.nbytes()).map_err(copying)?;
        let itemsize = self.layout.dtype.itemsize();
        match self.contiguous_bytes(Order::C) {
            Some(bytes) => copy.copy_from_slice(bytes),
            None if itemsize == 0 => {}
            None => {
                let places = copy.chunks_exact_mut(itemsize);
                places
                    .zip(self.items())
                    .for_each(|(place, item)| place.copy_from_slice(item));
            }
        }
        Ok(Array::over(
            self.layout.dtype.clone(),
            self.layout.shape.clone(),
            Order::C,
            copy.into(),
        ))
    }
}
