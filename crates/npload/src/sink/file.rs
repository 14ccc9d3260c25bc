//! A file as a sink: small pieces are gathered, large ones go straight through.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};

use npload_buffer::{Bytes, is_memory_file, write_memory_file};

use super::fault::step;
use super::{Contents, Sink, blocks, writing};
use crate::Result;

/// Up to here pieces are gathered.
const GATHERED: usize = 128 << 10;

/// What is written at once of bytes that need no copy; after each it is told how far it is.
const DIRECT: usize = 4 << 20;

/// From here on a second thread is worth waiting for, on a busy machine too.
pub(crate) const WORTH_THREADS: u64 = 32 << 20;

/// A file that is written from where it stands.
pub(crate) struct FileSink<'f> {
    file: &'f File,
    kept: Vec<u8>,
    /// Where the first byte went.
    start: u64,
    /// How many bytes were given to the system.
    written: u64,
    can_seek: bool,
}

impl<'f> FileSink<'f> {
    /// A file whose next byte is its `start`th. It must not be one that only appends.
    pub(crate) fn new(file: &'f File, start: u64, can_seek: bool) -> Self {
        FileSink {
            file,
            kept: Vec::new(),
            start,
            written: 0,
            can_seek,
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        step("write")?;
        self.file.write_all(bytes)?;
        self.written = self.written.saturating_add(bytes.len() as u64);
        Ok(())
    }
}

impl FileSink<'_> {
    /// Writes contents by several threads, into a file that is memory.
    fn share(
        &mut self,
        contents: &dyn Contents,
        threads: usize,
        told: &(dyn Fn(usize) -> Result<()> + Sync),
    ) -> Result<()> {
        let (start, len) = (self.position(), contents.len());
        let shared = Shared { contents, told };
        let helpers = threads.saturating_sub(1);
        step("write").map_err(writing)?;
        write_memory_file(self.file, start, len, helpers, &shared).map_err(writing)?;
        self.written = self.written.saturating_add(len);
        let end = SeekFrom::Start(self.position());
        self.file.seek(end).map_err(writing)?;
        Ok(())
    }
}

/// Contents that several threads write.
struct Shared<'c> {
    contents: &'c dyn Contents,
    told: &'c (dyn Fn(usize) -> Result<()> + Sync),
}

impl Bytes for Shared<'_> {
    fn write(&self, at: u64, len: usize, file: &File, place: u64) -> io::Result<()> {
        let written = self.contents.write_into(at, len, file, Some(place));
        written.unwrap_or_else(|| Err(io::ErrorKind::Unsupported.into()))
    }

    fn copy(&self, at: u64, dest: &mut [u8]) -> io::Result<()> {
        self.contents.read(at, dest).map_err(io::Error::from)
    }

    fn told(&self, bytes: u64) -> io::Result<()> {
        (self.told)(usize::try_from(bytes).unwrap_or(usize::MAX)).map_err(io::Error::from)
    }
}

impl Sink for FileSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.kept.len().saturating_add(bytes.len()) > GATHERED {
            self.flush()?;
            if bytes.len() > GATHERED {
                return self.put(bytes);
            }
        }
        self.kept.extend_from_slice(bytes);
        Ok(())
    }

    fn can_overwrite(&self) -> bool {
        self.can_seek
    }

    fn overwrite(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.flush()?;
        step("overwrite")?;
        let end = self.start.saturating_add(self.written);
        self.file
            .seek(SeekFrom::Start(self.start.saturating_add(at)))?;
        self.file.write_all(bytes)?;
        self.file.seek(SeekFrom::Start(end))?;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let kept = std::mem::take(&mut self.kept);
        self.put(&kept)?;
        self.kept = kept;
        self.kept.clear();
        Ok(())
    }

    fn write_contents(
        &mut self,
        contents: &dyn Contents,
        threads: usize,
        told: &(dyn Fn(usize) -> Result<()> + Sync),
    ) -> Result<()> {
        let len = contents.len();
        if contents.write_into(0, 0, self.file, None).is_none() || len <= GATHERED as u64 {
            return self.write_blocks(contents, told);
        }
        self.flush().map_err(writing)?;
        if len >= WORTH_THREADS && threads > 1 && self.can_seek && is_memory_file(self.file) {
            return self.share(contents, threads, told);
        }
        for (at, size) in blocks(len, DIRECT) {
            step("write").map_err(writing)?;
            match contents.write_into(at, size, self.file, None) {
                Some(written) => written.map_err(writing)?,
                None => return Err(writing(io::ErrorKind::Unsupported.into())),
            }
            self.written = self.written.saturating_add(size as u64);
            told(size)?;
        }
        Ok(())
    }

    fn position(&self) -> u64 {
        let written = self.start.saturating_add(self.written);
        written.saturating_add(self.kept.len() as u64)
    }
}
