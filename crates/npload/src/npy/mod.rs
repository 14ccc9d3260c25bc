//! The npy format: magic, header, data.

pub(crate) mod header;
pub(crate) mod literal;

mod fast;
mod frame;
mod note;
mod shape;
mod write;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod properties;

pub use header::Header;
pub(crate) use shape::tuple_repr;
