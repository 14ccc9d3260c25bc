//! The bytes of a pickle, out of whatever they stand in: as far as the pickle goes, not further.

use npload_buffer::Buffer;
use npload_pickle::{Bytes, End, find_end};

use crate::npy::allocate;
use crate::source::{Fill, Meter, Source, Stream};
use crate::{Error, LoadOptions, Result};

/// What is read whole, even if the pickle ends before: asking where would cost as much.
const AT_ONCE: u64 = 1 << 20;

/// So many opcodes are looked at before it is asked whether to look on (half a millisecond).
const LOOKED_AT: u64 = 1 << 16;

/// Where a pickle has more opcodes, all that is there is read if that is no more than so many times
/// what they take: it costs less than looking on, and memory stays in proportion to the pickle.
const AT_MOST: u64 = 4;

/// What is looked at together.
const WINDOW: usize = 64 << 10;

/// The pickle that begins at `start` in a source of `len` bytes, and maybe some of what follows.
pub(crate) fn read_pickle(
    source: &Source,
    start: u64,
    len: u64,
    options: &LoadOptions,
) -> Result<Buffer> {
    let there = len.saturating_sub(start);
    let wanted = if there <= AT_ONCE {
        there
    } else {
        match look_on(source, start, there)? {
            End::At(end) => end.min(there),
            End::Later(_) => there,
            // Who reads it says what is wrong.
            End::Broken(at) => at.saturating_add(AT_ONCE).min(there),
        }
    };
    let memory = allocate(usize::try_from(wanted).unwrap_or(usize::MAX))?;
    let meter = Meter::new(options, wanted);
    let fill = Fill {
        threads: options.threads_for(wanted),
        sum: false,
        progress: Some(&|bytes| meter.advance(bytes)),
        failed: |e, at| Error::io(e, "reading the pickle").at(at),
    };
    let memory = memory.fill(|dest| fill.read(source.reader(), start, dest).map(drop))?;
    meter.finish()?;
    Ok(memory.into())
}

/// Where the pickle ends that begins at `start`, or that it goes so far into what is `there` that the
/// rest may be read.
fn look_on(source: &Source, start: u64, there: u64) -> Result<End> {
    let mut at = 0_u64;
    loop {
        let mut window = Window {
            source,
            start: start.saturating_add(at),
            there: there.saturating_sub(at),
            at: 0,
            bytes: Vec::new(),
        };
        let after = |more: u64| at.saturating_add(more);
        at = match find_end(&mut window, LOOKED_AT)? {
            End::At(end) => return Ok(End::At(after(end))),
            End::Broken(place) => return Ok(End::Broken(after(place))),
            End::Later(more) => after(more),
        };
        if at.saturating_mul(AT_MOST) >= there {
            return Ok(End::Later(at));
        }
    }
}

/// A pickle in a source, seen through a window.
struct Window<'a> {
    source: &'a Source,
    start: u64,
    there: u64,
    /// Where in the pickle `bytes` begin.
    at: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// What the window has from `at` on, moved there if it has not `len` bytes of it.
    fn look(&mut self, at: u64, len: usize) -> Result<&[u8]> {
        let inside = |window: &Self| usize::try_from(at.checked_sub(window.at)?).ok();
        let enough = |from: usize| from.saturating_add(len) <= self.bytes.len();
        if !inside(self).is_some_and(enough) {
            let left = self.there.saturating_sub(at);
            let size = usize::try_from(left).unwrap_or(WINDOW).min(WINDOW);
            self.bytes.resize(size, 0);
            self.at = at;
            let from = self.start.saturating_add(at);
            self.source.read_exact_at(&mut self.bytes, from)?;
        }
        let from = inside(self).unwrap_or(usize::MAX);
        Ok(self.bytes.get(from..).unwrap_or_default())
    }
}

impl Bytes for Window<'_> {
    type Error = Error;

    fn bytes(&mut self, at: u64, len: usize) -> Result<&[u8]> {
        let seen = self.look(at, len)?;
        Ok(seen.get(..len).unwrap_or(seen))
    }

    fn after_line(&mut self, mut at: u64) -> Result<Option<u64>> {
        loop {
            let seen = self.look(at, 1)?;
            if seen.is_empty() {
                return Ok(None);
            }
            if let Some(end) = seen.iter().position(|&byte| byte == b'\n') {
                return Ok(Some(at.saturating_add(end as u64).saturating_add(1)));
            }
            at = at.saturating_add(seen.len() as u64);
        }
    }
}

/// The pickle of which `head` are the first bytes; of the stream not one byte after it is taken, but
/// of what a frame of it claims.
pub(crate) fn stream_pickle(
    stream: &mut Stream<'_>,
    head: Vec<u8>,
    options: &LoadOptions,
) -> Result<Buffer> {
    let mut bytes = head;
    take_pickle(stream, &mut bytes, 0)?;
    // How much there would be, nobody knew.
    let meter = Meter::new(options, bytes.len() as u64);
    meter.advance(bytes.len())?;
    meter.finish()?;
    Ok(bytes.into())
}

/// Takes of the stream what the pickle still lacks that begins at `start` in `bytes`.
pub(crate) fn take_pickle(
    stream: &mut Stream<'_>,
    bytes: &mut Vec<u8>,
    start: usize,
) -> Result<()> {
    let mut taken = Taken {
        stream,
        bytes,
        start,
    };
    find_end(&mut taken, u64::MAX)?;
    Ok(())
}

/// What was taken of a stream.
struct Taken<'a, 's> {
    stream: &'a mut Stream<'s>,
    bytes: &'a mut Vec<u8>,
    /// Where in `bytes` the pickle begins.
    start: usize,
}

impl Taken<'_, '_> {
    /// Takes what is missing up to `end`, or to the stream's.
    fn take(&mut self, end: u64) -> Result<()> {
        let end = usize::try_from(end).unwrap_or(usize::MAX);
        let end = end.saturating_add(self.start);
        if end > self.bytes.len() {
            let taken = self.stream.read_up_to(self.bytes, end);
            taken.map_err(|e| Error::io(e, "reading the pickle"))?;
        }
        Ok(())
    }
}

impl Bytes for Taken<'_, '_> {
    type Error = Error;

    fn bytes(&mut self, at: u64, len: usize) -> Result<&[u8]> {
        let end = at.saturating_add(len as u64);
        self.take(end)?;
        let from = usize::try_from(at).unwrap_or(usize::MAX);
        let from = from.saturating_add(self.start);
        let there = self.bytes.get(from..).unwrap_or_default();
        Ok(there.get(..len).unwrap_or(there))
    }

    fn after_line(&mut self, at: u64) -> Result<Option<u64>> {
        let mut end = at;
        loop {
            let byte = self.bytes(end, 1)?.first().copied();
            end = end.saturating_add(1);
            match byte {
                None => return Ok(None),
                Some(b'\n') => return Ok(Some(end)),
                Some(_) => {}
            }
        }
    }

    fn frame(&mut self, at: u64, len: u64) -> Result<()> {
        self.take(at.saturating_add(len))
    }
}
