//! Tables of text: csv files as arrays, and arrays as csv files.
//!
//! A record is a line of cells between delimiters; a cell that has a delimiter, a quote or a line's end in
//! it stands in double quotes, which are doubled inside (RFC 4180). Empty lines count for nothing.
//!
//! A table is read twice: once to find out what its cells are and how many there are, which an npy file
//! tells before them, and once for their values. So one of any size takes a few MiB of memory.

mod cell;
mod column;
mod records;
mod table;
mod write;

pub(crate) use table::{Format, Header, Table};
pub(crate) use write::{Plan, write};
