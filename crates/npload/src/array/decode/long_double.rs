//! C's `long double`, as x86 has it.

use std::fmt;

/// A `long double` in the format of x86: 80 bits that count, in 16 bytes.
///
/// The name `float128` in a file does not say which format its bytes are in; nearly every such
/// file was written on x86, whose 80 bits (sign, 15 of exponent, 64 of mantissa with the leading
/// one written out) this type takes them for.
///
/// ```
/// use npload::LongDouble;
/// let mut bytes = [0; 16];
/// bytes[7..10].copy_from_slice(&[0xC0, 0xFF, 0x3F]);
/// assert_eq!(LongDouble::from_le_bytes(bytes).to_f64(), 1.5);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LongDouble([u8; 16]);

/// What a [`LongDouble`] is, without its sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::array) enum Magnitude {
    Nan,
    Infinite,
    /// mantissa · 2^exponent; `lowest` if the mantissa is the lowest of its binade, which is not
    /// the lowest binade, so that the neighbour below is nearer than the one above.
    Finite {
        mantissa: u64,
        exponent: i32,
        lowest: bool,
    },
}

const INTEGER_BIT: u64 = 1 << 63;

impl LongDouble {
    /// The number of these bytes, lowest first; the upper six do not count.
    #[must_use]
    pub fn from_le_bytes(bytes: [u8; 16]) -> Self {
        LongDouble(bytes)
    }

    /// Its bytes, lowest first, as they were in the file.
    #[must_use]
    pub fn to_le_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Whether the sign bit is set, also of zero and NaN.
    #[must_use]
    pub fn is_sign_negative(self) -> bool {
        self.head() & 0x8000 != 0
    }

    /// Sign and exponent.
    fn head(self) -> u16 {
        let [_, _, _, _, _, _, _, _, low, high, ..] = self.0;
        u16::from_le_bytes([low, high])
    }

    pub(in crate::array) fn magnitude(self) -> Magnitude {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        let mantissa = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        let exponent = i32::from(self.head() & 0x7FFF);
        match exponent {
            0x7FFF if mantissa == INTEGER_BIT => Magnitude::Infinite,
            0x7FFF => Magnitude::Nan,
            // Bias 16383, and 63 of the 64 mantissa bits are a fraction.
            0 => Magnitude::Finite {
                mantissa,
                exponent: -16445,
                lowest: false,
            },
            // Without its leading one such a number is invalid; the processor takes it for a NaN.
            _ if mantissa & INTEGER_BIT == 0 => Magnitude::Nan,
            _ => Magnitude::Finite {
                mantissa,
                exponent: exponent.saturating_sub(16446),
                lowest: mantissa == INTEGER_BIT && exponent > 1,
            },
        }
    }

    /// The nearest `f64`; infinite if it is too large for one.
    #[must_use]
    pub fn to_f64(self) -> f64 {
        let value = match self.magnitude() {
            Magnitude::Nan => f64::NAN,
            Magnitude::Infinite => f64::INFINITY,
            Magnitude::Finite {
                mantissa, exponent, ..
            } => nearest_f64(mantissa, exponent),
        };
        if self.is_sign_negative() {
            -value
        } else {
            value
        }
    }
}

/// mantissa · 2^exponent, rounded to the nearest, and to even between two.
#[expect(
    clippy::arithmetic_side_effects,
    reason = "exponents are within ±17,000, and shifts are checked"
)]
fn nearest_f64(mantissa: u64, exponent: i32) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let shift = mantissa.leading_zeros();
    let mantissa = mantissa << shift;
    // The exponent of the leading bit.
    let top = exponent - shift.cast_signed() + 63;
    if top > 1023 {
        return f64::INFINITY;
    }
    // f64 keeps 53 bits, and fewer below its normal numbers.
    let kept = 53.min(53 + 1022 + top);
    if kept < 0 {
        return 0.0;
    }
    let dropped = 64 - kept.unsigned_abs();
    let (quotient, rest) = match dropped {
        64 => (0, mantissa),
        _ => (mantissa >> dropped, mantissa & ((1 << dropped) - 1)),
    };
    let half = 1 << (dropped - 1);
    let up = rest > half || rest == half && quotient & 1 == 1;
    let quotient = quotient + u64::from(up);
    // A carry out of the mantissa runs into the exponent, where it belongs.
    let biased = u64::try_from(top + 1022).unwrap_or(0);
    f64::from_bits((biased << 52) + quotient)
}

impl fmt::Debug for LongDouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LongDouble({})", self.to_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(mantissa: u64, head: u16) -> LongDouble {
        let mut bytes = [0xEE; 16];
        bytes[..8].copy_from_slice(&mantissa.to_le_bytes());
        bytes[8..10].copy_from_slice(&head.to_le_bytes());
        LongDouble::from_le_bytes(bytes)
    }

    #[test]
    fn values_round_to_the_nearest_f64() {
        let one = 1 << 63;
        let cases = [
            (0, 0, 0.0),
            (0, 0x8000, -0.0),
            (one, 16383, 1.0),
            (one | 1 << 10, 16383, 1.0),
            (one | 3 << 10, 16383, 1.0 + 2.0 * f64::EPSILON),
            (one | 1 << 10 | 1, 16383, 1.0 + f64::EPSILON),
            (u64::MAX, 16383, 2.0),
            (one, 16383 + 1024, f64::INFINITY),
            (u64::MAX, 16383 + 1023, f64::INFINITY),
            (one, 16383 - 1022, f64::MIN_POSITIVE),
            (one, 16383 - 1074, f64::from_bits(1)),
            (one, 16383 - 1075, 0.0),
            (one | 1, 0x8000 | (16383 - 1075), -f64::from_bits(1)),
            (one, 16383 - 1076, 0.0),
            (1, 0, 0.0),
            (one, 0x7FFF, f64::INFINITY),
            (one, 0xFFFF, f64::NEG_INFINITY),
        ];
        for (mantissa, head, value) in cases {
            let got = long(mantissa, head).to_f64();
            assert_eq!(
                got.to_bits(),
                value.to_bits(),
                "{mantissa:#x} {head:#x}: {got}"
            );
        }
    }

    #[test]
    fn numbers_without_their_leading_one_are_not_numbers() {
        for (mantissa, head) in [(1, 0x7FFF), (0, 0x7FFF), (0, 16383), (1, 1)] {
            assert!(
                long(mantissa, head).to_f64().is_nan(),
                "{mantissa:#x} {head:#x}"
            );
        }
    }
}
