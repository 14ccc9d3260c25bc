//! Where bytes come from. Readers only fetch bytes; what they mean is decided elsewhere.

mod file;
mod fill;
mod meter;
mod share;
mod stream;

use std::fmt;
use std::fs::File;
use std::io;
use std::sync::Arc;

use npload_buffer::ReadAt;

use crate::{Error, Result};

pub(crate) use file::{FileSource, Opened, open, open_file};
pub(crate) use fill::{Fill, Told};
pub(crate) use meter::Meter;
pub(crate) use share::share;
pub(crate) use stream::{BLOCK, Stream};

/// Bytes that can be read at any position.
#[derive(Clone)]
pub(crate) enum Source {
    File(Arc<FileSource>),
    Other(Arc<dyn ReadAt>),
}

impl Source {
    pub(crate) fn shared(&self) -> Arc<dyn ReadAt> {
        match self {
            Source::File(file) => file.clone(),
            Source::Other(other) => other.clone(),
        }
    }

    pub(crate) fn reader(&self) -> &dyn ReadAt {
        match self {
            Source::File(file) => &**file,
            Source::Other(other) => &**other,
        }
    }

    pub(crate) fn file(&self) -> Option<&File> {
        match self {
            Source::File(file) => Some(file.file()),
            Source::Other(_) => None,
        }
    }

    pub(crate) fn len(&self) -> Result<u64> {
        self.reader()
            .len()
            .map_err(|e| Error::io(e, "asking for the source's length"))
    }

    pub(crate) fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<()> {
        let reading = |e: io::Error| Error::io(e, "reading").at(offset);
        self.reader().read_exact_at(buf, offset).map_err(reading)
    }

    /// Adds to an error what only the source knows: its path, and whether it changed meanwhile.
    #[cold]
    pub(crate) fn explain(&self, err: Error) -> Error {
        match self {
            Source::File(file) => file.explain(err),
            Source::Other(_) => err,
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File(file) => write!(f, "{:?}", file.path()),
            Source::Other(_) => f.write_str("bytes"),
        }
    }
}
