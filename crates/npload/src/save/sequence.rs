//! Bytes that come one after the other, as contents of which pieces are copied.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sink::Contents;
use crate::{Error, ErrorKind, Npy, Part, Result};

/// What is passed over at a time.
const BLOCK: usize = 64 << 10;

/// Bytes that are read, or made, while they are saved: what [`Saved::streamed`](crate::Saved::streamed)
/// and [`NewMember::stream`](crate::NewMember::stream) take, for what does not fit in memory.
///
/// A [`Part`] is one, of its elements; an [`Npy`] is one, of its file.
pub trait Stream: Sync {
    /// The bytes from the first on. It is called again where bytes are needed that went by.
    ///
    /// # Errors
    /// What keeps them from being read; reads may fail with an [`io::Error`] that holds an [`Error`].
    fn open(&self) -> Result<Box<dyn Read + Send + '_>>;
}

impl Stream for Part<'_> {
    fn open(&self) -> Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.reader(self.order())?))
    }
}

impl Stream for Npy {
    fn open(&self) -> Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(self.stream()))
    }
}

/// A stream as contents. Whoever asks for bytes that lie behind those that were read last has them
/// straight from the stream; of those before, as many as are kept are at hand, and for others the stream
/// begins anew.
pub(super) struct Sequence<'a> {
    stream: &'a dyn Stream,
    len: u64,
    keep: usize,
    open: Mutex<Option<Open<'a>>>,
}

/// A stream that was read up to some byte.
struct Open<'a> {
    reader: Box<dyn Read + Send + 'a>,
    at: u64,
    /// The last bytes before that.
    kept: VecDeque<u8>,
}

impl<'a> Sequence<'a> {
    /// The `len` bytes of a stream.
    pub(super) fn new(stream: &'a dyn Stream, len: u64) -> Self {
        Sequence {
            stream,
            len,
            keep: 0,
            open: Mutex::new(None),
        }
    }

    /// The same, for threads that ask for pieces up to so many bytes behind each other.
    pub(super) fn keeping(mut self, bytes: usize) -> Self {
        self.keep = bytes;
        self
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open<'a>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Contents for Sequence<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, at: u64, dest: &mut [u8]) -> Result<()> {
        let mut state = self.lock();
        let mut open = match state.take().filter(|open| open.first() <= at) {
            Some(open) => open,
            None => Open {
                reader: self.stream.open()?,
                at: 0,
                kept: VecDeque::new(),
            },
        };
        let was = open.at;
        open.read(at, dest, self)?;
        if open.at == self.len && (was < open.at || self.len == 0) {
            open.check_end(self.len)?;
        }
        // Of what nobody asks for again, nothing is held.
        if self.keep > 0 || open.at < self.len {
            *state = Some(open);
        }
        Ok(())
    }

    fn is_streamed(&self) -> bool {
        true
    }

    fn release(&self) {
        *self.lock() = None;
    }
}

impl Open<'_> {
    /// The first byte that is at hand.
    fn first(&self) -> u64 {
        self.at.saturating_sub(self.kept.len() as u64)
    }

    fn read(&mut self, at: u64, dest: &mut [u8], sequence: &Sequence<'_>) -> Result<()> {
        if self.at < at {
            let mut passed = vec![0; BLOCK];
            while self.at < at {
                let left = usize::try_from(at.saturating_sub(self.at)).unwrap_or(BLOCK);
                let piece = passed.get_mut(..left.min(BLOCK)).unwrap_or_default();
                self.take(piece, sequence)?;
            }
        }
        let behind = usize::try_from(self.at.saturating_sub(at)).unwrap_or(usize::MAX);
        let (again, new) = dest.split_at_mut(behind.min(dest.len()));
        let from = self.kept.len().saturating_sub(behind);
        for (place, byte) in again.iter_mut().zip(self.kept.range(from..)) {
            *place = *byte;
        }
        self.take(new, sequence)
    }

    /// Reads on.
    fn take(&mut self, dest: &mut [u8], sequence: &Sequence<'_>) -> Result<()> {
        let at = self.at;
        let read = self.reader.read_exact(dest);
        read.map_err(|err| match err.kind() {
            io::ErrorKind::UnexpectedEof => reading(err, |_| short(at, sequence.len)),
            _ => reading(err, failed),
        })?;
        self.at = at.saturating_add(dest.len() as u64);
        if sequence.keep > 0 {
            let surplus = dest.len().saturating_sub(sequence.keep);
            self.kept.extend(dest.get(surplus..).unwrap_or_default());
            let surplus = self.kept.len().saturating_sub(sequence.keep);
            self.kept.drain(..surplus);
        }
        Ok(())
    }

    /// There is nothing behind the last byte; a stream that checks itself does so here.
    fn check_end(&mut self, len: u64) -> Result<()> {
        let more = self.reader.read(&mut [0]);
        match more.map_err(|err| reading(err, failed))? {
            0 => Ok(()),
            _ => Err(long(len)),
        }
    }
}

