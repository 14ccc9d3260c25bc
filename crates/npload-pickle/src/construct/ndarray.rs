//! Handlers of NumPy's arrays and scalars.
//!
//! Source: NumPy's `array_reduce`, `array_setstate`, `_frombuffer` and `scalar`.

use std::sync::Arc;

use super::dtype::as_dtype;
use super::look::Look;
use super::{Checked, Known, Mismatch, charge_arguments, count};
use crate::builder::{Builder, Call, View};
use crate::data::{Array, Contents, DType, Data, NaObject};
use crate::options::Work;

/// `_reconstruct(ndarray, (0,), b'b')`: an array whose state follows.
pub(super) fn begin<B: Builder>(builder: &mut B, call: &Call<B::Value>) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("(numpy.ndarray, (0,), b'b')");
    let class = builder.item(&call.args, 0).ok_or(SCHEMA)?;
    let shape = builder.item(&call.args, 1).ok_or(SCHEMA)?;
    let letter = builder.item(&call.args, 2).ok_or(SCHEMA)?;
    let fine = count(builder, &call.args) == 3
        && matches!(builder.view(&class), View::Global(Some(Known::NdArray)))
        && builder.as_shape(&shape).is_some_and(|shape| shape == [0])
        && builder.as_name(&letter) == Some("b");
    if !fine {
        return Err(SCHEMA);
    }
    Ok(builder.begin(Known::NdArray, call.clone())?)
}

const STATE: Mismatch =
    Mismatch::Schema("(1, shape, dtype, order, contents), all of which fit each other");

/// `(version, shape, dtype, fortran, contents)`.
pub(super) fn state<B: Builder>(builder: &mut B, state: &B::Value) -> Checked<Data<B::Value>> {
    let item = |builder: &B, at| builder.item(state, at).ok_or(STATE);
    if builder.items(state) != Some(5) {
        return Err(STATE);
    }
    let version = builder.as_int(&item(builder, 0)?);
    let shape = builder.as_shape(&item(builder, 1)?).ok_or(STATE)?;
    let dtype_value = item(builder, 2)?;
    let dtype = as_dtype(builder, &dtype_value).ok_or(STATE)?;
    let fortran = builder.as_flag(&item(builder, 3)?).ok_or(STATE)?;
    let mut contents = item(builder, 4)?;
    let elements = elements(&shape, &dtype).ok_or(STATE)?;
    if !matches!(version, Some(0 | 1)) || is_subarray(&dtype) {
        return Err(STATE);
    }
    let contents = if dtype.holds_objects() {
        let View::List(len) = builder.view(&contents) else {
            return Err(STATE);
        };
        if len as u64 != elements || !are_texts(builder, &dtype, &contents, len) {
            return Err(STATE);
        }
        Contents::Objects(contents)
    } else {
        if matches!(builder.view(&contents), View::Text(_) | View::LongText(_)) {
            contents = builder.latin1(&contents)?.ok_or(STATE)?;
        }
        if !is_bytes(builder, &contents, elements, &dtype, false) {
            return Err(STATE);
        }
        Contents::Bytes(contents)
    };
    Ok(Data::Array(Array {
        dtype,
        dtype_value,
        shape,
        fortran,
        axes: None,
        to_native: true,
        contents,
    }))
}

/// Whether NumPy would make it axes of the array: no array and no scalar has such a dtype.
fn is_subarray(dtype: &DType) -> bool {
    matches!(dtype, DType::Subarray { .. })
}

/// Whether a `StringDType`'s list holds texts, and its own missing object, alone.
fn are_texts<B: Builder>(builder: &B, dtype: &DType, list: &B::Value, len: usize) -> bool {
    let DType::String { na_object, .. } = dtype else {
        return true;
    };
    (0..len).all(|at| {
        let Some(item) = builder.item(list, at) else {
            return false;
        };
        match builder.view(&item) {
            View::Text(_) | View::LongText(_) => true,
            View::None => *na_object == NaObject::None,
            View::Float(value) => value.is_nan() && *na_object == NaObject::NaN,
            _ => false,
        }
    })
}

