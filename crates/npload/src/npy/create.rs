//! New npy files, to be written through a mapping.

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use super::write::write_header;
use crate::array::Order;
use crate::sink::{Existing, Place, Replacement, place};
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
        let Place::File { path, replaced } = place(path).map_err(failed)? else {
            let message = "a pipe or a device cannot be memory-mapped";
            return Err(Error::new(ErrorKind::Mmap, message));
        };
        let new = Replacement::begin(path, replaced.as_ref()).map_err(failed)?;
        let mut file = new.file().map_err(failed)?;
        file.write_all(&header).map_err(failed)?;
        file.set_len(end).map_err(failed)?;
        let mapped = map(file, start..end)?;
        new.commit(Existing::Goes, false).map_err(failed)?;
        Ok(mapped)
    };
    make().map_err(|e| e.with_path(path))
}
