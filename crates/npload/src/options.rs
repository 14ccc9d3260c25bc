//! How to load.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use npload_pickle::{Encoding, Limits};

use crate::Warning;
use crate::mmap::MapRequest;

/// The most characters an npy header may have, unless [`LoadOptions::max_header_size`] says
/// otherwise. NumPy's own limit.
pub const MAX_HEADER_SIZE: usize = 10_000;

/// The most threads that a load uses unless it is told how many: stacks and decoders' tables of so
/// many stay within the 1 MiB that it may take beyond its arrays and what is in flight.
const MOST_THREADS: usize = 8;

/// How [`load`](crate::load) works; every parameter of `numpy.load`, spelt as there, and some more.
///
/// ```
/// use npload::LoadOptions;
/// let options = LoadOptions::new().max_header_size(1 << 20);
/// let array = options.load("../../testdata/npy/f8-le-2d-c.npy")?.into_array()?;
/// assert_eq!(array.ndim(), 2);
/// # Ok::<(), npload::Error>(())
/// ```
#[derive(Clone)]
pub struct LoadOptions {
    pub(crate) map: Option<MapRequest>,
    pub(crate) allow_pickle: bool,
    pub(crate) fix_imports: bool,
    pub(crate) encoding: Encoding,
    /// None: the default ones. Apart, since few set them and every handle has options.
    pub(crate) pickle_limits: Option<Arc<Limits>>,
    pub(crate) leave_pickles: bool,
    pub(crate) max_header_size: usize,
    pub(crate) verify: Verify,
    pub(crate) threads: Option<NonZeroUsize>,
    pub(crate) progress: Option<OnProgress>,
    pub(crate) on_warning: Option<OnWarning>,
}

pub(crate) type OnProgress = Arc<dyn Fn(Progress) -> ControlFlow<()> + Send + Sync>;
type OnWarning = Arc<dyn Fn(&Warning) + Send + Sync>;

/// When the checksums of an archive's members are checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verify {
    /// On every read of a whole member, in the pass that moves the bytes. A part that leaves nothing
    /// of an array out is such a read too.
    #[default]
    WholeReads,
    /// Also before a member is mapped or read in part, which then reads all of it.
    Always,
    /// Never.
    Never,
}

/// How far a load is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes in place or checked. It never falls, and ends at `total`.
    pub done: u64,
    /// Bytes that are read, decompressed, or checked: of an npy file the array's, of an archive's
    /// member all.
    pub total: u64,
}

impl LoadOptions {
    /// NumPy's defaults: no mapping, no pickles, headers up to [`MAX_HEADER_SIZE`].
    #[must_use]
    pub fn new() -> Self {
        LoadOptions {
            map: None,
            allow_pickle: false,
            fix_imports: true,
            encoding: Encoding::Ascii,
            pickle_limits: None,
            leave_pickles: false,
            max_header_size: MAX_HEADER_SIZE,
            verify: Verify::WholeReads,
            threads: None,
            progress: None,
            on_warning: None,
        }
    }

    /// Whether object arrays and pickles may be read: as data, of which nothing is ever run. What
    /// would be a call in Python stays one, to be looked at ([`pickle::Reduced`](crate::pickle::Reduced)).
    ///
    /// ```
    /// use npload::{ErrorKind, LoadOptions, load};
    /// let path = "../../testdata/npy/object.npy";
    /// assert_eq!(load(path).unwrap_err().kind(), ErrorKind::ObjectArray);
    /// let array = LoadOptions::new().allow_pickle(true).load(path)?.into_object_array()?;
    /// assert!(array.dtype().has_object());
    /// # Ok::<(), npload::Error>(())
    /// ```
    #[must_use]
    pub fn allow_pickle(mut self, allow: bool) -> Self {
        self.allow_pickle = allow;
        self
    }

    /// Whether Python 2's names in pickles are mapped to Python 3's.
    #[must_use]
    pub fn fix_imports(mut self, fix: bool) -> Self {
        self.fix_imports = fix;
        self
    }

    /// How Python 2's byte strings in pickles become text.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// What a pickle may cost: its nesting, its digits, its work.
    #[must_use]
    pub fn pickle_limits(mut self, limits: Limits) -> Self {
        self.pickle_limits = Some(Arc::new(limits));
        self
    }

    /// Whether pickles that are [allowed](Self::allow_pickle) are left to the caller, who has a reader
    /// of their own: where one would be read, that is [`ErrorKind::Pickle`](crate::ErrorKind::Pickle).
    #[must_use]
    pub fn leave_pickles(mut self, leave: bool) -> Self {
        self.leave_pickles = leave;
        self
    }

    /// How pickles are read.
    pub(crate) fn pickle_options(&self) -> npload_pickle::Options {
        npload_pickle::Options::new()
            .encoding(self.encoding)
            .fix_imports(self.fix_imports)
            .limits(self.pickle_limits.as_deref().copied().unwrap_or_default())
    }

    /// The most characters a header may have. It holds with [`allow_pickle`](Self::allow_pickle) too.
    #[must_use]
    pub fn max_header_size(mut self, characters: usize) -> Self {
        self.max_header_size = characters;
        self
    }

