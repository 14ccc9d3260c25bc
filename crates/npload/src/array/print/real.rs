//! Real numbers of the four types that NumPy prints itself, and their sizes.
#![allow(
    clippy::arithmetic_side_effects,
    reason = "exponents of floats, within ±17,000, and bits of theirs"
)]

use half::f16;

use super::super::decode::{LongDouble, Magnitude};
use super::big::Big;

/// A positive float: mantissa · 2^exponent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binary {
    pub(super) mantissa: u64,
    pub(super) exponent: i32,
    /// The neighbour below is half as far as the one above.
    pub(super) lowest: bool,
}

impl Binary {
    /// Compares as the magnitude does.
    fn size(self) -> (i32, u64) {
        match self.mantissa {
            0 => (i32::MIN, 0),
            mantissa => {
                let shift = mantissa.leading_zeros();
                (self.exponent - shift.cast_signed(), mantissa << shift)
            }
        }
    }

    /// Whether this is more than 1000 times the other, when the quotient is a long double: 64 bits.
    fn is_thousandfold(self, other: Binary) -> bool {
        let (high, low) = (self.size(), other.size());
        match high.0 - low.0 {
            ..9 => false,
            // 1000 is even in its last bit, so its neighbours begin half a bit above: at 2^-55.
            bits @ 9..11 => {
                let quotient = Big::new(high.1).shifted(55 + bits.unsigned_abs());
                let mut bound = Big::new(low.1);
                bound.scale(1000);
                let bound = bound.shifted(55).plus(&Big::new(low.1));
                quotient.cmp(&bound).is_gt()
            }
            11.. => true,
        }
    }
}

/// A real number of one of the types that NumPy prints itself.
#[derive(Clone, Copy, Debug)]
pub(super) enum Real {
    Half(f16),
    Single(f32),
    Double(f64),
    Long(LongDouble),
}

impl Real {
    pub(super) fn is_nan(self) -> bool {
        match self {
            Real::Half(v) => v.is_nan(),
            Real::Single(v) => v.is_nan(),
            Real::Double(v) => v.is_nan(),
            Real::Long(v) => v.magnitude() == Magnitude::Nan,
        }
    }

    pub(super) fn is_finite(self) -> bool {
        match self {
            Real::Half(v) => v.is_finite(),
            Real::Single(v) => v.is_finite(),
            Real::Double(v) => v.is_finite(),
            Real::Long(v) => matches!(v.magnitude(), Magnitude::Finite { .. }),
        }
    }

    pub(super) fn is_zero(self) -> bool {
        self.binary().mantissa == 0
    }

    pub(super) fn is_negative(self) -> bool {
        match self {
            Real::Half(v) => v.is_sign_negative(),
            Real::Single(v) => v.is_sign_negative(),
            Real::Double(v) => v.is_sign_negative(),
            Real::Long(v) => v.is_sign_negative(),
        }
    }

    /// Its magnitude, if it is finite.
    pub(super) fn binary(self) -> Binary {
        match self {
            Real::Half(v) => ieee(v.to_bits().into(), 5, 10),
            Real::Single(v) => ieee(v.to_bits().into(), 8, 23),
            Real::Double(v) => ieee(v.to_bits(), 11, 52),
            Real::Long(v) => match v.magnitude() {
                Magnitude::Finite {
                    mantissa,
                    exponent,
                    lowest,
                } => Binary {
                    mantissa,
                    exponent,
                    lowest,
                },
                _ => Binary {
                    mantissa: 0,
                    exponent: 0,
                    lowest: false,
                },
            },
        }
    }
}

fn ieee(bits: u64, exponent_bits: u32, mantissa_bits: u32) -> Binary {
    let fraction = bits & ((1 << mantissa_bits) - 1);
    let exponent = bits >> mantissa_bits & ((1 << exponent_bits) - 1);
    let exponent = i32::try_from(exponent).unwrap_or(0);
    let bias = (1 << (exponent_bits - 1)) - 1 + mantissa_bits.cast_signed();
    match exponent {
        0 => Binary {
            mantissa: fraction,
            exponent: 1 - bias,
            lowest: false,
        },
        _ => Binary {
            mantissa: fraction | 1 << mantissa_bits,
            exponent: exponent - bias,
            lowest: fraction == 0 && exponent > 1,
        },
    }
}

/// Whether these print with exponents. NumPy's rule: if the largest has more digits before the
/// point than the type knows (8 at most), if the smallest that is not 0 is under 1e-4, or if they
/// are more than a thousandfold apart, all in the arithmetic of the type.
pub(super) fn wants_exponents(data: &[Real], suppress: bool) -> bool {
    let counted = || {
        data.iter()
            .copied()
            .filter(|v| v.is_finite() && !v.is_zero())
    };
    let size = |v: &Real| v.binary().size();
    let (Some(min), Some(max)) = (counted().min_by_key(size), counted().max_by_key(size)) else {
        return false;
    };
    match (min, max) {
        (Real::Half(min), Real::Half(max)) => {
            let [min, max] = [min, max].map(|v| v.to_f32().abs());
            let ratio = f16::from_f32(max / min).to_f32();
            max >= 1e3 || !suppress && (min < f16::from_f32(1e-4).to_f32() || ratio > 1e3)
        }
        (Real::Single(min), Real::Single(max)) => {
            let [min, max] = [min, max].map(f32::abs);
            max >= 1e6 || !suppress && (min < 1e-4 || max / min > 1e3)
        }
        (Real::Double(min), Real::Double(max)) => {
            let [min, max] = [min, max].map(f64::abs);
            max >= 1e8 || !suppress && (min < 1e-4 || max / min > 1e3)
        }
        _ => {
            let [least, most] = [1e-4, 1e8].map(|v| Real::Double(v).binary().size());
            let (min, max) = (min.binary(), max.binary());
            max.size() >= most || !suppress && (min.size() < least || max.is_thousandfold(min))
        }
    }
}
