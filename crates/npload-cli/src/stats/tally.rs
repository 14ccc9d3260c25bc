//! What is kept of values as they go by, for each kind of number.

use npload::Value;
use npload::num_complex::Complex;
use pulp::{Arch, Simd, WithSimd};

use super::kernels::{CHUNK, Real, careful_moments, count};
use super::moments::Moments;

/// How many values are something. None: such values have no such thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) nan: u64,
    pub(super) inf: Option<u64>,
    pub(super) zero: Option<u64>,
}

/// What is known of the values of one array, or of one place along an axis.
pub(super) trait Tally: Clone + Send + Sync + 'static {
    type Item: Copy + Send + Sync + 'static;

    fn new() -> Self;

    /// Adds values to those that went by.
    fn add(&mut self, values: &[Self::Item]);

    /// Adds what went by elsewhere.
    fn merge(&mut self, other: &Self);

    /// The least and greatest; none of no values.
    fn range(&self) -> Option<(Self::Item, Self::Item)>;

    fn counts(&self) -> Counts;

    /// Its parts; the second is 0 unless the values are complex. Of times the count of units.
    fn mean(&self) -> Mean;

    /// None of times.
    fn std(&self) -> Option<f64>;
}

/// A mean, in the type that fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Mean {
    Real(f64),
    Complex(Complex<f64>),
    Time(i64),
}

/// A tally whose loops are made for vectors.
trait ByChunks: Tally {
    fn add_chunk(&mut self, chunk: &[Self::Item]);
}

struct AddChunks<'a, T: ByChunks> {
    tally: &'a mut T,
    values: &'a [T::Item],
}

// A closure would not be compiled for the vectors that were chosen.
impl<T: ByChunks> WithSimd for AddChunks<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for chunk in self.values.chunks(CHUNK) {
            self.tally.add_chunk(chunk);
        }
    }
}

/// Adds values with the widest vectors that the machine has. With those of the oldest x86-64, which
/// Rust takes by itself, the loops would take longer than reading.
fn by_chunks<T: ByChunks>(tally: &mut T, values: &[T::Item]) {
    Arch::new().dispatch(AddChunks { tally, values });
}

/// Of real numbers.
#[derive(Clone)]
pub(super) struct RealTally<T> {
    /// Of the finite ones.
    moments: Moments,
    /// Near the mean of what comes next.
    pivot: f64,
    nan: u64,
    /// Infinities below and above.
    inf: (u64, u64),
    zero: u64,
    least: T,
    greatest: T,
}

impl<T: Real> ByChunks for RealTally<T> {
    #[inline(always)]
    fn add_chunk(&mut self, chunk: &[T]) {
        let (least, greatest) = T::range(chunk);
        if least < self.least {
            self.least = least;
        }
        if greatest > self.greatest {
            self.greatest = greatest;
        }
        let zero = count(chunk, |v| v == T::ZERO);
        self.zero = self.zero.saturating_add(zero);
        let moments = T::moments(chunk, self.pivot).unwrap_or_else(|| self.add_carefully(chunk));
        if moments.n > 0 {
            self.pivot = moments.mean;
        }
        self.moments.merge(&moments);
    }
}

impl<T: Real> RealTally<T> {
    /// The moments of values of which some may not be finite; those are counted.
    #[cold]
    fn add_carefully(&mut self, chunk: &[T]) -> Moments {
        let moments = careful_moments(chunk);
        if T::FLOATS {
            let of = |is: fn(f64) -> bool| count(chunk, |v| is(v.wide()));
            self.nan = self.nan.saturating_add(of(f64::is_nan));
            self.inf.0 = self.inf.0.saturating_add(of(|v| v == f64::NEG_INFINITY));
            self.inf.1 = self.inf.1.saturating_add(of(|v| v == f64::INFINITY));
        }
        moments
    }

