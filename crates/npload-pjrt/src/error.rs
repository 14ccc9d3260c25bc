//! The one error type.

use std::borrow::Cow;
use std::fmt;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something did not reach a device, or not come back: a kind, and a text with what was found,
/// what was expected, and what to do. What a plugin says is in the text as it says it.
///
/// ```
/// use npload_pjrt::{ErrorKind, Plugin};
/// let err = Plugin::load("no/such/plugin.so").unwrap_err();
/// assert_eq!(err.kind(), ErrorKind::Plugin);
/// assert!(err.to_string().contains("no/such/plugin.so"));
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no plugin at that path, or what is there is none.
    Plugin,
    /// The plugin has another version of the C API than this crate knows.
    Version,
    /// The plugin lacks a function.
    Missing,
    /// The plugin refused, with this code.
    Device(Code),
    /// Elements that PJRT has no type for.
    Type,
    /// [`Placement::RequireZeroCopy`](crate::Placement::RequireZeroCopy), where a copy would be needed.
    Copy,
    /// An argument that makes no sense: arrays of another client, a device that is not there, shards that
    /// do not divide an array.
    Argument,
    /// The file could not be loaded; the source of the error is [`npload::Error`].
    File,
    /// Not enough memory on the host.
    OutOfMemory,
}

/// Why a plugin refused: the codes of XLA's statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are the plugin's")]
pub enum Code {
    Cancelled,
    Unknown,
    InvalidArgument,
    DeadlineExceeded,
    NotFound,
    AlreadyExists,
    PermissionDenied,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    DataLoss,
    Unauthenticated,
}

impl Code {
    /// The code of this number in the C API; what is not in it is unknown.
    pub(crate) fn from_number(number: i32) -> Code {
        match number {
            1 => Code::Cancelled,
            3 => Code::InvalidArgument,
            4 => Code::DeadlineExceeded,
            5 => Code::NotFound,
            6 => Code::AlreadyExists,
            7 => Code::PermissionDenied,
            8 => Code::ResourceExhausted,
            9 => Code::FailedPrecondition,
            10 => Code::Aborted,
            11 => Code::OutOfRange,
            12 => Code::Unimplemented,
            13 => Code::Internal,
            14 => Code::Unavailable,
            15 => Code::DataLoss,
            16 => Code::Unauthenticated,
            _ => Code::Unknown,
        }
    }
}

impl Error {
    /// An error of a kind with its text.
    #[cold]
    pub(crate) fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            source: None,
        }))
    }

    #[cold]
    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Says first of what it is told: a member of an archive, a shard.
    #[cold]
    pub(crate) fn of(mut self, what: &str) -> Self {
        self.0.message = format!("{what}: {}", self.0.message).into();
        self
    }

    /// What went wrong, for programs.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
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

impl From<npload::Error> for Error {
    fn from(err: npload::Error) -> Self {
        let kind = match err.kind() {
            npload::ErrorKind::OutOfMemory => ErrorKind::OutOfMemory,
            _ => ErrorKind::File,
        };
        Error::new(kind, err.to_string()).with_source(err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer_and_tells_what_it_is_of() {
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
        let err = Error::new(ErrorKind::Type, "no such type").of("member \"w\"");
        assert_eq!(err.to_string(), "member \"w\": no such type");
        assert_eq!(format!("{err:?}"), "Type(member \"w\": no such type)");
    }

    #[test]
    fn a_file_that_is_not_there_keeps_its_error() {
        let err = Error::from(npload::load("no/such.npy").unwrap_err());
        assert_eq!(err.kind(), ErrorKind::File);
        assert!(err.to_string().starts_with("no/such.npy: "), "{err}");
        assert!(std::error::Error::source(&err).is_some());
    }
}
