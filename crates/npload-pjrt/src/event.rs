//! Events: what says that the plugin is done with something.

use std::cell::Cell;
use std::ffi::c_void;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::api::Api;
use crate::raw;
use crate::{Error, ErrorKind, Result};

/// An event of the plugin's, which is freed when this is dropped. What is registered for it is told all
/// the same: plugins keep that apart.
pub(crate) struct Event {
    api: Api,
    event: NonNull<raw::Event>,
}

// SAFETY: PJRT's events may be used by several threads at once.
unsafe impl Send for Event {}
// SAFETY: as above.
unsafe impl Sync for Event {}

/// What a callback is given: the plugin, for its errors, and what to call.
struct Callback<F> {
    api: Api,
    call: F,
}

impl Event {
    /// # Safety
    /// The event is this plugin's, and is given away.
    pub(crate) unsafe fn new(api: Api, event: NonNull<raw::Event>) -> Self {
        Event { api, event }
    }

    /// Waits for it; the error that it came with, if it did.
    pub(crate) fn wait(&self) -> Result<()> {
        let mut args = raw::Of {
            of: self.event.as_ptr(),
            ..raw::Of::blank()
        };
        // SAFETY: the event is alive.
        unsafe { self.api.call(&raw::EVENT_AWAIT, &mut args) }
    }

    /// Whether waiting would return at once.
    pub(crate) fn is_ready(&self) -> Result<bool> {
        let mut args = raw::EventIsReady {
            event: self.event.as_ptr(),
            ..raw::EventIsReady::blank()
        };
        // SAFETY: the event is alive.
        unsafe { self.api.call(&raw::EVENT_IS_READY, &mut args)? };
        Ok(args.is_ready)
    }

    /// Has `call` called once, by a thread of the plugin's or here and now, when it is ready.
    ///
    /// # Errors
    /// What the plugin says; `call` comes back then, and is not called.
    pub(crate) fn on_ready<F>(&self, call: F) -> Result<(), (crate::Error, F)>
    where
        F: FnOnce(Result<()>) + Send + 'static,
    {
        let api = self.api;
        let callback = Box::into_raw(Box::new(Callback { api, call }));
        let mut args = raw::EventOnReady {
            event: self.event.as_ptr(),
            callback: Some(ready::<F>),
            argument: callback.cast(),
            ..raw::EventOnReady::blank()
        };
        // SAFETY: the event is alive. The plugin calls `ready` at most once, with the argument given here.
        let registered = unsafe { api.call(&raw::EVENT_ON_READY, &mut args) };
        registered.map_err(|err| {
            // SAFETY: a callback that was not registered is not called: the box is ours again.
            let callback = unsafe { Box::from_raw(callback) };
            (err, callback.call)
        })
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: it is this one's own, and nobody uses it any more.
        unsafe { self.api.destroy(&raw::EVENT_DESTROY, self.event) };
    }
}

/// What the plugin calls.
///
/// # Safety
/// `argument` is the boxed `Callback<F>` that was registered, which is called this once; `error` is null or
/// the callee's.
unsafe extern "C" fn ready<F: FnOnce(Result<()>)>(error: *mut raw::Error, argument: *mut c_void) {
    // SAFETY: the plugin passes on what `on_ready` gave it, once.
    let callback = unsafe { Box::from_raw(argument.cast::<Callback<F>>()) };
    let Callback { api, call } = *callback;
    let result = match NonNull::new(error) {
        None => Ok(()),
        // SAFETY: the callback owns the error.
        Some(error) => Err(unsafe { api.error(error, "waiting for a device") }),
    };
    // Nothing may unwind into the plugin: not a waker, not the drop of somebody's memory, and not that of
    // what they panicked with.
    CALLED.set(CALLED.get().saturating_add(1));
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| call(result)))
        && let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(panic)))
    {
        std::mem::forget(another);
    }
    CALLED.set(CALLED.get().saturating_sub(1));
}

thread_local! {
    /// How many callbacks this thread is in.
    static CALLED: Cell<u32> = const { Cell::new(0) };
}

/// Whether the plugin has called, so that this may be a thread of its own.
pub(crate) fn is_in_callback() -> bool {
    CALLED.get() > 0
}

/// Ready when an array is: what [`DeviceArray::ready`](crate::DeviceArray::ready) gives. It needs no
/// runtime: the plugin wakes whoever polled it last.
#[derive(Debug)]
#[must_use = "a future does nothing unless it is polled"]
pub struct Ready {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
enum State {
    Pending(Option<Waker>),
    Done(Option<Result<()>>),
}

impl Ready {
    /// Ready when the event is.
    pub(crate) fn when(event: &Event) -> Result<Ready> {
        let state = Arc::new(Mutex::new(State::Pending(None)));
        let told = state.clone();
        let tell = move |result| {
            let before = {
                let mut state = told.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::replace(&mut *state, State::Done(Some(result)))
            };
            if let State::Pending(Some(waker)) = before {
                waker.wake();
            }
        };
        event.on_ready(tell).map_err(|(err, _)| err)?;
        Ok(Ready { state })
    }
}

#[cold]
fn polled_again() -> Error {
    Error::new(
        ErrorKind::Argument,
        "the future was ready before, and has told what came of it",
    )
}

impl Future for Ready {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let waker = context.waker().clone();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // A waker may do anything when it is dropped: that is for after the lock.
        let _before = match &mut *state {
            State::Done(result) => {
                let result = result.take();
                return Poll::Ready(result.unwrap_or_else(|| Err(polled_again())));
            }
            State::Pending(before) => before.replace(waker),
        };
        drop(state);
        Poll::Pending
    }
}
