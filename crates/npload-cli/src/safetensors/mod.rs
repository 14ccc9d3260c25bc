//! The safetensors format: named tensors behind a header of JSON.
//!
//! Eight bytes tell the header's length, little-endian; the header is a JSON object, `{"name": {"dtype",
//! "shape", "data_offsets"}}`, padded with blanks; then come the tensors' bytes, little-endian and in C
//! order, without gaps, each at its offsets. `__metadata__` maps texts to texts.
//! Format fact: the README of huggingface/safetensors.
//!
//! Made for hostile bytes: the header is measured before it is read, and what it says is held against
//! itself and the file before any of it is believed.

mod dtype;
mod header;
mod read;
mod write;

pub(crate) use dtype::name_of;
pub(crate) use read::{Safetensors, Tensor, Wrong, begins};
pub(crate) use write::{Entry, write};

/// The longest header that readers take.
const MAX_HEADER: u64 = 100_000_000;

/// The key that is no tensor's.
const METADATA: &str = "__metadata__";
