//! A source that counts.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use npload::{Buffer, ReadAt};

/// A source that counts the bytes that are read of it, and shows no memory: all of them are read.
#[derive(Clone)]
pub(crate) struct Counted(pub(crate) Buffer, pub(crate) Arc<AtomicU64>);

impl ReadAt for Counted {
    fn len(&self) -> io::Result<u64> {
        ReadAt::len(&self.0)
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.1.fetch_add(buf.len() as u64, Ordering::Relaxed);
        self.0.read_exact_at(buf, offset)
    }
}
