//! The npy format: headers, and the data behind them.

mod blocks;
#[cfg(feature = "ndarray")]
mod boxes;
mod create;
mod destination;
mod elements;
mod fast;
mod frame;
mod handle;
mod header;
pub(crate) mod literal;
mod note;
mod part;
mod raw;
mod read;
mod select;
mod shape;
mod write;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod properties;

pub use blocks::{Block, Blocks};
#[cfg(feature = "ndarray")]
pub(crate) use boxes::{Access, Boxes};
pub(crate) use create::create;
pub(crate) use frame::{MAGIC, data_offset, truncated_header};
pub use handle::Npy;
pub use header::Header;
pub(crate) use header::{Parsed, parse_header};
pub use part::Part;
pub(crate) use part::{Data, Forward};
pub(crate) use read::{
    Head, Located, allocate, into_array, locate, no_map_without_file, refuse_objects,
    refuse_objects_as_bytes, refuse_objects_mapped, short_data, stream_data, stream_header, whole,
};
pub(crate) use select::{read_runs, read_runs_at};
pub(crate) use shape::tuple_repr;
pub(crate) use write::write_header;
