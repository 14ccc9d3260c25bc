//! Members as they are, one after the other.

use std::io::{self, Read};

use super::Npz;
use crate::source::Source;
use crate::zip::Reader;
use crate::{Error, ErrorKind, Result, Verify};

impl Npz {
    /// The bytes of a member, decompressed, as a stream: of the one at `index` of [`Npz::names`],
    /// array or not. Of members with one name each can be had.
    ///
    /// The read that reaches the end fails where size or checksum are wrong; the checksum is not
    /// looked at with [`Verify::Never`]. Nothing is taken into memory but what the decoder needs.
    ///
    /// ```
    /// use std::io::Read;
    /// let npz = npload::Npz::open("../../testdata/npz/savez.npz")?;
    /// let mut magic = [0; 6];
    /// npz.stream(0)?.read_exact(&mut magic)?;
    /// assert_eq!(&magic, b"\x93NUMPY");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoSuchMember`], [`ErrorKind::Archive`], [`ErrorKind::Encrypted`],
    /// [`ErrorKind::Method`], [`ErrorKind::Io`]; reads fail with an [`std::io::Error`] that holds an
    /// [`Error`].
    pub fn stream(&self, index: usize) -> Result<impl Read + '_> {
        let Some(entry) = self.archive.entry(index) else {
            let message = format!("member {index} of {}", self.len());
            return Err(Error::new(ErrorKind::NoSuchMember, message));
        };
        let reader = entry.reader(self.options.verify != Verify::Never);
        let reader = reader.map_err(|e| self.source.explain(e.with_member(entry.name())))?;
        let source = &self.source;
        Ok(Explained { reader, source })
    }
}

/// A member's reader whose errors name the file.
struct Explained<'a> {
    reader: Reader<'a>,
    source: &'a Source,
}

impl Read for Explained<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read_some(out);
        Ok(read.map_err(|err| self.source.explain(err))?)
    }
}
