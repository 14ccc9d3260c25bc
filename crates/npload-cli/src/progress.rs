//! A progress bar for long work.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use npload::{LoadOptions, Progress};

use crate::escape;

/// Work that is done before this long shows no bar.
const PATIENCE: Duration = Duration::from_millis(500);

/// A bar that appears on standard error when the work takes long, if that is a terminal. Dropped,
/// it leaves nothing behind.
pub(crate) struct Bar(Option<Arc<Inner>>);

struct Inner {
    file: String,
    start: Instant,
    bar: OnceLock<ProgressBar>,
}

impl Bar {
    /// The bar of work on a file; `quiet`: never any.
    pub(crate) fn of(path: &Path, quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let inner = || {
            Arc::new(Inner {
                file: escape::path(path),
                start: Instant::now(),
                bar: OnceLock::new(),
            })
        };
        Bar(shown.then(inner))
    }

    /// Options whose loads move it.
    pub(crate) fn watch(&self, options: &LoadOptions) -> LoadOptions {
        let options = options.clone();
        match &self.0 {
            None => options,
            Some(inner) => {
                let inner = inner.clone();
                options.progress(move |progress| inner.moved(progress))
            }
        }
    }
}

impl Inner {
    fn moved(&self, progress: Progress) {
        if self.start.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let text = "{msg} {bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
            let style = ProgressStyle::with_template(text);
            let bar = ProgressBar::new(progress.total).with_message(self.file.clone());
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.0.as_ref().and_then(|inner| inner.bar.get()) {
            bar.finish_and_clear();
        }
    }
}
