//! Tiny stored members: many in one read, checked and copied from the cache into shared memory.
//!
//! What a member costs alone (a read each for local header, prefix and data, memory of its own) is
//! thirty times what its bytes cost. Here an archive of 5,000 takes a few dozen reads.

use npload_buffer::{ALIGNMENT, AlignedBuf, Buffer};

use super::member::{Member, check_size};
use crate::npy::{Parsed, allocate, into_array, parse_header, refuse_objects, truncated_header};
use crate::source::{Meter, Source};
use crate::zip::{Archive, Entry};
use crate::{Array, LoadOptions, Result, Verify};

/// Members up to this size are tiny: a page.
pub(super) const TINY: u64 = 4096;

/// A local header is longer only with an extra field of hundreds of bytes.
const LOCAL_HEADER: u64 = 30 + 512;

/// Loads members that lie one after the other in the source; each with its index.
pub(super) fn load(
    archive: &Archive,
    indices: &[usize],
    source: &Source,
    options: &LoadOptions,
    meter: &Meter<'_>,
) -> Result<Vec<(usize, Member)>> {
    let entries = || indices.iter().filter_map(|&index| archive.entry(index));
    let (Some(first), Some(last)) = (entries().next(), entries().next_back()) else {
        return Ok(Vec::new());
    };
    let start = first.header_offset();
    let most = last
        .header_offset()
        .saturating_add(last.size())
        .saturating_add(LOCAL_HEADER);
    let end = most
        .saturating_add(last.name().len() as u64)
        .min(source.len()?);
    let mut owned = Vec::new();
    let span: &[u8] = match source.reader().as_buffer() {
        Some(all) => slice(all, start, end),
        None => {
            owned.resize(usize::try_from(end.saturating_sub(start)).unwrap_or(0), 0);
            source.read_exact_at(&mut owned, start)?;
            &owned
        }
    };
    let room = |entry: Entry<'_>| {
        usize::try_from(entry.size())
            .unwrap_or(0)
            .next_multiple_of(ALIGNMENT)
    };
    let mut block = Block {
        memory: allocate(entries().map(room).sum())?,
        used: 0,
    };
    let mut found = Vec::with_capacity(indices.len());
    let mut seen = None;
    for entry in entries() {
        let one = one_of(&entry, span, start, &mut block, &mut seen, options);
        found.push(match one.map_err(|e| e.with_member(entry.name()))? {
            Some(piece) => (entry.index(), Ok(piece)),
            // An extra field that reaches beyond the span: such a member is read by itself.
            None => (entry.index(), Err(entry)),
        });
        meter.add(usize::try_from(entry.size()).unwrap_or(0));
    }
    let memory = Buffer::from(block.memory);
    let member = |(index, piece)| -> Result<(usize, Member)> {
        let member = match piece {
            Ok(Piece {
                template: Some(array),
                at,
                len,
            }) => Member::Array(array.with_data(memory.slice(at..at.saturating_add(len)))),
            Ok(Piece {
                template: None,
                at,
                len,
            }) => Member::Bytes(memory.slice(at..at.saturating_add(len))),
            Err(entry) => super::member::load(&entry, source, options)?,
        };
        Ok((index, member))
    };
    found.into_iter().map(member).collect()
}

/// Where a member's bytes were put.
struct Piece {
    /// The array but for its data; none if the member is no npy file.
    template: Option<Array>,
    at: usize,
    len: usize,
}

/// Memory that members share.
struct Block {
    memory: AlignedBuf,
    used: usize,
}

impl Block {
    /// Puts bytes at the next 64-byte boundary.
    fn put(&mut self, bytes: &[u8]) -> (usize, usize) {
        let (at, len) = (self.used, bytes.len());
        let end = at.saturating_add(len);
        if let Some(place) = self.memory.get_mut(at..end) {
            place.copy_from_slice(bytes);
        }
        self.used = end.next_multiple_of(ALIGNMENT);
        (at, len)
    }
}

/// The header of the member before, and the array that it makes: most members of such archives
/// have the same.
type Seen = Option<(Vec<u8>, Array, usize)>;

/// Checks one member and puts its data in place; none if its bytes are not all in the span.
fn one_of(
    entry: &Entry<'_>,
    span: &[u8],
    start: u64,
    block: &mut Block,
    seen: &mut Seen,
    options: &LoadOptions,
) -> Result<Option<Piece>> {
    let from = entry.header_offset().saturating_sub(start);
    let header = entry.local_header(slice(span, from, u64::MAX))?;
    let data = from.saturating_add(header);
    let bytes = slice(span, data, data.saturating_add(entry.size()));
    if (bytes.len() as u64) < entry.size() {
        return Ok(None);
    }
    if options.verify != Verify::Never {
        entry.check_crc(bytes)?;
    }
    if !bytes.starts_with(b"\x93NUMPY") {
        let (at, len) = block.put(bytes);
        return Ok(Some(Piece {
            template: None,
            at,
            len,
        }));
    }
    let same = seen
        .as_ref()
        .filter(|(header, ..)| bytes.starts_with(header));
    let (array, offset, nbytes) = match same {
        Some((header, array, nbytes)) => (array.clone(), header.len(), *nbytes),
        None => {
            let header = match parse_header(bytes, options.max_header_size)? {
                Parsed::Header(header) => header,
                Parsed::NeedMore(_) => return Err(truncated_header(bytes)),
            };
            options.warn(header.warnings());
            let quiet = header.warnings().is_empty();
            refuse_objects(header.dtype(), options)?;
            let (offset, nbytes) = (header.data_offset(), header.nbytes());
            check_size(entry, &header)?;
            let array = into_array(header, Buffer::empty());
            // A header that warns is parsed each time, so that it warns each time.
            *seen = quiet.then(|| {
                (
                    bytes.get(..offset).unwrap_or_default().to_vec(),
                    array.clone(),
                    nbytes,
                )
            });
            (array, offset, nbytes)
        }
    };
    let Some(elements) = bytes.get(offset..offset.saturating_add(nbytes)) else {
        let there = bytes.len().saturating_sub(offset);
        return Err(crate::npy::short_data(nbytes, there as u64).at(entry.size()));
    };
    let (at, len) = block.put(elements);
    Ok(Some(Piece {
        template: Some(array),
        at,
        len,
    }))
}

fn slice(bytes: &[u8], start: u64, end: u64) -> &[u8] {
    let end = usize::try_from(end).unwrap_or(usize::MAX).min(bytes.len());
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    bytes.get(start..end).unwrap_or_default()
}
