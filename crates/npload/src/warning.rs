//! What is worth telling about a file that loads all the same.

use std::fmt;

/// Something odd about a file that does not keep it from loading. Python shows it as a `UserWarning`.
///
/// Given to [`LoadOptions::on_warning`](crate::LoadOptions::on_warning).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Python 2 wrote the header: its integers end in `L`.
    Python2Header,
    /// The shape holds `np.int64(3)` and the like, as some programs write them and NumPy does not read them.
    NumpyScalarInHeader,
    /// The descr is a tuple with metadata, as h5py makes them; the metadata was ignored.
    MetadataIgnored,
    /// The header ends in `\r`, and the data begins with `\n`: something made CRLF of line ends, in the data too.
    LineEndsChanged,
    /// A mapping was asked for and is impossible, since the member is compressed: it was read into memory.
    CompressedNotMapped {
        /// The member's name.
        member: String,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::Python2Header => f.write_str(
                "Reading `.npy` or `.npz` file required additional header parsing as it was created \
                 on Python 2. Save the file again to speed up loading and avoid this warning.",
            ),
            Warning::NumpyScalarInHeader => f.write_str(
                "the header's shape holds NumPy scalars (np.int64(3)), which NumPy itself does not \
                 read. Save the file again so that every program reads it.",
            ),
            Warning::MetadataIgnored => f.write_str(
                "the header's dtype carries metadata, which NumPy itself does not read; it was \
                 ignored. Save the file again so that every program reads it.",
            ),
            Warning::LineEndsChanged => f.write_str(
                "the header's line end is \\r\\n, where NumPy writes \\n: the file was probably changed from \
                 LF to CRLF line ends (by a transfer as text, or git's autocrlf), which damages the \
                 data. Get the original again.",
            ),
            Warning::CompressedNotMapped { member } => write!(
                f,
                "member {member:?} is compressed and cannot be memory-mapped: it was read into \
                 memory. Save it uncompressed (savez) to map it."
            ),
        }
    }
}
