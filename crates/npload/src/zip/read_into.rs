//! A member's bytes from some byte on, into memory that exists.

use std::io::BufRead;
use std::ops::Range;

use crc32fast::Hasher;

use super::compressed::{Compressed, read_failed};
use super::{Entry, Method, ReadOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::source::Fill;

/// What is read only for the checksum passes through memory of this size.
const BLOCK: usize = 128 << 10;

impl Entry<'_> {
    /// Fills `dest` with the member's bytes behind the first `skip`. The others are read for the
    /// checksum only. After an error `dest` holds anything.
    ///
    /// # Errors
    /// As [`Entry::read`]; [`ErrorKind::Truncated`] if the member has not as many.
    pub(crate) fn read_into(
        &self,
        skip: u64,
        dest: &mut [u8],
        options: &ReadOptions<'_>,
    ) -> Result<()> {
        if skip.saturating_add(dest.len() as u64) > self.size() {
            let text = format!(
                "the member has {} bytes, and more are asked for",
                self.size()
            );
            return Err(Error::new(ErrorKind::Truncated, text).with_member(self.name()));
        }
        match self.method()? {
            Method::Stored => self.copy_into(skip, dest, options),
            _ => self.decode_into(skip, dest, options),
        }
    }

    fn copy_into(&self, skip: u64, dest: &mut [u8], options: &ReadOptions<'_>) -> Result<()> {
        let range = self.data_range()?;
        let start = range.start.saturating_add(skip);
        let end = start.saturating_add(dest.len() as u64);
        let fill = Fill {
            threads: options.threads,
            sum: options.verify,
            progress: options.progress,
            failed: read_failed,
        };
        let source = &*self.archive.source;
        let mut sum = Hasher::new();
        let read = || -> Result<()> {
            if options.verify {
                self.sum(&mut sum, range.start..start)?;
            }
            let len = dest.len() as u64;
            if let Some(crc) = fill.read(source, start, dest.into())? {
                sum.combine(&Hasher::new_with_initial_len(crc, len));
                self.sum(&mut sum, end..range.end)?;
                self.compare_crc(sum.finalize())?;
            }
            Ok(())
        };
        read().map_err(|err| self.failed(err))
    }

    /// Compares the checksum of a stored member, of which `sum` is that of the bytes in `part`. The others
    /// are read.
    ///
    /// # Errors
    /// As [`Entry::compare_crc`] and [`Entry::read`].
    #[cfg(feature = "ndarray")]
    pub(crate) fn check_sum(&self, part: Range<u64>, sum: &Hasher) -> Result<()> {
        let range = self.data_range()?;
        let place = |at: u64| range.start.saturating_add(at);
        let mut all = Hasher::new();
        self.sum(&mut all, range.start..place(part.start))?;
        all.combine(sum);
        self.sum(&mut all, place(part.end)..range.end)?;
        self.compare_crc(all.finalize())
    }

    /// Adds a part of the source to a checksum.
    fn sum(&self, sum: &mut Hasher, part: Range<u64>) -> Result<()> {
        let start = part.start;
        let mut input = Compressed::new(&*self.archive.source, part, BLOCK);
        loop {
            let bytes = match input.fill_buf() {
                Ok([]) => return Ok(()),
                Ok(bytes) => bytes,
                Err(err) => {
                    let failure = input.take_failure();
                    return Err(failure.unwrap_or_else(|| read_failed(err, start)));
                }
            };
            sum.update(bytes);
            let used = bytes.len();
            input.consume(used);
        }
    }

    fn decode_into(&self, skip: u64, dest: &mut [u8], options: &ReadOptions<'_>) -> Result<()> {
        let mut reader = self.reader(options.verify)?;
        reader.skip(skip, &|_| Ok(()))?;
        for mut piece in dest.chunks_mut(BLOCK) {
            while !piece.is_empty() {
                let n = reader.read_some(piece)?;
                piece = piece.get_mut(n..).unwrap_or_default();
                options.advance(n)?;
            }
        }
        // The read that finds the end checks size and checksum.
        reader.skip(u64::MAX, &|_| Ok(()))
    }
}
