//! NumPy's `numpy.load` for Rust: `.npy` and `.npz` files, and pickles as data; fast and safe.
//!
//! ```
//! let array = npload::load("../../testdata/npy/f8-le-2d-c.npy")?.into_array()?;
//! println!("{} {:?}", array.dtype(), array.shape());
//! println!("{array}");                                   // as NumPy prints it
//! let view = array.view::<f64>()?;                       // an ndarray view: no copy
//! # Ok::<(), npload::Error>(())
//! ```
//!
//! * [`load`] and [`LoadOptions`]: a file, whole. [`Loaded`] is an [`Array`] or an [`Npz`]; with
//!   [`LoadOptions::allow_pickle`] also an [`ObjectArray`], or the [`Objects`] of a pickle.
//! * [`open`], [`Npy`], [`Npz`]: opened and not loaded; parts by index, members by name, from many
//!   threads. A [`Part`] is sliced before it is read.
//! * [`peek`]: what is in a file, from its headers.
//! * [`save`], [`savez`], [`SaveOptions`], [`NpzEdit`], [`NpyAppender`]: the way back, whole or not at all.
//! * [`Array`] with its [`DType`]: known at run time; typed access by [`Array::view`] and
//!   [`Array::to_ndarray`], single elements as [`Value`].
//!
//! Nothing in a file is ever executed, and no file makes npload panic, hang, or take memory out of
//! proportion to its size. Errors ([`Error`]) name file, member, byte and what to do.
//!
//! # Features
//! * `ndarray` (default): views and copies as arrays of the [`ndarray`] crate.
//! * `libdeflate` (default): deflate by libdeflate, which is C. Without it everything is Rust.
//! * `zstd`: Zstandard by its own library, which is C: it is written, and read faster.
#![deny(unsafe_code)]
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
mod begin;
mod dtype;
mod error;
mod load;
mod many;
mod mmap;
mod narrow;
mod npy;
mod npz;
mod object;
mod open;
mod options;
mod peek;
pub mod pickle;
mod python_repr;
mod save;
mod selection;
mod sink;
mod sniff;
mod source;
mod warning;
mod zip;

pub use array::{
    Array, Element, LongDouble, Nested, Order, PrintOptions, Record, Shown, Text, Value,
};
pub use begin::{Begun, Pending, Streamed};
pub use dtype::{ByteOrder, DType, Field, Number, Struct, Subarray, TimeBase, TimeUnit};
pub use error::{Damage, Error, ErrorKind, Result};
pub use load::{Loaded, load};
pub use mmap::{MmapMode, open_memmap, open_memmap_as};
pub use narrow::{Narrow, narrow};
#[cfg(feature = "ndarray")]
pub use ndarray::{self, s};
pub use npload_buffer::{AlignedBuf, Buffer, ReadAt};
pub use npload_pickle::{Encoding, Limits as PickleLimits, Object, ObjectRef, Objects};
pub use npy::{Block, Blocks, Header, Npy, Part};
pub use npz::{Member, Npz, PendingMember};
pub use object::{ObjectArray, Pickle, object_repr};
pub use open::{Handle, open};
pub use options::{LoadOptions, MAX_HEADER_SIZE, Progress, Verify};
pub use peek::{Peeked, peek};
pub use save::{
    Memory, NewMember, NpyAppender, NpzEdit, Savable, SaveOptions, Saved, Stream, save, savez,
    savez_compressed,
};
pub use selection::{Index, Selection};
pub use sniff::Looks;
pub use warning::Warning;
pub use zip::Compression;
/// Crates whose types and traits stand in this one's interface.
pub use {bytemuck, half, num_complex};
