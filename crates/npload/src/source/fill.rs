//! Positional reads into memory that exists, by several threads when there is much to read.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use npload_buffer::{ReadAt, run_on_threads};

use crate::options::{LoadOptions, Progress};

/// What one thread reads at a time: two huge pages, so that the reader is the first to touch them.
/// Smaller pieces hand the file out more evenly; below 1 MiB the calls begin to show.
const PIECE: usize = 4 << 20;

/// Counts the bytes in place and tells whoever wants to know.
pub(crate) struct Meter<'a> {
    options: &'a LoadOptions,
    done: AtomicU64,
    total: u64,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(options: &'a LoadOptions, total: u64) -> Self {
        Meter {
            options,
            done: AtomicU64::new(0),
            total,
        }
    }

    pub(crate) fn add(&self, bytes: usize) {
        if let Some(callback) = &self.options.progress {
            let bytes = bytes as u64;
            let done = self
                .done
                .fetch_add(bytes, Ordering::Relaxed)
                .saturating_add(bytes);
            callback(Progress {
                done,
                total: self.total,
            });
        }
    }
}

/// Fills `dest` with what `source` has from `offset` on.
pub(crate) fn fill(
    source: &dyn ReadAt,
    offset: u64,
    dest: &mut [u8],
    meter: &Meter<'_>,
) -> io::Result<()> {
    let read = |piece: &mut [u8], at: u64| {
        source.read_exact_at(piece, at)?;
        meter.add(piece.len());
        Ok(())
    };
    // Asking how many cores there are costs more than reading a small file.
    if dest.len() <= PIECE {
        return read(dest, offset);
    }
    let workers = meter.options.thread_count().min(dest.len().div_ceil(PIECE));
    // Pieces are handed out one by one: a core that is busy elsewhere takes fewer.
    let pieces = Mutex::new(dest.chunks_mut(PIECE).zip((offset..).step_by(PIECE)));
    let work = || -> io::Result<()> {
        loop {
            let piece = match pieces.lock() {
                Ok(mut pieces) => pieces.next(),
                Err(_) => None,
            };
            let Some((piece, at)) = piece else {
                return Ok(());
            };
            read(piece, at)?;
        }
    };
    scoped(workers, &work)
}

/// Runs `work` on up to `workers` threads, this one included, until all are done. The first error
/// of any of them is the result; the others then still end what they do.
pub(crate) fn scoped<E: Send>(
    workers: usize,
    work: &(dyn Fn() -> Result<(), E> + Sync),
) -> Result<(), E> {
    let failure = Mutex::new(None);
    run_on_threads(workers.saturating_sub(1), &|| {
        if let Err(e) = work() {
            let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert(e);
        }
    });
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(e) => Err(e),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use npload_buffer::Buffer;
    use std::num::NonZeroUsize;
    use std::sync::Arc;

    #[test]
    fn threads_put_every_byte_in_its_place_and_progress_reaches_the_total() {
        let bytes: Vec<u8> = (0..(13 << 20) + 17_u32)
            .map(|i| (i.wrapping_mul(7) >> 3) as u8)
            .collect();
        let source = Buffer::from(bytes.clone());
        for threads in [1, 2, 5] {
            let seen = Arc::new(AtomicU64::new(0));
            let there = seen.clone();
            let options = LoadOptions::new().threads(NonZeroUsize::new(threads).unwrap());
            let options = options.progress(move |p| {
                there.fetch_max(p.done, Ordering::Relaxed);
                assert_eq!(p.total, (13 << 20) + 7);
            });
            let mut dest = vec![0; (13 << 20) + 7];
            let meter = Meter::new(&options, dest.len() as u64);
            fill(&source, 10, &mut dest, &meter).unwrap();
            assert!(dest == bytes[10..]);
            assert_eq!(seen.load(Ordering::Relaxed), dest.len() as u64);
        }
    }

    #[test]
    fn a_source_that_ends_early_is_an_error_from_any_thread() {
        let source = Buffer::from(vec![0; 9 << 20]);
        let options = LoadOptions::new();
        let mut dest = vec![0; 10 << 20];
        let err = fill(&source, 0, &mut dest, &Meter::new(&options, 0)).unwrap_err();
        assert_eq!(err.kind(), io::ErrorKind::UnexpectedEof);
    }
}