    fn mean(&self) -> f64 {
        match self.inf {
            (0, 0) if self.moments.n == 0 => f64::NAN,
            (0, 0) => self.moments.mean,
            (0, _) => f64::INFINITY,
            (_, 0) => f64::NEG_INFINITY,
            _ => f64::NAN,
        }
    }

    fn variance(&self) -> f64 {
        match self.inf {
            (0, 0) => self.moments.variance(),
            _ => f64::NAN,
        }
    }
}

impl<T: Real> Tally for RealTally<T> {
    type Item = T;

    fn new() -> Self {
        RealTally {
            moments: Moments::default(),
            pivot: 0.0,
            nan: 0,
            inf: (0, 0),
            zero: 0,
            least: T::GREATEST,
            greatest: T::LEAST,
        }
    }

    fn add(&mut self, values: &[T]) {
        by_chunks(self, values);
    }

    fn merge(&mut self, other: &Self) {
        self.moments.merge(&other.moments);
        self.nan = self.nan.saturating_add(other.nan);
        self.inf.0 = self.inf.0.saturating_add(other.inf.0);
        self.inf.1 = self.inf.1.saturating_add(other.inf.1);
        self.zero = self.zero.saturating_add(other.zero);
        if other.least < self.least {
            self.least = other.least;
        }
        if other.greatest > self.greatest {
            self.greatest = other.greatest;
        }
    }

    fn range(&self) -> Option<(T, T)> {
        let some = self.moments.n > 0 || self.inf != (0, 0);
        some.then_some((self.least, self.greatest))
    }

    fn counts(&self) -> Counts {
        Counts {
            nan: self.nan,
            inf: Some(self.inf.0.saturating_add(self.inf.1)),
            zero: Some(self.zero),
        }
    }

    fn mean(&self) -> Mean {
        Mean::Real(RealTally::mean(self))
    }

    fn std(&self) -> Option<f64> {
        Some(self.variance().sqrt())
    }
}

/// Of complex numbers. One is NaN if a part of it is, and zero if both are.
#[derive(Clone)]
pub(super) struct ComplexTally<T> {
    /// The parts of those that are not NaN.
    re: RealTally<T>,
    im: RealTally<T>,
    nan: u64,
    inf: u64,
    zero: u64,
    /// In NumPy's order: by the real part, then by the imaginary one.
    range: Option<(Complex<T>, Complex<T>)>,
}

fn less<T: PartialOrd>(a: Complex<T>, b: Complex<T>) -> bool {
    a.re < b.re || (a.re == b.re && a.im < b.im)
}

impl<T: Real> ComplexTally<T> {
    fn widen(&mut self, least: Complex<T>, greatest: Complex<T>) {
        self.range = Some(match self.range {
            None => (least, greatest),
            Some((lo, hi)) => (
                if less(least, lo) { least } else { lo },
                if less(hi, greatest) { greatest } else { hi },
            ),
        });
    }
}

