//! Reads a part of a large array, and no more of the file: `cargo run --example read_part [FILE]`.

use std::error::Error;

use npload::{Npy, PrintOptions, Selection, s};

fn main() -> Result<(), Box<dyn Error>> {
    let default = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/npy/i4-1100-elements.npy"
    );
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| default.to_owned());

    let npy = Npy::open(&path)?; // reads the header
    println!("{} {:?}", npy.header().dtype(), npy.header().shape());

    // The first three of the first axis: only their bytes are read.
    println!("{}", npy.read(s![..3])?);

    // The same in Python's syntax.
    let backwards: Selection = "::-200".parse()?;
    println!("{}", npy.read(backwards)?);

    // Printed as NumPy prints it: of an array of more than 1000 elements only the edges are read.
    println!("{}", npy.part()?.format(&PrintOptions::default())?);
    Ok(())
}
