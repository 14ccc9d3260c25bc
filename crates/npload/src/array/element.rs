//! The Rust types of elements.

use bytemuck::{CheckedBitPattern, NoUninit};
use half::{bf16, f16};
use num_complex::Complex;

use crate::dtype::{ByteOrder, DType, Number};

mod sealed {
    pub trait Sealed {}
}

/// A Rust type that elements can be borrowed or copied as: `bool`, the integers, `f32`, `f64`,
/// [`half`]'s `f16` and `bf16`, and complex numbers of `f32` and `f64`.
///
/// `i64` also stands for datetimes and timedeltas (their counts), `u8` for ml_dtypes' types of a
/// byte or less (their bits).
pub trait Element: CheckedBitPattern + NoUninit + sealed::Sealed + Send + Sync {
    /// Its number type.
    const NUMBER: Number;

    /// The value that bytes in this order stand for. `bytes` must be as many as it has.
    #[doc(hidden)]
    fn from_order(bytes: &[u8], order: ByteOrder) -> Option<Self>;

    /// Appends the values that bytes in this order stand for.
    #[doc(hidden)]
    fn append(values: &mut Vec<Self>, bytes: &[u8], order: ByteOrder) {
        let items = bytes.chunks_exact(size_of::<Self>());
        values.extend(items.filter_map(|item| Self::from_order(item, order)));
    }

    /// Whether elements of this dtype are such values, whatever their byte order.
    #[must_use]
    fn is_of(dtype: &DType) -> bool {
        match dtype {
            DType::Number(number, _) if *number == Self::NUMBER => true,
            DType::Number(number, _) => Self::NUMBER == Number::UInt8 && number.is_ml_byte(),
            DType::DateTime(..) | DType::TimeDelta(..) => Self::NUMBER == Number::Int64,
            _ => false,
        }
    }
}

macro_rules! elements {
    ($($type:ty: $number:ident;)*) => {$(
        impl sealed::Sealed for $type {}
        impl Element for $type {
            const NUMBER: Number = Number::$number;

            fn from_order(bytes: &[u8], order: ByteOrder) -> Option<Self> {
                let bytes = bytes.try_into().ok()?;
                Some(match order {
                    ByteOrder::Little => <$type>::from_le_bytes(bytes),
                    ByteOrder::Big => <$type>::from_be_bytes(bytes),
                })
            }

            // Without a branch for each item, so that the compiler makes vectors of it.
            fn append(values: &mut Vec<Self>, bytes: &[u8], order: ByteOrder) {
                let (items, _) = bytes.as_chunks();
                match order {
                    ByteOrder::Little => {
                        values.extend(items.iter().map(|item| <$type>::from_le_bytes(*item)));
                    }
                    ByteOrder::Big => {
                        values.extend(items.iter().map(|item| <$type>::from_be_bytes(*item)));
                    }
                }
            }
        }
    )*};
}

elements! {
    i8: Int8;
    i16: Int16;
    i32: Int32;
    i64: Int64;
    u8: UInt8;
    u16: UInt16;
    u32: UInt32;
    u64: UInt64;
    f16: Float16;
    bf16: BFloat16;
    f32: Float32;
    f64: Float64;
}

impl sealed::Sealed for bool {}
impl Element for bool {
    const NUMBER: Number = Number::Bool;

    /// Any byte but 0 is true, as in NumPy.
    fn from_order(bytes: &[u8], _: ByteOrder) -> Option<Self> {
        Some(*bytes.first()? != 0)
    }
}

macro_rules! complex_elements {
    ($($part:ty: $number:ident;)*) => {$(
        impl sealed::Sealed for Complex<$part> {}
        impl Element for Complex<$part> {
            const NUMBER: Number = Number::$number;

            fn from_order(bytes: &[u8], order: ByteOrder) -> Option<Self> {
                let (re, im) = bytes.split_at_checked(size_of::<$part>())?;
                Some(Complex::new(
                    <$part>::from_order(re, order)?,
                    <$part>::from_order(im, order)?,
                ))
            }
        }
    )*};
}

complex_elements! {
    f32: Complex64;
    f64: Complex128;
}
