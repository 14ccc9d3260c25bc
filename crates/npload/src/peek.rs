//! What a file holds, without loading it.

use std::path::Path;
use std::sync::Arc;

use crate::npy::{Head, Header, locate};
use crate::sniff::{Format, sniff};
use crate::source::{Opened, Source, open};
use crate::{Error, ErrorKind, LoadOptions, Npz, Result, sniff as formats};

/// One array, or one member of an archive, as [`peek`] finds it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Peeked {
    /// The key in the archive; none for an npy file.
    pub key: Option<String>,
    /// What the header says; none for a member that is no npy file, an error for one whose header
    /// cannot be read.
    pub header: Result<Option<Header>>,
    /// Its size in bytes, header and all, uncompressed.
    pub size: u64,
    /// How many bytes it takes in the file.
    pub stored_size: u64,
    /// How it is compressed: `stored`, `deflated`, …; `npy` for an npy file.
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
        let source = match open(path, false)? {
            Opened::File(file) => Source::File(Arc::new(file)),
            Opened::Stream(_) => {
                let message = "only a file can be peeked into: this is a pipe or it is empty";
                return Err(Error::new(ErrorKind::Argument, message).with_path(path));
            }
        };
        let find = || {
            let len = source.len()?;
            let head = Head::read(&source, 0, len)?;
            match sniff(head.bytes()) {
                Format::Npy => {
                    let header = locate(&source, 0, len, &head, self)?.header;
                    Ok(vec![Peeked {
                        key: None,
                        data_offset: Some(header.data_offset() as u64),
                        header: Ok(Some(header)),
                        size: len,
                        stored_size: len,
                        compression: "npy",
                    }])
                }
                Format::Zip => Npz::in_source(source.clone(), self.clone())?.peek(),
                Format::Empty => Err(formats::empty()),
                Format::Other => Err(formats::refuse(head.bytes(), self.allow_pickle)),
            }
        };
        find().map_err(|e| source.explain(e))
    }
}
