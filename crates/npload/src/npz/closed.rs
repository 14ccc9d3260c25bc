//! Archives whose file was let go of.

use std::io;
use std::sync::Arc;

use npload_buffer::ReadAt;

use super::Npz;
use crate::source::Source;

/// What is left of a file that was closed.
struct Closed;

impl ReadAt for Closed {
    fn len(&self) -> io::Result<u64> {
        Err(io::Error::other("the archive is closed"))
    }

    fn read_exact_at(&self, _: &mut [u8], _: u64) -> io::Result<()> {
        Err(io::Error::other("the archive is closed"))
    }
}

impl Npz {
    /// The same archive without its file: it knows its keys, and loads nothing. The file is closed
    /// when the handles that read it are gone.
    ///
    /// ```
    /// let npz = npload::Npz::open("../../testdata/npz/savez.npz")?.closed();
    /// assert!(npz.contains("x"));
    /// assert!(npz.get("x").is_err());
    /// # Ok::<(), npload::Error>(())
    /// ```
    #[must_use]
    pub fn closed(&self) -> Npz {
        let source: Arc<dyn ReadAt> = Arc::new(Closed);
        Npz {
            archive: Arc::new(self.archive.over(source.clone())),
            source: Source::Other(source),
            options: self.options.clone(),
        }
    }
}
