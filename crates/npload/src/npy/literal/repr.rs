//! Literals as Python's `repr` shows them: for messages, and for headers.

use std::fmt::{self, Write};

use super::Literal;

/// A text as Python's `repr` shows it, quotes included.
pub(crate) fn str_repr(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    quoted(
        &mut out,
        text.chars().map(u32::from),
        text.contains('\''),
        text.contains('"'),
    );
    out
}

fn quoted(out: &mut String, codes: impl Iterator<Item = u32>, single: bool, double: bool) {
    let quote = if single && !double { '"' } else { '\'' };
    out.push(quote);
    for code in codes {
        match char::from_u32(code) {
            Some(c) if c == quote || c == '\\' => out.extend(['\\', c]),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(c) if is_printable(c) => out.push(c),
            _ => {
                // Writing to a String cannot fail.
                let _ = match code {
                    0..=0xFF => write!(out, "\\x{code:02x}"),
                    0x100..=0xFFFF => write!(out, "\\u{code:04x}"),
                    _ => write!(out, "\\U{code:08x}"),
                };
            }
        }
    }
    out.push(quote);
}

/// Python's `str.isprintable`, by the tables that Rust has for `Debug`: after the first character
/// of a text, it escapes what is not printable by the same categories, and nothing else.
fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return c == ' ' || c.is_ascii_graphic();
    }
    let mut pair = [0; 5];
    let (first, rest) = pair.split_at_mut(1);
    first.fill(b'a');
    let len = c.encode_utf8(rest).len();
    let text = std::str::from_utf8(pair.get(..len.saturating_add(1)).unwrap_or_default());
    text.is_ok_and(|text| text.escape_debug().nth(1) == Some(c))
}

/// A float as Python's `repr` shows it.
fn float(out: &mut String, value: f64) {
    if !value.is_finite() {
        out.push_str(if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        });
        return;
    }
    let magnitude = value.abs();
    let _ = if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let shortest = format!("{value:e}");
        let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        write!(out, "{digits}e{sign}{exponent:0>2}")
    } else {
        write!(out, "{value:?}")
    };
}

impl Literal {
    fn write(&self, out: &mut String) {
        match self {
            Literal::None => out.push_str("None"),
            Literal::Ellipsis => out.push_str("Ellipsis"),
            Literal::Bool(true) => out.push_str("True"),
            Literal::Bool(false) => out.push_str("False"),
            Literal::Int(value) => out.push_str(&value.to_string()),
            Literal::BigInt(spelling) => out.push_str(spelling),
            Literal::Float(value) => float(out, *value),
            Literal::Complex(re, im) => complex(out, *re, *im),
            Literal::Str(text) => out.push_str(&str_repr(text)),
            Literal::Surrogates(codes) => {
                let (single, double) = (codes.contains(&0x27), codes.contains(&0x22));
                quoted(out, codes.iter().copied(), single, double);
            }
            Literal::Bytes(bytes) => bytes_repr(out, bytes),
            Literal::Tuple(items) => {
                sequence(out, "(", items, if items.len() == 1 { ",)" } else { ")" });
            }
            Literal::List(items) => sequence(out, "[", items, "]"),
            Literal::Set(items) if items.is_empty() => out.push_str("set()"),
            Literal::Set(items) => sequence(out, "{", items, "}"),
            Literal::Dict(pairs) => {
                out.push('{');
                for (i, (key, value)) in pairs.iter().enumerate() {
                    out.push_str(if i == 0 { "" } else { ", " });
                    key.write(out);
                    out.push_str(": ");
                    value.write(out);
                }
                out.push('}');
            }
            Literal::NumpyInt(value) => {
                let _ = write!(out, "np.int64({value})");
            }
        }
    }
}

fn sequence(out: &mut String, open: &str, items: &[Literal], close: &str) {
    out.push_str(open);
    for (i, item) in items.iter().enumerate() {
        out.push_str(if i == 0 { "" } else { ", " });
        item.write(out);
    }
    out.push_str(close);
}

fn bytes_repr(out: &mut String, bytes: &[u8]) {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        b'"'
    } else {
        b'\''
    };
    out.extend(['b', char::from(quote)]);
    for &byte in bytes {
        match byte {
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            b'\\' => out.push_str("\\\\"),
            _ if byte == quote => out.extend(['\\', char::from(byte)]),
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push(char::from(quote));
}

fn complex(out: &mut String, re: f64, im: f64) {
    let part = |value: f64| {
        let mut text = String::new();
        float(&mut text, value);
        text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
    };
    let im = part(im);
    let _ = if re == 0.0 && re.is_sign_positive() {
        write!(out, "{im}j")
    } else {
        let plus = if im.starts_with('-') { "" } else { "+" };
        write!(out, "({}{plus}{im}j)", part(re))
    };
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        self.write(&mut out);
        f.write_str(&out)
    }
}
