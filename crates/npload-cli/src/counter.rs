//! How far work is that knows how much there is of it.

use std::cell::Cell;
use std::io::{self, Read, Write};

use npload::Progress;

use crate::progress::Bar;

/// What is copied at a time.
const BLOCK: usize = 256 << 10;

/// Bytes that are done, of so many.
pub(crate) struct Counter<'b> {
    bar: &'b Bar,
    total: u64,
    done: Cell<u64>,
}

impl<'b> Counter<'b> {
    pub(crate) fn new(bar: &'b Bar, total: u64) -> Self {
        Counter {
            bar,
            total,
            done: Cell::new(0),
        }
    }

    /// The same, of so many bytes.
    pub(crate) fn of(mut self, total: u64) -> Self {
        self.total = total;
        self
    }

    /// So many bytes more are done.
    pub(crate) fn told(&self, bytes: u64) {
        let done = self.done.get().saturating_add(bytes);
        self.done.set(done);
        self.bar.moved(Progress {
            done: done.min(self.total),
            total: self.total,
        });
    }

    /// Copies all bytes of a reader.
    pub(crate) fn copy(&self, from: &mut dyn Read, to: &mut dyn Write) -> io::Result<()> {
        let mut block = vec![0; BLOCK];
        loop {
            match from.read(&mut block) {
                Ok(0) => return Ok(()),
                Ok(len) => {
                    to.write_all(block.get(..len).unwrap_or_default())?;
                    self.told(len as u64);
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
    }
}
