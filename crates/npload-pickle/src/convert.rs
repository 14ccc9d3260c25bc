//! Objects as Rust's own types.

use num_bigint::BigInt;

use crate::data::{DType, Data};
use crate::error::{Error, ErrorKind, Result};
use crate::object::{Object, ObjectRef};
use crate::text::Text;

/// A scalar of NumPy's as a Rust value.
///
/// Units are as NumPy writes them, with how many of it are counted: `("s", 25)`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Scalar<'a> {
    /// `numpy.bool`.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// An unsigned integer.
    UInt(u64),
    /// A float, `bfloat16` included; a long double is rounded.
    Float(f64),
    /// A complex number; long doubles are rounded.
    Complex(f64, f64),
    /// `numpy.str_`, without the zeros at its end.
    Str(String),
    /// `numpy.datetime64`: so many of its unit since 1970; [`i64::MIN`] is no time.
    DateTime(i64, Option<(&'a str, i32)>),
    /// `numpy.timedelta64`: so many of its unit; [`i64::MIN`] is no time.
    TimeDelta(i64, Option<(&'a str, i32)>),
    /// `numpy.bytes_`, without the zero bytes at its end.
    Bytes(&'a [u8]),
    /// `numpy.void`.
    Void(&'a [u8]),
}

impl<'a> Scalar<'a> {
    /// The value that the bytes of one element are. None for what has no such value: fields, texts
    /// that are not Unicode, most types of `ml_dtypes`.
    #[must_use]
    pub fn decode(dtype: &'a DType, bytes: &'a [u8]) -> Option<Scalar<'a>> {
        if let DType::MlDtypes("bfloat16") = dtype {
            let [low, high] = *bytes.first_chunk()?;
            let value = f32::from_le_bytes([0, 0, low, high]);
            return Some(Scalar::Float(value.into()));
        }
        let DType::Plain {
            kind, order, unit, ..
        } = dtype
        else {
            return None;
        };
        let big = *order == '>';
        Some(match kind {
            'b' => Scalar::Bool(*bytes.first()? != 0),
            'u' => Scalar::UInt(uint(bytes, big)?),
            'i' => Scalar::Int(int(bytes, big)?),
            'M' | 'm' => {
                let count = int(bytes, big)?;
                let unit = unit.as_ref().map(|(name, times)| (&**name, *times));
                match kind {
                    'M' => Scalar::DateTime(count, unit),
                    _ => Scalar::TimeDelta(count, unit),
                }
            }
            'U' => Scalar::Str(text(bytes, big)?),
            'f' => Scalar::Float(float(bytes, big)?),
            'c' => {
                let (real, imaginary) = bytes.split_at_checked(bytes.len() / 2)?;
                Scalar::Complex(float(real, big)?, float(imaginary, big)?)
            }
            'S' => {
                let end = bytes.iter().rposition(|&byte| byte != 0);
                let len = end.map_or(0, |end| end.saturating_add(1));
                Scalar::Bytes(bytes.get(..len)?)
            }
            'V' => Scalar::Void(bytes),
            _ => return None,
        })
    }
}

/// Up to eight bytes as a number.
fn uint(bytes: &[u8], big: bool) -> Option<u64> {
    let mut word = [0; 8];
    word.get_mut(..bytes.len())?.copy_from_slice(bytes);
    if big {
        word.get_mut(..bytes.len())?.reverse();
    }
    Some(u64::from_le_bytes(word))
}

fn int(bytes: &[u8], big: bool) -> Option<i64> {
    let bits = u32::try_from(bytes.len()).ok()?.checked_mul(8)?;
    let unused = 64_u32.checked_sub(bits)?;
    Some(uint(bytes, big)?.cast_signed() << unused >> unused)
}

/// UTF-32, without the zeros at its end.
fn text(bytes: &[u8], big: bool) -> Option<String> {
    let (points, _) = bytes.as_chunks();
    let text = points.iter().map(|point| {
        char::from_u32(match big {
            true => u32::from_be_bytes(*point),
            false => u32::from_le_bytes(*point),
        })
    });
    let mut text: String = text.collect::<Option<_>>()?;
    text.truncate(text.trim_end_matches('\0').len());
    Some(text)
}

/// A float of 80 bits, rounded.
fn long_double(bytes: &[u8], big: bool) -> Option<f64> {
    let mut bytes = bytes.to_vec();
    if big {
        bytes.reverse();
    }
    let mantissa = u64::from_le_bytes(*bytes.first_chunk()?);
    let [low, high] = *bytes.get(8..)?.first_chunk()?;
    let bits = u16::from_le_bytes([low, high]);
    let size = match bits & 0x7fff {
        0x7fff if mantissa << 1 == 0 => f64::INFINITY,
        0x7fff => f64::NAN,
        exponent => {
            let exponent = i32::from(exponent).saturating_sub(16_383 + 63);
            // In two steps, for the first may be no float by itself.
            let half = exponent / 2;
            let rest = exponent.saturating_sub(half);
            #[expect(clippy::cast_precision_loss, reason = "documented")]
            let mantissa = mantissa as f64;
            mantissa * 2_f64.powi(half) * 2_f64.powi(rest)
        }
    };
    Some(if bits & 0x8000 == 0 { size } else { -size })
}

fn float(bytes: &[u8], big: bool) -> Option<f64> {
    if matches!(bytes.len(), 12 | 16) {
        return long_double(bytes, big);
    }
    let bits = uint(bytes, big)?;
    match bytes.len() {
        2 => u16::try_from(bits).ok().map(half),
        4 => u32::try_from(bits)
            .ok()
            .map(|bits| f32::from_bits(bits).into()),
        8 => Some(f64::from_bits(bits)),
        _ => None,
    }
}

/// A float of 16 bits.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x3ff) / 1024.0;
    let size = match (bits >> 10) & 0x1f {
        0 => fraction * 2_f64.powi(-14),
        0x1f if bits & 0x3ff == 0 => f64::INFINITY,
        0x1f => f64::NAN,
        exponent => (1.0 + fraction) * 2_f64.powi(i32::from(exponent).saturating_sub(15)),
    };
    if bits & 0x8000 == 0 { size } else { -size }
}

impl<'a> ObjectRef<'a> {
    /// The scalar of NumPy's that it is.
    #[must_use]
    pub fn scalar(self) -> Option<Scalar<'a>> {
        match self.get() {
            Object::Data(Data::Scalar(dtype, bytes)) => {
                Scalar::decode(dtype, self.objects().bytes_of(*bytes)?)
            }
            _ => None,
        }
    }
}

impl Object<'_> {
    /// The name of its type, as Python has it.
    #[must_use]
    pub fn type_name(self) -> &'static str {
        match self {
            Object::None => "None",
            Object::Bool(_) => "bool",
            Object::Int(_) | Object::BigInt(_) => "int",
            Object::Float(_) => "float",
            Object::Text(_) => "str",
            Object::Bytes(_) => "bytes",
            Object::ByteArray(_) => "bytearray",
            Object::List(_) => "list",
            Object::Tuple(_) => "tuple",
            Object::Dict(_) => "dict",
            Object::Set(_) => "set",
            Object::FrozenSet(_) => "frozenset",
            Object::OrderedDict(_) => "OrderedDict",
            Object::DefaultDict(..) => "defaultdict",
            Object::Counter(_) => "Counter",
            Object::Deque(..) => "deque",
            Object::Data(data) => data.type_name(),
            Object::Global(_) => "global",
            Object::Reduced(_) => "call that was not run",
            Object::Incomplete(_) => "object without its state",
            Object::Extension(_) => "extension code",
            Object::Persistent(_) => "persistent id",
        }
    }
}

