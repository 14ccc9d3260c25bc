//! A file as a sink: small pieces are gathered, large ones go straight through.

use std::fs::File;
use std::io::{self, Write};

use super::Sink;
use super::fault::step;

/// Up to here pieces are gathered.
const GATHERED: usize = 128 << 10;

/// A file that is written from where it stands.
pub(crate) struct FileSink {
    file: File,
    kept: Vec<u8>,
    /// Where the first byte went.
    start: u64,
    /// How many bytes were given to the system.
    written: u64,
    can_seek: bool,
}

impl FileSink {
    /// A file whose next byte is its `start`th. It must not be one that only appends.
    pub(crate) fn new(file: File, start: u64, can_seek: bool) -> Self {
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

impl Sink for FileSink {
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
        use std::io::{Seek, SeekFrom};
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

    fn position(&self) -> u64 {
        let written = self.start.saturating_add(self.written);
        written.saturating_add(self.kept.len() as u64)
    }
}
