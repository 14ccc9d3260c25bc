//! Small members: many in one read, checked and moved from the cache into memory that they share.
//!
//! What a member costs alone (a read each for local header, prefix and data, memory of its own) is
//! thirty times what its bytes cost. Here an archive of 5,000 takes a few dozen reads.

use npload_buffer::{ALIGNMENT, AlignedBuf, Buffer};

use super::load_all::Places;
use super::member::{self, Member};
use super::templates::{Known, Templates};
use crate::source::{Meter, Source};
use crate::zip::{Archive, Entry, Inflaters};
use crate::{Error, ErrorKind, LoadOptions, Result, Verify};

/// A local header is longer only with an extra field of hundreds of bytes.
const LOCAL_HEADER: u64 = 30 + 512;

/// NumPy's headers are 128 bytes, and most members of a group have the same few: memory is taken for
/// the rest of the members, and grows where that was too little.
const HEADER: usize = 128;
const HEADERS: usize = 4 << 10;

/// From this size, memory of a group comes from the system.
const MAPPED_FROM: usize = 64 << 10;

/// Members that lie near each other in the source.
pub(super) struct Group<'a> {
    entries: Vec<Entry<'a>>,
    /// Where [`Group::read`] put them: room for each is there before.
    pieces: Vec<Option<Piece>>,
    block: Block,
    /// Whether several threads read groups.
    threads: bool,
}

/// Where a member's bytes were put.
pub(super) struct Piece {
    /// Its header; nothing if the member is no npy file.
    pub(super) header: Place,
    /// How many different headers of the group came before.
    pub(super) kind: usize,
    /// What follows the header.
    pub(super) data: Place,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Place {
    at: usize,
    len: usize,
}

impl Place {
    pub(super) fn of(self, memory: &[u8]) -> &[u8] {
        let end = self.at.saturating_add(self.len);
        memory.get(self.at..end).unwrap_or_default()
    }

    /// Its first `len` bytes, shared; none if it has not as many.
    pub(super) fn share(self, memory: &Buffer, len: usize) -> Option<Buffer> {
        let end = self.at.saturating_add(len);
        (len <= self.len).then(|| memory.slice(self.at..end))
    }

    pub(super) fn len(self) -> usize {
        self.len
    }
}

impl<'a> Group<'a> {
    pub(super) fn new(entries: Vec<Entry<'a>>, threads: bool) -> Self {
        Group {
            pieces: Vec::with_capacity(entries.len()),
            entries,
            block: Block::default(),
            threads,
        }
    }

    /// Puts the members into memory of the group, without taking any from the allocator.
    pub(super) fn read(
        &mut self,
        archive: &Archive,
        options: &LoadOptions,
        inflaters: &Inflaters,
        meter: &Meter<'_>,
    ) -> Result<()> {
        let (Some(first), Some(last)) = (self.entries.first(), self.entries.last()) else {
            return Ok(());
        };
        let start = first.header_offset();
        let end = last.header_offset().saturating_add(last.compressed_size());
        let end = end.saturating_add(LOCAL_HEADER);
        let end = end.saturating_add(last.name().len() as u64);
        let room = |entry: &Entry<'_>| {
            let size = usize::try_from(entry.size()).unwrap_or(0);
            size.saturating_sub(HEADER).next_multiple_of(ALIGNMENT)
        };
        let room = self.entries.iter().map(room).sum::<usize>();
        self.block.memory = allocate(room.saturating_add(HEADERS), self.threads)?;
        let mut inflater = inflaters.take().unwrap_or_default();
        let mut headers = Headers::new();
        // What cannot be read here is read by itself, which says what is wrong with it.
        if let Ok((span, one_shot)) = archive.span(start, end, &mut inflater) {
            let verify = options.verify != Verify::Never;
            for entry in &self.entries {
                let mut put = |bytes: &[u8]| {
                    meter.add(bytes.len());
                    self.block.put(bytes, &mut headers)
                };
                let contents = span.contents(entry, one_shot, verify);
                self.pieces.push(contents.map(&mut put).transpose()?);
            }
        }
        self.pieces.resize_with(self.entries.len(), || None);
        inflaters.give_back(inflater);
        // Equal headers were put in once.
        self.block.memory.shrink(self.block.used);
        Ok(())
    }

    /// Makes arrays of what was read.
    pub(super) fn finish(
        self,
        source: &Source,
        options: &LoadOptions,
        meter: &Meter<'_>,
        known: &mut Known,
        places: &mut Places<'a>,
    ) -> Result<()> {
        let memory = Buffer::from(self.block.memory);
        let mut templates = Templates::new(&memory, options, known);
        for (entry, piece) in self.entries.iter().zip(self.pieces) {
            let member = match piece {
                Some(piece) if piece.header.len > 0 => {
                    let member = templates.member(entry, &piece);
                    member.map_err(|e| e.with_member(entry.name()))?
                }
                Some(Piece { data, .. }) => {
                    Member::Bytes(data.share(&memory, data.len).unwrap_or_default())
                }
                // An extra field that reaches beyond the span, or anything wrong.
                None => member::load_metered(entry, source, options, 1, meter)
                    .map_err(|e| e.with_member(entry.name()))?,
            };
            places.put(entry, member);
        }
        Ok(())
    }
}

