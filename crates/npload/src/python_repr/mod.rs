//! Bytes and text as Python's `repr` writes them: `b'..'` and `'..'`. Arrays print so, headers are
//! written so, and messages name members and fields so.

use std::fmt::Write;

use npload_pickle::is_printable;

/// Python's `repr` of bytes.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    let quote = quote(bytes.iter().map(|&byte| byte.into()));
    let mut out = format!("b{quote}");
    for &byte in bytes {
        match byte {
            b' '..=b'~' => push_plain(&mut out, byte.into(), quote),
            _ => push_escaped(&mut out, byte.into()),
        }
    }
    out.push(quote);
    out
}

/// Python's `repr` of a string.
pub(crate) fn text(text: &str) -> String {
    code_points(text.chars().map(u32::from))
}

/// Python's `repr` of a string that may hold what no Rust string can: lone surrogates, and numbers
/// over 0x10FFFF, which Python refuses and which get its longest escape.
pub(crate) fn code_points(points: impl Iterator<Item = u32> + Clone) -> String {
    let quote = quote(points.clone());
    let mut out = quote.to_string();
    for point in points {
        match char::from_u32(point) {
            Some(c) if is_printable(point) => push_plain(&mut out, c, quote),
            _ => push_escaped(&mut out, point),
        }
    }
    out.push(quote);
    out
}

/// Text without quotes, where only what no Rust string can hold is escaped.
pub(crate) fn unquoted(points: impl Iterator<Item = u32>) -> String {
    let mut out = String::new();
    for point in points {
        match char::from_u32(point) {
            Some(c) => out.push(c),
            None => push_escaped(&mut out, point),
        }
    }
    out
}

/// Bytes without a meaning: every one is escaped.
pub(crate) fn void(bytes: &[u8]) -> String {
    let mut out = "b'".to_owned();
    for byte in bytes {
        push(&mut out, format_args!("\\x{byte:02X}"));
    }
    out.push('\'');
    out
}

/// Double quotes only where that saves escaping single ones.
fn quote(points: impl Iterator<Item = u32>) -> char {
    let (mut single, mut double) = (false, false);
    for point in points {
        single |= point == u32::from('\'');
        double |= point == u32::from('"');
    }
    if single && !double { '"' } else { '\'' }
}

fn push_plain(out: &mut String, c: char, quote: char) {
    if c == quote || c == '\\' {
        out.push('\\');
    }
    out.push(c);
}

fn push_escaped(out: &mut String, point: u32) {
    match point {
        0x09 => out.push_str("\\t"),
        0x0A => out.push_str("\\n"),
        0x0D => out.push_str("\\r"),
        0..=0xFF => push(out, format_args!("\\x{point:02x}")),
        0x100..=0xFFFF => push(out, format_args!("\\u{point:04x}")),
        _ => push(out, format_args!("\\U{point:08x}")),
    }
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes_are_pythons() {
        let cases: [(&[u8], &str); 5] = [
            (b"ab", "b'ab'"),
            (b"it's", "b\"it's\""),
            (b"'\"", "b'\\'\"'"),
            (b"\\\t\n\r\0\x7f\xff", "b'\\\\\\t\\n\\r\\x00\\x7f\\xff'"),
            (b"", "b''"),
        ];
        for (value, repr) in cases {
            assert_eq!(bytes(value), repr);
        }
        for (value, repr) in [
            ("na\u{ef}ve\u{a0}\u{2028}\u{1f980}", "'naïve\\xa0\\u2028🦀'"),
            ("it's \"x\"", "'it\\'s \"x\"'"),
            ("\\ \t\n\r\0\x7f", r"'\\ \t\n\r\x00\x7f'"),
            (
                "é\u{301}\u{ad}\u{200b}\u{e0001}",
                "'é\u{301}\\xad\\u200b\\U000e0001'",
            ),
        ] {
            assert_eq!(text(value), repr);
        }
        assert_eq!(void(b"\0a\xff"), "b'\\x00\\x61\\xFF'");
    }

    #[test]
    fn what_is_no_character_is_escaped() {
        let odd = [0x61, 0xD800, 0x11_0000, u32::MAX];
        let shown = "a\\ud800\\U00110000\\Uffffffff";
        assert_eq!(code_points(odd.into_iter()), format!("'{shown}'"));
        assert_eq!(unquoted(odd.into_iter()), shown);
    }
}
