//! How fast pickles become objects: decode_speed FILE…, best of some runs each.
//!
//! With CPython beside it, for a ratio:
//! `python -m timeit -n 5 -s "import pickle; p = open('FILE', 'rb').read()" "pickle.loads(p)"`

use std::time::{Duration, Instant};

use npload_pickle::{Buffer, Options};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let input = Buffer::from(std::fs::read(&path)?);
        let (mut load, mut whole) = (Duration::MAX, Duration::MAX);
        let mut count = 0;
        for _ in 0..11 {
            let start = Instant::now();
            let objects = Options::new().load_buffer(input.clone())?;
            load = load.min(start.elapsed());
            count = objects.len();
            drop(objects);
            whole = whole.min(start.elapsed());
        }
        println!(
            "{path}: {} bytes, {count} objects: {load:.2?}, with drop {whole:.2?}",
            input.len()
        );
    }
    Ok(())
}
