//! Types of elements: PJRT's beside npload's.

use npload::{ByteOrder, DType, Number};

use crate::api::Api;
use crate::{Error, ErrorKind, Result};

/// The types that both have: PJRT's number of it, how many bits it has on a device, and since which minor
/// version of the C API it is there.
const TYPES: &[(Number, i32, u32, i32)] = &[
    (Number::Bool, 1, 8, 0),
    (Number::Int8, 2, 8, 0),
    (Number::Int16, 3, 16, 0),
    (Number::Int32, 4, 32, 0),
    (Number::Int64, 5, 64, 0),
    (Number::UInt8, 6, 8, 0),
    (Number::UInt16, 7, 16, 0),
    (Number::UInt32, 8, 32, 0),
    (Number::UInt64, 9, 64, 0),
    (Number::Float16, 10, 16, 0),
    (Number::Float32, 11, 32, 0),
    (Number::Float64, 12, 64, 0),
    (Number::BFloat16, 13, 16, 0),
    (Number::Complex64, 14, 64, 0),
    (Number::Complex128, 15, 128, 0),
    (Number::Float8E5M2, 16, 8, 0),
    (Number::Float8E4M3Fn, 17, 8, 0),
    (Number::Float8E4M3B11Fnuz, 18, 8, 0),
    (Number::Float8E5M2Fnuz, 19, 8, 0),
    (Number::Float8E4M3Fnuz, 20, 8, 0),
    (Number::Int4, 21, 4, 0),
    (Number::UInt4, 22, 4, 0),
    // 23 is a token, which has no elements.
    (Number::Int2, 24, 2, 0),
    (Number::UInt2, 25, 2, 0),
    (Number::Float8E4M3, 26, 8, 55),
    (Number::Float8E3M4, 27, 8, 55),
    (Number::Float8E8M0Fnu, 28, 8, 63),
    (Number::Float4E2M1Fn, 29, 4, 63),
    (Number::Int1, 30, 1, 94),
    (Number::UInt1, 31, 1, 94),
];

/// A type that both have. On the host every element has whole bytes: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) number: Number,
    /// PJRT's `PJRT_Buffer_Type`.
    pub(crate) raw: i32,
    /// On a device; there elements of fewer than 8 are packed.
    pub(crate) bits: u32,
}

impl Element {
    /// PJRT's type for elements of this dtype, whatever their byte order.
    ///
    /// # Errors
    /// [`ErrorKind::Type`] for what PJRT does not have, or not in this plugin's version.
    pub(crate) fn of(dtype: &DType, api: Api) -> Result<Element> {
        let DType::Number(number, _) = dtype else {
            return Err(no_type(dtype, advice(dtype)));
        };
        let Some(&(number, raw, bits, since)) = TYPES.iter().find(|row| row.0 == *number) else {
            return Err(no_type(dtype, advice(dtype)));
        };
        let (major, minor) = api.version();
        if minor < since {
            let why =
                format!("plugins have it from 0.{since} on, and this one has {major}.{minor}");
            return Err(no_type(dtype, &why));
        }
        Ok(Element { number, raw, bits })
    }

    /// The type that a plugin calls so.
    ///
    /// # Errors
    /// [`ErrorKind::Type`] for what npload has not.
    pub(crate) fn from_raw(raw: i32) -> Result<Element> {
        let found = TYPES.iter().find(|row| row.1 == raw);
        let found = found.map(|&(number, raw, bits, _)| Element { number, raw, bits });
        found.ok_or_else(|| {
            let message = format!(
                "an array on a device has elements of PJRT's type {raw}, which is not known here"
            );
            Error::new(ErrorKind::Type, message)
        })
    }

    /// The same for npload, in this machine's byte order.
    pub(crate) fn dtype(self) -> DType {
        DType::Number(self.number, ByteOrder::NATIVE)
    }

    /// Whether a device packs several into a byte, so that its memory is never the host's.
    pub(crate) fn is_packed(self) -> bool {
        self.bits < 8
    }

    /// Makes of the bytes that a device gave what npload has in them: where an element has fewer bits than
    /// its byte, a negative one fills the rest with its sign, as ml_dtypes has it.
    pub(crate) fn extend_signs(self, bytes: &mut [u8]) {
        let unused = 8_u32.saturating_sub(self.bits);
        let signed = matches!(self.number, Number::Int4 | Number::Int2 | Number::Int1);
        for byte in bytes.iter_mut().filter(|_| unused > 0) {
            let high = byte.wrapping_shl(unused);
            *byte = if signed {
                (high.cast_signed() >> unused).cast_unsigned()
            } else {
                high >> unused
            };
        }
    }
}

/// What to do about a dtype.
fn advice(dtype: &DType) -> &'static str {
    match dtype {
        DType::DateTime(..) | DType::TimeDelta(..) => "save its counts as int64",
        DType::Struct(_) => "take its fields one by one",
        DType::Number(Number::LongDouble | Number::CLongDouble, _) => {
            "save it as float64 or complex128"
        }
        DType::Object => "only numbers can be put on a device",
        _ => "save it as numbers of a type that PJRT has",
    }
}

#[cold]
fn no_type(dtype: &DType, why: &str) -> Error {
    let message = format!("{dtype} is no type that devices have: {why}");
    Error::new(ErrorKind::Type, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_comes_back() {
        for &(number, raw, bits, _) in TYPES {
            let element = Element::from_raw(raw).unwrap();
            assert_eq!((element.number, element.bits), (number, bits));
            assert_eq!(element.dtype().itemsize() * 8, bits.max(8) as usize);
        }
        for raw in [0, 23, 32, -1] {
            let err = Element::from_raw(raw).unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Type);
        }
    }

    #[test]
    fn signs_fill_the_byte() {
        let of = |number| *TYPES.iter().find(|row| row.0 == number).unwrap();
        for (number, before, after) in [
            (Number::Int4, [0x07, 0x08, 0x0f, 0xf1], [7, 0xf8, 0xff, 1]),
            (Number::UInt4, [0x07, 0x08, 0x0f, 0xf1], [7, 8, 15, 1]),
            (Number::Int2, [0, 1, 2, 3], [0, 1, 0xfe, 0xff]),
            (Number::Float4E2M1Fn, [0x0f, 0xf0, 8, 1], [0x0f, 0, 8, 1]),
            (Number::Int8, [0x80, 1, 0xff, 0], [0x80, 1, 0xff, 0]),
        ] {
            let (number, raw, bits, _) = of(number);
            let mut bytes = before;
            Element { number, raw, bits }.extend_signs(&mut bytes);
            assert_eq!(bytes, after, "{number:?}");
        }
    }
}