#[cold]
pub(crate) fn mismatch(expected: &str, found: Object<'_>) -> Error {
    let found = found.type_name();
    Error::new(
        ErrorKind::Convert,
        format!("{expected} expected, {found} found"),
    )
}

#[cold]
fn too_large(expected: &str, value: impl std::fmt::Display) -> Error {
    let message = format!("{value} does not fit into {expected}");
    Error::new(ErrorKind::Convert, message)
}

/// The conversions of an [`Object`], and of an [`ObjectRef`], which may be a scalar of NumPy's.
macro_rules! from_objects {
    ($($type:ty, $doc:literal, |$object:ident| $convert:expr, |$scalar:ident| $other:expr;)*) => {$(
        #[doc = $doc]
        impl<'a> TryFrom<Object<'a>> for $type {
            type Error = Error;

            fn try_from($object: Object<'a>) -> Result<Self> {
                $convert
            }
        }

        #[doc = $doc]
        ///
        /// So is a scalar of NumPy's that is one.
        impl<'a> TryFrom<ObjectRef<'a>> for $type {
            type Error = Error;

            fn try_from(object: ObjectRef<'a>) -> Result<Self> {
                let converted: Option<Self> = object.scalar().and_then(|$scalar| $other);
                match converted {
                    Some(value) => Ok(value),
                    None => Self::try_from(object.get()),
                }
            }
        }
    )*};
}

