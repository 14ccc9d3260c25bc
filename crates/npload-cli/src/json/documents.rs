//! The documents.

use std::path::Path;

use npload::{Header, Order, Peeked};
use serde::Serialize;

use super::{Data, Objects};
use crate::escape;
use crate::failure::{Failure, wrong};
use crate::place::{is_npy, is_pickle};

/// The document of `info` and `verify`: one entry for each FILE, in their order.
#[derive(Serialize)]
pub(crate) struct Files<T> {
    pub(crate) files: Vec<T>,
}

/// What `info` says of a file.
#[derive(Serialize)]
pub(crate) struct FileInfo {
    file: String,
    /// None where the file cannot be opened.
    format: Option<&'static str>,
    arrays: Vec<Described>,
    error: Option<Failure>,
}

/// What `verify` says of a file.
#[derive(Serialize)]
pub(crate) struct FileVerdict {
    #[serde(flatten)]
    info: FileInfo,
    ok: bool,
    /// What of each array was compared with what.
    checked: &'static [&'static str],
    /// What is odd and not wrong.
    notes: Vec<String>,
}

/// What `show` says.
#[derive(Serialize)]
pub(crate) struct FileValues {
    file: String,
    arrays: Vec<Shown>,
}

/// What `stats` says.
#[derive(Serialize)]
pub(crate) struct FileStats {
    file: String,
    axis: Option<isize>,
    arrays: Vec<Measured>,
}

/// One array, or one field of it, with what is found out; all of that is none where there are no
/// numbers.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Measured {
    Array(Box<Numbers>),
    Bytes { key: String, size: u64 },
    Error { error: Failure },
}

/// What is known of numbers.
#[derive(Serialize)]
pub(crate) struct Numbers {
    pub(crate) key: Option<String>,
    pub(crate) field: Option<String>,
    pub(crate) dtype: String,
    pub(crate) shape: Vec<usize>,
    pub(crate) count: Option<u64>,
    pub(crate) nan: Option<Data>,
    pub(crate) inf: Option<Data>,
    pub(crate) zeros: Option<Data>,
    pub(crate) min: Option<Data>,
    pub(crate) max: Option<Data>,
    pub(crate) mean: Option<Data>,
    pub(crate) std: Option<Data>,
}

/// What is said of arguments that make no sense.
#[derive(Serialize)]
pub(crate) struct Refused {
    pub(crate) error: Failure,
}

/// One array or member with its values, or why it is not shown.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Shown {
    Array {
        key: Option<String>,
        dtype: String,
        descr: Option<String>,
        shape: Vec<usize>,
        data: Data,
    },
    Objects {
        key: Option<String>,
        dtype: String,
        shape: Vec<usize>,
        data: Objects,
    },
    Pickle {
        /// Of a member.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<String>,
        data: Objects,
    },
    Bytes {
        key: String,
        size: u64,
    },
    Error {
        error: Failure,
    },
}

/// One array or member, from its header.
#[derive(Serialize)]
pub(crate) struct Described {
    key: Option<String>,
    member: Option<String>,
    /// `array`, `pickle`, `bytes` for a member that is neither, `error` for one that cannot be read.
    kind: &'static str,
    #[serde(flatten)]
    header: Option<HeaderFields>,
    /// Uncompressed, header and all.
    size: u64,
    stored_size: u64,
    compression: Option<&'static str>,
    data_offset: Option<u64>,
    error: Option<Failure>,
}

/// What a header says.
#[derive(Serialize)]
struct HeaderFields {
    dtype: String,
    /// None for a struct that no descr can describe.
    descr: Option<String>,
    itemsize: usize,
    shape: Vec<usize>,
    order: &'static str,
    /// None for Python objects.
    nbytes: Option<usize>,
    version: String,
    warnings: Vec<String>,
}

fn file_name(path: &Path) -> String {
    escape::as_text(path)
}

impl FileValues {
    pub(crate) fn new(path: &Path, arrays: Vec<Shown>) -> Self {
        let file = file_name(path);
        FileValues { file, arrays }
    }
}

impl FileStats {
    pub(crate) fn new(path: &Path, axis: Option<isize>, arrays: Vec<Measured>) -> Self {
        FileStats {
            file: file_name(path),
            axis,
            arrays,
        }
    }
}

impl FileInfo {
    pub(crate) fn new(path: &Path, arrays: &[Peeked]) -> Self {
        FileInfo {
            file: file_name(path),
            format: Some(match (is_npy(arrays), is_pickle(arrays)) {
                (_, true) => "pickle",
                (true, _) => "npy",
                (false, _) => "npz",
            }),
            arrays: arrays
                .iter()
                .map(|array| Described::new(path, array))
                .collect(),
            error: None,
        }
    }

    pub(crate) fn failed(path: &Path, failure: Failure) -> Self {
        FileInfo {
            file: file_name(path),
            format: None,
            arrays: Vec::new(),
            error: Some(failure),
        }
    }
}

impl FileVerdict {
    pub(crate) fn new(
        info: FileInfo,
        checked: &'static [&'static str],
        notes: Vec<String>,
    ) -> Self {
        let ok = info.error.is_none() && info.arrays.iter().all(|array| array.error.is_none());
        FileVerdict {
            info,
            ok,
            checked,
            notes,
        }
    }
}

impl Described {
    fn new(path: &Path, array: &Peeked) -> Self {
        let archived = array.key.is_some();
        Described {
            key: array.key.clone(),
            member: array.member.clone(),
            kind: match &array.header {
                Ok(Some(_)) => "array",
                Ok(None) if !archived => "pickle",
                Ok(None) => "bytes",
                Err(_) => "error",
            },
            header: array
                .header
                .as_ref()
                .ok()
                .and_then(Option::as_ref)
                .map(HeaderFields::new),
            size: array.size,
            stored_size: array.stored_size,
            compression: archived.then_some(array.compression),
            data_offset: array.data_offset,
            error: wrong(array).map(|e| Failure::new(path, e)),
        }
    }
}

impl HeaderFields {
    fn new(header: &Header) -> Self {
        let (major, minor) = header.version();
        let dtype = header.dtype();
        HeaderFields {
            dtype: dtype.to_string(),
            descr: dtype.descr().ok(),
            itemsize: dtype.itemsize(),
            shape: header.shape().to_vec(),
            order: match header.order() {
                Order::C => "C",
                Order::F => "F",
            },
            nbytes: (!dtype.has_object()).then_some(header.nbytes()),
            version: format!("{major}.{minor}"),
            warnings: header.warnings().iter().map(ToString::to_string).collect(),
        }
    }
}
