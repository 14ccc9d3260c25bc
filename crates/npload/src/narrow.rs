//! Numbers made half as wide, and which of them do not fit.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

use num_complex::Complex;

use crate::LoadOptions;
use crate::source::share;

/// What a thread converts at a time.
const PIECE: usize = 256 << 10;

/// A number that can be made half as wide.
pub trait Narrow<To>: Copy {
    /// It as the narrower type, as a cast in C makes it, and whether it is still the same: an integer of
    /// the same value, a float that has not become infinite.
    fn narrow(self) -> (To, bool);
}

impl Narrow<i32> for i64 {
    #[expect(clippy::cast_possible_truncation, reason = "what is lost is told")]
    fn narrow(self) -> (i32, bool) {
        let to = self as i32;
        (to, i64::from(to) == self)
    }
}

impl Narrow<u32> for u64 {
    #[expect(clippy::cast_possible_truncation, reason = "what is lost is told")]
    fn narrow(self) -> (u32, bool) {
        let to = self as u32;
        (to, u64::from(to) == self)
    }
}

impl Narrow<f32> for f64 {
    #[expect(clippy::cast_possible_truncation, reason = "digits may be lost")]
    fn narrow(self) -> (f32, bool) {
        let to = self as f32;
        (to, to.is_finite() || !self.is_finite())
    }
}

impl Narrow<Complex<f32>> for Complex<f64> {
    fn narrow(self) -> (Complex<f32>, bool) {
        let ((re, re_fits), (im, im_fits)) = (self.re.narrow(), self.im.narrow());
        (Complex { re, im }, re_fits & im_fits)
    }
}

/// Makes all of `from` narrower, by several threads where there are many; the place of the first one that
/// does not fit, if there is one. `to` is as long.
///
/// ```
/// let mut to = [0_i32; 3];
/// assert_eq!(npload::narrow(&[1_i64, 1 << 40, -1], &mut to, None), Some(1));
/// assert_eq!(to, [1, 0, -1]);
/// ```
#[must_use]
pub fn narrow<F, T>(from: &[F], to: &mut [T], threads: Option<NonZeroUsize>) -> Option<usize>
where
    F: Narrow<T> + Sync,
    T: Send,
{
    let options = LoadOptions::new();
    let options = match threads {
        Some(threads) => options.threads(threads),
        None => options,
    };
    let first = AtomicUsize::new(usize::MAX);
    let pieces = from.chunks(PIECE).zip(to.chunks_mut(PIECE)).enumerate();
    let done = share(
        options.threads_for(size_of_val(from) as u64),
        0,
        pieces,
        &|(number, (from, to))| {
            let mut all = true;
            for (from, to) in from.iter().zip(to) {
                let (narrow, fits) = from.narrow();
                *to = narrow;
                all &= fits;
            }
            if !all {
                let at = from.iter().position(|value| !value.narrow().1);
                let start = number.saturating_mul(PIECE);
                first.fetch_min(start.saturating_add(at.unwrap_or(0)), Ordering::Relaxed);
            }
            Ok::<(), ()>(())
        },
    );
    debug_assert_eq!(done, Ok(()));
    Some(first.into_inner()).filter(|&at| at < usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_does_not_fit_is_told_whichever_thread_finds_it() {
        let mut from: Vec<i64> = (0..3_000_000).collect();
        let mut to = vec![0_i32; from.len()];
        assert_eq!(narrow(&from, &mut to, None), None);
        assert!(
            to.iter()
                .zip(&from)
                .all(|(&to, &from)| i64::from(to) == from)
        );
        from[2_999_999] = i64::MIN;
        from[1_700_000] = i64::from(i32::MAX) + 1;
        for threads in [1, 2, 5] {
            let found = narrow(&from, &mut to, NonZeroUsize::new(threads));
            assert_eq!(found, Some(1_700_000));
            assert_eq!((to[1_700_000], to[2_999_999]), (i32::MIN, 0));
        }
    }

    #[test]
    fn floats_fit_while_they_stay_finite() {
        let values = [0.1, f64::MAX, f64::INFINITY, f64::NAN, 1e-300, -3.4e38];
        let fits = values.map(|value| value.narrow().1);
        assert_eq!(fits, [true, false, true, true, true, true]);
        let complex = Complex { re: 1.0, im: 1e39 };
        assert!(!Narrow::<Complex<f32>>::narrow(complex).1);
        assert_eq!((1_u64 << 32).narrow(), (0, false));
    }
}
