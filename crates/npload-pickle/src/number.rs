//! Numbers in lines, as CPython reads them, and long ints.

use num_bigint::{BigInt, BigUint, Sign};

use crate::error::{Error, ErrorKind, Result};
use crate::options::Limits;

/// An int of any size; the small variant wherever it fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Int {
    Small(i64),
    Big(BigInt),
}

impl From<BigInt> for Int {
    fn from(value: BigInt) -> Self {
        match i64::try_from(&value) {
            Ok(small) => Int::Small(small),
            Err(_) => Int::Big(value),
        }
    }
}

/// What the INT opcode's line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IntOrBool {
    Int(Int),
    Bool(bool),
}

/// INT: C's `strtol` with base 0, then Python's `int(…, 0)`; two characters that say 0 or 1 are
/// a bool.
pub(crate) fn parse_int_line(line: &[u8], limits: &Limits) -> Result<IntOrBool> {
    match strtol(line) {
        Some(value @ (0 | 1)) if line.len() == 2 => Ok(IntOrBool::Bool(value == 1)),
        Some(value) => Ok(IntOrBool::Int(Int::Small(value))),
        None => parse_python_int(line, limits).map(IntOrBool::Int),
    }
}

/// LONG: Python's `int(…, 0)` after an `L` is taken from the end.
pub(crate) fn parse_long_line(line: &[u8], limits: &Limits) -> Result<Int> {
    parse_python_int(line.strip_suffix(b"L").unwrap_or(line), limits)
}

/// FLOAT: Python's `float`, without white space.
pub(crate) fn parse_float_line(line: &[u8]) -> Result<f64> {
    let value = std::str::from_utf8(line)
        .ok()
        .and_then(|text| text.parse::<f64>().ok());
    match value {
        Some(value) if value.is_infinite() && line.iter().any(u8::is_ascii_digit) => {
            Err(Error::new(
                ErrorKind::Argument,
                format!("{} is too large for a float", shown(line)),
            ))
        }
        Some(value) => Ok(value),
        None => Err(bad_number("float", line)),
    }
}

/// GET and PUT: a decimal number. The sign is told apart, since Python's words differ.
pub(crate) fn parse_index_line(line: &[u8]) -> Result<i64> {
    std::str::from_utf8(line)
        .ok()
        .and_then(|text| text.trim_ascii().parse().ok())
        .ok_or_else(|| bad_number("memo index", line))
}

/// LONG1 and LONG4: little-endian two's complement; no bytes are 0.
pub(crate) fn parse_long(bytes: &[u8], limits: &Limits) -> Result<Int> {
    if let Some(&last) = bytes.last().filter(|_| bytes.len() <= 8) {
        let mut all = [if last & 0x80 == 0 { 0 } else { 0xff }; 8];
        for (to, from) in all.iter_mut().zip(bytes) {
            *to = *from;
        }
        return Ok(Int::Small(i64::from_le_bytes(all)));
    }
    if bytes.is_empty() {
        return Ok(Int::Small(0));
    }
    // log10(256) = 2.408…
    let digits = (bytes.len() as u64).saturating_mul(2408) / 1000;
    check_digits(digits, limits)?;
    Ok(BigInt::from_signed_bytes_le(bytes).into())
}

fn check_digits(digits: u64, limits: &Limits) -> Result<()> {
    if digits > limits.max_digits {
        return Err(Limits::exceeded(
            "max_digits",
            limits.max_digits,
            "digits in an int",
        ));
    }
    Ok(())
}

/// C's `strtol(text, …, 0)`, if it takes all of the text and the number fits.
fn strtol(text: &[u8]) -> Option<i64> {
    let text = trim_start(text);
    let (negative, digits) = sign(text);
    let (radix, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] if !rest.is_empty() => (16, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    };
    if !digits.first()?.is_ascii_alphanumeric() {
        return None; // from_str_radix would take a second sign
    }
    let value = i128::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()?;
    i64::try_from(if negative {
        value.checked_neg()?
    } else {
        value
    })
    .ok()
}

