//! What `(dtype, …)` is: a subarray, a sized type, or a type with something to ignore.

use std::sync::Arc;

use super::{DType, MAX_ITEMSIZE, Subarray};
use crate::npy::literal::Literal;
use crate::{Error, ErrorKind, Result, Warning};

#[cold]
fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::DType, message.into())
}

impl DType {
    /// What NumPy's `dtype((self, second))` is.
    ///
    /// - A shape (`3`, `(2, 3)`, `[2, 3]`) makes a subarray; `()` changes nothing.
    /// - `S`, `U` and `V` without a size take an integer as their size.
    /// - A dtype of the same size (a string, or `None` for float64) changes nothing: NumPy keeps
    ///   the first one. Where it would put fields over a type, this is an error.
    /// - A dictionary of metadata, as h5py makes them, is ignored with a warning; NumPy refuses it.
    pub(super) fn shaped(self, second: &Literal, warnings: &mut Vec<Warning>) -> Result<DType> {
        match second {
            Literal::Str(text) => match DType::parse(text) {
                Ok(other) => self.united(&other),
                Err(_) => Err(self.no_shape(second)),
            },
            Literal::None => self.united(&DType::parse("float64")?),
            Literal::Dict(pairs) if pairs.iter().all(|(key, _)| matches!(key, Literal::Str(_))) => {
                if is_fields(pairs) {
                    return Err(invalid(
                        "a dtype with the fields of another one is not supported",
                    ));
                }
                warnings.push(Warning::MetadataIgnored);
                Ok(self)
            }
            Literal::Int(size) if self.is_unsized() => self.sized(*size),
            _ if self.is_unsized() => Err(self.no_shape(second)),
            Literal::Int(n) => self.repeated(std::slice::from_ref(&Literal::Int(*n)), second),
            Literal::Tuple(items) if items.is_empty() => Ok(self),
            Literal::List(items) if items.is_empty() => Err(self.no_shape(second)),
            Literal::Tuple(items) | Literal::List(items) => self.repeated(items, second),
            _ => Err(self.no_shape(second)),
        }
    }

    /// NumPy's `PyDataType_ISUNSIZED`: a size of 0, and no struct.
    fn is_unsized(&self) -> bool {
        self.itemsize() == 0 && !matches!(self, DType::Struct(_))
    }

    #[cold]
    fn no_shape(&self, second: &Literal) -> Error {
        invalid(if self.is_unsized() {
            format!("invalid itemsize in generic type tuple: {second}")
        } else {
            format!("invalid shape in fixed-type tuple: {second}")
        })
    }

    fn sized(self, size: i128) -> Result<DType> {
        let size = usize::try_from(size)
            .ok()
            .filter(|&size| size <= MAX_ITEMSIZE);
        match (&self, size) {
            (DType::Bytes(_), Some(size)) => Ok(DType::Bytes(size)),
            (DType::Void(_), Some(size)) => Ok(DType::Void(size)),
            (DType::Str(_, order), Some(size)) if size <= MAX_ITEMSIZE / 4 => {
                Ok(DType::Str(size, *order))
            }
            _ => Err(invalid("invalid itemsize in generic type tuple")),
        }
    }

    fn repeated(self, dims: &[Literal], second: &Literal) -> Result<DType> {
        let mut shape = Vec::with_capacity(dims.len());
        for dim in dims {
            match dim {
                Literal::Int(n) if *n < 0 => {
                    return Err(invalid(format!(
                        "invalid shape in fixed-type tuple: dimension smaller than zero: {second}"
                    )));
                }
                Literal::Int(n) => shape.push(usize::try_from(*n).unwrap_or(usize::MAX)),
                _ => return Err(self.no_shape(second)),
            }
        }
        Ok(DType::Subarray(Arc::new(Subarray::new(self, shape)?)))
    }

    /// This type, where the other one has the same size.
    fn united(self, other: &DType) -> Result<DType> {
        if self.has_object() || other.has_object() {
            return Err(invalid(
                "dtypes of the form (old_dtype, new_dtype) containing the object dtype are not supported",
            ));
        }
        if matches!(other, DType::Struct(_)) {
            return Err(invalid(
                "a dtype with the fields of another one is not supported",
            ));
        }
        let size = other.itemsize();
        match &self {
            DType::Bytes(0) => Ok(DType::Bytes(size)),
            DType::Void(0) => Ok(DType::Void(size)),
            DType::Str(0, order) if size.is_multiple_of(4) => Ok(DType::Str(size / 4, *order)),
            _ if self.itemsize() == size => Ok(self),
            _ => Err(invalid(format!(
                "mismatch in size of old and new data-descriptor: {} and {size}",
                self.itemsize()
            ))),
        }
    }
}

/// Whether a dictionary describes fields, as `numpy.dtype` takes them, and not metadata.
fn is_fields(pairs: &[(Literal, Literal)]) -> bool {
    let formats = pairs
        .iter()
        .any(|(key, _)| *key == Literal::Str("formats".into()));
    let mut entries = pairs.iter().map(|(_, value)| value);
    let all = entries.all(|value| {
        matches!(value, Literal::Tuple(items)
            if matches!(items.as_slice(), [_, Literal::Int(_)] | [_, Literal::Int(_), _]))
    });
    formats || (all && !pairs.is_empty())
}
