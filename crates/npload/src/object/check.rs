//! That the pickle of an object array is the array that its header tells.

use npload_pickle::DType as Pickled;

use super::dtype::lengths;
use crate::npy::{Header, tuple_repr};
use crate::{DType, Error, ErrorKind, Order, Result};

impl Header {
    /// Checks the array that a pickle holds behind this header: its shape and order are the
    /// header's, and it holds objects. `StringDType`'s texts may stand where the header says `|O`.
    ///
    /// NumPy checks nothing and returns whatever the pickle holds.
    ///
    /// # Errors
    /// [`ErrorKind::Pickle`] with what both say.
    pub fn check_pickled(&self, dtype: &Pickled, shape: &[u64], fortran: bool) -> Result<()> {
        if lengths(shape).as_deref() != Some(self.shape()) {
            let found = npload_pickle::shape_text(shape);
            let told = tuple_repr(self.shape());
            return Err(differs(format!(
                "has the shape {found}, and its header says {told}"
            )));
        }
        // Of what lies in both orders a header may say either.
        let told = self.order() == Order::F;
        let both = self.size() == 0 || self.shape().iter().filter(|&&len| len > 1).count() < 2;
        if told != fortran && !both {
            let order = |fortran| if fortran { "Fortran" } else { "C" };
            let (found, told) = (order(fortran), order(told));
            return Err(differs(format!(
                "is in {found} order, and its header says {told}"
            )));
        }
        let string = matches!(dtype, Pickled::String { .. }) && *self.dtype() == DType::Object;
        let fine = string || (dtype.holds_objects() && fits(self.dtype(), dtype));
        if !fine {
            let told = self.dtype();
            return Err(differs(format!(
                "holds {dtype}, and its header says {told}"
            )));
        }
        Ok(())
    }
}

/// Whether a header may say `told` of what a pickle calls `dtype`: types of `ml_dtypes` are void to a
/// header. As deep as the header's, which is bounded.
fn fits(told: &DType, dtype: &Pickled) -> bool {
    match (told, dtype) {
        (DType::Void(size), Pickled::MlDtypes(_)) => *size as u64 == dtype.itemsize(),
        (
            DType::Struct(told),
            Pickled::Struct {
                fields, itemsize, ..
            },
        ) => {
            told.itemsize() as u64 == *itemsize
                && told.fields().len() == fields.len()
                && told.fields().iter().zip(fields).all(|(told, field)| {
                    told.name == field.name
                        && told.offset as u64 == field.offset
                        && fits(&told.dtype, &field.dtype)
                })
        }
        (DType::Subarray(told), Pickled::Subarray { base, shape, .. }) => {
            lengths(shape).as_deref() == Some(told.shape()) && fits(told.base(), base)
        }
        _ => DType::try_from(dtype).is_ok_and(|dtype| dtype == *told),
    }
}

#[cold]
fn differs(how: String) -> Error {
    let message = format!(
        "the pickled array {how}: the file was not written by NumPy, or is damaged; write it again"
    );
    Error::new(ErrorKind::Pickle, message)
}
