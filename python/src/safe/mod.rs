//! Pickles as data: Python objects straight from the opcodes, by the pickle machine's allow-list.

mod array;
mod build;
mod classes;
mod collect;
mod construct;
mod dtype;
mod elements;
mod error;
mod load;
mod number;
mod pace;
mod refuse;
mod special;
mod value;

pub(crate) use load::{Place, object_array, pickle};
