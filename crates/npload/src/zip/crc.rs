//! CRC-32 of a member against the directory's.

use std::sync::Mutex;

use crc32fast::Hasher;

use super::{Entry, repr};
use crate::error::{Error, ErrorKind, Result};

/// From here on several threads share the work.
const SHARED_FROM: usize = 4 << 20;
/// Stack of a thread that reads and sums: its largest frame is a few hundred bytes.
pub(super) const STACK: usize = 128 << 10;

impl Entry<'_> {
    /// Whether the member's bytes have its CRC-32.
    ///
    /// # Errors
    /// [`ErrorKind::Checksum`], with both values.
    #[inline]
    pub(crate) fn check_crc(&self, bytes: &[u8]) -> Result<()> {
        self.compare_crc(crc32fast::hash(bytes))
    }

    /// The same, computed by up to `threads` threads.
    pub(super) fn check_crc_by(&self, bytes: &[u8], threads: usize) -> Result<()> {
        self.compare_crc(shared_crc(bytes, threads))
    }

    #[inline]
    pub(super) fn compare_crc(&self, found: u32) -> Result<()> {
        if found == self.record.crc {
            return Ok(());
        }
        Err(self.bad_crc(found))
    }

    #[cold]
    fn bad_crc(&self, found: u32) -> Error {
        let text = format!(
            "Bad CRC-32 for file {}: the directory says {:#010x}, its bytes have {found:#010x}",
            repr::text(self.name()),
            self.record.crc
        );
        Error::new(ErrorKind::Checksum, text).with_member(self.name())
    }
}

fn shared_crc(bytes: &[u8], threads: usize) -> u32 {
    let size = bytes.len().div_ceil(threads.max(1)).max(1);
    if threads < 2 || bytes.len() < SHARED_FROM {
        return crc32fast::hash(bytes);
    }
    let mut sums: Vec<Sum> = bytes.chunks(size).map(Sum::of).collect();
    let work = Mutex::new(bytes.chunks(size).zip(&mut sums));
    let run = || {
        while let Some((chunk, sum)) = work.lock().ok().and_then(|mut work| work.next()) {
            sum.crc = crc32fast::hash(chunk);
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
    combined(&sums)
}

/// The CRC-32 of a piece, and its length.
#[derive(Clone, Copy)]
pub(super) struct Sum {
    pub(super) crc: u32,
    len: u64,
}

impl Sum {
    /// Of a piece whose CRC-32 comes later.
    pub(super) fn of(piece: &[u8]) -> Self {
        let len = piece.len() as u64;
        Sum { crc: 0, len }
    }
}

/// The CRC-32 of the pieces one after the other.
pub(super) fn combined(sums: &[Sum]) -> u32 {
    let mut all = Hasher::new();
    for sum in sums {
        all.combine(&Hasher::new_with_initial_len(sum.crc, sum.len));
    }
    all.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_find_the_same_sum() {
        let bytes: Vec<u8> = (0..5 << 20)
            .map(|i: u32| (i.wrapping_mul(i) >> 7) as u8)
            .collect();
        for threads in [0, 1, 2, 3, 7] {
            assert_eq!(shared_crc(&bytes, threads), crc32fast::hash(&bytes));
        }
        assert_eq!(combined(&[]), 0);
    }
}
