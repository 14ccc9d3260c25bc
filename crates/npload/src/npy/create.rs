//! New npy files, to be written through a mapping.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::write::write_header;
use crate::array::Order;
use crate::{DType, Error, ErrorKind, Result};

/// Writes a new npy file with all elements zero, and returns it with the offset and size of its data.
///
/// The file is made beside its place and renamed into it: a file that was there stays whole until
/// then, and arrays mapped from it stay valid after.
pub(crate) fn create(
    path: &Path,
    dtype: &DType,
    shape: &[usize],
    order: Order,
) -> Result<(File, u64, u64)> {
    if dtype.has_object() {
        let message = "Array can't be memory-mapped: Python objects in dtype.";
        return Err(Error::new(ErrorKind::Mmap, message));
    }
    let header = write_header(dtype, shape, order)?;
    let start = header.len() as u64;
    let size = shape
        .iter()
        .try_fold(dtype.itemsize() as u64, |n, &len| n.checked_mul(len as u64));
    let end = size
        .and_then(|size| start.checked_add(size))
        .filter(|&end| i64::try_from(end).is_ok());
    let (Some(size), Some(end)) = (size, end) else {
        let message = format!("a file of shape {shape:?} and dtype {dtype} is too large");
        return Err(Error::new(ErrorKind::Shape, message));
    };
    let make = || -> io::Result<File> {
        let beside = beside(path)?;
        let options = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .to_owned();
        let mut file = options.open(&beside)?;
        let write = |file: &mut File| {
            file.write_all(&header)?;
            file.set_len(end)?;
            std::fs::rename(&beside, path)
        };
        if let Err(e) = write(&mut file) {
            let _ = std::fs::remove_file(&beside);
            return Err(e);
        }
        Ok(file)
    };
    let file = make().map_err(|e| Error::io(e, "creating the file").with_path(path))?;
    Ok((file, start, size))
}

/// A name for a new file in the folder of `path`.
fn beside(path: &Path) -> io::Result<std::path::PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.new", std::process::id()));
    Ok(path.with_file_name(hidden))
}
