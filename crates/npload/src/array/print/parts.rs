//! Where digits stand around the point, and the zeros that they need there.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "widths of texts in memory, and decimal exponents"
)]

use super::digits::Digits;

/// A number as text, in parts: how wide they are decides a column's width before one is written.
pub(super) struct Parts<'a> {
    sign: &'static str,
    whole: &'a [u8],
    /// After `whole`.
    whole_zeros: usize,
    /// Before `fraction`.
    fraction_zeros: usize,
    /// Does not end in zeros.
    fraction: &'a [u8],
}

/// What stands after a fraction without digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    /// `1.0`
    Zero,
    /// `1`
    None,
}

impl<'a> Parts<'a> {
    /// As ddd.ddd.
    pub(super) fn positional(digits: &'a Digits, sign: &'static str) -> Self {
        let text = digits.significant();
        let (whole, fraction, whole_zeros, fraction_zeros) = match usize::try_from(digits.exponent)
        {
            Ok(exponent) => {
                let (whole, fraction) = text.split_at((exponent + 1).min(text.len()));
                (whole, fraction, exponent + 1 - whole.len(), 0)
            }
            // Rounded to 0.
            Err(_) if text.is_empty() => (text, text, 1, 0),
            Err(_) => {
                let zeros = usize::try_from(-1 - digits.exponent).unwrap_or(0);
                (Default::default(), text, 1, zeros)
            }
        };
        Parts {
            sign,
            whole,
            whole_zeros,
            fraction_zeros,
            fraction,
        }
    }

    /// As d.ddd, without the exponent.
    pub(super) fn scientific(digits: &'a Digits, sign: &'static str) -> Self {
        let text = digits.significant();
        let (whole, fraction) = text.split_at(1.min(text.len()));
        Parts {
            sign,
            whole,
            whole_zeros: 1 - whole.len(),
            fraction_zeros: 0,
            fraction,
        }
    }

    /// The width of what stands before the point.
    pub(super) fn left(&self) -> usize {
        self.sign.len() + self.whole.len() + self.whole_zeros
    }

    /// The width of what stands after it.
    pub(super) fn right(&self) -> usize {
        self.fraction_zeros + self.fraction.len()
    }

    /// Writes it, with the point only where something comes after it.
    pub(super) fn push(&self, out: &mut String, point: Point) {
        self.push_left(out);
        if self.right() > 0 || point == Point::Zero {
            out.push('.');
        }
        self.push_right(out);
        if self.right() == 0 && point == Point::Zero {
            out.push('0');
        }
    }

    /// Writes it into a column: the point after `left` characters, `right` of them after it, where
    /// `fill` takes the place of digits that it has not.
    pub(super) fn push_padded(&self, out: &mut String, left: usize, right: usize, fill: char) {
        repeat(out, ' ', left.saturating_sub(self.left()));
        self.push_left(out);
        out.push('.');
        self.push_right(out);
        repeat(out, fill, right.saturating_sub(self.right()));
    }

    fn push_left(&self, out: &mut String) {
        out.push_str(self.sign);
        out.extend(self.whole.iter().copied().map(char::from));
        repeat(out, '0', self.whole_zeros);
    }

    fn push_right(&self, out: &mut String) {
        repeat(out, '0', self.fraction_zeros);
        out.extend(self.fraction.iter().copied().map(char::from));
    }
}

fn repeat(out: &mut String, c: char, count: usize) {
    out.extend(std::iter::repeat_n(c, count));
}
