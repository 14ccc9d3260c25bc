//! Floats: one by one as NumPy's scalars print, and in columns.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "widths of texts that this file has written, and decimal exponents"
)]

use super::PrintOptions;
use super::digits::{Cut, Digits};
use super::real::{Real, wants_exponents};

/// What becomes of zeros at the end of a fraction, and of the point after them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trim {
    /// Zeros come until the fraction is this long.
    Keep(usize),
    /// Zeros go, the point stays: `1.`
    ToPoint,
    /// Zeros go, but one stays after the point: `1.0`
    ToZero,
    /// Zeros go, and the point too: `1`
    All,
}

/// The integer part with its sign, the fraction, and whether a point stands between.
fn positional(digits: &Digits, sign: &str, trim: Trim) -> Parts {
    let (whole, fraction) = match usize::try_from(digits.exponent) {
        Ok(exponent) => {
            let whole = exponent + 1;
            let zeros = whole.saturating_sub(digits.text.len());
            let (head, tail) = digits.text.split_at(whole.min(digits.text.len()));
            let mut head = ascii(head);
            head.extend(std::iter::repeat_n('0', zeros));
            (head, ascii(tail))
        }
        Err(_) => {
            let zeros = usize::try_from(-1 - digits.exponent).unwrap_or(0);
            let mut fraction = "0".repeat(zeros);
            fraction.push_str(&ascii(&digits.text));
            ("0".to_owned(), fraction)
        }
    };
    Parts::new(sign, whole, fraction, trim)
}

/// The same for d.ddd, and the exponent as at least `exponent_digits` digits after its sign.
fn scientific(digits: &Digits, sign: &str, trim: Trim, exponent_digits: usize) -> (Parts, String) {
    let (first, rest) = digits.text.split_at(1.min(digits.text.len()));
    let parts = Parts::new(sign, ascii(first), ascii(rest), trim);
    let mark = if digits.exponent < 0 { '-' } else { '+' };
    let exponent = digits.exponent.unsigned_abs();
    (parts, format!("{mark}{exponent:0exponent_digits$}"))
}

fn ascii(digits: &[u8]) -> String {
    digits.iter().map(|&digit| char::from(digit)).collect()
}

struct Parts {
    whole: String,
    fraction: String,
    point: &'static str,
}

impl Parts {
    fn new(sign: &str, whole: String, mut fraction: String, trim: Trim) -> Self {
        let mut point = ".";
        match trim {
            Trim::Keep(len) => {
                let missing = len.saturating_sub(fraction.len());
                fraction.extend(std::iter::repeat_n('0', missing));
            }
            _ => fraction.truncate(fraction.trim_end_matches('0').len()),
        }
        if fraction.is_empty() {
            match trim {
                Trim::ToZero => fraction.push('0'),
                Trim::All => point = "",
                _ => {}
            }
        }
        let whole = if sign.is_empty() {
            whole
        } else {
            format!("{sign}{whole}")
        };
        Parts {
            whole,
            fraction,
            point,
        }
    }
}

/// What `str` says of NumPy's scalar: 1.0, 1e-05, nan. A type whose digits end sooner changes to
/// exponents sooner: at 1e3 (`f2`), 1e6 (`f4`), 1e16 (the others), and below 1e-4.
pub(super) fn scalar(real: Real) -> String {
    one(real, Trim::ToZero, "")
}

/// What `str` says of a complex scalar: (1+2j), 2j.
pub(super) fn complex_scalar(re: Real, im: Real) -> String {
    if re.is_zero() && re.is_finite() && !re.is_negative() {
        return format!("{}j", one(im, Trim::All, ""));
    }
    format!("({}{}j)", one(re, Trim::All, ""), one(im, Trim::All, "+"))
}

/// In exponents no zero stays after the point, since no point does.
fn one(real: Real, trim: Trim, plus: &str) -> String {
    let sign = if real.is_negative() { "-" } else { plus };
    if real.is_nan() {
        return format!("{plus}nan");
    }
    if !real.is_finite() {
        return format!("{sign}inf");
    }
    let digits = real.digits(Cut::Shortest);
    if real.is_zero() || !is_outside(real, &digits) {
        let Parts {
            whole,
            fraction,
            point,
        } = positional(&digits, sign, trim);
        return format!("{whole}{point}{fraction}");
    }
    let (
        Parts {
            whole,
            fraction,
            point,
        },
        exponent,
    ) = scientific(&digits, sign, Trim::All, 2);
    format!("{whole}{point}{fraction}e{exponent}")
}

