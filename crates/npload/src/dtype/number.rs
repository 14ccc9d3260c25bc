//! The number types: NumPy's and ml_dtypes'.

use super::platform::LONG_DOUBLE_SIZE;

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
    /// Two [`Number::Float16`].
    Complex32,
    /// Two [`Number::BFloat16`].
    BComplex32,
}

/// Every number type with its kind, its size in bytes and its name, in the order of the enum.
const NUMBERS: &[(Number, char, usize, &str)] = &[
    (Number::Bool, 'b', 1, "bool"),
    (Number::Int8, 'i', 1, "int8"),
    (Number::Int16, 'i', 2, "int16"),
    (Number::Int32, 'i', 4, "int32"),
    (Number::Int64, 'i', 8, "int64"),
    (Number::UInt8, 'u', 1, "uint8"),
    (Number::UInt16, 'u', 2, "uint16"),
    (Number::UInt32, 'u', 4, "uint32"),
    (Number::UInt64, 'u', 8, "uint64"),
    (Number::Float16, 'f', 2, "float16"),
    (Number::Float32, 'f', 4, "float32"),
    (Number::Float64, 'f', 8, "float64"),
    (Number::LongDouble, 'f', LONG_DOUBLE_SIZE, "float128"),
    (Number::Complex64, 'c', 8, "complex64"),
    (Number::Complex128, 'c', 16, "complex128"),
    (Number::CLongDouble, 'c', 2 * LONG_DOUBLE_SIZE, "complex256"),
    (Number::BFloat16, 'V', 2, "bfloat16"),
    (Number::Float8E3M4, 'V', 1, "float8_e3m4"),
    (Number::Float8E4M3, 'V', 1, "float8_e4m3"),
    (Number::Float8E4M3B11Fnuz, 'V', 1, "float8_e4m3b11fnuz"),
    (Number::Float8E4M3Fn, 'V', 1, "float8_e4m3fn"),
    (Number::Float8E4M3Fnuz, 'V', 1, "float8_e4m3fnuz"),
    // The only one of ml_dtypes' that says it is a float.
    (Number::Float8E5M2, 'f', 1, "float8_e5m2"),
    (Number::Float8E5M2Fnuz, 'V', 1, "float8_e5m2fnuz"),
    (Number::Float8E8M0Fnu, 'V', 1, "float8_e8m0fnu"),
    (Number::Float6E2M3Fn, 'V', 1, "float6_e2m3fn"),
    (Number::Float6E3M2Fn, 'V', 1, "float6_e3m2fn"),
    (Number::Float4E2M1Fn, 'V', 1, "float4_e2m1fn"),
    (Number::Int4, 'V', 1, "int4"),
    (Number::UInt4, 'V', 1, "uint4"),
    (Number::Int2, 'V', 1, "int2"),
    (Number::UInt2, 'V', 1, "uint2"),
    (Number::Int1, 'V', 1, "int1"),
    (Number::UInt1, 'V', 1, "uint1"),
    (Number::Complex32, 'W', 4, "complex32"),
    (Number::BComplex32, 'W', 4, "bcomplex32"),
];

impl Number {
    /// Every number type.
    #[cfg(test)]
    pub(crate) fn all() -> impl Iterator<Item = Number> {
        NUMBERS.iter().map(|row| row.0)
    }

    /// The one of this name: `float32`, `bfloat16`. NumPy's other names are [`super::parse`]'s.
    pub(crate) fn from_name(name: &str) -> Option<Number> {
        NUMBERS.iter().find(|row| row.3 == name).map(|row| row.0)
    }

    /// The one of this kind and size, as typestrs write them. `f1` is ml_dtypes' `float8_e5m2`;
    /// its other typestrs (`V1`, `V2`, `W4`) do not tell which type they are.
    pub(crate) fn from_kind(kind: char, itemsize: usize) -> Option<Number> {
        let found = NUMBERS
            .iter()
            .find(|row| row.1 == kind && row.2 == itemsize);
        found
            .map(|row| row.0)
            .filter(|_| !matches!(kind, 'V' | 'W'))
    }

    fn row(self) -> (char, usize, &'static str) {
        // The test below keeps the table in the enum's order and complete.
        let row = NUMBERS.get(self as usize);
        row.map_or(('V', 1, ""), |row| (row.1, row.2, row.3))
    }

    /// Its size in bytes. ml_dtypes' types of fewer than 8 bits take a byte each.
    #[must_use]
    pub fn itemsize(self) -> usize {
        self.row().1
    }

    /// Its name, as NumPy and ml_dtypes have it.
    ///
    /// ```
    /// use npload::Number;
    /// assert_eq!(Number::Complex64.name(), "complex64");
    /// assert_eq!(Number::BFloat16.name(), "bfloat16");
    /// assert_eq!(Number::LongDouble.name(), "float128");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().2
    }

    /// NumPy's kind: `b`, `i`, `u`, `f`, `c`; for ml_dtypes' types `V`, except that it is `f` for
    /// `float8_e5m2` and `W` for the complex ones.
    #[must_use]
    pub fn kind(self) -> char {
        self.row().0
    }

    /// The size of what has a byte order: half of a complex number, else the whole.
    pub(crate) fn part_size(self) -> usize {
        if matches!(self.kind(), 'c' | 'W') {
            self.itemsize() / 2
        } else {
            self.itemsize()
        }
    }

    /// Whether it is one of ml_dtypes' types, which NumPy does not have itself.
    #[must_use]
    pub fn is_ml_dtype(self) -> bool {
        matches!(self.kind(), 'V' | 'W') || self == Number::Float8E5M2
    }

    /// Whether it is one of ml_dtypes' types of one byte.
    pub(crate) fn is_ml_byte(self) -> bool {
        self.is_ml_dtype() && self.itemsize() == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum() {
        for (i, number) in Number::all().enumerate() {
            assert_eq!(number as usize, i);
            assert_eq!(Number::from_name(number.name()), Some(number));
        }
        assert_eq!(NUMBERS.len(), Number::BComplex32 as usize + 1);
    }
}
