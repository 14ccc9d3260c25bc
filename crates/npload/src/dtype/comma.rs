//! Comma strings: `f4,(2,3)i1`, `3f4`.

use std::sync::Arc;

use super::{DType, Field, Struct};
use crate::npy::literal::{Dialect, parse as parse_literal};
use crate::python_repr;
use crate::{Error, ErrorKind, Result};

/// Whether NumPy reads it as a comma string: digits or `()` at its start, or a comma outside of
/// square brackets.
pub(super) fn is_comma_string(text: &str) -> bool {
    let inner = text.strip_prefix(['<', '>', '=', '|']).unwrap_or(text);
    if inner.starts_with(|c: char| c.is_ascii_digit()) || inner.starts_with("()") {
        return true;
    }
    let mut depth: i32 = 0;
    text.bytes().any(|byte| {
        match byte {
            b'[' => depth = depth.saturating_add(1),
            b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        byte == b',' && depth == 0
    })
}

/// Reads a comma string: one format, or the struct of several, with the fields `f0`, `f1`, ….
pub(super) fn parse(text: &str) -> Result<DType> {
    let mut rest = text;
    let mut formats = Vec::new();
    let mut is_list = false;
    while !rest.is_empty() {
        let number = formats.len().saturating_add(1);
        let (format, after) = Format::split(rest);
        rest = after;
        let blanks = rest.trim_start();
        if blanks.is_empty() {
            rest = "";
        } else if let Some(after) = blanks.strip_prefix(',') {
            rest = after.trim_start();
            is_list = true;
        } else {
            let message = format!("format number {number} of {text:?} is not recognized");
            return Err(Error::new(ErrorKind::DType, message));
        }
        if is_list && rest.is_empty() && format.is_empty() {
            // NumPy overlooks a byte order that nothing follows.
            break;
        }
        formats.push(format.dtype(text)?);
    }
    if !is_list && formats.len() == 1 {
        return formats
            .pop()
            .ok_or_else(|| Error::new(ErrorKind::DType, "an empty dtype"));
    }
    let mut offset: usize = 0;
    let mut fields = Vec::with_capacity(formats.len());
    for (i, dtype) in formats.into_iter().enumerate() {
        let end = offset.saturating_add(dtype.itemsize());
        fields.push(Field {
            name: format!("f{i}"),
            title: None,
            dtype,
            offset,
        });
        offset = end;
    }
    Ok(DType::Struct(Arc::new(Struct::new(fields, offset, false)?)))
}

/// This machine's byte order, as typestrs write it.
const NATIVE: &str = if cfg!(target_endian = "little") {
    "<"
} else {
    ">"
};

/// One part: a byte order, repeats, a byte order again, a typestr.
struct Format<'a> {
    orders: (&'a str, &'a str),
    repeats: &'a str,
    code: &'a str,
}

impl<'a> Format<'a> {
    /// The format at the start of a text, and what follows it.
    fn split(text: &'a str) -> (Self, &'a str) {
        let is_order = |c: char| matches!(c, '<' | '>' | '|' | '=');
        let one = |text: &'a str, is: &dyn Fn(char) -> bool| {
            text.split_at_checked(usize::from(text.starts_with(is)))
                .unwrap_or((text, ""))
        };
        let (first, rest) = one(text, &is_order);
        let after = rest.trim_start_matches(' ');
        let after = after.strip_prefix('(').unwrap_or(after);
        let after = after.trim_start_matches(|c: char| matches!(c, ' ' | ',' | '0'..='9'));
        let after = after
            .strip_prefix(')')
            .unwrap_or(after)
            .trim_start_matches(' ');
        let (repeats, rest) = split_before(rest, after);
        let (second, rest) = one(rest, &is_order);
        let after =
            rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '?'));
        let bracket = after.strip_prefix('[').and_then(|inside| {
            let end = inside
                .trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, ',' | '.'));
            (end.len() < inside.len())
                .then(|| end.strip_prefix(']'))
                .flatten()
        });
        let (code, rest) = split_before(rest, bracket.unwrap_or(after));
        (
            Format {
                orders: (first, second),
                repeats,
                code,
            },
            rest,
        )
    }

    /// The byte order, empty for this machine's.
    fn order(&self) -> Result<&'a str> {
        let spelt = |order: &'a str| if order == "=" { NATIVE } else { order };
        let order = match self.orders {
            (first, "") => first,
            ("", second) => second,
            (first, second) if spelt(first) == spelt(second) => spelt(first),
            (first, second) => {
                let (first, second) = (spelt(first), spelt(second));
                return Err(Error::new(
                    ErrorKind::DType,
                    format!("inconsistent byte-order specification {first} and {second}"),
                ));
            }
        };
        Ok(if matches!(order, "|" | "=") || order == NATIVE {
            ""
        } else {
            order
        })
    }

    fn is_empty(&self) -> bool {
        self.code.is_empty() && self.repeats.is_empty() && self.order().is_ok_and(str::is_empty)
    }

    fn dtype(&self, text: &str) -> Result<DType> {
        let invalid = |why: String| Err(Error::new(ErrorKind::DType, why));
        let dtype = DType::parse(&format!("{}{}", self.order()?, self.code))?;
        if self.repeats.is_empty() {
            return Ok(dtype);
        }
        match parse_literal(self.repeats.trim_start_matches(' '), Dialect::Python3) {
            Ok(repeats) => dtype.shaped(&repeats.value, &mut Vec::new()),
            Err(why) => invalid(format!(
                "the repeats {} of {} are no shape: {}",
                python_repr::text(self.repeats),
                python_repr::text(text),
                why.message
            )),
        }
    }
}

/// Splits a text before its suffix `rest`.
fn split_before<'a>(text: &'a str, rest: &'a str) -> (&'a str, &'a str) {
    text.split_at_checked(text.len().saturating_sub(rest.len()))
        .unwrap_or((text, ""))
}
