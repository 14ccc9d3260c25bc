//! One cell as an element of an array.

use npload::half::{bf16, f16};
use npload::{ByteOrder, DType, Number};

use crate::sizes;

/// Appends the bytes of an element to `out`; or says why the cell is none.
pub(super) fn encode(dtype: &DType, cell: &[u8], out: &mut Vec<u8>) -> Result<(), String> {
    match dtype {
        DType::Number(number, order) => {
            let start = out.len();
            encode_number(*number, cell, out).ok_or_else(|| not(cell, dtype))?;
            if *order == ByteOrder::Big {
                let part = match number.kind() {
                    'c' => number.itemsize() / 2,
                    _ => number.itemsize(),
                };
                let bytes = out.get_mut(start..).unwrap_or_default();
                bytes
                    .chunks_exact_mut(part.max(1))
                    .for_each(<[u8]>::reverse);
            }
            Ok(())
        }
        DType::Str(len, order) => {
            let text =
                std::str::from_utf8(cell).map_err(|_| format!("{} is not UTF-8", shown(cell)))?;
            let end = out.len().saturating_add(dtype.itemsize());
            if text.chars().nth(*len).is_some() {
                return Err(format!(
                    "{} is longer than the {} of {dtype}",
                    shown(cell),
                    sizes::count(*len, "character")
                ));
            }
            for c in text.chars() {
                let point = u32::from(c);
                out.extend(match order {
                    ByteOrder::Little => point.to_le_bytes(),
                    ByteOrder::Big => point.to_be_bytes(),
                });
            }
            out.resize(end, 0);
            Ok(())
        }
        DType::Bytes(len) => {
            if cell.len() > *len {
                return Err(format!(
                    "{} is longer than the {} of {dtype}",
                    shown(cell),
                    sizes::count(*len, "byte")
                ));
            }
            let end = out.len().saturating_add(*len);
            out.extend_from_slice(cell);
            out.resize(end, 0);
            Ok(())
        }
        _ => Err(format!("cells are not read as {dtype}")),
    }
}

/// Whether cells are read as such elements.
pub(super) fn is_read_as(dtype: &DType) -> bool {
    match dtype {
        DType::Number(number, _) => {
            let mut bytes = Vec::new();
            encode_number(*number, b"1", &mut bytes).is_some()
        }
        DType::Str(..) | DType::Bytes(_) => true,
        _ => false,
    }
}

fn encode_number(number: Number, cell: &[u8], out: &mut Vec<u8>) -> Option<()> {
    macro_rules! integer {
        ($type:ty) => {
            out.extend(<$type>::try_from(integer(cell)?).ok()?.to_le_bytes())
        };
    }
    match number {
        Number::Bool => out.push(u8::from(boolean(cell)?)),
        Number::Int8 => integer!(i8),
        Number::Int16 => integer!(i16),
        Number::Int32 => integer!(i32),
        Number::Int64 => integer!(i64),
        Number::UInt8 => integer!(u8),
        Number::UInt16 => integer!(u16),
        Number::UInt32 => integer!(u32),
        Number::UInt64 => integer!(u64),
        Number::Float16 => out.extend(narrow(cell, f16::from_f64, f16::to_f64)?.to_le_bytes()),
        Number::BFloat16 => out.extend(narrow(cell, bf16::from_f64, bf16::to_f64)?.to_le_bytes()),
        Number::Float32 => out.extend(single(cell)?.to_le_bytes()),
        Number::Float64 => out.extend(double(cell)?.to_le_bytes()),
        Number::Complex64 => {
            let (re, im) = complex(cell)?;
            // Parsed as what they are: a digit may be lost on the way by another.
            out.extend(single(re)?.to_le_bytes());
            out.extend(single(im)?.to_le_bytes());
        }
        Number::Complex128 => {
            let (re, im) = complex(cell)?;
            out.extend(double(re)?.to_le_bytes());
            out.extend(double(im)?.to_le_bytes());
        }
        _ => return None,
    }
    Some(())
}

pub(super) fn text(cell: &[u8]) -> Option<&str> {
    std::str::from_utf8(cell).ok().map(str::trim)
}

/// `True`, `false`, …; 1 and 0 are bools where bools are asked for.
fn boolean(cell: &[u8]) -> Option<bool> {
    match text(cell)? {
        "1" => Some(true),
        "0" => Some(false),
        other => is_word(other),
    }
}

/// `True`, `false`, ….
pub(super) fn is_word(text: &str) -> Option<bool> {
    match text {
        "True" | "true" | "TRUE" => Some(true),
        "False" | "false" | "FALSE" => Some(false),
        _ => None,
    }
}

pub(super) fn integer(cell: &[u8]) -> Option<i128> {
    text(cell)?.parse().ok()
}

/// A float, NaN where there is nothing. What is finite in the file is so in the array.
pub(super) fn double(cell: &[u8]) -> Option<f64> {
    match text(cell)? {
        "" => Some(f64::NAN),
        text => finite(text, text.parse().ok()?, f64::is_infinite),
    }
}

fn single(cell: &[u8]) -> Option<f32> {
    match text(cell)? {
        "" => Some(f32::NAN),
        text => finite(text, text.parse().ok()?, f32::is_infinite),
    }
}

