//! Shortest and rounded decimal digits of any binary float, exactly.
//!
//! Steele and White's and Burger and Dybvig's free-format algorithm ("Printing Floating-Point
//! Numbers Quickly and Accurately", 1996), stopped early or late as NumPy's `dragon4.c` does:
//! numbers here must end on the same digit as NumPy's. Halves and long doubles always come here;
//! `f32` and `f64` have a faster way in [`super::digits`].
#![allow(
    clippy::arithmetic_side_effects,
    reason = "exponents and digit counts, all within ±100,000"
)]

use std::cmp::Ordering;

use super::big::Big;
use super::digits::{Cut, Digits};
use super::real::Binary;

/// value = rest / scale; everything within `below` and `above` of it reads back as the same float.
struct Fraction {
    rest: Big,
    scale: Big,
    below: Big,
    unequal: bool,
}

impl Fraction {
    /// All doubled (and doubled again if the margins differ), so that half a distance is whole.
    fn new(float: Binary) -> Self {
        let doubled = 1 + u32::from(float.lowest);
        let up = float.exponent.max(0).unsigned_abs();
        let down = float.exponent.min(0).unsigned_abs();
        Fraction {
            rest: Big::new(float.mantissa).shifted(up + doubled),
            scale: Big::new(1).shifted(down + doubled),
            below: Big::new(1).shifted(up),
            unequal: float.lowest,
        }
    }

    fn times_ten(&mut self) {
        self.rest.scale(10);
        self.below.scale(10);
    }

    /// The value plus half the way to its neighbour above.
    fn upper(&self) -> Big {
        let upper = self.rest.plus(&self.below);
        if self.unequal {
            upper.plus(&self.below)
        } else {
            upper
        }
    }

    /// Divides by 10^(the result), after which it is under 1 but at least 0.1, or as small as
    /// `least` makes it.
    fn normalize(&mut self, float: Binary, least: i32) -> i32 {
        let bits = 63 - float.mantissa.leading_zeros().cast_signed() + float.exponent;
        // floor(bits · log10(2)), at most one too small.
        let estimate = i32::try_from((i64::from(bits) * 1_292_913_986) >> 32).unwrap_or(0);
        let mut point = estimate.max(least);
        if point > 0 {
            self.scale.scale_by_ten(point.unsigned_abs());
        } else {
            self.rest.scale_by_ten(point.unsigned_abs());
            self.below.scale_by_ten(point.unsigned_abs());
        }
        while self.rest.cmp(&self.scale) != Ordering::Less {
            self.scale.scale(10);
            point += 1;
        }
        point
    }
}

/// The digits of a float, where `cut` ends them.
pub(super) fn digits(float: Binary, cut: Cut) -> Digits {
    if float.mantissa == 0 {
        return Digits::zero();
    }
    let even = float.mantissa & 1 == 0;
    let within = |order: Ordering| order == Ordering::Less || even && order == Ordering::Equal;

    // The first digit stands for 10^(point - 1), the last that may come for 10^end, and none
    // may be the last that stands for more than 10^start.
    let mut fraction = Fraction::new(float);
    let least = match cut {
        Cut::Fraction { most } => 1 - most,
        _ => i32::MIN,
    };
    let point = fraction.normalize(float, least);
    let (start, end) = match cut {
        Cut::Shortest => (point, i32::MIN),
        Cut::Fraction { most } => (point, -most),
        Cut::Significant { least, most } => (point - least, point - most),
    };

    let mut digits = Digits::starting_at(point - 1);
    let mut place = point;
    let (last, low, high) = loop {
        place -= 1;
        fraction.times_ten();
        let digit = fraction.rest.divide(&fraction.scale);
        let low = within(fraction.rest.cmp(&fraction.below));
        let high = within(fraction.scale.cmp(&fraction.upper()));
        if (low || high) && place <= start || place <= end {
            break (digit, low, high);
        }
        digits.push(digit);
    };
    let up = if low == high {
        fraction.rest.scale(2);
        match fraction.rest.cmp(&fraction.scale) {
            Ordering::Less => false,
            Ordering::Equal => last & 1 == 1,
            Ordering::Greater => true,
        }
    } else {
        high
    };
    digits.push(last);
    if up {
        digits.increment();
    }
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::array::print::real::Real;

    fn cuts() -> impl Strategy<Value = Cut> {
        prop_oneof![
            Just(Cut::Shortest),
            (0..25).prop_map(|most| Cut::Fraction { most }),
            (1..25).prop_map(|most| Cut::Significant { least: 1, most }),
            (1..25).prop_map(|most| Cut::Significant { least: most, most }),
        ]
    }

    /// Zeros at the end may be written or not: whoever places the digits trims them.
    fn same(real: Real, cut: Cut) {
        let exact = digits(real.binary(), cut);
        let quick = real.digits(cut);
        assert_eq!(quick.significant(), exact.significant(), "{real:?} {cut:?}");
        if !exact.significant().is_empty() {
            assert_eq!(quick.exponent, exact.exponent, "{real:?} {cut:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn the_standard_librarys_digits_are_these(double: f64, single: f32, cut in cuts()) {
            same(Real::Double(double), cut);
            same(Real::Single(single), cut);
        }

        #[test]
        fn powers_of_two_and_ties_too(odd in 0..64_u32, power in -80..80_i32, cut in cuts()) {
            let value = f64::from(2 * odd + 1) * 2_f64.powi(power);
            same(Real::Double(value), cut);
            same(Real::Single(value as f32), cut);
        }

        #[test]
        fn halves_in_the_last_place_too(odd in 1_u64 << 51..1 << 52, places in 1..12_i32) {
            let value = (2 * odd + 1) as f64 / 2_f64.powi(places);
            same(Real::Double(value), Cut::Shortest);
        }
    }
}
