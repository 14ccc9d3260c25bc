//! Maps an array instead of reading it: `cargo run --example mmap [FILE]`.

use std::error::Error;

use npload::{LoadOptions, MmapMode};

fn main() -> Result<(), Box<dyn Error>> {
    let default = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/npy/f8-le-2d-c.npy"
    );
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| default.to_owned());

    // SAFETY: nobody changes the file while the array lives.
    let options = unsafe { LoadOptions::new().mmap_mode(MmapMode::Read) };
    let array = options.load(&path)?.into_array()?;
    assert!(array.is_mapped() || array.size() == 0);
    println!(
        "{} {:?}: pages are read when they are looked at",
        array.dtype(),
        array.shape()
    );
    println!("{array}");
    Ok(())
}
