//! CRC-32 of a member against the directory's.

use super::{Entry, repr};
use crate::error::{Error, ErrorKind, Result};

impl Entry<'_> {
    /// Whether the member's bytes have its CRC-32.
    ///
    /// # Errors
    /// [`ErrorKind::Checksum`], with both values.
    #[inline]
    pub(crate) fn check_crc(&self, bytes: &[u8]) -> Result<()> {
        self.compare_crc(crc32fast::hash(bytes))
    }

    /// The same of a sum that was found already.
    ///
    /// # Errors
    /// As [`Entry::check_crc`].
    #[inline]
    pub(crate) fn compare_crc(&self, found: u32) -> Result<()> {
        if found == self.record.crc {
            return Ok(());
        }
        Err(self.bad_crc(found))
    }

    #[cold]
    fn bad_crc(&self, found: u32) -> Error {
        let text = format!(
            "Bad CRC-32 for file {}: the directory says {:#010x}, its bytes have {found:#010x}",
            repr::text(self.name()),
            self.record.crc
        );
        Error::new(ErrorKind::Checksum, text).with_member(self.name())
    }
}