/// The number of elements, if their bytes have a number too.
fn elements(shape: &[u64], dtype: &DType) -> Option<u64> {
    // As NumPy, which multiplies the lengths that are not 0.
    let nonzero = shape.iter().filter(|&&len| len != 0);
    let product = nonzero
        .clone()
        .try_fold(dtype.itemsize().max(1), |size, &len| {
            size.checked_mul(len)
                .filter(|&size| size <= i64::MAX as u64)
        });
    product?;
    shape
        .iter()
        .try_fold(1_u64, |size, &len| size.checked_mul(len))
}

fn is_bytes<B: Builder>(
    builder: &B,
    contents: &B::Value,
    elements: u64,
    dtype: &DType,
    writable: bool,
) -> bool {
    let len = match builder.view(contents) {
        View::Bytes(bytes) => bytes.len() as u64,
        View::ByteArray(bytes) if writable => bytes.len() as u64,
        View::LongBytes { len, mutable } if writable || !mutable => len,
        _ => return false,
    };
    elements.checked_mul(dtype.itemsize()) == Some(len)
}

/// `_frombuffer(buffer, dtype, shape, order[, axes])`.
pub(super) fn from_buffer<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch =
        Mismatch::Schema("(buffer, dtype, shape, 'C' or 'F' or 'K', axes) that fit each other");
    let length = count(builder, args);
    if !(4..=5).contains(&length) {
        return Err(SCHEMA);
    }
    let item = |at| builder.item(args, at).ok_or(SCHEMA);
    let contents = item(0)?;
    let dtype_value = item(1)?;
    let dtype = as_dtype(builder, &dtype_value).ok_or(SCHEMA)?;
    let shape = builder.as_shape(&item(2)?).ok_or(SCHEMA)?;
    let order = item(3)?;
    let axes = match builder.item(args, 4) {
        Some(axes) if !builder.is_none(&axes) => Some(builder.as_shape(&axes).ok_or(SCHEMA)?),
        _ => None,
    };
    let (fortran, axes) = match (builder.as_name(&order), axes) {
        (Some("C"), None) => (false, None),
        (Some("F"), None) => (true, None),
        (Some("K"), Some(axes)) => (false, Some(permutation(&axes, shape.len()).ok_or(SCHEMA)?)),
        _ => return Err(SCHEMA),
    };
    let elements = elements(&shape, &dtype).ok_or(SCHEMA)?;
    if dtype.holds_objects()
        || is_subarray(&dtype)
        || !is_bytes(builder, &contents, elements, &dtype, true)
    {
        return Err(SCHEMA);
    }
    Ok(builder.construct(Data::Array(Array {
        dtype,
        dtype_value,
        shape,
        fortran,
        axes,
        to_native: false,
        contents: Contents::Bytes(contents),
    }))?)
}

fn permutation(axes: &[u64], count: usize) -> Option<Vec<usize>> {
    let mut sorted = axes.to_vec();
    sorted.sort_unstable();
    let all = sorted.iter().copied().eq(0..count as u64);
    let axes = axes
        .iter()
        .map(|&axis| usize::try_from(axis).ok())
        .collect();
    if all { axes } else { None }
}

/// `scalar(dtype, bytes)`.
pub(super) fn scalar<B: Builder>(
    builder: &mut B,
    work: &mut Work,
    args: &B::Value,
) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("a dtype without objects and bytes of its size");
    let dtype = builder.item(args, 0).ok_or(SCHEMA)?;
    let dtype: Arc<DType> = as_dtype(builder, &dtype).ok_or(SCHEMA)?;
    let mut contents = builder.item(args, 1).ok_or(SCHEMA)?;
    if count(builder, args) != 2 || dtype.holds_objects() || is_subarray(&dtype) {
        return Err(SCHEMA);
    }
    if matches!(builder.view(&contents), View::Text(_) | View::LongText(_)) {
        charge_arguments(builder, work, args)?;
        contents = builder.latin1(&contents)?.ok_or(SCHEMA)?;
    }
    if !is_bytes(builder, &contents, 1, &dtype, false) {
        return Err(SCHEMA);
    }
    Ok(builder.construct(Data::Scalar(dtype, contents))?)
}
