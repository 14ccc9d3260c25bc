//! Reads an archive, one array and all of them: `cargo run --example npz [FILE]`.

use std::error::Error;

use npload::{Member, Npz};

fn main() -> Result<(), Box<dyn Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/npz/savez.npz");
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| default.to_owned());

    let npz = Npz::open(&path)?; // reads the directory
    for key in npz.keys() {
        if let Some(header) = npz.header(key)? {
            println!("{key}: {} {:?}", header.dtype(), header.shape());
        }
    }

    // One, with its checksum compared.
    if let Some(key) = npz.keys().next() {
        println!("{}", npz.get(key)?);
    }

    // All, on up to 8 cores.
    for (key, member) in npz.load_all()? {
        match member {
            Member::Array(array) => println!("{key}: {} bytes in memory", array.nbytes()),
            Member::Bytes(bytes) => println!("{key}: no array, {} bytes", bytes.len()),
            other => println!("{key}: {other:?}"),
        }
    }
    Ok(())
}
