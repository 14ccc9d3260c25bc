//! Numeric arrays among objects.

use npload_pickle::{NdArray, NdData, ObjectRef};

use super::dtype::lengths;
use crate::{Array, DType, Error, ErrorKind, Order, Result};

/// The numeric array that a pickle holds, over the pickle's own memory.
///
/// Its bytes lie where the pickle has them, so that [`Array::view`] may miss the alignment that it
/// needs: [`Array::to_ndarray`] copies. Big-endian stays so, where NumPy would swap.
impl TryFrom<&NdArray<'_>> for Array {
    type Error = Error;

    /// # Errors
    /// [`ErrorKind::ObjectArray`] for arrays of objects; [`ErrorKind::DType`], [`ErrorKind::Shape`]
    /// for what this library has not.
    fn try_from(array: &NdArray<'_>) -> Result<Array> {
        let NdData::Bytes(bytes) = &array.data else {
            let message =
                "an array of Python objects inside of a pickle: its elements are no bytes";
            return Err(Error::new(ErrorKind::ObjectArray, message));
        };
        let order = match array.fortran {
            true => Order::F,
            false => Order::C,
        };
        let shape = lengths(array.shape)
            .ok_or_else(|| Error::new(ErrorKind::Shape, "an array that is larger than memory"))?;
        let dtype = DType::try_from(&**array.dtype)?;
        if matches!(dtype, DType::Subarray(_)) {
            let message = format!("an array has no elements of the dtype {dtype}");
            return Err(Error::new(ErrorKind::DType, message));
        }
        let whole = Array::from_bytes(dtype, &shape, order, bytes.clone())?;
        Ok(match array.axes {
            Some(axes) => whole.transpose(axes),
            None => whole,
        })
    }
}

/// As that of an [`NdArray`].
impl TryFrom<ObjectRef<'_>> for Array {
    type Error = Error;

    /// # Errors
    /// As there; [`ErrorKind::Type`] for what is no array.
    fn try_from(object: ObjectRef<'_>) -> Result<Array> {
        match object.array() {
            Some(array) => Array::try_from(&array),
            None => {
                let message = format!("an ndarray expected, {} found", object.get().type_name());
                Err(Error::new(ErrorKind::Type, message))
            }
        }
    }
}
