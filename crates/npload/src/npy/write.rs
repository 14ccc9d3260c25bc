//! The header that `numpy.save` writes, byte for byte.

use super::frame::{MAGIC, unsupported};
use super::{note, shape};
use crate::array::Order;
use crate::dtype::DType;
use crate::{Error, ErrorKind, Result};

/// Where the data starts is a multiple of this, so that it can be mapped.
const ALIGN: usize = 64;

/// How many characters the dimension that grows when data are appended may come to have.
const GROWTH_DIGITS: usize = 21;

/// The bytes before the data of an array: those that NumPy writes, plus, where the dtype holds one
/// of ml_dtypes' types, a note that names it.
///
/// `order` is written as it is, for an array that has both orders (one axis, no elements, …) too.
///
/// Format fact: numpy/lib/_format_impl.py. Without a `version`, version 1 where the header's length
/// fits into 16 bits; else 2; 3 where it is not latin1.
///
/// # Errors
/// [`ErrorKind::DType`] for a dtype that no descr describes, [`ErrorKind::Shape`] for an array that
/// cannot exist; [`ErrorKind::Version`]; [`ErrorKind::Header`] for what the version cannot hold.
pub(crate) fn write_header(
    dtype: &DType,
    shape: &[usize],
    order: Order,
    version: Option<(u8, u8)>,
) -> Result<Vec<u8>> {
    if matches!(dtype, DType::Subarray(_)) {
        let message = format!("{dtype} is the dtype of a field, and not of an array");
        return Err(Error::new(ErrorKind::DType, message));
    }
    shape::check_ndim(shape.len())?;
    shape::sizes(shape, dtype.itemsize())?;
    let fortran = order == Order::F;
    let mut header = format!(
        "{{'descr': {}, 'fortran_order': {}, 'shape': {}, }}",
        dtype.descr()?,
        if fortran { "True" } else { "False" },
        shape::tuple_repr(shape),
    );
    if let Some(note) = note::write(dtype) {
        header.push_str(" # dtype: ");
        header.push_str(&note);
    }
    if let Some(growing) = if fortran { shape.last() } else { shape.first() } {
        let digits = growing.to_string().len();
        header.extend(std::iter::repeat_n(
            ' ',
            GROWTH_DIGITS.saturating_sub(digits),
        ));
    }
    let latin1: Option<Vec<u8>> = header.chars().map(|c| u8::try_from(c).ok()).collect();
    let wrapped = match (version, latin1) {
        (None, Some(text)) => wrap(&text, 1).or_else(|| wrap(&text, 2)),
        (None | Some((3, 0)), _) => wrap(header.as_bytes(), 3),
        (Some((version @ 1..=2, 0)), Some(text)) => wrap(&text, version),
        (Some((1..=2, 0)), None) => return Err(not_latin1(&header)),
        (Some(version), _) => return Err(unsupported(version)),
    };
    wrapped.ok_or_else(|| too_long(&header))
}

#[cold]
fn not_latin1(header: &str) -> Error {
    let message = format!("only version (3, 0) holds a header that is not latin1: {header}");
    Error::new(ErrorKind::Header, message)
}

#[cold]
fn too_long(header: &str) -> Error {
    let message = format!(
        "a header of {} bytes, which is too long for the version",
        header.len()
    );
    Error::new(ErrorKind::Header, message)
}

/// Magic, version, length, text, padding; none if the length does not fit.
fn wrap(text: &[u8], version: u8) -> Option<Vec<u8>> {
    let prefix = MAGIC.len().saturating_add(if version == 1 { 4 } else { 6 });
    // The newline counts.
    let len = text.len().checked_add(1)?;
    let unpadded = prefix.checked_add(len)?;
    // From 1 to 64 blanks: NumPy pads a header that is aligned already.
    let padding = ALIGN.saturating_sub(unpadded.checked_rem(ALIGN)?);
    let len = u32::try_from(len.checked_add(padding)?).ok()?;
    let mut out = Vec::with_capacity(unpadded.saturating_add(padding));
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[version, 0]);
    if version == 1 {
        out.extend_from_slice(&u16::try_from(len).ok()?.to_le_bytes());
    } else {
        out.extend_from_slice(&len.to_le_bytes());
    }
    out.extend_from_slice(text);
    out.extend(std::iter::repeat_n(b' ', padding));
    out.push(b'\n');
    Some(out)
}

#[cfg(test)]
mod tests;
