//! Reads Python objects as data, and runs nothing: `cargo run --example objects [FILE]`.

use std::error::Error;

use npload::{LoadOptions, Loaded};

fn main() -> Result<(), Box<dyn Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/npy/object.npy");
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| default.to_owned());
    match LoadOptions::new().allow_pickle(true).load(&path)? {
        Loaded::ObjectArray(array) => {
            println!("{:?} of Python objects: {array}", array.shape());
            for object in array.iter() {
                match i64::try_from(object) {
                    Ok(int) => println!("an int: {int}"),
                    Err(_) => println!("a {}: {object}", object.get().type_name()),
                }
            }
        }
        Loaded::Object(objects) => println!("{objects}"),
        other => println!("no Python objects: {other:?}"),
    }
    Ok(())
}
