//! Memory of the caller's as the place where an array goes.

use super::header::Header;
use super::read::Located;
use crate::array::{Element, make_native};
use crate::npy::Head;
use crate::source::Source;
use crate::{Error, ErrorKind, LoadOptions, Result};

impl Header {
    /// Refuses memory that the array does not fit exactly.
    pub(crate) fn check_destination<T: Element>(&self, len: usize) -> Result<()> {
        if !T::is_of(self.dtype()) {
            let asked = std::any::type_name::<T>();
            let message = format!("the elements are {}, not {asked}", self.dtype());
            return Err(Error::new(ErrorKind::Type, message));
        }
        if len != self.size() {
            let message = format!(
                "shape {:?} has {} elements, the memory has {len}",
                self.shape(),
                self.size()
            );
            return Err(Error::new(ErrorKind::Shape, message));
        }
        Ok(())
    }

    /// Refuses memory that has not as many bytes as the array.
    pub(crate) fn check_nbytes(&self, len: usize) -> Result<()> {
        if len != self.nbytes() {
            let message = format!(
                "the array has {} bytes, the memory has {len}",
                self.nbytes()
            );
            return Err(Error::new(ErrorKind::Shape, message));
        }
        Ok(())
    }

    /// Turns elements as the file has them into this machine's byte order.
    pub(crate) fn make_native<T: Element + bytemuck::Pod>(&self, elements: &mut [T]) {
        make_native(self.dtype(), bytemuck::cast_slice_mut(elements));
    }
}

impl Located {
    /// Fills `dest`, which has the array's size.
    pub(crate) fn load_into(
        &self,
        dest: &mut [u8],
        source: &Source,
        len: u64,
        options: &LoadOptions,
    ) -> Result<()> {
        self.checked_nbytes(source, len)?;
        let head = Head::read(source, self.base(), len)?;
        self.fill(dest.into(), source, head.bytes(), options)
    }
}
