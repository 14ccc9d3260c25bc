//! Positional reads into memory that exists, by several threads when there is much to read, summed
//! on the way if asked.

use std::io;

use crc32fast::Hasher;
use npload_buffer::{ReadAt, Vacant};

use super::share::share;
use crate::{Error, Result};

/// What one thread takes at a time: two huge pages, so that the reader is the first to touch them.
/// Smaller pieces hand the file out more evenly; below 1 MiB the calls begin to show.
const PIECE: usize = 4 << 20;

/// What is read, then summed: it is still in the cache then.
const BLOCK: usize = 256 << 10;

/// Told how many bytes are newly in place, by whichever thread put them there; an error stops the read.
pub(crate) type Told<'a> = &'a (dyn Fn(usize) -> Result<()> + Sync);

/// How memory is filled.
pub(crate) struct Fill<'a> {
    /// How many threads may work on it, this one included.
    pub(crate) threads: usize,
    /// Whether the CRC-32 is wanted.
    pub(crate) sum: bool,
    pub(crate) progress: Option<Told<'a>>,
    /// Makes an error of a read that failed, and the place in the source where it began.
    pub(crate) failed: fn(io::Error, u64) -> Error,
}

impl Fill<'_> {
    /// Fills `dest` with what `source` has from `offset` on; its CRC-32 if that is wanted.
    ///
    /// # Errors
    /// What `failed` and `progress` make.
    pub(crate) fn read(
        &self,
        source: &dyn ReadAt,
        offset: u64,
        dest: Vacant<'_>,
    ) -> Result<Option<u32>> {
        if self.threads < 2 || dest.len() <= PIECE {
            return self.read_piece(source, offset, dest);
        }
        let threads = self.threads.min(dest.len().div_ceil(PIECE));
        let mut sums = vec![
            Sum::default();
            if self.sum {
                dest.len().div_ceil(PIECE)
            } else {
                0
            }
        ];
        let mut places = sums.iter_mut();
        let pieces = dest.pieces(PIECE).zip((offset..).step_by(PIECE));
        let pieces = pieces.map(|(piece, at)| (piece, at, places.next()));
        share(threads, source.stack_size(), pieces, &|(piece, at, sum)| {
            let len = piece.len();
            let crc = self.read_piece(source, at, piece)?;
            if let (Some(sum), Some(crc)) = (sum, crc) {
                *sum = Sum { crc, len };
            }
            Ok::<(), Error>(())
        })?;
        Ok(self.sum.then(|| combined(&sums)))
    }

    fn read_piece(
        &self,
        source: &dyn ReadAt,
        mut offset: u64,
        piece: Vacant<'_>,
    ) -> Result<Option<u32>> {
        let mut crc = self.sum.then(Hasher::new);
        for block in piece.pieces(if self.sum { BLOCK } else { PIECE }) {
            let reading = |err| (self.failed)(err, offset);
            let block = block.read_exact_at(source, offset).map_err(reading)?;
            offset = offset.saturating_add(block.len() as u64);
            if let Some(crc) = &mut crc {
                crc.update(block);
            }
            if let Some(told) = self.progress {
                told(block.len())?;
            }
        }
        Ok(crc.map(Hasher::finalize))
    }
}

/// The CRC-32 of a piece, and its length.
#[derive(Clone, Default)]
struct Sum {
    crc: u32,
    len: usize,
}

/// The CRC-32 of the pieces one after the other.
fn combined(sums: &[Sum]) -> u32 {
    let mut all = Hasher::new();
    for sum in sums {
        all.combine(&Hasher::new_with_initial_len(sum.crc, sum.len as u64));
    }
    all.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crate::ErrorKind;
    use npload_buffer::Buffer;

    fn bytes() -> Buffer {
        let byte = |i: u32| (i.wrapping_mul(i) >> 9) as u8;
        Buffer::from((0..(13 << 20) + 77).map(byte).collect::<Vec<u8>>())
    }

    fn filling(threads: usize, sum: bool) -> Fill<'static> {
        let failed = |err, at| Error::io(err, "reading").at(at);
        Fill {
            threads,
            sum,
            progress: None,
            failed,
        }
    }

    #[test]
    fn threads_put_every_byte_in_its_place_and_find_the_same_sum() {
        let source = bytes();
        let expected = source.slice(5..);
        let crc = crc32fast::hash(&expected);
        for threads in [0, 1, 2, 3, 64] {
            for sum in [false, true] {
                let told = AtomicUsize::new(0);
                let progress = |n| {
                    told.fetch_add(n, Ordering::Relaxed);
                    Ok(())
                };
                let fill = Fill {
                    progress: Some(&progress),
                    ..filling(threads, sum)
                };
                let mut dest = vec![0; expected[..].len()];
                let found = fill.read(&source, 5, dest.as_mut_slice().into()).unwrap();
                assert!(dest == *expected);
                assert_eq!(found, sum.then_some(crc));
                assert_eq!(told.into_inner(), dest.len());
            }
        }
    }

    #[test]
    fn an_error_in_any_thread_is_the_result() {
        let source = bytes();
        let mut dest = vec![0; source[..].len()];
        for threads in [1, 3] {
            let stop = |_| Err(Error::new(ErrorKind::Argument, "stopped"));
            let fill = Fill {
                progress: Some(&stop),
                ..filling(threads, true)
            };
            let err = fill
                .read(&source, 0, dest.as_mut_slice().into())
                .unwrap_err();
            assert_eq!(
                (err.kind(), err.message()),
                (ErrorKind::Argument, "stopped")
            );
            let err = filling(threads, false)
                .read(&source, 1, dest.as_mut_slice().into())
                .unwrap_err();
            assert_eq!(err.kind(), ErrorKind::Io);
        }
    }

    #[test]
    fn no_bytes_have_the_sum_of_nothing() {
        assert_eq!(
            filling(2, true)
                .read(&bytes(), 3, [].as_mut_slice().into())
                .unwrap(),
            Some(0)
        );
        assert_eq!(combined(&[]), 0);
    }
}
