//! Names as Python writes them in messages: `repr` of `str` and of `bytes`.

use std::fmt::Write;

/// Python's `repr` of a text: `'a.npy'`.
pub(crate) fn text(text: &str) -> String {
    let quote = quote(text.contains('\''), text.contains('"'));
    let mut out = String::from(quote);
    for c in text.chars() {
        // Writing to a String cannot fail.
        let _ = match c {
            '\\' => out.write_str("\\\\"),
            '\t' => out.write_str("\\t"),
            '\n' => out.write_str("\\n"),
            '\r' => out.write_str("\\r"),
            c if c == quote => write!(out, "\\{c}"),
            ' '..='~' => out.write_char(c),
            c if is_printable(c) => out.write_char(c),
            c => match u32::from(c) {
                n @ ..=0xff => write!(out, "\\x{n:02x}"),
                n @ ..=0xffff => write!(out, "\\u{n:04x}"),
                n => write!(out, "\\U{n:08x}"),
            },
        };
    }
    out.push(quote);
    out
}

/// Python's `repr` of bytes: `b'a.npy'`.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    let quote = quote(bytes.contains(&b'\''), bytes.contains(&b'"'));
    let mut out = format!("b{quote}");
    for &b in bytes {
        let _ = match b {
            b'\\' => out.write_str("\\\\"),
            b'\t' => out.write_str("\\t"),
            b'\n' => out.write_str("\\n"),
            b'\r' => out.write_str("\\r"),
            b if char::from(b) == quote => write!(out, "\\{quote}"),
            b' '..=b'~' => out.write_char(char::from(b)),
            b => write!(out, "\\x{b:02x}"),
        };
    }
    out.push(quote);
    out
}

/// Python prefers single quotes and takes double ones only where that saves backslashes.
fn quote(has_single: bool, has_double: bool) -> char {
    if has_single && !has_double { '"' } else { '\'' }
}

/// Whether Python prints it as it is. The tables that `escape_debug` goes by follow the same rule
/// (nothing of the categories Other and Separator); a letter before keeps it from escaping marks
/// that combine with what precedes them, which Python does not.
fn is_printable(c: char) -> bool {
    !format!("a{c}").escape_debug().any(|c| c == '\\')
}

#[cfg(test)]
mod tests {
    #[test]
    fn texts_look_as_in_python() {
        for (text, repr) in [
            ("a.npy", "'a.npy'"),
            ("it's", "\"it's\""),
            ("it's \"x\"", "'it\\'s \"x\"'"),
            ("\\ \t\n\r\0\x7f", r"'\\ \t\n\r\x00\x7f'"),
            (
                "é\u{301}\u{a0}\u{ad}\u{200b}\u{1f600}\u{e0001}",
                "'é\u{301}\\xa0\\xad\\u200b\u{1f600}\\U000e0001'",
            ),
        ] {
            assert_eq!(super::text(text), repr);
        }
    }

    #[test]
    fn bytes_look_as_in_python() {
        assert_eq!(super::bytes(b"b.npy"), "b'b.npy'");
        assert_eq!(super::bytes(b"it's\xff\0\\"), "b\"it's\\xff\\x00\\\\\"");
    }
}
