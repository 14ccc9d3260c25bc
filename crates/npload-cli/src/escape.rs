//! Text from files, made safe for a terminal.

use std::borrow::Cow;
use std::path::Path;

/// A name on one line: characters that are not printable (controls, line breaks, changes of
/// direction, what looks like a space) are escaped as Python writes them.
pub(crate) fn name(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match is_harmful(c) {
            true => push_escaped(&mut safe, c),
            false => safe.push(c),
        }
    }
    safe.into()
}

/// Whether a character is anything but what a reader sees: a control, a line break, a change of
/// direction, a space other than the space, a code that means nothing.
pub(crate) fn is_harmful(c: char) -> bool {
    let quoted = matches!(c, '\'' | '"' | '\\');
    // Rust escapes what is not printable; and accents, unless they stand behind something.
    !quoted && !(' '..='~').contains(&c) && c.escape_debug().len() > 1 && !is_accent(c)
}

/// Whether a character only changes the one before it, which is harmless.
fn is_accent(c: char) -> bool {
    format!("{:?}", format!("x{c}")).chars().nth(2) == Some(c)
}

fn push_escaped(safe: &mut String, c: char) {
    let point = u32::from(c);
    safe.push_str(&match point {
        0x09 => "\\t".to_owned(),
        0x0A => "\\n".to_owned(),
        0x0D => "\\r".to_owned(),
        0..=0xFF => format!("\\x{point:02x}"),
        0x100..=0xFFFF => format!("\\u{point:04x}"),
        _ => format!("\\U{point:08x}"),
    });
}

/// A path, as [`name`].
pub(crate) fn path(path: &Path) -> String {
    name(&as_text(path)).into_owned()
}

/// A path as text, where bytes that are no Unicode are escaped (`\xff`).
pub(crate) fn as_text(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        let odd = chunk.invalid().iter();
        text.extend(odd.map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// Printed values: NumPy's `str` shows the text of a 0-d array as it is. Line breaks and tabs
/// stay; other controls are escaped as Python would.
pub(crate) fn values(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| c.is_control() && c != '\n' && c != '\t';
    if !text.contains(harmful) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match harmful(c) {
            true => push_escaped(&mut safe, c),
            false => safe.push(c),
        }
    }
    safe.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_a_cursor_is_left() {
        for (text, safe) in [
            ("plain 'a\"\\b'", "plain 'a\"\\b'"),
            ("\x1b[31mred", "\\x1b[31mred"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("n\u{e9}\u{4e2d}", "n\u{e9}\u{4e2d}"),
            ("\u{202e}txt", "\\u202etxt"),
            ("\u{9b}1m", "\\x9b1m"),
            ("\u{e0001}", "\\U000e0001"),
        ] {
            assert_eq!(name(text), safe);
        }
        assert_eq!(values("a\n\tb"), "a\n\tb");
        assert_eq!(values("\x1b]0;t\x07\u{9b}"), "\\x1b]0;t\\x07\\x9b");
    }

    #[cfg(unix)]
    #[test]
    fn bytes_of_a_path_that_are_no_unicode_stay_apart() {
        use std::os::unix::ffi::OsStrExt;
        let name = std::ffi::OsStr::from_bytes(b"a\xff\xfe\xc3\xa9\n.npy");
        assert_eq!(path(name.as_ref()), "a\\xff\\xfe\u{e9}\\n.npy");
        assert_eq!(as_text(name.as_ref()), "a\\xff\\xfe\u{e9}\n.npy");
    }
}