/// A float of 16 bits. A double has room for all that lies halfway between two, so that nothing is
/// rounded twice.
fn narrow<T: Copy>(cell: &[u8], from: fn(f64) -> T, to: fn(T) -> f64) -> Option<T> {
    let wide = double(cell)?;
    let value = from(wide);
    (to(value).is_infinite() == wide.is_infinite()).then_some(value)
}

fn finite<T: Copy>(text: &str, value: T, is_infinite: fn(T) -> bool) -> Option<T> {
    let says_so = text.contains(['i', 'I']);
    (says_so || !is_infinite(value)).then_some(value)
}

/// The parts of a complex number as Python prints it: `(1+2j)`, `1.5e-3-nanj`, `2j`; of a real one 0 as
/// its second.
pub(super) fn complex(cell: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text(cell)?;
    let inner = text
        .strip_prefix('(')
        .and_then(|text| text.strip_suffix(')'))
        .unwrap_or(text);
    let Some(numbers) = inner.strip_suffix(['j', 'J']) else {
        return Some((inner.as_bytes(), b"0"));
    };
    // The sign between the parts is the last that is no exponent's and not the first.
    let bytes = numbers.as_bytes();
    let split = (1..bytes.len()).rev().find(|&at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        matches!(bytes.get(at), Some(b'+' | b'-')) && !matches!(before, Some(b'e' | b'E'))
    });
    let (re, im) = match split {
        Some(at) => bytes.split_at_checked(at)?,
        None => (&b"0"[..], bytes),
    };
    (!re.is_empty() && !im.is_empty()).then_some((re, im))
}

fn not(cell: &[u8], dtype: &DType) -> String {
    match cell.trim_ascii().is_empty() {
        true => format!("an empty cell is no {dtype}"),
        false => format!("{} is no {dtype}", shown(cell)),
    }
}

/// A cell in a message.
pub(super) fn shown(cell: &[u8]) -> String {
    const MOST: usize = 40;
    let text = String::from_utf8_lossy(cell);
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use npload::Value;
    use proptest::prelude::*;

    fn read(dtype: &str, cell: &str) -> Result<Value, String> {
        let dtype = DType::parse(dtype).unwrap();
        let mut bytes = Vec::new();
        encode(&dtype, cell.as_bytes(), &mut bytes)?;
        assert_eq!(bytes.len(), dtype.itemsize());
        Ok(Value::decode(&dtype, &bytes).unwrap())
    }

    #[test]
    fn cells_are_elements() {
        for (dtype, cell, printed) in [
            ("?", "true", "True"),
            ("?", "0", "False"),
            ("<i1", " -128 ", "-128"),
            (">u8", "18446744073709551615", "18446744073709551615"),
            ("<f4", "0.1", "0.1"),
            (">f8", "", "nan"),
            ("<f8", "-inf", "-inf"),
            ("<f2", "65504", "6.55e+04"),
            ("bfloat16", "3.1415926", "3.14062"),
            (">c8", "(1-2j)", "(1-2j)"),
            ("<c16", "1e-3+nanj", "(0.001+nanj)"),
            ("<c16", "-2.5j", "-2.5j"),
            ("<c16", "7", "(7+0j)"),
            ("<U3", "é中", "é中"),
            ("S3", "ab", "b'ab'"),
        ] {
            let read = read(dtype, cell).map(|value| value.to_string());
            assert_eq!(read.as_deref(), Ok(printed), "{cell} as {dtype}");
        }
    }

    #[test]
    fn cells_that_do_not_fit_are_refused() {
        for (dtype, cell, why) in [
            ("<i1", "128", "\"128\" is no int8"),
            ("<u4", "-1", "\"-1\" is no uint32"),
            ("<i8", "1.0", "\"1.0\" is no int64"),
            ("<i8", " ", "an empty cell is no int64"),
            ("<f4", "1e39", "\"1e39\" is no float32"),
            ("<f8", "1e999", "\"1e999\" is no float64"),
            ("<f2", "65520", "\"65520\" is no float16"),
            ("?", "yes", "\"yes\" is no bool"),
            ("<c8", "1+2", "\"1+2\" is no complex64"),
            ("<c8", "(j)", "\"(j)\" is no complex64"),
            (
                "<U2",
                "abc",
                "\"abc\" is longer than the 2 characters of <U2",
            ),
            ("S1", "é", "\"é\" is longer than the 1 byte of |S1"),
        ] {
            assert_eq!(read(dtype, cell).unwrap_err(), why, "{cell} as {dtype}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(value: f64, small: f32, half: u16) {
            let text = Value::Float64(value).to_string();
            prop_assert_eq!(read("<f8", &text).unwrap().to_string(), text);
            let text = Value::Float32(small).to_string();
            prop_assert_eq!(read("<f4", &text).unwrap().to_string(), text);
            let text = Value::Float16(f16::from_bits(half)).to_string();
            prop_assert_eq!(read("<f2", &text).unwrap().to_string(), text);
        }

        #[test]
        fn no_bytes_make_it_panic(cell in prop::collection::vec(any::<u8>(), 0..20)) {
            for dtype in ["?", "<i2", "<f2", "<c16", "<U3", "S2"] {
                let _ = encode(&DType::parse(dtype).unwrap(), &cell, &mut Vec::new());
            }
        }
    }
}
