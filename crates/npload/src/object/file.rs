//! A pickle that stands alone in a file.

use std::fs::File;

use npload_buffer::Buffer;
use npload_pickle::Objects;

use super::error::not_a_pickle;
use super::read::read_pickle;
use crate::source::Source;
use crate::{Error, ErrorKind, LoadOptions, Peeked, Result};

/// A pickle in a file, opened and not loaded.
///
/// ```
/// use npload::{Handle, LoadOptions};
/// let options = LoadOptions::new().allow_pickle(true);
/// if let Handle::Pickle(pickle) = options.open("../../testdata/malformed/pickle.npy")? {
///     println!("{} bytes: {}", pickle.size(), pickle.load()?);
/// }
/// # Ok::<(), npload::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pickle {
    source: Source,
    /// Where it begins.
    start: u64,
    len: u64,
    options: LoadOptions,
}

impl Pickle {
    pub(crate) fn in_source(source: Source, start: u64, len: u64, options: LoadOptions) -> Self {
        Pickle {
            source,
            start,
            len,
            options,
        }
    }

    /// How many bytes there are, those behind the pickle counted.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.len.saturating_sub(self.start)
    }

    /// The file that it is in, if that was opened by a path, or given open. Its position means nothing.
    #[must_use]
    pub fn file(&self) -> Option<&File> {
        self.source.file()
    }

    /// Its bytes, as far as the pickle goes, and maybe some of what follows.
    ///
    /// # Errors
    /// [`ErrorKind::Io`](crate::ErrorKind::Io), [`ErrorKind::OutOfMemory`](crate::ErrorKind::OutOfMemory).
    pub fn bytes(&self) -> Result<Buffer> {
        let read = read_pickle(&self.source, self.start, self.len, &self.options);
        read.map_err(|e| self.source.explain(e))
    }

    /// What it holds.
    ///
    /// # Errors
    /// As [`load`](crate::load).
    pub fn load(&self) -> Result<Objects> {
        refuse_left(&self.options)?;
        let loaded = load_pickle(self.bytes()?, self.start, &self.options);
        loaded.map_err(|e| self.source.explain(e))
    }

    /// What the file holds, as [`peek`](crate::peek) tells it.
    #[must_use]
    pub fn peek(&self) -> Peeked {
        Peeked::of_pickle(self.size())
    }
}

/// Refuses what is left to the caller, before it is read.
pub(crate) fn refuse_left(options: &LoadOptions) -> Result<()> {
    match options.leave_pickles {
        true => Err(Error::new(
            ErrorKind::Pickle,
            "the pickle is left to the caller",
        )),
        false => Ok(()),
    }
}

/// What the pickle at the start of these bytes holds, which begin `at` bytes into their source.
pub(crate) fn load_pickle(bytes: Buffer, at: u64, options: &LoadOptions) -> Result<Objects> {
    let loaded = options.pickle_options().load_buffer(bytes.clone());
    loaded.map_err(|e| not_a_pickle(e, &bytes, at))
}
