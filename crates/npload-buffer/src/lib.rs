//! Memory for npload: aligned buffers, file mappings and positional reads.
//!
//! This is the only crate of npload's read path with `unsafe` code. Everything above it works on `&[u8]`.
//!
//! * [`AlignedBuf`]: memory at a 64-byte boundary with one owner, zeroed at first;
//! * [`Unfilled`]: the same, not zeroed, for who fills all of it at once, through [`Vacant`];
//! * [`Buffer`]: shared bytes (an owner and a range), cheap to clone and to slice;
//! * [`ReadAt`]: bytes that can be read at any position by many threads;
//! * [`Pages`]: memory whose pages one thread asks for while another fills it;
//! * [`is_cold`]: whether it is the disk that would be read;
//! * [`map_file`]: a file as memory; [`write_memory_file`]: one that is memory, written by several threads;
//! * [`lock_file`]: one writer at a time;
//! * [`run_on_threads`]: threads for the length of one call; [`ThreadMark`]: which of them this is.

#![cfg_attr(
    test,
    allow(clippy::cast_possible_truncation, clippy::arithmetic_side_effects)
)]

mod aligned;
mod buffer;
mod lock;
mod map;
mod memory_file;
mod read_at;
mod sys;
mod threads;
mod vacant;

pub use aligned::{ALIGNMENT, AlignedBuf};
pub use buffer::Buffer;
pub use lock::lock_file;
pub use map::{MapMode, map_file};
pub use memory_file::{Bytes, is_memory_file, write_memory_file};
pub use read_at::ReadAt;
pub use sys::{Pages, advise_huge_pages, is_cold};
pub use threads::{ThreadMark, run_on_threads};
pub use vacant::{Unfilled, Vacant};
