//! What tests do between the steps of a save: look at the files, or fail.

use std::io;

#[cfg(test)]
type Hook = Box<dyn FnMut(&'static str) -> io::Result<()>>;

#[cfg(test)]
thread_local! {
    static HOOK: std::cell::RefCell<Option<Hook>> = const { std::cell::RefCell::new(None) };
}

/// Called before each step that changes a file. Only tests make it fail.
#[inline]
pub(super) fn step(name: &'static str) -> io::Result<()> {
    #[cfg(test)]
    let done = HOOK.with_borrow_mut(|hook| hook.as_mut().map_or(Ok(()), |hook| hook(name)));
    #[cfg(not(test))]
    let done = {
        let _ = name;
        Ok(())
    };
    done
}

/// Does `work`, with `hook` before each step.
#[cfg(test)]
pub(crate) fn with_hook<T>(
    hook: impl FnMut(&'static str) -> io::Result<()> + 'static,
    work: impl FnOnce() -> T,
) -> T {
    HOOK.set(Some(Box::new(hook)));
    let done = work();
    HOOK.set(None);
    done
}
