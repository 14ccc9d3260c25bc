//! Pickles as data: Python objects straight from the opcodes, by the pickle machine's allow-list.

mod array;
mod build;
mod bytes;
mod classes;
mod collect;
mod construct;
mod dtype;
mod elements;
mod error;
mod hashing;
mod input;
mod load;
mod number;
mod pace;
mod pages;
mod refuse;
mod source;
mod special;
mod value;
mod view;

pub(crate) use load::Place;
pub(crate) use source::{
    object_array_at, object_array_in, object_array_in_file, pickle_at, pickle_in_file,
};
