//! The command `npload`: what `.npy` and `.npz` files hold, shown, checked, and told to programs.
//!
//! [`run`] is the whole command. It takes its arguments and writers, so that the binary is a few
//! lines and Python's console script can call it as well. What it prints is described in `docs/cli.md`.
//!
//! Names and texts in files are not trusted: control characters never reach a terminal as they are.
#![forbid(unsafe_code)]

mod align;
mod args;
mod close;
mod columns;
mod completions;
mod convert;
mod counter;
mod csv;
mod dashes;
mod devices;
mod diff;
mod disasm;
mod escape;
mod extract;
mod failure;
mod foreign;
mod forward;
mod info;
mod json;
mod kind;
mod members;
mod output;
mod pack;
mod place;
mod progress;
mod run;
mod safetensors;
mod scan;
mod show;
mod sizes;
mod stats;
mod steps;
mod store;
mod verify;
mod written;

pub use run::{Exit, run};
