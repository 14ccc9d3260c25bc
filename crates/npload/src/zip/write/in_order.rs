//! Pieces made by several threads and taken in their order by one.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::Result;

/// So many bytes of pieces may be made before they are taken, or one piece for each thread.
const AHEAD: u64 = 16 << 20;

/// What is to be done: pieces of a size, some of which others than the calling thread may make.
pub(super) struct Pieces<'a, T, S> {
    pub(super) count: usize,
    /// The size of a piece that threads may make; none for what the taker does by itself.
    pub(super) size: &'a (dyn Fn(usize) -> Option<u64> + Sync),
    /// Makes a piece. What a thread keeps for its next piece is in `S`.
    pub(super) make: &'a (dyn Fn(usize, &mut S) -> Result<T> + Sync),
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    threads: usize,
}

struct State<T> {
    /// The next piece that nobody makes yet.
    next: usize,
    /// How many were taken.
    taken: usize,
    /// Bytes of pieces that are made and not yet taken.
    ahead: u64,
    done: BTreeMap<usize, Result<T>>,
    stopped: bool,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the other threads' work when this one is done, also by a panic.
struct Stop<'a, T>(&'a Shared<T>);

impl<T> Drop for Stop<'_, T> {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.changed.notify_all();
    }
}

impl<T: Send, S: Default> Pieces<'_, T, S> {
    /// Takes all pieces in order on this thread, which also makes some; `threads - 1` more make others.
    ///
    /// # Errors
    /// The first failure in the pieces' order.
    pub(super) fn run(
        &self,
        threads: usize,
        take: &mut dyn FnMut(usize, Option<T>) -> Result<()>,
    ) -> Result<()> {
        let shared = Shared {
            state: Mutex::new(State {
                next: 0,
                taken: 0,
                ahead: 0,
                done: BTreeMap::new(),
                stopped: false,
            }),
            changed: Condvar::new(),
            threads,
        };
        if threads <= 1 {
            return self.take_all(&shared, take);
        }
        std::thread::scope(|scope| {
            let _stop = Stop(&shared);
            for _ in 1..threads {
                let work = || {
                    let _stop = PanicStop(&shared);
                    self.help(&shared);
                };
                // Without a helper this thread does it all.
                let started = std::thread::Builder::new().spawn_scoped(scope, work);
                if started.is_err() {
                    break;
                }
            }
            self.take_all(&shared, take)
        })
    }

    fn take_all(
        &self,
        shared: &Shared<T>,
        take: &mut dyn FnMut(usize, Option<T>) -> Result<()>,
    ) -> Result<()> {
        let mut scratch = S::default();
        for index in 0..self.count {
            let piece = match (self.size)(index) {
                None => {
                    let mut state = shared.lock();
                    state.next = state.next.max(index.saturating_add(1));
                    None
                }
                Some(size) => {
                    let made = self.wait_for(shared, index, &mut scratch)?;
                    let mut state = shared.lock();
                    state.ahead = state.ahead.saturating_sub(size);
                    Some(made)
                }
            };
            take(index, piece)?;
            shared.lock().taken = index.saturating_add(1);
            shared.changed.notify_all();
        }
        Ok(())
    }

    /// The piece, made here if nobody has begun it; while others make it, later ones are made here.
    fn wait_for(&self, shared: &Shared<T>, index: usize, scratch: &mut S) -> Result<T> {
        let mut state = shared.lock();
        loop {
            if let Some(made) = state.done.remove(&index) {
                return made;
            }
            if let Some(other) = self.claim(&mut state, shared.threads, Some(index)) {
                drop(state);
                let made = (self.make)(other, scratch);
                if other == index {
                    return made;
                }
                state = shared.lock();
                state.done.insert(other, made);
                continue;
            }
            if state.stopped {
                return Err(helper_failed());
            }
            state = shared.wait(state);
        }
    }

    fn help(&self, shared: &Shared<T>) {
        let mut scratch = S::default();
        let mut state = shared.lock();
        loop {
            if state.stopped || state.next >= self.count {
                return;
            }
            let Some(index) = self.claim(&mut state, shared.threads, None) else {
                state = shared.wait(state);
                continue;
            };
            drop(state);
            let made = (self.make)(index, &mut scratch);
            state = shared.lock();
            state.done.insert(index, made);
            shared.changed.notify_all();
        }
    }

    /// The next piece that may be begun: the one that is wanted in any case, others as far as what was
    /// made and not taken stays within bounds.
    fn claim(&self, state: &mut State<T>, threads: usize, wanted: Option<usize>) -> Option<usize> {
        let mut index = state.next;
        while index < self.count {
            if let Some(size) = (self.size)(index) {
                let near = index.saturating_sub(state.taken) < threads;
                let fits = near || state.ahead.saturating_add(size) <= AHEAD;
                if !fits && wanted != Some(index) {
                    return None;
                }
                state.next = index.saturating_add(1);
                state.ahead = state.ahead.saturating_add(size);
                return Some(index);
            }
            index = index.saturating_add(1);
        }
        None
    }
}

/// As [`Stop`], for a thread that helps: only if it panics.
struct PanicStop<'a, T>(&'a Shared<T>);

impl<T> Drop for PanicStop<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            drop(Stop(self.0));
        }
    }
}

/// Never seen: the panic goes on when the threads are joined.
#[cold]
fn helper_failed() -> crate::Error {
    crate::Error::new(
        crate::ErrorKind::Interrupted,
        "a thread that helped has failed",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Error, ErrorKind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn all_are_taken_in_order_whoever_makes_them() {
        for threads in [1, 2, 5] {
            let made = AtomicUsize::new(0);
            let pieces = Pieces::<usize, ()> {
                count: 500,
                size: &|i| (i % 7 != 3).then_some(if i % 5 == 0 { AHEAD } else { 10 }),
                make: &|i, ()| {
                    made.fetch_add(1, Ordering::Relaxed);
                    Ok(i * i)
                },
            };
            let mut taken = Vec::new();
            let take = &mut |i: usize, piece: Option<usize>| {
                assert_eq!(piece, (i % 7 != 3).then_some(i * i));
                taken.push(i);
                Ok(())
            };
            pieces.run(threads, take).unwrap();
            assert_eq!(taken, (0..500).collect::<Vec<_>>());
            assert_eq!(
                made.load(Ordering::Relaxed),
                (0..500).filter(|i| i % 7 != 3).count()
            );
        }
    }

    #[test]
    fn the_first_failure_ends_it() {
        let fails = |message: String| Error::new(ErrorKind::Io, message);
        for threads in [1, 4] {
            let pieces = Pieces::<(), ()> {
                count: 100,
                size: &|_| Some(1),
                make: &|i, ()| {
                    if i >= 20 {
                        Err(fails(format!("piece {i}")))
                    } else {
                        Ok(())
                    }
                },
            };
            let err = pieces.run(threads, &mut |_, _| Ok(())).unwrap_err();
            assert_eq!(err.message(), "piece 20");
            let err = pieces.run(threads, &mut |i, _| {
                if i == 7 {
                    Err(fails("disk".into()))
                } else {
                    Ok(())
                }
            });
            assert_eq!(err.unwrap_err().message(), "disk");
        }
    }

    #[test]
    fn a_panic_of_a_helper_goes_on_here() {
        let caught = std::panic::catch_unwind(|| {
            let pieces = Pieces::<(), ()> {
                count: 50,
                size: &|_| Some(1),
                make: &|i, ()| {
                    assert!(i < 30, "too far");
                    Ok(())
                },
            };
            pieces.run(3, &mut |_, _| Ok(()))
        });
        assert!(caught.is_err());
    }
}
