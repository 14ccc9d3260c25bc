//! Files given by a path.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use npload_buffer::ReadAt;

use crate::{Error, ErrorKind, Result};

/// A regular file, and what it was when it was opened.
#[derive(Debug)]
pub(crate) struct FileSource {
    file: File,
    path: PathBuf,
    /// None for a small file that was read whole at once: nothing is read later that may differ.
    stamp: Option<Stamp>,
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stamp {
    len: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Stamp {
            len: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }
}

/// What a path leads to.
pub(crate) enum Opened {
    /// A file that can be read at any position.
    File(FileSource),
    /// A pipe, a terminal, a file of `/proc`: bytes that come one after the other.
    Stream(File),
}

/// Opens what `path` leads to, for reading, and for writing too if asked: nothing is created or cut.
pub(crate) fn open(path: &Path, write: bool) -> Result<Opened> {
    FileSource::from_file(open_file(path, write)?, path)
}

/// As [`open`], without asking what it is.
#[inline]
pub(crate) fn open_file(path: &Path, write: bool) -> Result<File> {
    let opened = File::options().read(true).write(write).open(path);
    opened.map_err(|e| Error::io(e, "opening the file").with_path(path))
}

impl FileSource {
    /// What an open file is.
    pub(crate) fn from_file(file: File, path: &Path) -> Result<Opened> {
        let failed = |e| Error::io(e, "opening the file").with_path(path);
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        // Files of /proc call themselves regular and 0 bytes long.
        if !metadata.is_file() || metadata.len() == 0 {
            return Ok(Opened::Stream(file));
        }
        Ok(Opened::File(FileSource {
            file,
            path: path.to_owned(),
            stamp: Some(Stamp::of(&metadata)),
        }))
    }

    /// A file that was read whole.
    pub(crate) fn read_whole(file: File, path: &Path) -> Self {
        FileSource {
            file,
            path: path.to_owned(),
            stamp: None,
        }
    }

    /// The same, to be read later after all: from now on a change is noticed.
    pub(crate) fn stamp(&mut self) {
        let now = self.file.metadata();
        self.stamp = now.map(|metadata| Stamp::of(&metadata)).ok();
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The error to give instead of `err` if the file is not what it was: then that is the reason.
    #[cold]
    pub(crate) fn explain(&self, err: Error) -> Error {
        let reads = [
            ErrorKind::Truncated,
            ErrorKind::Io,
            ErrorKind::Archive,
            ErrorKind::Checksum,
            ErrorKind::Header,
            ErrorKind::Pickle,
        ];
        let now = self.file.metadata().map(|metadata| Stamp::of(&metadata));
        if !reads.contains(&err.kind())
            || now.is_ok_and(|now| self.stamp.is_none_or(|then| now == then))
        {
            let err = match err.io_kind() {
                Some(io::ErrorKind::UnexpectedEof) => self.overstated(),
                _ => err,
            };
            return err.with_path(&self.path);
        }
        let text = "the file changed since it was opened; open it again, and write new files \
                    beside it and rename them into place";
        Error::new(ErrorKind::Changed, text)
            .with_path(&self.path)
            .with_source(err)
    }
}

impl FileSource {
    /// The error for a file that ends before its end without having changed.
    #[cold]
    fn overstated(&self) -> Error {
        let text = format!(
            "the file has fewer bytes than the {} that it claims, as files of /sys do: it can only \
             be loaded whole",
            self.stamp.map_or(0, |stamp| stamp.len)
        );
        Error::new(ErrorKind::Io, text).with_source(io::Error::from(io::ErrorKind::UnexpectedEof))
    }

    /// The error for a stream where positions are needed: that there is nothing, if so. Of what is no
    /// file no byte is taken.
    #[cold]
    pub(crate) fn refuse_stream(mut stream: &File) -> Error {
        let is_file = stream.metadata().is_ok_and(|metadata| metadata.is_file());
        if is_file && matches!(stream.read(&mut [0]), Ok(0)) {
            return crate::sniff::empty();
        }
        let message = "a lazy handle needs a file that can be read at any position";
        Error::new(ErrorKind::Argument, message)
    }
}

impl ReadAt for FileSource {
    fn len(&self) -> io::Result<u64> {
        match self.stamp {
            Some(stamp) => Ok(stamp.len),
            None => Ok(self.file.metadata()?.len()),
        }
    }

    fn stack_size(&self) -> usize {
        0
    }

    fn as_file(&self) -> Option<&File> {
        Some(&self.file)
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }
}
