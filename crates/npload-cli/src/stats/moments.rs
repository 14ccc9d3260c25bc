//! How many, their mean, and how they vary: kept so that parts merge without losing digits.

/// Of some finite numbers: how many, their mean, and the sum of the squares of their differences from
/// that.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Moments {
    pub(super) n: u64,
    pub(super) mean: f64,
    /// What rounding left of the mean: large numbers that differ little have all their digits there.
    pub(super) low: f64,
    pub(super) squares: f64,
}

impl Moments {
    /// Adds those of other numbers (Chan, Golub and LeVeque, 1979).
    #[inline]
    #[expect(
        clippy::cast_precision_loss,
        reason = "no file has 2^53 elements that would show it"
    )]
    pub(super) fn merge(&mut self, other: &Moments) {
        if other.n == 0 {
            return;
        }
        if self.n == 0 {
            *self = *other;
            return;
        }
        let n = self.n.saturating_add(other.n);
        let (ours, theirs) = (self.n as f64, other.n as f64);
        let share = theirs / n as f64;
        let delta = (other.mean - self.mean) + (other.low - self.low);
        (self.mean, self.low) = match delta.is_finite() {
            true => exact_sum(self.mean, self.low + delta * share),
            // Further apart than any number is large.
            false => (self.mean * (ours / n as f64) + other.mean * share, 0.0),
        };
        self.squares += other.squares + delta * delta * ours * share;
        self.n = n;
    }

    /// The population's variance, as `numpy.var` has it; NaN for no numbers.
    #[expect(clippy::cast_precision_loss, reason = "as above")]
    pub(super) fn variance(&self) -> f64 {
        self.squares / self.n as f64
    }
}

/// The sum, and what rounding takes off it (Knuth, 1969).
#[inline]
pub(super) fn exact_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let rounded = sum - a;
    let low = (a - (sum - rounded)) + (b - rounded);
    (sum, if low.is_finite() { low } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Moments {
        let mut all = Moments::default();
        for &mean in values {
            all.merge(&Moments {
                n: 1,
                mean,
                low: 0.0,
                squares: 0.0,
            });
        }
        all
    }

    #[test]
    fn small_noise_on_large_numbers_keeps_its_digits() {
        let values: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i % 7)).collect();
        let noise: Vec<f64> = (0..1000).map(|i| f64::from(i % 7)).collect();
        let (large, small) = (of(&values).variance(), of(&noise).variance());
        assert!((large / small - 1.0).abs() < 1e-12, "{large} {small}");
    }

    #[test]
    fn nothing_changes_nothing() {
        let mut all = of(&[1.0, 2.0]);
        all.merge(&Moments::default());
        assert_eq!(all, of(&[1.0, 2.0]));
        assert!(Moments::default().variance().is_nan());
    }

    proptest! {
        #[test]
        fn parts_merge_to_the_whole(
            values in prop::collection::vec(-1e3..1e3, 1..50), at: prop::sample::Index
        ) {
            let (left, right) = values.split_at(at.index(values.len()));
            let mut merged = of(left);
            merged.merge(&of(right));
            let whole = of(&values);
            prop_assert!((merged.mean - whole.mean).abs() < 1e-10);
            prop_assert!((merged.squares - whole.squares).abs() < 1e-6);
            prop_assert_eq!(merged.n, whole.n);
        }
    }
}
