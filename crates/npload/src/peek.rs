//! What a file holds, without loading it.

use std::path::Path;
use std::sync::Arc;

use crate::npy::Header;
use crate::source::{Opened, Source, open};
use crate::{Error, LoadOptions, Npy, Result};

/// One array, or one member of an archive, as [`peek`] finds it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Peeked {
    /// The key in the archive; none for an npy file or a pickle.
    pub key: Option<String>,
    /// The member's whole name, which is its key with `.npy` for most; none for what is no archive.
    pub member: Option<String>,
    /// What the header says; none for a pickle and a member that is no npy file, an error for one whose header
    /// cannot be read.
    pub header: Result<Option<Header>>,
    /// Why the array cannot be loaded although its header can be read: the file, or the member, ends
    /// before the data does. Of what comes from a stream, and of Python objects, that is not known.
    pub incomplete: Option<Error>,
    /// Its size in bytes, header and all, uncompressed.
    pub size: u64,
    /// How many bytes it takes in the file.
    pub stored_size: u64,
    /// How it is compressed: `stored`, `deflate`, `bzip2`, `lzma`, `zstd`, `unknown`; `npy` for an
    /// npy file, `pickle` for a pickle.
    pub compression: &'static str,
    /// Where the array's data begins in the file; none where it is compressed.
    pub data_offset: Option<u64>,
}

/// What a file holds: one [`Peeked`] for an npy file, one for each member of an npz. Only headers
/// are read; of compressed members just the first bytes are inflated.
///
/// ```
/// for array in npload::peek("../../testdata/npz/savez.npz")? {
///     if let Ok(Some(header)) = &array.header {
///         println!("{:?}: {} {:?}", array.key, header.dtype(), header.shape());
///     }
/// }
/// # Ok::<(), npload::Error>(())
/// ```
///
/// # Errors
/// As [`load`](crate::load), without those of the data. A member that cannot be read is an error
/// of its own, in [`Peeked::header`].
pub fn peek(path: impl AsRef<Path>) -> Result<Vec<Peeked>> {
    LoadOptions::new().peek(path)
}

impl LoadOptions {
    /// [`peek`] with these options.
    ///
    /// # Errors
    /// As there.
    pub fn peek(&self, path: impl AsRef<Path>) -> Result<Vec<Peeked>> {
        let path = path.as_ref();
        match open(path, false)? {
            Opened::File(file) => Ok(self.handle_in(Source::File(Arc::new(file)))?.peek()),
            Opened::Stream(mut file) => {
                let peeked = self.peek_reader(&mut file);
                peeked.map_err(|e| e.with_path(path))
            }
        }
    }
}

impl Npy {
    /// What the file holds, as [`peek`] tells it.
    #[must_use]
    pub fn peek(&self) -> Peeked {
        Peeked {
            incomplete: self.incomplete(),
            ..Peeked::of_npy(self.header().clone(), self.file_size())
        }
    }
}

impl Peeked {
    /// A pickle of so many bytes.
    pub(crate) fn of_pickle(size: u64) -> Self {
        Peeked {
            key: None,
            member: None,
            data_offset: None,
            header: Ok(None),
            incomplete: None,
            size,
            stored_size: size,
            compression: "pickle",
        }
    }

    /// An npy file of so many bytes.
    pub(crate) fn of_npy(header: Header, size: u64) -> Self {
        Peeked {
            key: None,
            member: None,
            data_offset: Some(header.data_offset() as u64),
            header: Ok(Some(header)),
            incomplete: None,
            size,
            stored_size: size,
            compression: "npy",
        }
    }
}
