//! Strings and bytes: quotes, prefixes, escapes.

use super::{Literal, Malformed, Scanner};

/// What the letters before a quote say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Prefix {
    raw: bool,
    bytes: bool,
}

/// A string while it is read. Code points are kept as a `String` until a surrogate comes.
#[derive(Default)]
struct Buffer {
    text: String,
    wide: Option<Vec<u32>>,
    bytes: Vec<u8>,
}

impl Buffer {
    fn push(&mut self, code: u32) {
        if let Some(wide) = &mut self.wide {
            wide.push(code);
        } else if let Some(c) = char::from_u32(code) {
            self.text.push(c);
        } else {
            let mut wide: Vec<u32> = self.text.chars().map(u32::from).collect();
            wide.push(code);
            self.wide = Some(wide);
        }
    }

    fn finish(self, prefix: Prefix) -> Literal {
        match self.wide {
            _ if prefix.bytes => Literal::Bytes(self.bytes),
            Some(wide) => Literal::Surrogates(wide),
            None => Literal::Str(self.text),
        }
    }
}

/// How long the prefix of the string at the start of `text` is; none where no string starts.
pub(super) fn prefix_len(text: &str) -> Option<usize> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    (letters <= 2 && matches!(text.as_bytes().get(letters), Some(b'\'' | b'"'))).then_some(letters)
}

/// The string at the scanner's place, with those that follow it directly.
pub(super) fn strings(scan: &mut Scanner<'_>, nested: bool) -> Result<Literal, Malformed> {
    let mut buffer = Buffer::default();
    let mut kind: Option<Prefix> = None;
    while let Some(len) = prefix_len(scan.rest()) {
        let at = scan.pos();
        let prefix = prefix(scan.rest().get(..len).unwrap_or_default(), at)?;
        if kind.is_some_and(|kind| kind.bytes != prefix.bytes) {
            return Err(Malformed::new(at, "bytes and text cannot be joined"));
        }
        kind = Some(prefix);
        scan.advance(len);
        string(scan, prefix, &mut buffer)?;
        scan.skip_space(nested)?;
    }
    Ok(buffer.finish(kind.unwrap_or_default()))
}

fn prefix(letters: &str, at: usize) -> Result<Prefix, Malformed> {
    let (raw, bytes) = match letters.to_ascii_lowercase().as_str() {
        "" | "u" => (false, false),
        "r" => (true, false),
        "b" => (false, true),
        "br" | "rb" => (true, true),
        _ => {
            return Err(Malformed::new(
                at,
                format!("a string with the prefix `{letters}`"),
            ));
        }
    };
    Ok(Prefix { raw, bytes })
}

/// Reads one string, from its opening quotes to its closing ones.
fn string(scan: &mut Scanner<'_>, prefix: Prefix, buffer: &mut Buffer) -> Result<(), Malformed> {
    let at = scan.pos();
    let unterminated = || Malformed::new(at, "a string that does not end");
    let quote = scan.next().ok_or_else(unterminated)?;
    let triple = {
        let mut ahead = scan.rest().chars();
        ahead.next() == Some(quote) && ahead.next() == Some(quote)
    };
    if triple {
        scan.advance(2);
    }
    loop {
        let place = scan.pos();
        let c = scan.next().ok_or_else(unterminated)?;
        if c == quote {
            if !triple {
                return Ok(());
            }
            let mut ahead = scan.rest().chars();
            if ahead.next() == Some(quote) && ahead.next() == Some(quote) {
                scan.advance(2);
                return Ok(());
            }
        }
        match c {
            '\n' if !triple => return Err(unterminated()),
            '\\' if prefix.raw => {
                put('\\', prefix, buffer, place)?;
                // The next one is no closing quote, whatever it is.
                put(scan.next().ok_or_else(unterminated)?, prefix, buffer, place)?;
            }
            '\\' => escape(scan, prefix, buffer, place)?,
            c => put(c, prefix, buffer, place)?,
        }
    }
}

fn put(c: char, prefix: Prefix, buffer: &mut Buffer, at: usize) -> Result<(), Malformed> {
    if !prefix.bytes {
        buffer.push(u32::from(c));
    } else if c.is_ascii() {
        buffer.bytes.extend(u8::try_from(c).ok());
    } else {
        return Err(Malformed::new(
            at,
            "bytes with a character that is not ASCII",
        ));
    }
    Ok(())
}

/// Reads what follows a backslash.
fn escape(
    scan: &mut Scanner<'_>,
    prefix: Prefix,
    buffer: &mut Buffer,
    at: usize,
) -> Result<(), Malformed> {
    let c = scan
        .next()
        .ok_or_else(|| Malformed::new(at, "a string that does not end"))?;
    let code = match c {
        '\n' => return Ok(()),
        '\\' | '\'' | '"' => u32::from(c),
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'v' => 11,
        '0'..='7' => {
            let mut code = c.to_digit(8).unwrap_or_default();
            for _ in 0..2 {
                let Some(digit) = scan.rest().chars().next().and_then(|c| c.to_digit(8)) else {
                    break;
                };
                scan.advance(1);
                code = (code << 3) | digit;
            }
            code
        }
        'x' => hex(scan, 2, at)?,
        'u' if !prefix.bytes => hex(scan, 4, at)?,
        'U' if !prefix.bytes => hex(scan, 8, at)?,
        'N' if !prefix.bytes => {
            return Err(Malformed::new(
                at,
                "a character by its name (\\N{…}), which is not read",
            ));
        }
        c => {
            put('\\', prefix, buffer, at)?;
            return put(c, prefix, buffer, at);
        }
    };
    if code > 0x10_FFFF {
        return Err(Malformed::new(
            at,
            "an escape beyond the last character, U+10FFFF",
        ));
    }
    if prefix.bytes {
        // Octal escapes reach 0o777; Python keeps their low byte.
        buffer.bytes.extend(u8::try_from(code & 0xFF).ok());
    } else {
        buffer.push(code);
    }
    Ok(())
}

fn hex(scan: &mut Scanner<'_>, len: usize, at: usize) -> Result<u32, Malformed> {
    let digits = scan
        .rest()
        .get(..len)
        .filter(|s| s.bytes().all(|b| b.is_ascii_hexdigit()));
    let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    let code = code.ok_or_else(|| Malformed::new(at, format!("an escape without {len} digits")))?;
    scan.advance(len);
    Ok(code)
}
