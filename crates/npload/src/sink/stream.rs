//! Writers of the caller's as sinks.

use std::io::{self, Seek, SeekFrom, Write};

use super::Sink;

/// Any writer: what was written stays as it is.
pub(crate) struct StreamSink<W> {
    writer: W,
    written: u64,
}

impl<W: Write> StreamSink<W> {
    pub(crate) fn new(writer: W) -> Self {
        StreamSink { writer, written: 0 }
    }
}

impl<W: Write> Sink for StreamSink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        self.written = self.written.saturating_add(bytes.len() as u64);
        Ok(())
    }

    fn can_overwrite(&self) -> bool {
        false
    }

    fn overwrite(&mut self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::NotSeekable.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    fn position(&self) -> u64 {
        self.written
    }
}

/// A writer that can seek, written from where it stands.
pub(crate) struct Seeking<W> {
    writer: W,
    start: u64,
    written: u64,
}

impl<W: Write + Seek> Seeking<W> {
    pub(crate) fn new(mut writer: W) -> io::Result<Self> {
        Ok(Seeking {
            start: writer.stream_position()?,
            writer,
            written: 0,
        })
    }
}

impl<W: Write + Seek> Sink for Seeking<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        self.written = self.written.saturating_add(bytes.len() as u64);
        Ok(())
    }

    fn can_overwrite(&self) -> bool {
        true
    }

    fn overwrite(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.writer
            .seek(SeekFrom::Start(self.start.saturating_add(at)))?;
        self.writer.write_all(bytes)?;
        self.writer.seek(SeekFrom::Start(self.position()))?;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }

    fn position(&self) -> u64 {
        self.start.saturating_add(self.written)
    }
}
