//! New npy files, to be written through a mapping.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::write::write_header;
use crate::array::Order;
use crate::{DType, Error, ErrorKind, Result};

/// Writes a new npy file with all elements zero, and returns what `map` makes of it and of the range of
/// its data.
///
/// The file is made beside its place and renamed into it, once it is written and mapped: a file that
/// was there stays whole until then, and arrays mapped from it stay valid after. Where `path` is a
/// symbolic link, the file that it leads to is replaced.
pub(crate) fn create<T>(
    path: &Path,
    dtype: &DType,
    shape: &[usize],
    order: Order,
    version: Option<(u8, u8)>,
    map: impl FnOnce(&File, Range<u64>) -> Result<T>,
) -> Result<T> {
    if dtype.has_object() {
        let message = "Array can't be memory-mapped: Python objects in dtype.";
        return Err(Error::new(ErrorKind::Mmap, message));
    }
    // As NumPy: what was asked for stands there, also where both orders are the same.
    let header = write_header(dtype, shape, order, version)?;
    let start = header.len() as u64;
    let size = shape
        .iter()
        .try_fold(dtype.itemsize() as u64, |n, &len| n.checked_mul(len as u64));
    let end = size
        .and_then(|size| start.checked_add(size))
        .filter(|&end| i64::try_from(end).is_ok());
    let Some(end) = end else {
        let message = format!("a file of shape {shape:?} and dtype {dtype} is too large");
        return Err(Error::new(ErrorKind::Shape, message));
    };
    let failed = |e| Error::io(e, "creating the file");
    let make = || -> Result<T> {
        let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let (beside, mut file) = open_beside(&path).map_err(failed)?;
        let fill = |file: &mut File| {
            if let Ok(replaced) = std::fs::metadata(&path) {
                file.set_permissions(replaced.permissions())
                    .map_err(failed)?;
            }
            file.write_all(&header).map_err(failed)?;
            file.set_len(end).map_err(failed)?;
            let mapped = map(file, start..end)?;
            std::fs::rename(&beside, &path).map_err(failed)?;
            Ok(mapped)
        };
        let made = fill(&mut file);
        if made.is_err() {
            let _ = std::fs::remove_file(&beside);
        }
        made
    };
    make().map_err(|e| e.with_path(path))
}

/// A new file in the folder of `path`, and its path. Other threads may be making theirs there, and
/// a process that was killed may have left one of the same number.
fn open_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    loop {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!(".npload-{}-{n}.new", std::process::id());
        let beside = path.with_file_name(name);
        let options = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .to_owned();
        match options.open(&beside) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return Ok((beside, opened?)),
        }
    }
}
