//! How numbers of each dtype become values that a loop can take, and back.

use npload::half::{bf16, f16};
use npload::num_complex::Complex;
use npload::{ByteOrder, DType, Element, Number, Value, bytemuck};

use super::cells::{Cells, Column};
use super::tally::{ComplexTally, RealTally, Tally, TimeTally};

/// Appends the values that bytes are.
type Decode<T> = Box<dyn Fn(&[u8], &mut Vec<T>) + Send + Sync>;

/// The bytes of elements as values, and a value as the bytes of an element.
pub(super) struct Form<T> {
    /// Of the least and greatest value.
    pub(super) dtype: DType,
    /// Whether the bytes are the values.
    is_native: bool,
    decode: Decode<T>,
    pub(super) encode: Box<dyn Fn(T) -> Vec<u8> + Send + Sync>,
    /// Stands where there is no value; integers have none.
    pub(super) missing: Option<T>,
}

impl<T: Copy + bytemuck::CheckedBitPattern> Form<T> {
    /// The values of elements; `scratch` holds them where they are not their bytes.
    pub(super) fn values<'a>(&self, bytes: &'a [u8], scratch: &'a mut Vec<T>) -> &'a [T] {
        if self.is_native
            && let Ok(values) = bytemuck::checked::try_cast_slice(bytes)
        {
            return values;
        }
        scratch.clear();
        (self.decode)(bytes, scratch);
        scratch
    }
}

/// An element type that is its own value.
fn plain<T: Element + bytemuck::NoUninit>(dtype: &DType, missing: Option<T>) -> Form<T> {
    let order = dtype.byteorder().unwrap_or(ByteOrder::NATIVE);
    Form {
        dtype: dtype.with_byteorder(ByteOrder::NATIVE),
        is_native: order == ByteOrder::NATIVE,
        decode: Box::new(move |bytes, values| T::append(values, bytes, order)),
        encode: Box::new(|value| bytemuck::bytes_of(&value).to_vec()),
        missing,
    }
}

/// A type whose values are made one by one, and told in the dtype of what they become.
fn made<T: Copy + bytemuck::NoUninit>(
    number: Number,
    missing: T,
    decode: impl Fn(&[u8], &mut Vec<T>) + Send + Sync + 'static,
) -> Form<T> {
    Form {
        dtype: DType::Number(number, ByteOrder::NATIVE),
        is_native: false,
        decode: Box::new(decode),
        encode: Box::new(|value| bytemuck::bytes_of(&value).to_vec()),
        missing: Some(missing),
    }
}

fn bools(dtype: &DType) -> Form<u8> {
    Form {
        dtype: dtype.clone(),
        is_native: false,
        decode: Box::new(|bytes, values| values.extend(bytes.iter().map(|&b| u8::from(b != 0)))),
        encode: Box::new(|value| vec![value]),
        missing: None,
    }
}

/// A half as a float: without a branch, so that the compiler makes vectors of it.
fn single(half: u16) -> f32 {
    let bits = u32::from(half);
    let magnitude = (bits & 0x7FFF) << 13;
    let sign = (bits & 0x8000) << 16;
    // The exponent's bias grows by 112; a subnormal becomes a normal number.
    let scaled = f32::from_bits(magnitude) * f32::from_bits(0x7780_0000);
    let special = if magnitude >= 0x0F80_0000 {
        0x7F80_0000
    } else {
        0
    };
    f32::from_bits(scaled.to_bits() | special | sign)
}

/// Floats of 16 bits, whose bits `widen` makes floats of.
fn halves(
    dtype: &DType,
    widen: fn(u16) -> f32,
    narrow: impl Fn(f32) -> u16 + Send + Sync + 'static,
) -> Form<f32> {
    let order = dtype.byteorder().unwrap_or(ByteOrder::NATIVE);
    Form {
        dtype: dtype.with_byteorder(ByteOrder::NATIVE),
        is_native: false,
        decode: Box::new(move |bytes, values| {
            let (items, _) = bytes.as_chunks();
            match order {
                ByteOrder::Little => {
                    values.extend(items.iter().map(|&item| widen(u16::from_le_bytes(item))));
                }
                ByteOrder::Big => {
                    values.extend(items.iter().map(|&item| widen(u16::from_be_bytes(item))));
                }
            }
        }),
        encode: Box::new(move |value| narrow(value).to_ne_bytes().to_vec()),
        missing: Some(f32::NAN),
    }
}

/// A type of one byte that has a value for each.
fn table(dtype: &DType) -> Form<f32> {
    let values: Vec<f32> = (0..=u8::MAX)
        .map(|byte| match Value::decode(dtype, &[byte]) {
            Ok(Value::MlFloat(_, value)) => value,
            // An integer of at most four bits.
            Ok(value) => value.to_string().parse().unwrap_or(f32::NAN),
            Err(_) => f32::NAN,
        })
        .collect();
    let missing = values.iter().copied().find(|value| value.is_nan());
    let all = values.clone();
    Form {
        dtype: dtype.clone(),
        is_native: false,
        decode: Box::new(move |bytes, out| {
            let value = |&byte: &u8| values.get(usize::from(byte)).copied().unwrap_or(f32::NAN);
            out.extend(bytes.iter().map(value));
        }),
        encode: Box::new(move |value| {
            let same = |&at: &f32| at == value || (at.is_nan() && value.is_nan());
            let byte = all.iter().position(same).unwrap_or(0);
            vec![u8::try_from(byte).unwrap_or(0)]
        }),
        missing,
    }
}

