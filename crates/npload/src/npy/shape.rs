//! Shapes: from literals, checked in exact arithmetic.
//!
//! NumPy multiplies dimensions modulo 2**64, so that it takes `(2**32, 2**32)` for an empty array.
//! Here a product that does not fit is an error, and a shape with a 0 in it is empty, whatever
//! else is in it.

use super::literal::Literal;
use crate::dtype::MAX_NDIM;
use crate::{Error, ErrorKind, Result, Warning};

/// A shape as Python's `repr` shows it: `()`, `(3,)`, `(2, 3)`.
pub(crate) fn tuple_repr(shape: &[usize]) -> String {
    match shape {
        [n] => format!("({n},)"),
        _ => {
            let dims: Vec<_> = shape.iter().map(usize::to_string).collect();
            format!("({})", dims.join(", "))
        }
    }
}

/// The shape that a header's literal says.
///
/// # Errors
/// [`ErrorKind::Header`] if it is no tuple of integers; [`ErrorKind::Shape`] if an integer is no
/// dimension. NumPy lets `True` pass as an integer here and fails on it later.
pub(super) fn from_literal(literal: &Literal, warnings: &mut Vec<Warning>) -> Result<Vec<usize>> {
    let invalid = || Error::new(ErrorKind::Header, format!("shape is not valid: {literal}"));
    let Literal::Tuple(dims) = literal else {
        return Err(invalid());
    };
    // First the types, then the values: NumPy's order.
    let is_int = |dim: &Literal| {
        matches!(
            dim,
            Literal::Int(_) | Literal::BigInt(_) | Literal::NumpyInt(_)
        )
    };
    if !dims.iter().all(is_int) {
        return Err(invalid());
    }
    check_ndim(dims.len())?;
    if dims.iter().any(|dim| matches!(dim, Literal::NumpyInt(_))) {
        warnings.push(Warning::NumpyScalarInHeader);
    }
    let dimension = |dim: &Literal| match dim {
        Literal::Int(n) | Literal::NumpyInt(n) => match usize::try_from(*n) {
            Ok(n) if isize::try_from(n).is_ok() => Ok(n),
            Ok(_) => Err(too_large(literal)),
            Err(_) if *n < 0 => Err(Error::new(
                ErrorKind::Shape,
                format!("negative dimensions are not allowed: {literal}"),
            )),
            Err(_) => Err(too_large(literal)),
        },
        _ => Err(too_large(literal)),
    };
    dims.iter().map(dimension).collect()
}

#[cold]
fn too_large(literal: &Literal) -> Error {
    Error::new(
        ErrorKind::Shape,
        format!(
            "Maximum allowed dimension exceeded: {literal}, and {} is the most",
            isize::MAX
        ),
    )
}

pub(super) fn check_ndim(ndim: usize) -> Result<()> {
    if ndim > MAX_NDIM {
        let message = format!(
            "maximum supported dimension for an ndarray is currently {MAX_NDIM}, found {ndim}"
        );
        return Err(Error::new(ErrorKind::Shape, message));
    }
    Ok(())
}

/// How many elements and bytes an array has; both fit into an `isize`.
///
/// # Errors
/// [`ErrorKind::Shape`] where they do not. A shape with a 0 in it has none of either.
pub(super) fn sizes(shape: &[usize], itemsize: usize) -> Result<(usize, usize)> {
    if shape.contains(&0) {
        return Ok((0, 0));
    }
    let fits = |n: &usize| isize::try_from(*n).is_ok();
    let size = shape
        .iter()
        .try_fold(1_usize, |size, &n| size.checked_mul(n))
        .filter(fits);
    let nbytes = size
        .and_then(|size| size.checked_mul(itemsize))
        .filter(fits);
    match (size, nbytes) {
        (Some(size), Some(nbytes)) => Ok((size, nbytes)),
        _ => Err(Error::new(
            ErrorKind::Shape,
            format!(
                "array is too big: the shape {} of {itemsize} bytes each is more than the largest \
                 possible size, {} bytes",
                tuple_repr(shape),
                isize::MAX
            ),
        )),
    }
}
