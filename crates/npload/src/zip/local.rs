//! The header before a member's bytes, and whether it may be opened at all.
//!
//! Checks are made in the order in which Python's `zipfile` makes them, so that a file with two
//! faults is refused for the same one. Format: APPNOTE.TXT 4.3.7.

use std::ops::Range;

use super::compressed::read_failed;
use super::name;
use super::{Archive, Entry, Method, repr};
use crate::error::{Damage, Error, ErrorKind, Result};

const SIGNATURE: [u8; 4] = *b"PK\x03\x04";
const FIXED_LEN: usize = 30;

/// General purpose flag bits (APPNOTE.TXT 4.4.4).
pub(super) const ENCRYPTED: u16 = 0x1;
const PATCHED: u16 = 0x20;
const STRONGLY_ENCRYPTED: u16 = 0x40;

/// Room for most local headers, without what follows them.
const SHORT: usize = 256;

/// A member whose local header was read and found right.
pub(super) struct Opened<'b> {
    /// Where its compressed bytes lie in the source.
    pub(super) range: Range<u64>,
    /// The first of them, as many as were read along with the header.
    pub(super) head: &'b [u8],
}

impl<'a> Entry<'a> {
    /// The length of the local header that `bytes` begin with, up to the member's own bytes.
    ///
    /// `bytes` need to hold it without its extra field; more may follow. Everything that must hold
    /// before the member is read is checked: the header against the directory, that it does not
    /// reach into its neighbour, encryption, method, and that its sizes are possible.
    ///
    /// # Errors
    /// [`ErrorKind::Archive`], [`ErrorKind::Encrypted`], [`ErrorKind::Method`],
    /// [`ErrorKind::Encoding`], [`ErrorKind::Truncated`]; all name the member.
    #[inline]
    pub(crate) fn local_header(&self, bytes: &[u8]) -> Result<u64> {
        match self.check_header(bytes) {
            Ok(len) => Ok(len),
            Err(err) => Err(err.with_member(self.name())),
        }
    }

    #[inline]
    fn check_header(&self, bytes: &[u8]) -> Result<u64> {
        let Some((h, rest)) = bytes.split_first_chunk::<FIXED_LEN>() else {
            let (got, text) = (bytes.len(), "Truncated file header: expected 30 bytes, got");
            return Err(self.bad_header(ErrorKind::Archive, format!("{text} {got}")));
        };
        if !h.starts_with(&SIGNATURE) {
            let found = repr::bytes(&[h[0], h[1], h[2], h[3]]);
            let text = format!("Bad magic number for file header: {found}");
            return Err(self.bad_header(ErrorKind::Archive, text));
        }
        let flags = u16::from_le_bytes([h[6], h[7]]);
        let name_len = u16::from_le_bytes([h[26], h[27]]);
        let extra_len = u16::from_le_bytes([h[28], h[29]]);
        if self.record.flags & (PATCHED | STRONGLY_ENCRYPTED) != 0 {
            return Err(self.unsupported_flags());
        }
        // A name that the source's end cuts off differs, as in `zipfile`.
        let name = rest.get(..usize::from(name_len)).unwrap_or(rest);
        if self.raw_name(flags) != Some(name) {
            self.compare_decoded(name, flags)?;
        }
        let len = (FIXED_LEN as u64)
            .saturating_add(u64::from(name_len))
            .saturating_add(u64::from(extra_len));
        let start = self.header_offset().saturating_add(len);
        let end = start.saturating_add(self.record.compressed_size);
        if end > self.end_offset() {
            return Err(self.overlapped(start));
        }
        if end > self.archive.len {
            return Err(self.cut_off(end));
        }
        if self.is_encrypted() {
            let name = repr::text(self.name());
            let text = format!("File {name} is encrypted, password required for extraction");
            return Err(Error::new(ErrorKind::Encrypted, text));
        }
        self.check_sizes()?;
        Ok(len)
    }

    /// Where its compressed bytes lie in the source, its local header read and checked.
    pub(super) fn data_range(&self) -> Result<Range<u64>> {
        Ok(self.open(&mut [0; SHORT])?.range)
    }

    /// Reads bytes of it as they are in the source, from a place in [`Entry::stored_range`] on.
    pub(crate) fn read_raw(&self, at: u64, dest: &mut [u8]) -> Result<()> {
        let read = self.archive.source.read_exact_at(dest, at);
        let read = read.map_err(|err| read_failed(err, at));
        read.map_err(|err| self.archive.explain(err).with_member(self.name()))
    }

