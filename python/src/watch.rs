//! What is done now and then during a long load: Ctrl-C is looked for, and progress told.

use std::ops::ControlFlow;
use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use npload::{LoadOptions, Progress};
use pyo3::prelude::*;

use crate::raised;

/// How often, in milliseconds: a person does not wait, and the GIL is not asked for in vain.
const EVERY: u64 = 50;

/// The options for a load that may take long. `progress` is called with bytes done and bytes in all;
/// the [`Arguments`](crate::arguments::Arguments) that it comes from keep it.
pub(crate) fn watched(options: LoadOptions, progress: Option<Weak<Py<PyAny>>>) -> LoadOptions {
    options.progress_while(telling(progress))
}

/// What the engine calls now and then.
pub(crate) fn telling(
    progress: Option<Weak<Py<PyAny>>>,
) -> impl Fn(Progress) -> ControlFlow<()> + Send + Sync + 'static {
    let start = Instant::now();
    let next = AtomicU64::new(EVERY);
    move |Progress { done, total }| {
        let last = done == total;
        if last && progress.is_none() {
            return ControlFlow::Continue(());
        }
        let now = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        if !last && now < next.load(Ordering::Relaxed) {
            return ControlFlow::Continue(());
        }
        next.store(now.saturating_add(EVERY), Ordering::Relaxed);
        let told = Python::attach(|py| {
            py.check_signals()?;
            if let Some(progress) = progress.as_ref().and_then(Weak::upgrade) {
                progress.call1(py, (done, total))?;
            }
            PyResult::Ok(())
        });
        match told {
            Ok(()) => ControlFlow::Continue(()),
            Err(err) => {
                Python::attach(|py| raised::keep(py, err));
                ControlFlow::Break(())
            }
        }
    }
}
