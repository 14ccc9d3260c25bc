//! Writing archives: members one after the other, and the directory behind them.
//!
//! Deflated members are compressed by several threads, whole or by blocks; what the bytes are does
//! not depend on how many threads there are, nor on when they run. A member's sums stand in its
//! header where they are known before it is written or the header can be corrected, else behind it.

mod compression;
mod deflate;
mod in_order;
mod piece;
mod record;
#[cfg(test)]
mod tests;
mod zstd;

use crate::sink::{Contents, Sink, blocks, lent};
use crate::source::Meter;
use crate::{Error, Result};

pub use compression::Compression;
use in_order::Pieces;
use piece::{Making, Piece, Scratch, pieces_of};
use record::{Bounds, Record, Sums};

/// How far apart the pieces of a member may be that threads ask for: more than is made ahead.
pub(crate) const LOOK_BACK: usize = 18 << 20;

use super::Entry;

/// A member to be written.
pub(crate) struct NewMember<'a> {
    pub(crate) name: Box<str>,
    pub(crate) body: Body<'a>,
    /// How many of its bytes precede those that are to be aligned, where it is stored.
    pub(crate) lead: u64,
}

/// Where a member's bytes come from.
pub(crate) enum Body<'a> {
    New {
        contents: Box<dyn Contents + 'a>,
        compression: Compression,
    },
    /// As they are in another archive.
    Copy(Entry<'a>),
}

impl NewMember<'_> {
    /// The bytes that are gone through to write it.
    pub(crate) fn work(&self) -> u64 {
        match &self.body {
            Body::New { contents, .. } => contents.len(),
            Body::Copy(entry) => entry.compressed_size(),
        }
    }
}