impl<T: Real> Tally for ComplexTally<T>
where
    Complex<T>: Copy + Send + Sync,
{
    type Item = Complex<T>;

    fn new() -> Self {
        ComplexTally {
            re: RealTally::new(),
            im: RealTally::new(),
            nan: 0,
            inf: 0,
            zero: 0,
            range: None,
        }
    }

    fn add(&mut self, values: &[Complex<T>]) {
        let (mut re, mut im) = (Vec::new(), Vec::new());
        for chunk in values.chunks(CHUNK) {
            re.clear();
            im.clear();
            let mut range = None;
            for &value in chunk {
                let (a, b) = (value.re.wide(), value.im.wide());
                if a.is_nan() || b.is_nan() {
                    self.nan = self.nan.saturating_add(1);
                    continue;
                }
                let infinite = a.is_infinite() || b.is_infinite();
                self.inf = self.inf.saturating_add(u64::from(infinite));
                let zero = value.re == T::ZERO && value.im == T::ZERO;
                self.zero = self.zero.saturating_add(u64::from(zero));
                range = Some(match range {
                    None => (value, value),
                    Some((lo, hi)) => (
                        if less(value, lo) { value } else { lo },
                        if less(hi, value) { value } else { hi },
                    ),
                });
                re.push(value.re);
                im.push(value.im);
            }
            if let Some((lo, hi)) = range {
                self.widen(lo, hi);
            }
            self.re.add(&re);
            self.im.add(&im);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.re.merge(&other.re);
        self.im.merge(&other.im);
        self.nan = self.nan.saturating_add(other.nan);
        self.inf = self.inf.saturating_add(other.inf);
        self.zero = self.zero.saturating_add(other.zero);
        if let Some((lo, hi)) = other.range {
            self.widen(lo, hi);
        }
    }

    fn range(&self) -> Option<(Complex<T>, Complex<T>)> {
        self.range
    }

    fn counts(&self) -> Counts {
        Counts {
            nan: self.nan,
            inf: Some(self.inf),
            zero: Some(self.zero),
        }
    }

    fn mean(&self) -> Mean {
        Mean::Complex(Complex::new(self.re.mean(), self.im.mean()))
    }

    /// The root of the mean squared distance from the mean.
    fn std(&self) -> Option<f64> {
        Some((self.re.variance() + self.im.variance()).sqrt())
    }
}

/// Of dates (`DATES`) or spans of time: counts of units, and NaT.
#[derive(Clone)]
pub(super) struct TimeTally<const DATES: bool> {
    n: u64,
    nat: u64,
    zero: u64,
    sum: i128,
    least: i64,
    greatest: i64,
}

impl<const DATES: bool> ByChunks for TimeTally<DATES> {
    #[inline(always)]
    fn add_chunk(&mut self, chunk: &[i64]) {
        // NaT is the least of all.
        let nat = count(chunk, |v| v == Value::NAT);
        let zero = count(chunk, |v| v == 0);
        let later = |v: i64| if v == Value::NAT { i64::MAX } else { v };
        let least = chunk.iter().fold(i64::MAX, |lo, &v| lo.min(later(v)));
        let greatest = chunk.iter().fold(i64::MIN, |hi, &v| hi.max(v));
        // Halves of a chunk's values add up without overflow.
        let present = |v: i64| if v == Value::NAT { 0 } else { v };
        let high = chunk
            .iter()
            .fold(0_i64, |n, &v| n.wrapping_add(present(v) >> 32));
        let low = chunk
            .iter()
            .fold(0_i64, |n, &v| n.wrapping_add(present(v) & 0xFFFF_FFFF));
        let sum = (i128::from(high) << 32).saturating_add(i128::from(low));
        self.merge(&TimeTally {
            n: (chunk.len() as u64).saturating_sub(nat),
            nat,
            zero,
            sum,
            least,
            greatest,
        });
    }
}

impl<const DATES: bool> Tally for TimeTally<DATES> {
    type Item = i64;

    fn new() -> Self {
        TimeTally {
            n: 0,
            nat: 0,
            zero: 0,
            sum: 0,
            least: i64::MAX,
            greatest: i64::MIN,
        }
    }

    fn add(&mut self, values: &[i64]) {
        by_chunks(self, values);
    }

    #[inline(always)]
    fn merge(&mut self, other: &Self) {
        self.n = self.n.saturating_add(other.n);
        self.nat = self.nat.saturating_add(other.nat);
        self.zero = self.zero.saturating_add(other.zero);
        self.sum = self.sum.saturating_add(other.sum);
        self.least = self.least.min(other.least);
        self.greatest = self.greatest.max(other.greatest);
    }

    fn range(&self) -> Option<(i64, i64)> {
        (self.n > 0).then_some((self.least, self.greatest))
    }

    fn counts(&self) -> Counts {
        Counts {
            nan: self.nat,
            inf: None,
            zero: (!DATES).then_some(self.zero),
        }
    }

    /// Cut towards zero, as NumPy divides spans of time.
    fn mean(&self) -> Mean {
        let mean = self.sum.checked_div(i128::from(self.n));
        let mean = mean.and_then(|mean| i64::try_from(mean).ok());
        Mean::Time(mean.unwrap_or(Value::NAT))
    }

    fn std(&self) -> Option<f64> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<T: Tally>(values: &[T::Item]) -> T {
        let mut tally = T::new();
        let (left, right) = values.split_at(values.len() / 3);
        tally.add(left);
        let mut other = T::new();
        other.add(right);
        tally.merge(&other);
        tally
    }

    #[test]
    fn nan_is_counted_and_otherwise_left_out() {
        let tally: RealTally<f32> = of(&[f32::NAN, 1.0, 0.0, f32::NAN, 5.0]);
        assert_eq!(tally.range(), Some((0.0, 5.0)));
        assert_eq!((tally.counts().nan, tally.counts().zero), (2, Some(1)));
        assert_eq!(Tally::mean(&tally), Mean::Real(2.0));
        let nothing: RealTally<f32> = of(&[f32::NAN]);
        assert_eq!(nothing.range(), None);
        assert!(RealTally::mean(&nothing).is_nan() && nothing.std().unwrap().is_nan());
    }

    #[test]
    fn infinities_make_the_mean_infinite_in_whatever_order_they_come() {
        let inf = f64::INFINITY;
        for values in [[inf, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, inf]] {
            let tally: RealTally<f64> = of(&values);
            assert_eq!(Tally::mean(&tally), Mean::Real(inf));
            assert!(tally.std().unwrap().is_nan());
            assert_eq!(
                (tally.counts().inf, tally.range()),
                (Some(1), Some((1.0, inf)))
            );
        }
        let both: RealTally<f64> = of(&[inf, -inf]);
        assert!(RealTally::mean(&both).is_nan());
    }

    #[test]
    fn integers_keep_every_digit_of_their_range() {
        let tally: RealTally<i64> = of(&[i64::MAX - 1, i64::MIN + 1, 0]);
        assert_eq!(tally.range(), Some((i64::MIN + 1, i64::MAX - 1)));
        let tally: RealTally<u64> = of(&[u64::MAX]);
        assert_eq!(tally.range(), Some((u64::MAX, u64::MAX)));
    }

    #[test]
    fn complex_numbers_are_ordered_as_numpy_orders_them() {
        let c = Complex::new;
        let values = [
            c(1.0, 5.0),
            c(1.0, -5.0),
            c(f64::NAN, 0.0),
            c(0.0, 0.0),
            c(2.0, 0.0),
        ];
        let tally: ComplexTally<f64> = of(&values);
        assert_eq!(tally.range(), Some((c(0.0, 0.0), c(2.0, 0.0))));
        assert_eq!((tally.counts().nan, tally.counts().zero), (1, Some(1)));
        assert_eq!(Tally::mean(&tally), Mean::Complex(c(1.0, 0.0)));
        assert_eq!(tally.std(), Some(((2.0 + 50.0) / 4.0_f64).sqrt()));
    }

    #[test]
    fn times_are_exact_and_nat_is_left_out() {
        let tally: TimeTally<false> = of(&[i64::MAX, i64::MAX - 2, Value::NAT, i64::MAX]);
        assert_eq!(tally.range(), Some((i64::MAX - 2, i64::MAX)));
        assert_eq!(Tally::mean(&tally), Mean::Time(i64::MAX - 1));
        assert_eq!(tally.counts().nan, 1);
        let negative: TimeTally<false> = of(&[-1, -2, 0, -i64::MAX, 3]);
        assert_eq!(Tally::mean(&negative), Mean::Time(-(i64::MAX / 5)));
        let nothing: TimeTally<true> = of(&[Value::NAT]);
        assert_eq!(Tally::mean(&nothing), Mean::Time(Value::NAT));
        assert_eq!((nothing.range(), nothing.counts().zero), (None, None));
    }
}
