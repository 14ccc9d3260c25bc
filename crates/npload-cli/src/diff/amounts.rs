//! By how much elements differ.

use std::cmp::Ordering;

use npload::num_complex::Complex;
use npload::{DType, Number, TimeUnit, Value};

use super::values::{Real, is_complex, is_whole, reals, values, whole};

/// What counts as equal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    pub(super) relative: f64,
    pub(super) absolute: f64,
}

impl Tolerance {
    /// Whether a difference from `b` counts as none; the sizes are not negative, and not NaN.
    fn allows(self, difference: f64, b: f64) -> bool {
        let is_exact = self.relative == 0.0 && self.absolute == 0.0;
        // What is infinite is near to nothing.
        !is_exact && difference.is_finite() && difference <= self.absolute + self.relative * b
    }
}

/// How elements of two dtypes are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// Integers and bools, exactly.
    Whole,
    /// Real numbers, of which one at least may be a float.
    Real,
    /// Long doubles: told apart exactly, measured as doubles.
    Long,
    Complex,
    /// Counts of the same unit.
    Times(TimeUnit),
    /// Equal, or not.
    Same,
}

/// A difference between two elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Amount {
    Whole(u128),
    Real(f64),
    /// So many units.
    Time(u128, TimeUnit),
}

/// What two elements are that are not equal in every way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Difference {
    /// Beyond what is tolerated.
    pub(super) counts: bool,
    /// One is NaN or NaT, the other not: there is no amount then.
    pub(super) missing: bool,
    pub(super) absolute: Option<Amount>,
    pub(super) relative: Option<f64>,
}

impl Amount {
    #[expect(
        clippy::cast_precision_loss,
        reason = "of whole numbers only their order counts"
    )]
    fn size(self) -> f64 {
        match self {
            Amount::Whole(amount) | Amount::Time(amount, _) => amount as f64,
            Amount::Real(amount) => amount,
        }
    }

    pub(super) fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Amount::Whole(a), Amount::Whole(b)) | (Amount::Time(a, _), Amount::Time(b, _)) => {
                a.cmp(&b)
            }
            (a, b) => a.size().total_cmp(&b.size()),
        }
    }
}

impl Difference {
    const UNLIKE: Difference = Difference {
        counts: true,
        missing: false,
        absolute: None,
        relative: None,
    };

    const MISSING: Difference = Difference {
        missing: true,
        ..Difference::UNLIKE
    };

    fn of(absolute: Amount, b: f64, tolerance: Tolerance) -> Self {
        let size = absolute.size();
        let relative = match size == 0.0 {
            true => 0.0,
            false => size / b,
        };
        Difference {
            counts: !tolerance.allows(size, b),
            missing: false,
            absolute: Some(absolute),
            // An infinity by an infinity.
            relative: (!relative.is_nan()).then_some(relative),
        }
    }
}

/// How elements of these dtypes are compared, if they can be.
pub(super) fn how(a: &DType, b: &DType) -> Option<How> {
    match (a, b) {
        (DType::Number(a, _), DType::Number(b, _)) => {
            let both = [*a, *b];
            Some(if both.iter().any(|number| is_complex(*number)) {
                How::Complex
            } else if both.iter().all(|number| is_whole(*number)) {
                How::Whole
            } else if both.contains(&Number::LongDouble) {
                How::Long
            } else {
                How::Real
            })
        }
        (DType::DateTime(a, _), DType::DateTime(b, _))
        | (DType::TimeDelta(a, _), DType::TimeDelta(b, _)) => (a == b).then_some(How::Times(*a)),
        (DType::Str(..), DType::Str(..))
        | (DType::Bytes(_), DType::Bytes(_))
        | (DType::Void(_), DType::Void(_)) => Some(How::Same),
        _ => None,
    }
}

