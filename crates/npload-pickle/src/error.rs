//! The one error type.

use std::borrow::Cow;
use std::fmt;

use crate::opcode::Op;

/// What this crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a pickle could not be read: a kind, a text with both values, the opcode and its byte.
///
/// ```
/// use npload_pickle::{ErrorKind, Objects};
/// let err = Objects::load(b"\x80\x04K\x01a.").unwrap_err();
/// assert_eq!(err.kind(), ErrorKind::Stack);
/// assert_eq!(err.offset(), Some(4));
/// assert_eq!(err.to_string(), "at byte 4: APPEND: the stack holds 1 value, and 2 are needed");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    offset: Option<usize>,
    op: Option<Op>,
    /// Where in the object: `['x'][3]`.
    path: String,
    /// The codec and the bytes of which it makes no text.
    undecodable: Option<(&'static str, Box<[u8]>)>,
}

/// The kinds of [`Error`]. Behind each: the exception that CPython's `pickle` raises there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input ends between two opcodes, before STOP (`EOFError`).
    Empty,
    /// The input ends inside an opcode's argument or a frame (`UnpicklingError`).
    Truncated,
    /// A byte that is no opcode (`UnpicklingError`).
    Opcode,
    /// An argument that is not what its opcode says: a number, a quote, a protocol (`ValueError`,
    /// `UnpicklingError`).
    Argument,
    /// Too few values, a MARK in the way, or no MARK (`UnpicklingError`).
    Stack,
    /// A memo entry that nobody has put there (`UnpicklingError`).
    Memo,
    /// An opcode that works on another type than the one it found (`UnpicklingError`, `TypeError`,
    /// `AttributeError`).
    Type,
    /// A key or an element that Python cannot hash (`TypeError`).
    Unhashable,
    /// A Python 2 string or a UTF-8 text that its encoding does not cover (`UnicodeDecodeError`).
    Encoding,
    /// A code of the extension registry, which a file cannot explain (`ValueError`).
    Extension,
    /// A persistent id that nobody resolves (`UnpicklingError`).
    PersistentId,
    /// An out-of-band buffer that was not given (`UnpicklingError`).
    Buffer,
    /// A global or a call that the builder refuses (`UnpicklingError`).
    Refused,
    /// Something is larger than the limit that the message names (`UnpicklingError`).
    Limit,
    /// The builder failed for reasons of its own.
    Builder,
    /// An object that is not of the type that was asked for (`TypeError`).
    Convert,
}

impl Error {
    /// An error of a kind with its text. Builders make their refusals with it; the machine adds
    /// opcode and byte.
    #[cold]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            offset: None,
            op: None,
            path: String::new(),
            undecodable: None,
        }))
    }

    /// One of a codec that makes no text of these bytes.
    #[cold]
    pub(crate) fn undecoded(message: String, codec: &'static str, bytes: &[u8]) -> Self {
        let mut error = Error::new(ErrorKind::Encoding, message);
        error.0.undecodable = Some((codec, bytes.into()));
        error
    }

    /// Says which opcode and at which byte, unless it says so already.
    #[cold]
    #[must_use]
    pub fn at(mut self, offset: usize, op: Option<Op>) -> Self {
        if self.0.offset.is_none() {
            self.0.offset = Some(offset);
            self.0.op = op;
        }
        self
    }

    /// The same error in a larger input, of which this one is the part from `start` on.
    #[cold]
    #[must_use]
    pub(crate) fn moved(mut self, start: usize) -> Self {
        self.0.offset = self.0.offset.map(|at| at.saturating_add(start));
        self
    }

    /// Says in which part of an object.
    #[cold]
    pub(crate) fn inside(mut self, step: &str) -> Self {
        self.0.path.insert_str(0, step);
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

    /// The byte at which the opcode stands.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }

    /// Of [`ErrorKind::Encoding`]: the codec, `"ascii"` or `"utf-8"`, and the bytes of which it makes no text, if
    /// they are known.
    #[must_use]
    pub fn undecodable(&self) -> Option<(&'static str, &[u8])> {
        let (codec, bytes) = self.0.undecodable.as_ref()?;
        Some((codec, bytes))
    }

    /// The opcode, if it is one.
    #[must_use]
    pub fn op(&self) -> Option<Op> {
        self.0.op
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(offset) = self.0.offset {
            write!(f, "at byte {offset}: ")?;
        }
        if let Some(op) = self.0.op {
            write!(f, "{}: ", op.name())?;
        }
        if !self.0.path.is_empty() {
            write!(f, "{}: ", self.0.path)?;
        }
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({self})", self.kind())
    }
}

impl std::error::Error for Error {}
