//! What is in an archive, without loading it.

use std::ops::Range;

use super::{Npz, key_of, member};
use crate::npy::Header;
use crate::peek::Peeked;
use crate::zip::Entry;
use crate::{Error, Result};

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

impl Npz {
    /// The [`Peeked`] of the member that [`Npz::member`] gives for that key.
    ///
    /// ```
    /// let npz = npload::Npz::open("../../testdata/npz/savez.npz")?;
    /// assert_eq!(npz.peek_member("x")?.member.as_deref(), Some("x.npy"));
    /// # Ok::<(), npload::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoSuchMember`](crate::ErrorKind::NoSuchMember).
    pub fn peek_member(&self, key: &str) -> Result<Peeked> {
        let entry = self.find(key).map_err(|e| self.locate(e, key))?;
        Ok(peeked(self, &entry, member::header(&entry, &self.options)))
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
    let incomplete = match &header {
        Ok(Some(header)) if !header.dtype().has_object() => member::check_size(entry, header).err(),
        _ => None,
    };
    let explain = |e: Error| npz.source.explain(e.with_member(entry.name()));
    Peeked {
        key: Some(key_of(entry.name()).to_owned()),
        member: Some(entry.name().to_owned()),
        header: header.map_err(explain),
        incomplete: incomplete.map(explain),
        size: entry.size(),
        stored_size: entry.compressed_size(),
        compression: entry.method().map_or("unknown", |method| method.name()),
        data_offset,
    }
}
