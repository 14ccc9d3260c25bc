//! Threads for the length of one call, which take no more address space than their small stacks.
//!
//! A thread of the standard library allocates as it starts and ends, and glibc answers the first
//! allocation of a thread with an arena: 64 MiB of address space, kept for good. These threads
//! allocate only if the work does. Elsewhere than on Linux, the standard library's are used.

/// The stack of a helper, unless its work needs more: reading and decoding need little. The system's
/// library keeps stacks for the next threads, so eight are to be well within 1 MiB.
const STACK: usize = 96 << 10;

/// Runs `work` on this thread and, as far as the system allows, on `helpers` more; returns when all
/// are done. A panic in any of them goes on here, after that.
///
/// A helper has a stack of 96 KiB, and `stack` bytes more.
///
/// The threads end with the call: a pool would not survive a fork.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// let next = AtomicUsize::new(0);
/// let sum = AtomicUsize::new(0);
/// npload_buffer::run_on_threads(3, 0, &|| {
///     loop {
///         let i = next.fetch_add(1, Ordering::Relaxed);
///         if i >= 100 {
///             return;
///         }
///         sum.fetch_add(i, Ordering::Relaxed);
///     }
/// });
/// assert_eq!(sum.into_inner(), 4950);
/// ```
pub fn run_on_threads(helpers: usize, stack: usize, work: &(dyn Fn() + Sync)) {
    if helpers == 0 {
        return work();
    }
    os::run(helpers, STACK.saturating_add(stack), work);
}

/// A thread that can be told from others for as long as it lives. Unlike
/// [`std::thread::current`], asking allocates nothing on a thread of [`run_on_threads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadMark(usize);

impl ThreadMark {
    /// This thread.
    #[must_use]
    pub fn current() -> Self {
        ThreadMark(os::this_thread())
    }

    /// Whether it is this thread.
    #[must_use]
    pub fn is_current(self) -> bool {
        self == ThreadMark::current()
    }
}

#[cfg(target_os = "linux")]
mod os {
    use std::any::Any;
    use std::ffi::c_void;
    use std::mem::MaybeUninit;
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::ptr::{from_ref, null_mut};
    use std::sync::{Mutex, PoisonError};

    struct Shared<'a> {
        work: &'a (dyn Fn() + Sync),
        /// The first panic of a helper.
        panic: Mutex<Option<Box<dyn Any + Send>>>,
    }

    /// A thread-local variable would tell as much, but in a library that is loaded late, as into
    /// Python, its first use on a thread allocates.
    #[allow(
        clippy::cast_possible_truncation,
        reason = "a pthread_t is as wide as a pointer; which type it is differs between libraries"
    )]
    pub(super) fn this_thread() -> usize {
        // SAFETY: it only returns a value, and cannot fail.
        let id = unsafe { libc::pthread_self() };
        id as usize
    }

    pub(super) fn run(helpers: usize, stack: usize, work: &(dyn Fn() + Sync)) {
        let shared = Shared {
            work,
            panic: Mutex::new(None),
        };
        let threads = Threads((0..helpers).map_while(|_| start(&shared, stack)).collect());
        work();
        drop(threads);
        let panic = shared
            .panic
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }

    /// Running helpers. Dropping it waits for them, also while this thread unwinds.
    struct Threads(Vec<libc::pthread_t>);

    impl Drop for Threads {
        fn drop(&mut self) {
            for &thread in &self.0 {
                // SAFETY: `start` made the thread joinable, and it is joined here and only here.
                unsafe { libc::pthread_join(thread, null_mut()) };
            }
        }
    }

    fn start(shared: &Shared<'_>, stack: usize) -> Option<libc::pthread_t> {
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
        let mut thread = MaybeUninit::<libc::pthread_t>::uninit();
        // SAFETY: the attributes are initialised by the first call before anything else uses them.
        // `enter` gets a pointer to `shared`, which outlives the thread: `run` holds the thread in
        // `Threads`, whose drop joins it before `shared` goes away, even when unwinding. `Shared`
        // may be used by several threads: `work` is Sync, `panic` a Mutex. `thread` is read only
        // if pthread_create said that it wrote it.
        unsafe {
            if libc::pthread_attr_init(attributes.as_mut_ptr()) != 0 {
                return None;
            }
            libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), stack);
            let argument = from_ref(shared).cast_mut().cast::<c_void>();
            let made =
                libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), enter, argument);
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
            (made == 0).then(|| thread.assume_init())
        }
    }

    extern "C" fn enter(shared: *mut c_void) -> *mut c_void {
        // SAFETY: `start` passed a pointer to a Shared that outlives this thread.
        let shared = unsafe { &*shared.cast::<Shared<'_>>() };
        // A panic must not unwind into C.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(shared.work)) {
            let mut first = shared.panic.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(panic);
        }
        null_mut()
    }
}

#[cfg(not(target_os = "linux"))]
mod os {
    pub(super) fn this_thread() -> usize {
        // Its address is another on every thread.
        thread_local!(static MARK: u8 = const { 0 });
        MARK.with(|mark| std::ptr::from_ref(mark).addr())
    }

    pub(super) fn run(helpers: usize, stack: usize, work: &(dyn Fn() + Sync)) {
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                let builder = std::thread::Builder::new().stack_size(stack);
                if builder.spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::catch_unwind;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn all_run_at_once_and_have_ended_when_it_returns() {
        let (barrier, ended) = (Barrier::new(4), AtomicUsize::new(0));
        run_on_threads(3, 0, &|| {
            barrier.wait();
            ended.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!(ended.into_inner(), 4);
    }

    #[test]
    fn a_panic_anywhere_goes_on_here_after_all_have_ended() {
        let ended = AtomicUsize::new(0);
        let (barrier, count) = (Barrier::new(3), AtomicUsize::new(0));
        let caught = catch_unwind(std::panic::AssertUnwindSafe(|| {
            run_on_threads(2, 0, &|| {
                barrier.wait();
                let first = count.fetch_add(1, Ordering::SeqCst) == 0;
                ended.fetch_add(1, Ordering::SeqCst);
                assert!(!first, "the first one fails");
            });
        }));
        let panic = caught.unwrap_err();
        assert!(
            panic
                .downcast_ref::<&str>()
                .is_some_and(|text| text.contains("first"))
        );
        assert_eq!(ended.into_inner(), 3);
    }

    #[test]
    fn a_thread_knows_itself_from_its_helpers() {
        let (here, others) = (ThreadMark::current(), AtomicUsize::new(0));
        let barrier = Barrier::new(4);
        run_on_threads(3, 0, &|| {
            barrier.wait();
            others.fetch_add(usize::from(!here.is_current()), Ordering::SeqCst);
        });
        assert!(here.is_current());
        assert_eq!(others.into_inner(), 3);
    }

    #[test]
    fn work_has_the_stack_it_asks_for() {
        let barrier = Barrier::new(2);
        run_on_threads(1, 2 << 20, &|| {
            barrier.wait();
            let frame = std::hint::black_box([1_u8; 1 << 20]);
            assert_eq!(
                frame.iter().map(|&b| usize::from(b)).sum::<usize>(),
                1 << 20
            );
        });
    }

    #[test]
    fn no_helpers_and_very_many_do_the_same_work() {
        for helpers in [0, 1, 100] {
            let (next, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
            run_on_threads(helpers, 0, &|| {
                while next.fetch_add(1, Ordering::Relaxed) < 1000 {
                    sum.fetch_add(1, Ordering::Relaxed);
                }
            });
            assert_eq!(sum.into_inner(), 1000);
        }
    }
}
