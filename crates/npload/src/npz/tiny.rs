//! Tiny stored members: many in one read, checked and copied from the cache into shared memory.
//!
//! What a member costs alone (a read each for local header, prefix and data, memory of its own) is
//! thirty times what its bytes cost. Here an archive of 5,000 takes a few dozen reads.

use npload_buffer::{ALIGNMENT, AlignedBuf, Buffer};

use super::load_all::Places;
use super::member::{Member, check_size};
use crate::npy::{Parsed, allocate, into_array, parse_header, refuse_objects, truncated_header};
use crate::source::{Meter, Source};
use crate::zip::{Archive, Entry};
use crate::{Array, LoadOptions, Result, Verify};

/// Members up to this size are tiny: a page.
pub(super) const TINY: u64 = 4096;

/// A local header is longer only with an extra field of hundreds of bytes.
const LOCAL_HEADER: u64 = 30 + 512;

/// Loads members that lie one after the other in the source, into their places.
pub(super) fn load(
    archive: &Archive,
    indices: &[usize],
    source: &Source,
    options: &LoadOptions,
    meter: &Meter<'_>,
    places: &Places,
) -> Result<()> {
    let entries = || indices.iter().filter_map(|&index| archive.entry(index));
    let (Some(first), Some(last)) = (entries().next(), entries().next_back()) else {
        return Ok(());
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
    let mut templates = Templates::new();
    let mut found = Vec::with_capacity(indices.len());
    for entry in entries() {
        let one = one_of(&entry, span, start, &mut block, &mut templates, options);
        let one = one.map_err(|e| e.with_member(entry.name()))?;
        if one.is_some() {
            meter.add(usize::try_from(entry.size()).unwrap_or(0));
        }
        found.push(one);
    }
    let memory = Buffer::from(block.memory);
    let mut places = places.lock();
    for (entry, piece) in entries().zip(found) {
        let member = match piece {
            Some(Piece { template, at, len }) => {
                let bytes = memory.slice(at..at.saturating_add(len));
                match template.and_then(|template| templates.made.get(template)) {
                    Some(template) => Member::Array(template.array.over_other(bytes)),
                    None => Member::Bytes(bytes),
                }
            }
            // An extra field that reaches beyond the span: such a member is read by itself.
            None => super::member::load_metered(&entry, source, options, 1, meter)?,
        };
        places.put(entry.index(), member);
    }
    Ok(())
}

/// Where a member's bytes were put.
struct Piece {
    /// The place in [`Templates`] of the array but for its data; none if the member is no npy file.
    template: Option<usize>,
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

/// How many hashes of headers there are.
const HASHES: usize = 256;

/// A hash of a header as NumPy writes it: of the part in which headers of one archive differ.
fn hash(bytes: &[u8]) -> usize {
    let words = bytes.get(16..80).unwrap_or_default().as_chunks().0.iter();
    let hash = words.fold(0_u64, |hash, word| {
        (hash ^ u64::from_le_bytes(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    let [highest, ..] = hash.to_be_bytes();
    usize::from(highest)
}

/// The headers seen, and the arrays that they make: most members of such archives share a few.
struct Templates<'a> {
    made: Vec<Template<'a>>,
    /// The place in `made` of the last one that was asked for.
    latest: usize,
    /// By a hash of the header, the place in `made` of the last one with that hash.
    places: [usize; HASHES],
}

struct Template<'a> {
    header: &'a [u8],
    warns: bool,
    array: Array,
    nbytes: usize,
}

impl Template<'_> {
    /// Whether these bytes begin with the same header, and need no other look at it.
    fn begins(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(self.header) && !self.warns
    }
}

impl<'a> Templates<'a> {
    fn new() -> Self {
        Templates {
            made: Vec::new(),
            latest: usize::MAX,
            places: [usize::MAX; HASHES],
        }
    }

    /// The template of the member that is `bytes`, and its place.
    fn of(&mut self, bytes: &'a [u8], entry: &Entry<'_>, options: &LoadOptions) -> Result<usize> {
        let same = |template: &&Template<'_>| template.begins(bytes);
        if self.made.get(self.latest).filter(same).is_some() {
            return Ok(self.latest);
        }
        self.latest = self.find_or_make(bytes, entry, options)?;
        Ok(self.latest)
    }

    fn find_or_make(
        &mut self,
        bytes: &'a [u8],
        entry: &Entry<'_>,
        options: &LoadOptions,
    ) -> Result<usize> {
        let mut nowhere = usize::MAX;
        let place = self.places.get_mut(hash(bytes));
        let place = place.unwrap_or(&mut nowhere);
        let same = |template: &&Template<'_>| template.begins(bytes);
        if self.made.get(*place).filter(same).is_some() {
            return Ok(*place);
        }
        let header = match parse_header(bytes, options.max_header_size)? {
            Parsed::Header(header) => header,
            Parsed::NeedMore(_) => return Err(truncated_header(bytes)),
        };
        options.warn(header.warnings());
        refuse_objects(header.dtype(), options)?;
        check_size(entry, &header)?;
        let made = self.made.len();
        *place = made;
        self.made.push(Template {
            header: bytes.get(..header.data_offset()).unwrap_or_default(),
            // A header that warns is parsed each time, so that it warns each time.
            warns: !header.warnings().is_empty(),
            nbytes: header.nbytes(),
            array: into_array(header, Buffer::empty()),
        });
        Ok(made)
    }
}

/// Checks one member and puts its data in place; none if its bytes are not all in the span.
fn one_of<'a>(
    entry: &Entry<'_>,
    span: &'a [u8],
    start: u64,
    block: &mut Block,
    templates: &mut Templates<'a>,
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
    let place = templates.of(bytes, entry, options)?;
    let (offset, nbytes) = match templates.made.get(place) {
        Some(template) => (template.header.len(), template.nbytes),
        None => (0, 0),
    };
    let Some(elements) = bytes.get(offset..offset.saturating_add(nbytes)) else {
        let there = bytes.len().saturating_sub(offset);
        return Err(crate::npy::short_data(nbytes, there as u64).at(entry.size()));
    };
    let (at, len) = block.put(elements);
    Ok(Some(Piece {
        template: Some(place),
        at,
        len,
    }))
}

fn slice(bytes: &[u8], start: u64, end: u64) -> &[u8] {
    let end = usize::try_from(end).unwrap_or(usize::MAX).min(bytes.len());
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    bytes.get(start..end).unwrap_or_default()
}
