//! What Python gives to load from: paths, open files, memory, and anything else that can be read.

mod bytes;
mod kept;
mod kind;
mod opened;
mod reader;
mod seekable;

pub(crate) use bytes::{borrowed, buffer_of};
pub(crate) use kept::Kept;
pub(crate) use kind::Kind;
pub(crate) use opened::Opened;
pub(crate) use reader::Reader;
pub(crate) use seekable::{Seekable, says_it_seeks};
