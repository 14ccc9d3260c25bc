//! From the bytes of one element to its value.

mod long_double;
mod ml_dtypes;

pub use long_double::LongDouble;
pub(super) use long_double::Magnitude;

use half::{bf16, f16};
use num_complex::Complex;

use super::text::Text;
use super::value::{Nested, Record, Value};
use crate::dtype::{ByteOrder, DType, Number};
use crate::error::{Error, ErrorKind, Result};

impl Value {
    /// The element of this dtype that these bytes are.
    ///
    /// ```
    /// use npload::{ByteOrder, DType, Value};
    /// let name = Value::decode(&DType::Bytes(4), b"ab\0\0")?;
    /// assert_eq!(name.as_str(), Some("ab"));
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] when there are more or fewer bytes than the dtype's itemsize;
    /// [`ErrorKind::ObjectArray`] for Python objects, which are not in the bytes;
    /// [`ErrorKind::Limit`] for what [`DType::check_listing`] refuses.
    pub fn decode(dtype: &DType, bytes: &[u8]) -> Result<Value> {
        if bytes.len() != dtype.itemsize() {
            let (expected, got) = (dtype.itemsize(), bytes.len());
            let message = format!("an element has {expected} bytes, got {got}");
            return Err(Error::new(ErrorKind::Argument, message));
        }
        dtype.check_listing(&[])?;
        Value::decode_parts(dtype, bytes)
    }

    fn decode_parts(dtype: &DType, bytes: &[u8]) -> Result<Value> {
        Ok(match dtype {
            DType::Number(number, order) => decode_number(*number, *order, bytes),
            DType::Bytes(_) => {
                let len = bytes.iter().rposition(|&b| b != 0);
                let text = bytes.get(..len.map_or(0, |last| last.saturating_add(1)));
                Value::Bytes(text.unwrap_or_default().to_vec())
            }
            DType::Str(_, order) => Value::Str(decode_text(*order, bytes)),
            DType::Void(_) => Value::Void(bytes.to_vec()),
            DType::DateTime(unit, order) => Value::DateTime(i64_of(*order, bytes), *unit),
            DType::TimeDelta(unit, order) => Value::TimeDelta(i64_of(*order, bytes), *unit),
            DType::Object => {
                let message = "Python objects cannot be read from an array's own bytes";
                return Err(Error::new(ErrorKind::ObjectArray, message));
            }
            DType::Struct(dtype) => {
                let fields = dtype.fields.iter().map(|field| {
                    let end = field.offset.saturating_add(field.dtype.itemsize());
                    Value::decode_parts(
                        &field.dtype,
                        bytes.get(field.offset..end).unwrap_or_default(),
                    )
                });
                let values = fields.collect::<Result<_>>()?;
                let dtype = dtype.clone();
                Value::Struct(Record { dtype, values })
            }
            DType::Subarray(dtype) => {
                let count = dtype
                    .shape
                    .iter()
                    .fold(1, |n: usize, &m| n.saturating_mul(m));
                let values = match dtype.base.itemsize() {
                    0 => (0..count)
                        .map(|_| Value::decode_parts(&dtype.base, &[]))
                        .collect(),
                    size => bytes
                        .chunks_exact(size)
                        .map(|item| Value::decode_parts(&dtype.base, item))
                        .collect::<Result<_>>(),
                }?;
                let dtype = dtype.clone();
                Value::Array(Nested { dtype, values })
            }
        })
    }
}

fn decode_number(number: Number, order: ByteOrder, bytes: &[u8]) -> Value {
    match number {
        Number::Bool => Value::Bool(bytes != [0]),
        Number::Int8 => Value::Int(i8::from_le_bytes(native(order, bytes)).into()),
        Number::Int16 => Value::Int(i16::from_le_bytes(native(order, bytes)).into()),
        Number::Int32 => Value::Int(i32::from_le_bytes(native(order, bytes)).into()),
        Number::Int64 => Value::Int(i64_of(order, bytes)),
        Number::UInt8 => Value::UInt(u8::from_le_bytes(native(order, bytes)).into()),
        Number::UInt16 => Value::UInt(u16::from_le_bytes(native(order, bytes)).into()),
        Number::UInt32 => Value::UInt(u32::from_le_bytes(native(order, bytes)).into()),
        Number::UInt64 => Value::UInt(u64::from_le_bytes(native(order, bytes))),
        Number::Float16 => Value::Float16(f16::from_le_bytes(native(order, bytes))),
        Number::Float32 => Value::Float32(f32::from_le_bytes(native(order, bytes))),
        Number::Float64 => Value::Float64(f64::from_le_bytes(native(order, bytes))),
        Number::LongDouble => Value::LongDouble(LongDouble::from_le_bytes(native(order, bytes))),
        Number::Complex64 => {
            let [re, im] = halves(bytes).map(|half| f32::from_le_bytes(native(order, half)));
            Value::Complex64(Complex::new(re, im))
        }
        Number::Complex128 => {
            let [re, im] = halves(bytes).map(|half| f64::from_le_bytes(native(order, half)));
            Value::Complex128(Complex::new(re, im))
        }
        Number::CLongDouble => {
            let [re, im] = halves(bytes).map(|half| LongDouble::from_le_bytes(native(order, half)));
            Value::CLongDouble(Complex::new(re, im))
        }
        Number::Complex32 => {
            let [re, im] = halves(bytes).map(|half| f16::from_le_bytes(native(order, half)));
            Value::MlComplex(number, Complex::new(re.to_f32(), im.to_f32()))
        }
        Number::BComplex32 => {
            let [re, im] = halves(bytes).map(|half| bf16::from_le_bytes(native(order, half)));
            Value::MlComplex(number, Complex::new(re.to_f32(), im.to_f32()))
        }
        Number::BFloat16 => {
            let value = bf16::from_le_bytes(native(order, bytes));
            Value::MlFloat(number, value.to_f32())
        }
        _ => {
            let [byte] = native(order, bytes);
            ml_dtypes::decode(number, byte)
        }
    }
}