    /// When checksums are checked.
    #[must_use]
    pub fn verify(mut self, verify: Verify) -> Self {
        self.verify = verify;
        self
    }

    /// How many threads a large load may use; by default one for each core, up to 8: the stacks and
    /// buffers of more would not stay within the 1 MiB that a load takes beyond its arrays. They end
    /// with the call.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Called now and then while a load goes on, and at its end, from the thread that called the load.
    /// The last call, unless the load fails, says that all is done.
    ///
    /// Of what is mapped nothing is told, nor of headers, nor while [`load_reader`](Self::load_reader)
    /// takes in an archive, whose arrays are yet to load, or a pickle, whose length is not known before
    /// its end. If it panics, so does the load, which then
    /// ends early.
    #[must_use]
    pub fn progress(self, callback: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.progress_while(move |progress| {
            callback(progress);
            ControlFlow::Continue(())
        })
    }

    /// As [`progress`](Self::progress), for who may want no more: where the callback breaks, the load
    /// ends with [`ErrorKind::Interrupted`](crate::ErrorKind::Interrupted).
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use npload::{ErrorKind, LoadOptions};
    /// let options = LoadOptions::new().progress_while(|_| ControlFlow::Break(()));
    /// let err = options.load("../../testdata/npy/f8-le-2d-c.npy").unwrap_err();
    /// assert_eq!(err.kind(), ErrorKind::Interrupted);
    /// ```
    #[must_use]
    pub fn progress_while(
        mut self,
        callback: impl Fn(Progress) -> ControlFlow<()> + Send + Sync + 'static,
    ) -> Self {
        self.progress = Some(Arc::new(callback));
        self
    }

    /// Called for what is odd about a file that loads all the same, from the thread that called the
    /// load. By default nothing is said.
    ///
    /// What works on many members at once, as [`Npz::load_all`](crate::Npz::load_all), calls it when
    /// all are done.
    #[must_use]
    pub fn on_warning(mut self, callback: impl Fn(&Warning) + Send + Sync + 'static) -> Self {
        self.on_warning = Some(Arc::new(callback));
        self
    }

    /// The same by so many threads.
    pub(crate) fn some_threads(mut self, threads: usize) -> Self {
        self.threads = NonZeroUsize::new(threads);
        self
    }

    /// The same, telling nobody how far it is.
    pub(crate) fn without_progress(mut self) -> Self {
        self.progress = None;
        self
    }

    /// The same, reading instead of mapping.
    pub(crate) fn unmapped(mut self) -> Self {
        self.map = None;
        self
    }

    pub(crate) fn warn(&self, warnings: &[Warning]) {
        if let Some(callback) = &self.on_warning {
            warnings.iter().for_each(|warning| callback(warning));
        }
    }

    /// Does `work` with the same options but for warnings: they are kept and told when it is done, by
    /// this thread. Threads that help with it have small stacks, and are not the user's.
    pub(crate) fn keep_warnings<T>(&self, work: impl FnOnce(&LoadOptions) -> T) -> T {
        if self.on_warning.is_none() {
            return work(self);
        }
        let kept = Arc::new(Mutex::new(Vec::new()));
        let there = kept.clone();
        let keep = move |warning: &Warning| {
            let mut kept = there.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(warning.clone());
        };
        let done = work(&self.clone().on_warning(keep));
        let kept = std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
        self.warn(&kept);
        done
    }

    /// How many threads so many bytes are worth: few are done before a second would have started,
    /// and asking how many cores there are costs more than a small load does.
    pub(crate) fn threads_for(&self, bytes: u64) -> usize {
        const WORTH_THREADS: u64 = 4 << 20;
        if bytes <= WORTH_THREADS {
            return 1;
        }
        self.thread_count()
    }

    pub(crate) fn thread_count(&self) -> usize {
        thread_count(self.threads)
    }
}

/// How many threads there may be: as many as were asked for, or one for each core.
pub(crate) fn thread_count(asked: Option<NonZeroUsize>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    asked.map_or_else(|| cores().min(MOST_THREADS), NonZeroUsize::get)
}

impl Default for LoadOptions {
    fn default() -> Self {
        LoadOptions::new()
    }
}

impl fmt::Debug for LoadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadOptions")
            .field("mmap_mode", &self.map)
            .field("allow_pickle", &self.allow_pickle)
            .field("fix_imports", &self.fix_imports)
            .field("encoding", &self.encoding)
            .field("pickle_limits", &self.pickle_limits)
            .field("max_header_size", &self.max_header_size)
            .field("verify", &self.verify)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_uses_eight_threads_at_most_unless_it_is_told_how_many() {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let large = u64::MAX;
        assert_eq!(LoadOptions::new().threads_for(large), cores.min(8));
        for threads in [1, 7, 40] {
            let options = LoadOptions::new().threads(NonZeroUsize::new(threads).unwrap());
            assert_eq!(options.threads_for(large), threads);
            assert_eq!(options.threads_for(4 << 20), 1);
        }
    }
}
