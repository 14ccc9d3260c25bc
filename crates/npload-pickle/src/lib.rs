//! Python's pickles as data, never as code: protocols 0 to 5.
//!
//! ```
//! use npload_pickle::{Object, Objects};
//! let objects = Objects::load(b"\x80\x04\x95\x0b\0\0\0\0\0\0\0]\x94(K\x01\x8c\x02hi\x94e.")?;
//! assert_eq!(objects.to_string(), "[1, 'hi']");
//! # Ok::<(), npload_pickle::Error>(())
//! ```
//!
//! * [`Objects`]: all that a pickle holds, with identity, sharing and cycles. Calls that it asks
//!   for stay calls ([`Reduced`]), to be looked at.
//! * [`Machine`] and [`Builder`]: the opcodes, and whatever values somebody else wants of them.
//! * [`Walk`]: how far a pickle reaches, for reading it from a stream.
//! * [`scan`], [`Options::scan`]: every global and call that a loader would run, and a verdict.
//! * [`disassemble`]: the opcodes, as `pickletools.dis` lists them.
//!
//! # The contract for hostile input
//!
//! * A global is a name: nothing is imported, looked up or called. What is built are exact pairs
//!   of module and name ([`Known`]), from arguments that were checked first.
//! * No input panics, recurses, or makes anything larger than its own length allows: a length is
//!   held against the bytes that are there before memory is taken, sharing is kept and not copied,
//!   and what calls copy is charged.
//! * [`Limits`] bound opcodes, objects, memo, nesting, digits, bytes and work; errors name the
//!   limit. Time is linear in the input, but for the digits of decimal ints, which
//!   [`Limits::max_digits`] bounds.
//! * Every error ([`Error`]) has a kind, the opcode, and the byte where it stands.
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

mod builder;
mod compat;
mod construct;
mod convert;
mod data;
mod datetime64;
mod deserialize;
mod disassemble;
mod dtype;
mod end;
mod error;
mod fuzz;
mod machine;
mod number;
mod object;
mod opcode;
mod options;
mod printable;
mod reader;
mod scan;
mod text;
mod walk;

pub use builder::{Builder, Call, Global, Items, Note, Reason, TakenItems, View, refused};
pub use compat::fix_import;
pub use construct::Known;
pub use convert::Scalar;
pub use data::{Array, Contents, DType, Data, Date, Extent, Field, NaObject, Time, TimeDelta};
pub use deserialize::DeserializeLimits;
pub use disassemble::{Argument as Operand, Disassembly, Instruction, disassemble, disassemble_at};
#[doc(hidden)]
pub use dtype::shape_text;
pub use end::{Bytes, End, find_end};
pub use error::{Error, ErrorKind, Result};
#[doc(hidden)]
pub use fuzz::fuzz;
pub use machine::{Finished, Machine};
pub use npload_buffer::Buffer;
pub use num_bigint;
pub use object::{
    GlobalName, Id, NdArray, NdData, Object, ObjectBuilder, ObjectRef, Objects, PrintOptions,
    Reduced,
};
pub use opcode::{Argument, Op};
pub use options::{Encoding, Limits, Options};
#[doc(hidden)]
pub use printable::is_printable;
pub use scan::{Finding, Scan, Use, Verdict, scan, scan_all};
pub use serde_core;
pub use text::Text;
pub use walk::{Gap, Step, Walk};
