//! A file opened and not loaded, whatever it is.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use npload_buffer::{Buffer, ReadAt};

use crate::npy::Head;
use crate::sniff::{Format, sniff};
use crate::source::{Opened, Source, open as open_path};
use crate::{Error, LoadOptions, Npy, Npz, Peeked, Result, sniff as formats};

/// A file that was opened and not loaded.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Handle {
    /// An npy file: one array.
    Npy(Npy),
    /// An npz file: named arrays.
    Npz(Npz),
}

/// Opens the file of that path, whatever it is, and loads nothing.
///
/// ```
/// use npload::Handle;
/// match npload::open("../../testdata/npz/savez.npz")? {
///     Handle::Npy(npy) => println!("{:?}", npy.header().shape()),
///     Handle::Npz(npz) => println!("{:?}", npz.keys().collect::<Vec<_>>()),
///     _ => {}
/// }
/// # Ok::<(), npload::Error>(())
/// ```
///
/// # Errors
/// As [`load`](crate::load), without those of the data.
pub fn open(path: impl AsRef<Path>) -> Result<Handle> {
    LoadOptions::new().open(path)
}

impl LoadOptions {
    /// [`open`] with these options. What is no file (a pipe) is read whole.
    ///
    /// # Errors
    /// As there.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Handle> {
        let path = path.as_ref();
        match open_path(path, self.needs_write())? {
            Opened::File(file) => self.handle_in(Source::File(Arc::new(file))),
            Opened::Stream(file) => {
                let handle = read_whole(file).and_then(|bytes| self.open_source(bytes));
                handle.map_err(|e| e.with_path(path))
            }
        }
    }

    /// As [`LoadOptions::open`], for anything that can be read at any position.
    ///
    /// # Errors
    /// As there.
    pub fn open_source(&self, source: impl ReadAt + 'static) -> Result<Handle> {
        self.handle_in(Source::Other(Arc::new(source)))
    }

    fn handle_in(&self, source: Source) -> Result<Handle> {
        let find = || {
            let len = source.len()?;
            let head = Head::read(&source, 0, len)?;
            match sniff(head.bytes()) {
                Format::Npy => {
                    let npy = Npy::in_source(source.clone(), len, &head, self.clone())?;
                    Ok(Handle::Npy(npy))
                }
                Format::Zip => Ok(Handle::Npz(Npz::in_source(source.clone(), self.clone())?)),
                Format::Empty => Err(formats::empty()),
                Format::Other => Err(formats::refuse(head.bytes(), self.allow_pickle)),
            }
        };
        find().map_err(|e| source.explain(e))
    }
}

fn read_whole(mut file: File) -> Result<Buffer> {
    let mut bytes = Vec::new();
    let read = file.read_to_end(&mut bytes);
    read.map_err(|e| Error::io(e, "reading the stream"))?;
    Ok(bytes.into())
}

impl Handle {
    /// One [`Peeked`] for an npy file, one for each member of an npz. Headers only are read.
    #[must_use]
    pub fn peek(&self) -> Vec<Peeked> {
        match self {
            Handle::Npy(npy) => vec![npy.peek()],
            Handle::Npz(npz) => npz.peek(),
        }
    }
}
