//! Handlers of `decimal`, `fractions` and `uuid`.

use num_bigint::{BigInt, Sign};

use super::look::Look;
use super::{Checked, Known, Mismatch, count};
use crate::builder::{Builder, Call, View};
use crate::data::Data;

/// Bits of a fraction's parts: showing that they have no common factor takes quadratic time.
const MAX_FRACTION_BITS: u64 = 1024;

/// `Decimal(text)`, the text as `str(Decimal)` writes it.
pub(super) fn decimal<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("the canonical text of a Decimal");
    let text = builder.item(args, 0).ok_or(SCHEMA)?;
    let text = match builder.view(&text) {
        View::LongText(_) => builder.long_text(&text),
        _ => builder.as_str(&text),
    };
    let text = text.ok_or(SCHEMA)?;
    if count(builder, args) != 1 || !is_decimal(text.as_bytes()) {
        return Err(SCHEMA);
    }
    let text = text.to_owned();
    Ok(builder.construct(Data::Decimal(text))?)
}

/// `-1.5E+3`, `Infinity`, `NaN123`, `sNaN`.
fn is_decimal(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let digits = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    if text == b"Infinity" {
        return true;
    }
    if let Some(payload) = text.strip_prefix(b"s").unwrap_or(text).strip_prefix(b"NaN") {
        return digits(payload);
    }
    let (number, exponent) = match text.iter().position(|&byte| byte == b'E') {
        None => (text, None),
        Some(at) => text
            .split_at_checked(at)
            .map_or((text, None), |(number, exponent)| {
                (number, exponent.get(1..))
            }),
    };
    if let Some(exponent) = exponent {
        match exponent {
            [b'+' | b'-', rest @ ..] if !rest.is_empty() && rest.len() <= 18 && digits(rest) => {}
            _ => return false,
        }
    }
    let (whole, rest) = match number.iter().position(|&byte| byte == b'.') {
        None => (number, None),
        Some(at) => number
            .split_at_checked(at)
            .map_or((number, None), |(whole, rest)| (whole, rest.get(1..))),
    };
    let fine = |part: &[u8]| !part.is_empty() && digits(part);
    fine(whole) && rest.is_none_or(fine)
}

/// `Fraction(numerator, denominator)`, and the text `'3/4'` of Python 3.11 and before.
pub(super) fn fraction<B: Builder>(builder: &mut B, args: &B::Value) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("a fraction in lowest terms, of at most 1024 bits");
    let part = |at| builder.as_big_int(&builder.item(args, at)?, MAX_FRACTION_BITS);
    let parts = match count(builder, args) {
        1 => builder
            .item(args, 0)
            .and_then(|text| parse_fraction(builder.as_str(&text)?)),
        2 => part(0).zip(part(1)),
        _ => None,
    };
    match parts {
        Some((numerator, denominator)) if is_lowest(&numerator, &denominator) => {
            Ok(builder.construct(Data::Fraction(numerator, denominator))?)
        }
        _ => Err(SCHEMA),
    }
}

fn parse_fraction(text: &str) -> Option<(BigInt, BigInt)> {
    let int = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let fine = digits.len() <= 400 && digits.bytes().all(|byte| byte.is_ascii_digit());
        BigInt::parse_bytes(text.as_bytes(), 10).filter(|_| fine)
    };
    match text.split_once('/') {
        Some((numerator, denominator)) => int(numerator).zip(int(denominator)),
        None => int(text).map(|numerator| (numerator, BigInt::from(1))),
    }
}

fn is_lowest(numerator: &BigInt, denominator: &BigInt) -> bool {
    if numerator.bits().max(denominator.bits()) > MAX_FRACTION_BITS
        || denominator.sign() != Sign::Plus
    {
        return false;
    }
    let (mut a, mut b) = (
        numerator.magnitude().clone(),
        denominator.magnitude().clone(),
    );
    while b.bits() > 0 {
        #[expect(clippy::arithmetic_side_effects, reason = "b is not 0")]
        let rest = a % &b;
        a = std::mem::replace(&mut b, rest);
    }
    a.bits() == 1
}

/// `UUID()`, whose state follows.
pub(super) fn begin_uuid<B: Builder>(builder: &mut B, call: &Call<B::Value>) -> Checked<B::Value> {
    match count(builder, &call.args) {
        0 => Ok(builder.begin(Known::Uuid, call.clone())?),
        _ => Err(Mismatch::Schema("no arguments")),
    }
}

/// `copyreg._reconstructor(UUID, object, None)`.
pub(super) fn reconstruct_uuid<B: Builder>(
    builder: &mut B,
    call: &Call<B::Value>,
) -> Checked<B::Value> {
    const SCHEMA: Mismatch = Mismatch::Schema("(UUID, object, None)");
    let is = |at, known| {
        let value = builder.item(&call.args, at)?;
        matches!(builder.view(&value), View::Global(Some(found)) if found == known).then_some(())
    };
    let state = builder.item(&call.args, 2).ok_or(SCHEMA)?;
    if count(builder, &call.args) != 3 || !builder.is_none(&state) {
        return Err(SCHEMA);
    }
    is(0, Known::Uuid).and(is(1, Known::Object)).ok_or(SCHEMA)?;
    Ok(builder.begin(Known::Uuid, call.clone())?)
}

/// A UUID's state: `{'int': …}`, and `is_safe` as -1 or 0.
pub(super) fn uuid_state<B: Builder>(builder: &mut B, state: &B::Value) -> Checked<Data<B::Value>> {
    const SCHEMA: Mismatch = Mismatch::Schema("{'int': 128 bits} for a UUID");
    let state = builder.table(state).ok_or(SCHEMA)?;
    let int = state.get("int").ok_or(SCHEMA)?;
    let int = builder.as_big_int(int, 128).ok_or(SCHEMA)?;
    let int = u128::try_from(int).map_err(|_| SCHEMA)?;
    let is_safe = match state.get("is_safe") {
        None => None,
        Some(value) => match builder.view(value) {
            View::None => None,
            View::Int(value @ (0 | -1)) => Some(value == 0),
            _ => return Err(SCHEMA),
        },
    };
    Ok(Data::Uuid(int, is_safe))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_canonical_texts() {
        for good in [
            "0",
            "-0",
            "1.50",
            "1E+5",
            "-1.2E-300",
            "Infinity",
            "NaN",
            "-sNaN12",
            "0E-9",
        ] {
            assert!(is_decimal(good.as_bytes()), "{good}");
        }
        for bad in [
            "", "-", "+1", " 1", "1_0", ".5", "5.", "1e5", "1E5", "inf", "1E+", "٣", "--1",
        ] {
            assert!(!is_decimal(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn fractions_are_in_lowest_terms() {
        let lowest = |text| parse_fraction(text).is_some_and(|(n, d)| is_lowest(&n, &d));
        for good in ["3/4", "-3/4", "7", "0", "0/1"] {
            assert!(lowest(good), "{good}");
        }
        for bad in [
            "2/4", "3/0", "3/-4", "0/2", "1/", "/1", "+1", "1.5", " 1", "1_0",
        ] {
            assert!(!lowest(bad), "{bad}");
        }
        assert!(!is_lowest(&(BigInt::from(1) << 1025), &BigInt::from(1)));
    }
}
