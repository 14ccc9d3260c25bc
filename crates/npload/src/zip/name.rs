//! Member names: from the bytes of a header to the text that Python's `zipfile` shows.
//!
//! A name is UTF-8 where flag bit 11 says so and code page 437 otherwise; Python ends it at the
//! first NUL. Nearly every name is plain: its bytes are the name, and nothing is stored for it.

use std::str::from_utf8;

use crate::error::{Error, ErrorKind, Result};

/// General purpose flag bit 11: the name is UTF-8 (APPNOTE.TXT 4.4.4).
pub(super) const UTF8: u16 = 0x800;

/// A name that is not simply the bytes in the directory.
#[derive(Debug, PartialEq)]
pub(super) struct OddName {
    /// Which record it belongs to.
    pub(super) index: usize,
    /// Its bytes in the directory.
    pub(super) raw: Box<[u8]>,
    /// As in the header, NULs included: what `zipfile` calls `orig_filename` and compares.
    pub(super) original: Box<str>,
    /// As shown.
    pub(super) name: Box<str>,
}

/// Whether the bytes are the name as it is shown, in UTF-8.
pub(super) fn is_plain(raw: &[u8], flags: u16) -> bool {
    // Without a way out of the loop, it works on many bytes at once.
    let ascii = raw
        .iter()
        .fold(true, |ascii, &b| ascii & matches!(b, 1..0x80));
    ascii || flags & UTF8 != 0 && from_utf8(raw).is_ok_and(|name| !name.contains('\0'))
}

/// The text of a name in a header with these flags, NULs included.
///
/// # Errors
/// [`ErrorKind::Encoding`] for bad UTF-8 under flag bit 11, as Python has it.
pub(super) fn decode(raw: &[u8], flags: u16) -> Result<Box<str>> {
    if flags & UTF8 == 0 {
        return Ok(raw.iter().map(|&b| cp437(b)).collect::<String>().into());
    }
    match from_utf8(raw) {
        Ok(name) => Ok(name.into()),
        Err(err) => {
            let at = err.valid_up_to();
            let byte = raw.get(at).copied().unwrap_or_default();
            Err(Error::new(
                ErrorKind::Encoding,
                format!(
                    "'utf-8' codec can't decode byte {byte:#04x} in position {at}: the name {} is \
                     flagged as UTF-8 and is not",
                    super::repr::bytes(raw)
                ),
            ))
        }
    }
}

/// The part before the first NUL, which is all that Python shows.
pub(super) fn until_nul(name: &str) -> &str {
    name.split('\0').next().unwrap_or_default()
}

/// A byte in IBM's code page 437, as Python's `cp437` codec has it.
fn cp437(byte: u8) -> char {
    const HIGH: &[char; 128] = &[
        'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', 'É', 'æ',
        'Æ', 'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ', 'á', 'í', 'ó', 'ú',
        'ñ', 'Ñ', 'ª', 'º', '¿', '⌐', '¬', '½', '¼', '¡', '«', '»', '░', '▒', '▓', '│', '┤', '╡',
        '╢', '╖', '╕', '╣', '║', '╗', '╝', '╜', '╛', '┐', '└', '┴', '┬', '├', '─', '┼', '╞', '╟',
        '╚', '╔', '╩', '╦', '╠', '═', '╬', '╧', '╨', '╤', '╥', '╙', '╘', '╒', '╓', '╫', '╪', '┘',
        '┌', '█', '▄', '▌', '▐', '▀', 'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ', 'Θ', 'Ω', 'δ',
        '∞', 'φ', 'ε', '∩', '≡', '±', '≥', '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²',
        '■', '\u{a0}',
    ];
    match byte.checked_sub(0x80) {
        None => char::from(byte),
        Some(high) => HIGH.get(usize::from(high)).copied().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_the_flag_are_code_page_437() {
        let all: Vec<u8> = (0x80..=0xff).collect();
        let text = decode(&all, 0).unwrap();
        // Python: bytes(range(128, 256)).decode('cp437')
        assert!(text.starts_with("ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒ"));
        assert!(text.ends_with("≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}"));
        assert_eq!(text.chars().count(), 128);
        assert_eq!(&*decode("é".as_bytes(), UTF8).unwrap(), "é");
    }

    #[test]
    fn bad_utf8_under_the_flag_is_an_encoding_error() {
        let err = decode(b"ab\xff", UTF8).unwrap_err();
        assert_eq!(err.kind(), ErrorKind::Encoding);
        assert!(
            err.message()
                .starts_with("'utf-8' codec can't decode byte 0xff in position 2: "),
            "{err}"
        );
    }

    #[test]
    fn only_plain_names_are_their_bytes() {
        assert!(is_plain(b"a.npy", 0) && is_plain(b"a.npy", UTF8) && is_plain(b"", 0));
        assert!(is_plain("é".as_bytes(), UTF8) && !is_plain("é".as_bytes(), 0));
        assert!(!is_plain(b"a\0b", 0) && !is_plain("é\0".as_bytes(), UTF8));
        assert!(!is_plain(b"\xff", UTF8));
        assert_eq!(until_nul("a\0b\0c"), "a");
        assert_eq!(until_nul("\0"), "");
    }
}
