//! Saving: arrays to `.npy`, archives of them to `.npz`.
//!
//! What is to be saved is a [`Contents`](crate::sink::Contents): bytes that are copied piece by piece, by whichever thread
//! needs them. Everything that is computed of bytes (checksum, compressed form) is computed of such
//! a copy, so that it fits what is written even where somebody changes the array meanwhile.

mod append;
mod edit;
mod gather;
mod members;
#[cfg(feature = "ndarray")]
mod ndarray;
mod npy;
mod options;
mod saved;
mod sequence;
mod write;

pub use append::NpyAppender;
pub use edit::NpzEdit;
pub use members::NewMember;
pub use options::SaveOptions;
pub use saved::{Memory, Savable, Saved};
pub use sequence::Stream;
pub use write::{save, savez, savez_compressed};

#[cfg(test)]
mod tests;
