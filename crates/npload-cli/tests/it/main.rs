//! The command from outside: what it prints, and how it ends.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics fails, which is what it is for"
)]

mod binary;
mod command;
mod convert;
mod devices;
mod diff;
mod disasm;
mod folder;
mod info;
mod json;
mod pack;
mod scan;
mod show;
mod stats;
mod usage;
mod values;
mod verify;
