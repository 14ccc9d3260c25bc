//! What is compressed at once: a member, or a block of a large one.

use super::deflate::{Deflater, WINDOW};
use super::{Body, Compression, Made, NewMember, zstd};
use crate::Result;
use crate::sink::lent;

/// Up to here libdeflate compresses a member whole, which takes its size twice in memory. On one core it
/// is twice as fast as zlib-rs, which takes blocks of what is larger.
const WHOLE: u64 = if cfg!(feature = "libdeflate") {
    32 << 20
} else {
    BLOCK
};

/// The same for members beside which there is as much again to be compressed: other cores have their
/// own work then. With some room for a header.
const WHOLE_BESIDE_OTHERS: u64 = if cfg!(feature = "libdeflate") {
    (64 << 20) + (64 << 10)
} else {
    BLOCK
};

/// The same for members that are streamed, for which no more memory is taken than for a few blocks.
const WHOLE_STREAMED: u64 = 4 << 20;

/// The blocks of a large member: what the dictionary and the flush cost is not seen.
const BLOCK: u64 = 1 << 20;

/// A piece of the member of this index.
pub(super) enum Piece {
    /// Stored, by the thread that writes.
    Stored(usize),
    /// Compressed as a whole.
    Whole(usize),
    /// A block of a deflated member.
    Block {
        member: usize,
        at: u64,
        len: u64,
        is_first: bool,
        is_last: bool,
    },
    /// A large member by Zstandard: one stream, which the thread that writes makes.
    Zstd(usize),
}

impl Piece {
    /// Whether any thread may make it.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Piece::Whole(_) | Piece::Block { .. })
    }

    /// Whether its member ends with it.
    pub(super) fn is_last(&self) -> bool {
        match self {
            Piece::Block { is_last, .. } => *is_last,
            _ => true,
        }
    }

    fn member(&self) -> usize {
        match self {
            Piece::Stored(member) | Piece::Whole(member) | Piece::Zstd(member) => *member,
            Piece::Block { member, .. } => *member,
        }
    }
}

/// The pieces of all members. They depend on nothing but the members.
pub(super) fn pieces_of(members: &[NewMember<'_>]) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(members.len());
    let total = members
        .iter()
        .fold(0_u64, |sum, member| sum.saturating_add(member.work()));
    for (index, member) in members.iter().enumerate() {
        let Body::New {
            contents,
            compression,
        } = &member.body
        else {
            pieces.push(Piece::Stored(index));
            continue;
        };
        let len = contents.len();
        let is_beside_others = total.saturating_sub(len) >= len;
        let whole = match (contents.is_streamed(), is_beside_others) {
            (true, _) => WHOLE_STREAMED.min(WHOLE),
            (false, true) => WHOLE_BESIDE_OTHERS,
            (false, false) => WHOLE,
        };
        match compression {
            Compression::Stored => pieces.push(Piece::Stored(index)),
            Compression::Zstd(_) if len > whole => pieces.push(Piece::Zstd(index)),
            Compression::Deflate(_) if len > whole => {
                let mut at = 0;
                while at < len {
                    let left = len.saturating_sub(at);
                    pieces.push(Piece::Block {
                        member: index,
                        at,
                        len: left.min(BLOCK),
                        is_first: at == 0,
                        is_last: left <= BLOCK,
                    });
                    at = at.saturating_add(BLOCK);
                }
            }
            _ => pieces.push(Piece::Whole(index)),
        }
    }
    pieces
}

/// What a thread keeps between pieces.
#[derive(Default)]
pub(super) struct Scratch {
    deflater: Deflater,
    input: Vec<u8>,
}

/// How pieces are made.
pub(super) struct Making<'a, 'm> {
    pub(super) members: &'a [NewMember<'m>],
    pub(super) pieces: &'a [Piece],
}

impl<'a, 'm> Making<'a, 'm> {
    pub(super) fn piece(&self, index: usize) -> (Option<&'a Piece>, Option<&'a NewMember<'m>>) {
        let piece = self.pieces.get(index);
        (
            piece,
            piece.and_then(|piece| self.members.get(piece.member())),
        )
    }

    /// The size of a piece that threads may make.
    pub(super) fn size(&self, index: usize) -> Option<u64> {
        match self.piece(index) {
            (Some(Piece::Block { len, .. }), _) => Some(*len),
            (Some(Piece::Whole(_)), Some(member)) => Some(member.work()),
            _ => None,
        }
    }

    pub(super) fn make(&self, index: usize, scratch: &mut Scratch) -> Result<Made> {
        let nothing = || Made {
            bytes: Vec::new(),
            crc: crc32fast::Hasher::new(),
            size: 0,
        };
        let (Some(piece), Some(member)) = self.piece(index) else {
            return Ok(nothing());
        };
        let Body::New {
            contents,
            compression,
        } = &member.body
        else {
            return Ok(nothing());
        };
        let contents = &**contents;
        let made = match *piece {
            Piece::Block {
                at, len, is_last, ..
            } => {
                let before = at.min(WINDOW as u64);
                let input = lent(
                    contents,
                    at.saturating_sub(before),
                    usize::try_from(before.saturating_add(len)).unwrap_or(usize::MAX),
                    &mut scratch.input,
                )?;
                let (before, bytes) = input
                    .split_at_checked(usize::try_from(before).unwrap_or_default())
                    .unwrap_or_default();
                let Compression::Deflate(level) = *compression else {
                    return Ok(nothing());
                };
                made(
                    bytes,
                    scratch.deflater.block(before, bytes, level, is_last)?,
                )
            }
            _ => {
                let len = usize::try_from(contents.len()).unwrap_or(usize::MAX);
                let bytes = lent(contents, 0, len, &mut scratch.input)?;
                let compressed = match *compression {
                    Compression::Zstd(level) => zstd::whole(bytes, level)?,
                    Compression::Deflate(level) => scratch.deflater.whole(bytes, level)?,
                    Compression::Stored => bytes.to_vec(),
                };
                made(bytes, compressed)
            }
        };
        // What one large member took is not kept for small ones.
        if scratch.input.capacity() > 4 << 20 {
            scratch.input = Vec::new();
        }
        Ok(made)
    }
}

fn made(bytes: &[u8], compressed: Vec<u8>) -> Made {
    let mut crc = crc32fast::Hasher::new();
    crc.update(bytes);
    Made {
        bytes: compressed,
        crc,
        size: bytes.len() as u64,
    }
}
