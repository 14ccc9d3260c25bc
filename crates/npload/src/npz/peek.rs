//! What is in an archive, without loading it.

use super::{Npz, key_of, member};
use crate::Result;
use crate::peek::Peeked;

impl Npz {
    /// One [`Peeked`] for each member, in the order of [`Npz::keys`]. Headers only are read.
    ///
    /// # Errors
    /// None for now: a member that cannot be read says so in [`Peeked::header`].
    pub fn peek(&self) -> Result<Vec<Peeked>> {
        let peeked = self.archive.entries().map(|entry| {
            let header = member::header(&entry, &self.options);
            let header = header.map_err(|e| self.source.explain(e.with_member(entry.name())));
            let stored = entry.stored_range().ok().flatten();
            let data_offset = match (&header, stored) {
                (Ok(Some(header)), Some(range)) => {
                    Some(range.start.saturating_add(header.data_offset() as u64))
                }
                _ => None,
            };
            Peeked {
                key: Some(key_of(entry.name()).to_owned()),
                header,
                size: entry.size(),
                stored_size: entry.compressed_size(),
                compression: entry.method().map_or("unknown", |method| method.name()),
                data_offset,
            }
        });
        Ok(peeked.collect())
    }
}
