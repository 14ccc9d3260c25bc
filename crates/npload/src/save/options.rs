//! How to save.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::options::{OnProgress, thread_count};
use crate::source::Meter;
use crate::zip::Compression;
use crate::{Error, ErrorKind, Progress, Result};

/// How [`save`](crate::save) and its like work.
///
/// ```
/// use npload::{Compression, SaveOptions};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("x.npz");
/// let options = SaveOptions::new().compression(Compression::DEFLATE).durable(true);
/// options.savez(&path, [("w", [1.0_f32, 2.0])])?;
/// assert_eq!(npload::Npz::open(&path)?.get("w")?.shape(), [2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SaveOptions {
    pub(super) compression: Compression,
    pub(super) align: usize,
    pub(super) durable: bool,
    pub(super) create_new: bool,
    threads: Option<NonZeroUsize>,
    progress: Option<OnProgress>,
}

impl SaveOptions {
    /// Stored members, aligned to 64 bytes; not durable.
    #[must_use]
    pub fn new() -> Self {
        SaveOptions {
            compression: Compression::Stored,
            align: 64,
            durable: false,
            create_new: false,
            threads: None,
            progress: None,
        }
    }

    /// How an archive's members are compressed.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// At multiples of how many bytes of the file the arrays of stored members begin: a power of two
    /// up to 32768. By default 64, which is what zero-copy loading into JAX needs.
    #[must_use]
    pub fn align(mut self, bytes: usize) -> Self {
        self.align = bytes;
        self
    }

    /// Whether a save returns only when the file and its folder are on the disk (`fsync`), so that it
    /// is there after a power failure. Without it a crash of the program loses nothing either.
    #[must_use]
    pub fn durable(mut self, durable: bool) -> Self {
        self.durable = durable;
        self
    }

    /// Whether a file that is there already is an error ([`ErrorKind::Io`], of the kind
    /// [`AlreadyExists`](std::io::ErrorKind::AlreadyExists)), and stays as it is: one that comes there while
    /// the new one is written, too. Pipes and devices are written into all the same.
    #[must_use]
    pub fn create_new(mut self, create_new: bool) -> Self {
        self.create_new = create_new;
        self
    }

    /// How many threads may compress; by default one for each core, up to 8. They end with the call.
    /// The bytes of a file do not depend on it.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Called now and then while a save goes on, from the thread that called it.
    #[must_use]
    pub fn progress(self, callback: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress_while(move |progress| {
            callback(progress);
            ControlFlow::Continue(())
        })
    }

    /// As [`progress`](Self::progress), for who may want no more: where the callback breaks, the save
    /// ends with [`ErrorKind::Interrupted`], and the file is what it was.
    #[must_use]
    pub fn progress_while(
        mut self,
        callback: impl Fn(Progress) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> Self {
        self.progress = Some(Arc::new(callback));
        self
    }

    /// # Errors
    /// [`ErrorKind::Argument`] for a level or an alignment that does not exist.
    pub(super) fn check(&self) -> Result<()> {
        self.compression.check()?;
        if self.align.is_power_of_two() && self.align <= 1 << 15 {
            return Ok(());
        }
        let message = format!(
            "align is a power of two up to 32768, and not {}",
            self.align
        );
        Err(Error::new(ErrorKind::Argument, message))
    }

    pub(super) fn meter(&self, total: u64) -> Meter<'_> {
        Meter::telling(self.progress.as_ref(), total)
    }

    /// How many threads so many bytes are worth: asking how many cores there are takes longer than saving
    /// a small array.
    pub(super) fn threads_for(&self, bytes: u64) -> usize {
        if bytes < 256 << 10 {
            return 1;
        }
        thread_count(self.threads)
    }
}

impl Default for SaveOptions {
    fn default() -> Self {
        SaveOptions::new()
    }
}

impl fmt::Debug for SaveOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaveOptions")
            .field("compression", &self.compression)
            .field("align", &self.align)
            .field("durable", &self.durable)
            .field("create_new", &self.create_new)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
