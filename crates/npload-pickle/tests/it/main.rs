//! npload-pickle from outside: pickles that CPython wrote or refused, and what it said of them.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics fails, which is what it is for"
)]

mod attacks;
mod builder;
mod canonical;
mod corpus;
mod deserialize;
mod files;
mod fuzzed;
mod limits;
mod properties;
mod scan;
mod values;