/// Whether a scalar prints with an exponent. The bounds are values, not texts: the `f4` nearest to
/// 1e-4 lies below it and prints as 1e-04.
fn is_outside(real: Real, digits: &Digits) -> bool {
    match real {
        Real::Half(v) => !(1e-4..1e3).contains(&v.to_f64().abs()),
        Real::Single(v) => !(1e-4..1e6).contains(&f64::from(v).abs()),
        Real::Double(v) => !(1e-4..1e16).contains(&v.abs()),
        // Its own 1e-4 has the digit 1 and the exponent -4, and whatever is less has a lower exponent.
        Real::Long(_) => !(-4..16).contains(&digits.exponent),
    }
}

/// How the floats of an array print: all alike, in columns.
#[derive(Debug)]
pub(super) struct FloatFormat {
    scientific: bool,
    precision: usize,
    /// `+` for imaginary parts.
    plus: &'static str,
    left: usize,
    right: usize,
    exponent_digits: usize,
}

impl FloatFormat {
    /// The format that suits these.
    pub(super) fn new(data: &[Real], options: &PrintOptions, plus: &'static str) -> Self {
        let finite = || data.iter().copied().filter(|v| v.is_finite());
        let mut format = FloatFormat {
            scientific: wants_exponents(data, options.suppress),
            precision: options.precision,
            plus,
            left: 0,
            right: 0,
            exponent_digits: 0,
        };
        for real in finite() {
            let sign = format.sign(real);
            let parts = if format.scientific {
                let most = i32::try_from(options.precision)
                    .unwrap_or(1 << 20)
                    .min(1 << 20)
                    + 1;
                let digits = real.digits(Cut::Significant { least: 1, most });
                let (parts, exponent) = scientific(&digits, sign, Trim::ToPoint, 2);
                format.exponent_digits = format.exponent_digits.max(exponent.len() - 1);
                parts
            } else {
                positional(&real.digits(format.fraction()), sign, Trim::ToPoint)
            };
            format.left = format.left.max(parts.whole.len());
            format.right = format.right.max(parts.fraction.len());
        }
        if format.scientific {
            format.precision = format.right;
            // The room of the exponent, too, which only decides where nan and inf stand.
            format.right += format.exponent_digits + 2;
        }
        if finite().count() != data.len() {
            let infinite = |v: &Real| !v.is_finite() && !v.is_nan() && v.is_negative();
            let sign = usize::from(!plus.is_empty() || data.iter().any(infinite));
            let room = format.right + 1;
            format.left = format.left.max(3_usize.saturating_sub(room));
            format.left = format.left.max((3 + sign).saturating_sub(room));
        }
        format
    }

    fn sign(&self, real: Real) -> &'static str {
        if real.is_negative() { "-" } else { self.plus }
    }

    fn fraction(&self) -> Cut {
        let most = i32::try_from(self.precision)
            .unwrap_or(1 << 20)
            .min(1 << 20);
        Cut::Fraction { most }
    }

    pub(super) fn write(&self, real: Real) -> String {
        let (left, right) = (self.left, self.right);
        if !real.is_finite() {
            let text = match real.is_nan() {
                true => format!("{}nan", self.plus),
                false => format!("{}inf", self.sign(real)),
            };
            return format!("{text:>width$}", width = left + right + 1);
        }
        let sign = self.sign(real);
        if self.scientific {
            let digits = i32::try_from(self.precision).unwrap_or(i32::MAX - 1) + 1;
            let digits = real.digits(Cut::Significant {
                least: digits,
                most: digits,
            });
            let trim = Trim::Keep(self.precision);
            let (parts, exponent) = scientific(&digits, sign, trim, self.exponent_digits);
            return format!("{:>left$}.{}e{exponent}", parts.whole, parts.fraction);
        }
        let parts = positional(&real.digits(self.fraction()), sign, Trim::ToPoint);
        format!("{:>left$}.{:<right$}", parts.whole, parts.fraction)
    }
}
