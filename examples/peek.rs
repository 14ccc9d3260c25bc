//! Says what files hold without loading them: `cargo run --example peek [FILE]…`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let default = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/npz/malformed-members.npz"
    );
    let mut paths: Vec<String> = std::env::args().skip(1).collect();
    if paths.is_empty() {
        paths.push(default.to_owned());
    }
    for path in paths {
        for array in npload::peek(&path)? {
            let key = array.key.unwrap_or_default();
            match array.header {
                Ok(Some(header)) => {
                    println!("{path} {key}: {} {:?}", header.dtype(), header.shape());
                }
                Ok(None) => println!("{path} {key}: {} bytes that are no array", array.size),
                Err(error) => println!("{error}"), // names file, member and byte
            }
        }
    }
    Ok(())
}