/// Hands each pair of elements that are not equal in every way to `take`, with its place among them. Both
/// have as many bytes as so many elements need.
pub(super) fn compare(
    how: How,
    a: (&DType, &[u8]),
    b: (&DType, &[u8]),
    tolerance: Tolerance,
    take: &mut dyn FnMut(usize, Difference),
) {
    let mut each = |at: usize, difference: Option<Difference>| {
        if let Some(difference) = difference {
            take(at, difference);
        }
    };
    match how {
        How::Whole => {
            let both = whole(a).into_iter().zip(whole(b));
            for (at, (a, b)) in both.enumerate() {
                each(at, wholes(a, b, tolerance));
            }
        }
        How::Real => {
            let both = reals(a).into_iter().zip(reals(b));
            for (at, (a, b)) in both.enumerate() {
                each(at, real(a, b, tolerance));
            }
        }
        How::Complex => {
            let both = values(a).zip(values(b));
            for (at, (a, b)) in both.enumerate() {
                each(at, complex(&a, &b, tolerance));
            }
        }
        How::Long => {
            let both = values(a).zip(values(b));
            for (at, (a, b)) in both.enumerate() {
                each(at, long(&a, &b, tolerance));
            }
        }
        How::Times(unit) => {
            let both = values(a).zip(values(b));
            for (at, (a, b)) in both.enumerate() {
                each(at, times(&a, &b, unit));
            }
        }
        How::Same => {
            let both = values(a).zip(values(b));
            for (at, (a, b)) in both.enumerate() {
                each(at, (a != b).then_some(Difference::UNLIKE));
            }
        }
    }
}

fn wholes(a: i128, b: i128, tolerance: Tolerance) -> Option<Difference> {
    let size = Real::Whole(b).as_f64().abs();
    let amount = Amount::Whole(a.abs_diff(b));
    (a != b).then(|| Difference::of(amount, size, tolerance))
}

fn real(a: Real, b: Real, tolerance: Tolerance) -> Option<Difference> {
    let (x, y) = (a.as_f64(), b.as_f64());
    match (a, b) {
        (Real::Float(x), Real::Float(y)) if x == y => return None,
        (Real::Float(_), Real::Float(_)) => {}
        // An integer that no float is, and a float: compared as what they are.
        _ => {
            if let (Some(a), Some(b)) = (a.as_whole(), b.as_whole()) {
                let found = wholes(a, b, tolerance)?;
                let size = found.absolute.map(|amount| Amount::Real(amount.size()));
                return Some(Difference {
                    absolute: size,
                    ..found
                });
            }
        }
    }
    match (x.is_nan(), y.is_nan()) {
        (true, true) => None,
        (false, false) => {
            let amount = Amount::Real((x - y).abs());
            Some(Difference::of(amount, y.abs(), tolerance))
        }
        _ => Some(Difference::MISSING),
    }
}

fn long(a: &Value, b: &Value, tolerance: Tolerance) -> Option<Difference> {
    let (x, y) = (a.as_f64()?, b.as_f64()?);
    if a == b || x.is_nan() && y.is_nan() {
        return None;
    }
    let found = real(Real::Float(x), Real::Float(y), tolerance);
    // Other dtypes are equal if their values are, and two long doubles may be apart by less than doubles tell.
    let is_long = |value: &Value| matches!(value, Value::LongDouble(_));
    let apart = || Difference::of(Amount::Real(0.0), y.abs(), tolerance);
    found.or_else(|| (is_long(a) && is_long(b)).then(apart))
}

fn complex(a: &Value, b: &Value, tolerance: Tolerance) -> Option<Difference> {
    let (x, y) = (a.as_complex()?, b.as_complex()?);
    // An integer is no double, maybe, and a complex number without an imaginary part is compared with it.
    let whole = |value: &Value| {
        value
            .as_u64()
            .map(i128::from)
            .or(value.as_i64().map(i128::from))
    };
    match (whole(a), whole(b)) {
        (Some(a), None) if y.im == 0.0 => {
            return real(Real::Whole(a), Real::Float(y.re), tolerance);
        }
        (None, Some(b)) if x.im == 0.0 => {
            return real(Real::Float(x.re), Real::Whole(b), tolerance);
        }
        _ => {}
    }
    if a == b {
        return None;
    }
    if x == y {
        // Two of long doubles may be apart by less than doubles tell.
        let is_long = |value: &Value| matches!(value, Value::CLongDouble(_));
        let apart = || Difference::of(Amount::Real(0.0), y.re.hypot(y.im), tolerance);
        return (is_long(a) && is_long(b)).then(apart);
    }
    let is_nan = |value: Complex<f64>| value.re.is_nan() || value.im.is_nan();
    match (is_nan(x), is_nan(y)) {
        (true, true) => None,
        (false, false) => {
            // Equal infinities are no distance apart.
            let apart = |x: f64, y: f64| if x == y { 0.0 } else { (x - y).abs() };
            let amount = apart(x.re, y.re).hypot(apart(x.im, y.im));
            Some(Difference::of(
                Amount::Real(amount),
                y.re.hypot(y.im),
                tolerance,
            ))
        }
        _ => Some(Difference::MISSING),
    }
}

