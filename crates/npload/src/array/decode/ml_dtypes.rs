//! ml_dtypes' numbers of one byte: floats of 8, 6 and 4 bits, integers of 4, 2 and 1.
//!
//! The formats are those of the ml_dtypes package, whose documentation names a source for each:
//! `float8_e4m3fn` has 4 exponent and 3 mantissa bits; `fn` means finite (no infinities), `uz` an
//! unsigned zero, whose negative pattern is the only NaN; `b11` gives an unusual exponent bias.

use super::super::value::Value;
use crate::dtype::Number;

/// Which bit patterns are no numbers.
enum Special {
    /// The highest exponent: infinity with mantissa 0, else NaN.
    Ieee,
    /// All bits but the sign set: NaN. No infinities.
    Fn,
    /// Only the sign set: NaN. No infinities, no negative zero.
    Fnuz,
    /// Every pattern is a number.
    None,
}

struct Format {
    exponent_bits: u32,
    mantissa_bits: u32,
    bias: i32,
    special: Special,
}

fn format(exponent_bits: u32, mantissa_bits: u32, bias: i32, special: Special) -> Option<Format> {
    Some(Format {
        exponent_bits,
        mantissa_bits,
        bias,
        special,
    })
}

impl Format {
    fn of(number: Number) -> Option<Self> {
        match number {
            Number::Float8E3M4 => format(3, 4, 3, Special::Ieee),
            Number::Float8E4M3 => format(4, 3, 7, Special::Ieee),
            Number::Float8E4M3B11Fnuz => format(4, 3, 11, Special::Fnuz),
            Number::Float8E4M3Fn => format(4, 3, 7, Special::Fn),
            Number::Float8E4M3Fnuz => format(4, 3, 8, Special::Fnuz),
            Number::Float8E5M2 => format(5, 2, 15, Special::Ieee),
            Number::Float8E5M2Fnuz => format(5, 2, 16, Special::Fnuz),
            Number::Float6E2M3Fn => format(2, 3, 1, Special::None),
            Number::Float6E3M2Fn => format(3, 2, 3, Special::None),
            Number::Float4E2M1Fn => format(2, 1, 1, Special::None),
            _ => None,
        }
    }

    #[expect(
        clippy::arithmetic_side_effects,
        reason = "widths come from the table above, and bits are 8"
    )]
    fn decode(&self, byte: u8) -> f32 {
        let magnitude_bits = self.exponent_bits + self.mantissa_bits;
        let bits = u32::from(byte);
        let magnitude = bits & ((1 << magnitude_bits) - 1);
        // Patterns of fewer than 8 bits: what stands above the sign counts as sign, as in ml_dtypes.
        let negative = bits >> magnitude_bits != 0;
        let exponent = magnitude >> self.mantissa_bits;
        let mantissa = magnitude & ((1 << self.mantissa_bits) - 1);
        let top = exponent == (1 << self.exponent_bits) - 1;
        let full = 1 << self.mantissa_bits;
        let value = match self.special {
            Special::Ieee if top && mantissa == 0 => f32::INFINITY,
            Special::Ieee if top => f32::NAN,
            Special::Fn if top && mantissa == full - 1 => f32::NAN,
            Special::Fnuz if negative && magnitude == 0 => return f32::NAN,
            _ => {
                let (digits, exponent) = match exponent {
                    0 => (mantissa, 1),
                    normal => (full | mantissa, normal),
                };
                let scale = exponent.cast_signed() - self.bias - self.mantissa_bits.cast_signed();
                // At most 5 bits times a power of two far from f32's limits: exact.
                f32::from(u16::try_from(digits).unwrap_or(0)) * power_of_two(scale)
            }
        };
        if negative { -value } else { value }
    }
}

/// The number of a one-byte type that this byte is.
pub(super) fn decode(number: Number, byte: u8) -> Value {
    let signed = i64::from(byte.cast_signed());
    match number {
        // 2^-127 is subnormal in an f32, so it cannot be made from the exponent alone.
        Number::Float8E8M0Fnu => Value::MlFloat(
            number,
            match byte {
                0 => f32::from_bits(1 << 22),
                0xFF => f32::NAN,
                exponent => f32::from_bits(u32::from(exponent) << 23),
            },
        ),
        Number::Int4 => Value::Int((signed & 0xF ^ 0x8).wrapping_sub(0x8)),
        Number::Int2 => Value::Int((signed & 0x3 ^ 0x2).wrapping_sub(0x2)),
        Number::Int1 => Value::Int((signed & 0x1).wrapping_neg()),
        Number::UInt4 => Value::UInt(u64::from(byte & 0xF)),
        Number::UInt2 => Value::UInt(u64::from(byte & 0x3)),
        Number::UInt1 => Value::UInt(u64::from(byte & 0x1)),
        _ => match Format::of(number) {
            Some(format) => Value::MlFloat(number, format.decode(byte)),
            // Larger numbers do not come here.
            None => Value::UInt(byte.into()),
        },
    }
}

/// 2 to this power, for powers that are normal in an `f32`.
fn power_of_two(power: i32) -> f32 {
    f32::from_bits(power.wrapping_add(127).cast_unsigned() << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = include_str!("../../../../../testdata/mlvalues.jsonl");

    #[test]
    fn every_byte_of_every_type_has_ml_dtypes_value_and_text() {
        let mut types = 0;
        for line in LINES.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let name = case["type"].as_str().unwrap();
            let number = Number::from_name(name).unwrap();
            types += 1;
            for byte in 0..=255 {
                let value = decode(number, byte);
                let expected = case["values"][usize::from(byte)].as_str().unwrap();
                match &value {
                    Value::MlFloat(_, v) => {
                        let expected: f64 = expected.parse().unwrap();
                        let same = f64::from(*v).to_bits() == expected.to_bits();
                        assert!(
                            same || v.is_nan() && expected.is_nan(),
                            "{name} {byte:#04x}: {v}"
                        );
                    }
                    value => assert_eq!(
                        value.as_i64().unwrap().to_string(),
                        expected,
                        "{name} {byte:#04x}"
                    ),
                }
                assert_eq!(
                    value.to_string(),
                    case["str"][usize::from(byte)].as_str().unwrap()
                );
            }
        }
        assert_eq!(types, Number::all().filter(|n| n.is_ml_byte()).count());
    }
}
