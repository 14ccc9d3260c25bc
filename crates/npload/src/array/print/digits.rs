//! Decimal digits of floats, as many as NumPy would write.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "exponents and digit counts, all within ±100,000"
)]

use std::fmt::{self, Write};

use smallvec::SmallVec;

use super::dragon4;
use super::real::{Binary, Real};

/// Where digits end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    /// As soon as they tell the float from its neighbours.
    Shortest,
    /// The same, but after at most so many behind the point: then the float is rounded there.
    Fraction { most: i32 },
    /// The same, but after so many in all, from the first that is not 0. `least` digits come even
    /// if fewer would do; they are the exact value's, not zeros.
    Significant { least: i32, most: i32 },
}

/// Decimal digits: d.ddd · 10^exponent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    /// As ASCII, at least one. Zeros may stand at the end.
    pub(super) text: SmallVec<[u8; 24]>,
    pub(super) exponent: i32,
}

impl Digits {
    pub(super) fn zero() -> Self {
        let mut digits = Digits::starting_at(0);
        digits.push(0);
        digits
    }

    pub(super) fn starting_at(exponent: i32) -> Self {
        Digits {
            text: SmallVec::new(),
            exponent,
        }
    }

    pub(super) fn push(&mut self, digit: u8) {
        self.text.push(b'0' + digit);
    }

    /// Adds one in the last place; nines that become zeros are dropped.
    pub(super) fn increment(&mut self) {
        while self.text.last() == Some(&b'9') {
            self.text.pop();
        }
        match self.text.last_mut() {
            Some(last) => *last += 1,
            None => {
                self.text.push(b'1');
                self.exponent += 1;
            }
        }
    }

    /// Them without the zeros at the end: nothing, for 0.
    pub(super) fn significant(&self) -> &[u8] {
        let last = self.text.iter().rposition(|&digit| digit != b'0');
        let len = last.map_or(0, |last| last + 1);
        self.text.get(..len).unwrap_or_default()
    }

    /// How many.
    pub(super) fn len(&self) -> i32 {
        i32::try_from(self.text.len()).unwrap_or(i32::MAX)
    }

    /// From what `{:e}` writes.
    fn parse(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        Digits {
            text: mantissa.bytes().filter(u8::is_ascii_digit).collect(),
            exponent: exponent.parse().unwrap_or(0),
        }
    }
}

impl Real {
    /// The digits of its magnitude, if it is finite.
    pub(super) fn digits(self, cut: Cut) -> Digits {
        match self {
            Real::Half(_) | Real::Long(_) => dragon4::digits(self.binary(), cut),
            Real::Single(v) => Quick {
                value: v.abs(),
                binary: self.binary(),
            }
            .digits(cut),
            Real::Double(v) => Quick {
                value: v.abs(),
                binary: self.binary(),
            }
            .digits(cut),
        }
    }
}

/// An `f32` or `f64`, whose digits the standard library knows: about ten times as fast as
/// [`dragon4`], and the same but in two corners, which are seen to here.
struct Quick<T> {
    value: T,
    binary: Binary,
}

impl<T: fmt::LowerExp + Copy> Quick<T> {
    fn digits(&self, cut: Cut) -> Digits {
        if self.binary.mantissa == 0 {
            return Digits::zero();
        }
        let shortest = self.shortest();
        let (least, most) = match cut {
            Cut::Shortest => return shortest,
            // Digits up to the last place that may be written: none or fewer for small numbers.
            Cut::Fraction { most } => (1, most.saturating_add(shortest.exponent + 1)),
            Cut::Significant { least, most } => (least, most),
        };
        if shortest.len() > most {
            return match usize::try_from(most) {
                Ok(most @ 1..) => self.rounded(most),
                _ => dragon4::digits(self.binary, cut),
            };
        }
        if shortest.len() >= least {
            return shortest;
        }
        let rounded = self.rounded(usize::try_from(least).unwrap_or(1));
        // Digits past those needed are the exact value's; only where the neighbours are not equally
        // far may NumPy round up what is nearer below.
        if self.binary.lowest && !rounded.extends(&shortest) {
            return dragon4::digits(self.binary, cut);
        }
        rounded
    }

    fn shortest(&self) -> Digits {
        let mut text = Line::new();
        let shortest = match write!(text, "{:e}", self.value) {
            Ok(()) => Digits::parse(text.as_str()),
            Err(_) => Digits::zero(),
        };
        // A float that lies exactly between two shortest texts gets the even one from NumPy, the
        // upper one from Rust. It is then a half in the last place, which is not above the point.
        let last = shortest.exponent - shortest.len() + 1;
        let lowest_bit = self.binary.exponent + self.binary.mantissa.trailing_zeros().cast_signed();
        let odd = shortest.text.last().is_some_and(|digit| digit & 1 == 1);
        if odd && last <= 0 && lowest_bit == last - 1 {
            return match self.binary.lowest {
                // The lower text may belong to the neighbour below, which is nearer.
                true => dragon4::digits(self.binary, Cut::Shortest),
                false => self.rounded(shortest.text.len()),
            };
        }
        shortest
    }

    /// So many digits, half to even.
    fn rounded(&self, digits: usize) -> Digits {
        let mut text = Line::new();
        match write!(text, "{:.*e}", digits.saturating_sub(1), self.value) {
            Ok(()) => Digits::parse(text.as_str()),
            Err(_) => dragon4::digits(self.binary, Cut::Shortest),
        }
    }
}

impl Digits {
    /// Whether it is `shorter` with zeros after it.
    fn extends(&self, shorter: &Digits) -> bool {
        let mut rest = self.text.iter().skip(shorter.text.len());
        self.exponent == shorter.exponent
            && self.text.starts_with(&shorter.text)
            && rest.all(|&digit| digit == b'0')
    }
}

/// A short text on the stack.
struct Line(SmallVec<[u8; 48]>);

impl Line {
    fn new() -> Self {
        Line(SmallVec::new())
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
