//! A whole member by a decoder that wants all of its bytes and makes all of its contents: libdeflate,
//! or Zstandard's own library.
//!
//! Neither can go on where it stopped: with more memory it starts again. So a member that shrinks to
//! less than an eighth gets a quarter of its declared size first (or a quarter of that, …), and four
//! times as much whenever that is full. All attempts together cost a third more than one; streaming
//! by `zlib-rs` takes 2.7 times as long as one (15 MiB of `arange(n) // 50`: 17.0 and 6.3 ms). A
//! declared size that lies gets at most four times what the stream really holds.

use npload_buffer::{AlignedBuf, Pages, Vacant};

use super::local::Opened;
use super::read::{Memory, ReadOptions};
use super::work::{Inflater, Inflaters, Made, OneShot};
use super::{Entry, Method, compressed};
use crate::error::{Error, Result};
use crate::source::{Fill, share};

/// There is memory for all of a member up to this size at once.
const ONE_SHOT_SIZE: usize = 16 << 20;
/// And up to this many times the compressed bytes.
const ONE_SHOT_RATIO: usize = 8;
/// How many compressed bytes more than contents may be held: headers of many small blocks.
const INPUT_SLACK: u64 = 64 << 10;
/// For fewer compressed bytes than that libdeflate's tables cost more than they save: 64 bytes of
/// data take it 1.8 µs, and zlib-rs 1.0; 1,024 bytes 4.5 and 6.9.
const WORTH_IT_FROM: u64 = 256;

/// From this size on a second thread asks for the pages of the memory that the first fills.
const WORTH_A_THREAD: usize = 8 << 20;

impl Entry<'_> {
    /// Whether that is the better way to read this member.
    pub(super) fn suits_at_once(&self, method: Method, options: &ReadOptions<'_>) -> bool {
        // With memory of its own for that, a thread is to allocate nothing, as streams do.
        let worth_it = method != Method::Deflate
            || options.inflaters.is_some()
            || self.compressed_size() >= WORTH_IT_FROM;
        worth_it && self.fits_at_once(method)
    }

    /// Whether there is such a decoder, and its compressed bytes may be held: far more of them than the
    /// incompressible would need are not worth it.
    pub(super) fn fits_at_once(&self, method: Method) -> bool {
        let slack = (self.size() / 8).saturating_add(INPUT_SLACK);
        OneShot::knows(method) && self.compressed_size() <= self.size().saturating_add(slack)
    }

    /// All compressed bytes at once; none if they are not what was declared: the stream
    /// says what exactly is wrong, and where, and there are streams that only it reads.
    pub(super) fn read_compressed(
        &self,
        method: Method,
        opened: &Opened<'_>,
        memory: Memory,
        options: &ReadOptions<'_>,
    ) -> Result<Option<AlignedBuf>> {
        let taken = options.inflaters.and_then(Inflaters::take);
        let mut inflater = taken.unwrap_or_default();
        let made = self.decompress_by(&mut inflater, method, opened, memory, options);
        if let Some(inflaters) = options.inflaters {
            inflaters.give_back(inflater);
        }
        let Some(bytes) = made? else {
            return Ok(None);
        };
        let out = bytes.get(memory.pad..).unwrap_or_default();
        if options.verify {
            self.check_crc(out).map_err(|err| self.failed(err))?;
        }
        options.advance(out.len())?;
        Ok(Some(bytes))
    }

    fn decompress_by(
        &self,
        inflater: &mut Inflater,
        method: Method,
        opened: &Opened<'_>,
        memory: Memory,
        options: &ReadOptions<'_>,
    ) -> Result<Option<AlignedBuf>> {
        let source = &*self.archive.source;
        let Inflater { input, one_shot } = inflater;
        let len = usize::try_from(self.compressed_size()).map_err(|_| self.out_of_memory())?;
        let input: &[u8] = match source.as_buffer() {
            Some(all) => compressed::slice(all, &opened.range),
            None if len == opened.head.len() => opened.head,
            None => {
                let input = input.of(len).map_err(|err| self.no_memory(err))?;
                let fill = Fill {
                    threads: options.threads,
                    sum: false,
                    progress: None,
                    failed: compressed::read_failed,
                };
                let read = fill.read(source, opened.range.start, Vacant::from(&mut *input));
                read.map_err(|err| self.failed(err))?;
                input
            }
        };
        let size = memory.total.saturating_sub(memory.pad);
        let most = len.saturating_mul(ONE_SHOT_RATIO).max(ONE_SHOT_SIZE);
        let mut first = size;
        while first > most {
            first = first.div_ceil(4);
        }
        let mut bytes = self.allocate(memory.pad.saturating_add(first), first < size, options)?;
        loop {
            let out = bytes.get_mut(memory.pad..).unwrap_or_default();
            match with_pages(out, options.threads, |out| {
                one_shot.decompress(method, input, out)
            }) {
                Some(Made::Bytes(made)) if made == size => return Ok(Some(bytes)),
                Some(Made::NoRoom) if out.len() < size => {
                    let more = bytes.len().saturating_mul(4).min(memory.total);
                    bytes.grow(more).map_err(|err| self.no_memory(err))?;
                }
                _ => return Ok(None),
            }
        }
    }
}

/// Calls `make` with the memory it is to fill; if there is much of it, and a thread for that, its pages
/// are asked for at the same time.
fn with_pages<R: Send>(
    out: &mut [u8],
    threads: usize,
    make: impl FnOnce(&mut [u8]) -> R + Send,
) -> Option<R> {
    if threads < 2 || out.len() < WORTH_A_THREAD {
        return Some(make(out));
    }
    let pages = Pages::of(out);
    let mut made = None;
    let jobs = [Job::Make(out, make, &mut made), Job::Ask(pages)];
    let _: Result<()> = share(2, 0, jobs.into_iter(), &|job| {
        match job {
            Job::Make(out, make, made) => *made = Some(make(out)),
            Job::Ask(pages) => pages.populate(),
        }
        Ok::<(), Error>(())
    });
    made
}

/// What one of two threads does.
enum Job<'m, R, F> {
    Make(&'m mut [u8], F, &'m mut Option<R>),
    Ask(Pages),
}
