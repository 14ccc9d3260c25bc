//! Tiny stored members: many in one read, checked and copied from the cache into shared memory.
//!
//! What a member costs alone (a read each for local header, prefix and data, memory of its own) is
//! thirty times what its bytes cost. Here an archive of 5,000 takes a few dozen reads.

use npload_buffer::{ALIGNMENT, Buffer};

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
    let mut templates = Templates::new();
    let mut pieces = Vec::with_capacity(indices.len());
    let mut room = 0_usize;
    for entry in entries() {
        let piece = check(&entry, span, start, &mut templates, options);
        let piece = piece.map_err(|e| e.with_member(entry.name()))?;
        let len = piece.as_ref().map_or(0, |piece| piece.bytes.len());
        room = room.saturating_add(len.next_multiple_of(ALIGNMENT));
        pieces.push(piece);
    }
    // Only now is it known how much that is; the span is still in the cache.
    let mut memory = allocate(room)?;
    let places_in_memory = pieces.iter().flatten().scan(&mut *memory, |rest, piece| {
        let len = piece.bytes.len().next_multiple_of(ALIGNMENT);
        let (place, after) = std::mem::take(rest).split_at_mut_checked(len)?;
        *rest = after;
        Some((place, piece.bytes))
    });
    for (place, bytes) in places_in_memory {
        if let Some(place) = place.get_mut(..bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
    let memory = Buffer::from(memory);
    let mut at = 0_usize;
    let mut places = places.lock();
    for (entry, piece) in entries().zip(pieces) {
        let member = match piece {
            Some(Piece { template, bytes }) => {
                let end = at.saturating_add(bytes.len());
                let bytes = memory.slice(at..end);
                at = end.next_multiple_of(ALIGNMENT);
                meter.add(usize::try_from(entry.size()).unwrap_or(0));
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

/// What is to be kept of a member.
struct Piece<'a> {
    /// The place in [`Templates`] of the array but for its data; none if the member is no npy file.
    template: Option<usize>,
    bytes: &'a [u8],
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

/// Checks one member, and finds its data; none if its bytes are not all in the span.
fn check<'a>(
    entry: &Entry<'_>,
    span: &'a [u8],
    start: u64,
    templates: &mut Templates<'a>,
    options: &LoadOptions,
) -> Result<Option<Piece<'a>>> {
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
        let template = None;
        return Ok(Some(Piece { template, bytes }));
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
    Ok(Some(Piece {
        template: Some(place),
        bytes: elements,
    }))
}

fn slice(bytes: &[u8], start: u64, end: u64) -> &[u8] {
    let end = usize::try_from(end).unwrap_or(usize::MAX).min(bytes.len());
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    bytes.get(start..end).unwrap_or_default()
}
