//! Elements as values that can be compared, without a loss.

use npload::half::{bf16, f16};
use npload::{ByteOrder, DType, Element, Number, Value};

/// A real number as it is.
#[derive(Clone, Copy)]
pub(super) enum Real {
    Whole(i128),
    Float(f64),
}

impl Real {
    #[expect(clippy::cast_precision_loss, reason = "compared exactly before")]
    pub(super) fn as_f64(self) -> f64 {
        match self {
            Real::Whole(value) => value as f64,
            Real::Float(value) => value,
        }
    }

    /// The integer that it is.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "within the bounds of an i128"
    )]
    pub(super) fn as_whole(self) -> Option<i128> {
        const MOST: f64 = 1e38;
        match self {
            Real::Whole(value) => Some(value),
            Real::Float(value) => {
                (value.trunc() == value && value.abs() < MOST).then_some(value as i128)
            }
        }
    }
}

pub(super) fn is_complex(number: Number) -> bool {
    matches!(number.kind(), 'c' | 'W')
}

pub(super) fn is_whole(number: Number) -> bool {
    use Number::{Bool, Int1, Int2, Int4, UInt1, UInt2, UInt4};
    matches!(number.kind(), 'i' | 'u')
        || matches!(number, Bool | Int1 | Int2 | Int4 | UInt1 | UInt2 | UInt4)
}

/// Elements one by one.
pub(super) fn values<'a>(
    (dtype, bytes): (&'a DType, &'a [u8]),
) -> impl Iterator<Item = Value> + 'a {
    let items = bytes.chunks_exact(dtype.itemsize().max(1));
    items.filter_map(|item| Value::decode(dtype, item).ok())
}

pub(super) fn whole((dtype, bytes): (&DType, &[u8])) -> Vec<i128> {
    macro_rules! decoded {
        ($type:ty) => {
            appended::<$type>(dtype, bytes)
                .into_iter()
                .map(i128::from)
                .collect()
        };
    }
    match dtype {
        DType::Number(Number::Int8, _) => decoded!(i8),
        DType::Number(Number::Int16, _) => decoded!(i16),
        DType::Number(Number::Int32, _) => decoded!(i32),
        DType::Number(Number::Int64, _) => decoded!(i64),
        DType::Number(Number::UInt8, _) => decoded!(u8),
        DType::Number(Number::UInt16, _) => decoded!(u16),
        DType::Number(Number::UInt32, _) => decoded!(u32),
        DType::Number(Number::UInt64, _) => decoded!(u64),
        _ => {
            let value = |value: Value| {
                let unsigned = value.as_u64().map(i128::from);
                unsigned.or(value.as_i64().map(i128::from)).unwrap_or(0)
            };
            values((dtype, bytes)).map(value).collect()
        }
    }
}

pub(super) fn reals((dtype, bytes): (&DType, &[u8])) -> Vec<Real> {
    macro_rules! decoded {
        ($type:ty) => {
            appended::<$type>(dtype, bytes)
                .into_iter()
                .map(|value| Real::Float(value.into()))
                .collect()
        };
    }
    match dtype {
        DType::Number(Number::Float16, _) => decoded!(f16),
        DType::Number(Number::BFloat16, _) => decoded!(bf16),
        DType::Number(Number::Float32, _) => decoded!(f32),
        DType::Number(Number::Float64, _) => decoded!(f64),
        DType::Number(number, _) if is_whole(*number) => {
            whole((dtype, bytes)).into_iter().map(Real::Whole).collect()
        }
        _ => values((dtype, bytes))
            .map(|value| Real::Float(value.as_f64().unwrap_or(f64::NAN)))
            .collect(),
    }
}

fn appended<T: Element>(dtype: &DType, bytes: &[u8]) -> Vec<T> {
    let order = dtype.byteorder().unwrap_or(ByteOrder::NATIVE);
    let mut values = Vec::with_capacity(bytes.len().checked_div(size_of::<T>()).unwrap_or(0));
    T::append(&mut values, bytes, order);
    values
}