/// The first `N` bytes of a number, lowest first. The caller has checked that they are there.
fn native<const N: usize>(order: ByteOrder, bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    // Shorter bytes (one of a two-byte buffer) stand at the front either way.
    if order == ByteOrder::Big {
        let len = bytes.len().min(N);
        out.get_mut(..len).unwrap_or_default().reverse();
    }
    out
}

fn halves(bytes: &[u8]) -> [&[u8]; 2] {
    let (re, im) = bytes.split_at_checked(bytes.len() / 2).unwrap_or_default();
    [re, im]
}

fn i64_of(order: ByteOrder, bytes: &[u8]) -> i64 {
    i64::from_le_bytes(native(order, bytes))
}

fn decode_text(order: ByteOrder, bytes: &[u8]) -> Text {
    let points = bytes.chunks_exact(4);
    let mut points: Vec<u32> = points
        .map(|point| u32::from_le_bytes(native(order, point)))
        .collect();
    let len = points.iter().rposition(|&p| p != 0);
    points.truncate(len.map_or(0, |last| last.saturating_add(1)));
    Text::from_code_points(&points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::{Subarray, TimeBase};

    fn decoded(dtype: &str, bytes: &[u8]) -> Value {
        Value::decode(&DType::parse(dtype).unwrap(), bytes).unwrap()
    }

    #[test]
    fn both_byte_orders_are_read() {
        assert_eq!(decoded("<i2", &[0xFE, 0xFF]).as_i64(), Some(-2));
        assert_eq!(decoded(">i2", &[0xFF, 0xFE]).as_i64(), Some(-2));
        assert_eq!(decoded(">u8", &[0xFF; 8]).as_u64(), Some(u64::MAX));
        assert_eq!(decoded(">f8", &1.5_f64.to_be_bytes()).as_f64(), Some(1.5));
        assert_eq!(
            decoded(">c8", &[0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0]).to_string(),
            "(1-2j)"
        );
        assert_eq!(
            decoded(">U2", &[0, 0, 0, 0x61, 0, 0, 0, 0]).as_str(),
            Some("a")
        );
        let unit = match decoded(">M8[25s]", &[0, 0, 0, 0, 0, 0, 0, 3]) {
            Value::DateTime(3, unit) => unit,
            other => panic!("{other:?}"),
        };
        assert_eq!((unit.base, unit.count), (TimeBase::Second, 25));
    }

    #[test]
    fn any_byte_but_zero_is_true() {
        for byte in 0..=255 {
            assert_eq!(decoded("?", &[byte]).as_bool(), Some(byte != 0));
        }
    }

    #[test]
    fn only_nuls_at_the_end_are_dropped() {
        assert_eq!(decoded("S4", b"\0a\0\0").as_bytes(), Some(&b"\0a"[..]));
        assert_eq!(decoded("S2", b"\0\0").as_bytes(), Some(&b""[..]));
        assert_eq!(decoded("V2", b"\0\0").as_bytes(), Some(&b"\0\0"[..]));
    }

    #[test]
    fn records_give_their_fields_by_name() {
        let value = decoded("u1,(2,)>i2", &[7, 0, 1, 0, 2]);
        assert_eq!(value.field("f0").and_then(Value::as_i64), Some(7));
        let Some(Value::Array(nested)) = value.field("f1") else {
            panic!("{value:?}");
        };
        assert_eq!(nested.values(), [Value::Int(1), Value::Int(2)]);
        assert_eq!(nested.shape(), [2]);
        assert!(value.field("f2").is_none());
        assert_eq!(value.to_string(), "(7, [1, 2])");
    }

    #[test]
    fn bytes_of_another_length_are_refused() {
        let err = Value::decode(&DType::parse("f8").unwrap(), &[0; 7]).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Argument);
        assert_eq!(err.message(), "an element has 8 bytes, got 7");
    }

    #[test]
    fn objects_are_refused() {
        let err = Value::decode(&DType::Object, &[0; size_of::<usize>()]).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::ObjectArray);
    }

    #[test]
    fn billions_of_parts_of_no_bytes_are_refused() {
        let of = |base, shape| DType::Subarray(Subarray { base, shape }.into());
        let single = DType::Number(Number::Float32, ByteOrder::Little);
        for dtype in [
            of(DType::Bytes(0), vec![1000, 1000, 1000]),
            of(single.clone(), vec![1_000_000_000, 0]),
            of(of(single, vec![0]), vec![1_000_000_000]),
        ] {
            let err = Value::decode(&dtype, &[]).unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Limit);
            assert!(err.message().contains("too many to list"), "{err}");
        }
    }
}
