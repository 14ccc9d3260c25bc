//! Files as memory, by `memmap2`.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr::NonNull;

use memmap2::{MmapOptions, MmapRaw};

use crate::Buffer;

/// How a file is mapped; NumPy's letters for it are in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapMode {
    /// Reading only (`r`).
    Read,
    /// Private: writes stay in this process and never reach the file (`c`).
    Copy,
    /// Shared: writes reach the file (`r+`).
    Write,
}

/// Part of a file, mapped.
#[derive(Debug)]
pub(crate) struct Mapping {
    raw: MmapRaw,
    mode: MapMode,
}

impl Mapping {
    pub(crate) fn ptr(&self) -> NonNull<u8> {
        NonNull::new(self.raw.as_mut_ptr()).unwrap_or(NonNull::dangling())
    }

    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.mode != MapMode::Read
    }

    pub(crate) fn flush(&self) -> io::Result<()> {
        match self.mode {
            MapMode::Write => self.raw.flush(),
            MapMode::Read | MapMode::Copy => Ok(()),
        }
    }
}

/// The bytes of `file` in `range`, as memory. `range` may start anywhere.
///
/// # Safety
/// While the result or any slice of it lives, nobody may change or truncate that part of the file,
/// in this process or another, except through a [`MapMode::Write`] result itself: `&[u8]` over
/// bytes that change is undefined behaviour, and reading past a truncated file's end kills the process.
///
/// # Errors
/// [`io::ErrorKind::UnexpectedEof`] when the file is shorter than `range`; else what the system says.
pub unsafe fn map_file(file: &File, range: Range<u64>, mode: MapMode) -> io::Result<Buffer> {
    let len = range
        .end
        .checked_sub(range.start)
        .ok_or(io::ErrorKind::InvalidInput)?;
    if file.metadata()?.len() < range.end {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    if len == 0 {
        return Ok(Buffer::empty());
    }
    let len = usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut options = MmapOptions::new();
    options.offset(range.start).len(len);
    let raw = match mode {
        MapMode::Read => options.map_raw_read_only(file)?,
        // SAFETY: the caller promises that the file does not change; the mapping is private.
        MapMode::Copy => MmapRaw::from(unsafe { options.map_copy(file)? }),
        MapMode::Write => options.map_raw(file)?,
    };
    Ok(Buffer::from_mapping(Mapping { raw, mode }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, Write};

    fn file() -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&(0..=255).collect::<Vec<u8>>()).unwrap();
        file
    }

    fn map(file: &File, range: Range<u64>, mode: MapMode) -> io::Result<Buffer> {
        // SAFETY: the test's own temporary file; nobody else writes it.
        unsafe { map_file(file, range, mode) }
    }

    #[test]
    fn a_mapping_starts_at_any_offset_and_is_read_only() {
        let mut b = map(&file(), 100..200, MapMode::Read).unwrap();
        assert_eq!(&b[..3], [100, 101, 102]);
        assert_eq!(b.len(), 100);
        assert!(b.get_mut().is_none() && !b.is_writable() && b.is_mapped());
    }

    #[test]
    fn copy_leaves_the_file_and_write_reaches_it() {
        let mut file = file();
        for (mode, in_file) in [(MapMode::Copy, 5), (MapMode::Write, 99)] {
            let mut b = map(&file, 5..6, mode).unwrap();
            b.get_mut().unwrap()[0] = 99;
            b.flush().unwrap();
            assert_eq!(b[0], 99);
            let mut bytes = Vec::new();
            file.rewind().unwrap();
            file.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes[5], in_file);
        }
    }

    #[test]
    fn a_file_that_is_too_short_is_refused() {
        let err = map(&file(), 0..257, MapMode::Read).unwrap_err();
        assert_eq!(err.kind(), io::ErrorKind::UnexpectedEof);
        assert!(map(&file(), 7..7, MapMode::Read).unwrap().is_empty());
    }
}
