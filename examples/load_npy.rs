//! Loads an array and looks at it: `cargo run --example load_npy [FILE]`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let default = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/npy/f8-le-2d-c.npy"
    );
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| default.to_owned());

    let array = npload::load(&path)?.into_array()?;
    println!("{} {:?}", array.dtype(), array.shape());
    println!("{array}"); // as NumPy prints it

    // One element, whatever its type.
    if array.size() > 0 {
        let first = array.get(&vec![0; array.ndim()])?;
        println!("the first element: {first}");
    }

    // Typed: a view without a copy if the bytes allow it; a copy always works.
    if let Ok(view) = array.view::<f64>() {
        println!(
            "the largest: {}",
            view.fold(f64::NEG_INFINITY, |a, b| a.max(*b))
        );
    }
    Ok(())
}
