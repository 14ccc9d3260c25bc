//! Reading stored bytes: block by block, summed while they are in the cache, by several threads.

use std::iter::Zip;
use std::slice::{ChunksMut, IterMut};
use std::sync::{Mutex, PoisonError};

use crc32fast::Hasher;
use npload_buffer::ReadAt;

use super::compressed::read_failed;
use super::crc::{Sum, combined};
use super::read::ReadOptions;
use crate::error::{Error, Result};

/// How much is read, then summed.
const BLOCK: usize = 256 << 10;
/// What a thread takes at a time.
const SHARE: usize = 1 << 20;
/// Below this a thread costs more than it saves.
const SHARED_FROM: usize = 4 << 20;

/// Stack of a thread that reads and sums: its largest frame is a few hundred bytes.
const STACK: usize = 128 << 10;

/// Fills `out` from byte `offset` of the source on; its CRC-32 if `options.verify`.
///
/// # Errors
/// [`ErrorKind::Changed`](crate::ErrorKind::Changed) where the source ends before;
/// [`ErrorKind::Io`](crate::ErrorKind::Io); what the progress callback says.
pub(super) fn read(
    source: &dyn ReadAt,
    offset: u64,
    out: &mut [u8],
    options: &ReadOptions<'_>,
) -> Result<Option<u32>> {
    if options.threads < 2 || out.len() < SHARED_FROM {
        return read_blocks(source, offset, out, options);
    }
    let mut sums: Vec<Sum> = out.chunks(SHARE).map(Sum::of).collect();
    let threads = options.threads.min(sums.len());
    let work = Mutex::new(Work {
        shares: out.chunks_mut(SHARE).zip(&mut sums),
        offset,
        failure: None,
    });
    let run = || {
        while let Some((offset, share, sum)) = next(&work) {
            match read_blocks(source, offset, share, options) {
                Ok(crc) => sum.crc = crc.unwrap_or_default(),
                Err(err) => fail(&work, err),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            let thread = std::thread::Builder::new().stack_size(STACK);
            // A thread that cannot be had leaves its share to the others.
            let _ = thread.spawn_scoped(scope, run);
        }
        run();
    });
    let work = work.into_inner().unwrap_or_else(PoisonError::into_inner);
    match work.failure {
        Some(err) => Err(err),
        None => Ok(options.verify.then(|| combined(&sums))),
    }
}

/// What is left to do, and the first failure.
struct Work<'a> {
    shares: Zip<ChunksMut<'a, u8>, IterMut<'a, Sum>>,
    /// Where the next share begins in the source.
    offset: u64,
    failure: Option<Error>,
}

/// The next share, with its place in the source and the place for its checksum. None after a failure.
fn next<'a>(work: &Mutex<Work<'a>>) -> Option<(u64, &'a mut [u8], &'a mut Sum)> {
    let mut work = work.lock().ok()?;
    if work.failure.is_some() {
        return None;
    }
    let (share, sum) = work.shares.next()?;
    let offset = work.offset;
    work.offset = offset.saturating_add(share.len() as u64);
    Some((offset, share, sum))
}

fn fail(work: &Mutex<Work<'_>>, err: Error) {
    let mut work = work.lock().unwrap_or_else(PoisonError::into_inner);
    work.failure.get_or_insert(err);
}

fn read_blocks(
    source: &dyn ReadAt,
    mut offset: u64,
    out: &mut [u8],
    options: &ReadOptions<'_>,
) -> Result<Option<u32>> {
    let mut crc = options.verify.then(Hasher::new);
    for block in out.chunks_mut(BLOCK) {
        source
            .read_exact_at(block, offset)
            .map_err(|err| read_failed(err, offset))?;
        offset = offset.saturating_add(block.len() as u64);
        if let Some(crc) = &mut crc {
            crc.update(block);
        }
        options.advance(block.len())?;
    }
    Ok(crc.map(Hasher::finalize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    use crate::error::ErrorKind;
    use npload_buffer::Buffer;

    fn bytes() -> Buffer {
        let bytes: Vec<u8> = (0..(9 << 20) + 77)
            .map(|i: u32| (i.wrapping_mul(i) >> 9) as u8)
            .collect();
        Buffer::from(bytes)
    }

    #[test]
    fn threads_read_the_same_bytes_and_sum() {
        let source = bytes();
        let expected = source.slice(5..);
        for threads in [1, 2, 3, 64] {
            let told = AtomicU64::new(0);
            let progress = |n| {
                told.fetch_add(n, Ordering::Relaxed);
                Ok(())
            };
            let options = ReadOptions {
                verify: true,
                threads,
                progress: Some(&progress),
            };
            let mut out = vec![0; expected[..].len()];
            let crc = read(&source, 5, &mut out, &options).unwrap();
            assert!(out == *expected);
            assert_eq!(crc, Some(crc32fast::hash(&expected)));
            assert_eq!(told.into_inner(), expected[..].len() as u64);
        }
    }

    #[test]
    fn an_error_in_any_thread_is_the_result() {
        let source = bytes();
        for threads in [1, 3] {
            let stop = |_| Err(Error::new(ErrorKind::Argument, "stopped"));
            let options = ReadOptions {
                threads,
                progress: Some(&stop),
                ..ReadOptions::default()
            };
            let mut out = vec![0; source[..].len()];
            let err = read(&source, 0, &mut out, &options).unwrap_err();
            assert_eq!(
                (err.kind(), err.message()),
                (ErrorKind::Argument, "stopped")
            );
            let options = ReadOptions {
                threads,
                ..ReadOptions::default()
            };
            let err = read(&source, 1, &mut out, &options).unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Changed);
        }
    }
}
