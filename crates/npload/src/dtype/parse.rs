//! Dtypes from strings: typestrs, character codes, names.
//!
//! A file's dtype string is hostile text: NumPy's own reader divides by a zero in it, and lets
//! sizes overflow. Here all arithmetic is checked, and sizes end where NumPy's do.

use std::str::FromStr;

use super::number::{ByteOrder, Number};
use super::{DType, MAX_ITEMSIZE, TimeUnit, comma, names};
use crate::python_repr;
use crate::{Error, ErrorKind, Result};

impl DType {
    /// Reads every string that `numpy.dtype` takes: typestrs (`<f8`, `|S5`, `>M8[25s]`), character
    /// codes (`d`, `?`), names (`float64`), comma strings (`f4,(2,3)i1`), and the names of
    /// ml_dtypes (`bfloat16`; `<f1` too, which is how NumPy writes `float8_e5m2`).
    ///
    /// ```
    /// use npload::{ByteOrder, DType, Number};
    /// assert_eq!(DType::parse(">f8")?, DType::Number(Number::Float64, ByteOrder::Big));
    /// assert_eq!(DType::parse("S5")?, DType::Bytes(5));
    /// assert_eq!(DType::parse("f4,(2,)i1")?.to_string(), "[('f0', '<f4'), ('f1', 'i1', (2,))]");
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::DType`] for everything else. `T`, NumPy's `StringDType`, is told by name: its
    /// arrays are pickles.
    pub fn parse(text: &str) -> Result<DType> {
        match simple(text) {
            Some(dtype) => Ok(dtype),
            None => parse_uncommon(text),
        }
    }
}

impl FromStr for DType {
    type Err = Error;

    fn from_str(text: &str) -> Result<DType> {
        DType::parse(text)
    }
}

/// What nearly all files have: a byte order, a kind, and a size of one or two digits.
fn simple(text: &str) -> Option<DType> {
    let (order, kind, size) = match *text.as_bytes() {
        [order, kind, a @ b'0'..=b'9'] => (order, kind, usize::from(a & 0xF)),
        [order, kind, a @ b'1'..=b'9', b @ b'0'..=b'9'] => (
            order,
            kind,
            usize::from((a & 0xF).saturating_mul(10).saturating_add(b & 0xF)),
        ),
        _ => return None,
    };
    let order = match order {
        b'<' => ByteOrder::Little,
        b'>' => ByteOrder::Big,
        b'|' | b'=' => ByteOrder::NATIVE,
        _ => return None,
    };
    match kind {
        b'b' | b'i' | b'u' | b'f' | b'c' => {
            Number::from_kind(char::from(kind), size).map(|number| DType::number(number, order))
        }
        b'S' => Some(DType::Bytes(size)),
        b'U' => Some(DType::Str(size, order)),
        b'V' => Some(DType::Void(size)),
        _ => None,
    }
}

#[cold]
fn not_understood(text: &str) -> Error {
    Error::new(
        ErrorKind::DType,
        format!("data type {} not understood", python_repr::text(text)),
    )
}

fn parse_uncommon(text: &str) -> Result<DType> {
    if comma::is_comma_string(text) {
        return comma::parse(text);
    }
    let (order, code) = match text.chars().next() {
        Some('<') => (ByteOrder::Little, text.get(1..)),
        Some('>') => (ByteOrder::Big, text.get(1..)),
        Some('=' | '|') => (ByteOrder::NATIVE, text.get(1..)),
        _ => (ByteOrder::NATIVE, Some(text)),
    };
    let code = code.unwrap_or_default();
    if let Some((is_datetime, unit)) = time(code) {
        let unit = TimeUnit::parse(unit)?;
        return Ok(if is_datetime {
            DType::DateTime(unit, order)
        } else {
            DType::TimeDelta(unit, order)
        });
    }
    let mut chars = code.chars();
    let kind = chars.next().ok_or_else(|| not_understood(text))?;
    let rest = chars.as_str();
    if rest.is_empty() {
        if kind == 'T' {
            return Err(Error::new(
                ErrorKind::DType,
                "the data type 'T' is numpy.dtypes.StringDType, which files hold as pickled objects only",
            ));
        }
        return names::from_code(kind, order).ok_or_else(|| not_understood(text));
    }
    let sized = match strtol(rest) {
        Some((size, "")) => usize::try_from(size)
            .ok()
            .filter(|&size| size <= MAX_ITEMSIZE)
            .and_then(|size| from_kind_and_size(kind, size, order)),
        _ => None,
    };
    // Names have no byte order.
    sized
        .or_else(|| names::from_name(text))
        .ok_or_else(|| not_understood(text))
}

/// Whether it is `M8…` or `datetime64…` (else `m8…`, `timedelta64…`), and what follows.
fn time(code: &str) -> Option<(bool, &str)> {
    let datetime = code
        .strip_prefix("M8")
        .or_else(|| code.strip_prefix("datetime64"));
    let timedelta = || {
        code.strip_prefix("m8")
            .or_else(|| code.strip_prefix("timedelta64"))
    };
    datetime
        .map(|unit| (true, unit))
        .or_else(|| timedelta().map(|unit| (false, unit)))
}

fn from_kind_and_size(kind: char, size: usize, order: ByteOrder) -> Option<DType> {
    match kind {
        'S' => Some(DType::Bytes(size)),
        'V' => Some(DType::Void(size)),
        'U' if size <= MAX_ITEMSIZE / 4 => Some(DType::Str(size, order)),
        'U' => None,
        // 4 was the size of a pointer on the machine that wrote it.
        'O' => (size == 8 || size == 4).then_some(DType::Object),
        'M' => (size == 8).then_some(DType::DateTime(TimeUnit::GENERIC, order)),
        'm' => (size == 8).then_some(DType::TimeDelta(TimeUnit::GENERIC, order)),
        kind => Number::from_kind(kind, size).map(|number| DType::number(number, order)),
    }
}

/// C's `strtol`, by which NumPy reads sizes: blanks and a sign may stand before the digits. The
/// number (the nearest `i64`) and what follows; none where there are no digits.
pub(super) fn strtol(text: &str) -> Option<(i64, &str)> {
    let unsigned = text.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let (negative, digits) = match unsigned.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, unsigned.strip_prefix('+').unwrap_or(unsigned)),
    };
    let len = digits.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = digits.split_at_checked(len).filter(|_| len > 0)?;
    let value = digits.bytes().fold(0_i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i64::from(digit & 0xF))
    });
    Some((
        if negative {
            value.saturating_neg()
        } else {
            value
        },
        rest,
    ))
}