fn times(a: &Value, b: &Value, unit: TimeUnit) -> Option<Difference> {
    match (a.as_i64(), b.as_i64()) {
        (None, None) => None,
        (Some(a), Some(b)) if a == b => None,
        (Some(a), Some(b)) => Some(Difference {
            absolute: Some(Amount::Time(a.abs_diff(b).into(), unit)),
            ..Difference::UNLIKE
        }),
        _ => Some(Difference::MISSING),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dtype(text: &str) -> DType {
        DType::parse(text).unwrap()
    }

    fn found(a: (&str, &[u8]), b: (&str, &[u8]), tolerance: Tolerance) -> Vec<(usize, Difference)> {
        let (of_a, of_b) = (dtype(a.0), dtype(b.0));
        let how = how(&of_a, &of_b).unwrap();
        let mut all = Vec::new();
        compare(
            how,
            (&of_a, a.1),
            (&of_b, b.1),
            tolerance,
            &mut |at, difference| {
                all.push((at, difference));
            },
        );
        all
    }

    const EXACT: Tolerance = Tolerance {
        relative: 0.0,
        absolute: 0.0,
    };

    #[test]
    fn integers_of_64_bits_are_not_rounded() {
        let (a, b) = (i64::MAX.to_le_bytes(), (i64::MAX - 1).to_le_bytes());
        let one = found(("<i8", &a), ("<i8", &b), EXACT);
        assert_eq!(one[0].1.absolute, Some(Amount::Whole(1)));
        let (low, high) = (i64::MIN.to_le_bytes(), u64::MAX.to_be_bytes());
        let all = found(("<i8", &low), (">u8", &high), EXACT);
        let most = Amount::Whole(u128::from(u64::MAX) + (1 << 63));
        assert_eq!(all[0].1.absolute, Some(most));
        let next = ((1_i64 << 53) + 1).to_le_bytes();
        let float = ((1_u64 << 53) as f64).to_le_bytes();
        assert_eq!(
            found(("<i8", &next), ("<f8", &float), EXACT)[0].1.absolute,
            Some(Amount::Real(1.0))
        );
    }

    #[test]
    fn nan_equals_nan_and_infinities_themselves() {
        let floats =
            |values: &[f64]| -> Vec<u8> { values.iter().flat_map(|v| v.to_le_bytes()).collect() };
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        let a = floats(&[nan, inf, -0.0, nan, inf, inf, 1.0]);
        let b = floats(&[-nan, inf, 0.0, 1.0, -inf, 1.0, 1.5]);
        let all = found(("<f8", &a), ("<f8", &b), EXACT);
        let places: Vec<usize> = all.iter().map(|(at, _)| *at).collect();
        assert_eq!(places, [3, 4, 5, 6]);
        assert!(all[0].1.missing && all[0].1.absolute.is_none());
        assert_eq!(all[1].1.absolute, Some(Amount::Real(inf)));
        assert_eq!(
            (all[3].1.absolute, all[3].1.relative),
            (Some(Amount::Real(0.5)), Some(0.5 / 1.5))
        );
        let near = Tolerance {
            relative: 0.5,
            absolute: 0.0,
        };
        let counted = found(("<f8", &a), ("<f8", &b), near);
        let counts: Vec<bool> = counted.iter().map(|(_, found)| found.counts).collect();
        assert_eq!(counts, [true, true, true, false]);
    }

    #[test]
    fn times_and_texts_are_compared_as_what_they_are() {
        let (a, b) = (5_i64.to_le_bytes(), i64::MIN.to_le_bytes());
        assert!(found(("<M8[D]", &a), ("<M8[D]", &b), EXACT)[0].1.missing);
        assert!(found(("<M8[D]", &b), ("<M8[D]", &b), EXACT).is_empty());
        assert_eq!(how(&dtype("<M8[D]"), &dtype("<M8[s]")), None);
        assert_eq!(how(&dtype("<M8[D]"), &dtype("<m8[D]")), None);
        assert_eq!(how(&dtype("S3"), &dtype("<f8")), None);
        assert!(found(("S2", b"a\0"), ("S4", b"a\0\0\0"), EXACT).is_empty());
        assert_eq!(
            found(("S2", b"ab"), ("S2", b"aa"), EXACT),
            [(0, Difference::UNLIKE)]
        );
        let complex = [1.0_f32, f32::NAN].map(f32::to_le_bytes).concat();
        let other = [f32::NAN, 2.0].map(f32::to_le_bytes).concat();
        assert!(found(("<c8", &complex), ("<c8", &other), EXACT).is_empty());
    }
}
