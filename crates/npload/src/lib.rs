//! NumPy's `numpy.load` for Rust.
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

mod array;
mod dtype;
mod error;
mod npy;
mod warning;
mod zip;

pub use array::{Array, LongDouble, Nested, Order, PrintOptions, Record, Shown, Text, Value};
pub use dtype::{ByteOrder, DType, Field, Number, Struct, Subarray, TimeBase, TimeUnit};
pub use error::{Error, ErrorKind, Result};
pub use npload_buffer::{AlignedBuf, Buffer, ReadAt};
pub use npy::Header;
pub use warning::Warning;
