//! Python's strings, which may hold lone surrogates, and the codecs that pickles use.

use std::fmt::{self, Write};

use crate::error::{Error, ErrorKind, Result};
use crate::printable::is_printable;

/// A Python `str`: UTF-8 in which lone surrogates may stand as three bytes each, as Python's
/// `surrogatepass` writes them.
///
/// ```
/// use npload_pickle::Text;
/// assert_eq!(Text::from("naïve").as_str(), Some("naïve"));
/// let lone = Text::parse(b"a\xed\xa0\x80")?;             // 'a\ud800'
/// assert_eq!(lone.as_str(), None);
/// assert_eq!(lone.to_string(), "'a\\ud800'");
/// # Ok::<(), npload_pickle::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<'a>(&'a [u8]);

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text(text.as_bytes())
    }
}

impl<'a> Text<'a> {
    /// The text that these bytes encode.
    ///
    /// # Errors
    /// [`ErrorKind::Encoding`] with the words of Python's `utf-8` codec.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self> {
        if bytes.is_ascii() || is_utf8_with_surrogates(bytes) {
            return Ok(Text(bytes));
        }
        Err(not_utf8(bytes))
    }

    /// Bytes that [`Text::parse`] took before.
    pub(crate) fn trusted(bytes: &'a [u8]) -> Self {
        Text(bytes)
    }

    /// As a Rust string, unless it holds a lone surrogate. Checks the bytes.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }

    /// The encoded bytes.
    #[must_use]
    pub fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The code points, surrogates included.
    pub fn code_points(self) -> impl Iterator<Item = u32> + Clone + 'a {
        CodePoints { rest: self.0 }
    }

    /// As Latin-1: a byte for each character, unless one is over `U+00FF`.
    #[must_use]
    pub fn to_latin1(self) -> Option<Vec<u8>> {
        if self.0.is_ascii() {
            return Some(self.0.to_vec());
        }
        self.code_points()
            .map(|point| u8::try_from(point).ok())
            .collect()
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

/// As Python's `repr` writes it.
impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        quoted(f, self.code_points(), |f, point| {
            match char::from_u32(point) {
                Some(c) if is_printable(point) => f.write_char(c),
                _ if point <= 0xff => write!(f, "\\x{point:02x}"),
                _ if point <= 0xffff => write!(f, "\\u{point:04x}"),
                _ => write!(f, "\\U{point:08x}"),
            }
        })
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Bytes as Python's `repr` writes them, `b` included.
pub(crate) fn write_bytes(f: &mut impl Write, bytes: &[u8]) -> fmt::Result {
    f.write_char('b')?;
    quoted(
        f,
        bytes.iter().map(|&byte| byte.into()),
        |f, byte| match u8::try_from(byte) {
            Ok(byte @ b' '..=b'~') => f.write_char(byte.into()),
            _ => write!(f, "\\x{byte:02x}"),
        },
    )
}

/// A quoted literal; `other` writes what needs no escape or a numeric one.
fn quoted<W: Write>(
    f: &mut W,
    points: impl Iterator<Item = u32> + Clone,
    other: impl Fn(&mut W, u32) -> fmt::Result,
) -> fmt::Result {
    let has = |quote: char| points.clone().any(|point| point == u32::from(quote));
    let quote = if has('\'') && !has('"') { '"' } else { '\'' };
    f.write_char(quote)?;
    for point in points {
        match char::from_u32(point) {
            Some('\n') => f.write_str("\\n")?,
            Some('\r') => f.write_str("\\r")?,
            Some('\t') => f.write_str("\\t")?,
            Some('\\') => f.write_str("\\\\")?,
            Some(c) if c == quote => write!(f, "\\{c}")?,
            Some(c @ ('\'' | '"')) => f.write_char(c)?,
            _ => other(f, point)?,
        }
    }
    f.write_char(quote)
}

#[derive(Clone)]
struct CodePoints<'a> {
    rest: &'a [u8],
}