    /// As [`Entry::data_range`], with as many of the compressed bytes as `memory` has room for behind the header:
    /// one read instead of two where the member is small.
    pub(super) fn open<'b>(&self, memory: &'b mut [u8]) -> Result<Opened<'b>>
    where
        'a: 'b,
    {
        let (len, read) = self
            .read_header(memory)
            .map_err(|err| self.archive.explain(err).with_member(self.name()))?;
        // Cannot overflow: `local_header` checked it against the member's end.
        let start = self.header_offset().saturating_add(len);
        let end = start.saturating_add(self.record.compressed_size);
        let header = usize::try_from(len).unwrap_or(usize::MAX);
        let head = read.get(header..).unwrap_or_default();
        let most = usize::try_from(self.record.compressed_size).unwrap_or(usize::MAX);
        Ok(Opened {
            range: start..end,
            head: head.get(..most).unwrap_or(head),
        })
    }

    /// The header's length, and what was read of the header and the bytes behind it.
    fn read_header<'b>(&self, memory: &'b mut [u8]) -> Result<(u64, &'b [u8])>
    where
        'a: 'b,
    {
        let archive: &'a Archive = self.archive;
        let source = &*archive.source;
        let offset = self.header_offset();
        if self.record.header_offset < 0 {
            let text = format!("Bad offset for file header: {}", self.record.header_offset);
            return Err(Error::new(ErrorKind::Archive, text).with_damage(Damage::Place));
        }
        if let Some(all) = source.as_buffer() {
            let offset = usize::try_from(offset).unwrap_or(usize::MAX);
            let there: &[u8] = all.get(offset..).unwrap_or_default();
            let header = self.local_header(there)?;
            return Ok((header, there.get(..memory.len()).unwrap_or(there)));
        }
        let read = |memory: &mut [u8]| {
            let failed = |err| read_failed(err, offset);
            let ahead = &self.archive.ahead;
            let read = ahead.read_exact_at(source, self.archive.len, memory, offset);
            read.map_err(failed)
        };
        // Up to the neighbour, but never less than the header should have.
        let left = self.archive.len.saturating_sub(offset);
        let need = FIXED_LEN.saturating_add(usize::from(self.record.name_len));
        let want = left.min(self.end_offset().saturating_sub(offset).max(need as u64));
        let want = usize::try_from(want).map_or(memory.len(), |want| want.min(memory.len()));
        let memory = memory.get_mut(..want).unwrap_or_default();
        read(memory)?;
        let name_len = memory.get(26..).and_then(|bytes| bytes.first_chunk());
        let name_len = name_len.map_or(0, |&len| usize::from(u16::from_le_bytes(len)));
        let need = FIXED_LEN.saturating_add(name_len);
        if need <= memory.len() || memory.len() as u64 == left {
            return Ok((self.local_header(memory)?, memory));
        }
        // A long name, or a longer one than the directory's: an error whose message shows all of it.
        let need = usize::try_from(left).map_or(need, |left| left.min(need));
        let mut header = vec![0; need];
        read(&mut header)?;
        Ok((self.local_header(&header)?, &[]))
    }

    /// Names may be written differently and be the same text.
    #[cold]
    fn compare_decoded(&self, raw: &[u8], flags: u16) -> Result<()> {
        let original = self.original_name();
        if *name::decode(raw, flags).map_err(|err| err.at(self.header_offset()))? == *original {
            return Ok(());
        }
        let (original, raw) = (repr::text(original), repr::bytes(raw));
        let text = format!("File name in directory {original} and header {raw} differ.");
        Err(self.bad_header(ErrorKind::Archive, text))
    }

    fn check_sizes(&self) -> Result<()> {
        let (size, compressed) = (self.record.size, self.record.compressed_size);
        let method = Method::from_number(self.record.method)?;
        if method == Method::Stored {
            if size != compressed {
                let text = format!(
                    "File {} is stored, and its two sizes differ: {size} bytes, compressed \
                     {compressed}",
                    repr::text(self.original_name())
                );
                return Err(Error::new(ErrorKind::Archive, text));
            }
        } else if size > compressed.saturating_mul(method.max_ratio()) {
            let text = format!(
                "File {} cannot be as large as it claims: {size} bytes in {compressed} compressed \
                 ones, and {} makes at most {} of each",
                repr::text(self.original_name()),
                method.name(),
                method.max_ratio()
            );
            return Err(Error::new(ErrorKind::Archive, text));
        }
        Ok(())
    }

    #[cold]
    fn unsupported_flags(&self) -> Error {
        let text = if self.record.flags & PATCHED != 0 {
            "compressed patched data (flag bit 5)"
        } else {
            "strong encryption (flag bit 6)"
        };
        Error::new(ErrorKind::Method, text)
    }

    #[cold]
    fn overlapped(&self, start: u64) -> Error {
        let text = format!(
            "Overlapped entries: {} (possible zip bomb): its {} bytes from byte {start} on reach \
             past byte {}, where something else begins",
            repr::text(self.original_name()),
            self.record.compressed_size,
            self.end_offset()
        );
        self.bad_header(ErrorKind::Archive, text)
    }

    /// Only where the member behind it in the file claims to begin past the end.
    #[cold]
    fn cut_off(&self, end: u64) -> Error {
        let text = format!(
            "File {} is cut off: it reaches to byte {end}, and the archive ends at byte {}",
            repr::text(self.original_name()),
            self.archive.len
        );
        self.bad_header(ErrorKind::Truncated, text)
    }

    #[cold]
    fn bad_header(&self, kind: ErrorKind, text: String) -> Error {
        Error::new(kind, text).at(self.header_offset())
    }
}
