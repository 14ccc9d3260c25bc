//! The one error type.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::sniff::Looks;

/// What npload's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something could not be loaded: a kind, a text with both values (found and expected), and
/// where it was (file, member of an archive, byte offset).
///
/// ```
/// use npload::{ErrorKind, load};
/// let err = load("no/such/file.npy").unwrap_err();
/// assert_eq!(err.kind(), ErrorKind::Io);
/// assert!(err.to_string().starts_with("no/such/file.npy: "));
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    path: Option<PathBuf>,
    member: Option<String>,
    offset: Option<u64>,
    looks: Option<Looks>,
    damage: Option<Damage>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What exactly is damaged in an archive, where [`ErrorKind::Archive`] says that something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Damage {
    /// The compressed bytes of a member, by the method of this name (`deflate`, `bzip2`, …): what its
    /// decoder takes for an error (`zlib.error`, `OSError`, `lzma.LZMAError`).
    Stream(&'static str),
    /// The place of a member, which lies before the beginning of the file (`OSError`).
    Place,
}

/// The kinds of [`Error`]. Behind each: the exception that NumPy raises there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The operating system refused; [`Error::io_kind`] says how (`OSError` and its subclasses).
    Io,
    /// Nothing is left to read (`EOFError`).
    Empty,
    /// The bytes are no npy, npz or pickle that may be read (`ValueError`).
    NotArray,
    /// An npy version that does not exist (`ValueError`).
    Version,
    /// The source ends before the header or the data does (`ValueError`).
    Truncated,
    /// The header is no dictionary literal with the right keys and values (`ValueError`).
    Header,
    /// A text that is not what its encoding says (`UnicodeDecodeError`).
    Encoding,
    /// Something is larger than the limit that the message names (`ValueError`).
    Limit,
    /// The descr is no dtype (`ValueError`, `TypeError`).
    DType,
    /// The shape is impossible (`ValueError`).
    Shape,
    /// An object array or a pickle, where pickles are not allowed (`ValueError`).
    ObjectArray,
    /// A pickle that cannot be read (`pickle.UnpicklingError`).
    Pickle,
    /// The archive is damaged or no zip file (`zipfile.BadZipFile`).
    Archive,
    /// Bytes that do not have the checksum that the archive says (`zipfile.BadZipFile`).
    Checksum,
    /// A member is encrypted (`RuntimeError`).
    Encrypted,
    /// A member is compressed by a method that nobody here reads (`NotImplementedError`).
    Method,
    /// No member of that name (`KeyError`).
    NoSuchMember,
    /// The file is not what it was when it was opened (`ValueError`).
    Changed,
    /// Memory mapping is impossible here (`ValueError`).
    Mmap,
    /// An argument or a combination of arguments that makes no sense (`ValueError`).
    Argument,
    /// The array does not hold the type that was asked for (`TypeError`).
    Type,
    /// The bytes cannot be borrowed as asked: byte order, alignment, or values (`ValueError`).
    View,
    /// An index or slice outside the array (`IndexError`).
    Index,
    /// Not enough memory (`MemoryError`).
    OutOfMemory,
    /// The caller ended it: [`LoadOptions::progress_while`](crate::LoadOptions::progress_while).
    Interrupted,
}

impl Error {
    /// An error of a kind with its text.
    #[cold]
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let message = message.into();
        Error(Box::new(Inner {
            kind,
            message,
            path: None,
            member: None,
            offset: None,
            looks: None,
            damage: None,
            source: None,
        }))
    }

    /// An operating system's error; `doing` completes "while …".
    #[cold]
    pub(crate) fn io(source: io::Error, doing: &str) -> Self {
        let kind = match source.kind() {
            io::ErrorKind::OutOfMemory => ErrorKind::OutOfMemory,
            _ => ErrorKind::Io,
        };
        Error::new(kind, format!("{source} (while {doing})")).with_source(source)
    }

    #[cold]
    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says what the bytes look like that are no array.
    #[cold]
    pub(crate) fn with_looks(mut self, looks: Looks) -> Self {
        self.0.looks = Some(looks);
        self
    }

    /// Says what is damaged.
    #[cold]
    pub(crate) fn with_damage(mut self, damage: Damage) -> Self {
        self.0.damage = Some(damage);
        self
    }

    /// Says which file, unless it says so already.
    #[cold]
    pub(crate) fn with_path(mut self, path: &Path) -> Self {
        self.0.path.get_or_insert_with(|| path.to_owned());
        self
    }

    /// Says which member of the archive, unless it says so already.
    #[cold]
    pub(crate) fn with_member(mut self, name: &str) -> Self {
        self.0.member.get_or_insert_with(|| name.to_owned());
        self
    }

    /// Says at which byte, unless it says so already.
    #[cold]
    pub(crate) fn at(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// What went wrong, for programs.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What went wrong, for people, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The file, where one was named.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// The member of the archive, where it was in one.
    #[must_use]
    pub fn member(&self) -> Option<&str> {
        self.0.member.as_deref()
    }

    /// The byte: of the member's contents if [`Error::member`] is there and the contents are at
    /// fault, of the file otherwise.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// What the source looks like, where it is neither npy nor npz.
    ///
    /// ```
    /// let err = npload::load("../../testdata/malformed/format-gzip.npy").unwrap_err();
    /// assert_eq!(err.looks().map(|looks| looks.what), Some("gzip data"));
    /// ```
    #[must_use]
    pub fn looks(&self) -> Option<Looks> {
        self.0.looks
    }

    /// What exactly is damaged, where more is known than [`Error::kind`] tells.
    ///
    /// ```
    /// use npload::{Damage, Npz};
    /// let npz = Npz::open("../../testdata/malformed/bzip2-flipped.npz")?;
    /// let err = npz.get("a").unwrap_err();
    /// assert_eq!(err.damage(), Some(Damage::Stream("bzip2")));
    /// # Ok::<(), npload::Error>(())
    /// ```
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        self.0.damage
    }

    /// The operating system's kind, for errors that come from it.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        Some(self.0.source.as_ref()?.downcast_ref::<io::Error>()?.kind())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(path) = &inner.path {
            write!(f, "{}: ", path.display())?;
        }
        if let Some(member) = &inner.member {
            write!(f, "member {member:?}: ")?;
        }
        if let Some(offset) = inner.offset {
            write!(f, "at byte {offset}: ")?;
        }
        f.write_str(&inner.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.kind())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<Error> for io::Error {
    fn from(err: Error) -> Self {
        let kind = err.io_kind().unwrap_or(match err.kind() {
            ErrorKind::Empty | ErrorKind::Truncated => io::ErrorKind::UnexpectedEof,
            _ => io::ErrorKind::InvalidData,
        });
        io::Error::new(kind, err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer() {
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }

    #[test]
    fn the_text_names_file_member_and_byte() {
        let err = Error::new(ErrorKind::Truncated, "expected 24 bytes, got 23")
            .at(138)
            .at(7)
            .with_member("a.npy")
            .with_path(Path::new("x.npz"))
            .with_path(Path::new("later.npz"));
        assert_eq!(
            err.to_string(),
            "x.npz: member \"a.npy\": at byte 138: expected 24 bytes, got 23"
        );
        assert_eq!(io::Error::from(err).kind(), io::ErrorKind::UnexpectedEof);
    }
}
