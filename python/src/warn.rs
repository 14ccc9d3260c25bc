//! The engine's warnings as `UserWarning`s.

use std::cell::RefCell;
use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};

use npload::{LoadOptions, Warning};
use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;

thread_local! {
    /// What is to be shown once the engine is done: it warns while it works.
    static KEPT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The options with warnings kept for [`show`]. The engine warns on the thread that called it.
pub(crate) fn keeping(options: LoadOptions) -> LoadOptions {
    options.on_warning(|warning: &Warning| keep(warning.to_string()))
}

/// The same for an archive that is mapped: what cannot be mapped is told of once.
pub(crate) fn keeping_once(options: LoadOptions) -> LoadOptions {
    let told = AtomicBool::new(false);
    options.on_warning(move |warning: &Warning| match warning {
        Warning::CompressedNotMapped { .. } => {
            if !told.swap(true, Ordering::Relaxed) {
                keep(format!("{warning} (Said once for an archive.)"));
            }
        }
        other => keep(other.to_string()),
    })
}

/// Keeps a warning for [`show`].
pub(crate) fn keep(text: String) {
    KEPT.with_borrow_mut(|kept| kept.push(text));
}

/// Shows what was kept on this thread.
///
/// # Errors
/// The warning, where a filter makes it an exception.
#[inline]
pub(crate) fn show(py: Python<'_>) -> PyResult<()> {
    if KEPT.with_borrow(Vec::is_empty) {
        return Ok(());
    }
    show_kept(py)
}

#[cold]
fn show_kept(py: Python<'_>) -> PyResult<()> {
    let level = level(py)?;
    for text in KEPT.take() {
        let text = CString::new(text.replace('\0', "\\0"))?;
        PyErr::warn(py, &py.get_type::<PyUserWarning>(), &text, level)?;
    }
    Ok(())
}

/// How many calls up the user's own code is.
fn level(py: Python<'_>) -> PyResult<i32> {
    let mut frame = py.import("sys")?.getattr("_getframe")?.call0()?;
    let mut level: i32 = 1;
    while !frame.is_none() {
        let module = frame.getattr("f_globals")?.get_item("__name__");
        let module = module.and_then(|name| name.extract::<String>());
        if !module.is_ok_and(|module| module.split('.').next() == Some("npload")) {
            break;
        }
        frame = frame.getattr("f_back")?;
        level = level.saturating_add(1);
    }
    Ok(level)
}

/// Does again what warned before it failed, and keeps its warnings once; those of others stay.
pub(crate) fn once<T>(again: impl FnOnce() -> T) -> T {
    let mut others = KEPT.take();
    let done = again();
    KEPT.with_borrow_mut(|kept| {
        for text in kept.iter() {
            if let Some(place) = others.iter().position(|other| other == text) {
                others.remove(place);
            }
        }
        others.append(kept);
        *kept = others;
    });
    done
}

/// Forgets what was kept: the load failed, and its exception says more.
pub(crate) fn forget() {
    KEPT.take();
}
