//! One element as Python's `str` shows NumPy's scalar: what `print(a[0])` prints.

use std::fmt;

use super::format::{Context, Format};
use super::{PrintOptions, float, time};
use crate::array::value::Value;
use crate::dtype::DType;
use crate::python_repr;

/// What Python's `str` says of NumPy's scalar. Code points that no Rust string can hold are
/// escaped (`\ud800`).
///
/// ```
/// use npload::{ByteOrder, DType, Number, Value};
/// let half = DType::Number(Number::Float16, ByteOrder::Little);
/// assert_eq!(Value::decode(&half, &[0x66, 0x2E])?.to_string(), "0.1");
/// assert_eq!(Value::decode(&DType::Bytes(3), b"ab\0")?.to_string(), "b'ab'");
/// # Ok::<(), npload::Error>(())
/// ```
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&text(self, &PrintOptions::default()))
    }
}

/// Options count for the complex fields of structs alone: NumPy prints all else with enough digits.
pub(super) fn text(value: &Value, options: &PrintOptions) -> String {
    if let Some(real) = value.real() {
        return float::scalar(real);
    }
    if let Some((re, im)) = value.complex() {
        return float::complex_scalar(re, im);
    }
    let context = Context {
        options,
        has_axes: false,
        scalar: true,
    };
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(v) => v.to_string(),
        Value::UInt(v) => v.to_string(),
        Value::MlFloat(_, v) => general(*v),
        Value::MlComplex(_, v) => general_complex(v.re, v.im),
        Value::Bytes(bytes) => python_repr::bytes(bytes),
        Value::Str(text) => python_repr::unquoted(text.code_points()),
        Value::Void(bytes) => python_repr::void(bytes),
        Value::DateTime(count, unit) => time::datetime(*count, *unit),
        Value::TimeDelta(count, unit) => time::timedelta(*count, *unit),
        Value::Struct(record) => {
            let dtype = DType::Struct(record.dtype.clone());
            Format::new(&dtype, &[value], context).write(value)
        }
        Value::Array(nested) => {
            let dtype = DType::Subarray(nested.dtype.clone());
            Format::new(&dtype, &[value], context).write(value)
        }
        _ => String::new(),
    }
}

/// (1+2j), and 2j where the real part is a zero without a sign.
fn general_complex(re: f32, im: f32) -> String {
    if re == 0.0 && re.is_sign_positive() {
        return format!("{}j", general(im));
    }
    let plus = if im.is_nan() || im.is_sign_positive() {
        "+"
    } else {
        ""
    };
    format!("({}{plus}{}j)", general(re), general(im))
}

/// C's `%g`: six digits, without zeros at the end. ml_dtypes prints all its floats so, although
/// they have fewer digits or need more.
fn general(value: f32) -> String {
    if !value.is_finite() {
        let text = if value.is_nan() { "nan" } else { "inf" };
        let sign = if value == f32::NEG_INFINITY { "-" } else { "" };
        return format!("{sign}{text}");
    }
    let text = format!("{value:.5e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    match usize::try_from(5_i32.saturating_sub(exponent)) {
        Ok(decimals @ 0..=9) => trim(&format!("{value:.decimals$}")),
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", trim(mantissa), exponent.unsigned_abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ml_dtypes_floats_have_six_digits() {
        let cases = [
            (1.0078125, "1.00781"),
            (999_424.0, "999424"),
            (1.34218e8, "1.34218e+08"),
            (-0.0, "-0"),
            (9.965_9e-5, "9.9659e-05"),
            (0.000_976_562_5, "0.000976562"),
            (f32::NEG_INFINITY, "-inf"),
            (-f32::NAN, "nan"),
        ];
        for (value, text) in cases {
            assert_eq!(general(value), text);
        }
    }
}
