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
    /// [`ErrorKind::Limit`] for dtypes that have more than 262,144 parts of 0 bytes.
    pub fn decode(dtype: &DType, bytes: &[u8]) -> Result<Value> {
        if bytes.len() != dtype.itemsize() {
            let (expected, got) = (dtype.itemsize(), bytes.len());
            let message = format!("an element has {expected} bytes, got {got}");
            return Err(Error::new(ErrorKind::Argument, message));
        }
        let parts = empty_parts(dtype);
        if parts > bytes.len().max(MAX_EMPTY_PARTS) {
            let message = format!(
                "an element of {} bytes has {parts} parts of 0 bytes, more than max_empty_parts = {MAX_EMPTY_PARTS}",
                bytes.len()
            );
            return Err(Error::new(ErrorKind::Limit, message));
        }
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

/// How many parts of 0 bytes elements may have, unless there are as many bytes: a header of 100
/// bytes can ask for billions (`('S0', (1000000000,))`).
pub(super) const MAX_EMPTY_PARTS: usize = 1 << 18;

/// How many parts of 0 bytes one element has.
pub(super) fn empty_parts(dtype: &DType) -> usize {
    let own = usize::from(dtype.itemsize() == 0);
    match dtype {
        DType::Struct(dtype) => {
            let fields = dtype.fields.iter().map(|field| empty_parts(&field.dtype));
            fields.fold(own, usize::saturating_add)
        }
        DType::Subarray(dtype) => {
            let start = empty_parts(&dtype.base);
            dtype.shape.iter().fold(start, |n, &m| n.saturating_mul(m))
        }
        _ => own,
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
