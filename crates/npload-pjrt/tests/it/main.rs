//! npload-pjrt from outside, with the plugin that `PJRT_PLUGIN_PATH` names: `scripts/test` runs it with each
//! of the pinned ones. Without a plugin most tests say that they are skipped.

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

mod examples;
mod files;
mod here;
mod lifetimes;
mod plugin;
mod programs;
mod put;
mod shards;
mod threads;
mod zero_copy;
