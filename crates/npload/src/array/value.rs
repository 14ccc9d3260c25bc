//! One element, owned.

use std::borrow::Cow;
use std::sync::Arc;

use half::f16;
use num_complex::Complex;

use super::decode::LongDouble;
use super::text::Text;
use crate::dtype::{DType, Number, Struct, Subarray, TimeUnit};

/// One element of an array, whatever its kind, on its own.
///
/// Numbers keep their precision, since it decides how they print: [`Display`](std::fmt::Display)
/// writes what Python's `str` says of NumPy's scalar.
///
/// ```
/// use npload::{ByteOrder, DType, Number, Value};
/// let third = DType::Number(Number::Float32, ByteOrder::Little);
/// let value = Value::decode(&third, &(1f32 / 3.0).to_le_bytes())?;
/// assert_eq!(value.as_f64(), Some(0.3333333432674408));
/// assert_eq!(value.to_string(), "0.33333334");
/// # Ok::<(), npload::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `?`. Any byte but 0 is true.
    Bool(bool),
    /// A signed integer of any width, ml_dtypes' too.
    Int(i64),
    /// An unsigned integer of any width, ml_dtypes' too.
    UInt(u64),
    /// `f2`.
    Float16(f16),
    /// `f4`.
    Float32(f32),
    /// `f8`.
    Float64(f64),
    /// `g`, 16 bytes of which 10 count.
    LongDouble(LongDouble),
    /// A float of ml_dtypes: which, and its value, which is exact in an `f32`.
    MlFloat(Number, f32),
    /// A complex number of ml_dtypes: which, and its value.
    MlComplex(Number, Complex<f32>),
    /// `c8`.
    Complex64(Complex<f32>),
    /// `c16`.
    Complex128(Complex<f64>),
    /// `G`.
    CLongDouble(Complex<LongDouble>),
    /// `S`, without its trailing NULs.
    Bytes(Vec<u8>),
    /// `U`, without its trailing NULs.
    Str(Text),
    /// `V` without fields.
    Void(Vec<u8>),
    /// `M8`: so many units since 1970, or [`Value::NAT`].
    DateTime(i64, TimeUnit),
    /// `m8`: so many units, or [`Value::NAT`].
    TimeDelta(i64, TimeUnit),
    /// `V` with fields.
    Struct(Record),
    /// A field of a fixed shape.
    Array(Nested),
}

/// The fields of one element of a structured dtype.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub(super) dtype: Arc<Struct>,
    pub(super) values: Vec<Value>,
}

/// One element of a subarray dtype: a small array.
#[derive(Clone, Debug, PartialEq)]
pub struct Nested {
    pub(super) dtype: Arc<Subarray>,
    pub(super) values: Vec<Value>,
}

impl Value {
    /// The count that means "not a time" in datetimes and timedeltas.
    pub const NAT: i64 = i64::MIN;

    /// The number as an `f64`, if it is real: rounded where an `f64` is too small for it. A bool
    /// is 0 or 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "documented")]
    pub fn as_f64(&self) -> Option<f64> {
        Some(match self {
            Value::Bool(v) => f64::from(u8::from(*v)),
            Value::Int(v) => *v as f64,
            Value::UInt(v) => *v as f64,
            Value::Float16(v) => v.to_f64(),
            Value::Float32(v) | Value::MlFloat(_, v) => f64::from(*v),
            Value::Float64(v) => *v,
            Value::LongDouble(v) => v.to_f64(),
            _ => return None,
        })
    }

    /// The integer, if it is one that fits; also a datetime's or timedelta's count, unless it is
    /// [`Value::NAT`]. A bool is 0 or 1.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Bool(v) => Some(i64::from(*v)),
            Value::Int(v) => Some(*v),
            Value::UInt(v) => i64::try_from(*v).ok(),
            Value::DateTime(v, _) | Value::TimeDelta(v, _) => Some(*v).filter(|&v| v != Self::NAT),
            _ => None,
        }
    }

    /// The integer, if it is one that is not negative. A bool is 0 or 1.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Value::UInt(v) => Some(*v),
            Value::Bool(_) | Value::Int(_) => u64::try_from(self.as_i64()?).ok(),
            _ => None,
        }
    }

    /// The bool, if it is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(v) => Some(*v),
            _ => None,
        }
    }

    /// The number as a complex one, rounded as in [`Value::as_f64`].
    #[must_use]
    pub fn as_complex(&self) -> Option<Complex<f64>> {
        Some(match self {
            Value::Complex64(v) | Value::MlComplex(_, v) => Complex::new(v.re.into(), v.im.into()),
            Value::Complex128(v) => *v,
            Value::CLongDouble(v) => Complex::new(v.re.to_f64(), v.im.to_f64()),
            real => Complex::new(real.as_f64()?, 0.0),
        })
    }

    /// The text, if it is one that a Rust string can hold. `S` is text too, if it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => text.as_str(),
            Value::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The text, with U+FFFD for what no Rust string can hold.
    #[must_use]
    pub fn to_string_lossy(&self) -> Option<Cow<'_, str>> {
        match self {
            Value::Str(text) => Some(text.to_string_lossy()),
            Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes)),
            _ => None,
        }
    }

    /// The bytes of `S` (without trailing NULs) or `V`.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bytes(bytes) | Value::Void(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The field of that name, if it is a struct that has one.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        match self {
            Value::Struct(record) => record.get(name),
            _ => None,
        }
    }
}

impl Record {
    /// Its dtype.
    #[must_use]
    pub fn dtype(&self) -> &Struct {
        &self.dtype
    }

    /// The value of the field of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value)
    }

    /// Names and values, in the dtype's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        let names = self.dtype.fields.iter().map(|field| field.name.as_str());
        names.zip(&self.values)
    }
}

impl Nested {
    /// What its elements are.
    #[must_use]
    pub fn dtype(&self) -> &DType {
        &self.dtype.base
    }

    /// The length of each axis.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.dtype.shape
    }

    /// Its elements, in C order.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}