/// Python's `int(text, 0)`: white space around, a sign, a prefix, underscores between digits.
fn parse_python_int(line: &[u8], limits: &Limits) -> Result<Int> {
    let bad = || bad_number("int", line);
    let (negative, digits) = sign(trim_start(line).trim_ascii_end());
    let (radix, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest.strip_prefix(b"_").unwrap_or(rest)),
        [b'0', b'o' | b'O', rest @ ..] => (8, rest.strip_prefix(b"_").unwrap_or(rest)),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest.strip_prefix(b"_").unwrap_or(rest)),
        [b'0', rest @ ..] if rest.iter().any(|digit| !matches!(digit, b'0' | b'_')) => {
            return Err(bad()); // 010 is octal in Python 2 and nothing in Python 3
        }
        _ => (10, digits),
    };
    check_digits(digits.len() as u64, limits)?;
    let between = digits.first() != Some(&b'_')
        && digits.last() != Some(&b'_')
        && !digits.windows(2).any(|pair| pair == b"__");
    let starts_as_digit = digits.first().is_some_and(u8::is_ascii_alphanumeric);
    if !between || !starts_as_digit {
        return Err(bad());
    }
    let sign = if negative { Sign::Minus } else { Sign::Plus };
    let value = BigUint::parse_bytes(digits, radix).ok_or_else(bad)?;
    Ok(Int::from(BigInt::from_biguint(sign, value)))
}

/// What C and Python take for white space.
fn trim_start(text: &[u8]) -> &[u8] {
    let spaces = text
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'..=b'\r'))
        .count();
    text.get(spaces..).unwrap_or_default()
}

fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

fn shown(line: &[u8]) -> String {
    format!(
        "{:?}",
        String::from_utf8_lossy(line.get(..line.len().min(64)).unwrap_or_default())
    )
}

#[cold]
fn bad_number(what: &str, line: &[u8]) -> Error {
    Error::new(ErrorKind::Argument, format!("{} is no {what}", shown(line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(line: &str) -> Result<IntOrBool> {
        parse_int_line(line.as_bytes(), &Limits::default())
    }

    #[test]
    fn int_lines_are_read_as_c_does() {
        let small = |value| IntOrBool::Int(Int::Small(value));
        let cases = [
            ("00", IntOrBool::Bool(false)),
            ("01", IntOrBool::Bool(true)),
            ("+1", IntOrBool::Bool(true)),
            ("0", small(0)),
            ("1", small(1)),
            ("001", small(1)),
            ("010", small(8)),
            ("-0x1f", small(-31)),
            (" 7", small(7)),
            ("1_000", small(1000)),
            ("0b101", small(5)),
            ("-9223372036854775808", small(i64::MIN)),
            (
                "9223372036854775808",
                IntOrBool::Int(Int::Big(BigInt::from(1_u64 << 63))),
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(int(line).unwrap(), expected, "{line}");
        }
        for bad in [
            "", "-", "x", "09", "1__0", "_1", "1_", "--1", "0x", "1L", "1 2", "+-1",
        ] {
            assert_eq!(int(bad).unwrap_err().kind(), ErrorKind::Argument, "{bad}");
        }
    }

    #[test]
    fn longs_are_two_s_complement() {
        let long = |bytes: &[u8]| parse_long(bytes, &Limits::default()).unwrap();
        assert_eq!(long(b""), Int::Small(0));
        assert_eq!(long(b"\xff\x00"), Int::Small(255));
        assert_eq!(long(b"\x00\x80"), Int::Small(-32768));
        assert_eq!(long(&[0xff; 20]), Int::Small(-1));
        assert_eq!(
            long(&[0, 0, 0, 0, 0, 0, 0, 0, 1]),
            Int::Big(BigInt::from(1_u128 << 64))
        );
    }

    #[test]
    fn digits_have_a_limit() {
        let limits = Limits::new().max_digits(20);
        let err = parse_long_line(b"123456789012345678901L", &limits).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Limit);
        assert_eq!(
            err.message(),
            "more than 20 digits in an int; raise max_digits if the file is trusted"
        );
        assert_eq!(
            parse_long(&[1; 9], &limits).map_err(|e| e.kind()),
            Err(ErrorKind::Limit)
        );
    }

    #[test]
    fn floats_are_exact_and_bounded() {
        assert_eq!(
            parse_float_line(b"0.1").unwrap().to_bits(),
            0.1_f64.to_bits()
        );
        assert!(parse_float_line(b"-inf").unwrap().is_infinite());
        assert!(parse_float_line(b"nan").unwrap().is_nan());
        for bad in [&b"1e999"[..], b"", b" 1", b"1_0", b"1.0L"] {
            assert_eq!(
                parse_float_line(bad).unwrap_err().kind(),
                ErrorKind::Argument
            );
        }
    }
}
