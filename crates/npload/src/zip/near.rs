//! Small members that lie near each other, out of one read.

use super::work::{Inflater, OneShot};
use super::{Archive, Entry, Method, compressed};
use crate::error::{Error, Result};

/// A part of the archive that is in memory.
pub(crate) struct Span<'a> {
    bytes: &'a [u8],
    /// Where in the archive it begins.
    start: u64,
}

impl Archive {
    /// The bytes from `start` to `end`, borrowed where they are in memory, else read into what
    /// `inflater` has for that.
    ///
    /// # Errors
    /// [`ErrorKind::Changed`](crate::ErrorKind::Changed), [`ErrorKind::Io`](crate::ErrorKind::Io).
    pub(crate) fn span<'a>(
        &'a self,
        start: u64,
        end: u64,
        inflater: &'a mut Inflater,
    ) -> Result<(Span<'a>, &'a mut OneShot)> {
        let end = end.min(self.len);
        let Inflater { input, one_shot } = inflater;
        let bytes: &[u8] = match self.source.as_buffer() {
            Some(all) => compressed::slice(all, &(start..end)),
            None => {
                let len = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
                let doing = "taking memory for members of an archive";
                let input = input.of(len).map_err(|err| Error::io(err, doing))?;
                let failed = |err| compressed::read_failed(err, start);
                self.source.read_exact_at(input, start).map_err(failed)?;
                input
            }
        };
        Ok((Span { bytes, start }, one_shot))
    }
}

impl<'a> Span<'a> {
    /// A member's contents, compared with their checksum if `verify`; none if they are not all here,
    /// or not what the directory declares: reading that member by itself says what is wrong.
    pub(crate) fn contents<'b>(
        &'b self,
        entry: &Entry<'_>,
        one_shot: &'b mut OneShot,
        verify: bool,
    ) -> Option<&'b [u8]> {
        let from = entry.header_offset().saturating_sub(self.start);
        let header = compressed::slice(self.bytes, &(from..u64::MAX));
        let data = from.saturating_add(entry.local_header(header).ok()?);
        let end = data.saturating_add(entry.compressed_size());
        let bytes = compressed::slice(self.bytes, &(data..end));
        if (bytes.len() as u64) < entry.compressed_size() {
            return None;
        }
        let contents = match entry.method().ok()? {
            Method::Stored => bytes,
            method => one_shot.contents(method, bytes, entry.size())?,
        };
        (!verify || entry.check_crc(contents).is_ok()).then_some(contents)
    }
}