macro_rules! from_ints {
    ($($type:ident)*) => {
        from_objects! {$(
            $type, "An int that fits.",
            |object| match object {
                Object::Int(value) => value.try_into()
                    .map_err(|_| too_large(stringify!($type), value)),
                Object::BigInt(value) => value.try_into().map_err(|_| {
                    too_large(stringify!($type), format_args!("an int of {} bits", value.bits()))
                }),
                other => Err(mismatch("an int", other)),
            },
            |scalar| match scalar {
                Scalar::Int(value) => value.try_into().ok(),
                Scalar::UInt(value) => value.try_into().ok(),
                _ => None,
            };
        )*}
    };
}

from_ints! { i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize }

from_objects! {
    bool, "A bool.",
    |object| match object {
        Object::Bool(value) => Ok(value),
        other => Err(mismatch("a bool", other)),
    },
    |scalar| match scalar {
        Scalar::Bool(value) => Some(value),
        _ => None,
    };

    f64, "A float, or an int of up to 2⁵³.",
    |object| match object {
        Object::Float(value) => Ok(value),
        Object::Int(value) => exact(value).ok_or_else(|| too_large("f64", value)),
        Object::BigInt(value) => {
            Err(too_large("f64", format_args!("an int of {} bits", value.bits())))
        }
        other => Err(mismatch("a float", other)),
    },
    |scalar| scalar.as_float().ok();

    f32, "A float, rounded, or an int of up to 2²⁴.",
    |object| narrow(f64::try_from(object)?, matches!(object, Object::Int(_))),
    |scalar| {
        let int = !matches!(scalar, Scalar::Float(_));
        narrow(scalar.as_float().ok()?, int).ok()
    };

    BigInt, "An int.",
    |object| match object {
        Object::Int(value) => Ok(value.into()),
        Object::BigInt(value) => Ok(value.clone()),
        other => Err(mismatch("an int", other)),
    },
    |scalar| match scalar {
        Scalar::Int(value) => Some(value.into()),
        Scalar::UInt(value) => Some(value.into()),
        _ => None,
    };

    Text<'a>, "A str.",
    |object| match object {
        Object::Text(text) => Ok(text),
        other => Err(mismatch("a str", other)),
    },
    |_scalar| None;

    &'a str, "A str without lone surrogates, or bytes that are UTF-8.",
    |object| match object {
        Object::Text(text) => text.as_str().ok_or_else(surrogates),
        Object::Bytes(bytes) | Object::ByteArray(bytes) => {
            std::str::from_utf8(bytes).map_err(|_| not_utf8())
        }
        other => Err(mismatch("a str", other)),
    },
    |scalar| match scalar {
        Scalar::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
        _ => None,
    };

    String, "A str without lone surrogates, or bytes that are UTF-8.",
    |object| <&str>::try_from(object).map(str::to_owned),
    |scalar| match scalar {
        Scalar::Str(text) => Some(text),
        Scalar::Bytes(bytes) => std::str::from_utf8(bytes).ok().map(str::to_owned),
        _ => None,
    };

    &'a [u8], "Bytes or a bytearray.",
    |object| match object {
        Object::Bytes(bytes) | Object::ByteArray(bytes) => Ok(bytes),
        other => Err(mismatch("bytes", other)),
    },
    |scalar| match scalar {
        Scalar::Bytes(bytes) | Scalar::Void(bytes) => Some(bytes),
        _ => None,
    };

    Vec<u8>, "Bytes or a bytearray.",
    |object| <&[u8]>::try_from(object).map(<[u8]>::to_vec),
    |scalar| match scalar {
        Scalar::Bytes(bytes) | Scalar::Void(bytes) => Some(bytes.to_vec()),
        _ => None,
    };
}

