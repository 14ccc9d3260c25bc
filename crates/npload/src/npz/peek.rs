//! What is in an archive, without loading it.

use std::ops::Range;

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
            // Asked first, so that of a compressed member the local header is not read once more.
            let stored = || member::is_stored(entry).then(|| entry.stored_range().ok().flatten());
            let start = |range: Range<u64>| range.start.saturating_add(header.data_offset() as u64);
            stored().flatten().map(start)
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
