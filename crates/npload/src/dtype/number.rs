//! The number types: NumPy's and ml_dtypes'.

/// Which byte of a number comes first. One-byte types are always [`ByteOrder::NATIVE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// The lowest (`<`).
    Little,
    /// The highest (`>`).
    Big,
}

impl ByteOrder {
    /// This machine's.
    pub const NATIVE: ByteOrder = if cfg!(target_endian = "little") {
        ByteOrder::Little
    } else {
        ByteOrder::Big
    };

    /// The other one.
    #[must_use]
    pub fn swapped(self) -> Self {
        match self {
            ByteOrder::Little => ByteOrder::Big,
            ByteOrder::Big => ByteOrder::Little,
        }
    }
}

/// A number type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are NumPy's and ml_dtypes'")]
pub enum Number {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float16,
    Float32,
    Float64,
    /// The platform's `long double` (`float128`, `float96` in NumPy): bytes whose format the file does not tell.
    LongDouble,
    Complex64,
    Complex128,
    /// Two [`Number::LongDouble`].
    CLongDouble,
    BFloat16,
    Float8E3M4,
    Float8E4M3,
    Float8E4M3B11Fnuz,
    Float8E4M3Fn,
    Float8E4M3Fnuz,
    Float8E5M2,
    Float8E5M2Fnuz,
    Float8E8M0Fnu,
    Float6E2M3Fn,
    Float6E3M2Fn,
    Float4E2M1Fn,
    Int4,
    UInt4,
    Int2,
    UInt2,
    Int1,
    UInt1,
}

impl Number {
    /// Its size in bytes. ml_dtypes' types of fewer than 8 bits take a byte each.
    #[must_use]
    pub fn itemsize(self) -> usize {
        match self {
            Number::Int16 | Number::UInt16 | Number::Float16 | Number::BFloat16 => 2,
            Number::Int32 | Number::UInt32 | Number::Float32 => 4,
            Number::Int64 | Number::UInt64 | Number::Float64 | Number::Complex64 => 8,
            Number::LongDouble | Number::Complex128 => 16,
            Number::CLongDouble => 32,
            _ => 1,
        }
    }
}