impl Scalar<'_> {
    /// The number as a float, if it is one, or an int of up to 2⁵³.
    pub(crate) fn as_float(&self) -> Result<f64> {
        let (value, found) = match self {
            Scalar::Float(value) => return Ok(*value),
            Scalar::Int(value) => (Some(*value), i128::from(*value)),
            Scalar::UInt(value) => (i64::try_from(*value).ok(), i128::from(*value)),
            _ => return Err(Error::new(ErrorKind::Convert, "a float expected")),
        };
        value.and_then(exact).ok_or_else(|| too_large("f64", found))
    }
}

/// A float in 32 bits: rounded, but an int only if that changes nothing.
#[expect(clippy::cast_possible_truncation, reason = "checked, or documented")]
pub(crate) fn narrow(value: f64, int: bool) -> Result<f32> {
    let narrow = value as f32;
    let fine = match int {
        true => value.abs() <= f64::from(1 << 24),
        false => narrow.is_finite() || !value.is_finite(),
    };
    match fine {
        true => Ok(narrow),
        false => Err(too_large("f32", value)),
    }
}

#[cold]
fn not_utf8() -> Error {
    let message = "a str expected, bytes found that are not UTF-8";
    Error::new(ErrorKind::Convert, message)
}

/// An int as a float, if it is one.
#[expect(clippy::cast_precision_loss, reason = "not up to 2⁵³")]
fn exact(value: i64) -> Option<f64> {
    (value.unsigned_abs() <= 1 << 53).then_some(value as f64)
}

#[cold]
pub(crate) fn surrogates() -> Error {
    let message = "a str with a lone surrogate, which no Rust string can hold";
    Error::new(ErrorKind::Convert, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Objects;

    #[test]
    fn halves_are_exact() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x0001, 2_f64.powi(-24)),
            (0x7bff, 65504.0),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(half(bits), value);
        }
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn what_does_not_fit_or_is_something_else_is_told() {
        let objects = Objects::load(
            b"(K\x01I-1\nJ\0\0\0\x7fF1.5\nX\x01\0\0\0xC\x02a\xff\x88I99999999999999999999\nt.",
        )
        .unwrap();
        let at = |index| objects.root_object().item(index).unwrap();
        assert_eq!(u8::try_from(at(0)).unwrap(), 1);
        assert_eq!(f64::try_from(at(0)).unwrap(), 1.0);
        assert_eq!(<&str>::try_from(at(4)).unwrap(), "x");
        assert_eq!(Vec::<u8>::try_from(at(5)).unwrap(), b"a\xff");
        assert_eq!(f32::try_from(at(3)).unwrap(), 1.5);
        assert!(bool::try_from(at(6)).unwrap());
        assert_eq!(u128::try_from(at(7)).unwrap(), 99_999_999_999_999_999_999);
        for (err, message) in [
            (
                u64::try_from(at(1)).unwrap_err(),
                "-1 does not fit into u64",
            ),
            (
                i16::try_from(at(2)).unwrap_err(),
                "2130706432 does not fit into i16",
            ),
            (
                i64::try_from(at(3)).unwrap_err(),
                "an int expected, float found",
            ),
            (
                i64::try_from(at(7)).unwrap_err(),
                "an int of 67 bits does not fit into i64",
            ),
            (
                String::try_from(at(5)).unwrap_err(),
                "a str expected, bytes found that are not UTF-8",
            ),
            (
                i64::try_from(at(6)).unwrap_err(),
                "an int expected, bool found",
            ),
        ] {
            assert_eq!(
                (err.kind(), err.to_string()),
                (ErrorKind::Convert, message.to_owned())
            );
        }
    }
}
