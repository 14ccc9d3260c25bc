//! What an element is: NumPy's dtype, known at run time.

mod comma;
mod descr;
mod names;
mod number;
mod order;
mod parse;
mod parts;
mod platform;
mod repr;
mod shaped;
mod structure;
mod time;

use std::sync::Arc;

pub use number::{ByteOrder, Number};
pub use structure::{Field, Struct, Subarray};
pub use time::{TimeBase, TimeUnit};

/// The largest dtype, in bytes: NumPy keeps sizes and offsets in a C `int`.
pub(crate) const MAX_ITEMSIZE: usize = i32::MAX as usize;

/// The most dimensions that an array or a subarray has in NumPy.
pub(crate) const MAX_NDIM: usize = 64;

/// What the elements of an array are: NumPy's dtype.
///
/// Dynamic, since a loader must open a file before it knows what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DType {
    /// A bool, an integer, a float, a complex number, or one of ml_dtypes' types.
    Number(Number, ByteOrder),
    /// `S`: bytes of a fixed length, in bytes; trailing NULs do not count.
    Bytes(usize),
    /// `U`: UTF-32 text of a fixed length, in code points (4 bytes each); trailing NULs do not
    /// count. It may hold what no Rust `char` can.
    Str(usize, ByteOrder),
    /// `V`: bytes without a meaning.
    Void(usize),
    /// `M8`: a 64-bit count of units since 1970.
    DateTime(TimeUnit, ByteOrder),
    /// `m8`: a 64-bit count of units.
    TimeDelta(TimeUnit, ByteOrder),
    /// `O`: Python objects.
    Object,
    /// Named fields at fixed offsets.
    Struct(Arc<Struct>),
    /// A fixed-shape array as one element: a field's type, or a whole array's, whose shape then grows by it.
    Subarray(Arc<Subarray>),
}

impl DType {
    /// The size of one element in bytes.
    ///
    /// ```
    /// use npload::{ByteOrder, DType, Number};
    /// assert_eq!(DType::Number(Number::Float64, ByteOrder::Big).itemsize(), 8);
    /// assert_eq!(DType::Str(3, ByteOrder::Little).itemsize(), 12);
    /// ```
    #[must_use]
    pub fn itemsize(&self) -> usize {
        match self {
            DType::Number(number, _) => number.itemsize(),
            DType::Bytes(len) | DType::Void(len) => *len,
            // The parser admits no text, struct or subarray over i32::MAX bytes, as NumPy does not.
            DType::Str(len, _) => len.saturating_mul(4),
            DType::DateTime(..) | DType::TimeDelta(..) => 8,
            DType::Object => size_of::<usize>(),
            DType::Struct(s) => s.itemsize,
            DType::Subarray(s) if s.shape.contains(&0) => 0,
            DType::Subarray(s) => s
                .shape
                .iter()
                .fold(s.base.itemsize(), |size, &n| size.saturating_mul(n)),
        }
    }

    /// Where its elements should lie: at multiples of so many bytes. NumPy's `dtype.alignment` on
    /// x86-64 Linux: 1 for a struct that was not made with `align=True`.
    #[must_use]
    pub fn alignment(&self) -> usize {
        match self {
            DType::Number(number, _) => number.part_size(),
            DType::Bytes(_) | DType::Void(_) => 1,
            DType::Str(..) => 4,
            DType::DateTime(..) | DType::TimeDelta(..) => 8,
            DType::Object => align_of::<usize>(),
            DType::Struct(s) if s.aligned => s
                .fields
                .iter()
                .map(|field| field.dtype.alignment())
                .max()
                .unwrap_or(1),
            DType::Struct(_) => 1,
            DType::Subarray(s) => s.base.alignment(),
        }
    }

    /// NumPy's `dtype.kind`: `b`, `i`, `u`, `f`, `c`, `m`, `M`, `O`, `S`, `U`, `V`.
    #[must_use]
    pub fn kind(&self) -> char {
        match self {
            DType::Number(number, _) => number.kind(),
            DType::Bytes(_) => 'S',
            DType::Str(..) => 'U',
            DType::Void(_) | DType::Struct(_) | DType::Subarray(_) => 'V',
            DType::DateTime(..) => 'M',
            DType::TimeDelta(..) => 'm',
            DType::Object => 'O',
        }
    }

    /// Whether there are Python objects in it, alone or in a field.
    #[must_use]
    pub fn has_object(&self) -> bool {
        match self {
            DType::Object => true,
            DType::Struct(s) => s.fields.iter().any(|field| field.dtype.has_object()),
            DType::Subarray(s) => s.base.has_object(),
            _ => false,
        }
    }

    /// Whether one of ml_dtypes' types is anywhere in it.
    ///
    /// ```
    /// assert!(npload::DType::parse("f4,bfloat16")?.has_ml_dtype());
    /// # Ok::<(), npload::Error>(())
    /// ```
    #[must_use]
    pub fn has_ml_dtype(&self) -> bool {
        match self {
            DType::Number(number, _) => number.is_ml_dtype(),
            DType::Struct(s) => s.fields.iter().any(|field| field.dtype.has_ml_dtype()),
            DType::Subarray(s) => s.base.has_ml_dtype(),
            _ => false,
        }
    }

    /// Its fields, if it is a struct.
    ///
    /// ```
    /// let dtype: npload::DType = "f4,S3".parse()?;
    /// let fields = dtype.fields().unwrap();
    /// assert_eq!((fields[1].name.as_str(), fields[1].offset), ("f1", 4));
    /// # Ok::<(), npload::Error>(())
    /// ```
    #[must_use]
    pub fn fields(&self) -> Option<&[Field]> {
        match self {
            DType::Struct(s) => Some(s.fields()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