fn allocate(len: usize, threads: bool) -> Result<AlignedBuf> {
    // Between allocations that stay longer, released memory would stay as well.
    let taken = if threads || len >= MAPPED_FROM {
        AlignedBuf::mapped(len)
    } else {
        AlignedBuf::zeroed(len)
    };
    taken.map_err(|_| {
        let message = format!("no memory for arrays of {len} bytes");
        Error::new(ErrorKind::OutOfMemory, message)
    })
}

/// Memory that members share.
#[derive(Default)]
struct Block {
    memory: AlignedBuf,
    used: usize,
}

impl Block {
    /// Puts a member in, its header only if there is none like it.
    fn put(&mut self, bytes: &[u8], headers: &mut Headers) -> Result<Piece> {
        let len = header_len(bytes);
        let (header, data) = bytes.split_at_checked(len).unwrap_or((bytes, &[]));
        let (header, kind) = if header.is_empty() {
            Default::default()
        } else {
            headers.find_or_put(header, self)?
        };
        let data = self.put_bytes(data)?;
        Ok(Piece { header, kind, data })
    }

    /// Puts bytes at the next 64-byte boundary.
    fn put_bytes(&mut self, bytes: &[u8]) -> Result<Place> {
        let (at, len) = (self.used, bytes.len());
        let end = at.saturating_add(len);
        if end > self.memory.len() {
            let more = self.memory.len().saturating_mul(2).max(end);
            let growing = |e| Error::io(e, "taking memory for small members");
            self.memory.grow(more).map_err(growing)?;
        }
        if let Some(place) = self.memory.get_mut(at..end) {
            place.copy_from_slice(bytes);
        }
        self.used = end.next_multiple_of(ALIGNMENT);
        Ok(Place { at, len })
    }
}

/// How long the npy header is that `bytes` begin with; 0 if they are no npy file. What is cut off,
/// or of a version that does not exist, is all header: its parser tells what is wrong.
fn header_len(bytes: &[u8]) -> usize {
    let Some(rest) = bytes.strip_prefix(b"\x93NUMPY") else {
        return 0;
    };
    let len = match *rest {
        [1, _, a, b, ..] => usize::from(u16::from_le_bytes([a, b])).saturating_add(10),
        [2 | 3, _, a, b, c, d, ..] => usize::try_from(u32::from_le_bytes([a, b, c, d]))
            .unwrap_or(usize::MAX)
            .saturating_add(12),
        _ => bytes.len(),
    };
    len.min(bytes.len())
}

/// How many hashes of headers there are.
const HASHES: usize = 256;

/// A hash of a header as NumPy writes it: of the part in which headers of one archive differ.
fn hash(bytes: &[u8]) -> usize {
    let words = bytes.get(16..80).unwrap_or_default().as_chunks().0.iter();
    let mut factor = 0x9e37_79b9_7f4a_7c15_u64;
    let hash = words.fold(0_u64, |hash, word| {
        // Sums, since products that wait for each other take three times as long.
        factor = factor.rotate_left(7);
        hash.wrapping_add(u64::from_le_bytes(*word).wrapping_mul(factor | 1))
    });
    let [highest, ..] = hash.to_be_bytes();
    usize::from(highest)
}

/// The headers seen: most members of such archives share a few.
struct Headers {
    /// Their places and kinds, each at its hash or close behind.
    seen: [(Place, usize); HASHES],
    kinds: usize,
}

impl Headers {
    fn new() -> Self {
        Headers {
            seen: [Default::default(); HASHES],
            kinds: 0,
        }
    }

    fn find_or_put(&mut self, header: &[u8], block: &mut Block) -> Result<(Place, usize)> {
        /// How many headers of one hash, or of neighbours, are told apart.
        const CLOSE: usize = 4;
        let first = hash(header);
        let mut free = first;
        for at in first..first.saturating_add(CLOSE) {
            let at = at % HASHES;
            let seen = self.seen.get(at).copied().unwrap_or_default();
            if seen.0.of(&block.memory) == header {
                return Ok(seen);
            }
            if seen.0.len == 0 {
                free = at;
                break;
            }
        }
        let put = (block.put_bytes(header)?, self.kinds);
        self.kinds = self.kinds.saturating_add(1);
        if let Some(place) = self.seen.get_mut(free) {
            *place = put;
        }
        Ok(put)
    }
}
