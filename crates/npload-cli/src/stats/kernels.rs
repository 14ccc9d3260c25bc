//! Loops over values that are in the cache: plain ones, in lanes that the compiler makes vectors of.

use std::ops::Add;

use npload::Element;

use super::moments::{Moments, exact_sum};

/// So many values are gone through several times: 32 KiB of the widest.
pub(super) const CHUNK: usize = 4096;

/// Sums are kept in so many lanes.
const LANES: usize = 16;

/// A type of real numbers.
pub(super) trait Real: Element + PartialOrd + 'static {
    /// No value is less.
    const LEAST: Self;
    /// No value is greater.
    const GREATEST: Self;
    const ZERO: Self;
    /// Whether it has values that are no finite numbers.
    const FLOATS: bool;

    /// The nearest `f64`.
    fn wide(self) -> f64;

    /// The moments of up to [`CHUNK`] values, if all are finite; `pivot` is a number near their mean.
    /// None also where it cannot tell exactly enough.
    fn moments(values: &[Self], pivot: f64) -> Option<Moments>;

    /// The least and the greatest value; NaN is neither.
    fn range(values: &[Self]) -> (Self, Self);
}

/// The sums of the differences from a pivot, and of their squares.
#[inline(always)]
fn differences<T: Real>(values: &[T], pivot: f64) -> (f64, f64) {
    let (mut sums, mut squares) = ([0.0; LANES], [0.0; LANES]);
    let (rows, rest) = values.as_chunks::<LANES>();
    for row in rows {
        for ((sum, square), value) in sums.iter_mut().zip(&mut squares).zip(row) {
            let d = value.wide() - pivot;
            *sum += d;
            *square += d * d;
        }
    }
    for ((sum, square), value) in sums.iter_mut().zip(&mut squares).zip(rest) {
        let d = value.wide() - pivot;
        *sum += d;
        *square += d * d;
    }
    (total(sums), total(squares))
}

/// The sum of lanes, each with its neighbour, as pairwise summation has it.
#[inline(always)]
fn total(lanes: [f64; LANES]) -> f64 {
    let mut lanes = lanes;
    let mut n = LANES / 2;
    while n > 0 {
        let (left, right) = lanes.split_at_mut(n);
        for (l, r) in left.iter_mut().zip(right.iter()) {
            *l += *r;
        }
        n /= 2;
    }
    lanes.first().copied().unwrap_or(0.0)
}

/// In one pass, from a pivot near the mean. Where that is not near enough, so that digits are lost in
/// the difference of two large numbers, or a value is not finite: none.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "a chunk has few values")]
fn moments_about<T: Real>(values: &[T], pivot: f64) -> Option<Moments> {
    let (sum, squares) = differences(values, pivot);
    let n = values.len() as f64;
    let about_mean = squares - sum * sum / n;
    // Four bits of 53 may go. All the same and the pivot itself is exact.
    let near = about_mean >= squares / 16.0;
    let (mean, low) = exact_sum(pivot, sum / n);
    (near && squares.is_finite()).then_some(Moments {
        n: values.len() as u64,
        mean,
        low,
        squares: about_mean,
    })
}

/// The moments of the finite ones among up to [`CHUNK`] values, in two passes.
#[inline(always)]
#[expect(clippy::cast_precision_loss, reason = "a chunk has few values")]
pub(super) fn careful_moments<T: Real>(values: &[T]) -> Moments {
    let count = values.iter().filter(|v| v.wide().is_finite()).count();
    let sum = |of: &dyn Fn(f64) -> f64| -> f64 {
        let finite = values.iter().map(|v| v.wide()).filter(|v| v.is_finite());
        finite.map(of).fold(0.0, f64::add)
    };
    let n = count as f64;
    if count == 0 {
        return Moments::default();
    }
    let mean = match sum(&|v| v) / n {
        mean if mean.is_finite() => mean,
        // Near the largest numbers their sum is too large.
        _ => sum(&|v| v / n),
    };
    // What rounding left of the mean shows in the sum of the differences.
    let (off, squares) = (sum(&|v| v - mean), sum(&|v| (v - mean) * (v - mean)));
    let (mean, low) = exact_sum(mean, off / n);
    Moments {
        n: count as u64,
        mean,
        low,
        squares: (squares - off * off / n).max(0.0),
    }
}

/// [`Real::range`] of floats: the compiler does not reorder comparisons with NaN, lanes do.
#[inline(always)]
fn range_of_floats<T: Real>(values: &[T]) -> (T, T) {
    // One after the other: of both at once the compiler makes a muddle.
    let least = fold_lanes(values, T::GREATEST, |lo, v| if v < lo { v } else { lo });
    let greatest = fold_lanes(values, T::LEAST, |hi, v| if v > hi { v } else { hi });
    (least, greatest)
}

