//! Python's syntax for an index, read and written.

use std::fmt;
use std::str::FromStr;

use super::{Index, Selection};
use crate::{Error, ErrorKind, Result};

impl FromStr for Selection {
    type Err = Error;

    /// Reads what stands between the brackets in Python, with or without them: `0`, `1:10`,
    /// `..., ::-1`, `[None, 2]`.
    ///
    /// # Errors
    /// [`ErrorKind::Argument`] with the part that is none; [`ErrorKind::Index`] for a position beyond
    /// every array. Bounds of slices that are beyond are cut, as in Python.
    fn from_str(text: &str) -> Result<Self> {
        let trimmed = text.trim();
        let inner = match trimmed.strip_prefix('[') {
            Some(rest) => rest
                .strip_suffix(']')
                .ok_or_else(|| refuse(text, trimmed))?,
            None => trimmed,
        };
        let inner = inner.trim();
        let inner = inner.strip_suffix(',').unwrap_or(inner);
        if inner.is_empty() {
            return Ok(Selection::all());
        }
        let indices = inner.split(',').map(|part| parse_index(text, part.trim()));
        Ok(Selection::new(indices.collect::<Result<_>>()?))
    }
}

fn parse_index(text: &str, part: &str) -> Result<Index> {
    match part {
        "..." | "Ellipsis" => return Ok(Index::Ellipsis),
        "None" | "newaxis" | "np.newaxis" => return Ok(Index::NewAxis),
        _ => {}
    }
    let number = |part: &str| integer(part).ok_or_else(|| refuse(text, part));
    // Python cuts bounds to the machine's integers, as it cuts slices to the axis.
    let optional = |part: Option<&str>| -> Result<Option<isize>> {
        part.map(str::trim)
            .filter(|part| !matches!(*part, "" | "None"))
            .map(|part| Ok(number(part)?.unwrap_or_else(|beyond| beyond)))
            .transpose()
    };
    if !part.contains(':') {
        return match number(part)? {
            Ok(at) => Ok(Index::At(at)),
            Err(_) => Err(Error::new(
                ErrorKind::Index,
                format!("cannot fit {part:?} into an index-sized integer"),
            )),
        };
    }
    let mut parts = part.splitn(3, ':');
    let (start, stop) = (optional(parts.next())?, optional(parts.next())?);
    let step = optional(parts.next())?.unwrap_or(1);
    if step == 0 {
        return Err(Error::new(
            ErrorKind::Argument,
            format!("slice step cannot be zero: {part:?}"),
        ));
    }
    Ok(Index::Slice { start, stop, step })
}

/// An integer as Python writes one: `-3`, `1_000`, `0x1F`. As an error the nearest `isize` of one
/// that is beyond; nothing if it is none.
fn integer(text: &str) -> Option<Result<isize, isize>> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text.strip_prefix('+').unwrap_or(text).trim_start()),
    };
    let (radix, digits) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        _ => (10, digits),
    };
    // An underscore stands between digits, and behind a prefix.
    let digits = match (radix, digits.strip_prefix('_')) {
        (16 | 8 | 2, Some(rest)) => rest,
        _ => digits,
    };
    let zero = digits.bytes().all(|b| matches!(b, b'0' | b'_'));
    if radix == 10 && digits.len() > 1 && digits.starts_with('0') && !zero {
        return None;
    }
    let mut value = Ok(0_isize);
    for group in digits.split('_') {
        if group.is_empty() {
            return None;
        }
        for digit in group.chars() {
            let digit = isize::try_from(digit.to_digit(radix)?).ok()?;
            let digit = if negative {
                digit.checked_neg()?
            } else {
                digit
            };
            let beyond = if negative { isize::MIN } else { isize::MAX };
            let next = |value: isize| {
                let radix = isize::try_from(radix).ok()?;
                value.checked_mul(radix)?.checked_add(digit)
            };
            value = value.and_then(|value| next(value).ok_or(beyond));
        }
    }
    Some(value)
}

#[cold]
fn refuse(text: &str, part: &str) -> Error {
    let message = format!(
        "{part:?} in {text:?} is no index: write integers, slices (start:stop:step), '...' or \
         None, with commas between them"
    );
    Error::new(ErrorKind::Argument, message)
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, index) in self.indices().iter().enumerate() {
            f.write_str(if i == 0 { "" } else { ", " })?;
            match index {
                Index::At(at) => write!(f, "{at}")?,
                Index::NewAxis => f.write_str("None")?,
                Index::Ellipsis => f.write_str("...")?,
                Index::Slice { start, stop, step } => {
                    if let Some(start) = start {
                        write!(f, "{start}")?;
                    }
                    f.write_str(":")?;
                    if let Some(stop) = stop {
                        write!(f, "{stop}")?;
                    }
                    if *step != 1 {
                        write!(f, ":{step}")?;
                    }
                }
            }
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_syntax_is_read_and_written_back() {
        for (text, written) in [
            ("", "[]"),
            ("3", "[3]"),
            ("[ -1 ]", "[-1]"),
            ("1:2, ::-1,", "[1:2, ::-1]"),
            (": , 5 :, :7, ..., None", "[:, 5:, :7, ..., None]"),
            ("1_000:2_000:1", "[1000:2000]"),
            ("None:2, :None, None:None:None", "[:2, :, :]"),
            ("0x1F, -0b1_0, +0o17, 00", "[31, -2, 15, 0]"),
            (
                "-99999999999999999999:99999999999999999999:0xFFFFFFFFFFFFFFFFFF",
                "[-9223372036854775808:9223372036854775807:9223372036854775807]",
            ),
            ("-9223372036854775808", "[-9223372036854775808]"),
        ] {
            assert_eq!(
                text.parse::<Selection>().unwrap().to_string(),
                written,
                "{text}"
            );
        }
    }

    #[test]
    fn a_position_beyond_all_arrays_is_no_position() {
        let err = "99999999999999999999".parse::<Selection>().unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Index);
        let message = "cannot fit \"99999999999999999999\" into an index-sized integer";
        assert_eq!(err.message(), message);
    }

    #[test]
    fn what_is_no_index_is_named() {
        for (text, names) in [
            ("a", "\"a\" in \"a\""),
            ("1, b:2", "\"b\" in"),
            ("[1", "\"[1\" in"),
            ("1:2:3:4", "\"3:4\" in"),
            ("1,,2", "\"\" in"),
            ("::0", "step cannot be zero"),
            ("1__0", "no index"),
            ("_1", "no index"),
            ("1_", "no index"),
            ("0x", "no index"),
            ("012", "no index"),
            ("--1", "no index"),
            ("0b12", "no index"),
            ("None:b", "\"b\" in"),
        ] {
            let err = text.parse::<Selection>().unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Argument);
            assert!(err.message().contains(names), "{text}: {err}");
        }
    }
}
