//! What `repr` says after the brackets: a shape and a dtype that they do not tell.

use super::PrintOptions;
use crate::dtype::{DType, Number};
use crate::npy::tuple_repr;

/// Completes `array([..]`.
pub(super) fn complete(
    text: String,
    shape: &[usize],
    dtype: &DType,
    options: &PrintOptions,
) -> String {
    let told = shape.contains(&0) || !is_implied(dtype);
    complete_with(text, shape, told.then(|| short_name(dtype)), options)
}

/// The same where the dtype's name is known, if it is to be told.
pub(crate) fn complete_with(
    mut text: String,
    shape: &[usize],
    dtype: Option<String>,
    options: &PrintOptions,
) -> String {
    let size = shape.iter().fold(1, |n: usize, &m| n.saturating_mul(m));
    let empty = shape.contains(&0);
    let mut extras = Vec::new();
    if empty && shape != [0] || !empty && size > options.threshold {
        extras.push(format!("shape={}", tuple_repr(shape)));
    }
    if let Some(dtype) = dtype {
        extras.push(format!("dtype={dtype}"));
    }
    if extras.is_empty() {
        text.push(')');
        return text;
    }
    let extras = extras.join(", ");
    let last_line = text.rsplit('\n').next().unwrap_or_default().chars().count();
    // A comma, a space, the closing parenthesis.
    let width = last_line
        .saturating_add(extras.chars().count())
        .saturating_add(3);
    let space = if width > options.linewidth {
        "\n      "
    } else {
        " "
    };
    format!("{text},{space}{extras})")
}

/// Whether the elements' texts say it all.
fn is_implied(dtype: &DType) -> bool {
    let DType::Number(number, _) = dtype else {
        return false;
    };
    let plain = [
        Number::Bool,
        Number::Int64,
        Number::Float64,
        Number::Complex128,
    ];
    plain.contains(number) && dtype.is_native()
}

/// NumPy's `dtype_short_repr`: the name, in quotes where it is no word and where the byte order
/// or the length must be told (float32, 'datetime64[s]', '>f4', '<U3'); a struct as it is.
pub(crate) fn short_name(dtype: &DType) -> String {
    let name = match dtype {
        DType::Struct(_) => return dtype.to_string(),
        DType::Bytes(_) | DType::Str(..) | DType::Void(_) => return format!("'{dtype}'"),
        _ if dtype.is_native() => dtype.name(),
        _ => return format!("'{dtype}'"),
    };
    match name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        true => name,
        false => format!("'{name}'"),
    }
}