#[inline(always)]
fn fold_lanes<T: Copy>(values: &[T], start: T, pick: impl Fn(T, T) -> T) -> T {
    let mut lanes = [start; 2 * LANES];
    let (rows, rest) = values.as_chunks::<{ 2 * LANES }>();
    for row in rows {
        for (lane, &value) in lanes.iter_mut().zip(row) {
            *lane = pick(*lane, value);
        }
    }
    let lanes = lanes.into_iter().fold(start, &pick);
    rest.iter().fold(lanes, |lane, &value| pick(lane, value))
}

/// [`Real::range`] of integers.
#[inline(always)]
fn range_of_integers<T: Real + Ord>(values: &[T]) -> (T, T) {
    let least = values.iter().fold(T::GREATEST, |lo, &v| lo.min(v));
    (least, values.iter().fold(T::LEAST, |hi, &v| hi.max(v)))
}

/// How many of up to 65,535 values are so: counted in the width of the values.
#[inline(always)]
pub(super) fn count<T: Copy>(values: &[T], is: impl Fn(T) -> bool) -> u64 {
    match size_of::<T>() {
        1 => {
            // In bytes, which are full after 255.
            let counted = values.chunks(255).map(|few| {
                let n = few
                    .iter()
                    .fold(0_u8, |n, &v| n.wrapping_add(u8::from(is(v))));
                u64::from(n)
            });
            counted.fold(0, u64::wrapping_add)
        }
        2 => {
            let n = values.iter();
            u64::from(n.fold(0_u16, |n, &v| n.wrapping_add(u16::from(is(v)))))
        }
        4 => {
            let n = values.iter();
            u64::from(n.fold(0_u32, |n, &v| n.wrapping_add(u32::from(is(v)))))
        }
        _ => values
            .iter()
            .fold(0_u64, |n, &v| n.wrapping_add(u64::from(is(v)))),
    }
}

/// The moments of integers of up to 16 bits, from exact sums.
#[expect(clippy::cast_precision_loss, reason = "rounded once")]
fn exact_moments(n: usize, sum: i64, squares: u64) -> Moments {
    if n == 0 {
        return Moments::default();
    }
    let (count, total) = (n as u64, i128::from(sum));
    let about_mean = i128::from(squares)
        .saturating_mul(i128::from(count))
        .saturating_sub(total.saturating_mul(total));
    Moments {
        n: count,
        mean: sum as f64 / n as f64,
        low: 0.0,
        squares: about_mean as f64 / n as f64,
    }
}

macro_rules! wide_types {
    ($($type:ty, $least:expr, $greatest:expr, $floats:literal, $range:ident;)*) => {$(
        impl Real for $type {
            const LEAST: Self = $least;
            const GREATEST: Self = $greatest;
            const ZERO: Self = 0 as $type;
            const FLOATS: bool = $floats;

            #[inline(always)]
            #[allow(clippy::cast_precision_loss, clippy::cast_lossless, reason = "as NumPy")]
            fn wide(self) -> f64 {
                self as f64
            }

            #[inline(always)]
            fn moments(values: &[Self], pivot: f64) -> Option<Moments> {
                moments_about(values, pivot)
            }

            #[inline(always)]
            fn range(values: &[Self]) -> (Self, Self) {
                $range(values)
            }
        }
    )*};
}

wide_types! {
    i32, i32::MIN, i32::MAX, false, range_of_integers;
    i64, i64::MIN, i64::MAX, false, range_of_integers;
    u32, u32::MIN, u32::MAX, false, range_of_integers;
    u64, u64::MIN, u64::MAX, false, range_of_integers;
    f32, f32::NEG_INFINITY, f32::INFINITY, true, range_of_floats;
    f64, f64::NEG_INFINITY, f64::INFINITY, true, range_of_floats;
}

// No sum of a chunk is too large for its type: 4,096 times 255², or 65,535, is less than 2^31.

#[inline(always)]
fn squares_of_bytes<T: Copy + Into<i32>>(values: &[T]) -> u64 {
    let add = |n: u32, v: &T| {
        let v: i32 = (*v).into();
        n.wrapping_add(v.wrapping_mul(v).cast_unsigned())
    };
    values.iter().fold(0, add).into()
}

