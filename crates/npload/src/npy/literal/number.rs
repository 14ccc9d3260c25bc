//! Numbers, as Python's tokenizer takes them: bases, underscores, exponents, `j`.

use super::{Literal, Malformed};

/// More decimal digits than these are refused by Python, whose conversion takes quadratic time.
const MAX_DECIMAL_DIGITS: usize = 4300;

/// The number that `text` starts with, and how many bytes it takes.
///
/// `at` is where `text` starts, for errors. The caller looks at what follows.
pub(super) fn number(text: &str, at: usize) -> Result<(Literal, usize), Malformed> {
    let bytes = text.as_bytes();
    if bytes.first() == Some(&b'0') {
        let radix = match bytes.get(1).map(u8::to_ascii_lowercase) {
            Some(b'x') => 16,
            Some(b'o') => 8,
            Some(b'b') => 2,
            _ => return decimal(text, at),
        };
        let end = digits(bytes, 2, radix, true);
        if end == 2 {
            return Err(Malformed::new(at, "a number without digits"));
        }
        return Ok((integer(text, 2, end, radix), end));
    }
    decimal(text, at)
}

fn decimal(text: &str, at: usize) -> Result<(Literal, usize), Malformed> {
    let bytes = text.as_bytes();
    let whole = digits(bytes, 0, 10, false);
    let mut end = whole;
    let mut is_float = false;
    if bytes.get(end) == Some(&b'.') {
        is_float = true;
        end = digits(bytes, end.saturating_add(1), 10, false);
    }
    if let Some(exponent) = exponent(bytes, end) {
        is_float = true;
        end = exponent;
    }
    let spelling = text.get(..end).unwrap_or_default();
    let imaginary = matches!(bytes.get(end), Some(b'j' | b'J'));
    if is_float || imaginary {
        let plain: String = spelling.chars().filter(|&c| c != '_').collect();
        let value = plain
            .parse()
            .map_err(|_| Malformed::new(at, "a number without digits"))?;
        return Ok(if imaginary {
            (Literal::Complex(0.0, value), end.saturating_add(1))
        } else {
            (Literal::Float(value), end)
        });
    }
    if spelling.starts_with('0') && spelling.bytes().any(|b| !matches!(b, b'0' | b'_')) {
        return Err(Malformed::new(
            at,
            "leading zeros in a decimal integer (octal is 0o17)",
        ));
    }
    if spelling.bytes().filter(u8::is_ascii_digit).count() > MAX_DECIMAL_DIGITS {
        let message = format!("an integer of more than {MAX_DECIMAL_DIGITS} digits");
        return Err(Malformed::new(at, message));
    }
    Ok((integer(text, 0, end, 10), end))
}

/// Where the digits that start at `start` end; single underscores between them are part of them,
/// and one before them where `leading` says so.
fn digits(bytes: &[u8], start: usize, radix: u32, leading: bool) -> usize {
    let is_digit = |i: usize| bytes.get(i).is_some_and(|&b| char::from(b).is_digit(radix));
    let mut end = start;
    loop {
        let next = end.saturating_add(1);
        if is_digit(end) {
            end = next;
        } else if bytes.get(end) == Some(&b'_') && is_digit(next) && (end > start || leading) {
            end = next.saturating_add(1);
        } else {
            return end;
        }
    }
}

/// Where the exponent at `start` ends, if there is one.
fn exponent(bytes: &[u8], start: usize) -> Option<usize> {
    if !matches!(bytes.get(start), Some(b'e' | b'E')) {
        return None;
    }
    let mut first = start.saturating_add(1);
    if matches!(bytes.get(first), Some(b'+' | b'-')) {
        first = first.saturating_add(1);
    }
    let end = digits(bytes, first, 10, false);
    (end > first).then_some(end)
}

fn integer(text: &str, start: usize, end: usize, radix: u32) -> Literal {
    let mut value: i128 = 0;
    for digit in text
        .get(start..end)
        .unwrap_or_default()
        .chars()
        .filter_map(|c| c.to_digit(radix))
    {
        let next = value
            .checked_mul(i128::from(radix))
            .and_then(|value| value.checked_add(i128::from(digit)));
        match next {
            Some(next) => value = next,
            None => return Literal::BigInt(text.get(..end).unwrap_or_default().to_owned()),
        }
    }
    Literal::Int(value)
}
