//! A progress bar for long work.

use std::fmt;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use npload::{LoadOptions, Progress, SaveOptions};

use crate::{escape, sizes};

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

impl Bar {
    /// Options whose saves move it.
    pub(crate) fn watch_save(&self, options: &SaveOptions) -> SaveOptions {
        let options = options.clone();
        match &self.0 {
            None => options,
            Some(inner) => {
                let inner = inner.clone();
                options.progress(move |progress| inner.moved(progress))
            }
        }
    }

    /// Moves it, for work that knows how far it is.
    pub(crate) fn moved(&self, progress: Progress) {
        if let Some(inner) = &self.0 {
            inner.moved(progress);
        }
    }
}

impl Inner {
    fn moved(&self, progress: Progress) {
        if self.start.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_init(|| {
            let bar = ProgressBar::new(progress.total).with_message(self.file.clone());
            bar.with_position(progress.done)
                .with_elapsed(self.start.elapsed())
                .with_style(style())
        });
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    }
}

/// Rate and time left are those of the whole work so far. (indicatif's own begin with the bar, which
/// comes late, and see half a second's work done in no time.)
fn style() -> ProgressStyle {
    let text = "{bar:30} {bytes} of {total_bytes}, {rate}, {left} left  {wide_msg}";
    let style = ProgressStyle::with_template(text);
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        let millis = state.elapsed().as_millis().max(1);
        let rate = u128::from(state.pos())
            .saturating_mul(1000)
            .checked_div(millis);
        let rate = u64::try_from(rate.unwrap_or(0)).unwrap_or(u64::MAX);
        let _ = write!(out, "{}/s", sizes::rough(rate));
    };
    let left = |state: &ProgressState, out: &mut dyn fmt::Write| {
        let to_do = state.len().unwrap_or(0).saturating_sub(state.pos());
        let spent = state.elapsed().as_secs();
        let left = u128::from(to_do).saturating_mul(u128::from(spent.max(1)));
        let left = left
            .checked_div(u128::from(state.pos().max(1)))
            .unwrap_or(0);
        let left = Duration::from_secs(u64::try_from(left).unwrap_or(u64::MAX));
        let _ = write!(out, "{:#}", HumanDuration(left));
    };
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("rate", rate).with_key("left", left)
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = self.0.as_ref().and_then(|inner| inner.bar.get()) {
            bar.finish_and_clear();
        }
    }
}
