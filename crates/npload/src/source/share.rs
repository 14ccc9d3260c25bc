//! Work handed out to threads that end with the call.

use std::sync::{Mutex, PoisonError};

use npload_buffer::run_on_threads;

/// Does `work` for every one of `items`, on this thread and on up to `threads - 1` more, as many as
/// the system allows. Items are handed out one by one, in order: a core that is busy elsewhere
/// takes fewer. After a failure no more are begun.
///
/// # Errors
/// The first failure.
pub(crate) fn share<I, E>(
    threads: usize,
    items: I,
    work: &(dyn Fn(I::Item) -> Result<(), E> + Sync),
) -> Result<(), E>
where
    I: Iterator + Send,
    E: Send,
{
    let left = Mutex::new((items, Ok(())));
    let next = || {
        let mut left = left.lock().ok()?;
        if left.1.is_err() {
            return None;
        }
        left.0.next()
    };
    let run = || {
        while let Some(item) = next() {
            if let Err(err) = work(item) {
                let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                if left.1.is_ok() {
                    left.1 = Err(err);
                }
            }
        }
    };
    run_on_threads(threads.saturating_sub(1), &run);
    left.into_inner().unwrap_or_else(PoisonError::into_inner).1
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_item_is_done_once() {
        for threads in [0, 1, 2, 7] {
            let sum = AtomicUsize::new(0);
            let add = |n| {
                sum.fetch_add(n, Ordering::Relaxed);
                Ok::<_, ()>(())
            };
            share(threads, 0..1000_usize, &add).unwrap();
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
        assert_eq!(share(1, 0..1000, &work), Err(3));
        assert_eq!(done.load(Ordering::Relaxed), 4);
        assert_eq!(share(3, 0..1000, &work), Err(3));
    }
}
