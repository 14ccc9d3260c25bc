//! npload from outside: files that real NumPy wrote, and what it said of them.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics fails, which is what it is for"
)]

mod arrays;
mod begin;
mod blocks;
#[cfg(feature = "ndarray")]
mod boxes;
mod counted;
#[cfg(target_os = "linux")]
mod directory;
mod examples;
mod files;
mod handles;
mod into;
#[cfg(target_os = "linux")]
mod large;
#[cfg(target_os = "linux")]
mod memory;
mod mmap;
mod numpy;
mod objects;
mod parts;
mod progress;
mod robust;
#[cfg(feature = "ndarray")]
mod save;
mod sources;
#[cfg(feature = "ndarray")]
mod streams;
mod wheels;
