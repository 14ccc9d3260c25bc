//! Many files at once.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use npload_buffer::ThreadMark;

use crate::source::share;
use crate::{Error, ErrorKind, LoadOptions, Loaded, Result};

/// What a helper may need of stack beyond what reading takes: paths and messages.
const STACK: usize = 160 << 10;

/// The same where pickles are read.
const PICKLE_STACK: usize = 1 << 20;

impl LoadOptions {
    /// Loads many files side by side, as [`LoadOptions::load`] loads each: results in the order of
    /// the paths. Threads are shared out among the files. Progress is told of the files that the
    /// calling thread loads.
    ///
    /// ```
    /// let paths = ["../../testdata/npy/f8-le-2d-c.npy", "no/such/file.npy"];
    /// let loaded = npload::LoadOptions::new().load_many(&paths);
    /// assert!(loaded[0].is_ok() && loaded[1].is_err());
    /// ```
    pub fn load_many<P: AsRef<Path> + Sync>(&self, paths: &[P]) -> Vec<Result<Loaded>> {
        self.keep_warnings(|options| options.load_each(paths))
    }

    fn load_each<P: AsRef<Path> + Sync>(&self, paths: &[P]) -> Vec<Result<Loaded>> {
        let threads = self.thread_count();
        let each = threads.checked_div(paths.len()).unwrap_or(1).max(1);
        let ours = self.clone().some_threads(each);
        // Only the calling thread calls back: see `Meter`.
        let helpers = ours.clone().without_progress();
        let caller = ThreadMark::current();
        let mut loaded: Vec<Option<Result<Loaded>>> = Vec::new();
        loaded.resize_with(paths.len(), || None);
        let places = Mutex::new(&mut loaded);
        let items = paths.iter().enumerate();
        let stack = if self.allow_pickle {
            PICKLE_STACK
        } else {
            STACK
        };
        let done = share(threads.min(paths.len()), stack, items, &|(index, path)| {
            let options = if caller.is_current() { &ours } else { &helpers };
            let result = options.load(path);
            let stop = match &result {
                Err(err) if err.kind() == ErrorKind::Interrupted => Err(()),
                _ => Ok(()),
            };
            let mut places = places.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = places.get_mut(index) {
                *place = Some(result);
            }
            stop
        });
        let unread = || {
            Err(Error::new(
                ErrorKind::Interrupted,
                "it was ended by its caller",
            ))
        };
        debug_assert!(done.is_err() || loaded.iter().all(Option::is_some));
        loaded
            .into_iter()
            .map(|one| one.unwrap_or_else(unread))
            .collect()
    }
}