/// The error of a reader: its own, or what `other` makes of it.
#[cold]
fn reading(err: io::Error, other: impl FnOnce(io::Error) -> Error) -> Error {
    err.downcast::<Error>().unwrap_or_else(other)
}

#[cold]
fn failed(err: io::Error) -> Error {
    Error::io(err, "reading what is to be saved")
}

#[cold]
fn short(at: u64, len: u64) -> Error {
    let message = format!(
        "what is to be saved ends before its {len} bytes do, behind byte {at} or soon after"
    );
    Error::new(ErrorKind::Truncated, message)
}

#[cold]
fn long(len: u64) -> Error {
    let message = format!("what is to be saved has more than its {len} bytes");
    Error::new(ErrorKind::Changed, message)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use proptest::prelude::*;

    /// Bytes of which each opening is counted.
    struct Counted(Vec<u8>, AtomicUsize);

    impl Stream for Counted {
        fn open(&self) -> Result<Box<dyn Read + Send + '_>> {
            self.1.fetch_add(1, Ordering::Relaxed);
            Ok(Box::new(&self.0[..]))
        }
    }

    fn counted(len: usize) -> Counted {
        Counted(
            (0..len).map(|i| (i % 251) as u8).collect(),
            AtomicUsize::new(0),
        )
    }

    #[test]
    fn what_is_kept_is_not_read_again() {
        let stream = counted(1000);
        let sequence = Sequence::new(&stream, 1000).keeping(100);
        let mut dest = [0; 200];
        for at in [0, 100, 300, 400, 700, 800] {
            sequence.read(at, &mut dest).unwrap();
            assert_eq!(dest, stream.0[at as usize..][..200]);
        }
        assert_eq!(stream.1.load(Ordering::Relaxed), 1);
        sequence.read(0, &mut dest).unwrap();
        assert_eq!(stream.1.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_stream_of_another_length_is_refused() {
        let stream = counted(1000);
        let read = |len: u64, at, size| {
            let mut dest = vec![0; size];
            Sequence::new(&stream, len).read(at, &mut dest)
        };
        assert!(read(1000, 900, 100).is_ok());
        let kinds = [read(1001, 901, 100), read(999, 899, 100), read(0, 0, 0)];
        let kinds = kinds.map(|read| read.unwrap_err().kind());
        assert_eq!(
            kinds,
            [ErrorKind::Truncated, ErrorKind::Changed, ErrorKind::Changed]
        );
    }

    proptest! {
        #[test]
        fn any_reads_are_the_bytes(
            reads in prop::collection::vec((0_u64..400, 0_usize..200), 0..20),
            keep in 0_usize..300,
        ) {
            let stream = counted(600);
            let sequence = Sequence::new(&stream, 600).keeping(keep);
            for (at, len) in reads {
                let mut dest = vec![0; len];
                sequence.read(at, &mut dest).unwrap();
                prop_assert_eq!(&dest, &stream.0[at as usize..][..len]);
            }
        }
    }
}
