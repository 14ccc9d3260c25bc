//! Files as memory. The only file of this crate in which the word `unsafe` stands: it declares the
//! functions whose contract the caller must keep, and passes that contract on to `npload-buffer`.
#![expect(unsafe_code, reason = "declares unsafe functions; see above")]

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use npload_buffer::{Buffer, MapMode, map_file};

use crate::npy::create;
use crate::{Array, DType, Error, ErrorKind, LoadOptions, Order, Result};

/// How a file is mapped, in NumPy's letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MmapMode {
    /// `r`: reading only.
    Read,
    /// `c`: writes stay in this process.
    CopyOnWrite,
    /// `r+`: writes reach the file.
    ReadWrite,
}

/// A mapping that was asked for by someone who promised that the file does not change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MapRequest {
    mode: MmapMode,
}

impl MapRequest {
    pub(crate) fn mode(self) -> MmapMode {
        self.mode
    }

    /// The bytes of `file` in `range`, as memory.
    pub(crate) fn map(self, file: &File, range: Range<u64>) -> Result<Buffer> {
        let mode = match self.mode {
            MmapMode::Read => MapMode::Read,
            MmapMode::CopyOnWrite => MapMode::Copy,
            MmapMode::ReadWrite => MapMode::Write,
        };
        // SAFETY: a MapRequest is only made by the unsafe functions below, whose callers promise
        // what `map_file` asks for.
        let mapped = unsafe { map_file(file, range.clone(), mode) };
        mapped.map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::new(
                ErrorKind::Truncated,
                format!("cannot map {} bytes: the file ends before them", range.end),
            )
            .at(range.start),
            _ => Error::io(e, "mapping the file").at(range.start),
        })
    }
}

impl LoadOptions {
    /// Maps the file instead of reading it: an array then takes no memory of its own.
    ///
    /// Members of an `.npz` are mapped where they are stored; compressed ones are read, with a
    /// [`Warning`](crate::Warning). Checksums of mapped members are not checked, unless
    /// [`Verify::Always`](crate::Verify::Always) asks for it.
    ///
    /// # Safety
    /// While any array from this load lives, nobody may change or truncate the file, in this process
    /// or another, except through the array itself ([`MmapMode::ReadWrite`]). Bytes that change
    /// behind a `&[u8]` are undefined behaviour, and a read beyond a truncated file's end kills the process.
    ///
    /// ```
    /// use npload::{LoadOptions, MmapMode};
    /// // SAFETY: nobody writes this file.
    /// let options = unsafe { LoadOptions::new().mmap_mode(MmapMode::Read) };
    /// let array = options.load("../../testdata/npy/f8-le-2d-c.npy")?.into_array()?;
    /// assert!(array.is_mapped());
    /// # Ok::<(), npload::Error>(())
    /// ```
    #[must_use]
    pub unsafe fn mmap_mode(mut self, mode: MmapMode) -> Self {
        self.map = Some(MapRequest { mode });
        self
    }
}

/// Creates an npy file of zeros and maps it for writing: `numpy.lib.format.open_memmap` with mode `w+`.
///
/// The file replaces one of that name only when it is complete and mapped; where the path is a
/// symbolic link, the file that it leads to is replaced. To map a file that exists, use
/// [`LoadOptions::mmap_mode`].
///
/// # Safety
/// As [`LoadOptions::mmap_mode`]: while the array lives, nobody else may change or truncate the file.
///
/// ```
/// use npload::{DType, Order, open_memmap};
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("new.npy");
/// // SAFETY: nobody else knows this file.
/// let mut array = unsafe { open_memmap(&path, &DType::parse("<f4")?, &[2, 3], Order::C)? };
/// array.bytes_mut()?.copy_from_slice(&[0; 24]);
/// array.flush()?;
/// assert_eq!(npload::load(&path)?.into_array()?.shape(), [2, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ErrorKind::Io`] when the file cannot be created, [`ErrorKind::OutOfMemory`] when it cannot be
/// mapped, [`ErrorKind::Mmap`] for Python objects, [`ErrorKind::Shape`] when it would be too large
/// for a file. What was there is then untouched.
pub unsafe fn open_memmap(
    path: impl AsRef<Path>,
    dtype: &DType,
    shape: &[usize],
    order: Order,
) -> Result<Array> {
    // SAFETY: the caller's promise is the same.
    unsafe { open_memmap_as(path, dtype, shape, order, None) }
}

/// [`open_memmap`] in this version of the format: (1, 0), (2, 0) or (3, 0). Without one it is the
/// oldest that can hold the header.
///
/// # Safety
/// As there.
///
/// # Errors
/// As there; [`ErrorKind::Version`] for another version, [`ErrorKind::Header`] for a header that it
/// cannot hold.
pub unsafe fn open_memmap_as(
    path: impl AsRef<Path>,
    dtype: &DType,
    shape: &[usize],
    order: Order,
    version: Option<(u8, u8)>,
) -> Result<Array> {
    let request = MapRequest {
        mode: MmapMode::ReadWrite,
    };
    let map = |file: &File, range| request.map(file, range);
    let mapped = create(path.as_ref(), dtype, shape, order, version, map)?;
    Array::from_bytes(dtype.clone(), shape, order, mapped)
}