impl Iterator for CodePoints<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (&first, rest) = self.rest.split_first()?;
        let (start, more) = match first {
            0..0x80 => (u32::from(first), 0),
            0x80..0xe0 => (u32::from(first & 0x1f), 1),
            0xe0..0xf0 => (u32::from(first & 0x0f), 2),
            _ => (u32::from(first & 0x07), 3),
        };
        let (tail, rest) = rest.split_at_checked(more)?;
        self.rest = rest;
        Some(
            tail.iter()
                .fold(start, |point, &byte| point << 6 | u32::from(byte & 0x3f)),
        )
    }
}

/// How many bytes from the start are not UTF-8 even with surrogates; `None`: all are fine.
fn first_fault(bytes: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Err(error) = std::str::from_utf8(rest) else {
            return None;
        };
        let fault = at.saturating_add(error.valid_up_to());
        match bytes.get(fault..).unwrap_or_default() {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => at = fault.saturating_add(3),
            _ => return Some(fault),
        }
    }
}

fn is_utf8_with_surrogates(bytes: &[u8]) -> bool {
    first_fault(bytes).is_none()
}

#[cold]
fn not_utf8(bytes: &[u8]) -> Error {
    let at = first_fault(bytes).unwrap_or_default();
    let byte = bytes.get(at).copied().unwrap_or_default();
    let message = format!("'utf-8' codec can't decode byte 0x{byte:02x} in position {at}");
    Error::undecoded(message, "utf-8", bytes)
}

/// The error of Python's `ascii` codec, if one of these bytes is none of its.
pub(crate) fn check_ascii(bytes: &[u8]) -> Result<()> {
    match bytes.iter().position(|byte| !byte.is_ascii()) {
        None => Ok(()),
        Some(at) => {
            let byte = bytes.get(at).copied().unwrap_or_default();
            let message = format!(
                "'ascii' codec can't decode byte 0x{byte:02x} in position {at}: ordinal not in \
                 range(128); a pickle of Python 2 may need encoding 'latin1' or 'bytes'"
            );
            Err(Error::undecoded(message, "ascii", bytes))
        }
    }
}

/// UTF-8 of bytes that are characters by their number.
pub(crate) fn from_latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Adds a code point, surrogates as three bytes.
fn push_point(out: &mut Vec<u8>, point: u32) {
    match char::from_u32(point) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            let six = |shift: u32| u8::try_from(point >> shift & 0x3f).unwrap_or_default();
            out.extend([0xe0 | six(12), 0x80 | six(6), 0x80 | six(0)]);
        }
    }
}

/// What Python's `raw-unicode-escape` codec makes of a line: `\uXXXX` and `\UXXXXXXXX` after an
/// odd number of backslashes, everything else Latin-1.
pub(crate) fn decode_raw_unicode_escape(line: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let Some((&next, after)) = rest.split_first().filter(|_| byte == b'\\') else {
            push_point(&mut out, byte.into());
            continue;
        };
        rest = after;
        let digits = match next {
            b'u' => 4,
            b'U' => 8,
            _ => {
                out.push(b'\\');
                push_point(&mut out, next.into());
                continue;
            }
        };
        let point = rest
            .get(..digits)
            .and_then(hexadecimal)
            .filter(|&point| point <= 0x10_ffff);
        let Some(point) = point else {
            return Err(Error::new(
                ErrorKind::Encoding,
                format!(
                    "'rawunicodeescape' codec can't decode {:?}: truncated or too large \\{} escape",
                    String::from_utf8_lossy(line.get(..line.len().min(64)).unwrap_or_default()),
                    char::from(next),
                ),
            ));
        };
        push_point(&mut out, point);
        rest = rest.get(digits..).unwrap_or_default();
    }
    Ok(out)
}

fn hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |value, &digit| {
        let digit = char::from(digit).to_digit(16)?;
        Some(value << 4 | digit)
    })
}

