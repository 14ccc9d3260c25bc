//! Work handed out to threads that end with the call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use npload_buffer::run_on_threads;

/// Does `work` for every one of `items`, on this thread and on up to `threads - 1` more, as many as
/// the system allows. Items are handed out one by one, in order: a core that is busy elsewhere
/// takes fewer. After a failure or a panic no more are begun. `work` may take `stack` bytes of stack
/// more than ours does.
///
/// # Errors
/// The first failure.
pub(crate) fn share<I, E>(
    threads: usize,
    stack: usize,
    items: I,
    work: &(dyn Fn(I::Item) -> Result<(), E> + Sync),
) -> Result<(), E>
where
    I: Iterator + Send,
    E: Send,
{
    let left = Mutex::new((items, Ok(())));
    let over = AtomicBool::new(false);
    let next = || {
        if over.load(Ordering::Relaxed) {
            return None;
        }
        let mut left = left.lock().ok()?;
        if left.1.is_err() {
            return None;
        }
        left.0.next()
    };
    let run = || {
        let _over = Over(&over);
        while let Some(item) = next() {
            if let Err(err) = work(item) {
                let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                if left.1.is_ok() {
                    left.1 = Err(err);
                }
            }
        }
    };
    run_on_threads(threads.saturating_sub(1), stack, &run);
    left.into_inner().unwrap_or_else(PoisonError::into_inner).1
}

/// Says that nothing more is to be begun as soon as one thread is done: it found nothing to do, or
/// failed, or panicked, and then the others must not do all the work before the panic goes on.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::AtomicUsize;
    use std::time::Duration;

    #[test]
    fn every_item_is_done_once() {
        for threads in [0, 1, 2, 7] {
            let sum = AtomicUsize::new(0);
            let add = |n| {
                sum.fetch_add(n, Ordering::Relaxed);
                Ok::<_, ()>(())
            };
            share(threads, 0, 0..1000_usize, &add).unwrap();
            assert_eq!(sum.into_inner(), 499_500);
        }
    }

    #[test]
    fn nothing_is_begun_after_a_failure() {
        let done = AtomicUsize::new(0);
        let work = |n: usize| {
            done.fetch_add(1, Ordering::Relaxed);
            if n == 3 { Err(n) } else { Ok(()) }
        };
        assert_eq!(share(1, 0, 0..1000, &work), Err(3));
        assert_eq!(done.load(Ordering::Relaxed), 4);
        assert_eq!(share(3, 0, 0..1000, &work), Err(3));
    }

    #[test]
    fn nothing_is_begun_after_a_panic() {
        for threads in [1, 4] {
            let begun = AtomicUsize::new(0);
            let work = |n: usize| {
                begun.fetch_add(1, Ordering::Relaxed);
                assert!(n != 3, "the fourth fails");
                std::thread::sleep(Duration::from_millis(1));
                Ok::<_, ()>(())
            };
            let all = || share(threads, 0, 0..10_000, &work);
            catch_unwind(AssertUnwindSafe(all)).unwrap_err();
            assert!(begun.into_inner() < 5000);
        }
    }
}