/// Anything else, element by element.
fn slow<T>(dtype: &DType, of: fn(&Value) -> Option<T>) -> impl Fn(&[u8], &mut Vec<T>) + use<T> {
    let dtype = dtype.clone();
    move |bytes, values| {
        let items = bytes.chunks_exact(dtype.itemsize().max(1));
        values.extend(items.filter_map(|item| of(&Value::decode(&dtype, item).ok()?)));
    }
}

fn single_complex(value: &Value) -> Option<Complex<f32>> {
    match value {
        Value::MlComplex(_, value) => Some(*value),
        _ => None,
    }
}

/// What takes in numbers of a dtype; none if there are none in it.
pub(super) fn column(dtype: &DType) -> Option<Box<dyn Column>> {
    fn of<T: Tally>(form: Form<T::Item>) -> Option<Box<dyn Column>>
    where
        T::Item: bytemuck::CheckedBitPattern,
    {
        Some(Box::new(Cells::<T>::new(form)))
    }
    let number = match dtype {
        DType::Number(number, _) => *number,
        DType::DateTime(..) => return of::<TimeTally<true>>(plain(dtype, Some(Value::NAT))),
        DType::TimeDelta(..) => return of::<TimeTally<false>>(plain(dtype, Some(Value::NAT))),
        _ => return None,
    };
    match number {
        Number::Bool => of::<RealTally<u8>>(bools(dtype)),
        Number::Int8 => of::<RealTally<i8>>(plain(dtype, None)),
        Number::Int16 => of::<RealTally<i16>>(plain(dtype, None)),
        Number::Int32 => of::<RealTally<i32>>(plain(dtype, None)),
        Number::Int64 => of::<RealTally<i64>>(plain(dtype, None)),
        Number::UInt8 => of::<RealTally<u8>>(plain(dtype, None)),
        Number::UInt16 => of::<RealTally<u16>>(plain(dtype, None)),
        Number::UInt32 => of::<RealTally<u32>>(plain(dtype, None)),
        Number::UInt64 => of::<RealTally<u64>>(plain(dtype, None)),
        Number::Float32 => of::<RealTally<f32>>(plain(dtype, Some(f32::NAN))),
        Number::Float64 => of::<RealTally<f64>>(plain(dtype, Some(f64::NAN))),
        Number::Float16 => {
            let narrow = |value| f16::from_f32(value).to_bits();
            of::<RealTally<f32>>(halves(dtype, single, narrow))
        }
        Number::BFloat16 => {
            let widen = |bits| f32::from_bits(u32::from(bits) << 16);
            let narrow = |value| bf16::from_f32(value).to_bits();
            of::<RealTally<f32>>(halves(dtype, widen, narrow))
        }
        Number::LongDouble => {
            let decode = slow(dtype, Value::as_f64);
            of::<RealTally<f64>>(made(Number::Float64, f64::NAN, decode))
        }
        Number::Complex64 => {
            let nan = Complex::new(f32::NAN, f32::NAN);
            of::<ComplexTally<f32>>(plain(dtype, Some(nan)))
        }
        Number::Complex128 => {
            let nan = Complex::new(f64::NAN, f64::NAN);
            of::<ComplexTally<f64>>(plain(dtype, Some(nan)))
        }
        Number::Complex32 | Number::BComplex32 => {
            let nan = Complex::new(f32::NAN, f32::NAN);
            let decode = slow(dtype, single_complex);
            of::<ComplexTally<f32>>(made(Number::Complex64, nan, decode))
        }
        Number::CLongDouble => {
            let nan = Complex::new(f64::NAN, f64::NAN);
            let decode = slow(dtype, Value::as_complex);
            of::<ComplexTally<f64>>(made(Number::Complex128, nan, decode))
        }
        // The others are ml_dtypes' types of one byte.
        _ if number.itemsize() == 1 => of::<RealTally<f32>>(table(dtype)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_is_the_float_that_it_is() {
        for bits in 0..=u16::MAX {
            let (ours, known) = (single(bits), f16::from_bits(bits).to_f32());
            assert!(
                ours.to_bits() == known.to_bits() || ours.is_nan() && known.is_nan(),
                "{bits:#06x}: {ours} {known}"
            );
        }
    }

    #[test]
    fn a_byte_of_a_table_is_the_value_that_numpy_prints_and_back() {
        for (name, byte, value) in [
            ("float8_e5m2", 0x3C, 1.0),
            ("int4", 0x0F, -1.0),
            ("uint2", 0x03, 3.0),
            ("float8_e8m0fnu", 0x00, f32::from_bits(1 << 22)),
        ] {
            let form = table(&DType::parse(name).unwrap());
            let mut values = Vec::new();
            (form.decode)(&[byte], &mut values);
            assert_eq!(values, [value], "{name}");
            assert_eq!((form.encode)(value), [byte], "{name}");
        }
    }
}
