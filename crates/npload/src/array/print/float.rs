//! Floats: one by one as NumPy's scalars print, and in columns.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "widths of texts that this file has written, and decimal exponents"
)]

use std::fmt::Write;

use super::PrintOptions;
use super::digits::{Cut, Digits};
use super::parts::{Parts, Point};
use super::real::{Real, wants_exponents};

/// What `str` says of NumPy's scalar: 1.0, 1e-05, nan. A type whose digits end sooner changes to
/// exponents sooner: at 1e3 (`f2`), 1e6 (`f4`), 1e16 (the others), and all below 1e-4.
pub(super) fn scalar(real: Real) -> String {
    let mut out = String::new();
    push_scalar(&mut out, real, Point::Zero, "");
    out
}

/// What `str` says of a complex scalar: (1+2j), 2j.
pub(super) fn complex_scalar(re: Real, im: Real) -> String {
    let mut out = String::new();
    let alone = re.is_finite() && re.is_zero() && !re.is_negative();
    if alone {
        push_scalar(&mut out, im, Point::None, "");
        out.push('j');
    } else {
        out.push('(');
        push_scalar(&mut out, re, Point::None, "");
        push_scalar(&mut out, im, Point::None, "+");
        out.push_str("j)");
    }
    out
}

fn push_scalar(out: &mut String, real: Real, point: Point, plus: &'static str) {
    let sign = if real.is_negative() { "-" } else { plus };
    if !real.is_finite() {
        out.push_str(if real.is_nan() { plus } else { sign });
        out.push_str(if real.is_nan() { "nan" } else { "inf" });
        return;
    }
    let digits = real.digits(Cut::Shortest);
    if real.is_zero() || !is_outside(real, &digits) {
        Parts::positional(&digits, sign).push(out, point);
    } else {
        Parts::scientific(&digits, sign).push(out, Point::None);
        push_exponent(out, digits.exponent, 2);
    }
}

fn push_exponent(out: &mut String, exponent: i32, digits: usize) {
    let sign = if exponent < 0 { '-' } else { '+' };
    // Writing to a String cannot fail.
    let _ = write!(out, "e{sign}{:0digits$}", exponent.unsigned_abs());
}

/// Whether a scalar prints with an exponent. The bounds are values, not texts: the `f4` nearest to
/// 1e-4 lies below it and prints as 1e-04.
fn is_outside(real: Real, digits: &Digits) -> bool {
    match real {
        Real::Half(v) => !(1e-4..1e3).contains(&v.to_f64().abs()),
        Real::Single(v) => !(1e-4..1e6).contains(&f64::from(v).abs()),
        Real::Double(v) => !(1e-4..1e16).contains(&v.abs()),
        // Its own 1e-4 has the exponent -4, and whatever is less has a lower one.
        Real::Long(_) => !(-4..16).contains(&digits.exponent),
    }
}

/// How the floats of an array print: all alike, in columns.
#[derive(Debug)]
pub(super) struct FloatFormat {
    /// Where digits end.
    cut: Cut,
    /// The least digits of the exponents; 0 where none are written.
    exponent_digits: usize,
    /// `+` for imaginary parts.
    plus: &'static str,
    /// The width before the point.
    left: usize,
    /// The width behind the point, without the exponent.
    right: usize,
}

/// More digits than any float has.
const MAX_PRECISION: i32 = 100_000;

impl FloatFormat {
    /// The format that suits these.
    pub(super) fn new(data: &[Real], options: &PrintOptions, plus: &'static str) -> Self {
        let precision = i32::try_from(options.precision).unwrap_or(MAX_PRECISION);
        let most = precision.min(MAX_PRECISION);
        let scientific = wants_exponents(data, options.suppress);
        let mut format = FloatFormat {
            cut: match scientific {
                true => Cut::Significant {
                    least: 1,
                    most: most + 1,
                },
                false => Cut::Fraction { most },
            },
            exponent_digits: 0,
            plus,
            left: 0,
            right: 0,
        };
        let mut odd = None;
        for &real in data {
            if !real.is_finite() {
                let signed = !real.is_nan() && real.is_negative();
                odd = Some(signed || odd.unwrap_or(!plus.is_empty()));
                continue;
            }
            let digits = real.digits(format.cut);
            let parts = if scientific {
                let width = 2.max(digits.exponent.unsigned_abs().to_string().len());
                format.exponent_digits = format.exponent_digits.max(width);
                Parts::scientific(&digits, format.sign(real))
            } else {
                Parts::positional(&digits, format.sign(real))
            };
            format.left = format.left.max(parts.left());
            format.right = format.right.max(parts.right());
        }
        if scientific {
            // All get as many digits: those past what one needs are its exact value's.
            let digits = i32::try_from(format.right).unwrap_or(most) + 1;
            format.cut = Cut::Significant {
                least: digits,
                most: digits,
            };
        }
        if let Some(signed) = odd {
            let room = format.behind() + 1;
            let needed = 3 + usize::from(signed);
            format.left = format.left.max(needed.saturating_sub(room));
        }
        format
    }

    fn sign(&self, real: Real) -> &'static str {
        if real.is_negative() { "-" } else { self.plus }
    }

    /// The width behind the point: a fraction, and `e+` with the exponent.
    fn behind(&self) -> usize {
        match self.exponent_digits {
            0 => self.right,
            digits => self.right + 2 + digits,
        }
    }

    /// Writes one, as wide as all are.
    pub(super) fn push(&self, out: &mut String, real: Real) {
        let sign = self.sign(real);
        if !real.is_finite() {
            let (sign, text) = match real.is_nan() {
                true => (self.plus, "nan"),
                false => (sign, "inf"),
            };
            let spaces = (self.left + self.behind() + 1).saturating_sub(sign.len() + text.len());
            out.extend(std::iter::repeat_n(' ', spaces));
            out.push_str(sign);
            out.push_str(text);
            return;
        }
        let digits = real.digits(self.cut);
        if self.exponent_digits == 0 {
            let parts = Parts::positional(&digits, sign);
            parts.push_padded(out, self.left, self.right, ' ');
        } else {
            let parts = Parts::scientific(&digits, sign);
            parts.push_padded(out, self.left, self.right, '0');
            push_exponent(out, digits.exponent, self.exponent_digits);
        }
    }
}
