//! What is wrong with a pickle, as this crate's errors.

use npload_pickle::ErrorKind as PickleKind;

use crate::sniff::Looks;
use crate::{Error, ErrorKind};

fn kind_of(err: &npload_pickle::Error) -> ErrorKind {
    match err.kind() {
        PickleKind::Empty | PickleKind::Truncated => ErrorKind::Truncated,
        PickleKind::Limit => ErrorKind::Limit,
        PickleKind::Encoding => ErrorKind::Encoding,
        PickleKind::Convert => ErrorKind::Type,
        _ => ErrorKind::Pickle,
    }
}

/// The error for a pickle that begins `start` bytes into the file or member.
#[cold]
pub(crate) fn from_pickle(err: npload_pickle::Error, start: u64) -> Error {
    let op = err
        .op()
        .map_or_else(String::new, |op| format!("{}: ", op.name()));
    let message = format!("in the pickle: {op}{}", err.message());
    let offset = start.saturating_add(err.offset().unwrap_or_default() as u64);
    Error::new(kind_of(&err), message)
        .at(offset)
        .with_source(err)
}

/// The error for a source that is neither npy nor npz, and no pickle: NumPy's words, then what it
/// looks like, unless it is a pickle that is damaged. `bytes` are its first.
#[cold]
pub(crate) fn not_a_pickle(err: npload_pickle::Error, bytes: &[u8], start: u64) -> Error {
    let looks = Looks::first(bytes);
    if looks.is_pickle || matches!(err.kind(), PickleKind::Limit | PickleKind::Encoding) {
        return from_pickle(err, start).with_looks(looks);
    }
    let refused = crate::sniff::refuse(bytes, true);
    refused.with_source(err)
}

/// What does not convert, or is too large.
impl From<npload_pickle::Error> for Error {
    fn from(err: npload_pickle::Error) -> Self {
        Error::new(kind_of(&err), err.to_string()).with_source(err)
    }
}
