//! What is in an archive, without loading it.

use super::{Npz, key_of, member};
use crate::Result;
use crate::npy::Header;
use crate::peek::Peeked;
use crate::zip::Entry;

impl Npz {
    /// One [`Peeked`] for each member, in the order of [`Npz::keys`]. Headers only are read. A
    /// member that cannot be read says so in [`Peeked::header`].
    #[must_use]
    pub fn peek(&self) -> Vec<Peeked> {
        let entries = self.archive.entries();
        entries
            .map(|entry| peeked(self, &entry, member::header(&entry, &self.options)))
            .collect()
    }
}

pub(super) fn peeked(npz: &Npz, entry: &Entry<'_>, header: Result<Option<Header>>) -> Peeked {
    let data_offset = match &header {
        Ok(Some(header)) => {
            let stored = entry.stored_range().ok().flatten();
            stored.map(|range| range.start.saturating_add(header.data_offset() as u64))
        }
        _ => None,
    };
    Peeked {
        key: Some(key_of(entry.name()).to_owned()),
        member: Some(entry.name().to_owned()),
        header: header.map_err(|e| npz.source.explain(e.with_member(entry.name()))),
        size: entry.size(),
        stored_size: entry.compressed_size(),
        compression: entry.method().map_or("unknown", |method| method.name()),
        data_offset,
    }
}