/// Writes an archive of these members.
///
/// # Errors
/// [`ErrorKind::Io`](crate::ErrorKind::Io); [`ErrorKind::Argument`](crate::ErrorKind::Argument) for a
/// name that no archive can have; what the contents' own reads fail with. All name the member.
pub(crate) fn write_archive(
    sink: &mut dyn Sink,
    members: &[NewMember<'_>],
    align: usize,
    threads: usize,
    meter: &Meter<'_>,
) -> Result<()> {
    write_within(sink, members, align, threads, meter, Bounds::FORMAT)
}

fn write_within(
    sink: &mut dyn Sink,
    members: &[NewMember<'_>],
    align: usize,
    threads: usize,
    meter: &Meter<'_>,
    bounds: Bounds,
) -> Result<()> {
    for member in members {
        record::name_len(&member.name)?;
    }
    let pieces = pieces_of(members);
    let making = Making {
        members,
        pieces: &pieces,
    };
    let mut writer = Writer {
        base: sink.position(),
        sink,
        align: align as u64,
        bounds,
        meter,
        records: Vec::with_capacity(members.len()),
        member: None,
    };
    let shared = pieces.iter().filter(|piece| piece.is_shared()).count();
    let work = Pieces::<_, Scratch> {
        count: pieces.len(),
        size: &|index| making.size(index),
        make: &|index, scratch| making.make(index, scratch),
    };
    work.run(threads.min(shared.max(1)), &mut |index, made| {
        let (Some(piece), Some(member)) = making.piece(index) else {
            return Ok(());
        };
        let written = writer.piece(piece, member, made);
        if let (Body::New { contents, .. }, true) = (&member.body, piece.is_last()) {
            contents.release();
        }
        written.map_err(|err| err.with_member(&member.name))
    })?;
    writer.finish()
}

/// A piece that was made: compressed bytes and the checksum of what they stand for.
pub(super) struct Made {
    bytes: Vec<u8>,
    crc: crc32fast::Hasher,
    size: u64,
}

struct Writer<'w, 'm> {
    sink: &'w mut dyn Sink,
    /// Where the sink began.
    base: u64,
    align: u64,
    bounds: Bounds,
    meter: &'w Meter<'m>,
    records: Vec<Record>,
    member: Option<Begun>,
}

/// The member that is being written.
struct Begun {
    record: Record,
    /// The checksum of what was written of it, where its sums are not known beforehand.
    crc: Option<crc32fast::Hasher>,
}

impl Writer<'_, '_> {
    fn piece(&mut self, piece: &Piece, member: &NewMember<'_>, made: Option<Made>) -> Result<()> {
        let Body::New {
            contents,
            compression,
        } = &member.body
        else {
            return self.copy(member);
        };
        match (piece, made) {
            (Piece::Whole(_), Some(made)) => {
                let sums = Sums {
                    crc: made.crc.finalize(),
                    size: made.size,
                    compressed_size: made.bytes.len() as u64,
                };
                self.header(member, compression.method().number(), Some(sums), 0)?;
                self.put(&made.bytes)?;
                self.end()?;
                self.told(made.size)
            }
            (
                Piece::Block {
                    is_first, is_last, ..
                },
                Some(made),
            ) => {
                if *is_first {
                    self.header(member, compression.method().number(), None, contents.len())?;
                }
                let size = made.size;
                self.add(&made.bytes, size, &made.crc)?;
                if *is_last {
                    self.end()?;
                }
                self.told(size)
            }
            (Piece::Stored(_), _) => self.store(member, &**contents),
            (Piece::Zstd(_), _) => {
                self.header(member, compression.method().number(), None, contents.len())?;
                let Compression::Zstd(level) = *compression else {
                    return Ok(());
                };
                zstd::stream(&**contents, level, &mut |bytes, size, crc| {
                    self.add(bytes, size, crc)?;
                    self.told(size)
                })?;
                self.end()
            }
            // There is a made piece wherever one was asked for.
            (_, None) => Ok(()),
        }
    }

    /// Stores a member: one that is small at once, another block by block while it is in the cache.
    fn store(&mut self, member: &NewMember<'_>, contents: &dyn Contents) -> Result<()> {
        /// What is copied, summed and written at a time.
        const BLOCK: usize = 256 << 10;
        let len = contents.len();
        let mut memory = Vec::new();
        if len <= BLOCK as u64 {
            let bytes = lent(
                contents,
                0,
                usize::try_from(len).unwrap_or(BLOCK),
                &mut memory,
            )?;
            let sums = Sums {
                crc: crc32fast::hash(bytes),
                size: len,
                compressed_size: len,
            };
            self.header(member, 0, Some(sums), 0)?;
            self.put(bytes)?;
            self.end()?;
            return self.told(len);
        }
        self.header(member, 0, None, len)?;
        for (at, size) in blocks(len, BLOCK) {
            let bytes = lent(contents, at, size, &mut memory)?;
            let mut crc = crc32fast::Hasher::new();
            crc.update(bytes);
            self.add(bytes, size as u64, &crc)?;
            self.told(size as u64)?;
        }
        self.end()
    }

    /// Copies a member as it is compressed in another archive.
    fn copy(&mut self, member: &NewMember<'_>) -> Result<()> {
        const BLOCK: usize = 256 << 10;
        let Body::Copy(entry) = &member.body else {
            return Ok(());
        };
        let sums = Sums {
            crc: entry.crc(),
            size: entry.size(),
            compressed_size: entry.compressed_size(),
        };
        let range = entry.data_range()?;
        self.header(member, entry.method()?.number(), Some(sums), 0)?;
        let mut memory = Vec::new();
        for (at, size) in blocks(sums.compressed_size, BLOCK) {
            memory.resize(size, 0);
            entry.read_raw(range.start.saturating_add(at), &mut memory)?;
            self.put(&memory)?;
            self.told(size as u64)?;
        }
        self.end()
    }

    /// Begins a member. Without its sums, they will be of at most `at_most` bytes or a little more.
    fn header(
        &mut self,
        member: &NewMember<'_>,
        method: u16,
        sums: Option<Sums>,
        at_most: u64,
    ) -> Result<()> {
        let largest = match sums {
            Some(sums) => sums.size.max(sums.compressed_size),
            // What cannot be compressed grows by five bytes for each 16 KiB.
            None => at_most.saturating_add(at_most / 1024).saturating_add(1024),
        };
        let record = Record {
            name: member.name.clone(),
            method,
            sums: sums.unwrap_or_default(),
            offset: self.sink.position(),
            wide: largest >= self.bounds.size,
            sums_follow: sums.is_none() && !self.sink.can_overwrite(),
        };
        let (align, lead) = match method {
            0 => (self.align, member.lead),
            _ => (1, 0),
        };
        let header = record.local(align, lead)?;
        self.put(&header)?;
        let crc = sums.is_none().then(crc32fast::Hasher::new);
        self.member = Some(Begun { record, crc });
        Ok(())
    }

    /// Writes bytes of the member, which stand for `size` bytes with that checksum.
    fn add(&mut self, bytes: &[u8], size: u64, crc: &crc32fast::Hasher) -> Result<()> {
        self.put(bytes)?;
        if let Some(Begun {
            record,
            crc: Some(all),
        }) = &mut self.member
        {
            let sums = &mut record.sums;
            sums.size = sums.size.saturating_add(size);
            sums.compressed_size = sums.compressed_size.saturating_add(bytes.len() as u64);
            all.combine(crc);
        }
        Ok(())
    }

    /// Ends the member.
    fn end(&mut self) -> Result<()> {
        let Some(Begun { mut record, crc }) = self.member.take() else {
            return Ok(());
        };
        if let Some(crc) = crc {
            record.sums.crc = crc.finalize();
            if record.sums_follow {
                self.put(&record.descriptor())?;
            } else {
                let start = record.offset.saturating_sub(self.base);
                for (at, bytes) in record.corrections() {
                    if !bytes.is_empty() {
                        let place = start.saturating_add(at);
                        self.sink.overwrite(place, &bytes).map_err(writing)?;
                    }
                }
            }
        }
        self.records.push(record);
        Ok(())
    }

    fn finish(self) -> Result<()> {
        let start = self.sink.position();
        for record in &self.records {
            let central = record.central(self.bounds)?;
            self.sink.write(&central).map_err(writing)?;
        }
        let size = self.sink.position().saturating_sub(start);
        let end = record::end(self.records.len() as u64, start, size, self.bounds);
        self.sink.write(&end).map_err(writing)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.sink.write(bytes).map_err(writing)
    }

    fn told(&self, bytes: u64) -> Result<()> {
        self.meter
            .advance(usize::try_from(bytes).unwrap_or(usize::MAX))
    }
}

#[cold]
pub(super) fn writing(err: std::io::Error) -> Error {
    crate::sink::writing(err)
}
