//! Text from files, made safe for a terminal.

use std::borrow::Cow;
use std::path::Path;

/// A name on one line: characters that are not printable (controls, line breaks, changes of
/// direction, what looks like a space) are escaped as Rust writes them.
pub(crate) fn name(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match is_harmful(c) {
            true => safe.extend(c.escape_debug()),
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

/// A path, as [`name`].
pub(crate) fn path(path: &Path) -> String {
    name(&path.to_string_lossy()).into_owned()
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
            // Controls are below 256.
            true => safe.push_str(&format!("\\x{:02x}", u32::from(c))),
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
            ("\x1b[31mred", "\\u{1b}[31mred"),
            ("a\nb\tc\r", "a\\nb\\tc\\r"),
            ("n\u{e9}\u{4e2d}", "n\u{e9}\u{4e2d}"),
            ("\u{202e}txt", "\\u{202e}txt"),
            ("\u{9b}1m", "\\u{9b}1m"),
        ] {
            assert_eq!(name(text), safe);
        }
        assert_eq!(values("a\n\tb"), "a\n\tb");
        assert_eq!(values("\x1b]0;t\x07\u{9b}"), "\\x1b]0;t\\x07\\x9b");
    }
}