/// What stands between the quotes of a Python 2 string literal, and its escapes undone.
pub(crate) fn decode_quoted(line: &[u8]) -> Result<Vec<u8>> {
    let inside = match line {
        [b'\'', inside @ .., b'\''] | [b'"', inside @ .., b'"'] => inside,
        _ => {
            return Err(Error::new(
                ErrorKind::Argument,
                format!(
                    "the STRING opcode argument must be quoted, and {:?} is not",
                    String::from_utf8_lossy(line.get(..line.len().min(64)).unwrap_or_default())
                ),
            ));
        }
    };
    decode_escapes(inside)
}

pub(crate) fn decode_escapes(literal: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(literal.len());
    let mut rest = literal;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        let Some((&escape, after)) = rest.split_first() else {
            return Err(bad_escape("Trailing \\ in string"));
        };
        rest = after;
        match escape {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(escape),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b't' => out.push(b'\t'),
            b'n' => out.push(b'\n'),
            b'v' => out.push(11),
            b'f' => out.push(12),
            b'r' => out.push(b'\r'),
            b'0'..=b'7' => {
                let more = rest
                    .iter()
                    .take(2)
                    .take_while(|digit| matches!(digit, b'0'..=b'7'))
                    .count();
                let (digits, after) = rest.split_at_checked(more).unwrap_or_default();
                let value = digits.iter().fold(u32::from(escape & 7), |value, &digit| {
                    value << 3 | u32::from(digit & 7)
                });
                out.push(u8::try_from(value & 0xff).unwrap_or_default());
                rest = after;
            }
            b'x' => {
                let value = rest.get(..2).and_then(hexadecimal);
                let Some(value) = value.and_then(|value| u8::try_from(value).ok()) else {
                    return Err(bad_escape("invalid \\x escape"));
                };
                out.push(value);
                rest = rest.get(2..).unwrap_or_default();
            }
            _ => out.extend([b'\\', escape]),
        }
    }
    Ok(out)
}

#[cold]
fn bad_escape(message: &'static str) -> Error {
    Error::new(ErrorKind::Argument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surrogates_pass_and_other_faults_do_not() {
        assert!(Text::parse(b"\xed\xa0\x80\xed\xb0\x80x").is_ok());
        let err = Text::parse(b"\xed\xa0\x80ab\xed\xa0").unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Encoding);
        assert_eq!(
            err.message(),
            "'utf-8' codec can't decode byte 0xed in position 5"
        );
        assert!(Text::parse(b"\xc0\x80").is_err());
    }

    #[test]
    fn quoted_strings_have_python_2_escapes() {
        let decoded = decode_quoted(br#"'a\n\x41\101\7\q\'"'"#).unwrap();
        assert_eq!(decoded, b"a\nAA\x07\\q'\"");
        for bad in [&b"'a"[..], b"a'", b"'", b"", b"'\\x4'", b"'\\'", b"\"a'"] {
            assert_eq!(decode_quoted(bad).unwrap_err().kind(), ErrorKind::Argument);
        }
    }

    #[test]
    fn raw_unicode_escapes_count_backslashes() {
        let decode = |line: &[u8]| {
            Text::parse(&decode_raw_unicode_escape(line).unwrap())
                .unwrap()
                .to_string()
        };
        assert_eq!(decode(b"\\u0041\xe9\\U0001f600"), "'Aé😀'");
        assert_eq!(decode(b"\\\\u0041"), "'\\\\\\\\u0041'");
        assert_eq!(decode(b"\\ud800"), "'\\ud800'");
        assert_eq!(decode(b"\\"), "'\\\\'");
        for bad in [&b"\\u004"[..], b"\\U00110000", b"\\u004g"] {
            assert_eq!(
                decode_raw_unicode_escape(bad).unwrap_err().kind(),
                ErrorKind::Encoding
            );
        }
    }
}
