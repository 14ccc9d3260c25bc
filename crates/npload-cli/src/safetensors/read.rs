//! Safetensors files, opened and not loaded.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use npload::{ByteOrder, DType, LoadOptions, Order, Part, ReadAt};

use super::MAX_HEADER;
use super::dtype::Name;
use super::header::{self, LENGTH};

/// What is wrong with a file, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) tensor: Option<String>,
    pub(crate) offset: Option<u64>,
    pub(crate) message: String,
}

impl Wrong {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Wrong {
            tensor: None,
            offset: None,
            message: message.into(),
        }
    }

    pub(super) fn at(offset: u64, message: impl Into<String>) -> Self {
        Wrong {
            offset: Some(offset),
            ..Wrong::new(message)
        }
    }

    pub(super) fn of(tensor: &str, message: impl Into<String>) -> Self {
        Wrong {
            tensor: Some(tensor.to_owned()),
            ..Wrong::new(message)
        }
    }
}

/// A file of tensors.
pub(crate) struct Safetensors {
    source: Arc<dyn ReadAt>,
    /// Where the tensors' bytes begin.
    data: u64,
    tensors: Vec<Tensor>,
    metadata: BTreeMap<String, String>,
}

/// What the header says of one.
#[derive(Debug)]
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) dtype: Name,
    pub(crate) shape: Box<[usize]>,
    /// Where its bytes are in the data.
    pub(super) begin: u64,
    pub(super) end: u64,
}

/// Whether a file that begins with these nine bytes is one, whole or not.
pub(crate) fn begins(head: &[u8]) -> bool {
    // Nobody's header has a terabyte; an npy file, an archive or a text begin with larger numbers.
    matches!(head, [_, _, _, _, _, 0, 0, 0, b'{', ..])
}

impl Safetensors {
    /// Reads the header of a file of `len` bytes.
    pub(crate) fn open(source: Arc<dyn ReadAt>, len: u64) -> Result<Self, Wrong> {
        let failed = |err: io::Error| Wrong::new(format!("reading the header: {err}"));
        let mut length = [0; 8];
        source.read_exact_at(&mut length, 0).map_err(failed)?;
        let length = u64::from_le_bytes(length);
        let room = len.saturating_sub(LENGTH);
        if length > MAX_HEADER {
            let message = format!(
                "a header of {length} bytes is longer than the {MAX_HEADER} that one may have"
            );
            return Err(Wrong::at(0, message));
        }
        let too_long = || {
            let message = format!(
                "the header has {length} bytes, and {room} follow; the file was probably not written \
                 to its end"
            );
            Wrong::at(0, message)
        };
        let left = room.checked_sub(length).ok_or_else(too_long)?;
        let mut bytes = vec![0; usize::try_from(length).map_err(|_| too_long())?];
        source.read_exact_at(&mut bytes, LENGTH).map_err(failed)?;
        let header = header::parse(&bytes, left)?;
        Ok(Safetensors {
            source,
            data: LENGTH.saturating_add(length),
            tensors: header.tensors,
            metadata: header.metadata,
        })
    }

    /// In the order of the header.
    pub(crate) fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    pub(crate) fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The elements of one, to be read; or why no array has them.
    pub(crate) fn part(&self, tensor: &Tensor) -> Result<npload::Result<Part<'static>>, String> {
        let number = match &tensor.dtype {
            Name::Number(number) => *number,
            Name::Packed(name, _) => {
                return Err(format!(
                    "elements of {name} share bytes, and those of an array have their own: there is \
                     no array of them"
                ));
            }
            Name::Unknown(name) => return Err(format!("no dtype here is called {name}")),
        };
        let dtype = match number.itemsize() {
            1 => DType::Number(number, ByteOrder::NATIVE),
            _ => DType::Number(number, ByteOrder::Little),
        };
        let offset = self.data.saturating_add(tensor.begin);
        let npy = LoadOptions::new().open_raw(
            self.source.clone(),
            offset,
            dtype,
            &tensor.shape,
            Order::C,
        );
        Ok(npy.and_then(npload::Npy::into_part))
    }
}
