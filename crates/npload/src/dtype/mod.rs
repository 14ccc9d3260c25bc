//! What an element is: NumPy's dtype, known at run time.

mod number;
mod structure;

use std::sync::Arc;

pub use number::{ByteOrder, Number};
pub use structure::{Field, Struct, Subarray};

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

/// What a datetime or timedelta counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeUnit {
    /// The unit.
    pub base: TimeBase,
    /// How many of them one count is (25 in `M8[25s]`).
    pub count: i32,
}

/// The units of [`TimeUnit`], as NumPy spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TimeBase {
    Generic,
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    Picosecond,
    Femtosecond,
    Attosecond,
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
            DType::Subarray(s) => s
                .shape
                .iter()
                .fold(s.base.itemsize(), |size, &n| size.saturating_mul(n)),
        }
    }
}
