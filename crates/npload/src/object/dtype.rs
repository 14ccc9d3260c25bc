//! Dtypes as pickles tell them.

use std::sync::Arc;

use npload_pickle::DType as Pickled;

use crate::dtype::{Number, Struct, Subarray};
use crate::{ByteOrder, DType, Error, ErrorKind, Field, Result};

/// The dtype of an array that a pickle holds.
///
/// ```
/// use npload::{DType, pickle::Objects};
/// let dtype = Objects::load(b"cnumpy\ndtype\n(Vf8\nI00\nI01\ntR(I3\nV>\nNNNI-1\nI-1\nI0\ntb.")?;
/// let dtype = match dtype.get(dtype.root()) {
///     npload::pickle::Object::Data(npload::pickle::Data::DType(dtype, _)) => DType::try_from(&**dtype)?,
///     _ => return Ok(()),
/// };
/// assert_eq!(dtype, DType::parse(">f8")?);
/// # Ok::<(), npload::Error>(())
/// ```
impl TryFrom<&Pickled> for DType {
    type Error = Error;

    /// # Errors
    /// [`ErrorKind::DType`] for `StringDType`, whose texts are no bytes, and for what NumPy has not.
    fn try_from(dtype: &Pickled) -> Result<DType> {
        // As deep as the dtype, which its pickle's reader bounds.
        match dtype {
            Pickled::Plain { kind: 'O', .. } => Ok(DType::Object),
            Pickled::Plain { .. } => DType::parse(dtype.to_string().trim_matches('\'')),
            Pickled::MlDtypes(name) => match Number::from_name(name) {
                Some(number) => Ok(DType::number(number, ByteOrder::Little)),
                None => Err(unknown(dtype)),
            },
            Pickled::Subarray { base, shape, .. } => {
                let shape = lengths(shape).ok_or_else(|| unknown(dtype))?;
                let subarray = Subarray::new(DType::try_from(&**base)?, shape)?;
                Ok(DType::Subarray(Arc::new(subarray)))
            }
            Pickled::Struct {
                fields,
                itemsize,
                aligned,
                ..
            } => {
                let fields = fields.iter().map(|field| {
                    Ok(Field {
                        name: field.name.clone(),
                        title: field.title.clone(),
                        dtype: DType::try_from(&*field.dtype)?,
                        offset: usize::try_from(field.offset).map_err(|_| unknown(dtype))?,
                    })
                });
                let fields = fields.collect::<Result<Vec<_>>>()?;
                let itemsize = usize::try_from(*itemsize).map_err(|_| unknown(dtype))?;
                Ok(DType::Struct(Arc::new(Struct::new(
                    fields, itemsize, *aligned,
                )?)))
            }
            _ => Err(unknown(dtype)),
        }
    }
}

/// Lengths as this machine counts.
pub(super) fn lengths(shape: &[u64]) -> Option<Vec<usize>> {
    let lengths = shape.iter().map(|&len| usize::try_from(len).ok());
    lengths.collect()
}

#[cold]
fn unknown(dtype: &Pickled) -> Error {
    let message = format!("the dtype {dtype} has no elements of bytes");
    Error::new(ErrorKind::DType, message)
}
