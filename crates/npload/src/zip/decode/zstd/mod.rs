//! Zstandard frames (RFC 8878), one after the other; skippable ones are skipped.
//!
//! Like the `zstd` command this refuses windows over 128 MiB, except where the member itself is larger.

#[cfg(feature = "zstd")]
mod library;
#[cfg(not(feature = "zstd"))]
mod rust;

#[cfg(feature = "zstd")]
pub(super) use library::{Frames, frames};
#[cfg(not(feature = "zstd"))]
pub(super) use rust::{Frames, frames};

/// Whether a frame begins with these bytes.
fn is_frame(magic: &[u8]) -> bool {
    matches!(
        magic,
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18]
    )
}
