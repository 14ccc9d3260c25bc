//! Small reads that follow one another, out of larger ones: members that are asked for one by one, in
//! the order in which they lie, would cost a system call each.

use std::io;
use std::sync::{Mutex, TryLockError};

use npload_buffer::ReadAt;

/// Reads longer than this gain nothing by being read ahead of.
const SMALL: usize = 4 << 10;

/// What is read ahead at first, and at most. It doubles while reads go on to follow one another, so
/// that little is read in vain.
const FIRST: usize = 4 << 10;
const MOST: usize = 64 << 10;

/// What was read last, and what was read ahead of it.
///
/// Nobody waits for it: a thread that finds another one at it reads for itself, and so does a forked
/// child whose parent was at it. What was read ahead is what the source had then: a checksum tells
/// whether that is right, as it does for all reads.
pub(super) struct Ahead(Mutex<State>);

struct State {
    /// Where the last read ended: one that begins there follows it.
    next: u64,
    /// Bytes of the source, and where in it they begin.
    bytes: Vec<u8>,
    start: u64,
    /// How many are read ahead next.
    size: usize,
}

impl Ahead {
    pub(super) fn new() -> Self {
        Ahead(Mutex::new(State {
            next: u64::MAX,
            bytes: Vec::new(),
            start: 0,
            size: FIRST,
        }))
    }

    /// As [`ReadAt::read_exact_at`] of a source that ends at `len`.
    pub(super) fn read_exact_at(
        &self,
        source: &dyn ReadAt,
        len: u64,
        buf: &mut [u8],
        offset: u64,
    ) -> io::Result<()> {
        let mut state = match self.0.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return source.read_exact_at(buf, offset),
        };
        let end = offset.saturating_add(buf.len() as u64);
        let follows = std::mem::replace(&mut state.next, end) == offset;
        if let Some(there) = state.there(offset, buf.len()) {
            buf.copy_from_slice(there);
            return Ok(());
        }
        if follows && buf.len() <= SMALL {
            state.read(source, len, offset);
            if let Some(there) = state.there(offset, buf.len()) {
                buf.copy_from_slice(there);
                return Ok(());
            }
        }
        state.forget();
        drop(state);
        source.read_exact_at(buf, offset)
    }
}

impl State {
    /// So many bytes of the source, if they are here.
    fn there(&self, offset: u64, len: usize) -> Option<&[u8]> {
        let from = usize::try_from(offset.checked_sub(self.start)?).ok()?;
        self.bytes.get(from..from.checked_add(len)?)
    }

    /// Reads ahead from `offset` on; nothing, if that fails: whoever reads for himself sees why.
    fn read(&mut self, source: &dyn ReadAt, len: u64, offset: u64) {
        let left = usize::try_from(len.saturating_sub(offset)).unwrap_or(MOST);
        self.bytes.resize(self.size.min(left), 0);
        self.start = offset;
        self.size = self.size.saturating_mul(2).min(MOST);
        if source.read_exact_at(&mut self.bytes, offset).is_err() {
            self.bytes.clear();
        }
    }

    fn forget(&mut self) {
        self.bytes.clear();
        self.size = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts the reads.
    struct Counted(Vec<u8>, AtomicUsize);

    impl Counted {
        fn new(len: usize) -> Self {
            let byte = |i: usize| ((i * i) >> 7) as u8;
            Counted((0..len).map(byte).collect(), AtomicUsize::new(0))
        }

        fn reads(&self) -> usize {
            self.1.swap(0, Ordering::Relaxed)
        }
    }

    impl ReadAt for Counted {
        fn len(&self) -> io::Result<u64> {
            Ok(self.0.len() as u64)
        }

        fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.read_exact_at(buf, offset)
        }
    }

    fn read(ahead: &Ahead, source: &Counted, at: usize, len: usize) {
        let mut buf = vec![0; len];
        let whole = source.0.len() as u64;
        ahead
            .read_exact_at(source, whole, &mut buf, at as u64)
            .unwrap();
        assert!(buf == source.0[at..at + len]);
    }

    #[test]
    fn reads_that_follow_one_another_become_few() {
        let source = Counted::new(1 << 20);
        let ahead = Ahead::new();
        for at in (0..1 << 20).step_by(256) {
            read(&ahead, &source, at, 256);
        }
        // 4,096 of them; 16 of 64 KiB, and those that came before they were as long.
        assert!((16..24).contains(&source.reads()));
    }

    #[test]
    fn other_reads_read_what_they_want_and_no_more() {
        let source = Counted::new(1 << 20);
        let ahead = Ahead::new();
        for at in (0..1 << 20).step_by(512).rev() {
            read(&ahead, &source, at, 256);
        }
        assert_eq!(source.reads(), 2048);
        for at in (0..1 << 20).step_by(8192) {
            read(&ahead, &source, at, 8192);
        }
        assert_eq!(source.reads(), 128);
        assert!(ahead.0.lock().unwrap().bytes.is_empty());
    }

    #[test]
    fn the_end_and_errors_are_those_of_the_source() {
        let source = Counted::new(5000);
        let ahead = Ahead::new();
        read(&ahead, &source, 4000, 400);
        read(&ahead, &source, 4400, 400);
        read(&ahead, &source, 4800, 200);
        let mut buf = [0; 1];
        let err = ahead.read_exact_at(&source, 5000, &mut buf, 5000);
        assert_eq!(err.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        // A source that has become shorter than it was.
        read(&ahead, &source, 100, 10);
        let mut buf = [0; 10];
        ahead
            .read_exact_at(&source, 1 << 30, &mut buf, 110)
            .unwrap();
        assert!(buf == source.0[110..120]);
    }

    #[test]
    fn nobody_waits() {
        let source = Counted::new(5000);
        let ahead = Ahead::new();
        let held = ahead.0.lock().unwrap();
        read(&ahead, &source, 0, 100);
        read(&ahead, &source, 100, 100);
        assert_eq!(source.reads(), 2);
        drop(held);
    }
}