/// In halves of 16 bits, so that eight fit in a vector where four of 64 bits would.
#[inline(always)]
fn squares_of_words<T: Copy + Into<i32>>(values: &[T]) -> u64 {
    let square = |v: &T| {
        let v: i32 = (*v).into();
        v.wrapping_mul(v).cast_unsigned()
    };
    let add = |(low, high): (u32, u32), v: &T| {
        let square = square(v);
        (
            low.wrapping_add(square & 0xFFFF),
            high.wrapping_add(square >> 16),
        )
    };
    let (low, high) = values.iter().fold((0, 0), add);
    (u64::from(high) << 16).wrapping_add(low.into())
}

macro_rules! small_types {
    ($($type:ty, $squares:ident;)*) => {$(
        impl Real for $type {
            const LEAST: Self = <$type>::MIN;
            const GREATEST: Self = <$type>::MAX;
            const ZERO: Self = 0;
            const FLOATS: bool = false;

            #[inline(always)]
            fn wide(self) -> f64 {
                f64::from(self)
            }

            #[inline(always)]
            fn moments(values: &[Self], _: f64) -> Option<Moments> {
                let add = |n: i32, v: &$type| n.wrapping_add(i32::from(*v));
                let sum = values.iter().fold(0, add);
                Some(exact_moments(values.len(), i64::from(sum), $squares(values)))
            }

            #[inline(always)]
            fn range(values: &[Self]) -> (Self, Self) {
                range_of_integers(values)
            }
        }
    )*};
}

small_types! {
    i8, squares_of_bytes;
    u8, squares_of_bytes;
    i16, squares_of_words;
    u16, squares_of_words;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pivot_that_is_far_off_is_noticed() {
        let values: Vec<f64> = (0..100).map(|i| 1e9 + f64::from(i % 5)).collect();
        assert_eq!(moments_about(&values, 0.0), None);
        let exact = careful_moments(&values);
        assert_eq!((exact.mean, exact.variance()), (1e9 + 2.0, 2.0));
        let near = moments_about(&values, 1e9).unwrap();
        assert_eq!((near.mean, near.variance()), (1e9 + 2.0, 2.0));
    }

    #[test]
    fn what_is_not_finite_is_noticed_and_left_out() {
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let values = [1.0, odd, 3.0];
            assert_eq!(moments_about(&values, 0.0), None);
            let moments = careful_moments(&values);
            assert_eq!((moments.n, moments.mean, moments.squares), (2, 2.0, 2.0));
        }
    }

    #[test]
    fn numbers_near_the_largest_have_a_mean() {
        let moments = careful_moments(&[f64::MAX, f64::MAX]);
        assert_eq!(moments.mean, f64::MAX);
    }

    #[test]
    fn the_extremes_of_small_integers_do_not_overflow() {
        let moments = u16::moments(&[u16::MAX; CHUNK], 0.0).unwrap();
        assert_eq!((moments.mean, moments.squares), (65_535.0, 0.0));
        let moments = i8::moments(&[i8::MIN; CHUNK], 0.0).unwrap();
        assert_eq!((moments.mean, moments.squares), (-128.0, 0.0));
        let moments = i16::moments(&[i16::MIN; CHUNK], 0.0).unwrap();
        assert_eq!((moments.mean, moments.squares), (-32_768.0, 0.0));
    }

    fn naive(values: &[f64]) -> (f64, f64) {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
        (mean, squares)
    }

    proptest! {
        #[test]
        fn floats_agree_with_the_naive_way(
            values in prop::collection::vec(-1e6..1e6, 1..300), pivot in -1e7..1e7
        ) {
            let (mean, squares) = naive(&values);
            let moments = moments_about(&values, pivot).unwrap_or_else(|| careful_moments(&values));
            prop_assert!((moments.mean - mean).abs() <= 1e-9, "{} {mean}", moments.mean);
            prop_assert!((moments.squares - squares).abs() <= 1e-12 * squares.max(1e3));
            let (least, greatest) = f64::range(&values);
            prop_assert_eq!(least, values.iter().copied().fold(f64::INFINITY, f64::min));
            prop_assert_eq!(greatest, values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        }

        #[test]
        fn small_integers_agree_with_the_naive_way(
            values in prop::collection::vec(any::<i16>(), 1..600), bytes in prop::collection::vec(0..3_u8, 1..600)
        ) {
            let (mean, squares) = naive(&values.iter().map(|&v| f64::from(v)).collect::<Vec<_>>());
            let moments = i16::moments(&values, 0.0).unwrap();
            prop_assert!((moments.mean - mean).abs() <= 1e-9);
            prop_assert!((moments.squares - squares).abs() <= 1e-9 * squares);
            let zeros = bytes.iter().filter(|&&b| b == 0).count() as u64;
            prop_assert_eq!(count(&bytes, |b| b == 0), zeros);
        }
    }
}
